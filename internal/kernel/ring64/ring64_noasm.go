//go:build !amd64 || purego

package ring64

func product(z, t, a, b, c, d []uint64)     { productGeneric(z, t, a, b, c, d) }
func conjunction(z, t, a, b, c, d []uint64) { conjunctionGeneric(z, t, a, b, c, d) }

func tile(z, x *[tileRows][]uint64, y []uint64) { tileGeneric(z, x, y) }
