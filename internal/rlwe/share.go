package rlwe

import (
	"errors"
	"log/slog"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A Sharer makes a holder's decryption shares. It is for one goroutine.
//
// A share is mask times secret, plus noise. Two shares for the same mask with
// different noise, a share for a mask that somebody chose, and shares with
// different sets of a threshold give the secret away: what a sharer is given
// must be the sum of contributions that the caller has verified, once a key
// (eprint 2024/194, 2025/409 and 2026/031 attack those that retry).
type Sharer struct {
	k *Secret
	scratch
}

// NewSharer returns a sharer with k.
func (p *Params) NewSharer(k *Secret) (*Sharer, error) {
	switch {
	case k.p.digest != p.digest:
		return nil, errors.New("rlwe: the secret has other parameters")
	case p.cfg.Mode != Collective:
		return nil, errors.New("rlwe: only holders of a collective key make shares")
	}
	return &Sharer{k: k, scratch: p.newScratch()}, nil
}

// Share appends the decryption share for a sum of n coefficients with this mask,
// as [MaskSum.AppendMask] appended it [MTBH21, protocol 3]: mask times secret, plus
// flooding noise.
func (s *Sharer) Share(dst, mask []byte, n int) ([]byte, error) {
	return s.share(dst, mask, n, coins())
}

func (s *Sharer) share(dst, mask []byte, n int, g *prg.PRG) ([]byte, error) {
	if err := s.product(mask, n); err != nil {
		return nil, err
	}
	return s.finish(dst, n, g), nil
}

// product sets the body to mask times secret, in coefficients.
func (s *Sharer) product(mask []byte, n int) error {
	p := s.k.p
	if err := p.checkLength(n); err != nil {
		return err
	}
	if err := p.parsePoly(s.body, mask); err != nil {
		return err
	}
	p.mulPoly(s.body, s.body, s.k.s)
	p.inverse(s.body)
	return nil
}

// finish appends the body with flooding noise, and forgets it.
func (s *Sharer) finish(dst []byte, n int, g *prg.PRG) []byte {
	p := s.k.p
	var w [2 * run]uint64
	for at := 0; at < n; at += run {
		g.Uint64s(w[:])
		end := min(n, at+run)
		p.flooded(s.numbers[at:end], s.body, at, w[:])
	}
	clear(w[:])
	clear(s.body)
	return bitpack.Append(dst, s.numbers[:n], p.bodyBits)
}

// String says what s is, and not its secret.
func (s *Sharer) String() string { return "rlwe.Sharer" }

// GoString is [Sharer.String].
func (s *Sharer) GoString() string { return s.String() }

// LogValue is [Sharer.String].
func (s *Sharer) LogValue() slog.Value { return slog.StringValue(s.String()) }
