package registry

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

// A Digest is a SHA-256 hash; in text, 64 lower-case hexadecimal digits.
type Digest [sha256.Size]byte

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns the hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText returns the hexadecimal digits.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads hexadecimal digits.
func (d *Digest) UnmarshalText(text []byte) error {
	var parsed Digest
	n, err := hex.Decode(parsed[:], text[:min(len(text), 2*len(parsed))])
	if err != nil || n != len(parsed) || parsed.String() != string(text) {
		return errors.New("registry: a digest is 64 lower-case hexadecimal digits")
	}
	*d = parsed
	return nil
}

// An Act is what an operation does.
type Act string

const (
	Create     Act = "create"     // Nonce, Key, Next; Predecessor after a move
	Rotate     Act = "rotate"     // Key, which is the one committed to, and Next
	AddKey     Act = "add-key"    // Key and Possession; signs statements, no operations
	RemoveKey  Act = "remove-key" // Key, one that AddKey added
	Delegate   Act = "delegate"   // Grant
	Revoke     Act = "revoke"     // Revokes
	Rename     Act = "rename"     // Path
	Move       Act = "move"       // Key as for rotate, Successor, and in Next the fingerprint of its key; the last one
	Deregister Act = "deregister" // Key as for rotate; the last one
)

// An Operation is one step in the history of an identity. Which fields an
// operation has says its act; all others are empty.
type Operation struct {
	Act       Act           `json:"act"`
	Code      identity.Code `json:"code"`      // whose history
	Registrar identity.Code `json:"registrar"` // who keeps it
	Sequence  int           `json:"sequence"`  // 0 for the first
	Previous  Digest        `json:"previous"`  // of the entry before, zero for the first
	Time      int64         `json:"time"`      // seconds since 1970

	Nonce       string         `json:"nonce,omitzero"`
	Key         keys.PublicKey `json:"key,omitzero"`
	Possession  string         `json:"possession,omitzero"` // see ProvePossession
	Next        Digest         `json:"next,omitzero"`       // fingerprint of the next key
	Grant       *Grant         `json:"grant,omitzero"`
	Revokes     Digest         `json:"revokes,omitzero"`
	Path        identity.Path  `json:"path,omitzero"`
	Successor   identity.Code  `json:"successor,omitzero"`
	Predecessor Predecessor    `json:"predecessor,omitzero"`
}

// A Predecessor is the history that ended with a move to this one.
type Predecessor struct {
	Code identity.Code `json:"code"`
	Move Digest        `json:"move"` // of the entry that moved it
}

// A Signed operation has the signature of the identity's key: of the new key for
// Create and Rotate, which proves that the applicant has it, of the key that was
// committed to for Move and Deregister, which cannot be undone, and of the key in
// force for everything else.
type Signed struct {
	Operation Operation `json:"operation"`
	Signature []byte    `json:"signature"`
}

// An entry is an operation that a registrar accepted.
type entry struct {
	Signed
	countersignature []byte
}

// entryJSON is an entry without embedding, for the strict decoder.
type entryJSON struct {
	Operation        Operation `json:"operation"`
	Signature        []byte    `json:"signature"`
	Countersignature []byte    `json:"countersignature"`
}

const (
	operationDomain        = "registry operation"
	countersignatureDomain = "registry countersignature"
	possessionDomain       = "registry possession"
)

// maxEntry is the most bytes of an entry, and of a head.
const maxEntry = 16 << 10

// Sign signs an operation with the identity's key.
func Sign(as keys.Algorithms, signer crypto.Signer, op Operation) (Signed, error) {
	sig, err := as.Sign(signer, operationDomain, op)
	return Signed{op, sig}, err
}

// ProvePossession completes an AddKey operation with the key that is added and
// its signature. Without it one could add a key of somebody else, and what that
// one signs would be taken for one's own.
func ProvePossession(as keys.Algorithms, added crypto.Signer, op Operation) (_ Operation, err error) {
	if op.Key, err = as.Public(added); err != nil {
		return Operation{}, err
	}
	op.Possession = ""
	sig, err := as.Sign(added, possessionDomain, op)
	if err != nil {
		return Operation{}, err
	}
	op.Possession = base64.RawURLEncoding.EncodeToString(sig)
	return op, nil
}

