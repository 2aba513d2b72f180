package okvs

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/okvs/rows"
)

// binItems is the mean number of items of a bin when there are many. A bin of
// this size has column numbers of 15 bits, and its rows, columns and values
// stay in a second-level cache of 1 MiB.
const binItems = 1 << 14

// minItems is the smallest number of items a bin is laid out for, since the
// measurements behind the parameters start here [RR22, section 3.2]. Fewer
// items in a table of this size can only peel better.
const minItems = 1 << 6

// maxSecurity is the largest statistical security parameter: 64 dense columns
// are enough for it at all sizes.
const maxSecurity = 56

// Params are the dimensions of a store. Both parties derive them from the
// number of items, the statistical security parameter and the width. The zero
// value is that of no items; other values come from [NewParams].
type Params struct {
	n        int // items
	bins     int
	capacity int // items per bin that the dimensions allow for
	sparse   int // m' of a bin, the columns of weight-3 rows
	gap      int // g^, the bound on the gap
	dense    int // m^, the number of dense columns
	width    int // bits of a block in use
}

// NewParams returns the dimensions of a store of n items whose values lie in the
// low width bits of a block, as the store then does. Encoding n distinct keys
// fails with a probability of at most 2^-ssp over the seed: half of that for a
// bin that overflows, a quarter for a bin whose gap is too large, and a quarter
// for one whose gap the dense columns do not solve.
//
// The computation uses integers only, so that two machines never disagree by
// the rounding of a logarithm.
func NewParams(n, ssp, width int) (Params, error) {
	if n < 0 || int64(n) > math.MaxInt32 {
		return Params{}, fmt.Errorf("okvs: %d items are not between 0 and 2^31 - 1", n)
	}
	if ssp < 1 || ssp > maxSecurity {
		return Params{}, fmt.Errorf("okvs: statistical security of %d bits is not between 1 and %d", ssp, maxSecurity)
	}
	if width < 1 || width > 128 {
		return Params{}, fmt.Errorf("okvs: a width of %d bits is not between 1 and 128", width)
	}
	if n == 0 {
		return Params{}, nil
	}
	p := Params{n: n, bins: (n-1)/binItems + 1, width: width}
	// Each bin gets lambda bits, for the union over all bins and the two ways
	// to fail. RR22's implementation keeps ssp bits per bin for the second way;
	// the union costs 0.4 % of the size at 2^20 items.
	lambda := fixed(ssp+1)<<fraction + log2(uint64(p.bins))
	p.capacity = max(capacity(n, p.bins, lambda), minItems)
	p.sparse = sparseColumns(p.capacity, lambda+1<<fraction)
	// [RR22, section 3.2]: g^ = floor(lambda / ((w-2) * log2(e*n))).
	p.gap = max(int((lambda+1<<fraction)/log2(uint64(p.sparse))), 1)
	p.dense = denseColumns(p.sparse, lambda+1<<fraction)
	if p.sparse > math.MaxUint16 || p.dense > rows.MaxDense {
		panic("okvs: internal error: bin too large")
	}
	if int64(p.bins)*int64(p.binSize()) > math.MaxInt/aes128.Size {
		return Params{}, fmt.Errorf("okvs: a store of %d items does not fit into this machine's address space", n)
	}
	return p, nil
}

// Size returns the number of blocks of a store.
func (p Params) Size() int { return p.bins * p.binSize() }

// Scratch returns the number of blocks that Encode needs to work: hardly more
// than items.
func (p Params) Scratch() int { return p.bins * p.capacity }

// mask returns the block of all bits in use.
func (p Params) mask() Block {
	if p.width >= 64 {
		return Block{Lo: math.MaxUint64, Hi: 1<<(p.width-64) - 1}
	}
	return Block{Lo: 1<<p.width - 1}
}

// fill sets dst to random blocks of the width, from block counter of the coins
// on.
func (p Params) fill(coins *aes128.Cipher, dst []Block, counter uint64) {
	if p.width == 128 {
		coins.CounterBlocks(dst, counter)
		return
	}
	mask := p.mask()
	for len(dst) > 0 {
		part := dst[:min(chunk, len(dst))]
		coins.CounterBlocks(part, counter)
		for i := range part {
			part[i].Lo &= mask.Lo
			part[i].Hi &= mask.Hi
		}
		dst, counter = dst[len(part):], counter+uint64(len(part))
	}
}

