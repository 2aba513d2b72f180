package he

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func counts() *Spec {
	return &Spec{
		Mode: Collective, Contributors: 5, MinInputs: 3, Holders: 3, Threshold: 2, Rows: 2,
		Fields: []Field{{"cases", 0, 1000, 0}}, Functions: []Function{Vector("cases")},
	}
}

func countRows(i int) iter.Seq2[[]float64, error] {
	return rowsOf([]float64{float64(i)}, []float64{1000})
}

// collected is an aggregator with a roll, and what contributors have for it.
type collected struct {
	*parties
	*inputs
	aggregator *Aggregator
	roll       []byte
	endorsed   []byte // the roll, as contributors approve it
	approvals  [][]byte
}

func collect(t testing.TB, spec *Spec) *collected {
	c := &collected{parties: newParties(t, spec)}
	c.inputs = c.encrypt(countRows)
	c.aggregator = c.s.NewAggregator()
	for _, m := range c.commitments {
		require.NoError(t, c.aggregator.Commit(m))
	}
	var err error
	c.roll, err = c.aggregator.Roll()
	require.NoError(t, err)
	c.endorsed = c.parties.endorsed(c.aggregator)
	for i, who := range c.contributors {
		approval, err := who.Approve(c.endorsed, bytes.NewReader(c.contributions[i]))
		require.NoError(t, err)
		c.approvals = append(c.approvals, approval)
	}
	return c
}

func (c *collected) add(i int) error {
	return c.aggregator.Add(c.approvals[i], bytes.NewReader(c.contributions[i]))
}

// refused checks that a message which is cut, longer, or has a flipped bit, is
// refused with one of our errors.
func refused(t *testing.T, message []byte, try func([]byte) error) {
	check := func(m []byte, what string, at int) {
		err := try(m)
		require.Error(t, err, "%s at %d", what, at)
		ours := false
		for _, e := range []error{ErrMessage, ErrIncompatible, ErrTooFew, ErrWrong} {
			ours = ours || bytes.Contains([]byte(err.Error()), []byte(e.Error()))
		}
		require.True(t, ours, "%s at %d: %v", what, at, err)
	}
	places := upTo(min(len(message), 200))
	spread := 50
	if testing.Short() { // every field of the header, and some others
		places, spread = []int{0, 4, 5, 6, 7, 8, 39, 40, 41, 42, 73, 105}, 8
	}
	for i := 0; i < len(message); i += 1 + len(message)/spread {
		places = append(places, i)
	}
	places = append(places, len(message)-1, len(message)-ed25519.SignatureSize)
	for _, i := range places {
		check(message[:i], "cut", i)
		flipped := slices.Clone(message)
		flipped[i] ^= 1 << (i % 8)
		check(flipped, "flipped", i)
	}
	check(append(slices.Clone(message), 0), "trailing byte", len(message))
}

func TestHostileCommitments(t *testing.T) {
	p := newParties(t, counts())
	in := p.encrypt(countRows)
	refused(t, in.commitments[0], func(m []byte) error { return p.s.NewAggregator().Commit(m) })

	// A second, different commitment of a contributor.
	a := p.s.NewAggregator()
	require.NoError(t, a.Commit(in.commitments[0]))
	require.NoError(t, a.Commit(in.commitments[0]), "the same again")
	again := p.encrypt(countRows)
	require.ErrorIs(t, a.Commit(again.commitments[0]), ErrMessage)
	_, err := a.Roll()
	require.ErrorIs(t, err, ErrTooFew)
	for _, m := range in.commitments[1:4] {
		require.NoError(t, a.Commit(m))
	}
	_, err = a.Roll()
	require.NoError(t, err)
	roll := p.endorsed(a)
	require.ErrorIs(t, a.Commit(in.commitments[4]), ErrMessage, "after the roll")
	_, err = in.contributors[4].Approve(roll, bytes.NewReader(in.contributions[4]))
	require.ErrorIs(t, err, ErrTooFew, "not in the roll")

	refused(t, roll, func(m []byte) error {
		_, err := in.contributors[0].Approve(m, bytes.NewReader(in.contributions[0]))
		return err
	})
	_, err = in.contributors[0].Approve(roll, bytes.NewReader(in.contributions[0]))
	require.NoError(t, err)
	_, err = in.contributors[0].Approve(roll, bytes.NewReader(in.contributions[0]))
	require.NoError(t, err, "the same again")
	b := p.s.NewAggregator()
	for _, m := range in.commitments {
		require.NoError(t, b.Commit(m))
	}
	other, err := b.Roll()
	require.NoError(t, err)
	_, err = in.contributors[0].Approve(p.endorse(other, upTo(3)), bytes.NewReader(in.contributions[0]))
	require.ErrorContains(t, err, "two rolls")
	require.ErrorIs(t, err, ErrMessage)
}

