// Package testparty runs the two parties of a protocol against each other in a
// test.
//
// They talk over an unbuffered pipe inside a synctest bubble. A protocol in
// which both sides wait then fails at once instead of hanging, a goroutine that
// is left over fails the test, and time passes only when all wait for it, so
// that latencies and deadlines are exact.
package testparty

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
)

// A Party is one side of a protocol.
type Party func(ctx context.Context, conn net.Conn) error

// A Fault stands between a connection and the party that uses it.
type Fault func(net.Conn) net.Conn

// Run runs both parties in a bubble and returns their errors. Each connection
// is closed when its party returns. The faults, if any, stand before a.
func Run(t *testing.T, a, b Party, faults ...Fault) (errA, errB error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		errA, errB = Join(t.Context(), a, b, faults...)
	})
	return errA, errB
}

// Join is Run for a caller that is in a bubble already, or wants none.
func Join(ctx context.Context, a, b Party, faults ...Fault) (errA, errB error) {
	connA, connB := net.Pipe()
	faulty := connA
	for _, fault := range faults {
		faulty = fault(faulty)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer connB.Close()
		errB = b(ctx, connB)
	}()
	errA = func() error {
		defer faulty.Close()
		return a(ctx, faulty)
	}()
	<-done
	return errA, errB
}
