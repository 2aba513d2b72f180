package agreement

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

var (
	now     = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	program = Digest(sha256.Sum256([]byte("program")))
)

// A side is one party with what it keeps.
type side struct {
	party Party
	cfg   *Config

	mu      sync.Mutex
	records []evidenceRecord
	revoked bool
}

func newSide(t testing.TB, code string, seed byte) *side {
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
	public, err := keys.Algorithms(nil).Public(key)
	require.NoError(t, err)
	counters, err := policy.OpenCounters(filepath.Join(t.TempDir(), "counters"))
	require.NoError(t, err)
	t.Cleanup(func() { counters.Close() })
	s := &side{party: Party{code, public}}
	s.cfg = &Config{
		Signer:   key,
		Now:      func() time.Time { return now },
		Counters: counters,
		Rights: func(context.Context, Party, Input, time.Time) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.revoked {
				return errors.New("revoked")
			}
			return nil
		},
		Record: func(b []byte) error {
			var r evidenceRecord
			if err := json.Unmarshal(b, &r); err != nil {
				return err
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.records = append(s.records, r)
			return nil
		},
	}
	return s
}

// A world is two parties with a contract and a start statement that all signed.
type world struct {
	a, b     *side
	contract *Contract
	start    *Start
}

func newWorld(t testing.TB, constraints ...policy.Constraint) *world {
	w := &world{a: newSide(t, "clinic", 1), b: newSide(t, "insurer", 2)}
	p := policy.Policy{ID: "urn:x:1", Target: "patients", Permissions: []policy.Rule{{Action: "compute", Constraints: constraints}}}
	raw, err := p.DSP()
	require.NoError(t, err)
	w.contract = &Contract{Terms: Terms{
		ID:       "contract-1",
		Parties:  []Party{w.a.party, w.b.party},
		Programs: []Digest{program, sha256.Sum256([]byte("another program"))},
		From:     now.Add(-time.Hour),
		Until:    now.Add(time.Hour),
		Policies: []json.RawMessage{raw},
		Output:   Output{Receivers: []string{"clinic"}, MinCount: 10, RoundTo: 5},
	}}
	w.agree(t)
	return w
}

// agree has both sign the contract and a new start statement.
func (w *world) agree(t testing.TB) {
	w.contract.Signatures = nil
	for _, s := range []*side{w.a, w.b} {
		require.NoError(t, w.contract.Sign(s.cfg.Signer, s.cfg.Algorithms...))
	}
	w.start = w.newStart(t)
}

func (w *world) newStart(t testing.TB) *Start {
	contract, err := w.contract.Terms.Digest()
	require.NoError(t, err)
	s := &Start{Statement: Statement{
		Contract:    contract,
		Program:     program,
		Inputs:      []Input{{"clinic", "patients@1", "patients"}},
		Parties:     []string{"clinic", "insurer"},
		Environment: "03",
		Receivers:   []string{"clinic"},
		Cost:        100,
		From:        now.Add(-time.Minute),
		Until:       now.Add(time.Minute),
		Nonce:       NewNonce(),
	}}
	w.sign(t, s)
	return s
}

func (w *world) sign(t testing.TB, s *Start) {
	s.Signatures = nil
	for _, side := range []*side{w.a, w.b} {
		require.NoError(t, s.Sign(w.contract, side.cfg.Signer, side.cfg.Algorithms...))
	}
}

func (w *world) permits(t testing.TB) (a, b *Permit) {
	a, err := Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.NoError(t, err)
	b, err = Authorize(t.Context(), w.b.cfg, w.contract, w.start)
	require.NoError(t, err)
	return a, b
}

// open opens both ends over an unbuffered pipe. Each closes its end on errors.
func open(t testing.TB, a, b *Permit) (chA, chB *Channel, errA, errB error) {
	connA, connB := net.Pipe()
	t.Cleanup(func() { connA.Close(); connB.Close() })
	return openOver(t, connA, connB, a, b)
}

func openOver(t testing.TB, connA, connB net.Conn, a, b *Permit) (chA, chB *Channel, errA, errB error) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		if chA, errA = Open(ctx, connA, a, "insurer"); errA != nil {
			connA.Close()
		}
	})
	group.Go(func() {
		if chB, errB = Open(ctx, connB, b, "clinic"); errB != nil {
			connB.Close()
		}
	})
	group.Wait()
	return chA, chB, errA, errB
}

