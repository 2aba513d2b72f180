package he

import (
	"math/big"
	"math/bits"
)

// A slot is where a digit of a counter lies: in the bits from shift up of a
// coefficient. The sum over contributors of what stands there is less than
// 2^width, so that nothing ever carries into the next slot.
type slot struct {
	counter int  // its number among those of a row, or among the scalars
	from    uint // the digit is the counter >> from, cut to bits
	bits    uint
	width   uint
	coef    int
	shift   uint
}

// A group is a run of counters that are packed together.
type group struct {
	slots []slot
	coefs int
	bits  uint   // of the last coefficient
	most  uint64 // what the sum of a coefficient is at most
}

// pack lays counters, which go from zero to these ranges in each of p
// contributions, into coefficients of w bits, in order.
func pack(ranges []*big.Int, p int, w uint) (g group, ok bool) {
	carry := uint(bits.Len(uint(p - 1))) // p numbers below 2^b add up to less than 2^(b+carry)
	if w <= carry {
		return g, false
	}
	g.bits = w // the first slot opens a coefficient
	var last uint64
	put := func(counter int, from, n, width uint, most uint64) {
		if g.bits+width > w {
			g.coefs, g.bits, last = g.coefs+1, 0, 0
		}
		g.slots = append(g.slots, slot{counter, from, n, width, g.coefs - 1, g.bits})
		last |= uint64(p) * most << g.bits
		g.most = max(g.most, last)
		g.bits += width
	}
	for i, r := range ranges {
		n := uint(r.BitLen())
		whole := uint(new(big.Int).Mul(r, big.NewInt(int64(p))).BitLen())
		if whole <= w {
			put(i, 0, n, whole, r.Uint64())
			continue
		}
		for from := uint(0); from < n; from += w - carry {
			digit := min(w-carry, n-from)
			put(i, from, digit, digit+carry, 1<<digit-1)
		}
	}
	return g, true
}

// A layout says where everything lies in the coefficients of a contribution:
// first the rows of vectors, then the scalars, then checks, which are zero. A sum
// that does not open, since a share or a contribution is not the one that belongs
// to it, comes out as random coefficients. Less than five of six of these look
// well formed, so that all of a chunk of at least surely do with a probability
// below 2^-64. A last chunk that is shorter has checks of 64 bits together, which
// come out as zero with a probability of at most that.
type layout struct {
	w       uint
	row     group
	perCoef int // rows in a coefficient, if a row does not fill one
	rows    int
	scalars group
	checks  int64
	coefs   int64
}

// surely is how many random coefficients do not all look well formed: (5/6)^256 is
// below 2^-64. The share of those that do is capacity (3/4 2^delta + 1)/Q, where
// (capacity - 1/8) 2^delta is at most Q, the capacity at least 2 and delta at
// least 8.
const surely = 256

func newLayout(rowRanges, scalarRanges []*big.Int, rows, p int, w uint) (l layout, ok bool) {
	l = layout{w: w, rows: rows, perCoef: 1}
	if len(rowRanges) > 0 {
		if l.row, ok = pack(rowRanges, p, w); !ok {
			return l, false
		}
		if l.row.coefs == 1 {
			l.perCoef = int(w / l.row.bits)
		}
		l.coefs = (int64(rows) + int64(l.perCoef) - 1) / int64(l.perCoef) * int64(l.row.coefs)
	}
	if len(scalarRanges) > 0 {
		if l.scalars, ok = pack(scalarRanges, p, w); !ok {
			return l, false
		}
		l.coefs += int64(l.scalars.coefs)
	}
	return l, true
}

// capacity is what the sums of all coefficients are less than. It can be well below
// 2^w, and that it is at all lets a modulus just below a power of two do.
func (l *layout) capacity() uint64 {
	var rows uint64
	for k := range l.perCoef {
		rows |= l.row.most << (uint(k) * l.row.bits)
	}
	return max(2, rows+1, l.scalars.most+1)
}

