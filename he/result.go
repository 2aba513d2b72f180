package he

import (
	"errors"
	"fmt"
	"math"
	"math/big"
)

// A Result is the answer to all functions of a plan, over the contributors that
// were in the aggregate.
type Result struct {
	// Contributors are the numbers of those whose rows are in it.
	Contributors []int
	// Answers are those to all functions but Vector, in the order of the Spec.
	Answers []Answer
	// Vectors has the sums of each field of a function Vector, row by row, in
	// units of 10^-Decimals.
	Vectors map[string][]int64
}

// An Answer is exact: fractions, not floating-point numbers.
type Answer struct {
	// Function is the function as it is written, for instance mean(wage).
	Function string
	// Numbers are what the function says. One that does not exist, such as
	// the mean of no rows, is nil.
	Numbers []*big.Rat
}

// Float returns number i as the nearest float64, and whether it exists.
func (a Answer) Float(i int) (x float64, ok bool) {
	if a.Numbers[i] == nil {
		return 0, false
	}
	x, _ = a.Numbers[i].Float64()
	return x, true
}

// String returns function and numbers: whole ones exactly, others with six
// digits.
func (a Answer) String() string {
	s := a.Function + " ="
	for i, x := range a.Numbers {
		switch f, _ := a.Float(i); {
		case x == nil:
			s += " none"
		case x.IsInt():
			s += " " + x.Num().String()
		default:
			s += fmt.Sprintf(" %.6g", f)
		}
	}
	return s
}

// decode turns opened sums of m contributions into a result. What every
// contributor subtracted so that its counters start from zero is added again.
func (p *Plan) decode(m int, next func() ([]uint64, error)) (*Result, error) {
	u := &unpacker{next: next}
	result := &Result{}
	if len(p.vectors) > 0 {
		if p.spec.Rows > math.MaxInt/8/len(p.vectors) {
			return nil, errors.New("he: the result is too long for the memory of this machine")
		}
		columns := make([][]int64, len(p.vectors))
		for i := range columns {
			columns[i] = make([]int64, 0, p.spec.Rows)
		}
		sums := make([]wide, len(p.vectors))
		for k := range p.spec.Rows {
			clear(sums)
			coef, shift := p.layout.rowAt(k)
			if err := u.get(&p.layout.row, coef, shift, sums); err != nil {
				return nil, err
			}
			for i, f := range p.vectors {
				if sums[i].hi != 0 || sums[i].lo > uint64(m)*uint64(p.hi[f]-p.lo[f]+p.vectorCoins[i]) {
					return nil, errBeyond
				}
				columns[i] = append(columns[i], int64(sums[i].lo)+int64(m)*(p.lo[f]-p.vectorCoins[i]/2))
			}
		}
		result.Vectors = make(map[string][]int64)
		for i, f := range p.vectors {
			result.Vectors[p.spec.Fields[f].Name] = columns[i]
		}
	}
	scalars := make([]wide, len(p.bases))
	if err := u.get(&p.layout.scalars, p.layout.scalarsAt(), 0, scalars); err != nil {
		return nil, err
	}
	for i := p.layout.coefs - p.layout.checks; i < p.layout.coefs; i++ {
		if x, err := u.at(i); err != nil {
			return nil, err
		} else if x != 0 {
			return nil, ErrWrong
		}
	}
	many := big.NewInt(int64(m))
	sums := make([][]*big.Int, len(p.blocks))
	k := 0
	for i, b := range p.blocks {
		for range b.n {
			x := scalars[k].big()
			if x.Cmp(new(big.Int).Mul(many, p.ranges[k])) > 0 {
				return nil, errBeyond
			}
			sums[i] = append(sums[i], x.Add(x, new(big.Int).Mul(many, b.lo)))
			k++
		}
	}
	for i, f := range p.spec.Functions {
		if p.finishes[i] == nil {
			continue
		}
		numbers := p.finishes[i](sums)
		if p.spec.RoundAnswers {
			for _, x := range numbers {
				round(x, p.spec.Round)
			}
		}
		result.Answers = append(result.Answers, Answer{f.String(), numbers})
	}
	return result, nil
}

// errBeyond is about sums that contributions within their ranges cannot have.
// It is found only where a sum as a whole is out of its range: a contributor that
// breaks the protocol can still send any value that is not.
var errBeyond = fmt.Errorf("%w: a sum is beyond what contributions can add up to", ErrWrong)

// round rounds x to a number of decimals, half away from zero.
func round(x *big.Rat, decimals int) {
	if x == nil {
		return
	}
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
	x.Mul(x, scale)
	half := big.NewRat(int64(x.Sign()), 2)
	x.Add(x, half)
	x.SetInt(new(big.Int).Quo(x.Num(), x.Denom())) // toward zero
	x.Quo(x, scale)
}
