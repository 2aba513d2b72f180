package he

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
)

// A Plan is a Spec with everything decided: ring, modulus, flooding noise, and
// the place of every counter. It is immutable and safe for concurrent use. All
// machines come to the same plan for the same Spec.
type Plan struct {
	spec        Spec
	params      *rlwe.Params
	layout      layout
	lo, hi      []int64 // of fields, in units
	vectors     []int   // the fields of functions Vector
	vectorCoins []int64 // of the noise on each
	blocks      []*block
	finishes    []finish   // one for each function, nil for vectors
	bases       []wide     // what is subtracted from the scalars, so that they start from zero
	ranges      []*big.Int // what the scalars then go up to
	digest      [sha256.Size]byte
}

// NewPlan decides how to answer a question. It proves, with the bounds in the
// Spec, that no sum leaves its place, and takes a modulus for which the noise in
// a whole result comes out too large with a probability below 2^-64, if no Expert
// says otherwise.
func NewPlan(spec *Spec) (*Plan, error) {
	p := &Plan{spec: *spec}
	p.spec.Fields, p.spec.Functions = slices.Clone(spec.Fields), slices.Clone(spec.Functions)
	p.spec.Context = slices.Clone(spec.Context)
	if spec.Noise != nil {
		n := *spec.Noise
		p.spec.Noise = &n
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := p.compile(); err != nil {
		return nil, err
	}
	if err := p.choose(); err != nil {
		return nil, err
	}
	p.digest = sha256.Sum256(p.describe())
	return p, nil
}

// compile turns functions into counters.
func (p *Plan) compile() error {
	s := &p.spec
	names := make(map[string]bool)
	for i := range s.Fields {
		lo, hi, err := s.Fields[i].bounds()
		if err != nil {
			return err
		}
		if names[s.Fields[i].Name] {
			return fmt.Errorf("he: there are two fields %q", s.Fields[i].Name)
		}
		names[s.Fields[i].Name] = true
		p.lo, p.hi = append(p.lo, lo), append(p.hi, hi)
	}
	c := &compiler{spec: s, lo: p.lo, hi: p.hi, known: make(map[string]int)}
	for _, f := range s.Functions {
		if f.vector {
			i, err := c.field(f.fields[0])
			switch {
			case err != nil:
				return fmt.Errorf("he: %v: %w", f, err)
			case slices.Contains(p.vectors, i):
				return fmt.Errorf("he: %v is asked for twice", f)
			}
			p.vectors = append(p.vectors, i)
			p.finishes = append(p.finishes, nil)
			continue
		}
		if f.compile == nil {
			return errors.New("he: a function is empty: take one that Sum, Mean, Vector and others return")
		}
		finish, err := f.compile(c)
		if err != nil {
			return fmt.Errorf("he: %v: %w", f, err)
		}
		p.finishes = append(p.finishes, finish)
	}
	p.blocks = c.blocks
	p.vectorCoins = make([]int64, len(p.vectors))
	if err := p.spread(); err != nil {
		return err
	}
	for _, b := range p.blocks {
		r := new(big.Int).Sub(b.hi, b.lo)
		total := new(big.Int).Mul(r, big.NewInt(int64(s.Contributors)))
		if total.BitLen() > 126 || b.lo.BitLen() > 126 {
			return errors.New("he: sums of 126 bits are too short: narrow the fields, or take fewer rows")
		}
		for range b.n {
			p.bases, p.ranges = append(p.bases, toWide(b.lo)), append(p.ranges, r)
		}
		if len(p.bases) > maxSlots {
			return fmt.Errorf("he: the functions need more than %d counters", maxSlots)
		}
	}
	return nil
}

// choose takes the length of sums, and with it the modulus, that makes the
// smallest contribution.
func (p *Plan) choose() error {
	s := &p.spec
	rows := make([]*big.Int, len(p.vectors))
	for i, f := range p.vectors {
		rows[i] = big.NewInt(p.hi[f] - p.lo[f] + p.vectorCoins[i])
	}
	cfg := rlwe.Config{Mode: rlwe.ReceiverKey, Contributors: s.Contributors, LogQ: s.Expert.LogQ, Failure: s.Expert.Failure}
	switch s.Mode {
	case Collective:
		cfg.Mode, cfg.Holders, cfg.Statistical = rlwe.Collective, s.Holders, s.Expert.Statistical
	case OneShot:
		cfg.Mode = rlwe.Masked
	}
	var best int64
	fits := false
	for w := 2; w <= 62; w++ {
		if s.Expert.Bits != 0 && w != s.Expert.Bits {
			continue
		}
		l, ok := newLayout(rows, p.ranges, s.Rows, s.Contributors, uint(w))
		if !ok {
			continue
		}
		for logN := 11; logN <= 13; logN++ {
			if s.Expert.LogN != 0 && logN != s.Expert.LogN {
				continue
			}
			l := l.withChecks(1 << logN)
			trial := cfg
			trial.LogN, trial.Capacity, trial.Coefficients = logN, l.capacity(), l.coefs
			n, mask, body, ok := rlwe.Cost(trial)
			if !ok {
				continue
			}
			whole := (l.coefs + int64(n) - 1) / int64(n) * int64(n) // masks have all coefficients
			if size := whole*int64(mask) + l.coefs*int64(body); !fits || size < best {
				fits, best, p.layout = true, size, l
				cfg.LogN, cfg.Capacity, cfg.Coefficients = logN, trial.Capacity, trial.Coefficients
			}
		}
	}
	if !fits {
		return errors.New("he: no modulus fits: take what Expert leaves open, or ask for less flooding")
	}
	var err error
	if p.params, err = rlwe.New(cfg); err != nil {
		return fmt.Errorf("he: %w", err)
	}
	s.Expert.LogN, s.Expert.LogQ, s.Expert.Bits = cfg.LogN, p.params.LogQ(), int(p.layout.w)
	return nil
}

// Expert returns what the plan chose, or was told to take: an Expert that makes
// the same plan.
func (p *Plan) Expert() Expert { return *p.spec.Expert }

// describe says everything that parties must agree upon.
func (p *Plan) describe() []byte {
	s := &p.spec
	var b strings.Builder
	fmt.Fprintf(&b, "dujiang he plan 2\n%d %d %d %d %d %d %d %t\n", s.Mode, s.Contributors, s.MinInputs, s.Holders, s.Threshold,
		s.Rows, s.Round, s.RoundAnswers)
	for i, f := range s.Fields {
		fmt.Fprintf(&b, "field %q %d %d %d\n", f.Name, p.lo[i], p.hi[i], f.Decimals)
	}
	for _, f := range s.Functions {
		b.WriteString(f.describe())
	}
	if n := s.Noise; n != nil {
		fmt.Fprintf(&b, "noise %x %x %d %d", math.Float64bits(n.Epsilon), math.Float64bits(n.Delta), n.Honest, p.vectorCoins)
		for _, block := range p.blocks {
			fmt.Fprintf(&b, " %d", block.coins)
		}
		b.WriteString("\n")
	}
	if s.Expert.Failure != usualFailure {
		fmt.Fprintf(&b, "failure %d\n", s.Expert.Failure)
	}
	fmt.Fprintf(&b, "context %x\nlayout %d\nparameters %x\n", s.Context, p.layout.w, p.params.Digest())
	return []byte(b.String())
}

// Digest identifies the plan. It is on every key, message and share, and a
// digest that the parties read to each other shows that they plan the same.
func (p *Plan) Digest() [sha256.Size]byte { return p.digest }

// chunks is the number of ciphertexts of a contribution.
func (p *Plan) chunks() int {
	n := int64(p.params.N())
	return int((p.layout.coefs + n - 1) / n)
}

// chunkLen is the number of coefficients in a chunk.
func (p *Plan) chunkLen(chunk int) int {
	n := int64(p.params.N())
	return int(min(n, p.layout.coefs-int64(chunk)*n))
}

// total adds up sizes of all chunks.
func (p *Plan) total(size func(n int) int) int64 {
	whole := int64(p.chunks() - 1)
	return whole*int64(size(p.params.N())) + int64(size(p.chunkLen(p.chunks()-1)))
}

func (p *Plan) contribution() int64 {
	return int64(headerSize) + p.keyShares() + p.total(p.params.CiphertextSize)
}

// audit is the size of what a key holder reads to audit so many contributions.
func (p *Plan) audit(contributions int) int64 {
	if p.spec.Mode == OneShot {
		return int64(headerSize) + int64(contributions)*int64(p.sealedKey())
	}
	return int64(headerSize) + int64(contributions)*int64(p.params.MaskHashSize()) + int64(p.chunks())*int64(p.params.MaskSumSize())
}

// Sizes are what a plan costs, in bytes.
type Sizes struct {
	Contribution int64 // what a contributor sends
	Audit        int64 // what a key holder reads if all contribute
	Share        int64 // what a key holder sends
	Aggregate    int64 // what the receiver reads of the sum, without signatures
}

// Sizes returns what the plan costs.
func (p *Plan) Sizes() Sizes {
	s := Sizes{Contribution: p.contribution(), Aggregate: p.total(p.sumSize)}
	if p.spec.Mode != ReceiverKey {
		s.Audit, s.Share = p.audit(p.spec.Contributors), p.shareSize()
	}
	return s
}

// String describes the plan for people: its digest, sizes and safety margins.
func (p *Plan) String() string {
	s, z := &p.spec, p.Sizes()
	var b strings.Builder
	fmt.Fprintf(&b, "plan %x: %v, %d contributors, at least %d of them", p.digest[:8], s.Mode, s.Contributors, s.MinInputs)
	if s.Mode != ReceiverKey {
		fmt.Fprintf(&b, ", %d of %d key holders", s.Threshold, s.Holders)
	}
	for _, f := range s.Functions {
		fmt.Fprintf(&b, "\n  %v", f)
	}
	fmt.Fprintf(&b, "\n  %d sums of %d bits in %d ciphertexts, ring of degree %d, modulus of %d bits (at most %d for 128-bit security)",
		p.layout.coefs, p.layout.w, p.chunks(), p.params.N(), p.params.LogQ(), p.params.Ceiling())
	fmt.Fprintf(&b, "\n  a number stands from bit %d up, and bits below %d do not travel", p.params.Delta(), p.params.Drop())
	fmt.Fprintf(&b, "\n  wrong with a probability below 2^-%d; contribution %d bytes, about %.2g s of one core", s.Expert.Failure,
		z.Contribution, float64(p.layout.coefs)*encryptSeconds)
	if n := s.Noise; n != nil {
		fmt.Fprintf(&b, "\n  differentially private with epsilon %v and delta %v", n.Epsilon, n.Delta)
	}
	if s.Mode == Collective {
		fmt.Fprintf(&b, "\n  flooding noise of %d bits hides all but the result to within 2^-%d", p.params.FloodBits(), s.Expert.Statistical)
	}
	if s.Mode != ReceiverKey {
		fmt.Fprintf(&b, "\n  a key holder reads %d bytes if all contribute, and sends %d", z.Audit, z.Share)
	}
	return b.String()
}

// encryptSeconds is the time to encode and encrypt a coefficient, for estimates: about
// what BenchmarkEncrypt measures on a core of 2021.
const encryptSeconds = 150e-9