// withChecks returns l for chunks of n coefficients, with the checks that the last
// one needs.
func (l layout) withChecks(n int64) layout {
	if last := l.coefs % n; last > 0 && last < surely {
		l.checks = (64 + int64(l.w) - 1) / int64(l.w)
		l.coefs += l.checks
	}
	return l
}

// rowAt returns where row k begins: its first coefficient, and the shift of all
// its slots.
func (l *layout) rowAt(k int) (coef int64, shift uint) {
	if l.perCoef == 1 {
		return int64(k) * int64(l.row.coefs), 0
	}
	return int64(k/l.perCoef) * int64(l.row.coefs), uint(k%l.perCoef) * l.row.bits
}

// scalarsAt returns the first coefficient of the scalars.
func (l *layout) scalarsAt() int64 { return l.coefs - l.checks - int64(l.scalars.coefs) }

// A packer turns counters into chunks of coefficients, which it emits in order.
type packer struct {
	layout *layout
	chunk  []uint64
	first  int64 // the coefficient that chunk begins with
	size   int   // coefficients of a whole chunk
	room   int   // rows of one slot that the last coefficient still has room for
	shift  uint  // of the next of these
	emit   func([]uint64) error
}

// put adds counters, which have been brought to start from zero, to the slots
// of a group that begins at a coefficient.
func (p *packer) put(g *group, at int64, shift uint, counters []wide) error {
	for i := range g.slots {
		s := &g.slots[i]
		coef, next := at+int64(s.coef), p.first+int64(len(p.chunk))
		switch {
		case coef < next:
		case coef == next && len(p.chunk) < p.size:
			p.chunk = append(p.chunk, 0)
		default:
			if err := p.reach(coef); err != nil {
				return err
			}
		}
		p.chunk[len(p.chunk)-1] |= counters[s.counter].digit(s.from, s.bits) << (s.shift + shift)
	}
	return nil
}

// putRow is put for rows of one slot and one digit, all of them in order.
func (p *packer) putRow(x uint64) error {
	if p.room == 0 {
		if len(p.chunk) == p.size {
			if err := p.flush(); err != nil {
				return err
			}
		}
		p.chunk = append(p.chunk, 0)
		p.room, p.shift = p.layout.perCoef, 0
	}
	p.chunk[len(p.chunk)-1] |= x << p.shift
	p.room--
	p.shift += p.layout.row.bits
	return nil
}

// reach makes the coefficient the last one of the chunk.
func (p *packer) reach(coef int64) error {
	for p.first+int64(len(p.chunk))-1 < coef {
		if len(p.chunk) == p.size {
			if err := p.flush(); err != nil {
				return err
			}
		}
		p.chunk = append(p.chunk, 0)
	}
	return nil
}

func (p *packer) flush() error {
	if len(p.chunk) == 0 {
		return nil
	}
	err := p.emit(p.chunk)
	p.first += int64(len(p.chunk))
	p.chunk = p.chunk[:0]
	return err
}

// An unpacker reads sums of counters back from chunks of coefficients.
type unpacker struct {
	chunk []uint64
	first int64
	next  func() ([]uint64, error)
}

// at returns a coefficient, which must not be before one that was read.
func (u *unpacker) at(coef int64) (uint64, error) {
	for coef >= u.first+int64(len(u.chunk)) {
		u.first += int64(len(u.chunk))
		var err error
		if u.chunk, err = u.next(); err != nil {
			return 0, err
		}
	}
	return u.chunk[coef-u.first], nil
}

// get adds the digits of a group that begins at a coefficient to sums.
func (u *unpacker) get(g *group, at int64, shift uint, sums []wide) error {
	for _, s := range g.slots {
		x, err := u.at(at + int64(s.coef))
		if err != nil {
			return err
		}
		d := wide{0, x >> (s.shift + shift) & (1<<s.width - 1)}
		d.grow(s.from)
		sums[s.counter].addWide(d)
	}
	return nil
}
