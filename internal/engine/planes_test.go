package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPlaces holds that neighbours meet at every level of the tree.
func TestPlaces(t *testing.T) {
	for planes := 2; planes <= 64; planes *= 2 {
		at := make([]int, planes) // by place: the bit, counted from 1, and 0 for plane 0
		for k := range planes {
			at[Place(k, planes)] = (k + 1) % planes
		}
		for half := planes / 2; half >= 1; half /= 2 {
			for q := range half {
				require.Equal(t, at[q]+1, at[q+half])
				at[q] /= 2
			}
		}
	}
}

// TestPart compares parts with those of booleans, and what is beyond them with nothing.
func TestPart(t *testing.T) {
	const n = 150
	plane := New(2, Words(n))
	bit := func(c, i int) bool { return (i*i+7*i*c)%11 < 5 }
	for c, words := range plane.Parts {
		for i := range 64 * len(words) { // beyond n as well
			if bit(c, i) {
				words[i/64] |= 1 << (i % 64)
			}
		}
	}
	for lo := range n + 1 {
		for hi := lo; hi <= n; hi++ {
			part := Part(plane, lo, hi)
			require.True(t, part.Is(2, Words(hi-lo)))
			for c, words := range part.Parts {
				for i := range 64 * len(words) {
					if want := i < hi-lo && bit(c, lo+i); words[i/64]>>(i%64)&1 == 1 != want {
						t.Fatalf("bit %d of %d to %d of column %d", i, lo, hi, c)
					}
				}
			}
		}
	}
}

func TestPlanes(t *testing.T) {
	for size, want := range map[int]int{1: 2, 2: 2, 3: 4, 8: 8, 9: 16, 32: 32, 33: 64, 64: 64} {
		require.Equal(t, want, Planes(size))
	}
	for n, want := range map[int]int{0: 0, 1: 1, 64: 1, 65: 2} {
		require.Equal(t, want, Words(n))
	}
}
