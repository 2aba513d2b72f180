package main

import (
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// at runs f in the namespace of a site, where its sockets are.
func (s *site) at(f func() error) error {
	done := make(chan error)
	s.calls <- func() { done <- f() }
	return <-done
}

// Two sites reach each other by the kernel's TCP, a round trip takes two delays, and bytes
// come no faster than the link's rate.
func TestWire(t *testing.T) {
	s := shape{1e8, 2 * time.Millisecond}
	w, err := newWire(2, s)
	if err != nil {
		t.Skip(err)
	}
	defer w.close()
	var listener net.Listener
	require.NoError(t, w.sites[1].at(func() (err error) {
		listener, err = net.Listen("tcp4", w.sites[1].address.String()+":0")
		return err
	}))
	defer listener.Close()
	const size = 1 << 20
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var b [1]byte
		io.ReadFull(conn, b[:])
		conn.Write(make([]byte, size))
	}()
	var conn net.Conn
	start := time.Now()
	require.NoError(t, w.sites[0].at(func() (err error) {
		conn, err = net.Dial("tcp4", listener.Addr().String())
		return err
	}))
	defer conn.Close()
	require.GreaterOrEqual(t, time.Since(start), 2*s.delay, "the first packet and its answer")
	start = time.Now()
	_, err = conn.Write([]byte{1})
	require.NoError(t, err)
	_, err = io.ReadFull(conn, make([]byte, size))
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(start).Seconds(), 2*s.delay.Seconds()+size/s.rate)

	// This test is in none of the namespaces.
	_, err = net.DialTimeout("tcp4", listener.Addr().String(), 50*time.Millisecond)
	require.Error(t, err)
}

// A wire that nobody needs any more leaves nothing behind.
func TestWireClose(t *testing.T) {
	before := runtime.NumGoroutine()
	w, err := newWire(3, shape{1, time.Hour}) // a byte a second
	if err != nil {
		t.Skip(err)
	}
	require.NoError(t, w.sites[0].at(func() error {
		conn, err := net.Dial("udp4", w.sites[2].address.String()+":9")
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte("nobody waits for it"))
		return err
	}))
	w.close()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "something goes on")
	}
}

func TestDestination(t *testing.T) {
	packet := make([]byte, 20)
	packet[0] = 0x45
	copy(packet[16:], []byte{198, 18, 0, 3})
	side, ok := destination(packet)
	require.True(t, ok)
	require.Equal(t, 2, side)
	for name, change := range map[string]func([]byte) []byte{
		"short":           func(p []byte) []byte { return p[:19] },
		"empty":           func([]byte) []byte { return nil },
		"IPv6":            func(p []byte) []byte { p[0] = 0x65; return p },
		"another network": func(p []byte) []byte { p[18] = 1; return p },
		"no side":         func(p []byte) []byte { p[19] = 0; return p },
	} {
		_, ok := destination(change(append([]byte(nil), packet...)))
		require.False(t, ok, name)
	}
}
