package policy

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const vectors = "../../../shared/vectors/dsp-2025-1"

func TestVocabulary(t *testing.T) {
	require.Len(t, Actions(), 21)
	require.Len(t, Operands(), 19)
	require.Len(t, Operators(), 12)
	for _, a := range actions[:20] {
		require.True(t, a.valid(), a)
		require.Equal(t, a, fromDSP(toDSP(a), actions))
	}
	for _, o := range operands[:18] {
		require.True(t, o.valid(), o)
		require.Equal(t, o, fromDSP(toDSP(o), operands))
	}
	for i, o := range operators {
		require.Equal(t, o, ndi.parseOperator(ndi.operator(o)), i)
	}
	require.Equal(t, "12", ndi.operator("neq"))
	for _, a := range []Action{"", "use", "expansionItem", "expansionItem:", "expansionItem:read", "expansionItem:a b", "Compute", Action(expansion + strings.Repeat("a", 2000))} {
		require.False(t, a.valid(), a)
	}
	require.True(t, Action("expansionItem:use").valid())
	require.False(t, Operand("expansionItem:dateTime").valid(), "it would come back as time")
}

// Every offer and agreement among the published examples comes back as it was.
func TestExamplesOfTheProtocol(t *testing.T) {
	files, err := filepath.Glob(vectors + "/*/example/*.json")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the vectors are not beside the project")
	}
	count := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var message any
		require.NoError(t, json.Unmarshal(data, &message))
		visit(message, func(object map[string]any) {
			if kind := object["@type"]; kind != "Offer" && kind != "Agreement" || object["permission"] == nil {
				return
			}
			raw, err := json.Marshal(object)
			require.NoError(t, err)
			p, err := ParseDSP(raw)
			require.NoError(t, err, "%s: %s", file, raw)
			again, err := p.DSP()
			require.NoError(t, err)
			require.JSONEq(t, string(raw), string(again), file)
			count++
		})
	}
	require.GreaterOrEqual(t, count, 6)
}

func visit(v any, f func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		f(v)
		for _, child := range v {
			visit(child, f)
		}
	case []any:
		for _, child := range v {
			visit(child, f)
		}
	}
}

// The words that the schema allows for operators are those that are written.
func TestSchema(t *testing.T) {
	data, err := os.ReadFile(vectors + "/negotiation/contract-schema.json")
	if err != nil {
		t.Skip("the vectors are not beside the project")
	}
	var schema struct {
		Definitions struct {
			Operator struct{ Enum []string }
		}
	}
	require.NoError(t, json.Unmarshal(data, &schema))
	for _, o := range operators {
		require.Contains(t, schema.Definitions.Operator.Enum, dsp.operator(o))
	}
	for _, s := range schema.Definitions.Operator.Enum {
		require.Contains(t, operators, dsp.parseOperator(s))
	}
}

func randomPolicy(r *rand.Rand) *Policy {
	p := &Policy{ID: "urn:uuid:" + strconv.Itoa(r.IntN(1000))}
	for range r.IntN(3) {
		p.Profile = append(p.Profile, "https://example.org/<profile>&")
	}
	if r.IntN(2) == 0 {
		p.Target, p.Assigner, p.Assignee, p.Timestamp = "产品", "a", "b", "2026-01-02T03:04:05Z"
	}
	rules := func(least int) (rules []Rule) {
		for range least + r.IntN(3) {
			rules = append(rules, randomRule(r, true))
		}
		return rules
	}
	p.Permissions, p.Prohibitions, p.Obligations = rules(1), rules(0), rules(0)
	return p
}

func randomRule(r *rand.Rand, duties bool) (rule Rule) {
	rule.Action = actions[r.IntN(len(actions))]
	if rule.Action == "expansionItem" {
		rule.Action = "expansionItem:use"
	}
	for range r.IntN(3) {
		rule.Constraints = append(rule.Constraints, randomConstraint(r, 0))
	}
	if duties && r.IntN(3) == 0 {
		rule.Duties = []Rule{randomRule(r, false)}
	}
	return rule
}

