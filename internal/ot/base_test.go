package ot

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/gtank/ristretto255"

	"github.com/dujiang-dev/dujiang/internal/group"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

func testSeed(s string) [SeedSize]byte { return sha256.Sum256([]byte(s)) }

func testChoices(s string) (c [Base / 8]byte) {
	sum := testSeed(s)
	copy(c[:], sum[:])
	return c
}

// baseTransfers runs the base transfers.
func baseTransfers(t testing.TB, choices [Base / 8]byte) (*[Base][2]prg.Block, *[Base]prg.Block) {
	t.Helper()
	c, err := BaseChoose(choices, testSeed("chooser"), []byte("context"), 1)
	if err != nil {
		t.Fatal(err)
	}
	keys, reply, err := BaseReply(c.Message(), testSeed("replier"), []byte("context"), 1)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := c.Finish(reply)
	if err != nil {
		t.Fatal(err)
	}
	return keys, chosen
}

func TestBase(t *testing.T) {
	choices := testChoices("choices")
	keys, chosen := baseTransfers(t, choices)
	seen := map[prg.Block]bool{}
	for i, k := range chosen {
		c := choices[i/8] >> (i % 8) & 1
		if keys[i][c] != k || keys[i][1-c] == k {
			t.Errorf("transfer %d: wrong key", i)
		}
		for _, k := range keys[i] {
			if seen[k] {
				t.Errorf("transfer %d: a key comes twice", i)
			}
			seen[k] = true
		}
	}
}

// TestBaseContext checks that keys of different contexts are unrelated.
func TestBaseContext(t *testing.T) {
	c, err := BaseChoose(testChoices("x"), testSeed("chooser"), []byte("here"), 1)
	if err != nil {
		t.Fatal(err)
	}
	keys, reply, err := BaseReply(c.Message(), testSeed("replier"), []byte("there"), 1)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := c.Finish(reply)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range chosen {
		if keys[i][0] == k || keys[i][1] == k {
			t.Errorf("transfer %d: keys are equal", i)
		}
	}
}

