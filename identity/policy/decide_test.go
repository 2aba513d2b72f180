package policy

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func is(left Operand, o Operator, right ...string) Constraint {
	return Constraint{Left: left, Operator: o, Right: right}
}

func permit(constraints ...Constraint) *Policy {
	return &Policy{ID: "p", Permissions: []Rule{{Action: "compute", Constraints: constraints}}}
}

func TestOutcomes(t *testing.T) {
	mpc := map[Operand][]string{"executionEnv": {"03"}}
	p := permit(is("executionEnv", "eq", "03"))
	require.Equal(t, Allowed, Decide(p, &Request{Action: "compute", Facts: mpc}, State{}).Outcome)
	require.Equal(t, DefaultDenied, Decide(p, &Request{Action: "read", Facts: mpc}, State{}).Outcome)
	require.Equal(t, Denied, Decide(p, &Request{Action: "compute"}, State{}).Outcome)
	require.Equal(t, Denied, Decide(p, &Request{Action: "compute", Facts: map[Operand][]string{"executionEnv": {"03", "07"}}}, State{}).Outcome)

	p.Permissions[0].Duties = []Rule{{Action: "logRecordSend"}}
	d := Decide(p, &Request{Action: "compute", Facts: mpc}, State{})
	require.Equal(t, Conditional, d.Outcome)
	require.Equal(t, Action("logRecordSend"), d.Duties[0].Action)
	require.Equal(t, Allowed, Decide(p, &Request{Action: "compute", Facts: mpc, Done: []Action{"logRecordSend"}}, State{}).Outcome)

	p.Prohibitions = []Rule{{Action: "compute", Constraints: []Constraint{is("region", "isPartOf", "3100")}}}
	for _, c := range []struct {
		region []string
		want   Outcome
	}{
		{nil, Denied}, // what is not said may be what is prohibited
		{[]string{"3101"}, Denied},
		{[]string{"1101", "3101"}, Denied},
		{[]string{"1101"}, Conditional},
	} {
		d := Decide(p, &Request{Action: "compute", Facts: map[Operand][]string{"executionEnv": {"03"}, "region": c.region}}, State{})
		require.Equal(t, c.want, d.Outcome, c.region)
	}

	require.Equal(t, DefaultDenied, Decide(nil, nil, State{}).Outcome)
	require.Equal(t, DefaultDenied, Decide(&Policy{}, &Request{}, State{}).Outcome)
	aimed := permit()
	aimed.Target = "product"
	require.Equal(t, DefaultDenied, Decide(aimed, &Request{Action: "compute", Target: "other"}, State{}).Outcome)
	require.Equal(t, "denied", DefaultDenied.Feedback())
}

