package okvs

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/okvs/rows"
)

// Encode sets out, of p.Size() blocks, to a store in which keys[i] decodes to the
// value of key i. It needs exactly as many keys as p is for, all distinct. The function
// values sets dst to the values of keys first, first + 1, and so on; it is called
// with a few hundred at a time, from all workers at once. Values must have no bits
// beyond the width. The other party decodes with the same seed; the coins fill the
// free columns and are nobody else's business. What Encode writes does not depend
// on the number of workers.
//
// scratch is room for p.Scratch() blocks, unspecified afterwards. keys, scratch and
// out must not overlap. The error is [ErrDuplicate], [ErrUnsolvable] or that of a
// step; out is then unspecified too.
func Encode(p Params, seed, coins [16]byte, keys []Block, values func(dst []Block, first int), scratch, out []Block, work Work) error {
	mustBe("keys", len(keys), p.n)
	mustBe("blocks of scratch", len(scratch), p.Scratch())
	mustBe("blocks", len(out), p.Size())
	if p.n == 0 {
		return nil
	}
	work.Workers = max(work.Workers, 1)
	e := &encoder{values: scratch, count: make([]int, p.bins)}
	if err := e.partition(&p, aes128.New(seed), keys, values, out, work); err != nil {
		return err
	}

	free := aes128.New(coins)
	return work.parallel(p.bins, func(bin int) error {
		s := solvers.Get().(*solver)
		// Nothing about the items outlives the call in a pool.
		defer s.release(&p)
		values := e.values[bin*p.capacity:][:e.count[bin]]
		if err := s.solve(&p, free, bin, values, out[bin*p.binSize():][:p.binSize()]); err != nil {
			return err
		}
		return work.step(len(values))
	})
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
func (e *encoder) partition(p *Params, c *aes128.Cipher, keys []Block, values func(dst []Block, first int), out []Block, work Work) error {
	workers := work.Workers
	wide := make([]Block, workers) // bits beyond the width
	defer func() {
		for _, w := range wide {
			if w != (Block{}) {
				panic("okvs: internal error: a value is wider than the store")
			}
		}
	}()
	if p.bins == 1 {
		e.count[0] = p.n
		return work.parallel(workers, func(w int) error {
			lo, hi := span(w, workers, p.n)
			c.HashCR(out[lo:hi], keys[lo:hi])
			for first := lo; first < hi; first += chunk {
				dst := e.values[first:min(first+chunk, hi)]
				values(dst, first)
				wide[w] = or(wide[w], p.outside(dst))
			}
			return work.step(hi - lo)
		})
	}

	at := make([][]int, workers)
	err := work.parallel(workers, func(w int) error {
		var buf [chunk]Block
		count := make([]int, p.bins)
		lo, hi := span(w, workers, p.n)
		for ; lo < hi; lo += binItems {
			hashed(c, &buf, keys[lo:min(lo+binItems, hi)], func(_ int, hs []Block) {
				for _, h := range hs {
					count[rows.Bin(h, p.bins)]++
				}
			})
			if err := work.step(0); err != nil {
				return err
			}
		}
		at[w] = count
		return nil
	})
	if err != nil {
		return err
	}
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
	return work.parallel(workers, func(w int) error {
		var buf, value [chunk]Block
		at := at[w]
		lo, end := span(w, workers, p.n)
		size, capacity := p.binSize(), p.capacity
		for ; lo < end; lo += binItems {
			hi := min(lo+binItems, end)
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
			if err := work.step(hi - lo); err != nil {
				return err
			}
		}
		return nil
	})
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