// binSize returns the number of blocks of a bin's store.
func (p Params) binSize() int { return p.sparse + p.dense }

// capacity returns how many of n items a bin of b must hold so that one bin
// gets more with a probability of at most 2^-lambda. The tail of the binomial
// distribution is bounded by Chernoff: X >= k has a probability of at most
// 2^-(n*KL(k/n, 1/b)).
func capacity(n, b int, lambda fixed) int {
	if b == 1 {
		return n
	}
	logN, logB, logB1 := log2(uint64(n)), log2(uint64(b)), log2(uint64(b-1))
	// Beyond the mean the exponent grows with k; find the first that will do. At
	// four times the mean, and some more for small means, it is above 2*lambda.
	k := first(n/b+1, min(n, 4*(n/b)+1000), func(k int) bool {
		exponent := fixed(k) * (log2(uint64(k)) + logB - logN)
		if k < n {
			exponent += fixed(n-k) * (log2(uint64(n-k)) + logB - logN - logB1)
		}
		// The logarithms are short of the truth by less than 2^-fraction each;
		// times n < 2^31 that is far below one bit.
		return exponent >= lambda+1<<fraction
	})
	return k - 1
}

// sparseColumns returns m' = e*n with the expansion e that leaves more than g^
// rows unpeeled with a probability of 2^-lambda, by [RR22, section 3.2]: for
// w = 3, lambda grows linearly in e from the point (1.223, -9.2) with the slope
// of equation (3),
//
//	log2(slope) = 0.55*log2(n) + 0.093*w'^3 - 1.01*w'^2 + 2.92*w' - 0.13,
//
// where w' = log2(3), and the constant comes to 2.331. Hence
// m' = 1.223*n + (lambda + 9.2) * n^0.45 / 2^2.331.
func sparseColumns(n int, lambda fixed) int {
	excess := log2(uint64((lambda+decimal(9200))>>(fraction-20))) - 20<<fraction +
		log2(uint64(n))*45/100 - decimal(2331)
	x := first(1, 1<<20, func(x int) bool { return log2(uint64(x)) >= excess })
	return (1223*n+999)/1000 + x
}

// denseColumns returns m^, the number of dense columns with which a bin's gap is
// solvable but for a probability of 2^-lambda, rounded up to a multiple of 8.
//
// A gap of g rows needs a random binary matrix of g rows and m^ columns to be of
// full rank, which it fails to be with a probability below (2^g - 1) * 2^-m^
// [RR22, Lemma 2.1]. The paper takes m^ = g^ + lambda, as if there always were
// a gap of g^. But almost always there is none, and almost all gaps are pairs of
// rows with the same three columns. Their number is Poisson with a mean of mu =
// 3n^2/m'^3 < 2/m', as m' > 1.223n, and then the mean of 2^g - 1 is e^mu - 1,
// about mu. Other structures add a seventh, see the tests. Here it is bounded by
// 8/m', which leaves two bits to spare.
func denseColumns(sparse int, lambda fixed) int {
	bits := lambda + 3<<fraction - log2(uint64(sparse))
	m := int((bits + 1<<fraction - 1) >> fraction)
	return max((m+7)/8*8, rows.MinDense)
}

// first returns the smallest k in [lo, hi) for which ok holds, or hi. If ok
// holds for k it must hold for k + 1.
func first(lo, hi int, ok func(k int) bool) int {
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if ok(mid) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// fixed is a number times 2^fraction.
type fixed int64

const fraction = 40

// decimal returns x/1000.
func decimal(x int64) fixed { return fixed(x << fraction / 1000) }

// log2 returns the logarithm of x > 0, rounded down, by repeated squaring.
func log2(x uint64) fixed {
	n := bits.Len64(x) - 1
	r := fixed(n)
	m := x << (63 - n) // x/2^n in [1, 2), with 63 bits after the point
	for range fraction {
		hi, lo := bits.Mul64(m, m)
		r <<= 1
		// m^2 is hi*2^64 + lo with 126 bits after the point.
		if hi>>63 == 1 {
			r |= 1
			m = hi
		} else {
			m = hi<<1 | lo>>63
		}
	}
	return r
}
