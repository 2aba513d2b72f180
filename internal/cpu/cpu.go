// Package cpu says which kernels this machine can run.
//
// A [Feature] stands for everything one family of kernels needs, so that a
// dispatcher asks a single question. Features are off under the tag purego and
// on every architecture that has no kernels.
package cpu

// A Feature is a set of processor capabilities that one family of kernels
// needs together.
type Feature struct {
	name      string
	supported bool
	disabled  bool
}

var hasAVX2, hasVAES, hasAVX512, hasIFMA = detect()

// Features, narrowest first.
var (
	// AVX2 needs AVX2, FMA, AES-NI and PCLMULQDQ.
	AVX2 = &Feature{name: "avx2", supported: hasAVX2}
	// VAES needs AVX2's, VAES and VPCLMULQDQ, for registers of 256 bits.
	VAES = &Feature{name: "vaes", supported: hasVAES}
	// AVX512 needs VAES' and AVX-512 F, BW, DQ and VL.
	AVX512 = &Feature{name: "avx512", supported: hasAVX512}
	// IFMA needs AVX512's and AVX-512 IFMA.
	IFMA = &Feature{name: "ifma", supported: hasIFMA}
)

// All returns every feature, narrowest first.
func All() []*Feature { return []*Feature{AVX2, VAES, AVX512, IFMA} }

// Enabled reports whether kernels that need f may run.
func (f *Feature) Enabled() bool { return f.supported && !f.disabled }

// Supported reports whether this machine and build have f.
func (f *Feature) Supported() bool { return f.supported }

// String returns the name of f: avx2, vaes, avx512 or ifma.
func (f *Feature) String() string { return f.name }

// Disable switches f off and returns a function that restores it. It is for
// tests that compare kernels, and not safe while a kernel may be running.
func (f *Feature) Disable() (restore func()) {
	before := f.disabled
	f.disabled = true
	return func() { f.disabled = before }
}
