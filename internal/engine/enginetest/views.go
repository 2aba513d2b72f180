package enginetest

import (
	"fmt"
	"math"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// A Frame is a message from one party to another one.
type Frame struct {
	Type    byte
	Payload []byte
}

// frameHeader is what package session puts before a payload.
const frameHeader = 5

// A Recorder keeps what parties send. Its Tap is to be put around the end of every
// connection.
type Recorder struct {
	mu    sync.Mutex
	links map[[2]int][]Frame
}

// Tap returns a connection by which one party sends to another one.
func (r *Recorder) Tap(from, to int, c net.Conn) net.Conn {
	return &tap{Conn: c, r: r, link: [2]int{from, to}}
}

type tap struct {
	net.Conn
	r     *Recorder
	link  [2]int
	hello bool // was sent, by one call as each frame is
}

func (c *tap) Write(b []byte) (int, error) {
	if !c.hello {
		c.hello = true
		return c.Conn.Write(b)
	}
	c.r.mu.Lock()
	if c.r.links == nil {
		c.r.links = make(map[[2]int][]Frame)
	}
	c.r.links[c.link] = append(c.r.links[c.link], Frame{b[0], slices.Clone(b[frameHeader:])})
	c.r.mu.Unlock()
	return c.Conn.Write(b)
}

// Sent returns what a party has sent so far, to each of so many others. To itself it is
// nothing.
func (r *Recorder) Sent(from, parties int) [][]Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	frames := make([][]Frame, parties)
	for to := range frames {
		frames[to] = slices.Clone(r.links[[2]int{from, to}])
	}
	return frames
}

// Below is the most that a statistic of so many cells may be, for counts that are all
// expected to be alike: that chi-square of one degree of freedom less is larger has a
// probability below 2^-40 [Laurent and Massart, Adaptive Estimation of a Quadratic
// Functional by Model Selection, Annals of Statistics 2000, lemma 1].
func below(cells int) float64 {
	x, k := 40*math.Ln2, float64(cells-1)
	return k + 2*math.Sqrt(k*x) + 2*x
}

// Uniform fails the test if counts, of things that are all as likely, are too far from each
// other: wrongly with a probability of about 2^-40, if they are at least some four each.
func Uniform(t *testing.T, what string, counts []int) {
	t.Helper()
	total := 0
	for _, c := range counts {
		total += c
	}
	require.GreaterOrEqual(t, total, 4*len(counts), what)
	expected, statistic := float64(total)/float64(len(counts)), 0.0
	for _, c := range counts {
		statistic += (float64(c) - expected) * (float64(c) - expected) / expected
	}
	require.Less(t, statistic, below(len(counts)), "%s: %d of %d cells", what, total, len(counts))
}

// UniformBytes is Uniform for the values of bytes.
func UniformBytes(t *testing.T, what string, b []byte) {
	t.Helper()
	var counts [256]int
	for _, v := range b {
		counts[v]++
	}
	Uniform(t, what, counts[:])
}

// A Tapped is a [Join] of parties with coins that are the same in every run, if they have
// such, and with connections that are tapped.
type Tapped func(t *testing.T, tap func(from, to int, c net.Conn) net.Conn, f func(p engine.Party) error) []error

