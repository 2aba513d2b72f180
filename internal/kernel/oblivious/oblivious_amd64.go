//go:build amd64 && !purego

package oblivious

import "github.com/dujiang-dev/dujiang/internal/cpu"

func addAt(b []Block, place uint32, v Block) {
	switch {
	case cpu.AVX512.Enabled():
		addAtAVX512(&b[0], len(b), uint64(place), &v)
	case cpu.AVX2.Enabled():
		addAtAVX2(&b[0], len(b), uint64(place), &v)
	default:
		addAtGeneric(b, place, v)
	}
}

func pairs(dst, src []Block, place uint32, v Block) {
	switch {
	case cpu.AVX512.Enabled():
		pairsAVX512(&dst[0], &src[0], len(src), uint64(place), &v)
	case cpu.AVX2.Enabled():
		pairsAVX2(&dst[0], &src[0], len(src), uint64(place), &v)
	default:
		pairsGeneric(dst, src, place, v)
	}
}
