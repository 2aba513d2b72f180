package rlwe

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/ntt"
)

// A Mode says who opens a sum.
type Mode uint8

const (
	// ReceiverKey is for one receiver with a key of its own.
	ReceiverKey Mode = iota + 1
	// Collective is for a key that is the sum of the secrets of all holders.
	Collective
	// Masked is for contributors that mask with keys of their own, of whom
	// only the sum of the keys is ever opened.
	Masked
)

// Errors about what others sent. A message that is refused changes nothing.
var (
	// ErrMalformed is about bytes that are not a message of these parameters.
	ErrMalformed = errors.New("rlwe: malformed message")
	// ErrNoise is about a sum that does not open: the key is another one, a
	// share is missing or is for another sum.
	ErrNoise = errors.New("rlwe: the sum does not open: a key or a share is not the one that belongs to it")
)

var errOtherParams = errors.New("rlwe: a sum has other parameters")

// Limits of a Config.
const (
	maxContributors = 1 << 20
	maxHolders      = 1 << 8
	maxCoefficients = 1 << 40
	maxStatistical  = 80
	minFailure      = 40
	usualFailure    = 64
	maxFailure      = 128
)

// A Config is a question about sums.
type Config struct {
	Mode Mode
	// Capacity is what every sum of a coefficient is less than. That this is
	// so is up to the caller: sums beyond it come out wrong.
	Capacity uint64
	// Contributors is the most messages that are added up.
	Contributors int
	// Holders is the number of secrets that make up the key in mode
	// [Collective]; else it is zero.
	Holders int
	// Coefficients is the number of coefficients in all chunks of a result,
	// over which failures and leaks add up.
	Coefficients int64
	// Statistical is how well flooding hides what a decryption share would
	// tell about secrets and contributions, for all coefficients of a result
	// together: to within a statistical distance of 2^-Statistical. It is for
	// mode [Collective], and 40 is usual.
	Statistical int
	// LogN, if it is not zero, is the logarithm of the ring's degree: 11, 12 or
	// 13. It is for experiments; zero takes the least that will do.
	LogN int
	// LogQ, if it is not zero, is the length of the modulus in bits. It is for
	// experiments; zero takes what makes the shortest messages.
	LogQ int
	// Failure is how improbable a wrong result is: it has a probability below
	// 2^-Failure, from 40 to 128. Zero is 64, and less is for experiments.
	Failure int
}

// failure returns Failure, or what it is by default.
func (c Config) failure() int {
	if c.Failure == 0 {
		return usualFailure
	}
	return c.Failure
}

func (c Config) check() error {
	switch {
	case c.Mode < ReceiverKey || c.Mode > Masked:
		return fmt.Errorf("rlwe: mode %d is none", c.Mode)
	case c.Capacity < 2:
		return fmt.Errorf("rlwe: a capacity of %d has room for no sum", c.Capacity)
	case c.Contributors < 1 || c.Contributors > maxContributors:
		return fmt.Errorf("rlwe: %d contributors are not between 1 and %d", c.Contributors, maxContributors)
	case c.Coefficients < 1 || c.Coefficients > maxCoefficients:
		return fmt.Errorf("rlwe: %d coefficients are not between 1 and %d", c.Coefficients, int64(maxCoefficients))
	case c.LogN != 0 && ceilings[c.LogN] == 0:
		return fmt.Errorf("rlwe: there is no ring with logN = %d", c.LogN)
	case c.LogQ < 0:
		return fmt.Errorf("rlwe: a modulus of %d bits", c.LogQ)
	case c.Failure != 0 && (c.Failure < minFailure || c.Failure > maxFailure):
		return fmt.Errorf("rlwe: wrong with a probability of 2^-%d, not between 2^-%d and 2^-%d", c.Failure, minFailure, maxFailure)
	}
	if c.Mode != Collective {
		if c.Holders != 0 || c.Statistical != 0 {
			return errors.New("rlwe: holders and flooding are for a collective key")
		}
		return nil
	}
	switch {
	case c.Holders < 1 || c.Holders > maxHolders:
		return fmt.Errorf("rlwe: %d holders are not between 1 and %d", c.Holders, maxHolders)
	case c.Statistical < 1 || c.Statistical > maxStatistical:
		return fmt.Errorf("rlwe: a statistical distance of 2^-%d is not between 2^-1 and 2^-%d", c.Statistical, maxStatistical)
	}
	return nil
}

