package mal3

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// A tap sees each frame that a party writes to another one, and may alter what is in
// it. Frames are written by one call each; the first call writes the hello.
type tap struct {
	net.Conn
	mu       sync.Mutex
	hello    bool
	types    []byte
	payloads [][]byte
	alter    func(frame int, typ byte, payload []byte, before [][]byte)
	from     int // if not zero, this frame and those after it are lost
}

const frameHeader = 5

// typeHistory is what package rep3 sends histories as.
const typeHistory = 3

func (c *tap) Write(b []byte) (int, error) {
	c.mu.Lock()
	if c.from > 0 && len(c.types) >= c.from {
		c.mu.Unlock()
		return len(b), nil
	}
	if !c.hello {
		c.hello = true
	} else {
		b = slices.Clone(b)
		if c.alter != nil {
			c.alter(len(c.types), b[0], b[frameHeader:], c.payloads)
		}
		c.types = append(c.types, b[0])
		c.payloads = append(c.payloads, b[frameHeader:])
	}
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *tap) frames() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.types)
}

// count returns how many frames of a type the party wrote.
func (c *tap) count(typ byte) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.types {
		if t == typ {
			n++
		}
	}
	return n
}

// tapped returns a ring in which party i writes to party i+1 by taps[i][1], and to party
// i-1 by taps[i][0].
func tapped() (ring enginetest.Ring, taps [Parties][2]*tap) {
	ring = enginetest.Pipes()
	for i := range ring {
		taps[i][1] = &tap{Conn: ring[i][0]}
		ring[i][0] = taps[i][1]
		next := (i + 1) % Parties
		taps[next][0] = &tap{Conn: ring[i][1]}
		ring[i][1] = taps[next][0]
	}
	return ring, taps
}

// A result is what a program opened at one party.
type result struct {
	values []int64
	words  []uint64
}

const programSize = 5

// program has every kind of operation, and opens its inputs and results. It calls
// inputs when inputs are shared, and opening when all is checked.
func program(p *Party, inputs, opening func()) (r result, err error) {
	const n = programSize
	x, err := p.Input(0, n, mine(p, 0, numbers(1, n)))
	if err != nil {
		return r, err
	}
	y, err := p.Input(1, n, mine(p, 1, numbers(2, n)))
	if err != nil {
		return r, err
	}
	u, err := p.InputBits(2, n, mine(p, 2, words(3, n)))
	if err != nil {
		return r, err
	}
	inputs()
	xy, dot, matrix, half := p.NewVec(n), p.NewVec(1), p.NewVec(4), p.NewVec(n)
	if err := p.Mul(xy, x, y); err != nil {
		return r, err
	}
	if err := p.Dot(dot, xy, y); err != nil {
		return r, err
	}
	if err := p.MatMul(matrix, 2, 2, 2, x.Slice(0, 4), xy.Slice(0, 4)); err != nil {
		return r, err
	}
	negative, err := p.Negative(x, 64)
	if err != nil {
		return r, err
	}
	ones, err := p.Numbers(n, negative)
	if err != nil {
		return r, err
	}
	small := p.NewVec(n) // -1 or 1
	p.Combine(small, -2, ones[0], 0, ones[0])
	p.Shift(small, 1)
	if err := p.Truncate(half, small, 3); err != nil {
		return r, err
	}
	uu := p.NewBits(n)
	v := u.Clone()
	p.Not(v)
	if err := p.And([]Vec{uu}, []Vec{u.Slice(0, n)}, []Vec{engine.Concat(v.Slice(1, n), u.Slice(0, 1))}); err != nil {
		return r, err
	}
	moved, movedWords, err := p.Shuffle([]Vec{x, xy}, []Vec{u})
	if err != nil {
		return r, err
	}
	if err := p.Check(); err != nil {
		return r, err
	}
	opening()
	all := engine.Concat(x, y, xy, dot, matrix, ones[0], half, moved[0], moved[1])
	values, err := p.Reveal(all, everyone)
	if err != nil {
		return r, err
	}
	words, err := p.RevealBits(engine.Concat(u, uu, movedWords[0]), everyone)
	return result{values, words}, err
}

