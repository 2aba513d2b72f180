package mpc

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// Shuffles are those of Laur, Willemson and Zhang (ISC 2011, eprint 2011/429) with the
// messages of Araki et al. (Secure Graph Analysis at Scale, CCS 2021), and sorting that of Hamada,
// Ikarashi, Chida and Takahashi (eprint 2014/121) with opened places, as in Asharov et al.
// (eprint 2022/1595). Package internal/rep3 has both, for three semi-honest parties. Two parties
// shuffle as Chase, Ghosh and Poburinnaya do (Secret-Shared Shuffle, ASIACRYPT 2020, eprint
// 2019/1340), in internal/two, by permutations that a dealer makes, or both by networks of
// switches as Mohassel and Sadeghian do (EUROCRYPT 2013). In internal/many four and more permute one
// after the other as the first do, by the correlations of Chase et al., and in internal/mal3 three
// malicious parties, with a check. Package internal/engine has the same sort over any shuffle.

// sorter returns what puts vectors into order: the protocol, or a sort over its shuffles.
func (e *Engine) sorter() engine.Sorter {
	if p, ok := e.party.(engine.Sorter); ok {
		return p
	}
	return engine.Radix{Shuffler: e.party.(engine.Shuffler), Alone: e.alone}
}

// table returns the shares of columns, which have the length of the first one.
func (e *Engine) table(columns []*Vec) ([]engine.Vec, error) {
	if err := e.own(columns...); err != nil {
		return nil, err
	}
	shares := make([]engine.Vec, len(columns))
	for i, c := range columns {
		if c.Len() != columns[0].Len() {
			return nil, fmt.Errorf("mpc: columns of %d and %d elements", columns[0].Len(), c.Len())
		}
		shares[i] = c.share
	}
	return shares, nil
}

// inOrder returns vectors like columns, with the shares that the last call returned.
func (e *Engine) inOrder(columns []*Vec, shares []engine.Vec) []*Vec {
	vs := make([]*Vec, len(columns))
	for i, c := range columns {
		vs[i] = &Vec{engine: e, r: c.r, fraction: c.fraction, past: e.history.result(i), share: shares[i]}
	}
	return vs
}

// Shuffle returns the elements of all columns in an order that is the same for all of them,
// uniformly random, and unknown to every party. With three semi-honest parties
// each element costs 8 bytes from parties 0 and 2 and 16 from party 1, in two rounds. With two it
// costs 8 from each, in two rounds, of at most 2^26 rows, and what is made before or when it is
// missing: 16 bytes that a [Dealer] sends, or by the parties for up to 2^L elements in c columns
// (2L - 1)(8 + 4.2/c) in all. With 4 to 10 and with 12 it takes 2, 10, 7, 35, 14, 126, 53 and 132
// rounds, and each party sends 12 to 200 bytes on average. With three malicious parties it takes
// three rounds, and 32 bytes from each, and for the check 16 more for all columns together. With
// others it costs a Sort by random keys of 40 + 2L bits, with L as there, and is uniform but for
// a distance of 2^-41.
//
// Of three parties one, if they are malicious each, works on its memory in an order that only
// another one does not know, and of two parties each in half of the order: whoever sees the
// caches of two parties' machines learns the whole. With four or more, whoever sees those of as
// many as have the secrets does.
func (e *Engine) Shuffle(ctx context.Context, columns ...*Vec) ([]*Vec, error) {
	shares, err := e.table(columns)
	if err != nil {
		return nil, err
	}
	s := e.sorter()
	if err := e.call(ctx, of("Shuffle", columns), func() error { shares, err = s.Shuffle(shares); return err }); err != nil {
		return nil, err
	}
	return e.inOrder(columns, shares), nil
}

// Sort returns the elements of all columns in the order of keys, the lowest first; pass keys
// among the columns to have them too. Where keys are equal the order stays, so that sorting
// by a second column first sorts by two.
//
// With three semi-honest parties, for each two bits that the range of keys needs, each element
// costs up to 44 bytes from each party, in seven rounds, and more for keys of over 32 bits;
// before that come the costs of Decompose, and after it that of a shuffle for each column. What
// is opened on the way is random orders. What Shuffle says of caches is so here.
//
// With two it is random orders as well. For each two bits each element costs 89 bytes from each
// party, in six rounds, and triples: four products, two numbers of bits, and a shuffle of two
// columns, which a [Dealer] sends in 80 bytes. For keys of b bits and n elements with b + log2(n)
// above 66 it is some more. There are five rounds for an odd last bit, and three more for keys
// of more than two bits, and the costs of Decompose and, for each column, of a shuffle: for 32 bits
// 105 rounds and 1474 bytes from each party. [Demand] has what is to be prepared for it as Shuffles.
//
// With 4 to 10 parties and with 12 it is such orders too, in the rounds of Numbers, Mul, Dot, a
// shuffle and an opening for each two bits, and once more of the last two. For 32 bits and four
// parties these are 131, and each sends 1.9 kB a key. Package internal/many has the costs of
// others.
//
// With three malicious parties it is such orders too. For 32 bits each sends 5.1 kB a key with its
// checks, in 314 rounds, and in more for checks on the way, which come after 2^20 products.
//
// With others, nothing is opened on the way. For each 59 - L bits that keys need, where 2^L is
// the length rounded up to a power of two, there are L(L+1)/2 times the rounds of Negative,
// Numbers and Mul, and at most L(L+1)/4 of each for every element, of Mul for each column.
func (e *Engine) Sort(ctx context.Context, keys *Vec, columns ...*Vec) ([]*Vec, error) {
	if err := e.own(keys); err != nil {
		return nil, err
	}
	shares, err := e.table(append([]*Vec{keys}, columns...))
	if err != nil {
		return nil, err
	}
	s := e.sorter()
	// Around zero they take as few bits as there can be, also where a field has no natural numbers of
	// so many bits. Two's complement with the other sign is in order.
	size, around := bits.Len64(uint64(keys.r.Max)-uint64(keys.r.Min)), keys
	if size > 0 && size < keys.r.bits() {
		middle := keys.r.Min + 1<<(size-1)
		around = keys.shift(Range{keys.r.Min - middle, keys.r.Max - middle}, -middle)
	}
	sorted := shares[1:]
	err = e.call(ctx, of("Sort", keys, columns), func() error {
		planes := e.party.NewBits(0)
		if size > 0 {
			if planes, err = e.party.Decompose(around.share, size); err != nil {
				return err
			}
			w := engine.Words(keys.Len())
			e.party.Not(planes.Slice((size-1)*w, size*w))
		}
		sorted, err = s.Sort(keys.Len(), planes, size, sorted)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e.inOrder(columns, sorted), nil
}
