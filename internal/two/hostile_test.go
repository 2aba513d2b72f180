package two

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/bits"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/ot"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/testparty"
)

// mixed uses every kind of triple once, and opens the results.
func mixed(p *Party) error {
	x, err := p.Input(0, 3, mine(p, 0, []int64{1, 2, 3}))
	if err != nil {
		return err
	}
	z := p.NewVec(3)
	if err := p.Mul(z, x, x); err != nil {
		return err
	}
	if err := p.MatMul(p.NewVec(9), 3, 1, 3, x, z); err != nil {
		return err
	}
	if s := p.Shuffler(); s != nil {
		if _, _, err := s.Shuffle([]Vec{x, z}, []Vec{p.NewBits(3)}); err != nil {
			return err
		}
	}
	negative, err := p.Negative(z, 2)
	if err != nil {
		return err
	}
	if _, err := p.Numbers(3, negative); err != nil {
		return err
	}
	_, err = p.Reveal(z, everyone)
	return err
}

// TestLengths runs with different inputs and the same coins: what each party receives has
// the same lengths at the same places, and the masks that are opened are uniform. Of the
// 2·64·4096 bits of a message half are ones; that the number is eight standard deviations of
// 362 off has a probability below 10^-14.
func TestLengths(t *testing.T) {
	const n = chunk / 2
	for name, s := range tested() {
		none(t, run(t, s, func(*Party) error { return nil })) // the base transfers
		var lengths [2][Parties][]int
		for i, secret := range [][]int64{make([]int64, n), integers(1, n)} {
			var taps [Parties]*bytes.Buffer
			s := s
			s.wrap = func(c *conns) {
				for j := range c.peers {
					taps[j] = new(bytes.Buffer)
					c.peers[j] = testparty.Tap(taps[j], new(bytes.Buffer))(c.peers[j])
				}
			}
			none(t, run(t, s, func(p *Party) error {
				x, err := p.Input(0, n, mine(p, 0, secret))
				if err != nil {
					return err
				}
				if err := mixed(p); err != nil {
					return err
				}
				return p.Mul(p.NewVec(n), x, x)
			}))
			const header, end = 5, 5 + engine.HistorySize + 5 + 8
			for j, tap := range taps {
				b := tap.Bytes()
				masks := b[len(b)-end-16*n:][:16*n]
				ones := 0
				for _, c := range masks {
					ones += bits.OnesCount8(c)
				}
				require.InDelta(t, 64*n, ones, 8*362, "%s, party %d", name, j)
				for rest := b[helloSize(b):]; len(rest) > 0; {
					size := int(rest[1])<<24 | int(rest[2])<<16 | int(rest[3])<<8 | int(rest[4])
					lengths[i][j] = append(lengths[i][j], int(rest[0]), size)
					rest = rest[header+size:]
				}
			}
		}
		require.Equal(t, lengths[0], lengths[1], name)
	}
}

// helloSize finds the key, which is the first message behind the hello.
func helloSize(b []byte) int {
	return bytes.Index(b, []byte{typeKey, 0, 0, 0, 32})
}

// TestCutsAndFlips has each link lose what comes behind some byte, or change a bit of it.
// Everybody ends with an error, if not of the flip at the very end then at once; but
// party 1 is done when it has sent its last messages, and does not hear what became of
// them.
func TestCutsAndFlips(t *testing.T) {
	const last = headerSize + engine.HistorySize + headerSize + 8 // the comparison of calls, and the end
	for name, s := range tested() {
		var length [3]int64 // of what is read by party 0, party 1, and party 1 from the dealer
		count := s
		count.wrap = func(c *conns) {
			for i, end := range []*net.Conn{&c.peers[0], &c.peers[1], &c.dealing[1][0]} {
				*end = counted{*end, &length[i]}
			}
		}
		none(t, run(t, count, mixed))
		places := 12
		s := s
		s.base = true
		if !s.dealer {
			places = 3 // base transfers take time
		}
		if testing.Short() {
			places /= 3
		}
		for i, n := range length {
			for k := range places {
				at := n * int64(k) / int64(places)
				if n == 0 {
					continue
				}
				for what, fault := range map[string]testparty.Fault{"cut": testparty.Cut(at), "flip": testparty.Flip(at, 4)} {
					faulty := s
					faulty.wrap = func(c *conns) {
						end := []*net.Conn{&c.peers[0], &c.peers[1], &c.dealing[1][0]}[i]
						*end = fault(*end)
					}
					var errs [3]error
					synctest.Test(t, func(t *testing.T) {
						ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
						defer cancel()
						errs = join(ctx, pipes(), faulty, mixed)
					})
					for j, err := range errs[:Parties] {
						if i == 0 && j == 1 && at >= n-last {
							continue
						}
						require.Error(t, err, "%s, %s of link %d at %d of %d, party %d", name, what, i, at, n, j)
					}
				}
			}
		}
	}
}

