package ntt

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
)

// TestPack compares with bytes of encoding/binary, writes nothing beyond, and finds a
// number that is not below q at each place.
func TestPack(t *testing.T) {
	r := newRand(t)
	cputest.Each(t, func(t *testing.T) {
		for _, n := range []int{0, 4, 8, 12, 64} {
			for _, q := range []uint64{1 << 48, 0xffffffffc001, 0x7ffffffec001} {
				v := make([]uint64, n)
				fill(r, v, q, 0)
				for i := range min(n, 2) {
					v[i] = uint64(i) * (q - 1)
				}
				var want []byte
				for _, x := range v {
					want = append(want, binary.LittleEndian.AppendUint64(nil, x)[:Packed]...)
				}
				all := bytes.Repeat([]byte{0xa5}, Packed*n+2*margin)
				got := all[margin:][:Packed*n]
				Pack(got, v)
				around := bytes.Repeat([]byte{0xa5}, margin)
				if !bytes.Equal(got, want) || !bytes.Equal(all[:margin], around) || !bytes.Equal(all[margin+len(got):], around) {
					t.Fatalf("%d numbers below %#x are packed wrongly", n, q)
				}
				back, intact := arena(n, 1)
				if !Unpack(back, got, q) || !slices.Equal(back, v) || !intact() {
					t.Fatalf("%d numbers below %#x are unpacked wrongly", n, q)
				}
				for i := range v {
					for _, x := range []uint64{q, q + 1, 1<<48 - 1} {
						bad := slices.Clone(v)
						bad[i] = x
						if q < 1<<48 {
							Pack(got, bad)
							if Unpack(back, got, q) || !slices.Equal(back, bad) {
								t.Fatalf("%#x at %d of %d is below %#x", x, i, n, q)
							}
						}
					}
				}
			}
		}
	}, cpu.AVX2)
}
