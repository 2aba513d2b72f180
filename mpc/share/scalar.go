package share

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/gtank/ristretto255"

	"github.com/dujiang-dev/dujiang/internal/wire"
)

// A ScalarShare is what one party holds of a secret scalar. It is a plain value
// that can be stored and sent, by [ScalarShare.AppendBinary]. It prints only as
// its type and index.
type ScalarShare struct {
	_      [0]func()
	quorum Quorum
	kind   verifiable
	index  int
	value  *ristretto255.Scalar
	blind  *ristretto255.Scalar // nil unless blinded
}

// Index returns whose share it is: from 1 to the number of parties.
func (s *ScalarShare) Index() int { return s.index }

// String returns the type and index of s, and nothing of its value.
func (s ScalarShare) String() string { return fmt.Sprintf("share.ScalarShare(%d)", s.index) }

// Format implements [fmt.Formatter], so that no verb prints the value of s.
func (s ScalarShare) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (s ScalarShare) LogValue() slog.Value { return slog.StringValue(s.String()) }

// AppendBinary appends the encoding of s, which is all that [ParseScalarShare]
// needs. It never fails.
func (s *ScalarShare) AppendBinary(b []byte) ([]byte, error) {
	b = appendHeader(b, typeScalar)
	b = append(b, byte(s.quorum.Needed), byte(s.quorum.Parties), byte(s.kind), byte(s.index))
	b = append(b, s.value.Bytes()...)
	if s.blind != nil {
		b = append(b, s.blind.Bytes()...)
	}
	return b, nil
}

// ParseScalarShare returns the share that b is the encoding of. Whether the share
// is right only [Commitment.Verify] can tell.
func ParseScalarShare(b []byte) (*ScalarShare, error) {
	d := wire.NewDecoder(b)
	if err := readHeader(d, typeScalar); err != nil {
		return nil, err
	}
	q, kind, err := readVerifiable(d)
	if err != nil {
		return nil, err
	}
	s := &ScalarShare{quorum: q, kind: kind, index: int(d.Uint8())}
	value := d.Bytes(ScalarSize)
	var blind []byte
	if kind&blinded != 0 {
		blind = d.Bytes(ScalarSize)
	}
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("share: %w", err)
	}
	if s.index < 1 || s.index > q.Parties {
		return nil, fmt.Errorf("share: index %d is not among %d parties", s.index, q.Parties)
	}
	if s.value, err = new(ristretto255.Scalar).SetCanonicalBytes(value); err != nil {
		return nil, errors.New("share: a number is not below the order of the group")
	}
	if kind&blinded != 0 {
		if s.blind, err = new(ristretto255.Scalar).SetCanonicalBytes(blind); err != nil {
			return nil, errors.New("share: a number is not below the order of the group")
		}
	}
	return s, nil
}

// AppendBinary appends the encoding of c, which is all that [ParseCommitment]
// needs. It never fails.
func (c *Commitment) AppendBinary(b []byte) ([]byte, error) {
	b = appendHeader(b, typeCommitment)
	b = append(b, byte(c.quorum.Needed), byte(c.quorum.Parties), byte(c.kind))
	for _, e := range c.elements[c.kind.known():] {
		b = append(b, e.Bytes()...)
	}
	return b, nil
}

// ParseCommitment returns the commitment that b is the encoding of.
func ParseCommitment(b []byte) (*Commitment, error) {
	d := wire.NewDecoder(b)
	if err := readHeader(d, typeCommitment); err != nil {
		return nil, err
	}
	q, kind, err := readVerifiable(d)
	if err != nil {
		return nil, err
	}
	n := q.Needed - kind.known()
	elements := d.Bytes(elementSize * n)
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("share: %w", err)
	}
	c := &Commitment{quorum: q, kind: kind}
	for range kind.known() {
		c.elements = append(c.elements, ristretto255.NewIdentityElement())
	}
	for i := range n {
		e, err := new(ristretto255.Element).SetCanonicalBytes(elements[elementSize*i : elementSize*(i+1)])
		if err != nil || e.Equal(ristretto255.NewIdentityElement()) == 1 {
			return nil, fmt.Errorf("share: element %d of the commitment is not one of the group, or its identity", i)
		}
		c.elements = append(c.elements, e)
	}
	return c, nil
}

// known returns how many elements of a commitment need no encoding: of one to
// zero the first, which is the identity.
func (v verifiable) known() int {
	if v&refreshes != 0 {
		return 1
	}
	return 0
}

// readVerifiable consumes what shares of scalars and commitments begin with.
func readVerifiable(d *wire.Decoder) (q Quorum, kind verifiable, err error) {
	q = Quorum{Needed: int(d.Uint8()), Parties: int(d.Uint8())}
	kind = verifiable(d.Uint8())
	if err := q.check(); err != nil {
		return q, 0, err
	}
	if kind >= flagsEnd {
		return q, 0, fmt.Errorf("share: the kind of commitment is %d, and must be below %d", kind, flagsEnd)
	}
	return q, kind, nil
}