func TestConstraints(t *testing.T) {
	for _, c := range []struct {
		constraint Constraint
		facts      []string
		want       truth
	}{
		{is("dataField", "isAnyOf", "a", "b"), []string{"a"}, yes},
		{is("dataField", "isAnyOf", "a", "b"), []string{"a", "c"}, unknown},
		{is("dataField", "isAnyOf", "a", "b"), []string{"c"}, no},
		{is("dataField", "isNoneOf", "a", "b"), []string{"c"}, yes},
		{is("dataField", "isNoneOf", "a", "b"), []string{"a"}, no},
		{is("dataField", "isAllOf", "a", "b"), []string{"b", "a", "c"}, yes},
		{is("dataField", "isAllOf", "a", "b"), []string{"a"}, no},
		{is("dataField", "isAllOf", "a", "b"), nil, unknown},
		{is("dataSize", "lteq", "10.5"), []string{"10.50"}, yes},
		{is("dataSize", "lt", "10.5"), []string{"10.50"}, no},
		{is("dataSize", "lt", "10.5"), []string{"1e1"}, unknown},
		{is("region", "isPartOf", "1310"), []string{"1311"}, no},
		{is("region", "isPartOf", "310000"), []string{"3101"}, yes},
		{is("region", "isPartOf", "310100"), []string{"310115"}, yes},
		{is("networkAddress", "isPartOf", "10.0.0.0/8"), []string{"10.1.2.3"}, yes},
		{is("networkAddress", "isPartOf", "10.0.0.0/8"), []string{"11.1.2.3"}, no},
		{is("networkAddress", "isPartOf", "10.0.0.0/8"), []string{"::1"}, no},
		{is("networkAddress", "isPartOf", "10.0.0.0/8"), []string{"::ffff:10.1.2.3"}, yes},
		{is("networkAddress", "isPartOf", "10.0.0.0/8"), []string{"::ffff:10.0.0.0/104"}, yes},
		{is("networkAddress", "isPartOf", "::ffff:10.0.0.0/104"), []string{"10.1.2.3"}, yes},
		{is("networkAddress", "isPartOf", "::ffff:10.0.0.0/104"), []string{"11.1.2.3"}, no},
		{is("networkAddress", "isPartOf", "10.0.0.0/8"), []string{"nonsense"}, unknown},
		{is("application", "isPartOf", "city/health"), []string{"city/health/risk"}, yes},
		{is("application", "isPartOf", "city/health"), []string{"city/healthy"}, no},
		{is("application", "hasPart", "a/b"), []string{"a"}, yes},
		{is("application", "hasPart", "a"), []string{"a/b"}, no},
		// What is wider than the constraint may be what it is about, or not.
		{is("region", "isPartOf", "3101"), []string{"31"}, unknown},
		{is("region", "isPartOf", "3101"), []string{"310000"}, unknown},
		{is("region", "isPartOf", "3101"), []string{"32"}, no},
		{is("region", "isPartOf", "000000"), []string{"3101"}, unknown},
		{is("region", "eq", "310100"), []string{"3101"}, yes},
		{is("region", "eq", "3101"), []string{"31"}, unknown},
		{is("region", "eq", "31"), []string{"3101"}, unknown},
		{is("region", "neq", "31"), []string{"3101"}, unknown},
		{is("region", "neq", "31"), []string{"3201"}, yes},
		{is("region", "isNoneOf", "31", "1101"), []string{"3101"}, unknown},
		{is("region", "isNoneOf", "31", "1101"), []string{"110100"}, no},
		{is("region", "isAnyOf", "31", "1101"), []string{"110100"}, yes},
		{is("region", "isAllOf", "31", "1101"), []string{"110100", "310000"}, yes},
		{is("networkAddress", "isPartOf", "10.0.0.0/8"), []string{"8.0.0.0/6"}, unknown},
		{is("networkAddress", "isPartOf", "10.0.0.0/8"), []string{"12.0.0.0/6"}, no},
		{is("networkAddress", "eq", "10.1.2.3"), []string{"::ffff:10.1.2.3"}, yes},
		{is("networkAddress", "eq", "2001:db8::1"), []string{"2001:0DB8::1"}, yes},
		{is("networkAddress", "neq", "2001:db8::1"), []string{"2001:0DB8::1"}, no},
		{is("networkAddress", "isNoneOf", "10.1.2.3", "10.1.2.4"), []string{"10.1.2.4/32"}, no},
		{is("networkAddress", "isNoneOf", "10.1.2.3", "10.1.2.4"), []string{"10.1.2.5"}, yes},
		{is("networkAddress", "eq", "10.1.2.3"), []string{"nonsense"}, unknown},
		{is("dataField", "isPartOf", "table/salary"), []string{"table"}, unknown},
		{is("dataField", "eq", "table/salary"), []string{"table"}, unknown},
		{is("dataField", "eq", "table/salary"), []string{"tables"}, no},
		{is("dataField", "isPartOf", "table"), []string{"table/../salary"}, unknown},
		{is("dataField", "isPartOf", "table/."), []string{"table"}, unknown},
		{is("dataField", "eq", "a/../b"), []string{"a/../b"}, yes},
		{is("dataField", "eq", "a/../b"), []string{"b"}, unknown},
		{is("payAmount", "eq", "10"), []string{"10.00"}, yes},
		{is("payAmount", "isNoneOf", "10", "20"), []string{"20.0"}, no},
		{is("payAmount", "eq", "ten"), []string{"ten"}, yes},
		{is("executionEnv", "eq", "03"), []string{"3"}, no},
	} {
		entries := 0
		require.NoError(t, c.constraint.validate(0, &entries))
		r := &Request{Facts: map[Operand][]string{c.constraint.Left: c.facts}}
		require.Equal(t, c.want, c.constraint.eval(r, State{}), "%+v %v", c.constraint, c.facts)
	}
}

// Leaving out facts never gains anything.
func TestOmission(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	words := []string{"a", "b", "c"}
	lefts := []Operand{"application", "algorithm", "dataField"}
	compares := []Operator{"eq", "neq", "isAnyOf", "isNoneOf", "isAllOf", "isPartOf", "hasPart"}
	var constraint func(depth int) Constraint
	constraint = func(depth int) Constraint {
		if depth < 2 && rng.IntN(2) == 0 {
			c := Constraint{Logic: logics[rng.IntN(len(logics))]}
			for range 1 + rng.IntN(3) {
				c.Of = append(c.Of, constraint(depth+1))
			}
			return c
		}
		return is(lefts[rng.IntN(3)], compares[rng.IntN(len(compares))], words[rng.IntN(3)])
	}
	rules := func(n int) (rules []Rule) {
		for range n {
			rules = append(rules, Rule{Action: "compute", Constraints: []Constraint{constraint(0)}})
		}
		return rules
	}
	outcomes := map[Outcome]int{}
	for range 8_000 {
		p := &Policy{ID: "p", Permissions: rules(1 + rng.IntN(3)), Prohibitions: rules(rng.IntN(2))}
		p.Permissions[0].Duties = rules(rng.IntN(2))
		full := &Request{Action: "compute", Facts: map[Operand][]string{}}
		for _, left := range lefts {
			full.Facts[left] = []string{words[rng.IntN(3)]}
		}
		less := &Request{Action: "compute", Facts: maps.Clone(full.Facts)}
		delete(less.Facts, lefts[rng.IntN(3)])
		with, without := Decide(p, full, State{}), Decide(p, less, State{})
		require.LessOrEqual(t, without.Outcome, with.Outcome, "%+v %v", p, full.Facts)
		outcomes[with.Outcome]++
	}
	for _, o := range []Outcome{Denied, Conditional, Allowed} {
		require.Greater(t, outcomes[o], 200, o)
	}
}

