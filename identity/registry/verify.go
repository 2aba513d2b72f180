package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

// Bounds of a history that comes from others.
const (
	maxHistory    = 96 << 20
	maxPositioned = 96 << 10 // bytes of an entry with its proof
)

// historyJSON is a history as it is handed over.
type historyJSON struct {
	Entries []positionedJSON `json:"entries"`
	Head    signedHead       `json:"head"`
}

type positionedJSON struct {
	Entry    json.RawMessage `json:"entry"`
	Position int64           `json:"position"`
	Proof    []byte          `json:"proof,omitzero"`
}

// A Verifier replays histories from bytes alone. It needs Registrars, Now and
// MaxAge.
type Verifier struct {
	Algorithms keys.Algorithms
	// Registrars are the keys by which registrars countersign and sign heads, which
	// the caller knows from elsewhere. A registrar may have had several. Whoever has
	// one of them can lie as a registrar can.
	Registrars map[identity.Code][]keys.PublicKey
	// Log is what the proofs of positions are checked by. If it is nil the positions
	// are believed as the registrar signed them.
	Log *evidence.Policy
	Now func() time.Time
	// MaxAge is how long after its head was signed a history still counts: what
	// happened since, a revocation or a rotation, it does not show. Where only
	// signatures at known positions are checked, any age will do, since
	// [History.Check] refuses positions that the head does not cover.
	MaxAge time.Duration
}

// Verify reads and replays a history, as [Registry.History] returns it: each
// entry continues the one before, is signed by the key in force, and is
// countersigned; and the registrar's head says that these are all entries, which
// positions they have, and as of when.
func (v *Verifier) Verify(history []byte) (*History, error) {
	if v.Now == nil || v.MaxAge <= 0 {
		return nil, errors.New("registry: a Verifier needs Now, and MaxAge above 0")
	}
	entries, raw, err := parseHistory(history)
	if err != nil {
		return nil, err
	}
	head, err := parseHead(raw)
	if err != nil {
		return nil, err
	}
	h := new(History)
	var registrar identity.Code // of the last entry
	published := int64(math.MaxInt64)
	for i, p := range entries {
		e, err := parseEntry(p.Entry)
		if err == nil {
			published, err = v.position(p)
		}
		if err == nil {
			err = v.countersigned(&e)
		}
		if err == nil {
			err = h.apply(v.Algorithms, &e, p.Entry, p.Position)
		}
		if err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, err)
		}
		registrar = e.Operation.Registrar
	}
	if err := v.head(h, registrar, positions(entries), head); err != nil {
		return nil, err
	}
	if head.Head.Size > published {
		return nil, errors.New("registry: the head covers more than the log has published")
	}
	h.size = head.Head.Size
	return h, nil
}

// parseHistory reads one entry after another, so that what a hostile history
// makes of few bytes stays small.
func parseHistory(history []byte) (entries []positionedJSON, head json.RawMessage, err error) {
	errForm := errors.New("registry: a history is an object with an array of entries, and a head")
	if len(history) > maxHistory {
		return nil, nil, fmt.Errorf("registry: a history has at most %d bytes", maxHistory)
	}
	d := json.NewDecoder(bytes.NewReader(history))
	for _, want := range []json.Token{json.Delim('{'), "entries", json.Delim('[')} {
		if token, err := d.Token(); err != nil || token != want {
			return nil, nil, errForm
		}
	}
	for d.More() {
		if len(entries) == maxOperations {
			return nil, nil, fmt.Errorf("registry: a history has 1 to %d operations", maxOperations)
		}
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return nil, nil, errForm
		}
		var p positionedJSON
		if err := keys.Decode(raw, &p, maxPositioned); err != nil {
			return nil, nil, fmt.Errorf("operation %d: %w", len(entries), err)
		}
		entries = append(entries, p)
	}
	for _, want := range []json.Token{json.Delim(']'), "head"} {
		if token, err := d.Token(); err != nil || token != want {
			return nil, nil, errForm
		}
	}
	if d.Decode(&head) != nil {
		return nil, nil, errForm
	}
	if token, err := d.Token(); err != nil || token != json.Delim('}') {
		return nil, nil, errForm
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, errForm
	}
	if len(entries) == 0 {
		return nil, nil, fmt.Errorf("registry: a history has 1 to %d operations", maxOperations)
	}
	return entries, head, nil
}

// position checks the position of an entry and returns how much of the log is
// known to be published.
func (v *Verifier) position(p positionedJSON) (published int64, err error) {
	if p.Position < 0 {
		return 0, errors.New("registry: a position is negative")
	}
	if v.Log == nil {
		return math.MaxInt64, nil
	}
	proved, err := v.Log.VerifyDetached(p.Proof, p.Entry)
	if err != nil {
		return 0, err
	}
	if proved.Index != p.Position {
		return 0, errors.New("registry: the proof is of another position")
	}
	return proved.Checkpoint.Size, nil
}

func (v *Verifier) countersigned(e *entry) error {
	for _, k := range v.Registrars[e.Operation.Registrar] {
		if v.Algorithms.Verify(k, countersignatureDomain, e.Signed, e.countersignature) == nil {
			return nil
		}
	}
	return errors.New("registry: no known key of the registrar countersigned the operation")
}
