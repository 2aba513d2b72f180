package mal3

import (
	"fmt"
	"math"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A shuffle is the product of three random permutations, of which each pair of parties knows
// one, and each party lacks one [LWZ11]. In the pass k, A is party k, B is k+1, C is k+2, and
// A and B have the permutation π and masks s and t from a stream of k_(k+1):
//
//	A -> C    y_k     = π(x_k) + s        c_A - μ_A, where c_A = <α, x_k>
//	B -> C    y_(k+2) = π(x_(k+2)) + t    c_B - μ_B, where c_B = <α, x_(k+2)>
//	A, B      y_(k+1) = π(x_(k+1)) - s - t
//
// To C, which lacks the summand k+1, all is random. What is sent is of a summand that C has, by the
// only party that could be wrong about it: the other one of A and B knows all but that
// summand, and C all but π and s. The check, of which check.go has the reasons, is for random
// weights ρ of places and χ of columns, and u = π^-1(ρ), by which <ρ, π(x)> = <u, x>:
//
//	ready, with the history     <---->  both    all shuffles have arrived
//	ρ, χ                        <---->  both    the challenge, opened
//	A -> C    d = u + α, with its digest from B
//	B <-> C   of A, must be equal:  χ(<ρ, s> - μ_A)  and  χ(<ρ, y_k> - <d, x_k> + c_A - μ_A)
//	A <-> C   of B, must be equal:  χ(<ρ, t> - μ_B)  and  the same of y_(k+2)
//
// Numbers are modulo 2^128, from integers below 2^64 on [CDESX18], and the lower half is the
// result. Words of bits are polynomials over GF(2), of a degree below 64, and so are their ρ,
// u, α and d; inner products are in GF(2^128).
//
// Memory is read in the order of permutations, by parties who know these, and who know
// nothing of the third one. Whoever watches the caches of two machines learns the order.

// maxLength is the most elements of a shuffle, so that positions are of 32 bits.
const maxLength = math.MaxInt32

// A shuffleLog has the shuffles that are unchecked.
type shuffleLog struct {
	shuffles []*shuffle
	waiting  int // elements, of which one more of each row is for what is checked of it
}

func (l *shuffleLog) empty() bool { return len(l.shuffles) == 0 }

// A shuffle is one that goes on or waits for its check. Here and below, index 0 is for the
// previous party and the pass in which this party is B, and index 1 for the next one and the
// pass in which this party is A. They are the columns of the summands that it shares with them.
type shuffle struct {
	n       int
	orders  [columns][]uint32
	numbers group[wide]
	words   group[uint64]
	rho     [Parties][prg.Size]byte // seeds of the challenges of passes
}

// A group has all columns of a shuffle that are over the same ring.
type group[W any] struct {
	*ring[W]
	tracks []*track[W]
	alpha  [columns][prg.Size]byte // the seeds of α
}

// A track is a column of a shuffle.
type track[W any] struct {
	parts [columns][]W
	masks [columns][2][prg.Size]byte // the seeds of s and μ_A, and of t and μ_B
	// Of the pass in which this party is C, the summands before and after it, and what it has
	// received of α.
	before, after [columns][]W
	masked        [columns]wide
	chi           uint64
}

// A ring is what columns are over. Sums that are checked are of 128 bits.
type ring[W any] struct {
	typ           byte // of messages
	plus, minus   func(dst, a, b []W)
	random        func(g *prg.PRG, v []W)
	view          func(v []W, buf []byte) []byte
	fill          func(v []W, buf []byte, read func(b []byte) error) error
	hide          func(alpha []W, u []uint64) // adds u
	digest        func(d *digest, v []W)
	inner         func(a, x []W) wide
	weighted      func(x []W, rho []uint64) wide
	add, subtract func(a, b wide) wide
	times         func(a wide, chi uint64) wide
}

var numberRing = ring[wide]{
	typ:    typeWide,
	plus:   sum,
	minus:  difference,
	random: (*prg.PRG).Blocks,
	view:   aes128.View,
	fill:   aes128.Fill,
	hide: func(alpha []wide, u []uint64) {
		u = u[:len(alpha)]
		for i := range alpha {
			alpha[i] = plus(alpha[i], wide{Lo: u[i]})
		}
	},
	digest: (*digest).add,
	inner: func(a, x []wide) (s wide) {
		x = x[:len(a)]
		for i := range a {
			s = plus(s, timesWide(a[i], x[i]))
		}
		return s
	},
	weighted: weighted,
	add:      plus,
	subtract: minus,
	times:    times,
}

var wordRing = ring[uint64]{
	typ:      typeMoved,
	plus:     xorWords,
	minus:    xorWords,
	random:   (*prg.PRG).Uint64s,
	view:     ring64.Bytes[uint64],
	fill:     ring64.Fill[uint64],
	hide:     func(alpha, u []uint64) { xorWords(alpha, alpha, u) },
	digest:   (*digest).words,
	inner:    innerWords,
	weighted: innerWords,
	add:      wide.Xor,
	subtract: wide.Xor,
	times:    func(a wide, chi uint64) wide { return gf128.Mul(a, wide{Lo: chi}) },
}

// difference sets dst to a - b modulo 2^128. They may be the same.
func difference(dst, a, b []wide) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = minus(a[i], b[i])
	}
}