// counted counts what is read.
type counted struct {
	net.Conn
	n *int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	*c.n += int64(n)
	return n, err
}

// TestMalformed has party 1 send party 0 something else than it should.
func TestMalformed(t *testing.T) {
	ready := func(p *Party) error { return p.Prepare(engine.Demand{Products: 10}) }
	for name, c := range map[string]struct {
		before, send func(p *Party) error
	}{
		"type of masks":    {ready, func(p *Party) error { return p.peer.Send(typeWords, make([]byte, 160)) }},
		"length of masks":  {ready, func(p *Party) error { return p.peer.Send(typeMasks, make([]byte, 161)) }},
		"choices":          {nil, func(p *Party) error { return p.peer.Send(typeChoose, make([]byte, ot.BaseChooseSize-1)) }},
		"no group element": {nil, func(p *Party) error { return p.peer.Send(typeChoose, bytes.Repeat([]byte{255}, ot.BaseChooseSize)) }},
		"identity": {nil, func(p *Party) error {
			if err := p.swap(typeChoose, validChoice(p), make([]byte, ot.BaseChooseSize)); err != nil {
				return err
			}
			err := p.swap(typeReply, make([]byte, ot.BaseReplySize), make([]byte, ot.BaseReplySize))
			return errors.Join(err, p.peer.Recv(typeExtension, make([]byte, 1)))
		}},
		"extension": {func(p *Party) error { return transfersOf(p).base() }, func(p *Party) error {
			return p.peer.Send(typeExtension, make([]byte, 9))
		}},
		"correction": {func(p *Party) error {
			_, _, _, err := p.maker.(*transfers).transfer(1)
			return err
		}, func(p *Party) error { return p.peer.Send(typeCorrection, make([]byte, 8)) }},
	} {
		errs := run(t, setting{base: true}, func(p *Party) error {
			if c.before != nil {
				if err := c.before(p); err != nil {
					return err
				}
			}
			if p.index == 1 {
				if err := c.send(p); err != nil {
					return err
				}
			}
			return p.Mul(p.NewVec(10), p.NewVec(10), p.NewVec(10))
		})
		require.ErrorIs(t, errs[0], session.ErrPeer, name)
		var link *engine.PartyError
		require.ErrorAs(t, errs[0], &link)
		require.Equal(t, 1, link.Party)
		require.ErrorIs(t, errs[1], session.ErrAborted, name)
	}
}

// validChoice is a message of the base transfers.
func validChoice(p *Party) []byte {
	c, err := ot.BaseChoose([ot.Base / 8]byte{}, [ot.SeedSize]byte{1}, p.maker.(*transfers).tags[1], 1)
	if err != nil {
		panic(err)
	}
	return c.Message()
}

// TestMalformedCiphertexts has residues that are none in each message of Encryption.
func TestMalformedCiphertexts(t *testing.T) {
	for typ, size := range map[byte]int{typePublic: publicSize, typeAsk: askSize} {
		errs := run(t, setting{cipher: true}, func(p *Party) error {
			if p.index == 1 {
				return p.Prepare(engine.Demand{Products: 1})
			}
			if typ == typeAsk {
				if err := p.maker.(*encrypted).keys(); err != nil {
					return err
				}
			}
			if err := p.peer.Send(typ, bytes.Repeat([]byte{255}, size)); err != nil {
				return err
			}
			return p.peer.Recv(typeAnswered, make([]byte, replySize))
		})
		require.ErrorIs(t, errs[1], session.ErrPeer)
		require.ErrorContains(t, errs[1], "not below its prime")
		require.ErrorIs(t, errs[0], session.ErrAborted)
	}
	m := &encrypted{first: newPolys()}
	require.ErrorIs(t, m.decrypt(make([]uint64, slots), bytes.Repeat([]byte{255}, replySize)), errResidue)
	require.ErrorIs(t, m.decrypt(make([]uint64, slots), append(make([]byte, replySize-packed), 255, 255, 255, 255, 255, 255)), errResidue)
}

