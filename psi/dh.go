package psi

import "github.com/dujiang-dev/dujiang/internal/prg"

// Message types of the protocol DH.
const (
	dhBlinded   = 2 // receiver: r·H(x), chunkItems elements
	dhTags      = 3 // sender: T(y, s·H(y)), tagChunk tags
	dhEvaluated = 4 // sender: s·r·H(x), chunkItems elements
)

// chunkItems is the number of items in a message, the last of a kind excepted.
const chunkItems = tagChunk

// dh is a party's side of a run of the protocol DH.
//
// After the hello the sender sends tags and evaluated elements in turns, a chunk
// of each, so that both sides compute at the same time and hold little. The
// receiver sends and receives at the same time, the sender one after the other,
// so that there is always a side that makes progress, however little the stream
// buffers.
type dh struct {
	*exchange
	key *dhKey
}

func newDH(x *exchange) *dh {
	x.width = x.tagBits()
	return &dh{x, newDHKey(x.context, &x.coins.scalar)}
}

func (d *dh) receive() (own []prg.Block, peers [][]prg.Block, err error) {
	n, m := d.own, d.peers
	d.s.Steps("exchange", n+m)
	own = make([]prg.Block, n)
	err = d.s.Duplex(func() error {
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
				tags := make([]prg.Block, k) // only now, as they come
				if err := d.recvTags(dhTags, tags); err != nil {
					return err
				}
				peers = append(peers, tags)
			}
			if k := min(hi, n) - lo; k > 0 {
				if err := d.s.Recv(dhEvaluated, elements[:k*elementSize]); err != nil {
					return err
				}
				d.gather(digests, lo, lo+k, nil)
				err := d.parallelErr(k, func(i, j int) error {
					return d.key.finalize(own[lo+i:lo+j], d.width, elements[i*elementSize:j*elementSize], digests[i*digestSize:j*digestSize])
				})
				if err != nil {
					return err
				}
				return d.s.Step(k)
			}
			return nil
		})
	})
	return own, peers, err
}

func (d *dh) send() error {
	n, m := d.peers, d.own
	d.s.Steps("exchange", n+m)
	order, err := d.order()
	if err != nil {
		return err
	}
	digests := make([]byte, chunkItems*digestSize)
	elements := make([]byte, chunkItems*elementSize)
	tags := make([]prg.Block, chunkItems)
	return chunks(max(n, m), chunkItems, func(lo, hi int) error {
		if k := min(hi, m) - lo; k > 0 {
			d.gather(digests, lo, lo+k, order)
			d.parallel(k, func(i, j int) {
				d.key.tags(tags[i:j], d.width, elements[i*elementSize:j*elementSize], digests[i*digestSize:j*digestSize])
			})
			if err := d.sendTags(dhTags, tags[:k]); err != nil {
				return err
			}
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
			return d.s.Step(k)
		}
		return nil
	})
}
