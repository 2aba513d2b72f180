package psi

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gtank/ristretto255"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/testparty"
)

var x, y = numbers(0, 3), numbers(2, 6)

func pair(t testing.TB) (a, b *side) { return pairOf(t, toBoth()) }

func pairOf(t testing.TB, cfg *Config) (a, b *side) {
	other := *cfg
	return &side{set: newSet(t, x...), cfg: cfg}, &side{set: newSet(t, y...), cfg: &other}
}

// classified reports whether err is of a class that a caller can act on.
func classified(err error) bool {
	for _, class := range []error{ErrPeer, ErrIncompatible, ErrAborted, io.ErrUnexpectedEOF, io.ErrClosedPipe} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// lengths returns the number of bytes that receiver and sender read.
func lengths(t *testing.T, cfg *Config) (receiver, sender int64) {
	a, b := pairOf(t, cfg)
	errA, errB := testparty.Run(t, a.receive, b.send)
	require.NoError(t, errors.Join(errA, errB))
	return a.result.Stats.Received, b.result.Stats.Received
}

// offsets returns where in a stream to put a fault: everywhere in a short one,
// and in a long one in places near both ends and some between.
func offsets(length int64) (at []int64) {
	const ends = 300
	step, between := int64(1), int64(31)
	if length > 10*ends {
		step = 7 // odd, so that the bits that are flipped change
	}
	if testing.Short() {
		step, between = 13*step, 7
	}
	for offset := int64(0); offset < length; {
		at = append(at, offset)
		if offset > ends && offset < length-ends && length > 10*ends {
			offset = min(offset+length/between, length-ends)
		} else {
			offset += step
		}
	}
	return at
}

// faultAtEachByte runs each way of the protocol once for each of the offsets in
// what a party reads, with a fault there, and checks that the party fails, that
// the other never believes in a result that the party denies, and that both end
// promptly.
func faultAtEachByte(t *testing.T, fault func(int64) testparty.Fault, check func(t *testing.T, offset int64, err error)) {
	for way, cfg := range ways() {
		t.Run(way, func(t *testing.T) {
			receiver, sender := lengths(t, cfg)
			for _, offset := range offsets(receiver) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					a, b := pairOf(t, cfg)
					errA, errB := testparty.Join(t.Context(), a.receive, b.send, fault(offset))
					check(t, offset, errA)
					require.True(t, classified(errB), "receiver's byte %d: %v", offset, errB)
					require.LessOrEqual(t, time.Since(start), 3*time.Second)
				})
			}
			for _, offset := range offsets(sender) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					a, b := pairOf(t, cfg)
					errB, errA := testparty.Join(t.Context(), b.send, a.receive, fault(offset))
					check(t, offset, errB)
					// The receiver is done when its last message is written, and
					// may be right.
					if errA == nil {
						require.Equal(t, expected(x, y), a.result.Rows)
					} else {
						require.True(t, classified(errA), "sender's byte %d: %v", offset, errA)
					}
					require.LessOrEqual(t, time.Since(start), 3*time.Second)
				})
			}
		})
	}
}

func TestEachByteFlipped(t *testing.T) {
	faultAtEachByte(t, func(offset int64) testparty.Fault { return testparty.Flip(offset, byte(1)<<(offset%8)) },
		func(t *testing.T, offset int64, err error) {
			require.True(t, errors.Is(err, ErrPeer) || errors.Is(err, ErrIncompatible) || errors.Is(err, ErrAborted),
				"byte %d: %v", offset, err)
		})
}

func TestCutAtEachByte(t *testing.T) {
	faultAtEachByte(t, testparty.Cut, func(t *testing.T, offset int64, err error) {
		// The cut closes the connection, which a write under way may notice first.
		require.True(t, errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe), "byte %d: %v", offset, err)
	})
}

