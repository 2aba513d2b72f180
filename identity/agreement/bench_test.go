package agreement

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkGate authorizes a run and opens its channel, on both sides.
func BenchmarkGate(b *testing.B) {
	w := newWorld(b)
	var bytes atomic.Int64
	for b.Loop() {
		w.start = w.newStart(b)
		permitA, permitB := w.permits(b)
		connA, connB := net.Pipe()
		done := make(chan error, 1)
		go func() {
			_, err := Open(context.Background(), &counting{connB, &bytes}, permitB, "clinic")
			done <- err
		}()
		_, err := Open(context.Background(), &counting{connA, &bytes}, permitA, "insurer")
		require.NoError(b, err)
		require.NoError(b, <-done)
	}
	b.ReportMetric(float64(bytes.Load())/float64(b.N), "bytes/op")
}

// A counting connection adds up what is written.
type counting struct {
	net.Conn
	sum *atomic.Int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sum.Add(int64(n))
	return n, err
}
