package vole

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/cpu/cputest"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
)

var update = flag.Bool("update", false, "write the golden files")

// TestGolden compares hashes of all messages and outputs of runs with fixed
// coins with those of version 1 of the wire format, under every kernel.
func TestGolden(t *testing.T) {
	cputest.Each(t, func(t *testing.T) {
		var got string
		for _, m := range []int{1, 5000, 20_000} {
			for _, binary := range []bool{false, true} {
				for _, malicious := range []bool{false, true} {
					p := newPlan(m, binary, Config{Malicious: malicious, Context: []byte("golden")})
					h := sha256.New()
					a, b, c, err := play(p, func(_ int, msg []byte) { h.Write(msg) })
					if err != nil {
						t.Fatal(err)
					}
					transcript := h.Sum(nil)
					h.Reset()
					h.Write(aes128.AppendBlocks(aes128.AppendBlocks(aes128.AppendBlocks(nil, a), b), c))
					got += fmt.Sprintf("m=%d correlated=%v malicious=%v transcript=%s outputs=%s\n", m, binary, malicious,
						hex.EncodeToString(transcript), hex.EncodeToString(h.Sum(nil)))
				}
			}
		}
		name := filepath.Join("testdata", "v1.txt")
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}, features...)
}
