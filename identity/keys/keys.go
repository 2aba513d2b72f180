// Package keys has the public keys of identities and the statements that they
// sign.
//
// A statement is a Go value with a JSON form. [Algorithms.Sign] signs its
// canonical form [RFC 8785] under a domain, which says what kind of statement it
// is, and [Algorithms.Verify] checks that. Private keys stay where they are: all
// that is asked of them is a crypto.Signer, which may be a hardware module.
//
// # Security
//
// What is signed is
//
//	"dujiang" || 9 || "statement" || 1 (2 bytes) || length (1) || domain || 0 (2 bytes) || canonical JSON
//
// so that a signature serves statements of its own kind only. A verifier accepts
// the algorithms of its own list, whatever a key calls itself; without a list
// that is Ed25519 [RFC 8032]. SM2 is in package sm. Ed25519 keys of small order,
// under which one signature can fit many messages, are refused.
//
// Statements that come from others must be read with [Decode]: it refuses what
// two readers could understand differently.
//
// # References
//
// RFC 8032 (Ed25519); RFC 8785 (JSON Canonicalization Scheme).
package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/dujiang-dev/dujiang/identity/internal/scheme"
)

// ErrAlgorithm says that a key is of an algorithm that the verifier does not
// accept.
var ErrAlgorithm = errors.New("keys: the algorithm of the key is not accepted")

// ErrSignature says that a signature does not hold.
var ErrSignature = errors.New("keys: the signature does not hold")

// An Algorithm is a signature algorithm: [Ed25519], or SM2 of package sm.
type Algorithm struct{ s scheme.Scheme }

// Make is for package sm; its argument is of an internal package.
func Make(s scheme.Scheme) Algorithm { return Algorithm{s} }

// String returns the name that stands in front of keys.
func (a Algorithm) String() string {
	if a.s == nil {
		return "none"
	}
	return a.s.Name()
}

// Algorithms are those that a signer or verifier accepts. Without any, that is
// Ed25519 alone.
type Algorithms []Algorithm

func (as Algorithms) find(name string) (scheme.Scheme, error) {
	if len(as) == 0 {
		as = Algorithms{Ed25519()}
	}
	for _, a := range as {
		if a.s != nil && a.s.Name() == name {
			return a.s, nil
		}
	}
	return nil, ErrAlgorithm
}

// Public returns the public key of a signer.
func (as Algorithms) Public(signer crypto.Signer) (PublicKey, error) {
	_, k, err := as.of(signer)
	return k, err
}

func (as Algorithms) of(signer crypto.Signer) (scheme.Scheme, PublicKey, error) {
	if signer == nil {
		return nil, PublicKey{}, errors.New("keys: there is no signer")
	}
	if len(as) == 0 {
		as = Algorithms{Ed25519()}
	}
	pub := signer.Public()
	for _, a := range as {
		if a.s == nil {
			continue
		}
		if raw, ok := a.s.Encode(pub); ok {
			if err := a.s.Check(raw); err != nil {
				return nil, PublicKey{}, err
			}
			return a.s, PublicKey{a.s.Name(), string(raw)}, nil
		}
	}
	return nil, PublicKey{}, ErrAlgorithm
}

// Check returns an error unless the key is one of an accepted algorithm.
func (as Algorithms) Check(k PublicKey) error {
	s, err := as.find(k.algorithm)
	if err != nil {
		return err
	}
	return s.Check([]byte(k.raw))
}

// A PublicKey is the public key of an identity. Keys are compared with ==. The
// zero PublicKey is none.
type PublicKey struct {
	algorithm string
	raw       string
}

// maxKey is the most bytes of a key; the largest, of SM2, has 65.
const maxKey = 128

// encoding has no padding, and only one text for each key.
var encoding = base64.RawURLEncoding.Strict()

// ParsePublicKey reads what [PublicKey.String] writes. It looks at the form
// only; whether the key is one is seen by [Algorithms.Check] and Verify.
func ParsePublicKey(s string) (PublicKey, error) {
	name, text, ok := strings.Cut(s, ":")
	if !ok || !isName(name) {
		return PublicKey{}, errors.New("keys: a key has the form algorithm:base64url")
	}
	if text == "" || len(text) > encoding.EncodedLen(maxKey) || strings.ContainsAny(text, "\r\n") {
		return PublicKey{}, fmt.Errorf("keys: a key has 1 to %d bytes", maxKey)
	}
	raw, err := encoding.DecodeString(text)
	if err != nil {
		return PublicKey{}, errors.New("keys: a key is in base64url without padding")
	}
	return PublicKey{name, string(raw)}, nil
}

func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 16
}

// Algorithm returns the name of the algorithm.
func (k PublicKey) Algorithm() string { return k.algorithm }

// Bytes returns the key as its algorithm encodes it.
func (k PublicKey) Bytes() []byte { return []byte(k.raw) }

// IsZero reports whether there is no key.
func (k PublicKey) IsZero() bool { return k == PublicKey{} }

// String returns algorithm:base64url, and nothing for the zero PublicKey.
func (k PublicKey) String() string {
	if k.IsZero() {
		return ""
	}
	return k.algorithm + ":" + encoding.EncodeToString([]byte(k.raw))
}

// Fingerprint is the SHA-256 hash of the key's text. It commits to a key that
// is not yet shown.
func (k PublicKey) Fingerprint() [sha256.Size]byte { return sha256.Sum256([]byte(k.String())) }

// MarshalText returns what [PublicKey.String] returns; the zero PublicKey has
// none.
func (k PublicKey) MarshalText() ([]byte, error) {
	if k.IsZero() {
		return nil, errors.New("keys: there is no key")
	}
	return []byte(k.String()), nil
}

// UnmarshalText is [ParsePublicKey].
func (k *PublicKey) UnmarshalText(text []byte) error {
	parsed, err := ParsePublicKey(string(text))
	if err == nil {
		*k = parsed
	}
	return err
}

// Ed25519 is pure Ed25519 [RFC 8032, 5.1]. Keys have 32 bytes.
func Ed25519() Algorithm { return Algorithm{ed{}} }

type ed struct{}

func (ed) Name() string { return "ed25519" }

func (ed) Encode(pub crypto.PublicKey) ([]byte, bool) {
	p, ok := pub.(ed25519.PublicKey)
	return p, ok && len(p) == ed25519.PublicKeySize
}

func (ed) Sign(signer crypto.Signer, message []byte) ([]byte, error) {
	return signer.Sign(nil, message, crypto.Hash(0))
}

func (ed) Verify(pub, message, signature []byte) bool {
	return len(signature) == ed25519.SignatureSize && ed25519.Verify(pub, message, signature)
}
