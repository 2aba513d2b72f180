package vole

import (
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/exconv"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

var features = []*cpu.Feature{cpu.AVX2, cpu.AVX512}

var codeSeed = [prg.Size]byte([]byte("seed of the code"))

func randomBlocks(name string, n int) []prg.Block {
	seed := testCoins(name)
	return prg.Expand([prg.Size]byte(seed[:prg.Size]), n)
}

// reference applies the code without cutting it into chunks: one matrix after
// the other over the whole vector.
func (c *code) reference(out, x []prg.Block) {
	taps := make([]prg.Block, c.padded/exconv.Step)
	c.first.CounterBlocks(taps, 0)
	exconv.Convolve(x, taps)
	if !c.p.binary {
		d := make([]prg.Block, c.padded)
		c.diagonal.CounterBlocks(d, 0)
		gf128.MulVec(x[:c.padded], x[:c.padded], d)
	}
	c.second.CounterBlocks(taps, 0)
	exconv.Convolve(x, taps)
	words := make([]prg.Block, exconv.Words*len(out))
	c.places.CounterBlocks(words, 0)
	exconv.NewSegments(c.parity).Expand(out, x, words)
}

func TestCode(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		for _, m := range []int{4096, 4097, 4099, 5001, 33_001, 40_960} {
			for _, binary := range []bool{false, true} {
				for _, workers := range []int{1, 3} {
					p := newPlan(m, binary, Config{Workers: workers})
					n := p.parity()
					x := p.Room.Take(p.vectorLen(1))
					copy(x, randomBlocks("x", n))
					e := randomBlocks("e", m)
					want := slices.Clone(e)
					newCode(p, codeSeed, false).reference(want, slices.Clone(x))

					single, got := slices.Clone(x), slices.Clone(e)
					c := newCode(p, codeSeed, false)
					c.convolve(single)
					c.expand(got, nil, single)
					if !slices.Equal(got, want) {
						t.Fatalf("m = %d, binary %v: wrong", m, binary)
					}
					// The pair of x and zero, and that of zero and x.
					for side := range 2 {
						pairs := p.Room.Take(p.vectorLen(2))
						for i := range n {
							pairs[2*i+side] = x[i]
						}
						out := [2][]prg.Block{make([]prg.Block, m), make([]prg.Block, m)}
						copy(out[side], e)
						c := newCode(p, codeSeed, true)
						c.convolve(pairs)
						c.expand(out[0], out[1], pairs)
						if !slices.Equal(out[side], want) || !slices.Equal(out[1-side], make([]prg.Block, m)) {
							t.Fatalf("m = %d, binary %v, side %d: wrong", m, binary, side)
						}
					}
				}
			}
		}
	}, features...)
}

// binaryRank returns the dimension of the span of b over GF(2).
func binaryRank(b []prg.Block) int {
	var basis [128]prg.Block
	rank := 0
	for _, x := range b {
		for i := 127; i >= 0 && x != (prg.Block{}); i-- {
			if bitOf(x, i) == 0 {
				continue
			}
			if basis[i] == (prg.Block{}) {
				basis[i] = x
				rank++
				break
			}
			x = x.Xor(basis[i])
		}
	}
	return rank
}

func bitOf(x prg.Block, i int) uint64 {
	if i >= 64 {
		return x.Hi >> (i - 64) & 1
	}
	return x.Lo >> i & 1
}

// TestSpan shows what the diagonal is for: without it, outputs span no more
// over GF(2) than the noise values do.
func TestSpan(t *testing.T) {
	for _, binary := range []bool{false, true} {
		p := newPlan(4096, binary, Config{})
		x := p.Room.Take(p.vectorLen(1))
		values := randomBlocks("noise", 20)
		for i, v := range values {
			x[31*i+5] = v
		}
		c := newCode(p, codeSeed, false)
		out := make([]prg.Block, p.m)
		c.convolve(x)
		c.expand(out, nil, x)
		want := 128
		if binary {
			want = len(values)
		}
		if got := binaryRank(out[:200]); got != want {
			t.Errorf("binary %v: rank %d, want %d", binary, got, want)
		}
	}
}

