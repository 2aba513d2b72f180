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
//	   ◄──────── TLS 1.3, both keys ────────►     registered, or signed by those
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
// Keys that TLS does not know, such as those of SM2, sign a fresh Ed25519 key for
// each channel, which is in memory while the channel opens and is accepted for
// minutes, from one party to one other. The clocks of the two must agree that far.
// A statement is as strong as the weakest algorithm that a party accepts for its
// keys: an algorithm is accepted only by those who name it.
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
// Results of which the contract says by how much a person can change them get
// exact discrete Laplace noise, so that a released count is differentially private
// at the run's cost. It guards against those who see what was released. The party
// that released it has seen the count itself.
//
// # Leakage
//
// Who watches the network sees that two addresses talk and how much. In TLS 1.3
// certificates are encrypted, and they hold nothing but keys. A refused peer
// learns the class of the refusal, such as that a right is missing, not which.
//
// # Cost
//
// Six message delays before the protocol starts, and about 3.7 kB in both
// directions together, most of which is the key exchange X25519MLKEM768 of TLS.
// A side signs twice, its certificate and the handshake, and writes durably once
// for the contract and once for each policy. Authorize verifies two signatures
// for every party.
//
// # References
//
// RFC 8446 (TLS 1.3) and RFC 8785 (canonical JSON); RFC 8032 (Ed25519);
// GB/T 32918.2-2016 (SM2, of package sm);
// Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy,
// NeurIPS 2020 (noise); TC609-6-2025-14 for contract codes, environments and the life of a contract.
package agreement

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/identity/keys"
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

// A Signature is one party's, over the document that it comes with.
type Signature struct {
	Party string `json:"party"`
	Value []byte `json:"value"` // by the algorithm of the party's key
}

// domain returns the domain of signatures, which no other document has.
func domain(purpose string) string { return "identity.agreement " + purpose }

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
	tag, err := label.New("identity.agreement", 1, purpose, nil)
	if err != nil {
		return Digest{}, err
	}
	canonical, err := keys.Canonical(document)
	if err != nil {
		return Digest{}, fmt.Errorf("agreement: %w", err)
	}
	return sha256.Sum256(append(tag, canonical...)), nil
}

func sign(purpose string, document any, parties []Party, signer crypto.Signer, accepted keys.Algorithms) (Signature, error) {
	key, err := accepted.Public(signer)
	if err != nil {
		return Signature{}, fmt.Errorf("agreement: %w", err)
	}
	if _, err := marshal(document); err != nil {
		return Signature{}, err // it is too long to be read
	}
	for _, p := range parties {
		if p.Key != key {
			continue
		}
		value, err := accepted.Sign(signer, domain(purpose), document)
		if err != nil {
			return Signature{}, fmt.Errorf("agreement: %w", err)
		}
		return Signature{p.Code, value}, nil
	}
	return Signature{}, errors.New("agreement: the signing key is no party's")
}

// verifyAll checks that there is exactly one valid signature of each party.
func verifyAll(purpose string, document any, parties []Party, signatures []Signature, accepted keys.Algorithms) error {
	if len(signatures) > len(parties) {
		return fmt.Errorf("agreement: %w: there are more signatures than parties", ErrSignature)
	}
	values := make(map[string][]byte, len(signatures))
	for _, s := range signatures {
		values[s.Party] = s.Value
	}
	for _, p := range parties {
		if err := accepted.Verify(p.Key, domain(purpose), document, values[p.Code]); err != nil {
			return fmt.Errorf("agreement: %w: that of %s: %w", ErrSignature, p.Code, err)
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
