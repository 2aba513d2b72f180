package stat

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/dujiang-dev/dujiang/mpc"
)

// momentScales returns the scales of the noise of the moments of k columns, those of sums first and
// then those of products in the order of rows of a lower triangle: kR for the sum of a column
// whose declared range has the width R, k²RS for what centre returns of two columns, and
// 2k²R² for what it returns of one.
//
// Let a row be replaced by another, and let x be the distance of its column i from the middle of
// the range in units of R, from -1/2 to 1/2, and x' that of the other row, with u_i = |x-x'|. As
// |x-x'| + |x+x'| = 2·max(|x|,|x'|) <= 1, we have |x+x'| <= 1-u_i. So for y, y' and v of another column
//
//	2|xy-x'y'| = |(x-x')(y+y') + (x+x')(y-y')| <= u(1-v) + v(1-u),
//
// and for the same column that is 2|x²-x'²| <= 2u(1-u). Divided by the scales, all products
// together change by at most (1/k²)·Σ u_i(1-u_j), over all i and j in both orders, which is
// w(1-w) for w = Σ u_i/k; and all sums by w. Together that is 1-(1-w)², which is at most one.
func momentScales(columns []*mpc.Vec) []uint64 {
	k := uint64(len(columns))
	var scales []uint64
	for _, c := range columns {
		scales = append(scales, times(k, width(c)))
	}
	for i, c := range columns {
		for _, d := range columns[:i] {
			scales = append(scales, times(k, k, width(c), width(d)))
		}
		scales = append(scales, times(2, k, k, width(c), width(c)))
	}
	return scales
}

// ends returns the sum of the ends of the declared range of v, two times its middle, in units of
// the integers of v. It does not overflow if the range of 2v does not.
func ends(v *mpc.Vec) int64 { return v.Range().Min + v.Range().Max }

// centre returns 2Σxy - ends(x)·Σy - ends(y)·Σx, which is two times the sum of the products of the
// distances of x and of y from the middles of their ranges, but for a constant.
func centre(x, y, sumX, sumY, product *mpc.Vec) (*mpc.Vec, error) {
	z, err := product.Scale(2)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		sum    *mpc.Vec
		factor int64
		places int
	}{{sumY, ends(x), x.Fraction()}, {sumX, ends(y), y.Fraction()}} {
		v, err := part.sum.Scale(part.factor)
		if err != nil {
			return nil, err
		}
		if v, err = v.Halve(part.places); err != nil {
			return nil, err
		}
		if z, err = z.Sub(v); err != nil {
			return nil, err
		}
	}
	return z, nil
}

// centred returns sums, and what centre returns of products, in the order of momentScales.
func centred(columns, sums []*mpc.Vec, products [][]*mpc.Vec) ([]*mpc.Vec, error) {
	all := slices.Clone(sums)
	for i, row := range products {
		for j, product := range row {
			z, err := centre(columns[i], columns[j], sums[i], sums[j], product)
			if err != nil {
				return nil, err
			}
			all = append(all, z)
		}
	}
	return all, nil
}

// blurMoments puts noise on sums, and in the place of each product what centre returns, with noise.
func (s *Study) blurMoments(ctx context.Context, chances [][]int64, columns, sums []*mpc.Vec, products [][]*mpc.Vec) error {
	all, err := centred(columns, sums, products)
	if err != nil {
		return err
	}
	if all, err = s.blur(ctx, chances, all...); err != nil {
		return err
	}
	all = all[copy(sums, all):]
	for _, row := range products {
		all = all[copy(row, all):]
	}
	return nil
}

// complete makes sums of products of what centre returned of them.
func (m *moments) complete(columns []*mpc.Vec) {
	middle := func(i int) *big.Rat { return rat(ends(columns[i]), columns[i].Fraction()) }
	half := big.NewRat(1, 2)
	for i, row := range m.products {
		for j, z := range row {
			z.Add(z, new(big.Rat).Mul(middle(i), m.sums[j]))
			z.Add(z, new(big.Rat).Mul(middle(j), m.sums[i]))
			z.Mul(z, half)
		}
	}
}

