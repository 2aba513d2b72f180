package policy

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

const (
	revocation = "revocation"

	minStatus = 1 << 14 // bytes, so that an index does not stand out [Bitstring Status List, section 6.1]
	maxStatus = 1 << 20
)

// A StatusList is the revocations of one issuer, as a W3C Bitstring Status List
// 1.0. It tells nobody which grant is asked about.
type StatusList struct {
	ID    string // the IRI that grants name
	From  time.Time
	Until time.Time // when a newer one is due

	issuer ed25519.PublicKey
	bits   []byte
}

// NewStatusList makes a list with room for size grants, none of them revoked.
func NewStatusList(id string, size int, from, until time.Time) (*StatusList, error) {
	if !clean(id) || size < 0 || size > 8*maxStatus || !from.Before(until) {
		return nil, fmt.Errorf("policy: a status list has an IRI, room for up to %d grants, and times in order", 8*maxStatus)
	}
	return &StatusList{ID: id, From: from, Until: until, bits: make([]byte, max(minStatus, (size+7)/8))}, nil
}

// Revoke sets the bit at an index.
func (s *StatusList) Revoke(index uint32) error {
	if uint64(index) >= 8*uint64(len(s.bits)) {
		return errors.New("policy: the status list has no such index")
	}
	s.bits[index/8] |= 0x80 >> (index % 8) // index 0 is the leftmost bit
	return nil
}

// revoked reports the bit at an index; what is not on the list counts as
// revoked.
func (s *StatusList) revoked(index uint32) bool {
	return uint64(index) >= 8*uint64(len(s.bits)) || s.bits[index/8]&(0x80>>(index%8)) != 0
}

// merge adds the revocations of a list of the same time. What only one of two has
// room for is as that one says.
func (s *StatusList) merge(other *StatusList) {
	if len(s.bits) < len(other.bits) {
		s.bits = append(s.bits, other.bits[len(s.bits):]...)
	}
	for i := range min(len(s.bits), len(other.bits)) {
		s.bits[i] |= other.bits[i]
	}
	if other.Until.Before(s.Until) {
		s.Until = other.Until
	}
}

type statusDocument struct {
	Context json.RawMessage `json:"@context"`
	ID      string          `json:"id"`
	Type    []string        `json:"type"`
	Issuer  string          `json:"issuer"`
	From    string          `json:"validFrom"`
	Until   string          `json:"validUntil"`
	Subject struct {
		Type    string `json:"type"`
		Purpose string `json:"statusPurpose"`
		List    string `json:"encodedList"`
	} `json:"credentialSubject"`
}

var statusTypes = []string{"VerifiableCredential", "BitstringStatusListCredential"}

// Sign returns the list as a credential.
func (s *StatusList) Sign(signer crypto.Signer, created time.Time) ([]byte, error) {
	public, err := publicKey(signer)
	if err != nil {
		return nil, err
	}
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write(s.bits); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	d := statusDocument{
		Context: json.RawMessage(`["` + credentialsV2 + `"]`),
		ID:      s.ID,
		Type:    statusTypes,
		Issuer:  didOf(public),
		From:    s.From.UTC().Format(time.RFC3339),
		Until:   s.Until.UTC().Format(time.RFC3339),
	}
	d.Subject.Type, d.Subject.Purpose = "BitstringStatusList", revocation
	d.Subject.List = "u" + base64.RawURLEncoding.EncodeToString(compressed.Bytes())
	return Secure(encode(d), signer, created)
}

// ParseStatusList reads a list and verifies that its issuer signed it.
func ParseStatusList(credential []byte) (*StatusList, error) {
	document, key, err := Unsecure(credential)
	if err != nil {
		return nil, err
	}
	fail := func(text string) (*StatusList, error) { return nil, fmt.Errorf("%w: %s", ErrCredential, text) }
	var d statusDocument
	if err := strictjson.Decode(document, &d, maxCredential); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCredential, err)
	}
	s := &StatusList{ID: d.ID, issuer: key}
	var errFrom, errUntil error
	s.From, errFrom = time.Parse(time.RFC3339, d.From)
	s.Until, errUntil = time.Parse(time.RFC3339, d.Until)
	encoded, ok := strings.CutPrefix(d.Subject.List, "u")
	compressed, err := base64.RawURLEncoding.DecodeString(encoded)
	switch {
	case !slices.Equal(d.Type, statusTypes) || !firstContext(d.Context) || d.Subject.Type != "BitstringStatusList" || d.Subject.Purpose != revocation:
		return fail("it is not a bitstring status list for revocation")
	case d.Issuer != didOf(key):
		return fail("another than the issuer signed it")
	case errFrom != nil || errUntil != nil || !s.From.Before(s.Until):
		return fail("its times are missing or not in order")
	case !clean(d.ID) || !ok || err != nil:
		return fail("its list is not in base64url")
	}
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return fail("its list is not compressed")
	}
	// A short text can be a long list.
	if s.bits, err = io.ReadAll(io.LimitReader(r, maxStatus+1)); err != nil || len(s.bits) > maxStatus || len(s.bits) < minStatus {
		return fail("its list is damaged, or not of 2^17 to 2^23 bits")
	}
	return s, nil
}
