package agreement

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/he"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// A study is an aggregation that is run as a contract says: an institute learns how
// many patients three clinics have, and their mean age. The programs of the contract
// are digests of plans, the keys of the roster are those of the contract's parties,
// and the epoch is the permit's context, so that no message fits another run.
//
// The clinics are the key holders too. The institute is the aggregator, and passes
// on what they have for each other.
type study struct {
	plan      *he.Plan
	institute *side
	clinics   []*side
	ages      [][]float64
	contract  *Contract
	start     *Start
}

func newStudy(t *testing.T) *study {
	s := &study{ages: [][]float64{{34, 71, 5}, {8, 45, 50, 29, 90, 13}, {62, 77, 1, 18}}}
	s.plan = agePlan(t, he.Mean("age"))
	other := agePlan(t, he.Variance("age"))
	s.institute = newSide(t, "institute", 1)
	plans := policy.Constraint{Left: "algorithm", Operator: "isAnyOf", Right: []string{Digest(s.plan.Digest()).String(), Digest(other.Digest()).String()}}
	terms := Terms{
		ID:       "ages",
		Parties:  []Party{s.institute.party},
		Programs: []Digest{s.plan.Digest(), other.Digest()},
		From:     now.Add(-time.Hour),
		Until:    now.Add(time.Hour),
		Output:   Output{Receivers: []string{"institute"}, MinCount: 10, RoundTo: 5},
	}
	statement := Statement{
		Program:     s.plan.Digest(),
		Parties:     []string{"institute"},
		Environment: "03",
		Receivers:   []string{"institute"},
		From:        now.Add(-time.Minute),
		Until:       now.Add(time.Minute),
		Nonce:       NewNonce(),
	}
	for i := range s.ages {
		c := newSide(t, fmt.Sprint("clinic-", i), byte(2+i))
		s.clinics = append(s.clinics, c)
		target := c.party.Code + "/patients"
		p := policy.Policy{ID: "urn:x:" + target, Target: target, Permissions: []policy.Rule{{Action: "compute", Constraints: []policy.Constraint{plans}}}}
		raw, err := p.DSP()
		require.NoError(t, err)
		terms.Parties = append(terms.Parties, c.party)
		terms.Policies = append(terms.Policies, json.RawMessage(raw))
		statement.Parties = append(statement.Parties, c.party.Code)
		statement.Inputs = append(statement.Inputs, Input{c.party.Code, target + "@1", target})
	}
	s.contract, s.start = &Contract{Terms: terms}, &Start{Statement: statement}
	for _, side := range s.sides() {
		require.NoError(t, s.contract.Sign(side.cfg.Signer))
	}
	s.sign(t)
	return s
}

func agePlan(t *testing.T, about he.Function) *he.Plan {
	plan, err := he.NewPlan(&he.Spec{
		Mode: he.Collective, Contributors: 3, MinInputs: 3, Holders: 3, Threshold: 3, Rows: 100,
		Fields:    []he.Field{{Name: "age", Min: 0, Max: 120}},
		Functions: []he.Function{he.Count(), about},
	})
	require.NoError(t, err)
	return plan
}

func (s *study) sides() []*side { return append([]*side{s.institute}, s.clinics...) }

// sign has all sign the start statement.
func (s *study) sign(t *testing.T) {
	var err error
	s.start.Statement.Contract, err = s.contract.Terms.Digest()
	require.NoError(t, err)
	s.start.Signatures = nil
	for _, side := range s.sides() {
		require.NoError(t, s.start.Sign(s.contract, side.cfg.Signer))
	}
}

// permits has everybody authorize the run.
func (s *study) permits(t *testing.T) (permits []*Permit) {
	for _, side := range s.sides() {
		p, err := Authorize(t.Context(), side.cfg, s.contract, s.start)
		require.NoError(t, err)
		permits = append(permits, p)
	}
	return permits
}

// A link is the channel between the institute and one clinic, by its two ends.
type link struct{ institute, clinic *Channel }

// links opens the channels of the institute, one after the other.
func (s *study) links(t *testing.T, permits []*Permit) (links []link) {
	for i, c := range s.clinics {
		connI, connC := net.Pipe()
		t.Cleanup(func() { connI.Close(); connC.Close() })
		opened := make(chan error, 1)
		var l link
		go func() {
			var err error
			l.clinic, err = Open(t.Context(), connC, permits[1+i], "institute")
			opened <- err
		}()
		var err error
		l.institute, err = Open(t.Context(), connI, permits[0], c.party.Code)
		require.NoError(t, err)
		require.NoError(t, <-opened)
		links = append(links, l)
	}
	return links
}

// up sends a message of the clinic through the channel, and returns it as it arrived.
func (l link) up(t *testing.T, message []byte) []byte {
	return cross(t, l.clinic, l.institute, message)
}

