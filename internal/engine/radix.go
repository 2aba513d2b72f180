package engine

import (
	"fmt"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// A Radix is a [Sorter] over a [Shuffler]. It sorts by two bits of keys at a time, the lowest
// first [HICT14, Hamada, Ikarashi, Chida, Takahashi: Oblivious radix sort: an efficient sorting
// algorithm and practical secure multi-party computation, eprint 2014/121]. Of the bits come
// the places to go to, by one inner product for each element; keys, row numbers and places
// are shuffled together, and places are opened [AHIKNT22, Asharov, Hamada, Ikarashi, Kikuchi,
// Nof, Pinkas, Takahashi, Tomida: Efficient secure three-party sorting with applications to
// data analysis and heavy hitters, eprint 2022/1595]. Whatever is opened is a uniformly random
// permutation, since nobody knows the order of the shuffle before, which nothing else is put
// in. So it is as secure as Shuffle, Numbers, Mul, Dot and Reveal of the party are.
//
// For each two bits it takes the rounds of all these, and one Mul less for a single bit. Last, for
// keys of more than two bits, it takes those of Shuffle and Reveal. The payload is shuffled
// once.
type Radix struct {
	Shuffler
	// Alone says that there are no other parties, so that what is opened means nothing.
	Alone bool
}

// errOrder says that what was opened is no order: a party did not follow the protocol, or the
// shares of an input do not fit together.
var errOrder = fmt.Errorf("%w: the places that were opened are no permutation: the shares of an input do not fit together, or a party deviates", session.ErrPeer)

// Shuffle implements [Sorter].
func (t Radix) Shuffle(columns []Vec) ([]Vec, error) {
	if len(columns) == 0 {
		return nil, nil
	}
	columns, _, err := t.Shuffler.Shuffle(columns, nil)
	return columns, err
}

// Sort implements [Sorter].
func (t Radix) Sort(n int, planes Vec, size int, columns []Vec) ([]Vec, error) {
	w := Words(n)
	if n < 0 || size < 0 || size > 64 || planes.Len() != size*w {
		return nil, fmt.Errorf("engine: sorting %d elements by %d bits of %d words", n, size, planes.Len())
	}
	for _, c := range columns {
		if c.Len() != n {
			return nil, fmt.Errorf("engine: sorting columns of %d and %d elements", n, c.Len())
		}
	}
	if n < 2 || size == 0 || len(columns) == 0 {
		moved := make([]Vec, len(columns))
		for i, c := range columns {
			moved[i] = c.Clone()
		}
		return moved, nil
	}
	var first []Vec
	for k := range min(2, size) {
		first = append(first, planes.Slice(k*w, (k+1)*w))
	}
	places, err := t.places(n, first)
	if err != nil {
		return nil, err
	}
	if size > 2 {
		if places, err = t.further(n, places, planes.Slice(2*w, size*w), size-2); err != nil {
			return nil, err
		}
	}
	// Every row has its place.
	moved, _, err := t.Shuffler.Shuffle(append([]Vec{places}, columns...), nil)
	if err != nil {
		return nil, err
	}
	return t.follow(moved[0], moved[1:])
}

// further goes on where elements have got their places by the lowest bits: it returns those by the
// other ones as well, which planes have.
func (t Radix) further(n int, places, planes Vec, size int) (Vec, error) {
	r := t.newRecords(n, planes, size)
	for {
		numbers, words, err := t.Shuffler.Shuffle([]Vec{places}, r.columns())
		if err != nil {
			return Vec{}, err
		}
		if words, err = t.follow(numbers[0], words); err != nil {
			return Vec{}, err
		}
		r.moved(words)
		if places, err = t.places(n, r.take(min(2, r.bits))); err != nil {
			return Vec{}, err
		}
		if r.bits == 0 {
			break
		}
	}
	// Records know their places, and rows are to know them: rows are opened in a random order.
	numbers, words, err := t.Shuffler.Shuffle([]Vec{places}, []Vec{r.numbers()})
	if err != nil {
		return Vec{}, err
	}
	rows, err := t.RevealBits(words[0], t.everyone())
	if err != nil {
		return Vec{}, err
	}
	order := make([]int64, len(rows))
	for i, row := range rows {
		order[i] = int64(row)
	}
	byRow, err := t.put(order, numbers)
	if err != nil {
		return Vec{}, err
	}
	return byRow[0], nil
}

// follow opens places, and returns columns with each element at its place.
func (t Radix) follow(places Vec, columns []Vec) ([]Vec, error) {
	order, err := t.Reveal(places, t.everyone())
	if err != nil {
		return nil, err
	}
	return t.put(order, columns)
}

func (t Radix) everyone() []bool {
	all := make([]bool, t.Parties())
	for i := range all {
		all[i] = true
	}
	return all
}

// put returns columns with each element at its place, if places are a permutation.
func (t Radix) put(places []int64, columns []Vec) ([]Vec, error) {
	if t.Alone {
		return columns, nil
	}
	seen := make([]bool, len(places))
	for _, place := range places {
		if place < 0 || place >= int64(len(seen)) || seen[place] {
			t.Interrupt(errOrder)
			return nil, errOrder
		}
		seen[place] = true
	}
	moved := make([]Vec, len(columns))
	for k, c := range columns {
		moved[k] = Unset(len(c.Parts), c.Len())
		for p, part := range c.Parts {
			z := moved[k].Parts[p]
			for i, x := range part[:len(places)] {
				z[places[i]] = x
			}
		}
	}
	return moved, nil
}

// places returns where elements go that have these bits, one or two of each, the lower one
// first. It is the inner product, over all digits, of whether an element has that digit, f, and
// of how many come before it if it does, g. With the bits a and b, f is 1 - a - b + ab,
// a - ab, b - ab and ab, which makes
//
//	g_0 + a(g_1 - g_0) + b(g_2 - g_0) + ab(g_0 - g_1 - g_2 + g_3)
//
// and without b the first two terms.
func (t Radix) places(n int, planes []Vec) (Vec, error) {
	factors, err := t.Numbers(n, planes...)
	if err != nil {
		return Vec{}, err
	}
	if len(planes) == 2 {
		both := t.NewVec(n)
		if err := t.Mul(both, factors[0], factors[1]); err != nil {
			return Vec{}, err
		}
		factors = append(factors, both)
	}
	// How many of the elements up to each one have each digit, of which the lowest has what
	// the others have not.
	counts := []Vec{t.ramp(n)}
	for _, f := range factors {
		count := t.NewVec(n)
		t.Prefix(count, f)
		counts = append(counts, count)
	}
	less := func(x, y Vec) { t.Combine(x, 1, x, -1, y) }
	if len(planes) == 2 {
		less(counts[1], counts[3])
		less(counts[2], counts[3])
	}
	for _, count := range counts[1:] {
		less(counts[0], count)
	}
	// Before those with a digit come all with a lower one. Places are from zero.
	g, before := counts, t.NewVec(n)
	t.Shift(before, -1)
	for _, count := range counts {
		last := count.Slice(n-1, n).Clone()
		t.Combine(count, 1, count, 1, before)
		t.Combine(before, 1, before, 1, repeat(last, n))
	}
	if len(planes) == 2 {
		less(g[3], g[2])
		less(g[3], g[1])
		t.Combine(g[3], 1, g[3], 1, g[0])
		less(g[2], g[0])
	}
	less(g[1], g[0])
	places := t.NewVec(n)
	if err := t.Dot(places, interleave(factors), interleave(g[1:])); err != nil {
		return Vec{}, err
	}
	t.Combine(places, 1, places, 1, g[0])
	return places, nil
}

// ramp returns the numbers 1 to n.
func (t Radix) ramp(n int) Vec {
	v := t.NewVec(n)
	t.Shift(v, 1)
	t.Prefix(v, v)
	return v
}

// repeat returns the only element of v so many times.
func repeat(v Vec, n int) Vec {
	all := Unset(len(v.Parts), n)
	for c, part := range all.Parts {
		for i := range part {
			part[i] = v.Parts[c][0]
		}
	}
	return all
}

// interleave returns the first elements of all vs, then the second ones, and so on.
func interleave(vs []Vec) Vec {
	if len(vs) == 1 {
		return vs[0]
	}
	all := Unset(len(vs[0].Parts), len(vs)*vs[0].Len())
	for c, part := range all.Parts {
		for k, v := range vs {
			for i, x := range v.Parts[c] {
				part[len(vs)*i+k] = x
			}
		}
	}
	return all
}

// records are what a sort moves: the bits of keys that are still to be sorted by, and above them,
// in the same words or if they do not fit in words of their own, the numbers of the rows
// that these come from.
type records struct {
	n, bits int
	keys    Vec
	rows    Vec // no columns when they are above the keys
}

// newRecords returns records of keys that are in planes.
func (t Radix) newRecords(n int, planes Vec, size int) *records {
	r := &records{n: n, bits: size, keys: t.NewBits(n), rows: t.NewBits(n)}
	// Rows are public so far.
	public := make([]uint64, n)
	for i := range public {
		public[i] = uint64(i)
	}
	t.Not(r.rows)
	Mask(r.rows, r.rows, public)
	w := Words(n)
	for c, part := range planes.Parts {
		for i := range w {
			var block [64]uint64
			for k := range size {
				block[k] = part[k*w+i]
			}
			bitmatrix.Transpose(&block)
			copy(r.keys.Parts[c][64*i:], block[:])
		}
	}
	r.join()
	return r
}

// join puts row numbers above keys, if they fit there. What is above the bits of keys is zero, which
// shares of it need not be.
func (r *records) join() {
	if r.rows.Parts == nil || r.bits+bits.Len(uint(r.n-1)) > 64 {
		return
	}
	for c, part := range r.rows.Parts {
		keys := r.keys.Parts[c]
		for i, row := range part {
			keys[i] ^= row << r.bits
		}
	}
	r.rows = Vec{}
}

// columns returns what is to be moved, and moved takes it.
func (r *records) columns() []Vec {
	if r.rows.Parts == nil {
		return []Vec{r.keys}
	}
	return []Vec{r.keys, r.rows}
}

func (r *records) moved(columns []Vec) {
	if r.keys = columns[0]; len(columns) > 1 {
		r.rows = columns[1]
	}
}

// take returns the planes of the lowest bits, which are then gone.
func (r *records) take(size int) []Vec {
	planes := make([]Vec, size)
	for k := range planes {
		planes[k] = New(len(r.keys.Parts), Words(r.n))
	}
	for c, part := range r.keys.Parts {
		for i, key := range part {
			for k := range planes {
				planes[k].Parts[c][i/64] |= key >> k & 1 << (i % 64)
			}
			part[i] = key >> size
		}
	}
	r.bits -= size
	r.join()
	return planes
}

// numbers returns the row numbers, when all bits of keys are gone.
func (r *records) numbers() Vec { return r.keys }