func TestHostileContributions(t *testing.T) {
	c := collect(t, counts())
	refused(t, c.contributions[0], func(m []byte) error { return c.aggregator.Add(c.approvals[0], bytes.NewReader(m)) })
	refused(t, c.approvals[0], func(m []byte) error { return c.aggregator.Add(m, bytes.NewReader(c.contributions[0])) })
	err := c.aggregator.Add(c.approvals[0], bytes.NewReader(c.contributions[1]))
	require.ErrorIs(t, err, ErrMessage, "of another")

	// A contributor that states a fingerprint which is not its own's would make
	// the receiver refuse the sum.
	lie := slices.Clone(c.approvals[0][:headerSize+approvalBody])
	for at, what := range map[int]string{headerSize + sha256.Size + 7: "wrong", len(lie) - 1: "malformed"} {
		lie[at] ^= 1
		err = c.aggregator.Add(sign(slices.Clone(lie), c.contributorKeys[0]), bytes.NewReader(c.contributions[0]))
		require.ErrorIs(t, err, ErrMessage)
		require.ErrorContains(t, err, "the fingerprint of number 0 is "+what)
		lie[at] ^= 1
	}

	// A contribution counts once, however often it comes.
	for range 3 {
		require.NoError(t, c.add(0))
	}
	require.NoError(t, c.add(1))
	_, err = c.aggregator.Close([]int{0, 1})
	require.ErrorIs(t, err, ErrTooFew)
	require.NoError(t, c.add(2))
	for _, active := range [][]int{nil, {0}, {0, 1, 2}, {0, 0}, {0, 3}, {-1, 0}} {
		_, err = c.aggregator.Close(active)
		require.Error(t, err, "%v", active)
	}
	a, err := c.aggregator.Close([]int{2, 0})
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2}, a.Contributors())
	_, err = c.aggregator.Close([]int{0, 1})
	require.Error(t, err)
	require.Error(t, c.add(3))
	r, err := c.open(a, c.shares(a, []int{0, 2}))
	require.NoError(t, err)
	require.Equal(t, []int64{3, 3000}, r.Vectors["cases"])
}

// What has changed since it was written is not approved. Masks are left to the
// aggregator if no fingerprint is of them.
func TestChangedContribution(t *testing.T) {
	receiverKey := counts()
	receiverKey.Mode, receiverKey.Holders, receiverKey.Threshold = ReceiverKey, 0, 0
	for _, spec := range []*Spec{counts(), receiverKey} {
		c := collect(t, spec)
		try := func(m []byte) error {
			_, err := c.contributors[0].Approve(c.endorsed, bytes.NewReader(m))
			return err
		}
		m := slices.Clone(c.contributions[0])
		require.NoError(t, try(m))
		require.ErrorIs(t, try(append(m, 0)), ErrMessage)
		require.ErrorIs(t, try(m[:len(m)-1]), ErrMessage)
		require.ErrorIs(t, try(m[:headerSize+9]), ErrMessage)
		m[len(m)-2] ^= 1
		require.ErrorIs(t, try(m), ErrMessage, "another body")
		m[len(m)-2] ^= 1
		m[headerSize+9] ^= 1
		if spec.Mode == ReceiverKey {
			require.ErrorIs(t, try(m), ErrMessage, "another mask")
		} else {
			require.NoError(t, try(m))
		}
		require.ErrorIs(t, c.aggregator.Add(c.approvals[0], bytes.NewReader(m)), ErrMessage)
	}
}

