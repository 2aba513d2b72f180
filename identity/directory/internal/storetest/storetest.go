// Package storetest has the tests that every directory.Store passes.
package storetest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// Key is the owner's and the log's.
var Key = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// Owned is the Verifier of the tests: it accepts what Sign signed, whatever stands
// behind the signature.
func Owned(_ *directory.Record, statement, signature []byte) error {
	if !ed25519.Verify(Key.Public().(ed25519.PublicKey), statement, signature[:min(len(signature), ed25519.SignatureSize)]) {
		return errors.New("wrong signature")
	}
	return nil
}

// Must returns v and panics if there is an error.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	// Holder is whose the records are.
	Holder = Must(identity.ParseSubject("91110000600037341L"))
	person = Must(identity.NewPseudonym(make([]byte, 32)))
)

// Record returns the record number i of a made-up catalogue over 226 regions.
func Record(i int) directory.Record {
	area := Must(identity.ParseArea(fmt.Sprintf("%04d", 1101+i%226)))
	offices := []string{"气象局", "公安局", "民政局", "市场监督管理局", "卫生健康委员会"}
	topics := []string{"观测数据", "企业登记", "学校名录", "公交线路", "水质监测"}
	office, topic := offices[i/226%5], topics[i/1130%5]
	return directory.Record{
		Code:     Must(identity.Mint(identity.Resource, Holder, area)),
		Path:     Must(identity.ParsePath(fmt.Sprintf("%s/%s/%s/%d", area, office, topic, i))),
		Title:    fmt.Sprintf("%s%s第%d号", office, topic, i),
		Summary:  "每小时更新一次，包括编号、名称与地址 Updated hourly",
		Keywords: []string{topic, "开放"},
		Location: "https://node.example.cn/data",
		Rights:   []directory.Right{{Kind: directory.Hold, Subject: Holder}, {Kind: directory.Process, Subject: Holder}},
		Status:   directory.Active, Version: 1,
	}
}

// Sign signs a record for its owner.
func Sign(r directory.Record) directory.Signed {
	return directory.Signed{Record: r, Signature: ed25519.Sign(Key, Must(r.Statement()))}
}

// OpenLog opens the log in a folder until the test ends.
func OpenLog(t testing.TB, dir string) *evidence.Log {
	l, err := evidence.Open(dir, &evidence.Config{Origin: "log.example.cn", Signer: Key})
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// LogKey is the public key of that log.
func LogKey() string {
	return Must(evidence.LogKey("log.example.cn", Key.Public().(ed25519.PublicKey)))
}

// Trust returns a reader's policy that trusts that log alone.
func Trust() *evidence.Policy { return Must(evidence.NewPolicy(LogKey(), 0)) }

// An Opener opens an empty store, and returns with it what closes it and opens the
// same one again.
type Opener func(t *testing.T, cfg *directory.Config) (s directory.Store, again func(*directory.Config) directory.Store)

// Run runs all tests.
func Run(t *testing.T, open Opener) {
	for name, test := range map[string]func(*testing.T, directory.Store){
		"model": testModel, "refuses": testRefuses, "search": testSearch, "pages": testPages, "import": testImport, "renames": testRenames,
		"hostile text": testHostileText, "limits": testLimits, "raced": testRaced,
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := open(t, &directory.Config{Verify: Owned})
			test(t, s)
		})
	}
	for name, test := range map[string]func(*testing.T, directory.Store, *evidence.Log){"prove": testProve, "carried": testCarried, "cancelled": testCancelled} {
		t.Run(name, func(t *testing.T) {
			l := OpenLog(t, filepath.Join(t.TempDir(), "log"))
			s, _ := open(t, &directory.Config{Verify: Owned, Log: l})
			test(t, s, l)
		})
	}
	t.Run("reopen", func(t *testing.T) { testReopen(t, open) })
}

