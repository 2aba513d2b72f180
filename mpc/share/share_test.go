package share

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/field"
)

// schemes are some of every kind, at and between the ends of their parameters.
var schemes = []Scheme{
	{Kind: Additive, Ring: Z64, Quorum: Quorum{2, 2}},
	{Kind: Additive, Ring: Z64, Quorum: Quorum{3, 3}},
	{Kind: Additive, Ring: F61, Quorum: Quorum{5, 5}},
	{Kind: Shamir, Ring: F61, Quorum: Quorum{2, 2}},
	{Kind: Shamir, Ring: F61, Quorum: Quorum{2, 3}},
	{Kind: Shamir, Ring: F61, Quorum: Quorum{3, 7}},
	{Kind: Shamir, Ring: F61, Quorum: Quorum{5, 5}},
	{Kind: Packed, Ring: F61, Quorum: Quorum{3, 5}, Width: 2},
	{Kind: Packed, Ring: F61, Quorum: Quorum{5, 8}, Width: 3},
	{Kind: Packed, Ring: F61, Quorum: Quorum{5, 7}, Width: 4},
	{Kind: Replicated, Ring: Z64, Quorum: Quorum{2, 3}},
	{Kind: Replicated, Ring: F61, Quorum: Quorum{2, 5}},
	{Kind: Replicated, Ring: Z64, Quorum: Quorum{3, 6}},
	{Kind: Replicated, Ring: F61, Quorum: Quorum{3, 3}},
}

func (s Scheme) name() string { return fmt.Sprintf("%v/%v/%v/%d", s.Kind, s.Ring, s.Quorum, s.Width) }

// each runs f as a subtest for every scheme.
func each(t *testing.T, f func(t *testing.T, s Scheme)) {
	for _, s := range schemes {
		t.Run(s.name(), func(t *testing.T) { f(t, s) })
	}
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// numbers returns n numbers of the ring, edges among them.
func (r Ring) numbers(rnd *rand.Rand, n int) []uint64 {
	v := make([]uint64, n)
	for i := range v {
		v[i] = rnd.Uint64()
		switch {
		case r == F61 && i%5 == 0:
			v[i] = Modulus - 1 - uint64(i)
		case r == F61:
			v[i] %= Modulus
		case i%5 == 0:
			v[i] = -uint64(i)
		}
	}
	return v
}

// subsets yields all sets of k of the shares, as copies.
func subsets(shares []*Share, k int) (sets [][]*Share) {
	for set := range 1 << len(shares) {
		var chosen []*Share
		for i, s := range shares {
			if set>>i&1 == 1 {
				chosen = append(chosen, s)
			}
		}
		if len(chosen) == k {
			sets = append(sets, chosen)
		}
	}
	return sets
}

// TestRoundTrip reconstructs from every set of as many shares as it takes, and
// from all, in any order, and keeps what was given.
func TestRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, s Scheme) {
		r := newRand()
		for _, n := range []int{0, 1, 2, 3, 4, 5, 12, 13, 1000} {
			secrets := s.Ring.numbers(r, n)
			given := slices.Clone(secrets)
			shares, err := s.Split(secrets)
			require.NoError(t, err)
			require.Equal(t, given, secrets)
			require.Len(t, shares, s.Parties)
			for i, x := range shares {
				require.Equal(t, i+1, x.Index())
				require.Equal(t, n, x.Len())
				require.Equal(t, s, x.Scheme())
				require.Equal(t, shares[0].ID(), x.ID())
				_, err := NewShare(s, x.ID(), x.Index(), n, x.Parts())
				require.NoError(t, err)
			}
			for _, set := range append(subsets(shares, s.Needed), shares) {
				slices.Reverse(set)
				got, err := Combine(set)
				require.NoError(t, err)
				require.Equal(t, secrets, got)
				if s.Kind == Additive {
					continue
				}
				got, wrong, err := Correct(set)
				require.NoError(t, err)
				require.Empty(t, wrong)
				require.Equal(t, secrets, got)
			}
		}
	})
}

