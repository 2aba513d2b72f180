package he

import (
	"bytes"
	"crypto/ed25519"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
)

// fixedSession is a session that is the same in every run.
func fixedSession(t testing.TB, spec *Spec) (s *Session, contributors, holders []ed25519.PrivateKey) {
	plan, err := NewPlan(spec)
	require.NoError(t, err)
	receiver, err := kem().DeriveKeyPair(make([]byte, 32))
	require.NoError(t, err)
	roster := &Roster{Receiver: receiver.PublicKey().Bytes()}
	fixed := func(n int, first byte) (private []ed25519.PrivateKey, public []ed25519.PublicKey) {
		for i := range n {
			key := ed25519.NewKeyFromSeed(slices.Repeat([]byte{first + byte(i)}, 32))
			private, public = append(private, key), append(public, key.Public().(ed25519.PublicKey))
		}
		return private, public
	}
	contributors, roster.Contributors = fixed(spec.Contributors, 1)
	holders, roster.Holders = fixed(spec.Holders, 101)
	s, err = NewSession(plan, roster, [32]byte{1})
	require.NoError(t, err)
	return s, contributors, holders
}

// FuzzLists reads rolls and calls. What is accepted re-encodes to itself. So that
// more than the signatures is tested, the fuzzer's bytes are what is between them:
// the order and number of commitments and approvals, and what follows.
func FuzzLists(f *testing.F) {
	s, keys, _ := fixedSession(f, counts())
	commitments := make(map[int][]byte)
	for i, k := range keys {
		commitments[i] = sign(append(s.appendHeader(nil, kindCommitment, i), make([]byte, 64)...), k)
	}
	message := s.appendRoll(nil, commitments)
	r, err := s.parseRoll(message)
	require.NoError(f, err)
	approvals := make(map[int][]byte)
	for i, k := range keys {
		body := append(r.digest[:], make([]byte, rlwe.FingerprintSize)...)
		approvals[i] = sign(append(s.appendHeader(nil, kindApproval, i), body...), k)
	}
	f.Add([]byte{5, 0, 1, 2, 3, 4}, []byte{3, 0, 1, 2}, []byte{0, 2, 0, 0, 0, 1})
	f.Add([]byte{5, 0, 1, 2, 3, 4}, []byte{5, 0, 1, 2, 3, 4}, []byte{0, 2, 0, 1, 0, 2})
	f.Add([]byte{3, 0, 1, 1}, []byte{3, 0, 0, 2}, []byte{0, 3, 0, 1, 0, 2, 0, 3})
	f.Add([]byte{1, 7}, []byte{9}, []byte{})
	f.Fuzz(func(t *testing.T, roll, approved, rest []byte) {
		list := func(spec []byte, of map[int][]byte) (b []byte) {
			if len(spec) == 0 {
				return nil
			}
			b = append(b, 0, spec[0])
			for _, i := range spec[1:] {
				if m := of[int(i)]; m != nil {
					b = append(b, m...)
				} else {
					b = append(b, i)
				}
			}
			return b
		}
		head := append(s.appendHeader(nil, kindRoll, noSender), list(roll, commitments)...)
		if r, err := s.parseRoll(head); err == nil {
			require.Equal(t, head, s.appendRoll(nil, r.commitments))
		}
		m := append(s.appendHeader(nil, kindCall, noSender), head...)
		m = append(append(m, list(approved, approvals)...), rest...)
		c, err := s.parseCall(m)
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, len(c.included), s.plan.spec.MinInputs)
		require.Len(t, c.active, s.plan.spec.Threshold)
		of := make(map[int][]byte)
		for _, i := range c.included {
			of[i] = approvals[i]
		}
		require.Equal(t, m, s.appendCall(nil, s.appendRoll(nil, c.roll.commitments), of, c.active))
		require.LessOrEqual(t, len(m), s.callSize())
	})
}

// FuzzMessages gives bytes to every reader. None panics, and what is accepted is
// what was sent, since everything is signed or committed to.
func FuzzMessages(f *testing.F) {
	s, keys, holders := fixedSession(f, counts())
	p := &parties{t: f, plan: s.plan, s: s, contributorKeys: keys, holders: holders}
	p.receiver = &Receiver{plan: s.plan, public: s.roster.Receiver}
	p.receiver.open, _ = kem().DeriveKeyPair(make([]byte, 32))
	p.makeKey()
	in := p.encrypt(countRows)
	a := p.aggregate(in, upTo(5), upTo(2))
	shares := p.shares(a, upTo(2))
	var sum, masks bytes.Buffer
	_, err := a.WriteTo(&sum)
	require.NoError(f, err)
	require.NoError(f, a.WriteAudit(&masks, 0, 0))
	seeds := [][]byte{in.commitments[0], in.contributions[0], p.public, a.message, masks.Bytes(), sum.Bytes(), shares[0]}
	for i, m := range seeds {
		f.Add(byte(i), uint32(0), byte(0), len(m))
		f.Add(byte(i), uint32(len(m)/2), byte(1), len(m))
		f.Add(byte(i), uint32(headerSize), byte(255), len(m)-1)
	}
	f.Fuzz(func(t *testing.T, kind byte, at uint32, flip byte, size int) {
		k := int(kind) % len(seeds)
		m := slices.Clone(seeds[k])
		m[int(uint(at)%uint(len(m)))] ^= flip
		if size >= 0 && size <= len(m) {
			m = m[:size]
		}
		same := bytes.Equal(m, seeds[k])
		var err error
		switch k {
		case 0:
			err = s.NewAggregator().Commit(m)
		case 1:
			_, err = s.check("add", 0, a.call.roll, bytes.NewReader(m))
		case 2:
			_, err = s.parsePublicKey(m)
		case 3:
			if _, err = s.parseCall(m); err == nil && !same {
				same = true // with other key holders
			}
		case 4:
			audit, err2 := p.keyHolders[0].Audit(a.message)
			require.NoError(t, err2)
			err = audit.Add(0, bytes.NewReader(m))
		case 5:
			_, err = p.receiver.Open(s, bytes.NewReader(m), readers(shares)...)
		case 6:
			_, err = p.receiver.Open(s, bytes.NewReader(sum.Bytes()), readers([][]byte{m, shares[1]})...)
		}
		require.Equal(t, same, err == nil, "%v", err)
	})
}

// FuzzPlan plans at random and runs the plan at the extremes of its ranges.
func FuzzPlan(f *testing.F) {
	for seed := range uint64(5) {
		f.Add(seed, byte(seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, extreme byte) {
		r := rand.New(rand.NewPCG(seed, 0))
		spec := randomSpec(r)
		spec.Rows = min(spec.Rows, 30)
		spec.Functions = slices.DeleteFunc(spec.Functions, func(f Function) bool { return f.name == "regression" })
		if len(spec.Functions) == 0 {
			return
		}
		p, err := NewPlan(spec)
		require.NoError(t, err)
		table := randomTable(r, spec, func(f *Field) float64 { return []float64{f.Min, f.Max}[r.IntN(256)&int(extreme|1)&1] })
		table.check(t, p, table.sum(t, p))
	})
}
