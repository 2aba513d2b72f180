package he

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// memoryLog is a share log for tests.
type memoryLog map[[32]byte]bool

func (l memoryLog) Record(step, _ [32]byte) error {
	if l[step] {
		return ErrShared
	}
	l[step] = true
	return nil
}

// parties are all parties of a session, with what they have sent.
type parties struct {
	t                        testing.TB
	plan                     *Plan
	s                        *Session
	receiver                 *Receiver
	contributorKeys, holders []ed25519.PrivateKey
	keyHolders               []*KeyHolder
	public                   []byte
	budget                   string // file, for a plan with noise
}

type seqRows = iter.Seq2[[]float64, error]

func keys(n int) (private []ed25519.PrivateKey, public []ed25519.PublicKey) {
	for range n {
		pub, priv, _ := ed25519.GenerateKey(nil)
		private, public = append(private, priv), append(public, pub)
	}
	return private, public
}

// newParties makes keys for all, and the collective key.
func newParties(t testing.TB, spec *Spec) *parties {
	plan, err := NewPlan(spec)
	require.NoError(t, err)
	p := &parties{t: t, plan: plan}
	p.receiver, err = NewReceiver(plan)
	require.NoError(t, err)
	roster := &Roster{Receiver: p.receiver.PublicKey()}
	p.contributorKeys, roster.Contributors = keys(spec.Contributors)
	p.holders, roster.Holders = keys(spec.Holders)
	p.begin(roster)
	return p
}

func (p *parties) begin(roster *Roster) {
	var epoch [32]byte
	rand.Read(epoch[:])
	var err error
	p.s, err = NewSession(p.plan, roster, epoch)
	require.NoError(p.t, err)
	p.makeKey()
}

// makeKey lets the key holders make their key.
func (p *parties) makeKey() {
	var err error
	if p.plan.spec.Mode == ReceiverKey {
		return
	}
	p.keyHolders = nil
	for _, k := range p.holders {
		h, err := p.s.NewKeyHolder(k)
		require.NoError(p.t, err)
		p.keyHolders = append(p.keyHolders, h)
	}
	offers := p.step(func(h *KeyHolder) ([]byte, error) { return h.Offer(), nil })
	if p.plan.spec.Mode == OneShot {
		slices.Reverse(offers) // in any order
		p.public, err = p.keyHolders[0].PublicKey(offers)
		require.NoError(p.t, err)
		return
	}
	deals := make([][][]byte, len(p.keyHolders)) // by recipient
	for _, h := range p.keyHolders {
		all, err := h.Deal(offers)
		require.NoError(p.t, err)
		for i, d := range all {
			deals[i] = append([][]byte{d}, deals[i]...) // in any order
		}
	}
	confirmations := p.step(func(h *KeyHolder) ([]byte, error) { return h.Confirm(deals[h.index]) })
	slices.Reverse(confirmations)
	p.public, err = p.keyHolders[0].PublicKey(confirmations)
	require.NoError(p.t, err)
}

func (p *parties) step(f func(h *KeyHolder) ([]byte, error)) (messages [][]byte) {
	for _, h := range p.keyHolders {
		m, err := f(h)
		require.NoError(p.t, err)
		messages = append(messages, m)
	}
	return messages
}

// rowsOf yields rows.
func rowsOf(rows ...[]float64) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// inputs are the messages of contributors.
type inputs struct {
	contributors  []*Contributor
	contributions [][]byte
	commitments   [][]byte
}

func (p *parties) encrypt(rows func(contributor int) seqRows) *inputs {
	in := &inputs{}
	for i, k := range p.contributorKeys {
		c, err := p.s.NewContributor(k, p.public)
		require.NoError(p.t, err)
		if p.budget != "" {
			budget, err := OpenBudget(fmt.Sprint(p.budget, i), 100, .1)
			require.NoError(p.t, err)
			defer budget.Close()
			c.Spend(budget)
		}
		var b bytes.Buffer
		b.Grow(int(p.plan.Sizes().Contribution))
		commitment, err := c.Encrypt(&b, rows(i))
		require.NoError(p.t, err)
		require.EqualValues(p.t, p.plan.Sizes().Contribution, b.Len())
		in.contributors = append(in.contributors, c)
		in.contributions = append(in.contributions, b.Bytes())
		in.commitments = append(in.commitments, commitment)
	}
	return in
}

