package mal3

import (
	"github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// blocks is into how many blocks the words of a check are divided, to be folded into
// one. Each of the messages of a check has 128·64/blocks bits for each word, and each
// party computes blocks conjunctions for each word. Challenges of blocks are polynomials of
// a degree below 64, and so are sums, which halves the work.
const blocks = bitmatrix.Blocks

// lanes is the number of bits of a word.
const lanes = bitmatrix.Side

// checkBits checks what is in the log of conjunctions, in batches; see the notes in
// check.go.
func (p *Party) checkBits() error {
	l := &p.bits
	if l.empty() {
		return nil
	}
	// Blocks are of an even number of words: zeros follow, which are right.
	const whole = 2 * blocks
	if n := len(l.xOwn) % whole; n > 0 {
		var zeros [whole]uint64
		for _, s := range []*[]uint64{&l.xOwn, &l.xNext, &l.yOwn, &l.yNext, &l.zOwn, &l.zNext} {
			*s = append(*s, zeros[n:]...)
		}
	}
	for lo := 0; lo < len(l.xOwn); lo += p.mostBits {
		hi := min(lo+p.mostBits, len(l.xOwn))
		err := p.checkWords(&bitLog{
			l.xOwn[lo:hi], l.xNext[lo:hi], l.yOwn[lo:hi], l.yNext[lo:hi], l.zOwn[lo:hi], l.zNext[lo:hi],
		})
		if err != nil {
			return err
		}
	}
	l.reset()
	return nil
}

// checkWords checks conjunctions of blocks of the same even number n of words. Two
// words that follow each other have 128 gates, for which the powers of the variable
// of GF(2^128) are a basis.
func (p *Party) checkWords(l *bitLog) error {
	n := len(l.xOwn) / blocks
	// 1. α, when all of z is fixed.
	challenge, err := p.coin()
	if err != nil {
		return err
	}
	alpha := make([]wide, n/2)
	p.draw(alpha, challenge)
	// 2. [C_jk], the sum of αx_jy_k, for all pairs of blocks; those of j = k are sums
	// of αz.
	sums := wideVec{l.crossSums(alpha, n), make([]wide, blocks*(blocks-1))}
	if err := p.share(sums.own, sums.next, wide.Xor, wide.Xor); err != nil {
		return err
	}
	cOwn, cNext := withDiagonal(sums.own, alpha, l.zOwn), withDiagonal(sums.next, alpha, l.zNext)
	// 3. r and s, by which x and y are folded.
	if challenge, err = p.coin(); err != nil {
		return err
	}
	var r, s [blocks]uint64
	p.drawWords(r[:], challenge)
	p.drawWords(s[:], challenge)
	var w wideVec // one element: the sum of r_js_kC_jk
	w.own, w.next = []wide{bilinear(cOwn, &r, &s)}, []wide{bilinear(cNext, &r, &s)}
	yFold := bitmatrix.NewFolding(&s)
	y := wideVec{make([]wide, lanes*n), make([]wide, lanes*n)}
	yFold.Fold(y.own, l.yOwn, n, 0)
	yFold.Fold(y.next, l.yNext, n, 0)
	// 4. [a], and [c] = [a·y] by a multiplication that may be wrong.
	aOwn, aNext := p.seeds()
	c := wideVec{make([]wide, 1), make([]wide, 1)}
	c.own[0] = maskedSum(y, prg.New(aOwn), prg.New(aNext))
	if err := p.share(c.own, c.next, wide.Xor, wide.Xor); err != nil {
		return err
	}
	// 5. ρ; [d] = ρα[x] + [a] is opened, and d[y] added up.
	if challenge, err = p.coin(); err != nil {
		return err
	}
	rho := [1]wide{}
	p.draw(rho[:], challenge)
	var tOwn, tNext wide
	xFold := bitmatrix.NewFolding(&r)
	own, next := prg.New(aOwn), prg.New(aNext)
	powers := basis()
	beta, mask := make([]wide, maskPiece), make([]wide, maskPiece)
	err = p.open(lanes*n, xor, func(dOwn, dNext []wide, lo int) {
		beta, mask := beta[:len(dOwn)], mask[:len(dOwn)]
		for at := 0; at < len(beta); at += lanes {
			k := (lo + at) / lanes
			gf128.MulConst(beta[at:at+lanes], powers[k%2*lanes:][:lanes], gf128.Mul(rho[0], alpha[k/2]))
		}
		xFold.Fold(dOwn, l.xOwn, n, lo/lanes)
		gf128.MulVec(dOwn, dOwn, beta)
		own.Blocks(mask)
		xor(dOwn, dOwn, mask)
		xFold.Fold(dNext, l.xNext, n, lo/lanes)
		gf128.MulVec(dNext, dNext, beta)
		next.Blocks(mask)
		xor(dNext, dNext, mask)
	}, func(d []wide, lo int) {
		tOwn = tOwn.Xor(gf128.Dot(d, y.own[lo:lo+len(d)]))
		tNext = tNext.Xor(gf128.Dot(d, y.next[lo:lo+len(d)]))
	})
	if err != nil {
		return err
	}
	// 6. The sum of d[y] - ρ[w] - [c] must be zero.
	tOwn = tOwn.Xor(gf128.Mul(rho[0], w.own[0])).Xor(c.own[0])
	tNext = tNext.Xor(gf128.Mul(rho[0], w.next[0])).Xor(c.next[0])
	return p.isZero(tOwn, tNext, wide.Xor)
}

// drawWords fills c with challenges of 64 bits.
func (p *Party) drawWords(c []uint64, from *prg.PRG) {
	from.Uint64s(c)
	if p.challenge != ^uint64(0) {
		for i := range c {
			c[i] &= p.challenge
		}
	}
}

// draw fills c with challenges.
func (p *Party) draw(c []wide, from *prg.PRG) {
	from.Blocks(c)
	if p.challenge != ^uint64(0) {
		for i := range c {
			c[i] = wide{Lo: c[i].Lo & p.challenge}
		}
	}
}

// basis returns the powers of the variable of GF(2^128), of which 1 to 127 are single
// bits.
func basis() *[2 * lanes]wide {
	var b [2 * lanes]wide
	for i := range lanes {
		b[i].Lo = 1 << i
		b[lanes+i].Hi = 1 << i
	}
	return &b
}

// crossTile is how many words of each block are multiplied by those of others before
// the next ones, to stay in the second-level cache.
const crossTile = 1 << 9

// crossSums returns this party's part of the sums of αx_jy_k for j ≠ k, in the order of
// j and then of k.
func (l *bitLog) crossSums(alpha []wide, n int) []wide {
	c := make([]wide, blocks*(blocks-1))
	t := make([]wide, crossTile/2)
	both := make([]uint64, crossTile)
	for lo := 0; lo < n; lo += crossTile {
		hi := min(lo+crossTile, n)
		for k := range blocks {
			y, yNext := l.yOwn[k*n+lo:k*n+hi], l.yNext[k*n+lo:k*n+hi]
			both := both[:len(y)]
			for i := range y {
				both[i] = y[i] ^ yNext[i]
			}
			for j := range blocks {
				if j == k {
					continue
				}
				t := t[:len(y)/2]
				conjunctions(t, l.xOwn[j*n+lo:j*n+hi], l.xNext[j*n+lo:j*n+hi], y, both)
				at := j*(blocks-1) + k
				if k > j {
					at--
				}
				c[at] = c[at].Xor(gf128.Dot(t, alpha[lo/2:hi/2]))
			}
		}
	}
	return c
}

// withDiagonal returns what crossSums has together with the sums of αz, for j = k.
func withDiagonal(sums, alpha []wide, z []uint64) *[blocks][blocks]wide {
	n := len(z) / blocks
	var c [blocks][blocks]wide
	for j := range c {
		row := sums[j*(blocks-1):][:blocks-1]
		copy(c[j][:j], row)
		c[j][j] = dotWords(alpha, z[j*n:(j+1)*n])
		copy(c[j][j+1:], row[j:])
	}
	return &c
}

// conjunctions sets t to this party's part of the conjunctions of x and y, of which
// both is the exclusive or of both summands.
func conjunctions(t []wide, x, xNext, y, both []uint64) {
	for i := range t {
		k := 2 * i
		a, b, c, d := x[k:k+2:k+2], xNext[k:k+2:k+2], y[k:k+2:k+2], both[k:k+2:k+2]
		t[i] = wide{Lo: a[0]&d[0] ^ b[0]&c[0], Hi: a[1]&d[1] ^ b[1]&c[1]}
	}
}

// dotWords returns the sum of alpha times pairs of words.
func dotWords(alpha []wide, words []uint64) (sum wide) {
	t := make([]wide, min(crossTile, len(alpha)))
	for len(alpha) > 0 {
		t := t[:min(len(t), len(alpha))]
		for i := range t {
			t[i] = wide{Lo: words[2*i], Hi: words[2*i+1]}
		}
		sum = sum.Xor(gf128.Dot(t, alpha[:len(t)]))
		alpha, words = alpha[len(t):], words[2*len(t):]
	}
	return sum
}

// bilinear returns the sum of r_js_kc_jk.
func bilinear(c *[blocks][blocks]wide, r, s *[blocks]uint64) (sum wide) {
	var weights [blocks]wide
	for k, s := range s {
		weights[k].Lo = s
	}
	for j, r := range r {
		sum = sum.Xor(gf128.Mul(wide{Lo: r}, gf128.Dot(c[j][:], weights[:])))
	}
	return sum
}

// maskedSum returns this party's part of the sum of a·y.
func maskedSum(y wideVec, aOwn, aNext *prg.PRG) (sum wide) {
	a, both := make([]wide, piece), make([]wide, piece)
	pieces(len(y.own), func(lo, hi int) error {
		a, both := a[:hi-lo], both[:hi-lo]
		xor(both, y.own[lo:hi], y.next[lo:hi])
		aOwn.Blocks(a)
		sum = sum.Xor(gf128.Dot(a, both))
		aNext.Blocks(a)
		sum = sum.Xor(gf128.Dot(a, y.own[lo:hi]))
		return nil
	})
	return sum
}
