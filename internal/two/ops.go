package two

import (
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
)

// chunk is how many words go in one message, so that what is sent, computed and
// received overlaps, and stays in the second-level cache. With its header it is a little
// less than 64 KiB, as TCP takes at once; see rep3.
const chunk = 1<<13 - 1<<6

// Input returns shares of n numbers that party from has: the other one's summand is of
// the joint stream, so that nothing is sent.
func (p *Party) Input(from, n int, values []int64) (Vec, error) {
	v, err := p.input(from, n, len(values))
	if err != nil || p.index != from {
		return v, err
	}
	own := v.Parts[0]
	for i, x := range values {
		own[i] = uint64(x) - own[i]
	}
	return v, nil
}

// InputBits is [Party.Input] for words of bits.
func (p *Party) InputBits(from, n int, words []uint64) (Vec, error) {
	v, err := p.input(from, n, len(words))
	if err != nil || p.index != from {
		return v, err
	}
	own := v.Parts[0]
	for i, x := range words {
		own[i] ^= x
	}
	return v, nil
}

// input is an input of n elements, of which so many are here: words of the joint stream.
func (p *Party) input(from, n, here int) (Vec, error) {
	if from < 0 || from >= Parties || n < 0 || p.index == from && here != n || p.index != from && here != 0 {
		return Vec{}, fmt.Errorf("two: input of %d elements, %d of them here, from party %d at party %d", n, here, from, p.index)
	}
	v := NewVec(n)
	p.joint.Uint64s(v.Parts[0])
	return v, nil
}

// RandomBits returns n words of random bits: each party's are its own coins.
func (p *Party) RandomBits(n int) (Vec, error) {
	if n < 0 {
		return Vec{}, fmt.Errorf("two: %d words of random bits", n)
	}
	v := NewVec(n)
	p.private.Uint64s(v.Parts[0])
	return v, nil
}

// Mul sets dst to the products of x and y, element by element [Bea91].
func (p *Party) Mul(dst, x, y Vec) error {
	n := dst.Len()
	if !dst.Is(columns, n) || !x.Is(columns, n) || !y.Is(columns, n) {
		return fmt.Errorf("two: factors of %d and %d elements for a product of %d", x.Len(), y.Len(), n)
	}
	return p.multiply(products, dst.Parts[0], x.Parts[0], y.Parts[0])
}

// Dot sets each element of dst to the inner product of as many consecutive elements of x
// and y. Its terms are products, which are added up before anyone sees them.
func (p *Party) Dot(dst, x, y Vec) error {
	m, n := dst.Len(), x.Len()
	if !dst.Is(columns, m) || !x.Is(columns, n) || !y.Is(columns, n) || n > 0 && (m == 0 || n%m != 0) {
		return fmt.Errorf("two: %d inner products of %d and %d elements", m, n, y.Len())
	}
	terms := NewVec(n)
	if err := p.multiply(products, terms.Parts[0], x.Parts[0], y.Parts[0]); err != nil {
		return err
	}
	p.Sum(dst, terms)
	return nil
}

// And sets each of dst to the conjunction of those of x and y, word by word, in one
// round for all [Bea91].
func (p *Party) And(dst, x, y []Vec) error {
	if len(x) != len(dst) || len(y) != len(dst) {
		return fmt.Errorf("two: %d and %d factors for %d products", len(x), len(y), len(dst))
	}
	all := 0
	for k := range dst {
		n := dst[k].Len()
		if !dst[k].Is(columns, n) || !x[k].Is(columns, n) || !y[k].Is(columns, n) {
			return fmt.Errorf("two: factors of %d and %d words for a product of %d", x[k].Len(), y[k].Len(), n)
		}
		all += n
	}
	if len(dst) == 1 {
		return p.multiply(words, dst[0].Parts[0], x[0].Parts[0], y[0].Parts[0])
	}
	// In one piece, so that short vectors do not take a message each.
	for i := range p.flat {
		if cap(p.flat[i]) < all {
			p.flat[i] = make([]uint64, all)
		}
		p.flat[i] = p.flat[i][:all]
	}
	z, a, b := p.flat[0], p.flat[1][:0], p.flat[2][:0]
	for k := range dst {
		a, b = append(a, x[k].Parts[0]...), append(b, y[k].Parts[0]...)
	}
	if err := p.multiply(words, z, a, b); err != nil {
		return err
	}
	for _, v := range dst {
		z = z[copy(v.Parts[0], z):]
	}
	return nil
}

