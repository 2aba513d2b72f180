//go:build (amd64 || arm64 || 386 || wasm || riscv64 || loong64) && !purego

package ring64

import (
	"math"
	"strings"
	"unsafe"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

// Bytes returns the words of w in little-endian order: on this machine, the memory of w
// itself. buf, of as many bytes as w, is not used; see the safe twin.
func Bytes[W Word](w []W, buf []byte) []byte { return view(w) }

// Fill fills w with little-endian words that read puts in the bytes that it is given. buf
// is not used.
func Fill[W Word](w []W, buf []byte, read func(b []byte) error) error { return read(view(w)) }

func view[W Word](w []W) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), Size[W]()*len(w))
}

// Unset returns n words of any values, for what is written whole before it is read. Words are
// zero where that costs nothing: to clear a long vector takes as long as to multiply it.
//
// What is long is the memory of a [strings.Builder], which is not cleared, and nobody has the
// string of which the first byte is there. With the race detector all bits are ones, so that
// tests find who reads them.
func Unset[W Word](n int) []W {
	const short = 1 << 12
	if n < short || n > math.MaxInt/Size[W]() {
		return make([]W, n)
	}
	var b strings.Builder
	b.Grow(Size[W]() * n)
	b.WriteByte(0)
	words := unsafe.Slice((*W)(unsafe.Pointer(unsafe.StringData(b.String()))), n)
	if race.Enabled {
		for i := range words {
			words[i] = ^W(0)
		}
	}
	return words
}
