package two

import (
	"testing"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
)

// TestEngine holds what all protocols have in common.
func TestEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T, f func(p engine.Party) error) []error {
		errs := run(t, setting{dealer: true}, func(p *Party) error { return f(p) })
		return errs[:]
	})
}

// TestHistories has a party make other calls.
func TestHistories(t *testing.T) {
	enginetest.Histories(t, Parties, func(t *testing.T, f func(p engine.Party) error) []error {
		errs := run(t, setting{dealer: true}, func(p *Party) error { return f(p) })
		return errs[:Parties] // without the dealer, who hears nothing of it
	})
}
