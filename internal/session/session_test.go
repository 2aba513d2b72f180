package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/testparty"
)

func hello(role Role, items uint64) Hello {
	return Hello{Protocol: 7, ProtocolVersion: 1, Role: role, Items: items, Terms: []Term{
		{"colours", []byte("blue")}, {"sizes", []byte("small")},
	}}
}

// party opens a session, runs f on it and closes it.
func party(h Hello, f func(*Session) error) testparty.Party {
	return func(ctx context.Context, conn net.Conn) error {
		return run(ctx, conn, h, f)
	}
}

func run(ctx context.Context, rw io.ReadWriter, h Hello, f func(*Session) error) error {
	s, _, err := Open(ctx, rw, h)
	if err != nil {
		return err
	}
	return s.Close(f(s))
}

// ping and pong are a little protocol with messages both ways and an end.
func ping(s *Session) error {
	if err := s.Send(1, []byte("ping")); err != nil {
		return err
	}
	answer := make([]byte, 4)
	if err := s.Recv(2, answer); err != nil {
		return err
	}
	if err := s.Send(1, nil); err != nil {
		return err
	}
	if err := s.RecvEnd(); err != nil {
		return err
	}
	return s.SendEnd()
}

func pong(s *Session) error {
	question := make([]byte, 4)
	if err := s.Recv(1, question); err != nil {
		return err
	}
	if err := s.Send(2, []byte("pong")); err != nil {
		return err
	}
	if err := s.Recv(1, nil); err != nil {
		return err
	}
	if err := s.SendEnd(); err != nil {
		return err
	}
	return s.RecvEnd()
}

// pongBytes is what pong's side sends: hello, one frame of four bytes, an end.
const pongBytes = helloSize + headerSize + 4 + headerSize + endSize

func TestRoundTrip(t *testing.T) {
	for name, faults := range map[string][]testparty.Fault{
		"plain": nil, "one byte a read": {testparty.Short}, "delayed": {testparty.Delay(time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			var items uint64
			var stats Stats
			a := func(ctx context.Context, conn net.Conn) error {
				s, n, err := Open(ctx, conn, hello(RoleA, 3))
				if err != nil {
					return err
				}
				items = n
				s.Phase("talk")
				err = ping(s)
				stats = s.Stats()
				return s.Close(err)
			}
			errA, errB := testparty.Run(t, a, party(hello(RoleB, 1<<62), pong), faults...)
			require.NoError(t, errA)
			require.NoError(t, errB)
			require.Equal(t, uint64(1<<62), items)
			require.Equal(t, uint64(helloSize+headerSize+4+headerSize+headerSize+endSize), stats.Sent)
			require.Equal(t, uint64(pongBytes), stats.Received)
			require.Len(t, stats.Phases, 2)
			require.Equal(t, "hello", stats.Phases[0].Name)
			require.Equal(t, "talk", stats.Phases[1].Name)
		})
	}
}

// classified reports whether err is of a class that a caller can act on.
func classified(err error) bool {
	for _, class := range []error{ErrPeer, ErrIncompatible, ErrAborted, io.ErrUnexpectedEOF, io.ErrClosedPipe,
		context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// Whatever bit of the stream is flipped, the reading side notices, both sides
// end within the grace time, and the other side isn't left to guess.
func TestEachBitFlipped(t *testing.T) {
	for offset := range int64(pongBytes) {
		for _, mask := range []byte{1, 0x80} {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				a := party(hello(RoleA, 3), ping)
				b := party(hello(RoleB, 4), pong)
				errA, errB := testparty.Join(t.Context(), a, b, testparty.Flip(offset, mask))
				require.True(t, errors.Is(errA, ErrPeer) || errors.Is(errA, ErrIncompatible) || errors.Is(errA, ErrAborted),
					"byte %d: %v", offset, errA)
				require.True(t, errB == nil || classified(errB), "byte %d: %v", offset, errB)
				require.LessOrEqual(t, time.Since(start), 2*abortGrace, "byte %d", offset)
				if errors.Is(errA, ErrIncompatible) {
					require.ErrorIs(t, errB, ErrIncompatible, "byte %d", offset)
				}
			})
		}
	}
}

