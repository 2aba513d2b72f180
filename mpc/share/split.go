package share

import (
	"crypto/rand"
	"math/bits"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// coins are all the randomness of a sharing.
type coins struct {
	seed [prg.Size]byte
	id   [IDSize]byte // public
}

func newCoins() *coins {
	c := new(coins)
	rand.Read(c.seed[:])
	rand.Read(c.id[:])
	return c
}

// Split shares a vector of numbers: the share of party i is at i - 1. It neither
// keeps nor changes secrets. Shares of [Replicated] have memory in common.
func (s Scheme) Split(secrets []uint64) ([]*Share, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := s.checkNumbers(secrets); err != nil {
		return nil, err
	}
	return s.split(secrets, newCoins()), nil
}

// split is Split with its randomness, for a scheme and numbers that were
// checked.
func (s Scheme) split(secrets []uint64, c *coins) []*Share {
	random := vectors(s.draws(), s.columns(len(secrets)))
	p := prg.New(c.seed)
	for _, v := range random {
		if s.Ring == F61 {
			field.Uniform(v, p)
		} else {
			p.Uint64s(v)
		}
	}
	shares := make([]*Share, s.Parties)
	for i, parts := range s.deal(secrets, random) {
		shares[i] = &Share{scheme: s, id: c.id, index: i + 1, count: len(secrets), parts: parts}
	}
	return shares
}

// draws returns the number of uniformly random vectors that a sharing takes.
func (s Scheme) draws() int {
	switch s.Kind {
	case Additive:
		return s.Parties - 1
	case Replicated:
		return len(s.summands()) - 1
	default:
		return s.Private()
	}
}

// deal computes all shares from the secrets and the random vectors, which it
// takes over.
func (s Scheme) deal(secrets []uint64, random [][]uint64) (shares [][][]uint64) {
	shares = make([][][]uint64, s.Parties)
	switch s.Kind {
	case Additive:
		for i, v := range s.complete(secrets, random) {
			shares[i] = [][]uint64{v}
		}
	case Replicated:
		lacking := s.summands()
		for j, v := range s.complete(secrets, random) {
			for i := range shares {
				if lacking[j]>>i&1 == 0 {
					shares[i] = append(shares[i], v)
				}
			}
		}
	default:
		// The polynomial is determined by its values at the points of the secrets
		// and at those of the first parties, Needed in all. The latter are random:
		// this is the same distribution as that of random coefficients.
		t := len(random)
		known := append(s.blocks(secrets), random...)
		points := append(secretPoints(s.width()), partyPoints(t)...)
		others := vectors(s.Parties-t, s.columns(len(secrets)))
		for i := range shares {
			if i < t {
				shares[i] = [][]uint64{random[i]}
			} else {
				shares[i] = [][]uint64{others[i-t]}
			}
		}
		parallel(len(others), func(i int) {
			field.Combine(others[i], known, lagrange(points, partyPoint(t+i+1)))
		})
	}
	return shares
}

// complete returns the random vectors and the one that makes the sum of all the
// secrets.
func (s Scheme) complete(secrets []uint64, random [][]uint64) [][]uint64 {
	last := slices.Clone(secrets)
	for _, v := range random {
		s.sub(last, last, v)
	}
	return append(random, last)
}

// summands returns the sets of Needed - 1 parties, ascending, as binary numbers
// in which party 1 is the lowest bit. The parties of a set lack its summand.
func (s Scheme) summands() (sets []uint64) {
	k := s.Needed - 1
	for set := uint64(1)<<k - 1; bits.Len64(set) <= s.Parties; {
		sets = append(sets, set)
		// The next larger number with as many ones: the lowest run of ones moves
		// its highest one up, and the rest of it down to the end.
		low := set & -set
		ripple := set + low
		set = ripple | (set^ripple)>>2/low
	}
	return sets
}

// blocks returns the secrets as width vectors, of which the last are filled up
// with zeros. Whole ones are not copied.
func (s Scheme) blocks(secrets []uint64) [][]uint64 {
	n := s.columns(len(secrets))
	blocks := make([][]uint64, s.width(), s.Needed)
	for j := range blocks {
		b := secrets[min(j*n, len(secrets)):min((j+1)*n, len(secrets))]
		if len(b) < n {
			b = append(make([]uint64, 0, n), b...)[:n]
		}
		blocks[j] = b
	}
	return blocks
}

// add sets dst to a + b in the ring of s.
func (s Scheme) add(dst, a, b []uint64) {
	if s.Ring == F61 {
		field.AddVec(dst, a, b)
		return
	}
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// sub sets dst to a - b in the ring of s.
func (s Scheme) sub(dst, a, b []uint64) {
	if s.Ring == F61 {
		field.SubVec(dst, a, b)
		return
	}
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

// vectors returns k vectors of n numbers.
func vectors(k, n int) [][]uint64 {
	v := make([][]uint64, k)
	for i := range v {
		v[i] = make([]uint64, n)
	}
	return v
}
