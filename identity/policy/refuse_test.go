package policy

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
)

// What is outside the vocabulary or the limits is refused, and the error says
// where. A policy that Go code made wrongly is neither written nor decided by.
func TestValidate(t *testing.T) {
	long := strings.Repeat("x", maxText+1)
	nested := func(depth int) Constraint {
		c := is("count", "lteq", "1")
		for range depth {
			c = Constraint{Logic: "and", Of: []Constraint{c}}
		}
		return c
	}
	agreed := func(p *Policy) { p.Target, p.Assigner, p.Assignee = "t", "a", "b" }
	rule := func(change func(*Rule)) func(*Policy) { return func(p *Policy) { change(&p.Permissions[0]) } }
	constraint := func(c Constraint) func(*Policy) {
		return rule(func(r *Rule) { r.Constraints = []Constraint{is("count", "lteq", "1"), c} })
	}
	for _, c := range []struct {
		want   string
		change func(*Policy)
	}{
		{"has no ID", func(p *Policy) { p.ID = "" }},
		{"ID is longer", func(p *Policy) { p.ID = long }},
		{"not UTF-8", func(p *Policy) { p.ID = "\xff" }},
		{"Target is longer", func(p *Policy) { p.Target = long }},
		{"Assigner is longer", func(p *Policy) { agreed(p); p.Assigner = long }},
		{"Assignee is longer", func(p *Policy) { agreed(p); p.Assignee = long }},
		{"a Profile is empty", func(p *Policy) { p.Profile = []string{""} }},
		{"a Profile is empty, longer", func(p *Policy) { p.Profile = []string{"x", long} }},
		{"an agreement needs", func(p *Policy) { agreed(p); p.Target = "" }},
		{"an agreement needs", func(p *Policy) { agreed(p); p.Assigner = "" }},
		{"an offer has neither", func(p *Policy) { p.Assigner = "a" }},
		{"an offer has neither", func(p *Policy) { p.Timestamp = "2026-01-01T00:00:00Z" }},
		{"Timestamp", func(p *Policy) { agreed(p); p.Timestamp = "yesterday" }},
		{"there must be", func(p *Policy) { p.Permissions, p.Obligations = nil, p.Permissions }},
		{"more than 256 rules", func(p *Policy) { p.Permissions = slices.Repeat(p.Permissions, MaxRules+1) }},
		{"more than 256 rules", func(p *Policy) { // duties count
			p.Permissions[0].Duties = slices.Repeat([]Rule{{Action: "alert"}}, MaxRules)
		}},
		{"permission 1: the action", rule(func(r *Rule) { r.Action = "fly" })},
		{"permission 1: the action", rule(func(r *Rule) { r.Action = "expansionItem" })},
		{"permission 1: the action", rule(func(r *Rule) { r.Action = "expansionItem:" })},
		{"permission 1: the action", rule(func(r *Rule) { r.Action = "expansionItem:a b" })},
		{"permission 1: the action", rule(func(r *Rule) { r.Action = "expansionItem:read" })}, // ODRL has it
		{"permission 1: duty 1: the action", rule(func(r *Rule) { r.Duties = []Rule{{}} })},
		{"a duty has duties", rule(func(r *Rule) { r.Duties = []Rule{{Action: "alert", Duties: []Rule{{Action: "alert"}}}} })},
		{"more than 1024", rule(func(r *Rule) { r.Constraints = slices.Repeat([]Constraint{is("count", "lteq", "1")}, maxEntries) })},
		{"more than 1024", constraint(is("dataField", "isAnyOf", slices.Repeat([]string{"x"}, maxEntries)...))},
		{"constraint 2: the logic", constraint(Constraint{Logic: "nor", Of: []Constraint{nested(0)}})},
		{"compares or combines", constraint(Constraint{Logic: "or", Of: []Constraint{nested(0)}, Left: "count"})},
		{"compares or combines", constraint(Constraint{Logic: "or", Of: []Constraint{nested(0)}, Operator: "eq"})},
		{"compares or combines", constraint(Constraint{Logic: "or", Of: []Constraint{nested(0)}, Right: []string{"x"}})},
		{"nothing is combined", constraint(Constraint{Logic: "or"})},
		{"nested deeper", constraint(nested(maxNested + 1))},
		{"without a logic", constraint(Constraint{Left: "region", Operator: "eq", Right: []string{"x"}, Of: []Constraint{nested(0)}})},
		{"the left operand", constraint(is("weather", "eq", "x"))},
		{"the operator", constraint(is("region", "like", "x"))},
		{"0 right operands", constraint(is("region", "eq"))},
		{"2 right operands", constraint(is("region", "eq", "x", "y"))},
		{"a right operand is longer", constraint(is("region", "isAnyOf", "x", long))},
		{"not UTF-8", constraint(is("region", "eq", "\xff"))},
		{"time is compared by order", constraint(is("time", "isPartOf", "2026-01-01T00:00:00Z"))},
		{"time is compared by order", constraint(is("time", "hasPart", "2026-01-01T00:00:00Z"))},
		{"time is compared by order", constraint(is("time", "isA", "2026-01-01T00:00:00Z"))},
		{"time is compared by order", constraint(is("time", "isAnyOf", "2026-01-01T00:00:00Z"))},
		{"a time is", constraint(is("time", "lt", "tomorrow"))},
		{"timeWindow is compared", constraint(is("timeWindow", "eq", "2026-01-01T00:00:00Z/2027-01-01T00:00:00Z"))},
		{"a time window is", constraint(is("timeWindow", "isPartOf", "2027-01-01T00:00:00Z/2026-01-01T00:00:00Z"))},
		{"a time window is", constraint(is("timeWindow", "isPartOf", "2027-01-01T00:00:00Z"))},
		{"a limit on uses", constraint(is("count", "gteq", "3"))},
		{"a limit on uses", constraint(is(PrivacyBudget, "eq", "3"))},
		{"a limit on uses", constraint(is("frequency", "gteq", "3/24h"))},
		{"a frequency is", constraint(is("frequency", "lteq", "10001/24h"))},
		{"a frequency is", constraint(is("frequency", "lteq", "10/0s"))},
		{"a frequency is", constraint(is("frequency", "lteq", "10/-1h"))},
		{"a frequency is", constraint(is("frequency", "lteq", "10"))},
		{"a network address", constraint(is("networkAddress", "isPartOf", "10.0.0.0/33"))},
		{"only decimal numbers", constraint(is("dataSize", "lteq", "many"))},
		{"only decimal numbers", constraint(is("dataSize", "lteq", "1/3"))},
		{"only decimal numbers", constraint(is("dataSize", "lteq", strings.Repeat("9", 41)))},
	} {
		p := permit()
		require.NoError(t, p.Validate())
		c.change(p)
		require.ErrorContains(t, p.Validate(), c.want)
		for _, write := range []func() ([]byte, error){p.NDI, p.DSP} {
			_, err := write()
			require.ErrorContains(t, err, c.want)
		}
		require.Len(t, p.Conflicts(), 1)
		r := &Request{Action: firstPermission(p).Action, Target: p.Target, Time: noon}
		require.Equal(t, DefaultDenied, Decide(p, r, State{}).Outcome, c.want)
	}
	// The limits themselves are allowed.
	p := permit(nested(maxNested))
	p.Permissions = slices.Repeat(p.Permissions, MaxRules)
	p.ID = long[1:]
	require.NoError(t, p.Validate())
	// What is too long only when it is written is not written.
	p.Permissions = []Rule{{Action: "read", Constraints: []Constraint{is("dataField", "isAnyOf", slices.Repeat([]string{long[1:]}, 64)...)}}}
	require.NoError(t, p.Validate())
	_, err := p.DSP()
	require.ErrorContains(t, err, "longer than 65536")
}

