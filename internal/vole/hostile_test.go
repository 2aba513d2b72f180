package vole

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/testparty"
)

// play runs the rounds without a session. alter may change message number i in
// place. It returns the error of the party that found one.
func play(p *plan, alter func(i int, msg []byte)) (a, b, c []prg.Block, err error) {
	s, msg, err := p.open(testDelta, testCoins("sender"))
	if err != nil {
		return nil, nil, nil, err
	}
	alter(0, msg)
	r, msg, err := p.reply(msg, testCoins("receiver"))
	if err != nil {
		return nil, nil, nil, err
	}
	alter(1, msg)
	if msg, err = s.trees(msg); err != nil {
		return nil, nil, nil, err
	}
	alter(2, msg)
	if msg, err = r.grow(msg); err != nil {
		return nil, nil, nil, err
	}
	if p.Malicious {
		alter(3, msg)
		msg = s.answer(msg)
		alter(4, msg)
		if err := r.verify(msg); err != nil {
			return nil, nil, nil, err
		}
	}
	if b, err = s.finish(); err != nil {
		return nil, nil, nil, err
	}
	a, c, err = r.finish()
	return a, b, c, err
}

func relation(p *plan, a, b, c []prg.Block) error {
	r := run{m: p.m, binary: p.binary, delta: testDelta, a: a, b: b, c: c}
	return r.holds()
}

// TestAltered flips a bit at many places of every message of a malicious run.
// Either a party finds it, or it fell on the side of a level that this receiver
// does not open, and the relation holds.
func TestAltered(t *testing.T) {
	for _, binary := range []bool{false, true} {
		p := newPlan(1, binary, Config{Malicious: true})
		sizes := []int{p.openSize(), p.replySize(), p.treesSize(), challengeSize, digestSize}
		unseen, trees := 0, 0
		for i, size := range sizes {
			step := max(1, size/20)
			if testing.Short() {
				step = max(1, size/4)
			}
			var places []int
			for at := 0; at < size; at += step {
				places = append(places, at)
			}
			// The parts of the reply that are not the extension.
			if i == 1 {
				places = append(places, 5, 31, size-1, size-31, size-40, size-65, size-75, size-95)
			}
			for _, at := range places {
				a, b, c, err := play(p, func(j int, msg []byte) {
					if i == j {
						msg[at] ^= 1
					}
				})
				if i == 2 && at >= shareSize {
					trees++
				}
				if err != nil {
					continue
				}
				unseen++
				if i != 2 || at < shareSize {
					t.Errorf("message %d, byte %d of %d: not found", i, at, size)
				}
				if err := relation(p, a, b, c); err != nil {
					t.Errorf("message %d, byte %d of %d: not found: %v", i, at, size, err)
				}
			}
		}
		t.Logf("binary %v: %d of %d changes of trees are not opened", binary, unseen, trees)
	}
}

// TestSelectiveFailure plays a sender that spoils one side of a level of one
// tree. The receiver must find it exactly if its path's sibling is there: that
// is the bit that a cheating sender stakes the run on.
func TestSelectiveFailure(t *testing.T) {
	for _, binary := range []bool{false, true} {
		p := newPlan(1, binary, Config{Malicious: true})
		for level := range p.depth() {
			found := 0
			for side := range 2 {
				a, b, c, err := play(p, func(i int, msg []byte) {
					if i == 2 {
						msg[shareSize+7*p.treeSize()+prg.Size*(2*level+side)+3] ^= 0x40
					}
				})
				switch {
				case errors.Is(err, errTrees):
					found++
				case err != nil:
					t.Fatal(err)
				default:
					if err := relation(p, a, b, c); err != nil {
						t.Error(err)
					}
				}
			}
			if found != 1 {
				t.Errorf("binary %v, level %d: %d sides found", binary, level, found)
			}
		}
		// The correction of the leaf counts for every path. In binary trees its
		// lowest bit does not, whose value is known.
		for bit, want := range map[byte]bool{1: !binary, 2: true} {
			_, _, _, err := play(p, func(i int, msg []byte) {
				if i == 2 {
					msg[shareSize+8*p.treeSize()-prg.Size] ^= bit
				}
			})
			if got := errors.Is(err, errTrees); got != want {
				t.Errorf("binary %v, bit %d of a correction: found %v", binary, bit, got)
			}
		}
	}
}

