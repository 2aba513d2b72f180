package mal3

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// mostNumbers is how many products wait for a check at most. One takes 64 bytes.
const mostNumbers = 1 << 20

// A numberLog has what is unchecked of products of numbers.
type numberLog struct {
	// Of products of one number by one: summands of the factors, and of the product
	// modulo 2^128.
	xOwn, xNext, yOwn, yNext []uint64
	zOwn, zNext              []wide
	dots                     []dotLog
	matrices                 []matrixLog
	theta                    []uint64 // challenges of a check
	waiting                  int      // numbers in matrices
}

// A dotLog says that products from place at are of inner products of so many terms.
type dotLog struct{ at, n, terms int }

// A matrixLog has what is unchecked of a product of matrices.
type matrixLog struct {
	rows, inner, columns int
	x, y                 Vec
	zOwn, zNext          []wide
}

func (l *numberLog) empty() bool { return len(l.xOwn) == 0 && len(l.matrices) == 0 }

func (l *numberLog) reset() {
	l.xOwn, l.xNext, l.yOwn, l.yNext = l.xOwn[:0], l.xNext[:0], l.yOwn[:0], l.yNext[:0]
	l.zOwn, l.zNext = l.zOwn[:0], l.zNext[:0]
	l.dots, l.matrices, l.waiting = nil, nil, 0
}

func (l *numberLog) addFactors(x, y Vec) {
	l.xOwn, l.xNext = append(l.xOwn, x.Parts[0]...), append(l.xNext, x.Parts[1]...)
	l.yOwn, l.yNext = append(l.yOwn, y.Parts[0]...), append(l.yNext, y.Parts[1]...)
}

// room checks what is unchecked if n more products would be too many.
func (p *Party) room(n int) error {
	if !p.numbers.empty() && len(p.numbers.xOwn)+p.numbers.waiting+n > p.mostNumbers {
		return p.Check()
	}
	return p.err
}

// Mul sets dst to the product of x and y, element by element. dst must not overlap x
// or y.
//
// It is the multiplication of [AFLNO16] on the summands as integers, modulo 2^128:
// the product modulo 2^64 is the result, and the rest is for the check.
func (p *Party) Mul(dst, x, y Vec) error {
	n := dst.Len()
	if !is(dst, n) || !is(x, n) || !is(y, n) {
		return fmt.Errorf("mal3: factors of %d and %d elements for a product of %d", x.Len(), y.Len(), n)
	}
	for lo := 0; lo < n || lo == 0; lo += p.mostNumbers {
		hi := min(lo+p.mostNumbers, n)
		if err := p.room(hi - lo); err != nil {
			return err
		}
		err := p.during(func() error { return p.mul(dst.Slice(lo, hi), x.Slice(lo, hi), y.Slice(lo, hi)) })
		if err != nil {
			return err
		}
	}
	return p.err
}

func (p *Party) mul(dst, x, y Vec) error {
	l := &p.numbers
	n, at := dst.Len(), len(l.xOwn)
	l.xOwn, l.xNext, l.yOwn, l.yNext = grow(l.xOwn, n), grow(l.xNext, n), grow(l.yOwn, n), grow(l.yNext, n)
	l.zOwn, l.zNext = grow(l.zOwn, n), grow(l.zNext, n)
	return p.products(dst, l.zOwn[at:], l.zNext[at:], func(z []wide, lo int) {
		a, b, c, d := x.Parts[0][lo:][:len(z)], x.Parts[1][lo:][:len(z)], y.Parts[0][lo:][:len(z)], y.Parts[1][lo:][:len(z)]
		// What is in the first-level cache now goes to the log.
		copy(l.xOwn[at+lo:], a)
		copy(l.xNext[at+lo:], b)
		copy(l.yOwn[at+lo:], c)
		copy(l.yNext[at+lo:], d)
		for i := range z {
			z[i] = cross(a[i], b[i], c[i], d[i])
		}
	})
}

// grow returns s with n more elements, of any values.
func grow[T any](s []T, n int) []T {
	if len(s)+n <= cap(s) {
		return s[:len(s)+n]
	}
	return append(s, make([]T, n)...)
}

// products sends products, of which part sets this party's parts from lo, to the
// previous party, masked, and receives those of the next one. It is one round.
func (p *Party) products(dst Vec, zOwn, zNext []wide, part func(z []wide, lo int)) error {
	p.rep.Round()
	ownSeed, nextSeed := p.seeds()
	ownMask, nextMask := prg.New(ownSeed), prg.New(nextSeed)
	n := len(zOwn)
	return p.rep.Both(func() error {
		masks := make([]wide, 2*maskPiece)
		return pieces(n, func(lo, hi int) error {
			for at := lo; at < hi; at += maskPiece {
				z := zOwn[at:min(at+maskPiece, hi)]
				part(z, at)
				// F(k_i) - F(k_(i+1)), of which the sum over all parties is zero
				// [AFLNO16, correlated randomness].
				plusMask, minusMask := masks[:len(z)], masks[maskPiece:][:len(z)]
				ownMask.Blocks(plusMask)
				nextMask.Blocks(minusMask)
				lower := dst.Parts[0][at:][:len(z)]
				for i := range z {
					z[i] = plus(z[i], minus(plusMask[i], minusMask[i]))
					lower[i] = z[i].Lo
				}
			}
			return p.sendWide(zOwn[lo:hi])
		})
	}, func() error {
		return pieces(n, func(lo, hi int) error {
			z, lower := zNext[lo:hi], dst.Parts[1][lo:hi]
			if err := p.receiveWide(z); err != nil {
				return err
			}
			for i := range lower {
				lower[i] = z[i].Lo
			}
			return nil
		})
	})
}

