package mal3

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/engine/enginetest"
	"github.com/dujiang-dev/dujiang/internal/rep3"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// TestLogs fills logs that have room for little, so that checks come between and within
// calls. Every result is compared, with more terms than a log has room for too.
func TestLogs(t *testing.T) {
	const n = 100
	a, b := numbers(1, n), numbers(2, n)
	var sum int64
	for i := range a {
		sum += a[i] * b[i]
	}
	none(t, run(t, func(p *Party) error {
		p.mostNumbers, p.mostBits = 7, 64
		x, err := p.Input(0, n, mine(p, 0, a))
		if err != nil {
			return err
		}
		y, err := p.Input(1, n, mine(p, 1, b))
		if err != nil {
			return err
		}
		product, one, ten := p.NewVec(n), p.NewVec(1), p.NewVec(50)
		if err := errors.Join(p.Mul(product, x, y), p.Dot(one, x, y), p.Dot(ten, x, y)); err != nil {
			return err
		}
		require.LessOrEqual(t, len(p.numbers.xOwn), 7)
		for range 3 {
			if err := p.And([]Vec{p.NewBits(n)}, []Vec{x}, []Vec{y}); err != nil {
				return err
			}
			require.Len(t, p.bits.xOwn, n)
		}
		for range 4 {
			if err := p.MatMul(p.NewVec(1), 1, 3, 1, x.Slice(0, 3), y.Slice(0, 3)); err != nil {
				return err
			}
			require.LessOrEqual(t, len(p.numbers.xOwn)+p.numbers.waiting, 7)
		}
		matrix := p.NewVec(25)
		if err := p.MatMul(matrix, 5, 20, 5, x, y); err != nil {
			return err
		}
		// Factors may be altered while products wait.
		clear(x.Parts[0])
		clear(y.Parts[1])
		values, err := p.Reveal(engine.Concat(product, one, ten, matrix), everyone)
		if err != nil {
			return err
		}
		for i := range n {
			require.Equal(t, a[i]*b[i], values[i])
		}
		require.Equal(t, sum, values[n])
		for i := range 50 {
			require.Equal(t, a[2*i]*b[2*i]+a[2*i+1]*b[2*i+1], values[n+1+i])
		}
		for i := range 25 {
			var want int64
			for k := range 20 {
				want += a[i/5*20+k] * b[k*5+i%5]
			}
			require.Equal(t, want, values[n+51+i])
		}
		require.True(t, p.numbers.empty() && p.bits.empty())
		return nil
	}))
}

// TestCosts holds what the package comment says of bytes and rounds.
func TestCosts(t *testing.T) {
	const n = 1 << 12 // two messages of 128 bits, or of words
	const header = 5
	for _, test := range []struct {
		name           string
		rounds, checks int
		bytes, checked int // without headers
		f              func(p *Party, x, y Vec) error
	}{
		{"Mul", 1, 6, 16 * n, 16 * (n + 7), func(p *Party, x, y Vec) error { return p.Mul(p.NewVec(n), x, y) }},
		{"Dot", 1, 6, 16, 16 * (n + 7), func(p *Party, x, y Vec) error { return p.Dot(p.NewVec(1), x, y) }},
		{"MatMul", 1, 6, 16 * n, 16 * (64 + 64 + 7), func(p *Party, x, y Vec) error { return p.MatMul(p.NewVec(n), 64, 64, 64, x, y) }},
		{"And", 1, 11, 8 * n, 32*n + 16*(32*31+13), func(p *Party, x, y Vec) error {
			return p.And([]Vec{p.NewBits(n)}, []Vec{x}, []Vec{y})
		}},
		{"Summands", 0, 0, 0, 0, func(p *Party, x, y Vec) error {
			_, err := p.Summands(x, 64, true)
			return err
		}},
		{"Numbers", 2, 6, 32 * n, 16 * (2*n + 7), func(p *Party, x, y Vec) error {
			_, err := p.Numbers(n, x.Slice(0, n/64))
			return err
		}},
		{"Shuffle", 3, 5, (2*32+3*16)*n + 5*32, (16 + 8) * n, func(p *Party, x, y Vec) error {
			_, _, err := p.Shuffle([]Vec{x, y}, []Vec{x, y, x})
			return err
		}},
		{"Shuffle of numbers", 3, 5, 32*n + 32, 16 * n, func(p *Party, x, y Vec) error {
			_, _, err := p.Shuffle([]Vec{x}, nil)
			return err
		}},
		{"Agree", 1, 0, 16, 0, func(p *Party, x, y Vec) error { return p.Agree(x) }},
		{"Truncate", 7, 16, 0, 0, func(p *Party, x, y Vec) error { return p.Truncate(p.NewVec(n), x, 8) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			none(t, run(t, func(p *Party) error {
				x, err := p.Input(0, n, mine(p, 0, numbers(1, n)))
				if err != nil {
					return err
				}
				before := p.Stats()
				if err := test.f(p, x, x); err != nil {
					return err
				}
				after := p.Stats()
				if err := p.Check(); err != nil {
					return err
				}
				checked := p.Stats()
				if p.Index() != 1 {
					return nil
				}
				require.Equal(t, test.rounds, after.Rounds-before.Rounds)
				require.Equal(t, test.checks, checked.Rounds-after.Rounds)
				if test.name == "Truncate" {
					perElement := float64(checked.Sent-before.Sent) / n
					require.InDelta(t, 128+8/2+128+2*8+4, perElement, 10)
					return nil
				}
				sent, later := int(after.Sent-before.Sent), int(checked.Sent-after.Sent)
				require.InDelta(t, test.bytes, sent, 24*header)
				require.InDelta(t, test.checked, later, 40*header+8*engine.HistorySize)
				return nil
			}))
		})
	}
}

