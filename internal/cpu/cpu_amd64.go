//go:build amd64 && !purego

package cpu

import "golang.org/x/sys/cpu"

// vaes reports whether there are VAES and VPCLMULQDQ, bits 9 and 10 of ECX in leaf 7 of
// CPUID, which machines with AVX2 have. Package cpu of x/sys asks for them only where
// there is AVX-512.
func vaes() bool

func detect() (avx2, vaes256, avx512, ifma bool) {
	x := &cpu.X86
	avx2 = x.HasAVX2 && x.HasFMA && x.HasAES && x.HasPCLMULQDQ
	vaes256 = avx2 && vaes()
	avx512 = vaes256 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL &&
		x.HasAVX512VAES && x.HasAVX512VPCLMULQDQ
	ifma = avx512 && x.HasAVX512IFMA
	return avx2, vaes256, avx512, ifma
}
