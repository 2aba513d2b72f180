// Package enginetest checks what all implementations of engine.Party have in common.
package enginetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// A Join runs f at all parties of a new run, each in a goroutine of its own, closes them
// with what f returned, and returns what that returned.
type Join func(t *testing.T, f func(p engine.Party) error) []error

// lengths are empty, odd, a whole word of bits and more, and beyond a message.
func lengths() []int {
	if testing.Short() {
		return []int{0, 1, 3, 64, 127}
	}
	return []int{0, 1, 3, 64, 127, 1000, 1<<14 + 1}
}

// Run checks every method but Interrupt: results against plain arithmetic over edges and
// random numbers, for many lengths, and that rounds do not depend on lengths.
func Run(t *testing.T, join Join) {
	rounds := make(map[string]int)
	for _, n := range lengths() {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			errs := join(t, func(p engine.Party) error {
				c := &checker{t: t, p: p, n: n}
				if p.Index() == 0 {
					c.rounds = rounds
				}
				c.everybody = make([]bool, p.Parties())
				for i := range c.everybody {
					c.everybody[i] = true
				}
				c.local()
				c.products()
				c.truncate()
				c.bits()
				c.conversions()
				c.someLearn()
				c.mistakes()
				return nil
			})
			for i, err := range errs {
				require.NoError(t, err, "party %d", i)
			}
		})
	}
}

// A checker is one party of a run with vectors of n elements.
type checker struct {
	t         *testing.T
	p         engine.Party
	n         int
	everybody []bool
	rounds    map[string]int // of operations, at party 0
	before    int
}

// ok ends the test on an error. Parties are goroutines that wait for each other.
func (c *checker) ok(err error) {
	if err != nil {
		panic(fmt.Sprintf("party %d, %d elements: %v", c.p.Index(), c.n, err))
	}
}

// measure starts the count of rounds of an operation, and same holds it to what other
// lengths took.
func (c *checker) measure() { c.before = c.p.Stats().Rounds }

func (c *checker) same(operation string) {
	if c.rounds == nil {
		return
	}
	took := c.p.Stats().Rounds - c.before
	if known, ok := c.rounds[operation]; ok {
		require.Equal(c.t, known, took, "rounds of %s for %d elements", operation, c.n)
	}
	c.rounds[operation] = took
}

// numbers returns n numbers from -limit to limit, edges first.
func numbers(seed uint64, n int, limit int64) []int64 {
	g := rand.New(rand.NewPCG(seed, 1))
	v := make([]int64, n)
	edges := []int64{limit, -limit, 0, 1, -1, limit - 1, limit / 2}
	for i := range v {
		if i < 49 {
			v[i] = edges[[2]int{i % 7, i / 7}[seed%2]]
		} else {
			v[i] = int64(g.Uint64N(2*uint64(limit)+1)) - limit
		}
	}
	return v
}

// dirty returns v with other values than zeros, for results to be written to.
func dirty(v engine.Vec) engine.Vec {
	for _, part := range v.Parts {
		for i := range part {
			part[i] = 0x5555555555555555
		}
	}
	return v
}

func (c *checker) input(from int, values []int64) engine.Vec {
	mine := values
	if c.p.Index() != from {
		mine = nil
	}
	x, err := c.p.Input(from, len(values), mine)
	c.ok(err)
	require.Equal(c.t, len(values), x.Len())
	return x
}

func (c *checker) inputBits(from int, words []uint64) engine.Vec {
	mine := words
	if c.p.Index() != from {
		mine = nil
	}
	x, err := c.p.InputBits(from, len(words), mine)
	c.ok(err)
	require.Equal(c.t, len(words), x.Len())
	return x
}

func (c *checker) reveal(x engine.Vec) []int64 {
	values, err := c.p.Reveal(x, c.everybody)
	c.ok(err)
	return values
}

func (c *checker) revealBits(x engine.Vec) []uint64 {
	words, err := c.p.RevealBits(x, c.everybody)
	c.ok(err)
	return words
}

// equal compares an opened vector with what want says of each element.
func (c *checker) equal(x engine.Vec, want func(i int) int64) {
	values := c.reveal(x)
	for i, v := range values {
		if v != want(i) {
			require.Equal(c.t, want(i), v, "element %d of %d", i, len(values))
		}
	}
}

