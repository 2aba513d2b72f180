package okvs

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
	"github.com/dujiang-dev/dujiang/internal/okvs/rows"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// gaps peels trials random bins of n items and m columns, and counts them by
// the size of their gap; the last count is for all above.
func gaps(n, m, trials int, count *[12]int) {
	p := &Params{n: n, bins: 1, capacity: n, sparse: m, gap: len(count) - 2}
	s := new(solver)
	r := prg.New([16]byte{byte(n), byte(n >> 8), byte(m), byte(m >> 8)})
	h := make([]Block, n)
	for range trials {
		r.Blocks(h)
		rows.Place(s.rows[:n], h, 1, m)
		if _, err := s.triangulate(p, h); err != nil {
			count[len(count)-1]++
		} else {
			count[len(s.gap)]++
		}
	}
}

// poisson returns the smallest k that a Poisson variable of the given mean
// exceeds with a probability below 1e-9.
func poisson(mean float64) int {
	term := math.Exp(-mean)
	below := term
	for k := 0; ; k++ {
		if 1-below < 1e-9 {
			return k
		}
		term *= mean / float64(k+1)
		below += term
	}
}

// TestGapRate measures how often peeling leaves a gap at the parameters in use,
// against the number of pairs of equal rows, which is Poisson with mean mu. Other
// small structures, like three rows on four columns and four rows on six, are
// rarer by a factor of about n: they add some percent for 64 items, and less for
// more. A seventh is allowed.
func TestGapRate(t *testing.T) {
	for _, c := range []struct{ n, trials int }{{64, 100000}, {1000, 20000}, {1 << 14, 300}} {
		if testing.Short() || race.Enabled {
			c.trials /= 100
		}
		p := params(t, c.n)
		n, m := float64(p.capacity), float64(p.sparse)
		mu := n * (n - 1) / 2 * 6 / (m * (m - 1) * (m - 2))
		var count [12]int
		gaps(p.capacity, p.sparse, c.trials, &count)
		t.Logf("n = %d, m' = %d, g^ = %d: gaps of 0, 1, 2, ... in %d bins: %v; expected with a gap: %.1f",
			p.capacity, p.sparse, p.gap, c.trials, count, mu*float64(c.trials))
		if got, most := c.trials-count[0], poisson(8./7*mu*float64(c.trials)); got > most {
			t.Errorf("%d items: %d of %d bins have a gap, want at most %d", c.n, got, c.trials, most)
		}
	}
}

// TestFailureRate checks the extrapolated line of [RR22, section 3.2] where it
// can be observed: for few bits of security, bins fail no more often than they
// may.
func TestFailureRate(t *testing.T) {
	for _, c := range []struct{ n, ssp, trials int }{
		{200, 4, 20000}, {200, 8, 100000}, {1000, 4, 10000}, {1000, 8, 20000}, {1 << 14, 4, 500},
	} {
		if testing.Short() || race.Enabled {
			c.trials /= 50
		}
		p, err := NewParams(c.n, c.ssp, 128)
		if err != nil {
			t.Fatal(err)
		}
		var count [12]int
		gaps(p.capacity, p.sparse, c.trials, &count)
		failed := c.trials
		for _, k := range count[:p.gap+1] {
			failed -= k
		}
		allowed := float64(c.trials) / math.Exp2(float64(c.ssp+1))
		t.Logf("n = %d, m' = %d, g^ = %d: %d of %d failed, %.1f allowed", c.n, p.sparse, p.gap, failed, c.trials, allowed)
		if failed > poisson(allowed) {
			t.Errorf("%d items, %d bits: %d of %d failed", c.n, c.ssp, failed, c.trials)
		}
	}
}

// tight returns dimensions where a gap is the rule.
func tight(n, sparse, gap, bins int) Params {
	return Params{n: n, bins: bins, capacity: n, sparse: sparse, gap: gap, dense: 64, width: 128}
}

// TestGapIsSolved encodes with fewer sparse columns than peeling needs.
func TestGapIsSolved(t *testing.T) {
	with, solved := 0, 0
	s := new(solver)
	for i := range 2000 {
		// Bounds up to more than the gap; sometimes just enough.
		p := tight(60, 72+i%20, 1+i%25, 1)
		keys, values := instance(p.n, i)
		_, seed, coins := seeds(i)
		store, got := make([]Block, p.Size()), make([]Block, p.n)
		err := encodeValues(p, seed, coins, keys, values, store, 1)

		h := make([]Block, p.n)
		aes128.New(seed).HashCR(h, keys)
		rows.Place(s.rows[:p.n], h, 1, p.sparse)
		unlimited := p
		unlimited.gap = p.n
		if _, err := s.triangulate(&unlimited, h); err != nil {
			t.Fatal(err)
		}
		if fits := len(s.gap) <= p.gap; fits != (err == nil) {
			t.Fatalf("instance %d: a gap of %d, at most %d: %v", i, len(s.gap), p.gap, err)
		}
		if err != nil {
			if !errors.Is(err, ErrUnsolvable) {
				t.Fatalf("instance %d: %v", i, err)
			}
			continue
		}
		if len(s.gap) > 0 {
			with++
		}
		solved++
		Decode(p, seed, keys, store, got, Work{Workers: 1})
		for j := range got {
			if got[j] != values[j] {
				t.Fatalf("instance %d, a gap of %d: item %d is wrong", i, len(s.gap), j)
			}
		}
		for c, b := range store {
			if b == (Block{}) {
				t.Fatalf("instance %d: column %d is zero", i, c)
			}
		}
	}
	t.Logf("%d solved, %d of them with a gap", solved, with)
	if with < 300 || solved-with < 10 || solved > 1990 {
		t.Errorf("%d solved, %d of them with a gap: the test has lost its point", solved, with)
	}
}

