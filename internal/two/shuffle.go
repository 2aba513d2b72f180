package two

import (
	"fmt"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A shuffle is the product of two random permutations, of which each party knows one. For each of
// them there are, from the source, at the party that knows it, i, the permutation π and Δ, and
// at the other one a and b, all random but for Δ = π(a) - b [CGP20, share translation]:
//
//	1-i -> i   x_(1-i) - a
//
// Then party i has π(x_i + x_(1-i) - a) + Δ, which is π(x) - b, and the other one b. Words of
// bits have exclusive or instead of sums and differences. Of a column each party sees a
// message behind a mask, and has a share that is new.
//
// Each party reads memory in the order of its permutation. Whoever watches the caches of both
// machines learns the whole order.

// Limits of shuffles: rows, of which a dealer holds 16 bytes each, elements in all, and columns of
// a kind.
const (
	maxShuffle  = 1 << 26
	maxShuffled = 1 << 30
	maxColumns  = 1 << 16
)

// shuffleShape returns the order of a shuffle of columns of numbers and of words.
func shuffleShape(rows, numbers, words int) (order, error) {
	o := order{kind: shuffles, rows: rows, inner: numbers, cols: words}
	if min(rows, numbers, words) < 0 || rows > maxShuffle || max(numbers, words) > maxColumns ||
		uint64(rows)*(uint64(numbers)+uint64(words)) > maxShuffled {
		return o, fmt.Errorf("two: a shuffle of %d and %d columns of %d elements, of at most %d, %d elements, and %d in all", numbers, words, rows, maxColumns, maxShuffle, maxShuffled)
	}
	return o, nil
}

// shuffleSeeds is how many words the seeds of a shuffle take: of the permutation that the party
// knows, and of its a for the other one.
const shuffleSeeds = 2 * prg.Size / 8

// seeded returns the permutation of a party, and the stream of its a.
func (o order) seeded(seeds []uint64) (permutation []uint32, a *prg.PRG) {
	stream := func(w []uint64) *prg.PRG {
		var seed [prg.Size]byte
		encode(seed[:], w)
		return prg.New(seed)
	}
	permutation = make([]uint32, o.rows)
	stream(seeds[:len(seeds)/2]).Permute(permutation)
	return permutation, stream(seeds[len(seeds)/2:])
}

// column returns column k of what a shuffle has for all of them.
func (o order) column(k int, all []uint64) []uint64 { return all[k*o.rows : (k+1)*o.rows] }

// plus sets z to x + y, and minus to x - y, of numbers or words. They may be the same.
func plus(z, x, y []uint64, xor bool) {
	x, y = x[:len(z)], y[:len(z)]
	if xor {
		for i := range z {
			z[i] = x[i] ^ y[i]
		}
		return
	}
	for i := range z {
		z[i] = x[i] + y[i]
	}
}

func minus(z, x, y []uint64, xor bool) {
	x, y = x[:len(z)], y[:len(z)]
	if xor {
		for i := range z {
			z[i] = x[i] ^ y[i]
		}
		return
	}
	for i := range z {
		z[i] = x[i] - y[i]
	}
}

// Shuffle implements [engine.Shuffler] in two rounds: party 0 permutes first.
func (p *Party) Shuffle(numbers, words []Vec) ([]Vec, []Vec, error) {
	vs := append(slices.Clone(numbers), words...)
	n := 0
	if len(vs) > 0 {
		n = vs[0].Len()
	}
	for _, v := range vs {
		if !v.Is(columns, n) {
			return nil, nil, fmt.Errorf("two: columns of %d and %d elements to put in order", n, v.Len())
		}
	}
	o, err := shuffleShape(n, len(numbers), len(words))
	if err != nil {
		return nil, nil, err
	}
	shuffled := make([]Vec, len(vs))
	if n < 2 {
		for k, v := range vs {
			shuffled[k] = v.Clone()
		}
	} else {
		for k := range shuffled {
			shuffled[k] = engine.Unset(columns, n)
		}
		if err := p.shuffle(o, shuffled, vs); err != nil {
			return nil, nil, err
		}
	}
	return shuffled[:len(numbers):len(numbers)], shuffled[len(numbers):], nil
}

// shuffle sets dst to columns in the order of the next shuffle of the stock.
func (p *Party) shuffle(o order, dst, vs []Vec) error {
	t, err := p.take(o)
	if err != nil {
		return err
	}
	defer t.clear()
	p.rounds += 2
	permutation, a := o.seeded(t.a)
	coming := ring64.Unset[uint64](o.rows)
	if p.index == 1 {
		return p.both(func() error {
			for k, v := range vs {
				err := p.pieces(o.rows, func(lo, hi int) error {
					masked := p.masked[:hi-lo]
					fill(masked, a)
					minus(masked, v.Parts[0][lo:hi], masked, k >= o.inner)
					return p.send(masked)
				})
				if err != nil {
					return err
				}
			}
			return nil
		}, func() error {
			for k, z := range dst {
				if err := p.receive(coming); err != nil {
					return err
				}
				plus(coming, coming, o.column(k, t.c), k >= o.inner)
				engine.Gather(z.Parts[0], coming, permutation)
				plus(z.Parts[0], z.Parts[0], o.column(k, t.b), k >= o.inner)
			}
			return nil
		})
	}
	// What party 1 is sent it takes while it still sends other columns.
	for k, v := range vs {
		if err := p.receive(coming); err != nil {
			return engine.At(p.other(), err)
		}
		plus(coming, coming, v.Parts[0], k >= o.inner)
		delta := o.column(k, t.b)
		err := p.pieces(o.rows, func(lo, hi int) error {
			masked, masks := p.masked[:hi-lo], p.unmasked[:hi-lo]
			engine.Gather(masked, coming, permutation[lo:hi])
			plus(masked, masked, delta[lo:hi], k >= o.inner)
			fill(masks, a)
			minus(masked, masked, masks, k >= o.inner)
			return p.send(masked)
		})
		if err != nil {
			return engine.At(p.other(), err)
		}
		copy(dst[k].Parts[0], o.column(k, t.c))
	}
	return nil
}

// pieces calls f for so many elements, as many at a time as go in a message.
func (p *Party) pieces(n int, f func(lo, hi int) error) error {
	for lo := 0; lo < n; lo += chunk {
		if err := f(lo, min(lo+chunk, n)); err != nil {
			return err
		}
	}
	return nil
}

// dealShuffle makes a shuffle at the dealer. Party 0 has from its seed Δ for its own permutation
// and b for the other one, and party 1 is sent b and Δ, which are what is missing to π(a).
func dealShuffle(o order, streams [Parties]*prg.PRG, send func(words []uint64) error) error {
	var permutations [Parties][]uint32
	var as [Parties]*prg.PRG
	for i, stream := range streams {
		var seeds [shuffleSeeds]uint64
		fill(seeds[:], stream)
		permutations[i], as[i] = o.seeded(seeds[:])
	}
	a := make([]uint64, o.rows)
	missing, known := make([]uint64, min(chunk, o.rows)), make([]uint64, min(chunk, o.rows))
	for i, permutation := range permutations {
		for k := range o.inner + o.cols {
			fill(a, as[1-i])
			for lo := 0; lo < o.rows; lo += chunk {
				n := min(chunk, o.rows-lo)
				engine.Gather(missing[:n], a, permutation[lo:lo+n])
				fill(known[:n], streams[0])
				minus(missing[:n], missing[:n], known[:n], k >= o.inner)
				if err := send(missing[:n]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
