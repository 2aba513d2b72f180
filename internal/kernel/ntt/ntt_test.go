package ntt

import (
	"fmt"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
	"github.com/tuneinsight/lattigo/v5/ring"
)

func newRand(t testing.TB) *rand.Rand {
	var seed [32]byte
	copy(seed[:], t.Name())
	return rand.New(rand.NewChaCha8(seed))
}

// primes returns the greatest prime of so many bits for a degree, and the least.
func primes(logN, width int) []uint64 {
	step := uint64(2) << logN
	var found []uint64
	for q := uint64(1)<<width - step + 1; len(found) == 0 && bits.Len64(q) == width; q -= step {
		if new(big.Int).SetUint64(q).ProbablyPrime(10) {
			found = append(found, q)
		}
	}
	for q := uint64(1)<<(width-1) + 1; len(found) == 1 && bits.Len64(q) == width; q += step {
		if new(big.Int).SetUint64(q).ProbablyPrime(10) && q != found[0] {
			found = append(found, q)
		}
	}
	return found
}

// each calls f for rings of all degrees and for the longest primes, some in
// between and the shortest.
func each(t *testing.T, logNs []int, f func(r *Ring)) {
	for _, logN := range logNs {
		for _, width := range []int{logN + 2, logN + 5, 26, 39, 47, 48} {
			for _, q := range primes(logN, width) {
				f(New(logN, q))
			}
		}
	}
}

var degrees = []int{5, 6, 7, 8, 9, 10, 11, 12, 13, 14}

const margin = 8

// arena returns a polynomial at an offset in a larger slice, and a function that
// reports whether anything around it was written.
func arena(n, off int) (inside []uint64, intact func() bool) {
	canary := func(i int) uint64 { return 0xa5a5a5a5a5a5a5a5 + uint64(i) }
	all := make([]uint64, margin+off+n+margin)
	for i := range all {
		all[i] = canary(i)
	}
	lo, hi := margin+off, margin+off+n
	return all[lo:hi:hi], func() bool {
		for i, v := range all {
			if (i < lo || i >= hi) && v != canary(i) {
				return false
			}
		}
		return true
	}
}

// fill sets x to residues: random ones, or mostly the greatest or the least, or
// alternating ones, which make the greatest sums.
func fill(r *rand.Rand, x []uint64, q uint64, kind int) {
	for i := range x {
		switch {
		case kind == 1:
			x[i] = q - 1
		case kind == 2:
			x[i] = uint64(i%2) * (q - 1)
		case kind == 3 && r.IntN(2) == 0:
			x[i] = q - 1 - r.Uint64N(3)
		case kind == 3:
			x[i] = r.Uint64N(3)
		case kind == 4:
			x[i] = q/2 + uint64(i%2)
		case kind == 5:
			x[i] = 0
		default:
			x[i] = r.Uint64N(q)
		}
	}
}

const kinds = 6

// TestKernels compares kernels with the portable code on both transforms and both
// products, with every aliasing pattern.
func TestKernels(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		each(t, degrees, func(ring *Ring) {
			n, q := ring.n, ring.q
			x, y, z := make([]uint64, n), make([]uint64, n), make([]uint64, n)
			want := make([]uint64, n)
			for kind := range kinds {
				off := kind % 4
				dst, intact := arena(n, off)
				src, srcIntact := arena(n, (off+1)%4)
				check := func(what string) {
					t.Helper()
					if !slices.Equal(dst, want) {
						t.Fatalf("N=%d q=%#x kind %d: %s is wrong", n, q, kind, what)
					}
					if !intact() || !srcIntact() {
						t.Fatalf("N=%d q=%#x: %s wrote outside", n, q, what)
					}
				}
				fill(r, x, q, kind)
				fill(r, y, q, kind)
				fill(r, z, q, (kind+1)%kinds)

				copy(src, x)
				ring.forwardGeneric(want, x)
				ring.Forward(dst, src)
				check("Forward")
				if !slices.Equal(src, x) {
					t.Fatal("Forward changed its source")
				}
				copy(dst, x)
				ring.Forward(dst, dst)
				check("Forward in place")

				ring.inverseGeneric(want, x)
				ring.Inverse(dst, src)
				check("Inverse")
				if !slices.Equal(src, x) {
					t.Fatal("Inverse changed its source")
				}
				copy(dst, x)
				ring.Inverse(dst, dst)
				check("Inverse in place")

				fill(r, x, 1<<ring.bits, kind) // beyond residues
				ring.mulGeneric(want, x, y)
				ring.Mul(dst, x, y)
				check("Mul")
				copy(dst, x)
				ring.Mul(dst, dst, y)
				check("Mul to its first")
				copy(dst, y)
				ring.Mul(dst, x, dst)
				check("Mul to its second")

				ring.mulAddGeneric(want, x, y, z)
				ring.MulAdd(dst, x, y, z)
				check("MulAdd")
				for i, v := range [][]uint64{x, y, z} {
					copy(dst, v)
					in := [][]uint64{x, y, z}
					in[i] = dst
					ring.MulAdd(dst, in[0], in[1], in[2])
					check("MulAdd in place")
				}
			}
		})
	}, cpu.AVX2)
}

