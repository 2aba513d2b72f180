package he

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func oneShot() *Spec {
	spec := counts()
	spec.Mode = OneShot
	return spec
}

// Of five contributors two and of three members one are absent.
func TestOneShot(t *testing.T) {
	p := newParties(t, oneShot())
	in := p.encrypt(countRows)
	a := p.aggregate(in, []int{0, 1, 4}, upTo(3))
	shares := p.shares(a, []int{2, 0})
	r, err := p.open(a, shares)
	require.NoError(t, err)
	require.Equal(t, []int64{5, 3000}, r.Vectors["cases"])

	_, err = p.open(a, shares[:1])
	require.Error(t, err)
	_, err = p.open(a, [][]byte{shares[0], shares[0]})
	require.ErrorIs(t, err, ErrMessage)
	refused(t, shares[1], func(m []byte) error {
		_, err := p.open(a, [][]byte{shares[0], m})
		return err
	})
	require.ErrorIs(t, p.audit(a, 0).Share(io.Discard, memoryLog{}), ErrShared)

	// Members that are asked for different sums share for different ones.
	b := p.aggregate(in, []int{0, 1, 2}, upTo(3))
	other := p.shares(b, []int{1})
	_, err = p.open(b, [][]byte{other[0], shares[0]})
	require.ErrorIs(t, err, ErrMessage)

	// A sum of others than the call says does not open.
	forged := &Aggregate{s: p.s, call: a.call, message: a.message, inputs: map[int]io.ReaderAt{}}
	for i, k := range map[int]int{0: 0, 1: 1, 4: 3} {
		forged.inputs[i] = bytes.NewReader(in.contributions[k])
	}
	_, err = p.open(forged, shares)
	require.ErrorIs(t, err, ErrWrong)
}

// A committee of one: what a contributor and one party that it trusts share is
// the key of the contributor's mask, so that 40-bit sums take less than seven
// bytes.
func TestOneShotOfOne(t *testing.T) {
	spec := oneShot()
	spec.Holders, spec.Threshold = 1, 1
	p := newParties(t, spec)
	r := p.run(countRows, []int{0, 2, 4}, upTo(1))
	require.Equal(t, []int64{6, 3000}, r.Vectors["cases"])

	const values = 1_000_000
	plan, err := NewPlan(&Spec{
		Mode: OneShot, Contributors: 8, MinInputs: 8, Holders: 1, Threshold: 1, Rows: values,
		Fields: []Field{{"x", 0, 1<<37 - 1, 0}}, Functions: []Function{Vector("x")},
	})
	require.NoError(t, err)
	require.Less(t, float64(plan.Sizes().Contribution), 7.0*values)
	t.Logf("%.2f B a value", float64(plan.Sizes().Contribution)/values)
}

