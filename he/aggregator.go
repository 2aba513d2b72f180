package he

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// An Aggregator adds contributions up. It has no secret and can read nothing. It
// is safe for concurrent use. Its memory does not depend on the number of
// contributors: contributions stay where they are, usually in files.
type Aggregator struct {
	s *Session

	mu          sync.Mutex
	commitments map[int][]byte
	message     []byte // the roll, once it is closed
	roll        *roll
	approvals   map[int][]byte // in mode OneShot, manifests
	inputs      map[int]io.ReaderAt
	hashes      map[int][]byte // of masks in mode Collective, of some contributions
	closed      bool
}

// keptHashes is of how many contributions the hash of masks is kept for audits. It
// has 25 or 50 kB. Those of others are computed again, so that there is a bound.
const keptHashes = 100

// NewAggregator returns an aggregator without contributions.
func (s *Session) NewAggregator() *Aggregator {
	return &Aggregator{
		s: s, commitments: make(map[int][]byte), approvals: make(map[int][]byte), inputs: make(map[int]io.ReaderAt),
		hashes: make(map[int][]byte),
	}
}

// Commit takes a contributor's commitment. The same one again changes nothing.
func (a *Aggregator) Commit(commitment []byte) error {
	i, _, err := a.s.signed(commitment, kindCommitment, a.s.roster.Contributors, 2*sha256.Size)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch known := a.commitments[i]; {
	case known != nil && !bytes.Equal(known, commitment):
		return bad(kindCommitment, fmt.Sprintf("number %d committed to something else before", i))
	case known == nil && a.message != nil:
		return bad(kindCommitment, "the roll is closed")
	}
	a.commitments[i] = slices.Clone(commitment)
	return nil
}

// Roll ends the time to commit and returns the roll, for all who committed. Who is
// not in it is not in the result.
func (a *Aggregator) Roll() ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.message == nil {
		message := a.s.appendRoll(nil, a.commitments)
		r, err := a.s.parseRoll(message)
		if err != nil {
			return nil, err
		}
		a.message, a.roll = message, r
	}
	return slices.Clone(a.message), nil
}

// Add takes a contributor's approval of the roll and its contribution, which it
// checks against the commitment and reads again when it is added up: it must
// stay as it is until then. A contribution that is refused changes nothing,
// nor does the same one again. In mode OneShot there is no roll, and the manifest,
// which is what Encrypt returned, takes the place of the approval.
func (a *Aggregator) Add(approval []byte, contribution io.ReaderAt) error {
	if a.s.plan.spec.Mode == OneShot {
		return a.addOneShot(approval, contribution)
	}
	a.mu.Lock()
	r := a.roll
	a.mu.Unlock()
	if r == nil {
		return errors.New("he: there is no roll yet")
	}
	i, want, err := a.s.approval(approval, r)
	if err != nil {
		return err
	}
	got, hash, err := a.s.check("add", i, r, contribution, true)
	switch {
	case err != nil:
		return err
	case got != want:
		return bad(kindApproval, fmt.Sprintf("the fingerprint of number %d is wrong", i))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return errors.New("he: the aggregate is closed")
	case a.inputs[i] == nil:
		a.inputs[i], a.approvals[i] = contribution, slices.Clone(approval)
		if hash != nil && len(a.hashes) < keptHashes {
			a.hashes[i] = hash
		}
	}
	return nil
}

