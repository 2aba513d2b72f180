package share

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/field"
)

// spoil returns a copy of s with a wrong number in every vector of ways that
// attackers choose.
func (s *Share) spoil(r *rand.Rand, way int) *Share {
	wrong := *s
	wrong.parts = nil
	for _, v := range s.parts {
		v = slices.Clone(v)
		switch c := r.IntN(len(v)); way % 3 {
		case 0: // one number
			s.scheme.add(v[c:c+1], v[c:c+1], []uint64{1})
		case 1: // all of them, differently
			copy(v, s.scheme.Ring.numbers(r, len(v)))
		case 2: // all of them, by the same
			for c := range v {
				s.scheme.add(v[c:c+1], v[c:c+1], []uint64{1 << 40})
			}
		}
		wrong.parts = append(wrong.parts, v)
	}
	return &wrong
}

// TestCorrect spoils each set of shares that can be corrected, in several ways,
// and sets of one more, which must never go unnoticed as long as the wrong
// shares do not fit each other.
func TestCorrect(t *testing.T) {
	each(t, func(t *testing.T, s Scheme) {
		if s.Kind == Additive {
			shares, err := s.Split([]uint64{1})
			require.NoError(t, err)
			_, _, err = Correct(shares)
			require.ErrorContains(t, err, "cannot be corrected")
			return
		}
		r := newRand()
		for _, m := range []int{s.Parties, s.Parties - 1} {
			if m < s.Needed {
				continue
			}
			bound := (m - s.Needed) / 2
			secrets := s.Ring.numbers(r, 20)
			right, err := s.Split(secrets)
			require.NoError(t, err)
			for set := range 1 << m {
				var wrong []int
				shares := slices.Clone(right[s.Parties-m:])
				for i := range shares {
					if set>>i&1 == 1 {
						wrong = append(wrong, i)
						shares[i] = shares[i].spoil(r, set+i)
					}
				}
				if len(wrong) > bound+1 {
					continue
				}
				if len(wrong) > bound {
					for _, i := range wrong { // so that they do not fit each other by chance
						shares[i] = shares[i].spoil(r, 1)
					}
				}
				got, named, err := Correct(shares)
				if len(wrong) <= bound {
					require.NoError(t, err)
					require.Equal(t, secrets, got)
					require.Equal(t, wrong, named)
				} else if m > s.Needed {
					require.Error(t, err, "%v of %d", wrong, m)
				}
				if len(wrong) > 0 && m > s.Needed {
					_, err := Combine(shares)
					require.ErrorIs(t, err, errContradict)
				}
			}
		}
	})
}

// TestGao decodes words with every number of errors, for all lengths up to 12.
func TestGao(t *testing.T) {
	r := newRand()
	for n := 2; n <= 12; n++ {
		for k := 1; k < n; k++ {
			for e := range n - k + 1 {
				points, coeff := partyPoints(n), poly(F61.numbers(r, k))
				if e%2 == 1 {
					coeff = coeff[:0] // the polynomial zero
				}
				var word []uint64
				for _, x := range points {
					word = append(word, coeff.at(x))
				}
				wrong := r.Perm(n)[:e]
				slices.Sort(wrong)
				for _, i := range wrong {
					word[i] = field.Add(word[i], 1+r.Uint64N(Modulus-1))
				}
				got := gao(points, word, k)
				switch {
				case e == 0 || e > (n-k)/2:
					require.Empty(t, got, "n=%d k=%d wrong=%v", n, k, wrong)
				default:
					require.Equal(t, wrong, got, "n=%d k=%d", n, k)
				}
			}
		}
	}
}

func TestPolynomials(t *testing.T) {
	r := newRand()
	for range 200 {
		p, q := poly(F61.numbers(r, r.IntN(8))).trim(), poly(F61.numbers(r, 1+r.IntN(5))).trim()
		if q.degree() < 0 {
			continue
		}
		quotient, rest := p.divide(q)
		require.Less(t, rest.degree(), q.degree())
		x := r.Uint64N(Modulus)
		require.Equal(t, p.at(x), field.Add(field.Mul(quotient.at(x), q.at(x)), rest.at(x)))
		require.Equal(t, field.Mul(p.at(x), q.at(x)), p.mul(q).at(x))
		require.Equal(t, field.Sub(p.at(x), q.at(x)), p.sub(q).at(x))
	}
}