// A contributor that commits to what another one committed to, and sends the same
// when it sees it, would count the other's numbers twice.
func TestCopiedContribution(t *testing.T) {
	receiverKey := counts()
	receiverKey.Mode, receiverKey.Holders, receiverKey.Threshold = ReceiverKey, 0, 0
	for _, spec := range []*Spec{counts(), receiverKey} {
		p := newParties(t, spec)
		in := p.encrypt(countRows)
		const thief, victim = 4, 1
		hashes := in.commitments[victim][headerSize:][:64]
		in.commitments[thief] = sign(append(p.s.appendHeader(nil, kindCommitment, thief), hashes...), p.contributorKeys[thief])
		a := p.s.NewAggregator()
		for _, m := range in.commitments {
			require.NoError(t, a.Commit(m))
		}
		_, err := a.Roll()
		require.NoError(t, err)
		copied := slices.Clone(in.contributions[victim])
		binary.BigEndian.PutUint16(copied[len(magic)+2:], thief)
		_, _, err = p.s.check("add", thief, a.roll, bytes.NewReader(copied), true)
		require.ErrorIs(t, err, ErrMessage)
	}
}

// A commitment is to a part and a hash, of one contributor of one session.
func TestCommitmentsDiffer(t *testing.T) {
	s, _, _ := fixedSession(t, counts())
	later, err := NewSession(s.plan, &s.roster, [32]byte{2})
	require.NoError(t, err)
	seen := make(map[[sha256.Size]byte]bool)
	n := 0
	for _, s := range []*Session{s, later} {
		for _, part := range []string{"masks", "bodies"} {
			for _, contributor := range []int{0, 1, 255, 256, 257, 65535} {
				for hash := range byte(2) {
					seen[s.commitTo(part, contributor, [sha256.Size]byte{hash})] = true
					n++
				}
			}
		}
	}
	require.Len(t, seen, n)
}

// An aggregator that showed one contributor a roll of its own would get the contribution
// before an accomplice commits, who could then commit to the same, or to a multiple.
// In mode Collective no contributor approves a roll that too few key holders endorse.
func TestTwoRolls(t *testing.T) {
	const thief, victim = 4, 1
	p := newParties(t, counts())
	in := p.encrypt(countRows)
	roll := func(commitments [][]byte) []byte {
		all := make(map[int][]byte)
		for i, m := range commitments {
			all[i] = m
		}
		return p.s.appendRoll(nil, all)
	}
	own := roll(in.commitments)
	others := roll(p.encrypt(countRows).commitments)
	approve := func(endorsed []byte) error {
		_, err := in.contributors[victim].Approve(endorsed, bytes.NewReader(in.contributions[victim]))
		return err
	}
	// A key holder endorses the first roll that it gets, as often as it is asked.
	log := memoryLog{}
	first, err := p.keyHolders[0].Endorse(others, log)
	require.NoError(t, err)
	again, err := p.keyHolders[0].Endorse(others, log)
	require.NoError(t, err)
	require.Equal(t, first, again)
	_, err = p.keyHolders[0].Endorse(own, log)
	require.ErrorContains(t, err, "two rolls")
	// Nor does it begin anew with the same log, and another secret.
	holders := p.keyHolders
	p.makeKey()
	_, err = p.keyHolders[0].Endorse(own, log)
	require.ErrorIs(t, err, ErrShared)
	p.keyHolders = holders

	// So there are too few, even with a holder that endorses both.
	for _, who := range [][]int{nil, {1}, {1, 2}} {
		err = approve(p.endorse(own, who))
		require.ErrorIs(t, err, ErrMessage)
		require.ErrorContains(t, err, fmt.Sprintf("endorsements of %d key holders", len(who)))
	}
	require.ErrorIs(t, approve(own), ErrMessage, "nobody endorsed it")

	// Without that, the accomplice's copy would be counted.
	require.NoError(t, approve(p.endorse(own, upTo(3))))
	copied := slices.Clone(in.contributions[victim])
	binary.BigEndian.PutUint16(copied[len(magic)+2:], thief)
	mask := p.plan.params.MaskSize()
	hash, err := p.plan.params.NewMaskHash()
	require.NoError(t, err)
	require.NoError(t, hash.Add(0, copied[headerSize:][:mask]))
	b, err := hash.AppendBinary(nil)
	require.NoError(t, err)
	masks, bodies := p.s.commitTo("masks", thief, sha256.Sum256(b)), p.s.commitTo("bodies", thief, sha256.Sum256(copied[headerSize+mask:]))
	in.contributions[thief] = copied
	in.commitments[thief] = sign(slices.Concat(p.s.appendHeader(nil, kindCommitment, thief), masks[:], bodies[:]), p.contributorKeys[thief])
	in.contributors[thief].commitment = in.commitments[thief]
	a := p.aggregate(in, []int{0, 2, 3, thief}, []int{0, 1})
	_, err = p.keyHolders[0].Audit(a.Call())
	require.ErrorContains(t, err, "two rolls", "this holder endorsed another one")
	p.keyHolders[0].endorsed = a.call.roll.digest
	r, err := p.open(a, p.shares(a, []int{0, 1}))
	require.NoError(t, err)
	require.Equal(t, []int64{0 + 2 + 3 + victim, 4000}, r.Vectors["cases"])
}

