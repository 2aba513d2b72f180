package okvs

import (
	"sync"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/okvs/rows"
)

// Encode sets out, of p.Size() blocks, to a store in which keys[i] decodes to
// values[i]. It needs exactly p.Items() keys, all distinct. The other party
// decodes with the same seed; the coins fill the free columns and are nobody
// else's business. What it writes does not depend on the number of workers.
//
// The error is [ErrDuplicate] or [ErrUnsolvable]; out is then unspecified. out
// must not overlap keys or values, which must have no bits beyond the width.
func Encode(p Params, seed, coins [16]byte, keys, values, out []Block, workers int) error {
	mustBe("keys", len(keys), p.n)
	mustBe("values", len(values), p.n)
	mustBe("blocks", len(out), p.Size())
	if p.n == 0 {
		return nil
	}
	if outside := p.mask(); p.width < 128 {
		outside.Lo, outside.Hi = ^outside.Lo, ^outside.Hi
		var sum Block
		for _, v := range values {
			sum.Lo, sum.Hi = sum.Lo|v.Lo, sum.Hi|v.Hi
		}
		if sum.Lo&outside.Lo|sum.Hi&outside.Hi != 0 {
			panic("okvs: internal error: a value is wider than the store")
		}
	}
	workers = max(workers, 1)
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	if err := e.partition(&p, aes128.New(seed), keys, values, out, workers); err != nil {
		clear(e.values)
		return err
	}

	free := aes128.New(coins)
	failures := make([]error, p.bins)
	parallel(p.bins, workers, func(bin int) {
		s := solvers.Get().(*solver)
		values := e.values[bin*p.capacity:][:e.count[bin]]
		failures[bin] = s.solve(&p, free, bin, values, out[bin*p.binSize():][:p.binSize()])
		// Nothing about the items outlives the call in a pool.
		clear(values)
		s.release(&p)
	})
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// An encoder holds the items in the order of their bins. The values of bin b
// start at b*capacity. Their hashes are in the part of the output that belongs
// to the bin, which has more columns than items and is not written before they
// are used up.
type encoder struct {
	values []Block
	count  []int // items of each bin
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// partition distributes the items to the bins, keeping their order. Each worker
// counts what its part of the items brings to each bin, and then writes behind
// what the workers before it write.
func (e *encoder) partition(p *Params, c *aes128.Cipher, keys, values, out []Block, workers int) error {
	if need := p.bins * p.capacity; cap(e.values) < need {
		e.values = hugepage.Blocks(need)
	} else {
		e.values = e.values[:need]
	}
	e.count = make([]int, p.bins)
	if p.bins == 1 {
		parallel(workers, workers, func(w int) {
			lo, hi := span(w, workers, p.n)
			c.HashCR(out[lo:hi], keys[lo:hi])
			copy(e.values[lo:hi], values[lo:hi])
		})
		e.count[0] = p.n
		return nil
	}

	at := make([][]int, workers)
	parallel(workers, workers, func(w int) {
		var buf [chunk]Block
		count := make([]int, p.bins)
		lo, hi := span(w, workers, p.n)
		hashed(c, &buf, keys[lo:hi], func(_ int, hs []Block) {
			for _, h := range hs {
				count[rows.Bin(h, p.bins)]++
			}
		})
		at[w] = count
	})
	for bin := range e.count {
		for w := range at {
			at[w][bin], e.count[bin] = e.count[bin], e.count[bin]+at[w][bin]
		}
		if e.count[bin] > p.capacity {
			var in []Block
			var buf [chunk]Block
			hashed(c, &buf, keys, func(_ int, hs []Block) {
				for _, h := range hs {
					if rows.Bin(h, p.bins) == bin {
						in = append(in, h)
					}
				}
			})
			return failure(in)
		}
	}
	parallel(workers, workers, func(w int) {
		var buf [chunk]Block
		at := at[w]
		lo, hi := span(w, workers, p.n)
		values := values[lo:hi]
		size, capacity := p.binSize(), p.capacity
		hashed(c, &buf, keys[lo:hi], func(first int, hs []Block) {
			vs := values[first:][:len(hs)]
			for i, h := range hs {
				bin := rows.Bin(h, p.bins)
				k := at[bin]
				at[bin] = k + 1
				out[bin*size+k] = h
				e.values[bin*capacity+k] = vs[i]
			}
		})
	})
	return nil
}