func TestHostileOneShot(t *testing.T) {
	p := newParties(t, oneShot())
	in := p.encrypt(countRows)
	a := p.s.NewAggregator()
	refused(t, in.commitments[0], func(m []byte) error { return a.Add(m, bytes.NewReader(in.contributions[0])) })
	refused(t, in.contributions[0], func(m []byte) error { return a.Add(in.commitments[0], bytes.NewReader(m)) })
	require.ErrorIs(t, a.Add(in.commitments[0], bytes.NewReader(in.contributions[1])), ErrMessage)
	for range 3 {
		require.NoError(t, a.Add(in.commitments[0], bytes.NewReader(in.contributions[0])))
	}
	again := p.encrypt(countRows)
	require.ErrorIs(t, a.Add(again.commitments[0], bytes.NewReader(again.contributions[0])), ErrMessage)
	_, err := a.Close(upTo(2))
	require.ErrorIs(t, err, ErrTooFew)
	require.Error(t, a.Commit(in.commitments[0]))
	_, err = a.Roll()
	require.Error(t, err)
	_, err = in.contributors[0].Approve(nil, bytes.NewReader(in.contributions[0]))
	require.Error(t, err)

	refused(t, p.public, func(m []byte) error {
		_, err := p.s.NewContributor(p.contributorKeys[0], m)
		return err
	})
	_, err = p.keyHolders[0].Deal(nil)
	require.Error(t, err)

	aggregate := p.aggregate(in, []int{0, 1, 2, 3}, []int{0, 1})
	call := aggregate.Call()
	refused(t, call, func(m []byte) error {
		if len(m) == len(call) && bytes.Equal(m[:len(m)-4], call[:len(call)-4]) {
			return ErrMessage // another call, with other members
		}
		_, err := p.keyHolders[0].Audit(m)
		return err
	})
	var keys bytes.Buffer
	require.NoError(t, aggregate.WriteAudit(&keys, 0))
	audit := func(holder int, m []byte) error {
		a, err := p.keyHolders[holder].Audit(call)
		require.NoError(t, err)
		return a.Read(bytes.NewReader(m))
	}
	require.NoError(t, audit(0, keys.Bytes()))
	require.ErrorIs(t, audit(1, keys.Bytes()), ErrMessage)
	refused(t, keys.Bytes(), func(m []byte) error { return audit(0, m) })
	require.Error(t, aggregate.WriteAudit(io.Discard, 3))
	size := p.plan.sealedKey() // two contributors' keys, the other way round
	first, second := keys.Bytes()[headerSize:][:size], keys.Bytes()[headerSize+size:][:size]
	swapped := slices.Concat(keys.Bytes()[:headerSize], second, first, keys.Bytes()[headerSize+2*size:])
	require.ErrorIs(t, audit(0, swapped), ErrMessage)

	// A contributor that takes the key of another as its own cannot: keys are
	// sealed for a contributor and a member.
	thief := slices.Clone(in.contributions[0])
	n := p.plan.keyShares()
	copy(thief[headerSize:], in.contributions[1][headerSize:int64(headerSize)+n])
	manifest := slices.Clone(in.commitments[0][:headerSize+p.s.manifestBody()])
	copy(manifest[headerSize:], in.commitments[1][headerSize:][:p.s.manifestBody()-32])
	require.NoError(t, a.Add(in.commitments[1], bytes.NewReader(in.contributions[1])))
	require.NoError(t, a.Add(in.commitments[2], bytes.NewReader(in.contributions[2])))
	b := p.s.NewAggregator()
	require.NoError(t, b.Add(sign(manifest, p.contributorKeys[0]), bytes.NewReader(thief)))
	require.NoError(t, b.Add(in.commitments[1], bytes.NewReader(in.contributions[1])))
	require.NoError(t, b.Add(in.commitments[2], bytes.NewReader(in.contributions[2])))
	stolen, err := b.Close([]int{0, 1})
	require.NoError(t, err)
	h, err := p.keyHolders[0].Audit(stolen.Call())
	require.NoError(t, err)
	keys.Reset()
	require.NoError(t, stolen.WriteAudit(&keys, 0))
	err = h.Read(&keys)
	require.ErrorIs(t, err, ErrMessage)
	require.ErrorContains(t, err, "number 0 does not open")
}

// A contributor that sends a key which is not the one of its manifest, though it
// sealed that one too.
func TestOtherKeyThanManifest(t *testing.T) {
	p := newParties(t, oneShot())
	in, again := p.encrypt(countRows), p.encrypt(countRows)
	a := p.aggregate(in, upTo(5), upTo(2))
	forged := &Aggregate{s: p.s, call: a.call, message: a.message, inputs: map[int]io.ReaderAt{
		0: bytes.NewReader(in.contributions[0]), 1: bytes.NewReader(again.contributions[1]), 2: a.inputs[2], 3: a.inputs[3], 4: a.inputs[4],
	}}
	audit, err := p.keyHolders[0].Audit(a.Call())
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, forged.WriteAudit(&b, 0))
	err = audit.Read(&b)
	require.ErrorIs(t, err, ErrMessage)
	require.ErrorContains(t, err, "manifest of number 1")
}