// An endorsement is of a key holder for a roll, and enough different ones make it one that
// contributors approve.
func TestHostileEndorsements(t *testing.T) {
	p := newParties(t, counts())
	in := p.encrypt(countRows)
	a := p.s.NewAggregator()
	_, err := a.EndorsedRoll(nil)
	require.ErrorContains(t, err, "no roll yet")
	for _, m := range in.commitments {
		require.NoError(t, a.Commit(m))
	}
	roll, err := a.Roll()
	require.NoError(t, err)
	refused(t, roll, func(m []byte) error {
		fresh := *p.keyHolders[0]
		_, err := fresh.Endorse(m, memoryLog{})
		return err
	})
	_, err = p.keyHolders[0].Endorse(roll, nil)
	require.ErrorIs(t, err, errNoLog)
	_, err = p.keyHolders[0].Endorse(roll, brokenLog{})
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.Zero(t, p.keyHolders[0].endorsed)
	early, err := p.s.NewKeyHolder(p.holders[0])
	require.NoError(t, err)
	_, err = early.Endorse(roll, memoryLog{})
	require.ErrorIs(t, err, errNoKey)

	all := p.step(func(h *KeyHolder) ([]byte, error) { return h.Endorse(roll, memoryLog{}) })
	refused(t, all[0], func(m []byte) error {
		_, err := a.EndorsedRoll([][]byte{m, all[1], all[2]})
		return err
	})
	_, err = a.EndorsedRoll([][]byte{all[0], all[1], all[0]})
	require.EqualError(t, err, "he: 2 of 3 key holders have endorsed the roll, and 3 must")
	endorsed, err := a.EndorsedRoll([][]byte{all[2], all[0], all[1]})
	require.NoError(t, err)
	require.Equal(t, p.endorse(roll, upTo(3)), endorsed)
	approve := func(m []byte) error {
		_, err := in.contributors[0].Approve(m, bytes.NewReader(in.contributions[0]))
		return err
	}
	refused(t, endorsed, approve)
	list := func(messages ...[]byte) []byte {
		head := p.s.appendEndorsed(nil, roll, nil)
		return append(append(head[:len(head)-2], 0, byte(len(messages))), bytes.Join(messages, nil)...)
	}
	require.NoError(t, approve(list(all...)))
	require.ErrorContains(t, approve(list(all[0], all[0], all[1])), "not in order")
	require.ErrorContains(t, approve(list(all[1], all[0], all[2])), "not in order")
	require.ErrorContains(t, approve(list(all[0], all[1], all[2], all[2])), "4 key holders")
	require.ErrorIs(t, approve(roll), ErrMessage)

	// That of another session, and of another roll.
	later, err := NewSession(p.plan, &p.s.roster, [32]byte{2})
	require.NoError(t, err)
	r, err := p.s.parseRoll(roll)
	require.NoError(t, err)
	replayed := sign(append(later.appendHeader(nil, kindEndorsement, 2), r.digest[:]...), p.holders[2])
	require.ErrorIs(t, approve(list(all[0], all[1], replayed)), ErrIncompatible)
	other := sign(append(p.s.appendHeader(nil, kindEndorsement, 2), make([]byte, 32)...), p.holders[2])
	require.ErrorContains(t, approve(list(all[0], all[1], other)), "another roll")
	_, err = a.EndorsedRoll([][]byte{all[0], all[1], other})
	require.ErrorContains(t, err, "another roll")

	q := newParties(t, oneShot())
	_, err = q.keyHolders[0].Endorse(roll, memoryLog{})
	require.ErrorContains(t, err, "no roll")
	_, err = q.s.NewAggregator().EndorsedRoll(nil)
	require.ErrorContains(t, err, "nobody endorses")
}

