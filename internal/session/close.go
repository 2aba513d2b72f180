package session

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// To stop is the hard part. A side that fails must tell the other, which may be
// in the middle of a write that nobody reads, and must not tell it by bytes that
// land inside a frame. Close therefore reads what still comes while it lets its
// own last frame out and writes the abort, all of it within abortGrace. The
// other side answers an abort by one of its own, so that both know that nothing
// is left in the stream: bytes that a TCP connection holds unread when it is
// closed reset it, and the reset can destroy the abort on its way.

// abortGrace bounds the time that Close takes to tell the other side.
const abortGrace = time.Second

// Classes of an abort, as they stand on the wire.
const (
	abortPeer         = 1
	abortIncompatible = 2
	abortStopped      = 3
)

// Close ends the session: with nil after a complete run, otherwise with the
// error that stopped it, of which it tells the other side as far as that can be
// told. It returns the error to report, which is the other side's reason where
// err was only its consequence. When both sides have said that nothing more comes,
// the other does not wait for anything, and what follows in the stream is not the
// session's: it is not told. A stream that has SetDeadline stays open, with no
// deadline set.
func (s *Session) Close(err error) error {
	s.stream.detach()
	defer s.stream.interrupt(never)
	if err == nil {
		return nil
	}
	err = s.fail(err)
	if s.sentEnd.Load() && s.readEnd.Load() || !s.stream.interrupt(abortGrace) {
		return err
	}
	drained := make(chan error, 1)
	if s.aborted {
		drained <- nil
	} else {
		go func() { drained <- s.drain() }()
	}
	s.background.Wait()
	if s.torn || s.writeFrame(typeAbort, []byte{abortClass(err)}) != nil {
		if s.ctx.Err() != nil {
			s.stream.interrupt(0)
		}
	}
	if reason := <-drained; reason != nil {
		err = s.fail(reason)
	}
	return err
}

// drain reads frames until an abort, which it returns, or until the stream
// ends.
func (s *Session) drain() error {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	for {
		n, err := io.CopyN(io.Discard, s.stream.rw, int64(s.pending))
		s.pending -= uint32(n)
		if err != nil {
			return nil
		}
		if err := s.readHeader(); err != nil {
			return nil
		}
		if s.header[0] == typeAbort {
			return s.readAbort()
		}
	}
}

func abortClass(err error) byte {
	switch {
	case errors.Is(err, ErrPeer):
		return abortPeer
	case errors.Is(err, ErrIncompatible):
		return abortIncompatible
	default:
		return abortStopped
	}
}

// readAbort reads what follows the header of an abort and returns the error
// that it means on this side.
func (s *Session) readAbort() error {
	var class [1]byte
	if s.pending != uint32(len(class)) {
		return fmt.Errorf("%w: an abort of %d bytes", ErrPeer, s.pending)
	}
	n, err := s.read(class[:])
	s.pending -= uint32(n)
	if err != nil {
		return s.streamError("reading from the other side", err)
	}
	s.failing.Lock()
	s.aborted = true
	s.failing.Unlock()
	switch class[0] {
	case abortPeer:
		return fmt.Errorf("%w: it says that this side, or the stream, broke the protocol", ErrAborted)
	case abortIncompatible:
		return fmt.Errorf("%w: the other side says so", ErrIncompatible)
	case abortStopped:
		return ErrAborted
	default:
		return fmt.Errorf("%w: an abort of unknown class", ErrPeer)
	}
}
