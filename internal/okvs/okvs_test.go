package okvs

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

var features = []*cpu.Feature{cpu.AVX2, cpu.AVX512}

// seeds returns the seeds of test number i.
func seeds(i int) (keys, encoding, coins [16]byte) {
	var s [3][16]byte
	for j := range s {
		s[j][0] = byte(j)
		binary.LittleEndian.PutUint64(s[j][8:], uint64(i))
	}
	return s[0], s[1], s[2]
}

// instance returns n random keys and values.
func instance(n, i int) (keys, values []Block) {
	seed, _, _ := seeds(i)
	b := prg.Expand(seed, 2*n)
	return b[:n:n], b[n:]
}

func params(t testing.TB, n int) Params {
	t.Helper()
	p, err := NewParams(n, 40, 128)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// encodeValues is Encode with values in memory.
func encodeValues(p Params, seed, coins [16]byte, keys, values, out []Block, workers int) error {
	return Encode(p, seed, coins, keys, func(dst []Block, first int) { copy(dst, values[first:]) }, make([]Block, p.Scratch()), out, Work{Workers: workers})
}

// encode makes the store of instance i.
func encode(t testing.TB, p Params, i, workers int) (store []Block) {
	t.Helper()
	keys, values := instance(p.n, i)
	_, seed, coins := seeds(i)
	store = make([]Block, p.Size())
	if err := encodeValues(p, seed, coins, keys, values, store, workers); err != nil {
		t.Fatalf("%d items, instance %d: %v", p.n, i, err)
	}
	return store
}

func roundTrip(t *testing.T, p Params, i, workers int) {
	t.Helper()
	store := encode(t, p, i, workers)
	keys, values := instance(p.n, i)
	_, seed, _ := seeds(i)
	got := make([]Block, p.n)
	Decode(p, seed, keys, store, got, Work{Workers: workers})
	for j := range got {
		if got[j] != values[j] {
			t.Fatalf("%d items, instance %d: item %d is wrong", p.n, i, j)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 3, 63, 64, 65, 511, 512, 513, 1 << 14, 1<<14 + 1, 100000} {
			for _, workers := range []int{-1, 1, 2, 7} {
				roundTrip(t, params(t, n), n, workers)
			}
		}
	}, features...)
}

func TestRandomInstances(t *testing.T) {
	instances := 10000
	if testing.Short() || race.Enabled || !cpu.AVX2.Enabled() {
		instances = 300
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range instances {
		roundTrip(t, params(t, r.IntN(5001)), i, 1)
	}
}

func TestMillion(t *testing.T) {
	if testing.Short() || race.Enabled {
		t.Skip("a million items")
	}
	roundTrip(t, params(t, 1<<20), 1, 2)
}

// TestGolden pins what is sent: dimensions, rows and the order of the coins. It
// covers one bin, many bins, and any number of workers.
func TestGolden(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		for n, want := range map[int]string{
			100:   "95bf2a3a0eaa98f7fe2e3d72f42fce5d",
			40000: "db6d89f16728b3ff0e1dec77e13121e6",
		} {
			for _, workers := range []int{1, 4} {
				h := sha256.Sum256(aes128.AppendBlocks(nil, encode(t, params(t, n), 5, workers)))
				if got := hex.EncodeToString(h[:16]); got != want {
					t.Errorf("%d items, %d workers: %s, want %s", n, workers, got, want)
				}
			}
		}
	}, features...)
}

// TestDecodeAny decodes repeated and foreign keys, in place, in any number.
func TestDecodeAny(t *testing.T) {
	for _, n := range []int{300, 40000} {
		p := params(t, n)
		store := encode(t, p, 1, 1)
		keys, values := instance(n, 1)
		foreign, _ := instance(n, 2)
		_, seed, _ := seeds(1)
		var query, want []Block
		for i := range 3*n + 7 {
			query = append(query, keys[i%n])
			want = append(want, values[i%n])
		}
		query = append(query, foreign...)
		for _, workers := range []int{1, 5} {
			out := append([]Block(nil), query...)
			Decode(p, seed, out, store, out, Work{Workers: workers})
			for i := range want {
				if out[i] != want[i] {
					t.Fatalf("%d items: query %d is wrong", n, i)
				}
			}
			// A foreign key decodes to a function of random columns: equal to the
			// value of some item with a probability below n^2/2^128.
			all := map[Block]bool{{}: true}
			for _, v := range values {
				all[v] = true
			}
			for i, v := range out[len(want):] {
				if all[v] {
					t.Fatalf("%d items: foreign key %d decodes to a value", n, i)
				}
			}
		}
		Decode(p, seed, nil, store, nil, Work{Workers: 3})
	}
	out := []Block{{Lo: 1}}
	if Decode(params(t, 0), [16]byte{}, out, nil, out, Work{}); out[0] != (Block{}) {
		t.Error("the empty store does not decode to zero")
	}
}