// TestPrivate shows that shares of as many parties as Private says are uniformly
// random and independent of the secrets: they are linear in the random vectors
// with coefficients of full rank, so whatever the secrets are, each value of
// the shares comes from as many choices of the random ones. Sharing of bytes has
// the exhaustive form of this.
func TestPrivate(t *testing.T) {
	each(t, func(t *testing.T, s Scheme) {
		secrets := make([]uint64, s.width())
		// Row i holds the coefficients of random vector i in all numbers of all
		// shares.
		var rows [][][][]uint64
		for i := range s.draws() {
			random := vectors(s.draws(), 1)
			random[i][0] = 1
			rows = append(rows, s.deal(secrets, random))
		}
		zero := s.deal(secrets, vectors(s.draws(), 1))
		for set := range 1 << s.Parties {
			var parties []int
			for i := range s.Parties {
				if set>>i&1 == 1 {
					parties = append(parties, i)
				}
			}
			if len(parties) != s.Private() {
				continue
			}
			// The same summand in several shares is one number.
			columns := map[string][]uint64{}
			for _, p := range parties {
				for j := range zero[p] {
					var column []uint64
					for _, row := range rows {
						column = append(column, row[p][j][0])
					}
					columns[fmt.Sprint(column)] = column
				}
			}
			var matrix [][]uint64
			for _, c := range columns {
				matrix = append(matrix, c)
			}
			require.Equal(t, len(matrix), s.Ring.rank(matrix), "parties %v", parties)
		}
	})
}

// rank returns the rank of a matrix over F61, by elimination; over Z64 that
// modulo 2, since a matrix that is invertible modulo 2 is modulo 2^64.
func (r Ring) rank(m [][]uint64) (rank int) {
	if len(m) == 0 {
		return 0
	}
	eliminate := func(x, pivot, p uint64) uint64 { // what to take from x so that p goes away
		return field.Mul(x, field.Mul(p, field.Inv(pivot)))
	}
	if r == Z64 {
		for _, row := range m {
			for i := range row {
				row[i] &= 1
			}
		}
	}
	for column := range m[0] {
		pivot := slices.IndexFunc(m[rank:], func(row []uint64) bool { return row[column] != 0 })
		if pivot < 0 {
			continue
		}
		m[rank], m[rank+pivot] = m[rank+pivot], m[rank]
		for _, row := range m[rank+1:] {
			p := row[column]
			for i, x := range m[rank] {
				if r == Z64 {
					row[i] ^= x & p
				} else {
					row[i] = field.Sub(row[i], eliminate(x, m[rank][column], p))
				}
			}
		}
		if rank++; rank == len(m) {
			break
		}
	}
	return rank
}

// TestLayout holds the order of vectors and summands that NewShare describes.
func TestLayout(t *testing.T) {
	s := Scheme{Kind: Replicated, Ring: Z64, Quorum: Quorum{2, 3}}
	shares, err := s.Split([]uint64{42})
	require.NoError(t, err)
	x1, x2, x3 := shares[1].parts[0][0], shares[0].parts[0][0], shares[0].parts[1][0]
	require.Equal(t, uint64(42), x1+x2+x3)
	require.Equal(t, [][]uint64{{x2}, {x3}}, shares[0].Parts())
	require.Equal(t, [][]uint64{{x1}, {x3}}, shares[1].Parts())
	require.Equal(t, [][]uint64{{x1}, {x2}}, shares[2].Parts())

	// The polynomial of a packed column, from its definition.
	s = Scheme{Kind: Packed, Ring: F61, Quorum: Quorum{3, 4}, Width: 2}
	shares, err = s.Split([]uint64{10, 11, 12})
	require.NoError(t, err)
	points, values := pointsOf(shares[1:])
	for c, want := range [][2]uint64{{10, 12}, {11, 0}} {
		column := []uint64{values[0][c], values[1][c], values[2][c]}
		require.Equal(t, want[0], field.Dot(column, lagrange(points, 0)))
		require.Equal(t, want[1], field.Dot(column, lagrange(points, Modulus-1)))
	}
	require.Equal(t, 1, s.Private())
}