// TestSubMul compares it with the portable code, at all lengths up to four
// registers and with every aliasing pattern.
func TestSubMul(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		each(t, []int{5, 12}, func(ring *Ring) {
			for n := range 18 {
				for kind := range kinds {
					x, y, want := make([]uint64, n), make([]uint64, n), make([]uint64, n)
					fill(r, x, ring.q, kind)
					fill(r, y, ring.q, 3)
					w := []uint64{r.Uint64N(ring.q), 0, 1, ring.q - 1, ring.q / 2, ring.q/2 + 1}[kind]
					ring.subMulGeneric(want, x, y, ring.factor(w))
					for i, v := range x {
						if ring.mul((v+ring.q-y[i])%ring.q, w) != want[i] {
							t.Fatalf("(%d - %d) %d modulo %d", v, y[i], w, ring.q)
						}
					}
					dst, intact := arena(n, kind%4)
					for alias, from := range [][]uint64{dst, x, y} {
						copy(dst, from)
						in := [][]uint64{x, y}
						if alias > 0 {
							in[alias-1] = dst
						}
						ring.SubMul(dst, in[0], in[1], ring.Factor(w))
						if !slices.Equal(dst, want) || !intact() {
							t.Fatalf("%d numbers modulo %d: wrong, or wrote outside", n, ring.q)
						}
					}
				}
			}
		})
	}, cpu.AVX2)
}

// TestSmall checks that negative numbers are taken for their residues.
func TestSmall(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		each(t, []int{7, 12}, func(ring *Ring) {
			small, x := make([]uint64, ring.n), make([]uint64, ring.n)
			for i := range x {
				v := int64(r.Uint64N(ring.q))
				if i%2 == 0 {
					v = int64(r.IntN(5)) - 2
				}
				small[i], x[i] = uint64(-v), ring.q-uint64(v)
				if v <= 0 {
					x[i] = uint64(-v)
				}
			}
			ring.Forward(small, small)
			ring.Forward(x, x)
			if !slices.Equal(small, x) {
				t.Fatalf("N=%d q=%#x: wrong", ring.n, ring.q)
			}
		})
	}, cpu.AVX2)
}

// TestDefinition compares the transform with values at the odd powers of the
// root, in bit-reversed order, and products with big integers.
func TestDefinition(t *testing.T) {
	r := newRand(t)
	each(t, []int{5, 6}, func(ring *Ring) {
		q := new(big.Int).SetUint64(ring.q)
		psi := new(big.Int).SetUint64(ring.forward[ring.n/2].w) // that of 1, reversed
		x, y := make([]uint64, ring.n), make([]uint64, ring.n)
		fill(r, x, ring.q, 0)
		ring.forwardGeneric(y, x)
		for i, got := range y {
			odd := 2*(bits.Reverse64(uint64(i))>>(64-ring.logN)) + 1
			at := new(big.Int).Exp(psi, new(big.Int).SetUint64(odd), q)
			want := new(big.Int)
			for _, c := range slices.Backward(x) {
				want.Mul(want, at).Add(want, new(big.Int).SetUint64(c)).Mod(want, q)
			}
			if want.Uint64() != got {
				t.Fatalf("N=%d q=%v: value %d", ring.n, q, i)
			}
		}
		for kind := range kinds {
			fill(r, x, 1<<ring.bits, kind)
			fill(r, y, ring.q, 1+kind%3)
			for i, v := range x {
				want := new(big.Int).SetUint64(v)
				want.Mul(want, new(big.Int).SetUint64(y[i])).Mod(want, q)
				if ring.mul(v, y[i]) != want.Uint64() {
					t.Fatalf("%d times %d modulo %v", v, y[i], q)
				}
			}
		}
	})
}

