package he

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// Sizes of the messages in lists.
const (
	commitmentSize  = headerSize + 2*sha256.Size + ed25519.SignatureSize
	endorsementSize = headerSize + sha256.Size + ed25519.SignatureSize
	approvalSize    = headerSize + approvalBody + ed25519.SignatureSize
	approvalBody    = sha256.Size + rlwe.FingerprintSize
)

// A roll is a list of commitments: after it nobody commits.
type roll struct {
	digest      [sha256.Size]byte
	commitments map[int][]byte // by contributor
}

// A call is a list of contributions that are to be opened, and of the holders
// that are to do it.
type call struct {
	digest    [sha256.Size]byte
	roll      *roll
	included  []int          // contributors, in increasing order
	manifests map[int][]byte // bodies, by contributor, in mode OneShot, where there is no roll
	active    []int          // holders, in increasing order; none in mode ReceiverKey
	// fingerprint is that of the sum of all bodies, which contributors say what
	// theirs are of at a point that nobody knew when they committed.
	fingerprint rlwe.Fingerprint
}

// hashes returns what a contributor committed to: all masks, and all bodies.
func (r *roll) hashes(contributor int) (masks, bodies [sha256.Size]byte) {
	b := r.commitments[contributor][headerSize:]
	return [sha256.Size]byte(b[:sha256.Size]), [sha256.Size]byte(b[sha256.Size : 2*sha256.Size])
}

// appendRoll writes a roll: header, number of commitments, and these in the order
// of contributors.
func (s *Session) appendRoll(dst []byte, commitments map[int][]byte) []byte {
	dst = s.appendHeader(dst, kindRoll, noSender)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(commitments)))
	for i := range s.roster.Contributors {
		dst = append(dst, commitments[i]...)
	}
	return dst
}

func (s *Session) parseRoll(message []byte) (*roll, error) {
	d := wire.NewDecoder(message)
	r, err := s.decodeRoll(d, message)
	if err != nil {
		return nil, err
	}
	if err := d.Done(); err != nil {
		return nil, bad(kindRoll, "it has another length than it says")
	}
	return r, nil
}

// decodeRoll reads a roll, with which message begins.
func (s *Session) decodeRoll(d *wire.Decoder, message []byte) (*roll, error) {
	if _, err := s.header(d, kindRoll); err != nil {
		return nil, err
	}
	n := int(d.Uint16())
	if n > len(s.roster.Contributors) {
		return nil, bad(kindRoll, "it has more commitments than there are contributors")
	}
	if n < s.plan.spec.MinInputs {
		return nil, fmt.Errorf("%w: a roll of %d commitments, and MinInputs is %d", ErrTooFew, n, s.plan.spec.MinInputs)
	}
	r := &roll{commitments: make(map[int][]byte, n)}
	last := -1
	for range n {
		commitment := d.Bytes(commitmentSize)
		i, _, err := s.signed(commitment, kindCommitment, s.roster.Contributors, 2*sha256.Size)
		if err != nil {
			return nil, err
		}
		if i <= last {
			return nil, bad(kindRoll, "its commitments are not in order, or one is there twice")
		}
		r.commitments[i], last = slices.Clone(commitment), i
	}
	r.digest = digest("roll", message[:headerSize+2+n*commitmentSize])
	return r, nil
}

// endorsers is how many key holders must endorse a roll, so that no two rolls can have as
// many: of n holders at least 2·endorsers - n, which is the threshold or more, would have
// endorsed both, and fewer than the threshold do not follow the protocol.
func (s *Session) endorsers() int { return (s.plan.spec.Holders + s.plan.spec.Threshold + 1) / 2 }

// endorsement reads a key holder's endorsement of a roll.
func (s *Session) endorsement(message []byte, r *roll) (holder int, err error) {
	i, body, err := s.signed(message, kindEndorsement, s.roster.Holders, sha256.Size)
	switch {
	case err != nil:
		return 0, err
	case [sha256.Size]byte(body) != r.digest:
		return 0, bad(kindEndorsement, fmt.Sprintf("number %d endorsed another roll", i))
	}
	return i, nil
}

// appendEndorsed writes an endorsed roll: header, roll, number of endorsements, and these
// in the order of holders.
func (s *Session) appendEndorsed(dst, roll []byte, endorsements map[int][]byte) []byte {
	dst = s.appendHeader(dst, kindEndorsed, noSender)
	dst = append(dst, roll...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(endorsements)))
	for i := range s.roster.Holders {
		dst = append(dst, endorsements[i]...)
	}
	return dst
}

