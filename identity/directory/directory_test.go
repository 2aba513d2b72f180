package directory_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/internal/appendfile"
)

func open(t testing.TB, path string, log *evidence.Log) *directory.Directory {
	t.Helper()
	d, err := directory.Open(path, &directory.Config{Verify: storetest.Owned, Log: log})
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func TestOpenRefuses(t *testing.T) {
	for _, cfg := range []*directory.Config{nil, {}} {
		_, err := directory.Open(filepath.Join(t.TempDir(), "x"), cfg)
		require.ErrorContains(t, err, "Verify")
	}
}

func TestValidate(t *testing.T) {
	for name, f := range map[string]func(*directory.Record){
		"code":        func(r *directory.Record) { r.Code = identity.Code{} },
		"version":     func(r *directory.Record) { r.Version = 0 },
		"large":       func(r *directory.Record) { r.Version = 1 << 53 },
		"status":      func(r *directory.Record) { r.Status = "a" },
		"title":       func(r *directory.Record) { r.Title = "" },
		"control":     func(r *directory.Record) { r.Title = "a\nb" },
		"direction":   func(r *directory.Record) { r.Title = "a\u202eb" },
		"separator":   func(r *directory.Record) { r.Summary = "a\u2028b" },
		"UTF-8":       func(r *directory.Record) { r.Policy = "\xff" },
		"long":        func(r *directory.Record) { r.Summary = strings.Repeat("a", 4097) },
		"http":        func(r *directory.Record) { r.Location = "http://a" },
		"user":        func(r *directory.Record) { r.Location = "https://u:p@a" },
		"script":      func(r *directory.Record) { r.Location = "javascript:alert(1)" },
		"keyword":     func(r *directory.Record) { r.Keywords = []string{""} },
		"keywords":    func(r *directory.Record) { r.Keywords = make([]string, 33) },
		"alias":       func(r *directory.Record) { r.Aliases = []identity.Alias{{Scheme: "doi", Number: "1"}} },
		"right":       func(r *directory.Record) { r.Rights = []directory.Right{{"own", storetest.Holder}} },
		"nobody":      func(r *directory.Record) { r.Rights = []directory.Right{{Kind: directory.Hold}} },
		"predecessor": func(r *directory.Record) { r.Predecessor = r.Code },
	} {
		r := storetest.Record(0)
		f(&r)
		require.Error(t, r.Validate(), name)
		_, err := r.Statement()
		require.Error(t, err, name)
	}
}

// The statement is what RFC 8785 makes of the record.
func TestStatementIsCanonical(t *testing.T) {
	r := storetest.Record(0)
	r.Title = `<&>"\ é 数据 😀`
	r.Aliases = []identity.Alias{storetest.Must(identity.ParseAlias("hdl:88.1/<a&b>"))}
	r.Predecessor, r.Policy, r.Version = storetest.Record(1).Code, "p", 1<<53-1
	got, ok := strings.CutPrefix(string(storetest.Must(r.Statement())), "dujiang identity directory record v1\n")
	require.True(t, ok)
	require.Equal(t, string(storetest.Must(jcs.Transform([]byte(got)))), got)
	s := storetest.Sign(r)
	require.Equal(t, string(storetest.Must(jcs.Transform(s.Leaf()))), string(s.Leaf()))
}

// A proof that was changed anywhere proves the same record or nothing.
func TestProof(t *testing.T) {
	dir := t.TempDir()
	log := storetest.OpenLog(t, filepath.Join(dir, "log"))
	d := open(t, filepath.Join(dir, "directory"), log)
	s := storetest.Sign(storetest.Record(1))
	require.NoError(t, d.Register(storetest.Sign(storetest.Record(0)), s))
	storetest.Must(log.Publish(t.Context()))
	proof, err := d.Prove(s.Record.Code)
	require.NoError(t, err)
	step := 1
	if testing.Short() {
		step = 13
	}
	for i := 0; i < len(proof); i += step {
		bad := []byte(string(proof))
		bad[i] ^= 1
		if got, _, err := directory.VerifyProof(storetest.Trust(), bad, storetest.Owned); err == nil {
			require.Equal(t, s, *got)
		}
		_, _, err := directory.VerifyProof(storetest.Trust(), proof[:i], storetest.Owned)
		require.Error(t, err)
	}
	_, _, err = directory.VerifyProof(storetest.Trust(), proof, func(*directory.Record, []byte, []byte) error { return errors.New("no") })
	require.EqualError(t, err, "no")
}

// What the log proves is a record only if it is one, in its one form, whatever the
// log's operator put there.
func TestProofOfSomethingElse(t *testing.T) {
	log := storetest.OpenLog(t, t.TempDir())
	anybody := func(*directory.Record, []byte, []byte) error { return nil }
	s := storetest.Sign(storetest.Record(1))
	good := string(s.Leaf())
	unsound := s
	unsound.Record.Version = 0
	for name, c := range map[string]struct{ leaf, want string }{
		"good":         {good, ""},
		"nothing":      {"", "complete"},
		"trailing":     {good + " ", "canonical"},
		"spaced":       {strings.Replace(good, ":", ": ", 1), "canonical"},
		"other order":  {`{"signature":` + string(storetest.Must(json.Marshal(s.Signature))) + `,"record":` + string(storetest.Must(json.Marshal(s.Record))) + "}", "canonical"},
		"other field":  {`{"more":1,` + good[1:], "does not belong"},
		"twice":        {`{"signature":"",` + good[1:], "twice"},
		"unsound":      {string(unsound.Leaf()), "version"},
		"not a record": {`["record"]`, "wrong type"},
	} {
		salt := evidence.NewSalt()
		index := storetest.Must(log.Append(salt.Commit([]byte(c.leaf))))
		storetest.Must(log.Publish(t.Context()))
		got, v, err := directory.VerifyProof(storetest.Trust(), storetest.Must(log.Prove(index, salt, []byte(c.leaf))), anybody)
		if c.want == "" {
			require.NoError(t, err)
			require.Equal(t, s, *got)
			require.Equal(t, index, v.Index)
			continue
		}
		require.ErrorContains(t, err, c.want, name)
		require.Nil(t, got)
	}
}

func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directory")
	d := open(t, path, nil)
	for i := range 3 {
		require.NoError(t, d.Register(storetest.Sign(storetest.Record(i))))
	}
	require.NoError(t, d.Close())
	b := storetest.Must(os.ReadFile(path))
	b[60] ^= 1
	require.NoError(t, os.WriteFile(path, b, 0o600))
	_, err := directory.Open(path, &directory.Config{Verify: storetest.Owned})
	require.Error(t, err)
}