// Two rolls that enough holders endorse have as many honest ones' endorsements in
// common that one of them would have endorsed both.
func TestEndorsers(t *testing.T) {
	for n := 1; n <= 40; n++ {
		for threshold := 1; threshold <= n; threshold++ {
			s := &Session{plan: &Plan{spec: Spec{Holders: n, Threshold: threshold}}}
			q := s.endorsers()
			require.GreaterOrEqual(t, 2*q-n, threshold)
			require.Less(t, 2*(q-1)-n, threshold, "one less would do")
			require.LessOrEqual(t, q, n)
		}
	}
}

// An aggregator that leaves out, doubles or makes up contributions, or opens
// what the roll does not have.
func TestHostileCall(t *testing.T) {
	c := collect(t, counts())
	for i := range 4 {
		require.NoError(t, c.add(i))
	}
	a, err := c.aggregator.Close([]int{0, 1})
	require.NoError(t, err)
	audit := func(m []byte) error {
		_, err := c.keyHolders[0].Audit(m)
		return err
	}
	require.NoError(t, audit(a.Call()))
	// A flipped number of a holder may be that of another one: another call, which
	// no holder answers besides this one. All else is refused.
	call := a.Call()
	refused(t, call, func(m []byte) error {
		if len(m) == len(call) && bytes.Equal(m[:len(m)-4], call[:len(call)-4]) {
			return ErrMessage
		}
		return audit(m)
	})

	forge := func(approvals map[int][]byte, active []int) []byte {
		return c.s.appendCall(nil, c.roll, approvals, active)
	}
	some := func(who ...int) map[int][]byte {
		m := make(map[int][]byte)
		for _, i := range who {
			m[i] = c.approvals[i]
		}
		return m
	}
	require.NoError(t, audit(forge(some(0, 1, 2), []int{0, 1})))
	require.ErrorIs(t, audit(forge(some(0, 1), []int{0, 1})), ErrTooFew)
	require.ErrorIs(t, audit(forge(some(0), []int{0, 1})), ErrTooFew, "a single one")
	require.ErrorIs(t, audit(forge(some(0, 1, 2), []int{1, 2})), ErrMessage, "not called")
	require.ErrorIs(t, audit(forge(some(0, 1, 2), []int{0})), ErrMessage, "below the threshold")
	require.ErrorIs(t, audit(forge(some(0, 1, 2), []int{0, 1, 2})), ErrMessage, "above the threshold")
	require.ErrorIs(t, audit(forge(some(0, 1, 2), []int{0, 0})), ErrMessage, "twice")
	require.ErrorIs(t, audit(forge(some(0, 1, 2), []int{0, 9})), ErrMessage, "nobody")
	double := some(0, 1, 2)
	double[2] = c.approvals[1]
	require.ErrorIs(t, audit(forge(double, []int{0, 1})), ErrMessage, "one twice")

	// Hashes and masks that are cut, changed, too large, in another order.
	var masks bytes.Buffer
	require.NoError(t, a.WriteAudit(&masks, 0))
	try := func(m []byte) error {
		au, err := c.keyHolders[0].Audit(a.Call())
		require.NoError(t, err)
		err = au.Read(bytes.NewReader(m))
		require.Error(t, au.Read(bytes.NewReader(masks.Bytes())), "after a bad one")
		require.Error(t, au.Share(io.Discard, memoryLog{}))
		return err
	}
	refused(t, masks.Bytes(), try)
	change := func(from, to int, what string) {
		m := bytes.Clone(masks.Bytes())
		for i := from; i < to; i++ {
			m[i] = 0xff
		}
		err := try(m)
		require.ErrorIs(t, err, ErrMessage)
		require.ErrorContains(t, err, what)
	}
	size := c.plan.params.MaskHashSize()
	change(headerSize+size, headerSize+2*size, "number 1 committed")
	change(masks.Len()-c.plan.params.MaskSumSize(), masks.Len(), "out of its range")
	m := bytes.Clone(masks.Bytes())
	m[masks.Len()-c.plan.params.MaskSumSize()] ^= 1
	err = try(m)
	require.ErrorIs(t, err, ErrMessage)
	require.ErrorContains(t, err, "not the sum")
	first, second := masks.Bytes()[headerSize:][:size], masks.Bytes()[headerSize+size:][:size]
	require.ErrorIs(t, try(slices.Concat(masks.Bytes()[:headerSize], second, first, masks.Bytes()[headerSize+2*size:])), ErrMessage)
	au, err := c.keyHolders[0].Audit(a.Call())
	require.NoError(t, err)
	require.Error(t, au.Share(io.Discard, memoryLog{}), "nothing seen")
	require.NoError(t, au.Read(bytes.NewReader(masks.Bytes())))
	require.Error(t, au.Read(bytes.NewReader(masks.Bytes())), "twice")
	require.Error(t, a.WriteAudit(io.Discard, 3))
	require.Error(t, a.WriteAudit(io.Discard, -1))

	// The sum of other contributions than those of the call: one less, one more, one
	// twice, one in the place of another.
	for _, which := range [][]int{{0, 1, 2}, {0, 1, 2, 3, 4}, {0, 1, 2, 3, 3}, {0, 1, 2, 4}, {0, 0, 2, 3}} {
		sum, err := c.plan.params.NewMaskSum()
		require.NoError(t, err)
		for _, i := range which {
			require.NoError(t, sum.Add(c.contributions[i][headerSize:][:c.plan.params.MaskSize()]))
		}
		m, err := sum.AppendBinary(bytes.Clone(masks.Bytes()[:masks.Len()-c.plan.params.MaskSumSize()]))
		require.NoError(t, err)
		err = try(m)
		require.ErrorIs(t, err, ErrMessage, which)
		if len(which) == 5 { // some residues are beyond what those of four come to
			require.ErrorContains(t, err, "out of its range")
		}
	}
}

