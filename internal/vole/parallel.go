package vole

import (
	"sync"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// parallel splits n items among the workers, waits for all of them, and returns
// an error of one that failed.
func (p *plan) parallel(n int, f func(lo, hi int) error) error {
	workers := min(p.Workers, n)
	if workers <= 1 {
		return f(0, n)
	}
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() { errs[w] = f(w*n/workers, (w+1)*n/workers) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// take returns n blocks of the room, that hold anything. To get them from the system can
// take long, which the end of the run does not wait for.
func (p *plan) take(n int) ([]prg.Block, error) {
	if p.await == nil {
		return p.Room.Take(n), nil
	}
	var blocks []prg.Block
	if err := p.await(func() { blocks = p.Room.Take(n) }); err != nil {
		return nil, err // and not blocks, which may still be written
	}
	return blocks, nil
}

// report counts n steps of the phase, and fails when the run has to end.
func (p *plan) report(n int) error {
	if p.step == nil {
		return nil
	}
	return p.step(n)
}
