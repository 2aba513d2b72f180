package psi

import "runtime"

// totalAlloc returns the bytes that were allocated since the start.
func totalAlloc() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