// TestLinear checks what VOLE-based protocols rest on: decoding commutes with
// addition of stores.
func TestLinear(t *testing.T) {
	p := params(t, 20000)
	a, b := encode(t, p, 1, 1), prg.Expand([16]byte{9}, p.Size())
	keys, values := instance(p.n, 1)
	_, seed, _ := seeds(1)
	want, got := make([]Block, p.n), make([]Block, p.n)
	Decode(p, seed, keys, b, want, Work{Workers: 1})
	for i := range b {
		b[i] = b[i].Xor(a[i])
	}
	Decode(p, seed, keys, b, got, Work{Workers: 1})
	for i := range got {
		if got[i] != want[i].Xor(values[i]) {
			t.Fatalf("item %d", i)
		}
	}
}

// TestUniform checks that a store of random values has no structure left: every
// column, free or not, of every store is random. The number of ones in 128*m
// bits deviates by 7 standard deviations with a probability below 2^-38, and a
// block repeats with one below 2^-80.
func TestUniform(t *testing.T) {
	for i, n := range []int{1, 70, 5000, 40000} {
		p := params(t, n)
		store := encode(t, p, i, 1)
		ones, seen := 0, map[Block]bool{{}: true}
		for c, b := range store {
			if seen[b] {
				t.Fatalf("%d items: column %d is zero or not the first of its value", n, c)
			}
			seen[b] = true
			for w := b.Lo; w != 0; w &= w - 1 {
				ones++
			}
			for w := b.Hi; w != 0; w &= w - 1 {
				ones++
			}
		}
		bits := 128 * len(store)
		if d := 2*ones - bits; d*d > 7*7*bits {
			t.Errorf("%d items: %d ones of %d bits", n, ones, bits)
		}
	}
}

// TestWidth checks that a store lies in the subspace of its values and is random
// there, and that the others stay out.
func TestWidth(t *testing.T) {
	for _, width := range []int{1, 2, 63, 64, 65, 81, 127, 128} {
		for i, n := range []int{1, 300, 40000} {
			p, err := NewParams(n, 40, width)
			if err != nil {
				t.Fatal(err)
			}
			mask := p.mask()
			if bits.OnesCount64(mask.Lo)+bits.OnesCount64(mask.Hi) != width || mask.Hi != 0 && ^mask.Lo != 0 {
				t.Fatalf("%d bits: mask %x", width, mask)
			}
			keys, values := instance(n, i)
			for j := range values {
				values[j] = Block{Lo: values[j].Lo & mask.Lo, Hi: values[j].Hi & mask.Hi}
			}
			store, got := make([]Block, p.Size()), make([]Block, n)
			if err := encodeValues(p, [16]byte{1}, [16]byte{2}, keys, values, store, 2); err != nil {
				t.Fatal(err)
			}
			ones := 0
			for c, b := range store {
				if b.Lo&^mask.Lo != 0 || b.Hi&^mask.Hi != 0 {
					t.Fatalf("%d items of %d bits: column %d is %x", n, width, c, b)
				}
				ones += bits.OnesCount64(b.Lo) + bits.OnesCount64(b.Hi)
			}
			// Seven standard deviations, as above.
			if all := width * len(store); (2*ones-all)*(2*ones-all) > 7*7*all {
				t.Errorf("%d items of %d bits: %d ones of %d", n, width, ones, all)
			}
			Decode(p, [16]byte{1}, keys, store, got, Work{Workers: 2})
			if !slices.Equal(got, values) {
				t.Fatalf("%d items of %d bits: wrong values", n, width)
			}
			if width == 128 {
				continue
			}
			values[n-1] = values[n-1].Xor(Block{Lo: uint64(1) << width, Hi: uint64(1) << max(width-64, 0)})
			if width < 64 {
				values[n-1].Hi = 0
			}
			mustPanic(t, "a wide value", func() { _ = encodeValues(p, [16]byte{1}, [16]byte{2}, keys, values, store, 2) })
		}
	}
}

func mustPanic(t *testing.T, name string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", name)
		}
	}()
	f()
}

