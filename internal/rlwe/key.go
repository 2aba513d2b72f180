package rlwe

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A Secret is the secret of a holder, or of a receiver: a polynomial of uniform
// ternary coefficients. It is safe for concurrent use.
type Secret struct {
	p    *Params
	s    poly // transformed
	used atomic.Bool
	// additive is set if this is a part of a threshold secret, which has no
	// public share.
	additive bool
}

// NewSecret draws a secret.
func (p *Params) NewSecret() *Secret { return p.newSecret(coins()) }

func (p *Params) newSecret(g *prg.PRG) *Secret {
	small := make([]uint64, p.n)
	ternary(g, small)
	k := &Secret{p: p, s: p.newPoly()}
	for i := range p.limbs {
		p.limbs[i].Forward(p.limb(k.s, i), small)
	}
	clear(small)
	return k
}

// String says what k is, and not which.
func (k *Secret) String() string { return "rlwe.Secret" }

// GoString is [Secret.String].
func (k *Secret) GoString() string { return k.String() }

// LogValue is [Secret.String].
func (k *Secret) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Erase overwrites the secret, which is of no use after that. Nothing else may
// use it at the same time. Copies that the runtime made remain.
func (k *Secret) Erase() {
	clear(k.s)
	k.used.Store(true)
}

// crs returns the public polynomial of a seed.
func (p *Params) crs(purpose string, seed [32]byte) poly {
	g := prg.New(p.seed(purpose, seed[:]))
	a := p.newPoly()
	for i, l := range p.limbs {
		uniform(g, p.limb(a, i), l.q)
	}
	return a
}

// seed derives the seed of a public stream.
func (p *Params) seed(purpose string, context []byte) (s [prg.Size]byte) {
	tag, err := label.New("rlwe", 2, purpose, append(p.digest[:], context...))
	if err != nil {
		panic("rlwe: internal error: " + err.Error())
	}
	h := sha256.Sum256(tag)
	copy(s[:], h[:])
	return s
}

// PublicShare appends the holder's share of the public key [MTBH21, protocol 1]:
// -a s + e, where a comes from the seed crs, which must be fresh for every key
// and which nobody may have chosen alone. A secret makes one share in its life:
// two with different errors would give away both.
func (k *Secret) PublicShare(dst []byte, crs [32]byte) ([]byte, error) {
	if k.additive || !k.used.CompareAndSwap(false, true) {
		return nil, errors.New("rlwe: this secret has made its public share: a new key needs a new secret")
	}
	return k.publicShare(dst, crs, coins()), nil
}

func (k *Secret) publicShare(dst []byte, crs [32]byte, g *prg.PRG) []byte {
	p := k.p
	small, b, e := make([]uint64, p.n), p.crs("public key", crs), p.newPoly()
	binomial(g, small)
	p.mulPoly(b, b, k.s)
	for i := range p.limbs {
		p.limbs[i].Forward(p.limb(e, i), small)
	}
	p.negate(b)
	p.addPoly(e, b)
	clear(small)
	return p.appendPoly(dst, e)
}

// A PublicKey is what contributions are encrypted under: the sum of the public
// shares of all holders. After the last Add it is safe for concurrent use.
type PublicKey struct {
	p    *Params
	a, b poly // transformed
	n    int  // shares
}

// NewPublicKey returns the public key of no shares.
func (p *Params) NewPublicKey(crs [32]byte) *PublicKey {
	return &PublicKey{p: p, a: p.crs("public key", crs), b: p.newPoly()}
}

// Add adds a holder's share. Whoever sees the shares of all others first can
// choose the key, so holders must be bound to their shares before any is shown.
func (k *PublicKey) Add(share []byte) error {
	if k.n == max(1, k.p.cfg.Holders) {
		return errors.New("rlwe: there is a share of every holder already")
	}
	b := k.p.newPoly()
	if err := k.p.parsePoly(b, share); err != nil {
		return err
	}
	k.p.addPoly(k.b, b)
	k.n++
	return nil
}

// AppendBinary appends the packed sum of all shares, which [PublicKey.Add] reads
// as if it were one share. The error is nil.
func (k *PublicKey) AppendBinary(dst []byte) ([]byte, error) {
	return k.p.appendPoly(dst, k.b), nil
}
