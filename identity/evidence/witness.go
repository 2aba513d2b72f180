package evidence

import (
	"bytes"
	"context"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/dujiang-dev/dujiang/internal/appendfile"
)

// Why a witness does not cosign; a server answers with the status that
// tlog-witness names.
var (
	ErrRequest      = errors.New("evidence: the request is malformed")                                        // 400
	ErrSignature    = errors.New("evidence: the checkpoint is not signed by its log")                         // 403
	ErrUnknownLog   = errors.New("evidence: the witness does not know this log")                              // 404
	ErrInconsistent = errors.New("evidence: the checkpoint does not continue the one that was cosigned last") // 422
)

// A ConflictError says that a witness last cosigned another checkpoint than the
// request starts from (status 409).
type ConflictError struct {
	Size int64 // of what it last cosigned
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("evidence: the witness last cosigned %d records", e.Size)
}

// WitnessConfig says who the witness is and whom it watches. All fields must be
// set.
type WitnessConfig struct {
	Name   string
	Signer crypto.Signer // an Ed25519 key that serves nothing else
	Logs   []string      // the keys of the logs, of [LogKey]
	Now    func() time.Time
}

// A Witness cosigns the checkpoints of logs, of each log one history: it
// refuses a log that was rolled back, and of two that differ the second. Its
// methods may be called from several goroutines. It is a [Cosigner].
type Witness struct {
	signer *signer
	logs   map[string][]*verifier // by origin

	mu    sync.Mutex
	file  *appendfile.File
	state map[string]Checkpoint // the last one cosigned, by origin
}

// OpenWitness opens a witness whose memory is the file at path. The file grows
// by about 100 bytes a cosignature. A witness that loses it has lost its
// worth: it would cosign another history.
func OpenWitness(path string, cfg *WitnessConfig) (*Witness, error) {
	if cfg == nil || cfg.Now == nil {
		return nil, errors.New("evidence: a witness needs a WitnessConfig with all fields")
	}
	s, err := newSigner(cfg.Name, typeCosignature, cfg.Signer, cfg.Now)
	if err != nil {
		return nil, err
	}
	w := &Witness{signer: s, logs: map[string][]*verifier{}, state: map[string]Checkpoint{}}
	for _, text := range cfg.Logs {
		v, err := parseKey(text, typeEd25519)
		if err != nil {
			return nil, err
		}
		w.logs[v.name] = append(w.logs[v.name], v)
	}
	w.file, err = appendfile.Open(path, 8+32+255, func(record []byte) error {
		if len(record) < 8+32 {
			return errors.New("evidence: the file is not of a witness")
		}
		c := Checkpoint{Origin: string(record[40:]), Size: int64(binary.BigEndian.Uint64(record)), Root: [32]byte(record[8:40])}
		w.state[c.Origin] = c
		return nil
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Close closes the witness's file.
func (w *Witness) Close() error { return w.file.Close() }

// Key returns the public key of the witness, for [NewPolicy].
func (w *Witness) Key() string { return w.signer.text() }

// Cosign answers one add-checkpoint request [tlog-witness]: it returns the
// signature line, or one of this package's errors for witnesses.
func (w *Witness) Cosign(ctx context.Context, request []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	old, proof, signed, err := parseRequest(request)
	if err != nil {
		return nil, err
	}
	c, n, err := w.open(signed)
	if err != nil {
		return nil, err
	}
	if old > c.Size {
		return nil, fmt.Errorf("%w: the old size is larger than the new one", ErrRequest)
	}
	// Comparing and recording are one step, or a slower request could roll back
	// what a faster one recorded.
	w.mu.Lock()
	defer w.mu.Unlock()
	last, seen := w.state[c.Origin]
	if !seen {
		last = Checkpoint{Origin: c.Origin, Root: emptyRoot}
	}
	if old != last.Size || old == c.Size && c.Root != last.Root {
		return nil, &ConflictError{Size: last.Size}
	}
	if old == 0 {
		err = nil
		if len(proof) != 0 || c.Size == 0 && c.Root != emptyRoot {
			err = errors.New("from the empty log the proof is empty")
		}
	} else {
		err = CheckConsistency(last, c, proof)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInconsistent, err)
	}
	if !seen || c.Size > last.Size {
		record := binary.BigEndian.AppendUint64(nil, uint64(c.Size))
		record = append(append(record, c.Root[:]...), c.Origin...)
		if err := w.file.Append(record); err != nil {
			return nil, err
		}
		w.state[c.Origin] = c
	}
	cosigned, err := note.Sign(&note.Note{Text: n.Text}, w.signer)
	if err != nil {
		return nil, err
	}
	return cosigned[len(n.Text)+1:], nil
}

// open checks the log's signature. The origin is looked at first, since an
// unknown log and a bad signature have different answers.
func (w *Witness) open(signed []byte) (Checkpoint, *note.Note, error) {
	origin, _, _ := bytes.Cut(signed, []byte("\n"))
	keys := w.logs[string(origin)]
	if keys == nil {
		return Checkpoint{}, nil, ErrUnknownLog
	}
	n, err := note.Open(signed, verifiers(func(name string, id uint32) (note.Verifier, error) {
		i := slices.IndexFunc(keys, func(v *verifier) bool { return v.name == name && v.id == id })
		if i < 0 {
			return nil, &note.UnknownVerifierError{Name: name, KeyHash: id}
		}
		return keys[i], nil
	}))
	if err != nil {
		return Checkpoint{}, nil, ErrSignature
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return c, n, nil
}

// parseRequest reads the body of add-checkpoint.
func parseRequest(b []byte) (old int64, proof [][32]byte, signed []byte, err error) {
	if len(b) > maxCheckpoint {
		return 0, nil, nil, fmt.Errorf("%w: more than %d bytes", ErrRequest, maxCheckpoint)
	}
	head, signed, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.SplitN(string(head), "\n", 70)
	first, isOld := strings.CutPrefix(lines[0], "old ")
	if !ok || !isOld || len(lines) > 1+63 {
		return 0, nil, nil, fmt.Errorf("%w: it starts with an old size and at most 63 hashes", ErrRequest)
	}
	if old, err = parseSize(first); err != nil {
		return 0, nil, nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	for _, line := range lines[1:] {
		h, err := parseHash(line)
		if err != nil {
			return 0, nil, nil, fmt.Errorf("%w: %w", ErrRequest, err)
		}
		proof = append(proof, h)
	}
	return old, proof, signed, nil
}