// TestBaseMalformed covers what a decoder of elements must refuse, in the first
// and the last place.
func TestBaseMalformed(t *testing.T) {
	c, err := BaseChoose(testChoices("x"), testSeed("chooser"), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, reply, err := BaseReply(c.Message(), testSeed("replier"), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{
		"not canonical": bytes.Repeat([]byte{0xff}, group.ElementSize),
		"negative":      append([]byte{1}, make([]byte, group.ElementSize-1)...),
		"too large":     append(append([]byte{0xed}, bytes.Repeat([]byte{0xff}, 30)...), 0x7f),
	}
	for name, b := range bad {
		for _, at := range []int{0, BaseChooseSize - group.ElementSize} {
			msg := bytes.Clone(c.Message())
			copy(msg[at:], b)
			if _, _, err := BaseReply(msg, testSeed("replier"), nil, 1); !errors.Is(err, errElement) {
				t.Errorf("%s at %d: %v", name, at, err)
			}
		}
		if _, err := c.Finish(b); !errors.Is(err, errElement) {
			t.Errorf("%s as reply: %v", name, err)
		}
	}
	if _, err := c.Finish(make([]byte, BaseReplySize)); !errors.Is(err, errElement) {
		t.Errorf("identity as reply: %v", err)
	}
	// The identity as sum: r_0 = -H_0(r_1) decodes, but gives away a key.
	msg := bytes.Clone(c.Message())
	hash, err := newOracle("base element", nil)
	if err != nil {
		t.Fatal(err)
	}
	e := new(ristretto255.Element)
	if _, err := e.SetUniformBytes(hash.uniform(3, 0, pairOf(msg, 3)[group.ElementSize:])); err != nil {
		t.Fatal(err)
	}
	copy(pairOf(msg, 3), e.Negate(e).Bytes())
	if _, _, err := BaseReply(msg, testSeed("replier"), nil, 1); !errors.Is(err, errElement) {
		t.Errorf("a sum that is the identity: %v", err)
	}
	_ = reply
}

// TestOracles checks that all that goes into a hash of the base transfers counts, and
// every byte of a seed.
func TestOracles(t *testing.T) {
	type input struct {
		i                   int
		slot                byte
		reply, pair, shared string
	}
	elements, keys := map[string]input{}, map[prg.Block]input{}
	for _, in := range []input{
		{0, 0, "reply", "pair", "shared"}, {1, 0, "reply", "pair", "shared"}, {256, 0, "reply", "pair", "shared"},
		{0, 1, "reply", "pair", "shared"}, {0, 0, "Reply", "pair", "shared"}, {0, 0, "reply", "paiR", "shared"},
		{0, 0, "reply", "pair", "sharec"},
	} {
		for _, context := range []string{"", "context"} {
			o, err := newOracle("base key", []byte(context))
			if err != nil {
				t.Fatal(err)
			}
			key := o.key(in.i, in.slot, []byte(in.reply), []byte(in.pair), []byte(in.shared))
			if other, ok := keys[key]; ok {
				t.Errorf("%v and %v have the same key", in, other)
			}
			keys[key] = in
			if in.reply != "reply" || in.shared != "shared" {
				continue // they do not go into an element
			}
			element := string(o.uniform(in.i, in.slot, []byte(in.pair)))
			if other, ok := elements[element]; ok {
				t.Errorf("%v and %v have the same element", in, other)
			}
			elements[element] = in
		}
	}
	var seed [SeedSize]byte
	streams := map[prg.Block]int{expandSeed(seed).Block(): -1}
	for i := range seed {
		changed := seed
		changed[i] = 1
		first := expandSeed(changed).Block()
		if other, ok := streams[first]; ok {
			t.Errorf("seeds that differ in bytes %d and %d have the same stream", i, other)
		}
		streams[first] = i
	}
}

// TestBaseAltered checks that whoever alters one message changes keys, so that
// nothing built on them can hold.
func TestBaseAltered(t *testing.T) {
	choices := testChoices("x")
	c, err := BaseChoose(choices, testSeed("chooser"), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	msg := bytes.Clone(c.Message())
	copy(pairOf(msg, 0), pairOf(c.Message(), 1))
	copy(pairOf(msg, 1), pairOf(c.Message(), 0))
	keys, reply, err := BaseReply(msg, testSeed("replier"), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := c.Finish(reply)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if chosen[i] == keys[1-i][0] || chosen[i] == keys[1-i][1] || chosen[i] == keys[i][0] || chosen[i] == keys[i][1] {
			t.Errorf("transfer %d survives an exchange", i)
		}
	}
}

func TestBaseHidesItself(t *testing.T) {
	c, err := BaseChoose(testChoices("x"), testSeed("chooser"), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprint(c); s != "ot.BaseChoice(128 transfers)" || c.LogValue().String() != s {
		t.Errorf("prints %q", s)
	}
}

func BenchmarkBase(b *testing.B) {
	choices := testChoices("choices")
	for b.Loop() {
		baseTransfers(b, choices)
	}
}

func FuzzBaseReply(f *testing.F) {
	c, err := BaseChoose(testChoices("x"), testSeed("chooser"), nil, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, c.Message()[:32])
	f.Add(5, make([]byte, 32))
	f.Fuzz(func(t *testing.T, at int, b []byte) {
		msg := bytes.Clone(c.Message())
		copy(msg[min(max(at, 0), len(msg)):], b)
		keys, reply, err := BaseReply(msg, testSeed("replier"), nil, 1)
		if err != nil {
			if keys != nil || reply != nil {
				t.Error("an error and a result")
			}
			return
		}
		again, _, err := BaseReply(msg, testSeed("replier"), nil, 1)
		if err != nil || *again != *keys {
			t.Error("not deterministic")
		}
	})
}

// TestBaseWorkers checks that the number of workers changes nothing, nor that one of them
// finds what is not valid.
func TestBaseWorkers(t *testing.T) {
	type result struct {
		msg, reply string
		keys       [Base][2]prg.Block
		chosen     [Base]prg.Block
	}
	var want result
	for _, workers := range []int{1, 3, Base - 1, Base + 1} {
		c, err := BaseChoose(testChoices("x"), testSeed("chooser"), nil, workers)
		if err != nil {
			t.Fatal(err)
		}
		keys, reply, err := BaseReply(c.Message(), testSeed("replier"), nil, workers)
		if err != nil {
			t.Fatal(err)
		}
		chosen, err := c.Finish(reply)
		if err != nil {
			t.Fatal(err)
		}
		got := result{string(c.Message()), string(reply), *keys, *chosen}
		if workers == 1 {
			want = got
		}
		if got != want {
			t.Errorf("results of %d workers differ", workers)
		}
		for _, i := range []int{0, Base / 2, Base - 1} {
			msg := bytes.Clone(c.Message())
			clear(pairOf(msg, i)[group.ElementSize:])
			if _, _, err := BaseReply(msg, testSeed("replier"), nil, workers); !errors.Is(err, errElement) {
				t.Errorf("%d workers: transfer %d is not valid: %v", workers, i, err)
			}
		}
		if _, err := c.Finish(make([]byte, BaseReplySize)); !errors.Is(err, errElement) {
			t.Errorf("%d workers: the reply is not valid: %v", workers, err)
		}
	}
}
