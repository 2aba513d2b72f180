package engine

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/session"
)

// An ideal party holds both summands of each number, modulo 2^64 or a prime, and both parts of
// each word, in two columns, and puts them in random orders itself. What a sort does not need of a
// party it does not have.
type ideal struct {
	Party
	modulus uint64 // or zero
	rand    *rand.Rand
	calls   map[string]int
	opened  [][]int64
	spoil   func(opened []int64)
	ended   error
}

func newIdeal(modulus uint64) *ideal {
	return &ideal{modulus: modulus, rand: rand.New(rand.NewPCG(1, modulus)), calls: make(map[string]int)}
}

func (p *ideal) reduce(x uint64) uint64 {
	if p.modulus == 0 {
		return x
	}
	return x % p.modulus
}

// less returns x - y.
func (p *ideal) less(x, y uint64) uint64 { return p.reduce(x + p.modulus - y) }

// number returns the shares of numbers, and word those of words.
func (p *ideal) number(values []uint64) Vec {
	v := New(2, len(values))
	for i, x := range values {
		v.Parts[0][i] = p.reduce(p.rand.Uint64())
		v.Parts[1][i] = p.less(p.reduce(x), v.Parts[0][i])
	}
	return v
}

func (p *ideal) word(values []uint64) Vec {
	v := New(2, len(values))
	for i, x := range values {
		v.Parts[0][i] = p.rand.Uint64()
		v.Parts[1][i] = v.Parts[0][i] ^ x
	}
	return v
}

func (p *ideal) values(v Vec) []uint64 {
	values := make([]uint64, v.Len())
	for i := range values {
		values[i] = p.reduce(v.Parts[0][i] + v.Parts[1][i])
	}
	return values
}

func (p *ideal) words(v Vec) []uint64 {
	values := make([]uint64, v.Len())
	for i := range values {
		values[i] = v.Parts[0][i] ^ v.Parts[1][i]
	}
	return values
}

func (p *ideal) Parties() int        { return 2 }
func (p *ideal) NewVec(n int) Vec    { return New(2, n) }
func (p *ideal) NewBits(n int) Vec   { return New(2, n) }
func (p *ideal) Interrupt(err error) { p.ended = err }

func (p *ideal) Combine(dst Vec, f int64, x Vec, g int64, y Vec) {
	for c, z := range dst.Parts {
		for i := range z {
			var sum uint64
			for _, t := range []struct {
				factor int64
				x      uint64
			}{{f, x.Parts[c][i]}, {g, y.Parts[c][i]}} {
				switch t.factor { // sorting takes no other ones
				case 1:
					sum = p.reduce(sum + t.x)
				case -1:
					sum = p.less(sum, t.x)
				default:
					panic("another factor")
				}
			}
			z[i] = sum
		}
	}
}

func (p *ideal) Shift(x Vec, k int64) {
	for i, w := range x.Parts[0] {
		x.Parts[0][i] = p.reduce(w + p.modulus + uint64(k))
	}
}

func (p *ideal) Prefix(dst, x Vec) {
	for c, part := range x.Parts {
		var sum uint64
		for i, w := range part {
			sum = p.reduce(sum + w)
			dst.Parts[c][i] = sum
		}
	}
}

func (p *ideal) Not(x Vec) {
	for i, w := range x.Parts[1] {
		x.Parts[1][i] = ^w
	}
}

func (p *ideal) Numbers(n int, planes ...Vec) ([]Vec, error) {
	p.calls["Numbers"]++
	vs := make([]Vec, len(planes))
	for k, plane := range planes {
		words, bits := p.words(plane), make([]uint64, n)
		for i := range bits {
			bits[i] = words[i/64] >> (i % 64) & 1
		}
		vs[k] = p.number(bits)
	}
	return vs, nil
}

func (p *ideal) Mul(dst, x, y Vec) error {
	p.calls["Mul"]++
	a, b := p.values(x), p.values(y)
	for i := range a {
		a[i] *= b[i] // bits
	}
	copyPlanes(dst, p.number(a))
	return nil
}

