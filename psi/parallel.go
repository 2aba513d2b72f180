package psi

import "sync"

// parallel splits n items among the workers and waits for all of them.
func (p *params) parallel(n int, f func(lo, hi int)) {
	p.parallelErr(n, func(lo, hi int) error {
		f(lo, hi)
		return nil
	})
}

// parallelErr is parallel for work that can fail. It returns the error of the
// first items.
func (p *params) parallelErr(n int, f func(lo, hi int) error) error {
	const lanes = 8 // items that kernels work on at once
	blocks := (n + lanes - 1) / lanes
	workers := min(p.workers, blocks)
	if workers <= 1 {
		return f(0, n)
	}
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		lo, hi := w*blocks/workers*lanes, min((w+1)*blocks/workers*lanes, n)
		group.Go(func() { errs[w] = f(lo, hi) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