// maskPiece is how many elements are computed at once, to stay in the first-level cache.
const maskPiece = 1 << 8

// Dot sets each element of dst to the inner product of as many consecutive elements of
// x and y. It sends 16 bytes for each element of dst, and the check 16 for each of x.
func (p *Party) Dot(dst, x, y Vec) error {
	m, n := dst.Len(), x.Len()
	if !is(dst, m) || !is(x, n) || !is(y, n) || n > 0 && (m == 0 || n%m != 0) {
		return fmt.Errorf("mal3: %d inner products of %d and %d elements", m, n, y.Len())
	}
	if n == 0 {
		return p.MatMul(dst, m, 0, 1, x, y)
	}
	terms := n / m
	if most := p.mostNumbers; terms > most {
		return p.longDots(dst, x, y, terms)
	}
	for some := p.mostNumbers / terms; m > 0; {
		now := min(some, m)
		if err := p.room(now * terms); err != nil {
			return err
		}
		err := p.during(func() error {
			return p.dots(dst.Slice(0, now), x.Slice(0, now*terms), y.Slice(0, now*terms))
		})
		if err != nil {
			return err
		}
		dst, x, y = dst.Slice(now, m), x.Slice(now*terms, m*terms), y.Slice(now*terms, m*terms)
		m -= now
	}
	return p.err
}

// longDots is Dot for inner products of more terms than may wait for a check: it adds
// up those of parts.
func (p *Party) longDots(dst, x, y Vec, terms int) error {
	for i := range dst.Len() {
		sum := p.NewVec(1)
		for lo := i * terms; lo < (i+1)*terms; lo += p.mostNumbers {
			hi := min(lo+p.mostNumbers, (i+1)*terms)
			part := p.NewVec(1)
			if err := p.Dot(part, x.Slice(lo, hi), y.Slice(lo, hi)); err != nil {
				return err
			}
			p.Combine(sum, 1, sum, 1, part)
		}
		dst.Parts[0][i], dst.Parts[1][i] = sum.Parts[0][0], sum.Parts[1][0]
	}
	return nil
}

// dots computes inner products that the log has room for.
func (p *Party) dots(dst, x, y Vec) error {
	m, n := dst.Len(), x.Len()
	terms := n / m
	zOwn, zNext := make([]wide, m), make([]wide, m)
	err := p.products(dst, zOwn, zNext, func(z []wide, lo int) {
		a, b, c, d := x.Parts[0], x.Parts[1], y.Parts[0], y.Parts[1]
		for i := range z {
			from, to := (lo+i)*terms, (lo+i+1)*terms
			a, b, c, d := a[from:to:to], b[from:to:to], c[from:to:to], d[from:to:to]
			var s wide
			for k := range a {
				s = plus(s, cross(a[k], b[k], c[k], d[k]))
			}
			z[i] = s
		}
	})
	if err != nil {
		return err
	}
	// The first of the terms has the sum in the log, and the others zeros; all have
	// the same challenge.
	l := &p.numbers
	l.dots = append(l.dots, dotLog{at: len(l.xOwn), n: n, terms: terms})
	l.addFactors(x, y)
	at := len(l.zOwn)
	l.zOwn, l.zNext = append(l.zOwn, make([]wide, n)...), append(l.zNext, make([]wide, n)...)
	for i := range m {
		l.zOwn[at+i*terms], l.zNext[at+i*terms] = zOwn[i], zNext[i]
	}
	return nil
}

// MatMul sets dst to the product of the rows×inner matrix x and the inner×columns
// matrix y, both in the order of rows. It sends 16 bytes for each element of dst,
// which must not overlap x or y; the check sends 16 for each column and for each
// element of a row of x.
func (p *Party) MatMul(dst Vec, rows, inner, cols int, x, y Vec) error {
	if rows < 0 || inner < 0 || cols < 0 || !is(x, rows*inner) || !is(y, inner*cols) || !is(dst, rows*cols) {
		return fmt.Errorf("mal3: a product of %d elements of a %d×%d and a %d×%d matrix of %d and %d", dst.Len(), rows, inner, inner, cols, x.Len(), y.Len())
	}
	weight := max(x.Len(), y.Len(), dst.Len())
	if err := p.room(weight); err != nil {
		return err
	}
	return p.during(func() error {
		m := matrixLog{
			rows: rows, inner: inner, columns: cols,
			x: x.Clone(), y: y.Clone(),
			zOwn: make([]wide, rows*cols), zNext: make([]wide, rows*cols),
		}
		p.numbers.matrices = append(p.numbers.matrices, m)
		p.numbers.waiting += weight
		return p.products(dst, m.zOwn, m.zNext, func(z []wide, lo int) {
			for e := range z {
				i, j := (lo+e)/cols, (lo+e)%cols
				a, b := x.Parts[0][i*inner:(i+1)*inner], x.Parts[1][i*inner:(i+1)*inner]
				var s wide
				for k := range a {
					s = plus(s, cross(a[k], b[k], y.Parts[0][k*cols+j], y.Parts[1][k*cols+j]))
				}
				z[e] = s
			}
		})
	})
}

// is reports whether v is a vector of n elements.
func is(v Vec, n int) bool { return v.Is(columns, n) }
