// Package dsp has the messages of the Dataspace Protocol 2025-1: version, catalogue
// and contract negotiation, which package api serves, and the transfer process, for
// those whose data planes move data under the same agreements.
//
// Messages are written with encoding/json and read with [Decode], which checks
// what the published JSON schemas do, and is stricter in one thing: names that
// the schemas do not know are refused instead of passed over, since a policy
// that is not understood must not be taken for a wider one.
//
// JSON-LD is read as the schemas spell it, as plain JSON. No context is ever
// loaded from a network. [State.Next] is the state machine of a negotiation, and
// [TransferState.Next] that of a transfer.
//
// # Security
//
// What Decode accepts is well formed and means nothing yet: whose message it is,
// and whether it may be sent, package api and its Negotiator decide. Do not
// fetch a callback address before it was compared with the registered one of
// its sender.
//
// # References
//
// Dataspace Protocol 2025-1, Eclipse Dataspace Working Group; ODRL 2.2.
package dsp

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

// Context is the one context that each message must name.
const Context = "https://w3id.org/dspace/2025/1/context.jsonld"

// MaxMessage is the most bytes of a message that Decode reads.
const MaxMessage = 64 << 10

// ErrMessage says that a message is not of the form that the protocol demands.
var ErrMessage = errors.New("dsp: malformed message")

// A Message is one of this package's messages.
type Message interface {
	check() error
}

// Decode reads a message of the type that m points to. The error wraps
// [ErrMessage].
func Decode(b []byte, m Message) error {
	if err := strictjson.Decode(b, m, MaxMessage); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return m.check()
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMessage, fmt.Sprintf(format, args...))
}

// head checks the context and the type of a message.
func head(context []string, typ, want string) error {
	if !slices.Contains(context, Context) {
		return malformed("@context does not name %s", Context)
	}
	if typ != want {
		return malformed("@type is not %s", want)
	}
	return nil
}

// need refuses empty fields; they come in pairs of name and value.
func need(fields ...string) error {
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] == "" {
			return malformed("%s is missing", fields[i])
		}
	}
	return nil
}

// hollow reports a list that is there and empty, which most schemas refuse.
func hollow[T any](list []T) bool { return list != nil && len(list) == 0 }

// Versions answers GET /.well-known/dspace-version.
type Versions struct {
	ProtocolVersions []Version `json:"protocolVersions"`
}

// A Version is one version of the protocol and where it is served.
type Version struct {
	Version        string `json:"version"`
	Path           string `json:"path"`
	Binding        string `json:"binding"` // HTTPS
	IdentifierType string `json:"identifierType,omitempty"`
	ServiceID      string `json:"serviceId,omitempty"`
	Auth           *Auth  `json:"auth,omitempty"`
}

// Auth says how senders of messages are recognised.
type Auth struct {
	Protocol string   `json:"protocol"`
	Version  string   `json:"version"`
	Profile  []string `json:"profile,omitempty"`
}

func (v *Versions) check() error {
	if len(v.ProtocolVersions) == 0 {
		return malformed("protocolVersions is empty")
	}
	for _, one := range v.ProtocolVersions {
		if err := need("version", one.Version, "path", one.Path); err != nil {
			return err
		}
		if one.Binding != "HTTPS" {
			return malformed("binding is not HTTPS")
		}
		if one.Auth != nil {
			if err := need("auth.protocol", one.Auth.Protocol, "auth.version", one.Auth.Version); err != nil {
				return err
			}
		}
	}
	return nil
}

// A Policy is an offer or an agreement in ODRL, as the protocol spells it.
type Policy struct {
	ID          string          `json:"@id"`
	Type        string          `json:"@type"`             // Offer or Agreement
	Profile     json.RawMessage `json:"profile,omitempty"` // a string or strings
	Target      string          `json:"target,omitempty"`
	Assigner    string          `json:"assigner,omitempty"`
	Assignee    string          `json:"assignee,omitempty"`
	Timestamp   string          `json:"timestamp,omitempty"`
	Permission  []Rule          `json:"permission,omitempty"`
	Prohibition []Rule          `json:"prohibition,omitempty"`
	Obligation  []Rule          `json:"obligation,omitempty"`
}

