//go:build race

// Package race tells the race detector what assembly reads and writes, which it
// cannot see. Without the detector the functions do nothing.
package race

import (
	"runtime"
	"unsafe"
)

// Enabled reports whether the detector is on.
const Enabled = true

// Read announces that s is read.
func Read[T any](s []T) {
	if len(s) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(&s[0]), len(s)*int(unsafe.Sizeof(s[0])))
	}
}

// Write announces that s is written.
func Write[T any](s []T) {
	if len(s) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&s[0]), len(s)*int(unsafe.Sizeof(s[0])))
	}
}
