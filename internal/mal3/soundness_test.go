package mal3

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// deviate adds an error to a product, at the party that gets the wrong message and at
// the corrupted one that sends it, which goes on as if it had computed that: the attack
// that only the check finds, as all views agree. The corrupted party is 1, and z its own
// summand, which party 0 has as its next one.
func (p *Party) deviate(dst Vec, at int, own, next []wide, atLog int, e wide) {
	switch p.Index() {
	case 1:
		own[atLog] = plus(own[atLog], e)
		dst.Parts[0][at] += e.Lo
	case 0:
		next[atLog] = plus(next[atLog], e)
		dst.Parts[1][at] += e.Lo
	}
}

// An error of 2^63 vanishes modulo 2^64 with every even challenge. The check is modulo
// 2^128, where only a challenge of zero makes it vanish, if challenges are below 2^64.
var worst = wide{Lo: 1 << 63}

// Deviations are computations with one error that all views agree on, and with which
// probability the check misses it if challenges are of two bits.
var deviations = map[string]struct {
	missed float64
	f      func(p *Party, x, y Vec) error
}{
	// θ = 0.
	"Mul": {1. / 4, func(p *Party, x, y Vec) error {
		z := p.NewVec(x.Len())
		err := p.Mul(z, x, y)
		p.deviate(z, 3, p.numbers.zOwn, p.numbers.zNext, 3, worst)
		return err
	}},
	// θ = 0, of the second inner product of three terms.
	"Dot": {1. / 4, func(p *Party, x, y Vec) error {
		z := p.NewVec(2)
		err := p.Dot(z, x.Slice(0, 6), y.Slice(0, 6))
		p.deviate(z, 1, p.numbers.zOwn, p.numbers.zNext, 3, worst)
		return err
	}},
	// θ = 0 or γ = 0.
	"MatMul": {1 - 9./16, func(p *Party, x, y Vec) error {
		z := p.NewVec(6)
		err := p.MatMul(z, 2, 2, 3, x.Slice(0, 4), y.Slice(0, 6))
		m := p.numbers.matrices[0]
		p.deviate(z, 4, m.zOwn, m.zNext, 4, worst)
		return err
	}},
	// θ = 0 or γ = 0, of an inner product of nothing, in whose place anything may come.
	"empty": {1 - 9./16, func(p *Party, x, y Vec) error {
		z := p.NewVec(2)
		err := p.Dot(z, x.Slice(0, 0), y.Slice(0, 0))
		m := p.numbers.matrices[0]
		p.deviate(z, 1, m.zOwn, m.zNext, 1, worst)
		return err
	}},
	// θ = 0.
	"one": {1. / 4, func(p *Party, x, y Vec) error {
		z := p.NewVec(1)
		err := p.Mul(z, x.Slice(0, 1), y.Slice(0, 1))
		p.deviate(z, 0, p.numbers.zOwn, p.numbers.zNext, 0, worst)
		return err
	}},
	// α = 0, or r = 0 or s = 0 of its block, or ρ = 0.
	"And": {1 - 81./256, func(p *Party, x, y Vec) error {
		z := p.NewBits(x.Len())
		err := p.And([]Vec{z}, []Vec{x}, []Vec{y})
		switch p.Index() {
		case 1:
			p.bits.zOwn[5] ^= 1 << 7
		case 0:
			p.bits.zNext[5] ^= 1 << 7
		}
		return err
	}},
	"word": {1 - 81./256, func(p *Party, x, y Vec) error {
		err := p.And([]Vec{p.NewBits(1)}, []Vec{x.Slice(0, 1)}, []Vec{y.Slice(0, 1)})
		switch p.Index() {
		case 1:
			p.bits.zOwn[0] ^= 1 << 63
		case 0:
			p.bits.zNext[0] ^= 1 << 63
		}
		return err
	}},
}

// missed runs a deviation and returns whether the check missed it. All honest parties
// agree on that.
func missed(t *testing.T, challenge uint64, f func(p *Party, x, y Vec) error) bool {
	errs := run(t, func(p *Party) error {
		p.challenge = challenge
		// Seven numbers, or words of bits: the check takes shares as they are.
		x, err := p.Input(0, 7, mine(p, 0, numbers(1, 7)))
		if err != nil {
			return err
		}
		y, err := p.Input(2, 7, mine(p, 2, numbers(2, 7)))
		if err != nil {
			return err
		}
		if err := f(p, x, y); err != nil {
			return err
		}
		// Opening something else opens nothing either, since it is checked before.
		_, err = p.Reveal(x.Slice(0, 1), everyone)
		return err
	})
	require.Equal(t, errs[0] == nil, errs[2] == nil, "%v", errs)
	if errs[0] != nil {
		require.ErrorIs(t, errs[0], session.ErrPeer)
		require.ErrorIs(t, errs[2], session.ErrPeer)
	}
	return errs[0] == nil
}