// TestUnsolvable forces both ways to fail, in one bin and in one of many.
func TestUnsolvable(t *testing.T) {
	for name, p := range map[string]Params{
		"too few columns":   tight(1000, 500, 3, 1),
		"one bin too small": {n: 1000, bins: 4, capacity: 255, sparse: 800, gap: 3, dense: 40, width: 128},
		"one bin too tight": {n: 1000, bins: 4, capacity: 400, sparse: 270, gap: 3, dense: 40, width: 128},
	} {
		keys, values := instance(p.n, 1)
		for _, workers := range []int{1, 4} {
			err := encodeValues(p, [16]byte{1}, [16]byte{}, keys, values, make([]Block, p.bins*max(p.binSize(), p.capacity))[:p.Size()], workers)
			if !errors.Is(err, ErrUnsolvable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestTriangular checks the result of triangulate against its definition.
func TestTriangular(t *testing.T) {
	for i := range 500 {
		n, m := 100, 110+i%40
		s := new(solver)
		h := prg.Expand([16]byte{1, byte(i), byte(i >> 8)}, n)
		rows.Place(s.rows[:n], h, 1, m)
		peeled, err := s.triangulate(&Params{sparse: m, gap: n}, h)
		if err != nil || peeled+len(s.gap) != n {
			t.Fatal(peeled, s.gap, err)
		}
		selects := func(r uint16, c uint32) bool {
			row := s.rows[r]
			return uint32(row&0xffff) == c || uint32(row>>16&0xffff) == c || uint32(row>>32) == c
		}
		seen := map[uint16]bool{}
		for _, g := range s.gap {
			seen[g] = true
		}
		for k, o := range s.order[:peeled] {
			if !selects(uint16(o), o>>16) {
				t.Fatalf("row %d does not select its column", k)
			}
			seen[uint16(o)] = true
			for _, later := range s.order[k+1 : peeled] {
				if selects(uint16(later), o>>16) {
					t.Fatalf("a row after row %d selects its column", k)
				}
			}
		}
		if len(seen) != n {
			t.Fatalf("%d rows of %d", len(seen), n)
		}
	}
}

func TestEliminate(t *testing.T) {
	r := prg.New([16]byte{5})
	independent := 0
	for i := range 300 {
		rank, unknowns := i%6, 5+i%60
		matrix, random := make([]equation, rank), make([]Block, 2*rank)
		r.Blocks(random)
		for j := range matrix {
			matrix[j] = equation{random[2*j].Lo << (64 - unknowns) >> (64 - unknowns), random[2*j+1]}
			if i%4 == 1 {
				matrix[j].columns &^= 3 << j // pivots elsewhere
			}
		}
		original := slices.Clone(matrix)
		x := make([]Block, unknowns)
		r.Blocks(x)
		before := slices.Clone(x)
		if !eliminate(matrix, x) {
			// Some combination must be zero.
			zero := false
			for set := 1; set < 1<<rank; set++ {
				var sum uint64
				for j, e := range original {
					sum ^= e.columns * uint64(set>>j&1)
				}
				zero = zero || sum == 0
			}
			if !zero {
				t.Fatalf("%d independent equations in %d unknowns", rank, unknowns)
			}
			continue
		}
		independent++
		kept := 0
		for j := range x {
			if x[j] == before[j] {
				kept++
			}
		}
		if kept != unknowns-rank {
			t.Errorf("%d equations leave %d of %d unknowns", rank, kept, unknowns)
		}
		for _, e := range original {
			for j := range x {
				if e.columns>>j&1 == 1 {
					e.value = e.value.Xor(x[j])
				}
			}
			if e.value != (Block{}) {
				t.Fatalf("%d equations in %d unknowns: one does not hold", rank, unknowns)
			}
		}
		if rank > 1 {
			original[0].columns = original[1].columns
			if eliminate(original, x) {
				t.Error("a repeated equation was accepted")
			}
		}
	}
	if independent < 250 {
		t.Errorf("%d of 300 were independent", independent)
	}
}