// firstPermission returns the first permission, or a rule about nothing.
func firstPermission(p *Policy) Rule {
	if len(p.Permissions) == 0 {
		return Rule{Action: "compute"}
	}
	return p.Permissions[0]
}

// Without a time nothing that is about time holds.
func TestNoTime(t *testing.T) {
	for _, c := range []Constraint{
		is("time", "lt", "2030-01-01T00:00:00Z"),
		is("time", "neq", "2030-01-01T00:00:00Z"),
		is("timeWindow", "isPartOf", "0001-01-01T00:00:00Z/2030-01-01T00:00:00Z"),
		is("frequency", "lteq", "5/24h"),
	} {
		require.Equal(t, unknown, c.eval(&Request{}, State{}), c.Left)
		require.Equal(t, yes, c.eval(&Request{Time: noon}, State{}), c.Left)
	}
	// The window of a frequency is open where it starts, and uses to come count.
	recent := State{Recent: []time.Time{noon.Add(-24 * time.Hour), noon.Add(time.Hour)}}
	c := is("frequency", "lteq", "2/24h")
	require.Equal(t, yes, c.eval(&Request{Time: noon}, recent))
	recent.Recent[0] = recent.Recent[0].Add(1)
	require.Equal(t, no, c.eval(&Request{Time: noon}, recent))
}

