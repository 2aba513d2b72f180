package session

import (
	"context"
	"io"
	"time"
)

// never removes a deadline.
const never = time.Duration(-1)

// A stream is an io.ReadWriter together with the means to interrupt it.
type stream struct {
	rw       io.ReadWriter
	deadline interface{ SetDeadline(time.Time) error } // nil if rw has none
	closer   io.Closer                                 // nil if rw has none, and if deadline will do
	timer    *time.Timer                               // that closes closer

	stop  func() bool   // ends the watch over the context
	fired chan struct{} // closed when the end of the context has been acted on
}

// attach interrupts rw when ctx ends, until detach.
func (s *stream) attach(ctx context.Context, rw io.ReadWriter) {
	s.rw = rw
	if d, ok := rw.(interface{ SetDeadline(time.Time) error }); ok {
		s.deadline = d
	} else if c, ok := rw.(io.Closer); ok {
		s.closer = c
	}
	s.fired = make(chan struct{})
	s.stop = context.AfterFunc(ctx, func() {
		s.interrupt(0)
		close(s.fired)
	})
}

// detach returns when the context can no longer interrupt the stream.
func (s *stream) detach() {
	if !s.stop() {
		<-s.fired
	}
}

// interrupt makes reads and writes fail after a time, or never. It reports
// false where nothing can do that.
func (s *stream) interrupt(after time.Duration) bool {
	switch {
	case s.deadline != nil && after == never:
		s.deadline.SetDeadline(time.Time{})
	case s.deadline != nil:
		s.deadline.SetDeadline(time.Now().Add(after))
	case s.closer != nil && after == 0:
		s.closer.Close()
	case s.closer != nil && after == never:
		if s.timer != nil {
			s.timer.Stop()
		}
	case s.closer != nil:
		s.timer = time.AfterFunc(after, func() { s.closer.Close() })
	default:
		return false
	}
	return true
}
