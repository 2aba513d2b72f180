package engine

// Gates are what the circuits below need of a protocol whose numbers are sums, modulo
// 2^64, of summands that parties know. A Party of such a protocol has these methods,
// and its Negative, Zero and Decompose call the functions of the same names.
type Gates interface {
	NewBits(n int) Vec
	Not(x Vec)
	And(dst, x, y []Vec) error
	// Summands returns two or three vectors of planes, [Planes](bits) of [Words](n)
	// words each and in the order of [Place], which are of numbers whose sum modulo
	// 2^planes is x. With negate the last one counts negatively. Callers may overwrite
	// them.
	Summands(x Vec, bits int, negate bool) ([]Vec, error)
}

// Negative implements [Party]'s: the highest bit of a sum. The carry into it comes from a
// tree [Skl60, Jack Sklansky: Conditional-Sum Addition Logic, IRE Transactions on
// Electronic Computers, 1960] of which only the root is needed. Beside Summands it takes
// 1 + log2(planes) conjunctions in a row, one more for three summands, and of planes
// 3·planes at most, or 4 for three summands.
func Negative(g Gates, x Vec, bits int) (Vec, error) {
	planes, w := Planes(bits), Words(x.Len())
	u, v, err := two(g, x, bits)
	if err != nil {
		return Vec{}, err
	}
	// A bit generates a carry where both terms have a one, and propagates one where
	// one has. Plane 0 stands for what is below bit 0, where there is none.
	generate := like(u, planes*w)
	clearWords(generate.Slice(0, w))
	lower := func(v Vec) []Vec { return []Vec{v.Slice(w, planes*w)} }
	if err := g.And(lower(generate), lower(u), lower(v)); err != nil {
		return Vec{}, err
	}
	propagate := u
	Xor(propagate, u, v)
	sign := propagate.Slice(0, w)
	for half := planes / 2; half >= 1; half /= 2 {
		lo, mid, hi := w, half*w, 2*half*w
		gen, prop := like(u, mid), like(u, mid)
		// Whether the lowest ones propagate does not matter: plane 0 of prop is zero.
		clearWords(prop.Slice(0, lo))
		err := g.And([]Vec{gen, prop.Slice(lo, mid)},
			[]Vec{propagate.Slice(mid, hi), propagate.Slice(mid+lo, hi)},
			[]Vec{generate.Slice(0, mid), propagate.Slice(lo, mid)})
		if err != nil {
			return Vec{}, err
		}
		Xor(gen, gen, generate.Slice(mid, hi))
		generate, propagate = gen, prop
	}
	Xor(generate, generate, sign)
	return generate, nil
}

// NegativeWords returns how many words [Negative] of numbers of so many bits takes of And for
// each word of the result, with two summands.
func NegativeWords(bits int) int {
	planes, words := Planes(bits), 0
	for half := planes / 2; half >= 1; half /= 2 {
		words += 2*half - 1
	}
	return planes - 1 + words
}

// two returns two summands of x, after one conjunction if there are three: the sum and
// the carries of each bit of its own [carry-save addition].
func two(g Gates, x Vec, bits int) (u, v Vec, err error) {
	terms, err := g.Summands(x, bits, false)
	if err != nil {
		return Vec{}, Vec{}, err
	}
	if len(terms) == 2 {
		return terms[0], terms[1], nil
	}
	a, b, c := terms[0], terms[1], terms[2]
	carries, err := majority(g, a, b, c)
	if err != nil {
		return Vec{}, Vec{}, err
	}
	Xor(c, c, a)
	Xor(c, c, b)
	return c, up(g, carries, Planes(bits), Words(x.Len())), nil
}

// majority returns the bits that at least two of the three vectors have.
func majority(g Gates, a, b, c Vec) (Vec, error) {
	n := a.Len()
	ab, bc, m := like(a, n), like(a, n), like(a, n)
	Xor(ab, a, b)
	Xor(bc, b, c)
	// If a and b differ it is c, and otherwise b.
	if err := g.And([]Vec{m}, []Vec{ab}, []Vec{bc}); err != nil {
		return Vec{}, err
	}
	Xor(m, m, b)
	return m, nil
}