func randomConstraint(r *rand.Rand, depth int) (c Constraint) {
	if depth < maxNested && r.IntN(4) == 0 {
		c.Logic = logics[r.IntN(len(logics))]
		for range 1 + r.IntN(3) {
			c.Of = append(c.Of, randomConstraint(r, depth+1))
		}
		return c
	}
	for {
		c = Constraint{Left: operands[r.IntN(len(operands))], Operator: operators[r.IntN(len(operators))]}
		if c.Left == "expansionItem" {
			c.Left = "expansionItem:partner"
		}
		values := []string{"1", "03", "10/24h", "3101", "10.0.0.0/8", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z/2027-01-02T03:04:05Z", "a \"quoted\" 值"}
		c.Right = []string{values[r.IntN(len(values))]}
		if c.Operator.set() {
			c.Right = append(c.Right, values[r.IntN(len(values))])
		}
		entries := 0
		if c.validate(0, &entries) == nil {
			return c
		}
	}
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		p := randomPolicy(r)
		for _, spelling := range []struct {
			write func(*Policy) ([]byte, error)
			read  func([]byte) (*Policy, error)
		}{{(*Policy).NDI, ParseNDI}, {(*Policy).DSP, ParseDSP}} {
			b, err := spelling.write(p)
			require.NoError(t, err)
			again, err := spelling.read(b)
			require.NoError(t, err, "%s", b)
			require.Equal(t, p, again)
			for range 5 {
				_, err := spelling.read(b[:r.IntN(len(b))])
				require.Error(t, err)
			}
			_, err = spelling.read(append(b, ' ', '1'))
			require.Error(t, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	const good = `{"@id":"x","@type":"Offer","permission":[{"action":"use","constraint":[{"leftOperand":"count","operator":"lteq","rightOperand":"3"}]}]}`
	_, err := ParseDSP([]byte(good))
	require.NoError(t, err)
	for name, replace := range map[string][2]string{
		"no rules":             {`"permission"`, `"obligation"`},
		"an unknown name":      {`"@id"`, `"uid":"y","@id"`},
		"a duplicate name":     {`"@id"`, `"@id":"y","@id"`},
		"another case":         {`"@id"`, `"@ID"`},
		"agreement of nobody":  {`Offer`, `Agreement`},
		"an unknown operator":  {`lteq`, `LTEQ`},
		"an operator too many": {`"lteq"`, `"isNoneOf","and":[]`},
		"eq on a limit":        {`lteq`, `eq`},
		"a number as operand":  {`"3"`, `3`},
		"null as operand":      {`"3"`, `null`},
		"an object as operand": {`"3"`, `{"@value":"3"}`},
		"an array for lteq":    {`"3"`, `["3","4"]`},
		"an empty array":       {`"3"`, `[]`},
		"a padded number":      {`"3"`, `"03"`},
		"a huge number":        {`"3"`, `"99999999999999999999"`},
		"an exponent":          {`"3"`, `"1e3"`},
		"an empty action":      {`"use"`, `""`},
		"a misplaced remedy":   {`"action"`, `"remedy":[{"action":"read"}],"action"`},
		"a missing operand":    {`"leftOperand":"count",`, ``},
	} {
		bad := strings.Replace(good, replace[0], replace[1], 1)
		require.NotEqual(t, good, bad, name)
		_, err := ParseDSP([]byte(bad))
		require.Error(t, err, name)
	}
	deep := strings.Repeat(`{"and":[`, 5000) + strings.Repeat(`]}`, 5000)
	_, err = ParseDSP([]byte(`{"@id":"x","@type":"Offer","permission":[{"action":"use","constraint":[` + deep + `]}]}`))
	require.Error(t, err)
	_, err = ParseDSP(make([]byte, maxBytes+1))
	require.Error(t, err)
}

// What is accepted is written so that it is read as the same policy, in both
// spellings.
func FuzzParse(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 8 {
		p := randomPolicy(r)
		a, err := p.DSP()
		require.NoError(f, err)
		b, err := p.NDI()
		require.NoError(f, err)
		f.Add(a)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, parse := range []func([]byte) (*Policy, error){ParseDSP, ParseNDI} {
			p, err := parse(b)
			if err != nil {
				continue
			}
			p.Conflicts()
			a, errA := p.DSP()
			b, errB := p.NDI()
			if errA != nil || errB != nil {
				continue // longer than what is read, since escapes differ
			}
			fromA, err := ParseDSP(a)
			require.NoError(t, err)
			fromB, err := ParseNDI(b)
			require.NoError(t, err)
			require.Equal(t, p, fromA)
			require.Equal(t, p, fromB)
			Decide(p, &Request{Action: "read", Target: p.Target}, State{})
		}
	})
}