func TestCutAtEachByte(t *testing.T) {
	for n := range int64(pongBytes) {
		errA, errB := testparty.Run(t, party(hello(RoleA, 3), ping), party(hello(RoleB, 4), pong), testparty.Cut(n))
		// The cut closes the connection, which a write under way may notice first.
		require.True(t, errors.Is(errA, io.ErrUnexpectedEOF) || errors.Is(errA, io.ErrClosedPipe), "after %d bytes: %v", n, errA)
		require.True(t, classified(errB), "after %d bytes: %v", n, errB)
	}
}

// A stalled stream ends with the deadline, and the other side is told.
func TestStallAtEachByte(t *testing.T) {
	for n := range int64(pongBytes) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			a := func(ctx context.Context, conn net.Conn) error {
				ctx, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				return run(ctx, conn, hello(RoleA, 3), ping)
			}
			errA, errB := testparty.Join(t.Context(), a, party(hello(RoleB, 4), pong), testparty.Lose(n))
			require.ErrorIs(t, errA, context.DeadlineExceeded, "after %d bytes", n)
			require.ErrorIs(t, errB, ErrAborted, "after %d bytes", n)
			require.LessOrEqual(t, time.Since(start), time.Minute+2*abortGrace)
		})
	}
}

func TestCancellation(t *testing.T) {
	reason := errors.New("the user pressed a key")
	a := func(ctx context.Context, conn net.Conn) error {
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(time.Second, func() { cancel(reason) })
		return run(ctx, conn, hello(RoleA, 3), func(s *Session) error { return s.Recv(2, make([]byte, 4)) })
	}
	b := party(hello(RoleB, 4), func(s *Session) error { return s.Recv(1, make([]byte, 4)) })
	errA, errB := testparty.Run(t, a, b)
	require.ErrorIs(t, errA, context.Canceled)
	require.ErrorIs(t, errA, reason)
	require.ErrorIs(t, errB, ErrAborted)
}

func TestCancelledBefore(t *testing.T) {
	reason := errors.New("the user pressed a key")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	var buf bytes.Buffer
	_, _, err := Open(ctx, &buf, hello(RoleA, 0))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, reason)
	require.Zero(t, buf.Len(), "something was sent")
}

// The side that fails finds the other in the middle of a write of several
// frames: the abort has to get past it, at once and in both arrangements of who
// is blocked.
func TestAbortPastABlockedWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		mine := errors.New("disk full")
		a := party(hello(RoleA, 3), func(s *Session) error {
			time.Sleep(time.Second) // b is blocked by now
			return mine
		})
		b := party(hello(RoleB, 4), func(s *Session) error {
			for range 5 {
				if err := s.Send(2, make([]byte, 1<<20)); err != nil {
					return err
				}
			}
			return s.Recv(1, make([]byte, 4))
		})
		errA, errB := testparty.Join(t.Context(), a, b)
		require.ErrorIs(t, errA, mine)
		require.ErrorIs(t, errB, ErrAborted)
		require.Equal(t, time.Second, time.Since(start), "the abort took its grace time")
	})
}

// Both sides send, and one of them fails while its own frame is half out.
func TestAbortBehindOwnFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		a := party(hello(RoleA, 3), func(s *Session) error {
			return s.Duplex(func() error {
				for range 5 {
					if err := s.Send(1, make([]byte, 1<<20)); err != nil {
						return err
					}
				}
				return nil
			}, func() error {
				return s.Recv(2, make([]byte, 3)) // b sends four
			})
		})
		b := party(hello(RoleB, 4), func(s *Session) error {
			if err := s.Send(2, make([]byte, 4)); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
			for range 5 {
				if err := s.Recv(1, make([]byte, 1<<20)); err != nil {
					return err
				}
			}
			return nil
		})
		errA, errB := testparty.Join(t.Context(), a, b)
		require.ErrorIs(t, errA, ErrPeer)
		require.ErrorIs(t, errB, ErrAborted)
		require.ErrorContains(t, errB, "broke the protocol")
		require.Equal(t, time.Millisecond, time.Since(start))
	})
}

