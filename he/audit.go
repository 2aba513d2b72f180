package he

import (
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
)

// An Audit is a key holder's look at what it is asked to open. It checks that the
// sum of masks is that of the masks which contributors committed to, since a
// share for a mask that somebody chose would give its key away. Only an audit
// makes shares. It is not safe for concurrent use.
type Audit struct {
	h     *KeyHolder
	call  *call
	masks *maskSums
	keys  *rlwe.KeySum // in mode OneShot, where there are no masks
	state auditState
}

type auditState byte

const (
	auditNew auditState = iota
	auditFailed
	auditDone
)

// Audit takes the call of an aggregate. It refuses one with fewer contributions
// than MinInputs, one whose contributors did not all approve the same roll, one of
// another roll than the holder endorsed, one that does not have the holder among the
// active ones, and one without the holder's own contribution if it is a contributor too.
func (h *KeyHolder) Audit(message []byte) (*Audit, error) {
	oneShot := h.s.plan.spec.Mode == OneShot
	if h.public == nil && !oneShot {
		return nil, errNoKey
	}
	c, err := h.s.parseCall(message)
	if err != nil {
		return nil, err
	}
	if h.endorsed != [sha256.Size]byte{} && h.endorsed != c.roll.digest {
		return nil, errTwoRolls
	}
	if !slices.Contains(c.active, h.index) {
		return nil, bad(kindCall, "it does not call this key holder")
	}
	if i, err := number("contributors", h.key, h.s.roster.Contributors); err == nil && !slices.Contains(c.included, i) {
		return nil, fmt.Errorf("%w: the call leaves out this key holder's own contribution", ErrTooFew)
	}
	a := &Audit{h: h, call: c}
	if oneShot {
		a.keys, err = h.s.plan.params.NewKeySum()
	} else {
		a.masks = newMaskSums(h.s.plan)
	}
	if err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	return a, nil
}

// KeepIn makes the audit keep the masks that it shares for in a file, from its
// start, instead of in memory, where they take up to 15 bytes a number. Nothing
// in it is secret. It comes before Read. In mode OneShot there is nothing to keep.
func (a *Audit) KeepIn(file interface {
	io.ReaderAt
	io.WriterAt
}) error {
	if a.state != auditNew {
		return errors.New("he: the audit has begun without a file")
	}
	if a.masks != nil {
		a.masks.keepIn(file)
	}
	return nil
}

// Contributors returns the numbers of those whose contributions are in the sum.
func (a *Audit) Contributors() []int { return slices.Clone(a.call.included) }

// Read reads what [Aggregate.WriteAudit] wrote for this key holder, and takes it
// in if it is what contributors committed to. What is refused leaves the audit of
// no use: then start another with the same call.
func (a *Audit) Read(r io.Reader) error {
	if a.state != auditNew {
		return errors.New("he: the audit is over")
	}
	a.state = auditFailed
	in := newReader(r)
	in.h = nil // what is committed to are the parts
	if err := a.h.s.readHeader(in, kindMasks, noSender); err != nil {
		return err
	}
	read := a.readMasks
	if a.keys != nil {
		read = a.readKeys
	}
	if err := read(in); err != nil {
		return err
	}
	if err := in.end(kindMasks); err != nil {
		return err
	}
	a.state = auditDone
	return nil
}

