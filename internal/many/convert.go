package many

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix"
)

// Conversions open c = s + r modulo the prime, where r is uniform in the whole field, so
// that c says nothing about s. The bits of r are shared, and those of s = c - r follow by
// a circuit that is exact. So masks are the edaBits of [EGKRS20], but over the whole field
// instead of a power of two with a statistical margin.

// A mask is a vector of numbers r that nobody knows.
type mask struct {
	r    Vec
	bits []Vec // planes, the lowest bit first
	// For a division by 2^shift: the sum of the quotients of summands of r, and for each
	// sum of two, planes of the carry around and of that into bit shift.
	quotients      Vec
	around, middle []Vec
}

// masks returns n masks: the sums of numbers of t + 1 parties, one of whom at least is not
// corrupted [EGKRS20, global edaBits from private ones, without the checks]. With a shift of zero
// there is nothing for a division. It takes one round, and 8 for each time that the
// number of summands halves.
func (p *Party) masks(n, shift int) (*mask, error) {
	w := engine.Words(n)
	own := make([]uint64, n)
	field.Uniform(own, p.coins)
	numbers := &parcel{space: p.numbers, n: n, dealers: first(p.t + 1), secret: column(own)}
	bits := &parcel{space: p.bits, n: field.Bits * w, dealers: first(p.t + 1), secret: p.secretBits(planes(own))}
	parcels := []*parcel{numbers, bits}
	var quotients *parcel
	if shift > 0 {
		q := make([]uint64, n)
		for i, r := range own {
			q[i] = r >> shift
		}
		quotients = &parcel{space: p.numbers, n: n, dealers: first(p.t + 1), secret: column(q)}
		parcels = append(parcels, quotients)
	}
	if err := p.deal(parcels...); err != nil {
		return nil, err
	}
	m := &mask{r: p.numbers.sum(numbers.shares)}
	if shift > 0 {
		m.quotients = p.numbers.sum(quotients.shares)
	}
	terms := bits.shares
	for len(terms) > 1 {
		// The sums of all pairs at once: a plane has one bit of each of them.
		half := len(terms) / 2
		gen, prop, factors := make([]Vec, field.Bits), make([]Vec, field.Bits), make([]Vec, field.Bits)
		for k := range gen {
			of := func(terms []Vec) Vec {
				pieces := make([]Vec, half)
				for i := range pieces {
					pieces[i] = terms[i].Slice(k*w, (k+1)*w)
				}
				return engine.Concat(pieces...)
			}
			gen[k], prop[k], factors[k] = p.NewBits(half*w), of(terms[:half]), of(terms[half:2*half])
		}
		if err := p.And(gen, prop, factors); err != nil {
			return nil, err
		}
		for k := range prop {
			engine.Xor(prop[k], prop[k], factors[k])
		}
		carry, err := p.carries(gen, prop)
		if err != nil {
			return nil, err
		}
		sums := make([]Vec, half)
		for i := range sums {
			pieces := make([]Vec, field.Bits)
			for k := range pieces {
				pieces[k] = p.NewBits(w)
				engine.Xor(pieces[k], prop[k].Slice(i*w, (i+1)*w), carry[k].Slice(i*w, (i+1)*w))
			}
			sums[i] = engine.Concat(pieces...)
			if shift > 0 {
				m.around = append(m.around, carry[0].Slice(i*w, (i+1)*w))
				m.middle = append(m.middle, carry[shift].Slice(i*w, (i+1)*w))
			}
		}
		terms = append(sums, terms[2*half:]...)
	}
	m.bits = make([]Vec, field.Bits)
	for k := range m.bits {
		m.bits[k] = terms[0].Slice(k*w, (k+1)*w)
	}
	return m, nil
}

// planes returns the bits of elements, as one plane after the other.
func planes(numbers []uint64) []uint64 {
	w := engine.Words(len(numbers))
	all := make([]uint64, field.Bits*w)
	for i := range w {
		var block [64]uint64
		copy(block[:], numbers[64*i:])
		bitmatrix.Transpose(&block)
		for k := range field.Bits {
			all[k*w+i] = block[k]
		}
	}
	return all
}