// TestLattigo compares transforms with those of lattigo for its root.
func TestLattigo(t *testing.T) {
	r := newRand(t)
	for _, logN := range []int{11, 12, 13} {
		for _, width := range []int{26, 39, 48} {
			q := primes(logN, width)[0]
			theirs, err := ring.NewRing(1<<logN, []uint64{q})
			if err != nil {
				t.Fatal(err)
			}
			s := theirs.SubRings[0]
			ours := &Ring{q: q}
			ours.setup(logN)
			ours.fill(ring.IMForm(s.RootsForward[1<<(logN-1)], q, s.MRedConstant))
			x, got, want := make([]uint64, ours.n), make([]uint64, ours.n), make([]uint64, ours.n)
			for kind := range kinds {
				fill(r, x, q, kind)
				ours.Forward(got, x)
				s.NTT(x, want)
				if !slices.Equal(got, want) {
					t.Fatalf("N=%d q=%#x: Forward", ours.n, q)
				}
				ours.Inverse(got, x)
				s.INTT(x, want)
				if !slices.Equal(got, want) {
					t.Fatalf("N=%d q=%#x: Inverse", ours.n, q)
				}
			}
		}
	}
}

func TestNew(t *testing.T) {
	for _, c := range []struct {
		logN int
		q    uint64
	}{
		{4, 97},               // too few numbers
		{17, 1<<18*3 + 1},     // too many
		{5, 64*4 + 2},         // even
		{5, 33},               // not 1 modulo 2N
		{5, 1<<48 + 64*3 + 1}, // too long
		{5, 65 * 193},         // no prime: nothing has the order
		{13, 1},               // no number at all
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("there is a ring of degree 2^%d for %d", c.logN, c.q)
				}
			}()
			New(c.logN, c.q)
		}()
	}
	ring := New(5, 193)
	for _, f := range []func(x, y []uint64){
		ring.Forward, ring.Inverse,
		func(x, y []uint64) { ring.Mul(x, x, y) },
		func(x, y []uint64) { ring.MulAdd(x, x, x, y) },
		func(x, y []uint64) { ring.SubMul(x, x, y, ring.Factor(1)) },
		func(x, y []uint64) { ring.SubMul(y, x, y, ring.Factor(1)) },
		func(x, y []uint64) { ring.SubMul(y, y, x, ring.Factor(1)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("another length was taken")
				}
			}()
			f(make([]uint64, 32), make([]uint64, 31))
		}()
	}
}

// FuzzProduct multiplies two polynomials with the transform, and by the book.
func FuzzProduct(f *testing.F) {
	f.Add([]byte{}, []byte{1})
	f.Add([]byte{0, 1, 2, 0xff}, []byte("some other coefficients, a few more than the first"))
	q := primes(5, 48)[0]
	ring := New(5, q)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, y, want := make([]uint64, ring.n), make([]uint64, ring.n), make([]uint64, ring.n)
		spread := func(x []uint64, b []byte) {
			for i := range x {
				for _, c := range b[min(len(b), 6*i):min(len(b), 6*i+6)] {
					x[i] = (x[i]<<8 | uint64(c)) % q
				}
			}
		}
		spread(x, a)
		spread(y, b)
		for i, v := range x {
			for j, w := range y {
				p := ring.mul(v, w)
				if i+j >= ring.n {
					p = q - p
				}
				at := &want[(i+j)%ring.n]
				*at = (*at + p) % q
			}
		}
		ring.Forward(x, x)
		ring.Forward(y, y)
		ring.Mul(x, x, y)
		ring.Inverse(x, x)
		if !slices.Equal(x, want) {
			t.Error("wrong")
		}
	})
}

func BenchmarkTransform(b *testing.B) {
	for _, logN := range []int{11, 12, 13} {
		r := New(logN, primes(logN, 39)[0])
		x, y := make([]uint64, r.n), make([]uint64, r.n)
		fill(newRand(b), x, r.q, 0)
		for _, op := range []struct {
			name string
			f    func()
		}{
			{"forward", func() { r.Forward(y, x) }},
			{"forward-generic", func() { r.forwardGeneric(y, x) }},
			{"inverse", func() { r.Inverse(y, x) }},
			{"inverse-generic", func() { r.inverseGeneric(y, x) }},
			{"mul", func() { r.Mul(y, x, x) }},
			{"mul-generic", func() { r.mulGeneric(y, x, x) }},
			{"muladd", func() { r.MulAdd(y, x, x, x) }},
			{"submul", func() { r.SubMul(y, x, x, r.Factor(5)) }},
			{"submul-generic", func() { r.subMulGeneric(y, x, x, r.factor(5)) }},
			{"muladd-generic", func() { r.mulAddGeneric(y, x, x, x) }},
		} {
			b.Run(fmt.Sprintf("N=%d/%s", r.n, op.name), func(b *testing.B) {
				for b.Loop() {
					op.f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(r.n), "ns/number")
			})
		}
	}
}
