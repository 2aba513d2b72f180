package session

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/testparty"
)

// Steps are counted up to the total of their phase, and phases of one name are one
// in the statistics.
func TestSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := func(role Role) testparty.Party {
			return func(ctx context.Context, conn net.Conn) error {
				s, _, err := Open(ctx, conn, Hello{Protocol: 1, ProtocolVersion: 1, Role: role})
				if err != nil {
					return err
				}
				var seen []Progress
				s.Observe(func(p Progress) { seen = append(seen, p) })
				s.Steps("work", 10)
				require.NoError(t, s.Step(0))
				time.Sleep(time.Second)
				require.NoError(t, s.Step(4))
				s.Phase("talk")
				require.NoError(t, s.Step(1))
				time.Sleep(time.Second)
				s.Steps("work", 3)
				var group sync.WaitGroup
				for range 4 {
					group.Go(func() { _ = s.Step(1) })
				}
				group.Wait()
				time.Sleep(2 * time.Second)
				phases := s.Stats().Phases
				require.Equal(t, []Progress{{"work", 4, 10}, {"work", 1, 3}, {"work", 2, 3}, {"work", 3, 3}, {"work", 3, 3}}, seen)
				require.Equal(t, []Phase{{"hello", 0}, {"work", 3 * time.Second}, {"talk", time.Second}}, phases)
				return s.Close(nil)
			}
		}
		errA, errB := testparty.Join(t.Context(), run(RoleA), run(RoleB))
		require.NoError(t, errors.Join(errA, errB))
	})
}

// A step fails once the context has ended, and with the error that ended the
// session.
func TestStepAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &Session{ctx: ctx}
	s.Steps("work", 2)
	require.NoError(t, s.Step(1))
	cancel()
	require.ErrorIs(t, s.Step(1), context.Canceled)
	other := &Session{ctx: t.Context()}
	other.Steps("work", 2)
	require.ErrorIs(t, other.fail(ErrPeer), ErrPeer)
	require.ErrorIs(t, other.Step(1), ErrPeer)
}
