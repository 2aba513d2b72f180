package okvs

import (
	"math"
	"math/big"
	"math/bits"
	"testing"
)

// sizes are numbers of items on both sides of where anything changes.
var sizes = append([]int{1, 2, 63, 64, 65, 100, 1000, 5000, 1<<14 - 1, 1 << 14, 1<<14 + 1, 1 << 15, 1<<15 + 1, 50000,
	1 << 16, 1 << 18, 1 << 20, 1420000, 1 << 22, 1 << 24}, large...)

// large are sizes whose stores a 32-bit machine cannot address.
var large = []int{1 << 27, math.MaxInt32}[:2*(bits.UintSize/64)]

// TestLog2 checks that logarithms are rounded down to the last bit, by powers:
// x^(2^k) has the bit length 1 + floor(2^k * log2(x)).
func TestLog2(t *testing.T) {
	for x := uint64(1); x < 1<<62; x = x*5/3 + 1 {
		got := log2(x)
		if d := float64(got)/(1<<fraction) - math.Log2(float64(x)); d > 1e-11 || d < -1e-11 {
			t.Errorf("log2(%d) is off by %g", x, d)
		}
		power, k := new(big.Int).SetUint64(x), 12
		for range k {
			power.Mul(power, power)
		}
		if want := int64(power.BitLen() - 1); int64(got>>(fraction-k)) != want {
			t.Errorf("log2(%d): %d, want %d", x, got>>(fraction-k), want)
		}
	}
}

// TestCapacity compares the bound with the exact binomial tail.
func TestCapacity(t *testing.T) {
	// tail returns -log2 of the probability that a binomial variable with n
	// trials of probability 1/b is k or more.
	tail := func(n, b, k int) float64 {
		lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
		p := 1 / float64(b)
		first := lg(n) - lg(k) - lg(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p)
		sum, term := 0.0, 1.0
		for i := k; i <= n && term > 1e-18*sum; i++ {
			sum += term
			term *= float64(n-i) / float64(i+1) * p / (1 - p)
		}
		return -(first + math.Log(sum)) / math.Ln2
	}
	for _, n := range sizes {
		for _, ssp := range []int{1, 30, 40, 56} {
			p, err := NewParams(n, ssp, 128)
			if err != nil {
				t.Fatal(err)
			}
			if p.bins == 1 {
				if p.capacity != max(n, minItems) {
					t.Errorf("%d items: one bin of %d", n, p.capacity)
				}
				continue
			}
			want := float64(ssp+1) + math.Log2(float64(p.bins))
			got := tail(n, p.bins, p.capacity+1)
			if got < want {
				t.Errorf("%d items, %d bits: a bin of %d overflows with 2^-%.2f, want 2^-%.2f", n, ssp, p.capacity, got, want)
			}
			// Chernoff's bound and the spare bit cost less than ten bits.
			if got > want+10 {
				t.Errorf("%d items, %d bits: a bin of %d overflows with 2^-%.2f only", n, ssp, p.capacity, got)
			}
		}
	}
}

// TestDuplicateRows checks the one bound on the gap that has a formula: pairs of
// equal rows are Poisson, and each adds one to the gap. A bin may have one pair
// more than it has dense columns with a probability of 2^-lambda.
func TestDuplicateRows(t *testing.T) {
	for _, n := range sizes {
		p := params(t, n)
		c, m := float64(p.capacity), float64(p.sparse)
		mean := c * (c - 1) / 2 * 6 / (m * (m - 1) * (m - 2))
		fact, _ := math.Lgamma(float64(p.gap + 2))
		got := -(float64(p.gap+1)*math.Log(mean) - fact) / math.Ln2
		if want := 42 + math.Log2(float64(p.bins)); got < want {
			t.Errorf("%d items: more than %d pairs in a bin with 2^-%.2f, want 2^-%.2f", n, p.gap, got, want)
		}
	}
}

