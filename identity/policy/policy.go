// Package policy says what may be done with data, and decides whether a request
// may go ahead.
//
// A [Policy] has permissions, prohibitions and obligations in the closed
// vocabulary of TC609-6-2025-14: 21 actions, 19 constraints, 12 operators. It is
// read and written in two spellings, that of the national data infrastructure
// ([Policy.NDI], [ParseNDI]) and that of the Dataspace Protocol 2025-1, a profile
// of ODRL 2.2 ([Policy.DSP], [ParseDSP]), without loss in either direction. What a
// foreign policy names outside the vocabulary is an expansion item, written
// "expansionItem:" and the foreign name.
//
// [Decide] is a pure function of policy, request and state. [Counters] is that
// state where it must outlive the process: uses and privacy budgets.
//
// A [Grant] is a W3C Verifiable Credential 2.0 that says who may hold, process or
// operate a resource, and [Rights] follows grants to the registries that one
// trusts. A [StatusList] takes grants back.
//
// # Security
//
// Everything is denied that no permission allows. A constraint has three values:
// one on which the request gives no fact, or facts that disagree, is neither
// true nor false. Permissions need truth, and prohibitions apply unless they are
// false, so that leaving out a fact never gains anything, and one that is told
// less exactly, a province for a city, escapes no prohibition. Facts are what the
// caller established; Decide cannot know whether they are true.
//
// Credentials are signed with Ed25519 in the suite eddsa-jcs-2022. No context is
// fetched, and a credential with anything unknown in it is refused. A revocation is
// known once the status list that has it has arrived; a list that is not of the
// time in question counts for nothing, and neither do grants that need it.
//
// # Leakage
//
// A [Decision] names rules and constraints, never the facts of the request. Who
// fetches a status list asks about at least 131,072 grants at once.
//
// # Cost
//
// Decide takes time linear in the policy, which has at most [MaxRules] rules and
// 64 kB. Counters hold 32 bytes a use, and up to 24 bytes for each of the last
// 10,000 uses of a key. A credential costs one Ed25519 verification, once; a right
// is explained by following at most 256 inputs for two steps.
//
// # References
//
// TC609-6-2025-14 and -15 (August 2025); W3C ODRL Information Model 2.2;
// Eclipse Dataspace Protocol 2025-1, contract-schema.json; W3C Verifiable
// Credentials Data Model 2.0 (vc-data-model-2.0), Data Integrity EdDSA
// Cryptosuites 1.0 (vc-di-eddsa), Bitstring Status List 1.0; RFC 8785.
package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxRules is how many rules a policy can have.
	MaxRules = 256

	maxBytes   = 1 << 16 // of an encoded policy
	maxNested  = 8       // logical constraints inside each other
	maxText    = 1 << 10 // of any one name or operand
	maxEntries = 1 << 10 // of constraints in a rule, and of operands in a set
)

// A Policy is what one side offers or both agreed upon. An Offer has no
// Assignee; an Agreement has one.
//
// Target, Assigner and Assignee are text, since they are IRIs in ODRL: among
// nodes of the national data infrastructure the text of an identity.Code and two
// of identity.Subject, and in other data spaces whatever names things there. They
// are compared byte by byte.
type Policy struct {
	ID        string   // an IRI
	Profile   []string // IRIs of what is used beyond ODRL
	Target    string   // the resource; empty where the context says it
	Assigner  string   // who gives
	Assignee  string   // who is given
	Timestamp string   // RFC 3339, of an agreement

	Permissions, Prohibitions, Obligations []Rule
}

// A Rule is about one action, under constraints of which all must hold.
type Rule struct {
	Action      Action
	Constraints []Constraint
	// Duties are what must be done before what is permitted, to remedy what
	// was prohibited, or in consequence of an obligation that was not met.
	Duties []Rule
}

// A Constraint is either a comparison, with Left, Operator and Right, or
// combines others, with Logic and Of.
type Constraint struct {
	Left     Operand
	Operator Operator
	Right    []string // one, or a set for isAllOf, isAnyOf and isNoneOf

	Logic Logic
	Of    []Constraint
}