func TestSchemeErrors(t *testing.T) {
	for want, s := range map[string]Scheme{
		"Kind(0)":              {Ring: F61, Quorum: Quorum{2, 3}},
		"Kind(9)":              {Kind: 9, Ring: F61, Quorum: Quorum{2, 3}},
		"Ring(0)":              {Kind: Additive, Quorum: Quorum{3, 3}},
		"Ring(7)":              {Kind: Additive, Ring: 7, Quorum: Quorum{3, 3}},
		"every party alone":    {Kind: Shamir, Ring: F61, Quorum: Quorum{1, 3}},
		"more than the":        {Kind: Shamir, Ring: F61, Quorum: Quorum{4, 3}},
		"more than 255":        {Kind: Shamir, Ring: F61, Quorum: Quorum{4, 256}},
		"Additive needs all":   {Kind: Additive, Ring: F61, Quorum: Quorum{2, 3}},
		"needs a field":        {Kind: Shamir, Ring: Z64, Quorum: Quorum{2, 3}},
		"at least 2":           {Kind: Packed, Ring: F61, Quorum: Quorum{3, 5}, Width: 1},
		"less than Needed":     {Kind: Packed, Ring: F61, Quorum: Quorum{3, 5}, Width: 3},
		"must be 0":            {Kind: Shamir, Ring: F61, Quorum: Quorum{3, 5}, Width: 1},
		"too many summands":    {Kind: Replicated, Ring: Z64, Quorum: Quorum{5, 10}},
		"summands for 2 of 17": {Kind: Replicated, Ring: Z64, Quorum: Quorum{2, 17}},
	} {
		_, err := s.Split(nil)
		require.ErrorContains(t, err, want)
		_, err = NewShare(s, [IDSize]byte{}, 1, 0, [][]uint64{nil})
		require.ErrorContains(t, err, want)
	}
	_, err := schemes[5].Split([]uint64{1, 2, Modulus})
	require.EqualError(t, err, "share: number 2 is not below the modulus of F61")
}

func TestNewShareErrors(t *testing.T) {
	s := Scheme{Kind: Shamir, Ring: F61, Quorum: Quorum{2, 3}}
	for want, c := range map[string]struct {
		index, count int
		parts        [][]uint64
	}{
		"not among 3":    {0, 1, [][]uint64{{1}}},
		"4 is not among": {4, 1, [][]uint64{{1}}},
		"-1 secrets":     {1, -1, [][]uint64{nil}},
		"2 vectors":      {1, 1, [][]uint64{{1}, {1}}},
		"of 2 numbers":   {1, 1, [][]uint64{{1, 2}}},
		"modulus":        {1, 1, [][]uint64{{Modulus}}},
	} {
		_, err := NewShare(s, [IDSize]byte{}, c.index, c.count, c.parts)
		require.ErrorContains(t, err, want)
	}
}

// TestMixed covers shares that do not belong together.
func TestMixed(t *testing.T) {
	each(t, func(t *testing.T, s Scheme) {
		shares, err := s.Split([]uint64{1, 2, 3})
		require.NoError(t, err)
		others, err := s.Split([]uint64{1, 2, 3})
		require.NoError(t, err)
		for want, set := range map[string][]*Share{
			"no shares":             nil,
			"too few":               shares[:s.Needed-1],
			"two shares of":         append(slices.Clone(shares[1:]), shares[1]),
			"position 1 is nil":     {shares[0], nil},
			"1 is nil or empty":     {shares[0], {}},
			"not of the same":       append(slices.Clone(shares[1:]), others[0]),
			"positions 0 and 1 are": {shares[0], others[1]},
		} {
			_, err := Combine(set)
			require.ErrorContains(t, err, want)
			_, _, err = Correct(set)
			require.ErrorContains(t, err, want)
		}
	})
}

// TestSharesAreNotPrinted checks every way of printing that programs use.
func TestSharesAreNotPrinted(t *testing.T) {
	shares, err := schemes[0].Split([]uint64{7777777})
	require.NoError(t, err)
	updates, err := shares[1].Refresh()
	require.NoError(t, err)
	byteShares, err := SplitBytes([]byte("secret"), Quorum{2, 3})
	require.NoError(t, err)
	_, scalars, err := SplitPedersen(make([]byte, ScalarSize), Quorum{2, 3})
	require.NoError(t, err)
	for want, v := range map[string]any{
		"share.Share(2)":       shares[1],
		"share.Update(1)":      updates[0],
		"share.ByteShare(3)":   byteShares[2],
		"share.ScalarShare(1)": scalars[0],
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			require.Equal(t, want, fmt.Sprintf(verb, v))
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		require.Contains(t, log.String(), "v="+want)
	}
	for want, v := range map[string]Share{"share.Share(1)": {index: 1}} {
		require.Equal(t, want, fmt.Sprint(v))
	}
}
