package psi

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/okvs"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/vole"
)

// Message types of the protocol VOLE.
const (
	voleTypes  = 16 // and the following, of internal/vole
	voleCommit = 2  // sender: commitment to its part of w (malicious)
	voleSeed   = 3  // receiver: seed r of hashes and store, its part of w
	voleMasked = 4  // receiver: P + A, voleChunk blocks, packed
	voleOpen   = 5  // sender: its part of w (malicious)
	voleTags   = 6  // sender: F(y) for each y, tagChunk tags
)

// voleChunk is the number of blocks in a message, the last excepted.
const voleChunk = 1 << 14

// voleRun is a party's side of a run of the protocol VOLE: [RR22, Fig. 4], whose
// steps are named below, with what [RS21] adds against malicious parties: a coin w
// that both toss, and the item in the hash of the tag, which does no harm in the
// other case.
type voleRun struct {
	*exchange
	coins *prg.PRG
	mask  int // width of the store in bits
}

func newVOLE(x *exchange) *voleRun {
	v := &voleRun{exchange: x, coins: prg.New(x.coins.oprf), mask: 8 * prg.Size}
	if x.adversary == Malicious {
		// Neither masks nor tags can be shorter. A receiver that tries items
		// offline finds, with 2^64 work each, more that decode to a mask of 64
		// bits than its store holds; a sender finds two items with the same tag
		// of t bits with 2^(t/2).
		x.width = 8 * prg.Size
		return v
	}
	x.width = x.tagBits()
	if statistical+2+ceilLog2(x.most) <= narrowMask {
		v.mask = narrowMask
	}
	return v
}

// narrowMask is the width of the store for semi-honest parties. Then H maps into
// the space V of package gf128, and the VOLE is over a subfield of 2^64 elements:
// what the receiver sends has half the size.
//
// Deviation: [RR22, section 4] asks for statistical + log2(n·m) bits, one bad event
// for each pair of items. There is only one for each item y of the sender that the
// receiver does not have: that y decodes to H(y) in the receiver's store, and the
// tag of y is not hidden by delta. H(y) is independent of the store, so this
// happens with probability 2^-64 for each y, and 2^-42 at most for all, in whatever
// parts; what pads them is no item, and nobody's loss. With 2^24 items it would be 2^-40,
// which is all that a run may fail with, and the tags need 2^-41 of it: so the store is
// wide for more than 2^22 items. Otherwise
// the tag is a hash of delta times something that is not zero, which the receiver
// guesses with probability 2^-128.
const narrowMask = 64

func (v *voleRun) config() vole.Config {
	return vole.Config{
		Malicious: v.adversary == Malicious,
		Workers:   v.workers,
		Type:      voleTypes,
		Context:   newLabel("psi-vole", "vole", v.context),
		Subspace:  v.mask == narrowMask,
		Coins:     &v.exchange.coins.vole,
		Room:      v.room,
	}
}

// dims returns the dimensions of a store of n items.
func (v *voleRun) dims(n int) (okvs.Params, error) {
	dims, err := okvs.NewParams(n, statistical, v.mask)
	if err != nil || dims.Size() > vole.MaxLen {
		return dims, fmt.Errorf("%w: the receiver has %d items, too many for one run of this protocol", ErrIncompatible, n)
	}
	return dims, nil
}

