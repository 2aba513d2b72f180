package api

import (
	"context"
	"crypto/ed25519"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// A node that lacks a code asks the next one up, and checks what it says.
func TestRemoteDirectory(t *testing.T) {
	cfg, codes := filled(t, 3)
	cfg.Readers = RegisteredReaders
	region := httptest.NewServer(handler(t, cfg))
	defer region.Close()
	empty, _ := filled(t, 0)
	node := httptest.NewServer(handler(t, empty))
	defer node.Close()

	ctx := context.Background()
	resolve := directory.InOrder(RemoteDirectory(node.URL, node.Client(), nil), RemoteDirectory(region.URL, region.Client(), signer()))
	_, err := resolve(ctx, codes[1])
	require.ErrorContains(t, err, "no proof yet")
	_, err = cfg.Log.Publish(ctx, cfg.Witness)
	require.NoError(t, err)
	proof, err := resolve(ctx, codes[1])
	require.NoError(t, err)
	k, err := evidence.LogKey(origin, key("log").Public().(ed25519.PublicKey))
	require.NoError(t, err)
	policy, err := evidence.NewPolicy(k, 1, cfg.Witness.Key())
	require.NoError(t, err)
	s, _, err := directory.VerifyProof(policy, proof, byOwner)
	require.NoError(t, err)
	require.Equal(t, codes[1], s.Record.Code)

	unknown, err := identity.Mint(identity.Product, codes[0].Subject(), codes[0].Area())
	require.NoError(t, err)
	_, err = resolve(ctx, unknown)
	require.ErrorIs(t, err, directory.ErrNotFound)
	_, err = RemoteDirectory(region.URL, region.Client(), nil)(ctx, codes[1])
	require.ErrorContains(t, err, "401")

	for _, answer := range []string{"", "{}", `{"code":"000000","message":"","data":{},"data":{}}`, strings.Repeat(" ", maxAnswer+1)} {
		liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) }))
		_, err := RemoteDirectory(liar.URL, liar.Client(), nil)(ctx, codes[1])
		require.Error(t, err)
		require.NotErrorIs(t, err, directory.ErrNotFound)
		liar.Close()
	}
}