// A hash of masks that a contributor committed to, and that is none.
func TestWrongMaskHash(t *testing.T) {
	c := collect(t, counts())
	for i := range 3 {
		require.NoError(t, c.add(i))
	}
	a, err := c.aggregator.Close([]int{0, 1})
	require.NoError(t, err)
	hash := bytes.Repeat([]byte{0xff}, c.plan.params.MaskHashSize())
	au, err := c.keyHolders[0].Audit(a.Call())
	require.NoError(t, err)
	commitment := c.s.commitTo("masks", 0, sha256.Sum256(hash))
	copy(au.call.roll.commitments[0][headerSize:], commitment[:])
	err = au.Read(bytes.NewReader(append(c.s.appendHeader(nil, kindMasks, noSender), hash...)))
	require.ErrorIs(t, err, ErrMessage)
	require.ErrorContains(t, err, "malformed")
}

// The aggregator keeps hashes of masks, and computes those that it has not kept.
func TestHashesComputedAgain(t *testing.T) {
	spec := counts()
	spec.Rows = 9000 // more than one chunk
	p := newParties(t, spec)
	a := p.aggregate(p.encrypt(func(int) seqRows { return rowsOf(slices.Repeat([][]float64{{1}}, spec.Rows)...) }), upTo(5), upTo(2))
	require.Len(t, a.hashes, 5)
	var kept, again bytes.Buffer
	require.NoError(t, a.WriteAudit(&kept, 0))
	delete(a.hashes, 1)
	delete(a.hashes, 4)
	require.NoError(t, a.WriteAudit(&again, 1))
	require.True(t, bytes.Equal(kept.Bytes(), again.Bytes()))
	a.inputs[4] = bytes.NewReader(bytes.Repeat([]byte{0xff}, int(p.plan.contribution())))
	require.ErrorContains(t, a.WriteAudit(io.Discard, 1), "number 4 is not what it was")
	a.inputs[4] = bytes.NewReader(nil)
	require.ErrorIs(t, a.WriteAudit(io.Discard, 1), io.EOF)
}

