package policy

import (
	"fmt"
	"slices"
	"time"
)

// An Outcome is one of four.
type Outcome byte

const (
	// DefaultDenied says that no permission speaks of the action.
	DefaultDenied Outcome = iota
	// Denied says that a prohibition applies, or that a permission speaks of
	// the action and its constraints are not met.
	Denied
	// Conditional says that the request may go ahead once Decision.Duties are
	// done.
	Conditional
	// Allowed says that the request may go ahead.
	Allowed
)

func (o Outcome) String() string {
	switch o {
	case Allowed:
		return "allowed"
	case Conditional:
		return "conditional"
	case Denied:
		return "denied"
	}
	return "denied by default"
}

// Feedback returns the outcome as an executionFeedback spells it: allowed,
// conditional or denied.
func (o Outcome) Feedback() string {
	if o == DefaultDenied {
		return "denied"
	}
	return o.String()
}

// A Request is what somebody wants to do.
type Request struct {
	Action Action
	Target string    // must be the policy's, where that has one
	Time   time.Time // when

	// Facts are what is known about the request, by operand; several values
	// say that it concerns each of them. Time, timeWindow, count, frequency and
	// PrivacyBudget are not facts: they come from Time, Cost and the state.
	Facts map[Operand][]string
	// Cost is what the request takes of the privacy budget, in millionths of
	// epsilon.
	Cost uint64
	// Done are the actions of duties that were done for this request.
	Done []Action
}

// A State is what was used under the policy before.
type State struct {
	Version uint64      // grows with every use; see Counters.Use
	Uses    uint64      // how many
	Spent   uint64      // of the privacy budget, in millionths of epsilon
	Recent  []time.Time // of the last uses, in ascending order
}

// A Decision is what Decide came to.
type Decision struct {
	Outcome Outcome
	Duties  []Rule   // to be done first, if Conditional
	Reasons []string // which rule decided and why, in words
}

// Decide says whether a request may go ahead under a policy, given what was used
// before. It depends on nothing else. An invalid policy allows nothing.
func Decide(p *Policy, r *Request, s State) Decision {
	if p == nil || r == nil {
		return Decision{Outcome: DefaultDenied, Reasons: []string{"there is no policy or no request"}}
	}
	if err := p.Validate(); err != nil {
		return Decision{Outcome: DefaultDenied, Reasons: []string{err.Error()}}
	}
	if p.Target != "" && r.Target != p.Target {
		return Decision{Outcome: DefaultDenied, Reasons: []string{"the policy is about another target"}}
	}
	for i := range p.Prohibitions {
		rule := &p.Prohibitions[i]
		if rule.Action == r.Action && all(rule.Constraints, r, s) != no {
			return Decision{Outcome: Denied, Reasons: []string{fmt.Sprintf("prohibition %d applies to %s", i+1, rule.Action)}}
		}
	}
	d := Decision{Outcome: DefaultDenied}
	for i := range p.Permissions {
		rule := &p.Permissions[i]
		if rule.Action != r.Action {
			continue
		}
		if failed := firstFailed(rule.Constraints, r, s); failed != "" {
			d.Reasons = append(d.Reasons, fmt.Sprintf("permission %d: %s", i+1, failed))
			d.Outcome = max(d.Outcome, Denied)
			continue
		}
		var open []Rule
		for _, duty := range rule.Duties {
			// A duty whose constraints do not hold does not arise.
			if all(duty.Constraints, r, s) != no && !slices.Contains(r.Done, duty.Action) {
				open = append(open, duty)
			}
		}
		if len(open) == 0 {
			return Decision{Outcome: Allowed, Reasons: []string{fmt.Sprintf("permission %d allows %s", i+1, r.Action)}}
		}
		if d.Outcome != Conditional { // the first one that would do
			d.Outcome, d.Duties = Conditional, open
		}
	}
	if d.Outcome == DefaultDenied {
		d.Reasons = []string{"no permission speaks of the action"}
	}
	return d
}

func firstFailed(constraints []Constraint, r *Request, s State) string {
	for i := range constraints {
		c := &constraints[i]
		if c.eval(r, s) == yes {
			continue
		}
		if c.Logic != "" {
			return fmt.Sprintf("constraint %d (%s) does not hold", i+1, c.Logic)
		}
		return fmt.Sprintf("constraint %d (%s) does not hold", i+1, c.Left)
	}
	return ""
}

// A truth is the strong three-valued logic of Kleene.
type truth int8

const (
	no      truth = -1
	unknown truth = 0
	yes     truth = 1
)

func all(constraints []Constraint, r *Request, s State) truth {
	t := yes
	for i := range constraints {
		t = min(t, constraints[i].eval(r, s))
	}
	return t
}

func (c *Constraint) eval(r *Request, s State) truth {
	switch c.Logic {
	case "":
		return c.compare(r, s)
	case "or":
		t := no
		for i := range c.Of {
			t = max(t, c.Of[i].eval(r, s))
		}
		return t
	case "xone":
		var count [3]int
		for i := range c.Of {
			count[c.Of[i].eval(r, s)+1]++
		}
		switch {
		case count[yes+1] > 1:
			return no
		case count[unknown+1] > 0:
			return unknown
		case count[yes+1] == 1:
			return yes
		}
		return no
	}
	return all(c.Of, r, s) // and, andSequence
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}
