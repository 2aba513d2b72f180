// Package session carries the messages of a two-party protocol over one
// io.ReadWriter.
//
// A session is opened by a hello from each side, which says who speaks what and
// holds a hash of everything that must be equal. Then come frames
//
//	type (1 byte) || length (4 bytes, big-endian) || payload
//
// and at the end an end frame each way with checksums of all that was sent and
// received, so that bytes altered, reordered or replayed on the way do not pass for an answer. Instead of any frame
// an abort may come, one byte that says why the other side stops.
//
// A frame has no free length. [Session.Recv] states type and size of the frame
// that is due, so a peer can make this side neither allocate nor wait for bytes
// that its own header invented. A protocol whose message has a variable size
// sends that size first, in a message of fixed size.
//
// # Errors
//
// Errors wrap [ErrPeer], [ErrIncompatible] or [ErrAborted], or else the error of
// the context or the stream. The first error ends the session and is what every
// later call returns.
//
// # Cancellation
//
// A stream with a SetDeadline that works (each net.Conn) is interrupted at any
// time when the context ends, a stream with only Close is closed, which must end
// reads and writes under way, and any other is looked at between frames only. A
// stream with neither gets no abort, since writing one might take forever.
// Reading and writing at the same time must be possible.
package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"sync"
	"sync/atomic"
)

// The classes of errors that lie with the other side or between both.
var (
	// ErrPeer says that the other side broke the protocol, or that the stream
	// altered what it sent.
	ErrPeer = errors.New("the other side broke the protocol")
	// ErrIncompatible says that the two sides are configured differently.
	ErrIncompatible = errors.New("the two sides are configured differently")
	// ErrAborted says that the other side stopped.
	ErrAborted = errors.New("the other side stopped")
)

// Frame types. Protocols use 1 to 127.
const (
	maxType   = 127
	typeEnd   = 0xfe
	typeAbort = 0xff
)

const headerSize = 5

// castagnoli is the polynomial of the end frame's checksum. The checksum is for
// accidents: it finds every burst of up to 32 bits and misses others with
// probability 2^-32. Against an attacker on the way there must be TLS.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Session is one run of a protocol with one peer. One goroutine may send
// while another receives; nothing else is concurrent.
type Session struct {
	stream stream
	ctx    context.Context

	sending sync.Mutex // guards the following four
	out     []byte     // the frame that is being written
	torn    bool       // a frame went out in part, so none can follow
	sent    uint64
	sentSum uint32

	receiving  sync.Mutex // guards the following five
	header     [headerSize]byte
	headerRead int    // bytes of header that have arrived
	pending    uint32 // bytes of the payload behind it that have not
	received   uint64
	readSum    uint32

	background sync.WaitGroup // the sending half of Duplex

	sentEnd, readEnd atomic.Bool // this side, and the other, said that nothing more comes

	failing sync.Mutex // guards the following two
	err     error      // the first error
	aborted bool       // the other side sent an abort

	phase phase // the one under way, and those before
}

// Stats says what a session cost so far.
type Stats struct {
	Sent     uint64 // bytes written to the stream, hello and frame headers included
	Received uint64 // bytes read from it
	Phases   []Phase
}

// Send writes one frame. It keeps nothing of payload.
func (s *Session) Send(typ byte, payload []byte) error {
	checkType(typ)
	return s.send(typ, payload)
}

// Recv reads the next frame, which must be of the given type and exactly as
// long as payload.
func (s *Session) Recv(typ byte, payload []byte) error {
	checkType(typ)
	return s.recv(typ, payload)
}

func checkType(typ byte) {
	if typ == 0 || typ > maxType {
		panic(fmt.Sprintf("session: internal error: frame type %d", typ))
	}
}

const endSize = 8

// SendEnd says that nothing more comes from this side. It must have received all
// that the other side sends before its RecvEnd.
func (s *Session) SendEnd() error {
	sent, received := s.sums()
	err := s.send(typeEnd, appendSums(nil, sent, received))
	s.sentEnd.Store(err == nil)
	return err
}

// RecvEnd waits for the other side's SendEnd, and checks that what arrived in
// either direction is what was sent.
func (s *Session) RecvEnd() error {
	sent, received := s.sums()
	var theirs [endSize]byte
	if err := s.recv(typeEnd, theirs[:]); err != nil {
		return err
	}
	if !bytes.Equal(theirs[:], appendSums(nil, received, sent)) {
		return s.fail(fmt.Errorf("%w: what arrived is not what was sent", ErrPeer))
	}
	s.readEnd.Store(true)
	return nil
}

// sums returns the checksums of both directions.
func (s *Session) sums() (sent, received uint32) {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.receiving.Lock()
	defer s.receiving.Unlock()
	return s.sentSum, s.readSum
}

