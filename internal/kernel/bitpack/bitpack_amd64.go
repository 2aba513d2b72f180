//go:build amd64 && !purego

package bitpack

import (
	"sync"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

// layouts are those of all widths that there are kernels for.
var layouts = sync.OnceValue(func() *[most + 1]layout {
	all := new([most + 1]layout)
	for width := range all {
		all[width] = newLayout(width)
	}
	return all
})

var packLayouts = sync.OnceValue(func() *[most + 1]packLayout {
	all := new([most + 1]packLayout)
	for width := leastPacked; width <= most; width++ {
		all[width] = newPackLayout(width)
	}
	return all
})

// A layout says where the numbers of a group of eight are, whose length in bytes
// is the width. Numbers 2k and 2k+1 are within the sixteen bytes from offset k on.
type layout struct {
	offset  [4]uint64
	shuffle [2][4][8]byte // the eight bytes from where each number begins
	shift   [2][4]uint64  // the bits of these that belong to the number before
	mask    uint64
}

// most is the greatest width of which a number is in eight bytes wherever it
// begins.
const most = 57

// newLayout makes the layout of a width. Kernels get its address as that of its
// first word.
func newLayout(width int) (l layout) {
	l.mask = 1<<width - 1
	for k := range l.offset {
		l.offset[k] = uint64(2 * k * width / 8)
		for i := range 2 {
			bit := (2*k + i) * width
			for j := range 8 {
				l.shuffle[k/2][k%2*2+i][j] = byte(bit/8 - int(l.offset[k]) + j)
			}
			l.shift[k/2][k%2*2+i] = uint64(bit % 8)
		}
	}
	return l
}

// groups returns how many groups of eight numbers of a string can be read with
// loads that do not go beyond its end.
func (l *layout) groups(n, size, width int) int {
	last := int(l.offset[3]) + 16 // of a group
	if width < 1 || size < last {
		return 0
	}
	return min(n/8, (size-last)/width+1)
}

// fast returns how many groups of a string a kernel can read, and their layout.
func fast(n int, b []byte, width int) (groups int, l *layout) {
	if width > most || !cpu.AVX2.Enabled() {
		return 0, nil
	}
	l = &layouts()[width]
	return l.groups(n, len(b), width), l
}

func unpackFast(numbers []uint64, b []byte, width int, limit uint64) (done int, good bool) {
	g, l := fast(len(numbers), b, width)
	if g == 0 {
		return 0, true
	}
	return 8 * g, unpackAVX2(&numbers[0], &b[0], g, width, min(limit, l.mask), &l.offset[0]) == 0
}

func unpackAddFast(numbers []uint64, b []byte, width int, q uint64) (done int, good bool) {
	g, l := fast(len(numbers), b, width)
	if g == 0 {
		return 0, true
	}
	return 8 * g, unpackAddAVX2(&numbers[0], &b[0], g, width, q-1, &l.offset[0]) == 0
}

func unpackSumFast(numbers []uint64, b []byte, width int, limit uint64) (done int, good bool) {
	g, l := fast(len(numbers), b, width)
	if g == 0 {
		return 0, true
	}
	return 8 * g, unpackSumAVX2(&numbers[0], &b[0], g, width, min(limit, l.mask), &l.offset[0]) == 0
}

// A packLayout says how a group of eight numbers is packed: numbers 2k and 2k+1 go
// to the sixteen bytes from offset k on.
type packLayout struct {
	offset [4]uint64
	low    [2][16]byte    // leaves the first of a pair where it is
	high   [2][2][16]byte // moves the second of a pair to where it begins
	shift  [2][4]uint64   // the bits of its first byte that belong to the number before
	carry  [3][16]byte    // moves the last byte that a pair begins to the start of the next pair
}

// A pair must end behind the byte that it begins in, for the next one to have
// bits of no other pair in its first byte.
const leastPacked = 8

func newPackLayout(width int) (l packLayout) {
	const none = 0x80 // shuffles zero to there
	for k := range l.offset {
		l.offset[k] = uint64(2 * k * width / 8)
		move := (2*k+1)*width/8 - int(l.offset[k])
		carry := 2*(k+1)*width/8 - int(l.offset[k])
		for i := range 16 {
			l.low[k%2][i], l.high[k/2][k%2][i] = none, none
			if i < 8 {
				l.low[k%2][i] = byte(i)
			}
			if i >= move && i < move+8 {
				l.high[k/2][k%2][i] = byte(8 + i - move)
			}
			if k < len(l.carry) {
				l.carry[k][i] = none
			}
		}
		if k < len(l.carry) {
			l.carry[k][0] = byte(carry)
		}
		for i := range 2 {
			l.shift[k/2][k%2*2+i] = uint64((2*k + i) * width % 8)
		}
	}
	return l
}

// packFast packs the first numbers, and returns how many. There is room for sixteen
// bytes behind all.
func packFast(dst []byte, numbers []uint64, width int) (done int) {
	groups := len(numbers) / 8
	if width < leastPacked || width > most || groups < 4 || !cpu.AVX2.Enabled() {
		return 0
	}
	l := &packLayouts()[width]
	packAVX2(&dst[0], &numbers[0], groups, width, &l.offset[0])
	return 8 * groups
}
