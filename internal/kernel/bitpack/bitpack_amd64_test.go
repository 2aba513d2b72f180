//go:build amd64 && !purego

package bitpack

import "testing"

// TestGroups checks that the loads of the kernels end within the string, and that
// the kernels leave no group to the portable code that they could read.
func TestGroups(t *testing.T) {
	for width := 1; width <= most; width++ {
		l := newLayout(width)
		last := int(l.offset[3]) + 16
		for n := range 100 {
			size := Size(n, width)
			g := l.groups(n, size, width)
			if g < 0 || 8*g > n || g > 0 && (g-1)*width+last > size {
				t.Fatalf("width %d, %d numbers: %d groups are too many", width, n, g)
			}
			if 8*(g+1) <= n && g*width+last <= size {
				t.Fatalf("width %d, %d numbers: %d groups are too few", width, n, g)
			}
		}
	}
}