func (c *checker) local() {
	a, b := numbers(1, c.n, 1<<28), numbers(2, c.n, 1<<28)
	c.measure()
	x := c.input(0, a)
	c.same("Input")
	y := c.input(c.p.Parties()-1, b)
	z := dirty(c.p.NewVec(c.n))
	c.p.Combine(z, 3, x, -5, y)
	c.measure()
	c.equal(z, func(i int) int64 { return 3*a[i] - 5*b[i] })
	c.same("Reveal")
	c.p.Combine(z, 1, z, 2, x) // in place
	c.equal(z, func(i int) int64 { return 5*a[i] - 5*b[i] })
	c.p.Shift(z, -12345)
	c.p.Shift(z, 1<<40)
	c.equal(z, func(i int) int64 { return 5*a[i] - 5*b[i] - 12345 + 1<<40 })
	z = dirty(c.p.NewVec(c.n))
	c.p.Weigh(z, x, b)
	c.equal(z, func(i int) int64 { return a[i] * b[i] })
	c.p.Prefix(z, x)
	sums := make([]int64, c.n)
	sum := int64(0)
	for i := range a {
		sum += a[i]
		sums[i] = sum
	}
	c.equal(z, func(i int) int64 { return sums[i] })
	total := dirty(c.p.NewVec(1))
	c.p.Sum(total, x)
	c.equal(total, func(int) int64 { return sum })
	if c.n%3 == 0 {
		third := dirty(c.p.NewVec(c.n / 3))
		c.p.Sum(third, x)
		c.equal(third, func(i int) int64 { return a[3*i] + a[3*i+1] + a[3*i+2] })
	}
	c.equal(x, func(i int) int64 { return a[i] })
}

func (c *checker) products() {
	a, b := numbers(1, c.n, 1<<29), numbers(2, c.n, 1<<29)
	x, y := c.input(1, a), c.input(0, b)
	z := dirty(c.p.NewVec(c.n))
	c.measure()
	c.ok(c.p.Mul(z, x, y))
	c.same("Mul")
	c.equal(z, func(i int) int64 { return a[i] * b[i] })

	// Factors whose inner products keep within 2^59.
	small := numbers(3, c.n, 1<<15)
	s := c.input(0, small)
	c.measure()
	one := dirty(c.p.NewVec(1))
	c.ok(c.p.Dot(one, x, s))
	c.same("Dot")
	sum := int64(0)
	for i := range a {
		sum += a[i] * small[i]
	}
	c.equal(one, func(int) int64 { return sum })
	if c.n%3 == 0 {
		z := dirty(c.p.NewVec(c.n / 3))
		c.ok(c.p.Dot(z, x, s))
		c.equal(z, func(i int) int64 {
			return a[3*i]*small[3*i] + a[3*i+1]*small[3*i+1] + a[3*i+2]*small[3*i+2]
		})
	}
	for _, shape := range [][3]int{{0, 3, 2}, {2, 0, 3}, {3, 2, 0}, {1, 1, 1}, {2, 3, 5}, {10, 7, 9}, {1, 60, 1}} {
		rows, inner, columns := shape[0], shape[1], shape[2]
		if rows*inner > c.n || inner*columns > c.n {
			continue
		}
		z := dirty(c.p.NewVec(rows * columns))
		c.ok(c.p.MatMul(z, rows, inner, columns, x.Slice(0, rows*inner), s.Slice(0, inner*columns)))
		c.equal(z, func(i int) (sum int64) {
			for k := range inner {
				sum += a[i/columns*inner+k] * small[k*columns+i%columns]
			}
			return sum
		})
	}
}

func (c *checker) truncate() {
	lowest, highest := c.p.Bounds()
	for _, shift := range []int{1, 16, 40, 57, 60} {
		a := numbers(uint64(shift), c.n, min(-(lowest/2), highest/2))
		x, z := c.input(0, a), dirty(c.p.NewVec(c.n))
		c.measure()
		c.ok(c.p.Truncate(z, x, shift))
		c.same(fmt.Sprint("Truncate by ", shift))
		for i, v := range c.reveal(z) {
			if v != a[i]>>shift && v != a[i]>>shift+1 {
				require.Equal(c.t, a[i]>>shift, v, "%d divided by 2^%d", a[i], shift)
			}
		}
	}
}

func words(seed uint64, n int) []uint64 {
	g := rand.New(rand.NewPCG(seed, 2))
	v := make([]uint64, n)
	for i := range v {
		v[i] = g.Uint64()
	}
	return v
}

func (c *checker) bits() {
	a, b := words(1, c.n), words(2, c.n)
	c.measure()
	x := c.inputBits(0, a)
	c.same("InputBits")
	y := c.inputBits(1, b)
	c.measure()
	for i, w := range c.revealBits(x) {
		require.Equal(c.t, a[i], w)
	}
	c.same("RevealBits")
	nx := x.Clone()
	c.p.Not(nx)
	z := dirty(c.p.NewBits(c.n))
	engine.Xor(z, nx, y)
	xy, ny := dirty(c.p.NewBits(c.n)), dirty(c.p.NewBits(c.n))
	c.measure()
	c.ok(c.p.And([]engine.Vec{xy, ny}, []engine.Vec{x, nx}, []engine.Vec{y, y}))
	c.same("And")
	masked := dirty(c.p.NewBits(c.n))
	engine.Mask(masked, x, b)
	opened := [][]uint64{c.revealBits(z), c.revealBits(xy), c.revealBits(ny), c.revealBits(masked)}
	for i := range a {
		require.Equal(c.t, []uint64{^a[i] ^ b[i], a[i] & b[i], ^a[i] & b[i], a[i] & b[i]},
			[]uint64{opened[0][i], opened[1][i], opened[2][i], opened[3][i]})
	}

	c.measure()
	r, err := c.p.RandomBits(c.n)
	c.ok(err)
	c.same("RandomBits")
	s, err := c.p.RandomBits(c.n)
	c.ok(err)
	first, second := c.revealBits(r), c.revealBits(s)
	for i := range first {
		// Of words of 64 random bits; false with a probability below 2^-48.
		require.NotEqual(c.t, first[i], second[i])
	}
}

