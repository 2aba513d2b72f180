package psi

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// msgMatched is the receiver's bitmap of the tags that matched, in every
// protocol.
const msgMatched = 1

// An exchange is a party's side of a run of some protocol, or of a part of it, up
// to where the receiver has the tags of both sides. A tag is a pseudorandom
// function of an item under a key that nobody has alone.
type exchange struct {
	*params
	s     *session.Session
	coins *coins
	items *items // nil where only their order counts
	own   int    // number of them
	peers int    // number of the other side's
	parts int    // that the run has, of which this is one
	most  int    // items of the side that has more, in all parts
	width int    // of a tag in bits
	// The last message of tags, packed. Tags go in one direction only.
	packed []byte
	room   *hugepage.Room
}

// A tagger is a protocol.
type tagger interface {
	// receive returns the tags of this side's items in their order, and those
	// of the other side in the order in which they came, in pieces. There may
	// be none of either if one of the sides has no items.
	receive() (own []prg.Block, peers [][]prg.Block, err error)
	// send sends the tags of this side's items in the order of exchange.order.
	send() error
}

// match sets the bits of tags that are on both sides.
func (x *exchange) match(tags tags, ownMatched, peerMatched bitmap) error {
	m := newMatcher(tags, x.width, x.workers, x.room)
	x.s.Steps("match", m.steps())
	return m.match(x.s.Step, func(j, i int) {
		ownMatched.set(i)
		peerMatched.set(j)
	})
}

// tagChunk is the number of tags in a message, the last excepted.
const tagChunk = 1 << 12

// sendTags packs and sends tags.
func (x *exchange) sendTags(typ byte, tags []prg.Block) error {
	packed := x.packedTags(len(tags))
	pack(packed, tags, x.width)
	if err := x.s.Send(typ, packed); err != nil {
		return err
	}
	return x.s.Step(len(tags))
}

// recvTags receives tags that sendTags sent.
func (x *exchange) recvTags(typ byte, tags []prg.Block) error {
	packed := x.packedTags(len(tags))
	if err := recvPacked(x.s, typ, packed, len(tags), x.width); err != nil {
		return err
	}
	unpack(tags, packed, x.width)
	return x.s.Step(len(tags))
}

// packedTags returns room for n tags in a message. There is one for all.
func (x *exchange) packedTags(n int) []byte {
	size := packedSize(n, x.width)
	if size > len(x.packed) {
		x.packed = make([]byte, size)
	}
	return x.packed[:size]
}

// slabItems is how many items a worker takes before it looks whether the run goes
// on.
const slabItems = 1 << 16

// inSteps splits n items among the workers, a slab after the other. With each
// item, so many steps of the phase are done.
func (x *exchange) inSteps(n, steps int, f func(lo, hi int)) error {
	return chunks(n, slabItems*x.workers, func(lo, hi int) error {
		x.parallel(hi-lo, func(i, j int) { f(lo+i, lo+j) })
		return x.s.Step(steps * (hi - lo))
	})
}

// gather copies the digests of items lo to hi, in the given order or, if that is
// nil, in their own.
func (x *exchange) gather(dst []byte, lo, hi int, order []uint32) {
	for i := lo; i < hi; i++ {
		item := i
		if order != nil {
			item = int(order[i])
		}
		copy(dst[(i-lo)*digestSize:], x.items.digest(item)[:])
	}
}

// matchedChunk is the number of bits of a bitmap that go into a message.
const matchedChunk = 1 << 20

// chunks calls f for each chunk of n items.
func chunks(n, size int, f func(lo, hi int) error) error {
	for lo := 0; lo < n; lo += size {
		if err := f(lo, min(lo+size, n)); err != nil {
			return err
		}
	}
	return nil
}

// order returns which item each tag of the sender is of.
func (x *exchange) order() ([]uint32, error) {
	order := make([]uint32, x.own)
	err := shuffled(x.params, order, x.coins.shuffle, x.s.Step, numbered)
	return order, err
}

// numbered sets dst to first, first+1, and so on.
func numbered(dst []uint32, first int) {
	for i := range dst {
		dst[i] = uint32(first + i)
	}
}
