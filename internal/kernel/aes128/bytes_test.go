package aes128

import (
	"bytes"
	"errors"
	"testing"
)

// TestView holds that bytes of blocks are those of [Block.Bytes], one after the other, both
// ways.
func TestView(t *testing.T) {
	for n := range 5 {
		want := make([]byte, Size*n)
		for i := range want {
			want[i] = byte(3*i + 1)
		}
		b, buf := make([]Block, n), make([]byte, Size*n)
		err := Fill(b, buf, func(to []byte) error {
			if copy(to, want) != len(want) || len(to) != len(want) {
				t.Errorf("%d bytes for %d blocks", len(to), n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range b {
			if x != FromBytes([Size]byte(want[Size*i:])) {
				t.Errorf("block %d of %d is wrong", i, n)
			}
		}
		if !bytes.Equal(View(b, buf), want) {
			t.Errorf("the bytes of %d blocks are wrong", n)
		}
	}
	failed := errors.New("failed")
	if err := Fill(make([]Block, 1), make([]byte, Size), func([]byte) error { return failed }); err != failed {
		t.Errorf("%v instead of what read returned", err)
	}
}