// What fails when both sides have said that nothing more comes is this side's own
// affair: it writes nothing into a stream that is no longer the session's, and waits
// for nothing.
func TestFailureBehindTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		mine := errors.New("out of paper")
		a := party(hello(RoleA, 3), func(s *Session) error {
			if err := ping(s); err != nil {
				return err
			}
			return mine
		})
		b := func(ctx context.Context, conn net.Conn) error {
			if err := party(hello(RoleB, 4), pong)(ctx, conn); err != nil {
				return err
			}
			conn.SetReadDeadline(time.Now().Add(time.Minute))
			n, err := conn.Read(make([]byte, 1))
			require.Zero(t, n)
			return err
		}
		var took time.Duration
		errA, errB := testparty.Join(t.Context(), func(ctx context.Context, conn net.Conn) error {
			err := a(ctx, conn)
			took = time.Since(start)
			time.Sleep(time.Hour) // conn stays open
			return err
		}, b)
		require.Equal(t, mine, errA)
		require.ErrorIs(t, errB, os.ErrDeadlineExceeded)
		require.Zero(t, took)
	})
}

// Work without steps does not keep a session whose context has ended.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		s := &Session{ctx: ctx}
		require.NoError(t, s.Await(func() { time.Sleep(time.Second) }))
		require.Equal(t, time.Second, time.Since(start))
		time.AfterFunc(time.Second, cancel)
		work := make(chan struct{})
		require.ErrorIs(t, s.Await(func() { <-work }), context.Canceled)
		require.Equal(t, 2*time.Second, time.Since(start))
		close(work)
	})
}

// A peer that neither reads nor writes any more costs the grace time, no more.
func TestAbortToADeadPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		a := party(hello(RoleA, 3), func(s *Session) error { return errors.New("mine") })
		b := party(hello(RoleB, 4), func(s *Session) error {
			time.Sleep(time.Hour)
			return nil
		})
		var ended time.Duration
		_, _ = testparty.Join(t.Context(), func(ctx context.Context, conn net.Conn) error {
			defer func() { ended = time.Since(start) }()
			return a(ctx, conn)
		}, b)
		require.Equal(t, abortGrace, ended)
	})
}

// Neither side is to blame if they are configured differently.
func TestIncompatible(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Hello)
		says   string
	}{
		"protocol":         {func(h *Hello) { h.Protocol = 8 }, "protocol 8"},
		"protocol version": {func(h *Hello) { h.ProtocolVersion = 2 }, "version 2"},
		"role":             {func(h *Hello) { h.Role = RoleA }, "same role"},
		"one term":         {func(h *Hello) { h.Terms[1].Value = []byte("large") }, "sizes"},
		"two terms":        {func(h *Hello) { h.Terms[0].Value, h.Terms[1].Value = nil, nil }, "colours and sizes"},
		"fewer terms":      {func(h *Hello) { h.Terms = h.Terms[:1] }, "sizes"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				h := hello(RoleB, 4)
				test.change(&h)
				errA, errB := testparty.Join(t.Context(), party(hello(RoleA, 3), ping), party(h, pong))
				for _, err := range []error{errA, errB} {
					require.ErrorIs(t, err, ErrIncompatible)
					require.NotErrorIs(t, err, ErrPeer)
				}
				require.ErrorContains(t, errA, test.says)
				require.Zero(t, time.Since(start))
			})
		})
	}
}

// Both the hash over all terms and the short ones of each have to be equal.
func TestForgedTerms(t *testing.T) {
	const totalAt, shortAt = helloSize - sha256.Size - MaxTerms*termSize, helloSize - MaxTerms*termSize
	for offset, says := range map[int]string{
		totalAt: "terms differ", shortAt - 1: "terms differ", shortAt: "colours differ", shortAt + 2*termSize - 1: "sizes differ",
		shortAt + 2*termSize: "terms differ", helloSize - 1: "terms differ",
	} {
		errA, _ := testparty.Run(t, party(hello(RoleA, 3), ping), func(ctx context.Context, conn net.Conn) error {
			h := hello(RoleB, 4)
			forged := h.append(nil)
			forged[offset] ^= 1
			go io.Copy(io.Discard, conn)
			_, err := conn.Write(forged)
			time.Sleep(2 * abortGrace)
			return err
		})
		require.ErrorIs(t, errA, ErrIncompatible, "byte %d", offset)
		require.ErrorContains(t, errA, says, "byte %d", offset)
	}
}

// A caller with more terms than fit has a bug that no stream brings out.
func TestTooManyTerms(t *testing.T) {
	h := Hello{Terms: make([]Term, MaxTerms)}
	require.Len(t, h.append(nil), helloSize)
	h.Terms = make([]Term, MaxTerms+1)
	require.PanicsWithValue(t, "session: internal error: 9 terms", func() { h.append(nil) })
}

