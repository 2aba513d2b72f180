package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

// The shape of the JSON is the same in both spellings; the words differ.
type document struct {
	ID          string            `json:"@id"`
	Type        string            `json:"@type"`
	Profile     json.RawMessage   `json:"profile,omitempty"`
	Target      string            `json:"target,omitempty"`
	Assigner    string            `json:"assigner,omitempty"`
	Assignee    string            `json:"assignee,omitempty"`
	Timestamp   string            `json:"timestamp,omitempty"`
	Permission  []json.RawMessage `json:"permission,omitempty"`
	Prohibition []json.RawMessage `json:"prohibition,omitempty"`
	Obligation  []json.RawMessage `json:"obligation,omitempty"`
}

type documentRule struct {
	Action      string               `json:"action"`
	Constraint  []documentConstraint `json:"constraint,omitempty"`
	Duty        []json.RawMessage    `json:"duty,omitempty"`
	Remedy      []json.RawMessage    `json:"remedy,omitempty"`
	Consequence []json.RawMessage    `json:"consequence,omitempty"`
}

type documentConstraint struct {
	Left     string          `json:"leftOperand,omitempty"`
	Operator string          `json:"operator,omitempty"`
	Right    json.RawMessage `json:"rightOperand,omitempty"`

	And         []documentConstraint `json:"and,omitempty"`
	Or          []documentConstraint `json:"or,omitempty"`
	Xone        []documentConstraint `json:"xone,omitempty"`
	AndSequence []documentConstraint `json:"andSequence,omitempty"`
}

// A spelling turns words to text and back. Words that it does not know come
// back as something that Validate refuses.
type spelling struct {
	action   func(Action) string
	operand  func(Operand) string
	operator func(Operator) string

	parseAction   func(string) Action
	parseOperand  func(string) Operand
	parseOperator func(string) Operator
}

var ndi = spelling{
	action:   func(a Action) string { return string(a) },
	operand:  func(o Operand) string { return string(o) },
	operator: func(o Operator) string { return fmt.Sprintf("%02d", slices.Index(operators, o)+1) },

	parseAction:  func(s string) Action { return Action(s) },
	parseOperand: func(s string) Operand { return Operand(s) },
	parseOperator: func(s string) Operator {
		if n, err := strconv.ParseUint(s, 10, 8); err == nil && len(s) == 2 && n >= 1 && n <= uint64(len(operators)) {
			return operators[n-1]
		}
		return ""
	},
}

var dsp = spelling{
	action:   toDSP[Action],
	operand:  toDSP[Operand],
	operator: func(o Operator) string { return string(o) },

	parseAction:  func(s string) Action { return fromDSP(s, actions) },
	parseOperand: func(s string) Operand { return fromDSP(s, operands) },
	parseOperator: func(s string) Operator {
		if s == "term-lteq" { // the schema of 2025-1 has this slip besides lteq
			return "lteq"
		}
		return Operator(s)
	},
}

// NDI returns the policy as JSON in the words and operator numbers of
// TC609-6-2025-14.
func (p *Policy) NDI() ([]byte, error) { return ndi.marshal(p) }

// DSP returns the policy as JSON that is an Offer or an Agreement of the
// Dataspace Protocol 2025-1. Remedies and consequences are in ODRL 2.2 and pass
// the protocol's schemas, but its JSON-LD context has no words for them: readers that
// expand JSON-LD do not see them.
func (p *Policy) DSP() ([]byte, error) { return dsp.marshal(p) }

// ParseNDI reads what [Policy.NDI] writes, and nothing with unknown names.
func ParseNDI(b []byte) (*Policy, error) { return ndi.parse(b) }

// ParseDSP reads an Offer or Agreement of the Dataspace Protocol 2025-1. Right
// operands must be strings, or arrays of strings for operators on sets.
func ParseDSP(b []byte) (*Policy, error) { return dsp.parse(b) }

func (s *spelling) marshal(p *Policy) ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	d := document{ID: p.ID, Type: "Offer", Target: p.Target, Assigner: p.Assigner, Assignee: p.Assignee, Timestamp: p.Timestamp}
	if p.Assignee != "" {
		d.Type = "Agreement"
	}
	switch len(p.Profile) {
	case 0:
	case 1:
		d.Profile = encode(p.Profile[0])
	default:
		d.Profile = encode(p.Profile)
	}
	for i, out := range []*[]json.RawMessage{&d.Permission, &d.Prohibition, &d.Obligation} {
		kind := p.kinds()[i]
		for j := range kind.rules {
			*out = append(*out, s.rule(&kind.rules[j], kind.duty))
		}
	}
	b := encode(d)
	if len(b) > maxBytes {
		return nil, fmt.Errorf("policy: longer than %d bytes", maxBytes)
	}
	return b, nil
}

func (s *spelling) rule(r *Rule, duty string) json.RawMessage {
	d := documentRule{Action: s.action(r.Action)}
	for i := range r.Constraints {
		d.Constraint = append(d.Constraint, s.constraint(&r.Constraints[i]))
	}
	list := d.duties(duty)
	for i := range r.Duties {
		*list = append(*list, s.rule(&r.Duties[i], duty))
	}
	return encode(d)
}