func TestShortReads(t *testing.T) {
	for way, cfg := range ways() {
		t.Run(way, func(t *testing.T) { check(t, cfg, numbers(0, 30), numbers(20, 60), testparty.Short) })
	}
}

func TestStallPastTheDeadline(t *testing.T) {
	for way, cfg := range ways() {
		t.Run(way, func(t *testing.T) {
			receiver, _ := lengths(t, cfg)
			for k := range int64(10) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					a, b := pairOf(t, cfg)
					timed := func(ctx context.Context, conn net.Conn) error {
						ctx, cancel := context.WithTimeout(ctx, time.Minute)
						defer cancel()
						return a.receive(ctx, conn)
					}
					errA, errB := testparty.Join(t.Context(), timed, b.send, testparty.Lose(k*receiver/10))
					require.ErrorIs(t, errA, context.DeadlineExceeded)
					require.ErrorIs(t, errB, ErrAborted)
					require.LessOrEqual(t, time.Since(start), time.Minute+3*time.Second)
				})
			}
		})
	}
}

func TestCancellation(t *testing.T) {
	for way, cfg := range ways() {
		t.Run(way, func(t *testing.T) {
			other := *cfg
			a, b := &side{set: newSet(t, numbers(0, 2000)...), cfg: cfg}, &side{set: newSet(t, numbers(0, 2000)...), cfg: &other}
			ctx, cancel := context.WithCancel(t.Context())
			a.cfg.Progress = func(Progress) { cancel() }
			errA, errB := testparty.Run(t, func(_ context.Context, conn net.Conn) error { return a.receive(ctx, conn) }, b.send)
			require.ErrorIs(t, errA, context.Canceled)
			require.ErrorIs(t, errB, ErrAborted)
		})
	}
}

// A stream that was recorded in another session does not fit into this one.
func TestReplay(t *testing.T) {
	for way, cfg := range ways() {
		t.Run(way, func(t *testing.T) {
			a, b := pairOf(t, cfg)
			var recorded, discard bytes.Buffer
			errA, errB := testparty.Run(t, a.receive, b.send, testparty.Tap(&recorded, &discard))
			require.NoError(t, errors.Join(errA, errB))
			replay := func(ctx context.Context, conn net.Conn) error {
				go io.Copy(io.Discard, conn)
				_, err := conn.Write(recorded.Bytes())
				time.Sleep(2 * time.Second)
				return err
			}
			fresh := func(ctx context.Context, conn net.Conn) error {
				_, err := Receive(ctx, conn, a.set, a.cfg)
				return err
			}
			errA, _ = testparty.Run(t, fresh, replay)
			require.ErrorIs(t, errA, ErrPeer)
		})
	}
}

func TestIncompatible(t *testing.T) {
	for says, change := range map[string]func(*Config){
		"reveal settings": func(c *Config) { c.Reveal = RevealReceiver },
		"contexts":        func(c *Config) { c.Context = []byte("another contract") },
		"protocols":       func(c *Config) { c.Protocol = VOLE },
		"adversary models": func(c *Config) {
			c.Adversary, c.Protocol, c.Reveal = Malicious, VOLE, RevealReceiver
		},
	} {
		a, b := pair(t)
		change(b.cfg)
		errA, errB := testparty.Run(t, a.receive, b.send)
		for _, err := range []error{errA, errB} {
			require.ErrorIs(t, err, ErrIncompatible)
			require.NotErrorIs(t, err, ErrPeer)
			require.ErrorContains(t, err, says)
		}
	}
	a, b := pair(t)
	for _, both := range []func(*side) testparty.Party{
		func(p *side) testparty.Party { return p.receive }, func(p *side) testparty.Party { return p.send },
	} {
		errA, errB := testparty.Run(t, both(a), both(b))
		require.ErrorIs(t, errA, ErrIncompatible)
		require.ErrorIs(t, errB, ErrIncompatible)
	}
}