// up returns planes times two: each moves to the place of the next higher bit.
func up(g Gates, v Vec, planes, w int) Vec {
	moved := g.NewBits(planes * w)
	for k := 1; k < planes; k++ {
		to, from := Place(k, planes)*w, Place(k-1, planes)*w
		copyPlanes(moved.Slice(to, to+w), v.Slice(from, from+w))
	}
	return moved
}

// like returns n words of any values, of as many columns as v has, which are to be written.
func like(v Vec, n int) Vec { return Unset(len(v.Parts), n) }

func clearWords(v Vec) {
	for _, part := range v.Parts {
		clear(part)
	}
}

func copyPlanes(dst, src Vec) {
	for c, part := range src.Parts {
		copy(dst.Parts[c], part)
	}
}

// Zero implements [Party]'s. With two summands, u - v is zero if they are equal in all
// bits: log2(planes) conjunctions in a row, of planes bits less one. With three there is
// one conjunction more, of planes bits: a + b - c is zero if each bit of a xor b xor c is the
// carry into it.
func Zero(g Gates, x Vec, bits int) (Vec, error) {
	terms, err := g.Summands(x, bits, true)
	if err != nil {
		return Vec{}, err
	}
	planes, w := Planes(bits), Words(x.Len())
	differ := terms[len(terms)-1]
	Xor(differ, differ, terms[0])
	if len(terms) == 3 {
		Xor(differ, differ, terms[1])
		// If it is zero so far up, differ is what carries would be, and these are
		// those that come of them.
		carries, err := majority(g, terms[0], terms[1], differ)
		if err != nil {
			return Vec{}, err
		}
		Xor(differ, differ, up(g, carries, planes, w))
	}
	same := differ
	g.Not(same)
	for half := planes / 2; half >= 1; half /= 2 {
		z := like(same, half*w)
		if err := g.And([]Vec{z}, []Vec{same.Slice(0, half*w)}, []Vec{same.Slice(half*w, 2*half*w)}); err != nil {
			return Vec{}, err
		}
		same = z
	}
	return same, nil
}

// Decompose implements [Party]'s, by a tree that brings carries to all bits [Skl60]. It
// takes as many conjunctions in a row as [Negative], of planes·log2(planes) bits.
func Decompose(g Gates, x Vec, bits int) (Vec, error) {
	planes, w := Planes(bits), Words(x.Len())
	u, v, err := two(g, x, bits)
	if err != nil {
		return Vec{}, err
	}
	u, v = natural(u, planes, bits, w), natural(v, planes, bits, w)
	// The highest bit sends no carry on.
	carrying := (bits - 1) * w
	generate := like(u, carrying)
	if err := g.And([]Vec{generate}, []Vec{u.Slice(0, carrying)}, []Vec{v.Slice(0, carrying)}); err != nil {
		return Vec{}, err
	}
	Xor(u, u, v)
	propagate := u.Slice(0, carrying).Clone()
	plane := func(v Vec, k int) Vec { return v.Slice(k*w, (k+1)*w) }
	for half := 1; half < bits-1; half *= 2 {
		// The upper half of each block of twice the size gets what the highest bit of
		// the lower half generates and propagates. The first block needs no more
		// than the former, since nothing comes into it.
		var dst, left, right []Vec
		var at []int
		for k := range bits - 1 {
			if k&half == 0 {
				continue
			}
			top := k&^(2*half-1) + half - 1
			at = append(at, k)
			dst = append(dst, like(u, w))
			left = append(left, plane(propagate, k))
			right = append(right, plane(generate, top))
			if top >= half {
				dst = append(dst, like(u, w))
				left = append(left, plane(propagate, k))
				right = append(right, plane(propagate, top))
			}
		}
		if err := g.And(dst, left, right); err != nil {
			return Vec{}, err
		}
		for _, k := range at {
			Xor(plane(generate, k), plane(generate, k), dst[0])
			if dst = dst[1:]; k >= 2*half {
				copyPlanes(plane(propagate, k), dst[0])
				dst = dst[1:]
			}
		}
	}
	upper := u.Slice(w, bits*w)
	Xor(upper, upper, generate)
	return u, nil
}

// natural returns the lowest planes of v in the order of the bits.
func natural(v Vec, planes, bits, w int) Vec {
	ordered := like(v, bits*w)
	for k := range bits {
		from := Place(k, planes) * w
		copyPlanes(ordered.Slice(k*w, (k+1)*w), v.Slice(from, from+w))
	}
	return ordered
}
