package mpc

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// loopback returns streams over TCP.
func loopback(tb testing.TB) (s streams) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer l.Close()
	for i := range s {
		s[i] = make([]io.ReadWriter, parties)
	}
	for i := range s {
		j := (i + 1) % parties
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(tb, err)
		d, err := l.Accept()
		require.NoError(tb, err)
		s[i][j], s[j][i] = c, d
	}
	return s
}

// benchmark runs f, of n elements, with three parties in this process over loopback
// TCP.
func benchmark(b *testing.B, n int, r Range, f func(ctx context.Context, e *Engine, x, y *Vec) error) {
	b.Helper()
	benchmarkAgainst(b, SemiHonest, n, r, f)
}

// benchmarkAgainst is benchmark with an adversary.
func benchmarkAgainst(b *testing.B, a Adversary, n int, r Range, f func(ctx context.Context, e *Engine, x, y *Vec) error) {
	errs := against(b.Context(), a, loopback(b), func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 0, n, r, e.mine(0, numbers(1, n, r)))
		if err != nil {
			return err
		}
		y, err := e.Input(ctx, 1, n, r, e.mine(1, numbers(2, n, r)))
		if err != nil {
			return err
		}
		if e.Self() == 0 {
			b.ResetTimer()
		}
		for range b.N {
			if err := f(ctx, e, x, y); err != nil {
				return err
			}
		}
		if e.Self() == 0 {
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds()/1e6, "M/s")
		}
		return nil
	})
	for _, err := range errs {
		require.NoError(b, err)
	}
}

// Ranges of factors, and of what is compared.
var small, wide = Range{-1000, 1000}, Range{-1 << 61, 1 << 61}

func BenchmarkMul(b *testing.B) {
	benchmark(b, 1_000_000, small, func(ctx context.Context, e *Engine, x, y *Vec) error {
		return second(e.Mul(ctx, x, y))
	})
}

func BenchmarkMatMul(b *testing.B) {
	benchmark(b, 512*512, small, func(ctx context.Context, e *Engine, x, y *Vec) error {
		return second(e.MatMul(ctx, 512, 512, 512, x, y))
	})
}

func BenchmarkLess(b *testing.B) {
	benchmark(b, 1_000_000, wide, func(ctx context.Context, e *Engine, x, y *Vec) error {
		return second(e.Less(ctx, x, y))
	})
}

func BenchmarkEqual(b *testing.B) {
	benchmark(b, 1_000_000, wide, func(ctx context.Context, e *Engine, x, y *Vec) error {
		return second(e.Equal(ctx, x, y))
	})
}

func BenchmarkMulFixed(b *testing.B) {
	benchmark(b, 1_000_000, small, func(ctx context.Context, e *Engine, x, y *Vec) error {
		x, err := x.Halve(4)
		if err != nil {
			return err
		}
		return second(e.MulFixed(ctx, x, y))
	})
}

func BenchmarkDiv(b *testing.B) {
	benchmark(b, 10_000, Range{1, 1<<30 - 1}, func(ctx context.Context, e *Engine, x, y *Vec) error {
		return second(e.Div(ctx, x, y, 10))
	})
}