func TestReasons(t *testing.T) {
	p := permit(Constraint{Logic: "or", Of: []Constraint{is("region", "eq", "3101"), is("region", "eq", "1101")}})
	d := Decide(p, &Request{Action: "compute", Facts: map[Operand][]string{"region": {"secret"}}}, State{})
	require.Equal(t, []string{"permission 1: constraint 1 (or) does not hold"}, d.Reasons)
	p.Permissions[0].Constraints = []Constraint{is("region", "eq", "3101")}
	d = Decide(p, &Request{Action: "compute", Facts: map[Operand][]string{"region": {"secret"}}}, State{})
	require.Equal(t, []string{"permission 1: constraint 1 (region) does not hold"}, d.Reasons)
	require.Equal(t, "allowed conditional denied denied by default", strings.Join([]string{Allowed.String(), Conditional.String(), Denied.String(), DefaultDenied.String()}, " "))
}

// Not every two rules contradict each other.
func TestNoConflict(t *testing.T) {
	p := permit()
	p.Prohibitions = []Rule{{Action: "read"}}
	require.Empty(t, p.Conflicts())
	for _, pair := range [][2]Constraint{
		{is("payAmount", "gteq", "10"), is("payAmount", "gteq", "5")},
		{is("payAmount", "lt", "5"), is("payAmount", "lt", "10")},
		{is("payAmount", "lteq", "10"), is("payAmount", "neq", "5")},
		{is("time", "gt", "2026-01-01T00:00:00Z"), is("time", "lt", "2027-01-01T00:00:00Z")},
		{is("time", "neq", "2026-01-01T00:00:00Z"), is("time", "eq", "2027-01-01T00:00:00Z")},
		{is("payAmount", "gteq", "10"), is("dataSize", "lt", "5")},
		{is("region", "eq", "3101"), is("region", "isAllOf", "3101")},
		{is("region", "eq", "3101"), is("region", "isPartOf", "31")},
	} {
		require.Empty(t, permit(pair[0], pair[1]).Conflicts(), "%v", pair)
		require.Empty(t, permit(pair[1], pair[0]).Conflicts(), "%v", pair)
	}
}

// unsound makes signatures that do not hold.
type unsound struct{ ed25519.PrivateKey }

func (u unsound) Sign(rand io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	b, err := u.PrivateKey.Sign(rand, message, opts)
	b[0] ^= 1
	return b, err
}

