package ot

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A Shape says what an extension makes.
type Shape struct {
	Values    int  // correlations of values in GF(2^128)
	Bits      int  // correlations of choice bits
	Malicious bool // with consistency checks
	// Marked has the choice in the lowest bit of each correlation of a bit, and a zero at
	// the sender, whose delta is odd.
	Marked bool
}

// rowBlocks is the length of the vector that is correlated, in blocks: the
// values, the bits, and the random blocks that mask the check.
func (s Shape) rowBlocks() int { return s.Values + s.bitBlocks() + points }

// points is at how many points a polynomial is evaluated in the check.
const points = 2

func (s Shape) bitBlocks() int { return (s.Bits + 127) / 128 }

// Size is the size of the message of [Extend] in bytes.
func (s Shape) Size() int {
	n := chunks * (treeSize + prg.Size*s.rowBlocks())
	if s.Malicious {
		n += chunks*tagSize + sha256.Size + points*prg.Size + sha256.Size
	}
	return n
}

// Extend is the receiver's round: it correlates values, of which there are
// s.Values, and s.Bits choice bits, counted from the lowest of the first block.
// Bits beyond are zero. It returns the message, the correlations of the values
// and those of the bits.
func Extend(s Shape, keys *[Base][2]prg.Block, values, bits []prg.Block, seed [SeedSize]byte, context []byte) (msg []byte, cv, cb []prg.Block, err error) {
	return new(Room).Extend(nil, s, keys, values, bits, seed, context)
}

// Extend is the function of this name in the memory of r. The message is valid until the
// next call. The correlations of the bits are appended to dst.
func (r *Room) Extend(dst []prg.Block, s Shape, keys *[Base][2]prg.Block, values, bits []prg.Block, seed [SeedSize]byte, context []byte) (msg []byte, cv, cb []prg.Block, err error) {
	if len(values) != s.Values || len(bits) != s.bitBlocks() {
		panic("ot: internal error: values and shape do not match")
	}
	chal, err := newOracle("extension challenge", context)
	if err != nil {
		return nil, nil, nil, err
	}
	coins := expandSeed(seed)
	roots := make([]prg.Block, chunks)
	coins.Blocks(roots)
	input := make([]prg.Block, 0, s.rowBlocks())
	input = append(append(append(input, values...), bits...), coins.Block(), coins.Block())
	r.input = appendBlocks(slices.Grow(r.input[:0], prg.Size*len(input)), input...)

	msg = slices.Grow(r.msg[:0], s.Size())
	var tags []byte // what the leaves are checked by: the sum of each tree
	all := sha256.New()
	matrix := r.shape(s)
	for c := range chunks {
		var nodes [leaves]prg.Block
		nodes, msg = grow(msg, roots[c], c, keys)
		// [Roy22, section 3.2, subspace VOLE, receiver]: the correction that
		// turns the random u of this chunk, the sum, into the input.
		n := len(msg)
		msg = msg[:n+matrix.size]
		r.fold(c, &nodes, 0, msg[n:], r.input, new([chunkBits]uint64))
		if s.Malicious {
			var sum [tagSize]byte
			for x := range nodes {
				tag := leafTag(nodes[x])
				all.Write(tag[:])
				subtle.XORBytes(sum[:], sum[:], tag[:])
			}
			tags = append(tags, sum[:]...)
		}
	}
	if s.Malicious {
		msg = all.Sum(append(msg, tags...))
		x := challenge(chal, msg)
		sum := checkSum(input, x)
		msg = appendBlocks(msg, sum[:]...)
		// [Roy22, consistency check of subspace VOLE]: the same linear hash of
		// every column; their digest is enough for a comparison.
		h := sha256.New()
		col := make([]prg.Block, s.rowBlocks())
		for j := range Base {
			sum := checkSum(matrix.column(col, j), x)
			h.Write(appendBlocks(nil, sum[:]...))
		}
		msg = h.Sum(msg)
	}
	r.msg = msg
	if s.Marked {
		copy(matrix.bits(0, s), r.input[prg.Size*s.Values:])
	}
	cv, cb = matrix.correlations(dst, s)
	return msg, cv, cb, nil
}

// Accept is the sender's round. Its keys are those that it chose by the
// complement of delta. It returns the correlations of the values and those of
// the bits.
func Accept(s Shape, keys *[Base]prg.Block, delta prg.Block, msg, context []byte) (bv, bb []prg.Block, err error) {
	return new(Room).Accept(nil, s, keys, delta, msg, context)
}

