package he

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// A KeyHolder has a part of the collective key of one session. It lives in memory
// only: what is lost with it is the session. It is not safe for concurrent use.
//
// The key is made in three steps, in each of which a holder sends one message to
// every other: [KeyHolder.Offer], [KeyHolder.Deal], [KeyHolder.Confirm].
type KeyHolder struct {
	s        *Session
	index    int
	key      ed25519.PrivateKey
	secret   *rlwe.Secret
	share    []byte          // of the public key
	shares   [][]byte        // of the secret, by holder, if there is a threshold
	open     hpke.PrivateKey // for the others' shares
	own      []byte          // the own offer
	offers   [][]byte        // bodies, by holder, once it has dealt
	keys     *rlwe.ThresholdKey
	public   []byte            // the collective key, once it has confirmed
	endorsed [sha256.Size]byte // the roll, if not zero
	shared   bool
}

// NewKeyHolder returns the key holder with this signature key, and a new secret.
func (s *Session) NewKeyHolder(key ed25519.PrivateKey) (*KeyHolder, error) {
	if s.plan.spec.Mode == ReceiverKey {
		return nil, errors.New("he: mode receiver-key has no key holders")
	}
	i, err := number("key holders", key, s.roster.Holders)
	if err != nil {
		return nil, err
	}
	p := s.plan.params
	h := &KeyHolder{s: s, index: i, key: key}
	if s.plan.spec.Mode == OneShot {
		if h.open, err = kem().GenerateKey(); err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
		h.own = sign(append(s.appendHeader(nil, kindOffer, i), h.open.PublicKey().Bytes()...), key)
		return h, nil
	}
	h.secret = p.NewSecret()
	if h.share, err = h.secret.PublicShare(nil, s.crs()); err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	commitment := s.commitShare(i, h.share)
	body := commitment[:]
	if s.plan.threshold() {
		if h.open, err = kem().GenerateKey(); err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
		body = append(body, h.open.PublicKey().Bytes()...)
		if h.shares, err = h.secret.Split(s.plan.spec.Threshold); err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
	}
	h.own = sign(append(s.appendHeader(nil, kindOffer, i), body...), key)
	return h, nil
}

// String says what h is, and no key.
func (h *KeyHolder) String() string { return "he.KeyHolder" }

// GoString is [KeyHolder.String].
func (h *KeyHolder) GoString() string { return h.String() }

// LogValue is [KeyHolder.String].
func (h *KeyHolder) LogValue() slog.Value { return slog.StringValue(h.String()) }

// threshold says whether fewer than all key holders open a result.
func (p *Plan) threshold() bool { return p.spec.Threshold < p.spec.Holders }

// commitShare commits to a share of the public key.
func (s *Session) commitShare(holder int, share []byte) [sha256.Size]byte {
	return digest("key share", s.digest[:], []byte{byte(holder >> 8), byte(holder)}, share)
}

func (s *Session) offerSize() int {
	switch {
	case s.plan.spec.Mode == OneShot:
		return publicSize
	case s.plan.threshold():
		return sha256.Size + publicSize
	}
	return sha256.Size
}

// sealedSize is the size of a sealed share of a secret.
func (s *Session) sealedSize() int {
	return encSize + s.plan.params.ThresholdShareSize() + tagSize
}

func (s *Session) dealSize() int {
	n := s.plan.params.PublicSize()
	if s.plan.threshold() {
		n += s.sealedSize()
	}
	return n
}

// Offer returns the first message to all key holders. It fixes the holder's share
// of the public key before it has seen another: who could choose the last one
// could choose the key.
func (h *KeyHolder) Offer() []byte { return slices.Clone(h.own) }

// Deal takes the offers of all key holders, the own one among them, in any order,
// and returns the second messages: entry i is for key holder i, itself included.
func (h *KeyHolder) Deal(offers [][]byte) ([][]byte, error) {
	if h.offers != nil {
		return nil, errors.New("he: this key holder has dealt already")
	}
	if h.s.plan.spec.Mode == OneShot {
		return nil, errors.New("he: in mode one-shot key holders deal nothing: their offers are the public key")
	}
	s := h.s
	bodies, err := s.all(offers, kindOffer, s.roster.Holders, s.offerSize())
	if err != nil {
		return nil, err
	}
	if string(bodies[h.index]) != string(h.own[headerSize:][:s.offerSize()]) {
		return nil, bad(kindOffer, "the one with the own number is not the own one")
	}
	deals := make([][]byte, len(bodies))
	for i, b := range bodies {
		deals[i] = append(s.appendHeader(nil, kindDeal, h.index), h.share...)
		if s.plan.threshold() {
			to, err := kem().NewPublicKey(b[sha256.Size:])
			if err != nil {
				return nil, bad(kindOffer, fmt.Sprintf("the key of number %d is none", i))
			}
			sealed, err := hpke.Seal(to, kdf(), aead(), s.info("secret share", h.index, i), h.shares[i])
			if err != nil {
				return nil, fmt.Errorf("he: %w", err)
			}
			deals[i] = append(deals[i], sealed...)
		}
		deals[i] = sign(deals[i], h.key)
	}
	for _, b := range h.shares {
		clear(b)
	}
	h.shares, h.offers = nil, bodies
	return deals, nil
}