func TestOpen(t *testing.T) {
	w := newWorld(t)
	a, b := w.permits(t)
	require.Equal(t, a.Context(), b.Context())
	chA, chB, errA, errB := open(t, a, b)
	require.NoError(t, errA)
	require.NoError(t, errB)
	require.Equal(t, a.Context(), chA.Context())
	go chA.Write([]byte("hello"))
	got := make([]byte, 5)
	_, err := io.ReadFull(chB, got)
	require.NoError(t, err)
	require.Equal(t, "hello", string(got))
	for _, s := range []*side{w.a, w.b} {
		require.Len(t, s.records, 1)
		require.Equal(t, "opened", s.records[0].Event)
		require.Equal(t, a.Context(), s.records[0].Start[:])
	}

	// Once is enough: neither the permit nor the statement opens another.
	_, _, errA, errB = open(t, a, b)
	require.ErrorIs(t, errA, ErrReplay)
	require.ErrorIs(t, errB, ErrReplay)
	a, b = w.permits(t)
	_, _, errA, errB = open(t, a, b)
	require.ErrorIs(t, errA, ErrReplay)
	require.ErrorIs(t, errB, ErrPeer)
	require.ErrorIs(t, errB, ErrReplay)
	require.Equal(t, "refused", w.b.records[2].Event)
	_, err = Open(t.Context(), nil, a, "nobody")
	require.Error(t, err)
	_, err = Open(t.Context(), nil, nil, "nobody")
	require.Error(t, err)
}

// A reader and a writer without deadlines serve too.
func TestPlainStream(t *testing.T) {
	w := newWorld(t)
	a, b := w.permits(t)
	connA, connB := net.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := Open(t.Context(), struct{ io.ReadWriteCloser }{connB}, b, "clinic")
		done <- err
	}()
	_, err := Open(t.Context(), struct{ io.ReadWriter }{connA}, a, "insurer")
	require.NoError(t, err)
	require.NoError(t, <-done)
}

// A timed stream has deadlines and is no net.Conn.
type timed struct {
	io.ReadWriter
	conn net.Conn
}

func (s timed) SetDeadline(t time.Time) error { return s.conn.SetDeadline(t) }

// Protocols can be cancelled over a channel, whichever of SetDeadline and Close the
// stream below has.
func TestChannelDeadline(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) io.ReadWriter{
		"conn":  func(c net.Conn) io.ReadWriter { return c },
		"timed": func(c net.Conn) io.ReadWriter { return timed{struct{ io.ReadWriter }{c}, c} },
		"close": func(c net.Conn) io.ReadWriter { return struct{ io.ReadWriteCloser }{c} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.permits(t)
			connA, connB := net.Pipe()
			defer connB.Close()
			done := make(chan error, 1)
			go func() {
				_, err := Open(t.Context(), connB, b, "clinic")
				done <- err
			}()
			ch, err := Open(t.Context(), wrap(connA), a, "insurer")
			require.NoError(t, err)
			require.NoError(t, <-done)
			require.NoError(t, ch.SetDeadline(time.Now().Add(time.Hour)))
			require.NoError(t, ch.SetDeadline(time.Time{}))
			go func() {
				_, err := ch.Read(make([]byte, 1))
				done <- err
			}()
			select {
			case err := <-done:
				require.Fail(t, "ended by itself", err)
			case <-time.After(20 * time.Millisecond):
			}
			require.NoError(t, ch.SetDeadline(time.Unix(1, 0)))
			select {
			case err := <-done:
				require.Error(t, err)
			case <-time.After(10 * time.Second):
				require.Fail(t, "the read goes on")
			}
		})
	}
}

