package registry

import (
	"crypto/sha256"
	"errors"
	"math"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

// maxOperations bounds a history.
const maxOperations = 4096

// A History is what a verified chain of operations says about an identity.
type History struct {
	code      identity.Code
	count     int
	size      int64  // of the log as of the head; 0 in a registry, which has none
	last      Digest // of the last entry
	lastTime  int64
	position  int64 // of the last entry
	key       keys.PublicKey
	next      Digest
	uses      []use
	grants    map[Digest]*granted
	path      identity.Path
	before    Predecessor
	successor identity.Code
	after     Digest // fingerprint of the successor's key
	move      Digest // the entry that moved it
	ended     bool
}

// A use is the time, in positions of the log, in which a key signs.
type use struct {
	key         keys.PublicKey
	from, until int64 // until is the position of the entry that ended it
	added       bool  // by AddKey
}

const forever = math.MaxInt64

type granted struct {
	grant   *Grant
	revoked bool
}

// check returns an error unless the operation continues the history and has the
// signature that it needs.
func (h *History) check(as keys.Algorithms, s *Signed) error {
	op := &s.Operation
	if err := op.shape(); err != nil {
		return err
	}
	if h.ended {
		return errors.New("registry: the history has ended")
	}
	if h.count >= maxOperations {
		return errors.New("registry: the history is full; move to another code")
	}
	if op.Sequence != h.count || op.Previous != h.last || h.count > 0 && op.Code != h.code {
		return errors.New("registry: the operation does not continue the history")
	}
	if op.Time < h.lastTime {
		return errors.New("registry: the operation is older than the one before")
	}
	signer := h.key
	switch op.Act {
	case Create, Rotate, Move, Deregister:
		// The new key signs. But for Create the commitment is what authorises it,
		// and the key before need not sign: it may be lost. What ends a history
		// needs the key that was committed to as well: otherwise whoever steals the
		// key in force could take the identity before its owner rotates.
		signer = op.Key
		if op.Act != Create && op.Key.Fingerprint() != [32]byte(h.next) {
			return errors.New("registry: the key is not the one that was committed to")
		}
		// A key that comes back would sign for its first use too.
		if h.used(op.Key) {
			return errors.New("registry: the key was used before")
		}
	case AddKey:
		if h.used(op.Key) || op.Key.Fingerprint() == [32]byte(h.next) {
			return errors.New("registry: the key was used before, or is the next one")
		}
		if err := op.possessed(as); err != nil {
			return err
		}
	case RemoveKey:
		if h.added(op.Key) == nil {
			return errors.New("registry: the key is not one that was added")
		}
	case Delegate:
		d, err := op.Grant.Digest()
		if err != nil {
			return err
		}
		if op.Grant.Issuer.String() != op.Code.String() || h.grants[d] != nil {
			return errors.New("registry: the grant is of another issuer, or known")
		}
	case Revoke:
		if g := h.grants[op.Revokes]; g == nil || g.revoked {
			return errors.New("registry: there is no such grant, or it is revoked already")
		}
	}
	if op.Act == Create || op.Act == Rotate {
		for _, u := range h.uses {
			if op.Next == u.key.Fingerprint() {
				return errors.New("registry: the next key was used before")
			}
		}
	}
	return as.Verify(signer, operationDomain, op, s.Signature)
}

func (h *History) used(k keys.PublicKey) bool {
	for _, u := range h.uses {
		if u.key == k {
			return true
		}
	}
	return false
}

// added returns the use of a key that was added and still signs.
func (h *History) added(k keys.PublicKey) *use {
	for i := range h.uses {
		if u := &h.uses[i]; u.key == k && u.added && u.until == forever {
			return u
		}
	}
	return nil
}

// apply checks an entry, whose bytes are canonical, and continues the history.
func (h *History) apply(as keys.Algorithms, e *entry, canonical []byte, position int64) error {
	if err := h.check(as, &e.Signed); err != nil {
		return err
	}
	if h.count > 0 && position <= h.position {
		return errors.New("registry: the positions in the log do not grow")
	}
	h.advance(&e.Operation, sha256.Sum256(canonical), position)
	return nil
}

// advance continues the history with an operation that was checked.
func (h *History) advance(op *Operation, digest Digest, position int64) {
	end := func() {
		for i := range h.uses {
			h.uses[i].until = min(h.uses[i].until, position)
		}
	}
	switch op.Act {
	case Create:
		h.code, h.before, h.grants = op.Code, op.Predecessor, make(map[Digest]*granted)
		h.key, h.next = op.Key, op.Next
		h.uses = append(h.uses, use{op.Key, position, forever, false})
	case Rotate:
		// Keys that were added end too: whoever stole the key may have added them.
		end()
		h.key, h.next = op.Key, op.Next
		h.uses = append(h.uses, use{op.Key, position, forever, false})
	case AddKey:
		h.uses = append(h.uses, use{op.Key, position, forever, true})
	case RemoveKey:
		h.added(op.Key).until = position
	case Delegate:
		d, _ := op.Grant.Digest()
		h.grants[d] = &granted{grant: op.Grant}
	case Revoke:
		h.grants[op.Revokes].revoked = true
	case Rename:
		h.path = op.Path
	case Move:
		end()
		h.ended, h.successor, h.after, h.move = true, op.Successor, op.Next, digest
	case Deregister:
		end()
		h.ended = true
	}
	h.count++
	h.last, h.lastTime, h.position = digest, op.Time, position
}

// Check returns nil if the statement was signed by a key that was in force at a
// position of the log, the one under which the statement was logged. So old
// statements hold after a rotation, and keys rotated away sign no new ones. It
// refuses positions that the head does not cover: a rotation may be there that
// the history does not show.
func (h *History) Check(as keys.Algorithms, key keys.PublicKey, domain string, statement any, signature []byte, position int64) error {
	if position >= h.size {
		return errors.New("registry: the position is beyond the head of the history; ask the registrar for a newer history")
	}
	for _, u := range h.uses {
		if u.key == key && u.from <= position && position < u.until {
			return as.Verify(key, domain, statement, signature)
		}
	}
	return errors.New("registry: the key was not in force at that position")
}

func (h *History) grant(d Digest) (*Grant, error) {
	if h == nil {
		return nil, errors.New("registry: a grant comes without the history of its issuer")
	}
	g := h.grants[d]
	if g == nil {
		return nil, errors.New("registry: the history has no such grant")
	}
	if g.revoked {
		return nil, errors.New("registry: the grant is revoked")
	}
	if h.ended {
		return nil, errors.New("registry: the issuer is not registered any more")
	}
	return g.grant, nil
}

// Follows returns nil if h is what the history before it moved to.
func (h *History) Follows(before *History) error {
	if h.before.Code != before.code || h.before.Move != before.move || before.move.IsZero() ||
		before.successor != h.code || h.uses[0].key.Fingerprint() != [32]byte(before.after) {
		return errors.New("registry: the history is not the successor of the other one")
	}
	return nil
}

// Code returns whose history it is.
func (h *History) Code() identity.Code { return h.code }

// Key returns the key that signs operations as of the head, and false if the history has
// ended.
func (h *History) Key() (keys.PublicKey, bool) { return h.key, !h.ended }

// Path returns the path that the identity was given last, which may be none.
func (h *History) Path() identity.Path { return h.path }

// Successor returns the code that the identity moved to, which may be none.
func (h *History) Successor() identity.Code { return h.successor }

// Last returns the length of the history and the digest of its last entry: what
// the next operation has as Sequence and Previous.
func (h *History) Last() (sequence int, previous Digest) { return h.count, h.last }