func (l link) down(t *testing.T, message []byte) []byte {
	return cross(t, l.institute, l.clinic, message)
}

func (l link) downAll(t *testing.T, messages [][]byte) (got [][]byte) {
	for _, m := range messages {
		got = append(got, l.down(t, m))
	}
	return got
}

func cross(t *testing.T, from, to *Channel, message []byte) []byte {
	written := make(chan error, 1)
	go func() {
		_, err := from.Write(message)
		written <- err
	}()
	got := make([]byte, len(message))
	_, err := io.ReadFull(to, got)
	require.NoError(t, err)
	require.NoError(t, <-written)
	return got
}

// session is the aggregation behind the gate, as each party makes it by itself.
func (s *study) session(t *testing.T, permit *Permit, receiver []byte) *he.Session {
	roster := &he.Roster{Receiver: receiver}
	for _, c := range s.clinics {
		party, ok := permit.terms.party(c.party.Code)
		require.True(t, ok)
		roster.Contributors = append(roster.Contributors, party.Key.Bytes())
	}
	roster.Holders = roster.Contributors
	session, err := he.NewSession(s.plan, roster, [32]byte(permit.Context()))
	require.NoError(t, err)
	return session
}

// run makes the aggregation, in steps that all take together. Every message crosses
// a channel.
func (s *study) run(t *testing.T, permits []*Permit) *he.Result {
	links := s.links(t, permits)
	receiver, err := he.NewReceiver(s.plan)
	require.NoError(t, err)
	own := s.session(t, permits[0], receiver.PublicKey())
	holders := make([]*he.KeyHolder, len(links))
	sessions := make([]*he.Session, len(links))
	var offers, confirmations [][]byte
	for i, l := range links {
		sessions[i] = s.session(t, permits[1+i], l.down(t, receiver.PublicKey()))
		holders[i], err = sessions[i].NewKeyHolder(s.key(i))
		require.NoError(t, err)
		offers = append(offers, l.up(t, holders[i].Offer()))
	}
	deals := make([][][]byte, len(links)) // by whom they are for
	for i, l := range links {
		out, err := holders[i].Deal(l.downAll(t, offers))
		require.NoError(t, err)
		for to, deal := range out {
			deals[to] = append(deals[to], l.up(t, deal))
		}
	}
	for i, l := range links {
		confirmation, err := holders[i].Confirm(l.downAll(t, deals[i]))
		require.NoError(t, err)
		confirmations = append(confirmations, l.up(t, confirmation))
	}

	aggregator := own.NewAggregator()
	contributors := make([]*he.Contributor, len(links))
	contributions := make([]bytes.Buffer, len(links))
	for i, l := range links {
		public, err := holders[i].PublicKey(l.downAll(t, confirmations))
		require.NoError(t, err)
		contributors[i], err = sessions[i].NewContributor(s.key(i), public)
		require.NoError(t, err)
		commitment, err := contributors[i].Encrypt(&contributions[i], s.rows(i))
		require.NoError(t, err)
		require.NoError(t, aggregator.Commit(l.up(t, commitment)))
	}
	roll, err := aggregator.Roll()
	require.NoError(t, err)
	logs := make([]*he.FileLog, len(links))
	var endorsements [][]byte
	for i, l := range links {
		logs[i], err = he.OpenFileLog(filepath.Join(t.TempDir(), "shares"))
		require.NoError(t, err)
		endorsement, err := holders[i].Endorse(l.down(t, roll), logs[i])
		require.NoError(t, err)
		endorsements = append(endorsements, l.up(t, endorsement))
	}
	endorsed, err := aggregator.EndorsedRoll(endorsements)
	require.NoError(t, err)
	for i, l := range links {
		contribution := contributions[i].Bytes()
		approval, err := contributors[i].Approve(l.down(t, endorsed), bytes.NewReader(contribution))
		require.NoError(t, err)
		require.NoError(t, aggregator.Add(l.up(t, approval), bytes.NewReader(l.up(t, contribution))))
	}
	aggregate, err := aggregator.Close([]int{0, 1, 2})
	require.NoError(t, err)

	shares := make([]io.Reader, len(links))
	for i, l := range links {
		audit, err := holders[i].Audit(l.down(t, aggregate.Call()))
		require.NoError(t, err)
		var masks, share bytes.Buffer
		require.NoError(t, aggregate.WriteAudit(&masks, i))
		require.NoError(t, audit.Read(bytes.NewReader(l.down(t, masks.Bytes()))))
		require.NoError(t, audit.Share(&share, logs[i]))
		require.NoError(t, logs[i].Close())
		shares[i] = bytes.NewReader(l.up(t, share.Bytes()))
	}
	var sum bytes.Buffer
	_, err = aggregate.WriteTo(&sum)
	require.NoError(t, err)
	result, err := receiver.Open(own, &sum, shares...)
	require.NoError(t, err)
	return result
}