// TestSoundness has a party deviate in the way that only the checks find. With
// challenges of two bits they miss it as often as they must: of n runs a share that is
// off by more than 6.5 standard deviations with a probability below 10^-9. With whole
// challenges they never do, which fails with a probability below 2^-50.
func TestSoundness(t *testing.T) {
	n := 64
	if *long {
		n = 4096
	}
	for name, d := range deviations {
		t.Run(name, func(t *testing.T) {
			for range 8 {
				require.False(t, missed(t, ^uint64(0), d.f))
			}
			count := 0
			for range n {
				if missed(t, 3, d.f) {
					count++
				}
			}
			off := float64(count) - d.missed*float64(n)
			require.LessOrEqual(t, off*off, 6.5*6.5*float64(n)*d.missed*(1-d.missed), "%d of %d missed", count, n)
			t.Logf("missed %d of %d, expected %.0f", count, n, d.missed*float64(n))
		})
	}
}

// TestCancelling has two errors that would cancel each other if their challenges were
// the same.
func TestCancelling(t *testing.T) {
	minusOne := minus(wide{}, wide{Lo: 1})
	flip := func(p *Party, words ...int) {
		for _, at := range words {
			switch p.Index() {
			case 1:
				p.bits.zOwn[at] ^= 1
			case 0:
				p.bits.zNext[at] ^= 1
			}
		}
	}
	matrix := func(first, second int) func(p *Party, x, y Vec) error {
		return func(p *Party, x, y Vec) error {
			z := p.NewVec(6)
			err := p.MatMul(z, 2, 2, 3, x.Slice(0, 4), y.Slice(0, 6))
			m := p.numbers.matrices[len(p.numbers.matrices)-1]
			p.deviate(z, first, m.zOwn, m.zNext, first, wide{Lo: 1})
			p.deviate(z, second, m.zOwn, m.zNext, second, minusOne)
			return err
		}
	}
	and := func(words ...int) func(p *Party, x, y Vec) error {
		return func(p *Party, x, y Vec) error {
			// 126 words, of which a block has 4.
			x, y = engine.Concat(slices.Repeat([]Vec{x}, 18)...), engine.Concat(slices.Repeat([]Vec{y}, 18)...)
			err := p.And([]Vec{p.NewBits(126)}, []Vec{x}, []Vec{y})
			flip(p, words...)
			return err
		}
	}
	for name, f := range map[string]func(p *Party, x, y Vec) error{
		"products": func(p *Party, x, y Vec) error {
			z := p.NewVec(7)
			err := p.Mul(z, x, y)
			p.deviate(z, 3, p.numbers.zOwn, p.numbers.zNext, 3, wide{Lo: 1})
			p.deviate(z, 4, p.numbers.zOwn, p.numbers.zNext, 4, minusOne)
			return err
		},
		// 2^63 twice is nothing modulo 2^64.
		"halves": func(p *Party, x, y Vec) error {
			z := p.NewVec(7)
			err := p.Mul(z, x, y)
			p.deviate(z, 0, p.numbers.zOwn, p.numbers.zNext, 0, worst)
			p.deviate(z, 6, p.numbers.zOwn, p.numbers.zNext, 6, worst)
			return err
		},
		// What one carries into the upper half, the other takes out of it.
		"upper halves": func(p *Party, x, y Vec) error {
			z := p.NewVec(7)
			err := p.Mul(z, x, y)
			p.deviate(z, 1, p.numbers.zOwn, p.numbers.zNext, 1, wide{Lo: 1, Hi: 1 << 63})
			p.deviate(z, 2, p.numbers.zOwn, p.numbers.zNext, 2, minus(wide{}, wide{Lo: 1, Hi: 1 << 63}))
			return err
		},
		"inner products": func(p *Party, x, y Vec) error {
			z := p.NewVec(2)
			err := p.Dot(z, x.Slice(0, 6), y.Slice(0, 6))
			p.deviate(z, 0, p.numbers.zOwn, p.numbers.zNext, 0, wide{Lo: 1})
			p.deviate(z, 1, p.numbers.zOwn, p.numbers.zNext, 3, minusOne)
			return err
		},
		"a product and a matrix": func(p *Party, x, y Vec) error {
			z := p.NewVec(6)
			if err := p.Mul(z, x.Slice(0, 6), y.Slice(0, 6)); err != nil {
				return err
			}
			p.deviate(z, 0, p.numbers.zOwn, p.numbers.zNext, 0, wide{Lo: 1})
			return matrix(0, 0)(p, x, y)
		},
		"two matrices": func(p *Party, x, y Vec) error {
			if err := matrix(0, 1)(p, x, y); err != nil {
				return err
			}
			return matrix(1, 0)(p, x, y)
		},
		"columns":        matrix(0, 1),
		"rows":           matrix(0, 3),
		"rows and cols":  matrix(1, 5),
		"blocks":         and(0, 4),
		"words":          and(0, 1),
		"pairs of words": and(0, 2),
		"blocks further": and(1, 125),
	} {
		require.False(t, missed(t, ^uint64(0), f), name)
	}
}

