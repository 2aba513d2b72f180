// Package cputest runs a test once per kernel.
package cputest

import (
	"os"
	"strings"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

// RequireVar names the environment variable that lists, separated by commas,
// the features that must be supported where a test runs. It turns a kernel
// that was silently not selected into a failure.
const RequireVar = "DUJIANG_REQUIRE_KERNELS"

// Each runs f with everything this machine supports, and then again with each
// of the features that the package under test dispatches on switched off, the
// widest first and one after another, so that the last run is the generic
// code's. It must not be called from parallel tests.
func Each(t *testing.T, f func(t *testing.T), features ...*cpu.Feature) {
	t.Helper()
	for name := range strings.SplitSeq(os.Getenv(RequireVar), ",") {
		for _, feature := range features {
			if feature.String() == name && !feature.Supported() {
				t.Fatalf("%s asks for %s, which this machine or build does not have", RequireVar, name)
			}
		}
	}
	t.Run("kernel=best", f)
	for i := len(features) - 1; i >= 0; i-- {
		if !features[i].Supported() {
			continue
		}
		defer features[i].Disable()()
		t.Run("kernel=no-"+features[i].String(), f)
	}
}
