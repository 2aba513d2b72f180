package engine

import "math/bits"

// A Network is a [Sorter] over any [Party]. It sorts by the merge exchange network of Batcher
// [Knuth, The Art of Computer Programming 3, 5.2.2, Algorithm M], which compares and
// exchanges elements at places that do not depend on them. So nothing is opened on the
// way, and it is as secure as Negative, Numbers and Mul of the party are.
//
// Of n elements, with L = log2(n) rounded up, it takes L(L+1)/2 times the rounds of these
// three, for each pass over up to 59 - L bits of keys, and at most n·L(L+1)/4 exchanges.
type Network struct{ Party }

// widest is how many bits differences of keys have at most, with their sign: so many that
// the field of 2^61 - 1 elements has all of them, to either side of zero.
const widest = 60

// Sort implements [Sorter]. Keys get the place of their element as lowest bits, so that they
// all differ and the order of equal ones stays. Those that are too wide then are sorted
// by their lower bits first.
func (t Network) Sort(n int, planes Vec, size int, columns []Vec) ([]Vec, error) {
	moved := make([]Vec, len(columns))
	for i, c := range columns {
		moved[i] = c.Clone()
	}
	if n < 2 || size == 0 {
		return moved, nil
	}
	place := bits.Len(uint(n - 1))
	width := widest - 1 - place
	numbers, err := t.numbers(n, planes, size, width)
	if err != nil {
		return nil, err
	}
	for i := range numbers {
		key := numbers[i]
		t.Combine(key, 1<<place, key, 1, t.places(n))
		// What later passes go by moves along.
		moving := append(append([]Vec{key}, numbers[i+1:]...), moved...)
		if err := t.exchange(n, min(width, size-i*width)+place+1, moving); err != nil {
			return nil, err
		}
	}
	return moved, nil
}

// Shuffle implements [Sorter], by sorting random numbers of 40 + 2L bits. Two of them are
// equal with a probability below 2^-41, and any order is as likely as another one if none
// are: the distance from uniform is below that.
func (t Network) Shuffle(columns []Vec) ([]Vec, error) {
	n := 0
	if len(columns) > 0 {
		n = columns[0].Len()
	}
	if n < 2 {
		return t.Sort(n, t.NewBits(0), 0, columns)
	}
	size := 40 + 2*bits.Len(uint(n-1))
	planes, err := t.RandomBits(size * Words(n))
	if err != nil {
		return nil, err
	}
	return t.Sort(n, planes, size, columns)
}

// numbers returns the natural numbers that planes have the bits of, in pieces of so many
// bits, the lowest first.
func (t Network) numbers(n int, planes Vec, size, width int) ([]Vec, error) {
	w := Words(n)
	single := make([]Vec, size)
	for k := range single {
		single[k] = planes.Slice(k*w, (k+1)*w)
	}
	ones, err := t.Numbers(n, single...)
	if err != nil {
		return nil, err
	}
	pieces := make([]Vec, (size+width-1)/width)
	for i := range pieces {
		pieces[i] = t.NewVec(n)
	}
	for k, one := range ones {
		piece := pieces[k/width]
		t.Combine(piece, 1, piece, 1<<(k%width), one)
	}
	return pieces, nil
}

// places returns the numbers 0 to n - 1.
func (t Network) places(n int) Vec {
	v, public := t.NewVec(n), make([]int64, n)
	for i := range public {
		public[i] = int64(i)
	}
	t.Shift(v, 1)
	t.Weigh(v, v, public)
	return v
}

// exchange puts columns into the order of the first one, of which differences have so many
// bits. The names are those of Algorithm M.
func (t Network) exchange(n, size int, columns []Vec) error {
	top := 1 << (bits.Len(uint(n-1)) - 1)
	for p := top; p > 0; p /= 2 {
		for q, r, d := top, 0, p; ; d, q, r = q-p, q/2, p {
			var at []int
			for i := range n - d {
				if i&p == r {
					at = append(at, i)
				}
			}
			if err := t.step(at, d, size, columns); err != nil {
				return err
			}
			if q == p {
				break
			}
		}
	}
	return nil
}

// step exchanges the elements at i and i + d, for each i of at, where the first column has
// the larger one at i.
func (t Network) step(at []int, d, size int, columns []Vec) error {
	m := len(at)
	if m == 0 {
		return nil
	}
	differences := make([]Vec, len(columns))
	lower, upper := make([]Vec, len(columns)), make([]Vec, len(columns))
	for k, c := range columns {
		differences[k], lower[k], upper[k] = t.NewVec(m), t.NewVec(m), t.NewVec(m)
		for part := range c.Parts {
			for j, i := range at {
				lower[k].Parts[part][j] = c.Parts[part][i]
				upper[k].Parts[part][j] = c.Parts[part][i+d]
			}
		}
		t.Combine(differences[k], 1, upper[k], -1, lower[k])
	}
	swap, err := t.Negative(differences[0], size)
	if err != nil {
		return err
	}
	swaps, err := t.Numbers(m, swap)
	if err != nil {
		return err
	}
	factors := make([]Vec, len(columns))
	for k := range factors {
		factors[k] = swaps[0]
	}
	// The difference where they are exchanged, and zero elsewhere, is added to one and
	// taken from the other.
	all := Concat(differences...)
	change := t.NewVec(all.Len())
	if err := t.Mul(change, all, Concat(factors...)); err != nil {
		return err
	}
	for k, c := range columns {
		moved := change.Slice(k*m, (k+1)*m)
		t.Combine(lower[k], 1, lower[k], 1, moved)
		t.Combine(upper[k], 1, upper[k], -1, moved)
		for part := range c.Parts {
			for j, i := range at {
				c.Parts[part][i] = lower[k].Parts[part][j]
				c.Parts[part][i+d] = upper[k].Parts[part][j]
			}
		}
	}
	return nil
}
