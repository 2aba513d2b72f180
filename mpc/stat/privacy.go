package stat

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"slices"

	"github.com/dujiang-dev/dujiang/mpc"
)

// Privacy makes results differentially private: the parties add noise in shares to what they
// open, which nobody ever sees without it, and of which nobody knows the noise.
//
// Tables are neighbours if they have equally many rows, a number that everybody knows, and one
// row is another. No result of a method is more likely than e^Epsilon times what it would be of
// a neighbour, but for a probability below 2^-52·e^Epsilon for each number that is opened.
type Privacy struct {
	// Epsilon is what each call of a method spends. It has no default, and is at most 10. What
	// calls on the same rows spend adds up, and it is for the caller to bound that sum. Who
	// protects persons with up to k rows each divides Epsilon by k.
	Epsilon float64
}

// maxEpsilon is where noise protects nobody any more.
const maxEpsilon = 10

func (p *Privacy) check() error {
	if p != nil && !(p.Epsilon > 0 && p.Epsilon <= maxEpsilon) {
		return fmt.Errorf("stat: set Privacy.Epsilon, to more than 0 and at most %d", maxEpsilon)
	}
	return nil
}

// exact returns an error if a method, which adds no noise, must not open anything.
func (s *Study) exact(method string) error {
	if s.cfg.Privacy != nil {
		return fmt.Errorf("stat: %s has no noise, and is refused with Config.Privacy; Describe, Covariance, Histogram, Crosstab and ByGroup have", method)
	}
	return nil
}