// TestAvoidance plays the search for codewords of low weight that params.go
// describes. Rows of the expander whose places all avoid a region X, which
// leaves the region with three silent gaps and a free one, span a space on X
// whose dimension is the number of conditions. It has to be far above the 24
// that the table counts with; the model says about 3 * 2 * 20.
func TestAvoidance(t *testing.T) {
	for _, binary := range []bool{false, true} {
		if binary && testing.Short() {
			continue
		}
		p := newPlan(4096, binary, Config{})
		c, n := newCode(p, codeSeed, false), p.parity()
		// Each part of the vector keeps an interval of y at its beginning or
		// its end, so that those of neighbours touch.
		inX := make([]bool, n)
		const y = 0.66
		var lo, hi [exconv.Weight]int
		for j := range exconv.Weight {
			a, b := j*n/exconv.Weight, (j+1)*n/exconv.Weight
			keep := int(y * float64(b-a))
			lo[j], hi[j] = a, a+keep
			if j%2 == 1 {
				lo[j], hi[j] = b-keep, b
			}
			for i := a; i < b; i++ {
				inX[i] = i < lo[j] || i >= hi[j]
			}
		}
		words := make([]prg.Block, exconv.Words*p.m)
		c.places.CounterBlocks(words, 0)
		var rows []int
		for i := range p.m {
			avoids := true
			for j := range exconv.Weight {
				// The place in part j, from the definition of the expander.
				half := []uint64{words[2*i+j/4].Lo, words[2*i+j/4].Hi}[j%4/2]
				w := uint64(uint32(half >> (32 * (j % 2))))
				a, b := j*n/exconv.Weight, (j+1)*n/exconv.Weight
				at := a + int(w*uint64(b-a)>>32)
				avoids = avoids && !inX[at]
			}
			if avoids {
				rows = append(rows, i)
			}
		}
		expected := float64(p.m) * pow7(y)
		if float64(len(rows)) < expected/1.5 || float64(len(rows)) > expected*1.5 {
			t.Errorf("%d rows avoid X, the model says %.0f", len(rows), expected)
		}
		// The columns of these rows in X, reduced against each other.
		type pivot struct {
			at  int
			col []prg.Block
		}
		var basis []pivot
		out := make([]prg.Block, p.m)
		for i := 0; i < n; i++ {
			if !inX[i] {
				continue
			}
			x := p.Room.Take(p.vectorLen(1))
			x[i] = gf128.One
			clear(out)
			c.convolve(x)
			c.expand(out, nil, x)
			col := make([]prg.Block, len(rows))
			for k, r := range rows {
				col[k] = out[r]
			}
			for _, b := range basis {
				gf128.MulConstAdd(col, b.col, col[b.at])
			}
			if at := slices.IndexFunc(col, func(v prg.Block) bool { return v != prg.Block{} }); at >= 0 {
				gf128.MulConst(col, col, gf128.Inv(col[at]))
				basis = append(basis, pivot{at, col})
			}
		}
		t.Logf("binary %v: %d rows of weight %.2f, %d conditions", binary, len(rows), y, len(basis))
		if len(basis) < 110 || len(basis) > 3*2*exconv.State {
			t.Errorf("binary %v: %d conditions, the model says 120", binary, len(basis))
		}
	}
}

func pow7(y float64) float64 { return y * y * y * y * y * y * y }

// TestStreams checks that no two of the code's streams are the same.
func TestStreams(t *testing.T) {
	c := newCode(newPlan(1, false, Config{}), codeSeed, false)
	seen := map[prg.Block]bool{}
	for _, s := range []*aes128.Cipher{c.first, c.second, c.diagonal, c.places} {
		var b [1]prg.Block
		s.CounterBlocks(b[:], 0)
		if seen[b[0]] {
			t.Error("a stream comes twice")
		}
		seen[b[0]] = true
	}
}