func (c *checker) conversions() {
	w := engine.Words(c.n)
	bit := func(plane []uint64, i int) int64 { return int64(plane[i/64] >> (i % 64) & 1) }
	a := [][]uint64{words(5, w), words(6, w)}
	x, y := c.inputBits(1, a[0]), c.inputBits(0, a[1])
	c.measure()
	z, err := c.p.Numbers(c.n, x, y)
	c.ok(err)
	c.same("Numbers")
	for k := range z {
		require.Equal(c.t, c.n, z[k].Len())
		c.equal(z[k], func(i int) int64 { return bit(a[k], i) })
	}
	for _, size := range []int{1, 2, 13, 32, 61, 64} {
		lowest, highest := c.p.Bounds()
		if size < 64 {
			lowest, highest = max(lowest, -1<<(size-1)), min(highest, 1<<(size-1)-1)
		}
		numbers := numbers(uint64(size), c.n, highest)
		for i := range numbers {
			if i%5 == 2 && i > 40 {
				numbers[i] = lowest
			}
			if size == 1 {
				numbers[i] = -(numbers[i] & 1)
			}
		}
		x := c.input(0, numbers)
		name := func(operation string) string { return fmt.Sprint(operation, " of ", size) }
		c.measure()
		negative, err := c.p.Negative(x, size)
		c.ok(err)
		c.same(name("Negative"))
		zero, err := c.p.Zero(x, size)
		c.ok(err)
		c.same(name("Negative and Zero"))
		c.measure()
		planes, err := c.p.Decompose(x, size)
		c.ok(err)
		c.same(name("Decompose"))
		require.Equal(c.t, []int{w, w, size * w}, []int{negative.Len(), zero.Len(), planes.Len()})
		below, equal, all := c.revealBits(negative), c.revealBits(zero), c.revealBits(planes)
		for i, v := range numbers {
			got := [2]bool{bit(below, i) == 1, bit(equal, i) == 1}
			if want := [2]bool{v < 0, v == 0}; got != want {
				require.Equal(c.t, want, got, "%d of %d bits", v, size)
			}
			for k := range size {
				if bit(all[k*w:], i) != v>>k&1 {
					require.Equal(c.t, v>>k&1, bit(all[k*w:], i), "bit %d of %d of %d bits", k, v, size)
				}
			}
		}
	}
}

// someLearn opens to one party each: others learn nothing.
func (c *checker) someLearn() {
	a := numbers(8, c.n, 1000)
	x := c.input(0, a)
	bits := c.inputBits(0, words(9, c.n))
	for i := range c.everybody {
		to := make([]bool, len(c.everybody))
		to[i] = true
		values, err := c.p.Reveal(x, to)
		c.ok(err)
		opened, err := c.p.RevealBits(bits, to)
		c.ok(err)
		if i != c.p.Index() {
			require.Nil(c.t, values)
			require.Nil(c.t, opened)
			continue
		}
		require.Len(c.t, values, c.n)
		require.Len(c.t, opened, c.n)
	}
}

// mistakes are refused before anything is sent, so that the run goes on.
func (c *checker) mistakes() {
	before := c.p.Stats()
	p := c.p
	one, two, bits := p.NewVec(1), p.NewVec(2), p.NewBits(2)
	second := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"Mul":        p.Mul(one, two, one),
		"Dot":        p.Dot(one, two, one),
		"Dot of two": p.Dot(two, p.NewVec(3), p.NewVec(3)),
		"MatMul":     p.MatMul(one, 1, 2, 1, two, one),
		"Truncate":   p.Truncate(one, two, 3),
		"no shift":   p.Truncate(two, two, 0),
		"shift":      p.Truncate(two, two, 62),
		"And":        p.And([]engine.Vec{bits}, []engine.Vec{bits}, nil),
		"Reveal":     second(p.Reveal(two, nil)),
		"RevealBits": second(p.RevealBits(bits, make([]bool, p.Parties()+1))),
		"Input":      second(p.Input(p.Parties(), 1, nil)),
		"InputBits":  second(p.InputBits(-1, 1, nil)),
		"nothing":    second(p.Input(p.Index(), 1, nil)),
		"not mine":   second(p.Input((p.Index()+1)%p.Parties(), 1, []int64{1})),
		"length":     second(p.Input(0, -1, nil)),
		"RandomBits": second(p.RandomBits(-1)),
		"Numbers":    second(p.Numbers(129, bits)),
		"Decompose":  second(p.Decompose(two, 65)),
		"Negative":   second(p.Negative(two, 0)),
		"Zero":       second(p.Zero(two, -1)),
	} {
		require.Error(c.t, err, name)
	}
	require.Equal(c.t, before, p.Stats())
}
