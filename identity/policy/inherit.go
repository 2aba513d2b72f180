package policy

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// Inherit returns the policy of what was made from the targets of others
// [TC609-6-2025-14, inheritance to derived data]: an offer about target that
// allows what all of them allow, under the constraints and after the duties of
// all of them, and that has everybody's prohibitions and obligations. With the
// same facts and the same state, it allows a request if and only if each of them
// does.
//
// What is counted, uses and privacy budgets, is counted for the derived data from
// zero. It is an error if the policies have no permission in common, or too many
// combinations of them.
func Inherit(id, target string, from ...*Policy) (*Policy, error) {
	if len(from) == 0 {
		return nil, errors.New("policy: what is derived from nothing inherits nothing")
	}
	p := &Policy{ID: id, Target: target}
	for i, parent := range from {
		if err := parent.Validate(); err != nil {
			return nil, fmt.Errorf("policy %d: %w", i+1, err)
		}
		for _, profile := range parent.Profile {
			if !slices.Contains(p.Profile, profile) {
				p.Profile = append(p.Profile, profile)
			}
		}
		p.Prohibitions = union(p.Prohibitions, parent.Prohibitions)
		p.Obligations = union(p.Obligations, parent.Obligations)
		if i == 0 {
			p.Permissions = union(nil, parent.Permissions)
			continue
		}
		var both []Rule
		for _, a := range p.Permissions {
			for _, b := range parent.Permissions {
				if a.Action == b.Action {
					both = union(both, []Rule{{a.Action, union(a.Constraints, b.Constraints), union(a.Duties, b.Duties)}})
				}
			}
			if len(both) > MaxRules {
				return nil, fmt.Errorf("policy: the permissions have more than %d combinations", MaxRules)
			}
		}
		p.Permissions = both
	}
	if len(p.Permissions) == 0 {
		return nil, errors.New("policy: the policies have no permission in common, so that nothing may be done with what is derived")
	}
	return p, p.Validate()
}

// union returns a and what of b is not in it, in new memory.
func union[T any](a, b []T) []T {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.ContainsFunc(out, func(y T) bool { return reflect.DeepEqual(x, y) }) {
			out = append(out, x)
		}
	}
	return out
}