func (p *ideal) Dot(dst, x, y Vec) error {
	p.calls["Dot"]++
	a, b, sums := p.values(x), p.values(y), make([]uint64, dst.Len())
	for i := range a {
		if a[i] == 1 { // or zero
			sums[i*len(sums)/len(a)] = p.reduce(sums[i*len(sums)/len(a)] + b[i])
		}
	}
	copyPlanes(dst, p.number(sums))
	return nil
}

func (p *ideal) Reveal(x Vec, to []bool) ([]int64, error) {
	return p.open("Reveal", p.values(x))
}

func (p *ideal) RevealBits(x Vec, to []bool) ([]uint64, error) {
	opened, err := p.open("RevealBits", p.words(x))
	words := make([]uint64, len(opened))
	for i, x := range opened {
		words[i] = uint64(x)
	}
	return words, err
}

func (p *ideal) open(name string, values []uint64) ([]int64, error) {
	p.calls[name]++
	opened := make([]int64, len(values))
	for i, x := range values {
		opened[i] = int64(x)
	}
	if p.spoil != nil {
		p.spoil(opened)
	}
	p.opened = append(p.opened, opened)
	return opened, nil
}

func (p *ideal) Shuffle(numbers, words []Vec) ([]Vec, []Vec, error) {
	p.calls["Shuffle"]++
	order := p.rand.Perm(numbers[0].Len())
	moved := func(vs []Vec, open func(Vec) []uint64, share func([]uint64) Vec) []Vec {
		all := make([]Vec, len(vs))
		for k, v := range vs {
			from := open(v)
			to := make([]uint64, len(order))
			for i := range to {
				to[i] = from[order[i]]
			}
			all[k] = share(to)
		}
		return all
	}
	return moved(numbers, p.values, p.number), moved(words, p.words, p.word), nil
}

// planesOf returns the bits of keys, and anything behind the last key.
func (p *ideal) planesOf(keys []uint64, size int) Vec {
	w := Words(len(keys))
	planes := make([]uint64, size*w)
	for k := range size {
		for i := range 64 * w {
			bit := p.rand.Uint64() & 1
			if i < len(keys) {
				bit = keys[i] >> k & 1
			}
			planes[k*w+i/64] |= bit << (i % 64)
		}
	}
	return p.word(planes)
}

// TestRadix compares sorting with that of Go, with keys of all sizes, many of them equal, in a
// ring and in a field, and counts the calls.
func TestRadix(t *testing.T) {
	for _, modulus := range []uint64{0, 1<<61 - 1} {
		for _, n := range []int{0, 1, 2, 3, 63, 64, 65, 200, 1000} {
			for size := range 65 {
				if n > 65 && size%8 > 2 {
					continue
				}
				p := newIdeal(modulus)
				keys, rows := make([]uint64, n), make([]uint64, n)
				for i := range keys {
					rows[i] = uint64(i)
					// Some differ in the highest bits only, some in the lowest.
					keys[i] = []uint64{p.rand.Uint64(), p.rand.Uint64() &^ (1<<60 - 1), 3}[p.rand.IntN(3)]
					keys[i] = keys[i] << (64 - size) >> (64 - size)
				}
				want := slices.Clone(rows)
				slices.SortStableFunc(want, func(a, b uint64) int { return cmp.Compare(keys[a], keys[b]) })
				planes, payload := p.planesOf(keys, size), p.number(rows)
				before := []Vec{planes.Clone(), payload.Clone()}
				sorted, err := Radix{Shuffler: p}.Sort(n, planes, size, []Vec{payload, payload})
				require.NoError(t, err)
				require.Equal(t, before, []Vec{planes, payload})
				for _, v := range sorted {
					require.Equal(t, want, p.values(v), "%d keys of %d bits", n, size)
				}
				passes := (size + 1) / 2
				calls := map[string]int{"Numbers": passes, "Mul": size / 2, "Dot": passes, "Shuffle": passes, "Reveal": passes}
				switch {
				case n < 2 || size == 0:
					clear(calls)
				case passes > 1:
					calls["Shuffle"]++
					calls["RevealBits"]++
				}
				for name, count := range calls {
					require.Equal(t, count, p.calls[name], "%s for %d keys of %d bits", name, n, size)
				}
			}
		}
	}
}

