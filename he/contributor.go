package he

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"log/slog"
	"runtime"
	"slices"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
)

// A Contributor has rows and sends them encrypted. It makes one contribution. It
// is not safe for concurrent use.
type Contributor struct {
	s          *Session
	index      int
	key        ed25519.PrivateKey
	public     *rlwe.PublicKey
	committee  []hpke.PublicKey // in mode OneShot
	budget     *Budget
	commitment []byte
	approved   [sha256.Size]byte // the roll, if not zero
}

// NewContributor returns the contributor with this signature key. publicKey is
// what [KeyHolder.PublicKey] returned, and nil in mode ReceiverKey; one that not all key holders confirmed is refused.
func (s *Session) NewContributor(key ed25519.PrivateKey, publicKey []byte) (*Contributor, error) {
	i, err := number("contributors", key, s.roster.Contributors)
	if err != nil {
		return nil, err
	}
	c := &Contributor{s: s, index: i, key: key, public: s.receiver}
	switch {
	case s.plan.spec.Mode == Collective:
		c.public, err = s.parsePublicKey(publicKey)
	case s.plan.spec.Mode == OneShot:
		c.committee, err = s.parseCommittee(publicKey)
	case publicKey != nil:
		err = errors.New("he: in mode receiver-key the public key is in the roster")
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// String says what c is, and no key.
func (c *Contributor) String() string { return "he.Contributor" }

// GoString is [Contributor.String].
func (c *Contributor) GoString() string { return c.String() }

// LogValue is [Contributor.String].
func (c *Contributor) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Spend makes Encrypt spend from a privacy budget, which a plan with noise needs.
func (c *Contributor) Spend(b *Budget) { c.budget = b }

// Encrypt reads rows, with a number for each field of the plan in order, and
// writes the contribution to w: a file of the contributor's own, or memory. It
// returns the commitment, which goes to the aggregator at once; the contribution
// follows when the roll is there and approved. In mode OneShot both go to the
// aggregator at once, and that is all a contributor does.
//
// A row is not used after the next is asked for. A value out of its range ends
// it with an error that wraps [ErrRange] and names field and row, and nothing
// that was written is of use to anybody.
func (c *Contributor) Encrypt(w io.Writer, rows iter.Seq2[[]float64, error]) (commitment []byte, err error) {
	if c.commitment != nil {
		return nil, errors.New("he: this contributor has a contribution already")
	}
	p := c.s.plan
	if n := p.spec.Noise; n != nil {
		if c.budget == nil {
			return nil, errors.New("he: the plan has noise, and this contributor no budget: call Spend")
		}
		if err := c.budget.spend(c.s.digest, n); err != nil {
			return nil, err
		}
	}
	out, err := c.newSealer(w)
	if err != nil {
		return nil, err
	}
	if err := p.encode(c.index, rows, out.chunk); err != nil {
		return nil, err
	}
	hashes, err := out.finish()
	if err != nil {
		return nil, err
	}
	kind := kindCommitment
	if p.spec.Mode == OneShot {
		kind = kindManifest
	}
	c.commitment = sign(append(c.s.appendHeader(nil, kind, c.index), hashes...), c.key)
	return slices.Clone(c.commitment), nil
}

// Approve takes the roll, which lists what all contributors committed to, and the
// contribution as it was written. It returns the approval that goes to the
// aggregator with the contribution: from then on nobody in the roll can choose a
// contribution by what others sent. A contributor approves one roll, which has
// its own commitment. In mode Collective it is what [Aggregator.EndorsedRoll] returned,
// which is the same for all, and of the contribution only the bodies are read: the
// aggregator compares masks with the commitment. In mode ReceiverKey it is what
// [Aggregator.Roll] returned, and should be the one that all others see.
func (c *Contributor) Approve(roll []byte, contribution io.ReaderAt) (approval []byte, err error) {
	if c.commitment == nil {
		return nil, errors.New("he: there is no contribution yet")
	}
	parse := c.s.parseRoll
	if c.s.plan.spec.Mode == Collective {
		parse = c.s.parseEndorsed
	}
	r, err := parse(roll)
	if err != nil {
		return nil, err
	}
	switch {
	case !bytes.Equal(r.commitments[c.index], c.commitment):
		return nil, fmt.Errorf("%w: the roll does not have this contributor's commitment", ErrTooFew)
	case c.approved != [sha256.Size]byte{} && c.approved != r.digest:
		return nil, errTwoRolls
	}
	f, _, err := c.s.check("approve", c.index, r, contribution, false)
	if err != nil {
		return nil, err
	}
	c.approved = r.digest
	approval = append(c.s.appendHeader(nil, kindApproval, c.index), r.digest[:]...)
	if approval, err = f.AppendBinary(approval); err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	return sign(approval, c.key), nil
}

// A sealer encrypts chunks on all processors and writes them in order.
type sealer struct {
	s       *Session
	index   int // of the contributor
	w       io.Writer
	masks   hash.Hash
	hashes  []*rlwe.MaskHash // by worker, in mode Collective
	bodies  hash.Hash
	encrypt []func(dst []byte, chunk int, values []uint64) ([]byte, error) // by worker
	first   int                                                            // chunk that is pending
	head    []byte                                                         // hashes of sealed keys, in mode OneShot
	pending [][]uint64
	n       int // of pending
	out     [][]byte
}

func (c *Contributor) newSealer(w io.Writer) (*sealer, error) {
	o := &sealer{s: c.s, index: c.index, w: w, masks: sha256.New(), bodies: sha256.New()}
	p := c.s.plan.params
	workers := min(runtime.GOMAXPROCS(0), c.s.plan.chunks())
	for range workers {
		o.pending = append(o.pending, make([]uint64, 0, p.N()))
		o.out = append(o.out, nil)
	}
	if _, err := w.Write(c.s.appendHeader(nil, kindContribution, c.index)); err != nil {
		return nil, fmt.Errorf("he: writing: %w", err)
	}
	if c.committee != nil {
		return o, c.beginOneShot(o)
	}
	for range workers {
		e, err := p.NewEncryptor(c.public)
		if err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
		if c.s.plan.spec.Mode != Collective {
			o.encrypt = append(o.encrypt, func(dst []byte, _ int, values []uint64) ([]byte, error) { return e.Encrypt(dst, values) })
			continue
		}
		hash, err := p.NewMaskHash()
		if err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
		o.hashes = append(o.hashes, hash)
		o.encrypt = append(o.encrypt, func(dst []byte, chunk int, values []uint64) ([]byte, error) {
			dst, err := e.Encrypt(dst, values)
			if err != nil {
				return nil, err
			}
			return dst, hash.Add(chunk, dst[:p.MaskSize()])
		})
	}
	return o, nil
}

func (o *sealer) chunk(values []uint64) error {
	o.pending[o.n] = append(o.pending[o.n][:0], values...)
	if o.n++; o.n < len(o.pending) {
		return nil
	}
	return o.flush()
}

func (o *sealer) flush() error {
	if o.n == 0 {
		return nil
	}
	errs := make([]error, o.n)
	var group sync.WaitGroup
	for i := range o.n {
		group.Go(func() {
			o.out[i], errs[i] = o.encrypt[i](o.out[i][:0], o.first+i, o.pending[i])
			clear(o.pending[i])
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("he: %w", err)
	}
	mask := o.s.plan.params.MaskSize()
	for _, b := range o.out[:o.n] {
		if o.hashes == nil {
			o.masks.Write(b[:mask])
		}
		o.bodies.Write(b[mask:])
		if _, err := o.w.Write(b); err != nil {
			return fmt.Errorf("he: writing: %w", err)
		}
	}
	o.first, o.n = o.first+o.n, 0
	o.s.done("encrypt", o.first, o.s.plan.chunks())
	return nil
}

// finish returns the commitments to all masks and to all bodies. In mode
// Collective that to masks is to their linear hash. In mode OneShot it
// returns hashes, and those of the sealed keys stand for masks.
func (o *sealer) finish() ([]byte, error) {
	if err := o.flush(); err != nil {
		return nil, err
	}
	masks, bodies := [sha256.Size]byte(o.masks.Sum(nil)), [sha256.Size]byte(o.bodies.Sum(nil))
	if o.head != nil {
		return append(o.head, bodies[:]...), nil
	}
	if o.hashes != nil {
		for _, h := range o.hashes[1:] {
			if err := o.hashes[0].Merge(h); err != nil {
				return nil, fmt.Errorf("he: %w", err)
			}
		}
		b, err := o.hashes[0].AppendBinary(nil)
		if err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
		masks = sha256.Sum256(b)
	}
	masks, bodies = o.s.commitTo("masks", o.index, masks), o.s.commitTo("bodies", o.index, bodies)
	return append(masks[:], bodies[:]...), nil
}

// commitTo is what a contributor commits to of a part with this hash. Its number
// is in it, so that nobody can commit to what another one committed to, to send
// the same once it sees it.
func (s *Session) commitTo(part string, contributor int, hash [sha256.Size]byte) [sha256.Size]byte {
	return digest(part, s.digest[:], []byte{byte(contributor >> 8), byte(contributor)}, hash[:])
}
