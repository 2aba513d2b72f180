package he

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// A Function is a question about the rows of all contributors together. Every
// contributor computes its part from its own rows, and only sums of parts are
// ever opened.
type Function struct {
	name    string
	fields  []string
	numbers []float64
	weights []int64
	vector  bool
	// compile asks for the counters it needs and says how sums of them become
	// an answer. It is nil for vectors.
	compile func(c *compiler) (finish, error)
}

// A finish turns sums into numbers. The counts in it may be zero, if nobody has
// any rows: numbers that do not exist are nil.
type finish func(sums [][]*big.Int) []*big.Rat

// String returns the function as it is written, for instance mean(wage).
func (f Function) String() string {
	return f.name + "(" + strings.Join(f.fields, ", ") + ")"
}

// describe says everything about f, unmistakably, for digests.
func (f Function) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", f.name, len(f.fields))
	for _, name := range f.fields {
		fmt.Fprintf(&b, " %q", name)
	}
	fmt.Fprintf(&b, " %d", len(f.numbers))
	for _, x := range f.numbers {
		fmt.Fprintf(&b, " %x", math.Float64bits(x))
	}
	fmt.Fprintf(&b, " %d\n", f.weights)
	return b.String()
}

// Vector asks for the sum over contributors row by row: the first rows of all
// added up, the second ones, and so on. Every contributor then has exactly
// Spec.Rows rows. The result is in [Result.Vectors].
func Vector(field string) Function {
	return Function{name: "vector", fields: []string{field}, vector: true}
}

// Count asks for the number of rows.
func Count() Function {
	return Function{name: "count", compile: func(c *compiler) (finish, error) {
		n := c.count()
		return func(s [][]*big.Int) []*big.Rat { return []*big.Rat{integer(s[n][0])} }, nil
	}}
}

// Sum asks for the sum of a field over all rows.
func Sum(field string) Function {
	return Function{name: "sum", fields: []string{field}, compile: func(c *compiler) (finish, error) {
		f, err := c.field(field)
		if err != nil {
			return nil, err
		}
		i, unit := c.sum(f), c.unit(f)
		return func(s [][]*big.Int) []*big.Rat {
			return []*big.Rat{times(integer(s[i][0]), unit)}
		}, nil
	}}
}

// Mean asks for the mean of a field over all rows.
func Mean(field string) Function {
	return Function{name: "mean", fields: []string{field}, compile: func(c *compiler) (finish, error) {
		f, err := c.field(field)
		if err != nil {
			return nil, err
		}
		n, i, unit := c.count(), c.sum(f), c.unit(f)
		return func(s [][]*big.Int) []*big.Rat {
			return []*big.Rat{times(quotient(s[i][0], s[n][0]), unit)}
		}, nil
	}}
}

// Variance asks for the variance of a field over all rows: the mean of squares
// less the square of the mean, that is with divisor n.
func Variance(field string) Function {
	f := Covariance(field, field)
	f.name, f.fields = "variance", f.fields[:1]
	return f
}

// Covariance asks for the covariance of two fields over all rows, with
// divisor n.
func Covariance(field1, field2 string) Function {
	return Function{name: "covariance", fields: []string{field1, field2}, compile: func(c *compiler) (finish, error) {
		f, err := c.field(field1)
		if err != nil {
			return nil, err
		}
		g, err := c.field(field2)
		if err != nil {
			return nil, err
		}
		n, i, j, ij, unit := c.count(), c.sum(f), c.sum(g), c.product(f, g), times(c.unit(f), c.unit(g))
		return func(s [][]*big.Int) []*big.Rat {
			means := times(quotient(s[i][0], s[n][0]), quotient(s[j][0], s[n][0]))
			if means == nil {
				return []*big.Rat{nil}
			}
			v := quotient(s[ij][0], s[n][0])
			return []*big.Rat{times(v.Sub(v, means), unit)}
		}, nil
	}}
}

// Histogram asks how many rows have a value below the first edge, from the first
// to below the second, and so on, and from the last edge up: one number more
// than edges, which must increase.
func Histogram(field string, edges ...float64) Function {
	edges = slices.Clone(edges)
	return Function{name: "histogram", fields: []string{field}, numbers: edges, compile: func(c *compiler) (finish, error) {
		i, err := c.histogram(field, edges)
		return func(s [][]*big.Int) (answer []*big.Rat) {
			for _, x := range s[i] {
				answer = append(answer, integer(x))
			}
			return answer
		}, err
	}}
}

