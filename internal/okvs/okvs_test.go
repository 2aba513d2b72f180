package okvs

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

var features = []*cpu.Feature{cpu.AVX2, cpu.AVX512}

// instance returns n random keys and values.
func instance(n int, seed byte) (keys, values []Block) {
	b := prg.Expand([16]byte{1, seed}, 2*n)
	return b[:n], b[n:]
}

func params(t testing.TB, n int) Params {
	t.Helper()
	p, err := NewParams(n, 40)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func roundTrip(t *testing.T, n, workers int, seed byte) {
	t.Helper()
	p := params(t, n)
	keys, values := instance(n, seed)
	out, got := make([]Block, p.Size()), make([]Block, n)
	if err := Encode(p, [16]byte{seed}, [16]byte{seed, 1}, keys, values, out, workers); err != nil {
		t.Fatalf("%d items: %v", n, err)
	}
	Decode(p, [16]byte{seed}, keys, out, got, workers)
	for i := range got {
		if got[i] != values[i] {
			t.Fatalf("%d items: item %d is wrong", n, i)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 63, 64, 65, 511, 512, 513, 1 << 14, 1<<14 + 1, 100000, 600000} {
		for _, w := range []int{1, 3} {
			roundTrip(t, n, w, 7)
		}
	}
}

func BenchmarkOKVS(b *testing.B) {
	for _, n := range []int{1 << 10, 1 << 14, 1 << 20} {
		p := params(b, n)
		keys, values := instance(n, 1)
		out, got := make([]Block, p.Size()), make([]Block, n)
		b.Run(fmt.Sprintf("Encode/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				if err := Encode(p, [16]byte{1}, [16]byte{2}, keys, values, out, 1); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/item")
		})
		b.Run(fmt.Sprintf("Decode/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				Decode(p, [16]byte{1}, keys, out, got, 1)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/item")
		})
	}
}

var _ = errors.Is
var _ = rand.N[int]
var _ = cputest.Each