// TestMalformedOrders has party 1 order what a dealer does not make, and party 0 order at
// all.
func TestMalformedOrders(t *testing.T) {
	for name, o := range map[string]order{
		"kind":           {kind: 6, rows: 1},
		"no shuffle":     {shuffles, 1, 1, 0},
		"long shuffle":   {shuffles, maxShuffle + 1, 1, 0},
		"wide shuffle":   {shuffles, 1 << 25, 30, 3},
		"too many":       {kind: products, rows: maxOrder + 1},
		"size":           {kind: products, rows: 1, inner: 1},
		"matrix":         {matrices, maxMatrix, 2, 1},
		"no kind":        {rows: 1},
		"beyond integer": {kind: words, rows: 1 << 30},
	} {
		errs := run(t, setting{dealer: true}, func(p *Party) error {
			m := p.maker.(*dealt)
			if p.index == 0 {
				return p.Mul(p.NewVec(1), p.NewVec(1), p.NewVec(1))
			}
			if err := m.s.Send(typeOrder, o.append(nil)); err != nil {
				return err
			}
			return m.receive(make([]uint64, 1))
		})
		require.ErrorIs(t, errs[2], session.ErrPeer, name)
		require.ErrorIs(t, errs[1], session.ErrAborted, name)
		require.Error(t, errs[0], name)
	}
	errs := run(t, setting{dealer: true}, func(p *Party) error {
		if p.index == 0 {
			return p.maker.(*dealt).s.Send(typeOrder, order{kind: words, rows: 1}.append(nil))
		}
		return p.maker.(*dealt).s.Send(typeOrder, order{}.append(nil))
	})
	require.ErrorIs(t, errs[2], session.ErrPeer)
}

// TestDeath has a party stop in every possible place: the other, and a dealer, end
// without waiting for a deadline.
func TestDeath(t *testing.T) {
	gone := errors.New("gone")
	for _, s := range tested() {
		for victim := range Parties {
			for when := range 3 {
				if !s.dealer && when != 1 {
					continue
				}
				errs := run(t, s, func(p *Party) error {
					for step := range 3 {
						if p.index == victim && step == when {
							return gone
						}
						if err := mixed(p); err != nil {
							return err
						}
					}
					return nil
				})
				require.ErrorIs(t, errs[victim], gone)
				require.ErrorIs(t, errs[1-victim], session.ErrAborted)
				require.Equal(t, s.dealer, errs[2] != nil)
			}
		}
	}
}

// TestDeadline has a party, or the dealer, stall: the others end when their context does,
// and Interrupt ends a call at once.
func TestDeadline(t *testing.T) {
	for _, s := range tested() {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			start := time.Now()
			errs := join(ctx, pipes(), s, func(p *Party) error {
				if p.index == 1 {
					<-ctx.Done()
					return ctx.Err()
				}
				_, err := p.Reveal(p.NewVec(1), everyone)
				return err
			})
			require.Error(t, errs[0])
			require.Less(t, time.Since(start), time.Minute+10*time.Second)
		})
	}
	reason := errors.New("enough")
	errs := run(t, setting{}, func(p *Party) error {
		if p.index == 1 {
			_, err := p.Reveal(p.NewVec(1), []bool{false, true})
			return err
		}
		p.Interrupt(reason)
		return p.Mul(p.NewVec(1), p.NewVec(1), p.NewVec(1))
	})
	require.ErrorIs(t, errs[0], reason)
	require.ErrorIs(t, errs[1], session.ErrAborted)
}

// TestIncompatible has parties that agreed on different things, or with different sources
// or dealers.
func TestIncompatible(t *testing.T) {
	for name, s := range map[string]setting{
		"parties": {agreed: func(i int) []byte { return []byte{byte(i)} }},
		"dealer":  {dealer: true, agreed: func(i int) []byte { return []byte{byte(i / 2)} }},
	} {
		errs := run(t, s, func(*Party) error { return nil })
		require.Error(t, errs[0], name)
		require.Error(t, errs[1], name)
		require.ErrorIs(t, errors.Join(errs[:]...), session.ErrIncompatible, name)
	}
	for name, sources := range map[string][Parties]Source{
		"silent":     {Transfers{}, Transfers{Silent: true}},
		"encryption": {Encryption{}, Transfers{}},
		"inside":     {Encryption{Transfers{Silent: true}}, Encryption{}},
		"dealer":     {Dealer{Name: "D"}, Dealer{Name: "E"}},
	} {
		errs := run(t, setting{source: func(i int) Source { return sources[i] }}, func(*Party) error { return nil })
		for _, err := range errs[:Parties] {
			require.ErrorIs(t, err, session.ErrIncompatible, name)
			require.ErrorContains(t, err, "sources of triples differ", name)
		}
	}
	// A dealer that takes one party for the other.
	crossed := func(c *conns) { c.dealing[0][1], c.dealing[1][1] = c.dealing[1][1], c.dealing[0][1] }
	errs := run(t, setting{dealer: true, wrap: crossed}, func(*Party) error { return nil })
	require.ErrorIs(t, errs[2], session.ErrIncompatible)
	require.ErrorContains(t, errs[2], "it says that it is party 1")
	require.ErrorIs(t, errs[1], session.ErrIncompatible)
	// Two dealers of one name.
	synctest.Test(t, func(t *testing.T) {
		one, other := pipes(), pipes()
		mixedUp := *one
		mixedUp.dealing[1] = other.dealing[1]
		done := make(chan error, 2)
		for i, c := range []*conns{one, other} {
			go func() {
				done <- deal(t.Context(), [Parties]io.ReadWriter{c.dealing[0][1], c.dealing[1][1]}, "D", nil, &coins{byte(i)})
			}()
		}
		// Each dealer waits for the party that went to the other one.
		stranger := func(c *conns, i int) {
			cfg := &Config{Source: Dealer{Stream: c.dealing[i][0], Name: "D"}}
			p := &Party{index: i, private: new(coins).stream()}
			tag, _ := agreement(nil)
			m, err := cfg.Source.open(t.Context(), p, tag)
			if err == nil {
				m.close(errors.New("no more"))
			}
		}
		go stranger(one, 1)
		go stranger(other, 0)
		errs := [Parties]error{}
		ended := make(chan int)
		for i := range Parties {
			go func() {
				_, errs[i] = open(t.Context(), i, mixedUp.peers[i], &Config{Source: Dealer{Stream: mixedUp.dealing[i][0], Name: "D"}}, &coins{byte(i)})
				ended <- i
			}()
		}
		<-ended
		<-ended
		for _, err := range errs {
			require.ErrorIs(t, err, session.ErrIncompatible)
		}
		for range 2 {
			require.Error(t, <-done)
		}
	})
}

