package rep3

import (
	"fmt"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A column is a vector that is put in order: summand i and summand i+1 of each element, for
// party i, of which halves of words are modulo 2^32.
type column[W ring64.Word] struct {
	own, next []W
	xor       bool // summands add up by exclusive or
	pool      *pool[W]
	lent      bool // own and next are the caller's
	// Under way: the summand that comes of what has been received, and the last message.
	coming, last []W
}

// A pool has vectors of n elements, of any values, that are used again: a sort would
// otherwise ask for so many that the memory of one is cold each time.
type pool[W ring64.Word] struct {
	n    int
	lock sync.Mutex // guards free
	free [][]W
}

func (p *pool[W]) get() []W {
	p.lock.Lock()
	defer p.lock.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return ring64.Unset[W](p.n)
	}
	v := p.free[last]
	p.free = p.free[:last]
	return v
}

// put takes vectors that nobody uses any more, or nil.
func (p *pool[W]) put(vs ...[]W) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, v := range vs {
		if v != nil {
			p.free = append(p.free, v)
		}
	}
}

// new returns a column of any values.
func (p *pool[W]) new(xor bool) *column[W] {
	return &column[W]{own: p.get(), next: p.get(), xor: xor, pool: p}
}

// drop gives the memory of columns back.
func drop[W ring64.Word](columns ...*column[W]) {
	for _, t := range columns {
		t.pool.put(t.own, t.next)
		t.own, t.next = nil, nil
	}
}

// set puts v in the place of the own or the next summands.
func (t *column[W]) set(c int, v []W) {
	old := &t.own
	if c == 1 {
		old = &t.next
	}
	if !t.lent {
		t.pool.put(*old)
	}
	*old = v
}

// summands returns the own or the next ones.
func (t *column[W]) summands(c int) []W {
	if c == 0 {
		return t.own
	}
	return t.next
}

// fits returns an error unless there are n elements.
func (t *column[W]) fits(n int) error {
	if len(t.own) != n || len(t.next) != n {
		return fmt.Errorf("rep3: columns of %d elements in an order of %d", len(t.own), n)
	}
	return nil
}

// plus sets z to x + y, and minus to x - y. They may be the same.
func (t *column[W]) plus(z, x, y []W) {
	x, y = x[:len(z)], y[:len(z)]
	if t.xor {
		for i := range z {
			z[i] = x[i] ^ y[i]
		}
		return
	}
	for i := range z {
		z[i] = x[i] + y[i]
	}
}

func (t *column[W]) minus(z, x, y []W) {
	x, y = x[:len(z)], y[:len(z)]
	if t.xor {
		for i := range z {
			z[i] = x[i] ^ y[i]
		}
		return
	}
	for i := range z {
		z[i] = x[i] - y[i]
	}
}

// masked sets z to x with random elements added or taken away, those of fill, piece by piece.
// z may be x.
func (t *column[W]) masked(z, x []W, g *prg.PRG, combine func(z, x, y []W)) {
	var masks [maskChunk]W
	var buf [8 * maskChunk]byte
	for len(z) > 0 {
		n := min(len(z), maskChunk)
		stream(g, masks[:n], buf[:])
		combine(z[:n], x[:n], masks[:n])
		z, x = z[n:], x[n:]
	}
}

// fill sets v to random elements.
func fill[W ring64.Word](v []W, g *prg.PRG) {
	var buf [8 * maskChunk]byte
	for len(v) > 0 {
		n := min(len(v), maskChunk)
		stream(g, v[:n], buf[:])
		v = v[n:]
	}
}

// apply returns v in the order, or in the inverse one. v is not used any more.
func (t *column[W]) apply(order []uint32, v []W, inverse bool) []W {
	z := t.pool.get()
	arrange(z, v, order, inverse)
	t.pool.put(v)
	return z
}

// arrange sets z to v in the order, or in the inverse one.
func arrange[W ring64.Word](z, v []W, order []uint32, inverse bool) {
	z, v = z[:len(order)], v[:len(order)]
	if inverse {
		for i, from := range order {
			z[from] = v[i]
		}
		return
	}
	for i, from := range order {
		z[i] = v[from]
	}
}

// follow puts t in a public order, or in the inverse one. A rehearsal has none.
func (t *column[W]) follow(order []uint32, inverse bool) {
	if order == nil {
		return
	}
	for c := range columns {
		z := t.pool.get()
		arrange(z, t.summands(c), order, inverse)
		t.set(c, z)
	}
	t.lent = false
}
