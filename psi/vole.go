package psi

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/okvs"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/vole"
)

// Message types of the protocol VOLE.
const (
	voleTypes  = 16 // and the following, of internal/vole
	voleCommit = 2  // sender: commitment to its part of w (malicious)
	voleSeed   = 3  // receiver: seed r of hashes and store, its part of w
	voleMasked = 4  // receiver: P + A, voleChunk blocks
	voleOpen   = 5  // sender: its part of w (malicious)
	voleTags   = 6  // sender: F(y) for each y, voleChunk tags
)

// voleChunk is the number of blocks or tags in a message, the last excepted.
const voleChunk = 1 << 16

// statistical is the security parameter of what fails by chance: the store
// cannot be encoded with a probability of at most 2^-statistical.
const statistical = 40

// voleRun is a party's side of a run of the protocol VOLE, the OPRF of [RR22,
// Fig. 4].
type voleRun struct {
	*exchange
	coins *prg.PRG
}

func newVOLE(x *exchange) *voleRun {
	x.size = tagSize(x.own.len(), x.peers)
	if x.adversary == Malicious {
		x.size = prg.Size
	}
	return &voleRun{x, prg.New(x.coins.oprf)}
}

func (v *voleRun) config() vole.Config {
	return vole.Config{
		Malicious: v.adversary == Malicious,
		Workers:   v.workers,
		Type:      voleTypes,
		Context:   newLabel("psi-vole", "vole", v.context),
		Coins:     &v.exchange.coins.vole,
	}
}

// receive runs the receiver's side.
func (v *voleRun) receive() (own []byte, peers [][]byte, err error) {
	n, m := v.own.len(), v.peers
	if n == 0 || m == 0 {
		return nil, nil, nil
	}
	dims, err := okvs.NewParams(n, statistical, 128)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrIncompatible, err)
	}
	var commitment [sha256.Size]byte
	if v.adversary == Malicious { // [RR22, Fig. 4, step 1]
		if err := v.s.Recv(voleCommit, commitment[:]); err != nil {
			return nil, nil, err
		}
	}

	// The store is encoded while the other side computes its part of the VOLE.
	items := v.blocks(nil)
	encoded := make(chan error, 1)
	store := make([]prg.Block, dims.Size())
	var key *voleKey
	go func() { // [step 2]
		var err error
		key, err = v.encode(dims, items, store)
		encoded <- err
	}()
	a, c, err := vole.Receive(v.s, v.config(), dims.Size()) // [step 3]
	if err = errors.Join(err, <-encoded); err != nil {
		return nil, nil, err
	}

	v.s.Phase("oprf")
	v.parallel(len(a), func(lo, hi int) { xor(store[lo:hi], a[lo:hi]) })
	mine := v.coins.Block()
	if err := v.s.Send(voleSeed, aes128.AppendBlocks(nil, []prg.Block{key.seed, mine})); err != nil { // [step 4]
		return nil, nil, err
	}
	if err := v.sendBlocks(store); err != nil {
		return nil, nil, err
	}
	tags := store[:n] // nobody needs what it held any more
	okvs.Decode(dims, key.store, items, c, tags, v.workers)
	var w prg.Block
	if v.adversary == Malicious { // [step 5]
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
	own = make([]byte, n*v.size)
	v.parallel(n, func(lo, hi int) { // [step 6]
		key.tags(own[lo*v.size:hi*v.size], v.size, tags[lo:hi], items[lo:hi], w)
	})
	v.advance(n)
	err = chunks(m, voleChunk, func(lo, hi int) error {
		tags := make([]byte, (hi-lo)*v.size)
		if err := v.s.Recv(voleTags, tags); err != nil {
			return err
		}
		peers = append(peers, tags)
		v.advance(hi - lo)
		return nil
	})
	return own, peers, err
}

