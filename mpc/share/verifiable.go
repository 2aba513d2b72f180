package share

import (
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"fmt"

	"github.com/gtank/ristretto255"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

const (
	// ScalarSize is the size in bytes of a secret that is shared verifiably: a
	// number below the order of ristretto255, little-endian.
	ScalarSize = 32

	elementSize = 32
	uniformSize = 64 // bytes that are reduced to a scalar or mapped to an element
)

// secondBase returns the element that blinds [Ped91]. Nobody knows its
// logarithm to the base of the group, since it is a hash.
func secondBase() *ristretto255.Element {
	digest := sha512.Sum512(newTag("second base"))
	e, err := new(ristretto255.Element).SetUniformBytes(digest[:])
	if err != nil {
		panic("share: internal error: " + err.Error())
	}
	return e
}

// A verifiable is a set of flags: what is committed to, and how.
type verifiable byte

const (
	blinded   verifiable = 1 << iota // by Pedersen, else Feldman
	refreshes                        // zero, for a refresh, else a secret
	flagsEnd
)

// A Commitment is what the dealer of a verifiable sharing publishes: it binds
// the dealer to the secret and to all shares. All parties must have the same one,
// for instance by comparing hashes of its encoding.
type Commitment struct {
	quorum   Quorum
	kind     verifiable
	elements []*ristretto255.Element // for the coefficients of the polynomial
}

// SplitFeldman shares a scalar so that every party can check its share, and
// everybody a share that is shown [Fel87]. The share of party i is at i - 1. The
// commitment shows the secret times the base, a public key: use it for secrets
// that cannot be guessed, and otherwise [SplitPedersen]. The secret is not zero.
func SplitFeldman(secret []byte, q Quorum) (*Commitment, []*ScalarShare, error) {
	return splitScalar(secret, q, 0, newScalarSeed())
}

// SplitPedersen is [SplitFeldman] with a commitment that tells nothing about the
// secret, whatever it is and however powerful who looks at it [Ped91].
func SplitPedersen(secret []byte, q Quorum) (*Commitment, []*ScalarShare, error) {
	return splitScalar(secret, q, blinded, newScalarSeed())
}

func newScalarSeed() (seed [prg.Size]byte) {
	rand.Read(seed[:])
	return seed
}

func splitScalar(secret []byte, q Quorum, kind verifiable, seed [prg.Size]byte) (*Commitment, []*ScalarShare, error) {
	if err := q.check(); err != nil {
		return nil, nil, err
	}
	s, err := new(ristretto255.Scalar).SetCanonicalBytes(secret)
	if err != nil {
		return nil, nil, fmt.Errorf("share: the secret is not a number of %d bytes below the order of the group; share other secrets by SplitBytes", ScalarSize)
	}
	if kind == 0 && s.Equal(ristretto255.NewScalar()) == 1 {
		return nil, nil, errors.New("share: the secret is zero, which SplitFeldman would show to everybody")
	}
	c, shares := dealScalar(s, q, kind, seed)
	return c, shares, nil
}

// dealScalar deals a secret, or zero with a blind of zero for a refresh.
func dealScalar(secret *ristretto255.Scalar, q Quorum, kind verifiable, seed [prg.Size]byte) (*Commitment, []*ScalarShare) {
	p := prg.New(seed)
	values := randomPolynomial(secret, q, p)
	var blinds []*ristretto255.Scalar
	if kind&blinded != 0 {
		var first *ristretto255.Scalar
		if kind&refreshes != 0 {
			first = ristretto255.NewScalar()
		}
		blinds = randomPolynomial(first, q, p)
	}
	c := &Commitment{quorum: q, kind: kind}
	for i := range values {
		c.elements = append(c.elements, commit(values[i], at(blinds, i)))
	}
	shares := make([]*ScalarShare, q.Parties)
	for i := range shares {
		x := smallScalar(i + 1)
		shares[i] = &ScalarShare{quorum: q, kind: kind, index: i + 1, value: evaluate(values, x), blind: evaluate(blinds, x)}
	}
	return c, shares
}

// at returns element i, or nil of nothing.
func at(s []*ristretto255.Scalar, i int) *ristretto255.Scalar {
	if s == nil {
		return nil
	}
	return s[i]
}

// randomPolynomial returns the coefficients of a random polynomial of degree
// Needed - 1, of which the first is the given one unless it is nil.
func randomPolynomial(first *ristretto255.Scalar, q Quorum, p *prg.PRG) (coeff []*ristretto255.Scalar) {
	if first != nil {
		coeff = append(coeff, first)
	}
	for len(coeff) < q.Needed {
		var uniform [uniformSize]byte
		p.Bytes(uniform[:])
		c, err := new(ristretto255.Scalar).SetUniformBytes(uniform[:])
		if err != nil {
			panic("share: internal error: " + err.Error())
		}
		coeff = append(coeff, c)
	}
	return coeff
}

// evaluate returns the value of a polynomial, or nil if there is none.
func evaluate(coeff []*ristretto255.Scalar, x *ristretto255.Scalar) *ristretto255.Scalar {
	if coeff == nil {
		return nil
	}
	y := ristretto255.NewScalar()
	for i := len(coeff) - 1; i >= 0; i-- {
		y.Add(y.Multiply(y, x), coeff[i])
	}
	return y
}

// smallScalar returns n, below 2^16.
func smallScalar(n int) *ristretto255.Scalar {
	s, err := new(ristretto255.Scalar).SetCanonicalBytes(append([]byte{byte(n), byte(n >> 8)}, make([]byte, ScalarSize-2)...))
	if err != nil {
		panic("share: internal error: " + err.Error())
	}
	return s
}

// commit returns value times the base, plus blind times the second base unless
// it is nil.
func commit(value, blind *ristretto255.Scalar) *ristretto255.Element {
	e := new(ristretto255.Element).ScalarBaseMult(value)
	if blind != nil {
		e.Add(e, new(ristretto255.Element).ScalarMult(blind, secondBase()))
	}
	return e
}

// Quorum returns how many shares there are and how many it takes.
func (c *Commitment) Quorum() Quorum { return c.quorum }

// Verify returns an error unless s is a share that c commits to
// [Fel87, Ped91].
func (c *Commitment) Verify(s *ScalarShare) error {
	switch {
	case s == nil || s.value == nil:
		return errors.New("share: the share is nil or empty")
	case s.quorum != c.quorum || s.kind != c.kind:
		return fmt.Errorf("share: the share of party %d and the commitment are of different sharings", s.index)
	}
	// The same polynomial in the exponent. Points and commitments are public.
	x, power := smallScalar(s.index), smallScalar(1)
	var powers []*ristretto255.Scalar
	for range c.elements {
		powers = append(powers, new(ristretto255.Scalar).Set(power))
		power.Multiply(power, x)
	}
	if new(ristretto255.Element).VarTimeMultiScalarMult(powers, c.elements).Equal(commit(s.value, s.blind)) != 1 {
		return fmt.Errorf("share: the share of party %d is not what the dealer committed to", s.index)
	}
	return nil
}

// Combine returns the secret, and the positions of shares that are wrong,
// ascending. It takes Needed that are right; how many are wrong does not matter.
// Repeated shares count once.
func (c *Commitment) Combine(shares []*ScalarShare) (secret []byte, wrong []int, err error) {
	if c.kind&refreshes != 0 {
		return nil, nil, errors.New("share: the commitment is to zero, from Refresh")
	}
	right := make([]*ScalarShare, 0, c.quorum.Needed)
	var seen [maxParties + 1]bool
	for i, s := range shares {
		if c.Verify(s) != nil {
			wrong = append(wrong, i)
		} else if len(right) < c.quorum.Needed && !seen[s.index] {
			seen[s.index] = true
			right = append(right, s)
		}
	}
	if len(right) < c.quorum.Needed {
		return nil, wrong, fmt.Errorf("share: %d shares are right, and it takes %v", len(right), c.quorum)
	}
	sum := ristretto255.NewScalar()
	for _, s := range right {
		// The coefficient of Lagrange at zero: the product of j/(j - i).
		numerator, denominator := smallScalar(1), smallScalar(1)
		for _, o := range right {
			if o != s {
				j := smallScalar(o.index)
				numerator.Multiply(numerator, j)
				denominator.Multiply(denominator, j.Subtract(j, smallScalar(s.index)))
			}
		}
		numerator.Multiply(numerator, denominator.Invert(denominator))
		sum.Add(sum, numerator.Multiply(numerator, s.value))
	}
	return sum.Bytes(), wrong, nil
}

// Refresh deals zero to all parties, with which they make their shares
// independent of what they were before [HJKY95, share renewal]: as many parties as
// could be honest call it, publish their dealing, and send party i the update at
// i - 1. Each party checks its updates by Verify of the dealings, and all agree
// on those that nobody objects to. From exactly these they make their next share
// and commitment, by the methods Apply, and erase the old share and the updates.
// A dealer that deals something else than zero is found out.
func (c *Commitment) Refresh() (dealing *Commitment, updates []*ScalarShare) {
	return dealScalar(ristretto255.NewScalar(), c.quorum, c.kind|refreshes, newScalarSeed())
}

// Apply returns the commitment to the same secret and to the shares of the next
// epoch.
func (c *Commitment) Apply(dealings []*Commitment) (*Commitment, error) {
	next := &Commitment{quorum: c.quorum, kind: c.kind}
	for _, e := range c.elements {
		next.elements = append(next.elements, new(ristretto255.Element).Set(e))
	}
	for i, d := range dealings {
		if d == nil || d.quorum != c.quorum || d.kind != c.kind|refreshes || c.kind&refreshes != 0 {
			return nil, fmt.Errorf("share: the dealing at position %d is not a refresh of this sharing", i)
		}
		for k, e := range next.elements {
			e.Add(e, d.elements[k])
		}
	}
	return next, nil
}

// Apply returns the share of the next epoch, from updates that were verified.
func (s *ScalarShare) Apply(updates []*ScalarShare) (*ScalarShare, error) {
	next := &ScalarShare{quorum: s.quorum, kind: s.kind, index: s.index, value: new(ristretto255.Scalar).Set(s.value)}
	if s.blind != nil {
		next.blind = new(ristretto255.Scalar).Set(s.blind)
	}
	for i, u := range updates {
		if u == nil || u.quorum != s.quorum || u.index != s.index || u.kind != s.kind|refreshes || s.kind&refreshes != 0 {
			return nil, fmt.Errorf("share: the update at position %d is not for this share of party %d", i, s.index)
		}
		next.value.Add(next.value, u.value)
		if next.blind != nil {
			next.blind.Add(next.blind, u.blind)
		}
	}
	return next, nil
}
