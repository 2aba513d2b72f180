package registry

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

// resign changes the head of a history and signs it as the registrar.
func resign(t *testing.T, history []byte, change func(h *head)) []byte {
	var j historyJSON
	require.NoError(t, json.Unmarshal(history, &j))
	change(&j.Head.Head)
	var err error
	j.Head.Signature, err = algorithms.Sign(signer("registrar"), headDomain, j.Head.Head)
	require.NoError(t, err)
	b, err := keys.Canonical(j)
	require.NoError(t, err)
	return b
}

// rotate registers a code, rotates its key away, and returns the histories from
// before and after, and the position of the rotation.
func rotate(t *testing.T, w *world) (c identity.Code, before, after []byte, position int64) {
	c = w.create(t, identity.Connector, "a", "b")
	w.log.n += 10
	w.log.published = w.log.n
	before, err := w.History(c, nil)
	require.NoError(t, err)
	op := w.next(c, Rotate)
	op.Key, op.Next = public(t, "b"), public(t, "c").Fingerprint()
	rotated, err := w.submit(t, "b", op)
	require.NoError(t, err)
	w.log.n += 10
	w.log.published = w.log.n
	after, err = w.History(c, nil)
	require.NoError(t, err)
	return c, before, after, rotated.Position
}

// Whoever stole a key that was rotated away gets nothing new accepted, neither by
// the history from before the rotation nor by one that is cut off there.
func TestCutHistory(t *testing.T) {
	w := open(t)
	_, before, after, rotated := rotate(t, w)
	v := w.verifier(t)
	statement := "stolen"
	signature, err := algorithms.Sign(signer("a"), "claim", statement)
	require.NoError(t, err)

	h, err := v.Verify(before)
	require.NoError(t, err)
	require.NoError(t, h.Check(nil, public(t, "a"), "claim", statement, signature, rotated-1))
	for _, p := range []int64{rotated, rotated + 1, 1 << 62} {
		require.ErrorContains(t, h.Check(nil, public(t, "a"), "claim", statement, signature, p), "newer history")
	}
	h, err = v.Verify(after)
	require.NoError(t, err)
	require.NoError(t, h.Check(nil, public(t, "a"), "claim", statement, signature, rotated-1))
	require.ErrorContains(t, h.Check(nil, public(t, "a"), "claim", statement, signature, rotated+1), "not in force")
	require.ErrorContains(t, h.Check(nil, public(t, "a"), "claim", statement, signature, w.log.n), "newer history")
	require.Error(t, new(History).Check(nil, public(t, "a"), "claim", statement, signature, 0))

	var old, cut historyJSON
	require.NoError(t, json.Unmarshal(before, &old))
	require.NoError(t, json.Unmarshal(after, &cut))
	refused := func(message string, j historyJSON) {
		t.Helper()
		b, err := keys.Canonical(j)
		require.NoError(t, err)
		_, err = v.Verify(b)
		require.ErrorContains(t, err, message)
	}
	refused("entries are missing", historyJSON{cut.Entries[:1], cut.Head})
	refused("another history", historyJSON{cut.Entries, old.Head})
	_, err = v.Verify(append(bytes.Clone(after[:bytes.LastIndex(after, []byte(`,"head":{"head"`))]), '}'))
	require.ErrorContains(t, err, "and a head")
	// Nor does it help to say that the rotation was later.
	later := append([]positionedJSON(nil), cut.Entries...)
	later[1].Position++
	refused("another history", historyJSON{later, cut.Head})
	// Or to extend the old head.
	old.Head.Head.Size += 10
	refused("signed the head", old)
}

// What was submitted after a history was made, the head does not cover, also if
// nothing is published in between.
func TestHeadOfUnpublished(t *testing.T) {
	w := open(t)
	c := w.create(t, identity.Connector, "a", "b")
	require.EqualValues(t, 1, w.history(t, c).size)
	w.log.n = 5 // others', appended and not published
	require.EqualValues(t, 1, w.history(t, c).size)
	w.log.published = 3
	require.EqualValues(t, 3, w.history(t, c).size)
}

