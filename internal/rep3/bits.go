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

// Pair returns the secrets of x as sums of two: party 0 knows the first ones, and
// parties 1 and 2 the second ones, which are summand 2. What a party does not know
// is nil. With add, x is one of numbers, and otherwise one of words of bits.
func (p *Party) Pair(x Vec, add bool) (first, second []uint64) {
	switch p.index {
	case 0:
		first = make([]uint64, len(x.Own))
		for i, a := range x.Own {
			if add {
				first[i] = a + x.Next[i]
			} else {
				first[i] = a ^ x.Next[i]
			}
		}
		return first, nil
	case 1:
		return nil, x.Next
	}
	return nil, x.Own
}

// Second returns shares of n words that parties 1 and 2 know, and pass, as secrets of
// their own, numbers or bits: the other summands of them are zero. Nothing is sent.
func (p *Party) Second(n int, words []uint64) (Vec, error) {
	if p.index == 0 && words != nil || p.index != 0 && len(words) != n {
		return Vec{}, fmt.Errorf("rep3: %d words instead of %d at party %d", len(words), n, p.index)
	}
	switch p.index {
	case 0:
		return NewVec(n), nil
	case 1:
		return Vec{make([]uint64, n), words}, nil
	}
	return Vec{words, make([]uint64, n)}, nil
}

// Not sets all words of x to their complements.
func (p *Party) Not(x Vec) {
	// The constant goes into the summand 0.
	switch p.index {
	case 0:
		not(x.Own)
	case Parties - 1:
		not(x.Next)
	}
}

func not(x []uint64) {
	for i := range x {
		x[i] = ^x[i]
	}
}

// RevealBits is [Party.Reveal] for words of bits.
func (p *Party) RevealBits(x Vec, to [Parties]bool) ([]uint64, error) {
	words, err := p.lacking(x, to)
	for i := range words {
		words[i] ^= x.Own[i] ^ x.Next[i]
	}
	return words, err
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
