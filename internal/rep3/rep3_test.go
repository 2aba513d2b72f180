package rep3

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/session"
)

var everyone = []bool{true, true, true}

// run runs all Parties over unbuffered pipes in a bubble and returns their errors.
func run(t *testing.T, f func(p *Party) error) (errs [Parties]error) {
	synctest.Test(t, func(t *testing.T) { errs = join(t.Context(), enginetest.Pipes(), f, nil) })
	return errs
}

// join runs all parties. Each closes its connections when it is done.
func join(ctx context.Context, ring enginetest.Ring, f func(p *Party) error, agreed func(i int) []byte) [Parties]error {
	return ring.Join(func(i int, next, prev net.Conn) error {
		var context []byte
		if agreed != nil {
			context = agreed(i)
		}
		c := &coins{key: [16]byte{byte(i), 7}, nonce: [16]byte{byte(i), 8}}
		p, err := open(ctx, i, next, prev, context, c)
		if err != nil {
			return err
		}
		return p.Close(f(p))
	})
}

func none(t *testing.T, errs [Parties]error) {
	t.Helper()
	enginetest.None(t, errs)
}

func numbers(seed uint64, n int) []uint64 {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]uint64, n)
	for i := range v {
		v[i] = r.Uint64()
	}
	return v
}

// mine returns values at the party that has them, and nil elsewhere.
func (p *Party) mine(from int, values []uint64) []uint64 {
	if p.index == from {
		return values
	}
	return nil
}

// reveal is Reveal to everyone, of numbers modulo 2^64.
func (p *Party) reveal(x Vec) ([]uint64, error) {
	values, err := p.Reveal(x, everyone)
	if err != nil {
		return nil, err
	}
	words := make([]uint64, len(values))
	for i, v := range values {
		words[i] = uint64(v)
	}
	return words, nil
}

// TestOperations multiplies vectors of all inputs, of lengths around that of a
// message, and opens the results everywhere.
func TestOperations(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000, chunk - 1, chunk, chunk + 1, 3*chunk + 5} {
		in := [Parties][]uint64{numbers(1, n), numbers(2, n), numbers(3, n)}
		none(t, run(t, func(p *Party) error {
			var v [Parties]Vec
			for i := range v {
				var err error
				if v[i], err = p.inputWords(i, n, p.mine(i, in[i])); err != nil {
					return err
				}
				opened, err := p.reveal(v[i])
				if err != nil {
					return err
				}
				require.Equal(t, in[i], opened)
			}
			product := NewVec(n)
			if err := p.Mul(product, v[0], v[1]); err != nil {
				return err
			}
			again := NewVec(n)
			if err := p.Mul(again, product, product); err != nil {
				return err
			}
			opened, err := p.reveal(again)
			if err != nil {
				return err
			}
			var inner uint64
			for i, x := range opened {
				xy := in[0][i] * in[1][i]
				require.Equal(t, xy*xy, x)
				inner += xy * in[2][i]
			}
			dot := NewVec(1)
			if err := p.Dot(dot, product, v[2]); err != nil {
				return err
			}
			total, err := p.reveal(dot)
			if err != nil {
				return err
			}
			require.Equal(t, []uint64{inner}, total)
			return nil
		}))
	}
}

// TestMatrix has more rows than are computed at once, of a length that no message ends with.
func TestMatrix(t *testing.T) {
	rows, inner, cols := runtime.GOMAXPROCS(0)*matrixRows+5, 2, 90
	a, b := numbers(1, rows*inner), numbers(2, inner*cols)
	none(t, run(t, func(p *Party) error {
		x, err := p.inputWords(0, len(a), p.mine(0, a))
		if err != nil {
			return err
		}
		y, err := p.inputWords(1, len(b), p.mine(1, b))
		if err != nil {
			return err
		}
		z := NewVec(rows * cols)
		if err := p.MatMul(z, rows, inner, cols, x, y); err != nil {
			return err
		}
		opened, err := p.reveal(z)
		if err != nil {
			return err
		}
		for i, got := range opened {
			row, column := i/cols, i%cols
			require.Equal(t, a[2*row]*b[column]+a[2*row+1]*b[cols+column], got, "row %d, column %d", row, column)
		}
		return nil
	}))
}

// TestMasks holds what a multiplication without masks would break: what a party
// sends for factors of zero is not zero, differs from run to run of the same
// party, and adds up to zero.
func TestMasks(t *testing.T) {
	const n = chunk + 77
	var sent [2][Parties][]uint64
	none(t, run(t, func(p *Party) error {
		for i := range sent {
			x, z := NewVec(n), NewVec(n)
			if err := p.Mul(z, x, x); err != nil {
				return err
			}
			sent[i][p.index] = z.Parts[0]
		}
		return nil
	}))
	for i := range n {
		for r := range sent {
			require.Zero(t, sent[r][0][i]+sent[r][1][i]+sent[r][2][i])
		}
		for party := range Parties {
			require.NotZero(t, sent[0][party][i])
			require.NotEqual(t, sent[0][party][i], sent[1][party][i])
		}
	}
}

