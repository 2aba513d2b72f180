package agreement

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// A Party is who takes part, by code and registered key.
//
// Code is text, since not everybody is registered: among nodes of the national data
// infrastructure it is that of an identity.Code or identity.Subject, which
// [ByCredentials] reads, and between two who pinned each other's keys it may be
// any name that both use. Codes of parties are compared byte by byte.
type Party struct {
	Code string         `json:"code"`
	Key  keys.PublicKey `json:"key"`
}

// Terms are what a contract says. Times are whole seconds of UTC.
type Terms struct {
	// ID is the contract's code. It is text, since which texts are an
	// identity.ContractCode depends on the identity.Profile of who reads it.
	ID       string    `json:"id"`
	Parties  []Party   `json:"parties,omitzero"`  // 2 to 64
	Programs []Digest  `json:"programs,omitzero"` // SHA-256 of what may be run
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"` // the first instant at which it is over

	// Policies are offers or agreements of the Dataspace Protocol, as
	// policy.Policy.DSP returns them. Each has a target, and an input can be
	// used only if it is the target of one; all that name it must allow its use, and
	// have at most policy.MaxRules rules together.
	Policies []json.RawMessage `json:"policies,omitzero"`
	Output   Output            `json:"output"`
}

// Output rules say what may leave a computation.
type Output struct {
	Receivers []string `json:"receivers,omitzero"` // codes of parties
	// MinCount is the smallest count, or number of rows, that is released.
	MinCount uint64 `json:"minCount"`
	// RoundTo is the number to whose multiples counts are rounded down; at 1
	// they stay what they are, and only then rows can be released.
	RoundTo uint64 `json:"roundTo"`
	// Sensitivity is by how much one person can change a count, where counts are
	// released with noise for differential privacy, and 0 where they are not. The
	// epsilon is the cost of the run, Statement.Cost, shared by its receivers. What
	// all runs cost together is bounded by the policies, with policy.PrivacyBudget.
	Sensitivity uint64 `json:"sensitivity,omitzero"`
}

// maxSensitivity keeps the scale of noise, for 64 receivers, in its range.
const maxSensitivity = 1 << 14

const (
	minParties  = 2
	maxParties  = 64
	maxPrograms = 256
	maxPolicies = 256
	maxCode     = 256
)

// Validate checks the terms. Signing and reading do this too.
func (t *Terms) Validate() error {
	switch {
	case !validCode(t.ID):
		return errors.New("agreement: the contract needs an ID without spaces")
	case len(t.Parties) < minParties || len(t.Parties) > maxParties:
		return fmt.Errorf("agreement: a contract has %d to %d parties", minParties, maxParties)
	case len(t.Programs) == 0 || len(t.Programs) > maxPrograms:
		return fmt.Errorf("agreement: a contract allows 1 to %d programs", maxPrograms)
	case len(t.Policies) > maxPolicies:
		return fmt.Errorf("agreement: a contract has at most %d policies", maxPolicies)
	case !whole(t.From) || !whole(t.Until) || !t.From.Before(t.Until):
		return errors.New("agreement: From and Until must be whole seconds of UTC, and in order")
	case t.Output.RoundTo == 0 || t.Output.RoundTo > 1<<53-1 || t.Output.MinCount > 1<<53-1:
		return errors.New("agreement: RoundTo is at least 1, which does not round; both numbers are below 2^53")
	case t.Output.Sensitivity > maxSensitivity:
		return fmt.Errorf("agreement: a sensitivity is at most %d", maxSensitivity)
	}
	for i, p := range t.Parties {
		if !validCode(p.Code) {
			return fmt.Errorf("agreement: party %d needs a code without spaces", i+1)
		}
		if p.Key.IsZero() {
			return fmt.Errorf("agreement: party %d has no key", i+1)
		}
		// Keys of other algorithms are checked by those who accept these.
		if p.Key.Algorithm() == keys.Ed25519().String() {
			if err := keys.Algorithms(nil).Check(p.Key); err != nil {
				return fmt.Errorf("agreement: party %d: %w", i+1, err)
			}
		}
		for _, q := range t.Parties[:i] {
			if p.Code == q.Code || p.Key == q.Key {
				return fmt.Errorf("agreement: party %d has the code or the key of another", i+1)
			}
		}
	}
	if err := t.subset("a receiver", t.Output.Receivers); err != nil {
		return err
	}
	return t.validatePolicies()
}

