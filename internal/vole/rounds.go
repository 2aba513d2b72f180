package vole

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/kernel/oblivious"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/ot"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// Sizes of parts of messages in bytes.
const (
	shareSize     = 32 // of a party's share of the code's seed
	challengeSize = 2 * prg.Size
	digestSize    = sha256.Size
)

func (p *plan) openSize() int  { return sha256.Size + ot.BaseChooseSize }
func (p *plan) replySize() int { return ot.BaseReplySize + p.shape().Size() + shareSize }
func (p *plan) treesSize() int { return shareSize + p.noise*p.treeSize() }

// shape says what the trees need: a choice for every level, a correlation for
// every noise value that is not one, and another to mask the check.
func (p *plan) shape() ot.Shape {
	s := ot.Shape{Bits: p.noise * p.depth(), Malicious: p.Malicious}
	if !p.binary {
		s.Values = p.noise
	}
	if p.Malicious {
		s.Values++
	}
	return s
}

var (
	errSeed  = errors.New("vole: the seed of the code is not the one committed to")
	errTrees = errors.New("vole: the trees are not consistent")
)

// version is that of all labels of this package.
const version = 1

// hash is a random oracle for one purpose.
func (p *plan) hash(purpose string, data ...[]byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(p.tag(purpose))
	for _, d := range data {
		h.Write(d)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (p *plan) tag(purpose string) []byte {
	tag, err := label.New("vole", version, purpose, p.Context)
	if err != nil {
		panic("vole: internal error: " + err.Error()) // Config.check bounds the context
	}
	return tag
}

// stream expands a party's coins.
func (c *coins) stream() *prg.PRG {
	sum := sha256.Sum256(c[:])
	return prg.New([prg.Size]byte(sum[:prg.Size]))
}

// A sender is the sender's state.
type sender struct {
	p      *plan
	delta  prg.Block
	base   *ot.BaseChoice
	share  [shareSize]byte // of the code's seed
	roots  []prg.Block
	seed   [prg.Size]byte // of the code
	b      []prg.Block    // the first part of the sender's vector
	parity []prg.Block    // the second part
	mask   prg.Block      // of the check
}

// String says what s is, and nothing of its value.
func (s *sender) String() string { return "vole.sender" }

// LogValue is [sender.String].
func (s *sender) LogValue() slog.Value { return slog.StringValue(s.String()) }

// open is the sender's first message.
func (p *plan) open(delta prg.Block, coins *coins) (*sender, []byte, error) {
	stream := coins.stream()
	s := &sender{p: p, delta: delta, roots: make([]prg.Block, p.noise)}
	var seed [ot.SeedSize]byte
	stream.Bytes(seed[:])
	stream.Bytes(s.share[:])
	stream.Blocks(s.roots)
	base, err := ot.BaseChoose(ot.Choices(delta), seed, p.tag("ot"), p.Workers)
	if err != nil {
		return nil, nil, err
	}
	s.base = base
	commitment := p.hash("commitment", s.share[:])
	return s, append(commitment[:], base.Message()...), nil
}

// trees is the sender's second message.
func (s *sender) trees(reply []byte) ([]byte, error) {
	p, shape := s.p, s.p.shape()
	keys, err := s.base.Finish(reply[:ot.BaseReplySize])
	if err != nil {
		return nil, err
	}
	reply = reply[ot.BaseReplySize:]
	values, pads, err := ot.Accept(shape, keys, s.delta, reply[:shape.Size()], p.tag("ot"))
	if err != nil {
		return nil, err
	}
	s.seed = p.codeSeed(s.share[:], reply[shape.Size():])
	if p.Malicious {
		s.mask = values[len(values)-1]
	}
	msg := make([]byte, p.treesSize())
	copy(msg, s.share[:])
	v, err := p.vectors(1)
	if err != nil {
		return nil, err
	}
	s.b, s.parity = v.first, v.parity
	if err := p.sendTrees(msg[shareSize:], s.roots, pads, values, s.delta, v); err != nil {
		return nil, err
	}
	return msg, nil
}

// codeSeed joins both shares.
func (p *plan) codeSeed(sender, receiver []byte) [prg.Size]byte {
	sum := p.hash("code", sender, receiver)
	return [prg.Size]byte(sum[:prg.Size])
}

// answer is the sender's side of the check [WYKW21, single-point check, with all
// trees in one]: the receiver's sum of its vector with powers of x is the
// sender's plus delta times the sum over the noise, which the receiver sends
// masked by one more correlation.
func (s *sender) answer(msg []byte) []byte {
	var x [2]prg.Block // the point, and the masked sum over the noise
	aes128.SetBytes(x[:], msg)
	sum := s.p.combine(s.b, s.parity[:s.p.parity()], x[0])
	sum = sum.Xor(s.mask).Xor(gf128.Mul(x[1], s.delta))
	digest := s.p.digest(sum, s.seed)
	return digest[:]
}

// combine returns the polynomial with coefficients first || second at x.
func (p *plan) combine(first, second []prg.Block, x prg.Block) prg.Block {
	return gf128.Horner(first, x).Xor(gf128.Mul(gf128.Horner(second, x), power(x, uint64(len(first)))))
}

// digest is what the check compares. With the seed in it, the receiver finds out
// if its own share of the seed did not arrive as it was sent.
func (p *plan) digest(sum prg.Block, seed [prg.Size]byte) [digestSize]byte {
	b := sum.Bytes()
	return p.hash("check", b[:], seed[:])
}

// finish compresses the sender's vector. If the noise is binary, the lowest bit of
// every leaf is zero, and so is that of every sum of them.
func (s *sender) finish() ([]prg.Block, error) {
	c := newCode(s.p, s.seed, false)
	if err := c.convolve(s.parity); err != nil {
		return nil, err
	}
	if err := c.expand(s.b, nil, s.parity); err != nil {
		return nil, err
	}
	return s.b, nil
}

// A receiver is the receiver's state.
type receiver struct {
	p          *plan
	commitment []byte
	share      [shareSize]byte
	seed       [prg.Size]byte
	places     []uint32 // of the noise, in each tree
	noise      []prg.Block
	values     []prg.Block // correlations of noise
	pads       []prg.Block // correlations of the places' bits
	// The noise vector and the receiver's: first parts, and both second parts
	// interleaved. Binary noise is in the lowest bits of c.
	a, c   []prg.Block
	parity []prg.Block
	point  prg.Block // of the check
	want   [digestSize]byte
}

// String says what r is, and nothing of its value.
func (r *receiver) String() string { return "vole.receiver" }

// LogValue is [receiver.String].
func (r *receiver) LogValue() slog.Value { return slog.StringValue(r.String()) }

// reply is the receiver's first message.
func (p *plan) reply(msg []byte, coins *coins) (*receiver, []byte, error) {
	stream, shape := coins.stream(), p.shape()
	var baseSeed, extendSeed [ot.SeedSize]byte
	r := &receiver{p: p, commitment: msg[:sha256.Size]}
	stream.Bytes(baseSeed[:])
	stream.Bytes(extendSeed[:])
	stream.Bytes(r.share[:])
	r.point = stream.Block()
	r.noise = make([]prg.Block, shape.Values)
	stream.Blocks(r.noise)
	if p.Subspace {
		gf128.Lift(r.noise)
	}
	path := make([]prg.Block, (shape.Bits+127)/128)
	r.places = make([]uint32, p.noise)
	depth := p.depth()
	for k := range r.places {
		place, _ := bits.Mul64(stream.Uint64(), uint64(p.leaves))
		r.places[k] = uint32(place)
		for l := range depth {
			// The choice is the side of the path's sibling.
			choice := ^(place >> (depth - 1 - l)) & 1
			i := k*depth + l
			b := &path[i/128]
			if i%128 < 64 {
				b.Lo |= choice << (i % 64)
			} else {
				b.Hi |= choice << (i % 64)
			}
		}
	}
	keys, base, err := ot.BaseReply(msg[sha256.Size:], baseSeed, p.tag("ot"), p.Workers)
	if err != nil {
		return nil, nil, err
	}
	extension, values, pads, err := ot.Extend(shape, keys, r.noise, path, extendSeed, p.tag("ot"))
	if err != nil {
		return nil, nil, err
	}
	r.values, r.pads = values, pads
	return r, append(append(base, extension...), r.share[:]...), nil
}

// grow takes the trees, and returns the message that starts the check.
func (r *receiver) grow(msg []byte) (_ []byte, err error) {
	p := r.p
	share := msg[:shareSize]
	commitment := p.hash("commitment", share)
	if subtle.ConstantTimeCompare(commitment[:], r.commitment) != 1 {
		return nil, errSeed
	}
	r.seed = p.codeSeed(share, r.share[:])
	lanes := 1
	if !p.binary {
		lanes = 2
		if r.a, err = p.take(p.m); err != nil {
			return nil, err
		}
	}
	v, err := p.vectors(lanes)
	if err != nil {
		return nil, err
	}
	r.c, r.parity = v.first, v.parity
	var sums []prg.Block // of each tree
	if p.Malicious {
		sums = make([]prg.Block, p.noise)
	}
	err = p.recvTrees(msg[shareSize:], r.places, r.pads, r.noise, r.values, v, func(k int, leaves []prg.Block) {
		if sums != nil {
			sums[k] = gf128.Horner(leaves, r.point)
		}
		if p.binary {
			return
		}
		// The noise in the first part of a; a place beyond is not in it.
		n, first, _ := v.split(k)
		part := r.a[first:][:n]
		clear(part)
		oblivious.AddAt(part, r.places[k], r.noise[k])
	})
	if err != nil {
		return nil, err
	}
	if !p.Malicious {
		return nil, nil
	}
	return r.check(sums), nil
}

// check returns the message of the check and keeps what the answer must be. See
// [sender.answer].
func (r *receiver) check(sums []prg.Block) []byte {
	p := r.p
	last := len(r.noise) - 1
	step := power(r.point, uint64(p.leaves))
	var sum, noise prg.Block
	for k := p.noise - 1; k >= 0; k-- {
		v := gf128.One
		if !p.binary {
			v = r.noise[k]
		}
		v = gf128.Mul(v, power(r.point, uint64(r.places[k])))
		noise = gf128.Mul(noise, step).Xor(v)
		sum = gf128.Mul(sum, step).Xor(sums[k])
	}
	r.want = p.digest(sum.Xor(r.values[last]), r.seed)
	return aes128.AppendBlocks(nil, []prg.Block{r.point, noise.Xor(r.noise[last])})
}

// verify takes the sender's answer.
func (r *receiver) verify(digest []byte) error {
	if subtle.ConstantTimeCompare(digest, r.want[:]) != 1 {
		return errTrees
	}
	return nil
}

// power returns x^n in time that does not depend on n < 2^32.
func power(x prg.Block, n uint64) prg.Block {
	y := gf128.One
	for i := 31; i >= 0; i-- {
		y = gf128.Mul(y, y)
		y = choose(y, gf128.Mul(y, x), -(n >> i & 1))
	}
	return y
}

// finish compresses the receiver's vectors.
func (r *receiver) finish() (a, c []prg.Block, err error) {
	code := newCode(r.p, r.seed, !r.p.binary)
	if err := code.convolve(r.parity); err != nil {
		return nil, nil, err
	}
	if r.p.binary {
		err = code.expand(r.c, nil, r.parity)
	} else {
		err = code.expand(r.a, r.c, r.parity)
	}
	return r.a, r.c, err
}
