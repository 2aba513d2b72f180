//go:build linux && !purego

package hugepage

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

// advise asks for large pages where b covers them whole. Its pages are fresh and
// untouched, or zeroed a moment ago; either way the contents do not change.
func advise(b []aes128.Block) {
	start := uintptr(unsafe.Pointer(&b[0]))
	first := (start + size - 1) &^ (size - 1)
	last := (start + uintptr(len(b))*aes128.Size) &^ (size - 1)
	if first >= last {
		return
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&b[0])), len(b)*aes128.Size)
	// An error means that the system has no large pages to give.
	_ = unix.Madvise(bytes[first-start:last-start], unix.MADV_HUGEPAGE)
}
