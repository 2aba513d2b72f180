package vole

import (
	"sync/atomic"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/exconv"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
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

// vectorLen returns the length of the parity part of the noise, which is followed by
// what the kernels need.
func (p *plan) vectorLen(lanes int) int { return lanes * (p.parity() + exconv.Step + exconv.Room) }

// chunk is how many elements go through both convolutions before the next. Its
// blocks stay in the second-level cache meanwhile.
const chunk = 1024

// pipeChunk is how many elements one worker hands to the other at once.
const pipeChunk = 8 * chunk

// lag is how far the second convolution stays behind the first, which may still
// change that many elements ahead.
const lag = (exconv.State + exconv.Step - 1) / exconv.Step * exconv.Step

// convolve applies C2 * D * C1 to x in place. Elements behind the parity part
// are changed too, and mean nothing. With more than one worker the second
// convolution runs beside the first, which is all that can be parallel in it.
func (c *code) convolve(x []prg.Block) error {
	if c.p.Workers < 2 || c.padded < 4*pipeChunk {
		first, second := c.newPass(c.first, chunk), c.newPass(c.second, chunk)
		for lo := 0; lo < c.padded; lo += chunk {
			hi := min(lo+chunk, c.padded)
			first.scaled(x, lo, hi)
			second.run(x, max(0, lo-lag), hi-lag)
			if hi%pipeChunk == 0 {
				if err := c.p.report(pipeChunk); err != nil {
					return err
				}
			}
		}
		second.run(x, c.padded-lag, c.padded)
		return c.p.report(c.padded % pipeChunk)
	}
	ready := make(chan int, c.padded/pipeChunk+1)
	var stop atomic.Bool
	go func() {
		defer close(ready)
		first := c.newPass(c.first, chunk)
		for lo := 0; lo < c.padded && !stop.Load(); lo += chunk {
			hi := min(lo+chunk, c.padded)
			first.scaled(x, lo, hi)
			if hi%pipeChunk == 0 {
				ready <- hi
			}
		}
		ready <- c.padded
	}()
	second, done := c.newPass(c.second, chunk), 0
	upTo := func(hi int) {
		for ; done < hi; done = min(done+chunk, hi) {
			second.run(x, done, min(done+chunk, hi))
		}
	}
	var err error
	for hi := range ready {
		if err == nil {
			from := done
			upTo(hi - lag)
			err = c.p.report(done - from)
			stop.Store(err != nil)
		}
	}
	if err != nil {
		return err
	}
	upTo(c.padded)
	return c.p.report(lag)
}

// codeSteps is how many steps both parts of a code report.
func (p *plan) codeSteps() int {
	return (p.parity()+exconv.Step-1)/exconv.Step*exconv.Step + p.m
}

// A pass is one convolution, with its buffers.
type pass struct {
	c             *code
	stream        *aes128.Cipher
	taps, factors []prg.Block
}

func (c *code) newPass(stream *aes128.Cipher, chunk int) *pass {
	return &pass{c, stream, make([]prg.Block, chunk/exconv.Step), make([]prg.Block, chunk*c.lanes)}
}

// run goes over the elements from lo to hi, which are multiples of Step.
func (p *pass) run(x []prg.Block, lo, hi int) {
	if lo >= hi {
		return
	}
	taps := p.taps[:(hi-lo)/exconv.Step]
	p.stream.CounterBlocks(taps, uint64(lo/exconv.Step))
	if p.c.pairs {
		exconv.ConvolvePairs(x[2*lo:], taps)
	} else {
		exconv.Convolve(x[lo:], taps)
	}
}

// scaled is run followed by the diagonal.
func (p *pass) scaled(x []prg.Block, lo, hi int) {
	p.run(x, lo, hi)
	if !p.c.p.binary {
		p.c.scale(x[p.c.lanes*lo:p.c.lanes*hi], p.factors, lo)
	}
}

// scale multiplies the elements from number lo on by those of the diagonal.
func (c *code) scale(x, factors []prg.Block, lo int) {
	n := len(x) / c.lanes
	if !c.pairs {
		c.factors(factors[:n], lo)
		gf128.MulVec(x, x, factors[:n])
		return
	}
	// The upper half is read before the doubling reaches it.
	f := factors[:2*n]
	c.factors(f[n:], lo)
	for i := range n {
		v := f[n+i]
		f[2*i], f[2*i+1] = v, v
	}
	gf128.MulVec(x, x, f)
}

// factors fills f with the diagonal from number lo on.
func (c *code) factors(f []prg.Block, lo int) {
	c.diagonal.CounterBlocks(f, uint64(lo))
	if c.p.Subspace {
		gf128.SubfieldVarTime(f) // the code is public
	}
}

// expand adds B * x to out, or with pairs B * (even places of x) to out and
// B * (odd places) to out2.
func (c *code) expand(out, out2, x []prg.Block) error {
	segments := exconv.NewSegments(c.parity)
	return c.p.parallel(len(out), func(lo, hi int) error {
		const rows = 512
		reported := lo
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
			if end-reported >= pipeChunk || end == hi {
				if err := c.p.report(end - reported); err != nil {
					return err
				}
				reported = end
			}
		}
		return nil
	})
}