func (s *study) key(clinic int) ed25519.PrivateKey {
	return s.clinics[clinic].cfg.Signer.(ed25519.PrivateKey)
}

func (s *study) rows(clinic int) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		for _, age := range s.ages[clinic] {
			if !yield([]float64{age}, nil) {
				return
			}
		}
	}
}

// What the institute learns is what adding up plainly gives, of which the contract
// lets out what its rules say, and everybody has evidence of the run.
func TestAggregation(t *testing.T) {
	s := newStudy(t)
	permits := s.permits(t)
	result := s.run(t, permits)
	people := slices.Concat(s.ages...)
	total := 0.0
	for _, age := range people {
		total += age
	}
	count, ok := result.Answers[0].Float(0)
	require.True(t, ok)
	require.EqualValues(t, len(people), count)
	mean, ok := result.Answers[1].Float(0)
	require.True(t, ok)
	require.Equal(t, total/float64(len(people)), mean)

	released, err := permits[0].Release(uint64(count))
	require.NoError(t, err)
	require.EqualValues(t, 10, released, "13, rounded down")
	for _, p := range permits[1:] {
		_, err := p.Release(uint64(count))
		require.ErrorIs(t, err, ErrOutput, "a clinic is no receiver")
	}
	for _, side := range s.sides() {
		for _, r := range side.records {
			require.Equal(t, "opened", r.Event)
			require.Equal(t, permits[0].Context(), r.Start[:])
		}
	}
	require.Len(t, s.institute.records, len(s.clinics))

	// The start statement is used up.
	for _, p := range s.permits(t) {
		require.ErrorIs(t, p.spend(t.Context()), ErrReplay)
	}
}

// A result over too few stays where it is.
func TestAggregationOfFew(t *testing.T) {
	s := newStudy(t)
	s.ages = [][]float64{{34, 71}, {8}, {62}}
	permits := s.permits(t)
	result := s.run(t, permits)
	count, ok := result.Answers[0].Float(0)
	require.True(t, ok)
	require.EqualValues(t, 4, count)
	_, err := permits[0].Release(uint64(count))
	require.ErrorIs(t, err, ErrOutput)
}

// A clinic that does not consent opens nothing, and says why: what it holds is not
// what the institute holds.
func TestAggregationRefused(t *testing.T) {
	for name, test := range map[string]struct {
		want   error
		change func(clinic *side, c *Contract, s *Start)
	}{
		"unsigned contract":  {ErrSignature, func(_ *side, c *Contract, _ *Start) { c.Signatures = c.Signatures[1:] }},
		"changed contract":   {ErrSignature, func(_ *side, c *Contract, _ *Start) { c.Terms.Output.MinCount = 1 }},
		"another question":   {ErrTerms, func(_ *side, _ *Contract, s *Start) { s.Statement.Program[0] ^= 1 }},
		"unsigned question":  {ErrSignature, func(_ *side, c *Contract, s *Start) { s.Statement.Program = c.Terms.Programs[1] }},
		"a right is revoked": {ErrRight, func(clinic *side, _ *Contract, _ *Start) { clinic.revoked = true }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStudy(t)
			permit := s.permits(t)[0]
			contract, start, err := copies(s.contract, s.start)
			require.NoError(t, err)
			clinic := s.clinics[2]
			test.change(clinic, contract, start)
			_, reason := Authorize(t.Context(), clinic.cfg, contract, start)
			require.ErrorIs(t, reason, test.want)

			connI, connC := net.Pipe()
			defer connI.Close()
			defer connC.Close()
			refused := make(chan error, 1)
			go func() { refused <- Refuse(t.Context(), connC, clinic.cfg, contract, "institute", reason) }()
			channel, err := Open(t.Context(), connI, permit, clinic.party.Code)
			require.NoError(t, <-refused)
			require.Nil(t, channel)
			require.ErrorIs(t, err, ErrPeer)
			require.ErrorIs(t, err, test.want)
		})
	}
}

// A clinic that would answer another question of the contract, which all signed too,
// meets nobody who asks it.
func TestAggregationOfAnotherPlan(t *testing.T) {
	s := newStudy(t)
	permit := s.permits(t)[0]
	s.start.Statement.Program = s.contract.Terms.Programs[1]
	s.sign(t)
	other, err := Authorize(t.Context(), s.clinics[0].cfg, s.contract, s.start)
	require.NoError(t, err)
	connI, connC := net.Pipe()
	defer connI.Close()
	defer connC.Close()
	opened := make(chan error, 1)
	go func() {
		_, err := Open(t.Context(), connC, other, "institute")
		opened <- err
	}()
	channel, err := Open(t.Context(), connI, permit, "clinic-0")
	require.Nil(t, channel)
	require.ErrorIs(t, err, ErrMismatch)
	require.ErrorIs(t, <-opened, ErrMismatch)
}
