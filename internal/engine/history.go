package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/session"
)

// A History is what package mpc knows of the calls of its user up to now: how many they
// were, and a digest of what they were and of all their public arguments. It is public. Parties
// of a run must have the same one whenever something is opened, and at the end; see
// [Party.Follow].
type History struct {
	Calls  uint64
	Digest [16]byte
}

// HistorySize is how many bytes a history takes in a message.
const HistorySize = 8 + 16

// Bytes returns h as it goes in a message.
func (h History) Bytes() []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, HistorySize), h.Calls), h.Digest[:]...)
}

// Compare returns a [*Difference] unless another party's history, as bytes, is h.
func (h History) Compare(theirs []byte) error {
	if bytes.Equal(theirs, h.Bytes()) {
		return nil
	}
	return &Difference{h.Calls, binary.BigEndian.Uint64(theirs)}
}

// Send sends h.
func (h History) Send(s *session.Session, typ byte) error { return s.Send(typ, h.Bytes()) }

// Recv receives what the other side sends, and compares it with h.
func (h History) Recv(s *session.Session, typ byte) error {
	var theirs [HistorySize]byte
	if err := s.Recv(typ, theirs[:]); err != nil {
		return err
	}
	return h.Compare(theirs[:])
}

// A Difference says that another party made other calls. It wraps
// [session.ErrIncompatible].
type Difference struct{ Mine, Theirs uint64 } // numbers of calls

// Error says which calls differ, as far as that can be known.
func (d *Difference) Error() string {
	if d.Mine == d.Theirs {
		return fmt.Sprintf("%v: of %d calls, one is another one there or has other public arguments", session.ErrIncompatible, d.Mine)
	}
	return fmt.Sprintf("%v: call %d here is call %d there", session.ErrIncompatible, d.Mine, d.Theirs)
}

// Unwrap returns [session.ErrIncompatible].
func (d *Difference) Unwrap() error { return session.ErrIncompatible }

// End ends a session, after both sides have compared h. One of them is the first.
func (h History) End(s *session.Session, typ byte, first bool) error {
	steps := []func() error{
		func() error { return h.Send(s, typ) }, s.SendEnd,
		func() error { return h.Recv(s, typ) }, s.RecvEnd,
	}
	if !first {
		steps = append(steps[2:], steps[:2]...)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