// TestDimensions pins the dimensions: they are part of the wire formats.
func TestDimensions(t *testing.T) {
	for _, c := range []struct {
		n, ssp int
		want   Params
	}{
		{0, 40, Params{}},
		{1, 40, Params{1, 1, 64, 146, 5, 40, 128}},
		{64, 40, Params{64, 1, 64, 146, 5, 40, 128}},
		{1000, 40, Params{1000, 1, 1000, 1451, 3, 40, 128}},
		{1 << 14, 40, Params{1 << 14, 1, 1 << 14, 20840, 2, 32, 128}},
		{1<<14 + 1, 40, Params{1<<14 + 1, 2, 8686, 11238, 3, 40, 128}},
		{1 << 16, 40, Params{1 << 16, 4, 17254, 21955, 3, 40, 128}},
		{1 << 20, 40, Params{1 << 20, 64, 17430, 22239, 3, 40, 128}},
		{1 << 24, 40, Params{1 << 24, 1024, 17482, 22368, 3, 48, 128}},
		{math.MaxInt32, 40, Params{math.MaxInt32, 131072, 17555, 22572, 4, 48, 128}},
		{1 << 20, 56, Params{1 << 20, 64, 17594, 22702, 4, 56, 128}},
	} {
		p, err := NewParams(c.n, c.ssp, 128)
		if bits.UintSize == 32 && c.n == math.MaxInt32 && err != nil {
			continue
		}
		if err != nil || p != c.want {
			t.Errorf("%d items, %d bits: %v, want %v (%v)", c.n, c.ssp, p, c.want, err)
		}
	}
	if p := params(t, 1<<20); p.Size() != 64*(22239+40) {
		t.Errorf("size %d", p.Size())
	}
}

func TestNewParamsErrors(t *testing.T) {
	tooMany := math.MaxInt // an error on every machine, if not always the same
	for _, c := range [][3]int{{-1, 40, 128}, {tooMany, 40, 128}, {10, 0, 128}, {10, 57, 128}, {10, -1, 128}, {10, 40, 0}, {10, 40, 129}, {10, 40, -1}} {
		if p, err := NewParams(c[0], c[1], c[2]); err == nil {
			t.Errorf("%v: %v", c, p)
		}
	}
}

// TestEverySize checks that no number of items makes dimensions that do not fit.
func TestEverySize(t *testing.T) {
	for _, ssp := range []int{1, 40, 56} {
		for n := 1; n < 1<<20; n += 1 + n/50 {
			p, err := NewParams(n, ssp, 128)
			if err != nil || p.sparse <= p.capacity || p.sparse > math.MaxUint16 || p.bins*p.capacity < n {
				t.Fatalf("%d items, %d bits: %v, %v", n, ssp, p, err)
			}
		}
	}
}

// TestDenseColumns checks the bound on a gap that the dense columns do not
// solve: the mean of 2^g - 1, for a Poisson number of pairs and a seventh more,
// times 2^-m^.
func TestDenseColumns(t *testing.T) {
	for _, n := range sizes {
		for _, ssp := range []int{1, 40, 56} {
			p, err := NewParams(n, ssp, 128)
			if err != nil {
				t.Fatal(err)
			}
			c, m := float64(p.capacity), float64(p.sparse)
			mean := 8. / 7 * c * (c - 1) / 2 * 6 / (m * (m - 1) * (m - 2))
			got := float64(p.dense) - math.Log2(math.Expm1(mean))
			if want := float64(ssp+2) + math.Log2(float64(p.bins)); got < want {
				t.Errorf("%d items, %d bits: %d dense columns fail with 2^-%.2f, want 2^-%.2f", n, ssp, p.dense, got, want)
			}
			if p.dense%8 != 0 || p.dense > 64 || p.dense < p.gap {
				t.Errorf("%d items, %d bits: %d dense columns for a gap of %d", n, ssp, p.dense, p.gap)
			}
		}
	}
}