// actor opens a session as an honest party would, with that many items, and
// then does something else.
func actor(role session.Role, items uint64, change func(*session.Hello), act func(s *session.Session) error) testparty.Party {
	return func(ctx context.Context, conn net.Conn) error {
		p, err := newParams(toBoth(), &Set{})
		if err != nil {
			return err
		}
		hello := p.hello(role, [16]byte{}, 0)
		hello.Items = items
		if change != nil {
			change(&hello)
		}
		s, _, err := session.Open(ctx, conn, hello)
		if err != nil {
			return err
		}
		return s.Close(act(s))
	}
}

func idle(s *session.Session) error { return s.Recv(dhBlinded, make([]byte, 1<<20)) }

func TestWrongHello(t *testing.T) {
	for name, change := range map[string]func(*session.Hello){
		"protocol": func(h *session.Hello) { h.Protocol = 77 },
		"version":  func(h *session.Hello) { h.ProtocolVersion = 77 },
		"role":     func(h *session.Hello) { h.Role = session.RoleA },
		"terms":    func(h *session.Hello) { h.Terms = nil },
		"split": func(h *session.Hello) {
			h.Terms[2].Value = binary.BigEndian.AppendUint32(h.Terms[2].Value[:1:1], uint32(2*mostInPart))
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := pair(t)
			errA, errB := testparty.Run(t, a.receive, actor(session.RoleB, 3, change, idle))
			require.ErrorIs(t, errA, ErrIncompatible)
			require.ErrorIs(t, errB, ErrIncompatible)
		})
	}
}

// A number of items beyond the bound is refused before anything is allocated
// for it, and one below it takes no memory until they come.
func TestDeclaredItems(t *testing.T) {
	for _, items := range []uint64{1<<24 + 1, 1 << 32, 1 << 62, 1<<64 - 1} {
		a, b := pair(t)
		errA, errB := testparty.Run(t, a.receive, actor(session.RoleB, items, nil, idle))
		require.ErrorIs(t, errA, ErrIncompatible)
		require.ErrorContains(t, errA, "MaxPeerItems")
		require.ErrorIs(t, errB, ErrIncompatible)
		errB, _ = testparty.Run(t, b.send, actor(session.RoleA, items, nil, func(s *session.Session) error { return s.Recv(dhTags, nil) }))
		require.ErrorIs(t, errB, ErrIncompatible)
	}
	a, _ := pair(t)
	before := totalAlloc()
	errA, _ := testparty.Run(t, a.receive, actor(session.RoleB, 1<<24, nil, func(s *session.Session) error {
		return errors.New("no more")
	}))
	require.ErrorIs(t, errA, ErrAborted)
	require.Less(t, totalAlloc()-before, uint64(8<<20))
}

// Bits behind the last tag are refused, though all checksums fit.
func TestBitsBehindTags(t *testing.T) {
	for last, refused := range map[byte]bool{0: false, 0x80: true, 0x08: true} {
		a, _ := pairOf(t, toReceiver())
		alike := func(h *session.Hello) { h.Terms[1].Value = []byte{byte(RevealReceiver)} }
		errA, errB := testparty.Run(t, a.receive, actor(session.RoleB, 1, alike, func(s *session.Session) error {
			tags := make([]byte, packedSize(1, tagBits(len(x), 1)))
			tags[len(tags)-1] = last // of its bits three are the tag's
			if err := s.Send(dhTags, tags); err != nil {
				return err
			}
			elements := make([]byte, len(x)*elementSize)
			if err := s.Recv(dhBlinded, elements); err != nil {
				return err
			}
			if err := s.Send(dhEvaluated, elements); err != nil {
				return err
			}
			if err := s.SendEnd(); err != nil {
				return err
			}
			return s.RecvEnd()
		}))
		if !refused {
			require.NoError(t, errors.Join(errA, errB))
			continue
		}
		require.ErrorIs(t, errA, ErrPeer)
		require.ErrorContains(t, errA, "behind the last block")
		require.ErrorIs(t, errB, ErrAborted)
	}
}

