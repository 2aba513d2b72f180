package aes128

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

var features = []*cpu.Feature{cpu.AVX2, cpu.VAES, cpu.AVX512}

func unhex(t *testing.T, s string) (b [16]byte) {
	t.Helper()
	if n, err := hex.Decode(b[:], []byte(s)); n != 16 || err != nil {
		t.Fatal(n, err)
	}
	return b
}

// arena returns n blocks at an offset of off blocks in a larger slice, and a
// function that reports whether anything around them was written.
func arena(n, off int) (inside []Block, intact func() bool) {
	const margin = 40
	all := make([]Block, margin+off+n+margin)
	for i := range all {
		all[i] = Block{0xa5a5a5a5a5a5a5a5 + uint64(i), 0x5a5a5a5a5a5a5a5a}
	}
	lo, hi := margin+off, margin+off+n
	return all[lo:hi:hi], func() bool {
		for i := range all {
			if (i < lo || i >= hi) && all[i] != (Block{0xa5a5a5a5a5a5a5a5 + uint64(i), 0x5a5a5a5a5a5a5a5a}) {
				return false
			}
		}
		return true
	}
}

func random(r *rand.Rand, b []Block) {
	for i := range b {
		b[i] = Block{r.Uint64(), r.Uint64()}
	}
}

func newRand(t testing.TB) *rand.Rand {
	var seed [32]byte
	copy(seed[:], t.Name())
	return rand.New(rand.NewChaCha8(seed))
}

func equal(a, b []Block) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// lengths are all up to four times the widest step, and some long.
func lengths() []int {
	var ls []int
	for n := range 4*32 + 5 {
		ls = append(ls, n)
	}
	return append(ls, 1037, 2*callBlocks+3)
}

// TestVector is [FIPS 197, appendix C.1].
func TestVector(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		key := unhex(t, "000102030405060708090a0b0c0d0e0f")
		src := []Block{FromBytes(unhex(t, "00112233445566778899aabbccddeeff"))}
		want := unhex(t, "69c4e0d86a7b0430d8cdb78070b4c55a")
		dst := make([]Block, 1)
		New(key).Encrypt(dst, src)
		if dst[0].Bytes() != want {
			t.Errorf("Encrypt: %x, want %x", dst[0].Bytes(), want)
		}
		EncryptKeys(dst, []Block{FromBytes(key)}, src)
		if dst[0].Bytes() != want {
			t.Errorf("EncryptKeys: %x, want %x", dst[0].Bytes(), want)
		}
	}, features...)
}

// TestMaps compares every operation of the shape dst[i] = f(src[i]) with the
// generic code: all lengths, offsets, in place and not.
func TestMaps(t *testing.T) {
	ops := []struct {
		name      string
		fast, ref func(c *Cipher, dst, src []Block)
	}{
		{"Encrypt", (*Cipher).Encrypt, (*Cipher).encryptGeneric},
		{"HashCR", (*Cipher).HashCR, (*Cipher).hashCRGeneric},
		{"HashTCCR", func(c *Cipher, dst, src []Block) { c.HashTCCR(dst, src, ^uint64(0)-9) },
			func(c *Cipher, dst, src []Block) {
				// Written out as in the paper, not by way of feedTweak.
				buf := new([16]byte)
				for i, x := range src {
					y := pi(c.block(), buf, x)
					dst[i] = pi(c.block(), buf, y.Xor(Block{Lo: ^uint64(0) - 9 + uint64(i)})).Xor(y)
				}
			}},
		{"CounterBlocks", func(c *Cipher, dst, _ []Block) { c.CounterBlocks(dst, ^uint64(0)-9) },
			func(c *Cipher, dst, _ []Block) {
				for i := range dst {
					dst[i] = Block{Lo: ^uint64(0) - 9 + uint64(i)}
				}
				c.encryptGeneric(dst, dst)
			}},
		{"EncryptKeys", func(c *Cipher, dst, src []Block) {
			EncryptKeys(dst, keysFor(len(src)), src)
		}, func(c *Cipher, dst, src []Block) { encryptKeysGeneric(dst, keysFor(len(src)), src) }},
	}
	r := newRand(t)
	c := New([16]byte{1, 2, 3})
	for _, op := range ops {
		t.Run(op.name, func(t *testing.T) {
			cputest.Each(t, func(t *testing.T) {
				for _, n := range lengths() {
					for off := range 4 {
						src, srcIntact := arena(n, off)
						dst, dstIntact := arena(n, (off*3+n)%4)
						random(r, src)
						before, want := append([]Block(nil), src...), make([]Block, n)
						op.ref(c, want, src)
						op.fast(c, dst, src)
						if !equal(dst, want) || !equal(src, before) {
							t.Fatalf("%d blocks at %d: wrong", n, off)
						}
						op.fast(c, src, src)
						if !equal(src, want) {
							t.Fatalf("%d blocks at %d: wrong in place", n, off)
						}
						if !srcIntact() || !dstIntact() {
							t.Fatalf("%d blocks at %d: wrote outside", n, off)
						}
					}
				}
			}, features...)
		})
	}
}