// There are two roles, and each side must have one.
func TestUnknownRole(t *testing.T) {
	for _, role := range []Role{0, 3, 0xff} {
		errA, errB := testparty.Run(t, party(hello(RoleA, 3), ping), party(hello(role, 4), pong))
		require.ErrorIs(t, errA, ErrPeer)
		require.ErrorContains(t, errA, "with role")
		require.ErrorIs(t, errB, ErrAborted)
	}
}

// raw returns a party that writes b behind a valid hello, and reads on.
func raw(b []byte) testparty.Party {
	return func(ctx context.Context, conn net.Conn) error {
		h := hello(RoleB, 4)
		go io.Copy(io.Discard, conn)
		if _, err := conn.Write(h.append(nil)); err != nil {
			return err
		}
		_, err := conn.Write(b)
		time.Sleep(2 * abortGrace)
		return err
	}
}

func frame(typ byte, length uint32, payload string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{typ}, length), payload...)
}

func TestHostileFrames(t *testing.T) {
	for name, b := range map[string][]byte{
		"another type":     frame(3, 4, "pong"),
		"type zero":        frame(0, 4, "pong"),
		"a byte too long":  frame(2, 5, "pongs"),
		"a byte too short": frame(2, 3, "pon"),
		"4 GiB":            frame(2, 1<<32-1, "pong"),
		"early end":        frame(typeEnd, endSize, "\x00\x00\x00\x00\x00\x00\x00\x00"),
		"one frame more":   append(frame(2, 4, "pong"), frame(2, 4, "pong")...),
		"wrong checksum":   append(frame(2, 4, "pong"), frame(typeEnd, endSize, "\x00\x00\x00\x00\x00\x00\x00\x00")...),
		"long end":         append(frame(2, 4, "pong"), frame(typeEnd, endSize+1, "\x00\x00\x00\x00\x00\x00\x00\x00\x00")...),
		"empty abort":      frame(typeAbort, 0, ""),
		"long abort":       frame(typeAbort, 1<<31, ""),
		"unknown abort":    frame(typeAbort, 1, "\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			errA, _ := testparty.Run(t, party(hello(RoleA, 3), ping), raw(b))
			require.ErrorIs(t, errA, ErrPeer)
		})
	}
}

func TestAbortClasses(t *testing.T) {
	for class, want := range map[byte]error{abortPeer: ErrAborted, abortIncompatible: ErrIncompatible, abortStopped: ErrAborted} {
		errA, _ := testparty.Run(t, party(hello(RoleA, 3), ping), raw(frame(typeAbort, 1, string(class))))
		require.ErrorIs(t, errA, want)
		require.NotErrorIs(t, errA, ErrPeer)
	}
}

// Something else that listens on the port, or another version.
func TestStrangers(t *testing.T) {
	next := binary.BigEndian.AppendUint16([]byte(magic), Version+1)
	for says, greeting := range map[string][]byte{
		"does not speak": []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"wire version 2": next,
	} {
		errA, _ := testparty.Run(t, party(hello(RoleA, 3), ping), func(ctx context.Context, conn net.Conn) error {
			go io.Copy(io.Discard, conn)
			_, err := conn.Write(greeting)
			time.Sleep(time.Second)
			return err
		})
		require.ErrorIs(t, errA, ErrIncompatible)
		require.ErrorContains(t, errA, says)
	}
}

func TestErrorsAreSticky(t *testing.T) {
	testparty.Run(t, party(hello(RoleA, 3), func(s *Session) error {
		first := s.Recv(2, make([]byte, 9))
		require.ErrorIs(t, first, ErrPeer)
		require.Equal(t, first, s.Recv(2, make([]byte, 4)))
		require.Equal(t, first, s.Send(1, nil))
		require.Equal(t, first, s.SendEnd())
		require.Equal(t, first, s.RecvEnd())
		return first
	}), raw(frame(2, 4, "pong")))
}

