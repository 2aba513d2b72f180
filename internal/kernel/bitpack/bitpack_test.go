package bitpack

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

func newRand(t testing.TB) *rand.Rand {
	var seed [32]byte
	copy(seed[:], t.Name())
	return rand.New(rand.NewChaCha8(seed))
}

// arena returns n numbers in a larger slice, and a function that reports whether
// anything around them was written.
func arena(n, off int) (inside []uint64, intact func() bool) {
	const margin = 16
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

// TestPack compares with one large integer, for all widths and small lengths.
func TestPack(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for width := 1; width <= 64; width++ {
			mask := ^uint64(0) >> (64 - width)
			for n := range 40 {
				x := make([]uint64, n)
				all := new(big.Int)
				for i := range x {
					x[i] = r.Uint64() & mask
					if r.IntN(4) == 0 {
						x[i] = mask
					}
					v := new(big.Int).SetUint64(x[i])
					all.Or(all, v.Lsh(v, uint(i*width)))
				}
				want := make([]byte, Size(n, width))
				all.FillBytes(want)
				slices.Reverse(want)
				if got := Append([]byte("front"), x, width); string(got) != "front"+string(want) {
					t.Fatalf("width %d, %d numbers: %x, want %x", width, n, got, want)
				}
				y, intact := arena(n, n%4)
				if !Unpack(y, slices.Clip(want), width, mask) || !slices.Equal(x, y) || !intact() {
					t.Fatalf("width %d, %d numbers: unpacked wrong", width, n)
				}
				if Unpack(y, append(want, 0), width, ^uint64(0)) || n > 0 && Unpack(y, want[1:], width, ^uint64(0)) {
					t.Fatalf("width %d, %d numbers: another length was taken", width, n)
				}
			}
		}
	}, cpu.AVX2)
}

// TestUnpackAdd compares with reading and adding.
func TestUnpackAdd(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for width := 2; width <= 57; width++ {
			for _, q := range []uint64{1<<width - 1, 1<<(width-1) + 1} {
				for n := range 40 {
					x, s, want := make([]uint64, n), make([]uint64, n), make([]uint64, n)
					sum, intact := arena(n, n%4)
					for i := range x {
						x[i], s[i] = r.Uint64N(q), r.Uint64N(q)
						if r.IntN(2) == 0 {
							x[i], s[i] = q-1, q-1-r.Uint64N(2)
						}
						want[i] = (x[i] + s[i]) % q
					}
					b := Append(nil, x, width)
					copy(sum, s)
					if !UnpackAdd(sum, slices.Clip(b), width, q) || !slices.Equal(sum, want) || !intact() {
						t.Fatalf("width %d, %d numbers modulo %d: wrong", width, n, q)
					}
					if UnpackAdd(sum, append(b, 0), width, q) || n > 0 && UnpackAdd(sum, b[1:], width, q) {
						t.Fatal("another length was taken")
					}
				}
			}
		}
	}, cpu.AVX2)
}

// TestUnpackSum compares with reading and adding.
func TestUnpackSum(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for width := 1; width <= 64; width++ {
			for n := range 40 {
				x, s, want := make([]uint64, n), make([]uint64, n), make([]uint64, n)
				sum, intact := arena(n, n%4)
				for i := range x {
					x[i] = r.Uint64() >> (64 - width)
					s[i] = r.Uint64N(^uint64(0) - x[i])
					want[i] = x[i] + s[i]
				}
				b := Append(nil, x, width)
				copy(sum, s)
				if !UnpackSum(sum, slices.Clip(b), width, ^uint64(0)) || !slices.Equal(sum, want) || !intact() {
					t.Fatalf("width %d, %d numbers: wrong", width, n)
				}
				if UnpackSum(sum, append(b, 0), width, ^uint64(0)) || n > 0 && UnpackSum(sum, b[1:], width, ^uint64(0)) {
					t.Fatal("another length was taken")
				}
			}
		}
	}, cpu.AVX2)
}

// TestChecks puts one number at a time beyond the limit, and sets one bit at a
// time that the last byte has over.
func TestChecks(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		for _, width := range []int{7, 45, 57, 58, 60, 63} {
			limit := uint64(1)<<width - 5
			check := func(n int, b []byte, want bool, what string) {
				t.Helper()
				if Unpack(make([]uint64, n), b, width, limit) != want {
					t.Fatalf("%d numbers of %d bits, %s: want %v", n, width, what, want)
				}
				if UnpackSum(make([]uint64, n), b, width, limit) != want {
					t.Fatalf("%d numbers of %d bits, %s, summed: want %v", n, width, what, want)
				}
				if width <= 57 && UnpackAdd(make([]uint64, n), b, width, limit+1) != want {
					t.Fatalf("%d numbers of %d bits, %s, added: want %v", n, width, what, want)
				}
			}
			for _, n := range []int{1, 2, 9, 64} {
				x := slices.Repeat([]uint64{limit}, n)
				b := Append(nil, x, width)
				check(n, b, true, "at the limit")
				for i := range x {
					for _, v := range []uint64{limit + 1, 1<<width - 1} {
						x[i] = v
						check(n, Append(nil, x, width), false, fmt.Sprintf("number %d beyond", i))
					}
					x[i] = limit
				}
				for bit := n * width % 8; bit > 0 && bit < 8; bit++ {
					c := bytes.Clone(b)
					c[len(c)-1] |= 1 << bit
					check(n, c, false, fmt.Sprintf("bit %d is left over", bit))
				}
			}
		}
	}, cpu.AVX2)
}

// FuzzUnpack checks that what is accepted is within the limit and packs to the
// same bytes.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, byte(45), uint64(1<<44))
	f.Add([]byte{0xff, 0x0f}, byte(12), uint64(0xfff))
	f.Add([]byte{}, byte(1), uint64(1))
	f.Add(bytes.Repeat([]byte{0x7f}, 80), byte(40), uint64(1<<40))
	f.Fuzz(func(t *testing.T, b []byte, w byte, limit uint64) {
		width := int(w%64) + 1
		x := make([]uint64, 8*len(b)/width)
		if !Unpack(x, b, width, limit) {
			return
		}
		for _, v := range x {
			if v > limit {
				t.Fatalf("%d is above %d", v, limit)
			}
		}
		if !bytes.Equal(Append(nil, x, width), b) {
			t.Fatal("other bytes are accepted than are made")
		}
	})
}

func BenchmarkPack(b *testing.B) {
	const n = 8192
	for _, width := range []int{39, 47} {
		x := make([]uint64, n)
		packed := Append(nil, x, width)
		for _, op := range []struct {
			name string
			f    func()
		}{
			{"append", func() { packed = Append(packed[:0], x, width) }},
			{"unpack", func() { Unpack(x, packed, width, 1<<width-1) }},
			{"unpack-generic", func() { unpackGeneric(x, packed, width, 1<<width-1, 0) }},
			{"add", func() { UnpackAdd(x, packed, width, 1<<width-1) }},
			{"sum", func() { UnpackSum(x, packed, width, 1<<width-1) }},
			{"sum-generic", func() { unpackSumGeneric(x, packed, width, 1<<width-1, 0) }},
			{"add-generic", func() { unpackAddGeneric(x, packed, width, 1<<width-1, 0) }},
		} {
			b.Run(fmt.Sprintf("width=%d/%s", width, op.name), func(b *testing.B) {
				b.SetBytes(int64(len(packed)))
				for b.Loop() {
					op.f()
				}
			})
		}
	}
}
