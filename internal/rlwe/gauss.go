package rlwe

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/tails"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// sigmaMaskSquared100 is a hundred times the variance of the discrete Gaussian
// of masks, whose standard deviation is 4.6.
const sigmaMaskSquared100 = 2116

// gaussTails[k] is 2^63 times the probability that a discrete Gaussian number of
// standard deviation 4.6 has an absolute value above k, rounded. What lies
// beyond the table has a probability below 2^-64.
var gaussTails = [42]uint64{
	0x74e624b1d0416dac, 0x5f3728af58fd761b, 0x4b040d410d357046, 0x39112fd30d15d2a7, 0x29dad0169ae86bcf, 0x1d8e7f550772d43d,
	0x1412ccda4f23f23c, 0x0d1930d5b8becbfb, 0x0834786f28e8fe0b, 0x04ee2ca11f87d7f9, 0x02d718dbc4189d01, 0x019153b8c9f8c060,
	0x00d424ef368aa90b, 0x006b5a366b26079d, 0x0033fc4ffb1d1e02, 0x001815360349ad6b, 0x000aab87a9b70c14, 0x000485271df9834e,
	0x0001d49b3609eb0a, 0x0000b55fb57ac211, 0x0000431564bb9bc7, 0x000017b4d876d9b5, 0x00000800d38870c2, 0x00000294b17da93d,
	0x000000cb7d5ad121, 0x0000003bda7ab144, 0x00000010cfb0105c, 0x000000048233b622, 0x00000001278adc60, 0x00000000483f7689,
	0x0000000010dc4b4c, 0x0000000003c18d32, 0x0000000000cc7807, 0x0000000000298025, 0x0000000000080a23, 0x0000000000017c88,
	0x0000000000004326, 0x0000000000000b4f, 0x00000000000001d1, 0x0000000000000047, 0x000000000000000a, 0x0000000000000001,
}

// maxMask is the greatest absolute value of a number from [gauss].
const maxMask = len(gaussTails)

// gauss sets dst to discrete Gaussian numbers of standard deviation 4.6 in two's
// complement: the absolute value is the number of tails that 63 random bits are
// below, and the last bit is the sign.
func gauss(g *prg.PRG, dst []uint64) {
	g.Uint64s(dst)
	tails.Sample(dst, gaussTails[:])
}
