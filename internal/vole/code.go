package vole

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/exconv"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A code is H, of m rows and N columns:
//
//	H * (e1 || e2) = e1 + B * C2 * D * C1 * e2,
//
// with the convolutions C1 and C2, the diagonal D of random field elements,
// which is absent if the code is binary, and the expander B.
type code struct {
	p              *plan
	first, second  *aes128.Cipher // taps of the convolutions
	diagonal       *aes128.Cipher
	places         *aes128.Cipher // of the expander
	pairs          bool           // two vectors at once
	lanes          int            // 2 with pairs, otherwise 1
	parity, padded int
}

// newCode derives the code from a public seed.
func newCode(p *plan, seed [prg.Size]byte, pairs bool) *code {
	keys := prg.Expand(seed, 4)
	c := &code{
		p:        p,
		first:    aes128.New(keys[0].Bytes()),
		second:   aes128.New(keys[1].Bytes()),
		diagonal: aes128.New(keys[2].Bytes()),
		places:   aes128.New(keys[3].Bytes()),
		pairs:    pairs,
		lanes:    1,
		parity:   p.parity(),
	}
	if pairs {
		c.lanes = 2
	}
	c.padded = (c.parity + exconv.Step - 1) / exconv.Step * exconv.Step
	return c
}

// vector returns room for the parity part of the noise, which is followed by
// what the kernels need.
func (p *plan) vector(lanes int) []prg.Block {
	return hugepage.Blocks(lanes * (p.parity() + exconv.Step + exconv.Room))
}

// chunk is how many elements go through both convolutions before the next. Its
// blocks stay in the second-level cache meanwhile.
const chunk = 1024

// lag is how far the second convolution stays behind the first, which may still
// change that many elements ahead.
const lag = (exconv.State + exconv.Step - 1) / exconv.Step * exconv.Step

// convolve applies C2 * D * C1 to x in place. Elements behind the parity part
// are changed too, and mean nothing.
func (c *code) convolve(x []prg.Block) {
	taps := make([]prg.Block, chunk/exconv.Step)
	factors := make([]prg.Block, chunk*c.lanes)
	pass := func(taps *aes128.Cipher, buf []prg.Block, lo, hi int) {
		if lo >= hi {
			return
		}
		buf = buf[:(hi-lo)/exconv.Step]
		taps.CounterBlocks(buf, uint64(lo/exconv.Step))
		if c.pairs {
			exconv.ConvolvePairs(x[2*lo:], buf)
		} else {
			exconv.Convolve(x[lo:], buf)
		}
	}
	for lo := 0; lo < c.padded; lo += chunk {
		hi := min(lo+chunk, c.padded)
		pass(c.first, taps, lo, hi)
		if !c.p.binary {
			c.scale(x[c.lanes*lo:c.lanes*hi], factors, lo)
		}
		pass(c.second, taps, max(0, lo-lag), hi-lag)
	}
	// What lies between is a multiple of Step because all bounds are.
	pass(c.second, taps, max(0, c.padded-lag), c.padded)
}

// scale multiplies the elements from number lo on by those of the diagonal.
func (c *code) scale(x, factors []prg.Block, lo int) {
	n := len(x) / c.lanes
	if !c.pairs {
		c.diagonal.CounterBlocks(factors[:n], uint64(lo))
		gf128.MulVec(x, x, factors[:n])
		return
	}
	// The upper half is read before the doubling reaches it.
	f := factors[:2*n]
	c.diagonal.CounterBlocks(f[n:], uint64(lo))
	for i := range n {
		v := f[n+i]
		f[2*i], f[2*i+1] = v, v
	}
	gf128.MulVec(x, x, f)
}

// expand adds B * x to out, or with pairs B * (even places of x) to out and
// B * (odd places) to out2.
func (c *code) expand(out, out2, x []prg.Block) {
	segments := exconv.NewSegments(c.parity)
	c.p.parallel(len(out), func(lo, hi int) {
		const rows = 512
		words := make([]prg.Block, exconv.Words*rows)
		for ; lo < hi; lo += rows {
			end := min(lo+rows, hi)
			w := words[:exconv.Words*(end-lo)]
			c.places.CounterBlocks(w, uint64(exconv.Words*lo))
			if c.pairs {
				segments.ExpandPairs(out[lo:end], out2[lo:end], x, w)
			} else {
				segments.Expand(out[lo:end], x, w)
			}
		}
	})
}
