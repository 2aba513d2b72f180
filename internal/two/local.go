package two

import "fmt"

// NewVec returns n numbers that are zero.
func (p *Party) NewVec(n int) Vec { return NewVec(n) }

// NewBits returns n words of zero bits.
func (p *Party) NewBits(n int) Vec { return NewVec(n) }

// Combine sets dst to f·x + g·y.
func (p *Party) Combine(dst Vec, f int64, x Vec, g int64, y Vec) {
	z := dst.Parts[0]
	a, b := x.Parts[0][:len(z)], y.Parts[0][:len(z)]
	for i := range z {
		z[i] = uint64(f)*a[i] + uint64(g)*b[i]
	}
}

// Shift adds k to every element of x. The constant goes into party 0's summand.
func (p *Party) Shift(x Vec, k int64) {
	if p.index == 0 {
		for i := range x.Parts[0] {
			x.Parts[0][i] += uint64(k)
		}
	}
}

// Weigh sets dst to x times k, element by element.
func (p *Party) Weigh(dst, x Vec, k []int64) {
	z := dst.Parts[0]
	a, k := x.Parts[0][:len(z)], k[:len(z)]
	for i := range z {
		z[i] = a[i] * uint64(k[i])
	}
}

// Sum sets each element of dst to the sum of as many consecutive elements of x.
func (p *Party) Sum(dst, x Vec) {
	z, a := dst.Parts[0], x.Parts[0]
	if len(a) > 0 && (len(z) == 0 || len(a)%len(z) != 0) {
		panic(fmt.Sprintf("two: internal error: %d sums of %d elements", len(z), len(a)))
	}
	for i := range z {
		terms := len(a) / len(z)
		var sum uint64
		for _, w := range a[terms*i : terms*(i+1)] {
			sum += w
		}
		z[i] = sum
	}
}

// Prefix sets each element of dst to the sum of those of x up to it.
func (p *Party) Prefix(dst, x Vec) {
	var sum uint64
	z := dst.Parts[0]
	for i, w := range x.Parts[0][:len(z)] {
		sum += w
		z[i] = sum
	}
}

// Not sets all words of x to their complements. Party 0 does so with its part.
func (p *Party) Not(x Vec) {
	if p.index == 0 {
		for i, w := range x.Parts[0] {
			x.Parts[0][i] = ^w
		}
	}
}
