package vole

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/testparty"
)

func testCoins(s string) *coins {
	c := coins(sha256.Sum256([]byte(s)))
	return &c
}

var testDelta = prg.Block{Lo: 0x0123456789abcdef, Hi: 0xfedcba9876543210}

// A run is a protocol run between two parties, and what came of it.
type run struct {
	m       int
	binary  bool
	sendCfg Config
	recvCfg Config
	delta   prg.Block
	a, b, c []prg.Block
	stats   [2]session.Stats
	// received is when the receiver had its outputs.
	received time.Time
}

func newRun(m int, binary, malicious bool) *run {
	cfg := Config{Malicious: malicious, Type: 10, Context: []byte("test")}
	return &run{m: m, binary: binary, sendCfg: cfg, recvCfg: cfg, delta: testDelta}
}

func openTest(ctx context.Context, conn net.Conn, role session.Role) (*session.Session, error) {
	s, _, err := session.Open(ctx, conn, session.Hello{Protocol: 99, ProtocolVersion: 1, Role: role})
	return s, err
}

func (r *run) sender(ctx context.Context, conn net.Conn) error {
	s, err := openTest(ctx, conn, session.RoleA)
	if err != nil {
		return err
	}
	r.b, err = send(s, r.sendCfg, r.m, r.binary, r.delta, testCoins("sender"))
	if err == nil {
		err = s.RecvEnd()
	}
	r.stats[0] = s.Stats()
	return s.Close(err)
}

func (r *run) receiver(ctx context.Context, conn net.Conn) error {
	s, err := openTest(ctx, conn, session.RoleB)
	if err != nil {
		return err
	}
	r.a, r.c, err = receive(s, r.recvCfg, r.m, r.binary, testCoins("receiver"))
	r.received = time.Now()
	if err == nil {
		err = s.SendEnd()
	}
	r.stats[1] = s.Stats()
	return s.Close(err)
}

// holds checks the relation.
func (r *run) holds() error {
	if len(r.b) != r.m || len(r.c) != r.m {
		return fmt.Errorf("%d and %d outputs", len(r.b), len(r.c))
	}
	if r.binary {
		for i, c := range r.c {
			if r.b[i].Lo&1 != 0 || c != choose(r.b[i], r.b[i].Xor(r.delta), -(c.Lo&1)) {
				return fmt.Errorf("wrong at %d of %d", i, r.m)
			}
		}
		return nil
	}
	if len(r.a) != r.m {
		return fmt.Errorf("%d outputs", len(r.a))
	}
	want := make([]prg.Block, r.m)
	copy(want, r.b)
	gf128.MulConstAdd(want, r.a, r.delta)
	for i := range want {
		if r.c[i] != want[i] {
			return fmt.Errorf("wrong at %d of %d", i, r.m)
		}
	}
	return nil
}

func (r *run) must(t *testing.T) {
	t.Helper()
	errA, errB := testparty.Run(t, r.sender, r.receiver)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if err := r.holds(); err != nil {
		t.Fatalf("%d, binary %v, malicious %v: %v", r.m, r.binary, r.sendCfg.Malicious, err)
	}
}

// Over the subfield, the elements of a are in the space, in which the low word
// determines the high one, and b and c are not.
func TestSubspace(t *testing.T) {
	for _, m := range []int{1, 3, 4097, 100_003} {
		r := newRun(m, false, false)
		r.sendCfg.Subspace, r.recvCfg.Subspace = true, true
		if m > 4097 {
			r.sendCfg.Workers = 3
		}
		r.must(t)
		lifted := slices.Clone(r.a)
		gf128.Lift(lifted)
		if !slices.Equal(lifted, r.a) {
			t.Fatalf("%d: an element is outside the space", m)
		}
		gf128.Lift(lifted[:copy(lifted, r.c)])
		if m > 1 && slices.Equal(lifted, r.c) {
			t.Fatalf("%d: all of c is in the space", m)
		}
	}
}

func TestSizes(t *testing.T) {
	sizes := []int{1, 2, 1000, 4095, 4096, 4097, 1 << 16}
	if !testing.Short() {
		sizes = append(sizes, 3, 4999, 5003, 8191, 1<<14, 1<<14+1, 100_003, 1<<20, 1_362_000)
	}
	for _, m := range sizes {
		for _, binary := range []bool{false, true} {
			for _, malicious := range []bool{false, true} {
				if m > 1<<16 && binary == malicious {
					continue
				}
				newRun(m, binary, malicious).must(t)
			}
		}
	}
}
