package evidence

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/dujiang-dev/dujiang/internal/appendfile"
)

// Config says whose log it is. All fields but Replay must be set.
type Config struct {
	// Origin names the log for ever; a URL without scheme is usual.
	Origin string
	// Signer is the log's Ed25519 key.
	Signer crypto.Signer
	// Replay, if set, is called by Open with each entry. A caller that keeps
	// records and salts in a file of its own, written before the log, finds by
	// it which of them a crash kept from the log.
	Replay func(index int64, c Commitment) error
}

// ErrUnpublished says that a record has no checkpoint yet: call [Log.Publish].
var ErrUnpublished = errors.New("evidence: the record is in no published checkpoint yet")

// ErrNotFound says that a tile is not in the published log.
var ErrNotFound = errors.New("evidence: no such tile in the published log")

// A Log is an open log. Its methods may be called from several goroutines.
type Log struct {
	policy *Policy // of the log alone
	signer *signer
	tree   *tree

	appending sync.Mutex // the order of entries is that of the tree
	entries   *appendfile.File
	err       error // the tree is not what the entries say

	publishing  sync.Mutex
	checkpoints *appendfile.File
	sizes       map[string]int64 // what each cosigner last saw

	latest atomic.Pointer[published]
}

type published struct {
	Checkpoint
	signed []byte
}

// maxBatch is the number of commitments in one record of the file of entries.
const maxBatch = 1 << 15

