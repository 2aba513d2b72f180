package prg

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128"

// The fixed public keys. Any constants do that were not made to fit; these are
// the ASCII texts.
var (
	fixed = aes128.New([Size]byte([]byte("dujiang/prg/hash")))
	left  = aes128.New([Size]byte([]byte("dujiang/prg/ggm0")))
	right = aes128.New([Size]byte([]byte("dujiang/prg/ggm1")))
)

// HashTCCR sets dst[i] to the tweakable circular correlation-robust hash of
// src[i] under the tweak tweak + i [GKWY20, section 7.4]. dst may be src.
func HashTCCR(dst, src []Block, tweak uint64) { fixed.HashTCCR(dst, src, tweak) }

// Double makes one level of a GGM tree: the children of src[i] are dst[2i] and
// dst[2i+1]. It returns the sum of all left and the sum of all right children.
// dst must have twice the length of src and not overlap it.
func Double(dst, src []Block) (sums [2]Block) { return aes128.Double(left, right, dst, src) }