// validatePolicies reads the policies, and looks for contradictions among those
// about one target, as all of them must allow its use.
func (t *Terms) validatePolicies() error {
	together := make(map[string]*policy.Policy)
	for i := range t.Policies {
		p, err := policy.ParseDSP(t.Policies[i])
		if err != nil {
			return fmt.Errorf("agreement: policy %d: %w", i+1, err)
		}
		if p.Target == "" {
			return fmt.Errorf("agreement: policy %d has no target", i+1)
		}
		if conflicts := p.Conflicts(); len(conflicts) > 0 {
			return fmt.Errorf("agreement: policy %d contradicts itself: %s", i+1, conflicts[0])
		}
		all := together[p.Target]
		if all == nil {
			together[p.Target] = p
			continue
		}
		all.Permissions = append(all.Permissions, p.Permissions...)
		all.Prohibitions = append(all.Prohibitions, p.Prohibitions...)
		all.Obligations = append(all.Obligations, p.Obligations...)
		if err := all.Validate(); err != nil {
			return fmt.Errorf("agreement: policy %d, with those before it about the same target: %w", i+1, err)
		}
		if conflicts := all.Conflicts(); len(conflicts) > 0 {
			return fmt.Errorf("agreement: policy %d contradicts one before it about the same target: %s, counted over both", i+1, conflicts[0])
		}
	}
	return nil
}

// subset checks that codes are distinct and parties'.
func (t *Terms) subset(what string, codes []string) error {
	for i, code := range codes {
		if _, ok := t.party(code); !ok || slices.Contains(codes[:i], code) {
			return fmt.Errorf("agreement: %s is no party, or named twice", what)
		}
	}
	return nil
}

func (t *Terms) party(code string) (Party, bool) {
	i := slices.IndexFunc(t.Parties, func(p Party) bool { return p.Code == code })
	if i < 0 {
		return Party{}, false
	}
	return t.Parties[i], true
}

func validCode(s string) bool {
	return s != "" && len(s) <= maxCode && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\ufffd' })
}

func whole(t time.Time) bool {
	return t.Location() == time.UTC && t.Nanosecond() == 0 && t.Year() >= 1970 && t.Year() <= 9999
}

// Digest returns the hash of the terms, by which everything refers to them.
func (t *Terms) Digest() (Digest, error) {
	if err := t.Validate(); err != nil {
		return Digest{}, err
	}
	return digest("terms", t)
}

// An Offer is terms that one party proposes to the others, or answers an earlier
// offer with.
type Offer struct {
	Terms     Terms     `json:"terms"`
	Answers   Digest    `json:"answers"` // of the offer that this one counters, or zero
	Signature Signature `json:"signature"`
}

type offered struct {
	Terms   Digest `json:"terms"`
	Answers Digest `json:"answers"`
}

// NewOffer signs an offer; answers is the offer that it counters, or nil. To
// accept an offer, sign a Contract with its terms.
//
// Here and below, accepted are the algorithms of the parties' keys, and without
// any Ed25519 alone.
func NewOffer(terms Terms, answers *Offer, signer crypto.Signer, accepted ...keys.Algorithm) (*Offer, error) {
	o := &Offer{Terms: terms}
	var err error
	if answers != nil {
		if o.Answers, err = answers.Digest(accepted...); err != nil {
			return nil, err
		}
	}
	body, err := o.body()
	if err != nil {
		return nil, err
	}
	o.Signature, err = sign("offer", body, terms.Parties, signer, accepted)
	return o, err
}

