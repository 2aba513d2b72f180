package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/dujiang-dev/dujiang/mpc/share"
	"github.com/hashicorp/vault/shamir"
)

// secret is longer than what fits into a register of any kernel.
func secret() []byte { return bytes.Repeat([]byte("a secret byte "), 100) }

// TestSameScheme gives shares of package share to Vault, in whose form the index
// stands behind the bytes: it is the same field and the same polynomials.
func TestSameScheme(t *testing.T) {
	want := secret()
	shares, err := share.SplitBytes(want, share.Quorum{Needed: 3, Parties: 5})
	if err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for _, s := range shares[2:] {
		b, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, append(b[len(b)-len(want):], byte(s.Index())))
	}
	got, err := shamir.Combine(parts)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("Vault makes another secret of the shares")
	}
}

func TestAnswer(t *testing.T) {
	var out bytes.Buffer
	if err := answer(strings.NewReader(`{"job":{"secret":{"n":100}}}`), &out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Common  int
		Process struct{ Parties []struct{ Sent int } }
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Common != 100 || len(got.Process.Parties) != 1 || got.Process.Parties[0].Sent != 505 {
		t.Errorf("the answer is %s", out.String())
	}
	if answer(strings.NewReader("{"), &out) == nil {
		t.Error("half an order is accepted")
	}
}