// Confirm takes the deals of all key holders for this one, in any order, checks
// them against the offers, and returns the third message to all: the
// confirmation of the public key that the deals make.
func (h *KeyHolder) Confirm(deals [][]byte) ([]byte, error) {
	if h.offers == nil || h.public != nil {
		return nil, errors.New("he: a key holder confirms once, after it has dealt")
	}
	s, p := h.s, h.s.plan.params
	bodies, err := s.all(deals, kindDeal, s.roster.Holders, s.dealSize())
	if err != nil {
		return nil, err
	}
	public := p.NewPublicKey(s.crs())
	var keys *rlwe.ThresholdKey
	if s.plan.threshold() {
		if keys, err = p.NewThresholdKey(h.index+1, s.plan.spec.Threshold); err != nil {
			return nil, fmt.Errorf("he: %w", err)
		}
	}
	for i, b := range bodies {
		share, sealed := b[:p.PublicSize()], b[p.PublicSize():]
		if commitment := s.commitShare(i, share); string(commitment[:]) != string(h.offers[i][:sha256.Size]) {
			return nil, bad(kindDeal, fmt.Sprintf("the key share of number %d is not what it offered", i))
		}
		if err := public.Add(share); err != nil {
			return nil, bad(kindDeal, fmt.Sprintf("the key share of number %d is malformed", i))
		}
		if keys == nil {
			continue
		}
		b, err := s.unseal(h.open, s.info("secret share", i, h.index), sealed)
		if err != nil {
			return nil, bad(kindDeal, fmt.Sprintf("the secret share of number %d does not open", i))
		}
		err = keys.Add(b)
		clear(b)
		if err != nil {
			return nil, bad(kindDeal, fmt.Sprintf("the secret share of number %d is malformed", i))
		}
	}
	if keys != nil {
		h.keys = keys
		h.secret.Erase() // it is in the shares of all now
		h.secret, h.open = nil, nil
	}
	if h.public, err = public.AppendBinary(nil); err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	sum := digest("public key", s.digest[:], h.public)
	return sign(append(s.appendHeader(nil, kindConfirmation, h.index), sum[:]...), h.key), nil
}

const confirmationSize = headerSize + sha256.Size + ed25519.SignatureSize

// PublicKey takes the confirmations of all key holders, the own one among them, in
// any order, and returns the public key for contributors, who take none that a
// key holder has not confirmed. It is the same from all key holders. In mode
// OneShot it takes the offers instead.
func (h *KeyHolder) PublicKey(confirmations [][]byte) ([]byte, error) {
	if h.s.plan.spec.Mode == OneShot {
		return h.committee(confirmations)
	}
	if h.public == nil {
		return nil, errNoKey
	}
	if _, err := h.s.all(confirmations, kindConfirmation, h.s.roster.Holders, sha256.Size); err != nil {
		return nil, err
	}
	message := append(h.s.appendHeader(nil, kindPublicKey, noSender), h.public...)
	sorted := slices.SortedFunc(slices.Values(confirmations), func(a, b []byte) int {
		return slices.Compare(a[:headerSize], b[:headerSize])
	})
	for _, c := range sorted {
		message = append(message, c...)
	}
	if _, err := h.s.parsePublicKey(message); err != nil {
		return nil, err
	}
	return message, nil
}

var errNoKey = errors.New("he: the collective key is not made yet")

// Endorse takes the roll that the aggregator made, and returns the endorsement for the
// aggregator, without which contributors approve none. A holder endorses one roll in a
// session, so that all contributors approve the same. It writes so into the log before,
// and returns [ErrShared] if it stands there from an earlier life of this key holder.
func (h *KeyHolder) Endorse(roll []byte, log ShareLog) ([]byte, error) {
	switch {
	case h.s.plan.spec.Mode == OneShot:
		return nil, errors.New("he: in mode one-shot there is no roll")
	case h.public == nil:
		return nil, errNoKey
	case log == nil:
		return nil, errNoLog
	}
	r, err := h.s.parseRoll(roll)
	if err != nil {
		return nil, err
	}
	if h.endorsed == [sha256.Size]byte{} {
		if err := log.Record(digest("endorsement", h.s.digest[:]), r.digest); err != nil {
			return nil, fmt.Errorf("he: recording an endorsement: %w", err)
		}
		h.endorsed = r.digest
	}
	if h.endorsed != r.digest {
		return nil, errTwoRolls
	}
	return sign(append(h.s.appendHeader(nil, kindEndorsement, h.index), r.digest[:]...), h.key), nil
}

var errTwoRolls = fmt.Errorf("%w: there are two rolls", ErrMessage)

// parsePublicKey reads a public key: header, key, and the confirmations of all
// holders in their order.
func (s *Session) parsePublicKey(message []byte) (*rlwe.PublicKey, error) {
	p, holders := s.plan.params, s.roster.Holders
	d := wire.NewDecoder(message)
	if _, err := s.header(d, kindPublicKey); err != nil {
		return nil, err
	}
	packed := d.Bytes(p.PublicSize())
	confirmations := make([][]byte, len(holders))
	for i := range confirmations {
		confirmations[i] = d.Bytes(confirmationSize)
	}
	if err := d.Done(); err != nil {
		return nil, bad(kindPublicKey, "it has another length than the plan says")
	}
	bodies, err := s.all(confirmations, kindConfirmation, holders, sha256.Size)
	if err != nil {
		return nil, err
	}
	sum := digest("public key", s.digest[:], packed)
	for i, b := range bodies {
		if string(b) != string(sum[:]) {
			return nil, bad(kindPublicKey, fmt.Sprintf("key holder %d confirmed another one", i))
		}
	}
	public := p.NewPublicKey(s.crs())
	if err := public.Add(packed); err != nil {
		return nil, bad(kindPublicKey, "it is malformed")
	}
	return public, nil
}