// aggregate lets those committed commit, and of them those present contribute.
func (p *parties) aggregate(in *inputs, present, active []int) *Aggregate {
	a := p.s.NewAggregator()
	if p.plan.spec.Mode == OneShot {
		for _, i := range present {
			require.NoError(p.t, a.Add(in.commitments[i], bytes.NewReader(in.contributions[i])))
		}
		aggregate, err := a.Close(active)
		require.NoError(p.t, err)
		return aggregate
	}
	for _, c := range in.commitments {
		require.NoError(p.t, a.Commit(c))
	}
	_, err := a.Roll()
	require.NoError(p.t, err)
	roll := p.endorsed(a)
	for _, i := range present {
		approval, err := in.contributors[i].Approve(roll, bytes.NewReader(in.contributions[i]))
		require.NoError(p.t, err)
		require.NoError(p.t, a.Add(approval, bytes.NewReader(in.contributions[i])))
	}
	aggregate, err := a.Close(active)
	require.NoError(p.t, err)
	return aggregate
}

// endorsed returns the roll that contributors approve, which key holders endorsed where
// there are some. These endorse another roll the next time, as only tests want them to.
func (p *parties) endorsed(a *Aggregator) []byte {
	roll, err := a.Roll()
	require.NoError(p.t, err)
	if p.plan.spec.Mode == ReceiverKey {
		return roll
	}
	endorsements := p.step(func(h *KeyHolder) ([]byte, error) {
		fresh := *h
		fresh.endorsed = [32]byte{}
		return fresh.Endorse(roll, memoryLog{})
	})
	slices.Reverse(endorsements)
	endorsed, err := a.EndorsedRoll(endorsements[:p.s.endorsers()])
	require.NoError(p.t, err)
	return endorsed
}

// endorse returns a roll with the endorsements of these holders.
func (p *parties) endorse(roll []byte, holders []int) []byte {
	r, err := p.s.parseRoll(roll)
	require.NoError(p.t, err)
	endorsements := make(map[int][]byte)
	for _, h := range holders {
		endorsements[h] = sign(append(p.s.appendHeader(nil, kindEndorsement, h), r.digest[:]...), p.holders[h])
	}
	return p.s.appendEndorsed(nil, roll, endorsements)
}

// audit lets a key holder audit everything.
func (p *parties) audit(a *Aggregate, holder int) *Audit {
	audit, err := p.keyHolders[holder].Audit(a.Call())
	require.NoError(p.t, err)
	r, w := io.Pipe() // as a network does it, chunk by chunk
	c := &counter{r: r}
	go func() { w.CloseWithError(a.WriteAudit(w, holder)) }()
	require.NoError(p.t, audit.Read(c))
	require.Equal(p.t, p.plan.audit(len(audit.Contributors())), c.n)
	require.LessOrEqual(p.t, c.n, p.plan.Sizes().Audit)
	return audit
}

// A counter counts the bytes that are read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// shares returns the shares of key holders.
func (p *parties) shares(a *Aggregate, active []int) (shares [][]byte) {
	for _, h := range active {
		var b bytes.Buffer
		b.Grow(int(p.plan.Sizes().Share))
		require.NoError(p.t, p.audit(a, h).Share(&b, memoryLog{}))
		require.EqualValues(p.t, p.plan.Sizes().Share, b.Len())
		shares = append(shares, b.Bytes())
	}
	return shares
}

func (p *parties) open(a *Aggregate, shares [][]byte) (*Result, error) {
	var b bytes.Buffer
	n, err := a.WriteTo(&b)
	require.NoError(p.t, err)
	require.EqualValues(p.t, n, b.Len())
	return p.receiver.Open(p.s, &b, readers(shares)...)
}

func readers(messages [][]byte) (all []io.Reader) {
	for _, m := range messages {
		all = append(all, bytes.NewReader(m))
	}
	return all
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// run does everything, with these contributors present and holders active.
func (p *parties) run(rows func(contributor int) seqRows, present, active []int) *Result {
	a := p.aggregate(p.encrypt(rows), present, active)
	result, err := p.open(a, p.shares(a, active))
	require.NoError(p.t, err)
	require.Equal(p.t, present, result.Contributors)
	return result
}