// Open opens the log in the folder dir, or starts one there. It recomputes the
// tree from the entries and compares it with the last checkpoint, so that a log
// that opens is the one that was published.
//
// The folder holds the files entries and checkpoints, which are the log, and
// the folder tile, which Open can make again.
func Open(dir string, cfg *Config) (_ *Log, err error) {
	if cfg == nil {
		return nil, errors.New("evidence: a log needs a Config with origin and signer")
	}
	s, err := newSigner(cfg.Origin, typeEd25519, cfg.Signer, nil)
	if err != nil {
		return nil, err
	}
	l := &Log{signer: s, policy: &Policy{log: &s.verifier}, sizes: map[string]int64{}}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if l.tree, err = openTree(filepath.Join(dir, "tile")); err != nil {
		return nil, err
	}
	var signed []byte
	l.checkpoints, err = appendfile.Open(filepath.Join(dir, "checkpoints"), maxCheckpoint, func(record []byte) error {
		signed = append(signed[:0], record...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	last := &published{Checkpoint: Checkpoint{Origin: cfg.Origin, Root: emptyRoot}}
	if signed != nil {
		c, err := l.policy.Checkpoint(signed)
		if err != nil {
			return nil, fmt.Errorf("%w: the last one in %s; has the log another origin or key?", err, dir)
		}
		last = &published{c, signed}
	}
	l.entries, err = appendfile.Open(filepath.Join(dir, "entries"), maxBatch*sha256.Size, func(record []byte) error {
		leaves, err := split(record)
		if err != nil {
			return err
		}
		for i, c := range leaves {
			if cfg.Replay != nil {
				if err := cfg.Replay(l.tree.size+int64(i), c); err != nil {
					return err
				}
			}
		}
		return l.tree.push(leaves)
	})
	if err != nil {
		return nil, err
	}
	if last.Size > l.tree.size {
		return nil, fmt.Errorf("evidence: the log in %s has %d entries, and %d were published: bring back the file entries from a copy", dir, l.tree.size, last.Size)
	}
	root, err := l.tree.root(last.Size)
	if err != nil {
		return nil, err
	}
	if root != last.Root {
		return nil, fmt.Errorf("evidence: the entries in %s are not those that were published: bring back the file entries from a copy", dir)
	}
	l.latest.Store(last)
	return l, nil
}

func split(record []byte) ([]Commitment, error) {
	if len(record)%sha256.Size != 0 {
		return nil, errors.New("evidence: the file entries is not of a log")
	}
	leaves := make([]Commitment, len(record)/sha256.Size)
	for i := range leaves {
		leaves[i] = Commitment(record[i*sha256.Size:])
	}
	return leaves, nil
}

// Close closes the log.
func (l *Log) Close() (err error) {
	for _, f := range []*appendfile.File{l.entries, l.checkpoints} {
		if f != nil {
			if e := f.Close(); err == nil {
				err = e
			}
		}
	}
	if l.tree != nil {
		if e := l.tree.close(); err == nil {
			err = e
		}
	}
	return err
}

// Append puts commitments into the log, one after another, and returns the
// index of the first when all are on the disk. Goroutines that append at the
// same time share the wait. After an error it is unknown which are in the log;
// open it again to see.
func (l *Log) Append(commitments ...Commitment) (first int64, err error) {
	l.appending.Lock()
	first, err = l.queue(commitments)
	l.appending.Unlock()
	if err != nil {
		return 0, err
	}
	return first, l.entries.Sync()
}

func (l *Log) queue(commitments []Commitment) (first int64, err error) {
	if l.err != nil {
		return 0, l.err
	}
	first = l.size()
	if int64(len(commitments)) > maxSize-first {
		return 0, errors.New("evidence: the log is full")
	}
	for len(commitments) > 0 {
		part := commitments[:min(len(commitments), maxBatch)]
		commitments = commitments[len(part):]
		record := make([]byte, 0, len(part)*sha256.Size)
		for _, c := range part {
			record = append(record, c[:]...)
		}
		if err := l.entries.Queue(record); err != nil {
			return 0, err
		}
		if err := l.tree.push(part); err != nil {
			l.err = fmt.Errorf("evidence: writing tiles failed, open the log again: %w", err)
			return 0, l.err
		}
	}
	return first, nil
}

// size returns the number of records, of which the last may not be on the disk.
func (l *Log) size() int64 {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	return l.tree.size
}

// Latest returns the last published checkpoint and its signed form, which is
// nil if none was published.
func (l *Log) Latest() (Checkpoint, []byte) {
	p := l.latest.Load()
	return p.Checkpoint, bytes.Clone(p.signed)
}

// A Cosigner is a witness, near or far. Key is its public key, of [WitnessKey];
// Cosign takes and returns what POST add-checkpoint does in tlog-witness, and
// fails with a [*ConflictError] if the witness last saw another size.
type Cosigner interface {
	Key() string
	Cosign(ctx context.Context, request []byte) (signatureLines []byte, err error)
}

// Publish signs a checkpoint over all records appended so far, asks the
// witnesses to cosign it, one after another, and makes it the latest. A witness
// that fails leaves the checkpoint without its cosignature, and its error is
// joined to the one that Publish returns; the checkpoint is valid all the same,
// and the readers' policies decide.
func (l *Log) Publish(ctx context.Context, witnesses ...Cosigner) (Checkpoint, error) {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	size := l.size()
	// Never sign what a crash could take back: the log would fork.
	if err := l.entries.Sync(); err != nil {
		return Checkpoint{}, err
	}
	root, err := l.tree.root(size)
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Origin: l.signer.name, Size: size, Root: root}
	signed, err := note.Sign(&note.Note{Text: c.text()}, l.signer)
	if err != nil {
		return Checkpoint{}, err
	}
	// On the disk before anyone sees it, so that after a crash a log that lost
	// entries does not open.
	if err := l.checkpoints.Append(signed); err != nil {
		return Checkpoint{}, err
	}
	var failed error
	cosigned := bytes.Clone(signed)
	for _, w := range witnesses {
		v, err := parseKey(w.Key(), typeCosignature)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		line, err := l.cosign(ctx, w, v, c, signed)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("evidence: witness %s: %w", v.name, err))
			continue
		}
		cosigned = append(cosigned, line...)
	}
	if len(cosigned) > len(signed) {
		if err := l.checkpoints.Append(cosigned); err != nil {
			return Checkpoint{}, err
		}
	}
	l.latest.Store(&published{c, cosigned})
	return c, failed
}

