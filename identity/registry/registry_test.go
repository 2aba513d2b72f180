package registry

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

var (
	algorithms keys.Algorithms
	ctx        = context.Background()
	start      = time.Unix(1_790_000_000, 0)
)

func signer(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(t testing.TB, name string) keys.PublicKey {
	k, err := algorithms.Public(signer(name))
	require.NoError(t, err)
	return k
}

// code returns a code of a published credit code.
func code(t testing.TB, k identity.Kind, area string) identity.Code {
	s, err := identity.ParseSubject("91110000600037341L")
	require.NoError(t, err)
	a, err := identity.ParseArea(area)
	require.NoError(t, err)
	c, err := identity.Mint(k, s, a)
	require.NoError(t, err)
	return c
}

// memory is a log without a disk.
type memory struct {
	n         int64
	published int64
	err       error
}

func (m *memory) Latest() (evidence.Checkpoint, []byte) {
	return evidence.Checkpoint{Size: m.published}, nil
}

func (m *memory) Append(c ...evidence.Commitment) (int64, error) {
	m.n += int64(len(c))
	return m.n - int64(len(c)), m.err
}

type world struct {
	*Registry
	now  time.Time
	log  *memory
	path string
	self identity.Code
}

func config(w *world) *Config {
	return &Config{Code: w.self, Signer: signer("registrar"), Log: w.log, Now: func() time.Time { return w.now },
		Approve: func(context.Context, Operation) error { return nil }}
}

func open(t testing.TB) *world {
	w := &world{now: start, log: new(memory), path: filepath.Join(t.TempDir(), "registry"), self: code(t, identity.RegionNode, "3101")}
	var err error
	w.Registry, err = Open(w.path, config(w))
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

func (w *world) verifier(t testing.TB) *Verifier {
	return &Verifier{Registrars: map[identity.Code][]keys.PublicKey{w.self: {public(t, "registrar")}},
		Now: func() time.Time { return w.now }, MaxAge: time.Hour}
}

// next returns an operation that continues a history.
func (w *world) next(c identity.Code, act Act) Operation {
	n, previous, _ := w.Last(c)
	return Operation{Act: act, Code: c, Registrar: w.self, Sequence: n, Previous: previous, Time: w.now.Unix()}
}

// end returns the operation that deregisters with the key committed to.
func (w *world) end(t testing.TB, c identity.Code, committed string) Operation {
	op := w.next(c, Deregister)
	op.Key = public(t, committed)
	return op
}

func (w *world) submit(t testing.TB, name string, op Operation) (Receipt, error) {
	s, err := Sign(algorithms, signer(name), op)
	require.NoError(t, err)
	return w.Submit(ctx, s)
}

func (w *world) createOp(t testing.TB, c identity.Code, name, next string) Operation {
	n, err := w.Nonce(c, public(t, name))
	require.NoError(t, err)
	op := w.next(c, Create)
	op.Nonce, op.Key, op.Next = n, public(t, name), public(t, next).Fingerprint()
	return op
}

func (w *world) create(t testing.TB, k identity.Kind, name, next string) identity.Code {
	c := code(t, k, "3101")
	_, err := w.submit(t, name, w.createOp(t, c, name, next))
	require.NoError(t, err)
	return c
}

func (w *world) history(t testing.TB, c identity.Code) *History {
	b, err := w.History(c, nil)
	require.NoError(t, err)
	h, err := w.verifier(t).Verify(b)
	require.NoError(t, err)
	return h
}

func TestLife(t *testing.T) {
	w := open(t)
	c := w.create(t, identity.Connector, "a", "b")
	statement := map[string]int{"x": 1}
	oldSignature, err := algorithms.Sign(signer("a"), "claim", statement)
	require.NoError(t, err)
	w.log.n += 10 // the statement is logged at 5

	add, err := ProvePossession(algorithms, signer("extra"), w.next(c, AddKey))
	require.NoError(t, err)
	_, err = w.submit(t, "a", add)
	require.NoError(t, err)
	extra, err := algorithms.Sign(signer("extra"), "claim", statement)
	require.NoError(t, err)
	require.NoError(t, w.VerifyNow(c, public(t, "extra"), "claim", statement, extra))

	op := w.next(c, Rename)
	op.Path, err = identity.ParsePath("3101/气象局")
	require.NoError(t, err)
	_, err = w.submit(t, "extra", op)
	require.ErrorIs(t, err, keys.ErrSignature, "added keys sign no operations")
	_, err = w.submit(t, "a", op)
	require.NoError(t, err)
	require.Equal(t, op.Path, w.history(t, c).Path())

	// Rotation needs the key that was committed to, and not the old one.
	op = w.next(c, Rotate)
	op.Key, op.Next = public(t, "thief"), public(t, "thief 2").Fingerprint()
	for _, name := range []string{"a", "thief"} {
		_, err = w.submit(t, name, op)
		require.ErrorContains(t, err, "committed")
	}
	op.Key, op.Next = public(t, "b"), public(t, "c").Fingerprint()
	_, err = w.submit(t, "a", op)
	require.ErrorIs(t, err, keys.ErrSignature)
	rotated, err := w.submit(t, "b", op)
	require.NoError(t, err)

	// The key rotated away: good for what it signed, and for nothing new.
	w.log.published = w.log.n
	h := w.history(t, c)
	require.NoError(t, h.Check(nil, public(t, "a"), "claim", statement, oldSignature, 5))
	require.NoError(t, h.Check(nil, public(t, "a"), "claim", statement, oldSignature, rotated.Position-1))
	require.ErrorContains(t, h.Check(nil, public(t, "a"), "claim", statement, oldSignature, rotated.Position), "not in force")
	require.Error(t, h.Check(nil, public(t, "extra"), "claim", statement, extra, rotated.Position))
	require.Error(t, h.Check(nil, public(t, "b"), "claim", statement, oldSignature, 5))
	require.Error(t, w.VerifyNow(c, public(t, "a"), "claim", statement, oldSignature))
	require.ErrorIs(t, h.Check(nil, public(t, "a"), "claim", 2, oldSignature, 5), keys.ErrSignature)
	_, err = w.submit(t, "a", w.end(t, c, "c"))
	require.ErrorIs(t, err, keys.ErrSignature)
	op = w.next(c, Rotate)
	op.Key, op.Next = public(t, "c"), public(t, "a").Fingerprint()
	_, err = w.submit(t, "c", op)
	require.ErrorContains(t, err, "used before")

	// What is on the disk is the same.
	before, err := w.History(c, nil)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	w.log.n = 0
	logged := map[evidence.Commitment]int64{}
	for _, e := range w.byCode[c].entries {
		logged[e.salt.Commit(e.entry)] = e.position
	}
	cfg := config(w)
	cfg.Logged = logged
	w.Registry, err = Open(w.path, cfg)
	require.NoError(t, err)
	after, err := w.History(c, nil)
	require.NoError(t, err)
	require.Equal(t, before, after)

	_, err = w.submit(t, "c", w.end(t, c, "c"))
	require.ErrorContains(t, err, "positions", "the log has lost what it had: positions do not grow")
}

func TestEnd(t *testing.T) {
	w := open(t)
	c := w.create(t, identity.Connector, "a", "b")
	_, err := w.submit(t, "b", w.end(t, c, "b"))
	require.NoError(t, err)
	_, alive := w.history(t, c).Key()
	require.False(t, alive)
	_, err = w.submit(t, "a", w.next(c, Rename))
	require.Error(t, err)
	op := w.next(c, Rotate)
	op.Key, op.Next = public(t, "b"), public(t, "c").Fingerprint()
	_, err = w.submit(t, "b", op)
	require.ErrorContains(t, err, "ended")
}

func TestMove(t *testing.T) {
	w := open(t)
	from := w.create(t, identity.Connector, "a", "b")
	to := code(t, identity.Connector, "1301")
	op := w.next(from, Move)
	op.Key, op.Successor, op.Next = public(t, "b"), to, public(t, "new").Fingerprint()
	receipt, err := w.submit(t, "b", op)
	require.NoError(t, err)
	move := Predecessor{from, sha256.Sum256(receipt.Entry)}

	// Nobody else becomes the successor.
	op = w.createOp(t, to, "thief", "thief 2")
	op.Predecessor = move
	_, err = w.submit(t, "thief", op)
	require.ErrorContains(t, err, "successor")
	op = w.createOp(t, to, "new", "new 2")
	op.Predecessor = Predecessor{from, Digest{1}}
	_, err = w.submit(t, "new", op)
	require.ErrorContains(t, err, "successor")
	op.Predecessor = move
	_, err = w.submit(t, "new", op)
	require.NoError(t, err)
	require.NoError(t, w.history(t, to).Follows(w.history(t, from)))
	require.Equal(t, to, w.history(t, from).Successor())
	other := w.create(t, identity.Connector, "x", "y")
	require.Error(t, w.history(t, other).Follows(w.history(t, from)))
	require.Error(t, w.history(t, to).Follows(w.history(t, other)))
}

// Whoever steals the key in force can neither move nor end the identity, and its
// owner rotates the stolen key away.
func TestStolenKey(t *testing.T) {
	w := open(t)
	taken := w.create(t, identity.Connector, "x", "y")
	c := w.create(t, identity.Connector, "stolen", "b")
	move := w.next(c, Move)
	move.Successor, move.Next = code(t, identity.Connector, "3101"), public(t, "thief").Fingerprint()
	for _, op := range []Operation{move, w.next(c, Deregister)} {
		_, err := w.submit(t, "stolen", op)
		require.ErrorContains(t, err, "needs Key")
		for _, name := range []string{"stolen", "thief"} {
			op.Key = public(t, name)
			_, err = w.submit(t, name, op)
			require.ErrorContains(t, err, "committed")
		}
		op.Key = public(t, "b") // seen, not owned
		_, err = w.submit(t, "stolen", op)
		require.ErrorIs(t, err, keys.ErrSignature)
	}
	move.Key, move.Successor = public(t, "b"), taken
	_, err := w.submit(t, "b", move)
	require.ErrorContains(t, err, "registered already")

	op := w.next(c, Rotate)
	op.Key, op.Next = public(t, "b"), public(t, "c").Fingerprint()
	_, err = w.submit(t, "b", op)
	require.NoError(t, err)
}

// A hostile history costs little memory, whatever it is made of.
func TestHistoryMemory(t *testing.T) {
	for _, b := range []string{
		`{"entries":[` + strings.Repeat("{},", 1<<20) + `{}]}`,
		`{"entries":[` + strings.Repeat(`{"position":1},`, 1<<18) + `{}]}`,
		`{"entries":[{"entry":[` + strings.Repeat("0,", 1<<20) + `0]}]}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := (&Verifier{Now: time.Now, MaxAge: time.Hour}).Verify([]byte(b))
		runtime.ReadMemStats(&after)
		require.Error(t, err)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*len(b)))
	}
	for _, s := range []string{
		`{"entries":[{}],}`, `{"entries":[{},]}`, `{"entries":[{}]}{}`, `{"entries":[{}],"entries":[{}]}`, `{"more":1,"entries":[{}]}`,
		`{"entries":[{}]}`, `{"entries":[{}],"head":{},"head":{}}`, `{"head":{},"entries":[{}]}`,
		`{"entries":[{}],"head":{}}{}`, `{"entries":[{}],"head":`,
		`{"entries":[{}]`, `{"entries":{}}`, `{"entries":[1]}`, `{"entries":[null]}`,
	} {
		_, _, err := parseHistory([]byte(s))
		if s == `{"entries":[null]}` || s == `{"entries":[1]}` {
			require.ErrorContains(t, err, "operation 0")
			continue
		}
		require.Error(t, err, s)
	}
	entries, _, err := parseHistory([]byte(` {"entries" : [ {"position":1} , {"position":2} ] , "head" : { } } `))
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

func TestRegistrationAttacks(t *testing.T) {
	w := open(t)
	c := code(t, identity.Connector, "3101")
	op := w.createOp(t, c, "a", "b")

	// A stolen nonce serves nobody else, and stays good for its owner.
	stolen := op
	stolen.Key = public(t, "thief")
	_, err := w.submit(t, "thief", stolen)
	require.ErrorIs(t, err, ErrNonce)
	elsewhere := op
	elsewhere.Code = code(t, identity.Connector, "3101")
	_, err = w.submit(t, "a", elsewhere)
	require.ErrorIs(t, err, ErrNonce)
	// Without the key there is no registration.
	_, err = w.submit(t, "thief", op)
	require.ErrorIs(t, err, keys.ErrSignature)
	other := op
	other.Registrar = code(t, identity.RegionNode, "1301")
	_, err = w.submit(t, "a", other)
	require.ErrorContains(t, err, "another registrar")
	stale := op
	stale.Time -= 3600
	_, err = w.submit(t, "a", stale)
	require.ErrorContains(t, err, "ten minutes")

	signed, err := Sign(algorithms, signer("a"), op)
	require.NoError(t, err)
	_, err = w.Submit(ctx, signed)
	require.NoError(t, err)
	_, err = w.Submit(ctx, signed)
	require.ErrorContains(t, err, "registered")
	// Replayed where the code is not known, the nonce is not either.
	w2 := open(t)
	w2.cfg.Code = w.self
	_, err = w2.Submit(ctx, signed)
	require.ErrorIs(t, err, ErrNonce)

	// A nonce serves once and ends.
	late := w.createOp(t, code(t, identity.Connector, "3101"), "l", "m")
	w.now = w.now.Add(10 * time.Minute)
	_, err = w.submit(t, "l", late)
	require.ErrorIs(t, err, ErrNonce)

	// Refused by the registrar.
	w.cfg.Approve = func(context.Context, Operation) error { return errors.New("no licence") }
	_, err = w.submit(t, "r", w.createOp(t, code(t, identity.Connector, "3101"), "r", "s"))
	require.ErrorContains(t, err, "no licence")

	// A key of somebody else cannot be added.
	w.cfg.Approve = func(context.Context, Operation) error { return nil }
	add, err := ProvePossession(algorithms, signer("a2"), w.next(c, AddKey))
	require.NoError(t, err)
	add.Key = public(t, "victim")
	_, err = w.submit(t, "a", add)
	require.ErrorIs(t, err, keys.ErrSignature)
	// Nor can a log that fails be passed over.
	w.log.err = errors.New("disk")
	_, err = w.submit(t, "b", w.end(t, c, "b"))
	require.ErrorContains(t, err, "disk")
	w.log.err = nil
	_, err = w.submit(t, "b", w.end(t, c, "b"))
	require.ErrorContains(t, err, "open it again")
	_, err = w.History(c, nil)
	require.ErrorContains(t, err, "open it again", "a head would deny what may be in the log")
}

func TestNonceBound(t *testing.T) {
	w := open(t)
	c, k := code(t, identity.Connector, "3101"), public(t, "a")
	for i := range maxNonces {
		w.nonces[strconv.Itoa(i)] = nonce{c, k, w.now.Add(time.Minute)}
	}
	_, err := w.Nonce(c, k)
	require.ErrorContains(t, err, "later")
	w.now = w.now.Add(time.Hour)
	_, err = w.Nonce(c, k)
	require.NoError(t, err)
	require.Len(t, w.nonces, 1)
}

func TestVerifyAttacks(t *testing.T) {
	w := open(t)
	c := w.create(t, identity.Connector, "a", "b")
	op := w.next(c, Rotate)
	op.Key, op.Next = public(t, "b"), public(t, "c").Fingerprint()
	_, err := w.submit(t, "b", op)
	require.NoError(t, err)
	good, err := w.History(c, nil)
	require.NoError(t, err)
	v := w.verifier(t)
	_, err = v.Verify(good)
	require.NoError(t, err)

	// A forged countersignature: by a key that is not the registrar's.
	forged := open(t)
	forged.self, forged.cfg.Code, forged.cfg.Signer = w.self, w.self, crypto.Signer(signer("forger"))
	fc := forged.create(t, identity.Connector, "a", "b")
	b, err := forged.History(fc, nil)
	require.NoError(t, err)
	_, err = v.Verify(b)
	require.ErrorContains(t, err, "countersigned")

	step := 1
	if testing.Short() {
		step = 11
	}
	for i := 0; i < len(good); i += step {
		_, err := v.Verify(good[:i])
		require.Error(t, err)
	}
	_, err = v.Verify(append(bytes.Clone(good), '{'))
	require.Error(t, err)
	var j historyJSON
	require.NoError(t, json.Unmarshal(good, &j))
	bad := func(change func(j *historyJSON)) {
		t.Helper()
		k := historyJSON{append([]positionedJSON(nil), j.Entries...), j.Head}
		change(&k)
		b, err := keys.Canonical(k)
		require.NoError(t, err)
		_, err = v.Verify(b)
		require.Error(t, err)
	}
	bad(func(j *historyJSON) { j.Entries = j.Entries[1:] })
	bad(func(j *historyJSON) { j.Entries = nil })
	bad(func(j *historyJSON) { j.Entries[0], j.Entries[1] = j.Entries[1], j.Entries[0] })
	bad(func(j *historyJSON) { j.Entries[1] = j.Entries[0] })
	bad(func(j *historyJSON) { j.Entries[1].Position = j.Entries[0].Position })
	bad(func(j *historyJSON) { j.Entries[0].Position = -1 })
	// Every bit of an entry matters.
	for i := 0; i < len(j.Entries[0].Entry); i += step {
		e := bytes.Clone(j.Entries[0].Entry)
		e[i] ^= 1
		_, err := parseEntry(e)
		if err != nil {
			continue
		}
		bad(func(j *historyJSON) { j.Entries[0].Entry = e })
	}
	for _, s := range []string{
		`{"entries":[],"entries":[]}`, `{"Entries":[]}`, strings.Repeat(`{"entries":[`, 1000), `{"entries":null}`, `[]`, ``,
		strings.Replace(string(good), `"act":"create"`, `"act":"create","act":"rotate"`, 1),
		strings.Replace(string(good), c.String(), "../../../../etc/passwd", 1),
		strings.Replace(string(good), `"sequence":0`, `"sequence":0.5`, 1),
	} {
		_, err := v.Verify([]byte(s))
		require.Error(t, err, "%.60s", s)
	}
	_, err = ParseSigned(bytes.Repeat([]byte(" "), maxEntry+1))
	require.Error(t, err)
}

// Positions are proved by a log.
func TestProvedPositions(t *testing.T) {
	const origin = "log.example/registry"
	log, err := evidence.Open(t.TempDir(), &evidence.Config{Origin: origin, Signer: signer("log"),
		Replay: func(int64, evidence.Commitment) error { return nil }})
	require.NoError(t, err)
	defer log.Close()
	w := &world{now: start, self: code(t, identity.RegionNode, "3101")}
	cfg := config(w)
	cfg.Log = log
	w.Registry, err = Open(filepath.Join(t.TempDir(), "r"), cfg)
	require.NoError(t, err)
	defer w.Close()
	c := w.create(t, identity.Connector, "a", "b")
	_, err = w.submit(t, "b", w.end(t, c, "b"))
	require.NoError(t, err)
	_, err = log.Publish(ctx)
	require.NoError(t, err)

	logKey, err := evidence.LogKey(origin, signer("log").Public().(ed25519.PublicKey))
	require.NoError(t, err)
	v := w.verifier(t)
	v.Log, err = evidence.NewPolicy(logKey, 0)
	require.NoError(t, err)
	b, err := w.History(c, log.ProveDetached)
	require.NoError(t, err)
	h, err := v.Verify(b)
	require.NoError(t, err)
	require.EqualValues(t, 2, h.size)
	_, err = v.Verify(resign(t, b, func(h *head) { h.Size++ }))
	require.ErrorContains(t, err, "more than the log")
	_, err = v.Verify(bytes.Replace(b, []byte(`"position":1`), []byte(`"position":2`), 1))
	require.ErrorContains(t, err, "position")
	b, err = w.History(c, nil)
	require.NoError(t, err)
	_, err = v.Verify(b)
	require.Error(t, err)
}

// What parses as an entry is canonical.
func FuzzEntry(f *testing.F) {
	w := open(f)
	c := w.create(f, identity.Connector, "a", "b")
	f.Add(w.byCode[c].entries[0].entry)
	f.Add([]byte(`{"operation":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEntry(b)
		if err != nil {
			return
		}
		again, err := e.bytes()
		require.NoError(t, err)
		require.Equal(t, string(b), string(again))
	})
}
