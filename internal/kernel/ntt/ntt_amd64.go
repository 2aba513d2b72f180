//go:build amd64 && !purego

package ntt

import "github.com/dujiang-dev/dujiang/internal/cpu"

// near is the number of numbers that a transform keeps in the nearest cache,
// while it goes through all stages that concern only them.
const near = 1024

// A kernelRing has what the kernels need of a ring.
//
// Numbers between stages are floats that are integers, in size below 2.25 q on
// the way forward and 1.25 q on the way back. A product of such a sum, which is
// below 5 q, with a factor, which is below q/2, comes out below 0.74 q: half of q
// for the rounding, and 3 2^-53 of the quotient for its three roundings. So one
// of four numbers is reduced every other stage, and all that appears is exact.
type kernelRing struct {
	q, qInv          float64
	forward, inverse []float64 // as those of the ring, up to N/4
	// The factors of the two stages that work within four numbers, for four
	// groups of these: of the first stage, then the two of the second.
	forwardLast, inverseFirst [][3][4]float64
	// The factors of the last two stages back: multiplied with 1/N that of the
	// last, then both of that before, if there is, then 1/N.
	last [4]float64
}

func (k *kernelRing) fill(r *Ring) {
	float := func(f factor) float64 { return r.Factor(f.w).float }
	k.q, k.qInv = float64(r.q), 1/float64(r.q)
	fill := func(all []factor) (first []float64, last [][3][4]float64) {
		for _, f := range all[:r.n/4] {
			first = append(first, float(f))
		}
		last = make([][3][4]float64, r.n/16)
		for i := range r.n / 4 {
			l := &last[i/4]
			l[0][i%4] = float(all[r.n/4+i])
			l[1][i%4] = float(all[r.n/2+2*i])
			l[2][i%4] = float(all[r.n/2+2*i+1])
		}
		return first, last
	}
	k.forward, k.forwardLast = fill(r.forward)
	k.inverse, k.inverseFirst = fill(r.inverse)
	k.last = [4]float64{
		float(factor{w: r.mul(r.inverse[1].w, r.scale.w)}),
		float(r.inverse[2]), float(r.inverse[3]), float(r.scale),
	}
}

// doForward does one stage if their number is odd, else two; then two at a time.
// Once a group is near it takes all that remain for that group.
func (r *Ring) doForward(dst, src []uint64) {
	if !cpu.AVX2.Enabled() {
		r.forwardGeneric(dst, src)
		return
	}
	k, m, n := &r.kernel, 2, r.n
	if r.logN%2 == 1 {
		forward2AVX2(&dst[0], &src[0], k.forward[1], n/2, k.q, k.qInv)
	} else {
		m = 4
		forward4FirstAVX2(&dst[0], &src[0], &k.forward[1], &k.forward[2], n/4, k.q, k.qInv)
	}
	for ; n/m > near; m *= 4 {
		forward4AVX2(&dst[0], &k.forward[m], &k.forward[2*m], m, n/m/4, k.q, k.qInv)
	}
	for i, size := 0, n/m; i < m; i++ {
		x := dst[size*i:][:size]
		for c := 1; size/c > 4; c *= 4 { // groups of these numbers, of m c of all
			at := m*c + i*c
			forward4AVX2(&x[0], &k.forward[at], &k.forward[2*at], c, size/c/4, k.q, k.qInv)
		}
		forwardLastAVX2(&x[0], &k.forwardLast[size/16*i], size/16, k.q, k.qInv)
	}
}

// doInverse is doForward backwards.
func (r *Ring) doInverse(dst, src []uint64) {
	if !cpu.AVX2.Enabled() {
		r.inverseGeneric(dst, src)
		return
	}
	k, m, n := &r.kernel, 2+2*(1-r.logN%2), r.n
	first := m
	for n/m > near {
		m *= 4
	}
	for i, size := 0, n/m; i < m; i++ {
		x := dst[size*i:][:size]
		inverseFirstAVX2(&x[0], &src[size*i], &k.inverseFirst[size/16*i], size/16, k.q, k.qInv)
		for c := size / 16; c > 0; c /= 4 {
			at := m*c + i*c
			inverse4AVX2(&x[0], &k.inverse[at], &k.inverse[2*at], c, size/c/4, k.q, k.qInv)
		}
	}
	for m > first {
		m /= 4
		inverse4AVX2(&dst[0], &k.inverse[m], &k.inverse[2*m], m, n/m/4, k.q, k.qInv)
	}
	if r.logN%2 == 1 {
		inverse2AVX2(&dst[0], &k.last, n/2, k.q, k.qInv)
	} else {
		inverse4LastAVX2(&dst[0], &k.last, n/4, k.q, k.qInv)
	}
}

func (r *Ring) doMul(dst, x, y []uint64) {
	if !cpu.AVX2.Enabled() {
		r.mulGeneric(dst, x, y)
		return
	}
	mulAVX2(&dst[0], &x[0], &y[0], r.n, r.kernel.q, r.kernel.qInv)
}

func (r *Ring) doMulAdd(dst, x, y, z []uint64) {
	if !cpu.AVX2.Enabled() {
		r.mulAddGeneric(dst, x, y, z)
		return
	}
	mulAddAVX2(&dst[0], &x[0], &y[0], &z[0], r.n, r.kernel.q, r.kernel.qInv)
}

func (r *Ring) doSubMul(dst, x, y []uint64, w Factor) {
	whole := 0
	if cpu.AVX2.Enabled() {
		if whole = len(dst) &^ 3; whole > 0 {
			subMulAVX2(&dst[0], &x[0], &y[0], w.float, whole, r.kernel.q, r.kernel.qInv)
		}
	}
	r.subMulGeneric(dst[whole:], x[whole:], y[whole:], w.factor)
}

// packKernel returns how many numbers it has packed: the kernel writes beyond its own, and
// leaves the last four.
func packKernel(dst []byte, src []uint64) (done int) {
	if blocks := len(src)/4 - 1; blocks > 0 && cpu.AVX2.Enabled() {
		packAVX2(&dst[0], &src[0], blocks)
		done = 4 * blocks
	}
	return done
}

func unpackKernel(dst []uint64, src []byte, q uint64) (done int, below bool) {
	if blocks := len(dst)/4 - 1; blocks > 0 && cpu.AVX2.Enabled() {
		return 4 * blocks, unpackAVX2(&dst[0], &src[0], blocks, q-1) == 0
	}
	return 0, true
}