// cosign asks one witness, again if it saw another size than this log thought,
// and returns its signature line.
func (l *Log) cosign(ctx context.Context, w Cosigner, v *verifier, c Checkpoint, signed []byte) ([]byte, error) {
	old := l.sizes[w.Key()]
	for retry := true; ; retry = false {
		proof, err := l.Consistency(old, c.Size)
		if err != nil {
			return nil, err
		}
		answer, err := w.Cosign(ctx, formatRequest(old, proof, signed))
		if conflict, ok := errors.AsType[*ConflictError](err); ok && retry {
			if old = conflict.Size; old > c.Size {
				return nil, fmt.Errorf("it has cosigned %d records and the log has %d; was the log rolled back? %w", old, c.Size, err)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		line, err := pick(signed, answer, c, v)
		if err == nil {
			l.sizes[w.Key()] = c.Size
		}
		return line, err
	}
}

// pick returns the line of an answer that is the witness's own signature. Other
// lines are dropped: a bad signature under another one's name would make the
// checkpoint unreadable for all who know that name.
func pick(signed, answer []byte, c Checkpoint, v *verifier) ([]byte, error) {
	if len(answer) > maxCheckpoint {
		return nil, fmt.Errorf("%w: an answer of more than %d bytes", ErrInvalid, maxCheckpoint)
	}
	n, err := note.Open(append(bytes.Clone(signed), answer...), verifiers(func(name string, id uint32) (note.Verifier, error) {
		if name == v.name && id == v.id {
			return v, nil
		}
		return nil, &note.UnknownVerifierError{Name: name, KeyHash: id}
	}))
	if err != nil || n.Text != c.text() {
		return nil, fmt.Errorf("%w: the answer holds no signature of this witness", ErrInvalid)
	}
	return fmt.Appendf(nil, "— %s %s\n", n.Sigs[0].Name, n.Sigs[0].Base64), nil
}

// Consistency returns the proof that the log of the later size contains that of
// the earlier one, for [CheckConsistency]. Both are at most the number of
// records appended.
func (l *Log) Consistency(earlier, later int64) ([][32]byte, error) {
	if earlier < 0 || earlier > later || later > l.size() {
		return nil, fmt.Errorf("evidence: consistency from %d to %d records, the log has %d", earlier, later, l.size())
	}
	if earlier == 0 || earlier == later {
		return nil, nil
	}
	hashes, err := tlog.ProveTree(later, earlier, l.tree)
	proof := make([][32]byte, len(hashes))
	for i, h := range hashes {
		proof[i] = h
	}
	return proof, err
}

// Prove returns the one-file proof that the record is in the log at the index,
// under the latest checkpoint, with the record in it. The salt is the one it was
// committed with.
func (l *Log) Prove(index int64, salt Salt, record []byte) ([]byte, error) {
	return l.prove(&proof{index: index, salt: salt, attached: true, record: record}, record)
}

// ProveDetached is like Prove without the record in the proof.
func (l *Log) ProveDetached(index int64, salt Salt, record []byte) ([]byte, error) {
	return l.prove(&proof{index: index, salt: salt}, record)
}

func (l *Log) prove(p *proof, record []byte) ([]byte, error) {
	latest := l.latest.Load()
	switch {
	case p.index < 0 || len(record) > MaxRecord:
		return nil, fmt.Errorf("evidence: an index from 0 and a record of at most %d bytes are needed", MaxRecord)
	case p.index >= latest.Size:
		return nil, ErrUnpublished
	}
	var err error
	if p.hashes, err = tlog.ProveRecord(latest.Size, p.index, l.tree); err != nil {
		return nil, err
	}
	// A proof that nobody accepts shall be noticed here and not by its readers.
	leaf := p.salt.Commit(record)
	if tlog.CheckRecord(p.hashes, latest.Size, latest.Root, p.index, tlog.RecordHash(leaf[:])) != nil {
		return nil, fmt.Errorf("evidence: the log has another record or salt at index %d", p.index)
	}
	p.signed = latest.signed
	return p.append(make([]byte, 0, 2048)), nil
}

// Tile returns a resource of tlog-tiles by its path behind the log's prefix:
// tile/L/N, tile/L/N.p/W, tile/entries/N and tile/entries/N.p/W. It gives only
// what a published checkpoint covers; anything else is [ErrNotFound].
func (l *Log) Tile(path string) ([]byte, error) {
	level, n, width, ok := parseTilePath(path)
	if !ok {
		return nil, ErrNotFound
	}
	covered := l.latest.Load().Size >> (tileHeight * max(level, 0)) // hashes of the level
	if n > covered>>tileHeight || n<<tileHeight+int64(width) > covered {
		return nil, ErrNotFound
	}
	if level < 0 {
		return l.tree.bundle(n, width)
	}
	return l.tree.hashTile(level, n, width)
}

// formatRequest writes the body of add-checkpoint [tlog-witness].
func formatRequest(old int64, proof [][32]byte, signed []byte) []byte {
	b := fmt.Appendf(nil, "old %d\n", old)
	for _, h := range proof {
		b = append(b, tlog.Hash(h).String()...)
		b = append(b, '\n')
	}
	return append(append(b, '\n'), signed...)
}
