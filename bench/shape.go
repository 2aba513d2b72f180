package main

import (
	"errors"
	"io"
	"sync"
	"time"
)

// A shape is what a link is slowed down to, in each direction.
type shape struct {
	rate  float64       // bytes a second
	delay time.Duration // of a byte, one way: a round trip takes twice as long
}

// A shaper is one direction of a link: what is written comes out of the other
// end, dst, at the link's rate and after its delay. Any number of writes are on
// the way at the same time, as in a long wire.
//
// It is a token bucket that holds nothing unspent: a link that was idle sends no
// faster afterwards. There are no losses and no congestion control, that is, TCP
// with windows that are large enough, and past its slow start.
type shaper struct {
	dst   io.Writer
	shape shape
	sleep func(time.Duration)

	mu      sync.Mutex
	changed sync.Cond
	segment int // bytes that travel together
	limit   int // bytes that can be on the way
	queue   []segment
	queued  int       // bytes in queue
	free    time.Time // when the wire is
	closed  bool
	err     error // of dst
	done    chan struct{}
}

// A segment comes out of the link when it is due.
type segment struct {
	data []byte
	due  time.Time
}

// shaperSlack is what a link takes beside what is on the wire, as a socket does.
// With it a late timer costs no throughput.
const shaperSlack = 1 << 20

func newShaper(dst io.Writer, s shape, sleep func(time.Duration)) *shaper {
	x := &shaper{
		dst:   dst,
		shape: s,
		sleep: sleep,
		// A fifth of a millisecond's bytes: more would hold up the first of
		// them for the last, and less would be timers' work.
		segment: min(max(int(s.rate/5000), 1500), 1<<16),
		limit:   int(s.rate*s.delay.Seconds()) + shaperSlack,
		done:    make(chan struct{}),
	}
	x.changed.L = &x.mu
	go x.deliver()
	return x
}

var errShaperClosed = errors.New("write on a closed link")

// Write returns when b is on the way, and waits as long as too much is.
func (s *shaper) Write(b []byte) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(b) > 0 {
		n := min(len(b), s.segment)
		for s.err == nil && !s.closed && s.queued+n > s.limit {
			s.changed.Wait()
		}
		switch {
		case s.err != nil:
			return written, s.err
		case s.closed:
			return written, errShaperClosed
		}
		now := time.Now()
		if s.free.Before(now) {
			s.free = now
		}
		s.free = s.free.Add(time.Duration(float64(n) / s.shape.rate * 1e9))
		s.queue = append(s.queue, segment{append([]byte(nil), b[:n]...), s.free.Add(s.shape.delay)})
		s.queued += n
		s.changed.Broadcast()
		b, written = b[n:], written+n
	}
	return written, nil
}

// Close waits until all has come out.
func (s *shaper) Close() error {
	s.mu.Lock()
	s.closed = true
	s.changed.Broadcast()
	s.mu.Unlock()
	<-s.done
	return s.err
}

// deliver writes segments to the other end when they are due.
func (s *shaper) deliver() {
	defer close(s.done)
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.closed {
			s.changed.Wait()
		}
		if len(s.queue) == 0 {
			s.mu.Unlock()
			return
		}
		next := s.queue[0]
		s.mu.Unlock()

		if wait := time.Until(next.due); wait > 0 {
			s.sleep(wait)
		}
		_, err := s.dst.Write(next.data)

		s.mu.Lock()
		s.queue = s.queue[1:]
		s.queued -= len(next.data)
		if s.err = err; err != nil {
			s.queue, s.closed = nil, true
		}
		s.changed.Broadcast()
		s.mu.Unlock()
	}
}
