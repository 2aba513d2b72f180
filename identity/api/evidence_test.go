package api

import (
	"context"
	"crypto/ed25519"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/dujiang-dev/dujiang/identity/evidence"
)

const origin = "registry.example/evidence"

// full sets all parts of a configuration.
func full(t testing.TB, cfg *Config) {
	log, err := evidence.Open(t.TempDir(), &evidence.Config{Origin: origin, Signer: key("log")})
	require.NoError(t, err)
	t.Cleanup(func() { log.Close() })
	k, err := evidence.LogKey(origin, key("log").Public().(ed25519.PublicKey))
	require.NoError(t, err)
	witness, err := evidence.OpenWitness(filepath.Join(t.TempDir(), "w"), &evidence.WitnessConfig{Name: "w.example", Signer: key("w"), Logs: []string{k}, Now: clock})
	require.NoError(t, err)
	t.Cleanup(func() { witness.Close() })
	cfg.Log, cfg.Witness = log, witness
	cfg.Identities = identities{}
	cfg.Reports = (&reports{}).config()
	cfg.Catalog, cfg.Negotiator, cfg.Consumer = catalog{}, &negotiator{}, &consumer{}
}

// A log publishes through a witness at the other end of HTTP, and a client with
// nothing but URL and keys checks the log by its tiles.
func TestEvidence(t *testing.T) {
	cfg := config()
	full(t, cfg)
	server := httptest.NewServer(handler(t, cfg))
	defer server.Close()
	get := func(path string) (int, []byte) {
		r, err := http.Get(server.URL + path)
		require.NoError(t, err)
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		return r.StatusCode, b
	}
	status, _ := get("/evidence/checkpoint")
	require.Equal(t, 404, status)

	remote := &RemoteWitness{URL: server.URL + "/witness", PublicKey: cfg.Witness.Key(), Client: server.Client()}
	salt, record := evidence.NewSalt(), []byte("a record")
	leaves := make([]evidence.Commitment, 600)
	leaves[400] = salt.Commit(record)
	_, err := cfg.Log.Append(leaves[:300]...)
	require.NoError(t, err)
	_, err = cfg.Log.Publish(context.Background(), remote)
	require.NoError(t, err)
	_, err = cfg.Log.Append(leaves[300:]...)
	require.NoError(t, err)
	_, err = cfg.Log.Publish(context.Background(), remote)
	require.NoError(t, err)

	k, err := evidence.LogKey(origin, key("log").Public().(ed25519.PublicKey))
	require.NoError(t, err)
	policy, err := evidence.NewPolicy(k, 1, cfg.Witness.Key())
	require.NoError(t, err)
	status, signed := get("/evidence/checkpoint")
	require.Equal(t, 200, status)
	c, err := policy.Checkpoint(signed)
	require.NoError(t, err)
	require.EqualValues(t, 600, c.Size)

	var hashes []tlog.Hash
	for _, path := range []string{"000", "001", "002.p/88"} {
		status, b := get("/evidence/tile/0/" + path)
		require.Equal(t, 200, status, path)
		for ; len(b) > 0; b = b[32:] {
			hashes = append(hashes, tlog.Hash(b))
		}
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (list []tlog.Hash, err error) {
		for _, i := range indexes {
			list = append(list, stored[i])
		}
		return list, nil
	})
	for i, h := range hashes {
		more, err := tlog.StoredHashesForRecordHash(int64(i), h, reader)
		require.NoError(t, err)
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(c.Size, reader)
	require.NoError(t, err)
	require.EqualValues(t, c.Root, root)

	for _, path := range []string{"0/003", "0/002", "entries/002.p/89", "9/000", "0/../checkpoints", "0/%2e%2e/000", "../../checkpoints", ""} {
		status, _ := get("/evidence/tile/" + path)
		require.Equal(t, 404, status, path)
	}
	proof, err := cfg.Log.Prove(400, salt, record)
	require.NoError(t, err)
	_, err = policy.Verify(proof)
	require.NoError(t, err)
}

// Each refusal of a witness arrives as the error it was.
func TestRemoteWitness(t *testing.T) {
	cfg := config()
	full(t, cfg)
	server := httptest.NewServer(handler(t, cfg))
	defer server.Close()
	remote := &RemoteWitness{URL: server.URL + "/witness", PublicKey: cfg.Witness.Key(), Client: server.Client()}
	_, err := cfg.Log.Append(make([]evidence.Commitment, 5)...)
	require.NoError(t, err)
	_, err = cfg.Log.Publish(context.Background(), remote)
	require.NoError(t, err)
	_, signed := cfg.Log.Latest()
	ask := func(request string) error {
		_, err := remote.Cosign(context.Background(), []byte(request))
		return err
	}
	require.ErrorIs(t, ask("nonsense"), evidence.ErrRequest)
	require.ErrorIs(t, ask("old 0\n\nother.example\n"), evidence.ErrUnknownLog)
	require.ErrorIs(t, ask("old 0\n\n"+origin+"\n5\n"), evidence.ErrSignature)
	require.ErrorContains(t, ask("old 0\n\n"+string(signed)), "last cosigned 5")
	require.ErrorIs(t, ask("old 5\n"+strings.Repeat("A", 43)+"=\n\n"+string(signed)), evidence.ErrInconsistent)
	require.ErrorContains(t, ask(strings.Repeat("x", maxBody+1)), "413")
	require.Error(t, (&RemoteWitness{}).mustFail())

	for _, answer := range []struct {
		status int
		body   string
	}{{409, "x"}, {409, "-1"}, {409, "01"}, {200, strings.Repeat("x", maxBody+1)}, {302, ""}} {
		liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(answer.status)
			io.WriteString(w, answer.body)
		}))
		_, err := (&RemoteWitness{URL: liar.URL, Client: liar.Client()}).Cosign(context.Background(), nil)
		require.Error(t, err)
		liar.Close()
	}
}

func (w *RemoteWitness) mustFail() error {
	_, err := w.Cosign(context.Background(), nil)
	return err
}

// A witness that refuses says how long the log is that it knows, in one way.
func TestConflictWithoutSize(t *testing.T) {
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, answer)
	}))
	defer server.Close()
	remote := &RemoteWitness{URL: server.URL, Client: server.Client()}
	for _, answer = range []string{"", "\n", "x\n", "-1\n", "+1\n", "01\n", "1 \n", "1\n\n", "9223372036854775808\n"} {
		_, err := remote.Cosign(t.Context(), nil)
		require.ErrorContains(t, err, "no size", "%q", answer)
	}
	answer = "7\n"
	_, err := remote.Cosign(t.Context(), nil)
	var conflict *evidence.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.EqualValues(t, 7, conflict.Size)
}
