package main

import (
	"io"
	"os"
	"sync"
	"time"
)

// pipeBuffer is what a direction of the network mem holds. It is less than TCP
// sockets hold and as much as the largest messages of package psi. Both
// directions add up to two mebibytes to the peak memory of a process.
const pipeBuffer = 1 << 20

// A pipeEnd is an end of a buffered pipe in memory. A byte that passes costs two
// copies and no system call: some milliseconds for a hundred megabytes, so that
// the library is measured and not the pipe. A socket pair would add the kernel's
// work, which the network tls has anyway, and with one thread a switch to the
// poller at each wait.
type pipeEnd struct{ in, out *stream }

// newPipe returns the ends of a pipe that holds size bytes in each direction.
func newPipe(size int) (a, b *pipeEnd) {
	x, y := newStream(size), newStream(size)
	return &pipeEnd{x, y}, &pipeEnd{y, x}
}

// A stream is one direction of a pipe.
type stream struct {
	mu           sync.Mutex
	changed      sync.Cond
	buf          []byte // a ring
	start, n     int
	total        int64 // bytes ever written
	closed       bool
	read, writes timeout
}

func newStream(size int) *stream {
	s := &stream{buf: make([]byte, size)}
	s.changed.L = &s.mu
	return s
}

func (p *pipeEnd) Read(b []byte) (int, error) {
	s := p.in
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.read.expired:
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case s.n > 0:
			n := copy(b, s.buf[s.start:min(s.start+s.n, len(s.buf))])
			n += copy(b[n:], s.buf[:max(s.start+s.n-len(s.buf), 0)])
			s.start = (s.start + n) % len(s.buf)
			s.n -= n
			s.changed.Broadcast()
			return n, nil
		case s.closed:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (p *pipeEnd) Write(b []byte) (written int, err error) {
	s := p.out
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed:
			return written, io.ErrClosedPipe
		case s.writes.expired:
			return written, os.ErrDeadlineExceeded
		case written == len(b):
			return written, nil
		case s.n < len(s.buf):
			end := (s.start + s.n) % len(s.buf)
			n := copy(s.buf[end:min(end+len(s.buf)-s.n, len(s.buf))], b[written:])
			s.n += n
			s.total += int64(n)
			written += n
			s.changed.Broadcast()
			continue
		}
		s.changed.Wait()
	}
}

// Close ends both directions. What was written can still be read.
func (p *pipeEnd) Close() error {
	for _, s := range []*stream{p.in, p.out} {
		s.mu.Lock()
		s.closed = true
		s.changed.Broadcast()
		s.mu.Unlock()
	}
	return nil
}

// SetDeadline ends reads and writes at a time, as that of a net.Conn does.
func (p *pipeEnd) SetDeadline(at time.Time) error {
	p.in.setDeadline(&p.in.read, at)
	p.out.setDeadline(&p.out.writes, at)
	return nil
}

// sent returns the number of bytes that were written to p.
func (p *pipeEnd) sent() int64 {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	return p.out.total
}

// A timeout is a deadline of one kind, guarded by its stream.
type timeout struct {
	expired bool
	timer   *time.Timer
}

func (s *stream) setDeadline(t *timeout, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	wait := time.Until(at)
	t.expired = !at.IsZero() && wait <= 0
	if t.expired {
		s.changed.Broadcast()
	}
	if at.IsZero() || t.expired {
		return
	}
	var mine *time.Timer
	mine = time.AfterFunc(wait, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.timer == mine { // it was not replaced while this waited for the lock
			t.expired = true
			s.changed.Broadcast()
		}
	})
	t.timer = mine
}