func (o *Offer) body() (offered, error) {
	terms, err := o.Terms.Digest()
	return offered{terms, o.Answers}, err
}

// Digest verifies the offer's signature and returns its hash.
func (o *Offer) Digest(accepted ...keys.Algorithm) (Digest, error) {
	body, err := o.body()
	if err != nil {
		return Digest{}, err
	}
	p, ok := o.Terms.party(o.Signature.Party)
	if !ok {
		return Digest{}, fmt.Errorf("agreement: %w: the offer is of no party", ErrSignature)
	}
	if err := verifyAll("offer", body, []Party{p}, []Signature{o.Signature}, accepted); err != nil {
		return Digest{}, err
	}
	return digest("offer", body)
}

// A Contract is terms with the signatures of all parties.
type Contract struct {
	Terms      Terms       `json:"terms"`
	Signatures []Signature `json:"signatures,omitzero"`
}

// Sign adds the signature of the party whose key the signer has. Who signs must
// have seen to it that every party's key is the one registered for its code:
// from then on the key is the party.
func (c *Contract) Sign(signer crypto.Signer, accepted ...keys.Algorithm) error {
	if err := c.Terms.Validate(); err != nil {
		return err
	}
	s, err := sign("contract", &c.Terms, c.Terms.Parties, signer, accepted)
	if err == nil {
		c.Signatures = add(c.Signatures, s)
	}
	return err
}

// Verify checks that all parties signed, and that the contract is in its period.
func (c *Contract) Verify(at time.Time, accepted ...keys.Algorithm) error {
	if err := c.Terms.Validate(); err != nil {
		return err
	}
	if err := verifyAll("contract", &c.Terms, c.Terms.Parties, c.Signatures, accepted); err != nil {
		return err
	}
	if at.Before(c.Terms.From) || !at.Before(c.Terms.Until) {
		return fmt.Errorf("agreement: the contract: %w", ErrPeriod)
	}
	return nil
}

// MarshalBinary returns the contract as JSON.
func (c *Contract) MarshalBinary() ([]byte, error) { return marshal(c) }

// UnmarshalBinary reads a contract, signed or not; see Verify. On an error c is
// left as it was.
func (c *Contract) UnmarshalBinary(b []byte) error {
	var fresh Contract
	if err := strictjson.Decode(b, &fresh, maxDocument); err != nil {
		return fmt.Errorf("agreement: %w", err)
	}
	if err := fresh.Terms.Validate(); err != nil {
		return err
	}
	*c = fresh
	return nil
}

// A Termination ends a contract before its time. Any one party can sign it.
type Termination struct {
	Contract  Digest    `json:"contract"` // Terms.Digest
	At        time.Time `json:"at"`
	Signature Signature `json:"signature"`
}

type terminated struct {
	Contract Digest    `json:"contract"`
	At       time.Time `json:"at"`
}

// NewTermination signs the end of a contract.
func NewTermination(c *Contract, at time.Time, signer crypto.Signer, accepted ...keys.Algorithm) (*Termination, error) {
	d, err := c.Terms.Digest()
	if err != nil {
		return nil, err
	}
	if at = at.UTC().Truncate(time.Second); !whole(at) {
		return nil, errors.New("agreement: the time of the termination is out of range")
	}
	s, err := sign("termination", terminated{d, at}, c.Terms.Parties, signer, accepted)
	return &Termination{d, at, s}, err
}

// ends reports whether a termination is valid, of these terms, and in force.
func (t *Termination) ends(terms *Terms, contract Digest, at time.Time, accepted keys.Algorithms) bool {
	p, ok := terms.party(t.Signature.Party)
	return ok && t.Contract == contract && !at.Before(t.At) &&
		verifyAll("termination", terminated{t.Contract, t.At}, []Party{p}, []Signature{t.Signature}, accepted) == nil
}
