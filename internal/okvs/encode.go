package okvs

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/okvs/rows"
)

// Encode sets out, of p.Size() blocks, to a store in which keys[i] decodes to the
// value of key i. It needs exactly p.Items() keys, all distinct. The function
// values sets dst to the values of keys first, first + 1, and so on; it is called
// with a few hundred at a time, from all workers at once. Values must have no bits
// beyond the width. The other party decodes with the same seed; the coins fill the
// free columns and are nobody else's business. What Encode writes does not depend
// on the number of workers.
//
// scratch is room for p.Scratch() blocks, unspecified afterwards. keys, scratch and
// out must not overlap. The error is [ErrDuplicate] or [ErrUnsolvable]; out is then
// unspecified too.
func Encode(p Params, seed, coins [16]byte, keys []Block, values func(dst []Block, first int), scratch, out []Block, workers int) error {
	mustBe("keys", len(keys), p.n)
	mustBe("blocks of scratch", len(scratch), p.Scratch())
	mustBe("blocks", len(out), p.Size())
	if p.n == 0 {
		return nil
	}
	workers = max(workers, 1)
	e := &encoder{values: scratch, count: make([]int, p.bins)}
	if err := e.partition(&p, aes128.New(seed), keys, values, out, workers); err != nil {
		return err
	}

	free := aes128.New(coins)
	failures := make([]error, p.bins)
	parallel(p.bins, workers, func(bin int) {
		s := solvers.Get().(*solver)
		values := e.values[bin*p.capacity:][:e.count[bin]]
		failures[bin] = s.solve(&p, free, bin, values, out[bin*p.binSize():][:p.binSize()])
		// Nothing about the items outlives the call in a pool.
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

// partition distributes the items to the bins, keeping their order. Each worker
// counts what its part of the items brings to each bin, and then writes behind
// what the workers before it write.
func (e *encoder) partition(p *Params, c *aes128.Cipher, keys []Block, values func(dst []Block, first int), out []Block, workers int) error {
	wide := make([]Block, workers) // bits beyond the width
	defer func() {
		for _, w := range wide {
			if w != (Block{}) {
				panic("okvs: internal error: a value is wider than the store")
			}
		}
	}()
	if p.bins == 1 {
		parallel(workers, workers, func(w int) {
			lo, hi := span(w, workers, p.n)
			c.HashCR(out[lo:hi], keys[lo:hi])
			for first := lo; first < hi; first += chunk {
				dst := e.values[first:min(first+chunk, hi)]
				values(dst, first)
				wide[w] = or(wide[w], p.outside(dst))
			}
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
		var buf, value [chunk]Block
		at := at[w]
		lo, hi := span(w, workers, p.n)
		size, capacity := p.binSize(), p.capacity
		hashed(c, &buf, keys[lo:hi], func(first int, hs []Block) {
			vs := value[:len(hs)]
			values(vs, lo+first)
			wide[w] = or(wide[w], p.outside(vs))
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

// outside returns the bits of values beyond the width.
func (p *Params) outside(values []Block) (bits Block) {
	if p.width == 128 {
		return Block{}
	}
	for _, v := range values {
		bits = or(bits, v)
	}
	mask := p.mask()
	return Block{Lo: bits.Lo &^ mask.Lo, Hi: bits.Hi &^ mask.Hi}
}

func or(a, b Block) Block { return Block{Lo: a.Lo | b.Lo, Hi: a.Hi | b.Hi} }