// testModel makes random changes, good and bad, and compares all answers with
// those of a list that is read from end to end.
func testModel(t *testing.T, s directory.Store) {
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(1, 2))
	var history []directory.Signed // as accepted
	current := func(c identity.Code) (last int) {
		last = -1
		for i := range history {
			if history[i].Record.Code == c {
				last = i
			}
		}
		return last
	}
	owner := func(has func(*directory.Record) bool) (c identity.Code, ok bool) {
		for i := range history {
			if has(&history[i].Record) {
				return history[i].Record.Code, true
			}
		}
		return c, false
	}
	words := []string{"气象", "观测", "数据", "Rain", "RAINFALL", "水", "第 1 号", "〇一"}
	paths := []string{"", "1101/a", "1101/a/b", "1101/ab", "1102/a", "1102/气象局/观测"}
	aliases := []string{"local:1", "local:2", "local:3", "10.1000/182"}
	subjects := []identity.Subject{Holder, person}
	kinds := []directory.RightKind{directory.Hold, directory.Process, directory.Operate}
	random := func() directory.Record {
		r := Record(rng.IntN(4))
		r.Path, r.Keywords, r.Rights = identity.Path{}, nil, nil
		if n := len(history); n > 0 && rng.IntN(3) > 0 {
			r.Code = history[rng.IntN(n)].Record.Code
			r.Version = history[current(r.Code)].Record.Version + uint64(min(rng.IntN(8), 1)) // mostly the next
		}
		r.Title = words[rng.IntN(len(words))] + words[rng.IntN(len(words))]
		r.Summary = words[rng.IntN(len(words))]
		if p := paths[rng.IntN(len(paths))]; p != "" {
			r.Path = Must(identity.ParsePath(p))
		}
		if rng.IntN(5) == 0 {
			r.Aliases = []identity.Alias{Must(identity.ParseAlias(aliases[rng.IntN(len(aliases))]))}
		}
		for range rng.IntN(3) {
			r.Rights = append(r.Rights, directory.Right{Kind: kinds[rng.IntN(3)], Subject: subjects[rng.IntN(2)]})
		}
		if rng.IntN(20) == 0 {
			r.Status = directory.Withdrawn
		}
		return r
	}
	fits := func(r *directory.Record) bool {
		have, gone := uint64(0), false
		if i := current(r.Code); i >= 0 {
			have, gone = history[i].Record.Version, history[i].Record.Status == directory.Withdrawn
		}
		if c, ok := owner(func(x *directory.Record) bool { return !r.Path.IsZero() && x.Path == r.Path }); ok && c != r.Code {
			return false
		}
		for _, a := range r.Aliases {
			if c, ok := owner(func(x *directory.Record) bool { return slices.Contains(x.Aliases, a) }); ok && c != r.Code {
				return false
			}
		}
		return r.Version == have+1 && !gone
	}
	accepted, refused := 0, 0
	for range 300 {
		r := random()
		if err := s.Register(ctx, Sign(r)); fits(&r) {
			require.NoError(t, err)
			history = append(history, Sign(r))
			accepted++
		} else {
			var row *directory.RecordError
			require.ErrorAs(t, err, &row)
			refused++
		}
	}
	require.Greater(t, accepted, 40)
	require.Greater(t, refused, 40)

	for _, h := range history {
		got, err := s.Resolve(ctx, h.Record.Code)
		require.NoError(t, err)
		require.Equal(t, history[current(h.Record.Code)], got)
	}
	for _, p := range paths[1:] {
		path := Must(identity.ParsePath(p))
		c, ok := owner(func(x *directory.Record) bool { return x.Path == path })
		got, err := s.ResolvePath(ctx, path)
		if !ok {
			require.ErrorIs(t, err, directory.ErrNotFound)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, history[current(c)], got)
	}
	for _, text := range aliases {
		a := Must(identity.ParseAlias(text))
		c, ok := owner(func(x *directory.Record) bool { return slices.Contains(x.Aliases, a) })
		require.Equal(t, []bool{ok}, Must(s.Taken(ctx, a)))
		got, err := s.ResolveAlias(ctx, a)
		if !ok {
			require.ErrorIs(t, err, directory.ErrNotFound)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, history[current(c)], got)
	}
	found := 0
	for range 200 {
		q := &directory.Query{Limit: 1 + rng.IntN(5), Offset: rng.IntN(4)}
		for range rng.IntN(3) {
			if w := words[rng.IntN(len(words))]; len(w) > 4 && !strings.Contains(w, " ") {
				q.Text += " " + w
			}
		}
		if p := paths[rng.IntN(len(paths))]; p != "" && rng.IntN(2) == 0 {
			q.Under = Must(identity.ParsePath(p))
		}
		if rng.IntN(4) == 0 {
			q.Area = Must(identity.ParseArea("1102"))
		}
		if rng.IntN(2) == 0 {
			q.Subject = subjects[rng.IntN(2)]
			if rng.IntN(3) > 0 {
				q.Right = kinds[rng.IntN(3)]
			}
		}
		var want []directory.Signed
		for i := range history {
			if current(history[i].Record.Code) == i && Matches(q, &history[i].Record) {
				want = append(want, history[i])
			}
		}
		want = want[min(q.Offset, len(want)):]
		want = want[:min(q.Limit, len(want))]
		got, err := s.Search(ctx, q)
		require.NoError(t, err)
		require.Equal(t, len(want), len(got), "%+v", q)
		for i := range want {
			require.Equal(t, want[i], got[i], "%+v", q)
		}
		found += len(got)
	}
	require.Greater(t, found, 50)
}

