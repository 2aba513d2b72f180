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
