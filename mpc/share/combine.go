package share

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Combine returns the secrets of at least Needed shares of one sharing. If there
// are more, it checks them against each other, and shares that contradict each
// other are an error; [Correct] can say which are wrong. With no more than
// Needed shares, or with kind [Additive], a wrong share makes the secrets wrong
// without notice: authenticate what carries shares, or use [SplitPedersen].
func Combine(shares []*Share) (secrets []uint64, err error) {
	if err := checkTogether(shares); err != nil {
		return nil, err
	}
	s := shares[0].scheme
	if s.Kind == Shamir || s.Kind == Packed {
		if !consistent(shares) {
			return nil, errContradict
		}
		return interpolate(shares), nil
	}
	summands, wrong, err := s.gather(shares)
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 {
		return nil, errContradict
	}
	return s.sum(summands), nil
}

var errContradict = errors.New("share: the shares contradict each other; with more of them, Correct can say which are wrong")

// Correct returns the secrets although some shares of one sharing are wrong, and
// the positions of these in shares, ascending. With m shares it corrects any
// (m - Needed)/2 wrong ones, rounded down, of [Shamir], [Packed] and
// [Replicated]. More wrong ones are an error, unless they were made to fit each
// other and some of the right ones: of more than half of m - Needed, nobody can
// tell the wrong from the right. There is no correction for [Additive].
//
// A share that differs in scheme, length or id from the others is an error, not a
// wrong share: leave out what cannot belong to the sharing.
func Correct(shares []*Share) (secrets []uint64, wrong []int, err error) {
	if err := checkTogether(shares); err != nil {
		return nil, nil, err
	}
	s := shares[0].scheme
	switch s.Kind {
	case Additive:
		return nil, nil, errors.New("share: shares of kind Additive cannot be corrected")
	case Replicated:
		summands, wrong, err := s.gather(shares)
		if err != nil {
			return nil, nil, err
		}
		if len(wrong) > (len(shares)-s.Needed)/2 {
			return nil, nil, tooMany(shares)
		}
		return s.sum(summands), wrong, nil
	}
	if !consistent(shares) {
		var seed [prg.Size]byte
		rand.Read(seed[:])
		if wrong = locate(shares, seed); wrong == nil {
			return nil, nil, tooMany(shares)
		}
	}
	right := slices.Clone(shares)
	for _, i := range slices.Backward(wrong) {
		right = slices.Delete(right, i, i+1)
	}
	if len(wrong) > 0 && !consistent(right) {
		return nil, nil, tooMany(shares)
	}
	return interpolate(right), wrong, nil
}

func tooMany(shares []*Share) error {
	s := shares[0].scheme
	return fmt.Errorf("share: more of the %d shares are wrong than the %d that can be corrected when it takes %v",
		len(shares), (len(shares)-s.Needed)/2, s.Quorum)
}

// consistent reports whether all shares of Shamir or Packed are values of
// polynomials of degree below Needed: whether the first Needed determine the
// others. Only what they tell is compared, not secrets, and in constant time.
func consistent(shares []*Share) bool {
	s := shares[0].scheme
	points, known := pointsOf(shares[:s.Needed])
	expected := make([]uint64, s.columns(shares[0].count))
	same := uint64(0)
	for _, x := range shares[s.Needed:] {
		field.Combine(expected, known, lagrange(points, partyPoint(x.index)))
		for c, e := range expected {
			same |= e ^ x.parts[0][c]
		}
	}
	return same == 0
}

// interpolate returns the secrets of shares of Shamir or Packed.
func interpolate(shares []*Share) []uint64 {
	s, count := shares[0].scheme, shares[0].count
	points, known := pointsOf(shares[:s.Needed])
	n := s.columns(count)
	secrets := make([]uint64, n*s.width())
	at := secretPoints(s.width())
	parallel(len(at), func(j int) {
		field.Combine(secrets[j*n:(j+1)*n], known, lagrange(points, at[j]))
	})
	return secrets[:count:count]
}

// pointsOf returns the points and the values of shares of Shamir or Packed.
func pointsOf(shares []*Share) (points []uint64, values [][]uint64) {
	for _, s := range shares {
		points = append(points, partyPoint(s.index))
		values = append(values, s.parts[0])
	}
	return points, values
}

// locate returns the positions of wrong shares of Shamir or Packed, or nil if
// there are too many.
//
// It decodes a single word, a random linear combination of all columns: where a
// share is wrong in any of them, its place in the combination is wrong but with
// probability 1/P, as the coefficients are drawn after the shares are there. The
// caller checks all columns of what remains.
func locate(shares []*Share, seed [prg.Size]byte) (wrong []int) {
	points, values := pointsOf(shares)
	coeff := make([]uint64, len(values[0]))
	field.Uniform(coeff, prg.New(seed))
	word := make([]uint64, len(shares))
	for i, v := range values {
		word[i] = field.Dot(coeff, v)
	}
	return gao(points, word, shares[0].scheme.Needed)
}

// gather returns all summands of Additive or Replicated. Where holders of a
// summand disagree, it takes what more than half of them have, and returns the
// positions of the others.
func (s Scheme) gather(shares []*Share) (summands [][]uint64, wrong []int, err error) {
	if s.Kind == Additive {
		for _, x := range shares {
			summands = append(summands, x.parts[0])
		}
		return summands, nil, nil
	}
	next := make([]int, len(shares)) // summand of each share
	for _, lacking := range s.summands() {
		var holders []int // positions
		var held [][]uint64
		for i, x := range shares {
			if lacking>>(x.index-1)&1 == 0 {
				holders = append(holders, i)
				held = append(held, x.parts[next[i]])
				next[i]++
			}
		}
		chosen := majority(held)
		if chosen < 0 {
			return nil, nil, errContradict
		}
		for i, v := range held {
			if !equal(v, held[chosen]) {
				wrong = append(wrong, holders[i])
			}
		}
		summands = append(summands, held[chosen])
	}
	slices.Sort(wrong)
	return summands, slices.Compact(wrong), nil
}

// majority returns the position of a vector that more than half of all are equal
// to, or -1.
func majority(v [][]uint64) int {
	for i := range v {
		votes := 0
		for j := range v {
			if i == j || equal(v[i], v[j]) {
				votes++
			}
		}
		if 2*votes > len(v) {
			return i
		}
	}
	return -1
}

// equal compares equally long vectors in constant time.
func equal(a, b []uint64) bool {
	var difference uint64
	for i, x := range a {
		difference |= x ^ b[i]
	}
	return difference == 0
}

// sum returns the sum of all summands.
func (s Scheme) sum(summands [][]uint64) []uint64 {
	total := slices.Clone(summands[0])
	for _, v := range summands[1:] {
		s.add(total, total, v)
	}
	return total
}
