package ot

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// fakeBase makes the keys that base transfers would have made.
func fakeBase(delta prg.Block) (*[Base][2]prg.Block, *[Base]prg.Block) {
	p := prg.New([prg.Size]byte([]byte("fake base seeds!")))
	keys, chosen := new([Base][2]prg.Block), new([Base]prg.Block)
	for i := range keys {
		p.Blocks(keys[i][:])
		chosen[i] = choose(keys[i][1], keys[i][0], bit(delta, i))
	}
	return keys, chosen
}

func testInputs(s Shape) (delta prg.Block, values, bits []prg.Block) {
	p := prg.New([prg.Size]byte([]byte("test inputs seed")))
	delta = p.Block()
	values, bits = make([]prg.Block, s.Values), make([]prg.Block, s.bitBlocks())
	p.Blocks(values)
	p.Blocks(bits)
	for i := s.Bits; i < 128*len(bits); i++ {
		if i%128 < 64 {
			bits[i/128].Lo &^= 1 << (i % 64)
		} else {
			bits[i/128].Hi &^= 1 << (i % 64)
		}
	}
	return delta, values, bits
}

func holds(s Shape, delta prg.Block, values, bits, cv, cb, bv, bb []prg.Block) error {
	if len(cv) != s.Values || len(bv) != s.Values || len(cb) != s.Bits || len(bb) != s.Bits {
		return errors.New("lengths")
	}
	for i, a := range values {
		if cv[i] != bv[i].Xor(gf128.Mul(a, delta)) {
			return fmt.Errorf("value %d", i)
		}
	}
	for i := range cb {
		if cb[i] != bb[i].Xor(and(delta, bit(bits[i/128], i%128))) {
			return fmt.Errorf("bit %d", i)
		}
	}
	return nil
}

