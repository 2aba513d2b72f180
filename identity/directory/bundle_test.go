package directory_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

func TestBundle(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	log := storetest.OpenLog(t, filepath.Join(dir, "log"))
	logKey := storetest.LogKey()
	witness := storetest.Must(evidence.OpenWitness(filepath.Join(dir, "witness"), &evidence.WitnessConfig{
		Name: "witness.example.cn", Signer: ed25519.NewKeyFromSeed([]byte("a witness's key that serves it..")),
		Logs: []string{logKey}, Now: func() time.Time { return now },
	}))
	t.Cleanup(func() { witness.Close() })
	policy := storetest.Must(evidence.NewPolicy(logKey, 1, witness.Key()))

	d := open(t, filepath.Join(dir, "directory"), log)
	a, b := storetest.Sign(storetest.Record(1)), storetest.Sign(storetest.Record(2))
	require.NoError(t, d.Register(a, b))
	_, err := log.Publish(context.Background(), witness)
	require.NoError(t, err)
	file, err := d.Export(a.Record.Code, b.Record.Code)
	require.NoError(t, err)

	fresh := directory.Freshness{now.Add(time.Hour), 2 * time.Hour}
	bundle, err := directory.OpenBundle(file, policy, storetest.Owned, fresh)
	require.NoError(t, err)
	require.Equal(t, 2, bundle.Len())
	for _, want := range []directory.Signed{a, b} {
		got, err := bundle.Resolve(want.Record.Code)
		require.NoError(t, err)
		require.Equal(t, want, got)
		proof, err := bundle.Proof(t.Context(), want.Record.Code)
		require.NoError(t, err)
		require.Equal(t, storetest.Must(d.Prove(want.Record.Code)), proof)
	}
	_, err = bundle.Resolve(storetest.Record(3).Code)
	require.ErrorIs(t, err, directory.ErrNotFound)

	for name, f := range map[string]directory.Freshness{
		"old": {now.Add(3 * time.Hour), 2 * time.Hour}, "future": {now.Add(-time.Hour), time.Hour}, "no time": {MaxAge: time.Hour}, "no age": {At: now},
	} {
		_, err := directory.OpenBundle(file, policy, storetest.Owned, f)
		require.Error(t, err, name)
	}
	lax := storetest.Must(evidence.NewPolicy(logKey, 0))
	_, err = directory.OpenBundle(file, lax, storetest.Owned, fresh)
	require.ErrorContains(t, err, "witness")

	const header = "dujiang directory bundle v1\n"
	one := storetest.Must(d.Export(a.Record.Code))
	step := 1
	if testing.Short() {
		step = 14
	}
	for i := 0; i < len(one); i += step {
		if i != len(header) { // a bundle of nothing is one
			_, err := directory.OpenBundle(one[:i], policy, storetest.Owned, fresh)
			require.Error(t, err, i)
		}
		flipped := append([]byte(nil), one...)
		flipped[i] ^= 1
		if got, err := directory.OpenBundle(flipped, policy, storetest.Owned, fresh); err == nil {
			// A signature of somebody whom the policy does not name may change.
			s, err := got.Resolve(a.Record.Code)
			require.NoError(t, err)
			require.Equal(t, a, s)
		}
	}
	twice := append(append([]byte(nil), one...), one[len(header):]...)
	_, err = directory.OpenBundle(twice, policy, storetest.Owned, fresh)
	require.ErrorContains(t, err, "before")
}

func TestInOrder(t *testing.T) {
	down := errors.New("node is down")
	have := func(answer string, err error) directory.Resolver {
		return func(context.Context, identity.Code) ([]byte, error) { return []byte(answer), err }
	}
	code := storetest.Record(0).Code
	got, err := directory.InOrder(have("", directory.ErrNotFound), have("region", nil), have("global", nil))(t.Context(), code)
	require.NoError(t, err)
	require.Equal(t, "region", string(got))
	got, err = directory.InOrder(have("", down), have("global", nil))(t.Context(), code)
	require.NoError(t, err)
	require.Equal(t, "global", string(got))
	_, err = directory.InOrder(have("", down), have("", directory.ErrNotFound))(t.Context(), code)
	require.ErrorIs(t, err, down)
	require.NotErrorIs(t, err, directory.ErrNotFound)
	_, err = directory.InOrder(have("", directory.ErrNotFound))(t.Context(), code)
	require.ErrorIs(t, err, directory.ErrNotFound)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = directory.InOrder(have("x", nil))(ctx, code)
	require.ErrorIs(t, err, context.Canceled)
}
