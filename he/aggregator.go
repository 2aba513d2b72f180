package he

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
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

// Roll ends the time to commit and returns the roll of all who committed: for key holders
// to endorse, in mode ReceiverKey for contributors to approve. Who is not in it is not in
// the result.
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

// EndorsedRoll takes what [KeyHolder.Endorse] of key holders returned, in any order, and
// returns the roll for contributors to approve. Of N holders and a threshold of T it
// needs (N+T)/2, rounded up; afterwards T are enough.
func (a *Aggregator) EndorsedRoll(endorsements [][]byte) ([]byte, error) {
	if a.s.plan.spec.Mode != Collective {
		return nil, fmt.Errorf("he: in mode %v nobody endorses a roll", a.s.plan.spec.Mode)
	}
	a.mu.Lock()
	roll, message := a.roll, a.message
	a.mu.Unlock()
	if roll == nil {
		return nil, errNoRoll
	}
	known := make(map[int][]byte)
	for _, e := range endorsements {
		i, err := a.s.endorsement(e, roll)
		if err != nil {
			return nil, err
		}
		known[i] = e
	}
	if n, all := a.s.endorsers(), len(a.s.roster.Holders); len(known) < n {
		return nil, fmt.Errorf("he: %d of %d key holders have endorsed the roll, and %d must", len(known), all, n)
	}
	return a.s.appendEndorsed(nil, message, known), nil
}

var errNoRoll = errors.New("he: there is no roll yet")

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
		return errNoRoll
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
		return nil, errNoRoll
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
