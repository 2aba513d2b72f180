package enginetest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// Histories has each party follow another history than the others: whatever is done next
// that compares them fails at all, and nobody learns anything, even where parties
// disagree about who is to.
func Histories(t *testing.T, parties int, join Join) {
	to := func(recipients ...int) []bool {
		learns := make([]bool, parties)
		for _, i := range recipients {
			learns[i] = true
		}
		return learns
	}
	for odd := range parties {
		for name, f := range map[string]func(p engine.Party) (any, error){
			"Reveal": func(p engine.Party) (any, error) { return p.Reveal(p.NewVec(3), to(0, 1)) },
			"Reveal to different ones": func(p engine.Party) (any, error) {
				if p.Index() == odd {
					return p.Reveal(p.NewVec(3), to(0))
				}
				return p.Reveal(p.NewVec(3), to(1))
			},
			"RevealBits": func(p engine.Party) (any, error) { return p.RevealBits(p.NewBits(3), to(odd)) },
			"Close":      func(p engine.Party) (any, error) { return nil, nil },
		} {
			for _, other := range []engine.History{{Calls: 2, Digest: [16]byte{1, 2}}, {Calls: 1, Digest: [16]byte{1}}} {
				errs := join(t, func(p engine.Party) error {
					p.Follow(engine.History{Calls: 1, Digest: [16]byte{1, 2}})
					if p.Index() == odd {
						p.Follow(other)
					}
					opened, err := f(p)
					if err == nil && name != "Close" {
						t.Errorf("%s: party %d learnt %v", name, p.Index(), opened)
					}
					return err
				})
				for i, err := range errs {
					require.True(t, errors.Is(err, session.ErrIncompatible) || errors.Is(err, session.ErrAborted), "%s at party %d: %v", name, i, err)
				}
				// Those who compared name the party; others were told.
				var difference *engine.Difference
				require.ErrorAs(t, errors.Join(errs...), &difference, name)
				require.Contains(t, errors.Join(errs...).Error(), "party ", name)
			}
		}
	}
}
