package he

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// Mode OneShot: a contributor masks its numbers with a key of its own and shares
// the key among the committee, each share sealed for its member [KP24]. The
// members add their shares of the keys of those in the call, and what opens is
// the sum of keys.

// sealedKey is the size of a member's share of a contributor's key.
func (p *Plan) sealedKey() int { return encSize + p.params.KeyShareSize() + tagSize }

// keyShares is the size of all shares of a key in a contribution.
func (p *Plan) keyShares() int64 {
	if p.spec.Mode != OneShot {
		return 0
	}
	return int64(p.spec.Holders) * int64(p.sealedKey())
}

// committee writes the public key of a committee: header, and the offers of all
// members in their order, which are signed each.
func (h *KeyHolder) committee(offers [][]byte) ([]byte, error) {
	s := h.s
	if _, err := s.all(offers, kindOffer, s.roster.Holders, s.offerSize()); err != nil {
		return nil, err
	}
	message := s.appendHeader(nil, kindPublicKey, noSender)
	sorted := slices.SortedFunc(slices.Values(offers), func(a, b []byte) int {
		return slices.Compare(a[:headerSize], b[:headerSize])
	})
	for _, o := range sorted {
		message = append(message, o...)
	}
	return message, nil
}

func (s *Session) parseCommittee(message []byte) ([]hpke.PublicKey, error) {
	d := wire.NewDecoder(message)
	if _, err := s.header(d, kindPublicKey); err != nil {
		return nil, err
	}
	offers := make([][]byte, len(s.roster.Holders))
	for i := range offers {
		offers[i] = d.Bytes(headerSize + s.offerSize() + ed25519.SignatureSize)
	}
	if err := d.Done(); err != nil {
		return nil, bad(kindPublicKey, "it has another length than the plan says")
	}
	bodies, err := s.all(offers, kindOffer, s.roster.Holders, s.offerSize())
	if err != nil {
		return nil, err
	}
	keys := make([]hpke.PublicKey, len(bodies))
	for i, b := range bodies {
		if keys[i], err = kem().NewPublicKey(b); err != nil {
			return nil, bad(kindPublicKey, fmt.Sprintf("the key of key holder %d is none", i))
		}
	}
	return keys, nil
}

// beginOneShot draws a key, writes its sealed shares, and makes the maskers.
func (c *Contributor) beginOneShot(o *sealer) error {
	p := c.s.plan.params
	key, err := p.NewMaskKey()
	if err != nil {
		return fmt.Errorf("he: %w", err)
	}
	shares, err := key.Split(c.s.plan.spec.Threshold, c.s.plan.spec.Holders)
	if err != nil {
		return fmt.Errorf("he: %w", err)
	}
	for i, share := range shares {
		sealed, err := hpke.Seal(c.committee[i], kdf(), aead(), c.s.info("mask key share", c.index, i), share)
		clear(share)
		if err != nil {
			return fmt.Errorf("he: %w", err)
		}
		if _, err := o.w.Write(sealed); err != nil {
			return fmt.Errorf("he: writing: %w", err)
		}
		sum := sha256.Sum256(sealed)
		o.head = append(o.head, sum[:]...)
	}
	for range o.pending {
		m, err := p.NewMasker(key, c.s.crs())
		if err != nil {
			return fmt.Errorf("he: %w", err)
		}
		o.encrypt = append(o.encrypt, m.Mask)
	}
	return nil
}

// A manifest has the hashes of all sealed shares of the key, and that of all
// bodies.
func (s *Session) manifestBody() int { return (len(s.roster.Holders) + 1) * sha256.Size }

func (s *Session) manifestSize() int { return headerSize + s.manifestBody() + ed25519.SignatureSize }

// addOneShot is [Aggregator.Add] in mode OneShot.
func (a *Aggregator) addOneShot(manifest []byte, contribution io.ReaderAt) error {
	i, hashes, err := a.s.signed(manifest, kindManifest, a.s.roster.Contributors, a.s.manifestBody())
	if err != nil {
		return err
	}
	if err := a.s.checkOneShot(i, hashes, contribution); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch known := a.approvals[i]; {
	case a.closed:
		return errors.New("he: the aggregate is closed")
	case known != nil && string(known) != string(manifest):
		return bad(kindManifest, fmt.Sprintf("number %d sent another one before", i))
	case known == nil:
		a.inputs[i], a.approvals[i] = contribution, slices.Clone(manifest)
	}
	return nil
}

