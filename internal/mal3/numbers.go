package mal3

import (
	"fmt"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/rep3"
)

// mostNumbers is how many products wait for a check at most. One takes 64 bytes.
const mostNumbers = 1 << 20

// A numberLog has what is unchecked of products of numbers.
type numberLog struct {
	// Of products of one number by one: summands of the factors, and of the product
	// modulo 2^128.
	xOwn, xNext, yOwn, yNext []uint64
	zOwn, zNext              []wide
	matrices                 []matrixLog
	theta                    []uint64 // challenges of a check
	waiting                  int      // numbers in matrices
}

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
	l.matrices, l.waiting = nil, 0
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
	n := len(dst.Own)
	if !is(dst, n) || !is(x, n) || !is(y, n) {
		return fmt.Errorf("mal3: factors of %d and %d elements for a product of %d", len(x.Own), len(y.Own), n)
	}
	for lo := 0; lo < n; lo += p.mostNumbers {
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
	l.xOwn, l.xNext = append(l.xOwn, x.Own...), append(l.xNext, x.Next...)
	l.yOwn, l.yNext = append(l.yOwn, y.Own...), append(l.yNext, y.Next...)
	n := len(dst.Own)
	l.zOwn, l.zNext = grow(l.zOwn, n), grow(l.zNext, n)
	zOwn, zNext := l.zOwn[len(l.zOwn)-n:], l.zNext[len(l.zNext)-n:]
	return p.products(dst, zOwn, zNext, func(z []wide, lo int) {
		a, b, c, d := x.Own[lo:][:len(z)], x.Next[lo:][:len(z)], y.Own[lo:][:len(z)], y.Next[lo:][:len(z)]
		for i := range z {
			z[i] = cross(a[i], b[i], c[i], d[i])
		}
	})
}

// grow returns s with n more elements, of any values.
func grow(s []wide, n int) []wide {
	if len(s)+n <= cap(s) {
		return s[:len(s)+n]
	}
	return append(s, make([]wide, n)...)
}

// products sends products, of which part sets this party's parts from lo, to the
// previous party, masked, and receives those of the next one. It is one round.
func (p *Party) products(dst Vec, zOwn, zNext []wide, part func(z []wide, lo int)) error {
	p.rep.Round()
	ownSeed, nextSeed := p.seeds()
	ownMask, nextMask := prg.New(ownSeed), prg.New(nextSeed)
	n := len(zOwn)
	size := min(piece, n)
	return p.rep.Both(func() error {
		b := make([]byte, wideSize*size)
		masks := make([]wide, 2*maskPiece)
		return pieces(n, func(lo, hi int) error {
			part(zOwn[lo:hi], lo)
			for at := lo; at < hi; at += maskPiece {
				z := zOwn[at:min(at+maskPiece, hi)]
				// F(k_i) - F(k_(i+1)), of which the sum over all parties is zero
				// [AFLNO16, correlated randomness].
				plusMask, minusMask := masks[:len(z)], masks[maskPiece:][:len(z)]
				ownMask.Blocks(plusMask)
				nextMask.Blocks(minusMask)
				for i := range z {
					z[i] = plus(z[i], minus(plusMask[i], minusMask[i]))
					dst.Own[at+i] = z[i].Lo
				}
			}
			encode(b, zOwn[lo:hi])
			return p.rep.Send(toPrev, typeWide, b[:wideSize*(hi-lo)])
		})
	}, func() error {
		b := make([]byte, wideSize*size)
		return pieces(n, func(lo, hi int) error {
			part := b[:wideSize*(hi-lo)]
			if err := p.rep.Receive(fromNext, typeWide, part); err != nil {
				return err
			}
			z := zNext[lo:hi]
			decode(z, part)
			for i := range z {
				dst.Next[lo+i] = z[i].Lo
			}
			return nil
		})
	})
}

// maskPiece is how many masks are expanded at once, to stay in the first-level cache.
const maskPiece = 1 << 8

// Dot returns a share of the inner product of x and y, a vector of one element.
func (p *Party) Dot(x, y Vec) (Vec, error) {
	n := len(x.Own)
	if !is(x, n) || !is(y, n) {
		return Vec{}, fmt.Errorf("mal3: inner product of %d and %d elements", n, len(y.Own))
	}
	dst := rep3.NewVec(1)
	return dst, p.MatMul(dst, 1, n, 1, x, y)
}

// MatMul sets dst to the product of the rows×inner matrix x and the inner×columns
// matrix y, both in the order of rows. It sends 16 bytes for each element of dst,
// which must not overlap x or y; the check sends 16 for each column and for each
// element of a row of x.
func (p *Party) MatMul(dst Vec, rows, inner, columns int, x, y Vec) error {
	if rows < 0 || inner < 0 || columns < 0 || !is(x, rows*inner) || !is(y, inner*columns) || !is(dst, rows*columns) {
		return fmt.Errorf("mal3: a product of %d elements of a %d×%d and a %d×%d matrix of %d and %d", len(dst.Own), rows, inner, inner, columns, len(x.Own), len(y.Own))
	}
	weight := max(len(x.Own), len(y.Own), len(dst.Own))
	if err := p.room(weight); err != nil {
		return err
	}
	return p.during(func() error {
		m := matrixLog{
			rows: rows, inner: inner, columns: columns,
			x: clone(x), y: clone(y),
			zOwn: make([]wide, rows*columns), zNext: make([]wide, rows*columns),
		}
		p.numbers.matrices = append(p.numbers.matrices, m)
		p.numbers.waiting += weight
		return p.products(dst, m.zOwn, m.zNext, func(z []wide, lo int) {
			for e := range z {
				i, j := (lo+e)/columns, (lo+e)%columns
				a, b := x.Own[i*inner:(i+1)*inner], x.Next[i*inner:(i+1)*inner]
				var s wide
				for k := range a {
					s = plus(s, cross(a[k], b[k], y.Own[k*columns+j], y.Next[k*columns+j]))
				}
				z[e] = s
			}
		})
	})
}

// is reports whether v is a vector of n elements.
func is(v Vec, n int) bool { return len(v.Own) == n && len(v.Next) == n }

// clone returns a copy of v.
func clone(v Vec) Vec { return Vec{Own: slices.Clone(v.Own), Next: slices.Clone(v.Next)} }