// One session, one share: with the same log, another log, or another call.
func TestSecondShare(t *testing.T) {
	c := collect(t, counts())
	for i := range 5 {
		require.NoError(t, c.add(i))
	}
	a, err := c.aggregator.Close([]int{0, 1})
	require.NoError(t, err)
	log := memoryLog{}
	audit := c.audit(a, 0)
	require.Error(t, audit.Share(io.Discard, nil))
	require.NoError(t, audit.Share(io.Discard, log))
	require.ErrorIs(t, audit.Share(io.Discard, log), ErrShared)
	require.ErrorIs(t, c.audit(a, 0).Share(io.Discard, memoryLog{}), ErrShared)

	edited := &Aggregate{s: c.s, inputs: a.inputs}
	edited.message = c.s.appendCall(nil, c.roll, map[int][]byte{0: c.approvals[0], 1: c.approvals[1], 2: c.approvals[2]}, []int{0, 1})
	edited.call, err = c.s.parseCall(edited.message)
	require.NoError(t, err)
	require.ErrorIs(t, c.audit(edited, 0).Share(io.Discard, memoryLog{}), ErrShared)

	// A key holder that begins anew, as after a crash, finds it in the log.
	h := *c.keyHolders[1]
	other := memoryLog{}
	require.NoError(t, c.audit(a, 1).Share(io.Discard, other))
	c.keyHolders[1] = &h
	require.ErrorIs(t, c.audit(a, 1).Share(failing{t}, other), ErrShared)

	// Nothing leaves if the log fails.
	h2 := *c.keyHolders[0]
	h2.shared = false
	c.keyHolders[0] = &h2
	require.ErrorIs(t, c.audit(a, 0).Share(failing{t}, brokenLog{}), io.ErrClosedPipe)
}

type failing struct{ t *testing.T }

func (f failing) Write([]byte) (int, error) {
	f.t.Fatal("something was written")
	return 0, nil
}

type brokenLog struct{}

func (brokenLog) Record(_, _ [32]byte) error { return io.ErrClosedPipe }

// A holder that is a contributor too opens nothing without its own part.
func TestOwnContribution(t *testing.T) {
	plan, err := NewPlan(counts())
	require.NoError(t, err)
	p := &parties{t: t, plan: plan}
	p.receiver, err = NewReceiver(plan)
	require.NoError(t, err)
	roster := &Roster{Receiver: p.receiver.PublicKey()}
	p.contributorKeys, roster.Contributors = keys(5)
	p.holders, roster.Holders = p.contributorKeys[:3], roster.Contributors[:3]
	p.begin(roster)
	a := p.aggregate(p.encrypt(countRows), []int{1, 2, 3, 4}, []int{0, 1})
	_, err = p.keyHolders[0].Audit(a.Call())
	require.ErrorIs(t, err, ErrTooFew)
	_, err = p.keyHolders[1].Audit(a.Call())
	require.NoError(t, err)
}

func TestHostileShares(t *testing.T) {
	c := collect(t, counts())
	for i := range 5 {
		require.NoError(t, c.add(i))
	}
	a, err := c.aggregator.Close([]int{0, 1})
	require.NoError(t, err)
	shares := c.shares(a, []int{0, 1})
	refused(t, shares[1], func(m []byte) error {
		_, err := c.open(a, [][]byte{shares[0], m})
		return err
	})
	_, err = c.open(a, shares[:1])
	require.Error(t, err)
	_, err = c.open(a, [][]byte{shares[0], shares[0]})
	require.ErrorIs(t, err, ErrMessage)
	_, err = c.open(a, append(shares, shares[0]))
	require.Error(t, err)

	// A share of one that was asked to open other contributions.
	again := *c.keyHolders[1]
	again.shared = false
	fewer := *a
	fewer.message = c.s.appendCall(nil, c.roll, map[int][]byte{0: c.approvals[0], 1: c.approvals[1], 2: c.approvals[2]}, []int{0, 1})
	fewer.call, err = c.s.parseCall(fewer.message)
	require.NoError(t, err)
	c.keyHolders[1] = &again
	_, err = c.open(a, [][]byte{shares[0], c.shares(&fewer, []int{1})[0]})
	require.ErrorIs(t, err, ErrMessage)
	require.ErrorContains(t, err, "another aggregate")
	// One whose chunks were sealed for another share.
	mixed := slices.Clone(shares[1])
	front := headerSize + 32 + encSize + ed25519.SignatureSize
	copy(mixed[front:], shares[0][front:])
	_, err = c.open(a, [][]byte{shares[0], mixed})
	require.ErrorIs(t, err, ErrMessage)

	// An aggregate that is not the one that was shared.
	var b bytes.Buffer
	_, err = a.WriteTo(&b)
	require.NoError(t, err)
	for _, at := range []int{0, 5, headerSize, headerSize + 3, headerSize + 100, len(a.message) + headerSize + 3} {
		m := slices.Clone(b.Bytes())
		m[at] ^= 1
		_, err = c.receiver.Open(c.s, bytes.NewReader(m), readers(shares)...)
		require.Error(t, err, "flipped at %d", at)
	}
	for _, m := range [][]byte{b.Bytes()[:b.Len()-1], append(slices.Clone(b.Bytes()), 0)} {
		_, err = c.receiver.Open(c.s, bytes.NewReader(m), readers(shares)...)
		require.ErrorIs(t, err, ErrMessage)
	}

	// An aggregator that adds up others than it says.
	for _, inputs := range [][]int{{0, 1, 2, 3, 3}, {0, 1, 2, 3, 0}} {
		forged := &Aggregate{s: c.s, call: a.call, message: a.message, inputs: map[int]io.ReaderAt{}}
		for i, k := range inputs {
			forged.inputs[i] = bytes.NewReader(c.contributions[k])
		}
		_, err = c.open(forged, shares)
		require.Error(t, err)
	}
	// An aggregator that adds something to a body. Where the noise stays small,
	// only the fingerprint tells.
	caught := 0
	for bit := range 8 * (b.Len() - headerSize - 4 - len(a.message)) {
		m := slices.Clone(b.Bytes())
		m[headerSize+4+len(a.message)+bit/8] ^= 1 << (bit % 8)
		_, err = c.receiver.Open(c.s, bytes.NewReader(m), readers(shares)...)
		require.Error(t, err, "bit %d", bit)
		if bytes.Contains([]byte(err.Error()), []byte("not the sum")) {
			caught++
		}
	}
	require.NotZero(t, caught)
	r, err := c.open(a, shares)
	require.NoError(t, err)
	require.Equal(t, []int64{10, 5000}, r.Vectors["cases"])
}

