package main

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// shapedPipe returns a pipe whose directions are both shaped, in the time of a
// synctest bubble.
func shapedPipe(t *testing.T, s shape) (a, b io.ReadWriter, closed func()) {
	x, y := newPipe(1 << 24)
	fromX, toX := newShaper(x, s, time.Sleep), newShaper(y, s, time.Sleep)
	type end struct {
		io.Reader
		io.Writer
	}
	return end{x, fromX}, end{y, toX}, func() {
		require.NoError(t, fromX.Close())
		require.NoError(t, toX.Close())
	}
}

// within says that a duration is the known one, or longer by no more than a share.
func within(t *testing.T, want, got time.Duration, share float64, what string) {
	t.Helper()
	require.GreaterOrEqual(t, got, want, what)
	require.LessOrEqual(t, got.Seconds(), want.Seconds()*(1+share), what)
}

// A transfer takes the time of its bytes at the link's rate, and one delay.
func TestShapedThroughput(t *testing.T) {
	for _, network := range networks {
		if network.shape == nil || network.wire { // the same again
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			a, b, closed := shapedPipe(t, *network.shape)
			start := time.Now()
			const size = 10_000_000
			go func() {
				for range size / 1000 {
					if _, err := a.Write(make([]byte, 1000)); err != nil {
						t.Error(err)
					}
				}
			}()
			_, err := io.ReadFull(b, make([]byte, size))
			require.NoError(t, err)
			want := time.Duration(size / network.rate * 1e9)
			within(t, want+network.delay, time.Since(start), 0.001, network.name)
			closed()
		})
	}
}

// A message and its answer take two delays, and the other direction's bytes do
// not stand in their way.
func TestShapedRoundTrip(t *testing.T) {
	for _, network := range networks {
		if network.shape == nil || network.wire { // the same again
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			a, b, closed := shapedPipe(t, *network.shape)
			go func() {
				var buf [1]byte
				for range 10 {
					io.ReadFull(b, buf[:])
					b.Write(buf[:])
				}
			}()
			start := time.Now()
			var buf [1]byte
			for range 10 {
				_, err := a.Write(buf[:])
				require.NoError(t, err)
				_, err = io.ReadFull(a, buf[:])
				require.NoError(t, err)
			}
			within(t, 20*network.delay, time.Since(start), 0.01, network.name)
			closed()
		})
	}
}

// Messages that wait for nothing are on the way at the same time.
func TestShapedPipelining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := shape{1e6, time.Second}
		a, b, closed := shapedPipe(t, s)
		start := time.Now()
		for range 1000 {
			_, err := a.Write(make([]byte, 10))
			require.NoError(t, err)
		}
		require.Zero(t, time.Since(start), "there is room for them")
		_, err := io.ReadFull(b, make([]byte, 10))
		require.NoError(t, err)
		within(t, time.Second+10*time.Microsecond, time.Since(start), 0.001, "the first")
		_, err = io.ReadFull(b, make([]byte, 9990))
		require.NoError(t, err)
		within(t, 1010*time.Millisecond, time.Since(start), 0.001, "the last")
		// Idle time is not saved up.
		time.Sleep(time.Minute)
		start = time.Now()
		a.Write(make([]byte, 1e6))
		io.ReadFull(b, make([]byte, 1e6))
		within(t, 2*time.Second, time.Since(start), 0.001, "after a pause")
		closed()
	})
}

// What is on the way is bounded, whether or not the other end reads.
func TestShapedBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := newPipe(1000)
		s := newShaper(x, shape{1e6, time.Second}, time.Sleep)
		wrote := make(chan int)
		go func() {
			n, _ := s.Write(make([]byte, 1<<24))
			wrote <- n
		}()
		time.Sleep(time.Hour)
		s.mu.Lock()
		require.LessOrEqual(t, s.queued, s.limit)
		require.Greater(t, s.queued, s.limit-s.segment)
		s.mu.Unlock()
		y.Close() // nobody will ever read it
		require.Less(t, <-wrote, 1<<24)
		require.Error(t, s.Close())
		_, err := s.Write([]byte{1})
		require.Error(t, err)
	})
}

func TestShapedClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := newPipe(1000)
		s := newShaper(x, shape{1e6, time.Second}, time.Sleep)
		s.Write([]byte("all of it"))
		start := time.Now()
		require.NoError(t, s.Close())
		require.GreaterOrEqual(t, time.Since(start), time.Second)
		buf := make([]byte, 20)
		n, err := y.Read(buf)
		require.NoError(t, err)
		require.Equal(t, "all of it", string(buf[:n]))
		_, err = s.Write(buf)
		require.True(t, errors.Is(err, errShaperClosed))
	})
}