// A Rule is a permission, prohibition or duty.
type Rule struct {
	Action     string       `json:"action"`
	Constraint []Constraint `json:"constraint,omitempty"`
}

// A Constraint is atomic, with two operands and an operator, or one of the four
// ways to combine others.
type Constraint struct {
	LeftOperand  string          `json:"leftOperand,omitempty"`
	Operator     string          `json:"operator,omitempty"`
	RightOperand json.RawMessage `json:"rightOperand,omitempty"` // a string, an object or an array

	And         []Constraint `json:"and,omitempty"`
	AndSequence []Constraint `json:"andSequence,omitempty"`
	Or          []Constraint `json:"or,omitempty"`
	Xone        []Constraint `json:"xone,omitempty"`
}

// operators are those of the schema, in which term-lteq stands beside lteq.
var operators = []string{"eq", "gt", "gteq", "lteq", "hasPart", "isA", "isAllOf", "isAnyOf", "isNoneOf", "isPartOf", "lt", "term-lteq", "neq"}

// checkOffer checks an offer. Of the schemas' two kinds, the one in a catalogue
// has no target, as the dataset that it hangs on is that, and the one in a message
// may have one.
func (p *Policy) checkOffer(inMessage bool) error {
	if p.Type != "Offer" || p.Assigner != "" || p.Assignee != "" || p.Timestamp != "" {
		return malformed("an offer has the type Offer, and no assigner, assignee or timestamp")
	}
	if !inMessage && p.Target != "" {
		return malformed("an offer in a catalogue has no target")
	}
	return p.checkRules()
}

func (p *Policy) checkAgreement() error {
	if p.Type != "Agreement" {
		return malformed("@type of an agreement is not Agreement")
	}
	if err := need("target", p.Target, "assigner", p.Assigner, "assignee", p.Assignee); err != nil {
		return err
	}
	if p.Timestamp != "" {
		if _, err := time.Parse(time.RFC3339, p.Timestamp); err != nil {
			return malformed("timestamp of an agreement is no date and time with zone")
		}
	}
	return p.checkRules()
}

func (p *Policy) checkRules() error {
	if err := need("@id of a policy", p.ID); err != nil {
		return err
	}
	if len(p.Permission) == 0 && len(p.Prohibition) == 0 {
		return malformed("a policy has a permission or a prohibition")
	}
	if hollow(p.Permission) || hollow(p.Prohibition) || hollow(p.Obligation) {
		return malformed("a list of rules is empty; leave it out")
	}
	if p.Profile != nil {
		var one string
		var many []string
		if strictjson.Decode(p.Profile, &one, MaxMessage) != nil && strictjson.Decode(p.Profile, &many, MaxMessage) != nil {
			return malformed("profile is a string or strings")
		}
	}
	for _, rules := range [][]Rule{p.Permission, p.Prohibition, p.Obligation} {
		for _, r := range rules {
			if err := need("action", r.Action); err != nil {
				return err
			}
			if err := checkConstraints(r.Constraint); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkConstraints(constraints []Constraint) error {
	for _, c := range constraints {
		atomic, combined := c.LeftOperand != "" || c.Operator != "" || c.RightOperand != nil, 0
		for _, parts := range [][]Constraint{c.And, c.AndSequence, c.Or, c.Xone} {
			if parts != nil {
				combined++
			}
			if err := checkConstraints(parts); err != nil {
				return err
			}
		}
		switch {
		case atomic && combined > 0 || !atomic && combined != 1:
			return malformed("a constraint has operands and operator, or one combination of others")
		case atomic && (c.LeftOperand == "" || !slices.Contains(operators, c.Operator)):
			return malformed("a constraint has a left operand and one of the operators %s", strings.Join(operators, ", "))
		case atomic && (len(c.RightOperand) == 0 || !strings.Contains(`"{[`, string(c.RightOperand[:1]))):
			return malformed("a right operand is a string, an object or an array")
		}
	}
	return nil
}
