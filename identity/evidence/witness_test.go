package evidence

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/dujiang-dev/dujiang/internal/appendfile"
)

// A log that shows two witnesses different histories gets one cosignature for
// each and a quorum for none.
func TestSplitView(t *testing.T) {
	a, b := newWitness(t, "a.example"), newWitness(t, "b.example")
	one, two := newLog(t), newLog(t) // the same key and origin
	extend(t, one, 0, 50)
	extend(t, two, 0, 49)
	_, err := two.Append(salt(50).Commit([]byte("something else")))
	require.NoError(t, err)
	publish(t, one, a)
	publish(t, two, b)

	for _, l := range []*Log{one, two} {
		_, signed := l.Latest()
		_, err := policy(t, 1, a, b).Checkpoint(signed)
		require.NoError(t, err, "a quorum of one does not help here")
		_, err = policy(t, 2, a, b).Checkpoint(signed)
		require.ErrorIs(t, err, ErrInvalid)
	}
	// Nor does either witness cosign the other history, at this size or later.
	_, err = one.Publish(context.Background(), b)
	require.ErrorContains(t, err, "b.example")
	extend(t, one, 50, 80)
	_, err = one.Publish(context.Background(), a, b)
	require.ErrorIs(t, err, ErrInconsistent)
	require.NotContains(t, err.Error(), "a.example")
	_, signed := one.Latest()
	_, err = policy(t, 1, a).Checkpoint(signed)
	require.NoError(t, err, "one witness that fails does not stop the others")
}

// A log that lost its end, or had it taken away, gets no cosignature.
func TestRollBack(t *testing.T) {
	w := newWitness(t, "w.example")
	l := newLog(t)
	extend(t, l, 0, 50)
	before := publish(t, l, w)
	short := newLog(t)
	extend(t, short, 0, 30)
	after, err := short.Publish(context.Background(), w)
	require.ErrorContains(t, err, "rolled back")
	require.ErrorContains(t, CheckConsistency(before, after, nil), "rolled back")
	_, signed := short.Latest()
	_, err = w.Cosign(context.Background(), formatRequest(50, nil, signed))
	require.ErrorIs(t, err, ErrRequest)
	_, err = w.Cosign(context.Background(), formatRequest(30, nil, signed))
	conflict, ok := errors.AsType[*ConflictError](err)
	require.True(t, ok)
	require.EqualValues(t, 50, conflict.Size)
}

// A witness remembers, after it was closed.
func TestWitnessReopens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	open := func() *Witness {
		w, err := OpenWitness(path, &WitnessConfig{Name: "w.example", Signer: key("w"), Logs: []string{logKey(t, "log")}, Now: at})
		require.NoError(t, err)
		return w
	}
	l := newLog(t)
	for i := range 4 {
		w := open()
		extend(t, l, i*100, i*100+100)
		publish(t, l, w)
		publish(t, l, w) // the same size again
		require.NoError(t, w.Close())
	}
	w := open()
	defer w.Close()
	require.EqualValues(t, 400, w.state[origin].Size)
	_, signed := l.Latest()
	_, err := w.Cosign(context.Background(), formatRequest(300, nil, signed))
	require.ErrorContains(t, err, "400")

	// A file of something else is no memory.
	path = filepath.Join(t.TempDir(), "w")
	f, err := appendfile.Open(path, 100, func([]byte) error { return nil })
	require.NoError(t, err)
	require.NoError(t, f.Append(make([]byte, 39)))
	require.NoError(t, f.Close())
	_, err = OpenWitness(path, &WitnessConfig{Name: "w.example", Signer: key("w"), Logs: []string{logKey(t, "log")}, Now: at})
	require.ErrorContains(t, err, "not of a witness")
}

// A log starts empty, in one way.
func TestEmptyLog(t *testing.T) {
	w, l := newWitness(t, "w.example"), newLog(t)
	s, err := newSigner(origin, typeEd25519, key("log"), nil)
	require.NoError(t, err)
	signed, err := note.Sign(&note.Note{Text: Checkpoint{Origin: origin, Root: [32]byte{1}}.text()}, s)
	require.NoError(t, err)
	_, err = w.Cosign(t.Context(), formatRequest(0, nil, signed))
	require.Error(t, err)
	require.Empty(t, w.state)
	for range 2 {
		publish(t, l, w)
		_, signed := l.Latest()
		c, err := policy(t, 1, w).Checkpoint(signed)
		require.NoError(t, err)
		require.Zero(t, c.Size)
	}
	extend(t, l, 0, 3)
	publish(t, l, w)
}

// Of two logs of one size and one key the witness takes one, and tells the other
// that it saw that size.
func TestForkOfOneSize(t *testing.T) {
	w, l, fork := newWitness(t, "w.example"), newLog(t), newLog(t)
	extend(t, l, 0, 3)
	publish(t, l, w)
	_, err := fork.Append(Commitment{1}, Commitment{2}, Commitment{3})
	require.NoError(t, err)
	publish(t, fork)
	_, signed := fork.Latest()
	_, err = w.Cosign(t.Context(), formatRequest(3, nil, signed))
	conflict, ok := errors.AsType[*ConflictError](err)
	require.True(t, ok, "%v", err)
	require.EqualValues(t, 3, conflict.Size)
}

