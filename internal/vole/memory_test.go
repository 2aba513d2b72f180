package vole

import (
	"runtime"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// memory returns what the parties hold at most, in bytes: the vectors that become
// the output, the extension of the transfers, and messages.
func memory(p *plan) (sender, receiver int) {
	shape := p.shape()
	small := 3072*shape.Values + 24*shape.Bits + p.treesSize() + p.replySize()
	sender = prg.Size * p.total()
	receiver = sender
	if !p.binary {
		receiver *= 2
	}
	return sender + small, receiver + small
}

// TestMemory checks that a party allocates, over a whole run, hardly more than
// what it holds at most by the comments of this package and package ot.
func TestMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates too")
	}
	for _, binary := range []bool{false, true} {
		p := newPlan(300_000, binary, Config{Malicious: true, Workers: 1})
		wantSent, wantReceived := memory(p)
		var sent, received uint64
		count := func(sum *uint64, f func()) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f()
			runtime.ReadMemStats(&after)
			*sum += after.TotalAlloc - before.TotalAlloc
		}
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		var s *sender
		var r *receiver
		var msg []byte
		var err error
		count(&sent, func() { s, msg, err = p.open(testDelta, testCoins("s")); must(err) })
		count(&received, func() { r, msg, err = p.reply(msg, testCoins("r")); must(err) })
		count(&sent, func() { msg, err = s.trees(msg); must(err) })
		count(&received, func() { msg, err = r.grow(msg); must(err) })
		count(&sent, func() { msg = s.answer(msg) })
		count(&received, func() { must(r.verify(msg)) })
		count(&sent, func() { s.finish() })
		count(&received, func() { r.finish() })
		t.Logf("correlated %v: sender %d of %d, receiver %d of %d", binary, sent, wantSent, received, wantReceived)
		const slack = 2 << 20
		if sent > uint64(wantSent)*11/10+slack || received > uint64(wantReceived)*11/10+slack {
			t.Errorf("correlated %v: sender allocates %d, not %d; receiver %d, %d", binary,
				sent, wantSent, received, wantReceived)
		}
	}
}

// TestUsedRoom checks that what a run finds in the memory that it is given changes
// nothing.
func TestUsedRoom(t *testing.T) {
	const m = 20_000
	for _, binary := range []bool{false, true} {
		cfg := Config{Malicious: true, Workers: 1}
		a, b, c, err := play(newPlan(m, binary, cfg), func(int, []byte) {})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Room = new(hugepage.Room)
		for range 5 {
			cfg.Room.Give(randomBlocks("used", 3*m))
		}
		usedA, usedB, usedC, err := play(newPlan(m, binary, cfg), func(int, []byte) {})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a, usedA) || !slices.Equal(b, usedB) || !slices.Equal(c, usedC) {
			t.Errorf("correlated %v: memory that was used gives other outputs", binary)
		}
	}
}
