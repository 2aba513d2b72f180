package directory

import (
	"errors"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

// Prove returns the offline proof of a code's record: one file of text with the
// record, its owner's signature, and its place in the latest published
// checkpoint of the log.
func (d *Directory) Prove(code identity.Code) ([]byte, error) {
	if d.cfg.Log == nil {
		return nil, errors.New("directory: this directory has no evidence log and hence no proofs")
	}
	d.mu.RLock()
	id, ok := d.byCode[code]
	if !ok {
		d.mu.RUnlock()
		return nil, ErrNotFound
	}
	e := d.entries[id]
	d.mu.RUnlock()
	s, salt, err := e.decode()
	if err != nil {
		return nil, err
	}
	if e.index < 0 {
		return nil, evidence.ErrUnpublished
	}
	return d.cfg.Log.Prove(e.index, salt, s.Leaf())
}

// VerifyProof checks a proof of [Directory.Prove] without any network: that the
// log and enough witnesses of the policy cover it, and that verify accepts the
// owner's signature. A newer version of the record may exist; how old an answer
// may be is for the caller to decide, by the checkpoint.
func VerifyProof(p *evidence.Policy, proof []byte, verify Verifier) (*Signed, *evidence.Verified, error) {
	v, err := p.Verify(proof)
	if err != nil {
		return nil, nil, err
	}
	var s Signed
	if err := strictjson.Decode(v.Record, &s, evidence.MaxRecord); err != nil {
		return nil, nil, err
	}
	statement, err := s.Record.Statement()
	if err != nil {
		return nil, nil, err
	}
	if string(s.Leaf()) != string(v.Record) {
		return nil, nil, errors.New("directory: the proof's record is not in canonical form")
	}
	if err := verify(&s.Record, statement, s.Signature); err != nil {
		return nil, nil, err
	}
	return &s, v, nil
}
