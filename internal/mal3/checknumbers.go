package mal3

import (
	"math/bits"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

// checkNumbers checks what is in the log of products of numbers; see the notes in
// check.go. Products of single numbers share one element c, and a product of matrices
// has one for each column.
func (p *Party) checkNumbers() error {
	l := &p.numbers
	if l.empty() {
		return nil
	}
	masks := 1 // elements of c
	opened := len(l.xOwn)
	for _, m := range l.matrices {
		masks += m.columns
		opened += m.inner
	}
	// 1. [a], and [c] = [a·y] by a multiplication that may be wrong [LN17].
	aOwn, aNext := p.seeds()
	cOwn, cNext := make([]wide, masks), make([]wide, masks)
	p.maskedSums(cOwn, prg.New(aOwn), prg.New(aNext))
	if err := p.share(cOwn, cNext, plus, minus); err != nil {
		return err
	}
	// 2. Challenges, when all of z and c are fixed.
	challenge, err := p.coin()
	if err != nil {
		return err
	}
	// 3. [d] = θ[x] + [a] is opened, and d[y] - θ[z] - [c] added up.
	check := newNumberCheck(p, challenge)
	own, next := prg.New(aOwn), prg.New(aNext)
	err = p.open(opened, sum, func(dOwn, dNext []wide, lo int) {
		own.Blocks(dOwn)
		next.Blocks(dNext)
		check.addFactors(dOwn, dNext, lo)
	}, check.addTerms)
	if err != nil {
		return err
	}
	tOwn, tNext := check.result(cOwn, cNext)
	// 4. The sum must be zero.
	if err := p.isZero(tOwn, tNext, plus); err != nil {
		return err
	}
	l.reset()
	return nil
}

// maskedSums sets c to this party's part of the sums of a·y.
func (p *Party) maskedSums(c []wide, aOwn, aNext *prg.PRG) {
	l := &p.numbers
	own, next := make([]wide, maskPiece), make([]wide, maskPiece)
	var total wide
	for lo := 0; lo < len(l.yOwn); lo += maskPiece {
		n := min(maskPiece, len(l.yOwn)-lo)
		aOwn.Blocks(own[:n])
		aNext.Blocks(next[:n])
		yOwn, yNext := l.yOwn[lo:lo+n], l.yNext[lo:lo+n]
		for i := range yOwn {
			total = plus(total, crossWide(own[i], next[i], yOwn[i], yNext[i]))
		}
	}
	c[0] = total
	c = c[1:]
	for _, m := range l.matrices {
		for k := range m.inner {
			a, b := aOwn.Block(), aNext.Block()
			yOwn, yNext := m.y.Parts[0][k*m.columns:(k+1)*m.columns], m.y.Parts[1][k*m.columns:(k+1)*m.columns]
			for j := range yOwn {
				c[j] = plus(c[j], crossWide(a, b, yOwn[j], yNext[j]))
			}
		}
		c = c[m.columns:]
	}
}

// A numberCheck is a check under way, after the challenge. What is of matrices is for
// the elements of rows of x, of one matrix behind the other.
type numberCheck struct {
	log         *numberLog
	theta       []uint64   // of each single product
	rows, cols  [][]uint64 // challenges of rows and columns, of each matrix
	x, y        wideVec    // x times the challenges of rows, y times those of columns
	tOwn, tNext wide
}

// A wideVec is a share of a vector modulo 2^128.
type wideVec struct{ own, next []wide }

func newNumberCheck(p *Party, challenge *prg.PRG) *numberCheck {
	draw := func(v []uint64) []uint64 {
		p.drawWords(v, challenge)
		return v
	}
	l := &p.numbers
	if cap(l.theta) < len(l.xOwn) {
		l.theta = make([]uint64, len(l.xOwn))
	}
	check := &numberCheck{log: l, theta: draw(l.theta[:len(l.xOwn)])}
	for _, dot := range l.dots {
		for theta := range slices.Chunk(check.theta[dot.at:dot.at+dot.n], dot.terms) {
			for i := range theta {
				theta[i] = theta[0]
			}
		}
	}
	for _, m := range l.matrices {
		rows, cols := draw(make([]uint64, m.rows)), draw(make([]uint64, m.columns))
		check.rows, check.cols = append(check.rows, rows), append(check.cols, cols)
		x, y := wideVec{make([]wide, m.inner), make([]wide, m.inner)}, wideVec{make([]wide, m.inner), make([]wide, m.inner)}
		for i, theta := range rows {
			addProducts(x.own, m.x.Parts[0][i*m.inner:], theta)
			addProducts(x.next, m.x.Parts[1][i*m.inner:], theta)
		}
		for k := range m.inner {
			y.own[k] = weightedSum(m.y.Parts[0][k*m.columns:], cols)
			y.next[k] = weightedSum(m.y.Parts[1][k*m.columns:], cols)
		}
		check.x.own, check.x.next = append(check.x.own, x.own...), append(check.x.next, x.next...)
		check.y.own, check.y.next = append(check.y.own, y.own...), append(check.y.next, y.next...)
	}
	return check
}

// addProducts adds theta·x to dst, for the first elements of x.
func addProducts(dst []wide, x []uint64, theta uint64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = plus(dst[i], product(x[i], theta))
	}
}