// Params are a ring and how messages lie in it. They are immutable and safe for
// concurrent use.
type Params struct {
	cfg   Config
	row   row
	index int // of the row
	limbs []limb
	n     int
	q     uint128
	noise noise
	// delta is the place of a message: a value v is v 2^delta.
	delta uint
	// A body is a coefficient rounded to a multiple of 2^drop. What is sent is
	// the multiple, which is less than span, that of Q itself; bodyBits is its
	// length. Sums of bodies are over the integers.
	drop     uint
	span     uint64
	bodyBits int
	// garner is 1/q0 mod q1, 1/q0 mod q2 and 1/q1 mod q2, as far as there are such
	// primes, to compose residues.
	garner [3]ntt.Factor
	// lift[i] is 2^drop mod the prime i in Montgomery form, to bring sums of
	// bodies to residues.
	lift []uint64
	// hash is the ring of hashes of masks, of degree hashN, in mode Collective.
	// With longSums, sums of masks may exceed its primes.
	hash     []limb
	hashN    int
	longSums bool
	digest   [32]byte
}

// New returns the parameters for a question, such that a result of all its
// coefficients is wrong with a probability below 2^-64, or as Failure says.
// Everything is integer arithmetic, so that all machines come to the same.
func New(c Config) (*Params, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if p, ok := choose(c); ok {
		p.finish()
		return p, nil
	}
	return nil, fmt.Errorf("rlwe: no modulus is long enough for sums of %d bits of %d contributors: split values into digits",
		bits.Len64(c.Capacity-1), c.Contributors)
}

// choose returns the parameters of the smallest ring that fits, and of its moduli
// the one with the shortest messages: a longer one can make bodies shorter.
func choose(c Config) (best *Params, ok bool) {
	if c.check() != nil {
		return nil, false
	}
	var s noise
	for i, r := range rows {
		if c.LogN != 0 && c.LogN != r.logN || c.LogQ != 0 && c.LogQ != r.logQ() || best != nil && best.row.logN != r.logN {
			continue
		}
		if i == 0 || r.logN != rows[i-1].logN || s.contributors == 0 {
			s = newNoise(c, 1<<r.logN)
		}
		p := fit(c, r, s)
		if p == nil || best != nil && p.width() >= best.width() {
			continue
		}
		best, p.index = p, i
	}
	return best, best != nil
}

// width is the length of a coefficient of a contribution in bits.
func (p *Params) width() int {
	if p.cfg.Mode == Masked {
		return p.bodyBits
	}
	return p.q.bitLen() + p.bodyBits
}