func (op Operation) possessed(as keys.Algorithms) error {
	sig, err := base64.RawURLEncoding.Strict().DecodeString(op.Possession)
	if err != nil {
		return errors.New("registry: the proof of possession is not in base64url")
	}
	op.Possession = ""
	return as.Verify(op.Key, possessionDomain, op, sig)
}

// ParseSigned reads the JSON of a signed operation strictly.
func ParseSigned(b []byte) (Signed, error) {
	var s Signed
	err := keys.Decode(b, &s, maxEntry)
	return s, err
}

func (e entry) bytes() ([]byte, error) {
	b, err := keys.Canonical(entryJSON{e.Operation, e.Signature, e.countersignature})
	if err == nil && len(b) > maxEntry {
		err = fmt.Errorf("registry: an operation has at most %d bytes", maxEntry)
	}
	return b, err
}

// parseEntry reads the canonical form only, so that an entry has one digest.
func parseEntry(b []byte) (entry, error) {
	var j entryJSON
	if err := keys.Decode(b, &j, maxEntry); err != nil {
		return entry{}, err
	}
	e := entry{Signed{j.Operation, j.Signature}, j.Countersignature}
	again, err := e.bytes()
	if err != nil {
		return entry{}, err
	}
	if string(again) != string(b) {
		return entry{}, errors.New("registry: an entry is not in canonical JSON")
	}
	return e, nil
}

// shape returns an error unless the operation has the fields of its act and no
// others.
func (op *Operation) shape() error {
	var want Operation
	switch op.Act {
	case Create:
		want.Nonce, want.Key, want.Next, want.Predecessor = op.Nonce, op.Key, op.Next, op.Predecessor
		if op.Nonce == "" || len(op.Nonce) > 64 || op.Key.IsZero() || op.Next.IsZero() || op.Next == op.Key.Fingerprint() {
			return errors.New("registry: create needs Nonce, Key, and Next of another key")
		}
		if p := op.Predecessor; p != (Predecessor{}) && (p.Code.IsZero() || p.Move.IsZero() || p.Code == op.Code) {
			return errors.New("registry: a predecessor is another code and the digest of its move")
		}
	case Rotate:
		want.Key, want.Next = op.Key, op.Next
		if op.Key.IsZero() || op.Next.IsZero() || op.Next == op.Key.Fingerprint() {
			return errors.New("registry: rotate needs Key, and Next of another key")
		}
	case AddKey:
		want.Key, want.Possession = op.Key, op.Possession
		if op.Key.IsZero() || op.Possession == "" {
			return errors.New("registry: add-key needs Key and Possession")
		}
	case RemoveKey:
		want.Key = op.Key
		if op.Key.IsZero() {
			return errors.New("registry: remove-key needs Key")
		}
	case Delegate:
		want.Grant = op.Grant
		if op.Grant == nil {
			return errors.New("registry: delegate needs Grant")
		}
		if err := op.Grant.check(); err != nil {
			return err
		}
	case Revoke:
		want.Revokes = op.Revokes
		if op.Revokes.IsZero() {
			return errors.New("registry: revoke needs the digest of a grant")
		}
	case Rename:
		want.Path = op.Path
		if op.Path.IsZero() {
			return errors.New("registry: rename needs Path")
		}
	case Move:
		want.Key, want.Successor, want.Next = op.Key, op.Successor, op.Next
		if op.Key.IsZero() || op.Successor.IsZero() || op.Successor == op.Code || op.Next.IsZero() {
			return errors.New("registry: move needs Key, Successor, and in Next the fingerprint of its key")
		}
	case Deregister:
		want.Key = op.Key
		if op.Key.IsZero() {
			return errors.New("registry: deregister needs Key")
		}
	default:
		return errors.New("registry: unknown act")
	}
	want.Act, want.Code, want.Registrar = op.Act, op.Code, op.Registrar
	want.Sequence, want.Previous, want.Time = op.Sequence, op.Previous, op.Time
	if *op != want {
		return errors.New("registry: the operation has fields that its act does not have")
	}
	if op.Code.IsZero() || op.Registrar.IsZero() {
		return errors.New("registry: an operation names its code and its registrar")
	}
	if (op.Sequence == 0) != (op.Act == Create) || op.Sequence < 0 || (op.Sequence == 0) != op.Previous.IsZero() {
		return errors.New("registry: a history starts with create, and only there")
	}
	return nil
}
