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

// TestPackLayout checks that what the kernel writes ends at most sixteen bytes
// behind the numbers, and that a pair touches none but the next.
func TestPackLayout(t *testing.T) {
	for width := leastPacked; width <= most; width++ {
		l := newPackLayout(width)
		for k, offset := range l.offset {
			if int(offset) > width {
				t.Fatalf("width %d: pair %d begins at %d, behind its group", width, k, offset)
			}
			if k < len(l.carry) && (l.offset[k+1] != offset+uint64(l.carry[k][0]) || l.carry[k][0] < 2 || l.carry[k][0] > 15) {
				t.Fatalf("width %d: pair %d gives %d to the next", width, k, l.carry[k][0])
			}
		}
	}
}
