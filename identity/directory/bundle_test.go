package directory

import (
	"context"
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

func TestBundle(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	log := newLog(t, filepath.Join(dir, "log"))
	logKey := must(evidence.LogKey("log.example.cn", key.Public().(ed25519.PublicKey)))
	witness := must(evidence.OpenWitness(filepath.Join(dir, "witness"), &evidence.WitnessConfig{
		Name: "witness.example.cn", Signer: ed25519.NewKeyFromSeed([]byte("a witness's key that serves it..")),
		Logs: []string{logKey}, Now: func() time.Time { return now },
	}))
	t.Cleanup(func() { witness.Close() })
	policy := must(evidence.NewPolicy(logKey, 1, witness.Key()))

	d := open(t, filepath.Join(dir, "directory"), log)
	a, b := sign(record(1)), sign(record(2))
	require.NoError(t, d.Register(a, b))
	_, err := log.Publish(context.Background(), witness)
	require.NoError(t, err)
	file, err := d.Export(a.Record.Code, b.Record.Code)
	require.NoError(t, err)

	fresh := Freshness{now.Add(time.Hour), 2 * time.Hour}
	bundle, err := OpenBundle(file, policy, owned, fresh)
	require.NoError(t, err)
	require.Equal(t, 2, bundle.Len())
	for _, want := range []Signed{a, b} {
		got, err := bundle.Resolve(want.Record.Code)
		require.NoError(t, err)
		require.Equal(t, want, got)
		proof, err := bundle.Proof(t.Context(), want.Record.Code)
		require.NoError(t, err)
		require.Equal(t, must(d.Prove(want.Record.Code)), proof)
	}
	_, err = bundle.Resolve(record(3).Code)
	require.ErrorIs(t, err, ErrNotFound)

	for name, f := range map[string]Freshness{
		"old": {now.Add(3 * time.Hour), 2 * time.Hour}, "future": {now.Add(-time.Hour), time.Hour}, "no time": {MaxAge: time.Hour}, "no age": {At: now},
	} {
		_, err := OpenBundle(file, policy, owned, f)
		require.Error(t, err, name)
	}
	lax := must(evidence.NewPolicy(logKey, 0))
	_, err = OpenBundle(file, lax, owned, fresh)
	require.ErrorContains(t, err, "witness")

	one := must(d.Export(a.Record.Code))
	step := 1
	if testing.Short() {
		step = 14
	}
	for i := 0; i < len(one); i += step {
		if i != len(bundleHeader) { // a bundle of nothing is one
			_, err := OpenBundle(one[:i], policy, owned, fresh)
			require.Error(t, err, i)
		}
		flipped := append([]byte(nil), one...)
		flipped[i] ^= 1
		if got, err := OpenBundle(flipped, policy, owned, fresh); err == nil {
			// A signature of somebody whom the policy does not name may change.
			s, err := got.Resolve(a.Record.Code)
			require.NoError(t, err)
			require.Equal(t, a, s)
		}
	}
	twice := append(append([]byte(nil), one...), one[len(bundleHeader):]...)
	_, err = OpenBundle(twice, policy, owned, fresh)
	require.ErrorContains(t, err, "before")
}

func TestInOrder(t *testing.T) {
	down := errors.New("node is down")
	have := func(answer string, err error) Resolver {
		return func(context.Context, identity.Code) ([]byte, error) { return []byte(answer), err }
	}
	code := record(0).Code
	got, err := InOrder(have("", ErrNotFound), have("region", nil), have("global", nil))(t.Context(), code)
	require.NoError(t, err)
	require.Equal(t, "region", string(got))
	got, err = InOrder(have("", down), have("global", nil))(t.Context(), code)
	require.NoError(t, err)
	require.Equal(t, "global", string(got))
	_, err = InOrder(have("", down), have("", ErrNotFound))(t.Context(), code)
	require.ErrorIs(t, err, down)
	require.NotErrorIs(t, err, ErrNotFound)
	_, err = InOrder(have("", ErrNotFound))(t.Context(), code)
	require.ErrorIs(t, err, ErrNotFound)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = InOrder(have("x", nil))(ctx, code)
	require.ErrorIs(t, err, context.Canceled)
}
