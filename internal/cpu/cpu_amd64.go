//go:build amd64 && !purego

package cpu

import "golang.org/x/sys/cpu"

func detect() (avx2, avx512, ifma bool) {
	x := &cpu.X86
	avx2 = x.HasAVX2 && x.HasFMA && x.HasAES && x.HasPCLMULQDQ
	avx512 = avx2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL &&
		x.HasAVX512VAES && x.HasAVX512VPCLMULQDQ
	ifma = avx512 && x.HasAVX512IFMA
	return avx2, avx512, ifma
}
