package agreement

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// organisation is the subject in the examples of NDI-TR-2025-04.
const organisation = "91110000600037341L"

func code(t testing.TB, kind identity.Kind) identity.Code {
	subject, err := identity.ParseSubject(organisation)
	require.NoError(t, err)
	area, err := identity.ParseArea("1101")
	require.NoError(t, err)
	c, err := identity.Mint(kind, subject, area)
	require.NoError(t, err)
	return c
}

// rename has the first party and its input bear codes.
func (w *world) rename(t testing.TB, party, target, ref string) {
	terms := &w.contract.Terms
	w.a.party.Code = party
	terms.Parties[0].Code = party
	terms.Output.Receivers = []string{party}
	p, err := policy.ParseDSP(terms.Policies[0])
	require.NoError(t, err)
	p.Target = target
	raw, err := p.DSP()
	require.NoError(t, err)
	terms.Policies = []json.RawMessage{raw}
	w.contract.Signatures = nil
	for _, s := range []*side{w.a, w.b} {
		require.NoError(t, w.contract.Sign(s.cfg.Signer))
	}
	contract, err := terms.Digest()
	require.NoError(t, err)
	s := &w.start.Statement
	s.Contract, s.Inputs, s.Parties, s.Receivers = contract, []Input{{party, ref, target}}, []string{party, "insurer"}, []string{party}
	w.sign(t, w.start)
}

// The rights that the gate asks for are credentials, and one of them is revoked.
func TestRightsByCredential(t *testing.T) {
	data := code(t, identity.Resource)
	registry := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	root := registry.Public().(ed25519.PublicKey)
	subject, err := identity.ParseSubject(organisation)
	require.NoError(t, err)
	w := newWorld(t)
	grant := policy.Grant{
		ID: "urn:grant:1", Issuer: root, Holder: w.a.party.Key.Bytes(), Subject: subject, Right: policy.Hold, Resource: data,
		From: now.Add(-time.Hour), Until: now.Add(time.Hour), StatusList: "https://registry.example/status", StatusIndex: 5,
	}
	credential, err := grant.Sign(registry, now)
	require.NoError(t, err)
	rights := func(revoked bool) *policy.Rights {
		list, err := policy.NewStatusList(grant.StatusList, 10, now.Add(-time.Hour), now.Add(time.Hour))
		require.NoError(t, err)
		if revoked {
			require.NoError(t, list.Revoke(grant.StatusIndex))
		}
		status, err := list.Sign(registry, now)
		require.NoError(t, err)
		known, err := policy.NewRights([]ed25519.PublicKey{root}, [][]byte{credential}, [][]byte{status})
		require.NoError(t, err)
		return known
	}
	// The party is known by its own code, or by that of its connector.
	for _, party := range []string{organisation, code(t, identity.Connector).String()} {
		w := newWorld(t)
		w.rename(t, party, data.String(), data.String()+"@1")
		try := func(known *policy.Rights, sufficient ...policy.Right) error {
			w.a.cfg.Rights = ByCredentials(known, sufficient...)
			_, err := Authorize(t.Context(), w.a.cfg, w.contract, w.start)
			return err
		}
		require.NoError(t, try(rights(false), policy.Hold))
		require.NoError(t, try(rights(false), policy.Process, policy.Hold))
		err := try(rights(true), policy.Process, policy.Hold)
		require.ErrorIs(t, err, ErrRight)
		require.ErrorContains(t, err, "Hold: policy: no right: the credential was revoked")
		require.ErrorContains(t, err, "Process: policy: no right: there is no credential")
		require.ErrorIs(t, try(rights(false), policy.Process), ErrRight)
		require.ErrorIs(t, try(rights(false)), ErrRight)
		require.ErrorIs(t, try(nil, policy.Hold), ErrRight)
	}
	// What is no code has no rights, and the error says which field that is.
	for name, c := range map[string][3]string{
		"Target":            {organisation, "patients", "patients@1"},
		"Code: identity: s": {"clinic", data.String(), data.String() + "@1"},
		"Code: identity: c": {code(t, identity.Connector).String()[:31] + "!", data.String(), data.String() + "@1"},
	} {
		w := newWorld(t)
		w.rename(t, c[0], c[1], c[2])
		w.a.cfg.Rights = ByCredentials(rights(false), policy.Hold)
		_, err := Authorize(t.Context(), w.a.cfg, w.contract, w.start)
		require.ErrorIs(t, err, ErrRight)
		require.ErrorContains(t, err, name)
	}
}