// What holds without a fact holds whatever the fact is, and what does not hold
// holds for none.
func TestUnknownIsSound(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	lefts, words := []Operand{"application", "algorithm", "executionEnv"}, []string{"a", "b", "c"}
	var constraint func(depth int) Constraint
	constraint = func(depth int) Constraint {
		if depth < 3 && rng.IntN(3) > 0 {
			c := Constraint{Logic: logics[rng.IntN(len(logics))]}
			for range 1 + rng.IntN(3) {
				c.Of = append(c.Of, constraint(depth+1))
			}
			return c
		}
		operator := []Operator{"eq", "neq", "isAnyOf", "isNoneOf"}[rng.IntN(4)]
		right := []string{words[rng.IntN(3)]}
		if operator.set() {
			right = append(right, words[rng.IntN(3)])
		}
		return is(lefts[rng.IntN(3)], operator, right...)
	}
	seen := map[truth]int{}
	for range 1_000 {
		c := constraint(0)
		facts := map[Operand][]string{}
		for _, left := range lefts {
			if rng.IntN(2) == 0 {
				facts[left] = []string{words[rng.IntN(3)]}
			}
		}
		got := c.eval(&Request{Facts: facts}, State{})
		seen[got]++
		for i := range 27 {
			full := maps.Clone(facts)
			for j, left := range lefts {
				if full[left] == nil {
					full[left] = []string{words[i/[]int{1, 3, 9}[j]%3]}
				}
			}
			with := c.eval(&Request{Facts: full}, State{})
			require.NotEqual(t, unknown, with)
			if got != unknown {
				require.Equal(t, got, with, "%+v %v %v", c, facts, full)
			}
		}
	}
	for _, v := range []truth{no, unknown, yes} {
		require.Greater(t, seen[v], 60, v)
	}
}

// A fact that is told less exactly, a province for a city, escapes no prohibition.
func TestWiderFacts(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	steps := func(least int) []string {
		path := []string{}
		for range least + rng.IntN(4-least) {
			path = append(path, []string{"11", "12"}[rng.IntN(2)])
		}
		return path
	}
	forms := map[Operand]func([]string) string{
		"region":    func(path []string) string { return strings.Join(path, "") },
		"dataField": func(path []string) string { return strings.Join(path, "/") },
		"networkAddress": func(path []string) string {
			return strings.Join(append(slices.Clone(path), "0", "0", "0", "0")[:4], ".") + "/" + strconv.Itoa(8*len(path))
		},
	}
	applied := map[Operand]int{}
	for range 5_000 {
		for left, form := range forms {
			exact := steps(1)
			wider := exact[:1+rng.IntN(len(exact))]
			operator := []Operator{"eq", "isAnyOf", "isPartOf", "isA"}[rng.IntN(4)]
			p := permit()
			p.Prohibitions = []Rule{{Action: "compute", Constraints: []Constraint{is(left, operator, form(steps(1)))}}}
			outcome := func(fact []string) Outcome {
				return Decide(p, &Request{Action: "compute", Facts: map[Operand][]string{left: {form(fact)}}}, State{}).Outcome
			}
			if outcome(exact) == Denied {
				require.Equal(t, Denied, outcome(wider), "%+v %v", p.Prohibitions, exact)
				applied[left]++
			}
		}
	}
	for left := range forms {
		require.Greater(t, applied[left], 250, left)
	}
}

