package mal3

import (
	"net"
	"testing"
	"testing/synctest"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
)

// TestViews holds that what a party sees does not depend on secrets, checks included. Coins are
// new ones in each run.
func TestViews(t *testing.T) {
	enginetest.Views(t, Parties, func(t *testing.T, tap func(from, to int, c net.Conn) net.Conn, f func(p engine.Party) error) (errs []error) {
		synctest.Test(t, func(t *testing.T) {
			of := join(t.Context(), enginetest.Pipes().Tapped(tap), func(p *Party) error { return f(p) })
			errs = of[:]
		})
		return errs
	}, func(f enginetest.Frame) []byte {
		if f.Type == typeHistory {
			return nil
		}
		return f.Payload
	})
}
