package two

import (
	"slices"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Products of what one party knows by what the other knows, out of correlated oblivious
// transfers [Gil99, in the form of DSZ15]. The receiver's numbers x are the choice bits of
// 64 transfers each, the sender's are rows y of as many numbers as the width. For bit i of
// x the parties get shares of x_i·y modulo 2^(64-i), which is what 2^i times it
// needs: the sender has
//
//	-k0,  and sends  d = k0 - k1 + y;  the receiver has  k0 if x_i = 0, and k1 + d = k0 + y if not,
//
// where k0 and k1 are hashes of the transfer's two values, of which the receiver knows
// the chosen one. Corrections are packed: those of the bits i and 64 - i fill one word.

// wordBits is how many transfers a number takes.
const wordBits = 64

// A batch is the transfers of some products, from number first on.
type batch struct {
	transfers []prg.Block // wordBits for each of x
	first     uint64
	width     int
}

func (b *batch) rows() int { return len(b.transfers) / wordBits }

// size is the length of the correction in words: 32 and a half for each number.
func (b *batch) size() int {
	n := b.rows() * b.width
	return wordBits/2*n + (n+1)/2
}

// blocks is the number of hashes that a transfer takes: one for two words.
func (b *batch) blocks() int { return (b.width + 1) / 2 }

// hashing is about how many hashes are made at once: they stay in the first-level cache.
const hashing = 512

// group is how many rows are hashed at once.
func (b *batch) group() int { return max(1, min(hashing/wordBits/max(1, b.blocks()), b.rows())) }

// hash sets dst to the hashes of the transfers of n rows from x on: those for the columns 2j
// and 2j + 1 are at 64·n·j and on.
func (b *batch) hash(dst []prg.Block, x, n int) {
	src := b.transfers[wordBits*x : wordBits*(x+n)]
	for j := range b.blocks() {
		b.hashColumns(dst[len(src)*j:len(src)*(j+1)], src, x, j)
	}
}

// hashOther is hash of each transfer xor delta.
func (b *batch) hashOther(dst []prg.Block, x, n int, delta prg.Block) {
	src := b.transfers[wordBits*x : wordBits*(x+n)]
	for j := range b.blocks() {
		part := dst[len(src)*j : len(src)*(j+1)]
		for i, t := range src {
			part[i] = t.Xor(delta)
		}
		b.hashColumns(part, part, x, j)
	}
}

// hashColumns hashes for the columns 2j and 2j + 1. No two hashes have the same tweak: there
// are at most 2^24 columns, and less than 2^40 transfers.
func (b *batch) hashColumns(dst, src []prg.Block, x, j int) {
	prg.HashTCCR(dst, src, b.first+uint64(wordBits*x)+uint64(j)<<40)
}

// send is the sender's part: it sets share, of as many numbers as y, and the correction.
func (b *batch) send(share, msg, y []uint64, delta prg.Block) {
	most := b.group()
	k0, k1 := make([]prg.Block, wordBits*most*b.blocks()), make([]prg.Block, wordBits*most*b.blocks())
	halves := msg[wordBits/2*len(y):]
	clear(halves)
	for lo := 0; lo < b.rows(); lo += most {
		n := min(most, b.rows()-lo)
		b.hash(k0, lo, n)
		b.hashOther(k1, lo, n, delta)
		for i := range n * b.width {
			x, j := i/b.width, i%b.width
			at := lo*b.width + i
			y, sum := y[at], uint64(0)
			place := wordBits * (j/2*n + x)
			p, q := (*[wordBits]prg.Block)(k0[place:]), (*[wordBits]prg.Block)(k1[place:])
			var d [wordBits]uint64
			for i := range d {
				k := word(&p[i], j)
				d[i] = k - word(&q[i], j) + y
				sum += k << i
			}
			share[at] = -sum
			packed := (*[wordBits / 2]uint64)(msg[wordBits/2*at:])
			packed[0] = d[0]
			for i := 1; i < wordBits/2; i++ {
				packed[i] = d[i]<<i>>i | d[wordBits-i]<<(wordBits-i)
			}
			halves[at/2] |= d[wordBits/2] << 32 >> (32 * (1 - at%2))
		}
	}
}

// receive is the receiver's part: it sets its numbers x, and its shares.
func (b *batch) receive(x, share, msg []uint64) {
	most := b.group()
	hashes := make([]prg.Block, wordBits*most*b.blocks())
	halves := msg[wordBits/2*len(share):]
	for r := range b.rows() {
		x[r] = choices(b.transfers[wordBits*r:])
	}
	for lo := 0; lo < b.rows(); lo += most {
		n := min(most, b.rows()-lo)
		b.hash(hashes, lo, n)
		for i := range n * b.width {
			r, j := i/b.width, i%b.width
			at := lo*b.width + i
			bits := x[lo+r]
			packed := (*[wordBits / 2]uint64)(msg[wordBits/2*at:])
			k := (*[wordBits]prg.Block)(hashes[wordBits*(j/2*n+r):])
			sum := word(&k[0], j) + packed[0]&-(bits&1)
			for i := 1; i < wordBits/2; i++ {
				// What is above the bits of a correction is shifted out of the word.
				low, high := i, wordBits-i
				sum += (word(&k[low], j) + packed[i]&-(bits>>low&1)) << low
				sum += (word(&k[high], j) + packed[i]>>(wordBits-i)&-(bits>>high&1)) << high
			}
			half := halves[at/2] >> (32 * (at % 2))
			sum += (word(&k[wordBits/2], j) + half&-(bits>>(wordBits/2)&1)) << (wordBits / 2)
			share[at] = sum
		}
	}
}

// choices returns the choices of the first transfers, as many as a word has bits.
func choices(received []prg.Block) (x uint64) {
	for i, t := range (*[wordBits]prg.Block)(received) {
		x |= t.Lo & 1 << i
	}
	return x
}

// word returns the word of a hash for column j.
func word(b *prg.Block, j int) uint64 {
	if j%2 == 0 {
		return b.Lo
	}
	return b.Hi
}

// transfers is how many an order takes each way.
func (o order) transfers() int {
	switch o.kind {
	case matrices:
		return wordBits * o.inner * min(o.rows, o.cols)
	case numbers:
		return o.rows / 2
	case shuffles:
		levels, switches := levels(o.rows)
		return levels * switches
	}
	return wordBits * o.rows
}

// make makes triples.
func (m *transfers) make(o order, t triples) error {
	m.expected = o.transfers()
	switch o.kind {
	case matrices:
		return m.matrices(o, t)
	case words:
		return m.words(t)
	case numbers:
		return m.numbers(t)
	case shuffles:
		return m.shuffles(o, t)
	}
	const most = extensionBits / wordBits // products of a batch
	for lo := 0; lo < o.rows; lo += most {
		if err := m.multiply(t.slice(lo, min(lo+most, o.rows))); err != nil {
			return err
		}
	}
	return nil
}

// multiply makes triples of numbers: of the choices a of this party's transfers, and
// random b.
func (m *transfers) multiply(t triples) error {
	sent, received, at, err := m.transfer(wordBits * len(t.a))
	if err != nil {
		return err
	}
	m.p.private.Uint64s(t.b)
	err = m.cross(t.a, t.b, t.c, batch{sent, at[0], 1}, batch{received, at[1], 1})
	for i, a := range t.a {
		t.c[i] += a * t.b[i]
	}
	return err
}

// cross sets a to the choices of back, and c to shares of the products of each party's a
// and the other one's rows b.
func (m *transfers) cross(a, b, c []uint64, out, back batch) error {
	msg, answer, shares := m.scratch(out.size(), back.size(), len(c))
	out.send(c, msg, b, m.delta)
	if err := m.corrections(msg, answer); err != nil {
		return err
	}
	back.receive(a, shares, answer)
	for i, s := range shares {
		c[i] += s
	}
	return nil
}

// matrices makes a triple of matrices: each element of a is in products with a whole row
// of b, of one correction for each but of the same transfers.
func (m *transfers) matrices(o order, t triples) error {
	if o.cols < o.rows {
		// The transposes take fewer transfers.
		turned := order{matrices, o.cols, o.inner, o.rows}
		u := newTriples(turned)
		if err := m.matrices(turned, u); err != nil {
			return err
		}
		transpose(t.a, u.b, o.inner, o.rows)
		transpose(t.b, u.a, o.cols, o.inner)
		transpose(t.c, u.c, o.cols, o.rows)
		return nil
	}
	m.p.private.Uint64s(t.b)
	if o.cols == 0 {
		m.p.private.Uint64s(t.a)
		return nil
	}
	// As much goes in a message as of one column.
	most := max(1, extensionBits/wordBits/o.cols)
	rows, shares := make([]uint64, most*o.cols), make([]uint64, most*o.cols)
	clear(t.c)
	for lo := 0; lo < len(t.a); lo += most {
		a := t.a[lo:min(lo+most, len(t.a))]
		sent, received, at, err := m.transfer(wordBits * len(a))
		if err != nil {
			return err
		}
		rows, shares := rows[:len(a)*o.cols], shares[:len(a)*o.cols]
		for i := range a {
			copy(rows[i*o.cols:], t.b[(lo+i)%o.inner*o.cols:][:o.cols])
		}
		if err := m.cross(a, rows, shares, batch{sent, at[0], o.cols}, batch{received, at[1], o.cols}); err != nil {
			return err
		}
		for i := range a {
			z := t.c[(lo+i)/o.inner*o.cols:][:o.cols]
			for j, s := range shares[i*o.cols : (i+1)*o.cols] {
				z[j] += s
			}
		}
	}
	addProduct(t.c, o.rows, o.inner, o.cols, t.a, t.b)
	return nil
}

// transpose sets dst to the transpose of the rows×cols matrix src.
func transpose(dst, src []uint64, rows, cols int) {
	for i := range rows {
		for j := range cols {
			dst[j*rows+i] = src[i*cols+j]
		}
	}
}

// scratch returns three slices of words, of any values, that are valid until the next call.
func (m *transfers) scratch(a, b, c int) (x, y, z []uint64) {
	if n := a + b + c; n > len(m.memory) {
		m.memory = make([]uint64, n)
	}
	return m.memory[:a:a], m.memory[a : a+b : a+b], m.memory[a+b : a+b+c]
}

// corrections sends words while it receives as many, in one message each way. Meanwhile it
// prepares the next extension, if the order under way takes one, of which messages follow while
// this party goes on.
func (m *transfers) corrections(mine, theirs []uint64) error {
	m.sending = slices.Grow(m.sending[:0], 8*len(mine))
	m.receiving = slices.Grow(m.receiving[:0], 8*len(theirs))
	msg, answer := m.sending[:8*len(mine)], m.receiving[:8*len(theirs)]
	encode(msg, mine)
	if err := m.ahead.wait(); err != nil {
		return err
	}
	swapped := make(chan error, 1)
	go func() { swapped <- m.p.swap(typeCorrection, msg, answer) }()
	err := m.prepare()
	if err := <-swapped; err != nil {
		return err
	}
	if m.ahead != nil && m.ahead.swapped == nil {
		m.swap(m.ahead)
	}
	decode(theirs, answer)
	return err
}

// words makes triples of bits, without a message: one bit k0 of the hash of a transfer's
// first value and k1 of the second one are random, so that with s = k0 xor k1 the receiver,
// which has x and k_x, and the sender, which has s and k0, have shares of xs [ALSZ13, the
// triples of GMW from two random transfers].
func (m *transfers) words(t triples) error {
	n := len(t.c)
	const most, group = extensionBits / wordBits, hashing / wordBits
	var memory [3][hashing]prg.Block
	for lo := 0; lo < n; lo += most {
		t := t.slice(lo, min(lo+most, n))
		sent, received, at, err := m.transfer(wordBits * len(t.c))
		if err != nil {
			return err
		}
		out, back := batch{sent, at[0], 1}, batch{received, at[1], 1}
		for lo := 0; lo < len(t.c); lo += group {
			n := min(group, len(t.c)-lo)
			t := t.slice(lo, lo+n)
			k0, k1, kx := memory[0][:wordBits*n], memory[1][:wordBits*n], memory[2][:wordBits*n]
			out.hash(k0, lo, n)
			out.hashOther(k1, lo, n, m.delta)
			back.hash(kx, lo, n)
			for i := range t.c {
				// The lowest bits of hashes, as those of transfers are choices.
				own, x := choices(k0[wordBits*i:]), choices(received[wordBits*(lo+i):])
				s := own ^ choices(k1[wordBits*i:])
				t.a[i], t.b[i], t.c[i] = x, s, own^choices(kx[wordBits*i:])^x&s
			}
		}
	}
	return nil
}

// numbers makes bits that are shared both ways, of one transfer each: with the receiver's
// bit x, and r of the sender, which sends d = 1 - 2r + k0 - k1, the shares of x xor r are r - k0
// and, if x = 0, k0, and otherwise k1 + d = k0 + 1 - 2r [DSZ15, B2A].
func (m *transfers) numbers(t triples) error {
	n := len(t.c)
	const most = extensionBits
	k0, k1 := make([]prg.Block, min(most, n/2)), make([]prg.Block, min(most, n/2))
	for lo := 0; lo < n; lo += 2 * most {
		t := t.slice(lo, min(lo+2*most, n))
		half := len(t.c) / 2 // that party 0 is the sender of; the number is even
		sent, received, at, err := m.transfer(half)
		if err != nil {
			return err
		}
		k0, k1 = k0[:half], k1[:half]
		for i, b := range sent {
			k1[i] = b.Xor(m.delta)
		}
		prg.HashTCCR(k0, sent, at[0])
		prg.HashTCCR(k1, k1, at[0])
		out, back := t.slice(0, half), t.slice(half, 2*half)
		if m.p.index == 1 {
			out, back = back, out
		}
		m.p.private.Uint64s(out.a)
		mine, theirs, _ := m.scratch(half, half, 0)
		for i, r := range out.a {
			r &= 1
			out.a[i], out.c[i] = r, r-k0[i].Lo
			mine[i] = 1 - 2*r + k0[i].Lo - k1[i].Lo
		}
		if err := m.corrections(mine, theirs); err != nil {
			return err
		}
		prg.HashTCCR(k0, received, at[1])
		for i, d := range theirs {
			x := received[i].Lo & 1
			back.a[i], back.c[i] = x, k0[i].Lo+d&-x
		}
	}
	return nil
}