// TestAgree has shares from outside, of which one summand is not the same at both.
func TestAgree(t *testing.T) {
	share := func(i, n, at, longer int) Vec {
		all := [Parties][]uint64{words(1, n), words(2, n), words(3, n)}
		v := Vec{Parts: [][]uint64{slices.Clone(all[i]), slices.Clone(all[(i+1)%Parties])}}
		if i == 1 {
			if at >= 0 {
				v.Parts[0][at] ^= 1
			}
			for c := range v.Parts {
				v.Parts[c] = append(v.Parts[c], make([]uint64, longer)...)
			}
		}
		return v
	}
	for _, n := range []int{0, 1, 3 * piece} {
		none(t, run(t, func(p *Party) error { return p.Agree(share(p.Index(), n, -1, 0)) }))
	}
	for _, test := range []struct{ n, at, longer int }{
		{3 * piece, 0, 0}, {3 * piece, piece, 0}, {3 * piece, 3*piece - 1, 0}, {1, 0, 0},
		// Zeros at the end, within a pair of words, a piece, and beyond.
		{0, -1, 1}, {1, -1, 1}, {2, -1, 2}, {piece, -1, 1},
	} {
		errs := run(t, func(p *Party) error { return p.Agree(share(p.Index(), test.n, test.at, test.longer)) })
		// Parties 0 and 1 have summand 1, and party 1 hears of party 0's. If summand 2 is longer
		// too, party 2 may stop before.
		found := errs[1]
		if test.longer > 0 {
			found = errors.Join(errs[1], errs[2])
		}
		require.ErrorIs(t, found, session.ErrPeer, "%v", test)
		require.ErrorIs(t, found, errShares, "%v", test)
		for i, err := range errs {
			require.Error(t, err, "party %d, %v", i, test)
		}
	}
}

// TestSemiHonest does not join a party of package rep3.
func TestSemiHonest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs := enginetest.Pipes().Join(func(i int, next, prev net.Conn) (err error) {
			if i == 2 {
				_, err = rep3.Open(t.Context(), i, next, prev, nil)
			} else {
				_, err = Open(t.Context(), i, next, prev, nil)
			}
			return err
		})
		for i, err := range errs {
			require.Error(t, err, "party %d", i)
		}
		require.ErrorIs(t, errors.Join(errs[:]...), session.ErrIncompatible)
	})
}

// TestOpenMistakes are errors before anything is sent.
func TestOpenMistakes(t *testing.T) {
	_, err := Open(t.Context(), 3, nil, nil, nil)
	require.ErrorContains(t, err, "party 3 is not")
	_, err = Open(t.Context(), 0, nil, nil, make([]byte, 1<<16))
	require.ErrorContains(t, err, "longer than")
}

// TestAhead opens with a party that receives and does not send, until it stops: the next one
// but one has opened as many pieces as it may without an answer then.
func TestAhead(t *testing.T) {
	const n = (ahead + 8) * piece
	errs := run(t, func(p *Party) error {
		if p.Index() == 1 {
			b := make([]byte, wideSize*piece)
			for range ahead + 3 {
				if err := p.rep.Receive(fromNext, typeWide, b); err != nil {
					return err
				}
			}
			synctest.Wait()
			return errors.New("enough")
		}
		opened := 0
		err := p.open(n, sum, func(own, next []wide, lo int) {}, func(d []wide, lo int) { opened++ })
		if p.Index() == 0 {
			require.Zero(t, opened)
		}
		return err
	})
	for _, i := range []int{0, 2} {
		require.ErrorIs(t, errs[i], session.ErrAborted, "party %d", i)
	}
}

// TestLongContext joins parties with the longest context, and not with another one.
func TestLongContext(t *testing.T) {
	for _, different := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			errs := enginetest.Pipes().Join(func(i int, next, prev net.Conn) error {
				agreed := make([]byte, 1<<16-1)
				if different {
					agreed[len(agreed)-1] = byte(i / 2)
				}
				p, err := Open(t.Context(), i, next, prev, agreed)
				if err != nil {
					return err
				}
				return p.Close(nil)
			})
			if !different {
				none(t, errs)
				return
			}
			require.ErrorIs(t, errs[2], session.ErrIncompatible)
		})
	}
}

