package rlwe

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPack compares with one large integer, for all widths and small lengths.
func TestPack(t *testing.T) {
	r := newRand(t)
	for width := 1; width <= 64; width++ {
		for n := range 40 {
			x := make([]uint64, n)
			all := new(big.Int)
			for i := range x {
				x[i] = r.Uint64() >> (64 - width)
				if r.IntN(4) == 0 {
					x[i] = ^uint64(0) >> (64 - width)
				}
				v := new(big.Int).SetUint64(x[i])
				all.Or(all, v.Lsh(v, uint(i*width)))
			}
			want := make([]byte, packedSize(n, width))
			all.FillBytes(want)
			for i, j := 0, len(want)-1; i < j; i, j = i+1, j-1 {
				want[i], want[j] = want[j], want[i]
			}
			got := appendPacked([]byte("front"), x, width)
			require.Equal(t, append([]byte("front"), want...), got, "width %d, %d numbers", width, n)
			y := make([]uint64, n)
			require.True(t, unpack(y, want, width, ^uint64(0)>>(64-width)))
			require.Equal(t, x, y)
			require.False(t, unpack(y, append(want, 0), width, ^uint64(0)))
			if n > 0 {
				require.False(t, unpack(y, want[1:], width, ^uint64(0)))
			}
		}
	}
}

func TestUnpackChecks(t *testing.T) {
	for _, width := range []int{7, 45, 57, 58, 60, 63} {
		limit := uint64(1)<<width - 5
		for _, n := range []int{1, 2, 9, 64} {
			x := make([]uint64, n)
			for i := range x {
				x[i] = limit
			}
			require.True(t, unpack(make([]uint64, n), appendPacked(nil, x, width), width, limit))
			for i := range x {
				x[i]++
				require.False(t, unpack(make([]uint64, n), appendPacked(nil, x, width), width, limit), "number %d of %d of %d bits", i, n, width)
				x[i]--
			}
			if b := appendPacked(nil, x, width); n*width%8 != 0 {
				for bit := n * width % 8; bit < 8; bit++ {
					c := bytes.Clone(b)
					c[len(c)-1] |= 1 << bit
					require.False(t, unpack(make([]uint64, n), c, width, limit), "bit %d is left over", bit)
				}
			}
		}
	}
}

// FuzzUnpack checks that what is accepted is within the limit and packs to the
// same bytes.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, byte(45), uint64(1<<44))
	f.Add([]byte{0xff, 0x0f}, byte(12), uint64(0xfff))
	f.Add([]byte{}, byte(1), uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, w byte, limit uint64) {
		width := int(w%64) + 1
		x := make([]uint64, 8*len(b)/width)
		if !unpack(x, b, width, limit) {
			return
		}
		for _, v := range x {
			if v > limit {
				t.Fatalf("%d is above %d", v, limit)
			}
		}
		if !bytes.Equal(appendPacked(nil, x, width), b) {
			t.Fatal("other bytes are accepted than are made")
		}
	})
}
