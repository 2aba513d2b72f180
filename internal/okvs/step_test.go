package okvs

import (
	"errors"
	"sync/atomic"
	"testing"
)

// The steps of a call add up to what Work says, and none is large; the first that
// fails ends the call.
func TestSteps(t *testing.T) {
	for _, n := range []int{1, 1000, 3*binItems + 7} {
		for _, workers := range []int{1, 3} {
			p := params(t, n)
			keys, values := instance(n, 11)
			store, got, scratch := make([]Block, p.Size()), make([]Block, n), make([]Block, p.Scratch())
			value := func(dst []Block, first int) { copy(dst, values[first:]) }
			var steps, calls, failAt atomic.Int64
			stop := errors.New("stop")
			work := Work{Workers: workers, Step: func(items int) error {
				steps.Add(int64(items))
				if items > max(window, p.capacity) {
					t.Errorf("a step of %d items", items)
				}
				if calls.Add(1) == failAt.Load() {
					return stop
				}
				return nil
			}}
			for name, test := range map[string]struct {
				want int
				call func() error
			}{
				"Encode": {2 * n, func() error { return Encode(p, [16]byte{1}, [16]byte{2}, keys, value, scratch, store, work) }},
				"Decode": {n, func() error { return Decode(p, [16]byte{1}, keys, store, got, work) }},
			} {
				steps.Store(0)
				calls.Store(0)
				failAt.Store(0)
				if err := test.call(); err != nil || steps.Load() != int64(test.want) {
					t.Errorf("%s of %d items: %d steps, want %d; %v", name, n, steps.Load(), test.want, err)
				}
				for last := calls.Load(); last > 0; last-- {
					calls.Store(0)
					failAt.Store(last)
					if err := test.call(); err != stop {
						t.Errorf("%s of %d items: %v, where step %d fails", name, n, err, last)
					}
					// Other workers go on until the one whose step failed has said so.
					if workers == 1 && calls.Load() != last {
						t.Errorf("%s of %d items: %d steps after the one that failed", name, n, calls.Load()-last)
					}
				}
			}
		}
	}
}
