package api

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/registry"
)

// An applicant registers over HTTP by possession of its key; the nonce serves
// once.
func TestRegistrations(t *testing.T) {
	cfg, codes := filled(t, 1)
	mint := func(kind identity.Kind) identity.Code {
		code, err := identity.Mint(kind, codes[0].Subject(), codes[0].Area())
		require.NoError(t, err)
		return code
	}
	registrar, applicant := mint(identity.RegionNode), mint(identity.Connector)
	r, err := registry.Open(filepath.Join(t.TempDir(), "r"), &registry.Config{Code: registrar, Signer: key("registrar"), Log: cfg.Log, Now: clock,
		Approve: func(context.Context, registry.Operation) error { return nil }})
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	cfg.Registrar = Registrations(r)
	h := handler(t, cfg)

	var as keys.Algorithms
	public, err := as.Public(key("applicant"))
	require.NoError(t, err)
	next, err := as.Public(key("next"))
	require.NoError(t, err)
	ask, err := json.Marshal(map[string]any{"code": applicant, "key": public})
	require.NoError(t, err)
	w := do(h, post("/identity/nonce", string(ask)))
	require.Equal(t, 200, w.Code, w.Body.String())
	var n struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Data    Nonce  `json:"data"`
	}
	require.NoError(t, strictjson.Decode(w.Body.Bytes(), &n, maxBody))

	op := registry.Operation{Act: registry.Create, Code: applicant, Registrar: registrar, Time: clock().Unix(), Nonce: n.Data.Nonce, Key: public, Next: next.Fingerprint()}
	signed, err := registry.Sign(as, key("applicant"), op)
	require.NoError(t, err)
	body, err := json.Marshal(signed)
	require.NoError(t, err)
	w = do(h, post("/identity/register", string(body)))
	require.Equal(t, 200, w.Code, w.Body.String())
	want(t, do(h, post("/identity/register", string(body))), 403, "392002", "") // replayed

	op.Code = mint(identity.Connector) // with another one's nonce
	signed, err = registry.Sign(as, key("applicant"), op)
	require.NoError(t, err)
	stolen, err := json.Marshal(signed)
	require.NoError(t, err)
	want(t, do(h, post("/identity/register", string(stolen))), 409, "392001", "")
	for _, bad := range []string{"", "{}", string(body[:len(body)-1]), string(body) + "x"} {
		require.NotEqual(t, 200, do(h, post("/identity/register", bad)).Code)
		require.NotEqual(t, 200, do(h, post("/identity/nonce", bad)).Code)
	}
}