// TestSemiHonestAltered documents what the checks are for.
func TestSemiHonestAltered(t *testing.T) {
	p := newPlan(1, false, Config{})
	a, b, c, err := play(p, func(i int, msg []byte) {
		if i == 2 {
			msg[len(msg)-1] ^= 1
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if relation(p, a, b, c) == nil {
		t.Error("the relation holds")
	}
}

// TestCommitment covers a sender that chooses the code's seed late.
func TestCommitment(t *testing.T) {
	for _, malicious := range []bool{false, true} {
		p := newPlan(1, false, Config{Malicious: malicious})
		for _, i := range []int{0, 2} {
			if _, _, _, err := play(p, func(j int, msg []byte) {
				if i == j {
					msg[0] ^= 1
				}
			}); !errors.Is(err, errSeed) {
				t.Errorf("message %d: %v", i, err)
			}
		}
	}
}

// TestFaults puts faults between the parties. Whatever happens, both end, and
// with an error of a class.
func TestFaults(t *testing.T) {
	r := newRun(1, false, true)
	cost := r.sendCfg.Cost(1, false)
	type fault struct {
		name string
		f    testparty.Fault
	}
	var faults []fault
	total := int64(cost.Sent)
	n := int64(12)
	if testing.Short() {
		n = 4
	}
	for i := range n {
		at := 200 + (total-200)*i/n
		faults = append(faults, fault{"cut", testparty.Cut(at)}, fault{"flip", testparty.Flip(at, 0x81)})
	}
	for _, f := range faults {
		// The receiver is behind the fault, which is in what it reads.
		r := newRun(1, false, true)
		errB, errA := testparty.Run(t, r.receiver, r.sender, f.f)
		if errA == nil && errB == nil {
			t.Errorf("%s: no error", f.name)
		}
		for _, err := range []error{errA, errB} {
			if err != nil && !errors.Is(err, session.ErrPeer) && !errors.Is(err, session.ErrAborted) &&
				!errors.Is(err, session.ErrIncompatible) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%s: %v is of no class", f.name, err)
			}
		}
	}
}

func TestPeerError(t *testing.T) {
	r := newRun(1, false, true)
	errB, errA := testparty.Run(t, r.receiver, r.sender, testparty.Flip(int64(r.sendCfg.Cost(1, false).Sent)+100, 1))
	if !errors.Is(errB, session.ErrPeer) || !errors.Is(errA, session.ErrAborted) {
		t.Errorf("receiver: %v; sender: %v", errB, errA)
	}
}

func TestShortReads(t *testing.T) {
	r := newRun(1, true, true)
	errA, errB := testparty.Run(t, r.sender, r.receiver, testparty.Short)
	if err := errors.Join(errA, errB, r.holds()); err != nil {
		t.Error(err)
	}
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := newRun(1, false, false)
		errA, errB := testparty.Join(ctx, r.sender, r.receiver, testparty.Lose(3000))
		if !errors.Is(errA, context.DeadlineExceeded) && !errors.Is(errB, context.DeadlineExceeded) {
			t.Errorf("sender: %v; receiver: %v", errA, errB)
		}
	})
}

// TestDifferentConfigs covers parties that were not configured alike, which a
// protocol's hello would have found.
func TestDifferentConfigs(t *testing.T) {
	for name, alter := range map[string]func(r *run){
		"malicious": func(r *run) { r.recvCfg.Malicious = false },
		"type":      func(r *run) { r.recvCfg.Type++ },
		"context":   func(r *run) { r.recvCfg.Context = []byte("other") },
	} {
		r := newRun(1, false, true)
		alter(r)
		errA, errB := testparty.Run(t, r.sender, r.receiver)
		if errA == nil && errB == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestCost checks the announced sizes, and by a slow line the number of flights.
func TestCost(t *testing.T) {
	for _, malicious := range []bool{false, true} {
		for _, binary := range []bool{false, true} {
			const delay = time.Hour
			r := newRun(3000, binary, malicious)
			cost := r.sendCfg.Cost(r.m, binary)
			var took time.Duration
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				errA, errB := testparty.Join(t.Context(), r.sender, r.receiver, testparty.Delay(delay))
				if err := errors.Join(errA, errB); err != nil {
					t.Fatal(err)
				}
				took = r.received.Sub(start)
			})
			if want := time.Duration(1+cost.Flights) * delay; took != want { // one for the hello
				t.Errorf("malicious %v: %v, want %v", malicious, took, want)
			}
			const header, end = 5, 8
			frames := uint64(2) // by the sender, and one less by the receiver
			if malicious {
				frames++
			}
			helloA := r.stats[0].Sent - uint64(cost.Sent) - frames*header
			helloB := r.stats[0].Received - uint64(cost.Received) - (frames-1)*header - header - end
			if helloA != helloB || helloA > 200 {
				t.Errorf("malicious %v, binary %v: sent %d and received %d, announced %d and %d", malicious, binary,
					r.stats[0].Sent, r.stats[0].Received, cost.Sent, cost.Received)
			}
		}
	}
}

