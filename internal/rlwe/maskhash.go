package rlwe

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
	"github.com/dujiang-dev/dujiang/internal/kernel/ntt"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// hashRow is the ring of hashes of masks, whose primes are the largest below 2^48.
var hashRow = row{12, []uint64{0xfffffffee001, 0xffffffffc001}}

// hashBound[k] is how long in bits the coefficients of a collision of a hash
// modulo k+1 of these primes are that is far beyond 2^128 operations: to find some by
// lattice reduction takes more than 2^200 [DKL+18, appendix C.3].
var hashBound = [...]int{45, 70}

var hashLimbs = sync.OnceValue(func() []limb { return newLimbs(hashRow) })

// setHash sets the ring of hashes.
func (p *Params) setHash(r row, limbs []limb) {
	n, _ := p.cfg.hashPrimes(p.row)
	p.hash, p.hashN = limbs[:n], 1<<r.logN
	// Sums of masks are residues modulo both primes, or must become so.
	p.longSums = p.maskSumBits(len(p.limbs)-1) >= p.hash[0].bits
}

// hashPrimes returns how many primes a hash has. A collision is the difference of
// two sums of masks that differ in what was added to the masks of the honest: each
// of its coefficients is less than 2q in size for each contributor.
func (c Config) hashPrimes(r row) (n int, ok bool) {
	hi, lo := bits.Mul64(r.primes[len(r.primes)-1], 2*uint64(c.Contributors))
	if hi > 1 {
		return 0, false // sums of masks would not fit a word
	}
	for k, bound := range hashBound {
		if (uint128{hi, lo}).bitLen() <= bound {
			return k + 1, true
		}
	}
	return 0, false
}

// A MaskHash is a hash of the masks of all chunks, which are cut into polynomials
// x[j] of small integers, in mode [Collective]: the sum of all A[j] x[j] modulo X^4096
// + 1 and one or two primes of 48 bits, where all A[j] are uniform. These are the
// generalized compact knapsacks of [LM06] and [PR06], to find collisions of which
// is to find short vectors in ideal lattices. The hash of a sum of masks is
// the sum of their hashes, as long as nothing was reduced, as in [LKMW19]: so who
// knows the hashes can check the sum without the masks.
//
// It is for one goroutine. Hashes of the parameters' different chunks can be made
// by different goroutines, and merged.
type MaskHash struct {
	p     *Params
	sum   [][]uint64 // by prime, transformed
	x, a  []uint64
	drawn []byte // what a is made of
}

// NewMaskHash returns the hash of nothing.
func (p *Params) NewMaskHash() (*MaskHash, error) {
	if p.cfg.Mode != Collective {
		return nil, errNoMasks
	}
	d := p.hashN
	h := &MaskHash{p: p, x: make([]uint64, d), a: make([]uint64, d), drawn: make([]byte, ntt.Packed*d)}
	for range p.hash {
		h.sum = append(h.sum, make([]uint64, d))
	}
	return h, nil
}

// Add takes in a mask, as the chunk with this number. If it is malformed the
// hash is of no use any more.
func (h *MaskHash) Add(chunk int, mask []byte) error {
	p := h.p
	if len(mask) != p.ringSize() {
		return ErrMalformed
	}
	good := true
	h.add(chunk, func(dst []uint64, i, at int) {
		l, size := &p.limbs[i], 0
		for _, before := range p.limbs[:i] {
			size += bitpack.Size(p.n, before.bits)
		}
		b := mask[size+bitpack.Size(at, l.bits):][:bitpack.Size(len(dst), l.bits)]
		good = bitpack.Unpack(dst, b, l.bits, l.q-1) && good
	})
	if !good {
		return ErrMalformed
	}
	return nil
}

// AddSum takes in a sum of masks.
func (h *MaskHash) AddSum(chunk int, s *MaskSum) error {
	if s.p.digest != h.p.digest {
		return errOtherParams
	}
	if p := h.p; p.n >= len(h.x) && !p.longSums {
		h.transform(chunk, func(first int) []uint64 { return s.sums[first:][:len(h.x)] })
		return nil
	}
	h.add(chunk, func(dst []uint64, i, at int) { copy(dst, s.p.limb(s.sums, i)[at:]) })
	return nil
}

// add takes in a chunk, of which get sets dst to the residues modulo prime i from
// one on, of which there are as many.
func (h *MaskHash) add(chunk int, get func(dst []uint64, i, at int)) {
	p, d := h.p, len(h.x)
	piece := min(d, p.n)
	h.transform(chunk, func(first int) []uint64 {
		for at := 0; at < d; at += piece {
			if dst := h.x[at:][:piece]; first+at < len(p.limbs)*p.n {
				get(dst, (first+at)/p.n, (first+at)%p.n)
			} else {
				clear(dst)
			}
		}
		return h.x
	})
}

// transform adds the products of a chunk, of which get returns the polynomial that
// begins with this residue of all.
func (h *MaskHash) transform(chunk int, get func(first int) []uint64) {
	p := h.p
	g := prg.New(p.seed("mask hash", binary.BigEndian.AppendUint64(nil, uint64(chunk))))
	for first := 0; first < len(p.limbs)*p.n; first += len(h.x) {
		for k := range p.hash {
			x, l := get(first), &p.hash[k]
			if p.longSums {
				l.reduceAll(x)
			}
			l.Forward(h.x, x)
			h.draw(g, l.q)
			l.MulAdd(h.sum[k], h.x, h.a, h.sum[k])
		}
	}
}

// draw sets a to uniform residues from a public stream, of 48 bits each: all are
// drawn again if one is beyond the prime, which is as good as never.
func (h *MaskHash) draw(g *prg.PRG, q uint64) {
	for g.Bytes(h.drawn); !ntt.Unpack(h.a, h.drawn, q); g.Bytes(h.drawn) {
	}
}

// Merge adds another hash: that of other chunks, or of other masks.
func (h *MaskHash) Merge(other *MaskHash) error {
	if other.p.digest != h.p.digest {
		return errOtherParams
	}
	for k, l := range h.p.hash {
		for i, x := range other.sum[k] {
			h.sum[k][i] = subtract(h.sum[k][i]+x, l.q)
		}
	}
	return nil
}

// Reset makes h the hash of nothing again.
func (h *MaskHash) Reset() {
	for k := range h.sum {
		clear(h.sum[k])
	}
}

// AppendBinary appends the hash. The error is nil.
func (h *MaskHash) AppendBinary(dst []byte) ([]byte, error) {
	for k, l := range h.p.hash {
		dst = bitpack.Append(dst, h.sum[k], l.bits)
	}
	return dst, nil
}

// AddBinary adds what AppendBinary appended to a hash, as Merge does. If it is
// malformed the hash stays as it was.
func (h *MaskHash) AddBinary(b []byte) error {
	if len(b) != h.p.MaskHashSize() {
		return ErrMalformed
	}
	for k, l := range h.p.hash {
		size := bitpack.Size(len(h.x), l.bits)
		if !bitpack.Unpack(h.x, b[k*size:][:size], l.bits, l.q-1) {
			return ErrMalformed
		}
	}
	for k, l := range h.p.hash {
		size := bitpack.Size(len(h.x), l.bits)
		bitpack.UnpackAdd(h.sum[k], b[k*size:][:size], l.bits, l.q)
	}
	return nil
}

// Equal reports whether both are the same. The hashes are public.
func (h *MaskHash) Equal(other *MaskHash) bool {
	if h.p.digest != other.p.digest {
		return false
	}
	for k, sum := range h.sum {
		if !slices.Equal(sum, other.sum[k]) {
			return false
		}
	}
	return true
}