// multiply sets z to the products of x and y, as numbers or as words of bits, with
// Beaver's triples [Bea91]: with x - a and y - b opened, xy is a sum of products of which
// one factor is public.
func (p *Party) multiply(k kind, z, x, y []uint64) error {
	t, err := p.take(order{kind: k, rows: len(z)})
	if err != nil {
		return err
	}
	p.rounds++
	const most = chunk / 2 // elements of a message, of two words each
	return p.both(func() error {
		for lo := 0; lo < len(z); lo += most {
			hi := min(lo+most, len(z))
			n := hi - lo
			k.mask(p.masked[:n], x[lo:hi], t.a[lo:hi])
			k.mask(p.masked[n:2*n], y[lo:hi], t.b[lo:hi])
			if err := p.write(typeMasks, ring64.Bytes(p.masked[:2*n], p.sending)); err != nil {
				return err
			}
		}
		return nil
	}, func() error {
		for lo := 0; lo < len(z); lo += most {
			hi := min(lo+most, len(z))
			n := hi - lo
			opened := p.unmasked[:2*n]
			err := ring64.Fill(opened, p.receiving, func(b []byte) error { return p.read(typeMasks, b) })
			if err != nil {
				return err
			}
			k.finish(z[lo:hi], opened, x[lo:hi], y[lo:hi], t.slice(lo, hi), p.index == 0)
		}
		return nil
	})
}

// Reveal opens x to the parties of which to is true, and returns nil to others.
func (p *Party) Reveal(x Vec, to []bool) ([]int64, error) {
	words, err := p.lacking(x, to)
	if err != nil || words == nil {
		return nil, err
	}
	values := make([]int64, len(words))
	own := x.Parts[0]
	for i, w := range words {
		values[i] = int64(w + own[i])
	}
	return values, nil
}

// RevealBits is [Party.Reveal] for words of bits.
func (p *Party) RevealBits(x Vec, to []bool) ([]uint64, error) {
	words, err := p.lacking(x, to)
	if err != nil || words == nil {
		return nil, err
	}
	own := x.Parts[0]
	for i := range words {
		words[i] ^= own[i]
	}
	return words, nil
}

// lacking returns the other party's share of x, if to is true of this one.
func (p *Party) lacking(x Vec, to []bool) ([]uint64, error) {
	n := x.Len()
	if !x.Is(columns, n) || len(to) != Parties {
		return nil, fmt.Errorf("two: opening %d columns to some of %d parties", len(x.Parts), len(to))
	}
	var mine, theirs []uint64
	if to[p.other()] {
		mine = x.Parts[0]
	}
	if to[p.index] {
		theirs = make([]uint64, n)
	}
	p.rounds++
	return theirs, p.both(func() error {
		if err := p.write(typeHistory, p.history.Bytes()); err != nil {
			return err
		}
		return p.send(mine)
	}, func() error {
		history := p.history.Bytes()
		if err := p.read(typeHistory, history); err != nil {
			return err
		}
		if err := p.history.Compare(history); err != nil {
			return err
		}
		return p.receive(theirs)
	})
}

// exchange sends words, and receives as many as theirs has. It is one round.
func (p *Party) exchange(mine, theirs []uint64) error {
	p.rounds++
	return p.both(func() error { return p.send(mine) }, func() error { return p.receive(theirs) })
}

// send sends words, in messages of a chunk, and receive fills words from such.
func (p *Party) send(words []uint64) error {
	for lo := 0; lo < len(words); lo += chunk {
		hi := min(lo+chunk, len(words))
		if err := p.write(typeWords, ring64.Bytes(words[lo:hi], p.sending)); err != nil {
			return err
		}
	}
	return nil
}

func (p *Party) receive(words []uint64) error {
	for lo := 0; lo < len(words); lo += chunk {
		hi := min(lo+chunk, len(words))
		err := ring64.Fill(words[lo:hi], p.receiving, func(b []byte) error { return p.read(typeWords, b) })
		if err != nil {
			return err
		}
	}
	return nil
}

// both sends to the other party while it receives from it.
func (p *Party) both(send, receive func() error) error {
	if p.rehearsal != nil {
		return errors.Join(send(), receive())
	}
	return engine.At(p.other(), p.peer.Duplex(send, receive))
}
