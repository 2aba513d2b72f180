package vole

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
)

// The security of the output rests on dual LPN with regular noise: the noise is
// a vector of N = 2m elements in t parts of equal length, each part with one
// random element at a random place, and what the receiver outputs is H * noise
// for a public code H.
//
// # The code
//
// H is an expand-convolute code [RRT23] with expander weight 7, state 24, the
// convolution applied twice, and in systematic form, as named ExConv7x24 in its
// authors' library. In [RRT23] it is a code over GF(2). Over GF(2^128) a binary
// H would be broken whatever its distance: every output would lie in the span
// over GF(2) of the t noise values, and once the systematic form has set half of
// them apart, a rank of at most t/2 tells outputs from random whenever t/2 is
// below 128; a larger t is weakened in proportion. H therefore multiplies by
// uniformly random elements of the field between the two convolutions. For
// correlated oblivious transfer the noise and the outputs are bits, and H is
// binary as in [RRT23].
//
// # The noise
//
// The best attacks known on codes of this kind are linear tests: a combination
// v of outputs in which v*H has low weight w is zero, or biased, if the noise
// misses its support. Over a large field that has probability (1 - w/N)^t, which
// is what the table is made for; over GF(2), where half of the support
// misses, the bias is (1 - 2w'/N)^t with w' = w/2, which is the same number.
//
// How low a weight can an attacker find? Not the minimum distance counts but
// what work can reach. Let X be a union of intervals of the convolution's
// vector, and y the part of it outside X. About m*y^7 rows of the expander stay
// outside X, since the seven places are independent. To keep both convolutions
// silent in X a combination of such rows must meet about 20 conditions (one for
// each block of the state, of which some of the random taps show nothing), for
// each of the two convolutions and each interval. One
// row more than conditions is enough, and the weight is about y*m, since
// outside X the state is never silent for long. With one place in each seventh
// of the vector, at least three intervals are needed to reach small y, 120
// conditions; a test builds the code and counts them. The table assumes 24 in
// all, five times fewer, which covers intervals chosen to suit the rows. For where
// 24 rows are left on average, the 121 that it takes are with probability 2^-147,
// and there are m^6 choices of three intervals: up to m = 2^24 no such choice is
// expected to exist, at m = 2^26 some thousand among 2^156, which one would have to
// find. Four intervals take 161 rows, and are rarer still.
//
//	m * y^7 = 24,  w/N = y/2,  t = 128 / -log2(1 - y/2).
//
// At m = 2^20 that is w/N = 0.109. It is lower than what the authors' library
// assumes for all m and, over large fields too, uses in (1 - 2w/N)^t: in 2024 0.15
// for this code and 0.2 for the one of expander weight 21, and since 2025 0.25 for
// both. The price is a few hundred kilobytes, not time, since time depends on N and
// hardly on t.
//
// The generic attacks on LPN with exact or regular noise, as estimated in
// [LWYY22] (Gauss, statistical decoding, and information set decoding over large
// fields and over GF(2)), are far beyond 128 bits at these weights, since they
// are driven by t at rate 1/2. So is guessing that uses the regular noise's
// linear equations over GF(2) [ES24], at 300 bits and more, and the hybrid of
// guessing and decoding [HYB25]: of all variants and sizes that were estimated the
// lowest are those at m = 2^12, with 314 bits for [ES24] with representations and
// 314 to 322 for the hybrid. Collisions and
// representations take little from that, as noise of this low a weight leaves all
// variants of information set decoding the same exponent [CS16]. So is, with regular
// noise over either field, the algebraic attack that guesses some places and solves
// for the products in each part [BO23]: at rate 1/2 its systems have a degree of
// regularity of about t/12, and what it gains by going below that it pays in guesses.
// Two more margins are left out: with regular noise
// the part of the test that meets half of the trees misses almost surely, and the
// other half then has to be missed with probability (1 - y)^(t/2), which is
// less; and every test costs a combination of a hundred outputs or more. To let
// some noise into the support and guess it costs more than it gains, at every
// size of the table. A test recomputes all columns.
type row struct {
	maxLen int     // m at most
	noise  int     // t, a multiple of eight
	linear float64 // bits of security against the linear tests above, rounded down
	lwyy   int     // bits of security by the formulas of [LWYY22], rounded down
	// Bits of security against the algebraic attack of [BO23], rounded down.
	algebraic int
}

// table holds the parameters for ExConv7x24 with N = 2m.
var table = []row{
	{1 << 12, 328, 129.8, 363, 355},
	{1 << 14, 408, 129.0, 436, 430},
	{1 << 16, 504, 128.0, 528, 529},
	{1 << 18, 632, 129.5, 655, 663},
	{1 << 20, 776, 128.7, 803, 812},
	{1 << 21, 864, 129.1, 893, 907},
	{1 << 22, 952, 128.2, 984, 998},
	{1 << 24, 1176, 128.8, 1212, 1221},
	{1 << 26, 1440, 128.5, 1481, 1488},
}

// MaxLen is the most correlations of one run.
const MaxLen = 1 << 26

// minLen is the size that smaller ones are rounded up to. The attacks above
// are estimated for codes that are long against their state, and for trees of
// more than a handful of leaves, as regular noise in short parts has structure
// that algebraic attacks can use.
const minLen = 1 << 12

// A plan is what both parties derive from the number of correlations.
type plan struct {
	m      int // outputs, at least minLen
	noise  int // t, the number of trees
	leaves int // per tree, an even number
	levels []int
	// binary is correlated oblivious transfer: noise values are one, and the
	// lowest bit of every block of the receiver is the noise itself.
	binary bool
	step   func(n int) error    // as in session.Session.Step; nil to count nothing
	await  func(f func()) error // as in session.Session.Await; nil to call f
	Config
}

func newPlan(m int, binary bool, cfg Config) *plan {
	p := &plan{m: max(m, minLen), binary: binary, Config: cfg}
	if p.Room == nil {
		p.Room = new(hugepage.Room)
	}
	for _, r := range table {
		if p.m <= r.maxLen {
			p.noise = r.noise
			break
		}
	}
	p.leaves = (2*p.m + p.noise - 1) / p.noise
	p.leaves += p.leaves % 2
	depth := bits.Len(uint(p.leaves - 1))
	// Level l has as many nodes as its leaves need.
	for l := range depth + 1 {
		p.levels = append(p.levels, (p.leaves-1)>>(depth-l)+1)
	}
	return p
}

func (p *plan) depth() int { return len(p.levels) - 1 }

// total is N.
func (p *plan) total() int { return p.noise * p.leaves }

// parity is the length of the vector that goes through the convolutions.
func (p *plan) parity() int { return p.total() - p.m }