// Others' documents verify, whatever they say, and proofs that say more than is
// understood do not.
func TestForeignDocuments(t *testing.T) {
	document := `{"@context":["https://example.org/v1"],"name":"\u00e9<&","height":1.750,"count":10000000000000000000000,"none":null,"list":[true,1e3]}`
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(document), &fields))
	key := keyFrom(7)
	did := didOf(publicOf(key))
	// proof makes a secured document as another program does.
	proof := func(change func(map[string]any)) []byte {
		p := map[string]any{
			"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod", "created": "2026-01-01T00:00:00+08:00",
			"verificationMethod": did + "#" + strings.TrimPrefix(did, didKey),
		}
		change(p)
		var config map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(encode(p), &config))
		data, _, err := hashData(fields, config)
		require.NoError(t, err)
		if _, set := p["proofValue"]; !set {
			config["proofValue"] = encode("z" + base58(ed25519.Sign(key, data)))
		}
		secured := map[string]json.RawMessage{"proof": encode(config)}
		for name, value := range fields {
			secured[name] = value
		}
		return encode(secured)
	}
	got, signer, err := Unsecure(proof(func(map[string]any) {}))
	require.NoError(t, err)
	require.True(t, signer.Equal(key.Public()))
	require.Equal(t, `{"@context":["https://example.org/v1"],"count":1e+22,"height":1.75,"list":[true,1000],"name":"é<&","none":null}`, string(got))
	// There is one text for a signature.
	text := string(proof(func(map[string]any) {}))
	for _, other := range []string{"", "zz", "z1", "m"} {
		_, _, err := Unsecure([]byte(strings.Replace(text, `"proofValue":"z`, `"proofValue":"`+other, 1)))
		require.ErrorIs(t, err, ErrCredential, other)
	}
	for name, change := range map[string]func(map[string]any){
		"no time":  func(p map[string]any) { delete(p, "created") },
		"an ID":    func(p map[string]any) { p["id"] = "urn:uuid:1" },
		"a nonce":  func(p map[string]any) { p["nonce"] = "n" },
		"context":  func(p map[string]any) { p["@context"] = []string{"https://example.org/v1"} },
		"fraction": func(p map[string]any) { p["created"] = "2026-01-01T00:00:00.5Z" },
	} {
		_, _, err := Unsecure(proof(change))
		require.NoError(t, err, name)
	}
	for name, change := range map[string]func(map[string]any){
		"a time of another form": func(p map[string]any) { p["created"] = "2026-01-01" },
		"another type":           func(p map[string]any) { p["type"] = "Ed25519Signature2020" },
		"another suite":          func(p map[string]any) { p["cryptosuite"] = "eddsa-rdfc-2022" },
		"another purpose":        func(p map[string]any) { p["proofPurpose"] = "authentication" },
		"another method":         func(p map[string]any) { p["verificationMethod"] = "https://example.org/key" },
		"another fragment":       func(p map[string]any) { p["verificationMethod"] = did + "#key" },
		"another context":        func(p map[string]any) { p["@context"] = []string{"https://example.org/v2"} },
		"another form":           func(p map[string]any) { p["@context"] = "https://example.org/v1" },
		"an end":                 func(p map[string]any) { p["expires"] = "2026-01-01T00:00:00Z" },
		"a domain":               func(p map[string]any) { p["domain"] = "example.org" },
		"a challenge":            func(p map[string]any) { p["challenge"] = "c" },
		"a previous proof":       func(p map[string]any) { p["previousProof"] = "urn:uuid:1" },
		"no value":               func(p map[string]any) { p["proofValue"] = "" },
		"another base":           func(p map[string]any) { p["proofValue"] = "m" + base58(make([]byte, 64)) },
		"no base58":              func(p map[string]any) { p["proofValue"] = "z" + strings.Repeat("0", 64) },
		"too long":               func(p map[string]any) { p["proofValue"] = "z" + strings.Repeat("z", 1000) },
		"one byte too many":      func(p map[string]any) { p["proofValue"] = "z" + base58(slices.Repeat([]byte{255}, 65)) },
	} {
		_, _, err := Unsecure(proof(change))
		require.ErrorIs(t, err, ErrCredential, name)
	}
	for _, text := range []string{`{}`, `[]`, `null`, `{"proof":null}`, `{"proof":[]}`, `{"proof":{}}`, strings.Repeat(" ", maxCredential) + `{}`} {
		_, _, err := Unsecure([]byte(text))
		require.ErrorIs(t, err, ErrCredential)
	}

	// A signature of a key without a secret fits any document.
	weak := append([]byte{1}, make([]byte, 31)...)
	did = didOf(weak)
	_, _, err = Unsecure(proof(func(p map[string]any) { p["proofValue"] = "z" + base58(append(weak, make([]byte, 32)...)) }))
	require.ErrorContains(t, err, "not a did:key of Ed25519")

	// What is signed here others must read alike, and by a key of the suite.
	_, err = Secure([]byte(document), key, noon)
	require.Error(t, err, "numbers that are not exact")
	_, err = Secure([]byte(`{"a":1}`), unsound{key}, noon)
	require.ErrorContains(t, err, "does not hold")
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, err = Secure([]byte(`{"a":1}`), other, noon)
	require.ErrorContains(t, err, "Ed25519")
	list, err := NewStatusList("x", 1, noon, noon.Add(1))
	require.NoError(t, err)
	_, err = list.Sign(other, noon)
	require.ErrorContains(t, err, "Ed25519")
	_, err = NewRights([]ed25519.PublicKey{weak}, nil, nil)
	require.Error(t, err)
}

