package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dujiang-dev/dujiang/identity/agreement"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// key is fixed, like all that is signed, so that each process can sign for all: how
// parties send each other what they sign is nothing to measure. Ed25519 is
// deterministic, and so all have the same signatures.
func (j *gateJob) key(side int) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(j.sides()[side]))
	return ed25519.NewKeyFromSeed(seed[:])
}

// signedAt is when everything was signed, and is used.
var signedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (p *gateParty) prepare() (err error) {
	if p.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	origin := fmt.Sprintf("log%d.example/evidence", p.self)
	if p.log, err = evidence.Open(filepath.Join(p.folder, "log"), &evidence.Config{Origin: origin, Signer: p.key(p.self)}); err != nil {
		return err
	}
	if p.counts, err = policy.OpenCounters(filepath.Join(p.folder, "used")); err != nil {
		return err
	}
	p.gate = &agreement.Config{
		Signer:   p.key(p.self),
		Now:      func() time.Time { return signedAt.Add(time.Minute) },
		Counters: p.counts,
		// There are no credentials: to check them is what an identity job does.
		Rights: func(context.Context, agreement.Party, agreement.Input, time.Time) error { return nil },
		Record: func(record []byte) (err error) {
			p.index, err = p.log.Append(evidence.NewSalt().Commit(record))
			return err
		},
	}
	return nil
}

// agree returns what all have signed: a contract, and the start of a run.
func (j *gateJob) agree() (*agreement.Contract, *agreement.Start, error) {
	codes := j.sides()
	program := agreement.Digest(sha256.Sum256([]byte("bench")))
	terms := agreement.Terms{
		ID: "bench", Programs: []agreement.Digest{program}, From: signedAt, Until: signedAt.AddDate(1, 0, 0),
		Output: agreement.Output{Receivers: codes[:1], MinCount: 1, RoundTo: 1},
	}
	statement := agreement.Statement{
		Program: program, Parties: codes, Environment: "03", Receivers: codes[:1],
		From: signedAt, Until: signedAt.Add(time.Hour), Nonce: program,
	}
	for side, code := range codes {
		key, err := keys.Algorithms(nil).Public(j.key(side))
		if err != nil {
			return nil, nil, err
		}
		terms.Parties = append(terms.Parties, agreement.Party{Code: code, Key: key})
		target := fmt.Sprintf("table/%d", side)
		rules := policy.Policy{ID: "urn:bench:" + target, Target: target, Permissions: []policy.Rule{{
			Action:      "compute",
			Constraints: []policy.Constraint{{Left: "count", Operator: "lteq", Right: []string{"1"}}},
		}}}
		offer, err := rules.DSP()
		if err != nil {
			return nil, nil, err
		}
		terms.Policies = append(terms.Policies, offer)
		statement.Inputs = append(statement.Inputs, agreement.Input{Party: code, Ref: target + "@1", Target: target})
	}
	contract, start := &agreement.Contract{Terms: terms}, &agreement.Start{Statement: statement}
	var err error
	if start.Statement.Contract, err = terms.Digest(); err != nil {
		return nil, nil, err
	}
	for side := range codes {
		if err := errors.Join(contract.Sign(j.key(side)), start.Sign(contract, j.key(side))); err != nil {
			return nil, nil, err
		}
	}
	return contract, start, nil
}
