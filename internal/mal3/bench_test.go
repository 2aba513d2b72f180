package mal3

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// loopback returns links over TCP.
func loopback(tb testing.TB) (links [Parties]link) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer l.Close()
	for i := range links {
		links[i].a, err = net.Dial("tcp", l.Addr().String())
		require.NoError(tb, err)
		links[i].b, err = l.Accept()
		require.NoError(tb, err)
	}
	return links
}

// bench runs f b.N times at three parties over loopback TCP, checks included, and
// reports bytes that party 0 sends for each of n elements, and rounds.
func bench(b *testing.B, n int, f func(p *Party, x, y Vec) error) {
	none(b, join(b.Context(), loopback(b), func(p *Party) error {
		x, err := p.Input(0, n, mine(p, 0, numbers(1, n)))
		if err != nil {
			return err
		}
		y, err := p.Input(1, n, mine(p, 1, numbers(2, n)))
		if err != nil {
			return err
		}
		if p.Index() == 0 {
			b.ResetTimer()
		}
		before := p.Stats()
		for range b.N {
			if err := f(p, x, y); err != nil {
				return err
			}
			if err := p.Check(); err != nil {
				return err
			}
		}
		if p.Index() == 0 {
			b.StopTimer()
			after := p.Stats()
			b.ReportMetric(float64(after.Sent-before.Sent)/float64(b.N*n), "B/element")
			b.ReportMetric(float64(after.Rounds-before.Rounds)/float64(b.N), "rounds")
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds()/1e6, "M/s")
		}
		return nil
	}))
}

// BenchmarkMul is three parties in one process over loopback TCP, with all checks.
func BenchmarkMul(b *testing.B) {
	for _, n := range []int{1, 1000, 1000000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bench(b, n, func(p *Party, x, y Vec) error { return p.Mul(p.NewVec(n), x, y) })
		})
	}
}

func BenchmarkAnd(b *testing.B) {
	for _, n := range []int{1, 1000, 1 << 18} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bench(b, n, func(p *Party, x, y Vec) error {
				return p.And([]Vec{p.NewVec(n)}, []Vec{x}, []Vec{y})
			})
		})
	}
}

func BenchmarkLess(b *testing.B) {
	for _, n := range []int{1, 1000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bench(b, n, func(p *Party, x, y Vec) error {
				d := p.NewVec(n)
				p.Combine(d, 1, x, -1, y)
				_, err := p.Negative(d, 64)
				return err
			})
		})
	}
}

func BenchmarkMatMul(b *testing.B) {
	const n = 256
	bench(b, n*n, func(p *Party, x, y Vec) error { return p.MatMul(p.NewVec(n*n), n, n, n, x, y) })
}