// check reads a contribution, which must be well formed and what its contributor
// committed to, and returns its fingerprint, and the linear hash of its masks in
// mode Collective. The phase is for reports. Without masks it leaves out those that
// the fingerprint is not of, and the hash: the contributor that wrote them need not
// read them again, since the aggregator does.
func (s *Session) check(phase string, contributor int, r *roll, contribution io.ReaderAt, masks bool) (f rlwe.Fingerprint, hash []byte, err error) {
	p := s.plan
	section := io.NewSectionReader(contribution, 0, p.contribution()+1)
	in := newReader(section)
	if err := s.readHeader(in, kindContribution, contributor); err != nil {
		return f, nil, err
	}
	in.h = nil // what is committed to are the parts
	ofMasks, ofBodies := sha256.New(), sha256.New()
	finger := p.params.NewFingerprinter(r.digest)
	var b []byte
	var sum *rlwe.Sum
	var linear *rlwe.MaskHash
	skip := p.skip()
	if skip > 0 && masks {
		if linear, err = p.params.NewMaskHash(); err != nil {
			return f, nil, fmt.Errorf("he: %w", err)
		}
	}
	for chunk := range p.chunks() {
		n := p.chunkLen(chunk)
		if sum == nil || sum.Len() != n {
			sum = p.newSum(n)
		}
		b = grow(b, p.params.CiphertextSize(n))
		switch {
		case linear != nil:
			if err := in.read(b[:skip], kindContribution); err != nil {
				return f, nil, err
			}
			if linear.Add(chunk, b[:skip]) != nil {
				return f, nil, errResidue
			}
		case skip > 0:
			if _, err := section.Seek(int64(skip), io.SeekCurrent); err != nil {
				return f, nil, fmt.Errorf("he: reading: %w", err)
			}
		}
		if err := in.read(b[skip:], kindContribution); err != nil {
			return f, nil, err
		}
		sum.Reset()
		if err := p.addTo(sum, b[skip:]); err != nil {
			return f, nil, errResidue
		}
		if err := finger.AddSum(sum); err != nil {
			return f, nil, err
		}
		if skip == 0 {
			ofMasks.Write(b[:p.params.MaskSize()])
		}
		ofBodies.Write(b[p.params.MaskSize():])
		s.done(phase, chunk+1, p.chunks())
	}
	if err := in.end(kindContribution); err != nil {
		return f, nil, err
	}
	if linear != nil {
		if hash, err = linear.AppendBinary(nil); err != nil {
			return f, nil, fmt.Errorf("he: %w", err)
		}
		ofMasks.Write(hash)
	}
	wantMasks, wantBodies := r.hashes(contributor)
	if s.commitTo("bodies", contributor, [sha256.Size]byte(ofBodies.Sum(nil))) != wantBodies ||
		(linear != nil || skip == 0) && s.commitTo("masks", contributor, [sha256.Size]byte(ofMasks.Sum(nil))) != wantMasks {
		return f, nil, bad(kindContribution, fmt.Sprintf("it is not what number %d committed to", contributor))
	}
	return finger.Sum(), hash, nil
}

var errResidue = bad(kindContribution, "a residue is out of its range")

// readHeader reads the header of a stream, whose sender must be this one.
func (s *Session) readHeader(in *stream, kind byte, sender int) error {
	var b [headerSize]byte
	if err := in.read(b[:], kind); err != nil {
		return err
	}
	switch i, err := s.header(wire.NewDecoder(b[:]), kind); {
	case err != nil:
		return err
	case i != sender:
		return bad(kind, fmt.Sprintf("it is of number %d, not %d", i, sender))
	}
	return nil
}

// newSum returns a sum of what the aggregator adds up: in mode Collective bodies
// only, since key holders add up the masks.
func (p *Plan) newSum(n int) *rlwe.Sum {
	build := p.params.NewSum
	if p.spec.Mode == Collective {
		build = p.params.NewBodySum
	}
	sum, err := build(n)
	if err != nil {
		panic("he: internal error: " + err.Error())
	}
	return sum
}

// skip is what such a sum does not need of the start of a ciphertext.
func (p *Plan) skip() int {
	if p.spec.Mode == Collective {
		return p.params.MaskSize()
	}
	return 0
}

// addTo adds a ciphertext, from there on, to such a sum.
func (p *Plan) addTo(sum *rlwe.Sum, ciphertext []byte) error {
	if p.spec.Mode == Collective {
		return sum.AddBody(ciphertext)
	}
	return sum.Add(ciphertext)
}

// grow returns b with length n and any content.
func grow(b []byte, n int) []byte { return slices.Grow(b[:0], n)[:n] }

