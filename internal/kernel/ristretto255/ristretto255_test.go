package ristretto255

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/gtank/ristretto255"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

func each(t *testing.T, f func(t *testing.T)) { cputest.Each(t, f, cpu.AVX2, cpu.IFMA) }

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type vectors struct {
	Multiples, Invalid []string
	Maps               []struct{ Uniform, Element string }
}

func readVectors(t testing.TB) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("testdata/rfc9496.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Multiples) != 16 || len(v.Invalid) != 29 || len(v.Maps) != 11 {
		t.Fatal("vectors are missing")
	}
	return v
}

func small(k byte) *[ScalarSize]byte { return &[ScalarSize]byte{k} }

// uniforms returns n reproducible uniform strings.
func uniforms(n int, seed byte) []byte {
	b := make([]byte, n*UniformSize)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// elements returns n valid elements.
func elements(n int, seed byte) []byte {
	b := make([]byte, n*ElementSize)
	fromUniformMulGeneric(b, small(1), uniforms(n, seed))
	return b
}

// batches are numbers of elements that take different ways through the package.
var batches = []int{1, fewest}

func TestVectors(t *testing.T) {
	v := readVectors(t)
	others := elements(19, 1)
	each(t, func(t *testing.T) {
		generator := unhex(t, v.Multiples[1])
		for k := 1; k < len(v.Multiples); k++ {
			for _, n := range batches {
				out := make([]byte, n*ElementSize)
				bad := DecodeMul(out, small(byte(k)), bytes.Repeat(generator, n))
				if bad != -1 || hex.EncodeToString(out) != strings.Repeat(v.Multiples[k], n) {
					t.Errorf("%d·B is %x (%d)", k, out, bad)
				}
			}
		}
		for _, s := range append(v.Invalid, v.Multiples[0]) {
			for i := range 19 {
				in := bytes.Clone(others)
				copy(in[i*ElementSize:], unhex(t, s))
				if bad := DecodeMul(make([]byte, len(in)), small(3), in); bad != i {
					t.Errorf("%s at %d: got %d", s, i, bad)
				}
			}
		}
		for _, m := range v.Maps {
			for _, n := range batches {
				out := make([]byte, n*ElementSize)
				FromUniformMul(out, small(1), bytes.Repeat(unhex(t, m.Uniform), n))
				if hex.EncodeToString(out) != strings.Repeat(m.Element, n) {
					t.Errorf("%s maps to %x", m.Uniform, out)
				}
			}
		}
	})
}

// buffer returns a slice of n bytes at an offset to a multiple of 64, if the
// allocator makes one, and a function that tests whether the bytes around it
// were left alone.
func buffer(n, offset int) (b []byte, intact func() bool) {
	const edge = 128
	all := bytes.Repeat([]byte{0xc5}, n+2*edge+64)
	before, after := all[:edge+offset], all[edge+offset+n:]
	intact = func() bool {
		return len(bytes.Trim(before, "\xc5")) == 0 && len(bytes.Trim(after, "\xc5")) == 0
	}
	return all[edge+offset : edge+offset+n : edge+offset+n], intact
}

func TestLengthsAndAlignments(t *testing.T) {
	scalar := testScalar(5)
	const most = 2*64 + 17
	uniform := uniforms(most, 2)
	want := make([]byte, most*ElementSize)
	fromUniformMulGeneric(want, scalar, uniform)
	twice := make([]byte, most*ElementSize)
	if decodeMulGeneric(twice, scalar, want) != -1 {
		t.Fatal("refused")
	}
	check := func(t *testing.T, n, offset, outOffset int) {
		in, inIntact := buffer(n*UniformSize, offset)
		copy(in, uniform)
		out, outIntact := buffer(n*ElementSize, outOffset)
		FromUniformMul(out, scalar, in)
		if !bytes.Equal(out, want[:len(out)]) || !bytes.Equal(in, uniform[:len(in)]) || !inIntact() || !outIntact() {
			t.Errorf("FromUniformMul of %d at %d to %d", n, offset, outOffset)
		}
		in, inIntact = buffer(n*ElementSize, offset)
		copy(in, want)
		out, outIntact = buffer(n*ElementSize, outOffset)
		bad := DecodeMul(out, scalar, in)
		if bad != -1 || !bytes.Equal(out, twice[:len(out)]) || !bytes.Equal(in, want[:len(in)]) || !inIntact() || !outIntact() {
			t.Errorf("DecodeMul of %d at %d to %d", n, offset, outOffset)
		}
		bad = DecodeMul(in, scalar, in)
		if bad != -1 || !bytes.Equal(in, twice[:len(in)]) || !inIntact() {
			t.Errorf("DecodeMul of %d at %d in place", n, offset)
		}
	}
	each(t, func(t *testing.T) {
		for n := range 41 {
			check(t, n, n%64, n*7%64)
		}
		for _, n := range []int{63, 64, 65, 71, 72, 73, 127, 128, 129, most} {
			check(t, n, 0, 0)
		}
		for offset := range 64 {
			check(t, 9, offset, (offset*5+3)%64)
		}
	})
}

// Scalars at the edges: small, with runs of equal bits, and next to the order.
func edgeScalars(t testing.TB) (s []*[ScalarSize]byte) {
	t.Helper()
	for k := range byte(34) {
		if k > 0 {
			s = append(s, small(k))
		}
		x := [ScalarSize]byte(unhex(t, "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
		x[0] -= 1 + k // the order's lowest byte is 0xed
		s = append(s, &x)
	}
	for i := range 252 {
		x := new([ScalarSize]byte)
		x[i/8] = 1 << (i % 8)
		s = append(s, x)
	}
	for _, pattern := range []byte{0x11, 0x55, 0x77, 0x78, 0x87, 0x88, 0x99, 0xaa, 0xcc, 0xff} {
		x := [ScalarSize]byte(bytes.Repeat([]byte{pattern}, ScalarSize))
		x[31] &= 0x0f
		s = append(s, &x)
	}
	return s
}

func TestEdgeScalars(t *testing.T) {
	in, uniform := elements(4, 3), uniforms(4, 4)
	scalars := edgeScalars(t)
	type products [4 * ElementSize]byte
	decoded, mapped := make([]products, len(scalars)), make([]products, len(scalars))
	for i, s := range scalars {
		if decodeMulGeneric(decoded[i][:], s, in) != -1 {
			t.Fatal("refused")
		}
		fromUniformMulGeneric(mapped[i][:], s, uniform)
	}
	each(t, func(t *testing.T) {
		for i, s := range scalars {
			var got products
			if DecodeMul(got[:], s, in) != -1 || got != decoded[i] {
				t.Errorf("DecodeMul by %x: %x, want %x", *s, got, decoded[i])
			}
			if FromUniformMul(got[:], s, uniform); got != mapped[i] {
				t.Errorf("FromUniformMul by %x: %x, want %x", *s, got, mapped[i])
			}
		}
	})
}

// edgeFields are encodings of field elements at the edges, canonical or not.
func edgeFields(t testing.TB) (f [][]byte) {
	t.Helper()
	for i := range 256 {
		b := make([]byte, 32)
		b[i/8] = 1 << (i % 8)
		f = append(f, b)
		c := bytes.Repeat([]byte{0xff}, 32)
		c[i/8] ^= 1 << (i % 8)
		f = append(f, c)
	}
	for k := range 40 {
		low, high := make([]byte, 32), bytes.Repeat([]byte{0xff}, 32)
		low[0], high[0], high[31] = byte(k), byte(0xff-k), 0x7f // to 2²⁵⁵ - 40, so around p
		f = append(f, low, high)
	}
	return f
}

// TestEdgeElements maps and decodes field elements at the edges. Some map to the
// identity, or decode to it.
func TestEdgeElements(t *testing.T) {
	fields := edgeFields(t)
	scalar := testScalar(6)
	each(t, func(t *testing.T) {
		var uniform []byte
		for i, f := range fields {
			uniform = append(append(uniform, f...), fields[(i*i+i)%len(fields)]...)
			uniform = append(append(uniform, f...), f...)
			// The first half of each zero string maps to the second's negative.
			uniform = append(append(uniform, f...), make([]byte, 32)...)
		}
		n := len(uniform) / UniformSize
		got, want := make([]byte, n*ElementSize), make([]byte, n*ElementSize)
		FromUniformMul(got, scalar, uniform)
		fromUniformMulGeneric(want, scalar, uniform)
		for i := range n {
			if g, w := got[i*ElementSize:][:ElementSize], want[i*ElementSize:][:ElementSize]; !bytes.Equal(g, w) {
				t.Errorf("uniform %x: %x, want %x", uniform[i*UniformSize:][:UniformSize], g, w)
			}
		}
		valid := 0
		for _, f := range fields {
			var want [ElementSize]byte
			b := decodeMulGeneric(want[:], scalar, f)
			for _, n := range batches {
				got := make([]byte, n*ElementSize)
				a := DecodeMul(got, scalar, bytes.Repeat(f, n))
				if a != b || a == -1 && !bytes.Equal(got, bytes.Repeat(want[:], n)) {
					t.Errorf("element %x: %d, %x; want %d, %x", f, a, got, b, want)
				}
			}
			if b == -1 {
				valid++
			}
		}
		if valid == 0 {
			t.Error("no edge decodes")
		}
	})
}

// TestIdentityAmongOthers has items that map to the identity, which must not
// disturb the others of the batch. Zero maps to the identity.
func TestIdentityAmongOthers(t *testing.T) {
	each(t, func(t *testing.T) {
		uniform := uniforms(130, 5)
		identities := []int{0, 3, 17, 63, 64, 65, 100, 129}
		for _, i := range identities {
			clear(uniform[i*UniformSize:][:UniformSize])
		}
		got, want := make([]byte, 130*ElementSize), make([]byte, 130*ElementSize)
		FromUniformMul(got, testScalar(7), uniform)
		fromUniformMulGeneric(want, testScalar(7), uniform)
		if !bytes.Equal(got, want) {
			t.Error("wrong result")
		}
		for _, i := range identities {
			if [ElementSize]byte(want[i*ElementSize:]) != [ElementSize]byte{} {
				t.Error("zero does not map to the identity")
			}
		}
	})
}

func TestRandom(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 4
	}
	each(t, func(t *testing.T) {
		rng := rand.NewChaCha8([32]byte{byte(rounds)})
		rounds := rounds
		if !cpu.AVX2.Enabled() {
			rounds = min(rounds, 4) // of the generic code, compared with itself
		}
		for range rounds {
			const n = 100
			var seed [UniformSize]byte
			rng.Read(seed[:])
			var s ristretto255.Scalar
			if _, err := s.SetUniformBytes(seed[:]); err != nil {
				t.Fatal(err)
			}
			scalar := (*[ScalarSize]byte)(s.Bytes())
			uniform := make([]byte, n*UniformSize)
			rng.Read(uniform)
			got, want := make([]byte, n*ElementSize), make([]byte, n*ElementSize)
			FromUniformMul(got, scalar, uniform)
			fromUniformMulGeneric(want, scalar, uniform)
			if !bytes.Equal(got, want) {
				t.Fatalf("FromUniformMul by %x differs", *scalar)
			}
			if DecodeMul(got, scalar, got) != -1 || decodeMulGeneric(want, scalar, want) != -1 || !bytes.Equal(got, want) {
				t.Fatalf("DecodeMul by %x differs", *scalar)
			}
			// Random strings as elements: one in four is valid.
			var valid, products []byte
			for i := range n {
				in := uniform[i*UniformSize:][:ElementSize]
				in[0] &^= 1
				in[31] &= 0x7f
				if decodeMulGeneric(want[:ElementSize], scalar, in) == -1 {
					valid, products = append(valid, in...), append(products, want[:ElementSize]...)
				} else if DecodeMul(got[:fewest*ElementSize], scalar, bytes.Repeat(in, fewest)) != 0 {
					t.Fatalf("DecodeMul takes %x", in)
				}
			}
			got = got[:len(valid)]
			if DecodeMul(got, scalar, valid) != -1 || !bytes.Equal(got, products) {
				t.Fatalf("DecodeMul of %x by %x differs", valid, *scalar)
			}
		}
	})
}

// lengths of batches at the edges of lanes and chunks.
var lengths = []int{0, 1, 3, 4, 5, 8, 9, 16, 17, 63, 64, 65, 73}

func TestSumMul(t *testing.T) {
	scalar := testScalar(8)
	in, uniform := elements(73, 11), uniforms(73, 12)
	// One of the sums is the identity.
	var e ristretto255.Element
	if _, err := e.SetUniformBytes(uniform[2*UniformSize:][:UniformSize]); err != nil {
		t.Fatal(err)
	}
	copy(in[2*ElementSize:], e.Negate(&e).Bytes())
	want := make([]byte, len(in))
	if sumMulGeneric(want, scalar, in, uniform) != -1 || [ElementSize]byte(want[2*ElementSize:]) != [ElementSize]byte{} {
		t.Fatal("the generic code is wrong")
	}
	invalid := readVectors(t).Invalid
	each(t, func(t *testing.T) {
		for _, n := range lengths {
			got, intact := buffer(n*ElementSize, n%64)
			if bad := SumMul(got, scalar, in[:n*ElementSize], uniform[:n*UniformSize]); bad != -1 || !intact() ||
				!bytes.Equal(got, want[:n*ElementSize]) {
				t.Errorf("%d sums: %d", n, bad)
			}
		}
		for i, s := range append(invalid, strings.Repeat("00", ElementSize)) {
			at := i * 5 % 73
			spoilt := bytes.Clone(in)
			copy(spoilt[at*ElementSize:], unhex(t, s))
			if bad := SumMul(make([]byte, len(in)), scalar, spoilt, uniform); bad != at {
				t.Errorf("%s at %d: got %d", s, at, bad)
			}
		}
	})
}

// A peer can choose elements whose sums are the identity, which four points are. All must
// be encoded by zeros, or it is not noticed.
func TestSumsAreIdentity(t *testing.T) {
	const n = 40
	uniform, in := uniforms(n, 14), make([]byte, n*ElementSize)
	for i := range n {
		var e ristretto255.Element
		if _, err := e.SetUniformBytes(uniform[i*UniformSize:][:UniformSize]); err != nil {
			t.Fatal(err)
		}
		copy(in[i*ElementSize:], e.Negate(&e).Bytes())
	}
	each(t, func(t *testing.T) {
		for k := range byte(8) {
			got := make([]byte, len(in))
			if bad := SumMul(got, small(k+1), in, uniform); bad != -1 || !bytes.Equal(got, make([]byte, len(in))) {
				t.Errorf("sums times %d are not the identity: %d, %x", k+1, bad, got)
			}
		}
	})
}

func TestMulEach(t *testing.T) {
	in := [ElementSize]byte(elements(1, 13))
	var scalars []byte
	for k := range byte(73) {
		scalars = append(scalars, testScalar(k)[:]...)
	}
	copy(scalars[2*ScalarSize:], make([]byte, ScalarSize)) // zero
	want := make([]byte, 73*ElementSize)
	if !mulEachGeneric(want, scalars, &in) || [ElementSize]byte(want[2*ElementSize:]) != [ElementSize]byte{} {
		t.Fatal("the generic code is wrong")
	}
	edges := edgeScalars(t)
	var edge []byte
	for _, s := range edges {
		edge = append(edge, s[:]...)
	}
	wantEdge := make([]byte, len(edge))
	mulEachGeneric(wantEdge, edge, &in)
	v := readVectors(t)
	each(t, func(t *testing.T) {
		for _, n := range lengths {
			got, intact := buffer(n*ElementSize, n%64)
			if !MulEach(got, scalars[:n*ScalarSize], &in) || !intact() || !bytes.Equal(got, want[:n*ElementSize]) {
				t.Errorf("%d products are wrong", n)
			}
		}
		got := make([]byte, len(edge))
		if !MulEach(got, edge, &in) || !bytes.Equal(got, wantEdge) {
			t.Error("products with scalars at the edges are wrong")
		}
		for _, s := range append(v.Invalid, v.Multiples[0]) {
			spoilt := [ElementSize]byte(unhex(t, s))
			for _, n := range batches {
				if MulEach(make([]byte, n*ElementSize), scalars[:n*ScalarSize], &spoilt) {
					t.Errorf("%s is not refused", s)
				}
			}
		}
	})
}

func TestFromUniform(t *testing.T) {
	const most = 73
	uniform := uniforms(most, 15)
	copy(uniform[2*UniformSize:], make([]byte, UniformSize)) // the identity, or a point like it
	want := make([]byte, most*ElementSize)
	fromUniformGeneric(want, uniform)
	each(t, func(t *testing.T) {
		for _, n := range lengths {
			got, intact := buffer(n*ElementSize, n%64)
			FromUniform(got, uniform[:n*UniformSize])
			if !intact() || !bytes.Equal(got, want[:n*ElementSize]) {
				t.Errorf("%d elements are wrong", n)
			}
		}
		for _, m := range readVectors(t).Maps {
			for _, n := range batches {
				got := make([]byte, n*ElementSize)
				FromUniform(got, bytes.Repeat(unhex(t, m.Uniform), n))
				if hex.EncodeToString(got) != strings.Repeat(m.Element, n) {
					t.Errorf("%s maps to %x", m.Uniform, got)
				}
			}
		}
	})
}

func TestMulBaseSub(t *testing.T) {
	const most = 73
	var scalars []byte
	for k := range byte(most) {
		scalars = append(scalars, testScalar(k)[:]...)
	}
	for i, s := range edgeScalars(t) {
		copy(scalars[(i+most/2)%most*ScalarSize:], s[:])
	}
	copy(scalars[2*ScalarSize:], make([]byte, ScalarSize)) // zero
	uniform := uniforms(most, 16)
	want := make([]byte, most*ElementSize)
	mulBaseSubGeneric(want, scalars, uniform)
	each(t, func(t *testing.T) {
		for _, n := range lengths {
			got, intact := buffer(n*ElementSize, n%64)
			MulBaseSub(got, scalars[:n*ScalarSize], uniform[:n*UniformSize])
			if !intact() || !bytes.Equal(got, want[:n*ElementSize]) {
				t.Errorf("%d differences are wrong", n)
			}
		}
	})
}

func TestConcurrent(t *testing.T) {
	each(t, func(t *testing.T) {
		in := elements(70, 6)
		var wg sync.WaitGroup
		for k := range byte(4) {
			wg.Go(func() {
				got, want := make([]byte, len(in)), make([]byte, len(in))
				decodeMulGeneric(want, testScalar(k), in)
				for range 5 {
					if DecodeMul(got, testScalar(k), in) != -1 || !bytes.Equal(got, want) {
						t.Error("wrong result")
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestMisuse(t *testing.T) {
	for i, f := range []func(){
		func() { DecodeMul(make([]byte, 32), small(1), make([]byte, 64)) },
		func() { DecodeMul(make([]byte, 33), small(1), make([]byte, 33)) },
		func() { FromUniformMul(make([]byte, 32), small(1), make([]byte, 32)) },
		func() { FromUniformMul(make([]byte, 32), small(1), make([]byte, 65)) },
		func() { FromUniformMul(make([]byte, 33), small(1), make([]byte, 64)) },
		func() { FromUniformMul(make([]byte, 64), small(1), make([]byte, 64)) },
		func() { SumMul(make([]byte, 32), small(1), make([]byte, 64), make([]byte, 64)) },
		func() { SumMul(make([]byte, 33), small(1), make([]byte, 33), make([]byte, 64)) },
		func() { SumMul(make([]byte, 32), small(1), make([]byte, 32), make([]byte, 63)) },
		func() { FromUniform(make([]byte, 32), make([]byte, 63)) },
		func() { FromUniform(make([]byte, 64), make([]byte, 64)) },
		func() { MulBaseSub(make([]byte, 32), make([]byte, 32), make([]byte, 65)) },
		func() { MulBaseSub(make([]byte, 32), make([]byte, 33), make([]byte, 64)) },
		func() { MulBaseSub(make([]byte, 64), make([]byte, 32), make([]byte, 64)) },
		func() { MulEach(make([]byte, 32), make([]byte, 64), new([32]byte)) },
		func() { MulEach(make([]byte, 32), make([]byte, 33), new([32]byte)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("case %d: no panic", i)
				}
			}()
			f()
		}()
	}
}

// raceEnabled is set by a file for the race detector, under which a sync.Pool
// forgets at random.
var raceEnabled bool

func TestAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("pools are random under the race detector")
	}
	each(t, func(t *testing.T) {
		uniform, out := uniforms(80, 8), make([]byte, 80*ElementSize)
		scalar := testScalar(9)
		if n := testing.AllocsPerRun(10, func() { FromUniformMul(out, scalar, uniform) }); n != 0 {
			t.Errorf("FromUniformMul allocates %v times", n)
		}
		if n := testing.AllocsPerRun(10, func() { DecodeMul(out, scalar, out) }); n != 0 {
			t.Errorf("DecodeMul allocates %v times", n)
		}
	})
}