// right reports whether the results are those of the inputs, and the inputs those of
// all parties but the one that is corrupted.
func (r result) right(corrupted int) error {
	const n = programSize
	take := func(k int) (v []int64) {
		v, r.values = r.values[:k], r.values[k:]
		return v
	}
	x, y, xy, dot, matrix, ones, half := take(n), take(n), take(n), take(1), take(4), take(n), take(n)
	moved, movedProducts := take(n), take(n)
	if corrupted != 0 && !slices.Equal(x, numbers(1, n)) || corrupted != 1 && !slices.Equal(y, numbers(2, n)) ||
		corrupted != 2 && !slices.Equal(r.words[:n], words(3, n)) {
		return errors.New("an honest party's input")
	}
	var sum int64
	for i := range n {
		sum += xy[i] * y[i]
		one := int64(0)
		if x[i] < 0 {
			one = 1
		}
		w := ^r.words[(i+1)%n]
		if i == n-1 {
			w = r.words[0]
		}
		if xy[i] != x[i]*y[i] || ones[i] != one || half[i] != -one || r.words[n+i] != r.words[i]&w {
			return fmt.Errorf("element %d", i)
		}
	}
	for i, k := range moved {
		from := slices.Index(x, k)
		if from < 0 || slices.Contains(moved[:i], k) || movedProducts[i] != xy[from] || r.words[2*n+i] != r.words[from] {
			return fmt.Errorf("row %d of the shuffle", i)
		}
	}
	for i := range 4 {
		if matrix[i] != x[i/2*2]*xy[i%2]+x[i/2*2+1]*xy[2+i%2] {
			return errors.New("the product of matrices")
		}
	}
	if dot[0] != sum {
		return errors.New("the inner product")
	}
	return nil
}

// TestOpensTogether has two honest parties disagree about what they open, while the third one
// tells each of them what it says itself: neither sends the third one anything of it, whether
// something was computed before or not.
func TestOpensTogether(t *testing.T) {
	const corrupted, honest, other = 0, 1, 2
	histories := [Parties]engine.History{honest: {Calls: 1}, other: {Calls: 2}}
	for _, computed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ring, taps := tapped()
			for k, to := range [2]int{other, honest} { // the previous and the next party
				taps[corrupted][k].alter = func(_ int, typ byte, payload []byte, _ [][]byte) {
					if typ == typeHistory {
						copy(payload, histories[to].Bytes())
					}
				}
			}
			errs := join(t.Context(), ring, func(p *Party) error {
				x, err := p.Input(honest, 3, mine(p, honest, []int64{1, 2, 3}))
				if err != nil {
					return err
				}
				if computed {
					if err := p.Mul(p.NewVec(3), x, x); err != nil {
						return err
					}
				}
				p.Follow(histories[p.Index()])
				_, err = p.Reveal(x, []bool{corrupted: true, other: false})
				return err
			})
			require.Error(t, errs[honest])
			require.Error(t, errs[other])
			require.Zero(t, taps[honest][0].count(typeWord)+taps[other][1].count(typeDigest))
		})
	}
}

// TestRushing has a party keep from one of the others what it computed, and all that it sends
// there from then on, and tell the third one that it is ready: neither of the two opens a
// challenge for what is missing, so that the party cannot choose it by what it has heard.
func TestRushing(t *testing.T) {
	const corrupted, without, third = 1, 0, 2
	// lost returns what all sent until everybody was done, or waited for what did not come.
	lost := func(from int) (taps [Parties][2]*tap) {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			var ring enginetest.Ring
			ring, taps = tapped()
			taps[corrupted][0].from = from
			var running sync.WaitGroup
			running.Go(func() {
				join(ctx, ring, func(p *Party) error {
					x, err := p.Input(third, 3, mine(p, third, []int64{1, 2, 3}))
					if err != nil {
						return err
					}
					if err := p.Mul(p.NewVec(3), x, x); err != nil {
						return err
					}
					if err := p.MatMul(p.NewVec(3), 3, 1, 1, x, x.Slice(0, 1)); err != nil {
						return err
					}
					if err := p.And([]Vec{p.NewBits(3)}, []Vec{x}, []Vec{x}); err != nil {
						return err
					}
					if _, _, err := p.Shuffle([]Vec{x}, []Vec{x}); err != nil {
						return err
					}
					return p.Check()
				})
			})
			synctest.Wait()
			stop()
			running.Wait()
		})
		return taps
	}
	sent := lost(0)[corrupted][0].types
	products := 0
	for k, typ := range sent {
		// Behind a product comes a history before a challenge, and a summand that is opened
		// is not followed by one.
		history, short := slices.Index(sent[k:], typeHistory), slices.Index(sent[k:], typeShort)
		if typ == typeShort || typ == typeHistory || k == 0 || history > short || short < 0 {
			continue
		}
		products++
		before := 0
		for _, typ := range sent[:k] {
			if typ == typeShort {
				before++
			}
		}
		taps := lost(k)
		for _, link := range []*tap{taps[without][1], taps[third][0]} {
			require.Equal(t, before, link.count(typeShort), "without frame %d, of type %d", k, typ)
		}
	}
	// Three, two for each column of the shuffle, c of numbers, and cross sums and c of bits.
	require.Equal(t, 10, products)
}