// A stream that has Close but no deadlines is closed when the context ends.
func TestOnlyClose(t *testing.T) {
	type plain struct {
		io.Reader
		io.Writer
		io.Closer
	}
	a := func(ctx context.Context, conn net.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return run(ctx, plain{conn, conn, conn}, hello(RoleA, 3), func(s *Session) error { return s.Recv(2, make([]byte, 4)) })
	}
	errA, errB := testparty.Run(t, a, party(hello(RoleB, 4), func(s *Session) error { return s.Recv(1, nil) }))
	require.ErrorIs(t, errA, context.DeadlineExceeded)
	require.ErrorIs(t, errB, io.ErrUnexpectedEOF)

	// It can still carry an abort.
	mine := errors.New("mine")
	a = func(ctx context.Context, conn net.Conn) error {
		return run(ctx, plain{conn, conn, conn}, hello(RoleA, 3), func(s *Session) error { return mine })
	}
	errA, errB = testparty.Run(t, a, party(hello(RoleB, 4), func(s *Session) error { return s.Recv(1, nil) }))
	require.ErrorIs(t, errA, mine)
	require.ErrorIs(t, errB, ErrAborted)
}

// A stream with nothing but Read and Write works, and does not hang at an error.
func TestOnlyReadWrite(t *testing.T) {
	type plain struct{ io.ReadWriter }
	wrap := func(h Hello, f func(*Session) error) testparty.Party {
		return func(ctx context.Context, conn net.Conn) error { return run(ctx, plain{conn}, h, f) }
	}
	errA, errB := testparty.Run(t, wrap(hello(RoleA, 3), ping), wrap(hello(RoleB, 4), pong))
	require.NoError(t, errA)
	require.NoError(t, errB)

	mine := errors.New("mine")
	errA, errB = testparty.Run(t, wrap(hello(RoleA, 3), func(s *Session) error { return mine }), wrap(hello(RoleB, 4), pong))
	require.ErrorIs(t, errA, mine)
	require.ErrorIs(t, errB, io.ErrUnexpectedEOF)
}

// Over real TCP, a connection closed with unread bytes is reset, and a reset
// destroys what the other side has not read yet. The abort must arrive all the
// same, whether the other side is writing or reading.
func TestAbortOverTCP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	for range 50 {
		var wg sync.WaitGroup
		var errB error
		wg.Go(func() {
			conn, err := ln.Accept()
			if err != nil {
				errB = err
				return
			}
			defer conn.Close()
			errB = run(t.Context(), conn, hello(RoleB, 4), func(s *Session) error {
				for range 20 {
					if err := s.Send(2, make([]byte, 1<<20)); err != nil {
						return err
					}
				}
				return s.Recv(1, nil)
			})
		})
		conn, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		errA := run(t.Context(), conn, hello(RoleA, 3), func(s *Session) error { return s.Recv(2, nil) })
		conn.Close()
		wg.Wait()
		require.ErrorIs(t, errA, ErrPeer)
		require.ErrorIs(t, errB, ErrAborted)
	}
}

// After a session the connection can carry another, with no deadline left on it
// and no byte of the next session swallowed.
func TestTwoSessionsInARow(t *testing.T) {
	twice := func(h Hello, f func(*Session) error) testparty.Party {
		return func(ctx context.Context, conn net.Conn) error {
			for range 2 {
				once, cancel := context.WithTimeout(ctx, time.Minute)
				err := run(once, conn, h, f)
				cancel()
				if err != nil {
					return err
				}
				time.Sleep(2 * time.Minute)
			}
			return nil
		}
	}
	errA, errB := testparty.Run(t, twice(hello(RoleA, 3), ping), twice(hello(RoleB, 4), pong), testparty.Delay(time.Second))
	require.NoError(t, errA)
	require.NoError(t, errB)
}

func FuzzRecv(f *testing.F) {
	peer := hello(RoleB, 4)
	valid := peer.append(nil)
	valid = append(valid, frame(2, 4, "pong")...)
	f.Add(valid)
	f.Add(append(bytes.Clone(valid), frame(typeEnd, endSize, "abcdefgh")...))
	f.Add(append(bytes.Clone(valid), frame(typeAbort, 1, "\x02")...))
	f.Add([]byte("HTTP/1.1 200 OK"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rw := struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(b), io.Discard}
		err := run(t.Context(), rw, hello(RoleA, 3), ping)
		// Only the exact stream passes, and its checksum is in the way of that.
		if err == nil && len(b) != pongBytes {
			t.Errorf("%d bytes were taken for a session", len(b))
		}
		if err != nil && !classified(err) {
			t.Errorf("unclassified: %v", err)
		}
	})
}

