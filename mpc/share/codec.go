package share

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/dujiang-dev/dujiang/internal/wire"
)

// Every encoding starts with the magic number, the version and what it is, and
// is the only one of its value. Integers are big-endian.
//
//	share:       header(1) || scheme || index16 || id || count64 || numbers64...
//	update:      header(2) || purpose8 || from16 || size16 || members16... || former || nonce || share
//	byte share:  header(3) || needed8 || parties8 || index8 || length64 || salt || digests... || bytes,
//	             or the seed of 16 bytes if index < needed
//	stream:      header(4) || byte share of the key || chunks..., see Writer
//	scalar:      header(5) || needed8 || parties8 || flags8 || index8 || value || blind if blinded
//	commitment:  header(6) || needed8 || parties8 || flags8 || elements...
//	scheme:      kind8 || ring8 || needed16 || parties16 || width16
const (
	magic   = "djsh"
	version = 2

	typeShare      = 1
	typeUpdate     = 2
	typeByteShare  = 3
	typeStream     = 4
	typeScalar     = 5
	typeCommitment = 6

	headerSize = len(magic) + 2
	shareSize  = headerSize + 8 + 2 + IDSize + 8 // without numbers
)

func appendHeader(b []byte, typ byte) []byte { return append(append(b, magic...), version, typ) }

// names says what the types are, for errors.
var names = [...]string{"nothing", "a share", "an update", "a share of bytes", "a stream", "a share of a scalar", "a commitment"}

// readHeader consumes the header of an encoding that must have the type.
func readHeader(d *wire.Decoder, typ byte) error {
	m, v, t := string(d.Bytes(len(magic))), d.Uint8(), d.Uint8()
	switch {
	case m != magic:
		return errors.New("share: these bytes are not an encoding of this package")
	case v != version:
		return fmt.Errorf("share: the encoding has version %d, and this program reads version %d", v, version)
	case t != typ && int(t) < len(names):
		return fmt.Errorf("share: these bytes are %s, and not %s", names[t], names[typ])
	case t != typ:
		return fmt.Errorf("share: these bytes are of the unknown type %d", t)
	}
	return nil
}

// AppendBinary appends the encoding of s, which is all that [ParseShare] needs.
// It never fails.
func (s *Share) AppendBinary(b []byte) ([]byte, error) {
	n := 0
	for _, v := range s.parts {
		n += 8 * len(v)
	}
	if free := cap(b) - len(b); free < shareSize+n {
		b = append(make([]byte, 0, len(b)+shareSize+n), b...)
	}
	b = appendHeader(b, typeShare)
	b = append(b, byte(s.scheme.Kind), byte(s.scheme.Ring))
	for _, x := range []int{s.scheme.Needed, s.scheme.Parties, s.scheme.Width, s.index} {
		b = binary.BigEndian.AppendUint16(b, uint16(x))
	}
	b = append(b, s.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.count))
	for _, v := range s.parts {
		at := len(b)
		b = b[:at+8*len(v)]
		for i, x := range v {
			binary.BigEndian.PutUint64(b[at+8*i:], x)
		}
	}
	return b, nil
}

// ParseShare returns the share that b is the encoding of. It allocates no more
// than b is long, and does not keep b.
func ParseShare(b []byte) (*Share, error) {
	d := wire.NewDecoder(b)
	if err := readHeader(d, typeShare); err != nil {
		return nil, err
	}
	s := &Share{}
	s.scheme.Kind, s.scheme.Ring = Kind(d.Uint8()), Ring(d.Uint8())
	s.scheme.Needed, s.scheme.Parties, s.scheme.Width = int(d.Uint16()), int(d.Uint16()), int(d.Uint16())
	s.index = int(d.Uint16())
	copy(s.id[:], d.Bytes(IDSize))
	count := d.Uint64()
	if len(b) < shareSize {
		return nil, fmt.Errorf("share: %w", d.Done())
	}
	if err := s.scheme.check(); err != nil {
		return nil, err
	}
	// Nothing is allocated unless the numbers are there.
	if count > math.MaxInt/8 {
		return nil, fmt.Errorf("share: %d secrets do not fit in memory", count)
	}
	s.count = int(count)
	n := s.scheme.columns(s.count)
	if rest := len(b) - shareSize; rest/8/s.scheme.parts() != n || rest%(8*s.scheme.parts()) != 0 {
		return nil, fmt.Errorf("share: %d bytes of numbers do not make a share of %d secrets", rest, s.count)
	}
	parts := vectors(s.scheme.parts(), n)
	for _, v := range parts {
		numbers := d.Bytes(8 * n)
		for i := range v {
			v[i] = binary.BigEndian.Uint64(numbers[8*i:])
		}
	}
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("share: %w", err)
	}
	return NewShare(s.scheme, s.id, s.index, s.count, parts)
}