// Views runs every method with different secrets and the same coins: each party sends
// messages of the same types and lengths in the same order in the same rounds. All bytes that it
// sends to another one, of which random returns those of a frame that have to be, are uniform,
// be the secrets zeros or not; but for Reveal, and where they are few. What a party
// has to check it checks at once.
func Views(t *testing.T, parties int, join Tapped, random func(f Frame) []byte) {
	const n = 64 * 64
	everybody := make([]bool, parties)
	for i := range everybody {
		everybody[i] = true
	}
	type operands struct {
		numbers []int64 // of one party, and as a vector
		words   []uint64
		x, y    engine.Vec // numbers
		u, v    engine.Vec // words
	}
	operations := map[string]func(p engine.Party, o operands) error{
		"Input": func(p engine.Party, o operands) error {
			return second(p.Input(parties-1, n, mine(p, parties-1, o.numbers)))
		},
		"InputBits": func(p engine.Party, o operands) error {
			return second(p.InputBits(parties-1, n, mine(p, parties-1, o.words)))
		},
		"Mul":    func(p engine.Party, o operands) error { return p.Mul(p.NewVec(n), o.x, o.y) },
		"Dot":    func(p engine.Party, o operands) error { return p.Dot(p.NewVec(n), o.x, o.y) },
		"MatMul": func(p engine.Party, o operands) error { return p.MatMul(p.NewVec(n), 64, 64, 64, o.x, o.y) },
		"And": func(p engine.Party, o operands) error {
			return p.And([]engine.Vec{p.NewBits(n)}, []engine.Vec{o.u}, []engine.Vec{o.v})
		},
		"RandomBits": func(p engine.Party, o operands) error { return second(p.RandomBits(n)) },
		"Numbers": func(p engine.Party, o operands) error {
			planes := make([]engine.Vec, 8)
			for k := range planes {
				planes[k] = o.u.Slice(k*n/64, (k+1)*n/64)
			}
			return second(p.Numbers(n, planes...))
		},
		"Negative":  func(p engine.Party, o operands) error { return second(p.Negative(o.x, 61)) },
		"Zero":      func(p engine.Party, o operands) error { return second(p.Zero(o.x, 61)) },
		"Decompose": func(p engine.Party, o operands) error { return second(p.Decompose(o.x.Slice(0, n/8), 61)) },
		"Truncate":  func(p engine.Party, o operands) error { return p.Truncate(p.NewVec(n), o.x, 20) },
		"Reveal":    func(p engine.Party, o operands) error { return second(p.Reveal(o.x, everybody)) },
		"Sort": func(p engine.Party, o operands) error {
			if s := sorter(p); s != nil {
				return second(s.Sort(n, o.u.Slice(0, 3*n/64), 3, []engine.Vec{o.x}))
			}
			return nil
		},
		"Shuffle": func(p engine.Party, o operands) error {
			if s := sorter(p); s != nil {
				return second(s.Shuffle([]engine.Vec{o.x}))
			}
			return nil
		},
		"Shuffle of words": func(p engine.Party, o operands) error {
			if s, ok := p.(engine.Shuffler); ok {
				_, _, err := s.Shuffle([]engine.Vec{o.y}, []engine.Vec{o.u, o.v})
				return err
			}
			return nil
		},
	}
	for name, f := range operations {
		var shapes [2][]string
		held := 0
		for k, o := range []operands{
			{numbers: make([]int64, n), words: make([]uint64, n)},
			{numbers: numbers(1, n, 1<<58), words: words(1, n)},
		} {
			var r Recorder
			shapes[k] = make([]string, parties)
			sent := make([][][]Frame, parties)
			errs := join(t, r.Tap, func(p engine.Party) (err error) {
				i, o := p.Index(), o
				if o.x, err = p.Input(0, n, mine(p, 0, o.numbers)); err != nil {
					return err
				}
				if o.y, err = p.Input(1, n, mine(p, 1, o.numbers)); err != nil {
					return err
				}
				if o.u, err = p.InputBits(0, n, mine(p, 0, o.words)); err != nil {
					return err
				}
				if o.v, err = p.InputBits(1, n, mine(p, 1, o.words)); err != nil {
					return err
				}
				before, rounds := r.Sent(i, parties), p.Stats().Rounds
				if err = f(p, o); err == nil {
					err = check(p)
				}
				sent[i] = r.Sent(i, parties)
				for to := range before {
					sent[i][to] = sent[i][to][len(before[to]):]
				}
				shapes[k][i] = fmt.Sprint(p.Stats().Rounds-rounds, " rounds")
				return err
			})
			for i, err := range errs {
				require.NoError(t, err, "%s, party %d", name, i)
			}
			for i := range parties {
				for to, frames := range sent[i] {
					shapes[k][i] += fmt.Sprintf("; to %d", to)
					var masked []byte
					for _, frame := range frames {
						shapes[k][i] += fmt.Sprintf(" %d:%d", frame.Type, len(frame.Payload))
						masked = append(masked, random(frame)...)
					}
					if name != "Reveal" && len(masked) >= 4*256 {
						held++
						UniformBytes(t, fmt.Sprintf("%s, party %d to %d", name, i, to), masked)
					}
				}
			}
		}
		require.Equal(t, shapes[0], shapes[1], name)
		switch name {
		case "Input", "InputBits", "RandomBits", "Reveal", "Sort", "Shuffle", "Shuffle of words":
			// In some protocols nothing long is sent.
		default:
			require.NotZero(t, held, name)
		}
	}
}

// check has a party check what it has computed, if its protocol does that later.
func check(p engine.Party) error {
	if c, ok := p.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// mine returns values at the party that has them, and nil elsewhere.
func mine[T any](p engine.Party, from int, values []T) []T {
	if p.Index() == from {
		return values
	}
	return nil
}

func second[T any](_ T, err error) error { return err }

// sorter returns how p sorts by itself, or nil if it does not.
func sorter(p engine.Party) engine.Sorter {
	switch p := p.(type) {
	case engine.Sorter:
		return p
	case engine.Shuffler:
		return engine.Radix{Shuffler: p}
	}
	return nil
}
