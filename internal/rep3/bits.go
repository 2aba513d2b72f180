package rep3

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
)

// Words of bits are shared like numbers, with exclusive or in the place of the sum,
// so that each of the 64 bits of a word is a secret of its own.

// InputBits is [Party.Input] for words of bits.
func (p *Party) InputBits(from, n int, words []uint64) (Vec, error) {
	v, err := p.input(from, n, len(words))
	if err != nil || p.index != from {
		return v, err
	}
	own, next := v.Parts[0], v.Parts[1]
	for i, w := range words {
		next[i] = w ^ own[i]
	}
	return v, p.send(toNext, next)
}

// RevealBits is [Party.Reveal] for words of bits.
func (p *Party) RevealBits(x Vec, to []bool) ([]uint64, error) {
	words, err := lacking[uint64](p, x, to)
	if err != nil || words == nil {
		return nil, err
	}
	own, next := x.Parts[0], x.Parts[1]
	for i := range words {
		words[i] ^= own[i] ^ next[i]
	}
	return words, nil
}

// And sets each of dst to the conjunction of those of x and y, word by word, in one
// round for all [AFLNO16]. What dst has must not overlap x or y.
func (p *Party) And(dst, x, y []Vec) error {
	if len(x) != len(dst) || len(y) != len(dst) {
		return fmt.Errorf("rep3: %d and %d factors for %d products", len(x), len(y), len(dst))
	}
	for k := range dst {
		if n := len(dst[k].Parts[0]); !dst[k].Is(columns, n) || !x[k].Is(columns, n) || !y[k].Is(columns, n) {
			return fmt.Errorf("rep3: factors of %d and %d words for a product of %d", len(x[k].Parts[0]), len(y[k].Parts[0]), n)
		}
	}
	return p.exchange(dst, func(k, lo, hi int) { p.masked(ring64.Conjunction, dst[k], x[k], y[k], lo, hi) })
}