// Close ends the time to contribute. In mode Collective active has the numbers
// of the key holders that shall open the result, as many as the threshold; in mode
// OneShot at least as many; in mode ReceiverKey it is nil. It cannot be changed: if one of them fails to send its share, that
// takes a new session, since a second set of shares would give keys away.
func (a *Aggregator) Close(active []int) (*Aggregate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	oneShot := a.s.plan.spec.Mode == OneShot
	switch {
	case a.message == nil && !oneShot:
		return nil, errors.New("he: there is no roll yet")
	case a.closed:
		return nil, errors.New("he: the aggregate is closed already")
	}
	active = slices.Sorted(slices.Values(active))
	for _, h := range active {
		if h < 0 || h >= len(a.s.roster.Holders) {
			return nil, fmt.Errorf("he: there is no key holder with number %d", h)
		}
	}
	message := a.s.appendCall(nil, a.message, a.approvals, active)
	if oneShot {
		message = a.s.appendOneShot(nil, a.approvals, active)
	}
	c, err := a.s.parseCall(message)
	if err != nil {
		return nil, err
	}
	a.closed = true
	return &Aggregate{s: a.s, call: c, message: message, inputs: maps.Clone(a.inputs), hashes: maps.Clone(a.hashes)}, nil
}

// An Aggregate is the sum of the contributions that are in it. It is safe for
// concurrent use.
type Aggregate struct {
	s       *Session
	call    *call
	message []byte
	inputs  map[int]io.ReaderAt
	hashes  map[int][]byte
}

// Contributors returns the numbers of those who are in the sum.
func (a *Aggregate) Contributors() []int { return slices.Clone(a.call.included) }

// Call returns the message that calls the active key holders to share.
func (a *Aggregate) Call() []byte { return slices.Clone(a.message) }

// WriteAudit writes what a key holder must see to audit the aggregate. In mode
// Collective all get the same.
func (a *Aggregate) WriteAudit(w io.Writer, holder int) error {
	p := a.s.plan
	if holder < 0 || holder >= p.spec.Holders {
		return fmt.Errorf("he: there is no key holder with number %d", holder)
	}
	if _, err := w.Write(a.s.appendHeader(nil, kindMasks, noSender)); err != nil {
		return fmt.Errorf("he: writing: %w", err)
	}
	for _, i := range a.call.included {
		part, err := a.auditPart(holder, i)
		if err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("he: writing: %w", err)
		}
	}
	if p.spec.Mode == OneShot {
		return nil
	}
	return a.writeMasks(w)
}

// auditPart returns what a key holder must see of one contribution: the hash of
// its masks, or in mode OneShot the holder's sealed share of its key.
func (a *Aggregate) auditPart(holder, contributor int) ([]byte, error) {
	p, input := a.s.plan, a.inputs[contributor]
	if p.spec.Mode == OneShot {
		b := make([]byte, p.sealedKey())
		return b, readAt(input, b, int64(headerSize)+int64(holder)*int64(len(b)))
	}
	if hash := a.hashes[contributor]; hash != nil {
		return hash, nil
	}
	hash, err := p.params.NewMaskHash()
	if err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	b := make([]byte, p.params.MaskSize())
	for chunk := range p.chunks() {
		if err := readAt(input, b, p.offset(chunk)); err != nil {
			return nil, err
		}
		if hash.Add(chunk, b) != nil {
			return nil, errChanged(contributor)
		}
	}
	return hash.AppendBinary(nil)
}