// Quantiles asks between which edges the quantiles of a field lie: two numbers
// for each probability, the edge at or below the quantile and the edge above
// it. Where there is no edge it is the least or the greatest value of the field.
// The quantile of p is the value at position ceil(p·n), at least 1, of all n in
// order.
func Quantiles(field string, edges, probabilities []float64) Function {
	edges, probabilities = slices.Clone(edges), slices.Clone(probabilities)
	numbers := slices.Concat([]float64{float64(len(edges))}, edges, probabilities)
	return Function{name: "quantiles", fields: []string{field}, numbers: numbers, compile: func(c *compiler) (finish, error) {
		for _, p := range probabilities {
			if !(p >= 0 && p <= 1) {
				return nil, fmt.Errorf("a probability of %v is not between 0 and 1", p)
			}
		}
		i, err := c.histogram(field, edges)
		if err != nil {
			return nil, err
		}
		f, _ := c.field(field)
		all := slices.Concat([]int64{c.lo[f]}, c.edges(f, edges), []int64{c.hi[f]})
		unit := c.unit(f)
		return func(s [][]*big.Int) (answer []*big.Rat) {
			n := new(big.Int)
			for _, x := range s[i] {
				n.Add(n, x)
			}
			for _, p := range probabilities {
				if n.Sign() == 0 {
					answer = append(answer, nil, nil)
					continue
				}
				k := bucket(s[i], n, p)
				answer = append(answer, times(new(big.Rat).SetInt64(all[k]), unit), times(new(big.Rat).SetInt64(all[k+1]), unit))
			}
			return answer
		}, nil
	}}
}

// bucket returns the first bucket up to which there are p·n rows, at least one.
func bucket(counts []*big.Int, n *big.Int, p float64) int {
	rank := new(big.Rat).SetFloat64(p)
	rank.Mul(rank, integer(n))
	sum := new(big.Int)
	for k, x := range counts {
		if sum.Add(sum, x); sum.Sign() > 0 && integer(sum).Cmp(rank) >= 0 {
			return k
		}
	}
	return len(counts) - 1
}

// GroupBy asks, for each of the known keys in their order, for the number of
// rows with that value of the field key, and for the sum of the field over them:
// two numbers for each key. Rows with other keys do not count.
func GroupBy(key string, keys []float64, field string) Function {
	keys = slices.Clone(keys)
	return Function{name: "group-by", fields: []string{key, field}, numbers: keys, compile: func(c *compiler) (finish, error) {
		k, err := c.field(key)
		if err != nil {
			return nil, err
		}
		f, err := c.field(field)
		if err != nil {
			return nil, err
		}
		n, sum, err := c.groups(k, keys, f)
		unit := c.unit(f)
		return func(s [][]*big.Int) (answer []*big.Rat) {
			for i := range keys {
				answer = append(answer, integer(s[n][i]), times(integer(s[sum][i]), unit))
			}
			return answer
		}, err
	}}
}

// InnerProduct asks for the sum of weights[k] times the field in row k, over all
// contributors. The weights are public; there is one for each of Spec.Rows rows.
func InnerProduct(field string, weights []int64) Function {
	weights = slices.Clone(weights)
	return Function{name: "inner-product", fields: []string{field}, weights: weights, compile: func(c *compiler) (finish, error) {
		if len(weights) != c.spec.Rows {
			return nil, fmt.Errorf("there are %d weights, not one for each of %d rows", len(weights), c.spec.Rows)
		}
		return c.weighted(field, weights, func(_, row int) int64 { return weights[row] })
	}}
}

// WeightedSum asks for the sum of a field in which the rows of contributor i have
// weight weights[i]. The weights are public.
func WeightedSum(field string, weights []int64) Function {
	weights = slices.Clone(weights)
	return Function{name: "weighted-sum", fields: []string{field}, weights: weights, compile: func(c *compiler) (finish, error) {
		if len(weights) != c.spec.Contributors {
			return nil, fmt.Errorf("there are %d weights, not one for each of %d contributors", len(weights), c.spec.Contributors)
		}
		return c.weighted(field, weights, func(contributor, _ int) int64 { return weights[contributor] })
	}}
}

// Regression asks for the line y = a + b1·x1 + b2·x2 + ... with the least sum of
// squares over all rows: the numbers a, b1, b2, ..., which are nil if the rows do not
// determine them.
func Regression(y string, x ...string) Function {
	x = slices.Clone(x)
	return Function{name: "regression", fields: append([]string{y}, x...), compile: func(c *compiler) (finish, error) {
		if len(x) == 0 {
			return nil, fmt.Errorf("a regression needs a field to explain %q", y)
		}
		fields := make([]int, len(x)+1) // x, then y
		for i, name := range append(slices.Clone(x), y) {
			f, err := c.field(name)
			if err != nil {
				return nil, err
			}
			fields[i] = f
		}
		return c.regression(fields), nil
	}}
}

func integer(x *big.Int) *big.Rat { return new(big.Rat).SetInt(x) }

// quotient returns a/b, or nil if b is zero.
func quotient(a, b *big.Int) *big.Rat {
	if b.Sign() == 0 {
		return nil
	}
	return new(big.Rat).SetFrac(a, b)
}

// times returns a·b, or nil if one of them is.
func times(a, b *big.Rat) *big.Rat {
	if a == nil || b == nil {
		return nil
	}
	return new(big.Rat).Mul(a, b)
}
