package mpc

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// A tap notes the length of each frame that a party writes to another one, which is one
// call each.
type tap struct {
	net.Conn
	mu      *sync.Mutex
	lengths *[]int
}

func (c tap) Write(b []byte) (int, error) {
	c.mu.Lock()
	*c.lengths = append(*c.lengths, len(b))
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// lengthsOf runs f with a protocol, and returns the lengths of all frames by link, that with the
// dealer included, and the rounds of each party.
func lengthsOf(t *testing.T, parties int, config func(self int, dealer io.ReadWriter) *Config, f func(ctx context.Context, e *Engine) error) (links map[string]*[]int, rounds []int) {
	links, rounds = make(map[string]*[]int), make([]int, parties)
	var mu sync.Mutex
	tapped := func(name string, c io.ReadWriter) io.ReadWriter {
		links[name] = new([]int)
		return tap{c.(net.Conn), &mu, links[name]}
	}
	synctest.Test(t, func(t *testing.T) {
		s := mesh(parties)
		for i := range s {
			for j := range s {
				if i != j {
					s[i][j] = tapped(fmt.Sprint(i, " to ", j), s[i][j])
				}
			}
		}
		var here, there [2]io.ReadWriter
		for i := range here {
			here[i], there[i] = net.Pipe()
			here[i] = tapped(fmt.Sprint(i, " to the dealer"), here[i])
			there[i] = tapped(fmt.Sprint("the dealer to ", i), there[i])
		}
		var running sync.WaitGroup
		running.Go(func() { Deal(t.Context(), there, "court", []byte("test")) })
		for i := range parties {
			running.Go(func() {
				e, err := New(t.Context(), i, s[i], config(i, here[i%2]))
				if err == nil {
					err = f(t.Context(), e)
					rounds[i] = e.Stats().Rounds
					err = e.Close(err)
				}
				if i < 2 {
					here[i].(io.Closer).Close()
				}
				require.NoError(t, err)
			})
		}
		running.Wait()
	})
	return links, rounds
}

// TestLengths runs operations of all kinds with different secrets: messages have the same lengths
// in the same order on every link, and rounds are the same. Secrets are zeros, ones at the
// ends of their range, all the same and all different, and already in order or not.
func TestLengths(t *testing.T) {
	const n = 9
	r := Range{1, 1 << 20}
	secrets := [][2][]int64{{make([]int64, n), make([]int64, n)}, {numbers(1, n, r), numbers(2, n, r)}, {make([]int64, n), make([]int64, n)}}
	for i := range n {
		secrets[0][0][i], secrets[0][1][i] = r.Min, r.Min
		secrets[2][0][i], secrets[2][1][i] = r.Max-int64(i), r.Min+int64(i)
	}
	if testing.Short() {
		secrets = secrets[1:]
	}
	for _, o := range []struct {
		name string
		f    func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error
	}{
		{"Mul", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Mul(ctx, x, y)) }},
		{"Dot", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Dot(ctx, x, y)) }},
		{"MatMul", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error {
			return second(e.MatMul(ctx, 3, 3, 3, x, y))
		}},
		{"Less", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Less(ctx, x, y)) }},
		{"Equal", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Equal(ctx, x, y)) }},
		{"Select", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Select(ctx, b, x, y)) }},
		{"Decompose", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Decompose(ctx, x)) }},
		{"Truncate", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error {
			x, _ = x.Halve(7)
			return second(e.Truncate(ctx, x, 1))
		}},
		{"Open", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Open(ctx, x, 0, 1)) }},
		{"OpenBits", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.OpenBits(ctx, b, 1)) }},
		{"Div", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Div(ctx, x, y, 9)) }},
		{"Sort", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Sort(ctx, x, x, y)) }},
		{"Compact", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Compact(ctx, b, x)) }},
		{"Group", func(ctx context.Context, e *Engine, x, y *Vec, b *Bits) error { return second(e.Group(ctx, x, y)) }},
	} {
		for name, p := range protocols {
			if p.parties == 2 && !strings.Contains(name, "dealer") && (testing.Short() || o.name != "Less") {
				continue // triples do not depend on inputs, and take time to make
			}
			if name == "five" && (testing.Short() || o.name != "Mul") {
				continue // they do what four do
			}
			if o.name == "Div" && p.parties > 3 || o.name == "Group" && name != "three" {
				continue
			}
			var links map[string]*[]int
			var rounds []int
			for k, secret := range secrets {
				newLinks, newRounds := lengthsOf(t, p.parties, p.config, func(ctx context.Context, e *Engine) error {
					x, err := e.Input(ctx, 0, n, r, e.mine(0, secret[0]))
					if err != nil {
						return err
					}
					y, err := e.Input(ctx, 1, n, r, e.mine(1, secret[1]))
					if err != nil {
						return err
					}
					b, err := e.Less(ctx, x, y)
					if err != nil {
						return err
					}
					return o.f(ctx, e, x, y, b)
				})
				if k > 0 {
					require.Equal(t, links, newLinks, "%s: %s", name, o.name)
					require.Equal(t, rounds, newRounds, "%s: %s", name, o.name)
				}
				links, rounds = newLinks, newRounds
			}
			total := 0
			for _, lengths := range links {
				total += len(*lengths)
			}
			require.Greater(t, total, 10*p.parties, name)
		}
	}
}
