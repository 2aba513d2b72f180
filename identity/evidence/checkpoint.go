package evidence

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrInvalid says that a proof or checkpoint does not check, whether by
// accident or by intent.
var ErrInvalid = errors.New("evidence: invalid")

// maxSize is the most records that a log may claim. It is far beyond any real
// log and keeps 64-bit arithmetic on sizes from overflowing.
const maxSize = 1 << 56

const maxCheckpoint = 64 << 10 // bytes of a note

// A Checkpoint is the head of a log's tree at some size.
type Checkpoint struct {
	Origin string
	Size   int64 // records
	Root   [32]byte
	// Witnessed is the time at which the witnesses that the policy demands had
	// seen no later head: the k-th latest of their times. It is zero where a
	// policy demands none.
	Witnessed time.Time
}

// text is the note text of the checkpoint [tlog-checkpoint].
func (c Checkpoint) text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// parseCheckpoint reads a note text. Extension lines are allowed and ignored.
func parseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || slices.Contains(lines[:len(lines)-1], "") {
		return c, fmt.Errorf("%w: a checkpoint has lines of origin, size and root", ErrInvalid)
	}
	c.Origin = lines[0]
	if c.Size, err = parseSize(lines[1]); err != nil {
		return c, err
	}
	root, err := parseHash(lines[2])
	c.Root = root
	return c, err
}

func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > maxSize || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%w: a size or index is not a plain number up to 2^56", ErrInvalid)
	}
	return n, nil
}

func parseHash(s string) (h tlog.Hash, err error) {
	if len(s) != 44 { // also, the decoder would pass over line ends
		return h, fmt.Errorf("%w: a hash has 44 characters of base64", ErrInvalid)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("%w: a hash is not in base64", ErrInvalid)
	}
	return tlog.Hash(b), nil
}

// CheckConsistency verifies that the later checkpoint's log contains all of the
// earlier one's, in place, by a proof of [Log.Consistency]. A log that was
// rolled back fails it, and so does one that shows another history. Both
// checkpoints come from [Policy.Checkpoint], which has checked their signatures.
func CheckConsistency(earlier, later Checkpoint, proof [][32]byte) error {
	if earlier.Origin != later.Origin {
		return fmt.Errorf("%w: the checkpoints are of different logs", ErrInvalid)
	}
	if later.Size < earlier.Size {
		return fmt.Errorf("%w: the log was rolled back from %d to %d records", ErrInvalid, earlier.Size, later.Size)
	}
	if earlier.Size < 0 || later.Size > maxSize || len(proof) > 64 {
		return fmt.Errorf("%w: sizes or length of the proof", ErrInvalid)
	}
	if earlier.Size == 0 {
		return fmt.Errorf("%w: every log continues the empty one; there is nothing to check", ErrInvalid)
	}
	hashes := make(tlog.TreeProof, len(proof))
	for i, h := range proof {
		hashes[i] = h
	}
	if tlog.CheckTree(hashes, later.Size, later.Root, earlier.Size, earlier.Root) != nil {
		return fmt.Errorf("%w: the log does not continue what it was at %d records", ErrInvalid, earlier.Size)
	}
	return nil
}

// A Policy says whom a reader trusts: a log and a quorum of witnesses. It may be
// used from several goroutines. It remembers the checkpoint that it verified
// last, so that many proofs under one checkpoint cost its signatures once.
type Policy struct {
	log       *verifier
	witnesses []*verifier
	quorum    int

	last atomic.Pointer[published]
}

// NewPolicy returns the policy that trusts the log with the given key, as of
// [LogKey], if at least quorum of the witnesses, as of [WitnessKey], have
// cosigned. How many is the user's choice; see Security above. A quorum of zero
// trusts the log alone.
func NewPolicy(logKey string, quorum int, witnessKeys ...string) (*Policy, error) {
	p := &Policy{quorum: quorum}
	var err error
	if p.log, err = parseKey(logKey, typeEd25519); err != nil {
		return nil, err
	}
	if quorum < 0 || quorum > len(witnessKeys) || len(witnessKeys) > 90 {
		return nil, fmt.Errorf("evidence: a quorum of %d among %d witnesses: choose 0 to all of at most 90", quorum, len(witnessKeys))
	}
	for _, k := range witnessKeys {
		w, err := parseKey(k, typeCosignature)
		if err != nil {
			return nil, err
		}
		// The message of a cosignature does not name its signer, so one key
		// under two names would count twice.
		if w.key == p.log.key || slices.ContainsFunc(p.witnesses, func(o *verifier) bool { return o.key == w.key || o.name == w.name }) {
			return nil, fmt.Errorf("evidence: witness %s has the name or key of another party", w.name)
		}
		p.witnesses = append(p.witnesses, w)
	}
	return p, nil
}

// verifier returns the key of a signature line, if the policy has it.
func (p *Policy) verifier(name string, id uint32) (note.Verifier, error) {
	for _, v := range append(p.witnesses[:len(p.witnesses):len(p.witnesses)], p.log) {
		if v.name == name && v.id == id {
			return v, nil
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: id}
}

type verifiers func(name string, id uint32) (note.Verifier, error)

func (f verifiers) Verifier(name string, id uint32) (note.Verifier, error) { return f(name, id) }

// Checkpoint verifies a signed checkpoint against the policy.
func (p *Policy) Checkpoint(signed []byte) (Checkpoint, error) {
	if last := p.last.Load(); last != nil && bytes.Equal(last.signed, signed) {
		return last.Checkpoint, nil
	}
	c, err := p.open(signed)
	if err == nil {
		p.last.Store(&published{c, bytes.Clone(signed)})
	}
	return c, err
}

func (p *Policy) open(signed []byte) (Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("%w: a checkpoint of more than %d bytes", ErrInvalid, maxCheckpoint)
	}
	n, err := note.Open(signed, verifiers(p.verifier))
	if err != nil {
		if _, unverified := errors.AsType[*note.UnverifiedNoteError](err); unverified {
			return Checkpoint{}, fmt.Errorf("%w: the checkpoint is signed by nobody whom the policy knows", ErrInvalid)
		}
		return Checkpoint{}, fmt.Errorf("%w: the checkpoint's form or a signature is wrong", ErrInvalid)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != p.log.name {
		return Checkpoint{}, fmt.Errorf("%w: the checkpoint is of another log", ErrInvalid)
	}
	bySelf := false
	var times []int64
	for _, s := range n.Sigs { // each verified, none twice
		raw, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil || len(raw) < 4 {
			panic("evidence: internal error: a verified signature does not decode")
		}
		if base64.StdEncoding.EncodeToString(raw) != s.Base64 {
			return Checkpoint{}, fmt.Errorf("%w: a signature's base64 has stray bits", ErrInvalid)
		}
		if s.Name == p.log.name && s.Hash == p.log.id {
			bySelf = true
			continue
		}
		at, _, _ := cutTimestamp(raw[4:])
		times = append(times, int64(min(at, math.MaxInt64)))
	}
	if !bySelf {
		return Checkpoint{}, fmt.Errorf("%w: the checkpoint is not signed by its log", ErrInvalid)
	}
	if len(times) < p.quorum {
		return Checkpoint{}, fmt.Errorf("%w: the checkpoint has %d cosignatures of known witnesses, %d are demanded", ErrInvalid, len(times), p.quorum)
	}
	if p.quorum > 0 {
		slices.Sort(times)
		c.Witnessed = time.Unix(times[len(times)-p.quorum], 0).UTC()
	}
	return c, nil
}
