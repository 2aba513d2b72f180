package agreement

import (
	"encoding/json"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// Terms that nobody should sign are refused when they are signed, offered and read,
// and the error says what is wrong.
func TestTermsRefused(t *testing.T) {
	parties := func(n int) (parties []Party) {
		for i := range n {
			parties = append(parties, newParty(t, i))
		}
		return parties
	}
	for _, c := range []struct {
		want   string
		change func(*Terms)
	}{
		{"needs an ID", func(t *Terms) { t.ID = "" }},
		{"needs an ID", func(t *Terms) { t.ID = "a contract" }},
		{"needs an ID", func(t *Terms) { t.ID = strings.Repeat("x", maxCode+1) }},
		{"needs an ID", func(t *Terms) { t.ID = "\xff" }},
		{"2 to 64 parties", func(t *Terms) { t.Parties = t.Parties[:1] }},
		{"2 to 64 parties", func(t *Terms) { t.Parties = parties(65) }},
		{"1 to 256 programs", func(t *Terms) { t.Programs = nil }},
		{"1 to 256 programs", func(t *Terms) { t.Programs = slices.Repeat(t.Programs[:1], 257) }},
		{"at most 256 policies", func(t *Terms) { t.Policies = slices.Repeat(t.Policies, 257) }},
		{"From and Until", func(t *Terms) { t.Until = t.From }},
		{"From and Until", func(t *Terms) { t.From = t.From.Add(1) }},
		{"From and Until", func(t *Terms) { t.Until = t.Until.Add(1) }},
		{"From and Until", func(t *Terms) { t.From = t.From.In(time.FixedZone("", 60)) }},
		{"From and Until", func(t *Terms) { t.From = t.From.AddDate(-100, 0, 0) }},
		{"From and Until", func(t *Terms) { t.Until = t.Until.AddDate(8000, 0, 0) }},
		{"RoundTo is at least 1", func(t *Terms) { t.Output.RoundTo = 0 }},
		{"RoundTo is at least 1", func(t *Terms) { t.Output.RoundTo = 1 << 53 }},
		{"RoundTo is at least 1", func(t *Terms) { t.Output.MinCount = 1 << 53 }},
		{"a sensitivity", func(t *Terms) { t.Output.Sensitivity = maxSensitivity + 1 }},
		{"party 2 needs a code", func(t *Terms) { t.Parties[1].Code = "an insurer" }},
		{"party 1 needs a code", func(t *Terms) { t.Parties[0].Code = "" }},
		{"party 2 has no key", func(t *Terms) { t.Parties[1].Key = keys.PublicKey{} }},
		{"party 2 has the code or the key", func(t *Terms) { t.Parties[1].Code = t.Parties[0].Code }},
		{"party 2 has the code or the key", func(t *Terms) { t.Parties[1].Key = t.Parties[0].Key }},
		{"a receiver is no party", func(t *Terms) { t.Output.Receivers = []string{"nobody"} }},
		{"a receiver is no party", func(t *Terms) { t.Output.Receivers = []string{"clinic", "clinic"} }},
		{"policy 1:", func(t *Terms) { t.Policies[0] = json.RawMessage(`{}`) }},
	} {
		w := newWorld(t)
		terms := w.contract.Terms
		terms.Parties, terms.Policies = slices.Clone(terms.Parties), slices.Clone(terms.Policies)
		c.change(&terms)
		changed := &Contract{Terms: terms}
		require.ErrorContains(t, changed.Sign(w.a.cfg.Signer), c.want)
		require.ErrorContains(t, changed.Verify(now), c.want)
		_, err := NewOffer(terms, nil, w.a.cfg.Signer)
		require.ErrorContains(t, err, c.want)
		if text, err := json.Marshal(changed); err == nil {
			require.Error(t, new(Contract).UnmarshalBinary(text), c.want)
		}
	}
	// The limits themselves are allowed.
	w := newWorld(t)
	terms := &w.contract.Terms
	terms.ID = strings.Repeat("x", maxCode)
	terms.Parties = append(parties(62), terms.Parties...)
	terms.Programs = slices.Repeat(terms.Programs[:1], 256)
	require.NoError(t, terms.Validate())

	// What is too long to be read is not signed.
	operand := slices.Repeat([]string{strings.Repeat("x", 1000)}, 60)
	for i := range 20 {
		p := policy.Policy{ID: "urn:x:1", Target: "t" + string(rune('a'+i)), Permissions: []policy.Rule{{Action: "compute",
			Constraints: []policy.Constraint{{Left: "dataField", Operator: "isAnyOf", Right: operand}}}}}
		raw, err := p.DSP()
		require.NoError(t, err)
		terms.Policies = append(terms.Policies, raw)
	}
	require.NoError(t, terms.Validate())
	require.ErrorContains(t, w.contract.Sign(w.a.cfg.Signer), "longer than")
}

func newParty(t *testing.T, i int) Party {
	var key keys.PublicKey
	require.NoError(t, key.UnmarshalText([]byte("other:"+strings.Repeat("A", 41)+string(rune('A'+i/16))+string("AEIMQUYcgkosw048"[i%16]))))
	return Party{strings.Repeat("p", i+1), key}
}

// A statement beyond its contract is signed by nobody, and refused by all who get
// it.
func TestStatementsRefused(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*Statement)
	}{
		{"about another contract", func(s *Statement) { s.Contract[0] ^= 1 }},
		{"does not allow the program", func(s *Statement) { s.Program[0] ^= 1 }},
		{"two or more", func(s *Statement) { s.Parties = nil }},
		{"two or more", func(s *Statement) { s.Parties = []string{"clinic", "clinic"} }},
		{"two or more", func(s *Statement) { s.Parties = []string{"clinic", "nobody"} }},
		{"a receiver is no party", func(s *Statement) { s.Receivers = []string{"nobody"} }},
		{"a receiver is no party", func(s *Statement) { s.Receivers = []string{"clinic", "clinic"} }},
		{"none of the contract's", func(s *Statement) { s.Receivers = []string{"insurer"} }},
		{"too many inputs", func(s *Statement) { s.Inputs = slices.Repeat(s.Inputs, maxInputs+1) }},
		{"no execution environment", func(s *Statement) { s.Environment = "" }},
		{"no execution environment", func(s *Statement) { s.Environment = strings.Repeat("0", maxCode+1) }},
		{"beyond all budgets", func(s *Statement) { s.Cost = 1 << 53 }},
		{"nonce is missing", func(s *Statement) { s.Nonce = Digest{} }},
		{"From and Until", func(s *Statement) { s.Until = s.From }},
		{"From and Until", func(s *Statement) { s.From = s.From.Add(1) }},
		{"From and Until", func(s *Statement) { s.Until = s.Until.In(time.FixedZone("", 60)) }},
		{"input 1 has no party", func(s *Statement) { s.Inputs[0].Party = "nobody" }},
		{"input 1 has no party", func(s *Statement) { s.Inputs[0].Ref = "" }},
		{"input 1 has no party", func(s *Statement) { s.Inputs[0].Target = "the patients" }},
	} {
		w := newWorld(t)
		c.change(&w.start.Statement)
		require.ErrorContains(t, w.start.Sign(w.contract, w.a.cfg.Signer), c.want)
		_, err := Authorize(t.Context(), w.a.cfg, w.contract, w.start)
		require.Error(t, err, c.want)
	}
	// Who receives takes part.
	w := newWorld(t)
	third := newSide(t, "university", 3)
	w.contract.Terms.Parties = append(w.contract.Terms.Parties, third.party)
	w.contract.Terms.Output.Receivers = append(w.contract.Terms.Output.Receivers, "university")
	contract, err := w.contract.Terms.Digest()
	require.NoError(t, err)
	w.start.Statement.Contract = contract
	w.start.Statement.Receivers = []string{"university"}
	require.ErrorContains(t, w.start.Sign(w.contract, w.a.cfg.Signer), "takes no part")
	w.start.Statement.Receivers = []string{"clinic"}
	require.NoError(t, w.start.Sign(w.contract, w.a.cfg.Signer))

	// A party of the contract that is none of the run has no permit, although it
	// accepted both.
	w.contract.Signatures, w.start.Signatures = nil, nil
	for _, s := range []*side{w.a, w.b, third} {
		require.NoError(t, w.contract.Sign(s.cfg.Signer))
	}
	w.sign(t, w.start)
	_, err = Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.NoError(t, err)
	_, err = Authorize(t.Context(), third.cfg, w.contract, w.start)
	require.ErrorContains(t, err, "is of no party of the run")
	require.Error(t, w.start.Sign(w.contract, third.cfg.Signer))
}