// Both halves of a Duplex fail at once, each of which wants the stream to be
// interrupted. With only Close there is one timer for both, and none is left
// running when the session is closed.
func TestBothHalvesFail(t *testing.T) {
	type plain struct {
		io.Reader
		io.Writer
		io.Closer
	}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			var closed atomic.Bool
			a := func(ctx context.Context, conn net.Conn) error {
				defer func() {
					time.Sleep(2 * abortGrace)
					require.False(t, closed.Load(), "a timer outlived the session")
				}()
				rw := plain{conn, conn, closer(func() error {
					closed.Store(true)
					return conn.Close()
				})}
				return run(ctx, rw, hello(RoleA, 3), func(s *Session) error {
					return s.Duplex(func() error { return errors.New("mine") }, func() error { return errors.New("mine too") })
				})
			}
			errA, errB := testparty.Join(t.Context(), a, party(hello(RoleB, 4), func(s *Session) error { return s.Recv(1, nil) }))
			require.ErrorContains(t, errA, "mine")
			require.ErrorIs(t, errB, ErrAborted)
		})
	}
}

type closer func() error

func (f closer) Close() error { return f() }

// A file can have SetDeadline and fail at it. Close must do then.
func TestDeadlineThatFails(t *testing.T) {
	a := func(ctx context.Context, conn net.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return run(ctx, noDeadline{conn}, hello(RoleA, 3), func(s *Session) error { return s.Recv(2, make([]byte, 4)) })
	}
	errA, errB := testparty.Run(t, a, party(hello(RoleB, 4), func(s *Session) error { return s.Recv(1, nil) }))
	require.ErrorIs(t, errA, context.DeadlineExceeded)
	require.ErrorIs(t, errB, io.ErrUnexpectedEOF)
}

type noDeadline struct{ net.Conn }

func (noDeadline) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (noDeadline) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (noDeadline) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

// A tearing stream takes a part of the frame behind the hello and fails, once.
type tearing struct {
	net.Conn
	takes  int
	writes [][]byte
}

func (c *tearing) Write(b []byte) (int, error) {
	c.writes = append(c.writes, bytes.Clone(b))
	if len(c.writes) != 2 {
		return c.Conn.Write(b)
	}
	n, err := c.Conn.Write(b[:c.takes])
	if err == nil {
		err = errors.New("torn")
	}
	return n, err
}

// Behind a frame that went out in part comes nothing, as it would land inside. If
// none of it went out, the other side can be told.
func TestTornFrame(t *testing.T) {
	for takes, writes := range []int{3, 2, 2, 2, 2, 2, 2, 2} {
		var torn *tearing
		a := func(ctx context.Context, conn net.Conn) error {
			torn = &tearing{Conn: conn, takes: takes}
			return run(ctx, torn, hello(RoleA, 3), ping)
		}
		errA, errB := testparty.Run(t, a, party(hello(RoleB, 4), pong))
		require.Error(t, errA)
		require.Len(t, torn.writes, writes, "after %d bytes", takes)
		if takes > 0 {
			require.ErrorContains(t, errA, "torn", "after %d bytes", takes)
			require.ErrorIs(t, errB, io.ErrUnexpectedEOF, "after %d bytes", takes)
			continue
		}
		require.Equal(t, frame(typeAbort, 1, "\x03"), torn.writes[2])
		require.ErrorIs(t, errB, ErrAborted)
	}
}

// slowReader takes its time, so that the other side is always in a Write.
type slowReader struct{ net.Conn }

func (r slowReader) Read(b []byte) (int, error) {
	time.Sleep(abortGrace / 100)
	return r.Conn.Read(b[:min(len(b), 1000)])
}

// A side that is interrupted in the middle of a write ends that frame, so that
// the other one can be told.
func TestInterruptedWrite(t *testing.T) {
	a := func(ctx context.Context, conn net.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return run(ctx, conn, hello(RoleA, 3), func(s *Session) error {
			for {
				if err := s.Send(1, make([]byte, 50000)); err != nil {
					return err
				}
			}
		})
	}
	b := func(ctx context.Context, conn net.Conn) error {
		return run(ctx, slowReader{conn}, hello(RoleB, 4), func(s *Session) error {
			for {
				if err := s.Recv(1, make([]byte, 50000)); err != nil {
					return err
				}
			}
		})
	}
	errA, errB := testparty.Run(t, a, b)
	require.ErrorIs(t, errA, context.DeadlineExceeded)
	require.ErrorIs(t, errB, ErrAborted)
}
