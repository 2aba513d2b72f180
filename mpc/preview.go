package mpc

import (
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/rep3"
)

// Preview returns what f would cost party self of so many parties, without what New and
// Close cost: it calls f with an engine that has no others and computes nothing, but
// counts. Vectors have the same lengths and ranges as in a run; what f opens there is the
// lowest number of a range, and bits mean nothing. An f that goes on by what it opens can
// cost something else in a run.
//
// It takes memory for the vectors of f, and little time.
func Preview(self, parties int, cfg *Config, f func(e *Engine) error) (Stats, error) {
	if cfg == nil || cfg.Adversary == 0 {
		return Stats{}, errors.New("mpc: set Config.Adversary")
	}
	if self < 0 || self >= parties {
		return Stats{}, fmt.Errorf("mpc: party %d of %d", self, parties)
	}
	if parties != rep3.Parties || cfg.Adversary != SemiHonest {
		return Stats{}, fmt.Errorf("mpc: there is no preview for %d parties and the adversary %v", parties, cfg.Adversary)
	}
	p, err := rep3.Rehearse(self)
	if err != nil {
		return Stats{}, fmt.Errorf("mpc: %w", err)
	}
	e := &Engine{party: p, alone: true, scheme: schemeOf(parties)}
	if err := f(e); err != nil {
		return Stats{}, err
	}
	return e.stats, nil
}
