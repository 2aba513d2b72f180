package he

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sort"
)

// A block is a number of counters of the same kind, which every contributor
// computes from its rows, each between lo and hi.
type block struct {
	n      int
	lo, hi *big.Int
	// delta is how much one row can change one of them. It changes no other.
	delta *big.Int
	coins int64 // of the noise on each
	// update adds a row to the counters.
	update func(counters []wide, row []int64, at place)
}

// A place is where a row is: whose, and which.
type place struct{ contributor, row int }

// A compiler collects the blocks that functions need. Functions that need the
// same share one.
type compiler struct {
	spec   *Spec
	lo, hi []int64 // of the fields
	blocks []*block
	known  map[string]int
}

func (c *compiler) field(name string) (int, error) {
	for i, f := range c.spec.Fields {
		if f.Name == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("there is no field %q", name)
}

// unit is the unit of a field as a number.
func (c *compiler) unit(f int) *big.Rat {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.spec.Fields[f].Decimals)), nil)
	return new(big.Rat).SetFrac(big.NewInt(1), ten)
}

// block returns the block of this name, or adds b.
func (c *compiler) block(name string, b *block) int {
	if i, ok := c.known[name]; ok {
		return i
	}
	c.known[name] = len(c.blocks)
	c.blocks = append(c.blocks, b)
	return len(c.blocks) - 1
}

// perRow returns n counters to one of which each row adds something between lo
// and hi, or nothing.
func (c *compiler) perRow(n int, lo, hi *big.Int, update func(counters []wide, row []int64, at place)) *block {
	rows, zero := big.NewInt(int64(c.spec.Rows)), new(big.Int)
	if lo.Sign() > 0 {
		lo = zero
	}
	if hi.Sign() < 0 {
		hi = zero
	}
	delta := new(big.Int).Neg(lo)
	if hi.Cmp(delta) > 0 {
		delta = hi
	}
	return &block{n: n, lo: new(big.Int).Mul(lo, rows), hi: new(big.Int).Mul(hi, rows), delta: delta, update: update}
}

// products returns the least and the greatest product of numbers of two ranges.
func products(lo1, hi1, lo2, hi2 int64) (lo, hi *big.Int) {
	for _, x := range []int64{lo1, hi1} {
		for _, y := range []int64{lo2, hi2} {
			p := new(big.Int).Mul(big.NewInt(x), big.NewInt(y))
			if lo == nil || p.Cmp(lo) < 0 {
				lo = p
			}
			if hi == nil || p.Cmp(hi) > 0 {
				hi = p
			}
		}
	}
	return lo, hi
}

func (c *compiler) count() int {
	return c.block("count", c.perRow(1, big.NewInt(0), big.NewInt(1), func(counters []wide, _ []int64, _ place) {
		counters[0].add(1)
	}))
}

func (c *compiler) sum(f int) int {
	lo, hi := big.NewInt(c.lo[f]), big.NewInt(c.hi[f])
	return c.block(fmt.Sprint("sum ", f), c.perRow(1, lo, hi, func(counters []wide, row []int64, _ place) {
		counters[0].add(row[f])
	}))
}

func (c *compiler) product(f, g int) int {
	f, g = min(f, g), max(f, g)
	lo, hi := products(c.lo[f], c.hi[f], c.lo[g], c.hi[g])
	if f == g && lo.Sign() < 0 {
		lo = new(big.Int) // a square
	}
	return c.block(fmt.Sprint("product ", f, g), c.perRow(1, lo, hi, func(counters []wide, row []int64, _ place) {
		counters[0].addProduct(row[f], row[g])
	}))
}

// edges returns numbers of a field in units, which check has found well formed.
func (c *compiler) edges(f int, edges []float64) []int64 {
	units := make([]int64, len(edges))
	for i, e := range edges {
		units[i], _ = toUnits(e, c.spec.Fields[f].scale())
	}
	return units
}

// numbers returns numbers that stand for values of a field, in units.
func (c *compiler) numbers(f int, what string, numbers []float64) ([]int64, error) {
	if len(numbers) == 0 {
		return nil, fmt.Errorf("there is no %s", what)
	}
	for _, x := range numbers {
		if _, err := toUnits(x, c.spec.Fields[f].scale()); err != nil {
			return nil, fmt.Errorf("the %s %v %w", what, x, err)
		}
	}
	return c.edges(f, numbers), nil
}

func (c *compiler) histogram(field string, edges []float64) (int, error) {
	f, err := c.field(field)
	if err != nil {
		return 0, err
	}
	units, err := c.numbers(f, "edge", edges)
	if err != nil {
		return 0, err
	}
	for i, e := range units {
		if e <= c.lo[f] || e > c.hi[f] || i > 0 && e <= units[i-1] {
			return 0, fmt.Errorf("the edge %v is not above the one before it and within the field", edges[i])
		}
	}
	name := fmt.Sprint("histogram ", f, units)
	return c.block(name, c.perRow(len(units)+1, big.NewInt(0), big.NewInt(1), func(counters []wide, row []int64, _ place) {
		k := sort.Search(len(units), func(i int) bool { return units[i] > row[f] })
		counters[k].add(1)
	})), nil
}