// elements are encodings that must be refused: from RFC 9496, appendix A.2, and
// the identity.
var badElements = map[string]string{
	"not canonical":     "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	"field modulus":     "\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	"negative":          "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	"not on the curve":  "\x26\x94\x8d\x35\xca\x62\xe6\x43\xe2\x6a\x83\x17\x73\x32\xe6\xb6\xaf\xeb\x9d\x08\xe4\x26\x8b\x65\x0f\x1f\x5b\xbd\x8d\x81\xd3\x71",
	"the identity":      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	"all bits":          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	"one with high bit": "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80",
}

func generator() []byte { return ristretto255.NewGeneratorElement().Bytes() }

func TestBadElements(t *testing.T) {
	for name, bad := range badElements {
		t.Run(name, func(t *testing.T) {
			for position := range len(x) {
				elements := bytes.Repeat(generator(), len(x))
				copy(elements[position*elementSize:], bad)

				a, b := pair(t)
				errA, errOther := testparty.Run(t, a.receive, actor(session.RoleB, 0, nil, func(s *session.Session) error {
					if err := s.Recv(dhBlinded, make([]byte, len(x)*elementSize)); err != nil {
						return err
					}
					if err := s.Send(dhEvaluated, elements); err != nil {
						return err
					}
					return s.RecvEnd()
				}))
				require.ErrorIs(t, errA, ErrPeer)
				require.ErrorIs(t, errOther, ErrAborted)

				errB, errOther := testparty.Run(t, b.send, actor(session.RoleA, uint64(len(x)), nil, func(s *session.Session) error {
					if err := s.Recv(dhTags, make([]byte, packedSize(len(y), tagBits(len(x), len(y))))); err != nil {
						return err
					}
					if err := s.Send(dhBlinded, elements); err != nil {
						return err
					}
					return s.Recv(dhEvaluated, make([]byte, len(elements)))
				}))
				require.ErrorIs(t, errB, ErrPeer)
				require.ErrorIs(t, errOther, ErrAborted)
			}
		})
	}
}

// receiver plays the receiver up to where it says what matched.
func receiver(s *session.Session, then func() error) error {
	if err := s.Recv(dhTags, make([]byte, packedSize(len(y), tagBits(len(x), len(y))))); err != nil {
		return err
	}
	elements := bytes.Repeat(generator(), len(x))
	if err := s.Send(dhBlinded, elements); err != nil {
		return err
	}
	if err := s.Recv(dhEvaluated, elements); err != nil {
		return err
	}
	if err := s.RecvEnd(); err != nil {
		return err
	}
	return then()
}

func TestWrongEnds(t *testing.T) {
	for name, then := range map[string]func(s *session.Session) error{
		"one frame more": func(s *session.Session) error {
			if err := s.Send(msgMatched, []byte{1}); err != nil {
				return err
			}
			return s.Send(msgMatched, []byte{1})
		},
		"a chunk more":      func(s *session.Session) error { return s.Send(dhBlinded, generator()) },
		"end too early":     func(s *session.Session) error { return s.SendEnd() },
		"bits beyond tags":  func(s *session.Session) error { return s.Send(msgMatched, []byte{0x10}) },
		"too many bytes":    func(s *session.Session) error { return s.Send(msgMatched, []byte{1, 0}) },
		"nothing":           func(s *session.Session) error { return s.Send(msgMatched, nil) },
		"another direction": func(s *session.Session) error { return s.Send(dhTags, []byte{1}) },
	} {
		t.Run(name, func(t *testing.T) {
			_, b := pair(t)
			errB, errOther := testparty.Run(t, b.send, actor(session.RoleA, uint64(len(x)), nil, func(s *session.Session) error {
				return receiver(s, func() error {
					if err := then(s); err != nil {
						return err
					}
					return s.Recv(dhTags, nil) // until the abort comes
				})
			}))
			require.ErrorIs(t, errB, ErrPeer)
			require.ErrorIs(t, errOther, ErrAborted)
			require.Nil(t, b.result)
		})
	}
}

