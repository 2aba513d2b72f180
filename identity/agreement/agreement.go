// Package agreement is the gate through which every computation passes: parties
// sign a contract, then a start statement for each run, and only then a channel
// opens between them.
//
//	NewOffer ⇄ counter-offers ─► Contract.Sign by 2 to 64 parties
//	                                 │
//	        Start {contract, program, inputs, parties, receivers, cost}
//	                                 │ Start.Sign by each party of the run
//	                                 ▼
//	    Authorize: signatures, periods, rights, policies, program ─► Permit
//	                                 │
//	                                 ▼
//	    Open: TLS 1.3 between registered keys, bound to the hash of all of it
//	                                 │
//	             protocol over Channel, with Channel.Context in its labels
//	                                 ▼
//	                 Permit.Release, by the contract's output rules
//
// Most callers want [Authorize] and [Open]. A protocol such as psi takes the
// [Channel] as its stream, and [Permit.Context] as its context.
//
// The messages of [Open], between the two parties of one channel; the client is
// the one whose code sorts first:
//
//	client                                server
//	   ◄──────── TLS 1.3, both keys ────────►
//	   ◄── class || HMAC(exported, "server") ──   nothing is in its way
//	   ─── class || HMAC(exported, "client") ──►  client has spent its budget
//	   ◄── class || HMAC(exported, "opened") ──   server has spent its own
//
// # Security
//
// A stranger cannot open a channel, nor can a party without the other's consent
// to the same contract, program, inputs, cost and receivers: the key of the
// confirmations is exported from the TLS session with the hash of the start
// statement and everybody's signatures as its context [RFC 8446, section 7.5], so
// that both sides agree on both or there is no channel. A start statement opens
// channels once, since its hash is counted, durably, with the budget. Whoever
// stands between the parties would need one of their keys.
//
// The gate binds what is computed to what was signed as far as each party's own
// program respects its Permit. It does not attest that the other side runs the
// program whose digest it signed; only protocols against malicious adversaries
// or trusted hardware bound what a dishonest party's program can do.
//
// If one side finds its budget spent at the last moment, the other may have
// counted a use for which there was no channel. Nothing is used without being
// counted.
//
// # Leakage
//
// Who watches the network sees that two addresses talk and how much. In TLS 1.3
// certificates are encrypted, and they hold nothing but keys. A refused peer
// learns the class of the refusal, such as that a right is missing, not which.
//
// # Cost
//
// Four message delays and about 2 kB before the protocol starts, three Ed25519
// signatures and one durable write a side. Authorize verifies two signatures for
// every party.
//
// # References
//
// RFC 8446 (TLS 1.3) and RFC 8785 (canonical JSON); RFC 8032 (Ed25519);
// TC609-6-2025-14 for contract codes, environments and the life of a contract.
package agreement

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gowebpki/jcs"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/internal/label"
)

// Reasons why there is no contract, no permit or no channel. Those that the other
// side had come wrapped in ErrPeer too.
var (
	// ErrSignature says that a signature is missing or wrong, for example
	// because what was signed has been changed.
	ErrSignature = errors.New("a signature is missing or wrong")
	// ErrPeriod says that a contract or start statement is not valid now, or
	// that the contract was terminated.
	ErrPeriod = errors.New("it is not valid at this time")
	// ErrTerms says that a start statement goes beyond its contract.
	ErrTerms = errors.New("the start statement goes beyond the contract")
	// ErrRight says that somebody lacks the right to an input.
	ErrRight = errors.New("a right is missing, expired or revoked")
	// ErrPolicy says that a policy does not allow the run, for example since
	// its budget is spent.
	ErrPolicy = errors.New("a policy does not allow it")
	// ErrReplay says that the start statement was used before.
	ErrReplay = errors.New("the start statement was used before")
	// ErrMismatch says that the two sides hold different start statements or
	// signatures, or that something is between them.
	ErrMismatch = errors.New("the other side confirms another start statement")
	// ErrStranger says that the other side has not the key that it registered.
	ErrStranger = errors.New("the other side has another key than the contract says")
	// ErrRecord says that a side could not keep its records.
	ErrRecord = errors.New("the records could not be written")
	// ErrPeer says that it was the other side that refused.
	ErrPeer = errors.New("the other side refused")
	// ErrOutput says that a result may not be released.
	ErrOutput = errors.New("the contract's output rules hold the result back")
)