// TestBatches has more conjunctions in one call than one check takes, and an error in one of
// each batch in turn, of which the last one is not full.
func TestBatches(t *testing.T) {
	const batch = 128
	const n = 2*batch + 1
	for _, at := range []int{0, batch - 1, batch, 2*batch - 1, n - 1, -1} {
		require.Equal(t, at < 0, missed(t, ^uint64(0), func(p *Party, x, y Vec) error {
			p.mostBits = batch
			z := p.NewBits(n)
			if err := p.And([]Vec{z}, []Vec{p.NewBits(n)}, []Vec{p.NewBits(n)}); err != nil {
				return err
			}
			switch {
			case at < 0:
				before := p.Stats().Rounds
				err := p.Check()
				require.Equal(t, 11+2*10, p.Stats().Rounds-before)
				return err
			case p.Index() == 1:
				p.bits.zOwn[at] ^= 1
			case p.Index() == 0:
				p.bits.zNext[at] ^= 1
			}
			return nil
		}), "an error in word %d", at)
	}
}

// TestChallenges holds that all bits of all challenges of numbers are drawn. Wrongly that fails
// with a probability below 2^-190.
func TestChallenges(t *testing.T) {
	const n = 200
	p, err := Rehearse(0)
	require.NoError(t, err)
	x := p.NewVec(n)
	require.NoError(t, errors.Join(p.Mul(p.NewVec(n), x, x), p.MatMul(p.NewVec(n*n), n, 1, n, x, x)))
	check := newNumberCheck(p, prg.New([prg.Size]byte{1}))
	for name, c := range map[string][]uint64{"products": check.theta, "rows": check.rows[0], "columns": check.cols[0]} {
		require.Len(t, c, n, name)
		ones, zeros := uint64(0), uint64(0)
		for _, w := range c {
			ones |= w
			zeros |= ^w
		}
		require.Equal(t, ^uint64(0), ones&zeros, name)
	}
}

// TestGuess has the corrupted party put into c what makes up for its error if the challenge
// is what it guesses, and go on as if it had computed that. With challenges of two bits it
// guesses right once in four times, and with whole ones never.
func TestGuess(t *testing.T) {
	guessed := func(challenge uint64) bool {
		var errs [Parties]error // of the check; streams that are altered fail at the end
		synctest.Test(t, func(t *testing.T) {
			links, taps := tapped()
			add := func(payload []byte, e wide) {
				w := wide{Lo: binary.LittleEndian.Uint64(payload), Hi: binary.LittleEndian.Uint64(payload[8:])}
				w = plus(w, e)
				binary.LittleEndian.PutUint64(payload, w.Lo)
				binary.LittleEndian.PutUint64(payload[8:], w.Hi)
			}
			// With e' = -3e the check opens -θe + 3e, and the summand that party 0 has
			// of it is 3e more than what the corrupted party has.
			e := worst
			thrice := product(3, e.Lo)
			short := 0
			taps[1][0].alter = func(_ int, typ byte, payload []byte, _ [][]byte) {
				if typ == typeWide && len(payload) == wideSize {
					add(payload, minus(wide{}, thrice))
				}
			}
			taps[1][1].alter = func(_ int, typ byte, payload []byte, _ [][]byte) {
				if typ == typeShort {
					if short++; short == 2 { // after the coin
						add(payload, thrice)
					}
				}
			}
			join(t.Context(), links, func(p *Party) error {
				p.challenge = challenge
				x, err := p.Input(0, 7, mine(p, 0, numbers(1, 7)))
				if err != nil {
					return err
				}
				z := p.NewVec(7)
				if err := p.Mul(z, x, x); err != nil {
					return err
				}
				p.deviate(z, 3, p.numbers.zOwn, p.numbers.zNext, 3, e)
				if p.Index() == 1 {
					p.checkNumbers() // in whose result it has no interest
					p.numbers.reset()
					return p.ready()
				}
				errs[p.Index()] = p.Check()
				return errs[p.Index()]
			})
		})
		require.Equal(t, errs[0] == nil, errs[2] == nil, "%v", errs)
		return errs[0] == nil
	}
	const n = 200
	count := 0
	for range n {
		if guessed(3) {
			count++
		}
	}
	// 6.5 standard deviations, of a probability below 10^-9.
	off := float64(count) - n/4
	require.LessOrEqual(t, off*off, 6.5*6.5*n*3/16, "%d of %d missed", count, n)
	for range 8 {
		require.False(t, guessed(^uint64(0)))
	}
}

