package rep3

import "fmt"

// Words of bits are shared like numbers, with exclusive or in the place of the sum,
// so that each of the 64 bits of a word is a secret of its own.

// InputBits is [Party.Input] for words of bits.
func (p *Party) InputBits(from, n int, words []uint64) (Vec, error) {
	v, err := p.input(from, n, words)
	if err != nil || p.index != from {
		return v, err
	}
	for i, w := range words {
		v.Next[i] = w ^ v.Own[i]
	}
	return v, p.send(toNext, v.Next)
}

// Known returns shares of the summand j of x as a secret of its own, without
// communication: the other two summands of it are zero. Party j - 2 gets zeros only,
// since it lacks that summand. It serves numbers as well as words of bits.
func (p *Party) Known(x Vec, j int) Vec {
	n := len(x.Own)
	switch j % Parties {
	case p.index:
		return Vec{x.Own, make([]uint64, n)}
	case (p.index + 1) % Parties:
		return Vec{make([]uint64, n), x.Next}
	}
	return NewVec(n)
}

// And sets each of dst to the conjunction of those of x and y, word by word, in one
// round for all [AFLNO16]. What dst has must not overlap x or y.
func (p *Party) And(dst, x, y []Vec) error {
	if len(x) != len(dst) || len(y) != len(dst) {
		return fmt.Errorf("rep3: %d and %d factors for %d products", len(x), len(y), len(dst))
	}
	for k := range dst {
		if n := len(dst[k].Own); !dst[k].is(n) || !x[k].is(n) || !y[k].is(n) {
			return fmt.Errorf("rep3: factors of %d and %d words for a product of %d", len(x[k].Own), len(y[k].Own), n)
		}
	}
	return p.exchange(dst, func(k, lo, hi int) {
		z := dst[k].Own[lo:hi]
		p.zeroBits(z)
		a, b, c, d := x[k].Own[lo:hi], x[k].Next[lo:hi], y[k].Own[lo:hi], y[k].Next[lo:hi]
		for i := range z {
			z[i] ^= a[i]&(c[i]^d[i]) ^ b[i]&c[i]
		}
	})
}

// Xor sets dst to the exclusive or of x and y, word by word. They may be the same.
func Xor(dst, x, y Vec) {
	xor(dst.Own, x.Own, y.Own)
	xor(dst.Next, x.Next, y.Next)
}

func xor(dst, x, y []uint64) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] ^ y[i]
	}
}

// Slice returns elements lo to hi - 1 of v, which it shares memory with.
func (v Vec) Slice(lo, hi int) Vec { return Vec{v.Own[lo:hi:hi], v.Next[lo:hi:hi]} }