// TestRounding divides halves, from every party and public ones: half of them are rounded up.
// Of 4096 it is more than eight standard deviations of 32 off with a probability below 10^-14.
func TestRounding(t *testing.T) {
	const n = 1 << 12
	halves := make([]uint64, n)
	for i := range halves {
		halves[i] = 1 << 15
	}
	none(t, run(t, func(p *Party) error {
		for from := range Parties + 1 {
			x := NewVec(n)
			p.Shift(x, 1<<15)
			if from < Parties {
				var err error
				if x, err = p.inputWords(from, n, p.mine(from, halves)); err != nil {
					return err
				}
			}
			if err := p.Truncate(x, x.Clone(), 16); err != nil {
				return err
			}
			ones := NewVec(1)
			p.Sum(ones, x)
			up, err := p.reveal(ones)
			if err != nil {
				return err
			}
			require.InDelta(t, n/2, up[0], 8*32, "of party %d", from)
		}
		return nil
	}))
}

// TestMistakes are errors before anything is sent, so that the run can go on.
func TestMistakes(t *testing.T) {
	none(t, run(t, func(p *Party) error {
		two := NewVec(2)
		uneven := Vec{Parts: [][]uint64{make([]uint64, 2), make([]uint64, 1)}}
		require.Error(t, p.Mul(NewVec(1), two, two))
		require.Error(t, p.Mul(two, uneven, two))
		require.Error(t, p.Mul(two, two, uneven))
		require.Error(t, p.Dot(NewVec(1), two, NewVec(3)))
		require.Error(t, p.Dot(NewVec(1), uneven, uneven))
		require.Error(t, p.Dot(two, NewVec(3), NewVec(3)))
		_, err := p.reveal(uneven)
		require.Error(t, err)
		_, err = p.inputWords(3, 1, nil)
		require.Error(t, err)
		_, err = p.inputWords(-1, 1, nil)
		require.Error(t, err)
		_, err = p.inputWords(p.index, 1, nil)
		require.Error(t, err)
		_, err = p.inputWords((p.index+1)%Parties, 1, []uint64{1})
		require.Error(t, err)
		opened, err := p.reveal(two)
		require.Equal(t, []uint64{0, 0}, opened)
		return err
	}))
	_, err := Open(t.Context(), 3, nil, nil, nil)
	require.ErrorContains(t, err, "party 3 is not")
	_, err = Open(t.Context(), 0, nil, nil, make([]byte, 1<<16))
	require.ErrorContains(t, err, "longer than")
}

func TestSharesAreNotPrinted(t *testing.T) {
	v := Vec{Parts: [][]uint64{{77777}, {77777}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x"} {
		require.Equal(t, "engine.Vec(1)", fmt.Sprintf(verb, v))
	}
	require.Equal(t, "engine.Vec(1)", v.LogValue().String())
}

// TestDifferentContexts ends everywhere, although one pair agrees.
func TestDifferentContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs := join(t.Context(), enginetest.Pipes(), func(*Party) error { return nil }, func(i int) []byte { return []byte{byte(i / 2)} })
		for i, err := range errs {
			require.Error(t, err, "party %d", i)
		}
		require.ErrorIs(t, errs[2], session.ErrIncompatible)
		require.ErrorContains(t, errs[2], "contexts differ")
	})
}

// TestWrongPlace joins party 1 in the place of party 2 and the other way round. All
// fail, some perhaps because another one has, and left.
func TestWrongPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// 0 -> 2 -> 1 -> 0 instead of 0 -> 1 -> 2 -> 0.
		errs := enginetest.Pipes().Join(func(i int, next, prev net.Conn) error {
			_, err := Open(t.Context(), (Parties-i)%Parties, next, prev, nil)
			return err
		})
		for i, err := range errs {
			require.Error(t, err, "party %d", i)
		}
		require.ErrorIs(t, errors.Join(errs[:]...), session.ErrIncompatible)
	})
}

// TestMalformed has party 1 send party 0 something else than it should.
func TestMalformed(t *testing.T) {
	for name, f := range map[string]func(p *Party) error{
		"type":   func(p *Party) error { return p.prev.Send(9, make([]byte, 80)) },
		"length": func(p *Party) error { return p.prev.Send(typeWord, make([]byte, 81)) },
	} {
		errs := run(t, func(p *Party) error {
			if p.index == 1 {
				if err := f(p); err != nil {
					return err
				}
			}
			x := NewVec(10)
			return p.Mul(NewVec(10), x, x)
		})
		require.ErrorIs(t, errs[0], session.ErrPeer, name)
		require.Error(t, errs[1], name)
		require.Error(t, errs[2], name)
	}
}

// BenchmarkMul is three Parties in one process over loopback TCP.
func BenchmarkMul(b *testing.B) {
	const n = 1 << 20
	errs := join(b.Context(), enginetest.Loopback(b), func(p *Party) error {
		x, err := p.inputWords(0, n, p.mine(0, numbers(1, n)))
		if err != nil {
			return err
		}
		z := NewVec(n)
		if p.index == 0 {
			b.ResetTimer()
		}
		for range b.N {
			if err := p.Mul(z, x, x); err != nil {
				return err
			}
		}
		if p.index == 0 {
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds()/1e6, "M/s")
		}
		return nil
	}, nil)
	for _, err := range errs {
		require.NoError(b, err)
	}
}
