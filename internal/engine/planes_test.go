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

func TestPlanes(t *testing.T) {
	for size, want := range map[int]int{1: 2, 2: 2, 3: 4, 8: 8, 9: 16, 32: 32, 33: 64, 64: 64} {
		require.Equal(t, want, Planes(size))
	}
	for n, want := range map[int]int{0: 0, 1: 1, 64: 1, 65: 2} {
		require.Equal(t, want, Words(n))
	}
}
