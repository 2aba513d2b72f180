package many

import (
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// TestCost holds the bytes and rounds that the package comment states.
func TestCost(t *testing.T) {
	const n, header = 640, 5
	for _, parties := range []int{4, 6} {
		none(t, run(t, parties, func(p *Party) error {
			before := p.Stats()
			took := func(name string, sent, rounds int) {
				now := p.Stats()
				if sent >= 0 {
					require.Equal(t, sent, int(now.Sent-before.Sent), "%s, party %d of %d", name, p.index, parties)
				} else {
					t.Logf("%s, party %d of %d: %d bytes an element", name, p.index, parties, int(now.Sent-before.Sent)/n)
				}
				require.Equal(t, rounds, now.Rounds-before.Rounds, name)
				before = now
			}
			only := func(of bool, sent int) int {
				if of {
					return sent
				}
				return 0
			}
			some, columns := p.n-1-p.t, p.bits.columns
			halvings := 0
			for 1<<halvings < p.t+1 {
				halvings++
			}
			masks := 1 + 8*halvings

			x, err := p.Input(1, n, mine(p, 1, make([]int64, n)))
			took("Input", only(p.index == 1, some*(8*n+header)), 1)
			require.NoError(t, err)
			require.NoError(t, p.Mul(p.NewVec(n), x, x))
			took("Mul", only(p.index <= 2*p.t, some*(8*n+header)), 1)
			require.NoError(t, p.Dot(p.NewVec(1), x, x))
			took("Dot", only(p.index <= 2*p.t, some*(8+header)), 1)
			_, err = p.Reveal(x, p.everybody())
			require.NoError(t, err)
			took("Reveal", p.t*(8*n+header)+(p.n-1)*(engine.HistorySize+header), 1)
			b, err := p.RandomBits(n)
			require.NoError(t, err)
			took("RandomBits", only(p.index <= p.t, some*columns*(8*n+header)), 1)
			require.NoError(t, p.And([]Vec{p.NewBits(n)}, []Vec{b}, []Vec{b}))
			took("And", only(p.index <= 2*p.t, some*columns*(8*n+header)), 1)
			_, err = p.Numbers(n, b.Slice(0, n/64))
			require.NoError(t, err)
			took("Numbers", -1, 2+halvings)
			_, err = p.Negative(x, 61)
			require.NoError(t, err)
			took("Negative", -1, masks+9)
			_, err = p.Negative(x, 1)
			require.NoError(t, err)
			took("Negative of one bit", -1, masks+7)
			_, err = p.Zero(x, 8)
			require.NoError(t, err)
			took("Zero", -1, masks+7)
			_, err = p.Decompose(x, 61)
			require.NoError(t, err)
			took("Decompose", -1, masks+8)
			require.NoError(t, p.Truncate(p.NewVec(n), x, 20))
			took("Truncate", -1, masks+3+halvings)
			require.NoError(t, p.Truncate(p.NewVec(n), x, 60))
			took("Truncate by more than 59", -1, masks+9+2+halvings)
			return nil
		}))
	}
}

// loopback returns streams over TCP.
func loopback(tb testing.TB, n int) [][]io.ReadWriter {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer l.Close()
	s := make([][]io.ReadWriter, n)
	for i := range s {
		s[i] = make([]io.ReadWriter, n)
		for j := range i {
			s[i][j], err = net.Dial("tcp", l.Addr().String())
			require.NoError(tb, err)
			s[j][i], err = l.Accept()
			require.NoError(tb, err)
		}
	}
	return s
}

// benchmark runs f, of n elements, with each number of parties in this process over loopback TCP,
// and reports elements a second, and bytes that party 0 sends for each and rounds.
func benchmark(b *testing.B, counts []int, n int, f func(p *Party, x Vec) error) {
	for _, parties := range counts {
		b.Run(fmt.Sprint(parties), func(b *testing.B) {
			for _, err := range join(b.Context(), loopback(b, parties), nil, func(p *Party) error {
				x, err := p.Input(0, n, mine(p, 0, make([]int64, n)))
				if err != nil {
					return err
				}
				before := p.Stats()
				if p.index == 0 {
					b.ResetTimer()
				}
				for range b.N {
					if err := f(p, x); err != nil {
						return err
					}
				}
				if p.index == 0 {
					now := p.Stats()
					b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds()/1e6, "M/s")
					b.ReportMetric(float64(now.Sent-before.Sent)/float64(b.N)/float64(n), "B/element")
					b.ReportMetric(float64(now.Rounds-before.Rounds)/float64(b.N), "rounds")
				}
				return nil
			}) {
				require.NoError(b, err)
			}
		})
	}
}

// some are few and many parties.
var some = []int{4, 5, 7, 16}

func BenchmarkMul(b *testing.B) {
	benchmark(b, some, 1<<17, func(p *Party, x Vec) error { return p.Mul(p.NewVec(x.Len()), x, x) })
}

func BenchmarkNegative(b *testing.B) {
	benchmark(b, some, 1<<12, func(p *Party, x Vec) error {
		_, err := p.Negative(x, 61)
		return err
	})
}

func BenchmarkPrepare(b *testing.B) {
	benchmark(b, some, 1<<12, func(p *Party, x Vec) error {
		defer p.readyMasks.drop()
		return p.Prepare(engine.Demand{Comparisons: x.Len()})
	})
}

func BenchmarkTruncate(b *testing.B) {
	benchmark(b, some, 1<<12, func(p *Party, x Vec) error { return p.Truncate(p.NewVec(x.Len()), x, 20) })
}