// parseEndorsed reads an endorsed roll, which is the only one in the session if fewer
// key holders than the threshold endorse two.
func (s *Session) parseEndorsed(message []byte) (*roll, error) {
	d := wire.NewDecoder(message)
	if _, err := s.header(d, kindEndorsed); err != nil {
		return nil, err
	}
	r, err := s.decodeRoll(d, message[headerSize:])
	if err != nil {
		return nil, err
	}
	n := int(d.Uint16())
	if n < s.endorsers() || n > len(s.roster.Holders) {
		return nil, bad(kindEndorsed, fmt.Sprintf("it has endorsements of %d key holders, of %d there are, and needs %d",
			n, len(s.roster.Holders), s.endorsers()))
	}
	last := -1
	for range n {
		i, err := s.endorsement(d.Bytes(endorsementSize), r)
		if err != nil {
			return nil, err
		}
		if i <= last {
			return nil, bad(kindEndorsed, "its endorsements are not in order, or one is there twice")
		}
		last = i
	}
	if err := d.Done(); err != nil {
		return nil, bad(kindEndorsed, "it has another length than it says")
	}
	return r, nil
}

// appendCall writes a call: header, roll, number of approvals, these in the order of
// contributors, number of active holders, and their numbers in order.
func (s *Session) appendCall(dst, roll []byte, approvals map[int][]byte, active []int) []byte {
	dst = s.appendHeader(dst, kindCall, noSender)
	dst = append(dst, roll...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(approvals)))
	for i := range s.roster.Contributors {
		dst = append(dst, approvals[i]...)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(active)))
	for _, h := range active {
		dst = binary.BigEndian.AppendUint16(dst, uint16(h))
	}
	return dst
}

// parseCall reads a call, and finds out whether it is one that may be opened: it
// has enough contributions, each of which its contributor committed to and then
// approved for, when it knew the whole roll.
func (s *Session) parseCall(message []byte) (*call, error) {
	d := wire.NewDecoder(message)
	if _, err := s.header(d, kindCall); err != nil {
		return nil, err
	}
	if s.plan.spec.Mode == OneShot {
		return s.decodeOneShot(d, message)
	}
	r, err := s.decodeRoll(d, message[headerSize:])
	if err != nil {
		return nil, err
	}
	c := &call{roll: r, digest: digest("call", message)}
	n := int(d.Uint16())
	if n > len(r.commitments) {
		return nil, bad(kindCall, "it has more approvals than the roll has commitments")
	}
	if n < s.plan.spec.MinInputs {
		return nil, fmt.Errorf("%w: a call of %d contributions, and MinInputs is %d", ErrTooFew, n, s.plan.spec.MinInputs)
	}
	last := -1
	for range n {
		i, f, err := s.approval(d.Bytes(approvalSize), r)
		if err != nil {
			return nil, err
		}
		c.fingerprint = s.plan.params.AddFingerprints(c.fingerprint, f)
		if i <= last {
			return nil, bad(kindCall, "its contributions are not in order, or one is there twice")
		}
		c.included, last = append(c.included, i), i
	}
	return c, s.decodeActive(d, c)
}

// decodeActive reads the holders that are called, with which a call ends: as
// many as the threshold, or in mode OneShot, where it does not matter which of
// them share, at least as many.
func (s *Session) decodeActive(d *wire.Decoder, c *call) error {
	k, t := int(d.Uint16()), s.plan.spec.Threshold
	if k < t || k > t && s.plan.spec.Mode != OneShot || k > len(s.roster.Holders) {
		return bad(kindCall, "its number of key holders is not the threshold")
	}
	last := -1
	for range k {
		h := int(d.Uint16())
		if h <= last || h >= len(s.roster.Holders) {
			return bad(kindCall, "its key holders are not in order, or one is there twice, or does not exist")
		}
		c.active, last = append(c.active, h), h
	}
	if err := d.Done(); err != nil {
		return bad(kindCall, "it has another length than it says")
	}
	return nil
}

// point is where fingerprints are taken.
func (c *call) point() (point [sha256.Size]byte) {
	if c.roll != nil {
		point = c.roll.digest
	}
	return point
}

// approval reads an approval of a roll, and returns its contributor and the
// fingerprint of the contribution that it states.
func (s *Session) approval(message []byte, r *roll) (contributor int, f rlwe.Fingerprint, err error) {
	i, body, err := s.signed(message, kindApproval, s.roster.Contributors, approvalBody)
	switch {
	case err != nil:
		return 0, f, err
	case [sha256.Size]byte(body) != r.digest:
		return 0, f, bad(kindApproval, fmt.Sprintf("number %d approved another roll", i))
	case r.commitments[i] == nil:
		return 0, f, bad(kindApproval, fmt.Sprintf("number %d has no commitment in the roll", i))
	}
	if f, err = s.plan.params.ParseFingerprint(body[sha256.Size:]); err != nil {
		return 0, f, bad(kindApproval, fmt.Sprintf("the fingerprint of number %d is malformed", i))
	}
	return i, f, nil
}

// callSize is the most bytes that a call can have.
func (s *Session) callSize() int {
	n := len(s.roster.Contributors)
	each := commitmentSize + approvalSize
	if s.plan.spec.Mode == OneShot {
		each = s.manifestSize()
	}
	return 2*headerSize + 6 + n*each + 2*len(s.roster.Holders)
}
