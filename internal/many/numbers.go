package many

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

const (
	lowestNumber  = -1 << 60
	highestNumber = 1<<60 - 2
)

func newNumbers(self, n, t int) *space {
	s := &space{
		columns: 1,
		typ:     typeNumber,
		mul:     field.Mul,
		sub:     field.Sub,
		inv:     field.Inv,
		uniform: func(v Vec, g *prg.PRG) { field.Uniform(v.Parts[0], g) },
		combine: func(dst Vec, src []Vec, coeff []uint64) {
			columns := make([][]uint64, len(src))
			for i, v := range src {
				columns[i] = v.Parts[0]
			}
			field.Combine(dst.Parts[0], columns, coeff)
		},
	}
	return s.prepare(self, n, t)
}

// element returns x modulo the prime.
func element(x int64) uint64 {
	// 2^63 is 4 modulo 2^61 - 1.
	return field.Sub(field.Reduce(uint64(x)^1<<63), 4)
}

// number returns what an element stands for.
func number(a uint64) int64 {
	above := (highestNumber - a) >> 63
	return int64(a) - int64(field.P&-above)
}

func elements(values []int64) Vec {
	v := make([]uint64, len(values))
	for i, x := range values {
		v[i] = element(x)
	}
	return column(v)
}

// column returns a vector of one column.
func column(words []uint64) Vec { return Vec{Parts: [][]uint64{words}} }

// NewVec returns n numbers that are zero.
func (p *Party) NewVec(n int) Vec { return p.numbers.new(n) }

// Combine sets dst to f·x + g·y.
func (p *Party) Combine(dst Vec, f int64, x Vec, g int64, y Vec) {
	field.Combine(dst.Parts[0], [][]uint64{x.Parts[0], y.Parts[0]}, []uint64{element(f), element(g)})
}

// Shift adds k to every element of x: a constant is a polynomial of degree zero.
func (p *Party) Shift(x Vec, k int64) {
	constant, part := element(k), x.Parts[0]
	for i, a := range part {
		part[i] = field.Add(a, constant)
	}
}

// Weigh sets dst to x times k, element by element.
func (p *Party) Weigh(dst, x Vec, k []int64) {
	z := dst.Parts[0]
	a, k := x.Parts[0][:len(z)], k[:len(z)]
	for i := range z {
		z[i] = field.Mul(a[i], element(k[i]))
	}
}

// Sum sets each element of dst to the sum of as many consecutive elements of x.
func (p *Party) Sum(dst, x Vec) {
	m, n := dst.Len(), x.Len()
	if n > 0 && (m == 0 || n%m != 0) {
		panic(fmt.Sprintf("many: internal error: %d sums of %d elements", m, n))
	}
	z, part := dst.Parts[0], x.Parts[0]
	for i := range z {
		var sum uint64
		for _, a := range part[n/m*i : n/m*(i+1)] {
			sum = field.Add(sum, a)
		}
		z[i] = sum
	}
}

// Prefix sets each element of dst to the sum of those of x up to it.
func (p *Party) Prefix(dst, x Vec) {
	var sum uint64
	z := dst.Parts[0]
	for i, a := range x.Parts[0][:len(z)] {
		sum = field.Add(sum, a)
		z[i] = sum
	}
}

// Input returns shares of n numbers that party from has.
func (p *Party) Input(from, n int, values []int64) (Vec, error) {
	return p.input(p.numbers, from, n, len(values), func() Vec { return elements(values) })
}

// Reveal opens x to the parties of which to is true, and returns nil to others.
func (p *Party) Reveal(x Vec, to []bool) ([]int64, error) {
	v, err := p.reveal(p.numbers, x, to, true)
	if err != nil || v.Parts == nil {
		return nil, err
	}
	values := make([]int64, v.Len())
	for i, a := range v.Parts[0] {
		values[i] = number(a)
	}
	return values, nil
}

// Mul sets dst to the products of x and y, element by element.
func (p *Party) Mul(dst, x, y Vec) error {
	n := dst.Len()
	if !dst.Is(1, n) || !x.Is(1, n) || !y.Is(1, n) {
		return fmt.Errorf("many: factors of %d and %d elements for a product of %d", x.Len(), y.Len(), n)
	}
	z, a, b := make([]uint64, n), x.Parts[0], y.Parts[0]
	for i := range z {
		z[i] = field.Mul(a[i], b[i])
	}
	return p.product(dst, z)
}

// product sets dst to what z is shares of degree 2t of.
func (p *Party) product(dst Vec, z []uint64) error {
	v, err := p.reduce(p.numbers, column(z))
	if err != nil {
		return err
	}
	copy(dst.Parts[0], v.Parts[0])
	return nil
}

// Dot sets each element of dst to the inner product of as many consecutive elements
// of x and y.
func (p *Party) Dot(dst, x, y Vec) error {
	m, n := dst.Len(), x.Len()
	if !dst.Is(1, m) || !x.Is(1, n) || !y.Is(1, n) || n > 0 && (m == 0 || n%m != 0) {
		return fmt.Errorf("many: %d inner products of %d and %d elements", m, n, y.Len())
	}
	z := make([]uint64, m)
	for i := range z {
		from, to := n/m*i, n/m*(i+1)
		z[i] = field.Dot(x.Parts[0][from:to], y.Parts[0][from:to])
	}
	return p.product(dst, z)
}

// MatMul sets dst to the product of the rows×inner matrix x and the inner×columns
// matrix y.
func (p *Party) MatMul(dst Vec, rows, inner, columns int, x, y Vec) error {
	if rows < 0 || inner < 0 || columns < 0 || !dst.Is(1, rows*columns) || !x.Is(1, rows*inner) || !y.Is(1, inner*columns) {
		return fmt.Errorf("many: a product of matrices of %d×%d and %d×%d with %d and %d elements for %d",
			rows, inner, inner, columns, x.Len(), y.Len(), dst.Len())
	}
	// Columns of y as rows, so that all that is multiplied is consecutive.
	turned := make([]uint64, inner*columns)
	for k := range inner {
		for j := range columns {
			turned[j*inner+k] = y.Parts[0][k*columns+j]
		}
	}
	z := make([]uint64, rows*columns)
	for i := range rows {
		row := x.Parts[0][i*inner : (i+1)*inner]
		for j := range columns {
			z[i*columns+j] = field.Dot(row, turned[j*inner:(j+1)*inner])
		}
	}
	return p.product(dst, z)
}