// receive runs the receiver's side.
func (v *voleRun) receive() (_ []prg.Block, peers [][]prg.Block, err error) {
	n, m := v.own, v.peers
	if n == 0 || m == 0 {
		return nil, nil, nil
	}
	dims, err := v.dims(n)
	if err != nil {
		return nil, nil, err
	}
	var commitment [sha256.Size]byte
	if v.adversary == Malicious {
		if err := v.s.Recv(voleCommit, commitment[:]); err != nil {
			return nil, nil, err
		}
	}

	a, c, err := vole.Receive(v.s, v.config(), dims.Size()) // [step 2]
	if err != nil {
		return nil, nil, err
	}

	// Only now come the items and the store, for which the VOLE has left some of
	// the room.
	v.s.Steps("encode", 2*n)
	items, err := v.blocks()
	if err != nil {
		return nil, nil, err
	}
	store, err := v.take(dims.Size())
	if err != nil {
		return nil, nil, err
	}
	scratch, err := v.take(dims.Scratch())
	if err != nil {
		return nil, nil, err
	}
	own := scratch[:n]
	key, err := v.encode(dims, items, scratch, store) // [step 1]
	if err != nil {
		return nil, nil, err
	}
	v.s.Steps("store", len(store))
	if err := v.inSteps(len(a), 0, func(lo, hi int) { xor(store[lo:hi], a[lo:hi]) }); err != nil {
		return nil, nil, err
	}
	mine := v.coins.Block()
	if err := v.s.Send(voleSeed, aes128.AppendBlocks(nil, []prg.Block{key.seed, mine})); err != nil { // [step 3]
		return nil, nil, err
	}
	if err := v.sendMasked(store); err != nil {
		return nil, nil, err
	}
	v.room.Give(store) // for the other side's tags
	v.s.Steps("decode", 2*n)
	if err := okvs.Decode(dims, key.store, items, c, own, v.work(v.s.Step)); err != nil {
		return nil, nil, err
	}
	var w prg.Block
	if v.adversary == Malicious {
		var theirs [prg.Size]byte
		if err := v.s.Recv(voleOpen, theirs[:]); err != nil {
			return nil, nil, err
		}
		opened := v.commit(theirs)
		if subtle.ConstantTimeCompare(opened[:], commitment[:]) != 1 {
			return nil, nil, fmt.Errorf("%w: it opened another value than it had committed to", ErrPeer)
		}
		w = mine.Xor(blockOf(theirs))
	}
	err = v.inSteps(n, 1, func(lo, hi int) { key.tags(own[lo:hi], items[lo:hi], v.width, w) }) // [step 5]
	if err != nil {
		return nil, nil, err
	}
	v.s.Steps("tags", m)
	err = chunks(m, tagChunk, func(lo, hi int) error {
		tags := v.room.Take(hi - lo)
		peers = append(peers, tags)
		return v.recvTags(voleTags, tags)
	})
	v.room.Give(items, a, c) // for matching
	return own, peers, err
}

// encode makes the store P in which each item decodes to its hash, and the key
// with the seed for which that worked.
func (v *voleRun) encode(dims okvs.Params, items, scratch, store []prg.Block) (*voleKey, error) {
	for range encodeAttempts {
		key := newVOLEKey(v.context, v.coins.Block())
		hash := func(dst []prg.Block, first int) { key.hash(dst, items[first:first+len(dst)], v.mask) }
		err := encodeStore(dims, key.store, v.coins.Block().Bytes(), items, hash, scratch, store, v.work(v.s.Step))
		if !errors.Is(err, okvs.ErrUnsolvable) {
			return key, err
		}
	}
	return nil, errors.New("the items could not be encoded under any of several seeds, which happens by chance with probability 2^-120")
}

// encodeAttempts is the number of seeds to try. The failures of a first seed
// depend on it and the items only, and nothing of it was sent.
const encodeAttempts = 3

// encodeStore is okvs.Encode, but for tests that make it fail.
var encodeStore = okvs.Encode

