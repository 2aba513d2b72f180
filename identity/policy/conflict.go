package policy

import (
	"fmt"
	"reflect"
)

// Conflicts returns what contradicts itself in a policy, in words; it is meant for
// the moment before signing. It finds permissions that a prohibition
// takes back, obligations to do what is prohibited, and rules whose constraints
// on one operand exclude each other. That it finds nothing does not mean that a
// request exists which the policy allows. Of an invalid policy it returns what
// Validate says.
func (p *Policy) Conflicts() (conflicts []string) {
	if err := p.Validate(); err != nil {
		return []string{err.Error()}
	}
	kinds := p.kinds()
	for i := range p.Prohibitions {
		prohibition := &p.Prohibitions[i]
		for _, kind := range []int{0, 2} {
			for j := range kinds[kind].rules {
				if covers(prohibition, &kinds[kind].rules[j]) {
					conflicts = append(conflicts, fmt.Sprintf("prohibition %d takes back %s %d (%s)", i+1, kinds[kind].name, j+1, prohibition.Action))
				}
			}
		}
	}
	for _, kind := range kinds {
		for i := range kind.rules {
			if left := impossible(kind.rules[i].Constraints); left != "" {
				conflicts = append(conflicts, fmt.Sprintf("%s %d: its constraints on %s exclude each other", kind.name, i+1, left))
			}
		}
	}
	return conflicts
}

// covers reports whether each constraint of a prohibition is one of the other
// rule's too, so that it applies whenever that rule does.
func covers(prohibition, rule *Rule) bool {
	if prohibition.Action != rule.Action {
		return false
	}
	for i := range prohibition.Constraints {
		found := false
		for j := range rule.Constraints {
			found = found || reflect.DeepEqual(prohibition.Constraints[i], rule.Constraints[j])
		}
		if !found {
			return false
		}
	}
	return true
}

// impossible returns the operand on which constraints that must all hold exclude
// each other. It looks at pairs.
func impossible(constraints []Constraint) Operand {
	for i := range constraints {
		for j := range constraints[:i] {
			if exclude(&constraints[i], &constraints[j]) || exclude(&constraints[j], &constraints[i]) {
				return constraints[i].Left
			}
		}
	}
	return ""
}

func exclude(a, b *Constraint) bool {
	if a.Logic != "" || b.Logic != "" || a.Left != b.Left {
		return false
	}
	if a.Operator == "eq" && b.Left != "time" {
		return b.Operator != "isAllOf" && b.one(a.Right[0]) == no
	}
	above := a.Operator == "gt" || a.Operator == "gteq" || a.Operator == "eq"
	below := b.Operator == "lt" || b.Operator == "lteq" || b.Operator == "eq"
	if !above || !below {
		return false
	}
	cmp := 0
	if a.Left == "time" {
		low, _ := parseTime(a.Right[0])
		high, _ := parseTime(b.Right[0])
		cmp = low.Compare(high)
	} else {
		low, _ := parseDecimal(a.Right[0])
		high, err := parseDecimal(b.Right[0])
		if low == nil || err != nil {
			return false
		}
		cmp = low.Cmp(high)
	}
	closed := a.Operator != "gt" && b.Operator != "lt"
	return cmp > 0 || cmp == 0 && !closed
}