// Validate checks that the policy is within the vocabulary and the limits.
// Encoding, decoding and [Decide] do this too.
func (p *Policy) Validate() error {
	if p.ID == "" {
		return errors.New("policy: the policy has no ID")
	}
	for _, field := range [][2]string{{"ID", p.ID}, {"Target", p.Target}, {"Assigner", p.Assigner}, {"Assignee", p.Assignee}} {
		if !writable(field[1]) {
			return fmt.Errorf("policy: %s is longer than %d bytes, or not UTF-8", field[0], maxText)
		}
	}
	for _, profile := range p.Profile {
		if profile == "" || !writable(profile) {
			return fmt.Errorf("policy: a Profile is empty, longer than %d bytes, or not UTF-8", maxText)
		}
	}
	switch {
	case p.Assignee != "" && (p.Target == "" || p.Assigner == ""):
		return errors.New("policy: an agreement needs a Target and an Assigner besides the Assignee")
	case p.Assignee == "" && (p.Assigner != "" || p.Timestamp != ""):
		return errors.New("policy: an offer has neither Assigner nor Timestamp; an agreement has an Assignee")
	case len(p.Permissions)+len(p.Prohibitions) == 0:
		return errors.New("policy: there must be a permission or a prohibition")
	}
	if p.Timestamp != "" {
		if _, err := time.Parse(time.RFC3339, p.Timestamp); err != nil {
			return errors.New("policy: Timestamp is not in the form of RFC 3339")
		}
	}
	count := 0
	for _, kind := range p.kinds() {
		for i, r := range kind.rules {
			if err := r.validate(&count, false); err != nil {
				return fmt.Errorf("policy: %s %d: %w", kind.name, i+1, err)
			}
		}
	}
	if count > MaxRules {
		return fmt.Errorf("policy: more than %d rules", MaxRules)
	}
	return nil
}

type kind struct {
	name, duty string // as ODRL spells them
	rules      []Rule
}

func (p *Policy) kinds() [3]kind {
	return [3]kind{
		{"permission", "duty", p.Permissions},
		{"prohibition", "remedy", p.Prohibitions},
		{"obligation", "consequence", p.Obligations},
	}
}

func (r *Rule) validate(count *int, duty bool) error {
	*count++
	if !r.Action.valid() {
		return errors.New("the action is not in the vocabulary")
	}
	entries := 0
	for i := range r.Constraints {
		if err := r.Constraints[i].validate(0, &entries); err != nil {
			return fmt.Errorf("constraint %d: %w", i+1, err)
		}
	}
	if duty && len(r.Duties) > 0 {
		return errors.New("a duty has duties of its own")
	}
	for i := range r.Duties {
		if err := r.Duties[i].validate(count, true); err != nil {
			return fmt.Errorf("duty %d: %w", i+1, err)
		}
	}
	return nil
}

func (c *Constraint) validate(depth int, entries *int) error {
	*entries += 1 + len(c.Right)
	if *entries > maxEntries {
		return fmt.Errorf("more than %d constraints and operands", maxEntries)
	}
	if c.Logic != "" {
		switch {
		case !slices.Contains(logics, c.Logic):
			return errors.New("the logic is none of and, or, xone, andSequence")
		case c.Left != "" || c.Operator != "" || c.Right != nil:
			return errors.New("a constraint compares or combines, not both")
		case len(c.Of) == 0:
			return errors.New("nothing is combined")
		case depth == maxNested:
			return fmt.Errorf("nested deeper than %d", maxNested)
		}
		for i := range c.Of {
			if err := c.Of[i].validate(depth+1, entries); err != nil {
				return err
			}
		}
		return nil
	}
	switch {
	case c.Of != nil:
		return errors.New("constraints are combined without a logic")
	case !c.Left.valid():
		return errors.New("the left operand is not in the vocabulary")
	case !slices.Contains(operators, c.Operator):
		return errors.New("the operator is not in the vocabulary")
	case len(c.Right) == 0 || len(c.Right) > 1 && !c.Operator.set():
		return fmt.Errorf("%s has %d right operands", c.Operator, len(c.Right))
	}
	for _, right := range c.Right {
		if !writable(right) {
			return fmt.Errorf("a right operand is longer than %d bytes, or not UTF-8", maxText)
		}
	}
	return checkOperand(c)
}

// writable reports whether a text can be written as JSON without loss.
func writable(text string) bool { return len(text) <= maxText && utf8.ValidString(text) }

// clean reports whether a name can be written anywhere.
func clean(name string) bool {
	return name != "" && len(name) <= maxText && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\ufffd' })
}
