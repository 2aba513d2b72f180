package testparty

import (
	"bytes"
	"io"
	"net"
	"sync"
	"time"
)

// A reader replaces how a connection is read.
type reader struct {
	net.Conn
	read func(b []byte) (int, error)
}

func (r *reader) Read(b []byte) (int, error) { return r.read(b) }

// Short gives one byte a Read.
func Short(conn net.Conn) net.Conn {
	return &reader{conn, func(b []byte) (int, error) { return conn.Read(b[:min(1, len(b))]) }}
}

// Flip flips the bits of mask in the byte at the given offset of what is read.
func Flip(offset int64, mask byte) Fault {
	return func(conn net.Conn) net.Conn {
		at := int64(0)
		return &reader{conn, func(b []byte) (int, error) {
			n, err := conn.Read(b)
			if i := offset - at; i >= 0 && i < int64(n) {
				b[i] ^= mask
			}
			at += int64(n)
			return n, err
		}}
	}
}

// Cut closes the connection when n bytes have been read.
func Cut(n int64) Fault {
	return func(conn net.Conn) net.Conn {
		left := n
		return &reader{conn, func(b []byte) (int, error) {
			if left == 0 {
				conn.Close()
				return 0, io.EOF
			}
			got, err := conn.Read(b[:min(left, int64(len(b)))])
			left -= int64(got)
			return got, err
		}}
	}
}

// Lose lets n bytes be read and loses all that comes behind them.
func Lose(n int64) Fault {
	return func(conn net.Conn) net.Conn {
		left := n
		return &reader{conn, func(b []byte) (int, error) {
			for left == 0 {
				if _, err := conn.Read(make([]byte, 1<<10)); err != nil {
					return 0, err
				}
			}
			got, err := conn.Read(b[:min(left, int64(len(b)))])
			left -= int64(got)
			return got, err
		}}
	}
}

// Tap copies what is read into in and what is written into out.
func Tap(in, out *bytes.Buffer) Fault {
	return func(conn net.Conn) net.Conn {
		return &tap{conn, in, out}
	}
}

type tap struct {
	net.Conn
	in, out *bytes.Buffer
}

func (c *tap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.in.Write(b[:n])
	return n, err
}

func (c *tap) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.out.Write(b[:n])
	return n, err
}

// Delay makes each byte arrive a fixed time after it was written, in both
// directions, over a link that never fills up. Close returns when all that was
// written has arrived.
func Delay(d time.Duration) Fault {
	return func(conn net.Conn) net.Conn {
		near, far := net.Pipe()
		link := &delayed{Conn: near}
		link.relays.Go(func() { relay(far, conn, d) })
		link.relays.Go(func() { relay(conn, far, d) })
		return link
	}
}

type delayed struct {
	net.Conn
	relays sync.WaitGroup
}

func (c *delayed) Close() error {
	err := c.Conn.Close()
	c.relays.Wait()
	return err
}

func relay(dst, src net.Conn, d time.Duration) {
	type packet struct {
		due  time.Time
		data []byte
	}
	var (
		mu      sync.Mutex
		queue   []packet
		arrived = make(chan struct{}, 1)
		ended   bool
	)
	go func() {
		b := make([]byte, 64<<10)
		for {
			n, err := src.Read(b)
			mu.Lock()
			queue = append(queue, packet{time.Now().Add(d), bytes.Clone(b[:n])})
			ended = err != nil
			mu.Unlock()
			select {
			case arrived <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	defer dst.Close()
	for {
		mu.Lock()
		if len(queue) == 0 {
			done := ended
			mu.Unlock()
			if done {
				return
			}
			<-arrived
			continue
		}
		next := queue[0]
		queue = queue[1:]
		mu.Unlock()
		time.Sleep(time.Until(next.due))
		if _, err := dst.Write(next.data); err != nil {
			src.Close()
			return
		}
	}
}
