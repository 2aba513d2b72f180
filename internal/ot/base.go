package ot

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/gtank/ristretto255"

	"github.com/dujiang-dev/dujiang/internal/group"
	ristretto "github.com/dujiang-dev/dujiang/internal/kernel/ristretto255"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// uniform is how many bytes make a scalar, or an element.
const uniform = ristretto.UniformSize

const (
	// Base is the number of base transfers: one for each bit of delta.
	Base = 128
	// BaseChooseSize is the size of the message of [BaseChoose] in bytes.
	BaseChooseSize = Base * 2 * group.ElementSize
	// BaseReplySize is the size of the message of [BaseReply] in bytes.
	BaseReplySize = group.ElementSize
	// SeedSize is the size of the coins that a round takes.
	SeedSize = 32
)

// Errors about what the peer sent.
var (
	errElement = errors.New("ot: an element of the base transfers is not valid")
	errTrees   = errors.New("ot: the trees of the extension are not consistent")
	errValues  = errors.New("ot: the values of the extension are not consistent")
)

// version is that of all labels of this package.
const version = 1

// An oracle is a family of random oracles, one for each purpose.
type oracle struct{ tag []byte }

func newOracle(purpose string, context []byte) (*oracle, error) {
	tag, err := label.New("ot", version, purpose, context)
	if err != nil {
		return nil, err
	}
	return &oracle{tag}, nil
}

// uniform hashes an encoded element to a uniform string, for slot of transfer i, which
// is mapped to the group: H_i of [MR19]. RFC 9496, section 4.3.4, makes SHA-512 an oracle
// into the group.
func (o *oracle) uniform(i int, slot byte, r []byte) []byte {
	h := sha512.New()
	h.Write(o.tag)
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(i)))
	h.Write([]byte{slot})
	h.Write(r)
	return h.Sum(nil)
}

// key hashes what both parties know of slot of transfer i to its key. The
// whole transfer is hashed, so that a party who moves parts of one transfer to
// another gets unrelated keys [MRR21].
func (o *oracle) key(i int, slot byte, reply, pair, shared []byte) prg.Block {
	h := sha256.New()
	h.Write(o.tag)
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(i)))
	h.Write([]byte{slot})
	h.Write(reply)
	h.Write(pair)
	h.Write(shared)
	var b [1]prg.Block
	setBytes(b[:], h.Sum(nil)[:prg.Size])
	return b[0]
}

// A BaseChoice is the state of the party that chooses in the base transfers.
type BaseChoice struct {
	choices [Base / 8]byte
	secrets []ristretto255.Scalar
	msg     []byte
	context []byte
	workers int
}

// String says what c is, and nothing of its value.
func (c *BaseChoice) String() string { return "ot.BaseChoice(128 transfers)" }

// LogValue is [BaseChoice.String].
func (c *BaseChoice) LogValue() slog.Value { return slog.StringValue(c.String()) }

// BaseChoose is the receiver's message of the endemic oblivious transfer. Bit i
// of choices, counted from the lowest of the first byte, chooses in transfer i.
// This and the other functions of the base transfers use the given number of
// goroutines.
func BaseChoose(choices [Base / 8]byte, seed [SeedSize]byte, context []byte, workers int) (*BaseChoice, error) {
	hash, err := newOracle("base element", context)
	if err != nil {
		return nil, err
	}
	c := &BaseChoice{
		choices: choices,
		secrets: make([]ristretto255.Scalar, Base),
		msg:     make([]byte, BaseChooseSize),
		context: context,
		workers: workers,
	}
	coins := make([]byte, Base*2*uniform)
	expandSeed(seed).Bytes(coins)
	for i := range c.secrets {
		if _, err := c.secrets[i].SetUniformBytes(coins[2*i*uniform:][:uniform]); err != nil {
			panic("ot: internal error: " + err.Error())
		}
	}
	parallel(workers, func(lo, hi int) { c.choose(hash, lo, hi, coins) })
	return c, nil
}

// choose makes the elements of the transfers from number lo to hi [MR19, the protocol
// from two-message key agreement, receiver]: that of the other slot is random; that of the
// chosen slot makes r_c + H_c(r_{1-c}) the receiver's own key agreement message.
func (c *BaseChoice) choose(hash *oracle, lo, hi int, coins []byte) {
	const size = group.ElementSize
	own, others := make([]byte, (hi-lo)*size), make([]byte, (hi-lo)*size)
	uniforms := make([]byte, (hi-lo)*uniform)
	for i := lo; i < hi; i++ {
		copy(uniforms[(i-lo)*uniform:], coins[(2*i+1)*uniform:][:uniform])
	}
	group.FromUniform(others, uniforms)
	for i := lo; i < hi; i++ {
		copy(uniforms[(i-lo)*uniform:], hash.uniform(i, byte(c.choice(i)), others[(i-lo)*size:][:size]))
	}
	group.MulBaseSub(own, c.secrets[lo:hi], uniforms)
	for i := lo; i < hi; i++ {
		own, other := own[(i-lo)*size:][:size], others[(i-lo)*size:][:size]
		pair, choice := c.pair(i), c.choice(i)
		copy(pair, own)
		copy(pair[size:], other)
		subtle.ConstantTimeCopy(choice, pair[:size], other)
		subtle.ConstantTimeCopy(choice, pair[size:], own)
	}
}