// TestCoins checks that other coins give another store with the same meaning.
func TestCoins(t *testing.T) {
	p := params(t, 500)
	keys, values := instance(p.n, 1)
	a, b := make([]Block, p.Size()), make([]Block, p.Size())
	for i, out := range [][]Block{a, b} {
		if err := encodeValues(p, [16]byte{1}, [16]byte{byte(i)}, keys, values, out, 1); err != nil {
			t.Fatal(err)
		}
		got := make([]Block, p.n)
		Decode(p, [16]byte{1}, keys, out, got, Work{Workers: 1})
		for j := range got {
			if got[j] != values[j] {
				t.Fatalf("coins %d: item %d", i, j)
			}
		}
	}
	same := 0
	for c := range a {
		if a[c] == b[c] {
			same++
		}
	}
	if same != 0 {
		t.Errorf("%d columns do not depend on the coins", same)
	}
}

// TestDuplicates checks that equal keys are reported as such, be they few or
// all, with equal values or not, in one bin or more.
func TestDuplicates(t *testing.T) {
	for _, n := range []int{2, 3, 100, 5000, 40000} {
		p := params(t, n)
		for _, copies := range []int{1, 2, 50, n - 1} {
			for _, equal := range []bool{false, true} {
				keys, values := instance(n, n)
				for i := range min(copies, n-1) {
					keys[i] = keys[n-1]
					if equal {
						values[i] = values[n-1]
					}
				}
				err := encodeValues(p, [16]byte{1}, [16]byte{2}, keys, values, make([]Block, p.Size()), 2)
				if !errors.Is(err, ErrDuplicate) {
					t.Errorf("%d items, %d copies, equal values %v: %v", n, copies, equal, err)
				}
			}
		}
	}
}

func TestMisuse(t *testing.T) {
	p := params(t, 100)
	k, s := make([]Block, 100), make([]Block, p.Size())
	for name, f := range map[string]func(){
		"keys":    func() { _ = encodeValues(p, [16]byte{}, [16]byte{}, k[1:], k, s, 1) },
		"scratch": func() { _ = Encode(p, [16]byte{}, [16]byte{}, k, nil, k, s, Work{Workers: 1}) },
		"out":     func() { _ = encodeValues(p, [16]byte{}, [16]byte{}, k, k, s[1:], 1) },
		"store":   func() { Decode(p, [16]byte{}, k, s[1:], k, Work{Workers: 1}) },
		"results": func() { Decode(p, [16]byte{}, k, s, k[1:], Work{Workers: 1}) },
	} {
		mustPanic(t, name, f)
	}
}

// TestPoolsAreClean checks that calls leave nothing in the buffers they keep,
// neither when they succeed nor when they fail.
func TestPoolsAreClean(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector empties pools")
	}
	for _, n := range []int{100, 40000} {
		for name, spoil := range map[string]func(keys []Block){
			"success":   func([]Block) {},
			"duplicate": func(keys []Block) { keys[0] = keys[n-1] },
			"overflow": func(keys []Block) {
				for i := range keys {
					keys[i] = keys[0]
				}
			},
		} {
			p := params(t, n)
			keys, values := instance(n, 3)
			spoil(keys)
			out := make([]Block, p.Size())
			err := encodeValues(p, [16]byte{1}, [16]byte{2}, keys, values, out, 1)
			if (err == nil) != (name == "success") {
				t.Fatal(err)
			}
			Decode(p, [16]byte{1}, keys, out, values, Work{Workers: 1})
			s, d := solvers.Get().(*solver), decoders.Get().(*decoder)
			if !isZero(s.gap) || !isZero(d.at) || !isZero(s.rows[:]) || !isZero(s.cols[:]) || !isZero(s.queue[:]) || !isZero(s.order[:]) ||
				!isZero(d.hashes[:]) || !isZero(d.from[:]) || !isZero(d.buf[:]) || !isZero(d.rows[:]) ||
				!isZero(s.table[:]) || !isZero(d.table[:]) {
				t.Errorf("%d items, %s: something is left", n, name)
			}
			solvers.Put(s)
			decoders.Put(d)
		}
	}
}

func isZero[T comparable](s []T) bool {
	var zero T
	return !slices.ContainsFunc(s, func(x T) bool { return x != zero })
}

// TestMemory checks that a second call takes what the first one left: nothing is
// allocated for each item.
func TestMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector empties pools")
	}
	p := params(t, 40000)
	keys, values := instance(p.n, 1)
	value := func(dst []Block, first int) { copy(dst, values[first:]) }
	scratch, out, got := make([]Block, p.Scratch()), make([]Block, p.Size()), make([]Block, p.n)
	least := uint64(1 << 62) // a collection in between empties the pools
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := Encode(p, [16]byte{1}, [16]byte{2}, keys, value, scratch, out, Work{Workers: 1}); err != nil {
			t.Fatal(err)
		}
		Decode(p, [16]byte{1}, keys, out, got, Work{Workers: 1})
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > 50000 {
		t.Errorf("%d bytes allocated", least)
	}
}