// TestMistakes are errors before anything is sent, so that the run can go on.
func TestMistakes(t *testing.T) {
	none(t, run(t, setting{}, func(p *Party) error {
		one, two := p.NewVec(1), p.NewVec(2)
		wide := engine.New(2, 2)
		for i, err := range []error{
			p.Mul(one, two, two), p.Mul(two, wide, two), p.Dot(p.NewVec(0), two, two), p.Dot(two, p.NewVec(3), p.NewVec(3)),
			p.And([]Vec{two}, []Vec{one}, []Vec{two}), p.And([]Vec{two}, []Vec{two}, nil),
			p.MatMul(one, 1, 2, 1, two, one), p.MatMul(one, -1, 2, 1, two, one), p.MatMul(one, 1<<13, 1<<13, 1, two, one),
			p.Truncate(two, two, 0), p.Truncate(two, two, 62), p.Truncate(one, two, 3),
			p.Prepare(engine.Demand{Products: -1}), p.Prepare(engine.Demand{Words: 1, Bits: -1}),
			p.Prepare(engine.Demand{Words: -1, Comparisons: 64}), p.Prepare(engine.Demand{Words: 1, Comparisons: -1}),
			p.Prepare(engine.Demand{Comparisons: math.MaxInt}), p.Prepare(engine.Demand{Words: math.MaxInt, Comparisons: 1}),
			p.Prepare(engine.Demand{Matrices: []struct{ Rows, Inner, Columns int }{{-1, 1, 1}}}),
			p.Prepare(engine.Demand{Shuffles: []struct{ Rows, Numbers, Words int }{{2, -1, 1}}}),
			p.Prepare(engine.Demand{Shuffles: []struct{ Rows, Numbers, Words int }{{2, math.MaxInt, math.MaxInt}}}),
			second(p.Input(2, 1, nil)), second(p.Input(p.index, 1, nil)), second(p.Input(p.other(), 1, []int64{1})),
			second(p.InputBits(0, -1, nil)), second(p.RandomBits(-1)),
			second(p.Summands(wide, 3, false)), second(p.Summands(two, 65, false)),
			second(p.Numbers(65, one)), second(p.Numbers(-1)),
			second(p.Reveal(two, []bool{true})), second(p.Reveal(wide, everyone)),
		} {
			require.Error(t, err, "mistake %d", i)
		}
		opened, err := p.Reveal(two, everyone)
		require.Equal(t, []int64{0, 0}, opened)
		return err
	}))
	for _, cfg := range []*Config{nil, {}, {Source: Transfers{}, Agreed: make([]byte, maxAgreed+1)}} {
		_, err := Open(t.Context(), 0, nil, cfg)
		require.Error(t, err)
	}
	_, err := Open(t.Context(), 2, nil, &Config{Source: Transfers{}})
	require.ErrorContains(t, err, "party 2 is not")
	require.Error(t, Deal(t.Context(), [Parties]io.ReadWriter{}, "", nil))
	errs := run(t, setting{wrap: func(c *conns) {}}, func(p *Party) error {
		_, err := Dealer{}.open(t.Context(), p, nil)
		require.ErrorContains(t, err, "a stream and a name")
		return nil
	})
	none(t, errs)
}

func second[T any](_ T, err error) error { return err }