func keysFor(n int) []Block {
	k := make([]Block, n)
	for i := range k {
		k[i] = Block{uint64(i) * 0x9e3779b97f4a7c15, ^uint64(i)}
	}
	return k
}

// TestKeysInPlace covers the alias of destination and keys.
func TestKeysInPlace(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		for n := range 70 {
			src, want := keysFor(n + 1)[1:], make([]Block, n)
			encryptKeysGeneric(want, keysFor(n), src)
			keys := keysFor(n)
			EncryptKeys(keys, keys, src)
			if !equal(keys, want) {
				t.Fatalf("%d blocks", n)
			}
		}
	}, features...)
}

// TestCounterBytes covers every byte alignment.
func TestCounterBytes(t *testing.T) {
	c := New([16]byte{4})
	cputest.Each(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 3, 4, 5, 31, 32, 33, 64, 100} {
			for off := range 65 {
				all := bytes.Repeat([]byte{0x77}, off+Size*n+64)
				c.Counter(all[off:][:Size*n], 1<<63+5)
				want := make([]byte, Size*n)
				c.counterGeneric(want, 1<<63+5)
				if !bytes.Equal(all[off:][:Size*n], want) {
					t.Fatalf("%d blocks at %d: wrong", n, off)
				}
				if len(bytes.Trim(all[:off], "\x77"))+len(bytes.Trim(all[off+Size*n:], "\x77")) != 0 {
					t.Fatalf("%d blocks at %d: wrote outside", n, off)
				}
			}
		}
	}, features...)
}

func TestDouble(t *testing.T) {
	r := newRand(t)
	left, right := New([16]byte{1}), New([16]byte{2})
	cputest.Each(t, func(t *testing.T) {
		for _, n := range lengths() {
			for off := range 4 {
				src, srcIntact := arena(n, off)
				dst, dstIntact := arena(2*n, (off*3+n)%4)
				random(r, src)
				want, l, rt := make([]Block, 2*n), make([]Block, n), make([]Block, n)
				left.hashCRGeneric(l, src)
				right.hashCRGeneric(rt, src)
				var wantSums [2]Block
				for i := range n {
					want[2*i], want[2*i+1] = l[i], rt[i]
					wantSums[0], wantSums[1] = wantSums[0].Xor(l[i]), wantSums[1].Xor(rt[i])
				}
				sums := Double(left, right, dst, src)
				if !equal(dst, want) || sums != wantSums {
					t.Fatalf("%d parents at %d: wrong", n, off)
				}
				if !srcIntact() || !dstIntact() {
					t.Fatalf("%d parents at %d: wrote outside", n, off)
				}
			}
		}
	}, features...)
}

func TestBlock(t *testing.T) {
	b := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	x := FromBytes(b)
	if x.Lo != 0x0807060504030201 || x.Hi != 0x100f0e0d0c0b0a09 || x.Bytes() != b {
		t.Errorf("FromBytes: %x", x)
	}
	if got := AppendBlocks([]byte{9}, []Block{x, {}}); !bytes.Equal(got[1:17], b[:]) || len(got) != 33 || got[0] != 9 {
		t.Errorf("AppendBlocks: %x", got)
	}
	dst := make([]Block, 2)
	if SetBytes(dst, append(b[:], make([]byte, 16)...)); dst[0] != x || dst[1] != (Block{}) {
		t.Errorf("SetBytes: %x", dst)
	}
}

func TestMisuse(t *testing.T) {
	c, one, two := New([16]byte{}), make([]Block, 1), make([]Block, 2)
	for name, f := range map[string]func(){
		"Encrypt":     func() { c.Encrypt(one, two) },
		"HashTCCR":    func() { c.HashTCCR(two, one, 0) },
		"Counter":     func() { c.Counter(make([]byte, 15), 0) },
		"Double":      func() { Double(c, c, two, two) },
		"EncryptKeys": func() { EncryptKeys(two, one, two) },
		"SetBytes":    func() { SetBytes(one, make([]byte, 17)) },
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

func TestKeyIsNotPrinted(t *testing.T) {
	c := New([16]byte{0xde, 0xad})
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%v %s", c, c), c.LogValue().String()} {
		if !strings.Contains(s, "aes128.Cipher(16 bytes)") || strings.Contains(s, "dead") {
			t.Errorf("printed %q", s)
		}
	}
}

func TestAllocs(t *testing.T) {
	c, src, dst := New([16]byte{}), make([]Block, 64), make([]Block, 128)
	if race.Enabled || !cpu.AVX2.Enabled() {
		t.Skip("the race detector and the interface of crypto/aes make variables escape")
	}
	if n := testing.AllocsPerRun(10, func() {
		c.Encrypt(src, src)
		c.HashTCCR(src, src, 1)
		Double(c, c, dst, src)
		EncryptKeys(src, src, src)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