const maxDocument = 1 << 20

// A Digest is a SHA-256; its text is in hexadecimal.
type Digest [sha256.Size]byte

// String returns the text form.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText returns the text form.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the text form, 64 lower-case digits.
func (d *Digest) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(d) || strings.ToLower(string(text)) != string(text) {
		return errors.New("agreement: a digest has 64 lower-case hexadecimal digits")
	}
	copy(d[:], b)
	return nil
}

// A Key is the Ed25519 key that a party registered; its text is "ed25519:" and
// the key in base64url.
type Key [ed25519.PublicKeySize]byte

const keyPrefix = "ed25519:"

// NewKey takes a public key of crypto/ed25519.
func NewKey(public crypto.PublicKey) (k Key, err error) {
	p, ok := public.(ed25519.PublicKey)
	if !ok || len(p) != len(k) {
		return k, errors.New("agreement: the key is not Ed25519")
	}
	copy(k[:], p)
	return k, nil
}

// String returns the text form.
func (k Key) String() string { return keyPrefix + base64.RawURLEncoding.EncodeToString(k[:]) }

// MarshalText returns the text form.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the text form.
func (k *Key) UnmarshalText(text []byte) error {
	encoded, ok := strings.CutPrefix(string(text), keyPrefix)
	b, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(b) != len(k) || strings.ContainsAny(encoded, "\r\n") {
		return errors.New("agreement: a key is written ed25519: and 43 characters of base64url")
	}
	copy(k[:], b)
	return nil
}

// A Signature is one party's, over the document that it comes with.
type Signature struct {
	Party string `json:"party"`
	Value []byte `json:"value"` // Ed25519
}

// message returns what is signed: a tag that no other document has, and the
// document in canonical JSON [RFC 8785].
func message(purpose string, document any) ([]byte, error) {
	tag, err := label.New("identity.agreement", 1, purpose, nil)
	if err != nil {
		return nil, err
	}
	text, err := marshal(document)
	if err != nil {
		return nil, err
	}
	canonical, err := jcs.Transform(text)
	if err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	return append(tag, canonical...), nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	if b.Len() > maxDocument {
		return nil, fmt.Errorf("agreement: the document is longer than %d bytes", maxDocument)
	}
	// What others will refuse to read must not be signed.
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	var any json.RawMessage
	return text, strictjson.Decode(text, &any, maxDocument)
}

func digest(purpose string, document any) (Digest, error) {
	m, err := message(purpose, document)
	return sha256.Sum256(m), err
}

func sign(purpose string, document any, parties []Party, signer crypto.Signer) (Signature, error) {
	key, err := NewKey(signer.Public())
	if err != nil {
		return Signature{}, err
	}
	for _, p := range parties {
		if p.Key != key {
			continue
		}
		m, err := message(purpose, document)
		if err != nil {
			return Signature{}, err
		}
		value, err := signer.Sign(nil, m, crypto.Hash(0))
		return Signature{p.Code, value}, err
	}
	return Signature{}, errors.New("agreement: the signing key is no party's")
}

// verifyAll checks that there is exactly one valid signature of each party.
func verifyAll(purpose string, document any, parties []Party, signatures []Signature) error {
	m, err := message(purpose, document)
	if err != nil {
		return err
	}
	if len(signatures) > len(parties) {
		return fmt.Errorf("agreement: %w: there are more signatures than parties", ErrSignature)
	}
	values := make(map[string][]byte, len(signatures))
	for _, s := range signatures {
		values[s.Party] = s.Value
	}
	for _, p := range parties {
		if !ed25519.Verify(p.Key[:], m, values[p.Code]) {
			return fmt.Errorf("agreement: %w: that of %s", ErrSignature, p.Code)
		}
	}
	return nil
}

// add puts a signature into a list, in place of an earlier one of the party.
func add(list []Signature, s Signature) []Signature {
	for i := range list {
		if list[i].Party == s.Party {
			list[i] = s
			return list
		}
	}
	return append(list, s)
}
