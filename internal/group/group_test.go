package group

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gtank/ristretto255"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

// each runs f with the kernel on and off.
func each(t *testing.T, f func(t *testing.T)) { cputest.Each(t, f, cpu.AVX2, cpu.AVX512, cpu.IFMA) }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// expand is expand_message_xmd for 64 bytes, step by step as RFC 9380, section
// 5.3.1, states it.
func expand(dst, msg []byte) []byte {
	if len(dst) > 255 {
		long := sha512.Sum512(slices.Concat([]byte("H2C-OVERSIZE-DST-"), dst))
		dst = long[:]
	}
	prime := append(bytes.Clone(dst), byte(len(dst)))
	b0 := sha512.Sum512(slices.Concat(make([]byte, 128), msg, []byte{0, 64, 0}, prime))
	b1 := sha512.Sum512(slices.Concat(b0[:], []byte{1}, prime))
	return b1[:]
}

// hashMulReference is HashMul with the reference expander and the library's
// group, one item at a time.
func hashMulReference(t *testing.T, s *Scalar, items []byte, itemSize int, dst []byte) []byte {
	t.Helper()
	var x ristretto255.Scalar
	if _, err := x.SetCanonicalBytes(s.b[:]); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for i := 0; i < len(items); i += itemSize {
		var e ristretto255.Element
		if _, err := e.SetUniformBytes(expand(dst, items[i:i+itemSize])); err != nil {
			t.Fatal(err)
		}
		out = append(out, e.ScalarMult(&x, &e).Bytes()...)
	}
	return out
}

func testScalar(i byte) *Scalar {
	seed := [SeedSize]byte{i, 1}
	for j := 2; j < len(seed); j++ {
		seed[j] = seed[j-2]*5 + seed[j-1] + 7
	}
	return ScalarFromSeed(&seed)
}

func TestHashMul(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.NewChaCha8([32]byte{1})
		s := testScalar(1)
		// Item sizes and tags on both sides of each border between blocks of
		// SHA-512, and of the longest tag that is not hashed.
		for _, tagSize := range []int{1, 43, 44, 45, 46, 47, 108, 109, 110, 111, 112, 254, 255, 256, 400} {
			tag := make([]byte, tagSize)
			rng.Read(tag)
			for _, itemSize := range []int{1, 16, 32, 63, 64, 65, 66, 67, 68, 69, 70, 108, 109, 128, 300} {
				items := make([]byte, 3*itemSize)
				rng.Read(items)
				out := make([]byte, 3*ElementSize)
				s.HashMul(out, items, itemSize, NewTag(tag))
				if want := hashMulReference(t, s, items, itemSize, tag); !bytes.Equal(out, want) {
					t.Errorf("tag of %d bytes, items of %d: got %x, want %x", tagSize, itemSize, out, want)
				}
			}
		}
		tag := []byte("lengths")
		for _, n := range []int{0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 200} {
			items := make([]byte, n*16)
			rng.Read(items)
			out := make([]byte, n*ElementSize)
			s.HashMul(out, items, 16, NewTag(tag))
			if want := hashMulReference(t, s, items, 16, tag); !bytes.Equal(out, want) {
				t.Errorf("%d items: wrong result", n)
			}
		}
	})
}

// TestRFC9497 checks blinding and evaluation of the oblivious pseudorandom
// function that RFC 9497 defines on this group: Blind is HashMul by the blind,
// BlindEvaluate is Mul by the key.
func TestRFC9497(t *testing.T) {
	each(t, func(t *testing.T) {
		var v struct {
			Suites []struct {
				Tag, Key string
				Vectors  []struct{ Input, Blind, Blinded, Evaluated string }
			}
		}
		readJSON(t, "testdata/rfc9497_ristretto255.json", &v)
		n := 0
		for _, suite := range v.Suites {
			tag := NewTag(unhex(t, suite.Tag))
			key := &Scalar{b: [32]byte(unhex(t, suite.Key))}
			for _, c := range suite.Vectors {
				blind := &Scalar{b: [32]byte(unhex(t, c.Blind))}
				input := unhex(t, c.Input)
				out := make([]byte, ElementSize)
				blind.HashMul(out, input, len(input), tag)
				if !bytes.Equal(out, unhex(t, c.Blinded)) {
					t.Errorf("input %s: blinded to %x", c.Input, out)
				}
				if bad := key.Mul(out, out); bad != -1 || !bytes.Equal(out, unhex(t, c.Evaluated)) {
					t.Errorf("input %s: evaluated to %x (%d)", c.Input, out, bad)
				}
				n++
			}
		}
		if n != 6 {
			t.Errorf("%d vectors, want 6", n)
		}
	})
}