func TestStateful(t *testing.T) {
	ask := func(c Constraint, cost uint64, s State) Outcome {
		// Facts about what is counted are no help.
		facts := map[Operand][]string{"count": {"0"}, "time": {"2000-01-01T00:00:00Z"}, PrivacyBudget: {"0"}}
		return Decide(permit(c), &Request{Action: "compute", Time: noon, Cost: cost, Facts: facts}, s).Outcome
	}
	require.Equal(t, Allowed, ask(is("count", "lteq", "3"), 0, State{Uses: 2}))
	require.Equal(t, Denied, ask(is("count", "lteq", "3"), 0, State{Uses: 3}))
	require.Equal(t, Denied, ask(is("count", "lteq", "3"), 0, State{Uses: 1<<64 - 1}))
	require.Equal(t, Allowed, ask(is(PrivacyBudget, "lteq", "1000000"), 400_000, State{Spent: 600_000}))
	require.Equal(t, Denied, ask(is(PrivacyBudget, "lteq", "1000000"), 400_001, State{Spent: 600_000}))
	require.Equal(t, Denied, ask(is(PrivacyBudget, "lteq", "1000000"), 1<<64-1, State{Spent: 600_000}))
	recent := []time.Time{noon.Add(-25 * time.Hour), noon.Add(-time.Hour)}
	require.Equal(t, Allowed, ask(is("frequency", "lteq", "2/24h"), 0, State{Recent: recent}))
	require.Equal(t, Denied, ask(is("frequency", "lteq", "1/24h"), 0, State{Recent: recent}))
	require.Equal(t, Allowed, ask(is("time", "lteq", "2026-11-25T12:00:00Z"), 0, State{}))
	require.Equal(t, Denied, ask(is("time", "lt", "2026-11-25T12:00:00Z"), 0, State{}))
	require.Equal(t, Allowed, ask(is("timeWindow", "isPartOf", "2026-11-25T12:00:00Z/2026-11-26T00:00:00Z"), 0, State{}))
	require.Equal(t, Denied, ask(is("timeWindow", "isPartOf", "2026-11-25T11:00:00Z/2026-11-25T12:00:00Z"), 0, State{}))
	require.Equal(t, Denied, Decide(permit(is("time", "gt", "1900-01-01T00:00:00Z")), &Request{Action: "compute"}, State{}).Outcome, "no time given")
}

func TestLogic(t *testing.T) {
	a, b := is("application", "eq", "a"), is("algorithm", "eq", "b")
	for _, c := range []struct {
		logic Logic
		facts map[Operand][]string
		want  truth
	}{
		{"and", map[Operand][]string{"application": {"a"}, "algorithm": {"b"}}, yes},
		{"and", map[Operand][]string{"application": {"a"}}, unknown},
		{"and", map[Operand][]string{"application": {"x"}}, no},
		{"andSequence", map[Operand][]string{"application": {"x"}}, no},
		{"or", map[Operand][]string{"application": {"a"}}, yes},
		{"or", map[Operand][]string{"application": {"x"}}, unknown},
		{"or", map[Operand][]string{"application": {"x"}, "algorithm": {"x"}}, no},
		{"xone", map[Operand][]string{"application": {"a"}, "algorithm": {"b"}}, no},
		{"xone", map[Operand][]string{"application": {"a"}, "algorithm": {"x"}}, yes},
		{"xone", map[Operand][]string{"application": {"a"}}, unknown},
		{"xone", map[Operand][]string{"application": {"x"}, "algorithm": {"x"}}, no},
	} {
		both := Constraint{Logic: c.logic, Of: []Constraint{a, b}}
		require.Equal(t, c.want, both.eval(&Request{Facts: c.facts}, State{}), "%s %v", c.logic, c.facts)
	}
}

func TestConflicts(t *testing.T) {
	p := permit(is("executionEnv", "eq", "03"))
	require.Empty(t, p.Conflicts())
	p.Prohibitions = []Rule{{Action: "compute", Constraints: []Constraint{is("executionEnv", "eq", "05")}}}
	require.Empty(t, p.Conflicts())
	p.Prohibitions[0].Constraints = p.Permissions[0].Constraints
	require.Len(t, p.Conflicts(), 1)
	p.Prohibitions[0].Constraints = nil
	p.Obligations = []Rule{{Action: "compute"}}
	require.Len(t, p.Conflicts(), 2)

	for _, pair := range [][2]Constraint{
		{is("executionEnv", "eq", "03"), is("executionEnv", "eq", "05")},
		{is("executionEnv", "eq", "03"), is("executionEnv", "isNoneOf", "03", "05")},
		{is("time", "gt", "2027-01-01T00:00:00Z"), is("time", "lt", "2026-01-01T00:00:00Z")},
		{is("payAmount", "gteq", "10"), is("payAmount", "lt", "10.0")},
	} {
		require.Len(t, permit(pair[0], pair[1]).Conflicts(), 1, "%v", pair)
		require.Len(t, permit(pair[1], pair[0]).Conflicts(), 1, "%v", pair)
	}
	require.Empty(t, permit(is("payAmount", "gteq", "10"), is("payAmount", "lteq", "10")).Conflicts())
}
