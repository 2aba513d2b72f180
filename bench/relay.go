package main

import (
	"io"
	"net"
	"sync"
)

// A relay is a shaped link between two measured processes. It runs in the process
// that measures and not in theirs, so that the work of shaping is nobody's
// processor time, and goes on while they compute, as in a network.
type relay struct {
	listener net.Listener
	running  sync.WaitGroup
	mu       sync.Mutex
	conns    []net.Conn
	sleepers []sleeper
	closed   bool
}

// startRelay returns a relay for one connection to an address.
func startRelay(to string, s shape) (*relay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{listener: listener}
	r.running.Go(func() {
		from, err := listener.Accept()
		if err != nil || !r.keep(from) {
			return
		}
		onward, err := net.Dial("tcp", to)
		if err != nil || !r.keep(onward) {
			from.Close()
			return
		}
		r.running.Go(func() { r.carry(onward, from, s) })
		r.running.Go(func() { r.carry(from, onward, s) })
	})
	return r, nil
}

// address is where to connect to instead.
func (r *relay) address() string { return r.listener.Addr().String() }

// keep notes a connection that close must close, unless it was already called.
func (r *relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		c.Close()
		return false
	}
	r.conns = append(r.conns, c)
	return true
}

// close ends the relay, whatever is still on the way.
func (r *relay) close() {
	r.listener.Close()
	r.mu.Lock()
	r.closed = true
	for _, c := range r.conns {
		c.Close()
	}
	for _, s := range r.sleepers {
		s.wake()
	}
	r.mu.Unlock()
	r.running.Wait()
}

// carry copies one direction, shaped, until its source ends.
func (r *relay) carry(to, from net.Conn, s shape) {
	timer := newSleeper()
	defer timer.close()
	r.mu.Lock()
	if r.sleepers = append(r.sleepers, timer); r.closed {
		timer.wake()
	}
	r.mu.Unlock()
	link := newShaper(to, s, timer.sleep)
	_, err := io.CopyBuffer(struct{ io.Writer }{link}, struct{ io.Reader }{from}, make([]byte, 1<<16))
	if link.Close() != nil || err != nil {
		from.Close() // nothing can follow
		to.Close()
		return
	}
	if c, ok := to.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}