// Matches is what a query means.
func Matches(q *directory.Query, r *directory.Record) bool {
	for _, w := range strings.Fields(strings.ToLower(q.Text)) {
		if !slices.ContainsFunc(append([]string{r.Title, r.Summary, r.Path.String()}, r.Keywords...), func(s string) bool {
			return strings.Contains(strings.ToLower(s), w)
		}) {
			return false
		}
	}
	claims := q.Subject.IsZero() || q.Right == "" && r.Code.Subject() == q.Subject ||
		q.Right != "" && slices.Contains(r.Rights, directory.Right{Kind: q.Right, Subject: q.Subject})
	return claims && (q.Under.IsZero() || q.Under.Contains(r.Path)) && (q.Area.IsZero() || r.Path.Area() == q.Area)
}

func testImport(t *testing.T, s directory.Store) {
	ctx := t.Context()
	rows := func(n int) func(yield func(directory.Row, error) bool) {
		return func(yield func(directory.Row, error) bool) {
			for i := range n {
				row := directory.Row{Number: fmt.Sprint("N", i), Title: fmt.Sprint("气象观测 ", i), Office: "气象局"}
				switch i {
				case 3:
					row.Holder = "911100006000373410" // its check character is wrong
				case 5:
					row.Number = "N1"
				}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
	how := &directory.Import{Area: Must(identity.ParseArea("1101")), Kind: identity.Resource, Holder: Holder,
		Sign: func(_ *directory.Record, statement []byte) ([]byte, error) { return ed25519.Sign(Key, statement), nil }}
	n, problems, err := directory.ImportInto(ctx, s, rows(10), how)
	require.NoError(t, err)
	require.Equal(t, 8, n)
	require.Len(t, problems, 2)
	require.Equal(t, 4, problems[0].Row)
	require.Equal(t, 6, problems[1].Row)
	require.ErrorIs(t, problems[1].Err, directory.ErrTaken)
	// Again, with more: only what is new.
	n, problems, err = directory.ImportInto(ctx, s, rows(300), how)
	require.NoError(t, err)
	require.Equal(t, 290, n)
	require.Len(t, problems, 10)
	got, err := s.ResolveAlias(ctx, Must(identity.ParseAlias("local:N7")))
	require.NoError(t, err)
	require.Equal(t, "气象观测 7", got.Record.Title)
	require.Equal(t, "N7", got.Record.Code.Extension())
	found, err := s.Search(ctx, &directory.Query{Text: "气象", Limit: 1000})
	require.NoError(t, err)
	require.Len(t, found, 298)
}

func testProve(t *testing.T, s directory.Store, l *evidence.Log) {
	ctx := t.Context()
	a, b := Sign(Record(1)), Sign(Record(2))
	require.NoError(t, s.Register(ctx, a, b))
	_, err := s.Prove(ctx, a.Record.Code)
	require.ErrorIs(t, err, evidence.ErrUnpublished)
	next := a.Record
	next.Version, next.Title = 2, "另一个"
	require.NoError(t, s.Register(ctx, Sign(next)))
	_, err = l.Publish(context.Background())
	require.NoError(t, err)
	for i, want := range []directory.Signed{Sign(next), b} {
		got, v, err := directory.VerifyProof(Trust(), Must(s.Prove(ctx, want.Record.Code)), Owned)
		require.NoError(t, err)
		require.Equal(t, want, *got)
		require.EqualValues(t, 2-i, v.Index)
	}
	_, err = s.Prove(ctx, Record(3).Code)
	require.ErrorIs(t, err, directory.ErrNotFound)
}