// weightedSum returns the sum of the first elements of x times weights.
func weightedSum(x, weights []uint64) (s wide) {
	x = x[:len(weights)]
	for i, w := range weights {
		s = plus(s, product(x[i], w))
	}
	return s
}

// addFactors adds θ[x] to the summands of the elements from lo.
func (c *numberCheck) addFactors(own, next []wide, lo int) {
	singles := len(c.theta)
	n := max(0, min(len(own), singles-lo))
	for i := range n {
		theta := c.theta[lo+i]
		own[i] = plus(own[i], product(c.log.xOwn[lo+i], theta))
		next[i] = plus(next[i], product(c.log.xNext[lo+i], theta))
	}
	if own, next = own[n:], next[n:]; len(own) > 0 {
		at := lo + n - singles
		sum(own, own, c.x.own[at:])
		sum(next, next, c.x.next[at:])
	}
}

// addTerms adds d[y] - θ[z] of the elements from lo to the result, and d times y of
// matrices.
func (c *numberCheck) addTerms(d []wide, lo int) {
	singles := len(c.theta)
	n := max(0, min(len(d), singles-lo))
	tOwn, tNext := c.tOwn, c.tNext
	if n > 0 {
		l, theta := c.log, c.theta[lo:lo+n]
		tOwn = plus(tOwn, minus(weighted(d, l.yOwn[lo:lo+n]), weighted(l.zOwn[lo:], theta)))
		tNext = plus(tNext, minus(weighted(d, l.yNext[lo:lo+n]), weighted(l.zNext[lo:], theta)))
	}
	for i, d := range d[n:] {
		k := lo + n - singles + i
		tOwn = plus(tOwn, timesWide(d, c.y.own[k]))
		tNext = plus(tNext, timesWide(d, c.y.next[k]))
	}
	c.tOwn, c.tNext = tOwn, tNext
}

// weighted returns the sum of the first elements of x times weights, modulo 2^128. Carries of
// the lower halves are all that it passes on.
func weighted(x []wide, weights []uint64) wide {
	x = x[:len(weights)]
	var low, high, upper, carry uint64
	for i, w := range weights {
		hi, lo := bits.Mul64(x[i].Lo, w)
		low, carry = bits.Add64(low, lo, 0)
		high, _ = bits.Add64(high, hi, carry)
		upper += x[i].Hi * w
	}
	return wide{Lo: low, Hi: high + upper}
}

// result returns the share of what must be zero: the sum so far, less θ[z] of the
// matrices, and less [c].
func (c *numberCheck) result(cOwn, cNext []wide) (own, next wide) {
	own, next = minus(c.tOwn, cOwn[0]), minus(c.tNext, cNext[0])
	cOwn, cNext = cOwn[1:], cNext[1:]
	for k, m := range c.log.matrices {
		for j, gamma := range c.cols[k] {
			zOwn, zNext := cOwn[j], cNext[j]
			for i, theta := range c.rows[k] {
				zOwn = plus(zOwn, times(m.zOwn[i*m.columns+j], theta))
				zNext = plus(zNext, times(m.zNext[i*m.columns+j], theta))
			}
			own = minus(own, times(zOwn, gamma))
			next = minus(next, times(zNext, gamma))
		}
		cOwn, cNext = cOwn[m.columns:], cNext[m.columns:]
	}
	return own, next
}
