package he

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Noise makes results differentially private: contributors add noise to what they
// encrypt, so that nobody ever sees a sum without it [DKM+06].
//
// Each of them flips coins for every counter and adds the number of heads, less
// half the number of coins. Counters of one kind, such as the sum of a field or
// the buckets of a histogram, get an equal part of the budget. Two sets of rows
// are neighbours if one has a row that the other lacks; with functions Vector and
// InnerProduct, in which rows have places, if one row has other values.
type Noise struct {
	// Epsilon and Delta bound what the results of this plan together tell
	// about a row: no outcome is more likely than e^Epsilon times what it
	// would be with a neighbour, but for a probability of Delta. Both have no
	// default. Epsilon is at most 10, and Delta at most 10^-3.
	Epsilon, Delta float64
	// Honest is the number of contributors in a result that surely add their
	// noise, at most MinInputs: theirs suffices, and that of others comes on
	// top.
	Honest int
}

// maxCoins bounds what a contributor flips for a counter: 128 MiB of coins.
const maxCoins = 1 << 30

func (n *Noise) check(s *Spec) error {
	switch {
	case !(n.Epsilon > 0 && n.Epsilon <= 10):
		return fmt.Errorf("he: Epsilon is %v, not above 0 and at most 10", n.Epsilon)
	case !(n.Delta > 0 && n.Delta <= 1e-3):
		return fmt.Errorf("he: Delta is %v, not above 0 and at most 0.001", n.Delta)
	case n.Honest < 1 || n.Honest > s.MinInputs:
		return fmt.Errorf("he: Honest is %d, not between 1 and MinInputs", n.Honest)
	}
	return nil
}

// coins returns how many coins each contributor flips for counters that a row
// changes by up to delta units, if there are so many kinds of counters. It is
// even.
//
// The heads of n fair coins that come out as k and as k+d have probabilities in
// the ratio of products of d factors (k+i)/(n-k-i+1). If k is within t of n/2, each
// is at most (n/2+t+d)/(n/2-t-d), and by Hoeffding's inequality it is not with a
// probability of at most 2 exp(-2 t^2/n). Coins beyond those of the honest
// contributors are independent of them and change nothing about it.
func (n *Noise) coins(delta *big.Int, kinds int) (int64, error) {
	epsilon, failure := n.Epsilon/float64(kinds), n.Delta/float64(kinds)
	d, _ := new(big.Float).SetInt(delta).Float64()
	enough := func(total float64) bool {
		t := math.Sqrt(total*math.Log(2/failure)/2) + d
		return total/2 > t && d*math.Log((total/2+t)/(total/2-t)) <= epsilon
	}
	// In steps of a 32nd, so that machines whose logarithms differ in the last
	// bit come to the same.
	for exponent := 5; ; exponent++ {
		for step := range 32 {
			total := math.Ldexp(float64(32+step), exponent-5)
			if total > maxCoins*float64(n.Honest) {
				return 0, fmt.Errorf("he: noise that hides %v units takes too many coins: take fewer decimals, narrower fields or a larger Epsilon", delta)
			}
			// A margin of 10^-9 for rounding.
			if enough(total * (1 - 1e-9)) {
				each := int64(math.Ceil(total / float64(n.Honest)))
				return min(each+each%2, maxCoins), nil
			}
		}
	}
}

// A flipper flips coins in a structure that does not depend on how they fall.
type flipper struct {
	g *prg.PRG
	w [256]uint64
}

func newFlipper() *flipper {
	var seed [prg.Size]byte
	rand.Read(seed[:])
	return &flipper{g: prg.New(seed)}
}

// heads returns the number of heads of n coins.
func (f *flipper) heads(n int64) (heads uint64) {
	for n > 0 {
		words := f.w[:min(int64(len(f.w)), (n+63)/64)]
		f.g.Uint64s(words)
		if n < int64(64*len(words)) && n%64 != 0 {
			words[len(words)-1] &= 1<<(n%64) - 1
		}
		for _, w := range words {
			heads += uint64(bits.OnesCount64(w))
		}
		n -= int64(64 * len(words))
	}
	return heads
}

// spread widens what counters can be by the noise on them.
func (p *Plan) spread() error {
	n := p.spec.Noise
	if n == nil {
		return nil
	}
	if err := n.check(&p.spec); err != nil {
		return err
	}
	kinds := len(p.blocks) + len(p.vectors)
	for i, f := range p.vectors {
		coins, err := n.coins(big.NewInt(p.hi[f]-p.lo[f]), kinds)
		if err != nil {
			return err
		}
		p.vectorCoins[i] = coins
	}
	for _, b := range p.blocks {
		coins, err := n.coins(b.delta, kinds)
		if err != nil {
			return err
		}
		b.coins = coins
		b.lo = new(big.Int).Sub(b.lo, big.NewInt(coins/2))
		b.hi = new(big.Int).Add(b.hi, big.NewInt(coins/2))
	}
	return nil
}

// ErrBudget is about a plan that would spend more than is left.
var ErrBudget = errors.New("he: the privacy budget is spent")

// A Budget is what a contributor lets results tell about its rows altogether. It
// lies in a file, which outlives crashes: what a plan spends is recorded before
// anything is encrypted. Epsilons and deltas of plans add up. It is safe for
// concurrent use.
type Budget struct {
	records        *records
	epsilon, delta float64
	left           [2]float64
}

const budgetSize = 64 + 1 + 16 + 1 + 16 + 1

// OpenBudget opens the budget in a file, or makes it. All that is recorded there
// counts against epsilon and delta.
func OpenBudget(name string, epsilon, delta float64) (*Budget, error) {
	if !(epsilon > 0) || !(delta > 0) {
		return nil, errors.New("he: a budget needs an epsilon and a delta above zero")
	}
	b := &Budget{epsilon: epsilon, delta: delta, left: [2]float64{epsilon, delta}}
	var err error
	b.records, err = openRecords(name, "privacy budget", budgetSize, func(r []byte) bool {
		_, ok1 := parseHex(r[:64])
		e, ok2 := parseHex(r[65:81])
		d, ok3 := parseHex(r[82:98])
		if !ok1 || !ok2 || !ok3 || r[64] != ' ' || r[81] != ' ' {
			return false
		}
		b.left[0] -= math.Float64frombits(binary.BigEndian.Uint64(e))
		b.left[1] -= math.Float64frombits(binary.BigEndian.Uint64(d))
		return true
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Left returns what is left of epsilon and delta.
func (b *Budget) Left() (epsilon, delta float64) {
	b.records.mu.Lock()
	defer b.records.mu.Unlock()
	return b.left[0], b.left[1]
}

// Close closes the file.
func (b *Budget) Close() error { return b.records.close() }

// spend records what a session spends. Encrypting again in a session spends
// again.
func (b *Budget) spend(session [32]byte, n *Noise) error {
	b.records.mu.Lock()
	defer b.records.mu.Unlock()
	// A hair more than what is left is the rounding of sums.
	if n.Epsilon > b.left[0]+1e-12*b.epsilon || n.Delta > b.left[1]+1e-12*b.delta {
		return fmt.Errorf("%w: the plan spends epsilon %v and delta %v, and %v and %v are left", ErrBudget,
			n.Epsilon, n.Delta, max(0, b.left[0]), max(0, b.left[1]))
	}
	err := b.records.append(fmt.Appendf(nil, "%x %016x %016x\n", session, math.Float64bits(n.Epsilon), math.Float64bits(n.Delta)))
	if err != nil {
		return err
	}
	b.left[0] -= n.Epsilon
	b.left[1] -= n.Delta
	return nil
}