// fit lays out messages of c, with the noise s, in the ring of r, or returns nil.
func fit(c Config, r row, s noise) *Params {
	if _, ok := c.hashPrimes(r); !ok && c.Mode == Collective {
		return nil
	}
	p := &Params{cfg: c, row: r, noise: s, n: 1 << r.logN, q: uint128{0, r.primes[0]}}
	for _, q := range r.primes[1:] {
		hi, lo := bits.Mul64(p.q.lo, q)
		p.q = uint128{p.q.hi*q + hi, lo}
	}
	// The largest delta with which the greatest message and its noise do not
	// meet zero and its own: (capacity - 1/8) 2^delta <= q, as noise is at most
	// 3/8 of 2^delta. Beside 2^8 a single error is small.
	for p.delta = uint(max(7, p.q.bitLen()-bits.Len64(c.Capacity)+1)); ; p.delta-- {
		if p.delta < 8 {
			return nil
		}
		x := (uint128{0, c.Capacity}).shl(p.delta).sub(uint128{0, 1}.shl(p.delta - 3))
		if p.q.less(x) == 0 {
			break
		}
	}
	// All noise must stay within three quarters of what rounding to the next
	// message forgives. The quarter left is how a wrong key is noticed. What
	// noise leaves is for rounding of bodies: as much as fits.
	if p.noise.flood >= 126 {
		return nil
	}
	limit := (uint128{0, 3}).shl(p.delta - 3)
	fits := func() bool {
		b, ok := s.bound(p.drop, p.slip())
		return ok && limit.less(b) == 0
	}
	if !fits() {
		return nil // even without rounding
	}
	for p.drop = p.delta; !fits(); p.drop-- {
	}
	span := p.q.add(p.half()).shr(p.drop)
	if span.hi != 0 || span.lo>>63 != 0 {
		return nil
	}
	p.span, p.bodyBits = span.lo, bits.Len64(span.lo-1)
	return p
}

// slip is how far the multiple of 2^drop that is nearest to Q is from it.
func (p *Params) slip() uint128 {
	x := p.q.add(p.half()).shr(p.drop).shl(p.drop)
	if x.less(p.q) == 1 {
		return p.q.sub(x)
	}
	return x.sub(p.q)
}

// half is what is added before the lowest bits of a body are dropped.
func (p *Params) half() uint128 {
	if p.drop == 0 {
		return uint128{}
	}
	return uint128{0, 1}.shl(p.drop - 1)
}

func (p *Params) finish() {
	p.limbs = ringOf(p.index)
	if p.cfg.Mode == Collective {
		p.setHash(hashRow, hashLimbs())
	}
	for i, of := range [3][2]int{{0, 1}, {0, 2}, {1, 2}} {
		if of[1] < len(p.limbs) {
			l := &p.limbs[of[1]]
			p.garner[i] = l.Factor(l.mul(1, l.invert(l.mul(p.limbs[of[0]].q, l.r2))))
		}
	}
	for i := range p.limbs {
		l, x := &p.limbs[i], uint128{0, 1}.shl(p.drop)
		p.lift = append(p.lift, l.mul(l.mod128(x.hi, x.lo), l.r2))
	}
	var b []byte
	b = append(b, "dujiang/rlwe/2"...)
	b = append(b, byte(p.cfg.Mode), byte(p.row.logN), byte(p.delta), byte(p.drop), byte(p.noise.flood), byte(p.cfg.Statistical))
	for _, x := range []uint64{p.cfg.Capacity, uint64(p.cfg.Contributors), uint64(p.cfg.Holders), uint64(p.cfg.Coefficients)} {
		b = binary.BigEndian.AppendUint64(b, x)
	}
	for _, q := range p.row.primes {
		b = binary.BigEndian.AppendUint64(b, q)
	}
	p.digest = sha256.Sum256(b)
}

// N is the degree of the ring, and the most coefficients of a chunk.
func (p *Params) N() int { return p.n }

// LogQ is the length of the modulus in bits.
func (p *Params) LogQ() int { return p.q.bitLen() }

// Ceiling is the longest modulus that gives 128-bit security in this ring.
func (p *Params) Ceiling() int { return ceilings[p.row.logN] }

// FloodBits is the width of flooding noise: a holder's is one of 2^FloodBits
// numbers. It is zero without flooding.
func (p *Params) FloodBits() int { return p.noise.flood }

// Delta is the place of a message: a value v is v 2^Delta beside its noise.
func (p *Params) Delta() int { return int(p.delta) }

// Drop is the number of lowest bits that a body loses to rounding.
func (p *Params) Drop() int { return int(p.drop) }

// Digest identifies the question and its parameters.
func (p *Params) Digest() [32]byte { return p.digest }
