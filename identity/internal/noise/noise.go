// Package noise draws the noise of differential privacy exactly: no floating-point
// number is involved, whose gaps would tell what the noise shall hide.
//
// # References
//
//   - Canonne, Kamath, Steinke: The Discrete Gaussian for Differential Privacy.
//     NeurIPS 2020, arXiv:2004.00010.
//   - Mironov: On Significance of the Least Significant Bits for Differential
//     Privacy. CCS 2012.
package noise

import (
	"crypto/rand"
	"encoding/binary"
	"math"
)

// MaxScale bounds the numerator of a scale.
const MaxScale = 1 << 40

// Laplace draws from the discrete Laplace distribution of scale t/s: x has a
// probability proportional to exp(-|x|·s/t). A count that one person changes by at
// most d is ε-differentially private with noise of scale d/ε. It takes an expected
// constant number of steps; how many depends on what it draws.
//
// It panics unless 1 <= t <= MaxScale and s >= 1.
func Laplace(t, s uint64) int64 { return laplace(t, s, coins) }

// coins returns 64 random bits.
func coins() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// laplace is [CKS20, algorithm 2].
func laplace(t, s uint64, coins func() uint64) int64 {
	if t == 0 || t > MaxScale || s == 0 {
		panic("noise: internal error: a scale is out of range")
	}
	for {
		u := below(t, coins)
		if !bernoulliExp(u, t, coins) {
			continue
		}
		v := uint64(0)
		for bernoulliExp(1, 1, coins) {
			v++
		}
		// v is 2^22 with probability e^-2^22, so that this stays below 2^63.
		y := int64((u + t*v) / s)
		if negative := coins()&1 == 1; !negative {
			return y
		} else if y != 0 {
			return -y
		}
	}
}

// bernoulliExp is true with probability exp(-n/d), for n <= d [CKS20, algorithm 1].
func bernoulliExp(n, d uint64, coins func() uint64) bool {
	k := uint64(1)
	// True with probability n/(d·k); k is 20 with probability below 1/20!.
	for below(d*k, coins) < n {
		k++
	}
	return k%2 == 1
}

// below draws uniformly from 0 to n-1.
func below(n uint64, coins func() uint64) uint64 {
	most := math.MaxUint64 - math.MaxUint64%n // a multiple of n
	for {
		if x := coins(); x < most {
			return x % n
		}
	}
}
