package mal3

import (
	"crypto/subtle"
	"fmt"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/rep3"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// Types of messages.
const (
	typeShort  = rep3.TypeFree + iota // a few summands, sent by both that have them
	typeWide                          // summands of 128 bits
	typeDigest                        // of summands that the third party sends
	typeWord                          // summands of a vector that is opened
	typeMoved                         // words that a shuffle has moved, or weights of words, masked
)

// Parties as methods of [rep3.Party] name them.
const (
	toNext, fromNext = true, true
	toPrev, fromPrev = false, false
)

// piece is how many elements of 128 bits go in one message, a multiple of maskPiece. With its
// header it is a little less than 64 KiB, as TCP takes at once; see rep3.
const piece = 1<<12 - maskPiece

// errDeviation says that another party deviated, where it could be either.
var errDeviation = fmt.Errorf("%w: one of the two deviated from the protocol, or their streams altered it", session.ErrPeer)

// errShares is errDeviation where it could be whoever shared a vector, too.
var errShares = fmt.Errorf("%w: shares of a vector differ: whoever shared it deviated, or one of the two, or their streams altered something", session.ErrPeer)

// ready returns when both others have received all that was sent to them before they
// said that they are ready. A challenge that anybody may know before that would come
// too early: a party could choose what it sends to one of the others by what it has
// heard from the other one. The message is the history, so that calls that differ are found
// before what comes of them looks like a deviation.
func (p *Party) ready() error { return p.rep.Compare() }

// openShort opens what is short enough to be sent by both that have it, and
// compared. own and next are this party's summands; the result is the one that it
// lacks.
func (p *Party) openShort(own, next []byte) ([]byte, error) {
	p.rep.Round()
	var lacking [2][]byte
	err := p.rep.Each(func(isNext bool) error {
		// Party i lacks the summand i+2: the next party's second and the previous
		// party's first one.
		if isNext {
			lacking[0] = make([]byte, len(own))
			return p.rep.Swap(isNext, typeShort, own, lacking[0])
		}
		lacking[1] = make([]byte, len(own))
		return p.rep.Swap(isNext, typeShort, next, lacking[1])
	})
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(lacking[0], lacking[1]) != 1 {
		return lacking[0], p.deviation()
	}
	return lacking[0], nil
}

// coin returns a stream that nobody knows anything of before both others have
// received all that this party sent: a random sharing, which takes no message
// [LN17; AFLNO16], is opened.
func (p *Party) coin() (*prg.PRG, error) {
	if err := p.ready(); err != nil {
		return nil, err
	}
	own, next := p.seeds()
	seed, err := p.openShort(own[:], next[:])
	if err != nil {
		return nil, err
	}
	for i := range own {
		own[i] ^= next[i] ^ seed[i]
	}
	return prg.New(own), nil
}

// seeds returns new seeds of the streams that this party has with the previous and
// with the next one.
func (p *Party) seeds() (own, next [prg.Size]byte) {
	p.own.Bytes(own[:])
	p.next.Bytes(next[:])
	return own, next
}

// isZero opens a number of 128 bits, of which this party has two summands, and
// returns errDeviation unless it is zero. add says how summands are added.
func (p *Party) isZero(own, next wide, add func(a, b wide) wide) error {
	b := [2][wideSize]byte{own.Bytes(), next.Bytes()}
	lacking, err := p.openShort(b[0][:], b[1][:])
	if err != nil {
		return err
	}
	third := aes128.FromBytes([wideSize]byte(lacking))
	if z := add(add(own, next), third); z.Lo|z.Hi != 0 {
		return p.deviation()
	}
	return nil
}

// A digest is a hash by polynomials over GF(2^128), of which two parties know the
// key: each piece has its own key r, and gives c_0·r + c_1·r^2 + ... Two different
// vectors of n elements have the same digest for one key in 2^128/n at most. Whoever
// has sent one of the summands does not know the key, and never sees a digest.
type digest struct {
	keys *prg.PRG
	sum  wide
	half []wide // for words
}

func newDigest(seed [prg.Size]byte) *digest { return &digest{keys: prg.New(seed)} }

// add continues the digest with a piece.
func (d *digest) add(c []wide) {
	r := d.keys.Block()
	d.sum = d.sum.Xor(gf128.Mul(gf128.Horner(c, r), r))
}

// words continues the digest with a piece of words.
func (d *digest) words(w []uint64) {
	d.half = d.half[:0]
	for len(w) >= 2 {
		d.half = append(d.half, wide{Lo: w[0], Hi: w[1]})
		w = w[2:]
	}
	if len(w) == 1 {
		d.half = append(d.half, wide{Lo: w[0]})
	}
	d.add(d.half)
}

// pieces continues the digest with all pieces of a vector.
func (d *digest) pieces(w []uint64) {
	pieces(len(w), func(lo, hi int) error {
		d.words(w[lo:hi])
		return nil
	})
}

// send sends d to the next party, and check receives that of the previous party and
// compares it with d.
func (d *digest) send(p *Party) error {
	b := d.sum.Bytes()
	return p.rep.Send(toNext, typeDigest, b[:])
}

func (d *digest) check(p *Party) error {
	var theirs [wideSize]byte
	if err := p.rep.Receive(fromPrev, typeDigest, theirs[:]); err != nil {
		return err
	}
	return d.is(p, theirs)
}

// is returns errDeviation unless d is what the previous party sent.
func (d *digest) is(p *Party, theirs [wideSize]byte) error {
	mine := d.sum.Bytes()
	if subtle.ConstantTimeCompare(mine[:], theirs[:]) != 1 {
		return p.deviation()
	}
	return nil
}

// pieces calls f with the bounds of each piece of n elements.
func pieces(n int, f func(lo, hi int) error) error {
	for lo := 0; lo < n; lo += piece {
		if err := f(lo, min(lo+piece, n)); err != nil {
			return err
		}
	}
	return nil
}

// share turns sums of products that each party has a part of into shares: it masks
// own by zeros, sends it to the previous party and fills next with what comes from
// the next one [AFLNO16]. It is one round.
func (p *Party) share(own, next []wide, add, sub func(a, b wide) wide) error {
	p.rep.Round()
	ownSeed, nextSeed := p.seeds()
	ownMask, nextMask := prg.New(ownSeed), prg.New(nextSeed)
	for i := range own {
		own[i] = add(own[i], sub(ownMask.Block(), nextMask.Block()))
	}
	return p.rep.Both(func() error {
		return pieces(len(own), func(lo, hi int) error { return p.sendWide(own[lo:hi]) })
	}, func() error {
		return pieces(len(own), func(lo, hi int) error { return p.receiveWide(next[lo:hi]) })
	})
}

// sendWide sends a piece to the previous party, and receiveWide receives one from the
// next one.
func (p *Party) sendWide(z []wide) error {
	return p.rep.Send(toPrev, typeWide, aes128.View(z, p.sending[:]))
}

func (p *Party) receiveWide(z []wide) error {
	return aes128.Fill(z, p.receiving[:], func(b []byte) error { return p.rep.Receive(fromNext, typeWide, b) })
}

// open opens n elements to all parties, piece by piece, in one round. part sets this party's
// summands of at most maskPiece elements from lo, which is a multiple of that, and use gets
// the elements from lo, later and from another goroutine. Each summand comes from one of the
// two parties that have it, and its digest from the other one.
func (p *Party) open(n int, add func(dst, a, b []wide), part func(own, next []wide, lo int), use func(d []wide, lo int)) error {
	p.rep.Round()
	ownKey, nextKey := p.seeds()
	// When one side fails the other must not wait for it, and has the same error.
	summed, stopped := make(chan []wide, ahead), make(chan struct{})
	var sending, receiving error
	return p.rep.Both(func() (err error) {
		defer func() {
			sending = err
			close(summed)
		}()
		// This party's own summand is what the next party lacks, and its next one
		// what the previous party lacks.
		sent := newDigest(nextKey)
		own, next := make([]wide, min(piece, n)), make([]wide, min(piece, n))
		err = pieces(n, func(lo, hi int) error {
			own, next, sums := own[:hi-lo], next[:hi-lo], p.sums.get()[:hi-lo]
			for at := 0; at < len(own); at += maskPiece {
				end := min(at+maskPiece, len(own))
				part(own[at:end], next[at:end], lo+at)
				add(sums[at:end], own[at:end], next[at:end])
			}
			select {
			case summed <- sums:
			case <-stopped:
				return receiving
			}
			sent.add(own)
			return p.sendWide(next)
		})
		if err != nil {
			return err
		}
		return sent.send(p)
	}, func() (err error) {
		defer func() {
			receiving = err
			close(stopped)
		}()
		received := newDigest(ownKey)
		third := make([]wide, min(piece, n))
		err = pieces(n, func(lo, hi int) error {
			third := third[:hi-lo]
			if err := p.receiveWide(third); err != nil {
				return err
			}
			received.add(third)
			d, ok := <-summed
			if !ok {
				return sending
			}
			add(d, d, third)
			use(d, lo)
			p.sums.put(d)
			return nil
		})
		if err != nil {
			return err
		}
		return received.check(p)
	})
}

// ahead is how many pieces a party opens before it has received as many, as links of a long
// delay need. Those that it does open are mostly the same few, which stay in the cache.
const ahead = 64

// A stack has the memory of pieces that are not in use, the last one first.
type stack struct {
	lock sync.Mutex // guards free
	free [][]wide
}

func (s *stack) get() []wide {
	s.lock.Lock()
	defer s.lock.Unlock()
	last := len(s.free) - 1
	if last < 0 {
		return make([]wide, piece)
	}
	v := s.free[last]
	s.free = s.free[:last]
	return v
}

func (s *stack) put(v []wide) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.free = append(s.free, v[:piece])
}
