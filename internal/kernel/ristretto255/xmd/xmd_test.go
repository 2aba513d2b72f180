package xmd

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"hash"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

// reference is expand_message_xmd in general, step by step as RFC 9380, section
// 5.3.1, states it.
func reference(newHash func() hash.Hash, dst, msg []byte, length int) []byte {
	h := newHash()
	sum := func(parts ...[]byte) []byte {
		h.Reset()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	if len(dst) > 255 {
		dst = sum([]byte("H2C-OVERSIZE-DST-"), dst)
	}
	ell := (length + h.Size() - 1) / h.Size()
	prime := append(bytes.Clone(dst), byte(len(dst)))
	b0 := sum(make([]byte, h.BlockSize()), msg, []byte{byte(length >> 8), byte(length), 0}, prime)
	b := sum(b0, []byte{1}, prime)
	out := bytes.Clone(b)
	for i := 2; i <= ell; i++ {
		x := make([]byte, len(b0))
		for j := range x {
			x[j] = b0[j] ^ b[j]
		}
		b = sum(x, []byte{byte(i)}, prime)
		out = append(out, b...)
	}
	return out[:length]
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestReferenceVectors has no vectors for 64 bytes of output, which the RFC does
// not have: they are for the reference, which everything else is compared with.
func TestReferenceVectors(t *testing.T) {
	var v struct {
		Suites []struct {
			Hash, DST string
			Tests     []struct {
				Len          int
				Msg, Uniform string
			}
		}
	}
	b, err := os.ReadFile("testdata/rfc9380.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	hashes := map[string]func() hash.Hash{"SHA512": sha512.New, "SHA256": sha256.New}
	n := 0
	for _, s := range v.Suites {
		for _, c := range s.Tests {
			got := reference(hashes[s.Hash], []byte(s.DST), []byte(c.Msg), c.Len)
			if !bytes.Equal(got, unhex(t, c.Uniform)) {
				t.Errorf("%s, %q: got %x", s.Hash, c.Msg, got)
			}
			n++
		}
	}
	if n != 20 {
		t.Errorf("%d vectors, want 20", n)
	}
}

func random(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func check(t *testing.T, tag []byte, n, size, offset int) {
	t.Helper()
	const edge = 64
	msgs := random(offset+n*size, byte(size))[offset:]
	want := bytes.Repeat([]byte{0xc5}, edge+offset+n*Size+edge)
	out := bytes.Clone(want)
	for i := range n {
		copy(want[edge+offset+i*Size:], reference(sha512.New, tag, msgs[i*size:(i+1)*size], Size))
	}
	before := bytes.Clone(msgs)
	end := edge + offset + n*Size
	New(tag).Expand(out[edge+offset:end:end], msgs, size)
	if !bytes.Equal(out, want) || !bytes.Equal(msgs, before) {
		t.Errorf("tag of %d bytes, %d messages of %d at %d: wrong result", len(tag), n, size, offset)
	}
}

// TestExpand has tags and messages on both sides of each border between blocks
// of SHA-512, of the longest tag that is not hashed and of the longest message
// that the kernel takes.
func TestExpand(t *testing.T) {
	tags := random(400, 1)
	cputest.Each(t, func(t *testing.T) {
		for n := range 41 {
			check(t, []byte("dujiang"), n, 16, n)
		}
		for offset := range 64 {
			check(t, []byte("dujiang"), 9, 21, offset)
		}
		for size := 1; size <= 280; size++ {
			check(t, tags[:38], 3, size, 0)
		}
		for tag := 1; tag <= 270; tag++ {
			check(t, tags[:tag], 3, 20, 0)
		}
		for _, tag := range []int{1, 45, 46, 47, 108, 109, 110, 111, 112, 254, 255, 256, 400} {
			for _, size := range []int{1, 64, 127, 128, 129, 255, 256, 257, 700, 748, 749, 750, 940, 1000, 1003, 1004, 1005, 3000} {
				check(t, tags[:tag], 10, size, 1)
			}
		}
	}, cpu.AVX512)
}

func TestMisuse(t *testing.T) {
	x := New([]byte("x"))
	for i, f := range []func(){
		func() { New(nil) },
		func() { x.Expand(nil, nil, 0) },
		func() { x.Expand(make([]byte, Size), make([]byte, 4), -1) },
		func() { x.Expand(make([]byte, Size), make([]byte, 5), 4) },
		func() { x.Expand(make([]byte, Size-1), make([]byte, 4), 4) },
		func() { x.Expand(make([]byte, 2*Size), make([]byte, 4), 4) },
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

func TestConcurrent(t *testing.T) {
	x, msgs := New([]byte("concurrent")), random(33*20, 2)
	want := make([]byte, 33*Size)
	x.expandGeneric(want, msgs, 20)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got := make([]byte, 33*Size)
			for range 20 {
				if x.Expand(got, msgs, 20); !bytes.Equal(got, want) {
					t.Error("wrong result")
				}
			}
		})
	}
	wg.Wait()
}

// raceEnabled is set by a file for the race detector, under which a sync.Pool
// forgets at random.
var raceEnabled bool

func TestAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("pools are random under the race detector")
	}
	cputest.Each(t, func(t *testing.T) {
		x, msgs, out := New([]byte("allocations")), random(64*32, 3), make([]byte, 64*Size)
		if n := testing.AllocsPerRun(20, func() { x.Expand(out, msgs, 32) }); n != 0 {
			t.Errorf("Expand allocates %v times", n)
		}
	}, cpu.AVX512)
}

func FuzzExpand(f *testing.F) {
	f.Add([]byte("tag"), []byte("0123456789abcdef"), uint16(3))
	f.Add(random(256, 4), random(900, 5), uint16(100))
	f.Add([]byte{0}, []byte{1}, uint16(1))
	f.Fuzz(func(t *testing.T, tag, msgs []byte, size uint16) {
		if len(tag) == 0 || size == 0 {
			return
		}
		n := min(len(msgs)/int(size), 20)
		msgs = msgs[:n*int(size)]
		got := make([]byte, n*Size)
		New(tag).Expand(got, msgs, int(size))
		for i := range n {
			want := reference(sha512.New, tag, msgs[i*int(size):(i+1)*int(size)], Size)
			if !bytes.Equal(got[i*Size:(i+1)*Size], want) {
				t.Fatalf("message %d: %x, want %x", i, got[i*Size:(i+1)*Size], want)
			}
		}
	})
}

// BenchmarkExpand reports, besides the mean, the least time that one call took:
// other work on the machine changes it little.
func BenchmarkExpand(b *testing.B) {
	const n = 64
	for _, size := range []int{16, 64} {
		x, msgs, out := New([]byte("dujiang benchmark of hashing to a group")), random(n*size, 6), make([]byte, n*Size)
		run := func(b *testing.B) {
			least := time.Duration(1<<63 - 1)
			for b.Loop() {
				start := time.Now()
				x.Expand(out, msgs, size)
				least = min(least, time.Since(start))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/item")
			b.ReportMetric(float64(least.Nanoseconds())/n, "least-ns/item")
			b.ReportMetric(0, "ns/op")
		}
		name := map[int]string{16: "size=16", 64: "size=64"}[size]
		b.Run(name+"/kernel=best", run)
		func() {
			defer cpu.AVX512.Disable()()
			b.Run(name+"/kernel=generic", run)
		}()
	}
}