// A policy about one code lets nobody use another.
func TestInputsOfOneCode(t *testing.T) {
	data, other := code(t, identity.Resource), code(t, identity.Resource)
	digest := "@sha256:" + strings.Repeat("ab", 32)
	for _, c := range []struct {
		target, ref string
		good        bool
	}{
		{data.String(), data.String() + "@1", true},
		{data.String(), data.String() + digest, true},
		{"patients", "patients@1", true},
		{"patients", "another name", false}, // it has a space
		{"patients", "another", true},
		{data.String(), other.String() + "@1", false},
		{data.String(), other.String() + digest, false},
		{data.String(), "patients@1", false},
		{data.String(), data.String(), false},
		{data.String(), data.String() + "@0", false},
		{data.String(), data.String() + "•OLD@1", false},
		{"patients", data.String() + "@1", false},
	} {
		w := newWorld(t)
		s := w.start
		s.Statement.Inputs = []Input{{"clinic", c.ref, c.target}}
		err := s.Sign(w.contract, w.a.cfg.Signer)
		require.Equal(t, c.good, err == nil, "%s %s: %v", c.target, c.ref, err)
		if !c.good {
			require.ErrorIs(t, err, ErrTerms)
			require.ErrorContains(t, err, "input 1")
		}
	}
}

// Policies about one target must not contradict each other.
func TestPoliciesTogether(t *testing.T) {
	text := func(p policy.Policy) json.RawMessage {
		raw, err := p.DSP()
		require.NoError(t, err)
		return raw
	}
	offer := func(id, target string) policy.Policy {
		return policy.Policy{ID: id, Target: target, Permissions: []policy.Rule{{Action: "compute"}}}
	}
	w := newWorld(t)
	validate := func(policies ...policy.Policy) error {
		w.contract.Terms.Policies = nil
		for _, p := range policies {
			w.contract.Terms.Policies = append(w.contract.Terms.Policies, text(p))
		}
		return w.contract.Terms.Validate()
	}
	against := offer("urn:x:2", "patients")
	against.Permissions = nil
	against.Prohibitions = []policy.Rule{{Action: "compute"}}
	require.NoError(t, validate(offer("urn:x:1", "patients"), offer("urn:x:2", "patients")))
	require.ErrorContains(t, validate(offer("urn:x:1", "patients"), against), "policy 2 contradicts one before it")
	require.ErrorContains(t, validate(against, offer("urn:x:1", "patients")), "policy 2 contradicts one before it")
	require.NoError(t, validate(offer("urn:x:1", "others"), against))
	many := offer("urn:x:1", "patients")
	for range policy.MaxRules - 1 {
		many.Obligations = append(many.Obligations, policy.Rule{Action: "alert"})
	}
	require.NoError(t, validate(many))
	require.ErrorContains(t, validate(many, offer("urn:x:2", "patients")), "more than 256 rules")
	nowhere := offer("urn:x:1", "")
	require.ErrorContains(t, validate(nowhere), "has no target")
	against.Permissions = []policy.Rule{{Action: "compute"}}
	require.ErrorContains(t, validate(against), "policy 1 contradicts itself")
}

// A contract that was terminated after the permit opens no channel.
func TestTerminatedBeforeOpen(t *testing.T) {
	for _, who := range []int{0, 1} {
		w := newWorld(t)
		a, b := w.permits(t)
		end, err := NewTermination(w.contract, now, w.b.cfg.Signer)
		require.NoError(t, err)
		[]*side{w.a, w.b}[who].cfg.Terminations = []*Termination{end}
		_, _, errA, errB := open(t, a, b)
		require.ErrorIs(t, errA, ErrPeriod)
		require.ErrorIs(t, errB, ErrPeriod)
		require.ErrorIs(t, []error{errB, errA}[who], ErrPeer)
	}
	// Its time must have come.
	w := newWorld(t)
	end, err := NewTermination(w.contract, now.Add(time.Second), w.b.cfg.Signer)
	require.NoError(t, err)
	w.a.cfg.Terminations = []*Termination{end}
	_, err = Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.NoError(t, err)
	// One of another contract ends nothing.
	end.At = now
	end.Contract[0] ^= 1
	_, err = Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.NoError(t, err)
}

func TestRefuseNeeds(t *testing.T) {
	w := newWorld(t)
	refuse := func(cfg *Config, c *Contract, peer string, reason error) error {
		return Refuse(context.Background(), nil, cfg, c, peer, reason)
	}
	require.ErrorContains(t, refuse(nil, w.contract, "insurer", ErrRight), "Config needs")
	require.ErrorContains(t, refuse(&Config{}, w.contract, "insurer", ErrRight), "Config needs")
	require.ErrorContains(t, refuse(w.a.cfg, nil, "insurer", ErrRight), "a contract, and a reason")
	require.ErrorContains(t, refuse(w.a.cfg, w.contract, "insurer", nil), "a contract, and a reason")
	require.ErrorContains(t, refuse(w.a.cfg, w.contract, "nobody", ErrRight), "two parties")
	require.ErrorContains(t, refuse(w.a.cfg, w.contract, "clinic", ErrRight), "two parties")
	stranger := newSide(t, "stranger", 9)
	require.ErrorContains(t, refuse(stranger.cfg, w.contract, "insurer", ErrRight), "two parties")
}
