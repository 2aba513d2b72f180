package main

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// echo returns the address of a server that sends back what it gets, once.
func echo(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() {
		conn, err := listener.Accept()
		listener.Close()
		if err == nil {
			io.Copy(conn, conn)
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

// A relay carries both directions, each with its delay, and the end of each.
func TestRelay(t *testing.T) {
	s := shape{1e9, 5 * time.Millisecond}
	r, err := startRelay(echo(t), s)
	require.NoError(t, err)
	defer r.close()
	conn, err := net.Dial("tcp", r.address())
	require.NoError(t, err)
	defer conn.Close()
	want := make([]byte, 300_000)
	for i := range want {
		want[i] = byte(mix(uint64(i)))
	}
	start := time.Now()
	go func() {
		conn.Write(want)
		conn.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.GreaterOrEqual(t, time.Since(start), 2*s.delay)
}

// A relay that nobody needs any more ends whatever it does.
func TestRelayClose(t *testing.T) {
	r, err := startRelay(echo(t), shape{1e9, time.Millisecond})
	require.NoError(t, err)
	r.close() // before anybody came

	r, err = startRelay(echo(t), shape{1, time.Hour}) // a byte a second
	require.NoError(t, err)
	conn, err := net.Dial("tcp", r.address())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write(make([]byte, 10))
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		r.close()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
}

// Nobody at the other end is an end for this one.
func TestRelayToNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := listener.Addr().String()
	listener.Close()
	r, err := startRelay(nobody, shape{1e9, time.Millisecond})
	require.NoError(t, err)
	defer r.close()
	conn, err := net.Dial("tcp", r.address())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.ReadAll(conn)
	require.NoError(t, err)
}

// A protocol over a shaped link, in processes of its own, takes no less than its
// message delays, and tells as many bytes as on any other network.
func TestShapedNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	o := mustParse(t, "-sizes", "4", "-count", "1", "-networks", "tls,10g,1g,netns-1g", "-run", "/dh/|three-parties/mul/")
	results := measureAll(t, o)
	each := 4
	if _, err := newWire(1, *hubs); err != nil {
		each = 3 // without the rights
	}
	require.Len(t, results, 2*each)
	for i, r := range results {
		s := networkOf(r.Network).shape
		if s == nil {
			continue
		}
		require.GreaterOrEqual(t, r.figure(figureWall).Min, r.figure(figureDelays).Min*s.delay.Seconds(), r.Name)
		require.InDelta(t, results[i/each*each].figure(figureBytes).Median, r.figure(figureBytes).Median, 10, r.Name)
	}
}