// choice returns the choice in transfer i.
func (c *BaseChoice) choice(i int) int { return int(c.choices[i/8] >> (i % 8) & 1) }

func pairOf(msg []byte, i int) []byte {
	return msg[2*group.ElementSize*i:][:2*group.ElementSize]
}

func (c *BaseChoice) pair(i int) []byte { return pairOf(c.msg, i) }

// Message returns the message to send, of [BaseChooseSize] bytes.
func (c *BaseChoice) Message() []byte { return c.msg }

// BaseReply is the sender's side of the base transfers: it returns both keys of
// each and the reply, of [BaseReplySize] bytes.
func BaseReply(msg []byte, seed [SeedSize]byte, context []byte, workers int) (keys *[Base][2]prg.Block, reply []byte, err error) {
	hash, err := newOracle("base element", context)
	if err != nil {
		return nil, nil, err
	}
	kdf, err := newOracle("base key", context)
	if err != nil {
		return nil, nil, err
	}
	var coins [group.SeedSize]byte
	expandSeed(seed).Bytes(coins[:])
	secret := group.ScalarFromSeed(&coins)
	reply = ristretto255.NewGeneratorElement().Bytes()
	if secret.Mul(reply, reply) >= 0 {
		panic("ot: internal error: the generator is not valid")
	}
	shared := make([]byte, BaseChooseSize)
	hashes := make([]byte, 2*Base*uniform)
	keys = new([Base][2]prg.Block)
	var bad [Base]bool
	parallel(workers, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			pair := pairOf(msg, i)
			for slot := range 2 {
				other := pair[group.ElementSize*(1-slot):][:group.ElementSize]
				copy(hashes[(2*i+slot)*uniform:], hash.uniform(i, byte(slot), other))
			}
		}
		// SumMul refuses the identity, which would make a key public. An honest
		// message has it with probability 2^-252 a slot.
		const pair = 2 * group.ElementSize
		bad[lo] = secret.SumMul(shared[lo*pair:hi*pair], msg[lo*pair:hi*pair], hashes[2*lo*uniform:2*hi*uniform]) >= 0
	})
	if slices.Contains(bad[:], true) {
		return nil, nil, errElement
	}
	for i := range Base {
		for slot := range 2 {
			keys[i][slot] = kdf.key(i, byte(slot), reply, pairOf(msg, i),
				pairOf(shared, i)[group.ElementSize*slot:][:group.ElementSize])
		}
	}
	return keys, reply, nil
}

// Finish takes the reply and returns the chosen keys.
func (c *BaseChoice) Finish(reply []byte) (*[Base]prg.Block, error) {
	kdf, err := newOracle("base key", c.context)
	if err != nil {
		return nil, err
	}
	shared := make([]byte, Base*group.ElementSize)
	var bad [Base]bool
	parallel(c.workers, func(lo, hi int) {
		bad[lo] = !group.MulEach(shared[lo*group.ElementSize:hi*group.ElementSize], c.secrets[lo:hi], reply)
	})
	if slices.Contains(bad[:], true) {
		return nil, errElement
	}
	keys := new([Base]prg.Block)
	for i := range keys {
		keys[i] = kdf.key(i, byte(c.choice(i)), reply, c.pair(i), shared[i*group.ElementSize:][:group.ElementSize])
	}
	return keys, nil
}

// expandSeed makes a stream from 32 bytes of coins.
func expandSeed(seed [SeedSize]byte) *prg.PRG {
	// Both halves count: a hash leaves the key of the stream with all 128
	// bits of entropy it can have.
	sum := sha256.Sum256(seed[:])
	return prg.New([prg.Size]byte(sum[:prg.Size]))
}

// Choices returns the choices of the base transfers whose keys [Accept] needs:
// the complement of delta, since the sender learns the sides of the trees that
// its path leaves.
func Choices(delta prg.Block) [Base / 8]byte {
	return prg.Block{Lo: ^delta.Lo, Hi: ^delta.Hi}.Bytes()
}

// parallel divides the transfers among the workers.
func parallel(workers int, f func(lo, hi int)) {
	if workers <= 1 {
		f(0, Base)
		return
	}
	workers = min(workers, Base)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() { f(w*Base/workers, (w+1)*Base/workers) })
	}
	group.Wait()
}
