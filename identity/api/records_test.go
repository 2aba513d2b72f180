package api

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

// byOwner accepts records that one key signed.
func byOwner(_ *directory.Record, statement, signature []byte) error {
	if !ed25519.Verify(key("owner").Public().(ed25519.PublicKey), statement, signature) {
		return errors.New("not the owner's signature")
	}
	return nil
}

func owned(t testing.TB, r directory.Record) directory.Signed {
	statement, err := r.Statement()
	require.NoError(t, err)
	return directory.Signed{Record: r, Signature: ed25519.Sign(key("owner"), statement)}
}

// filled returns a configuration with a directory of n records, and their codes.
func filled(t testing.TB, n int) (*Config, []identity.Code) {
	cfg := config()
	full(t, cfg)
	d, err := directory.Open(filepath.Join(t.TempDir(), "d"), &directory.Config{Verify: byOwner, Log: cfg.Log})
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	subject, err := identity.ParseSubject("91110000600037341L")
	require.NoError(t, err)
	area, err := identity.ParseArea("1101")
	require.NoError(t, err)
	var codes []identity.Code
	var signed []directory.Signed
	for i := range n {
		code, err := identity.Mint(identity.Resource, subject, area)
		require.NoError(t, err)
		codes = append(codes, code)
		signed = append(signed, owned(t, directory.Record{Code: code, Version: 1, Status: directory.Active, Title: fmt.Sprintf("气象观测 %d", i)}))
	}
	require.NoError(t, d.Register(signed...))
	cfg.Directory, cfg.Readers = Records(d.Store()), AnyReader
	return cfg, codes
}

// A reader resolves a code over HTTP and trusts nothing but two keys.
func TestRecords(t *testing.T) {
	cfg, codes := filled(t, 7)
	h := handler(t, cfg)
	resolve := func(code string) (r Resolved, status int) {
		body, err := json.Marshal(map[string]string{"code": code})
		require.NoError(t, err)
		w := do(h, post("/directory/resolve", string(body)))
		var a struct {
			Code    string   `json:"code"`
			Message string   `json:"message"`
			Data    Resolved `json:"data"`
		}
		require.NoError(t, strictjson.Decode(w.Body.Bytes(), &a, 1<<20), w.Body.String())
		return a.Data, w.Code
	}
	r, status := resolve(codes[3].String())
	require.Equal(t, 200, status)
	require.Equal(t, "气象观测 3", r.Record.Title)
	require.Empty(t, r.Proof, "nothing is published yet")

	_, err := cfg.Log.Publish(context.Background(), cfg.Witness)
	require.NoError(t, err)
	k, err := evidence.LogKey(origin, key("log").Public().(ed25519.PublicKey))
	require.NoError(t, err)
	policy, err := evidence.NewPolicy(k, 1, cfg.Witness.Key())
	require.NoError(t, err)
	for _, code := range codes {
		r, status := resolve(code.String())
		require.Equal(t, 200, status)
		s, v, err := directory.VerifyProof(policy, []byte(r.Proof), byOwner)
		require.NoError(t, err)
		require.Equal(t, r.Record, s.Record)
		require.Equal(t, r.Signature, s.Signature)
		require.Equal(t, code, s.Record.Code)
		require.EqualValues(t, len(codes), v.Checkpoint.Size)
	}

	text := []byte(codes[0].String())
	text[12], text[13] = text[13], text[12]
	for _, bad := range []string{"x", "../../entries", string(text[:31]), string(text) + "•", "2" + string(text[1:])} {
		_, status := resolve(bad)
		require.Equal(t, 400, status, bad)
	}
	unknown, err := identity.Mint(identity.Product, codes[0].Subject(), codes[0].Area())
	require.NoError(t, err)
	_, status = resolve(unknown.String())
	require.Equal(t, 404, status)
}

func TestSearchRecords(t *testing.T) {
	cfg, codes := filled(t, 7)
	h := handler(t, cfg)
	seen := map[identity.Code]bool{}
	for offset := 0; ; offset += 3 {
		w := do(h, post("/directory/search", fmt.Sprintf(`{"keywords":"气象","offset":%d,"limit":3}`, offset)))
		require.Equal(t, 200, w.Code, w.Body.String())
		var a struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Data    Page   `json:"data"`
		}
		require.NoError(t, strictjson.Decode(w.Body.Bytes(), &a, 1<<20))
		for _, s := range a.Data.Records {
			require.False(t, seen[s.Record.Code])
			seen[s.Record.Code] = true
		}
		require.Equal(t, offset+3 < len(codes), a.Data.More)
		if !a.Data.More {
			break
		}
	}
	require.Len(t, seen, len(codes))
	want(t, do(h, post("/directory/search", `{"keywords":"没有这个"}`)), 200, "000000", `{"records":[],"more":false}`)
	want(t, do(h, post("/directory/search", `{"order":"time"}`)), 400, "291002", "")
	want(t, do(h, post("/directory/search", `{"keywords":"x"}`)), 400, "291003", "")
}

// BenchmarkRecords resolves codes with their proofs over HTTP on loopback.
func BenchmarkRecords(b *testing.B) {
	cfg, codes := filled(b, 10_000)
	_, err := cfg.Log.Publish(context.Background(), cfg.Witness)
	require.NoError(b, err)
	benchmarkResolve(b, cfg, unknown, func(i int) string { return `{"code":"` + codes[i%len(codes)].String() + `"}` })
}
