package rep3

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
)

// matrixRows is how many rows of a product a processor computes at once, so that it reads the
// second factor as often only as that many rows have to wait for each other.
const matrixRows = 96

// MatMul sets dst to the product of the rows×inner matrix x and the inner×columns matrix
// y, all in the order of rows. It sends one word for each element of dst. All processors
// take part.
func (p *Party) MatMul(dst Vec, rows, inner, cols int, x, y Vec) error {
	if rows < 0 || inner < 0 || cols < 0 ||
		!x.Is(columns, rows*inner) || !y.Is(columns, inner*cols) || !dst.Is(columns, rows*cols) {
		return fmt.Errorf("rep3: a product of %d elements of a %d×%d and a %d×%d matrix of %d and %d", dst.Len(), rows, inner, inner, cols, x.Len(), y.Len())
	}
	// A product of two summands is a(c+d) + bc; see Mul.
	both := make([]uint64, y.Len())
	for i, c := range y.Parts[0] {
		both[i] = c + y.Parts[1][i]
	}
	sum, own := ring64.NewMatrix(inner, cols, both), ring64.NewMatrix(inner, cols, y.Parts[0])
	ready := 0 // rows
	return p.exchange([]Vec{dst}, func(_, lo, hi int) {
		// Whole rows are computed when their first element is due, and others with them.
		last := (hi + cols - 1) / cols
		if last <= ready {
			return
		}
		last = min(max(last, ready+matrixRows*runtime.GOMAXPROCS(0)), rows)
		p.zeros(dst.Parts[0][ready*cols : last*cols])
		parallel(ready, last, inner*cols, func(lo, hi int) {
			z := dst.Parts[0][lo*cols : hi*cols]
			sum.AddProduct(z, hi-lo, x.Parts[0][lo*inner:hi*inner])
			own.AddProduct(z, hi-lo, x.Parts[1][lo*inner:hi*inner])
		})
		ready = last
	})
}

// parallel calls f with pieces of the range from lo to hi - 1 at once, which are worth
// that much work for each element. There is a piece for each processor if that is so much
// that starting it does not matter.
func parallel(lo, hi, work int, f func(lo, hi int)) {
	pieces := min(runtime.GOMAXPROCS(0), hi-lo)
	if (hi-lo)*work < 1<<18 || pieces < 2 {
		f(lo, hi)
		return
	}
	var running sync.WaitGroup
	for i := range pieces {
		from, to := lo+(hi-lo)*i/pieces, lo+(hi-lo)*(i+1)/pieces
		running.Go(func() { f(from, to) })
	}
	running.Wait()
}
