package evidence

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The form of the one-file proof [tlog-proof].
const proofHeader = "c2sp.org/tlog-proof@v1"

// The extra line holds one of these, the salt, and the record if it is attached.
const (
	detached = 0
	attached = 1
)

// MaxRecord is the most bytes of a record in a proof.
const MaxRecord = 1 << 20

const maxProof = 2*MaxRecord + maxCheckpoint

// ErrDetached says that a proof does not hold its record.
var ErrDetached = errors.New("evidence: the proof does not hold its record; verify it with VerifyDetached and the record")

// Verified is what a proof proves.
type Verified struct {
	Record     []byte
	Index      int64 // of the record in the log, from 0
	Checkpoint Checkpoint
}

type proof struct {
	salt     Salt
	attached bool
	record   []byte
	index    int64
	hashes   tlog.RecordProof
	signed   []byte // the checkpoint
}

func (p *proof) append(b []byte) []byte {
	b = append(b, proofHeader+"\nextra "...)
	extra := make([]byte, 0, 1+len(p.salt)+len(p.record))
	if p.attached {
		extra = append(append(append(extra, attached), p.salt[:]...), p.record...)
	} else {
		extra = append(append(extra, detached), p.salt[:]...)
	}
	b = base64.StdEncoding.AppendEncode(b, extra)
	b = append(b, "\nindex "...)
	b = strconv.AppendInt(b, p.index, 10)
	for _, h := range p.hashes {
		b = append(b, '\n')
		b = base64.StdEncoding.AppendEncode(b, h[:])
	}
	return append(append(b, "\n\n"...), p.signed...)
}

// parseProof reads what append writes, byte for byte.
func parseProof(b []byte) (*proof, error) {
	if len(b) > maxProof {
		return nil, fmt.Errorf("%w: a proof of more than %d bytes", ErrInvalid, maxProof)
	}
	head, signed, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.SplitN(string(head), "\n", 70)
	if !ok || len(lines) < 3 || lines[0] != proofHeader {
		return nil, fmt.Errorf("%w: this is no complete proof of the form %s", ErrInvalid, proofHeader)
	}
	p := &proof{signed: signed}
	encoded, ok := strings.CutPrefix(lines[1], "extra ")
	extra, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || strings.Contains(encoded, "\r") || len(extra) < 1+len(p.salt) {
		return nil, fmt.Errorf("%w: the extra line holds no salt", ErrInvalid)
	}
	p.salt = Salt(extra[1 : 1+len(p.salt)])
	p.record = extra[1+len(p.salt):]
	switch {
	case extra[0] == attached && len(p.record) <= MaxRecord:
		p.attached = true
	case extra[0] == detached && len(p.record) == 0:
	default:
		return nil, fmt.Errorf("%w: the extra line is of no known kind", ErrInvalid)
	}
	index, ok := strings.CutPrefix(lines[2], "index ")
	if !ok {
		return nil, fmt.Errorf("%w: the index is missing", ErrInvalid)
	}
	if p.index, err = parseSize(index); err != nil {
		return nil, err
	}
	if len(lines) > 3+64 {
		return nil, fmt.Errorf("%w: more hashes than any tree has levels", ErrInvalid)
	}
	for _, line := range lines[3:] {
		h, err := parseHash(line)
		if err != nil {
			return nil, err
		}
		p.hashes = append(p.hashes, h)
	}
	return p, nil
}

// Verify checks a proof and returns the record in it with its place. It needs
// nothing but the proof and the policy. The error wraps [ErrInvalid], or is
// [ErrDetached].
func (p *Policy) Verify(proof []byte) (*Verified, error) {
	parsed, err := parseProof(proof)
	if err != nil {
		return nil, err
	}
	if !parsed.attached {
		return nil, ErrDetached
	}
	return p.verify(parsed, parsed.record)
}

// VerifyDetached checks a proof that record is in the log. A proof that holds
// its record must hold this one.
func (p *Policy) VerifyDetached(proof, record []byte) (*Verified, error) {
	parsed, err := parseProof(proof)
	if err != nil {
		return nil, err
	}
	if parsed.attached && !bytes.Equal(parsed.record, record) {
		return nil, fmt.Errorf("%w: the proof holds another record", ErrInvalid)
	}
	return p.verify(parsed, record)
}

func (p *Policy) verify(proof *proof, record []byte) (*Verified, error) {
	c, err := p.Checkpoint(proof.signed)
	if err != nil {
		return nil, err
	}
	leaf := proof.salt.Commit(record)
	if tlog.CheckRecord(proof.hashes, c.Size, c.Root, proof.index, tlog.RecordHash(leaf[:])) != nil {
		return nil, fmt.Errorf("%w: the record is not at index %d of the log", ErrInvalid, proof.index)
	}
	return &Verified{Record: record, Index: proof.index, Checkpoint: c}, nil
}