func TestExtend(t *testing.T) {
	for _, malicious := range []bool{false, true} {
		for _, size := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {3, 127}, {2, 128}, {1, 129}, {17, 1000}, {260, 700}} {
			s := Shape{Values: size[0], Bits: size[1], Malicious: malicious}
			delta, values, bits := testInputs(s)
			keys, chosen := fakeBase(delta)
			msg, cv, cb, err := Extend(s, keys, values, bits, testSeed("r"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(msg) != s.Size() {
				t.Fatalf("%+v: a message of %d bytes, not %d", s, len(msg), s.Size())
			}
			bv, bb, err := Accept(s, chosen, delta, msg, nil)
			if err != nil {
				t.Fatalf("%+v: %v", s, err)
			}
			if err := holds(s, delta, values, bits, cv, cb, bv, bb); err != nil {
				t.Errorf("%+v: %v", s, err)
			}
		}
	}
}

// TestExtendFromBase checks that both parts fit together: the chooser's choices
// are the complement of delta.
func TestExtendFromBase(t *testing.T) {
	s := Shape{Values: 5, Bits: 77, Malicious: true}
	delta, values, bits := testInputs(s)
	keys, chosen := baseTransfers(t, Choices(delta))
	msg, cv, cb, err := Extend(s, keys, values, bits, testSeed("r"), []byte("c"))
	if err != nil {
		t.Fatal(err)
	}
	bv, bb, err := Accept(s, chosen, delta, msg, []byte("c"))
	if err != nil {
		t.Fatal(err)
	}
	if err := holds(s, delta, values, bits, cv, cb, bv, bb); err != nil {
		t.Error(err)
	}
}

// TestExtendFlips changes every byte of the message. The challenge is a hash of
// the message, so that even a byte that this sender does not use, on the sides
// of a tree's levels that lead to its unknown leaf, is found.
func TestExtendFlips(t *testing.T) {
	s := Shape{Values: 2, Bits: 130, Malicious: true}
	delta, values, bits := testInputs(s)
	keys, chosen := fakeBase(delta)
	msg, _, _, err := Extend(s, keys, values, bits, testSeed("r"), nil)
	if err != nil {
		t.Fatal(err)
	}
	step := 1
	if testing.Short() {
		step = 37
	}
	for i := 0; i < len(msg); i += step {
		msg[i] ^= 0x10
		_, _, err := Accept(s, chosen, delta, msg, nil)
		if !errors.Is(err, errTrees) && !errors.Is(err, errValues) {
			t.Fatalf("byte %d of %d: %v", i, len(msg), err)
		}
		msg[i] ^= 0x10
	}
}

// TestExtendSemiHonestFlips documents what the checks are for.
func TestExtendSemiHonestFlips(t *testing.T) {
	s := Shape{Values: 2, Bits: 1}
	delta, values, bits := testInputs(s)
	keys, chosen := fakeBase(delta)
	msg, cv, cb, err := Extend(s, keys, values, bits, testSeed("r"), nil)
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for c := range chunks {
		bad := bytes.Clone(msg)
		bad[c*(treeSize+prg.Size*s.rowBlocks())+treeSize] ^= 1
		bv, bb, err := Accept(s, chosen, delta, bad, nil)
		if err != nil {
			t.Fatal(err)
		}
		if holds(s, delta, values, bits, cv, cb, bv, bb) != nil {
			wrong++
		}
	}
	// A chunk of delta is zero with probability 1/16.
	if wrong == 0 {
		t.Error("no change mattered")
	}
}

// TestExtendGuess plays the attack that no check can prevent: a receiver that
// uses another value in one chunk gets through exactly if it guesses the four
// bits of delta there, and not otherwise.
func TestExtendGuess(t *testing.T) {
	s := Shape{Values: 1, Malicious: true}
	delta, values, _ := testInputs(s)
	passed := 0
	for guess := range uint64(leaves) {
		keys, chosen := fakeBase(delta)
		msg, _, _, err := Extend(s, keys, values, nil, testSeed("r"), nil)
		if err != nil {
			t.Fatal(err)
		}
		const at = 5
		rowSize := prg.Size * s.rowBlocks()
		// A difference of x in chunk 5 ...
		diff := make([]prg.Block, s.rowBlocks())
		diff[0] = prg.Block{Lo: 2}
		for i, b := range appendBlocks(nil, diff...) {
			msg[at*(treeSize+rowSize)+treeSize+i] ^= b
		}
		// ... and columns that are right if delta is as guessed.
		recheck(t, s, keys, values, msg, func(j int, sum *[points]prg.Block, x [points]prg.Block) {
			if j/chunkBits != at {
				return
			}
			other := checkSum(diff, x)
			for i := range sum {
				sum[i] = sum[i].Xor(and(other[i], -(guess >> (j % chunkBits) & 1)))
			}
		})
		if _, _, err := Accept(s, chosen, delta, msg, nil); err == nil {
			passed++
			if want := delta.Lo >> (chunkBits * at) & (leaves - 1); guess != want {
				t.Errorf("guess %x passes, delta has %x", guess, want)
			}
		}
	}
	if passed != 1 {
		t.Errorf("%d guesses pass", passed)
	}
}

// TestExtendWrongTags changes the tags of trees, or their digest, and makes the rest
// of the check what it must be then: only the tags tell.
func TestExtendWrongTags(t *testing.T) {
	s := Shape{Values: 2, Malicious: true}
	delta, values, _ := testInputs(s)
	keys, chosen := fakeBase(delta)
	honest, _, _, err := Extend(s, keys, values, nil, testSeed("r"), nil)
	if err != nil {
		t.Fatal(err)
	}
	tags := chunks * (treeSize + prg.Size*s.rowBlocks())
	digest := tags + chunks*tagSize
	for _, at := range []int{tags, tags + prg.Size, digest - 1, digest, digest + 31} {
		msg := bytes.Clone(honest)
		msg[at] ^= 1
		recheck(t, s, keys, values, msg, nil)
		if _, _, err := Accept(s, chosen, delta, msg, nil); !errors.Is(err, errTrees) {
			t.Errorf("byte %d of %d: %v", at, len(msg), err)
		}
		msg[at] ^= 1
		recheck(t, s, keys, values, msg, nil)
		if !bytes.Equal(honest, msg) {
			t.Fatal("the check is not that of Extend")
		}
	}
}

// TestFold compares rows over more than a tile with sums of the streams of leaves.
func TestFold(t *testing.T) {
	const n, c = 2*tile + 48, 3
	var nodes [leaves]prg.Block
	prg.New([16]byte{1}).Blocks(nodes[:])
	x, sum := make([]byte, n), make([]byte, n)
	prg.New([16]byte{2}).Bytes(x)
	masks := [chunkBits]uint64{0, ^uint64(0), ^uint64(0), 0}
	want := make([][]byte, chunkBits+1)
	for b := range want {
		want[b] = make([]byte, n)
		if b == chunkBits || masks[b] != 0 {
			copy(want[b], x)
		}
	}
	for k, node := range nodes {
		row := make([]byte, tagSize+n)
		aes128.New(node.Bytes()).Counter(row, 0)
		for b := range want {
			if b == chunkBits || k>>b&1 == 1 {
				subtle.XORBytes(want[b], want[b], row[tagSize:])
			}
		}
	}
	for first := range 2 {
		var r Room
		m := r.shape(Shape{Bits: 8 * (n - points*prg.Size)})
		if first == 0 {
			r.fold(c, &nodes, 0, sum, x, &masks)
			if !bytes.Equal(sum, want[chunkBits]) {
				t.Error("the sum differs")
			}
		} else {
			r.fold(c, &nodes, 1, nil, x, &masks)
		}
		for b := range chunkBits {
			if !bytes.Equal(m.row(chunkBits*c+b), want[b]) {
				t.Errorf("row %d, from leaf %d, differs", b, first)
			}
		}
	}
}

// TestLeafStream checks that a leaf's tag and its row are parts of its stream that
// have nothing in common: a tag is sent as part of a sum, and a row is secret.
func TestLeafStream(t *testing.T) {
	leaf := prg.Block{Lo: 1, Hi: 2}
	stream, row := make([]byte, tagSize+3*prg.Size), make([]byte, 3*prg.Size)
	aes128.New(leaf.Bytes()).Counter(stream, 0)
	tag := leafTag(leaf)
	leafRow(row[:prg.Size], leafStream(leaf), 0)
	leafRow(row[prg.Size:], leafStream(leaf), prg.Size)
	if !bytes.Equal(stream, append(tag[:], row...)) {
		t.Errorf("tag %x and row %x of the stream %x", tag, row, stream)
	}
}

// TestChallenge checks that the points of the check are different ones, and both of
// the whole message and the context.
func TestChallenge(t *testing.T) {
	seen := map[prg.Block]bool{}
	for _, context := range []string{"", "context"} {
		o, err := newOracle("extension challenge", []byte(context))
		if err != nil {
			t.Fatal(err)
		}
		for _, msg := range []string{"", "message", "nessage", "messagf"} {
			for _, x := range challenge(o, []byte(msg)) {
				if seen[x] {
					t.Errorf("a point comes twice, the second time for context %q and %q", context, msg)
				}
				seen[x] = true
			}
		}
	}
}

// TestCheckSum checks that a change of one block is not made up for by the same
// change of another, the mask included.
func TestCheckSum(t *testing.T) {
	p := prg.New([prg.Size]byte([]byte("check sum vector")))
	v, x := make([]prg.Block, 7), [points]prg.Block{p.Block(), p.Block()}
	p.Blocks(v)
	want, d := checkSum(v, x), p.Block()
	for i := range v {
		for j := range i {
			v[i], v[j] = v[i].Xor(d), v[j].Xor(d)
			got := checkSum(v, x)
			v[i], v[j] = v[i].Xor(d), v[j].Xor(d)
			if got == want {
				t.Errorf("blocks %d and %d", j, i)
			}
		}
	}
	// Nor for changes of the whole mask.
	n := len(v) - points
	for i := range n {
		changed := slices.Clone(v)
		for _, j := range []int{i, n, n + 1} {
			changed[j] = changed[j].Xor(d)
		}
		for k, got := range checkSum(changed, x) {
			if got == want[k] {
				t.Errorf("block %d and the mask, at point %d", i, k)
			}
		}
	}
}

// TestMarked checks that the lowest bits tell the choices, that the other bits and the message
// are what they are without, and that the correlations hold.
func TestMarked(t *testing.T) {
	for _, malicious := range []bool{false, true} {
		s := Shape{Values: 3, Bits: 300, Malicious: malicious}
		delta, values, bits := testInputs(s)
		delta.Lo |= 1
		keys, chosen := fakeBase(delta)
		plain, _, plainBits, err := Extend(s, keys, values, bits, testSeed("r"), nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Marked = true
		msg, cv, cb, err := Extend(s, keys, values, bits, testSeed("r"), nil)
		if err != nil {
			t.Fatal(err)
		}
		bv, bb, err := Accept(s, chosen, delta, msg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(msg, plain) {
			t.Error("the message differs")
		}
		if err := holds(s, delta, values, bits, cv, cb, bv, bb); err != nil {
			t.Error(err)
		}
		for i := range cb {
			if cb[i].Lo&1 != bit(bits[i/128], i%128)&1 || bb[i].Lo&1 != 0 {
				t.Fatalf("bit %d is not marked", i)
			}
			if cb[i].Lo>>1 != plainBits[i].Lo>>1 || cb[i].Hi != plainBits[i].Hi {
				t.Fatalf("bit %d differs otherwise", i)
			}
		}
	}
}

// TestRoom checks that extensions of different shapes that follow each other in the same memory,
// which has been overwritten, are those of memory of their own.
func TestRoom(t *testing.T) {
	var mine, other Room
	for _, s := range []Shape{{Bits: 1 << 13}, {Values: 3, Bits: 130, Malicious: true}, {Bits: 1<<13 + 5}, {}, {Values: 9, Bits: 77}} {
		delta, values, bits := testInputs(s)
		keys, chosen := fakeBase(delta)
		want, wantValues, wantBits, err := Extend(s, keys, values, bits, testSeed("r"), nil)
		if err != nil {
			t.Fatal(err)
		}
		before := []prg.Block{{Lo: 1}, {Hi: 2}}
		msg, cv, cb, err := mine.Extend(before, s, keys, values, bits, testSeed("r"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(msg, want) || !slices.Equal(cv, wantValues) || !slices.Equal(cb, slices.Concat(before, wantBits)) {
			t.Fatalf("%+v: the receiver's part differs", s)
		}
		bv, bb, err := other.Accept(before, s, chosen, delta, msg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(bb[:2], before) {
			t.Fatalf("%+v: not appended", s)
		}
		if err := holds(s, delta, values, bits, cv, cb[2:], bv, bb[2:]); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
		mine.Clear()
		for i, b := range slices.Concat(mine.matrix.all, mine.input, mine.leaves, mine.sum) {
			if b != 0 {
				t.Fatalf("byte %d is not cleared", i)
			}
		}
		for i := range mine.matrix.all {
			mine.matrix.all[i] = 0xff
		}
	}
}

func BenchmarkExtend(b *testing.B) {
	for _, malicious := range []bool{false, true} {
		s := Shape{Values: 809, Bits: 12 * 808, Malicious: malicious}
		delta, values, bits := testInputs(s)
		keys, chosen := fakeBase(delta)
		b.Run(fmt.Sprintf("malicious=%v/receiver", malicious), func(b *testing.B) {
			for b.Loop() {
				Extend(s, keys, values, bits, testSeed("r"), nil)
			}
		})
		msg, _, _, err := Extend(s, keys, values, bits, testSeed("r"), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("malicious=%v/sender", malicious), func(b *testing.B) {
			b.ReportMetric(float64(s.Size()), "bytes")
			for b.Loop() {
				Accept(s, chosen, delta, msg, nil)
			}
		})
	}
}

// FuzzAccept: whatever comes, the sender returns, and what it accepts it accepts
// again with the same result.
func FuzzAccept(f *testing.F) {
	s := Shape{Values: 1, Bits: 3, Malicious: true}
	delta, values, bits := testInputs(s)
	keys, chosen := fakeBase(delta)
	good, _, _, err := Extend(s, keys, values, bits, testSeed("r"), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, []byte{})
	f.Add(0, good[:40])
	f.Add(len(good)-32, make([]byte, 32))
	f.Fuzz(func(t *testing.T, at int, b []byte) {
		msg := bytes.Clone(good)
		copy(msg[min(max(at, 0), len(msg)):], b)
		bv, bb, err := Accept(s, chosen, delta, msg, nil)
		if (err == nil) != bytes.Equal(msg, good) {
			t.Errorf("changed %v, error %v", !bytes.Equal(msg, good), err)
		}
		if err != nil && (bv != nil || bb != nil) {
			t.Error("an error and a result")
		}
	})
}
