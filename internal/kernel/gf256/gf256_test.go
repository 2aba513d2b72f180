package gf256

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

var features = []*cpu.Feature{cpu.AVX2}

// slowMul is the definition: multiply polynomials, then divide by the modulus.
func slowMul(a, b byte) byte {
	p := 0
	for i := range 8 {
		if b>>i&1 == 1 {
			p ^= int(a) << i
		}
	}
	for i := 14; i >= 8; i-- {
		if p>>i&1 == 1 {
			p ^= 0x11b << (i - 8)
		}
	}
	return byte(p)
}

// TestMul covers the whole field, and an example of FIPS 197, section 4.2.
func TestMul(t *testing.T) {
	if Mul(0x57, 0x83) != 0xc1 {
		t.Error("the field is not that of AES")
	}
	for a := range 256 {
		for b := range 256 {
			want := slowMul(byte(a), byte(b))
			if Mul(byte(a), byte(b)) != want {
				t.Fatalf("%x * %x", a, b)
			}
			if byte(mulWord(uint64(a)<<16, byte(b))>>16) != want {
				t.Fatalf("%x * %x in a word", a, b)
			}
		}
		if inv := Inv(byte(a)); a != 0 && slowMul(byte(a), inv) != 1 || a == 0 && inv != 0 {
			t.Fatalf("inverse of %x", a)
		}
	}
}

// TestCombineAll covers the whole field in the kernels.
func TestCombineAll(t *testing.T) {
	all, dst := make([]byte, 256), make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	cputest.Each(t, func(t *testing.T) {
		for c := range 256 {
			Combine(dst, [][]byte{all}, []byte{byte(c)})
			for i, got := range dst {
				if got != slowMul(byte(i), byte(c)) {
					t.Fatalf("%x * %x = %x", i, c, got)
				}
			}
		}
	}, features...)
}

// TestCombine covers lengths to four times the widest step, alignments, numbers
// of vectors, what lies around, and writing in place.
func TestCombine(t *testing.T) {
	const margin, canary = 40, 0xa5
	cputest.Each(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		random := func(n int) []byte {
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			return b
		}
		lengths := []int{callBytes - 1, callBytes, callBytes + 1, 2*callBytes + 77}
		for n := range 4*128 + 2 {
			lengths = append(lengths, n)
		}
		for i, n := range lengths {
			k := i % 6
			if i%50 == 0 {
				k = 17 // more than have tables on the stack
			}
			off := i % 33
			coeff, src, want := random(k), make([][]byte, k), make([]byte, n)
			for j := range src {
				src[j] = random(off + n)[off:]
				for x, b := range src[j] {
					want[x] ^= Mul(coeff[j], b)
				}
			}
			all := bytes.Repeat([]byte{canary}, margin+off+n+margin)
			dst := all[margin+off:][:n:n]
			Combine(dst, src, coeff)
			if !bytes.Equal(dst, want) {
				t.Fatalf("%d vectors of %d bytes", k, n)
			}
			for x := range all {
				if (x < margin+off || x >= margin+off+n) && all[x] != canary {
					t.Fatalf("%d vectors of %d bytes: wrote at %d", k, n, x-margin-off)
				}
			}
			if k > 0 {
				Combine(src[0], src, coeff)
				if !bytes.Equal(src[0], want) {
					t.Fatalf("%d vectors of %d bytes, in place", k, n)
				}
			}
		}
	}, features...)
}

func TestMisuse(t *testing.T) {
	one, two := make([]byte, 1), make([]byte, 2)
	for name, f := range map[string]func(){
		"lengths": func() { Combine(one, [][]byte{two}, one) },
		"numbers": func() { Combine(one, [][]byte{one}, two) },
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

func TestAllocs(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes variables escape")
	}
	dst := make([]byte, 100)
	src, coeff := [][]byte{dst, dst}, []byte{3, 4}
	if n := testing.AllocsPerRun(10, func() { Combine(dst, src, coeff) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCombine(b *testing.B) {
	const n = 1 << 13
	for _, k := range []int{1, 3, 10} {
		dst, src, coeff := make([]byte, n), make([][]byte, k), make([]byte, k)
		for j := range src {
			src[j], coeff[j] = make([]byte, n), byte(100+j)
		}
		b.Run(fmt.Sprintf("vectors=%d", k), func(b *testing.B) {
			run := func(b *testing.B) {
				b.SetBytes(n)
				for b.Loop() {
					Combine(dst, src, coeff)
				}
			}
			b.Run("kernel=best", run)
			for i := len(features) - 1; i >= 0; i-- {
				if features[i].Supported() {
					defer features[i].Disable()()
					b.Run("kernel=no-"+features[i].String(), run)
				}
			}
		})
	}
}
