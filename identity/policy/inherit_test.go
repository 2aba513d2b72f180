package policy

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is derived may be used if and only if all that it was derived from may.
func TestInherit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	actions := []Action{"compute", "read", "delete"}
	constraints := []Constraint{
		is("executionEnv", "eq", "03"), is("region", "eq", "3101"), is("count", "lteq", "2"), is("region", "neq", "1101"), is(PrivacyBudget, "lteq", "50"),
		{Logic: "or", Of: []Constraint{is("executionEnv", "eq", "05"), is("region", "eq", "3101")}},
	}
	rules := func(n int) (rules []Rule) {
		for range n {
			r := Rule{Action: actions[rng.IntN(3)]}
			for range rng.IntN(3) {
				r.Constraints = append(r.Constraints, constraints[rng.IntN(len(constraints))])
			}
			if rng.IntN(4) == 0 {
				r.Duties = []Rule{{Action: "alert"}}
			}
			rules = append(rules, r)
		}
		return rules
	}
	outcomes := map[bool]int{}
	for range 2000 {
		var from []*Policy
		for i := range 1 + rng.IntN(3) {
			p := &Policy{ID: fmt.Sprint("urn:", i), Target: fmt.Sprint(i), Permissions: rules(1 + rng.IntN(4))}
			if rng.IntN(3) == 0 {
				p.Prohibitions = rules(1)
				p.Prohibitions[0].Duties = nil
			}
			from = append(from, p)
		}
		derived, inheritErr := Inherit("urn:derived", "derived", from...)
		for range 20 {
			r := &Request{Action: actions[rng.IntN(3)], Time: noon, Facts: map[Operand][]string{}, Cost: rng.Uint64N(60)}
			if rng.IntN(4) > 0 {
				r.Facts["executionEnv"] = []string{[]string{"03", "05"}[rng.IntN(2)]}
			}
			if rng.IntN(4) > 0 {
				r.Facts["region"] = []string{[]string{"3101", "1101"}[rng.IntN(2)]}
			}
			if rng.IntN(2) == 0 {
				r.Done = []Action{"alert"}
			}
			state := State{Uses: rng.Uint64N(4)}
			all := true
			for _, p := range from {
				r.Target = p.Target
				all = all && Decide(p, r, state).Outcome == Allowed
			}
			r.Target = "derived"
			got := inheritErr == nil && Decide(derived, r, state).Outcome == Allowed
			require.Equal(t, all, got)
			outcomes[got]++
		}
	}
	require.Greater(t, outcomes[true], 500)
	require.Greater(t, outcomes[false], 500)

	_, err := Inherit("urn:x", "x")
	require.Error(t, err)
	_, err = Inherit("urn:x", "x", &Policy{})
	require.Error(t, err)
	_, err = Inherit("urn:x", "x", permit(), &Policy{ID: "urn:y", Permissions: []Rule{{Action: "read"}}})
	require.ErrorContains(t, err, "in common")
	// Combinations are bounded.
	many := &Policy{ID: "urn:many"}
	for i := range 40 {
		many.Permissions = append(many.Permissions, Rule{Action: "read", Constraints: []Constraint{is("count", "lteq", fmt.Sprint(i))}})
	}
	_, err = Inherit("urn:x", "x", many, many, many)
	require.ErrorContains(t, err, "combinations")
	// What was inherited shares no memory with what it was inherited from.
	parent := permit(is("count", "lteq", "5"))
	derived, err := Inherit("urn:x", "x", parent)
	require.NoError(t, err)
	derived.Permissions[0].Action = "delete"
	require.EqualValues(t, "compute", parent.Permissions[0].Action)
}