// writeMasks adds the masks of all contributions up, on all processors.
func (a *Aggregate) writeMasks(w io.Writer) error {
	p := a.s.plan
	type worker struct {
		sum *rlwe.MaskSum
		in  []byte
	}
	all := make([]worker, min(runtime.GOMAXPROCS(0), p.chunks()))
	for i := range all {
		var err error
		if all[i].sum, err = p.params.NewMaskSum(); err != nil {
			return fmt.Errorf("he: %w", err)
		}
		all[i].in = make([]byte, p.params.MaskSize())
	}
	return p.inOrder(len(all), nil, func(i, chunk int, dst []byte) ([]byte, error) {
		sum, in := all[i].sum, all[i].in
		sum.Reset()
		for _, k := range a.call.included {
			if err := readAt(a.inputs[k], in, p.offset(chunk)); err != nil {
				return nil, err
			}
			if err := sum.Add(in); err != nil {
				return nil, errChanged(k)
			}
		}
		return sum.AppendBinary(dst)
	}, func(_ int, b []byte) error {
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("he: writing: %w", err)
		}
		return nil
	})
}

func errChanged(contributor int) error {
	return fmt.Errorf("he: the contribution of number %d is not what it was when it was added", contributor)
}

// inOrder makes something of each chunk, with as many workers at a time. Each of
// them is fed, if feed is not nil, and what they make is taken, in order.
func (p *Plan) inOrder(workers int, feed func(worker, chunk int) error,
	do func(worker, chunk int, dst []byte) ([]byte, error), take func(chunk int, b []byte) error) error {
	out, errs := make([][]byte, workers), make([]error, workers)
	for first := 0; first < p.chunks(); first += workers {
		n := min(workers, p.chunks()-first)
		for i := 0; i < n && feed != nil; i++ {
			if err := feed(i, first+i); err != nil {
				return err
			}
		}
		var group sync.WaitGroup
		for i := range n {
			group.Go(func() { out[i], errs[i] = do(i, first+i, out[i][:0]) })
		}
		group.Wait()
		for i := range n {
			if errs[i] != nil {
				return errs[i]
			}
			if err := take(first+i, out[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// offset is where a chunk begins in a contribution.
func (p *Plan) offset(chunk int) int64 {
	return int64(headerSize) + p.keyShares() + int64(chunk)*int64(p.params.CiphertextSize(p.params.N()))
}

func readAt(r io.ReaderAt, b []byte, offset int64) error {
	if n, err := r.ReadAt(b, offset); n < len(b) {
		return fmt.Errorf("he: reading a contribution again: %w", err)
	}
	return nil
}

// WriteTo adds the contributions up, on all processors, and writes the sum for
// the receiver.
func (a *Aggregate) WriteTo(w io.Writer) (int64, error) {
	p := a.s.plan
	head := a.s.appendHeader(nil, kindAggregate, noSender)
	head = binary.BigEndian.AppendUint32(head, uint32(len(a.message)))
	n, err := w.Write(append(head, a.message...))
	written := int64(n)
	if err != nil {
		return written, fmt.Errorf("he: writing: %w", err)
	}
	type worker struct {
		sum *rlwe.Sum
		in  []byte
	}
	all := make([]worker, min(runtime.GOMAXPROCS(0), p.chunks()))
	err = p.inOrder(len(all), nil, func(i, chunk int, dst []byte) ([]byte, error) {
		w, n := &all[i], p.chunkLen(chunk)
		if w.sum == nil || w.sum.Len() != n {
			w.sum = p.newSum(n)
		}
		w.in = grow(w.in, p.params.CiphertextSize(n)-p.skip())
		if err := a.add(w.sum, w.in, chunk); err != nil {
			return nil, err
		}
		return p.appendSum(dst, w.sum), nil
	}, func(chunk int, b []byte) error {
		n, err := w.Write(b)
		written += int64(n)
		if err != nil {
			return fmt.Errorf("he: writing: %w", err)
		}
		a.s.done("aggregate", chunk+1, p.chunks())
		return nil
	})
	return written, err
}

// add sets sum to the sum of a chunk.
func (a *Aggregate) add(sum *rlwe.Sum, b []byte, chunk int) error {
	p := a.s.plan
	sum.Reset()
	for _, i := range a.call.included {
		if err := readAt(a.inputs[i], b, p.offset(chunk)+int64(p.skip())); err != nil {
			return err
		}
		if err := p.addTo(sum, b); err != nil {
			return errChanged(i)
		}
	}
	return nil
}