// xorWords sets dst to the exclusive or of a and b. They may be the same.
func xorWords(dst, a, b []uint64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] ^ b[i]
	}
}

// innerWords returns the inner product of polynomials over GF(2), in GF(2^128).
func innerWords(x, y []uint64) (s wide) {
	var a, b [maskPiece]wide
	for len(x) > 0 {
		n := min(len(x), maskPiece)
		for i := range n {
			a[i].Lo, b[i].Lo = x[i], y[i]
		}
		s = s.Xor(gf128.Dot(a[:n], b[:n]))
		x, y = x[n:], y[n:]
	}
	return s
}

// Shuffle implements [engine.Shuffler] in three rounds. For each row, each party sends 32
// bytes for each column of numbers and 16 for each of words, and the check 16 if there are
// numbers and 8 if there are words.
func (p *Party) Shuffle(numbers, words []Vec) ([]Vec, []Vec, error) {
	n := 0
	if all := append(slices.Clip(numbers), words...); len(all) > 0 {
		n = all[0].Len()
		for _, v := range all {
			if !is(v, n) {
				return nil, nil, fmt.Errorf("mal3: columns of %d and %d elements to put in order", n, v.Len())
			}
		}
	}
	if n > maxLength {
		return nil, nil, fmt.Errorf("mal3: an order of %d elements, of at most %d", n, maxLength)
	}
	weight := n * (len(numbers) + len(words) + 1)
	if l := &p.shuffles; !l.empty() && l.waiting+weight > p.mostNumbers {
		if err := p.Check(); err != nil {
			return nil, nil, err
		}
	}
	s := p.newShuffle(n, numbers, words)
	if err := p.during(func() error { return p.shuffle(s) }); err != nil {
		return nil, nil, err
	}
	if n > 0 {
		p.shuffles.shuffles = append(p.shuffles.shuffles, s)
		p.shuffles.waiting += weight
	}
	numbers, words = make([]Vec, len(numbers)), make([]Vec, len(words))
	for i, t := range s.numbers.tracks {
		numbers[i] = engine.Unset(columns, n)
		for c, part := range t.parts {
			lower := numbers[i].Parts[c]
			for k, w := range part {
				lower[k] = w.Lo
			}
		}
		t.parts = [columns][]wide{}
	}
	for i, t := range s.words.tracks {
		words[i] = Vec{Parts: [][]uint64{t.parts[0], t.parts[1]}}
		if p.Index() == 1 {
			words[i] = words[i].Clone() // the check needs what the last pass has made
		}
		t.parts = [columns][]uint64{}
	}
	return numbers, words, nil
}

// newShuffle returns a shuffle of columns, which are not altered.
func (p *Party) newShuffle(n int, numbers, words []Vec) *shuffle {
	s := &shuffle{n: n, numbers: group[wide]{ring: &numberRing}, words: group[uint64]{ring: &wordRing}}
	for _, v := range numbers {
		t := new(track[wide])
		for c := range t.parts {
			t.parts[c] = make([]wide, n)
			for i, x := range v.Parts[c][:n] {
				t.parts[c][i].Lo = x
			}
		}
		s.numbers.tracks = append(s.numbers.tracks, t)
	}
	for _, v := range words {
		if p.Index() == 2 {
			v = v.Clone() // the check needs what the first pass has started from
		}
		s.words.tracks = append(s.words.tracks, &track[uint64]{parts: [columns][]uint64{v.Parts[0], v.Parts[1]}})
	}
	return s
}

// shuffle draws the order and goes through the three passes.
func (p *Party) shuffle(s *shuffle) error {
	if s.n == 0 {
		return nil
	}
	p.drawShuffle(s)
	for k := range Parties {
		if err := p.pass(s, k); err != nil {
			return err
		}
	}
	return nil
}

// drawShuffle draws what each pair has.
func (p *Party) drawShuffle(s *shuffle) {
	own, next := p.seeds()
	for with, seed := range [columns][prg.Size]byte{own, next} {
		g := prg.New(seed)
		s.orders[with] = ring64.Unset[uint32](s.n)
		g.Permute(s.orders[with])
		s.numbers.seed(with, g)
		s.words.seed(with, g)
	}
}

