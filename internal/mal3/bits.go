package mal3

import (
	"fmt"
)

// mostBits is how many words of conjunctions wait for a check at most. One takes 48
// bytes.
const mostBits = 1 << 19

// A bitLog has what is unchecked of conjunctions: the factors and products, word by
// word.
type bitLog struct {
	xOwn, xNext, yOwn, yNext, zOwn, zNext []uint64
}

func (l *bitLog) empty() bool { return len(l.xOwn) == 0 }

func (l *bitLog) reset() {
	for _, s := range []*[]uint64{&l.xOwn, &l.xNext, &l.yOwn, &l.yNext, &l.zOwn, &l.zNext} {
		*s = (*s)[:0]
	}
}

// And sets each of dst to the conjunction of those of x and y, word by word, in one
// round for all [AFLNO16]. What dst has must not overlap x or y.
func (p *Party) And(dst, x, y []Vec) error {
	if len(x) != len(dst) || len(y) != len(dst) {
		return fmt.Errorf("mal3: %d and %d factors for %d products", len(x), len(y), len(dst))
	}
	n := 0
	for k := range dst {
		words := dst[k].Len()
		if !is(dst[k], words) || !is(x[k], words) || !is(y[k], words) {
			return fmt.Errorf("mal3: factors of %d and %d words for a product of %d", x[k].Len(), y[k].Len(), words)
		}
		n += words
	}
	l := &p.bits
	if len(l.xOwn)+n > p.mostBits {
		if err := p.Check(); err != nil {
			return err
		}
	}
	return p.during(func() error {
		if err := p.rep.And(dst, x, y); err != nil {
			return err
		}
		for k := range dst {
			l.xOwn, l.xNext = append(l.xOwn, x[k].Parts[0]...), append(l.xNext, x[k].Parts[1]...)
			l.yOwn, l.yNext = append(l.yOwn, y[k].Parts[0]...), append(l.yNext, y[k].Parts[1]...)
			l.zOwn, l.zNext = append(l.zOwn, dst[k].Parts[0]...), append(l.zNext, dst[k].Parts[1]...)
		}
		return nil
	})
}