func TestCommutes(t *testing.T) {
	each(t, func(t *testing.T) {
		const n = 70
		a, b := NewScalar(), testScalar(3)
		items := make([]byte, 20*n)
		rand.NewChaCha8([32]byte{2}).Read(items)
		tag := NewTag([]byte("commutes"))
		ha, hb := make([]byte, ElementSize*n), make([]byte, ElementSize*n)
		a.HashMul(ha, items, 20, tag)
		b.HashMul(hb, items, 20, tag)
		hab, hba := make([]byte, ElementSize*n), make([]byte, ElementSize*n)
		if b.Mul(hab, ha) != -1 || a.Mul(hba, hb) != -1 {
			t.Fatal("own elements are refused")
		}
		if !bytes.Equal(hab, hba) {
			t.Error("a·(b·H) differs from b·(a·H)")
		}
		if a.Inverse().Mul(hba, hba) != -1 || !bytes.Equal(hba, hb) {
			t.Error("the inverse does not undo a multiplication")
		}
	})
}

func TestMulBad(t *testing.T) {
	each(t, func(t *testing.T) {
		const n = 140
		s := testScalar(4)
		items := make([]byte, n)
		for i := range items {
			items[i] = byte(i)
		}
		good := make([]byte, n*ElementSize)
		s.HashMul(good, items, 1, NewTag([]byte("bad")))
		identity := make([]byte, ElementSize)
		nonCanonical := bytes.Repeat([]byte{0xff}, ElementSize)
		for _, i := range []int{0, 1, 7, 8, 63, 64, 100, 127, 128, n - 1} {
			for _, bad := range [][]byte{identity, nonCanonical} {
				in := bytes.Clone(good)
				copy(in[i*ElementSize:], bad)
				copy(in[(n-1)*ElementSize:], bad) // not the first
				if got := s.Mul(make([]byte, len(in)), in); got != i {
					t.Errorf("got %d, want %d", got, i)
				}
			}
		}
	})
}

// A sum is that of an element and of what the uniform string is mapped to, and refused
// if it is the identity.
func TestSumMul(t *testing.T) {
	each(t, func(t *testing.T) {
		const n = 9
		s := testScalar(7)
		in, uniform := make([]byte, n*ElementSize), make([]byte, n*2*ElementSize)
		testScalar(8).HashMul(in, []byte("abcdefghi"), 1, NewTag([]byte("sum")))
		rand.NewChaCha8([32]byte{3}).Read(uniform)
		got, want := make([]byte, len(in)), make([]byte, len(in))
		var last ristretto255.Element
		for i := range n {
			var e ristretto255.Element
			if _, err := e.SetCanonicalBytes(in[i*ElementSize:][:ElementSize]); err != nil {
				t.Fatal(err)
			}
			if _, err := last.SetUniformBytes(uniform[i*2*ElementSize:][:2*ElementSize]); err != nil {
				t.Fatal(err)
			}
			copy(want[i*ElementSize:], e.Add(&e, &last).Bytes())
		}
		if s.Mul(want, want) != -1 || s.SumMul(got, in, uniform) != -1 || !bytes.Equal(got, want) {
			t.Error("wrong sums")
		}
		copy(in[(n-1)*ElementSize:], last.Negate(&last).Bytes())
		if bad := s.SumMul(got, in, uniform); bad != n-1 {
			t.Errorf("a sum is the identity: got %d", bad)
		}
		clear(in[3*ElementSize : 4*ElementSize])
		if bad := s.SumMul(got, in, uniform); bad != 3 {
			t.Errorf("an element is the identity: got %d", bad)
		}
	})
}

