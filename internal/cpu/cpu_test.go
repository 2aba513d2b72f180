package cpu

import "testing"

func TestDisable(t *testing.T) {
	for _, f := range All() {
		before := f.Enabled()
		if before != f.Supported() {
			t.Errorf("%v: enabled %v, supported %v", f, before, f.Supported())
		}
		restore := f.Disable()
		if f.Enabled() {
			t.Errorf("%v is enabled after Disable", f)
		}
		inner := f.Disable()
		inner()
		if f.Enabled() {
			t.Errorf("%v: an inner restore undid the outer Disable", f)
		}
		restore()
		if f.Enabled() != before {
			t.Errorf("%v: restore left it at %v", f, f.Enabled())
		}
	}
}

func TestNarrowerFirst(t *testing.T) {
	if IFMA.Supported() && !AVX512.Supported() || AVX512.Supported() && !VAES.Supported() ||
		VAES.Supported() && !AVX2.Supported() {
		t.Error("a wider feature is supported without the narrower one")
	}
}
