package main

import (
	"io"
	"sync/atomic"
	"time"
)

// traffic is what went over all streams of a party.
type traffic struct{ sent, received atomic.Int64 }

// A countedStream adds to a party's traffic. It can be interrupted as the stream
// in it can.
type countedStream struct {
	rw    io.ReadWriter
	count *traffic
}

func (c *countedStream) Read(b []byte) (int, error) {
	n, err := c.rw.Read(b)
	c.count.received.Add(int64(n))
	return n, err
}

func (c *countedStream) Write(b []byte) (int, error) {
	n, err := c.rw.Write(b)
	c.count.sent.Add(int64(n))
	return n, err
}

func (c *countedStream) SetDeadline(at time.Time) error {
	return c.rw.(interface{ SetDeadline(time.Time) error }).SetDeadline(at)
}

// counted returns the same streams, which add to count.
func counted(streams []io.ReadWriter, count *traffic) []io.ReadWriter {
	all := make([]io.ReadWriter, len(streams))
	for i, rw := range streams {
		if rw != nil {
			all[i] = &countedStream{rw, count}
		}
	}
	return all
}
