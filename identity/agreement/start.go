package agreement

import (
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

// A Statement says what one run is to be. All its parties sign the same one.
type Statement struct {
	Contract    Digest    `json:"contract"` // Terms.Digest
	Program     Digest    `json:"program"`
	Inputs      []Input   `json:"inputs,omitzero"`
	Parties     []string  `json:"parties,omitzero"`   // codes of those who run it
	Environment string    `json:"environment"`        // executionEnv: "03" secure computation, "04" federated learning, "05" TEE, ...
	Receivers   []string  `json:"receivers,omitzero"` // codes of those who learn the result
	Cost        uint64    `json:"cost"`               // of the privacy budget, in millionths of epsilon
	From        time.Time `json:"from"`
	Until       time.Time `json:"until"` // when the statement can no longer be used
	Nonce       Digest    `json:"nonce"` // random, so that no two runs are the same
}

// An Input is what a party brings.
//
// Ref and Target are text, since policies name their targets by any IRI. Where one
// of them is the text of an identity.Ref or identity.Code, so is the other, and
// both have the same code, so that no policy is asked about other data than those
// that are used. Otherwise they are names that the parties agreed on.
type Input struct {
	Party  string `json:"party"`
	Ref    string `json:"ref"`    // of the state that is used
	Target string `json:"target"` // what is used, as policies name it
}

// consistent reports whether reference and target have one code, or neither has
// any.
func (in *Input) consistent() bool {
	ref, errRef := identity.ParseRef(in.Ref)
	target, errTarget := identity.Parse(in.Target)
	return errRef != nil && errTarget != nil || errRef == nil && errTarget == nil && ref.Code == target
}

// NewNonce returns what the one who drafts a Statement puts into it.
func NewNonce() (nonce Digest) {
	rand.Read(nonce[:]) // cannot fail
	return nonce
}

// A Start is a statement with signatures.
type Start struct {
	Statement  Statement   `json:"statement"`
	Signatures []Signature `json:"signatures,omitzero"`
}

const maxInputs = 1024

// check compares the statement with the terms of its contract.
func (s *Statement) check(t *Terms) error {
	contract, err := t.Digest()
	if err != nil {
		return err
	}
	fail := func(text string) error { return fmt.Errorf("agreement: %w: %s", ErrTerms, text) }
	switch {
	case s.Contract != contract:
		return fail("it is about another contract, or the contract was changed")
	case !slices.Contains(t.Programs, s.Program):
		return fail("the contract does not allow the program")
	case len(s.Parties) < minParties || t.subset("", s.Parties) != nil:
		return fail("its parties are not two or more different parties of the contract")
	case t.subset("", s.Receivers) != nil:
		return fail("a receiver is no party of the contract, or named twice")
	case len(s.Inputs) > maxInputs:
		return fail("it has too many inputs")
	case s.Environment == "" || len(s.Environment) > maxCode:
		return fail("it names no execution environment")
	case s.Cost > 1<<53-1:
		return fail("its cost is beyond all budgets")
	case t.Output.Sensitivity > 0 && s.Cost == 0:
		return fail("its results get noise, and it spends none of the privacy budget")
	case s.Nonce == Digest{}:
		return fail("its nonce is missing")
	case !whole(s.From) || !whole(s.Until) || !s.From.Before(s.Until):
		return errors.New("agreement: From and Until must be whole seconds of UTC, and in order")
	}
	for _, receiver := range s.Receivers {
		if !slices.Contains(t.Output.Receivers, receiver) {
			return fail("a receiver is none of the contract's")
		}
		if !slices.Contains(s.Parties, receiver) {
			return fail("a receiver takes no part in the run")
		}
	}
	for i, input := range s.Inputs {
		if !slices.Contains(s.Parties, input.Party) || !validCode(input.Ref) || !validCode(input.Target) {
			return fail(fmt.Sprintf("input %d has no party of the run, or no name", i+1))
		}
		if !input.consistent() {
			return fail(fmt.Sprintf("input %d: Ref is not of the code that Target is; write the code as Target, and it with @ and a version or digest as Ref", i+1))
		}
	}
	return nil
}

// Sign adds the signature of the party whose key the signer has, after comparing
// the statement with the contract. Who signs must have read what it says.
func (s *Start) Sign(c *Contract, signer crypto.Signer, accepted ...keys.Algorithm) error {
	if err := s.Statement.check(&c.Terms); err != nil {
		return err
	}
	signature, err := sign("start", &s.Statement, s.parties(&c.Terms), signer, accepted)
	if err == nil {
		s.Signatures = add(s.Signatures, signature)
	}
	return err
}

func (s *Start) parties(t *Terms) (parties []Party) {
	for _, code := range s.Statement.Parties {
		p, _ := t.party(code)
		parties = append(parties, p)
	}
	return parties
}

// verify checks the statement and everybody's signatures, and returns the hash of
// it all.
func (s *Start) verify(c *Contract, at time.Time, accepted keys.Algorithms) (Digest, error) {
	if err := s.Statement.check(&c.Terms); err != nil {
		return Digest{}, err
	}
	if err := verifyAll("start", &s.Statement, s.parties(&c.Terms), s.Signatures, accepted); err != nil {
		return Digest{}, err
	}
	if at.Before(s.Statement.From) || !at.Before(s.Statement.Until) {
		return Digest{}, fmt.Errorf("agreement: the start statement: %w", ErrPeriod)
	}
	// The order in which signatures came in does not matter.
	sorted := Start{s.Statement, slices.Clone(s.Signatures)}
	slices.SortFunc(sorted.Signatures, func(a, b Signature) int {
		return slices.Index(s.Statement.Parties, a.Party) - slices.Index(s.Statement.Parties, b.Party)
	})
	return digest("started", &sorted)
}

// MarshalBinary returns the start as JSON.
func (s *Start) MarshalBinary() ([]byte, error) { return marshal(s) }

// UnmarshalBinary reads a start, signed or not; Authorize verifies it. On an error
// s is left as it was.
func (s *Start) UnmarshalBinary(b []byte) error {
	var fresh Start
	if err := strictjson.Decode(b, &fresh, maxDocument); err != nil {
		return fmt.Errorf("agreement: %w", err)
	}
	*s = fresh
	return nil
}