func TestSigning(t *testing.T) {
	w := newWorld(t)
	stranger := newSide(t, "stranger", 9)
	require.Error(t, w.contract.Sign(stranger.cfg.Signer))
	require.Error(t, w.start.Sign(w.contract, stranger.cfg.Signer))

	refuse := func(name string, want error, change func(*world)) {
		w := newWorld(t)
		change(w)
		for _, s := range []*side{w.a, w.b} {
			_, err := Authorize(t.Context(), s.cfg, w.contract, w.start)
			require.ErrorIs(t, err, want, name)
		}
	}
	refuse("changed contract", ErrSignature, func(w *world) { w.contract.Terms.Output.MinCount = 0 })
	refuse("unsigned contract", ErrSignature, func(w *world) { w.contract.Signatures = w.contract.Signatures[:1] })
	refuse("twice by one", ErrSignature, func(w *world) { w.contract.Signatures[1] = w.contract.Signatures[0] })
	refuse("more signatures", ErrSignature, func(w *world) {
		w.contract.Signatures = append(w.contract.Signatures, w.contract.Signatures[0])
	})
	refuse("flipped signature", ErrSignature, func(w *world) { w.start.Signatures[1].Value[7] ^= 1 })
	refuse("start unsigned by one", ErrSignature, func(w *world) { w.start.Signatures = w.start.Signatures[1:] })
	refuse("changed statement", ErrSignature, func(w *world) { w.start.Statement.Cost = 1 })
	refuse("contract's signature on a start", ErrSignature, func(w *world) { w.start.Signatures = w.contract.Signatures })
	refuse("other contract", ErrTerms, func(w *world) { w.start.Statement.Contract[0] ^= 1 })
	refuse("forbidden program", ErrTerms, func(w *world) { w.start.Statement.Program[0] ^= 1 })
	refuse("one party", ErrTerms, func(w *world) { w.start.Statement.Parties = []string{"clinic"} })
	refuse("wrong receiver", ErrTerms, func(w *world) { w.start.Statement.Receivers = []string{"insurer"} })
	refuse("foreign input", ErrTerms, func(w *world) { w.start.Statement.Inputs[0].Party = "nobody" })
	refuse("no nonce", ErrTerms, func(w *world) { w.start.Statement.Nonce = Digest{} })
	refuse("revoked right", ErrRight, func(w *world) { w.a.revoked, w.b.revoked = true, true })
	refuse("no policy", ErrPolicy, func(w *world) { w.start.Statement.Inputs[0].Target = "others"; w.sign(t, w.start) })
	late := func(by time.Duration) func(w *world) {
		return func(w *world) {
			for _, s := range []*side{w.a, w.b} {
				s.cfg.Now = func() time.Time { return now.Add(by) }
			}
		}
	}
	refuse("expired start", ErrPeriod, late(time.Minute))
	refuse("expired contract", ErrPeriod, late(time.Hour))
	refuse("too early", ErrPeriod, late(-2*time.Hour))
	refuse("terminated", ErrPeriod, func(w *world) {
		end, err := NewTermination(w.contract, now, w.b.cfg.Signer)
		require.NoError(t, err)
		w.a.cfg.Terminations, w.b.cfg.Terminations = []*Termination{end}, []*Termination{end}
	})

	end, err := NewTermination(w.contract, now, w.b.cfg.Signer)
	require.NoError(t, err)
	end.Signature.Party = "clinic" // a forgery ends nothing
	w.a.cfg.Terminations = []*Termination{end}
	_, err = Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.NoError(t, err)
	_, err = Authorize(t.Context(), &Config{}, w.contract, w.start)
	require.Error(t, err)
	_, err = Authorize(t.Context(), w.a.cfg, nil, nil)
	require.Error(t, err)
}

func TestNegotiation(t *testing.T) {
	w := newWorld(t)
	offer, err := NewOffer(w.contract.Terms, nil, w.a.cfg.Signer)
	require.NoError(t, err)
	better := w.contract.Terms
	better.Output.MinCount = 50
	counter, err := NewOffer(better, offer, w.b.cfg.Signer)
	require.NoError(t, err)
	d, err := offer.Digest()
	require.NoError(t, err)
	require.Equal(t, d, counter.Answers)
	_, err = counter.Digest()
	require.NoError(t, err)
	counter.Terms.Output.MinCount = 0
	_, err = counter.Digest()
	require.ErrorIs(t, err, ErrSignature)
	counter.Signature.Party = "nobody"
	_, err = counter.Digest()
	require.ErrorIs(t, err, ErrSignature)
}

