package mpc

import (
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/mal3"
	"github.com/dujiang-dev/dujiang/internal/many"
	"github.com/dujiang-dev/dujiang/internal/rep3"
	"github.com/dujiang-dev/dujiang/internal/two"
)

// Preview returns what f would cost party self of so many parties, without what New and
// Close cost: it calls f with an engine that has no others, but counts what it would send.
// Vectors have the same lengths and ranges as in a run; what f opens there is the
// lowest number of a range, bits and shares are zero, and what Leftover returns has nothing and
// cannot be saved. An f that goes on by what it opens can cost something else in a run.
//
// A Stock in the configuration counts as in a run that uses it up, and keeps all that it has.
//
// With malicious parties the check of what is not opened in f is left to Close. With two parties
// it is what they cost with a [Dealer], to and from the dealer included, who need have no stream;
// there is no preview of Encryption and Transfers, whose messages are made for more than is
// asked for. The package comment says what triples cost with these.
//
// It takes memory for the vectors of f. With three semi-honest parties it takes little time,
// and with others what f has to compute locally.
func Preview(self, parties int, cfg *Config, f func(e *Engine) error) (Stats, error) {
	if cfg == nil || cfg.Adversary == 0 {
		return Stats{}, errors.New("mpc: set Config.Adversary")
	}
	if self < 0 || self >= parties {
		return Stats{}, fmt.Errorf("mpc: party %d of %d", self, parties)
	}
	p, err := rehearse(self, parties, cfg)
	if err != nil {
		return Stats{}, fmt.Errorf("mpc: %w", err)
	}
	e := &Engine{party: p, alone: true, scheme: schemeOf(parties)}
	if err := f(e); err != nil {
		return Stats{}, err
	}
	return e.stats, nil
}

// rehearse returns the party that join would join to others, without them.
func rehearse(self, parties int, cfg *Config) (engine.Party, error) {
	if err := cfg.fits(parties); err != nil {
		return nil, err
	}
	switch {
	case parties == two.Parties && cfg.Adversary == SemiHonest:
		return two.Rehearse(self, cfg.Triples, cfg.Stock.triples())
	case parties == rep3.Parties && cfg.Adversary == SemiHonest:
		return rep3.Rehearse(self)
	case parties == rep3.Parties && cfg.Adversary == Malicious:
		return mal3.Rehearse(self)
	case parties >= many.Least && parties <= many.Most && cfg.Adversary == SemiHonest:
		return many.Rehearse(self, parties, cfg.Stock.masks())
	}
	return nil, fmt.Errorf("there is no protocol for %d parties and the adversary %v", parties, cfg.Adversary)
}