func TestMisuse(t *testing.T) {
	ok := Config{Type: 123}
	for name, f := range map[string]func() error{
		"none":     func() error { _, err := Send(nil, ok, 0, testDelta); return err },
		"too many": func() error { _, _, err := Receive(nil, ok, MaxLen+1); return err },
		"delta":    func() error { _, err := SendCorrelated(nil, ok, 1, prg.Block{Lo: 2}); return err },
		"context": func() error {
			_, err := ReceiveCorrelated(nil, Config{Type: 1, Context: make([]byte, maxContext+1)}, 1)
			return err
		},
		"subspace": func() error {
			_, err := Send(nil, Config{Type: 1, Subspace: true, Malicious: true}, 1, testDelta)
			return err
		},
		"no type": func() error { _, err := Send(nil, Config{}, 1, testDelta); return err },
		"type":    func() error { _, err := Send(nil, Config{Type: 124}, 1, testDelta); return err },
		"workers": func() error { _, err := Send(nil, Config{Type: 1, Workers: -1}, 1, testDelta); return err },
	} {
		if err := f(); err == nil || !strings.HasPrefix(err.Error(), "vole: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWorkers checks that the number of workers changes nothing.
func TestWorkers(t *testing.T) {
	for _, binary := range []bool{false, true} {
		var msgs [2][][]byte
		var out [2][3][]prg.Block
		for i, workers := range []int{1, 5} {
			p := newPlan(5000, binary, Config{Malicious: true, Workers: workers})
			a, b, c, err := play(p, func(_ int, msg []byte) { msgs[i] = append(msgs[i], bytes.Clone(msg)) })
			if err != nil {
				t.Fatal(err)
			}
			out[i] = [3][]prg.Block{a, b, c}
		}
		for i := range msgs[0] {
			if !bytes.Equal(msgs[0][i], msgs[1][i]) {
				t.Errorf("message %d differs", i)
			}
		}
		for i := range out[0] {
			if !slices.Equal(out[0][i], out[1][i]) {
				t.Errorf("output %d differs", i)
			}
		}
	}
}

func TestStatesHideThemselves(t *testing.T) {
	p := newPlan(1, false, Config{})
	s, msg, err := p.open(testDelta, testCoins("sender"))
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := p.reply(msg, testCoins("receiver"))
	if err != nil {
		t.Fatal(err)
	}
	if s.String() != "vole.sender" || s.LogValue().String() != "vole.sender" ||
		r.String() != "vole.receiver" || r.LogValue().String() != "vole.receiver" {
		t.Error("they print more")
	}
}

// FuzzAltered replaces part of a message of a malicious run. Nobody panics, and
// either a party finds it or the relation holds.
func FuzzAltered(f *testing.F) {
	p := newPlan(1, false, Config{Malicious: true})
	f.Add(0, 0, []byte{})
	f.Add(0, 32, make([]byte, 32))
	f.Add(2, 1000, []byte("trees"))
	f.Add(3, 0, make([]byte, challengeSize))
	f.Fuzz(func(t *testing.T, i, at int, b []byte) {
		changed := false
		a, bs, c, err := play(p, func(j int, msg []byte) {
			if i == j {
				before := bytes.Clone(msg)
				copy(msg[min(max(at, 0), len(msg)):], b)
				changed = !bytes.Equal(before, msg)
			}
		})
		switch {
		case err == nil:
			if err := relation(p, a, bs, c); err != nil {
				t.Error(err)
			}
		case !changed:
			t.Error(err)
		}
	})
}