// One party that starts another program, mixes sessions, or holds other
// signatures gets no channel, and both learn why.
func TestMismatch(t *testing.T) {
	for name, change := range map[string]func(*world, *Start){
		"another program": func(w *world, s *Start) { s.Statement.Program = w.contract.Terms.Programs[1] },
		"another session": func(w *world, s *Start) { s.Statement.Nonce = NewNonce() },
		"another cost":    func(w *world, s *Start) { s.Statement.Cost = 1 },
	} {
		w := newWorld(t)
		other := w.newStart(t)
		other.Statement = w.start.Statement
		change(w, other)
		w.sign(t, other)
		a, _ := w.permits(t)
		b, err := Authorize(t.Context(), w.b.cfg, w.contract, other)
		require.NoError(t, err)
		chA, chB, errA, errB := open(t, a, b)
		require.Nil(t, chA)
		require.Nil(t, chB)
		require.ErrorIs(t, errA, ErrMismatch, name)
		require.ErrorIs(t, errB, ErrMismatch, name)
		require.ErrorIs(t, errB, ErrPeer, name)
		require.Equal(t, "refused", w.a.records[0].Event)
		require.Equal(t, "refused", w.b.records[0].Event)
		require.Zero(t, w.a.cfg.Counters.State(a.policies[0].key()).Uses, "nothing was spent")
	}
}

func TestRevokedBeforeOpen(t *testing.T) {
	for _, who := range []int{0, 1} {
		w := newWorld(t)
		a, b := w.permits(t)
		[]*side{w.a, w.b}[who].revoked = true
		_, _, errA, errB := open(t, a, b)
		require.ErrorIs(t, errA, ErrRight)
		require.ErrorIs(t, errB, ErrRight)
		require.ErrorIs(t, []error{errB, errA}[who], ErrPeer)
	}
}

func TestRefuse(t *testing.T) {
	for _, who := range []int{0, 1} {
		w := newWorld(t)
		a, b := w.permits(t)
		connA, connB := net.Pipe()
		done := make(chan error, 1)
		reason := fmt.Errorf("details: %w", ErrRight)
		var err error
		if who == 0 {
			go func() { done <- Refuse(t.Context(), connA, w.a.cfg, w.contract, "insurer", reason) }()
			_, err = Open(t.Context(), connB, b, "clinic")
		} else {
			go func() { done <- Refuse(t.Context(), connB, w.b.cfg, w.contract, "clinic", reason) }()
			_, err = Open(t.Context(), connA, a, "insurer")
		}
		require.ErrorIs(t, err, ErrPeer)
		require.ErrorIs(t, err, ErrRight)
		require.NotContains(t, err.Error(), "details")
		require.NoError(t, <-done)
		require.Equal(t, "refused", w.a.records[0].Event)
		require.Equal(t, "refused", w.b.records[0].Event)
	}
}

// Two runs race for a budget that holds one.
func TestBudgetRacedFromTwoConnections(t *testing.T) {
	w := newWorld(t, policy.Constraint{Left: policy.PrivacyBudget, Operator: "lteq", Right: []string{"150"}})
	a1, b1 := w.permits(t)
	w.start = w.newStart(t)
	a2, b2 := w.permits(t)
	var opened atomic.Int32
	var group sync.WaitGroup
	for _, pair := range [][2]*Permit{{a1, b1}, {a2, b2}} {
		group.Go(func() {
			_, _, errA, errB := open(t, pair[0], pair[1])
			if errA == nil && errB == nil {
				opened.Add(1)
				return
			}
			require.Error(t, errA)
			require.Error(t, errB)
			require.ErrorIs(t, errA, ErrPolicy)
			require.ErrorIs(t, errB, ErrPolicy)
		})
	}
	group.Wait()
	require.LessOrEqual(t, opened.Load(), int32(1))
	require.EqualValues(t, 100, w.a.cfg.Counters.State(a1.policies[0].key()).Spent)
	w.start = w.newStart(t)
	_, err := Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.ErrorIs(t, err, ErrPolicy)
}

// A peer that has another key than it registered is turned away, on either end.
func TestUnregisteredKey(t *testing.T) {
	for _, who := range []int{0, 1} {
		w := newWorld(t)
		a, b := w.permits(t)
		thief := newSide(t, "thief", 9)
		cfg := *thief.cfg
		[]*Permit{a, b}[who].cfg = &cfg // whatever it knows, it has not the key
		_, _, errA, errB := open(t, a, b)
		require.ErrorIs(t, []error{errB, errA}[who], ErrStranger)
		require.Error(t, []error{errA, errB}[who])
	}
}

