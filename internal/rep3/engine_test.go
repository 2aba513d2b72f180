package rep3

import (
	"context"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
)

// engines is run for what is common to all protocols.
func engines(t *testing.T, f func(p engine.Party) error) []error {
	errs := run(t, func(p *Party) error { return f(p) })
	return errs[:]
}

// TestEngine holds what all engines have in common.
func TestEngine(t *testing.T) { enginetest.Run(t, engines) }

// TestHistories has a party make other calls.
func TestHistories(t *testing.T) { enginetest.Histories(t, Parties, engines) }

// TestDeath has a party stop anywhere.
func TestDeath(t *testing.T) { enginetest.Death(t, Parties, 2*chunk+1, engines) }

// TestDeadline has a party stall.
func TestDeadline(t *testing.T) {
	enginetest.Deadline(t, func(ctx context.Context, f func(p engine.Party) error) []error {
		errs := join(ctx, enginetest.Pipes(), func(p *Party) error { return f(p) }, nil)
		return errs[:]
	})
}