func TestWitnessErrors(t *testing.T) {
	w := newWitness(t, "w.example")
	l := newLog(t)
	extend(t, l, 0, 10)
	publish(t, l)
	_, signed := l.Latest()
	request := func(old int64, proof [][32]byte, signed []byte) []byte { return formatRequest(old, proof, signed) }
	other := bytes.ReplaceAll(signed, []byte(origin), []byte("other.example"))
	s, err := newSigner(origin, typeEd25519, key("mallory"), nil)
	require.NoError(t, err)
	text, _, _ := strings.Cut(string(signed), "\n\n")
	forged, err := note.Sign(&note.Note{Text: text + "\n"}, s)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		request []byte
		want    error
	}{
		"empty":           {nil, ErrRequest},
		"no old":          {append([]byte("\n\n"), signed...), ErrRequest},
		"old is no size":  {append([]byte("old 00\n\n"), signed...), ErrRequest},
		"bad hash":        {append([]byte("old 0\nx\n\n"), signed...), ErrRequest},
		"many hashes":     {request(0, make([][32]byte, 64), signed), ErrRequest},
		"too long":        {make([]byte, maxCheckpoint+1), ErrRequest},
		"old too large":   {request(11, nil, signed), ErrRequest},
		"proof from zero": {request(0, make([][32]byte, 1), signed), ErrInconsistent},
		"unknown log":     {request(0, nil, other), ErrUnknownLog},
		"forged":          {request(0, nil, forged), ErrSignature},
		"flipped":         {request(0, nil, bytes.Replace(signed, []byte("\n10\n"), []byte("\n11\n"), 1)), ErrSignature},
		"cut":             {request(0, nil, signed[:len(signed)-3]), ErrSignature},
	} {
		_, err := w.Cosign(context.Background(), test.request)
		require.ErrorIs(t, err, test.want, name)
	}
	past, err := OpenWitness(filepath.Join(t.TempDir(), "past"), &WitnessConfig{Name: "p.example", Signer: key("p"), Logs: []string{logKey(t, "log")},
		Now: func() time.Time { return time.Unix(-1, 0) }})
	require.NoError(t, err)
	defer past.Close()
	_, err = past.Cosign(context.Background(), request(0, nil, signed))
	require.ErrorContains(t, err, "1970")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = w.Cosign(ctx, request(0, nil, signed))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, w.state)
	_, err = w.Cosign(context.Background(), request(0, nil, signed))
	require.NoError(t, err)
	extend(t, l, 10, 20)
	publish(t, l)
	_, signed = l.Latest()
	_, err = w.Cosign(context.Background(), request(10, make([][32]byte, 3), signed))
	require.ErrorIs(t, err, ErrInconsistent)
	_, err = w.Cosign(context.Background(), request(0, nil, signed))
	require.ErrorContains(t, err, "last cosigned 10")
}

// A witness cannot spoil the checkpoint for those who trust others.
func TestLyingWitness(t *testing.T) {
	l := newLog(t)
	extend(t, l, 0, 10)
	good := newWitness(t, "w.example")
	id := good.signer.id
	for name, answer := range map[string]string{
		"nothing":           "",
		"text":              "hello\n",
		"another's name":    string(line(good.Key(), make([]byte, 72))),
		"no line end":       "— a.example AAAAAAAA",
		"a second note":     "\nx\n\n— a.example AAAAAAAA\n",
		"endless":           strings.Repeat("— a.example AAAAAAAA\n", 1e4),
		"own, a wrong one":  string(line(liar{}.Key(), make([]byte, 72))),
		"own, and too long": string(line(liar{}.Key(), make([]byte, 73))),
	} {
		_, err := l.Publish(context.Background(), liar{answer: answer}, good)
		require.ErrorContains(t, err, "liar.example", name)
		_, signed := l.Latest()
		keys := []string{good.Key(), liar{}.Key()}
		p, err := NewPolicy(logKey(t, "log"), 1, keys...)
		require.NoError(t, err)
		_, err = p.Checkpoint(signed)
		require.NoError(t, err, name)
	}
	require.NotZero(t, id)
}

// A signer answers with what a function of its own makes of the checkpoint.
type signerOf func(signed []byte) []byte

func (signerOf) Key() string { return liar{}.Key() }

func (f signerOf) Cosign(_ context.Context, request []byte) ([]byte, error) {
	_, _, signed, err := parseRequest(request)
	return f(signed), err
}