func TestAuthorizeNeeds(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*Config){
		"signer": func(c *Config) { c.Signer = nil }, "clock": func(c *Config) { c.Now = nil }, "counters": func(c *Config) { c.Counters = nil },
		"rights": func(c *Config) { c.Rights = nil }, "record": func(c *Config) { c.Record = nil },
	} {
		cfg := *w.a.cfg
		change(&cfg)
		_, err := Authorize(t.Context(), &cfg, w.contract, w.start)
		require.ErrorContains(t, err, "Config needs", name)
	}
	_, err := Authorize(t.Context(), nil, w.contract, w.start)
	require.ErrorContains(t, err, "Config needs")
	_, err = Authorize(t.Context(), w.a.cfg, w.contract, nil)
	require.ErrorContains(t, err, "a contract and a start")
	_, err = Authorize(t.Context(), w.a.cfg, nil, w.start)
	require.ErrorContains(t, err, "a contract and a start")
}

// The contract's own period counts, whatever that of a statement.
func TestPeriods(t *testing.T) {
	w := newWorld(t)
	terms := w.contract.Terms
	for at, good := range map[time.Time]bool{terms.From.Add(-1): false, terms.From: true, terms.Until.Add(-1): true, terms.Until: false} {
		err := w.contract.Verify(at)
		require.Equal(t, good, err == nil)
		if !good {
			require.ErrorIs(t, err, ErrPeriod)
		}
	}
	_, err := NewTermination(w.contract, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), w.a.cfg.Signer)
	require.ErrorContains(t, err, "out of range")

	// A permit is of no use when the statement, or the contract, has run out.
	for _, until := range []func() *time.Time{
		func() *time.Time { return &w.start.Statement.Until }, func() *time.Time { return &w.contract.Terms.Until },
	} {
		w = newWorld(t)
		w.start.Statement.Until = w.contract.Terms.Until.Add(time.Hour)
		*until() = now.Add(2 * time.Second)
		w.contract.Signatures = nil
		for _, s := range []*side{w.a, w.b} {
			require.NoError(t, w.contract.Sign(s.cfg.Signer))
		}
		w.start.Statement.Contract, err = w.contract.Terms.Digest()
		require.NoError(t, err)
		w.sign(t, w.start)
		a, b := w.permits(t)
		w.a.cfg.Now = func() time.Time { return now.Add(2 * time.Second) }
		_, _, errA, errB := open(t, a, b)
		require.ErrorIs(t, errA, ErrPeriod)
		require.ErrorIs(t, errB, ErrPeriod)
		require.ErrorIs(t, errB, ErrPeer)
	}
}

