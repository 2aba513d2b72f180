package he

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
)

// A Roster says who takes part. All parties have the same. Keys come from
// wherever the parties trust: package he knows no identities.
type Roster struct {
	// Contributors and Holders have the signature keys, as many as the plan
	// says, in an order that all share. An organisation that is both may have
	// the same key in both lists; it then opens only results that it is part
	// of.
	Contributors, Holders []ed25519.PublicKey
	// Receiver is what [Receiver.PublicKey] of the receiver returned.
	Receiver []byte
}

// A Session is one aggregation: a plan, a roster, and an epoch that makes it
// unlike any other. Keys are made for one session and die with it. It is
// immutable and safe for concurrent use.
type Session struct {
	plan     *Plan
	roster   Roster
	epoch    [32]byte
	digest   [sha256.Size]byte
	hpke     hpke.PublicKey                        // the receiver's, in mode Collective
	receiver *rlwe.PublicKey                       // the receiver's, in mode ReceiverKey
	progress func(phase string, done, total int64) // nil if nobody wants to know
	// How signatures are verified and seals opened: always as NewSession says,
	// but for tests of what reads the messages within.
	verify    func(key ed25519.PublicKey, message, signature []byte) bool
	recipient func(key hpke.PrivateKey, enc, info []byte) (recipient, error)
}

// NewSession returns the session of an epoch, which is 32 bytes that are never
// used again with this roster, for instance from crypto/rand, or the hash of what
// all agreed upon.
func NewSession(plan *Plan, roster *Roster, epoch [32]byte) (*Session, error) {
	s := &Session{plan: plan, epoch: epoch, verify: ed25519.Verify, recipient: newRecipient}
	s.roster = Roster{clone(roster.Contributors), clone(roster.Holders), slices.Clone(roster.Receiver)}
	if err := checkKeys("contributors", s.roster.Contributors, plan.spec.Contributors); err != nil {
		return nil, err
	}
	if err := checkKeys("key holders", s.roster.Holders, plan.spec.Holders); err != nil {
		return nil, err
	}
	if err := s.parseReceiver(); err != nil {
		return nil, err
	}
	b := slices.Concat(plan.digest[:], epoch[:])
	for _, list := range [][]ed25519.PublicKey{s.roster.Contributors, s.roster.Holders} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(list)))
		for _, k := range list {
			b = append(b, k...)
		}
	}
	s.digest = digest("session", b, s.roster.Receiver)
	return s, nil
}

func clone(keys []ed25519.PublicKey) []ed25519.PublicKey {
	all := make([]ed25519.PublicKey, len(keys))
	for i, k := range keys {
		all[i] = slices.Clone(k)
	}
	return all
}

func checkKeys(who string, keys []ed25519.PublicKey, n int) error {
	if len(keys) != n {
		return fmt.Errorf("he: the roster has %d %s, and the plan %d", len(keys), who, n)
	}
	seen := make(map[string]bool)
	for i, k := range keys {
		if len(k) != ed25519.PublicKeySize {
			return fmt.Errorf("he: the key of number %d of the %s has %d bytes, not %d", i, who, len(k), ed25519.PublicKeySize)
		}
		if seen[string(k)] {
			return fmt.Errorf("he: the key of number %d of the %s is there twice", i, who)
		}
		seen[string(k)] = true
	}
	return nil
}

// WithProgress returns the same session, but what is made from it, and
// [Receiver.Open], call progress as they go on: done of total chunks, of some
// thousand numbers each. The phase is encrypt, approve, add, aggregate, audit, share
// or open. Methods wait for it, and call it from one goroutine each: those that
// run at the same time call it at the same time.
func (s *Session) WithProgress(progress func(phase string, done, total int64)) *Session {
	t := *s
	t.progress = progress
	return &t
}

// done reports that a number of chunks of all are done.
func (s *Session) done(phase string, chunks, all int) {
	if s.progress != nil {
		s.progress(phase, int64(chunks), int64(all))
	}
}

// Digest identifies the session. It is on every message.
func (s *Session) Digest() [sha256.Size]byte { return s.digest }

// number returns the place of a private key's owner in a list.
func number(who string, key ed25519.PrivateKey, keys []ed25519.PublicKey) (int, error) {
	if len(key) != ed25519.PrivateKeySize {
		return 0, fmt.Errorf("he: a private key of %d bytes, not %d", len(key), ed25519.PrivateKeySize)
	}
	public := key.Public().(ed25519.PublicKey)
	i := slices.IndexFunc(keys, func(k ed25519.PublicKey) bool { return public.Equal(k) })
	if i < 0 {
		return 0, fmt.Errorf("he: this key is not one of the %s in the roster", who)
	}
	return i, nil
}

// crs is the seed of the public polynomial of the collective key. The holders'
// secrets are fresh, so it needs to be nothing but unlike that of other
// sessions, and not chosen: a hash.
func (s *Session) crs() [32]byte { return digest("crs", s.digest[:]) }
