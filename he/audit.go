package he

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
)

// An Audit is a key holder's look at what it is asked to open. It adds the masks
// of all contributions up by itself, since a share for a mask that somebody
// chose would give its key away. Only an audit makes shares. It is not safe for
// concurrent use.
type Audit struct {
	h     *KeyHolder
	call  *call
	masks *maskSums
	keys  *rlwe.KeySum // in mode OneShot, where there are no masks
	seen  map[int]bool
}

// Audit takes the call of an aggregate. It refuses one with fewer contributions
// than MinInputs, one whose contributors did not all approve the same roll, one
// that does not have the holder among the active ones, and one without the holder's
// own contribution if it is a contributor too.
func (h *KeyHolder) Audit(message []byte) (*Audit, error) {
	oneShot := h.s.plan.spec.Mode == OneShot
	if h.public == nil && !oneShot {
		return nil, errNoKey
	}
	c, err := h.s.parseCall(message)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.active, h.index) {
		return nil, bad(kindCall, "it does not call this key holder")
	}
	if i, err := number("contributors", h.key, h.s.roster.Contributors); err == nil && !slices.Contains(c.included, i) {
		return nil, fmt.Errorf("%w: the call leaves out this key holder's own contribution", ErrTooFew)
	}
	a := &Audit{h: h, call: c, seen: make(map[int]bool)}
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

// KeepIn makes the audit keep sums of masks in a file, from its start, instead of
// in memory, where they take up to 24 bytes a number. Nothing in it is secret. It
// comes before the first Add. In mode OneShot there is nothing to keep.
func (a *Audit) KeepIn(file interface {
	io.ReaderAt
	io.WriterAt
}) error {
	if a.seen == nil || len(a.seen) > 0 {
		return errors.New("he: the audit has begun without a file")
	}
	if a.masks == nil {
		return nil
	}
	if err := a.masks.keepIn(file); err != nil {
		return fmt.Errorf("he: %w", err)
	}
	return nil
}

// Contributors returns the numbers of those whose part the audit needs.
func (a *Audit) Contributors() []int { return slices.Clone(a.call.included) }

// Add reads what [Aggregate.WriteAudit] wrote of a contributor, and takes it in if
// it is what the contributor committed to. What is refused leaves the audit of no
// use: then start another with the same call.
func (a *Audit) Add(contributor int, r io.Reader) error {
	if a.seen == nil {
		return errors.New("he: the audit is over")
	}
	if !slices.Contains(a.call.included, contributor) || a.seen[contributor] {
		return fmt.Errorf("he: number %d is not in the call, or was added", contributor)
	}
	if err := a.add(contributor, r); err != nil {
		a.seen = nil
		return err
	}
	a.seen[contributor] = true
	return nil
}

func (a *Audit) add(contributor int, r io.Reader) error {
	in := newReader(r)
	if err := a.h.s.readHeader(in, kindMasks, contributor); err != nil {
		return err
	}
	if a.keys != nil {
		return a.addKey(contributor, in)
	}
	in.h.Reset() // what is committed to are the masks
	p := a.h.s.plan
	b := make([]byte, p.params.MaskSize())
	for chunk := range p.chunks() {
		if err := in.read(b, kindMasks); err != nil {
			return err
		}
		switch err := a.masks.add(chunk, b); {
		case errors.Is(err, rlwe.ErrMalformed):
			return bad(kindMasks, "a residue is out of its range")
		case err != nil:
			return err
		}
		a.h.s.done("audit", len(a.seen)*p.chunks()+chunk+1, len(a.call.included)*p.chunks())
	}
	if err := in.end(kindMasks); err != nil {
		return err
	}
	if want, _ := a.call.roll.hashes(contributor); a.h.s.commitTo("masks", contributor, in.sum()) != want {
		return bad(kindMasks, fmt.Sprintf("they are not what number %d committed to", contributor))
	}
	return nil
}

// Share records in the log that it opens this aggregate, and then writes the
// share, sealed for the receiver. A key holder shares once: what must be sent
// again is the same bytes, from where they were written.
func (a *Audit) Share(w io.Writer, log ShareLog) error {
	s, h := a.h.s, a.h
	switch {
	case a.seen == nil || len(a.seen) != len(a.call.included):
		return errors.New("he: the audit has not seen all contributions")
	case h.shared:
		return ErrShared
	case log == nil:
		return errors.New("he: a share log is needed")
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
	aggregate := a.digest()
	h.shared = true
	if err := log.Record(s.digest, aggregate); err != nil {
		return err
	}
	out := newWriter(w)
	if err := out.write(append(s.appendHeader(nil, kindShare, h.index), aggregate[:]...)); err != nil {
		return err
	}
	enc, sender, err := hpke.NewSender(s.hpke, kdf(), aead(), s.info("share", h.index, 0))
	if err != nil {
		return fmt.Errorf("he: %w", err)
	}
	if err := out.write(enc); err != nil {
		return err
	}
	if a.keys != nil {
		err = a.writeKeys(out, sender, aggregate)
	} else {
		err = a.write(out, secret, sender, aggregate)
	}
	if err != nil {
		return err
	}
	signature := ed25519.Sign(h.key, toSign(out.sum()))
	return out.write(signature)
}

// digest is what a share is for: the call. It has the hashes of all masks, with
// which the holder has compared what it added up, so there is one sum for it.
func (a *Audit) digest() [sha256.Size]byte {
	return digest("aggregate", a.h.s.digest[:], a.call.digest[:])
}

// write writes the sealed chunks of the share, which all processors compute.
func (a *Audit) write(out *stream, secret *rlwe.Secret, sender *hpke.Sender, aggregate [sha256.Size]byte) error {
	p := a.h.s.plan
	type worker struct {
		masks  maskReader
		sharer *rlwe.Sharer
		out    []byte
		err    error
	}
	all := make([]worker, min(runtime.GOMAXPROCS(0), p.chunks()))
	for i := range all {
		var err error
		if all[i].sharer, err = p.params.NewSharer(secret); err != nil {
			return fmt.Errorf("he: %w", err)
		}
		all[i].masks.maskSums = a.masks
	}
	for first := 0; first < p.chunks(); first += len(all) {
		batch := all[:min(len(all), p.chunks()-first)]
		var group sync.WaitGroup
		for i := range batch {
			group.Go(func() {
				w := &batch[i]
				var sum *rlwe.MaskSum
				if sum, w.err = w.masks.at(first + i); w.err == nil {
					w.out, w.err = w.sharer.Share(w.out[:0], sum, p.chunkLen(first+i))
				}
			})
		}
		group.Wait()
		for i := range batch {
			if batch[i].err != nil {
				return batch[i].err
			}
			sealed, err := sender.Seal(aggregate[:], batch[i].out)
			if err != nil {
				return fmt.Errorf("he: %w", err)
			}
			if err := out.write(sealed); err != nil {
				return err
			}
		}
		a.h.s.done("share", first+len(batch), p.chunks())
	}
	return nil
}
