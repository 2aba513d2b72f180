package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"

	"github.com/dujiang-dev/dujiang/he"
)

// A heParty is all parties of an aggregation, which take turns.
type heParty struct {
	*heJob
	plan         *he.Plan
	receiver     *he.Receiver
	session      *he.Session
	contributors []ed25519.PrivateKey
	holders      []ed25519.PrivateKey
	result       *he.Result
	audit        []byte // what key holders read, if it is the same for all
	costs        costs
}

// prepare plans, and makes the keys that parties have beforehand.
func (p *heParty) prepare() (err error) {
	spec := &he.Spec{
		Mode: p.Mode, Contributors: p.Parties, MinInputs: p.Parties, Rows: p.N,
		Fields:    []he.Field{{Name: "x", Max: float64(uint64(1)<<p.Bits - 1)}},
		Functions: []he.Function{he.Vector("x")},
	}
	if p.Mode != he.ReceiverKey {
		spec.Holders, spec.Threshold = p.Parties, p.Parties
	}
	if p.plan, err = he.NewPlan(spec); err != nil {
		return err
	}
	if p.receiver, err = he.NewReceiver(p.plan); err != nil {
		return err
	}
	roster := &he.Roster{Receiver: p.receiver.PublicKey()}
	if p.contributors, roster.Contributors, err = signatureKeys(spec.Contributors); err != nil {
		return err
	}
	if p.holders, roster.Holders, err = signatureKeys(spec.Holders); err != nil {
		return err
	}
	var epoch [32]byte
	rand.Read(epoch[:])
	p.session, err = he.NewSession(p.plan, roster, epoch)
	return err
}

func signatureKeys(n int) (private []ed25519.PrivateKey, public []ed25519.PublicKey, err error) {
	for range n {
		verify, sign, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, nil, err
		}
		private, public = append(private, sign), append(public, verify)
	}
	return private, public, nil
}

// run plays the session. Sent is what all parties send.
func (p *heParty) run(context.Context, []io.ReadWriter) error {
	watch := startStopwatch()
	holders, publicKey, err := p.makeKey()
	if err != nil {
		return err
	}
	watch.lap("key")

	z := p.plan.Sizes()
	contributors := make([]*he.Contributor, p.Parties)
	contributions := make([]*bytes.Reader, p.Parties)
	commitments := make([][]byte, p.Parties)
	for i, key := range p.contributors {
		if contributors[i], err = p.session.NewContributor(key, publicKey); err != nil {
			return err
		}
		var b bytes.Buffer
		b.Grow(int(z.Contribution))
		if commitments[i], err = contributors[i].Encrypt(&b, p.rows(i)); err != nil {
			return err
		}
		contributions[i] = bytes.NewReader(b.Bytes())
		p.costs.Sent += int64(b.Len() + len(commitments[i]))
	}
	watch.lap("encrypt")

	aggregator := p.session.NewAggregator()
	approvals := commitments // in mode OneShot, where nobody waits for others
	if p.Mode != he.OneShot {
		if approvals, err = p.approve(aggregator, holders, contributors, contributions, commitments); err != nil {
			return err
		}
		watch.lap("approve")
	}
	for i, c := range contributions {
		if err := aggregator.Add(approvals[i], c); err != nil {
			return err
		}
	}
	var active []int
	for i := range holders {
		active = append(active, i)
	}
	aggregate, err := aggregator.Close(active)
	if err != nil {
		return err
	}
	var sum bytes.Buffer
	if _, err := aggregate.WriteTo(&sum); err != nil {
		return err
	}
	p.costs.Sent += int64(sum.Len())
	watch.lap("aggregate")

	var shares []io.Reader
	for i, h := range holders {
		share, err := p.share(watch, aggregate, h, i)
		if err != nil {
			return err
		}
		shares = append(shares, share)
	}
	if p.result, err = p.receiver.Open(p.session, &sum, shares...); err != nil {
		return err
	}
	watch.lap("open")

	p.costs.Phases = watch.phases
	// Messages that wait for each other: key, commitment, roll, endorsement, endorsed roll,
	// contribution, call and share, where there are any.
	p.costs.Delays = map[he.Mode]int{he.Collective: 11, he.ReceiverKey: 4, he.OneShot: 5}[p.Mode]
	n := float64(p.N)
	p.costs.Own = []ownFigure{
		{"up", "B/value", float64(z.Contribution) / n},
		{"audit", "B/value", float64(z.Audit) / n},
		{"share", "B/value", float64(z.Share) / n},
	}
	return nil
}

