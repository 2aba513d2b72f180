// Package wire reads the fixed-layout messages of the protocols.
//
// Messages are written with encoding/binary's Append functions, big-endian, and
// read with a [Decoder]: straight code that names the fields in order, and one
// check at the end.
//
//	d := wire.NewDecoder(message)
//	version, count := d.Uint16(), d.Uint64()
//	if err := d.Done(); err != nil {
//
// No length inside a message makes the decoder allocate: byte strings are
// slices of the message.
package wire

import (
	"encoding/binary"
	"errors"
)

// Errors of [Decoder.Done].
var (
	ErrShort    = errors.New("wire: the message ends too early")
	ErrTrailing = errors.New("wire: bytes are left over behind the message")
)

// A Decoder consumes one message from the front. After the first read beyond
// its end every read gives zero, and Done the error.
type Decoder struct {
	rest  []byte
	short bool
}

// NewDecoder returns a decoder of message, which it does not copy.
func NewDecoder(message []byte) *Decoder { return &Decoder{rest: message} }

// Bytes returns the next n bytes as a slice of the message, or nil if they are
// not there.
func (d *Decoder) Bytes(n int) []byte {
	if d.short || n < 0 || n > len(d.rest) {
		d.short = true
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// Uint8 returns the next byte.
func (d *Decoder) Uint8() uint8 {
	if b := d.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint16 returns the next two bytes as a big-endian integer.
func (d *Decoder) Uint16() uint16 {
	if b := d.Bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// Uint32 returns the next four bytes as a big-endian integer.
func (d *Decoder) Uint32() uint32 {
	if b := d.Bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Uint64 returns the next eight bytes as a big-endian integer.
func (d *Decoder) Uint64() uint64 {
	if b := d.Bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Done reports whether the message was exactly what was read from it: nil,
// [ErrShort] or [ErrTrailing].
func (d *Decoder) Done() error {
	switch {
	case d.short:
		return ErrShort
	case len(d.rest) > 0:
		return ErrTrailing
	}
	return nil
}