// A receiver that says that one of the sender's padding items matched lies.
func TestPaddingMatched(t *testing.T) {
	_, b := pair(t)
	b.cfg.PadTo = 6
	errB, _ := testparty.Run(t, b.send, actor(session.RoleA, 0, nil, func(s *session.Session) error {
		if err := s.Recv(dhTags, make([]byte, packedSize(6, tagBits(0, 6)))); err != nil {
			return err
		}
		if err := s.RecvEnd(); err != nil {
			return err
		}
		if err := s.Send(msgMatched, []byte{0x3f}); err != nil {
			return err
		}
		return s.Recv(dhTags, nil)
	}))
	require.ErrorIs(t, errB, ErrPeer)
	require.ErrorIs(t, errB, errPadding)
}

// FuzzReceive and FuzzSend feed a party arbitrary streams. Whatever is not what
// the other side would have sent gives a classified error.
func FuzzReceive(f *testing.F) { fuzzParty(f, session.RoleA) }
func FuzzSend(f *testing.F)    { fuzzParty(f, session.RoleB) }

func fuzzParty(f *testing.F, role session.Role) {
	// One worker keeps the goroutines few.
	set, cfg := newSet(f, x...), toBoth()
	cfg.Workers = 1
	var toA, toB bytes.Buffer
	a, b := &side{set: set, cfg: cfg}, &side{set: set, cfg: cfg}
	errA, errB := testparty.Join(f.Context(), a.receive, b.send, testparty.Tap(&toA, &toB))
	require.NoError(f, errors.Join(errA, errB))
	honest, coins := toA.Bytes(), testCoins(1)
	if role == session.RoleB {
		honest, coins = toB.Bytes(), testCoins(2)
	}
	f.Add(honest)
	f.Add(honest[:len(honest)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, stream []byte) {
		rw := struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(stream), io.Discard}
		result, err := run(t.Context(), rw, role, set, cfg, coins)
		if (err == nil) != bytes.HasPrefix(stream, honest) {
			t.Errorf("result %v, error %v", result, err)
		}
		if err != nil && !classified(err) {
			t.Errorf("unclassified: %v", err)
		}
	})
}

// Looking for matches takes a time that depends on how many there are, and here
// even fails. A sender that is to learn nothing has its end frame before that.
func TestSenderDoesNotSeeMatching(t *testing.T) {
	a, _ := pair(t)
	a.cfg = toReceiver()
	a.cfg.PadTo = 6
	padding := padded(a.set.records, 6, testCoins(1).pad).padding
	alike := func(h *session.Hello) { h.Terms[1].Value = []byte{byte(RevealReceiver)} }
	errA, errOther := testparty.Run(t, a.receive, actor(session.RoleB, 1, alike, func(s *session.Session) error {
		// An item that only the receiver can have.
		key, width := newDHKey(nil, &[64]byte{1}), tagBits(6, 1)
		tag, elements := make([]prg.Block, 1), make([]byte, 6*elementSize)
		key.tags(tag, width, elements[:elementSize], padding[1][:])
		packed := make([]byte, packedSize(1, width))
		pack(packed, tag, width)
		if err := s.Send(dhTags, packed); err != nil {
			return err
		}
		if err := s.Recv(dhBlinded, elements); err != nil {
			return err
		}
		if err := key.evaluate(elements); err != nil {
			return err
		}
		if err := s.Send(dhEvaluated, elements); err != nil {
			return err
		}
		if err := s.SendEnd(); err != nil {
			return err
		}
		return s.RecvEnd()
	}))
	require.ErrorIs(t, errA, ErrPeer)
	require.ErrorIs(t, errA, errPadding)
	require.NoError(t, errOther)
}