func TestMulEach(t *testing.T) {
	each(t, func(t *testing.T) {
		const n = 9
		in := make([]byte, ElementSize)
		testScalar(9).HashMul(in, []byte("x"), 1, NewTag([]byte("each")))
		scalars := make([]ristretto255.Scalar, n)
		got, want := make([]byte, n*ElementSize), make([]byte, n*ElementSize)
		for i := range scalars {
			s := testScalar(byte(i))
			if _, err := scalars[i].SetCanonicalBytes(s.b[:]); err != nil {
				t.Fatal(err)
			}
			s.Mul(want[i*ElementSize:][:ElementSize], in)
		}
		if !MulEach(got, scalars, in) || !bytes.Equal(got, want) {
			t.Error("wrong products")
		}
		for _, bad := range [][]byte{nil, in[1:], make([]byte, ElementSize), bytes.Repeat([]byte{0xff}, ElementSize)} {
			if MulEach(got, scalars, bad) {
				t.Errorf("%x is not refused", bad)
			}
		}
	})
}

func TestMisuse(t *testing.T) {
	s, tag := testScalar(5), NewTag([]byte("x"))
	for name, f := range map[string]func(){
		"empty tag":         func() { NewTag(nil) },
		"item size zero":    func() { s.HashMul(nil, nil, 0, tag) },
		"item size -1":      func() { s.HashMul(make([]byte, 32), make([]byte, 4), -1, tag) },
		"items not a whole": func() { s.HashMul(make([]byte, 32), make([]byte, 5), 4, tag) },
		"output too long":   func() { s.HashMul(make([]byte, 64), make([]byte, 4), 4, tag) },
		"output too short":  func() { s.HashMul(make([]byte, 32), make([]byte, 8), 4, tag) },
		"element cut":       func() { s.Mul(make([]byte, 31), make([]byte, 31)) },
		"unequal":           func() { s.Mul(make([]byte, 64), make([]byte, 32)) },
		"sum without":       func() { s.SumMul(make([]byte, 32), make([]byte, 32), make([]byte, 63)) },
		"zero seed":         func() { ScalarFromSeed(new([SeedSize]byte)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestScalarHidesItself(t *testing.T) {
	s := testScalar(6)
	const want = "group.Scalar(32 bytes)"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q", "%T %v"} {
		for _, arg := range []any{s, *s} {
			args := []any{arg}
			if strings.Contains(verb, "T") {
				args = append(args, arg)
			}
			if got := fmt.Sprintf(verb, args...); !strings.HasSuffix(got, want) {
				t.Errorf("%s prints %q", verb, got)
			}
		}
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "scalar", s, "value", *s)
	if strings.Count(b.String(), want) != 2 {
		t.Errorf("log: %s", b.String())
	}
}

func TestScalarFromSeed(t *testing.T) {
	var seed [SeedSize]byte
	seed[0], seed[63] = 7, 0xff
	a, b := ScalarFromSeed(&seed), ScalarFromSeed(&seed)
	if a.b != b.b {
		t.Error("one seed, two scalars")
	}
	if a, b = NewScalar(), NewScalar(); a.b == b.b {
		t.Error("two scalars are equal")
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
		const n = 96
		s, tag := testScalar(7), NewTag(bytes.Repeat([]byte("tag"), 30))
		items, out := make([]byte, 40*n), make([]byte, ElementSize*n)
		if got := testing.AllocsPerRun(10, func() { s.HashMul(out, items, 40, tag) }); got > 0 {
			t.Errorf("HashMul of %d items allocates %v times", n, got)
		}
		if got := testing.AllocsPerRun(10, func() { s.Mul(out, out) }); got > 0 {
			t.Errorf("Mul of %d elements allocates %v times", n, got)
		}
	})
}

func benchmarkEach(b *testing.B, f func(b *testing.B)) {
	b.Run("kernel=best", f)
	defer cpu.AVX512.Disable()()
	defer cpu.IFMA.Disable()()
	b.Run("kernel=generic", f)
}

func BenchmarkHashMul(b *testing.B) {
	benchmarkEach(b, func(b *testing.B) {
		const n = 512
		s, tag := testScalar(8), NewTag([]byte("dujiang benchmark of hashing to the group"))
		items, out := make([]byte, 32*n), make([]byte, ElementSize*n)
		b.ReportAllocs()
		for b.Loop() {
			s.HashMul(out, items, 32, tag)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/item")
	})
}

func BenchmarkMul(b *testing.B) {
	benchmarkEach(b, func(b *testing.B) {
		const n = 512
		s := testScalar(9)
		in, out := make([]byte, ElementSize*n), make([]byte, ElementSize*n)
		s.HashMul(in, make([]byte, n), 1, NewTag([]byte("x")))
		b.ReportAllocs()
		for b.Loop() {
			if s.Mul(out, in) != -1 {
				b.Fatal("refused")
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/item")
	})
}
