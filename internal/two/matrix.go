package two

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
)

// maxMatrix is the most elements of a matrix, so that sizes do not overflow and a dealer
// holds less than a gigabyte.
const maxMatrix = 1 << 24

// shape returns the order of a product of matrices.
func shape(rows, inner, cols int) (order, error) {
	o := order{kind: matrices, rows: rows, inner: inner, cols: cols}
	fits := func(n, m int) bool {
		return n >= 0 && m >= 0 && uint64(n) <= maxMatrix && uint64(m) <= maxMatrix && uint64(n)*uint64(m) <= maxMatrix
	}
	if !fits(rows, inner) || !fits(inner, cols) || !fits(rows, cols) {
		return o, fmt.Errorf("two: a product of a %d×%d and a %d×%d matrix has one of more than %d elements; split it", rows, inner, inner, cols, maxMatrix)
	}
	return o, nil
}

// MatMul sets dst to the product of the rows×inner matrix x and the inner×cols matrix y,
// both in the order of rows. It opens x and y, masked by a triple of matrices
// [Bea91, MZ17], and thus each element once.
func (p *Party) MatMul(dst Vec, rows, inner, cols int, x, y Vec) error {
	o, err := shape(rows, inner, cols)
	if err != nil {
		return err
	}
	if !x.Is(columns, rows*inner) || !y.Is(columns, inner*cols) || !dst.Is(columns, rows*cols) {
		return fmt.Errorf("two: a product of %d elements of a %d×%d and a %d×%d matrix of %d and %d", dst.Len(), rows, inner, inner, cols, x.Len(), y.Len())
	}
	t, err := p.take(o)
	if err != nil {
		return err
	}
	masked := make([]uint64, 0, len(t.a)+len(t.b))
	for i, w := range x.Parts[0] {
		masked = append(masked, w-t.a[i])
	}
	for i, w := range y.Parts[0] {
		masked = append(masked, w-t.b[i])
	}
	opened := make([]uint64, len(masked))
	if err := p.exchange(masked, opened); err != nil {
		return err
	}
	for i, w := range masked {
		opened[i] += w
	}
	e, f := opened[:len(t.a)], opened[len(t.a):]
	// xy = ab + eb + af + ef, the last one at the first party: eb + ef is e(b + f).
	if p.index == 0 {
		for i, w := range f {
			t.b[i] += w
		}
	}
	z := dst.Parts[0]
	copy(z, t.c)
	addProduct(z, rows, inner, cols, e, t.b)
	addProduct(z, rows, inner, cols, t.a, f)
	return nil
}

// narrow is the most columns that the kernel of a product would waste too much on.
const narrow = 3

// addProduct adds the product of x and y to z.
func addProduct(z []uint64, rows, inner, cols int, x, y []uint64) {
	if cols > narrow {
		ring64.NewMatrix(inner, cols, y).AddProduct(z, rows, x)
		return
	}
	for i := range rows {
		row := z[i*cols : (i+1)*cols]
		for k, factor := range x[i*inner : (i+1)*inner] {
			for j, w := range y[k*cols:][:len(row)] {
				row[j] += factor * w
			}
		}
	}
}