func appendSums(b []byte, sent, received uint32) []byte {
	b = binary.BigEndian.AppendUint32(b, sent)
	return binary.BigEndian.AppendUint32(b, received)
}

// Duplex runs send in a goroutine of its own beside recv, for protocols in
// which both directions are busy at once. When one fails the other is
// interrupted. Duplex returns when both have returned, or as soon as recv has
// failed; Close waits for send then, if the stream can be interrupted.
func (s *Session) Duplex(send, recv func() error) error {
	sent := make(chan error, 1)
	s.background.Go(func() {
		err := send()
		if err != nil {
			s.fail(err)
			if s.ctx.Err() == nil {
				// The other side may have said why before it closed the
				// stream: recv gets a moment to find out.
				s.stream.interrupt(abortGrace)
			}
		}
		sent <- err
	})
	if err := recv(); err != nil {
		return s.fail(err)
	}
	if err := <-sent; err != nil {
		return s.fail(err)
	}
	return nil
}

// send writes a frame in one Write.
func (s *Session) send(typ byte, payload []byte) error {
	if uint64(len(payload)) > math.MaxUint32 {
		panic(fmt.Sprintf("session: internal error: a frame of %d bytes", len(payload)))
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	if err := s.check(); err != nil {
		return err
	}
	return s.writeFrame(typ, payload)
}

func (s *Session) writeFrame(typ byte, payload []byte) error {
	s.out = append(s.out[:0], typ)
	s.out = binary.BigEndian.AppendUint32(s.out, uint32(len(payload)))
	s.out = append(s.out, payload...)
	return s.write(s.out)
}

func (s *Session) write(b []byte) error {
	n, err := s.stream.rw.Write(b)
	s.sent += uint64(n)
	s.sentSum = crc32.Update(s.sentSum, castagnoli, b[:n])
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		s.torn = n > 0
		return s.fail(s.streamError("writing to the other side", err))
	}
	return nil
}

func (s *Session) recv(typ byte, payload []byte) error {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	if err := s.check(); err != nil {
		return err
	}
	if err := s.readHeader(); err != nil {
		return s.fail(s.streamError("reading from the other side", err))
	}
	if s.header[0] == typeAbort {
		return s.fail(s.readAbort())
	}
	if s.header[0] != typ || int64(s.pending) != int64(len(payload)) {
		return s.fail(fmt.Errorf("%w: a message of type %d and %d bytes came where type %d and %d bytes were due",
			ErrPeer, s.header[0], s.pending, typ, len(payload)))
	}
	n, err := s.read(payload)
	s.pending -= uint32(n)
	if err != nil {
		return s.fail(s.streamError("reading from the other side", err))
	}
	return nil
}

// readHeader reads the header of the next frame, or the rest of one of which a
// part has arrived before.
func (s *Session) readHeader() error {
	n, err := s.read(s.header[s.headerRead:])
	s.headerRead += n
	if err != nil {
		return err
	}
	s.headerRead = 0
	s.pending = binary.BigEndian.Uint32(s.header[1:])
	return nil
}

// read fills b.
func (s *Session) read(b []byte) (int, error) {
	n, err := io.ReadFull(s.stream.rw, b)
	s.received += uint64(n)
	s.readSum = crc32.Update(s.readSum, castagnoli, b[:n])
	return n, err
}

// check returns the error that ended the session, if one did.
func (s *Session) check() error {
	s.failing.Lock()
	err := s.err
	s.failing.Unlock()
	if err == nil && s.ctx.Err() != nil {
		err = s.fail(s.contextError())
	}
	return err
}

// fail records the first error and returns it. What the other side said of its
// reasons replaces an error of the stream, which is only the consequence.
func (s *Session) fail(err error) error {
	s.failing.Lock()
	defer s.failing.Unlock()
	var broken *streamError
	if s.err == nil || s.aborted && errors.As(s.err, &broken) {
		s.err = err
	}
	return s.err
}

// A streamError is a failure of the stream and not of a side.
type streamError struct {
	doing string
	err   error
}

func (e *streamError) Error() string { return e.doing + ": " + e.err.Error() }
func (e *streamError) Unwrap() error { return e.err }

// streamError returns the context's error if the context has ended, since that
// is why the stream failed.
func (s *Session) streamError(doing string, err error) error {
	if s.ctx.Err() != nil {
		return s.contextError()
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &streamError{doing, err}
}

func (s *Session) contextError() error { return ContextError(s.ctx) }

// ContextError returns the error of a context that has ended, with its cause.
func ContextError(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// Stats returns the costs so far. No frame may be under way.
func (s *Session) Stats() Stats {
	return Stats{Sent: s.sent, Received: s.received, Phases: s.phase.durations()}
}