// masked opens x + r, with an offset that is public.
func (p *Party) masked(x Vec, offset uint64, m *mask) ([]uint64, error) {
	sum := p.NewVec(x.Len())
	for i, a := range x.Parts[0] {
		sum.Parts[0][i] = field.Add(field.Add(a, offset), m.r.Parts[0][i])
	}
	c, err := p.reveal(p.numbers, sum, p.everybody(), false)
	if err != nil {
		return nil, err
	}
	return c.Parts[0], nil
}

// difference returns what the bits of c - r generate and propagate as those of the sum of
// c and the complement of r, which is -r modulo the prime. c is public. The latter are
// also where bits of c and r are equal.
func (p *Party) difference(c []uint64, m *mask) (gen, prop []Vec) {
	w := engine.Words(len(c))
	public := planes(c)
	for k, r := range m.bits {
		c := public[k*w : (k+1)*w]
		// In place of r, which is not used again.
		p.Not(r)
		g := p.NewBits(w)
		engine.Mask(g, r, c)
		for i := range c {
			r.Parts[0][i] ^= c[i]
		}
		gen, prop = append(gen, g), append(prop, r)
	}
	return gen, prop
}

// split opens x plus a public offset under a mask, and returns what the bits of the
// difference of that and the mask generate and propagate.
func (p *Party) split(x Vec, bits int, offset uint64) (gen, prop []Vec, err error) {
	if !x.Is(1, x.Len()) || bits < 1 || bits > 64 {
		return nil, nil, fmt.Errorf("many: %d bits of %d columns", bits, len(x.Parts))
	}
	m, err := p.takeMasks(x.Len())
	if err != nil {
		return nil, nil, err
	}
	c, err := p.masked(x, offset, m)
	if err != nil {
		return nil, nil, err
	}
	gen, prop = p.difference(c, m)
	return gen, prop, nil
}

// positive returns the size of numbers of so many bits, at most that of elements, and
// what makes them positive: then their highest bit is one where they were not negative.
func positive(bits int) (size int, offset uint64) {
	size = max(1, min(bits, field.Bits))
	return size, 1 << (size - 1)
}

// Decompose returns the lowest bits of x.
func (p *Party) Decompose(x Vec, bits int) (Vec, error) {
	size, offset := positive(bits)
	gen, prop, err := p.split(x, bits, offset)
	if err != nil {
		return Vec{}, err
	}
	carry, err := p.carries(gen, prop)
	if err != nil {
		return Vec{}, err
	}
	pieces := make([]Vec, bits)
	for k := range size {
		engine.Xor(prop[k], prop[k], carry[k])
		pieces[k] = prop[k]
	}
	p.Not(pieces[size-1])
	for k := size; k < bits; k++ {
		pieces[k] = pieces[size-1]
	}
	return engine.Concat(pieces...), nil
}

// Negative returns where x is below zero.
func (p *Party) Negative(x Vec, bits int) (Vec, error) {
	size, offset := positive(bits)
	gen, prop, err := p.split(x, bits, offset)
	if err != nil {
		return Vec{}, err
	}
	carry, err := p.into(size-1, gen, prop)
	if err != nil {
		return Vec{}, err
	}
	engine.Xor(carry, carry, prop[size-1])
	p.Not(carry)
	return carry, nil
}

// Zero returns where x is zero: where what is opened is the mask itself.
func (p *Party) Zero(x Vec, bits int) (Vec, error) {
	_, prop, err := p.split(x, bits, 0)
	if err != nil {
		return Vec{}, err
	}
	return p.conjunction(prop)
}

// Numbers returns bits as the numbers 0 and 1: with a random bit r that is shared both
// ways, b xor r is opened, and b is r or 1 - r [RW19].
func (p *Party) Numbers(n int, planes ...Vec) ([]Vec, error) {
	if n < 0 {
		return nil, fmt.Errorf("many: %d numbers", n)
	}
	w := engine.Words(n)
	for _, plane := range planes {
		if !plane.Is(p.bits.columns, w) {
			return nil, fmt.Errorf("many: %d numbers of %d words of bits", n, plane.Len())
		}
	}
	numbers, masked, err := p.takeBitMasks(sizes(n, len(planes)))
	if err != nil {
		return nil, err
	}
	for k, plane := range planes {
		piece := masked.Slice(k*w, (k+1)*w)
		engine.Xor(piece, piece, plane)
	}
	opened, err := p.revealBits(masked, p.everybody(), false)
	if err != nil {
		return nil, err
	}
	vecs := make([]Vec, len(planes))
	for k := range vecs {
		vecs[k] = p.NewVec(n)
		for i, r := range numbers.Parts[0][k*n : (k+1)*n] {
			// What is opened is public, but a branch on it would be slow.
			e := opened[k*w+i/64] >> (i % 64) & 1
			vecs[k].Parts[0][i] = field.Add(e, field.Mul(r, 1-e+(field.P-1)*e))
		}
	}
	return vecs, nil
}