// alterations are what a corrupted party does to a message. They return nothing; what
// is left as it was is no deviation.
var alterations = map[string]func(payload []byte, before [][]byte){
	"first bit": func(b []byte, _ [][]byte) { b[0] ^= 1 },
	"last bit":  func(b []byte, _ [][]byte) { b[len(b)-1] ^= 0x80 },
	"bit 63": func(b []byte, _ [][]byte) {
		b[min(7, len(b)-1)] ^= 0x80 // by which an error vanishes if it is doubled
	},
	"sum": func(b []byte, _ [][]byte) {
		if len(b) >= 8 {
			binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)+12345)
		}
	},
	"zeros": func(b []byte, _ [][]byte) { clear(b) },
	"swap": func(b []byte, _ [][]byte) {
		if half := len(b) / 2; half > 0 {
			copy(b, slices.Concat(b[half:2*half], b[:half]))
		}
	},
	"replay": func(b []byte, before [][]byte) {
		for _, old := range slices.Backward(before) {
			if len(old) == len(b) {
				copy(b, old)
				return
			}
		}
	},
}

// attack runs the program with one frame of one party altered, and says what became
// of it at the others.
func attack(t *testing.T, corrupted, direction, frame int, alter func([]byte, [][]byte)) {
	ring, taps := tapped()
	changed := false
	var inputs, opening int // frames on the link at that time
	link := taps[corrupted][direction]
	// What is altered of a product in its upper 64 bits only is no deviation of which
	// anything could come: they are there for the check alone, which may miss it. A history
	// that one honest party takes for another one does not keep the other from going on.
	harmless := false
	link.alter = func(k int, typ byte, payload []byte, before [][]byte) {
		if k == frame && len(payload) > 0 {
			old := slices.Clone(payload)
			alter(payload, before)
			changed = !slices.Equal(old, payload)
			harmless = typ == typeWide || typ == typeHistory
			for i := range old {
				harmless = harmless && (old[i] == payload[i] || i%wideSize >= 8 || typ == typeHistory)
			}
		}
	}
	var results [Parties]*result
	opening = -1
	errs := join(t.Context(), ring, func(p *Party) error {
		r, err := program(p, func() {
			if p.Index() == corrupted {
				inputs = link.frames()
			}
		}, func() {
			if p.Index() == corrupted {
				opening = link.frames()
			}
		})
		if err == nil {
			results[p.Index()] = &r
		}
		return err
	})
	what := fmt.Sprintf("party %d, direction %d, frame %d of type %d", corrupted, direction, frame, link.types[min(frame, link.frames()-1)])
	failed := false
	for i, err := range errs {
		if i == corrupted {
			continue
		}
		failed = failed || err != nil
		if results[i] != nil {
			require.NoError(t, results[i].right(corrupted), what)
		}
		if err != nil {
			class := errors.Is(err, session.ErrPeer) || errors.Is(err, session.ErrAborted) ||
				errors.Is(err, session.ErrIncompatible) && link.types[frame] == typeHistory
			require.True(t, class, "%s: %v", what, err)
		}
	}
	if !changed {
		return
	}
	// An altered input is an input. The stream's own checksums, which the harness does
	// not mend as a party would, end the run in any case, but only at its end.
	require.True(t, failed, what)
	if harmless || frame < inputs && frame > 0 || opening >= 0 && frame >= opening {
		return
	}
	for i := range Parties {
		if i != corrupted {
			require.Zero(t, taps[i][0].count(typeWord)+taps[i][1].count(typeWord), "%s: party %d opened something", what, i)
		}
	}
}

// TestAttacks alters each message of each party in several ways: no honest party ever
// has a wrong result, and if the message is from before the opening no honest party
// opens anything. A deviation passes with a probability below 2^-58. Ways come in turn,
// one for each message, so that the test takes a second; with -long, all for each.
func TestAttacks(t *testing.T) {
	names := make([]string, 0, len(alterations))
	for name := range alterations {
		names = append(names, name)
	}
	slices.Sort(names)
	every := len(names)
	switch {
	case *long:
		every = 1
	case testing.Short():
		every = 2*len(names) + 1
	}
	synctest.Test(t, func(t *testing.T) {
		ring, taps := tapped()
		none(t, join(t.Context(), ring, func(p *Party) error {
			r, err := program(p, func() {}, func() {})
			if err == nil {
				err = r.right(-1)
			}
			return err
		}))
		for corrupted := range Parties {
			for direction := range 2 {
				n := taps[corrupted][direction].frames()
				require.Greater(t, n, 10)
				for frame := range n {
					for i, name := range names {
						if place := frame + corrupted + i; place%every != 0 {
							continue
						}
						attack(t, corrupted, direction, frame, alterations[name])
					}
				}
			}
		}
	})
}