// Accept is the function of this name in the memory of r. The correlations of the bits are
// appended to dst.
func (r *Room) Accept(dst []prg.Block, s Shape, keys *[Base]prg.Block, delta prg.Block, msg, context []byte) (bv, bb []prg.Block, err error) {
	if len(msg) != s.Size() {
		panic("ot: internal error: length of the message")
	}
	chal, err := newOracle("extension challenge", context)
	if err != nil {
		return nil, nil, err
	}
	rowSize := prg.Size * s.rowBlocks()
	toCheck := msg[chunks*(treeSize+rowSize):]
	tags := toCheck
	all := sha256.New()
	matrix := r.shape(s)
	for c := range chunks {
		m := msg[c*(treeSize+rowSize):][:treeSize+rowSize]
		nodes := prune(m[:treeSize], delta, c, keys)
		var masks [chunkBits]uint64
		for b := range masks {
			masks[b] = bit(delta, chunkBits*c+b)
		}
		// [Roy22, section 3.2, subspace VOLE, sender]: b = sum + delta * correction. The
		// coefficient of leaf 0, which is unknown, is zero.
		r.fold(c, &nodes, 1, nil, m[treeSize:], &masks)
		if s.Malicious {
			all.Write(restoreTags(&nodes, [tagSize]byte(tags), delta, c))
			tags = tags[tagSize:]
		}
	}
	if s.Malicious {
		// [Roy22, Fig. 14]
		if subtle.ConstantTimeCompare(all.Sum(nil), tags[:sha256.Size]) != 1 {
			return nil, nil, errTrees
		}
		rest := tags[sha256.Size:]
		x := challenge(chal, msg[:len(msg)-len(rest)])
		var u [points]prg.Block
		setBytes(u[:], rest[:points*prg.Size])
		h := sha256.New()
		col := make([]prg.Block, s.rowBlocks())
		for j := range Base {
			sum, mask := checkSum(matrix.column(col, j), x), bit(delta, j)
			for i := range sum {
				sum[i] = sum[i].Xor(and(u[i], mask))
			}
			h.Write(appendBlocks(nil, sum[:]...))
		}
		if subtle.ConstantTimeCompare(h.Sum(nil), rest[points*prg.Size:]) != 1 {
			return nil, nil, errValues
		}
	}
	if s.Marked {
		clear(matrix.bits(0, s))
	}
	bv, bb = matrix.correlations(dst, s)
	return bv, bb, nil
}

// restoreTags returns the tags of all leaves of a tree in their true order. sum
// is their sum, from which that of the unknown leaf follows.
func restoreTags(nodes *[leaves]prg.Block, sum [tagSize]byte, delta prg.Block, c int) []byte {
	var tags [leaves][tagSize]byte
	tags[0] = sum
	for y := 1; y < leaves; y++ {
		tags[y] = leafTag(nodes[y])
		subtle.XORBytes(tags[0][:], tags[0][:], tags[y][:])
	}
	// From y to y ^ chunk, one bit of the chunk after the other.
	out := make([]byte, 0, leaves*tagSize)
	for b := range chunkBits {
		m := byte(bit(delta, chunkBits*c+b))
		for y := range leaves {
			if y>>b&1 == 1 {
				continue
			}
			p, q := &tags[y], &tags[y|1<<b]
			for i := range p {
				t := (p[i] ^ q[i]) & m
				p[i], q[i] = p[i]^t, q[i]^t
			}
		}
	}
	for y := range tags {
		out = append(out, tags[y][:]...)
	}
	return out
}

// challenge derives the points of the check from all that it checks. The paper's
// sender draws a challenge instead, for one more round trip. A receiver can try
// many messages here, but each passes a check that it should not, beyond what its
// guesses of delta's bits give it anyway, with probability (rowBlocks/2^128)^2
// only: that is what the second point is for.
func challenge(o *oracle, msg []byte) (x [points]prg.Block) {
	h := sha256.New()
	h.Write(o.tag)
	h.Write(msg)
	setBytes(x[:], h.Sum(nil))
	return x
}

// checkSum is a linear hash of a vector: at each point the polynomial whose
// constant is a block of the mask, which is at the end, and whose other
// coefficients are the vector's other blocks. The constant is no one else's, so
// that a change of the mask makes up for no other.
func checkSum(v []prg.Block, x [points]prg.Block) (sum [points]prg.Block) {
	n := len(v) - points
	for i := range sum {
		sum[i] = gf128.Mul(gf128.Horner(v[:n], x[i]), x[i]).Xor(v[n+i])
	}
	return sum
}
