package rows

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

var features = []*cpu.Feature{cpu.AVX2, cpu.AVX512}

func newRand(t testing.TB) *rand.Rand {
	var seed [32]byte
	copy(seed[:], t.Name())
	return rand.New(rand.NewChaCha8(seed))
}

// hash weighs the edges, where a column number might overflow.
func hash(r *rand.Rand) Block {
	h := Block{Lo: r.Uint64(), Hi: r.Uint64()}
	switch r.IntN(6) {
	case 0:
		h.Lo = ^uint64(0) - h.Lo>>60
	case 1:
		h.Hi = ^uint64(0) - h.Hi>>60
	case 2:
		h.Hi = h.Lo
	case 3:
		h = Block{Lo: h.Lo >> 60, Hi: h.Hi >> 60}
	}
	return h
}

func hashes(r *rand.Rand, n int) []Block {
	h := make([]Block, n)
	for i := range h {
		h[i] = hash(r)
	}
	return h
}

var dimensions = [][2]int{{1, 3}, {1, 4}, {1, 144}, {2, 11226}, {64, 22222}, {131072, 22556}, {1 << 20, MaxColumns}}

func TestPlace(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for _, d := range dimensions {
			for n := range 4*8 + 3 {
				for off := range 4 {
					const canary = 0xa5a5a5a5a5a5a5a5
					h, want := hashes(r, off+n)[off:], make([]uint64, n)
					all := make([]uint64, 8+n+16)
					for i := range all {
						all[i] = canary
					}
					got := all[8-off:][:n]
					Place(got, h, d[0], d[1])
					placeGeneric(want, h, uint64(d[0]), uint64(d[1]))
					for i := range want {
						if got[i] != want[i] {
							t.Fatalf("%v: row %d of %d: %x, want %x", d, i, n, got[i], want[i])
						}
					}
					for i, x := range all {
						if (i < 8-off || i >= 8-off+n) && x != canary {
							t.Fatalf("%v: %d rows: wrote outside", d, n)
						}
					}
				}
			}
		}
	}, features...)
}

// TestRowsAreRows checks that columns are distinct and in range.
func TestRowsAreRows(t *testing.T) {
	r := newRand(t)
	for _, d := range dimensions {
		rows := make([]uint64, 10000)
		h := hashes(r, len(rows))
		Place(rows, h, d[0], d[1])
		for i, row := range rows {
			a, b, c := row&0xffff, row>>16&0xffff, row>>32
			if a == b || a == c || b == c || max(a, b, c) >= uint64(d[1]) {
				t.Fatalf("%v: columns %d, %d, %d", d, a, b, c)
			}
			if bin := Bin(h[i], d[0]); bin < 0 || bin >= d[0] {
				t.Fatalf("%v: bin %d", d, bin)
			}
		}
	}
}

// TestUniform draws all triples of five columns in two bins. Each of the 120
// cells gets 10,000 of 1,200,000 draws on average; the deviation of a binomial
// is below 6.5 standard deviations of 99.6 except with probability 2^-33 per
// cell, or 2^-26 in all; the seed is fixed, so it either fails always or never.
func TestUniform(t *testing.T) {
	r := newRand(t)
	cells := map[[2]uint64]int{}
	rows := make([]uint64, 1)
	for range 1200000 {
		h := []Block{{Lo: r.Uint64(), Hi: r.Uint64()}}
		Place(rows, h, 2, 5)
		cells[[2]uint64{uint64(Bin(h[0], 2)), rows[0]}]++
	}
	if len(cells) != 2*5*4*3 {
		t.Fatalf("%d cells, want 120", len(cells))
	}
	for c, n := range cells {
		if n < 10000-648 || n > 10000+648 {
			t.Errorf("cell %x has %d draws", c, n)
		}
	}
}

func TestGather(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for _, m := range []int{3, 5, 100, 22222, MaxColumns} {
			store := hashes(r, m)
			for n := range 4*4 + 3 {
				for off := range 3 {
					rows, want := make([]uint64, n), make([]Block, n)
					Place(rows, hashes(r, n), 1, m)
					canary := hash(r)
					all := make([]Block, off+n+4)
					for i := range all {
						all[i] = canary
					}
					Gather(all[off:][:n], store, rows)
					gatherGeneric(want, store, rows)
					for i, x := range all {
						if w := canary; i >= off && i < off+n && x != want[i-off] || (i < off || i >= off+n) && x != w {
							t.Fatalf("%d rows of %d columns: block %d", n, m, i-off)
						}
					}
				}
			}
		}
	}, features...)
}