// Of an answer a log takes the witness's own signature over this checkpoint, and
// nothing else that its key may have signed.
func TestAnswers(t *testing.T) {
	w, err := newSigner("liar.example", typeCosignature, key("liar"), at)
	require.NoError(t, err)
	sign := func(text []byte) []byte {
		out, err := note.Sign(&note.Note{Text: string(text)}, w)
		require.NoError(t, err)
		return out[len(text)+1:]
	}
	text := func(signed []byte) []byte { return signed[:bytes.Index(signed, []byte("\n\n"))+1] }
	renamed := fixed{&verifier{name: "other.example", id: w.id}, make([]byte, 72)}
	rotated := fixed{&verifier{name: w.name, id: w.id + 1}, make([]byte, 72)}
	beside := func(s note.Signer) signerOf {
		return func(signed []byte) []byte {
			other, err := note.Sign(&note.Note{Text: "x\n"}, s)
			require.NoError(t, err)
			return append(other[3:], sign(text(signed))...)
		}
	}
	for name, test := range map[string]struct {
		answer signerOf
		taken  bool
	}{
		"its signature":           {func(signed []byte) []byte { return sign(text(signed)) }, true},
		"one of another key too":  {beside(rotated), true},
		"one of another name too": {beside(renamed), true},
		"of a longer text": {func(signed []byte) []byte {
			return append([]byte("x\n\n"), sign(append(bytes.Clone(signed), "x\n"...))...)
		}, false},
		"more than a log can keep": {func(signed []byte) []byte {
			return append(sign(text(signed)), "— x.example "+strings.Repeat("A", maxCheckpoint)+"\n"...)
		}, false},
	} {
		dir := t.TempDir()
		l := openLog(t, dir)
		extend(t, l, 0, 10)
		_, err := l.Publish(t.Context(), test.answer)
		require.Equal(t, test.taken, err == nil, "%s: %v", name, err)
		_, signed := l.Latest()
		require.Equal(t, test.taken, bytes.Contains(signed, []byte("— liar.example ")), name)
		require.NotContains(t, string(signed), "other.example")
		require.NoError(t, l.Close())

		// What a log learned from its witnesses it knows when it is opened again.
		l = openLog(t, dir)
		_, again := l.Latest()
		require.Equal(t, signed, again, name)
		require.NoError(t, l.Close())
	}
}

// A signature of a witness that the reader knows is none of any length but one.
func TestCosignatureOfOtherLength(t *testing.T) {
	l := newLog(t)
	extend(t, l, 0, 10)
	w := newWitness(t, "w.example")
	publish(t, l)
	_, signed := l.Latest()
	for n := range 200 {
		_, err := policy(t, 0, w).Checkpoint(append(bytes.Clone(signed), line(w.Key(), make([]byte, n))...))
		require.ErrorIs(t, err, ErrInvalid, n)
	}
}

type liar struct{ answer string }

func (liar) Key() string {
	k, _ := WitnessKey("liar.example", public("liar"))
	return k
}

func (l liar) Cosign(context.Context, []byte) ([]byte, error) { return []byte(l.answer), nil }

func line(key string, signature []byte) []byte {
	v, err := parseKey(key, typeCosignature)
	if err != nil {
		panic(err)
	}
	signed, err := note.Sign(&note.Note{Text: "x\n"}, fixed{v, signature})
	if err != nil {
		panic(err)
	}
	return signed[3:]
}

type fixed struct {
	*verifier
	signature []byte
}

func (f fixed) Sign([]byte) ([]byte, error) { return f.signature, nil }

// The bytes of version 1 never change: Ed25519 is deterministic, so the whole
// proof repeats.
func TestGoldenProof(t *testing.T) {
	l := newLog(t)
	extend(t, l, 0, 5)
	publish(t, l, newWitness(t, "w.example"))
	proof, err := l.Prove(2, salt(2), record(2))
	require.NoError(t, err)
	golden, err := os.ReadFile("testdata/v1.tlog-proof")
	require.NoError(t, err)
	require.Equal(t, string(golden), string(proof))
}

func FuzzCosign(f *testing.F) {
	l := newLog(f)
	extend(f, l, 0, 10)
	publish(f, l)
	_, signed := l.Latest()
	f.Add(formatRequest(0, nil, signed))
	f.Add(formatRequest(7, make([][32]byte, 3), signed))
	f.Add([]byte("old 0\n\n"))
	f.Fuzz(func(t *testing.T, request []byte) {
		old, proof, signed, err := parseRequest(request)
		if err == nil && !bytes.Equal(request, formatRequest(old, proof, signed)) {
			t.Fatal("what is accepted is not what would be written")
		}
	})
}

func FuzzProof(f *testing.F) {
	l := newLog(f)
	extend(f, l, 0, 10)
	publish(f, l)
	for _, i := range []int{0, 9} {
		p, err := l.Prove(int64(i), salt(i), record(i))
		require.NoError(f, err)
		f.Add(p)
		p, err = l.ProveDetached(int64(i), salt(i), record(i))
		require.NoError(f, err)
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseProof(b)
		if err == nil && !bytes.Equal(b, p.append(nil)) {
			t.Fatal("what is accepted is not what would be written")
		}
	})
}
