package psi

import (
	"fmt"
	"math/rand/v2"

	"github.com/dujiang-dev/dujiang/internal/session"
)

// dhVersion changes with every byte on the wire.
const dhVersion = 1

// Message types.
const (
	dhBlinded   = 1 // receiver: r·H(x), chunkItems elements
	dhTags      = 2 // sender: T(y, s·H(y)), chunkItems tags
	dhEvaluated = 3 // sender: s·r·H(x), chunkItems elements
	dhMatched   = 4 // receiver: bitmap of the tags that matched
)

// Messages hold this many items, the last of each kind fewer.
const (
	chunkItems = 1 << 12
	chunkBits  = 1 << 20
)

// dh is a party's side of a run of the protocol DH.
//
// After the hello the sender sends tags and evaluated elements in turns, a chunk
// of each, so that both sides compute at the same time and hold little. The
// receiver sends and receives at the same time, the sender one after the other,
// so that there is always a side that makes progress, however little the stream
// buffers.
type dh struct {
	*params
	s     *session.Session
	key   *dhKey
	coins *coins
	own   *items
	peers int // number of the other side's items
	done  int64
}

func newDH(p *params, s *session.Session, own *items, peers int, coins *coins) *dh {
	return &dh{params: p, s: s, key: newDHKey(p.context, &coins.scalar), coins: coins, own: own, peers: peers}
}

// advance reports progress by items of either side.
func (d *dh) advance(n int) {
	d.done += int64(n)
	d.progress(Progress{Phase: "exchange", Done: d.done, Total: int64(d.own.len() + d.peers)})
}

// chunks calls f for each chunk of n items.
func chunks(n, size int, f func(lo, hi int) error) error {
	for lo := 0; lo < n; lo += size {
		if err := f(lo, min(lo+size, n)); err != nil {
			return err
		}
	}
	return nil
}

