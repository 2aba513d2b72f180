package vole

import "sync"

// parallel splits n items among the workers and waits for all of them.
func (p *plan) parallel(n int, f func(lo, hi int)) {
	workers := min(p.Workers, n)
	if workers <= 1 {
		f(0, n)
		return
	}
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() { f(w*n/workers, (w+1)*n/workers) })
	}
	group.Wait()
}