// Each field of a grant that its issuer signed is checked all the same.
func TestSignedAndWrong(t *testing.T) {
	g := grant(processor, operator, "OPERATOR", Operate, product, resA, resB)
	g.StatusList, g.StatusIndex = "https://x.example/1", 7
	document, _, err := Unsecure(signed(t, g, processor))
	require.NoError(t, err)
	again := func(b []byte, by ed25519.PrivateKey) []byte {
		b, err := Secure(b, by, noon)
		require.NoError(t, err)
		return b
	}
	_, err = ParseGrant(again(document, processor))
	require.NoError(t, err)
	for name, replace := range map[string][2]string{
		"no credential":      {`"VerifiableCredential",`, ``},
		"another type":       {`"DataRight"`, `"DataWrong"`},
		"another context":    {`"https://www.w3.org/ns/credentials/v2",`, ``},
		"context no list":    {`["https://www.w3.org/ns/credentials/v2",{"@vocab":"urn:dujiang:right:"}]`, `"https://www.w3.org/ns/credentials/v2"`},
		"start in words":     {noon.Format(time.RFC3339), `noon`},
		"end in words":       {noon.AddDate(1, 0, 0).Format(time.RFC3339), `night`},
		"holder no key":      {didOf(publicOf(operator)), `did:web:example.org`},
		"subject no code":    {`OPERATOR0000000000`, `OPERATOR`},
		"resource no code":   {product.String(), product.String()[:31]},
		"input no code":      {resA.String(), `a`},
		"unknown right":      {`"Operate"`, `"Own"`},
		"right of others":    {`"Operate"`, `"Hold"`},
		"unknown name":       {`"right"`, `"more":"x","right"`},
		"index no number":    {`"7"`, `"seven"`},
		"index too large":    {`"7"`, `"4294967296"`},
		"another purpose":    {`"revocation"`, `"suspension"`},
		"another list":       {`BitstringStatusListEntry`, `StatusList2021Entry`},
		"no list":            {`https://x.example/1`, ``},
		"list no IRI":        {`https://x.example/1`, `a list`},
		"unknown in status":  {`"statusPurpose"`, `"more":"x","statusPurpose"`},
		"times not in order": {noon.Format(time.RFC3339), noon.AddDate(2, 0, 0).Format(time.RFC3339)},
	} {
		changed := strings.Replace(string(document), replace[0], replace[1], 1)
		require.NotEqual(t, string(document), changed, name)
		_, err := ParseGrant(again([]byte(changed), processor))
		require.ErrorIs(t, err, ErrCredential, name)
	}

	s, err := NewStatusList("https://holder.example/status", 1, noon, noon.AddDate(0, 1, 0))
	require.NoError(t, err)
	list, err := s.Sign(holder, noon)
	require.NoError(t, err)
	document, _, err = Unsecure(list)
	require.NoError(t, err)
	_, err = ParseStatusList(again(document, operator))
	require.ErrorContains(t, err, "another than the issuer")
	var parts struct {
		Subject struct {
			List string `json:"encodedList"`
		} `json:"credentialSubject"`
	}
	require.NoError(t, json.Unmarshal(document, &parts))
	text := parts.Subject.List
	for name, replace := range map[string][2]string{
		"no credential":       {`"VerifiableCredential",`, ``},
		"another context":     {`https://www.w3.org/ns/credentials/v2`, `https://www.w3.org/2018/credentials/v1`},
		"another kind":        {`"BitstringStatusList"`, `"StatusList2021"`},
		"another purpose":     {`"revocation"`, `"suspension"`},
		"start in words":      {noon.Format(time.RFC3339), `noon`},
		"times not in order":  {noon.Format(time.RFC3339), noon.AddDate(1, 0, 0).Format(time.RFC3339)},
		"no IRI":              {`https://holder.example/status`, `a list`},
		"another base":        {`"` + text, `"m` + text[1:]},
		"no base64":           {text, text + "?"},
		"nothing compressed":  {text, "uAAAA"},
		"cut":                 {text, text[:len(text)-8]},
		"unknown in the list": {`"statusPurpose"`, `"ttl":"1","statusPurpose"`},
	} {
		changed := strings.Replace(string(document), replace[0], replace[1], 1)
		require.NotEqual(t, string(document), changed, name)
		_, err := ParseStatusList(again([]byte(changed), holder))
		require.ErrorIs(t, err, ErrCredential, name)
	}
	s.bits = s.bits[1:] // too few to hide among
	list, err = s.Sign(holder, noon)
	require.NoError(t, err)
	_, err = ParseStatusList(list)
	require.ErrorIs(t, err, ErrCredential)
	for _, bad := range []func() (*StatusList, error){
		func() (*StatusList, error) { return NewStatusList("a list", 1, noon, noon.Add(1)) },
		func() (*StatusList, error) { return NewStatusList("x", -1, noon, noon.Add(1)) },
		func() (*StatusList, error) { return NewStatusList("x", 8*maxStatus+1, noon, noon.Add(1)) },
		func() (*StatusList, error) { return NewStatusList("x", 1, noon, noon) },
	} {
		_, err := bad()
		require.Error(t, err)
	}
	_, err = NewRights(nil, [][]byte{list}, nil)
	require.ErrorContains(t, err, "grant 1")
	_, err = NewRights(nil, nil, [][]byte{list})
	require.ErrorContains(t, err, "status list 1")
	require.Error(t, rightsOf(t).Check(identity.Subject{}, Hold, resA, noon))
}

// rightsOf returns the rights of the chain.
func rightsOf(t *testing.T) *Rights {
	r, err := NewRights([]ed25519.PublicKey{publicOf(root)}, chain(t), nil)
	require.NoError(t, err)
	return r
}
