package rep3

import "fmt"

// MatMul sets dst to the product of the rows×inner matrix x and the inner×columns
// matrix y, both in the order of rows. It sends one word for each element of dst,
// which must not overlap x or y.
func (p *Party) MatMul(dst Vec, rows, inner, cols int, x, y Vec) error {
	if !x.Is(columns, rows*inner) || !y.Is(columns, inner*cols) || !dst.Is(columns, rows*cols) {
		return fmt.Errorf("rep3: a product of %d elements of a %d×%d and a %d×%d matrix of %d and %d", dst.Len(), rows, inner, inner, cols, x.Len(), y.Len())
	}
	// A product of two summands is a(c+d) + bc; see Mul.
	both := make([]uint64, len(y.Parts[0]))
	for i, c := range y.Parts[0] {
		both[i] = c + y.Parts[1][i]
	}
	done := 0 // elements
	return p.exchange([]Vec{dst}, func(_, lo, hi int) {
		// Whole rows are computed when their first element is due.
		for done < hi {
			row := done / cols
			z := dst.Parts[0][done : done+cols]
			p.zeros(z)
			a, b := x.Parts[0][row*inner:(row+1)*inner], x.Parts[1][row*inner:(row+1)*inner]
			for k := range a {
				axpy2(z, a[k], both[k*cols:(k+1)*cols], b[k], y.Parts[0][k*cols:(k+1)*cols])
			}
			done += cols
		}
	})
}

// axpy2 adds f·x + g·y to z.
func axpy2(z []uint64, f uint64, x []uint64, g uint64, y []uint64) {
	x, y = x[:len(z)], y[:len(z)]
	for len(z) >= 4 && len(x) >= 4 && len(y) >= 4 {
		z[0] += f*x[0] + g*y[0]
		z[1] += f*x[1] + g*y[1]
		z[2] += f*x[2] + g*y[2]
		z[3] += f*x[3] + g*y[3]
		z, x, y = z[4:], x[4:], y[4:]
	}
	for i := range z {
		z[i] += f*x[i] + g*y[i]
	}
}
