package rlwe

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
)

// Sizes of messages in bytes. A chunk has n coefficients, 1 <= n <= N.

// ringSize is the size of a polynomial with all its limbs.
func (p *Params) ringSize() (n int) {
	for _, l := range p.limbs {
		n += bitpack.Size(p.n, l.bits)
	}
	return n
}

// MaskSize is the size of the mask of a chunk, which is what decryption shares
// are made from.
func (p *Params) MaskSize() int {
	if p.cfg.Mode == Masked {
		return 0
	}
	return p.ringSize()
}

// MaskSumSize is the size of a sum of masks as integers.
func (p *Params) MaskSumSize() (n int) {
	for i := range p.limbs {
		n += bitpack.Size(p.n, p.maskSumBits(i))
	}
	return n
}

// MaskHashSize is the size of a hash of masks. It is zero where there are none.
func (p *Params) MaskHashSize() int {
	return len(p.hash) * bitpack.Size(p.hashN, 48)
}

// bodySize is the size of a body.
func (p *Params) bodySize(n int) int { return bitpack.Size(n, p.bodyBits) }

// CiphertextSize is the size of a contribution: a mask and a body.
func (p *Params) CiphertextSize(n int) int { return p.MaskSize() + p.bodySize(n) }

// ShareSize is the size of a decryption share.
func (p *Params) ShareSize(n int) int { return p.bodySize(n) }

// SumSize is the size of a [Sum].
func (p *Params) SumSize(n int) int { return p.MaskSize() + p.BodySumSize(n) }

// BodySumSize is the size of a sum without its mask.
func (p *Params) BodySumSize(n int) int {
	b := p.sumBits()
	return 4 + bitpack.Size(n, min(64, b)) + bitpack.Size(n, max(0, b-64))
}

// sumBits is the length of a sum of as many bodies as may be added up.
func (p *Params) sumBits() int {
	return p.bodyBits + bits.Len(uint(max(p.cfg.Contributors, p.cfg.Holders)))
}

// PublicSize is the size of a public share and of a public key.
func (p *Params) PublicSize() int { return p.ringSize() }

// ThresholdShareSize is the size of a holder's share of another's secret.
func (p *Params) ThresholdShareSize() int { return p.ringSize() }
