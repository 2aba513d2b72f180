package session

import (
	"context"
	"io"
	"sync"
	"time"
)

// never removes a deadline.
const never = time.Duration(-1)

// A stream is an io.ReadWriter together with the means to interrupt it.
type stream struct {
	rw       io.ReadWriter
	deadline interface{ SetDeadline(time.Time) error } // nil if rw has none
	closer   io.Closer                                 // nil if rw has none; for when there are no deadlines

	timing sync.Mutex  // guards the following
	timer  *time.Timer // that closes closer; nil if there is none to stop

	stop  func() bool   // ends the watch over the context
	fired chan struct{} // closed when the end of the context has been acted on
}

// attach interrupts rw when ctx ends, until detach.
func (s *stream) attach(ctx context.Context, rw io.ReadWriter) {
	s.rw = rw
	s.deadline, _ = rw.(interface{ SetDeadline(time.Time) error })
	s.closer, _ = rw.(io.Closer)
	s.fired = make(chan struct{})
	s.stop = context.AfterFunc(ctx, func() {
		s.cancel()
		close(s.fired)
	})
}

// cancel interrupts what is under way because the context has ended: reads at
// once, and writes after abortGrace where rw tells the two apart. A frame, or a
// record of TLS, that is cut in the middle would leave no way to tell the other
// side why.
func (s *stream) cancel() {
	rw, ok := s.rw.(interface {
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	})
	now := time.Now()
	if !ok || rw.SetWriteDeadline(now.Add(abortGrace)) != nil || rw.SetReadDeadline(now) != nil {
		s.interrupt(0)
	}
}

// detach returns when the context can no longer interrupt the stream.
func (s *stream) detach() {
	if !s.stop() {
		<-s.fired
	}
}

// interrupt makes reads and writes fail after a time, or never; the last call
// counts. It reports false where nothing can do that. Files have SetDeadline
// but not all of them support it.
func (s *stream) interrupt(after time.Duration) bool {
	var at time.Time
	if after != never {
		at = time.Now().Add(after)
	}
	if s.deadline != nil && s.deadline.SetDeadline(at) == nil {
		return true
	}
	if s.closer == nil {
		return false
	}
	s.timing.Lock()
	defer s.timing.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	switch after {
	case never:
	case 0:
		s.closer.Close()
	default:
		s.timer = time.AfterFunc(after, func() { s.closer.Close() })
	}
	return true
}