// rat returns the number of so many units of 2^-fraction.
func rat(units int64, fraction int) *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(units), new(big.Int).Lsh(big.NewInt(1), uint(fraction)))
}

// groupScales returns the scales of the noise of what byKey returns: 2(k+1) for counts, and 2R(k+1)
// for each of k columns of values whose declared range has the width R.
//
// A row that is replaced by another one leaves a group and enters one. Counts change by two in
// all at most. Of a column of values it takes 2x-ends from a group and adds 2x'-ends to one,
// both of which are from -R to R: that changes two sums by R each at most, or one by
// 2|x-x'|, which is at most 2R. So each of the k+1 is 1/(k+1) at most of its scale.
func groupScales(values []*mpc.Vec) []uint64 {
	parts := uint64(len(values) + 1)
	scales := []uint64{2 * parts}
	for _, v := range values {
		scales = append(scales, times(2, parts, width(v)))
	}
	return scales
}

// byKey returns, for each of so many keys from the first one on, the number of rows, and for each
// column the sum of 2x-ends.
func (s *Study) byKey(ctx context.Context, keys *mpc.Vec, first int64, groups int, values []*mpc.Vec) ([]*mpc.Vec, error) {
	n := keys.Len()
	member, err := s.indicators(ctx, keys, first, groups)
	if err != nil {
		return nil, err
	}
	counts := make([]*mpc.Vec, groups)
	for k := range counts {
		rows, err := member.Slice(k*n, (k+1)*n)
		if err != nil {
			return nil, err
		}
		if counts[k], err = rows.Sum(); err != nil {
			return nil, err
		}
	}
	count, err := mpc.Concat(counts...)
	if err != nil {
		return nil, err
	}
	all := []*mpc.Vec{count}
	for _, v := range values {
		sum, err := s.engine.MatMul(ctx, groups, n, 1, member, v)
		if err != nil {
			return nil, err
		}
		if sum, err = sum.Scale(2); err != nil {
			return nil, err
		}
		middles, err := count.Scale(ends(v))
		if err != nil {
			return nil, err
		}
		if middles, err = middles.Halve(v.Fraction()); err != nil {
			return nil, err
		}
		if sum, err = sum.Sub(middles); err != nil {
			return nil, err
		}
		all = append(all, sum)
	}
	return all, nil
}

// groupsBlurred is ByGroup with noise, of all keys in the declared range.
func (s *Study) groupsBlurred(ctx context.Context, keys *mpc.Vec, values []*mpc.Vec) ([]Group, error) {
	if width(keys) >= maxValues {
		return nil, fmt.Errorf("stat: keys in %v, and with Config.Privacy all of a range are groups, of at most %d; declare a narrower one", keys.Range(), maxValues)
	}
	first, groups := keys.Range().Min, int(width(keys))+1
	chances, err := s.chances(groupScales(values)...)
	if err != nil {
		return nil, err
	}
	columns, err := s.byKey(ctx, keys, first, groups, values)
	if err != nil {
		return nil, err
	}
	if columns, err = s.blur(ctx, chances, columns...); err != nil {
		return nil, err
	}
	if columns, _, err = s.hide(ctx, columns[0], columns...); err != nil {
		return nil, err
	}
	tables := make([][]*big.Rat, len(columns))
	for i, c := range columns {
		if tables[i], err = s.open(ctx, c); err != nil {
			return nil, err
		}
	}
	if tables[0] == nil {
		return nil, nil
	}
	var shown []Group
	half := big.NewRat(1, 2)
	for k, count := range tables[0] {
		if count.Cmp(rat(int64(s.cfg.Minimum), 0)) < 0 {
			continue
		}
		g := Group{Key: first + int64(k), Count: count.Num().Int64()}
		for i, v := range values {
			sum := new(big.Rat).Mul(count, rat(ends(v), v.Fraction()))
			sum.Add(sum, tables[i+1][k]).Mul(sum, half)
			g.Sums = append(g.Sums, value(sum))
			g.Means = append(g.Means, value(sum.Quo(sum, count)))
		}
		shown = append(shown, g)
	}
	return shown, nil
}
