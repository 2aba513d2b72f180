package he

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// What holds keys prints its type only.
func TestSecretsPrintNothing(t *testing.T) {
	p := newParties(t, counts())
	c, err := p.s.NewContributor(p.contributorKeys[0], p.public)
	require.NoError(t, err)
	for _, x := range []any{c, p.keyHolders[0], p.receiver} {
		want := strings.TrimPrefix(fmt.Sprintf("%T", x), "*")
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			require.Equal(t, want, fmt.Sprintf(format, x), format)
		}
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("", "x", x)
		require.Contains(t, b.String(), "x="+want+"\n")
	}
}

// Contributors commit and contribute at the same time.
func TestConcurrentAggregator(t *testing.T) {
	spec := counts()
	spec.Contributors, spec.MinInputs = 8, 8
	p := newParties(t, spec)
	in := p.encrypt(countRows8)
	a := p.s.NewAggregator()
	all := func(f func(i int) error) {
		errs := make([]error, 8)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() { errs[i] = f(i) })
		}
		group.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
	}
	all(func(i int) error { return a.Commit(in.commitments[i]) })
	all(func(int) error {
		_, err := a.Roll()
		return err
	})
	roll := p.endorsed(a)
	all(func(i int) error {
		contribution := bytes.NewReader(in.contributions[i])
		approval, err := in.contributors[i].Approve(roll, contribution)
		if err != nil {
			return err
		}
		return a.Add(approval, contribution)
	})
	aggregate, err := a.Close([]int{0, 2})
	require.NoError(t, err)
	audits := []*Audit{p.audit(aggregate, 0), p.audit(aggregate, 2)}
	shares := make([]bytes.Buffer, 2)
	all(func(i int) error {
		if i < 2 {
			return audits[i].Share(&shares[i], memoryLog{})
		}
		var b bytes.Buffer
		_, err := aggregate.WriteTo(&b)
		return err
	})
	r, err := p.open(aggregate, [][]byte{shares[0].Bytes(), shares[1].Bytes()})
	require.NoError(t, err)
	require.Equal(t, []int64{28, 8000}, r.Vectors["cases"])
}

func countRows8(i int) seqRows { return rowsOf([]float64{float64(i)}, []float64{1000}) }

// A session is its plan, its epoch and its roster, and nothing in another is of it.
func TestSessionDigest(t *testing.T) {
	p := newParties(t, counts())
	_, more := keys(1)
	other := counts()
	other.Context = []byte("other")
	plan, err := NewPlan(other)
	require.NoError(t, err)
	receiver, err := NewReceiver(p.plan)
	require.NoError(t, err)
	seen := map[[32]byte]bool{p.s.Digest(): true}
	for i, change := range []func(plan **Plan, r *Roster, epoch *[32]byte){
		func(p **Plan, _ *Roster, _ *[32]byte) { *p = plan },
		func(_ **Plan, _ *Roster, epoch *[32]byte) { epoch[31] ^= 1 },
		func(_ **Plan, r *Roster, _ *[32]byte) { r.Contributors[4] = more[0] },
		func(_ **Plan, r *Roster, _ *[32]byte) {
			r.Contributors[0], r.Contributors[1] = r.Contributors[1], r.Contributors[0]
		},
		func(_ **Plan, r *Roster, _ *[32]byte) { r.Holders[0] = more[0] },
		func(_ **Plan, r *Roster, _ *[32]byte) {
			r.Holders[0], r.Contributors[0] = r.Contributors[0], r.Holders[0]
		},
		func(_ **Plan, r *Roster, _ *[32]byte) { r.Receiver = receiver.PublicKey() },
	} {
		roster := Roster{clone(p.s.roster.Contributors), clone(p.s.roster.Holders), p.s.roster.Receiver}
		plan, epoch := p.plan, p.s.epoch
		same, err := NewSession(plan, &roster, epoch)
		require.NoError(t, err)
		require.Equal(t, p.s.Digest(), same.Digest())
		change(&plan, &roster, &epoch)
		s, err := NewSession(plan, &roster, epoch)
		require.NoError(t, err, "change %d", i)
		require.False(t, seen[s.Digest()], "change %d", i)
		seen[s.Digest()] = true
		message := sign(append(s.appendHeader(nil, kindCommitment, 2), make([]byte, 64)...), p.contributorKeys[2])
		require.ErrorIs(t, same.NewAggregator().Commit(message), ErrIncompatible, "change %d", i)
	}
}

// No message of one session is taken in another of the same parties and plan.
func TestOtherEpoch(t *testing.T) {
	for _, spec := range []*Spec{counts(), oneShot()} {
		s, keys, holders := fixedSession(t, spec)
		later, err := NewSession(s.plan, &s.roster, [32]byte{2})
		require.NoError(t, err)
		own, other := readSession(t, s, keys, holders), readSession(t, later, keys, holders)
		for i, m := range own {
			require.Equal(t, m.name, other[i].name)
			require.NoError(t, m.read(m.message), m.name)
			require.ErrorIs(t, m.read(other[i].message), ErrIncompatible, m.name)
		}
	}
}

// A roster that does not fit, and parties that are not in it.
func TestRefusedRosters(t *testing.T) {
	p := newParties(t, counts())
	_, keys8 := keys(8)
	for i, c := range []struct {
		change func(r *Roster)
		text   string
	}{
		{func(r *Roster) { r.Contributors = r.Contributors[:4] }, "4 contributors"},
		{func(r *Roster) { r.Holders = keys8 }, "8 key holders"},
		{func(r *Roster) { r.Contributors[1] = r.Contributors[0] }, "twice"},
		{func(r *Roster) { r.Holders[2] = r.Holders[0][:31] }, "31 bytes"},
		{func(r *Roster) { r.Receiver = nil }, "receiver"},
		{func(r *Roster) { r.Receiver = r.Receiver[1:] }, "receiver"},
	} {
		r := &Roster{clone(p.s.roster.Contributors), clone(p.s.roster.Holders), bytes.Clone(p.s.roster.Receiver)}
		c.change(r)
		_, err := NewSession(p.plan, r, [32]byte{})
		require.ErrorContains(t, err, c.text, "case %d", i)
	}
	stranger, _ := keys(1)
	_, err := p.s.NewKeyHolder(stranger[0])
	require.ErrorContains(t, err, "not one of the key holders")
	_, err = p.s.NewContributor(stranger[0], p.public)
	require.ErrorContains(t, err, "not one of the contributors")
	_, err = p.s.NewContributor(stranger[0][:5], p.public)
	require.ErrorContains(t, err, "5 bytes")
	other, err := NewReceiver(p.plan)
	require.NoError(t, err)
	_, err = other.Open(p.s, nil)
	require.ErrorContains(t, err, "receiver")

	spec := counts()
	spec.Mode, spec.Holders, spec.Threshold = ReceiverKey, 0, 0
	q := newParties(t, spec)
	_, err = q.s.NewContributor(q.contributorKeys[0], p.public)
	require.ErrorContains(t, err, "roster")
	_, err = q.s.NewKeyHolder(stranger[0])
	require.ErrorContains(t, err, "no key holders")
}
