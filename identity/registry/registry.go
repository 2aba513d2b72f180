// Package registry registers identities: it binds codes to keys, and keeps for
// each a history of what happened to it.
//
// Most callers want [Open] on the registrar's side, [Sign] on the applicant's,
// and [Verifier] for whoever is shown a history.
//
//	applicant                                 registrar
//	    code, key                 ---->       Nonce
//	    nonce                     <----
//	    Signed{create, nonce}     ---->       Submit: checks, countersigns, keeps, logs
//	    Receipt{entry, position}  <----
//
// A history is a hash chain of operations: create, rotate, add-key, remove-key,
// delegate, revoke, rename, move, deregister. Each is signed by the identity,
// countersigned by the registrar, and in an evidence log. Whoever has the bytes of
// a history and the registrar's key replays it without asking anybody.
//
// # Security
//
// Registering proves possession of the key, for this registrar and now: the
// nonce serves once, for one code and key, and ends. Every key but the first was
// committed to by its fingerprint before it was shown, so that whoever steals the
// key in force cannot rotate it away, move or deregister the identity; the owner
// can rotate, also without the stolen key. A rotation ends the keys that were
// added. Grants stay: the owner revokes those that a thief gave.
//
// Signatures hold as of a position in the log: those logged before a rotation
// stay good, and a key rotated away signs nothing new. A history ends with a head
// in which the registrar says that it is whole up to a size of the log, and when.
// So nobody else can leave out its last entries, and nothing is accepted at a
// position for which the head does not speak. What came after the head a history
// does not show; [Verifier] has MaxAge for that.
//
// A registrar can refuse and delay, and can lie by a head that leaves entries
// out; then keys count that were rotated away, and grants that were revoked.
// Entries and heads are signed by it, so a short head convicts it together with
// an entry that this head leaves out and the log's proof that the entry is at a
// position which the head covers. The owner has that entry, and what opens its
// commitment, from the [Receipt]. A log whose witnesses are demanded cannot be
// shown without it later. But somebody has to compare: the log's commitments do
// not tell whose they are, so that a short head that never meets the longer
// history is not noticed. A registrar cannot sign for an identity.
//
// Authority goes down in levels by grants that can only narrow: [Authority].
//
// # Leakage
//
// The log has salted commitments. Whoever is shown a history learns all of it.
//
// # Cost
//
// A submission verifies its signature as it came and as it is kept, makes one, and
// waits twice for the disk.
// Histories are in memory, about 2 kB an operation. Each History makes one signature.
//
// # References
//
// NDI-TR-2025-03 (registration); RFC 8785; pre-rotation as in Smith, Key Event
// Receipt Infrastructure, arXiv:1907.02143, section 7.
package registry

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/internal/appendfile"
)

// ErrNonce says that a nonce is unknown, used, over, or for another code or key.
var ErrNonce = errors.New("registry: the nonce is unknown, used, expired, or for another code or key; ask for a new one")

// ErrNotFound says that a code is not registered.
var ErrNotFound = errors.New("registry: the code is not registered")

// A Log is a log of commitments, such as *evidence.Log.
type Log interface {
	Append(commitments ...evidence.Commitment) (first int64, err error)
	// Latest returns what was published last: no later Append may return a position
	// below its Size, also after a crash.
	Latest() (evidence.Checkpoint, []byte)
}

// Config is a registrar. All fields but Algorithms, Logged and NonceLife are
// needed.
type Config struct {
	Code       identity.Code // of the registrar
	Signer     crypto.Signer // its key
	Algorithms keys.Algorithms
	Log        Log
	// Logged are the positions of what is in the log, as Replay of
	// evidence.Config gives them. What was kept and not logged when the machine
	// stopped is logged by Open.
	Logged map[evidence.Commitment]int64
	Now    func() time.Time
	// NonceLife is how long a nonce serves, ten minutes if it is 0.
	NonceLife time.Duration
	// Approve returns an error to refuse an operation whose signatures hold: who
	// may register is for the registrar to say. It must not call the Registry.
	Approve func(ctx context.Context, op Operation) error
}

// maxNonces bounds the nonces that are waiting, about 16 MB.
const maxNonces = 1 << 16

// maxSkew is how far the time of an operation may be from the registrar's.
const maxSkew = 10 * time.Minute

type nonce struct {
	code  identity.Code
	key   keys.PublicKey
	until time.Time
}

type kept struct {
	History
	entries []logged
}

type logged struct {
	entry    []byte
	salt     evidence.Salt
	position int64
}

// A Registry is a registrar's. Its methods may be called from several goroutines.
type Registry struct {
	cfg  Config
	key  keys.PublicKey
	file *appendfile.File

	mu     sync.Mutex
	nonces map[string]nonce
	byCode map[identity.Code]*kept
	failed error
}

