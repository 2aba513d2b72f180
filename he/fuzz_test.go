package he

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/subtle"
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/rlwe"
)

// fixedSession is a session that is the same in every run.
func fixedSession(t testing.TB, spec *Spec) (s *Session, contributors, holders []ed25519.PrivateKey) {
	plan, err := NewPlan(spec)
	require.NoError(t, err)
	return sessionOf(t, plan)
}

func sessionOf(t testing.TB, plan *Plan) (s *Session, contributors, holders []ed25519.PrivateKey) {
	spec := &plan.spec
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

// FuzzMessages changes a message of any kind. None of the readers panics, and what
// is accepted is what was sent, since everything is signed or committed to.
func FuzzMessages(f *testing.F) {
	all := readMessages(f)
	for i := range all {
		f.Add(byte(i), []byte{}, int16(0))
		f.Add(byte(i), []byte{0, 0, 4, 1, 0, 1, 0, 0xff}, int16(0))
		f.Add(byte(i), []byte{}, int16(-1))
	}
	f.Fuzz(func(t *testing.T, kind byte, edits []byte, grow int16) {
		all[int(kind)%len(all)].try(t, edits, grow)
	})
}

// TestMessages does what FuzzMessages does with changes at random, to all kinds of
// messages equally often: -args -mutations 100000 takes minutes, most of them to
// find signatures wrong.
func TestMessages(t *testing.T) { mutate(t, readMessages(t)) }

// TestInnerMessages does the same to messages of a ring that is so small, and
// behind signatures and seals that are not checked, that most of the time goes to
// the readers: -args -mutations 10000000 takes minutes for each kind, which
// -only chooses. What is accepted may then be another message.
func TestInnerMessages(t *testing.T) { mutate(t, readInner(t)) }

func mutate(t *testing.T, all []reading) {
	n := *mutations
	if testing.Short() {
		n /= 10
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var edits [16]byte
	for i := range all {
		m := &all[i]
		if !strings.Contains(m.name, *only) {
			continue
		}
		start := time.Now()
		for range n {
			for i := range edits {
				edits[i] = byte(r.Uint32())
			}
			grow := 0
			if r.IntN(4) == 0 {
				grow = r.IntN(1<<r.IntN(10)) - r.IntN(1<<r.IntN(10))
			}
			many := 1 + r.IntN(4)
			if r.IntN(64) == 0 {
				many = 0
			}
			m.try(t, edits[:4*many], int16(grow))
		}
		t.Logf("%s of %d bytes: %d changes, %d of them accepted, %v each", m.name, len(m.message), n, m.accepted,
			time.Since(start)/time.Duration(max(1, n)))
	}
}

var only = flag.String("only", "", "what the names of the kinds of messages contain that TestMessages changes")

var mutations = flag.Int("mutations", 100, "how many changes TestMessages makes to each kind of message")

// A reading is a message and who reads it.
type reading struct {
	name            string
	message, buffer []byte
	read            func(b []byte) error
	accepted        int
	// other says that another message may be as good, for instance one that
	// calls other holders.
	other bool
}

// try reads the message with changes: edits are four bytes each, a place and
// what is flipped there, and grow is by how much it gets longer or shorter.
func (m *reading) try(t *testing.T, edits []byte, grow int16) {
	size := max(0, len(m.message)+int(grow))
	b := append(m.buffer[:0], m.message[:min(size, len(m.message))]...)
	if more := size - len(b); more > 0 {
		b = append(b, make([]byte, more)...)
	}
	for e := range slices.Chunk(edits, 4) {
		if len(e) == 4 && len(b) > 0 {
			at := (int(e[0])<<16 | int(e[1])<<8 | int(e[2])) % len(b)
			b[at] ^= e[3]
		}
	}
	m.buffer = b
	same := bytes.Equal(b, m.message)
	switch err := m.read(b); {
	case err == nil:
		m.accepted++
		if !same && !m.other {
			t.Fatalf("%s: another message is accepted", m.name)
		}
	case same:
		t.Fatalf("%s: the right message is refused: %v", m.name, err)
	case !errors.Is(err, ErrMessage) && !errors.Is(err, ErrIncompatible) && !errors.Is(err, ErrTooFew) && !errors.Is(err, ErrWrong):
		t.Fatalf("%s: %v", m.name, err)
	}
}

// readMessages returns a message of every kind, and its reader.
func readMessages(t testing.TB) (all []reading) {
	for _, spec := range []*Spec{counts(), oneShot()} {
		s, keys, holders := fixedSession(t, spec)
		all = append(all, readSession(t, s, keys, holders)...)
	}
	return all
}

// readInner is readMessages for TestInnerMessages.
func readInner(t testing.TB) (all []reading) {
	for _, spec := range []*Spec{counts(), oneShot()} {
		plan, err := NewPlan(spec)
		require.NoError(t, err)
		c := rlwe.Config{Mode: rlwe.Collective, Capacity: plan.layout.capacity(), Contributors: spec.Contributors,
			Holders: spec.Holders, Coefficients: plan.layout.coefs, Statistical: 2}
		if spec.Mode == OneShot {
			c.Mode, c.Holders, c.Statistical = rlwe.Masked, 0, 0
		}
		plan.params, err = rlwe.Tiny(t, c, 0)
		require.NoError(t, err)
		s, keys, holders := sessionOf(t, plan)
		known := &transparent{sealed: make(map[string][][2][]byte)}
		s.recipient = known.recipient
		all = append(all, readSession(t, s, keys, holders)...)
		for i := range all {
			require.NoError(t, all[i].read(all[i].message), all[i].name) // known sees it
			all[i].other = true
		}
		known.done = true
		s.verify = func(ed25519.PublicKey, []byte, []byte) bool { return true }
	}
	return all
}

// transparent opens seals, and later only pretends to: what has changed in a
// ciphertext then has changed in the message.
type transparent struct {
	sealed map[string][][2][]byte // ciphertexts and messages, by info
	done   bool
}

func (k *transparent) recipient(key hpke.PrivateKey, enc, info []byte) (recipient, error) {
	o := &transparentRecipient{known: k, info: string(info)}
	if k.done {
		return o, nil
	}
	k.sealed[o.info] = nil
	var err error
	o.real, err = newRecipient(key, enc, info)
	return o, err
}

type transparentRecipient struct {
	known *transparent
	info  string
	n     int
	real  recipient
}

func (o *transparentRecipient) Open(aad, ciphertext []byte) ([]byte, error) {
	if !o.known.done {
		message, err := o.real.Open(aad, ciphertext)
		o.known.sealed[o.info] = append(o.known.sealed[o.info], [2][]byte{slices.Clone(ciphertext), slices.Clone(message)})
		return message, err
	}
	sealed := o.known.sealed[o.info][o.n]
	o.n++
	message := slices.Clone(sealed[1])
	subtle.XORBytes(message, message, ciphertext)
	subtle.XORBytes(message, message, sealed[0])
	return message, nil
}

// readSession returns a message of every kind of a session, and its reader.
func readSession(t testing.TB, s *Session, keys, holders []ed25519.PrivateKey) (all []reading) {
	p := &parties{t: t, plan: s.plan, s: s, contributorKeys: keys, holders: holders}
	p.receiver = &Receiver{plan: s.plan, public: s.roster.Receiver}
	p.receiver.open, _ = kem().DeriveKeyPair(make([]byte, 32))
	p.makeKey()
	in := p.encrypt(countRows)
	a := p.aggregate(in, upTo(5), upTo(2))
	var sum, masks bytes.Buffer
	_, err := a.WriteTo(&sum)
	require.NoError(t, err)
	require.NoError(t, a.WriteAudit(&masks, 0))
	shares := p.shares(a, upTo(2))
	audit, err := p.keyHolders[0].Audit(a.message)
	require.NoError(t, err)
	mode := s.plan.spec.Mode.String() + " "
	add := func(name string, message []byte, read func(b []byte) error) {
		all = append(all, reading{name: mode + name, message: message, read: read})
	}
	add("public key", p.public, func(b []byte) error {
		_, err := s.NewContributor(keys[0], b)
		return err
	})
	add("call", a.message, func(b []byte) error {
		_, err := s.parseCall(b)
		return err
	})
	all[len(all)-1].other = true
	add("audit", masks.Bytes(), func(b []byte) error {
		fresh := *audit
		if fresh.keys == nil {
			fresh.masks = newMaskSums(s.plan)
		} else if fresh.keys, err = s.plan.params.NewKeySum(); err != nil {
			return err
		}
		return fresh.Read(bytes.NewReader(b))
	})
	add("aggregate", sum.Bytes(), func(b []byte) error {
		_, err := p.receiver.Open(s, bytes.NewReader(b), readers(shares)...)
		return err
	})
	// In mode OneShot an aggregator can change the result.
	all[len(all)-1].other = s.plan.spec.Mode == OneShot
	add("share", shares[0], func(b []byte) error {
		_, err := p.receiver.Open(s, bytes.NewReader(sum.Bytes()), readers([][]byte{b, shares[1]})...)
		return err
	})
	if s.plan.spec.Mode == OneShot {
		add("manifest", in.commitments[0], func(b []byte) error {
			return s.NewAggregator().Add(b, bytes.NewReader(in.contributions[0]))
		})
		add("contribution", in.contributions[0], func(b []byte) error {
			hashes := in.commitments[0][headerSize:][:s.manifestBody()]
			return s.checkOneShot(0, hashes, bytes.NewReader(b))
		})
		return all
	}
	add("commitment", in.commitments[0], func(b []byte) error { return s.NewAggregator().Commit(b) })
	add("contribution", in.contributions[0], func(b []byte) error {
		_, _, err := s.check("add", 0, a.call.roll, bytes.NewReader(b), true)
		return err
	})
	roll := s.appendRoll(nil, a.call.roll.commitments)
	add("roll", roll, func(b []byte) error {
		_, err := s.parseRoll(b)
		return err
	})
	endorsed := p.endorse(roll, upTo(s.endorsers()))
	add("endorsed roll", endorsed, func(b []byte) error {
		_, err := s.parseEndorsed(b)
		return err
	})
	endorsement := endorsed[len(endorsed)-endorsementSize:]
	add("endorsement", endorsement, func(b []byte) error {
		_, err := s.endorsement(b, a.call.roll)
		return err
	})
	approval, err := in.contributors[0].Approve(endorsed, bytes.NewReader(in.contributions[0]))
	require.NoError(t, err)
	add("approval", approval, func(b []byte) error {
		_, _, err := s.approval(b, a.call.roll)
		return err
	})
	return append(all, keyMessages(t, p)...)
}

// keyMessages returns what key holders send each other.
func keyMessages(t testing.TB, p *parties) []reading {
	var h []*KeyHolder
	var offers, deals, confirmations [][]byte
	for _, key := range p.holders {
		one, err := p.s.NewKeyHolder(key)
		require.NoError(t, err)
		h, offers = append(h, one), append(offers, one.Offer())
	}
	for i := range h {
		out, err := h[i].Deal(offers)
		require.NoError(t, err)
		deals = append(deals, out[0])
	}
	dealt := *h[0]
	confirmation, err := h[0].Confirm(deals)
	require.NoError(t, err)
	confirmations = append(confirmations, confirmation)
	for i := range p.holders[1:] {
		sum := digest("public key", p.s.digest[:], h[0].public)
		m := append(p.s.appendHeader(nil, kindConfirmation, i+1), sum[:]...)
		confirmations = append(confirmations, sign(m, p.holders[i+1]))
	}
	return []reading{
		{name: "offer", message: offers[1], read: func(b []byte) error {
			_, err := p.s.all([][]byte{offers[0], b, offers[2]}, kindOffer, p.s.roster.Holders, p.s.offerSize())
			return err
		}},
		{name: "deal", message: deals[1], read: func(b []byte) error {
			fresh := dealt
			_, err := fresh.Confirm([][]byte{deals[0], b, deals[2]})
			return err
		}},
		{name: "confirmation", message: confirmations[1], read: func(b []byte) error {
			_, err := h[0].PublicKey([][]byte{confirmations[0], b, confirmations[2]})
			return err
		}},
	}
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
