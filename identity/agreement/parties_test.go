package agreement

import (
	"context"
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