// pass is pass k.
func (p *Party) pass(s *shuffle, k int) error {
	p.rep.Round()
	for with, order := range s.orders {
		if k != p.pair(with) {
			continue
		}
		if err := passGroup(p, &s.numbers, order, with); err != nil {
			return err
		}
		return passGroup(p, &s.words, order, with)
	}
	return p.accept(s)
}

// pair returns the pass in which A and B are this party and the previous or the next one.
func (p *Party) pair(with int) int { return (p.Index() + with + Parties - 1) % Parties }

// seed draws all that a pair has of a pass, but for the order.
func (g *group[W]) seed(with int, from *prg.PRG) {
	from.Bytes(g.alpha[with][:])
	for _, t := range g.tracks {
		from.Bytes(t.masks[with][0][:])
		from.Bytes(t.masks[with][1][:])
	}
}

// passGroup is what A and B do in a pass.
func passGroup[W any](p *Party, g *group[W], order []uint32, with int) error {
	sums := make([]wide, len(g.tracks))
	for i, t := range g.tracks {
		var err error
		if sums[i], err = passTrack(p, g, t, order, with); err != nil {
			return err
		}
	}
	return pieces(len(sums), func(lo, hi int) error {
		return p.rep.Send(with == 0, typeWide, aes128.View(sums[lo:hi], p.sending[:]))
	})
}

// passTrack puts a column into the order, and sends the summand that the third party has too.
// It returns what is to be sent for the check.
func passTrack[W any](p *Party, g *group[W], t *track[W], order []uint32, with int) (wide, error) {
	n := len(order)
	other := 1 - with // the column that C has too
	shared, sent := make([]W, n), make([]W, n)
	from, fromSent := t.parts[with], t.parts[other]
	// A has s for itself, and B has t.
	mine, theirs, alphas := prg.New(t.masks[with][1-with]), prg.New(t.masks[with][with]), prg.New(g.alpha[with])
	masks, alpha := make([]W, maskPiece), make([]W, maskPiece)
	var c wide
	err := pieces(n, func(lo, hi int) error {
		for at := lo; at < hi; at += maskPiece {
			end := min(at+maskPiece, hi)
			shared, sent := shared[at:end], sent[at:end]
			engine.Gather(shared, from, order[at:end])
			engine.Gather(sent, fromSent, order[at:end])
			masks, alpha := masks[:len(sent)], alpha[:len(sent)]
			g.random(mine, masks)
			g.plus(sent, sent, masks)
			g.minus(shared, shared, masks)
			g.random(theirs, masks)
			g.minus(shared, shared, masks)
			g.random(alphas, alpha)
			c = g.add(c, g.inner(alpha, fromSent[at:end]))
		}
		return p.rep.Send(with == 0, g.typ, g.view(sent[lo:hi], p.sending[:]))
	})
	t.parts[with], t.parts[other] = shared, sent
	return g.subtract(c, mine.Block()), err
}

// accept is what C does in a pass.
func (p *Party) accept(s *shuffle) error {
	s.numbers.accept(s.n)
	s.words.accept(s.n)
	return p.rep.Each(func(next bool) error {
		// This party sends nothing now.
		from, buf := 0, p.sending[:]
		if next {
			from, buf = 1, p.receiving[:]
		}
		if err := acceptGroup(p, &s.numbers, from, buf); err != nil {
			return err
		}
		return acceptGroup(p, &s.words, from, buf)
	})
}

// accept makes room for what comes.
func (g *group[W]) accept(n int) {
	for _, t := range g.tracks {
		t.before, t.after = t.parts, [columns][]W{make([]W, n), make([]W, n)}
		t.parts = t.after
	}
}

func acceptGroup[W any](p *Party, g *group[W], from int, buf []byte) error {
	for _, t := range g.tracks {
		v := t.after[from]
		err := pieces(len(v), func(lo, hi int) error {
			return g.fill(v[lo:hi], buf, func(b []byte) error { return p.rep.Receive(from == 1, g.typ, b) })
		})
		if err != nil {
			return err
		}
	}
	sums := make([]wide, len(g.tracks))
	err := pieces(len(sums), func(lo, hi int) error {
		return aes128.Fill(sums[lo:hi], buf, func(b []byte) error { return p.rep.Receive(from == 1, typeWide, b) })
	})
	for i, t := range g.tracks {
		t.masked[from] = sums[i]
	}
	return err
}

var _ engine.Shuffler = (*Party)(nil)