// receive runs the receiver's side.
func (d *dh) receive() ([]int, error) {
	d.s.Phase("exchange")
	n, m := d.own.len(), d.peers
	size := tagSize(n, m)
	ownTags := make([]byte, n*size)
	var peerTags [][]byte // of each chunk, as they arrive
	err := d.s.Duplex(func() error {
		digests := make([]byte, chunkItems*digestSize)
		elements := make([]byte, chunkItems*elementSize)
		return chunks(n, chunkItems, func(lo, hi int) error {
			d.gather(digests, lo, hi, nil)
			d.parallel(hi-lo, func(i, j int) {
				d.key.blind(elements[i*elementSize:j*elementSize], digests[i*digestSize:j*digestSize])
			})
			return d.s.Send(dhBlinded, elements[:(hi-lo)*elementSize])
		})
	}, func() error {
		digests := make([]byte, chunkItems*digestSize)
		elements := make([]byte, chunkItems*elementSize)
		return chunks(max(n, m), chunkItems, func(lo, hi int) error {
			if k := min(hi, m) - lo; k > 0 {
				tags := make([]byte, k*size)
				if err := d.s.Recv(dhTags, tags); err != nil {
					return err
				}
				peerTags = append(peerTags, tags)
				d.advance(k)
			}
			if k := min(hi, n) - lo; k > 0 {
				if err := d.s.Recv(dhEvaluated, elements[:k*elementSize]); err != nil {
					return err
				}
				d.gather(digests, lo, lo+k, nil)
				err := d.parallelErr(k, func(i, j int) error {
					return d.key.finalize(ownTags[(lo+i)*size:(lo+j)*size], size,
						elements[i*elementSize:j*elementSize], digests[i*digestSize:j*digestSize])
				})
				if err != nil {
					return err
				}
				d.advance(k)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if err := d.s.RecvEnd(); err != nil {
		return nil, err
	}
	if d.reveal == RevealReceiver {
		// The time that matching takes tells how much there is, so the sender
		// does not wait for it.
		if err := d.s.SendEnd(); err != nil {
			return nil, err
		}
	}

	d.s.Phase("match")
	table := newTagTable(ownTags, size)
	ownMatched, peerMatched := newBitmap(n), newBitmap(m)
	for c, tags := range peerTags {
		for j := range len(tags) / size {
			if i := table.find(tags[j*size : (j+1)*size]); i >= 0 {
				ownMatched.set(i)
				peerMatched.set(c*chunkItems + j)
			}
		}
	}
	rows, err := d.own.rowsOf(ownMatched)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPeer, err)
	}
	if d.reveal == RevealReceiver {
		return rows, nil
	}
	err = chunks(m, chunkBits, func(lo, hi int) error {
		return d.s.Send(dhMatched, peerMatched[lo/8:(hi+7)/8])
	})
	if err != nil {
		return nil, err
	}
	return rows, d.s.SendEnd()
}

// send runs the sender's side.
func (d *dh) send() ([]int, error) {
	d.s.Phase("exchange")
	n, m := d.peers, d.own.len()
	size := tagSize(n, m)
	order := shuffled(m, d.coins.shuffle)
	digests := make([]byte, chunkItems*digestSize)
	elements := make([]byte, chunkItems*elementSize)
	tags := make([]byte, chunkItems*size)
	err := chunks(max(n, m), chunkItems, func(lo, hi int) error {
		if k := min(hi, m) - lo; k > 0 {
			d.gather(digests, lo, lo+k, order)
			d.parallel(k, func(i, j int) {
				d.key.tags(tags[i*size:j*size], size, elements[i*elementSize:j*elementSize], digests[i*digestSize:j*digestSize])
			})
			if err := d.s.Send(dhTags, tags[:k*size]); err != nil {
				return err
			}
			d.advance(k)
		}
		if k := min(hi, n) - lo; k > 0 {
			if err := d.s.Recv(dhBlinded, elements[:k*elementSize]); err != nil {
				return err
			}
			err := d.parallelErr(k, func(i, j int) error {
				return d.key.evaluate(elements[i*elementSize : j*elementSize])
			})
			if err != nil {
				return err
			}
			if err := d.s.Send(dhEvaluated, elements[:k*elementSize]); err != nil {
				return err
			}
			d.advance(k)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := d.s.SendEnd(); err != nil {
		return nil, err
	}

	d.s.Phase("match")
	var rows []int
	if d.reveal == RevealBoth {
		if rows, err = d.recvMatched(order); err != nil {
			return nil, err
		}
	}
	return rows, d.s.RecvEnd()
}

// recvMatched learns from the receiver which tags matched, and returns the rows
// that they were made from.
func (d *dh) recvMatched(order []uint32) ([]int, error) {
	m := len(order)
	shuffledMatched, matched := newBitmap(m), newBitmap(m)
	err := chunks(m, chunkBits, func(lo, hi int) error {
		return d.s.Recv(dhMatched, shuffledMatched[lo/8:(hi+7)/8])
	})
	if err != nil {
		return nil, err
	}
	if !shuffledMatched.clean(m) {
		return nil, fmt.Errorf("%w: it says that more tags matched than there are", ErrPeer)
	}
	for i, item := range order {
		if shuffledMatched.get(i) {
			matched.set(int(item))
		}
	}
	rows, err := d.own.rowsOf(matched)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPeer, err)
	}
	return rows, nil
}

// gather copies the digests of items lo to hi, in the given order or, if that is
// nil, in their own.
func (d *dh) gather(dst []byte, lo, hi int, order []uint32) {
	for i := lo; i < hi; i++ {
		item := i
		if order != nil {
			item = int(order[i])
		}
		copy(dst[(i-lo)*digestSize:], d.own.digest(item)[:])
	}
}

// shuffled returns a random order of n items. The positions of tags that match
// would otherwise tell the receiver how many items lie between them in the order
// of digests, and so exclude others.
func shuffled(n int, seed [32]byte) []uint32 {
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(i)
	}
	// ChaCha8 is a stream cipher with an unpredictable output.
	rand.New(rand.NewChaCha8(seed)).Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}