func TestDense(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for dense := MinDense; dense <= MaxDense; dense += 8 {
			columns := hashes(r, dense)
			canary := hash(r)
			all := make([]Block, Table(dense)+2)
			all[0], all[len(all)-1] = canary, canary
			table := all[1 : len(all)-1]
			Tabulate(table, columns)
			want := make([]Block, len(table))
			tabulateGeneric(want, columns)
			if !slices.Equal(table, want) || all[0] != canary || all[len(all)-1] != canary {
				t.Fatalf("%d columns: wrong table", dense)
			}
			for n := range 4*4 + 3 {
				for off := range 3 {
					h := hashes(r, n)
					before := hashes(r, off+n+2)
					got, want := slices.Clone(before), slices.Clone(before)
					AddDense(got[off:][:n], h, table)
					// By the definition, bit after bit.
					for i, h := range h {
						for j, c := range columns {
							word := h.Lo
							if j >= 32 {
								word = h.Hi
							}
							if word>>(j%32)&1 == 1 {
								want[off+i] = want[off+i].Xor(c)
							}
						}
					}
					if !slices.Equal(got, want) {
						t.Fatalf("%d columns, %d keys: wrong sums", dense, n)
					}
				}
			}
		}
	}, features...)
}

// TestBackSubstitute solves systems that are not triangular: the columns of one
// row are changed by others, in the order that both must keep.
func TestBackSubstitute(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for _, m := range []int{3, 7, 1000, MaxColumns} {
			for n := range 40 {
				rows, order := make([]uint64, n+1), make([]uint32, n)
				Place(rows, hashes(r, n+1), 1, m)
				for i := range order {
					row := r.IntN(n + 1)
					order[i] = uint32(row) | uint32(rows[row]>>(16*r.IntN(3)))<<16
				}
				values, store := hashes(r, n+1), hashes(r, m)
				want := append([]Block(nil), store...)
				BackSubstitute(store, values, rows, order)
				backSubstituteGeneric(want, values, rows, order)
				for i := range store {
					if store[i] != want[i] {
						t.Fatalf("%d rows of %d columns: column %d", n, m, i)
					}
				}
				if n > 0 {
					var sum [1]Block
					first := uint16(order[0])
					if gatherGeneric(sum[:], store, rows[first:first+1]); sum[0] != values[first] {
						t.Fatalf("%d rows of %d columns: the last equation does not hold", n, m)
					}
				}
			}
		}
	}, features...)
}

func TestMisuse(t *testing.T) {
	for i, f := range []func(){
		func() { Place(make([]uint64, 1), nil, 1, 3) },
		func() { Place(nil, nil, 0, 3) },
		func() { Place(nil, nil, 1, 2) },
		func() { Place(nil, nil, 1, MaxColumns+1) },
		func() { Gather(make([]Block, 1), nil, nil) },
		func() { Tabulate(make([]Block, 24*32), make([]Block, 24)) },
		func() { Tabulate(make([]Block, 72*32), make([]Block, 72)) },
		func() { Tabulate(make([]Block, 36*32), make([]Block, 36)) },
		func() { Tabulate(make([]Block, 40*32-1), make([]Block, 40)) },
		func() { AddDense(make([]Block, 1), nil, make([]Block, 1024)) },
		func() { AddDense(nil, nil, make([]Block, 768)) },
		func() { AddDense(nil, nil, make([]Block, 1025)) },
		func() { BackSubstitute(nil, make([]Block, 1), nil, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d: no panic", i)
				}
			}()
			f()
		}()
	}
}

func BenchmarkRows(b *testing.B) {
	const n, m = 16384, 22222
	r := newRand(b)
	h, rows, dst, store := make([]Block, n), make([]uint64, n), make([]Block, n), make([]Block, m)
	for i := range h {
		h[i] = Block{Lo: r.Uint64(), Hi: r.Uint64()}
	}
	Place(rows, h, 64, m)
	table := make([]Block, Table(40))
	order := make([]uint32, n)
	for i, j := range r.Perm(n) {
		order[i] = uint32(j) | uint32(rows[j])<<16
	}
	for _, op := range []struct {
		name string
		f    func()
	}{
		{"Place", func() { Place(rows[:512], h[:512], 64, m) }},
		{"Gather", func() { Gather(dst[:512], store, rows[:512]) }},
		{"GatherBin", func() { Gather(dst, store, rows) }},
		{"Tabulate", func() { Tabulate(table, store[:40]) }},
		{"AddDense", func() { AddDense(dst[:512], h[:512], table) }},
		{"BackSubstitute", func() { BackSubstitute(store, h, rows, order) }},
	} {
		items := 512.0
		if op.name == "GatherBin" || op.name == "BackSubstitute" {
			items = n
		}
		run := func(b *testing.B) {
			for b.Loop() {
				op.f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/items, "ns/item")
		}
		b.Run(fmt.Sprintf("%s/kernel=best", op.name), run)
		restore := []func(){cpu.AVX512.Disable(), cpu.AVX2.Disable()}
		b.Run(fmt.Sprintf("%s/kernel=none", op.name), run)
		restore[1]()
		restore[0]()
	}
}
