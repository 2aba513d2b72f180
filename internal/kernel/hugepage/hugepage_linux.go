//go:build linux && !purego

package hugepage

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// size is that of a large page.
const size = 2 << 20

// advise asks for large pages where s covers them whole, if it is large. Its
// pages are fresh and untouched, or zeroed a moment ago; either way the contents
// do not change.
func advise[T any](s []T) {
	var element T
	n := uintptr(len(s)) * unsafe.Sizeof(element)
	if n < 2*size {
		return
	}
	start := uintptr(unsafe.Pointer(&s[0]))
	first := (start + size - 1) &^ (size - 1)
	last := (start + n) &^ (size - 1)
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), n)
	// An error means that the system has no large pages to give.
	_ = unix.Madvise(bytes[first-start:last-start], unix.MADV_HUGEPAGE)
}
