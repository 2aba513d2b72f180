//go:build !purego

package hugepage

import (
	"unsafe"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

func words(b []aes128.Block) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), len(b)*(aes128.Size/8))
}