// TestRadixOpens counts what is opened of four elements, by keys that are sorted, equal, or in
// the opposite order: of 2400 times each of 24 orders comes up 100 times, with a standard
// deviation of 9.8: that one is off by nine of them has a probability below 10^-17.
func TestRadixOpens(t *testing.T) {
	const times = 2400
	for _, keys := range [][]uint64{{0, 5, 10, 15}, {7, 7, 7, 7}, {15, 10, 5, 0}} {
		p := newIdeal(0)
		var counts [4]map[string]int
		for i := range counts {
			counts[i] = make(map[string]int)
		}
		pairs := make(map[string]int)
		for range times {
			p.opened = nil
			_, err := Radix{Shuffler: p}.Sort(4, p.planesOf(keys, 5), 5, []Vec{p.number(keys)})
			require.NoError(t, err)
			require.Len(t, p.opened, len(counts))
			for i, order := range p.opened {
				counts[i][fmt.Sprint(order)]++
				for _, other := range p.opened[:i] {
					pairs[fmt.Sprint(i, order[0], other[0])]++
				}
			}
		}
		for _, count := range counts {
			require.Len(t, count, 24)
			for order, n := range count {
				require.InDelta(t, times/24, n, 9*9.8, order)
			}
		}
		// They are independent of each other: of the first places of two, each of 16 pairs comes up
		// 150 times for each of three that are opened before, but for fewer of these.
		for pair, n := range pairs {
			before := int(pair[0] - '0')
			require.InDelta(t, before*times/16, n, float64(before)*9*11.9, pair)
		}
	}
}

// TestRadixNoOrder opens what is no order, at each place in turn: it ends the run.
func TestRadixNoOrder(t *testing.T) {
	for _, wrong := range []int64{-1, 3, 1 << 62, 1} {
		for at := range 4 {
			p := newIdeal(0)
			p.spoil = func(opened []int64) {
				if len(p.opened) != at {
					return
				}
				if wrong == 1 {
					opened[0] = opened[1]
				} else {
					opened[0] = wrong
				}
			}
			_, err := Radix{Shuffler: p}.Sort(3, p.planesOf([]uint64{1, 2, 3}, 5), 5, []Vec{p.number([]uint64{1, 2, 3})})
			require.ErrorIs(t, err, session.ErrPeer)
			require.Equal(t, err, p.ended)
			require.Len(t, p.opened, at+1)
		}
	}
}

// TestRadixCopies alters a column behind a sort that has nothing to do.
func TestRadixCopies(t *testing.T) {
	p := newIdeal(0)
	for _, c := range [][2]int{{1, 3}, {2, 0}} {
		v := p.number(make([]uint64, c[0]))
		sorted, err := Radix{Shuffler: p}.Sort(c[0], p.planesOf(make([]uint64, c[0]), c[1]), c[1], []Vec{v})
		require.NoError(t, err)
		v.Parts[0][0]++
		require.Equal(t, make([]uint64, c[0]), p.values(sorted[0]))
	}
}

// TestRadixMistakes sorts what does not fit together.
func TestRadixMistakes(t *testing.T) {
	p := newIdeal(0)
	r := Radix{Shuffler: p}
	for _, err := range []error{
		second(r.Sort(-1, New(2, 0), 1, nil)),
		second(r.Sort(65, New(2, 1), 1, nil)),
		second(r.Sort(1, New(2, 65), 65, nil)),
		second(r.Sort(2, New(2, 1), 1, []Vec{New(2, 3)})),
	} {
		require.Error(t, err)
	}
	require.Empty(t, p.calls)
}

func second[T any](_ T, err error) error { return err }
