package many

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/field"
)

// TestViews holds that what a party sees does not depend on secrets.
func TestViews(t *testing.T) { views(t, engine.Demand{}) }

// TestPreparedViews is TestViews with masks that are ready, for all that a call takes or less.
func TestPreparedViews(t *testing.T) {
	views(t, engine.Demand{Comparisons: 64 * 60, Bits: 8 * 64 * 64})
}

func views(t *testing.T, ready engine.Demand) {
	const parties = 5
	enginetest.Views(t, parties, func(t *testing.T, tap func(from, to int, c net.Conn) net.Conn, f func(p engine.Party) error) (errs []error) {
		synctest.Test(t, func(t *testing.T) {
			streams := pipes(parties)
			for i := range streams {
				for j, rw := range streams[i] {
					if j != i {
						streams[i][j] = tap(i, j, rw.(net.Conn))
					}
				}
			}
			errs = join(t.Context(), streams, nil, func(p *Party) error {
				if err := p.Prepare(ready); err != nil {
					return err
				}
				return f(p)
			})
		})
		return errs
	}, func(f enginetest.Frame) []byte {
		switch f.Type {
		case typeWord:
			return f.Payload
		case typeNumber:
			return low(f.Payload)
		}
		return nil
	})
}

// low returns the lowest seven bytes of each number: of a random one below 2^61 - 1, these are
// uniform but for 2^-61, and the highest has five bits.
func low(payload []byte) []byte {
	b := make([]byte, 0, len(payload)/8*7)
	for ; len(payload) > 0; payload = payload[8:] {
		b = append(b, payload[:7]...)
	}
	return b
}

// TestSimulation compares what t of the parties see in a multiplication, and the outputs of
// the others, with what a simulator makes of the inputs: what others deal to them is random,
// and their shares of the product follow. The others' shares are on the polynomial of these
// and of the product.
func TestSimulation(t *testing.T) {
	const n, parties, threshold = 1 << 13, 5, 2
	x, y := make([]int64, n), make([]int64, n) // zeros are what would show first
	for i := range x {
		x[i] = int64(i) << 40
	}
	var dealt [parties][]Vec
	none(t, run(t, parties, func(p *Party) error {
		u, err := p.Input(0, n, mine(p, 0, x))
		if err != nil {
			return err
		}
		v, err := p.Input(1, n, mine(p, 1, y))
		if err != nil {
			return err
		}
		product := p.NewVec(n)
		for i, a := range u.Parts[0] {
			product.Parts[0][i] = field.Mul(a, v.Parts[0][i])
		}
		dealt[p.index], err = p.redeal(p.numbers, product)
		return err
	}))
	s := newNumbers(0, parties, threshold)
	random := rand.New(rand.NewPCG(7, 8))
	for first := range parties {
		for second := range first {
			corrupted := [threshold]int{first, second}
			// What is dealt, by party and dealer.
			view := func(of func(party, dealer int) []uint64) (names []string, columns [][]uint64) {
				names, columns = []string{"x"}, [][]uint64{elements(x).Parts[0]}
				points := []uint64{0}
				outputs := []Vec{s.new(n)} // the product, which is zero
				for _, i := range corrupted {
					z := s.new(n)
					for d := range parties {
						share := of(i, d)
						for k, a := range share {
							z.Parts[0][k] = field.Add(z.Parts[0][k], a)
						}
						if d != first && d != second {
							names, columns = append(names, fmt.Sprint(d, " to ", i)), append(columns, share)
						}
					}
					points, outputs = append(points, uint64(i+1)), append(outputs, z)
				}
				for i := range parties {
					z := s.new(n)
					s.combine(z, outputs, s.lagrange(uint64(i+1), points))
					names, columns = append(names, fmt.Sprint("the output of ", i)), append(columns, z.Parts[0])
				}
				return names, columns
			}
			names, seen := view(func(i, d int) []uint64 { return dealt[i][d].Parts[0] })
			for i := range parties {
				require.Equal(t, s.sum(dealt[i]).Parts[0], seen[len(seen)-parties+i])
			}
			_, simulated := view(func(i, d int) []uint64 {
				if d == first || d == second {
					return dealt[i][d].Parts[0] // they know what they deal
				}
				share := make([]uint64, n)
				for k := range share {
					share[k] = random.Uint64N(1<<61 - 1)
				}
				return share
			})
			enginetest.Compare(t, names, seen, simulated)
		}
	}
}