// Where uses cannot be counted there is no channel.
func TestCountersFail(t *testing.T) {
	for _, who := range []int{0, 1} {
		w := newWorld(t)
		a, b := w.permits(t)
		require.NoError(t, []*side{w.a, w.b}[who].cfg.Counters.Close())
		_, _, errA, errB := open(t, a, b)
		require.ErrorIs(t, errA, ErrRecord)
		require.ErrorIs(t, errB, ErrRecord)
		require.ErrorIs(t, []error{errB, errA}[who], ErrPeer)
	}
}

// A side that leaves is told from one that refuses.
func TestLeft(t *testing.T) {
	w := newWorld(t)
	a, _ := w.permits(t)
	conn, other := net.Pipe()
	go func() {
		other.Read(make([]byte, 1<<16)) // the hello, which is written at once
		other.Close()
	}()
	_, err := Open(t.Context(), conn, a, "insurer")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, "left before the channel was open")
	require.NotErrorIs(t, err, ErrPeer)
	require.EqualValues(t, 255, w.a.records[0].Class)
}

// Refuse says when nobody could be told.
func TestRefuseUnheard(t *testing.T) {
	w := newWorld(t)
	conn, other := net.Pipe()
	other.Close()
	require.Error(t, Refuse(t.Context(), conn, w.a.cfg, w.contract, "insurer", ErrRight))
	require.Empty(t, w.a.records)
}

// What is not signed yet, or names nothing, is written so that it can be read.
func TestUnsignedCodec(t *testing.T) {
	w := newWorld(t)
	draft := &Contract{Terms: w.contract.Terms}
	draft.Terms.Policies, draft.Terms.Output.Receivers = nil, nil
	text, err := draft.MarshalBinary()
	require.NoError(t, err)
	var c Contract
	require.NoError(t, c.UnmarshalBinary(text))
	require.Equal(t, draft, &c)
	for _, s := range []*side{w.a, w.b} {
		require.NoError(t, c.Sign(s.cfg.Signer))
	}
	contract, err := c.Terms.Digest()
	require.NoError(t, err)
	start := &Start{Statement: w.start.Statement}
	start.Statement.Contract, start.Statement.Inputs, start.Statement.Receivers = contract, nil, nil
	text, err = start.MarshalBinary()
	require.NoError(t, err)
	var s Start
	require.NoError(t, s.UnmarshalBinary(text))
	require.Equal(t, start, &s)
	for _, side := range []*side{w.a, w.b} {
		require.NoError(t, s.Sign(&c, side.cfg.Signer))
	}
	p, err := Authorize(t.Context(), w.a.cfg, &c, &s)
	require.NoError(t, err)
	_, err = p.Release(100)
	require.ErrorIs(t, err, ErrOutput)
}
