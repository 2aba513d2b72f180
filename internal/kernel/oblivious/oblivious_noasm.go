//go:build !amd64 || purego

package oblivious

func addAt(b []Block, place uint32, v Block) { addAtGeneric(b, place, v) }

func pairs(dst, src []Block, place uint32, v Block) { pairsGeneric(dst, src, place, v) }