// TestMalformed has party 1 send party 0 something else than a product: the error names
// it.
func TestMalformed(t *testing.T) {
	for name, send := range map[string]func(p *Party) error{
		"type":     func(p *Party) error { return p.rep.Send(toPrev, typeShort, make([]byte, 160)) },
		"short":    func(p *Party) error { return p.rep.Send(toPrev, typeWide, make([]byte, 159)) },
		"trailing": func(p *Party) error { return p.rep.Send(toPrev, typeWide, make([]byte, 161)) },
		"nothing":  func(p *Party) error { return p.rep.Send(toPrev, typeWide, nil) },
	} {
		errs := run(t, func(p *Party) error {
			if p.Index() == 1 {
				if err := send(p); err != nil {
					return err
				}
			}
			x := p.NewVec(10)
			if err := p.Mul(p.NewVec(10), x, x); err != nil {
				return err
			}
			return p.Check()
		})
		require.ErrorIs(t, errs[0], session.ErrPeer, name)
		var named *engine.PartyError
		require.ErrorAs(t, errs[0], &named, name)
		require.Equal(t, 1, named.Party, name)
		require.Error(t, errs[2], name)
	}
}

// TestErrorsStay holds that after a failed check nothing is opened, whatever is called.
func TestErrorsStay(t *testing.T) {
	errs := run(t, func(p *Party) error {
		x := p.NewVec(4)
		z := p.NewVec(4)
		if err := p.Mul(z, x, x); err != nil {
			return err
		}
		p.deviate(z, 2, p.numbers.zOwn, p.numbers.zNext, 2, wide{Lo: 1})
		err := p.Check()
		if p.Index() == 1 {
			return err
		}
		require.Error(t, err)
		for _, again := range []func() error{
			func() error { return p.Check() },
			func() error { _, err := p.Reveal(x, everyone); return err },
			func() error { _, err := p.RevealBits(x, everyone); return err },
			func() error { return p.Mul(p.NewVec(4), x, x) },
			func() error { return p.And([]Vec{p.NewBits(4)}, []Vec{x}, []Vec{x}) },
			func() error { _, err := p.Input(0, 4, mine(p, 0, make([]int64, 4))); return err },
			func() error { return p.Agree(x) },
		} {
			require.Equal(t, err, again())
		}
		return nil // which Close must not take for success
	})
	for _, i := range []int{0, 2} {
		require.ErrorIs(t, errs[i], session.ErrPeer)
	}
}

// TestCloseChecks has nothing opened, and is checked nevertheless.
func TestCloseChecks(t *testing.T) {
	for name, deviation := range deviations {
		errs := run(t, func(p *Party) error { return deviation.f(p, p.NewVec(7), p.NewVec(7)) })
		for _, i := range []int{0, 2} {
			require.ErrorIs(t, errs[i], session.ErrPeer, name)
		}
	}
}

// TestCheckWaits has one party find the log wrong where the others find it right: their
// checks fail too, before they open anything.
func TestCheckWaits(t *testing.T) {
	wrong := errors.New("found wrong")
	errs := run(t, func(p *Party) error {
		x := p.NewVec(3)
		if err := p.Mul(p.NewVec(3), x, x); err != nil {
			return err
		}
		if p.Index() == 1 {
			require.NoError(t, p.checkNumbers())
			return wrong
		}
		err := p.Check()
		require.Error(t, err)
		require.ErrorIs(t, p.Check(), err)
		return err
	})
	require.ErrorIs(t, errs[1], wrong)
	for _, i := range []int{0, 2} {
		require.ErrorIs(t, errs[i], session.ErrAborted)
	}
}

func TestPartiesAreNotPrinted(t *testing.T) {
	none(t, run(t, func(p *Party) error {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			require.Equal(t, fmt.Sprintf("mal3.Party(%d)", p.Index()), fmt.Sprintf(verb, p))
		}
		require.Equal(t, p.String(), p.LogValue().String())
		return nil
	}))
}

// TestSummandsKeepShares holds that conversions neither alter nor keep what they are
// given, since circuits overwrite what they get.
func TestSummandsKeepShares(t *testing.T) {
	none(t, run(t, func(p *Party) error {
		x, err := p.Input(2, 65, mine(p, 2, numbers(9, 65)))
		if err != nil {
			return err
		}
		before := x.Clone()
		s, err := p.Summands(x, 64, true)
		if err != nil {
			return err
		}
		for _, v := range s {
			for _, part := range v.Parts {
				clear(part)
			}
		}
		for c := range x.Parts {
			require.True(t, slices.Equal(before.Parts[c], x.Parts[c]))
		}
		return nil
	}))
}