// TestAdaptive has the corrupted party learn a challenge, and put into what it sends next what
// makes up for its error in a conjunction if later challenges are equal or one. The others find
// that it does not with whole challenges, and with those of two bits as often as they must.
func TestAdaptive(t *testing.T) {
	const at, other = 3, 4 // blocks, the first one with the error
	// place is where cross sums have that of blocks j and k.
	place := func(j, k int) int {
		if k > j {
			k--
		}
		return j*(blocks-1) + k
	}
	for name, place := range map[string]int{
		"rows":    place(other, at), // right if r is the same for both blocks
		"columns": place(at, other), // if s is
		"result":  -1,               // if ρ is one
	} {
		fooled := func(challenge uint64) bool {
			var errs [Parties]error // of the check; streams that are altered fail at the end
			synctest.Test(t, func(t *testing.T) {
				links, taps := tapped()
				// short returns the k-th short message that a party has sent by a link.
				short := func(link *tap, k int) []byte {
					link.mu.Lock()
					defer link.mu.Unlock()
					for i, typ := range link.types {
						if typ == typeShort {
							if k--; k < 0 {
								return link.payloads[i]
							}
						}
					}
					return nil
				}
				// drawn returns the first words of challenge k: the corrupted party has sent a
				// summand to party 2 and one to party 0, and has the third one from that.
				drawn := func(k, words int, second []byte) []uint64 {
					var seed [prg.Size]byte
					for i := range seed {
						seed[i] = short(taps[1][1], k)[i] ^ second[i] ^ short(taps[0][1], k)[i]
					}
					c := make([]uint64, words)
					prg.New(seed).Uint64s(c)
					return c
				}
				var alpha, e wide
				taps[1][0].alter = func(_ int, typ byte, payload []byte, before [][]byte) {
					// Of so many bytes its key comes first, then its summands of challenges.
					before = slices.DeleteFunc(slices.Clone(before), func(b []byte) bool { return len(b) != wideSize })
					sum := 0
					switch {
					case typ == typeWide && len(payload) == wideSize*blocks*(blocks-1):
						c := drawn(0, 2, before[1])
						alpha = wide{Lo: c[0], Hi: c[1]}
						if challenge != ^uint64(0) {
							alpha = wide{Lo: c[0] & challenge}
						}
						if e, sum = alpha, place; place < 0 {
							return
						}
					case typ == typeWide && len(payload) == wideSize && place < 0:
						c := drawn(1, 2*blocks, before[2])
						e = gf128.Mul(alpha, gf128.Mul(wide{Lo: c[at] & challenge}, wide{Lo: c[blocks+at] & challenge}))
					default:
						return
					}
					for i, b := range e.Bytes() {
						payload[wideSize*sum+i] ^= b
					}
				}
				// Of the result it says what party 0 computes from that, as it could too.
				said := make(chan []byte, 1)
				result := func(f func(payload []byte)) func(int, byte, []byte, [][]byte) {
					n := 0
					return func(_ int, typ byte, payload []byte, _ [][]byte) {
						if typ == typeShort {
							if n++; n == 4 { // behind three challenges
								f(payload)
							}
						}
					}
				}
				taps[0][0].alter = result(func(payload []byte) { said <- slices.Clone(payload) })
				taps[1][1].alter = result(func(payload []byte) { copy(payload, <-said) })
				join(t.Context(), links, func(p *Party) error {
					p.challenge = challenge
					x, err := p.InputBits(0, 2*blocks, mine(p, 0, words(1, 2*blocks)))
					if err != nil {
						return err
					}
					if err := p.And([]Vec{p.NewBits(2 * blocks)}, []Vec{x}, []Vec{x}); err != nil {
						return err
					}
					switch p.Index() {
					case 1:
						p.bits.zOwn[2*at] ^= 1
						p.checkBits() // in whose result it has no interest
						p.bits.reset()
						return p.ready()
					case 0:
						p.bits.zNext[2*at] ^= 1
					}
					errs[p.Index()] = p.Check()
					return errs[p.Index()]
				})
			})
			require.Equal(t, errs[0] == nil, errs[2] == nil, "%v", errs)
			return errs[0] == nil
		}
		for range 8 {
			require.False(t, fooled(^uint64(0)), name)
		}
		const missed = 1 - 81./256 // α = 0, or two other challenges, or what is guessed
		n, count := 64., 0
		if *long {
			n = 1024
		}
		for range int(n) {
			if fooled(3) {
				count++
			}
		}
		off := float64(count) - n*missed
		require.LessOrEqual(t, off*off, 6.5*6.5*n*missed*(1-missed), "%s: %d of %.0f missed", name, count, n)
		t.Logf("%s: missed %d of %.0f, expected %.0f", name, count, n, n*missed)
	}
}