func TestStaleHead(t *testing.T) {
	w := open(t)
	_, _, b, _ := rotate(t, w)
	v := w.verifier(t)
	for _, test := range []struct {
		age time.Duration
		err string
	}{
		{0, ""}, {time.Hour, ""}, {time.Hour + time.Second, "older"}, {1 << 62, "older"},
		{-maxSkew, ""}, {-maxSkew - time.Second, "future"},
	} {
		v.Now = func() time.Time { return start.Add(test.age) }
		_, err := v.Verify(b)
		if test.err == "" {
			require.NoError(t, err, test.age)
		} else {
			require.ErrorContains(t, err, test.err, test.age)
		}
	}
	for _, at := range []int64{1 << 52, -1 << 52} {
		_, err := v.Verify(resign(t, b, func(h *head) { h.Time = at }))
		require.Error(t, err, "%d", at)
	}
	v.MaxAge = 1<<63 - 1
	v.Now = func() time.Time { return start.AddDate(200, 0, 0) }
	_, err := v.Verify(b)
	require.NoError(t, err, "any age will do")
	for _, v := range []*Verifier{{Registrars: v.Registrars, Now: v.Now}, {Registrars: v.Registrars, MaxAge: time.Hour}, {Now: v.Now, MaxAge: -1}} {
		_, err := v.Verify(b)
		require.ErrorContains(t, err, "needs Now")
	}
}

func TestHeadAttacks(t *testing.T) {
	w := open(t)
	_, _, b, _ := rotate(t, w)
	v := w.verifier(t)
	other := code(t, identity.RegionNode, "1301")
	v.Registrars[other] = []keys.PublicKey{public(t, "other")}
	_, err := v.Verify(resign(t, b, func(*head) {}))
	require.NoError(t, err)
	for i, change := range []func(h *head){
		func(h *head) { h.Code = code(t, identity.Connector, "3101") },
		func(h *head) { h.Registrar = other },
		func(h *head) { h.Count-- },
		func(h *head) { h.Last[0] ^= 1 },
		func(h *head) { h.Positions[0] ^= 1 },
		func(h *head) { h.Size = 11 },
		func(h *head) { h.Size = -1 },
	} {
		_, err := v.Verify(resign(t, b, change))
		require.ErrorContains(t, err, "the head", "%d", i)
	}

	// The head of another code, and another registrar's.
	var j, of historyJSON
	require.NoError(t, json.Unmarshal(b, &j))
	second, err := w.History(w.create(t, identity.Connector, "x", "y"), nil)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(second, &of))
	of.Entries = j.Entries
	changed, err := keys.Canonical(of)
	require.NoError(t, err)
	_, err = v.Verify(changed)
	require.ErrorContains(t, err, "another history")
	j.Head.Signature, err = algorithms.Sign(signer("other"), headDomain, j.Head.Head)
	require.NoError(t, err)
	changed, err = keys.Canonical(j)
	require.NoError(t, err)
	_, err = v.Verify(changed)
	require.ErrorContains(t, err, "signed the head")

	for _, s := range []string{`null`, `{}`, `{"head":{},"signature":""}`, `{"more":1}`, `[]`, `1`, strings.Repeat(" ", maxEntry) + `{}`} {
		_, err := parseHead([]byte(s))
		require.Error(t, err, "%.20s", s)
	}

	// Every bit of a head matters, also those of its form.
	entries, good, err := parseHistory(b)
	require.NoError(t, err)
	h, err := v.Verify(b)
	require.NoError(t, err)
	check := func(raw []byte) error {
		s, err := parseHead(raw)
		if err != nil {
			return err
		}
		return v.head(h, w.self, positions(entries), s)
	}
	require.NoError(t, check(good))
	for i := range good {
		for bit := range 8 {
			flipped := bytes.Clone(good)
			flipped[i] ^= 1 << bit
			require.Error(t, check(flipped), "byte %d, bit %d", i, bit)
		}
	}
}
