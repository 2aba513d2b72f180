package rlwe

import (
	"crypto/rand"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// All samplers read a fixed number of words a coefficient from a stream of
// AES-128 in counter mode, and take the same time for all of its values. Only
// uniform does not, whose stream is public.

// etaError is the parameter of the centred binomial distribution of errors: the
// difference of two sums of 21 bits, whose variance is 21/2, which is a standard
// deviation of 3.24 against the 3.2 of the standard.
const etaError = 21

// varianceError is twice the variance of an error. It also bounds how fast its
// tails fall: the error is the sum of 42 independent halves of signs, so that
// E exp(tX) <= exp(t^2 varianceError/4).
const varianceError = etaError

// coins returns a stream of fresh randomness.
func coins() *prg.PRG {
	var seed [prg.Size]byte
	rand.Read(seed[:])
	return prg.New(seed)
}

// binomial sets dst to errors as two's complement numbers. One word of which 42
// bits are used makes one: the ones among the lowest 21, less those among the
// next 21, which are 21 less the zeros there.
func binomial(g *prg.PRG, dst []uint64) {
	const mask = 1<<(2*etaError) - 1
	const flip = mask >> etaError << etaError
	g.Uint64s(dst)
	for i, w := range dst {
		dst[i] = uint64(bits.OnesCount64((w^flip)&mask)) - etaError
	}
}

// ternary sets dst to uniform numbers of -1, 0 and 1 in two's complement. The
// digits of a random fraction to the base three are uniform but for the end of
// the fraction: the bias of either of the two taken is below 2^-60.
func ternary(g *prg.PRG, dst []uint64) {
	half := len(dst) / 2
	g.Uint64s(dst[:half])
	for i, w := range dst[:half] {
		a, w := bits.Mul64(w, 3)
		b, _ := bits.Mul64(w, 3)
		dst[i], dst[half+i] = a-1, b-1
	}
}

// uniform sets dst to uniform residues modulo q from a public stream, of which
// every word gives one or is skipped.
func uniform(g *prg.PRG, dst []uint64, q uint64) {
	mask := uint64(1)<<bits.Len64(q) - 1
	for n := 0; n < len(dst); {
		free := dst[n:]
		g.Uint64s(free)
		var beyond uint64
		for i, w := range free {
			w &= mask
			free[i] = w
			beyond |= q - 1 - w
		}
		if beyond>>63 == 0 {
			return // as it is nearly always, with primes that are close to a power of two
		}
		for _, w := range free {
			if w < q {
				dst[n] = w
				n++
			}
		}
	}
}

// uniformSecret sets dst to uniform residues modulo q in constant time, two
// words each: the bias is below q/2^128.
func uniformSecret(g *prg.PRG, dst []uint64, l *limb) {
	var w [128]uint64
	for len(dst) > 0 {
		n := min(len(dst), len(w)/2)
		g.Uint64s(w[:2*n])
		for i := range dst[:n] {
			dst[i] = l.mod128(w[2*i], w[2*i+1])
		}
		dst = dst[n:]
	}
}
