package hugepage

import (
	"testing"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

// owners checks that no block belongs to two of the slices, by writing all of them.
func owners(t *testing.T, taken ...[]aes128.Block) {
	t.Helper()
	for i, s := range taken {
		for k := range s {
			s[k] = aes128.Block{Lo: uint64(k), Hi: uint64(i)}
		}
	}
	for i, s := range taken {
		for k := range s {
			if s[k] != (aes128.Block{Lo: uint64(k), Hi: uint64(i)}) {
				t.Fatalf("block %d of slice %d has another owner too", k, i)
			}
		}
	}
}

func TestRoom(t *testing.T) {
	var r Room
	a, b := r.Take(100), r.Take(50)
	owners(t, a, b)
	if len(r.all) != 2 {
		t.Fatalf("%d allocations, want 2", len(r.all))
	}
	r.Give(a, b)
	// The smallest that fits; what is left of it stays free.
	c, d, e := r.Take(40), r.Take(60), r.Take(40)
	owners(t, c, d, e)
	if len(r.all) != 2 || &c[0] != &b[0] || &d[0] != &a[0] || &e[0] != &a[60] {
		t.Fatal("it does not take the smallest piece that fits")
	}
	if cap(c) != len(c) || cap(d) != len(d) {
		t.Fatal("append would write into what is free")
	}
	f := r.Take(11) // 10 are left of b, and none of a
	owners(t, c, d, e, f)
	if len(r.all) != 3 {
		t.Fatalf("%d allocations, want 3", len(r.all))
	}
	r.Reset()
	g, h, i := r.Take(100), r.Take(50), r.Take(11)
	owners(t, g, h, i)
	if len(r.all) != 3 || len(r.free) != 0 {
		t.Fatal("not everything is free after Reset")
	}
	if len(r.Take(0)) != 0 {
		t.Fatal("blocks for nothing")
	}
}
