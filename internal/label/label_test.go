package label

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGolden(t *testing.T) {
	tag, err := New("psi", 1, "item", []byte{0xaa, 0xbb})
	require.NoError(t, err)
	require.Equal(t, "64756a69616e67"+"03"+"707369"+"0001"+"04"+"6974656d"+"0002"+"aabb", hex.EncodeToString(tag))
}

// Names that run into each other, and contexts that continue a name, must give
// different tags.
func TestInjective(t *testing.T) {
	type parts struct {
		protocol string
		version  uint16
		purpose  string
		context  string
	}
	all := []parts{
		{"psi", 1, "item", ""}, {"psi", 2, "item", ""}, {"psi", 256, "item", ""},
		{"psii", 1, "tem", ""}, {"ps", 1, "iitem", ""}, {"psi", 1, "ite", "m"},
		{"psi", 1, "item", "m"}, {"psi", 1, "item", "\x00"}, {"psi", 1, "item", "\x00\x00"},
		{"psi\x00\x01", 1, "item", ""}, {"psi", 1, "item\x00\x00", ""},
	}
	seen := map[string]parts{}
	for _, p := range all {
		tag, err := New(p.protocol, p.version, p.purpose, []byte(p.context))
		require.NoError(t, err)
		require.NotContains(t, seen, string(tag), "%v and %v", p, seen[string(tag)])
		seen[string(tag)] = p
	}
}

func TestLengths(t *testing.T) {
	_, err := New("psi", 1, "item", make([]byte, MaxContext))
	require.NoError(t, err)
	_, err = New("psi", 1, "item", make([]byte, MaxContext+1))
	require.ErrorContains(t, err, "65536")
	long := string(bytes.Repeat([]byte("x"), 256))
	require.Panics(t, func() { New(long, 1, "item", nil) })
	require.Panics(t, func() { New("psi", 1, long, nil) })
	require.Panics(t, func() { New("", 1, "item", nil) })
	require.Panics(t, func() { New("psi", 1, "", nil) })
}