// groups returns the blocks of counts and of sums for known keys.
func (c *compiler) groups(k int, keys []float64, f int) (count, sum int, err error) {
	units, err := c.numbers(k, "key", keys)
	if err != nil {
		return 0, 0, err
	}
	places := make(map[int64]int, len(units))
	for i, u := range units {
		places[u] = i
	}
	if len(places) != len(units) {
		return 0, 0, errors.New("a key is there twice")
	}
	name := fmt.Sprint("group ", k, units)
	count = c.block(name, c.perRow(len(units), big.NewInt(0), big.NewInt(1), func(counters []wide, row []int64, _ place) {
		if i, ok := places[row[k]]; ok {
			counters[i].add(1)
		}
	}))
	lo, hi := big.NewInt(c.lo[f]), big.NewInt(c.hi[f])
	sum = c.block(fmt.Sprint(name, " of ", f), c.perRow(len(units), lo, hi, func(counters []wide, row []int64, _ place) {
		if i, ok := places[row[k]]; ok {
			counters[i].add(row[f])
		}
	}))
	return count, sum, nil
}

// weighted returns a sum in which rows have weights between those given.
func (c *compiler) weighted(field string, weights []int64, weight func(contributor, row int) int64) (finish, error) {
	f, err := c.field(field)
	if err != nil {
		return nil, err
	}
	for i, w := range weights {
		if w < -maxUnits || w > maxUnits {
			return nil, fmt.Errorf("weight %d is above 2^48 in size", i)
		}
	}
	lo, hi := products(c.lo[f], c.hi[f], slices.Min(weights), slices.Max(weights))
	b := c.perRow(1, lo, hi, func(counters []wide, row []int64, at place) {
		counters[0].addProduct(row[f], weight(at.contributor, at.row))
	})
	// A row that is not there moves those behind it to other weights, so
	// here neighbours have other values in one row.
	b.delta = new(big.Int).Sub(hi, lo)
	if abs := new(big.Int).Abs(hi); abs.Cmp(b.delta) > 0 {
		b.delta = abs
	}
	if abs := new(big.Int).Abs(lo); abs.Cmp(b.delta) > 0 {
		b.delta = abs
	}
	// Weights are of this function alone, so is the block.
	i := c.block(fmt.Sprint("weighted ", len(c.blocks)), b)
	unit := c.unit(f)
	return func(s [][]*big.Int) []*big.Rat { return []*big.Rat{times(integer(s[i][0]), unit)} }, nil
}

// regression solves the normal equations of the last field on the others,
// exactly.
func (c *compiler) regression(fields []int) finish {
	m := len(fields) // unknowns: one for each of m-1 fields, and the constant
	count := c.count()
	sums, moments := make([]int, m), make([][]int, m)
	for i, f := range fields {
		sums[i] = c.sum(f)
		for _, g := range fields {
			moments[i] = append(moments[i], c.product(f, g))
		}
	}
	return func(s [][]*big.Int) []*big.Rat {
		get := func(block int) *big.Rat { return integer(s[block][0]) }
		rows := make([][]*big.Rat, m) // of the equations, with the right sides
		for i := range rows {
			rows[i] = make([]*big.Rat, m+1)
			for j := range rows[i] {
				switch { // the first unknown is the constant
				case i == 0 && j == 0:
					rows[i][j] = get(count)
				case i == 0:
					rows[i][j] = get(sums[j-1])
				case j == 0:
					rows[i][j] = get(sums[i-1])
				default:
					rows[i][j] = get(moments[i-1][j-1])
				}
			}
		}
		answer := solve(rows)
		for i := range answer { // from units
			answer[i] = times(answer[i], c.unit(fields[m-1]))
			if i > 0 && answer[i] != nil {
				answer[i].Quo(answer[i], c.unit(fields[i-1]))
			}
		}
		return answer
	}
}

// solve solves linear equations, whose rows it overwrites. All unknowns are nil
// if there is not exactly one solution.
func solve(rows [][]*big.Rat) []*big.Rat {
	m := len(rows)
	answer := make([]*big.Rat, m)
	for k := range m {
		pivot := slices.IndexFunc(rows[k:], func(r []*big.Rat) bool { return r[k].Sign() != 0 })
		if pivot < 0 {
			return answer
		}
		rows[k], rows[k+pivot] = rows[k+pivot], rows[k]
		inverse := new(big.Rat).Inv(rows[k][k])
		for j := k; j <= m; j++ {
			rows[k][j].Mul(rows[k][j], inverse)
		}
		for i := range m {
			if i == k || rows[i][k].Sign() == 0 {
				continue
			}
			factor := new(big.Rat).Set(rows[i][k])
			for j := k; j <= m; j++ {
				rows[i][j].Sub(rows[i][j], new(big.Rat).Mul(factor, rows[k][j]))
			}
		}
	}
	for i := range answer {
		answer[i] = rows[i][m]
	}
	return answer
}
