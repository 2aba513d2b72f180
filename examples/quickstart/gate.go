package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/dujiang-dev/dujiang/identity/agreement"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// A member is what a party needs to sign and to pass the gate: a key, a count of
// what was used, and a log of evidence.
type member struct {
	party    agreement.Party
	gate     *agreement.Config
	counters *policy.Counters
	log      *evidence.Log
	logKey   string
	record   []byte // of the gate, last
	salt     evidence.Salt
	index    int64
}

func newMember(code, dir string) (*member, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	m := &member{party: agreement.Party{Code: code}}
	if m.party.Key, err = keys.Algorithms(nil).Public(private); err != nil {
		return nil, err
	}
	// The log has a key of its own in earnest.
	origin := code + ".example/evidence"
	if m.logKey, err = evidence.LogKey(origin, public); err != nil {
		return nil, err
	}
	if m.log, err = evidence.Open(filepath.Join(dir, code+".log"), &evidence.Config{Origin: origin, Signer: private}); err != nil {
		return nil, err
	}
	if m.counters, err = policy.OpenCounters(filepath.Join(dir, code+".used")); err != nil {
		return nil, errors.Join(err, m.log.Close())
	}
	m.gate = &agreement.Config{
		Signer:   private,
		Now:      time.Now,
		Counters: m.counters,
		// Each brings its own table here, so there is no credential to check.
		Rights: func(_ context.Context, party agreement.Party, input agreement.Input, _ time.Time) error {
			if party.Code != input.Party {
				return errors.New("the table is another's")
			}
			return nil
		},
		Record: func(record []byte) (err error) {
			m.record, m.salt = record, evidence.NewSalt()
			m.index, err = m.log.Append(m.salt.Commit(record))
			return err
		},
	}
	return m, nil
}

func (m *member) close() error { return errors.Join(m.counters.Close(), m.log.Close()) }

// prove returns a file that proves what happened at the gate, and what somebody
// who knows the log's key reads from it, with no network.
func (m *member) prove(ctx context.Context) (file []byte, event string, err error) {
	if _, err := m.log.Publish(ctx); err != nil {
		return nil, "", err
	}
	if file, err = m.log.Prove(m.index, m.salt, m.record); err != nil {
		return nil, "", err
	}
	reader, err := evidence.NewPolicy(m.logKey, 0) // no witnesses in one process
	if err != nil {
		return nil, "", err
	}
	verified, err := reader.Verify(file)
	if err != nil {
		return nil, "", err
	}
	var record struct{ Event, Self, Peer string }
	err = json.Unmarshal(verified.Record, &record)
	return file, fmt.Sprintf("%s the channel to %s", record.Event, record.Peer), err
}

// agree has both sign a contract for a year, and a statement that starts one run.
func agree(a, b *member, receiver string, minCount uint64) (*agreement.Contract, *agreement.Start, error) {
	today := time.Now().UTC().Truncate(time.Second)
	program := agreement.Digest(sha256.Sum256([]byte("quickstart: people known to both")))
	terms := agreement.Terms{
		ID:       "quickstart",
		Parties:  []agreement.Party{a.party, b.party},
		Programs: []agreement.Digest{program},
		From:     today,
		Until:    today.AddDate(1, 0, 0),
		Output:   agreement.Output{Receivers: []string{receiver}, MinCount: minCount, RoundTo: 1},
	}
	statement := agreement.Statement{
		Program:     program,
		Parties:     []string{a.party.Code, b.party.Code},
		Environment: "03",
		Receivers:   terms.Output.Receivers,
		From:        today,
		Until:       today.Add(time.Hour),
		Nonce:       agreement.NewNonce(),
	}
	for _, m := range []*member{a, b} {
		target := m.party.Code + "/people"
		p := policy.Policy{ID: "urn:quickstart:" + m.party.Code, Target: target, Permissions: []policy.Rule{{
			Action: "compute",
			Constraints: []policy.Constraint{
				{Left: "executionEnv", Operator: "eq", Right: []string{"03"}},
				{Left: "count", Operator: "lteq", Right: []string{"1"}},
			},
		}}}
		rules, err := p.DSP()
		if err != nil {
			return nil, nil, err
		}
		terms.Policies = append(terms.Policies, rules)
		statement.Inputs = append(statement.Inputs, agreement.Input{Party: m.party.Code, Ref: target + "@1", Target: target})
	}
	contract, start := &agreement.Contract{Terms: terms}, &agreement.Start{Statement: statement}
	var err error
	if start.Statement.Contract, err = terms.Digest(); err != nil {
		return nil, nil, err
	}
	for _, m := range []*member{a, b} {
		if err := errors.Join(contract.Sign(m.gate.Signer), start.Sign(contract, m.gate.Signer)); err != nil {
			return nil, nil, err
		}
	}
	return contract, start, nil
}
