package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/dujiang-dev/dujiang/mpc/share"
	"github.com/hashicorp/vault/shamir"
)

const (
	size   = 1 << 20
	needed = 3
	all    = 5
)

var quorum = share.Quorum{Needed: needed, Parties: all}

func secret() []byte { return bytes.Repeat([]byte("a secret byte "), size/14+1)[:size] }

// A way splits a secret into five shares, and combines three of them.
type way struct {
	name    string
	split   func(secret []byte) (shares [][]byte, err error)
	combine func(shares [][]byte) (secret []byte, err error)
}

// ways are Vault's, in which a wrong share makes another secret without notice;
// package share's for keys, which is the same scheme with a commitment to each
// share; and its streams, for what is long. The latter two include encodings.
var ways = []way{
	{"vault",
		func(secret []byte) ([][]byte, error) { return shamir.Split(secret, all, needed) },
		shamir.Combine,
	},
	{"bytes",
		func(secret []byte) (encoded [][]byte, err error) {
			shares, err := share.SplitBytes(secret, quorum)
			if err != nil {
				return nil, err
			}
			for _, s := range shares {
				b, err := s.AppendBinary(nil)
				if err != nil {
					return nil, err
				}
				encoded = append(encoded, b)
			}
			return encoded, nil
		},
		func(encoded [][]byte) ([]byte, error) {
			var shares []*share.ByteShare
			for _, b := range encoded {
				s, err := share.ParseByteShare(b)
				if err != nil {
					return nil, err
				}
				shares = append(shares, s)
			}
			secret, _, err := share.CombineBytes(shares, quorum)
			return secret, err
		},
	},
	{"stream",
		func(secret []byte) (encoded [][]byte, err error) {
			var buffers [all]bytes.Buffer
			var dst []io.Writer
			for i := range buffers {
				buffers[i].Grow(size/needed + 4096)
				dst = append(dst, &buffers[i])
			}
			w, err := share.NewWriter(dst, quorum)
			if err != nil {
				return nil, err
			}
			if _, err := w.Write(secret); err != nil {
				return nil, err
			}
			if err := w.Close(); err != nil {
				return nil, err
			}
			for i := range buffers {
				encoded = append(encoded, buffers[i].Bytes())
			}
			return encoded, nil
		},
		func(encoded [][]byte) ([]byte, error) {
			var src []io.Reader
			for _, b := range encoded {
				src = append(src, bytes.NewReader(b))
			}
			r, err := share.NewReader(src, quorum)
			if err != nil {
				return nil, err
			}
			secret := make([]byte, size)
			_, err = io.ReadFull(r, secret)
			return secret, err
		},
	},
}

func TestWays(t *testing.T) {
	want := secret()
	for _, w := range ways {
		shares, err := w.split(want)
		if err != nil {
			t.Fatal(w.name, err)
		}
		got, err := w.combine(shares[1:4])
		if err != nil {
			t.Fatal(w.name, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: another secret", w.name)
		}
	}
}

// TestSameScheme gives shares of package share to Vault, in whose form the index
// stands behind the bytes: it is the same field and the same polynomials.
func TestSameScheme(t *testing.T) {
	want := secret()
	shares, err := share.SplitBytes(want, quorum)
	if err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for _, s := range shares[2:] {
		b, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, append(b[len(b)-size:], byte(s.Index())))
	}
	got, err := shamir.Combine(parts)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("Vault makes another secret of the shares")
	}
}

func BenchmarkSplit(b *testing.B) {
	s := secret()
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if _, err := w.split(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCombine(b *testing.B) {
	for _, w := range ways {
		shares, err := w.split(secret())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(w.name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if _, err := w.combine(shares[1:4]); err != nil {
					b.Fatal(err)
				}
			}
		})
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
