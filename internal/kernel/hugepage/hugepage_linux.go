//go:build linux && !purego

package hugepage

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// size is that of a large page.
const size = 2 << 20

// least is the size of a vector that is worth a large page of its own.
const least = size / 4

// advise asks for large pages for s if it is large, and for what shares its first and
// last page, which are parts of the heap, too: the runtime takes it from the system in
// many large pages at once. Contents do not change.
func advise[T any](s []T) {
	var element T
	n := uintptr(len(s)) * unsafe.Sizeof(element)
	if n < least {
		return
	}
	start := unsafe.Pointer(&s[0])
	before := uintptr(start) & (size - 1)
	after := -(uintptr(start) + n) & (size - 1)
	// An error means that the system has no large pages to give.
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, uintptr(start)-before, before+n+after, unix.MADV_HUGEPAGE)
}