// bitMasks returns random bits that nobody knows, in words, and as numbers so many of each
// word, one behind the other: the exclusive or of bits of t + 1 parties.
func (p *Party) bitMasks(sizes []int) (r, masks Vec, err error) {
	words := make([]uint64, len(sizes))
	p.coins.Uint64s(words)
	own := make([]uint64, 0, 64*len(sizes))
	for i, size := range sizes {
		for k := range size {
			own = append(own, words[i]>>k&1)
		}
	}
	all := len(own)
	numbers := &parcel{space: p.numbers, n: all, dealers: first(p.t + 1), secret: column(own)}
	bits := &parcel{space: p.bits, n: len(words), dealers: first(p.t + 1), secret: p.secretBits(words)}
	if err := p.deal(numbers, bits); err != nil {
		return r, masks, err
	}
	terms := numbers.shares
	for len(terms) > 1 {
		half := len(terms) / 2
		a, b := engine.Concat(terms[:half]...), engine.Concat(terms[half:2*half]...)
		both := p.NewVec(half * all)
		if err := p.Mul(both, a, b); err != nil {
			return r, masks, err
		}
		p.Combine(a, 1, a, 1, b)
		p.Combine(a, 1, a, -2, both)
		var sums []Vec
		for i := range half {
			sums = append(sums, a.Slice(i*all, (i+1)*all))
		}
		terms = append(sums, terms[2*half:]...)
	}
	return terms[0], p.bits.sum(bits.shares), nil
}

// largestShift is the largest shift that takes a mask for a division.
const largestShift = 59

// Truncate sets dst to x / 2^shift, rounded down or up, and beyond largestShift down. With an offset, s = x + 2^59 has
// less than 61 bits. So s = c - r + e(2^61 - 1), where r wraps around, e = 1, exactly
// where the highest bit of r is one and that of c is zero. Dividing c, r and e·2^61
// separately gives the quotient, or one more where the rest of c is below that of r plus e:
// with a probability that differs from the fraction cut off by 2^-shift at most.
//
// The mask is the sum modulo 2^61 - 1 of numbers of some parties. For each sum of two,
// a + b + v = r + v·2^61, where v is the carry around, and with the carry u into bit shift
// this is true of the quotients too: a' + b' + u = r' + v·2^(61-shift).
func (p *Party) Truncate(dst, x Vec, shift int) error {
	n := dst.Len()
	if !dst.Is(1, n) || !x.Is(1, n) || shift <= 0 || shift >= 62 {
		return fmt.Errorf("many: %d elements divided by 2^%d for %d", x.Len(), shift, n)
	}
	if shift > largestShift {
		// Beyond, the offset has no quotient, and that of x is -1 or 0.
		negative, err := p.Negative(x, largestShift+1)
		if err != nil {
			return err
		}
		ones, err := p.Numbers(n, negative)
		if err != nil {
			return err
		}
		p.Combine(dst, -1, ones[0], 0, ones[0])
		return nil
	}
	const offset = 1 << largestShift
	m, err := p.masks(n, shift)
	if err != nil {
		return err
	}
	sums := len(m.around)
	carries, err := p.Numbers(n, append(append(m.around, m.middle...), m.bits[field.Bits-1])...)
	if err != nil {
		return err
	}
	c, err := p.masked(x, offset, m)
	if err != nil {
		return err
	}
	// The factor of carries around, which are subtracted from the mask.
	around := int64(1) << (field.Bits - shift)
	quotients := m.quotients
	for k := range sums {
		p.Combine(quotients, 1, quotients, 1, carries[sums+k])
		p.Combine(quotients, 1, quotients, -around, carries[k])
	}
	z, highest := dst.Parts[0], carries[2*sums].Parts[0]
	for i, c := range c {
		wrapped := (1 - c>>(field.Bits-1)) * uint64(around)
		z[i] = field.Sub(field.Add(c>>shift, field.Mul(highest[i], wrapped)), quotients.Parts[0][i])
	}
	p.Shift(dst, -(offset >> shift))
	return nil
}
