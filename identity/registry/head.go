package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

// A head says what the whole history of a code is as of a size of the log. Entries
// carry signatures themselves, but a chain without its last entries is a chain
// too: without a head, a thief could show the history from before a rotation and
// sign with the key that was rotated away.
type head struct {
	Code      identity.Code `json:"code"`
	Registrar identity.Code `json:"registrar"`
	Count     int           `json:"count"`     // entries
	Last      Digest        `json:"last"`      // of the last entry
	Positions Digest        `json:"positions"` // of all entries, which do not say them
	Size      int64         `json:"size"`      // no other entry has a position below
	Time      int64         `json:"time"`      // seconds since 1970
}

type signedHead struct {
	Head      head   `json:"head"`
	Signature []byte `json:"signature"`
}

const headDomain = "registry head"

// positions returns the digest of the positions of entries, 8 bytes each,
// big-endian.
func positions(entries []positionedJSON) Digest {
	b := make([]byte, 0, 8*len(entries))
	for _, e := range entries {
		b = binary.BigEndian.AppendUint64(b, uint64(e.Position))
	}
	return sha256.Sum256(b)
}

// parseHead reads the canonical form only, so that a head has one form.
func parseHead(b []byte) (s signedHead, err error) {
	if err := keys.Decode(b, &s, maxEntry); err != nil {
		return s, fmt.Errorf("registry: the head: %w", err)
	}
	again, err := keys.Canonical(s)
	if err == nil && !bytes.Equal(again, b) {
		err = errors.New("registry: the head is not in canonical JSON")
	}
	return s, err
}

// head returns an error unless a head is of the history that was replayed, fresh,
// and signed by the registrar of its last entry: other registrars, who are trusted
// for what they keep, have no say about it.
func (v *Verifier) head(h *History, registrar identity.Code, positions Digest, s signedHead) error {
	want := head{h.code, registrar, h.count, h.last, positions, s.Head.Size, s.Head.Time}
	if s.Head != want {
		return errors.New("registry: the head is of another history, or entries are missing")
	}
	if s.Head.Size <= h.position {
		return errors.New("registry: the head does not cover the last entry")
	}
	known := false
	for _, k := range v.Registrars[registrar] {
		known = known || v.Algorithms.Verify(k, headDomain, s.Head, s.Signature) == nil
	}
	if !known {
		return errors.New("registry: no known key of the registrar signed the head")
	}
	// Sub saturates, so that no time overflows.
	switch age := v.Now().Sub(time.Unix(s.Head.Time, 0)); {
	case age > v.MaxAge:
		return errors.New("registry: the head is older than MaxAge; ask the registrar for a newer history")
	case age < -maxSkew:
		return errors.New("registry: the head is more than ten minutes in the future")
	}
	return nil
}