// Whoever terminates TLS in the middle has neither key.
func TestManInTheMiddle(t *testing.T) {
	w := newWorld(t)
	a, b := w.permits(t)
	middle := newSide(t, "middle", 9)
	connA, toA := net.Pipe()
	toB, connB := net.Pipe()
	// It knows all that was signed, but has no key of either.
	steal := func(p *Permit) *Permit {
		return &Permit{cfg: middle.cfg, self: p.self, peers: p.peers, terms: p.terms, statement: p.statement, context: p.context, opened: make(map[string]bool)}
	}
	spy, forged := steal(a), steal(b)
	var group sync.WaitGroup
	var errA, errB error
	group.Go(func() { _, _, errA, _ = openOver(t, connA, toA, a, forged) })
	group.Go(func() { _, _, _, errB = openOver(t, toB, connB, spy, b) })
	group.Wait()
	require.ErrorIs(t, errA, ErrStranger)
	require.ErrorIs(t, errB, ErrStranger)
}

// Every byte of the handshake that is changed, or behind which the stream ends,
// ends without a channel on at least one side and without a panic.
func TestCutAndFlipped(t *testing.T) {
	step := 97
	if testing.Short() {
		step = 397
	}
	for _, cut := range []bool{true, false} {
		for at := 0; at < 1200; at += step {
			w := newWorld(t)
			a, b := w.permits(t)
			connA, connB := net.Pipe()
			_, _, errA, errB := openOver(t, &faulty{Conn: connA, at: at, cut: cut}, connB, a, b)
			require.True(t, errA != nil || errB != nil, "byte %d, cut %v", at, cut)
			connA.Close()
			connB.Close()
		}
	}
}

// A faulty connection changes one byte that is read, or ends there.
type faulty struct {
	net.Conn
	at  int
	cut bool
}

func (f *faulty) Read(b []byte) (int, error) {
	if f.cut && f.at <= 0 {
		f.Conn.Close()
		return 0, io.EOF
	}
	if f.cut {
		b = b[:min(len(b), f.at)]
	}
	n, err := f.Conn.Read(b)
	if !f.cut && f.at >= 0 && f.at < n {
		b[f.at] ^= 1
	}
	f.at -= n
	return n, err
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	a, _ := w.permits(t)
	conn, other := net.Pipe()
	defer other.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := Open(ctx, conn, a, "insurer")
	require.ErrorIs(t, err, context.Canceled)
}

func TestRecordFails(t *testing.T) {
	w := newWorld(t)
	a, b := w.permits(t)
	w.a.cfg.Record = func([]byte) error { return errors.New("disk full") }
	ch, _, err, _ := open(t, a, b)
	require.Nil(t, ch)
	require.ErrorIs(t, err, ErrRecord)
}

// Counts get noise once the budget is spent, and one count only.
func TestNoise(t *testing.T) {
	w := newWorld(t)
	w.contract.Terms.Output = Output{Receivers: []string{"clinic"}, MinCount: 10, RoundTo: 1, Sensitivity: 2}
	w.contract.Signatures = nil
	for _, s := range []*side{w.a, w.b} {
		require.NoError(t, w.contract.Sign(s.cfg.Signer))
	}
	w.start = w.newStart(t)
	w.start.Statement.Cost = 0
	require.ErrorIs(t, w.start.Sign(w.contract, w.a.cfg.Signer), ErrTerms)

	const count, epsilon = 1000, 0.5
	seen := map[uint64]bool{}
	for range 20 {
		w.start = w.newStart(t)
		w.start.Statement.Cost = epsilon * 1e6
		w.sign(t, w.start)
		a, b := w.permits(t)
		_, err := a.Release(count)
		require.ErrorIs(t, err, ErrOutput, "nothing is spent")
		_, _, errA, errB := open(t, a, b)
		require.NoError(t, errA)
		require.NoError(t, errB)
		n, err := a.Release(count)
		require.NoError(t, err)
		seen[n] = true
		// Scale 4: a deviation of 100 has a probability of e^-25.
		require.InDelta(t, count, n, 100)
		again, err := a.Release(count)
		require.NoError(t, err)
		require.Equal(t, n, again)
		_, err = a.Release(count + 1)
		require.ErrorIs(t, err, ErrOutput)
		_, err = b.Release(count)
		require.ErrorIs(t, err, ErrOutput)
		_, err = ReleaseRows(a, make([]int, count))
		require.ErrorIs(t, err, ErrOutput)
	}
	require.Greater(t, len(seen), 1) // one value 20 times has a probability below 10^-17

	// The minimum is compared with what is released: 0 is held back.
	w.start = w.newStart(t)
	w.start.Statement.Cost = 100_000_000
	w.sign(t, w.start)
	a, b := w.permits(t)
	_, _, errA, errB := open(t, a, b)
	require.NoError(t, errors.Join(errA, errB))
	_, err := a.Release(0)
	require.ErrorIs(t, err, ErrOutput)
	w.contract.Terms.Output.Sensitivity = maxSensitivity + 1
	require.Error(t, w.contract.Terms.Validate())
}