// chances returns the digits of noise for each of some scales, which are those of the
// distribution times Epsilon, in units of the integers that the noise is for. They are nil without
// Config.Privacy.
//
// What is opened is Epsilon-private if, from any table to any neighbour, the changes of all
// numbers add up to at most one, each divided by its scale.
func (s *Study) chances(scales ...uint64) ([][]int64, error) {
	if s.cfg.Privacy == nil {
		return nil, nil
	}
	all := make([][]int64, len(scales))
	for i, scale := range scales {
		var err error
		if all[i], err = digits(s.cfg.Privacy.Epsilon, scale); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// times returns a product, or the largest number if it is larger, for which digits finds no room.
func times(factors ...uint64) uint64 {
	z := uint64(1)
	for _, f := range factors {
		hi, lo := bits.Mul64(z, f)
		if hi != 0 {
			return math.MaxUint64
		}
		z = lo
	}
	return z
}

// width returns how far numbers in a range can be from each other.
func width(v *mpc.Vec) uint64 {
	r := v.Range()
	return uint64(r.Max) - uint64(r.Min)
}

// blur returns vectors of one length with noise on each element, by the chances of each vector,
// if results shall have it.
func (s *Study) blur(ctx context.Context, chances [][]int64, vs ...*mpc.Vec) ([]*mpc.Vec, error) {
	if s.cfg.Privacy == nil {
		return vs, nil
	}
	total := 0
	for _, c := range chances {
		total += len(c)
	}
	// The pieces bound the memory of a large table.
	step := max(1, maxDigits/(2*total))
	n := vs[0].Len()
	pieces := make([][]*mpc.Vec, len(vs))
	for from := 0; from < n; from += step {
		noise, err := s.noise(ctx, min(step, n-from), chances)
		if err != nil {
			return nil, err
		}
		for i, v := range noise {
			pieces[i] = append(pieces[i], v)
		}
	}
	blurred := make([]*mpc.Vec, len(vs))
	for i, v := range vs {
		all, err := mpc.Concat(pieces[i]...)
		if err != nil {
			return nil, err
		}
		if all, err = all.Halve(v.Fraction()); err != nil {
			return nil, err
		}
		if blurred[i], err = v.Add(all); err != nil {
			return nil, err
		}
	}
	return blurred, nil
}

const (
	// chanceBits is how many bits a digit is drawn by: the most that fit, with a sign and
	// room for a difference, in those of engines with four parties or more.
	chanceBits = 59
	// maxDigits is how many digits are drawn at once, each of which takes about a kilobyte.
	maxDigits = 1 << 16
	// mostDigits is how many a number can have, so that sums have room beside the noise.
	mostDigits = 58
	// expBits is how many bits behind the point exponentials have. Up to mostDigits of
	// them are lost by squaring.
	expBits = 256
)

// digits returns with which probabilities, in units of 2^-chanceBits, the binary digits of a
// geometric variable are one, the lowest first: x has a probability proportional to
// e^(-x/t), for t = sensitivity/epsilon.
//
// As e^(-x/t) is the product of e^(-2^j/t) over the digits j of x that are one, digits are
// independent, and digit j is one with probability 1/(1+e^(2^j/t)) [DKM+06]. Those are left out that are
// never one after rounding. So the statistical distance to the variable is at most 2^-60
// for each digit that is there, and 2^-59 for all that are not.
//
// All parties must have the same ones, and so this is computed in integers.
func digits(epsilon float64, sensitivity uint64) ([]int64, error) {
	x := new(big.Rat).SetFloat64(epsilon) // exactly
	x.Quo(x, new(big.Rat).SetInt(new(big.Int).SetUint64(max(sensitivity, 1))))
	one := new(big.Int).Lsh(big.NewInt(1), expBits)
	// e^-x, by its series, for x of at most maxEpsilon.
	y, term := new(big.Int), new(big.Int).Set(one)
	for k := int64(1); term.Sign() != 0; k++ {
		y.Add(y, term)
		term.Mul(term, x.Num()).Neg(term)
		term.Quo(term, new(big.Int).Mul(x.Denom(), big.NewInt(k)))
	}
	var chances []int64
	for {
		// y/(1+y), rounded to the nearest.
		whole := new(big.Int).Add(one, y)
		chance := new(big.Int).Lsh(y, chanceBits+1)
		chance.Add(chance, whole).Quo(chance, whole.Lsh(whole, 1))
		if chance.Sign() == 0 && len(chances) > 0 {
			return chances, nil
		}
		if len(chances) == mostDigits {
			return nil, fmt.Errorf("stat: noise that hides %d units with an epsilon of %v does not fit in the bits of the engine; declare narrower ranges of the inputs", sensitivity, epsilon)
		}
		chances = append(chances, chance.Int64())
		y.Mul(y, y).Rsh(y, expBits)
	}
}

// noise returns, for each of the chances, n numbers that nobody knows, with the discrete Laplace
// distribution [GRS12]: each is the difference of two geometric variables with these digits.
// They come of one comparison of all digits, whatever n is.
func (s *Study) noise(ctx context.Context, n int, chances [][]int64) ([]*mpc.Vec, error) {
	// Digit j of all variables, where j goes on from one of the chances to the next, is at 2n·j,
	// those to be subtracted behind the others.
	all := slices.Concat(chances...)
	planes := make([]*mpc.Bits, chanceBits)
	for i := range planes {
		var err error
		if planes[i], err = s.engine.RandomBits(ctx, 2*n*len(all)); err != nil {
			return nil, err
		}
	}
	uniform, err := s.engine.Compose(ctx, planes)
	if err != nil {
		return nil, err
	}
	limits := make([]*mpc.Vec, len(all))
	for j, chance := range all {
		part, err := uniform.Slice(2*n*j, 2*n*(j+1))
		if err != nil {
			return nil, err
		}
		if part, err = part.Scale(0); err != nil {
			return nil, err
		}
		if limits[j], err = part.Shift(chance); err != nil {
			return nil, err
		}
	}
	limit, err := mpc.Concat(limits...)
	if err != nil {
		return nil, err
	}
	less, err := s.engine.Less(ctx, uniform, limit)
	if err != nil {
		return nil, err
	}
	ones, err := s.engine.Numbers(ctx, less)
	if err != nil {
		return nil, err
	}
	noise := make([]*mpc.Vec, len(chances))
	at := 0
	for i, c := range chances {
		digits, err := ones.Slice(at, at+2*n*len(c))
		if err != nil {
			return nil, err
		}
		if noise[i], err = difference(n, digits); err != nil {
			return nil, err
		}
		at += 2 * n * len(c)
	}
	return noise, nil
}

// difference returns the n differences of 2n variables, of which all lowest digits are first.
func difference(n int, digits *mpc.Vec) (*mpc.Vec, error) {
	var sum *mpc.Vec
	for j := range digits.Len() / (2 * n) {
		digit, err := digits.Slice(2*n*j, 2*n*(j+1))
		if err != nil {
			return nil, err
		}
		if digit, err = digit.Scale(1 << j); err != nil {
			return nil, err
		}
		if sum == nil {
			sum = digit
		} else if sum, err = sum.Add(digit); err != nil {
			return nil, err
		}
	}
	plus, err := sum.Slice(0, n)
	if err != nil {
		return nil, err
	}
	minus, err := sum.Slice(n, 2*n)
	if err != nil {
		return nil, err
	}
	return plus.Sub(minus)
}