// record is what the file keeps.
type record struct {
	Salt  []byte          `json:"salt"`
	Entry json.RawMessage `json:"entry"`
}

// Open opens the registry that is in the file at path, or makes an empty one.
func Open(path string, cfg *Config) (*Registry, error) {
	if cfg == nil || cfg.Code.IsZero() || cfg.Log == nil || cfg.Now == nil || cfg.Approve == nil || cfg.NonceLife < 0 {
		return nil, errors.New("registry: Config needs Code, Signer, Log, Now and Approve")
	}
	key, err := cfg.Algorithms.Public(cfg.Signer)
	if err != nil {
		return nil, err
	}
	r := &Registry{cfg: *cfg, key: key, nonces: make(map[string]nonce), byCode: make(map[identity.Code]*kept)}
	if r.cfg.NonceLife == 0 {
		r.cfg.NonceLife = 10 * time.Minute
	}
	r.cfg.Logged = nil
	r.file, err = appendfile.Open(path, maxEntry+1024, func(b []byte) error {
		var rec record
		if err := keys.Decode(b, &rec, maxEntry+1024); err != nil {
			return err
		}
		var salt evidence.Salt
		if copy(salt[:], rec.Salt) != len(rec.Salt) || len(rec.Salt) != len(salt) {
			return errors.New("registry: a record has no salt")
		}
		e, err := parseEntry(rec.Entry)
		if err != nil {
			return err
		}
		commitment := salt.Commit(rec.Entry)
		position, ok := cfg.Logged[commitment]
		if !ok {
			// Kept, and not logged before the machine stopped.
			if position, err = cfg.Log.Append(commitment); err != nil {
				return err
			}
		}
		k := r.byCode[e.Operation.Code]
		if k == nil {
			k = new(kept)
		}
		if err := k.apply(r.cfg.Algorithms, &e, rec.Entry, position); err != nil {
			return err
		}
		k.entries = append(k.entries, logged{append([]byte(nil), rec.Entry...), salt, position})
		r.byCode[e.Operation.Code] = k
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Close closes the file. The log stays open.
func (r *Registry) Close() error { return r.file.Close() }

// Key returns the key by which the registrar countersigns.
func (r *Registry) Key() keys.PublicKey { return r.key }

// Nonce returns a nonce for registering a code with a key. It serves once.
func (r *Registry) Nonce(code identity.Code, key keys.PublicKey) (string, error) {
	if code.IsZero() {
		return "", errors.New("registry: a nonce is for a code")
	}
	if err := r.cfg.Algorithms.Check(key); err != nil {
		return "", err
	}
	var b [16]byte
	rand.Read(b[:])
	n := base64.RawURLEncoding.EncodeToString(b[:])
	now := r.cfg.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.nonces) >= maxNonces {
		for k, v := range r.nonces {
			if !now.Before(v.until) {
				delete(r.nonces, k)
			}
		}
		if len(r.nonces) >= maxNonces {
			return "", errors.New("registry: too many registrations have begun; try later")
		}
	}
	r.nonces[n] = nonce{code, key, now.Add(r.cfg.NonceLife)}
	return n, nil
}

// A Receipt says what was registered: the entry in canonical JSON, its position
// in the log, and the salt that opens its commitment there (evidence.Log.Prove).
type Receipt struct {
	Entry    []byte
	Salt     evidence.Salt
	Position int64
}

// Submit checks an operation, countersigns it, keeps it and logs it. When it
// returns a receipt the operation is on the disk. After an error of the file or the
// log it is unknown whether it is; the registry then takes no more and must be
// opened again, which tells.
func (r *Registry) Submit(ctx context.Context, s Signed) (Receipt, error) {
	op := &s.Operation
	if err := op.shape(); err != nil {
		return Receipt{}, err
	}
	if op.Registrar != r.cfg.Code {
		return Receipt{}, errors.New("registry: the operation is for another registrar")
	}
	now := r.cfg.Now()
	if d := now.Sub(time.Unix(op.Time, 0)); d > maxSkew || d < -maxSkew {
		return Receipt{}, errors.New("registry: the time of the operation is more than ten minutes from the registrar's")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return Receipt{}, r.failed
	}
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	k := r.byCode[op.Code]
	if op.Act == Create {
		if k != nil {
			return Receipt{}, errors.New("registry: the code is registered")
		}
		n, ok := r.nonces[op.Nonce]
		if !ok || n.code != op.Code || n.key != op.Key || !now.Before(n.until) {
			// A stolen nonce stays good for its owner.
			return Receipt{}, ErrNonce
		}
		k = new(kept)
	} else if k == nil {
		return Receipt{}, ErrNotFound
	}
	if err := k.check(r.cfg.Algorithms, &s); err != nil {
		return Receipt{}, err
	}
	if op.Act == Move && r.byCode[op.Successor] != nil {
		return Receipt{}, errors.New("registry: the successor is registered already, so it is another identity")
	}
	if op.Act == Create {
		if err := r.predecessor(op); err != nil {
			return Receipt{}, err
		}
		delete(r.nonces, op.Nonce)
	}
	if err := r.cfg.Approve(ctx, *op); err != nil {
		return Receipt{}, err
	}
	counter, err := r.cfg.Algorithms.Sign(r.cfg.Signer, countersignatureDomain, s)
	if err != nil {
		return Receipt{}, err
	}
	b, err := entry{s, counter}.bytes()
	if err != nil {
		return Receipt{}, err
	}
	// What was sent may share memory with its sender: what is kept is read back.
	e, err := parseEntry(b)
	if err != nil {
		return Receipt{}, err
	}
	salt := evidence.NewSalt()
	rec, err := json.Marshal(record{salt[:], b})
	if err != nil {
		return Receipt{}, err
	}
	if err := r.file.Append(rec); err != nil {
		return Receipt{}, r.fail(err)
	}
	position, err := r.cfg.Log.Append(salt.Commit(b))
	if err != nil {
		return Receipt{}, r.fail(err)
	}
	if err := k.apply(r.cfg.Algorithms, &e, b, position); err != nil {
		return Receipt{}, r.fail(err)
	}
	k.entries = append(k.entries, logged{b, salt, position})
	r.byCode[op.Code] = k
	return Receipt{append([]byte(nil), b...), salt, position}, nil
}

func (r *Registry) fail(err error) error {
	r.failed = fmt.Errorf("registry: stopped, open it again: %w", err)
	return r.failed
}

// predecessor checks the move of a predecessor that is kept here. Those kept
// elsewhere are for Approve and for History.Follows.
func (r *Registry) predecessor(op *Operation) error {
	k := r.byCode[op.Predecessor.Code]
	if k == nil {
		return nil
	}
	var h History
	h.advance(op, Digest{}, 0)
	return h.Follows(&k.History)
}

// A Prover proves positions: evidence.Log.ProveDetached of the registry's log.
type Prover func(index int64, salt evidence.Salt, record []byte) ([]byte, error)

// History returns the history of a code for a [Verifier], with a head that is
// signed now, and with proofs if prove is not nil. The head covers what the log
// has published, and the history itself. After an error of the file or the log,
// as Submit has them, there are no histories until the registry is opened again.
func (r *Registry) History(code identity.Code, prove Prover) ([]byte, error) {
	entries, h, err := r.snapshot(code)
	if err != nil {
		return nil, err
	}
	j := historyJSON{Entries: make([]positionedJSON, len(entries))}
	for i, e := range entries {
		j.Entries[i] = positionedJSON{Entry: e.entry, Position: e.position}
		if prove != nil {
			if j.Entries[i].Proof, err = prove(e.position, e.salt, e.entry); err != nil {
				return nil, err
			}
		}
	}
	h.Positions = positions(j.Entries)
	j.Head.Head = h
	if j.Head.Signature, err = r.cfg.Algorithms.Sign(r.cfg.Signer, headDomain, h); err != nil {
		return nil, err
	}
	return keys.Canonical(j)
}

// snapshot returns the entries of a code and their head but for Positions. Both
// are of one moment: what is submitted later is logged later, at a position that
// the head does not cover.
func (r *Registry) snapshot(code identity.Code) ([]logged, head, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// After a failure the log may have an entry that the history has not.
	if r.failed != nil {
		return nil, head{}, r.failed
	}
	k := r.byCode[code]
	if k == nil {
		return nil, head{}, ErrNotFound
	}
	latest, _ := r.cfg.Log.Latest()
	return k.entries[:len(k.entries):len(k.entries)], head{
		Code: code, Registrar: r.cfg.Code, Count: k.count, Last: k.last,
		Size: max(latest.Size, k.position+1), Time: r.cfg.Now().Unix(),
	}, nil
}

// Last returns what the next operation of a code has as Sequence and Previous.
func (r *Registry) Last(code identity.Code) (sequence int, previous Digest, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.byCode[code]
	if k == nil {
		return 0, Digest{}, ErrNotFound
	}
	sequence, previous = k.Last()
	return sequence, previous, nil
}

// VerifyNow checks a signature by a key that is in force for a code now.
func (r *Registry) VerifyNow(code identity.Code, key keys.PublicKey, domain string, statement any, signature []byte) error {
	r.mu.Lock()
	k := r.byCode[code]
	if k == nil {
		r.mu.Unlock()
		return ErrNotFound
	}
	inForce := false
	for _, u := range k.uses {
		inForce = inForce || u.key == key && u.until == forever
	}
	r.mu.Unlock()
	if !inForce {
		return errors.New("registry: the key is not in force")
	}
	return r.cfg.Algorithms.Verify(key, domain, statement, signature)
}