// What this package did not write is no directory, though its checksums are right.
func TestStrangeFile(t *testing.T) {
	varints := func(first byte, numbers ...uint64) []byte {
		b := []byte{first}
		for _, n := range numbers {
			b = binary.AppendUvarint(b, n)
		}
		return b
	}
	for name, c := range map[string]struct {
		record []byte
		good   bool
	}{
		"logged":        {varints(2, 1, 2, 7), true},
		"none logged":   {varints(2, 3, 0, 7), true},
		"nothing":       {nil, false},
		"another tag":   {[]byte{3}, false},
		"not there":     {varints(2, 1, 3, 0), false},
		"behind all":    {varints(2, 4, 0, 0), false},
		"overflow":      {varints(2, 1<<62, 3, 0), false},
		"many":          {varints(2, 0, 1<<62, 0), false},
		"more":          {varints(2, 1, 2, 7, 0), false},
		"less":          {varints(2, 1, 2), false},
		"endless":       {append([]byte{2}, bytes.Repeat([]byte{0x80}, 20)...), false},
		"entry cut off": {[]byte{1, 0, 0}, false},
	} {
		path := filepath.Join(t.TempDir(), "directory")
		d := open(t, path, nil)
		require.NoError(t, d.Register(storetest.Sign(storetest.Record(0)), storetest.Sign(storetest.Record(1)), storetest.Sign(storetest.Record(2))))
		require.NoError(t, d.Close())
		f, err := appendfile.Open(path, 64<<10, func([]byte) error { return nil })
		require.NoError(t, err)
		require.NoError(t, f.Append(c.record))
		require.NoError(t, f.Close())
		d, err = directory.Open(path, &directory.Config{Verify: storetest.Owned})
		require.Equal(t, c.good, err == nil, name)
		if c.good {
			require.NoError(t, d.Close())
		}
	}
}

// A directory whose log fails keeps what it took, takes no more, has no proof of
// what is not in the log, and logs it when both are opened again.
func TestLogFails(t *testing.T) {
	dir := t.TempDir()
	log := storetest.OpenLog(t, filepath.Join(dir, "log"))
	d := open(t, filepath.Join(dir, "directory"), log)
	a, b := storetest.Sign(storetest.Record(0)), storetest.Sign(storetest.Record(1))
	require.NoError(t, log.Close())
	require.ErrorContains(t, d.Register(a), "not in the log")
	require.ErrorContains(t, d.Register(b), "not in the log")
	require.Equal(t, a, storetest.Must(d.Resolve(a.Record.Code)))
	_, err := d.Resolve(b.Record.Code)
	require.ErrorIs(t, err, directory.ErrNotFound)
	_, err = d.Prove(a.Record.Code)
	require.ErrorIs(t, err, evidence.ErrUnpublished)
	require.NoError(t, d.Close())

	log = storetest.OpenLog(t, filepath.Join(dir, "log"))
	d = open(t, filepath.Join(dir, "directory"), log)
	require.NoError(t, d.Register(b))
	storetest.Must(log.Publish(t.Context()))
	for _, want := range []directory.Signed{a, b} {
		got, _, err := directory.VerifyProof(storetest.Trust(), storetest.Must(d.Prove(want.Record.Code)), storetest.Owned)
		require.NoError(t, err)
		require.Equal(t, want, *got)
	}
}