func (d *documentRule) duties(name string) *[]json.RawMessage {
	switch name {
	case "duty":
		return &d.Duty
	case "remedy":
		return &d.Remedy
	}
	return &d.Consequence
}

func (s *spelling) constraint(c *Constraint) (d documentConstraint) {
	if c.Logic == "" {
		d.Left, d.Operator = s.operand(c.Left), s.operator(c.Operator)
		if d.Right = encode(c.Right[0]); c.Operator.set() {
			d.Right = encode(c.Right)
		}
		return d
	}
	list := d.list(c.Logic)
	for i := range c.Of {
		*list = append(*list, s.constraint(&c.Of[i]))
	}
	return d
}

func (d *documentConstraint) list(logic Logic) *[]documentConstraint {
	switch logic {
	case "and":
		return &d.And
	case "or":
		return &d.Or
	case "xone":
		return &d.Xone
	}
	return &d.AndSequence
}

// encode marshals without escaping <, > and &, which need none.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("policy: internal error: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func (s *spelling) parse(b []byte) (*Policy, error) {
	var d document
	if err := strictjson.Decode(b, &d, maxBytes); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	p := &Policy{ID: d.ID, Target: d.Target, Assigner: d.Assigner, Assignee: d.Assignee, Timestamp: d.Timestamp}
	if want := "Offer"; d.Type != want && d.Type != "Agreement" || (d.Type == want) != (d.Assignee == "") {
		return nil, errors.New("policy: @type must be Agreement with an assignee, and Offer without")
	}
	var err error
	if d.Profile != nil {
		if p.Profile, err = stringOrArray(d.Profile); err != nil {
			return nil, fmt.Errorf("policy: profile: %w", err)
		}
	}
	kinds := p.kinds()
	for i, in := range [][]json.RawMessage{d.Permission, d.Prohibition, d.Obligation} {
		if len(in) > MaxRules {
			return nil, fmt.Errorf("policy: more than %d rules", MaxRules)
		}
		out := []*[]Rule{&p.Permissions, &p.Prohibitions, &p.Obligations}[i]
		for j, raw := range in {
			r, err := s.parseRule(raw, kinds[i].duty, 0)
			if err != nil {
				return nil, fmt.Errorf("policy: %s %d: %w", kinds[i].name, j+1, err)
			}
			*out = append(*out, r)
		}
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

func (s *spelling) parseRule(raw json.RawMessage, duty string, depth int) (r Rule, err error) {
	var d documentRule
	if err := strictjson.Decode(raw, &d, maxBytes); err != nil {
		return r, err
	}
	r.Action = s.parseAction(d.Action)
	for i := range d.Constraint {
		c, err := s.parseConstraint(&d.Constraint[i])
		if err != nil {
			return r, fmt.Errorf("constraint %d: %w", i+1, err)
		}
		r.Constraints = append(r.Constraints, c)
	}
	in := *d.duties(duty)
	if len(in) != len(d.Duty)+len(d.Remedy)+len(d.Consequence) {
		return r, fmt.Errorf("only %s can be here", duty)
	}
	if depth > 0 && len(in) > 0 {
		return r, errors.New("a duty has duties of its own")
	}
	for _, raw := range in {
		sub, err := s.parseRule(raw, duty, depth+1)
		if err != nil {
			return r, err
		}
		r.Duties = append(r.Duties, sub)
	}
	return r, nil
}

func (s *spelling) parseConstraint(d *documentConstraint) (c Constraint, err error) {
	for _, logic := range logics {
		list := *d.list(logic)
		if list == nil {
			continue
		}
		if c.Logic != "" {
			return c, errors.New("two logics in one constraint")
		}
		c.Logic = logic
		for i := range list {
			sub, err := s.parseConstraint(&list[i])
			if err != nil {
				return c, err
			}
			c.Of = append(c.Of, sub)
		}
	}
	if c.Logic != "" {
		if d.Left != "" || d.Operator != "" || d.Right != nil {
			return c, errors.New("a constraint compares or combines, not both")
		}
		return c, nil
	}
	c.Left, c.Operator = s.parseOperand(d.Left), s.parseOperator(d.Operator)
	if c.Right, err = stringOrArray(d.Right); err != nil {
		return c, fmt.Errorf("rightOperand: %w", err)
	}
	return c, nil
}

func stringOrArray(raw json.RawMessage) (list []string, err error) {
	var one *string
	if json.Unmarshal(raw, &one) == nil && one != nil {
		return []string{*one}, nil
	}
	var many []*string
	if json.Unmarshal(raw, &many) != nil || len(many) == 0 {
		return nil, errors.New("must be a string or an array of strings")
	}
	for _, s := range many {
		if s == nil {
			return nil, errors.New("must be a string or an array of strings")
		}
		list = append(list, *s)
	}
	return list, nil
}