// readMasks reads the hashes of the masks of all contributions and then the sum
// of these masks. The hash of the sum must be the sum of hashes, to each of which
// a contributor committed. The sum of the honest ones' masks and something else is
// then taken only if the hash of this is the sum of the hashes of all others, and
// nobody can find two such with coefficients that are as short: it was fixed when
// the honest contributors showed their masks.
func (a *Audit) readMasks(in *stream) error {
	s, p := a.h.s, a.h.s.plan
	want, err := p.params.NewMaskHash()
	if err != nil {
		return fmt.Errorf("he: %w", err)
	}
	b := make([]byte, p.params.MaskHashSize())
	for _, i := range a.call.included {
		if err := in.read(b, kindMasks); err != nil {
			return err
		}
		if masks, _ := a.call.roll.hashes(i); s.commitTo("masks", i, sha256.Sum256(b)) != masks {
			return bad(kindMasks, fmt.Sprintf("a hash is not what number %d committed to", i))
		}
		if want.AddBinary(b) != nil {
			return bad(kindMasks, fmt.Sprintf("the hash of number %d is malformed", i))
		}
	}
	type worker struct {
		in   []byte
		sum  *rlwe.MaskSum
		hash *rlwe.MaskHash
	}
	all := make([]worker, min(runtime.GOMAXPROCS(0), p.chunks()))
	for i := range all {
		w := &all[i]
		if w.sum, err = p.params.NewMaskSum(); err != nil {
			return fmt.Errorf("he: %w", err)
		}
		if w.hash, err = p.params.NewMaskHash(); err != nil {
			return fmt.Errorf("he: %w", err)
		}
		w.in = make([]byte, p.params.MaskSumSize())
	}
	err = p.inOrder(len(all), func(i, _ int) error {
		return in.read(all[i].in, kindMasks)
	}, func(i, chunk int, dst []byte) ([]byte, error) {
		w := &all[i]
		if w.sum.Parse(w.in, len(a.call.included)) != nil {
			return nil, bad(kindMasks, "a sum of residues is out of its range")
		}
		if err := w.hash.AddSum(chunk, w.sum); err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
		if a.masks.file == nil {
			dst = make([]byte, 0, p.params.MaskSize()) // which the audit keeps
		}
		return w.sum.AppendMask(dst), nil
	}, func(chunk int, b []byte) error {
		s.done("audit", chunk+1, p.chunks())
		return a.masks.put(chunk, b)
	})
	if err != nil {
		return err
	}
	for _, w := range all[1:] {
		if err := all[0].hash.Merge(w.hash); err != nil {
			return fmt.Errorf("he: %w", err)
		}
	}
	if !all[0].hash.Equal(want) {
		return bad(kindMasks, "they are not the sum of what contributors committed to")
	}
	return nil
}

// Share records in the log that it opens this aggregate, and then writes the
// share, sealed for the receiver. What is signed of it is that the key under which
// it is sealed is the key holder's: who knows neither the key holder's part of that
// key nor the receiver's can seal nothing else under it. A key holder shares once: what must be sent
// again is the same bytes, from where they were written.
func (a *Audit) Share(w io.Writer, log ShareLog) error {
	s, h := a.h.s, a.h
	switch {
	case a.state != auditDone:
		return errors.New("he: the audit has not seen all contributions")
	case h.shared:
		return ErrShared
	case log == nil:
		return errNoLog
	}
	secret := h.secret
	if s.plan.spec.Mode == Collective && s.plan.threshold() {
		points := make([]int, len(a.call.active))
		for i, k := range a.call.active {
			points[i] = k + 1 // never zero, where the secret is
		}
		var err error
		if secret, err = h.keys.Secret(points); err != nil {
			return fmt.Errorf("he: %w", err)
		}
		defer secret.Erase()
	}
	if a.masks != nil {
		if err := a.masks.check(); err != nil {
			return err
		}
	}
	aggregate := s.aggregate(a.call)
	h.shared = true
	if err := log.Record(s.digest, aggregate); err != nil {
		return err
	}
	enc, sender, err := hpke.NewSender(s.hpke, kdf(), aead(), s.info("share", h.index, 0))
	if err != nil {
		return fmt.Errorf("he: %w", err)
	}
	front := append(s.appendHeader(nil, kindShare, h.index), aggregate[:]...)
	if err := write(w, sign(append(front, enc...), h.key)); err != nil {
		return err
	}
	if a.keys != nil {
		return a.writeKeys(w, sender, aggregate)
	}
	return a.write(w, secret, sender, aggregate)
}

// aggregate is what a share is for: the call. It has the commitments to the hashes
// of all masks, with which the holder has compared the sum, so there is one for it.
func (s *Session) aggregate(c *call) [sha256.Size]byte {
	return digest("aggregate", s.digest[:], c.digest[:])
}

// write writes the sealed chunks of the share, which all processors compute.
func (a *Audit) write(out io.Writer, secret *rlwe.Secret, sender *hpke.Sender, aggregate [sha256.Size]byte) error {
	p := a.h.s.plan
	type worker struct {
		in     []byte
		sharer *rlwe.Sharer
	}
	all := make([]worker, min(runtime.GOMAXPROCS(0), p.chunks()))
	for i := range all {
		var err error
		if all[i].sharer, err = p.params.NewSharer(secret); err != nil {
			return fmt.Errorf("he: %w", err)
		}
	}
	return p.inOrder(len(all), nil, func(i, chunk int, dst []byte) ([]byte, error) {
		w := &all[i]
		mask, err := a.masks.at(chunk, w.in)
		if err != nil {
			return nil, err
		}
		w.in = mask
		return w.sharer.Share(dst, mask, p.chunkLen(chunk))
	}, func(chunk int, b []byte) error {
		sealed, err := sender.Seal(aggregate[:], b)
		if err != nil {
			return fmt.Errorf("he: %w", err)
		}
		if err := write(out, sealed); err != nil {
			return err
		}
		a.h.s.done("share", chunk+1, p.chunks())
		return nil
	})
}