// encode makes the store P in which each item decodes to its hash, and the key
// with the seed for which that worked.
func (v *voleRun) encode(dims okvs.Params, items, store []prg.Block) (*voleKey, error) {
	values := make([]prg.Block, len(items))
	for range encodeAttempts {
		key := newVOLEKey(v.context, v.coins.Block())
		v.parallel(len(items), func(lo, hi int) { key.hash(values[lo:hi], items[lo:hi]) })
		err := encodeStore(dims, key.store, v.coins.Block().Bytes(), items, values, store, v.workers)
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
func (v *voleRun) send(order []uint32) error {
	n, m := v.peers, v.own.len()
	if n == 0 || m == 0 {
		return nil
	}
	dims, err := okvs.NewParams(n, statistical, 128)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrIncompatible, err)
	}
	delta, mine := v.coins.Block(), v.coins.Block()
	if v.adversary == Malicious { // [RR22, Fig. 4, step 1]
		commitment := v.commit(mine.Bytes())
		if err := v.s.Send(voleCommit, commitment[:]); err != nil {
			return err
		}
	}
	k, err := vole.Send(v.s, v.config(), dims.Size(), delta) // [step 3]
	if err != nil {
		return err
	}

	v.s.Phase("oprf")
	var first [2 * prg.Size]byte
	if err := v.s.Recv(voleSeed, first[:]); err != nil { // [step 4]
		return err
	}
	var seeds [2]prg.Block
	aes128.SetBytes(seeds[:], first[:])
	key := newVOLEKey(v.context, seeds[0])
	if err := v.recvMasked(k, delta); err != nil {
		return err
	}
	v.advance(n)
	var w prg.Block
	if v.adversary == Malicious { // [step 5]
		bytes := mine.Bytes()
		if err := v.s.Send(voleOpen, bytes[:]); err != nil {
			return err
		}
		w = mine.Xor(seeds[1])
	}
	items := v.blocks(order)
	values := make([]prg.Block, m)
	okvs.Decode(dims, key.store, items, k, values, v.workers)
	v.parallel(m, func(lo, hi int) { key.addHashes(values[lo:hi], items[lo:hi], delta) })
	tags := make([]byte, min(m, voleChunk)*v.size)
	return chunks(m, voleChunk, func(lo, hi int) error {
		v.parallel(hi-lo, func(i, j int) {
			key.tags(tags[i*v.size:j*v.size], v.size, values[lo+i:lo+j], items[lo+i:lo+j], w)
		})
		if err := v.s.Send(voleTags, tags[:(hi-lo)*v.size]); err != nil {
			return err
		}
		v.advance(hi - lo)
		return nil
	})
}

// blocks returns the digests of all items in the given order.
func (v *voleRun) blocks(order []uint32) []prg.Block {
	blocks := make([]prg.Block, v.own.len())
	v.parallel(len(blocks), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			item := i
			if order != nil {
				item = int(order[i])
			}
			blocks[i] = blockOf(*v.own.digest(item))
		}
	})
	return blocks
}

// sendBlocks sends blocks in chunks.
func (v *voleRun) sendBlocks(blocks []prg.Block) error {
	buf := make([]byte, 0, min(len(blocks), voleChunk)*prg.Size)
	return chunks(len(blocks), voleChunk, func(lo, hi int) error {
		return v.s.Send(voleMasked, aes128.AppendBlocks(buf, blocks[lo:hi]))
	})
}

// recvMasked receives the masked store A and sets k = b to b + delta·A.
func (v *voleRun) recvMasked(k []prg.Block, delta prg.Block) error {
	buf := make([]byte, min(len(k), voleChunk)*prg.Size)
	masked := make([]prg.Block, min(len(k), voleChunk))
	return chunks(len(k), voleChunk, func(lo, hi int) error {
		if err := v.s.Recv(voleMasked, buf[:(hi-lo)*prg.Size]); err != nil {
			return err
		}
		v.parallel(hi-lo, func(i, j int) {
			aes128.SetBytes(masked[i:j], buf[i*prg.Size:j*prg.Size])
			mulConstAdd(k[lo+i:lo+j], masked[i:j], delta)
		})
		return nil
	})
}

// commit commits to a uniformly random block.
func (v *voleRun) commit(w [prg.Size]byte) [sha256.Size]byte {
	return sha256.Sum256(append(newLabel("psi-vole", "commitment", v.context), w[:]...))
}