// send runs the sender's side.
func (v *voleRun) send() error {
	n, m := v.peers, v.own
	if n == 0 || m == 0 {
		return nil
	}
	dims, err := v.dims(n)
	if err != nil {
		return err
	}
	delta, mine := v.coins.Block(), v.coins.Block()
	if v.adversary == Malicious {
		commitment := v.commit(mine.Bytes())
		if err := v.s.Send(voleCommit, commitment[:]); err != nil {
			return err
		}
	}
	k, err := vole.Send(v.s, v.config(), dims.Size(), delta) // [step 2]
	if err != nil {
		return err
	}

	// The receiver encodes its store meanwhile.
	v.s.Steps("store", dims.Size())
	items, err := v.take(m)
	if err != nil {
		return err
	}
	if err := shuffled(v.params, items, v.exchange.coins.shuffle, v.s.Step, v.digests); err != nil {
		return err
	}
	var first [2 * prg.Size]byte
	if err := v.s.Recv(voleSeed, first[:]); err != nil { // [step 3]
		return err
	}
	var seeds [2]prg.Block
	aes128.SetBytes(seeds[:], first[:])
	key := newVOLEKey(v.context, seeds[0])
	if err := v.recvMasked(k, delta); err != nil {
		return err
	}
	v.s.Steps("tags", m)
	var w prg.Block
	if v.adversary == Malicious {
		bytes := mine.Bytes()
		if err := v.s.Send(voleOpen, bytes[:]); err != nil {
			return err
		}
		w = mine.Xor(seeds[1])
	}
	// [step 4], a slab after the other, so that the receiver has something to do
	// and the values stay in the cache.
	slab := v.room.Take(min(m, slabItems*v.workers))
	return chunks(m, len(slab), func(lo, hi int) error {
		values, items := slab[:hi-lo], items[lo:hi]
		if err := okvs.Decode(dims, key.store, items, k, values, v.work(nil)); err != nil {
			return err
		}
		v.parallel(len(items), func(lo, hi int) {
			key.addHashes(values[lo:hi], items[lo:hi], v.mask, delta)
			key.tags(values[lo:hi], items[lo:hi], v.width, w)
		})
		return chunks(len(values), tagChunk, func(lo, hi int) error { return v.sendTags(voleTags, values[lo:hi]) })
	})
}

// work says how package okvs works.
func (v *voleRun) work(step func(n int) error) okvs.Work {
	return okvs.Work{Workers: v.workers, Step: step}
}

// take returns n blocks of the room, that hold anything. To get them from the system can
// take long, which the end of the run does not wait for.
func (v *voleRun) take(n int) ([]prg.Block, error) {
	var blocks []prg.Block
	if err := v.s.Await(func() { blocks = v.room.Take(n) }); err != nil {
		return nil, err // and not blocks, which may still be written
	}
	return blocks, nil
}

// digests sets dst to the digests of the items from number first on.
func (v *voleRun) digests(dst []prg.Block, first int) {
	for i := range dst {
		dst[i] = blockOf(*v.items.digest(first + i))
	}
}

// blocks returns the digests of all items.
func (v *voleRun) blocks() ([]prg.Block, error) {
	blocks, err := v.take(v.own)
	if err != nil {
		return nil, err
	}
	err = v.inSteps(len(blocks), 0, func(lo, hi int) { v.digests(blocks[lo:hi], lo) })
	return blocks, err
}

// sendMasked sends the masked store.
func (v *voleRun) sendMasked(store []prg.Block) error {
	buf := make([]byte, packedSize(min(len(store), voleChunk), v.mask))
	return chunks(len(store), voleChunk, func(lo, hi int) error {
		v.parallel(hi-lo, func(i, j int) {
			pack(buf[i*v.mask/8:packedSize(j, v.mask)], store[lo+i:lo+j], v.mask)
		})
		if err := v.s.Send(voleMasked, buf[:packedSize(hi-lo, v.mask)]); err != nil {
			return err
		}
		return v.s.Step(hi - lo)
	})
}

// recvMasked receives the masked store A and sets k = b to b + delta·A.
func (v *voleRun) recvMasked(k []prg.Block, delta prg.Block) error {
	buf := make([]byte, packedSize(min(len(k), voleChunk), v.mask))
	masked := make([]prg.Block, min(len(k), voleChunk))
	return chunks(len(k), voleChunk, func(lo, hi int) error {
		buf := buf[:packedSize(hi-lo, v.mask)]
		if err := recvPacked(v.s, voleMasked, buf, hi-lo, v.mask); err != nil {
			return err
		}
		v.parallel(hi-lo, func(i, j int) {
			unpack(masked[i:j], buf[i*v.mask/8:packedSize(j, v.mask)], v.mask)
			if v.mask == narrowMask {
				gf128.LiftVarTime(masked[i:j]) // the other side sent them
			}
			mulConstAdd(k[lo+i:lo+j], masked[i:j], delta)
		})
		return v.s.Step(hi - lo)
	})
}

// commit commits to a uniformly random block.
func (v *voleRun) commit(w [prg.Size]byte) [sha256.Size]byte {
	return sha256.Sum256(append(newLabel("psi-vole", "commitment", v.context), w[:]...))
}
