package mal3

import (
	"crypto/subtle"

	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A verdict is what a party knows of the other two: what it compares of each with the other one.
// Index 0 is of the previous party, and index 1 of the next one.
type verdict [columns]struct{ numbers, words wide }

// checkShuffles checks the shuffles in the log; see the notes in check.go and the messages in
// shuffle.go.
func (p *Party) checkShuffles() error {
	l := &p.shuffles
	if l.empty() {
		return nil
	}
	// 1. Challenges, when all messages of shuffles are fixed.
	challenge, err := p.coin()
	if err != nil {
		return err
	}
	for _, s := range l.shuffles {
		for k := range s.rho {
			challenge.Bytes(s.rho[k][:])
		}
		drawFactors(p, s.numbers.tracks, challenge)
		drawFactors(p, s.words.tracks, challenge)
	}
	// 2. d of each pass: one party sends it, one a digest, and one learns it.
	p.rep.Round()
	ownKey, nextKey := p.seeds()
	var ofPair, ofThird verdict
	err = p.rep.Both(func() error {
		sent := newDigest(nextKey)
		for _, s := range l.shuffles {
			for with := columns - 1; with >= 0; with-- {
				if err := p.weights(s, with, sent, &ofPair); err != nil {
					return err
				}
			}
		}
		return sent.send(p)
	}, func() error {
		received := newDigest(ownKey)
		for _, s := range l.shuffles {
			if err := p.judge(s, received, &ofThird); err != nil {
				return err
			}
		}
		return received.check(p)
	})
	if err != nil {
		return err
	}
	// 3. Of each party the other two must find the same.
	var all [columns][]byte
	for of := range all {
		numbers := plus(ofPair[of].numbers, ofThird[of].numbers).Bytes()
		words := ofPair[of].words.Xor(ofThird[of].words).Bytes()
		all[of] = append(numbers[:], words[:]...)
	}
	if err := p.equal(all[0], all[1]); err != nil {
		return err
	}
	*l = shuffleLog{}
	return nil
}

// drawFactors draws the challenges of columns.
func drawFactors[W any](p *Party, tracks []*track[W], challenge *prg.PRG) {
	for _, t := range tracks {
		var chi [1]uint64
		p.drawWords(chi[:], challenge)
		t.chi = chi[0]
	}
}

// rho returns the challenges of a pass.
func (p *Party) rho(s *shuffle, pass int) []uint64 {
	rho := ring64.Unset[uint64](s.n)
	p.drawWords(rho, prg.New(s.rho[pass]))
	return rho
}

// weights sends d of the pass of this party and another one, or puts it in the digest, and adds
// what the other one should have sent to the verdict.
func (p *Party) weights(s *shuffle, with int, sent *digest, v *verdict) error {
	rho := p.rho(s, p.pair(with))
	u := ring64.Unset[uint64](s.n)
	for i, place := range s.orders[with] {
		u[place] = rho[i]
	}
	if err := weightsGroup(p, &s.numbers, u, with, sent); err != nil {
		return err
	}
	if err := weightsGroup(p, &s.words, u, with, sent); err != nil {
		return err
	}
	v[with].numbers = plus(v[with].numbers, ofMasks(&s.numbers, rho, with))
	v[with].words = v[with].words.Xor(ofMasks(&s.words, rho, with))
	return nil
}

func weightsGroup[W any](p *Party, g *group[W], u []uint64, with int, sent *digest) error {
	if len(g.tracks) == 0 {
		return nil
	}
	alpha := prg.New(g.alpha[with])
	d := make([]W, min(piece, len(u)))
	return pieces(len(u), func(lo, hi int) error {
		d := d[:hi-lo]
		g.random(alpha, d)
		g.hide(d, u[lo:hi])
		if with == 0 {
			g.digest(sent, d)
			return nil
		}
		return p.rep.Send(toPrev, g.typ, g.view(d, p.sending[:]))
	})
}

// ofMasks returns what should come of the messages of the other party of a pair: the
// sum of χ(<ρ, s> - μ_A), if that is A.
func ofMasks[W any](g *group[W], rho []uint64, with int) (total wide) {
	masks := make([]W, maskPiece)
	for _, t := range g.tracks {
		theirs := prg.New(t.masks[with][with])
		var sum wide
		for lo := 0; lo < len(rho); lo += maskPiece {
			masks := masks[:min(maskPiece, len(rho)-lo)]
			g.random(theirs, masks)
			sum = g.add(sum, g.weighted(masks, rho[lo:lo+len(masks)]))
		}
		total = g.add(total, g.times(g.subtract(sum, theirs.Block()), t.chi))
	}
	return total
}

// judge receives d of the pass of the others, and adds what came of their messages to the verdict.
func (p *Party) judge(s *shuffle, received *digest, v *verdict) error {
	rho := p.rho(s, (p.Index()+1)%Parties)
	numbers, err := judgeGroup(p, &s.numbers, rho, received)
	if err != nil {
		return err
	}
	words, err := judgeGroup(p, &s.words, rho, received)
	for of := range v {
		v[of].numbers = plus(v[of].numbers, numbers[of])
		v[of].words = v[of].words.Xor(words[of])
	}
	return err
}

// judgeGroup returns the sums of χ(<ρ, y> - <d, x> + c - μ).
func judgeGroup[W any](p *Party, g *group[W], rho []uint64, received *digest) (total [columns]wide, err error) {
	if len(g.tracks) == 0 {
		return total, nil
	}
	sums := make([][columns]wide, len(g.tracks))
	d := make([]W, min(piece, len(rho)))
	err = pieces(len(rho), func(lo, hi int) error {
		d := d[:hi-lo]
		if err := g.fill(d, p.receiving[:], func(b []byte) error { return p.rep.Receive(fromNext, g.typ, b) }); err != nil {
			return err
		}
		g.digest(received, d)
		for i, t := range g.tracks {
			for of := range columns {
				y, x := g.weighted(t.after[of][lo:hi], rho[lo:hi]), g.inner(d, t.before[of][lo:hi])
				sums[i][of] = g.add(sums[i][of], g.subtract(y, x))
			}
		}
		return nil
	})
	for i, t := range g.tracks {
		for of := range columns {
			total[of] = g.add(total[of], g.times(g.add(sums[i][of], t.masked[of]), t.chi))
		}
	}
	return total, err
}

// equal compares what this party knows of the previous one with the next one, and what it knows
// of the next one with the previous one.
func (p *Party) equal(ofPrev, ofNext []byte) error {
	p.rep.Round()
	same := [columns]int{1, 1}
	err := p.rep.Each(func(next bool) error {
		at, mine := 0, ofNext
		if next {
			at, mine = 1, ofPrev
		}
		theirs := make([]byte, len(mine))
		err := p.rep.Swap(next, typeShort, mine, theirs)
		same[at] = subtle.ConstantTimeCompare(mine, theirs)
		return err
	})
	if err != nil {
		return err
	}
	if same[0]&same[1] != 1 {
		return p.deviation()
	}
	return nil
}
