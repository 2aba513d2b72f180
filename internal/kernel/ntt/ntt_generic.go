package ntt

import "math/bits"

// The functions of this file are the reference for the kernels. They are
// compiled everywhere, and run where no kernel can.

// mul returns x w modulo q or that plus q, of any word x.
func (f factor) mul(x, q uint64) uint64 {
	h, _ := bits.Mul64(x, f.quotient)
	return x*f.w - h*q
}

// subtract returns x modulo q of x < 2q, in constant time.
func subtract(x, q uint64) uint64 {
	x -= q
	return x + q&-(x>>63)
}

// forwardGeneric lets sums grow by 2q a stage: they stay below 2^54.
func (r *Ring) forwardGeneric(dst, src []uint64) {
	q := r.q
	for i, x := range src {
		dst[i] = x + q&-(x>>63)
	}
	t := r.n
	for m := 1; m < r.n; m *= 2 {
		t /= 2
		for i, w := range r.forward[m : 2*m] {
			x := dst[2*t*i:][:2*t]
			a, b := x[:t], x[t:]
			b = b[:len(a)]
			for j, u := range a {
				v := w.mul(b[j], q)
				a[j], b[j] = u+v, u+2*q-v
			}
		}
	}
	one := r.factor(1)
	for i, x := range dst {
		dst[i] = subtract(one.mul(x, q), q)
	}
}

// inverseGeneric lets sums double at every stage: after k stages numbers are
// below 2^k 2q, which 2^64 has room for.
func (r *Ring) inverseGeneric(dst, src []uint64) {
	q := r.q
	copy(dst, src)
	t, bound := 1, 2*q
	for m := r.n / 2; m > 0; m /= 2 {
		for i, w := range r.inverse[m : 2*m] {
			x := dst[2*t*i:][:2*t]
			a, b := x[:t], x[t:]
			b = b[:len(a)]
			for j, u := range a {
				v := b[j]
				a[j], b[j] = u+v, w.mul(u+bound-v, q)
			}
		}
		t, bound = 2*t, 2*bound
	}
	for i, x := range dst {
		dst[i] = subtract(r.scale.mul(x, q), q)
	}
}

// mul returns x y modulo q of numbers of as many bits as q [Barrett's reduction]: the
// quotient is at most two too small.
func (r *Ring) mul(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	k := uint(r.bits)
	h, l := bits.Mul64(hi<<(65-k)|lo>>(k-1), r.barrett)
	quotient := h<<(63-k) | l>>(k+1)
	return subtract(subtract(lo-quotient*r.q, 2*r.q), r.q)
}

func (r *Ring) mulGeneric(dst, x, y []uint64) {
	for i, v := range x {
		dst[i] = r.mul(v, y[i])
	}
}

func (r *Ring) subMulGeneric(dst, x, y []uint64, w factor) {
	for i, v := range x {
		dst[i] = subtract(w.mul(v+r.q-y[i], r.q), r.q)
	}
}

func (r *Ring) mulAddGeneric(dst, x, y, z []uint64) {
	for i, v := range x {
		dst[i] = subtract(r.mul(v, y[i])+z[i], r.q)
	}
}