// makeKey lets the key holders make the key, if there are any.
func (p *heParty) makeKey() (holders []*he.KeyHolder, publicKey []byte, err error) {
	if p.Mode == he.ReceiverKey {
		return nil, nil, nil
	}
	var offers, confirmations [][]byte
	for _, key := range p.holders {
		h, err := p.session.NewKeyHolder(key)
		if err != nil {
			return nil, nil, err
		}
		holders, offers = append(holders, h), append(offers, h.Offer())
	}
	p.toAll(offers)
	if p.Mode == he.OneShot {
		publicKey, err = holders[0].PublicKey(offers)
		p.costs.Sent += int64(len(publicKey) * p.Parties)
		return holders, publicKey, err
	}
	deals := make([][][]byte, len(holders)) // by recipient
	for _, h := range holders {
		all, err := h.Deal(offers)
		if err != nil {
			return nil, nil, err
		}
		for to, deal := range all {
			deals[to] = append(deals[to], deal)
			p.costs.Sent += int64(len(deal))
		}
	}
	for i, h := range holders {
		c, err := h.Confirm(deals[i])
		if err != nil {
			return nil, nil, err
		}
		confirmations = append(confirmations, c)
	}
	p.toAll(confirmations)
	publicKey, err = holders[0].PublicKey(confirmations)
	p.costs.Sent += int64(len(publicKey) * p.Parties)
	return holders, publicKey, err
}

// toAll counts messages that each holder sends to all others.
func (p *heParty) toAll(messages [][]byte) {
	for _, m := range messages {
		p.costs.Sent += int64(len(m) * (p.Parties - 1))
	}
}

// approve lets all contributors commit, all holders endorse the roll, and all contributors
// approve it.
func (p *heParty) approve(a *he.Aggregator, holders []*he.KeyHolder, contributors []*he.Contributor, contributions []*bytes.Reader, commitments [][]byte) (approvals [][]byte, err error) {
	for _, c := range commitments {
		if err := a.Commit(c); err != nil {
			return nil, err
		}
	}
	roll, err := a.Roll()
	if err != nil {
		return nil, err
	}
	if len(holders) > 0 {
		var endorsements [][]byte
		for _, h := range holders {
			e, err := h.Endorse(roll, onceLog{})
			if err != nil {
				return nil, err
			}
			endorsements = append(endorsements, e)
			p.costs.Sent += int64(len(roll) + len(e))
		}
		if roll, err = a.EndorsedRoll(endorsements); err != nil {
			return nil, err
		}
	}
	for i, c := range contributors {
		approval, err := c.Approve(roll, contributions[i])
		if err != nil {
			return nil, err
		}
		approvals = append(approvals, approval)
		p.costs.Sent += int64(len(roll) + len(approval))
	}
	return approvals, nil
}

// share lets a key holder audit the aggregate and share.
func (p *heParty) share(watch *stopwatch, a *he.Aggregate, h *he.KeyHolder, holder int) (io.Reader, error) {
	call := a.Call()
	p.costs.Sent += int64(len(call))
	audit, err := h.Audit(call)
	if err != nil {
		return nil, err
	}
	if p.Mode == he.OneShot || p.audit == nil { // else it is the same for all
		var b bytes.Buffer
		b.Grow(int(p.plan.Sizes().Audit))
		if err := a.WriteAudit(&b, holder); err != nil {
			return nil, err
		}
		p.audit = b.Bytes()
	}
	p.costs.Sent += int64(len(p.audit))
	if err := audit.Read(bytes.NewReader(p.audit)); err != nil {
		return nil, err
	}
	watch.lap("audit")
	var share bytes.Buffer
	share.Grow(int(p.plan.Sizes().Share))
	if err := audit.Share(&share, onceLog{}); err != nil {
		return nil, err
	}
	p.costs.Sent += int64(share.Len())
	watch.lap("share")
	return &share, nil
}

// A onceLog is a share log in memory for one share, so that the disk, which is
// waited for once in a session, is not what is measured.
type onceLog map[[32]byte]bool

func (l onceLog) Record(step, _ [32]byte) error {
	if l[step] {
		return he.ErrShared
	}
	l[step] = true
	return nil
}

func (p *heParty) finish() (costs, error) {
	return p.costs, p.check(p.result.Vectors["x"])
}