// A key holder whose key is not the one that it made with the others. What opens
// then is not zero where it must be, or, where there is enough of it, not all well
// formed.
func TestWrongKey(t *testing.T) {
	long := counts()
	long.Rows = 4000
	for _, spec := range []*Spec{counts(), long} {
		p, other := newParties(t, spec), newParties(t, spec)
		require.Equal(t, spec == long, p.plan.layout.checks == 0)
		row := []float64{1000}
		a := p.aggregate(p.encrypt(func(int) seqRows { return rowsOf(slices.Repeat([][]float64{row}, spec.Rows)...) }), upTo(5), []int{0, 1})
		p.keyHolders[1].keys = other.keyHolders[1].keys
		_, err := p.open(a, p.shares(a, []int{0, 1}))
		require.ErrorIs(t, err, ErrWrong)
	}
}

// MinInputs contributions are enough for a roll and for a call, and one less are
// not: neither to the aggregator, nor to contributors and key holders.
func TestMinInputs(t *testing.T) {
	s, keys, _ := fixedSession(t, counts())
	commitments := make(map[int][]byte)
	for i := range 3 {
		commitments[i] = sign(append(s.appendHeader(nil, kindCommitment, i), make([]byte, 64)...), keys[i])
	}
	_, err := s.parseRoll(s.appendRoll(nil, commitments))
	require.NoError(t, err)
	delete(commitments, 1)
	_, err = s.parseRoll(s.appendRoll(nil, commitments))
	require.ErrorIs(t, err, ErrTooFew)

	for _, spec := range []*Spec{counts(), oneShot()} {
		p := newParties(t, spec)
		in := p.encrypt(countRows)
		a := p.aggregate(in, []int{0, 2, 4}, []int{0, 1})
		_, err := p.keyHolders[0].Audit(a.Call())
		require.NoError(t, err)
		less := make(map[int][]byte)
		var message []byte
		if spec.Mode == OneShot {
			less[0], less[4] = in.commitments[0], in.commitments[4]
			message = p.s.appendOneShot(nil, less, []int{0, 1})
		} else {
			roll := p.s.appendRoll(nil, a.call.roll.commitments)
			for _, i := range []int{0, 4} {
				less[i], err = in.contributors[i].Approve(p.endorse(roll, upTo(3)), bytes.NewReader(in.contributions[i]))
				require.NoError(t, err)
			}
			message = p.s.appendCall(nil, roll, less, []int{0, 1})
		}
		_, err = p.keyHolders[0].Audit(message)
		require.ErrorIs(t, err, ErrTooFew)
		require.ErrorContains(t, err, "a call of 2 contributions")
	}
}
