package wire

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

func message() []byte {
	b := []byte{0x12}
	b = binary.BigEndian.AppendUint16(b, 0x3456)
	b = binary.BigEndian.AppendUint32(b, 0x789abcde)
	b = binary.BigEndian.AppendUint64(b, 0xf0123456789abcde)
	return append(b, "rest"...)
}

func read(b []byte) (a uint8, c uint16, e uint32, g uint64, s []byte, err error) {
	d := NewDecoder(b)
	a, c, e, g, s = d.Uint8(), d.Uint16(), d.Uint32(), d.Uint64(), d.Bytes(4)
	return a, c, e, g, s, d.Done()
}

func TestDecoder(t *testing.T) {
	a, c, e, g, s, err := read(message())
	require.NoError(t, err)
	require.Equal(t, uint8(0x12), a)
	require.Equal(t, uint16(0x3456), c)
	require.Equal(t, uint32(0x789abcde), e)
	require.Equal(t, uint64(0xf0123456789abcde), g)
	require.Equal(t, "rest", string(s))
	require.Equal(t, 4, cap(s), "appending to a field would overwrite the next")
}

func TestStrictPrefixesAndTrailingBytes(t *testing.T) {
	m := message()
	for n := range m {
		_, _, _, _, _, err := read(m[:n])
		require.ErrorIs(t, err, ErrShort, "prefix of %d bytes", n)
	}
	_, _, _, _, _, err := read(append(m, 0))
	require.ErrorIs(t, err, ErrTrailing)
}

// After a read beyond the end nothing is read from what would still be there.
func TestStickyShort(t *testing.T) {
	d := NewDecoder([]byte{1, 2, 3})
	require.Zero(t, d.Uint64())
	require.Zero(t, d.Uint8())
	require.Nil(t, d.Bytes(0))
	require.Nil(t, d.Bytes(-1))
	require.ErrorIs(t, d.Done(), ErrShort)
}

func TestNegativeLength(t *testing.T) {
	d := NewDecoder([]byte{1})
	require.Nil(t, d.Bytes(-1))
	require.ErrorIs(t, d.Done(), ErrShort)
}
