package agreement

import (
	"context"
	"crypto/ed25519"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/policy"
)

// Three parties open three channels with one statement, which is counted once by
// each.
func TestThreeParties(t *testing.T) {
	w := newWorld(t, policy.Constraint{Left: "count", Operator: "lteq", Right: []string{"1"}})
	c := newSide(t, "university", 3)
	sides := []*side{w.a, w.b, c}
	w.contract.Terms.Parties = append(w.contract.Terms.Parties, c.party)
	w.contract.Signatures = nil
	for _, s := range sides {
		require.NoError(t, w.contract.Sign(s.cfg.Signer))
	}
	start := w.newStart(t)
	start.Statement.Parties = append(start.Statement.Parties, "university")
	start.Signatures = nil
	permits := make([]*Permit, len(sides))
	for _, s := range sides {
		require.NoError(t, start.Sign(w.contract, s.cfg.Signer))
	}
	for i, s := range sides {
		var err error
		permits[i], err = Authorize(t.Context(), s.cfg, w.contract, start)
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var group sync.WaitGroup
	errs := make(chan error, 6)
	for i := range sides {
		for j := range i {
			connI, connJ := net.Pipe()
			defer connI.Close()
			defer connJ.Close()
			group.Go(func() { _, err := Open(ctx, connI, permits[i], sides[j].party.Code); errs <- err })
			group.Go(func() { _, err := Open(ctx, connJ, permits[j], sides[i].party.Code); errs <- err })
		}
	}
	group.Wait()
	for range 6 {
		require.NoError(t, <-errs)
	}
	for i, s := range sides {
		require.EqualValues(t, 1, s.cfg.Counters.State(permits[i].policies[0].key()).Uses)
		require.Len(t, s.records, 2)
	}
}

// The rights that the gate asks for are credentials, and one of them is revoked.
func TestRightsByCredential(t *testing.T) {
	w := newWorld(t)
	registry := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	root := registry.Public().(ed25519.PublicKey)
	grant := policy.Grant{
		ID: "urn:grant:1", Issuer: root, Holder: w.a.party.Key.Bytes(), Code: "clinic", Right: policy.Hold, Resource: "patients",
		From: now.Add(-time.Hour), Until: now.Add(time.Hour), StatusList: "https://registry.example/status", StatusIndex: 5,
	}
	credential, err := grant.Sign(registry, now)
	require.NoError(t, err)
	rights := func(revoked bool) func(context.Context, Party, Input, time.Time) error {
		list, err := policy.NewStatusList(grant.StatusList, 10, now.Add(-time.Hour), now.Add(time.Hour))
		require.NoError(t, err)
		if revoked {
			require.NoError(t, list.Revoke(grant.StatusIndex))
		}
		status, err := list.Sign(registry, now)
		require.NoError(t, err)
		known, err := policy.NewRights([]ed25519.PublicKey{root}, [][]byte{credential}, [][]byte{status})
		require.NoError(t, err)
		return func(_ context.Context, party Party, input Input, at time.Time) error {
			return known.Check(party.Code, policy.Hold, input.Target, at)
		}
	}
	w.a.cfg.Rights = rights(false)
	_, err = Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.NoError(t, err)
	w.a.cfg.Rights = rights(true)
	_, err = Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.ErrorIs(t, err, ErrRight)
	require.ErrorContains(t, err, "revoked")
	w.a.cfg.Rights = rights(false)
	w.a.cfg.Now = func() time.Time { return now.Add(59 * time.Second) }
	_, err = Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.NoError(t, err)
}