func TestRelease(t *testing.T) {
	w := newWorld(t)
	a, b := w.permits(t)
	n, err := a.Release(13)
	require.NoError(t, err)
	require.EqualValues(t, 10, n)
	_, err = a.Release(9)
	require.ErrorIs(t, err, ErrOutput)
	_, err = b.Release(13)
	require.ErrorIs(t, err, ErrOutput)
	_, err = ReleaseRows(a, make([]uint32, 20))
	require.ErrorIs(t, err, ErrOutput)
	a.terms.Output.RoundTo = 1
	rows, err := ReleaseRows(a, make([]uint32, 20))
	require.NoError(t, err)
	require.Len(t, rows, 20)
	_, err = ReleaseRows(a, make([]uint32, 9))
	require.ErrorIs(t, err, ErrOutput)
}

func TestCodec(t *testing.T) {
	w := newWorld(t)
	text, err := w.contract.MarshalBinary()
	require.NoError(t, err)
	var c Contract
	require.NoError(t, c.UnmarshalBinary(text))
	require.NoError(t, c.Verify(now))
	started, err := w.start.MarshalBinary()
	require.NoError(t, err)
	var s Start
	require.NoError(t, s.UnmarshalBinary(started))
	require.Equal(t, w.start, &s)
	for i := range text {
		require.Error(t, new(Contract).UnmarshalBinary(text[:i]))
	}
	for i := range started {
		require.Error(t, new(Start).UnmarshalBinary(started[:i]))
	}
	require.Error(t, c.UnmarshalBinary(append(text, '1')))
	require.NoError(t, c.Verify(now), "unchanged by an error")
	for _, bad := range [][2]string{
		{`"id":`, `"ID":`}, {`"minCount":10`, `"minCount":10,"minCount":0`}, {`"roundTo":5`, `"roundTo":0`}, {`ed25519:`, `:`},
	} {
		require.Error(t, c.UnmarshalBinary([]byte(strings.Replace(string(text), bad[0], bad[1], 1))), bad)
	}
	// A key of an algorithm that nobody named is read, and not accepted.
	var foreign Contract
	require.NoError(t, foreign.UnmarshalBinary([]byte(strings.Replace(string(text), `ed25519:`, `rsa:`, 1))))
	require.ErrorIs(t, foreign.Verify(now), keys.ErrAlgorithm)
	// A key of small order, under which one signature fits many documents.
	weak := *w.contract
	weak.Terms.Parties = slices.Clone(weak.Terms.Parties)
	require.NoError(t, weak.Terms.Parties[0].Key.UnmarshalText([]byte("ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")))
	require.Error(t, weak.Terms.Validate())
	var d Digest
	require.Error(t, d.UnmarshalText([]byte(strings.Repeat("A", 64))))
}

// A contract that is accepted is written so that its signatures hold.
func FuzzContract(f *testing.F) {
	w := newWorld(f)
	text, err := w.contract.MarshalBinary()
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(strings.Replace(string(text), "contract-1", "\\u0063ontract-1", 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c, again Contract
		if c.UnmarshalBinary(b) != nil {
			return
		}
		out, err := c.MarshalBinary()
		if err != nil {
			return // the text grew over the limit
		}
		require.NoError(t, again.UnmarshalBinary(out))
		require.Equal(t, c.Verify(now) == nil, again.Verify(now) == nil)
	})
}
