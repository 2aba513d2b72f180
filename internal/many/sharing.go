package many

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// A space is a finite field whose elements are shared: party i has the value of a
// polynomial at the point i + 1, and its value at zero is the secret. What follows does
// not depend on which field it is.
type space struct {
	columns int // of vectors of elements
	typ     byte
	// Arithmetic on public elements.
	mul, sub func(a, b uint64) uint64
	inv      func(a uint64) uint64
	// uniform fills v with random elements.
	uniform func(v Vec, g *prg.PRG)
	// combine sets dst to the sum of coeff[j]·src[j]. dst must not be one of them.
	combine func(dst Vec, src []Vec, coeff []uint64)

	// dealing[i] are the coefficients of the secret, and of the shares of the t parties
	// that follow this one, in the share of party i that this one deals. It is nil
	// for the parties that follow.
	dealing [][]uint64
	// opening are those of the shares of this party and of the t following ones in the
	// secret.
	opening []uint64
	// reducing are those of the shares of the parties 0 to 2t in the secret of a
	// sharing of degree 2t.
	reducing []uint64
}

// prepare computes the coefficients for one of n parties.
func (s *space) prepare(self, n, t int) *space {
	points := []uint64{0}
	opening := []uint64{uint64(self + 1)}
	for k := 1; k <= t; k++ {
		point := uint64((self+k)%n + 1)
		points, opening = append(points, point), append(opening, point)
	}
	s.opening = s.lagrange(0, opening)
	s.dealing = make([][]uint64, n)
	for k := t + 1; k <= n; k++ {
		i := (self + k) % n
		s.dealing[i] = s.lagrange(uint64(i+1), points)
	}
	var product []uint64
	for i := range 2*t + 1 {
		product = append(product, uint64(i+1))
	}
	s.reducing = s.lagrange(0, product)
	return s
}

// lagrange returns the coefficients of the values at points in that at another point.
func (s *space) lagrange(at uint64, points []uint64) []uint64 {
	coeff := make([]uint64, len(points))
	for i, a := range points {
		above, below := uint64(1), uint64(1)
		for j, b := range points {
			if i != j {
				above, below = s.mul(above, s.sub(at, b)), s.mul(below, s.sub(a, b))
			}
		}
		coeff[i] = s.mul(above, s.inv(below))
	}
	return coeff
}

func (s *space) new(n int) Vec { return engine.New(s.columns, n) }

// sum returns the sum of all vectors, of which there is at least one.
func (s *space) sum(vs []Vec) Vec {
	ones := make([]uint64, len(vs))
	for i := range ones {
		ones[i] = 1
	}
	v := s.new(vs[0].Len())
	s.combine(v, vs, ones)
	return v
}

// A parcel is n secrets of each of some parties, and what comes of dealing them.
type parcel struct {
	space   *space
	n       int
	dealers []int
	secret  Vec   // of this party, if it is a dealer
	shares  []Vec // of what each one deals
}

// first returns the first n parties.
func first(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// deal has the dealers of parcels share their secrets, all in one round. A dealer's
// polynomial is given by its secret and the shares of the t parties that follow it,
// which are uniform, and which both expand from a key instead of sending them: any t
// values of it are uniform and independent of the secret [Sha79].
func (p *Party) deal(parcels ...*parcel) error {
	out, in := make([][]letter, p.n), make([][]letter, p.n)
	for _, c := range parcels {
		s := c.space
		c.shares = make([]Vec, len(c.dealers))
		for k, dealer := range c.dealers {
			share := s.new(c.n)
			c.shares[k] = share
			after := (p.index - dealer + p.n) % p.n
			switch {
			case after == 0:
				src := []Vec{c.secret}
				for k := 1; k <= p.t; k++ {
					v := s.new(c.n)
					s.uniform(v, p.links[(p.index+k)%p.n].to)
					src = append(src, v)
				}
				s.combine(share, src, s.dealing[p.index])
				for k := p.t + 1; k < p.n; k++ {
					i := (p.index + k) % p.n
					v := s.new(c.n)
					s.combine(v, src, s.dealing[i])
					out[i] = s.letters(out[i], v)
				}
			case after <= p.t:
				s.uniform(share, p.links[dealer].from)
			default:
				in[dealer] = s.letters(in[dealer], share)
			}
		}
	}
	return p.exchange(out, in, false)
}

// letters appends the columns of v.
func (s *space) letters(letters []letter, v Vec) []letter {
	for _, part := range v.Parts {
		letters = append(letters, letter{s.typ, part})
	}
	return letters
}

// input returns shares of n elements that party from has as secret.
func (p *Party) input(s *space, from, n, here int, secret func() Vec) (Vec, error) {
	if from < 0 || from >= p.n || n < 0 || p.index == from && here != n || p.index != from && here != 0 {
		return Vec{}, fmt.Errorf("many: input of %d elements, %d of them here, from party %d at party %d", n, here, from, p.index)
	}
	c := &parcel{space: s, n: n, dealers: []int{from}}
	if p.index == from {
		c.secret = secret()
	}
	if err := p.deal(c); err != nil {
		return Vec{}, err
	}
	return c.shares[0], nil
}

// reduce returns shares of degree t of what product is shares of degree 2t of: every one
// of 2t + 1 parties deals what it has, times its coefficient, and the sum of that is a
// sharing of the secret by a new random polynomial [GRR98, with the
// multiplication by coefficients before dealing].
func (p *Party) reduce(s *space, product Vec) (Vec, error) {
	shares, err := p.redeal(s, product)
	if err != nil {
		return Vec{}, err
	}
	return s.sum(shares), nil
}

// redeal returns what the dealers of reduce deal to this party.
func (p *Party) redeal(s *space, product Vec) ([]Vec, error) {
	c := &parcel{space: s, n: product.Len(), dealers: first(2*p.t + 1)}
	if p.index < len(c.dealers) {
		c.secret = s.new(c.n)
		s.combine(c.secret, []Vec{product}, s.reducing[p.index:p.index+1])
	}
	if err := p.deal(c); err != nil {
		return nil, err
	}
	return c.shares, nil
}

// reveal opens x to the parties of which to is true, and returns columns nil to others.
// A party needs the shares of the t that follow it. With agreeing it compares histories.
func (p *Party) reveal(s *space, x Vec, to []bool, agreeing bool) (Vec, error) {
	if !x.Is(s.columns, x.Len()) || len(to) != p.n {
		return Vec{}, fmt.Errorf("many: opening %d columns to some of %d parties", len(x.Parts), len(to))
	}
	out, in := make([][]letter, p.n), make([][]letter, p.n)
	src := []Vec{x}
	for k := 1; k <= p.t; k++ {
		if i := (p.index - k + p.n) % p.n; to[i] {
			out[i] = s.letters(out[i], x)
		}
		if to[p.index] {
			v, i := s.new(x.Len()), (p.index+k)%p.n
			in[i] = s.letters(in[i], v)
			src = append(src, v)
		}
	}
	if err := p.exchange(out, in, agreeing); err != nil || !to[p.index] {
		return Vec{}, err
	}
	v := s.new(x.Len())
	s.combine(v, src, s.opening)
	return v, nil
}

// everybody says that all parties learn a vector.
func (p *Party) everybody() []bool {
	to := make([]bool, p.n)
	for i := range to {
		to[i] = true
	}
	return to
}

// errShares says that bits are not bits.
var errShares = fmt.Errorf("%w: shares of bits do not fit together", session.ErrPeer)