func (s *Session) checkOneShot(contributor int, hashes []byte, contribution io.ReaderAt) error {
	p := s.plan
	in := newReader(io.NewSectionReader(contribution, 0, p.contribution()+1))
	if err := s.readHeader(in, kindContribution, contributor); err != nil {
		return err
	}
	b := make([]byte, p.sealedKey())
	for i := range s.roster.Holders {
		if err := in.read(b, kindContribution); err != nil {
			return err
		}
		if sha256.Sum256(b) != [sha256.Size]byte(hashes[i*sha256.Size:]) {
			return bad(kindContribution, "a sealed key is not that of the manifest")
		}
	}
	in.h.Reset()
	var sum *rlwe.Sum
	for chunk := range p.chunks() {
		n := p.chunkLen(chunk)
		if sum == nil || sum.Len() != n {
			sum = p.newSum(n)
		}
		b = grow(b, p.params.CiphertextSize(n))
		if err := in.read(b, kindContribution); err != nil {
			return err
		}
		sum.Reset()
		if err := sum.Add(b); err != nil {
			return errResidue
		}
		s.done("add", chunk+1, p.chunks())
	}
	if err := in.end(kindContribution); err != nil {
		return err
	}
	if in.sum() != [sha256.Size]byte(hashes[len(s.roster.Holders)*sha256.Size:]) {
		return bad(kindContribution, "it is not that of the manifest")
	}
	return nil
}

// appendOneShot writes a call: header, number of manifests, these in the order of
// contributors, number of active holders, and their numbers in order.
func (s *Session) appendOneShot(dst []byte, manifests map[int][]byte, active []int) []byte {
	dst = s.appendHeader(dst, kindCall, noSender)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(manifests)))
	for i := range s.roster.Contributors {
		dst = append(dst, manifests[i]...)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(active)))
	for _, h := range active {
		dst = binary.BigEndian.AppendUint16(dst, uint16(h))
	}
	return dst
}

// decodeOneShot reads a call behind its header.
func (s *Session) decodeOneShot(d *wire.Decoder, message []byte) (*call, error) {
	c := &call{digest: digest("call", message), manifests: make(map[int][]byte)}
	n := int(d.Uint16())
	if n > len(s.roster.Contributors) {
		return nil, bad(kindCall, "it has more manifests than there are contributors")
	}
	if n < s.plan.spec.MinInputs {
		return nil, fmt.Errorf("%w: a call of %d contributions, and MinInputs is %d", ErrTooFew, n, s.plan.spec.MinInputs)
	}
	last := -1
	for range n {
		i, hashes, err := s.signed(d.Bytes(s.manifestSize()), kindManifest, s.roster.Contributors, s.manifestBody())
		if err != nil {
			return nil, err
		}
		if i <= last {
			return nil, bad(kindCall, "its contributions are not in order, or one is there twice")
		}
		c.included, last = append(c.included, i), i
		c.manifests[i] = slices.Clone(hashes)
	}
	return c, s.decodeActive(d, c)
}

// readKeys reads the sealed shares of the keys of all contributors.
func (a *Audit) readKeys(in *stream) error {
	h := a.h
	b := make([]byte, h.s.plan.sealedKey())
	for n, contributor := range a.call.included {
		if err := in.read(b, kindMasks); err != nil {
			return err
		}
		if sha256.Sum256(b) != [sha256.Size]byte(a.call.manifests[contributor][h.index*sha256.Size:]) {
			return bad(kindMasks, fmt.Sprintf("the key is not that of the manifest of number %d", contributor))
		}
		share, err := h.s.unseal(h.open, h.s.info("mask key share", contributor, h.index), b)
		if err != nil {
			return bad(kindMasks, fmt.Sprintf("the key of number %d does not open", contributor))
		}
		err = a.keys.Add(share)
		clear(share)
		if err != nil {
			return bad(kindMasks, fmt.Sprintf("the key of number %d is malformed", contributor))
		}
		h.s.done("audit", n+1, len(a.call.included))
	}
	return nil
}

// writeKeys writes the sealed share of the sum of keys.
func (a *Audit) writeKeys(w io.Writer, sender *hpke.Sender, aggregate [sha256.Size]byte) error {
	sealed, err := sender.Seal(aggregate[:], a.keys.Append(nil))
	if err != nil {
		return fmt.Errorf("he: %w", err)
	}
	if err := write(w, sealed); err != nil {
		return err
	}
	a.h.s.done("share", 1, 1)
	return nil
}
