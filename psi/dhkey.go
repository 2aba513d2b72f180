package psi

import (
	"crypto/sha256"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/group"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

const elementSize = group.ElementSize

// A dhKey computes the rounds of the protocol DH on chunks: what comes in and
// goes out are messages, or parts of them. It is safe for concurrent use.
type dhKey struct {
	scalar, inverse *group.Scalar
	hashTag         *group.Tag        // of H
	tagPrefix       [sha256.Size]byte // of T
}

func newDHKey(context []byte, seed *[64]byte) *dhKey {
	tag := func(purpose string) []byte { return newLabel("psi-dh", purpose, context) }
	scalar := group.ScalarFromSeed(seed)
	return &dhKey{
		scalar:    scalar,
		inverse:   scalar.Inverse(),
		hashTag:   group.NewTag(tag("hash to group")),
		tagPrefix: sha256.Sum256(tag("tag")),
	}
}

// blind sets out to k·H(x) for each digest x. [RFC9497, 3.3.1, Blind], except
// that one k serves all items of a run, which saves the inversions and the
// memory for them. Items are different, so what is sent is still
// indistinguishable from random elements, if decisional Diffie-Hellman is hard.
func (k *dhKey) blind(out, digests []byte) {
	k.scalar.HashMul(out, digests, digestSize, k.hashTag)
}

// evaluate multiplies each element by k in place. [RFC9497, 3.3.1, BlindEvaluate]
func (k *dhKey) evaluate(elements []byte) error {
	return checkElements(k.scalar.Mul(elements, elements))
}

// finalize sets tags to T(x, 1/k·z) for each digest x and element z, which it
// overwrites. [RFC9497, 3.3.1, Finalize]
func (k *dhKey) finalize(tags []prg.Block, width int, elements, digests []byte) error {
	if err := checkElements(k.inverse.Mul(elements, elements)); err != nil {
		return err
	}
	k.hash(tags, width, elements, digests)
	return nil
}

// tags sets tags to T(y, k·H(y)) for each digest y. It uses elements as scratch
// space. [RFC9497, 3.3.1, Evaluate]
func (k *dhKey) tags(tags []prg.Block, width int, elements, digests []byte) {
	k.blind(elements, digests)
	k.hash(tags, width, elements, digests)
}

// hash sets tags to T(x, z) for each digest x and element z: the first width bits
// of SHA-256(prefix || x || z), in which all lengths are fixed, where [RFC9497,
// 4.1] has SHA-512 and lengths.
func (k *dhKey) hash(tags []prg.Block, width int, elements, digests []byte) {
	var input [sha256.Size + digestSize + elementSize]byte
	copy(input[:], k.tagPrefix[:])
	mask := lowBits(width)
	for i := range tags {
		copy(input[sha256.Size:], digests[i*digestSize:(i+1)*digestSize])
		copy(input[sha256.Size+digestSize:], elements[i*elementSize:(i+1)*elementSize])
		sum := sha256.Sum256(input[:])
		tags[i] = and(blockOf([prg.Size]byte(sum[:prg.Size])), mask)
	}
}

func checkElements(bad int) error {
	if bad >= 0 {
		return fmt.Errorf("%w: it sent something that is not an element of the group, or its identity", ErrPeer)
	}
	return nil
}
