package prg

import (
	"bytes"
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

var _ io.Reader = (*PRG)(nil)

var features = []*cpu.Feature{cpu.AVX2, cpu.AVX512}

// stream is the definition, block by block.
func stream(t *testing.T, seed [16]byte, n int) []byte {
	t.Helper()
	c, err := aes.NewCipher(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, n+16)
	for i := 0; len(out) < n; i++ {
		var b [16]byte
		binary.LittleEndian.PutUint64(b[:], uint64(i))
		c.Encrypt(b[:], b[:])
		out = append(out, b[:]...)
	}
	return out[:n]
}

// TestStream reads random streams in random pieces by all methods.
func TestStream(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			var seed [16]byte
			binary.LittleEndian.PutUint64(seed[:], r.Uint64())
			p := New(seed)
			var got []byte
			for range 12 {
				n := r.IntN(150)
				switch r.IntN(6) {
				case 0, 1:
					b := make([]byte, n)
					if m, err := p.Read(b); m != n || err != nil {
						t.Fatal(m, err)
					}
					got = append(got, b...)
				case 2:
					b := make([]Block, n)
					p.Blocks(b)
					got = aes128.AppendBlocks(got, b)
				case 3:
					w := make([]uint64, n)
					p.Uint64s(w)
					for _, x := range w {
						got = binary.LittleEndian.AppendUint64(got, x)
					}
				case 4:
					got = binary.LittleEndian.AppendUint64(got, p.Uint64())
				case 5:
					got = aes128.AppendBlocks(got, []Block{p.Block()})
				}
			}
			if !bytes.Equal(got, stream(t, seed, len(got))) {
				t.Fatal("the pieces are not the stream")
			}
			n := r.IntN(100)
			if e := Expand(seed, n); !bytes.Equal(aes128.AppendBlocks(nil, e), stream(t, seed, 16*n)) {
				t.Fatal("Expand is not the stream")
			}
		}
	}, features...)
}

// TestGolden pins the stream, the fixed keys and the functions: other parties
// compute the same, so none of these may change.
func TestGolden(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		x := Expand([16]byte([]byte("dujiang golden 1")), 1000)
		y := make([]Block, 2000)
		for _, c := range []struct {
			name, want string
			f          func() []Block
		}{
			{"stream", "40a87adc68977090ac3aaf226c406b84", func() []Block { return x }},
			{"HashTCCR", "833757c31767dedd9b6d65c2d1c787ae", func() []Block { HashTCCR(y[:1000], x, 1<<40); return y[:1000] }},
			{"Double", "9cd0d083d4678af70ddefcfdc6a2aa93", func() []Block { s := Double(y, x); return append(y[:2000:2000], s[:]...) }},
		} {
			h := sha256.Sum256(aes128.AppendBlocks(nil, c.f()))
			if got := hex.EncodeToString(h[:16]); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	}, features...)
}

// TestDoubleIsATree checks that sums are what puncturing needs: with one child
// of every level's sum missing, the rest gives it back.
func TestDoubleIsATree(t *testing.T) {
	level := Expand([16]byte{9}, 1)
	for range 9 {
		next := make([]Block, 2*len(level))
		sums := Double(next, level)
		var want [2]Block
		for i, b := range next {
			want[i%2] = want[i%2].Xor(b)
		}
		if sums != want {
			t.Fatalf("level of %d: sums are wrong", len(next))
		}
		level = next
	}
}

func TestSeedIsNotPrinted(t *testing.T) {
	p := New([16]byte{0xde, 0xad, 222, 173})
	if s := fmt.Sprintf("%v %s %v", p, p, p.LogValue()); s != "prg.PRG(16 bytes) prg.PRG(16 bytes) prg.PRG(16 bytes)" {
		t.Errorf("printed %q", s)
	}
}

// TestPermute counts the orders of four elements: 24000 of them, each 1000 times, with a
// standard deviation of 31: that one is off by nine of these has a probability below 10^-16. Long
// ones are permutations, and the same for the same seed.
func TestPermute(t *testing.T) {
	g := New([Size]byte{5})
	count := make(map[[4]uint32]int)
	for range 24000 {
		var order [4]uint32
		g.Permute(order[:])
		count[order]++
	}
	if len(count) != 24 {
		t.Errorf("%d orders", len(count))
	}
	for order, n := range count {
		if n < 1000-9*31 || n > 1000+9*31 {
			t.Errorf("%v comes up %d times", order, n)
		}
	}
	for _, n := range []int{0, 1, 2, 257, 10_000} {
		order := make([]uint32, n)
		g, words := New([Size]byte([]byte("dujiang golden 1"))), New([Size]byte([]byte("dujiang golden 1")))
		g.Permute(order)
		// None of these words is rejected, and none is drawn that is not used.
		words.Uint64s(make([]uint64, n))
		if g.Uint64() != words.Uint64() {
			t.Errorf("%d elements do not take as many words", n)
		}
		seen := make([]bool, n)
		h := sha256.New()
		for _, k := range order {
			if seen[k] {
				t.Fatalf("%d comes up twice of %d", k, n)
			}
			seen[k] = true
			h.Write(binary.LittleEndian.AppendUint32(nil, k))
		}
		if got := hex.EncodeToString(h.Sum(nil)[:16]); n == 10_000 && got != "6cc65dd5d35097ed60c90dfbfe901dd9" {
			t.Errorf("golden permutation: %s", got)
		}
	}
}

func TestAllocs(t *testing.T) {
	if race.Enabled || !cpu.AVX2.Enabled() {
		t.Skip("the race detector and the interface of crypto/aes make variables escape")
	}
	p, b, w, x := New([16]byte{}), make([]byte, 100), make([]uint64, 33), make([]Block, 40)
	if n := testing.AllocsPerRun(10, func() {
		p.Bytes(b)
		p.Uint64s(w)
		p.Blocks(x)
		HashTCCR(x, x, 0)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPRG(b *testing.B) {
	p := New([16]byte{})
	buf, w, x := make([]byte, 16384), make([]uint64, 2048), make([]Block, 1024)
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"Bytes", func() { p.Bytes(buf) }},
		{"Uint64s", func() { p.Uint64s(w) }},
		{"Blocks", func() { p.Blocks(x) }},
		{"HashTCCR", func() { HashTCCR(x, x, 5) }},
		{"New", func() { New([16]byte{1}) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(16384)
			for b.Loop() {
				c.f()
			}
		})
	}
}
