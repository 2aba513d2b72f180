package storetest

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// All paths that a record had lead to it, a search goes by the one it has, and
// nobody else gets any of them.
func testRenames(t *testing.T, s directory.Store) {
	ctx := t.Context()
	var paths []identity.Path
	for _, text := range []string{"1101/气象局", "1101/气象局/观测", "1102/新局/观测", "1101/气象局"} { // back at last
		paths = append(paths, Must(identity.ParsePath(text)))
	}
	r := Record(1)
	for i, p := range paths {
		r.Version, r.Path = uint64(i+1), p
		require.NoError(t, s.Register(ctx, Sign(r)))
		for _, old := range paths[:i+1] {
			got, err := s.ResolvePath(ctx, old)
			require.NoError(t, err)
			require.Equal(t, Sign(r), got)
		}
		for _, area := range []string{"1101", "1102"} {
			found, err := s.Search(ctx, &directory.Query{Area: Must(identity.ParseArea(area)), Limit: 10})
			require.NoError(t, err)
			require.Equal(t, p.Area().String() == area, len(found) == 1)
		}
	}
	for _, old := range paths {
		other := Record(2)
		other.Path = old
		require.ErrorIs(t, s.Register(ctx, Sign(other)), directory.ErrTaken)
	}
	// Without a path it is found by the old ones all the same, and no path above
	// them leads to it.
	r.Version, r.Path = r.Version+1, identity.Path{}
	require.NoError(t, s.Register(ctx, Sign(r)))
	got, err := s.ResolvePath(ctx, paths[2])
	require.NoError(t, err)
	require.Equal(t, Sign(r), got)
	_, err = s.ResolvePath(ctx, Must(identity.ParsePath("1102/新局")))
	require.ErrorIs(t, err, directory.ErrNotFound)
	found, err := s.Search(ctx, &directory.Query{Under: paths[0], Limit: 10})
	require.NoError(t, err)
	require.Empty(t, found)
	// A withdrawn one keeps its names.
	r.Version, r.Status = r.Version+1, directory.Withdrawn
	require.NoError(t, s.Register(ctx, Sign(r)))
	got, err = s.ResolvePath(ctx, paths[0])
	require.NoError(t, err)
	require.Equal(t, directory.Withdrawn, got.Record.Status)
}

// Pages of any size follow each other without a gap, over more entries than one
// block of an index has, and whoever changed stands at the end.
func testPages(t *testing.T, s directory.Store) {
	ctx := t.Context()
	var all []directory.Signed
	for i := range 60 {
		all = append(all, Sign(Record(i)))
		require.NoError(t, s.Register(ctx, all[i]))
	}
	for _, i := range []int{0, 30, 59} {
		r := all[i].Record
		r.Version = 2
		require.NoError(t, s.Register(ctx, Sign(r)))
		all = append(all, Sign(r))
	}
	all = slices.DeleteFunc(all, func(s directory.Signed) bool {
		return s.Record.Version == 1 && slices.ContainsFunc(all[60:], func(o directory.Signed) bool { return o.Record.Code == s.Record.Code })
	})
	require.Len(t, all, 60)
	for _, text := range []string{"", "观测", "观测数据第"} {
		for _, limit := range []int{1, 7, 59, 60, 61, 1000} {
			for offset := 0; offset <= 62; offset += min(limit, 31) {
				got, err := s.Search(ctx, &directory.Query{Text: text, Offset: offset, Limit: limit})
				require.NoError(t, err)
				want := all[min(offset, 60):min(offset+limit, 60)]
				require.Len(t, got, len(want))
				for i := range want {
					require.Equal(t, want[i], got[i])
				}
			}
		}
	}
	found, err := s.Search(ctx, &directory.Query{Offset: 1<<31 - 1, Limit: 1000})
	require.NoError(t, err)
	require.Empty(t, found)
}

// A store that is opened again answers as it did and goes on where it was; what it
// had registered without a log is logged when it has one.
func testReopen(t *testing.T, open Opener) {
	ctx := t.Context()
	s, again := open(t, &directory.Config{Verify: Owned})
	var all []directory.Signed
	for i := range 10 {
		r := Record(i)
		r.Aliases = []identity.Alias{Must(identity.ParseAlias("local:" + r.Code.Subject().String() + r.Title))}
		all = append(all, Sign(r))
	}
	require.NoError(t, s.Register(ctx, all...))
	next := all[5].Record
	next.Version, next.Path, next.Aliases, next.Status = 2, Must(identity.ParsePath("1106/新局/新名")), nil, directory.Suspended
	gone := all[6].Record
	gone.Version, gone.Status = 2, directory.Withdrawn
	require.NoError(t, s.Register(ctx, Sign(next), Sign(gone)))
	newest := slices.Clone(all)
	newest[5], newest[6] = Sign(next), Sign(gone)
	check := func(s directory.Store) {
		t.Helper()
		for i := range all {
			for _, ask := range []func() (directory.Signed, error){
				func() (directory.Signed, error) { return s.Resolve(ctx, all[i].Record.Code) },
				func() (directory.Signed, error) { return s.ResolvePath(ctx, all[i].Record.Path) },
				func() (directory.Signed, error) { return s.ResolveAlias(ctx, all[i].Record.Aliases[0]) },
			} {
				got, err := ask()
				require.NoError(t, err)
				require.Equal(t, newest[i], got)
			}
		}
		found, err := s.Search(ctx, &directory.Query{Text: "观测", Limit: 1000})
		require.NoError(t, err)
		require.Equal(t, slices.Concat(all[:5], all[7:], newest[5:7]), found)
		require.ErrorIs(t, s.Register(ctx, all[0]), directory.ErrVersion)
		gone.Version = 3
		require.ErrorContains(t, s.Register(ctx, Sign(gone)), "withdrawn")
		other := Record(11)
		other.Path = all[5].Record.Path
		require.ErrorIs(t, s.Register(ctx, Sign(other)), directory.ErrTaken)
		other.Path, other.Aliases = Record(12).Path, all[5].Record.Aliases
		require.ErrorIs(t, s.Register(ctx, Sign(other)), directory.ErrTaken)
	}
	check(s)
	_, err := s.Prove(ctx, all[0].Record.Code)
	require.ErrorContains(t, err, "no evidence log")
	l := OpenLog(t, filepath.Join(t.TempDir(), "log"))
	s = again(&directory.Config{Verify: Owned, Log: l})
	check(s)
	c := Must(l.Publish(ctx))
	require.EqualValues(t, 12, c.Size)
	for _, r := range newest {
		got, _, err := directory.VerifyProof(Trust(), Must(s.Prove(ctx, r.Record.Code)), Owned)
		require.NoError(t, err)
		require.Equal(t, r, *got)
	}
	// What is logged once is not logged again.
	s = again(&directory.Config{Verify: Owned, Log: l})
	check(s)
	require.NoError(t, s.Register(ctx, Sign(Record(12))))
	require.EqualValues(t, 13, Must(l.Publish(ctx)).Size)
}

// Of many who register one version or one path at a time one does, and whoever
// reads meanwhile sees whole batches.
func testRaced(t *testing.T, s directory.Store) {
	ctx := t.Context()
	same, path := Record(1), Record(2).Path
	a, b := Record(3), Record(4)
	require.NoError(t, s.Register(ctx, Sign(a), Sign(b)))
	var versions, paths, pairs atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if s.Register(ctx, Sign(same)) == nil {
				versions.Add(1)
			}
			other := Record(2)
			other.Path = path
			if s.Register(ctx, Sign(other)) == nil {
				paths.Add(1)
			}
			first, err1 := s.Resolve(ctx, a.Code)
			second, err2 := s.Resolve(ctx, b.Code)
			found, err3 := s.Search(ctx, &directory.Query{Text: "下一版", Limit: 10})
			if err1 != nil || err2 != nil || err3 != nil || len(found)%2 != 0 || second.Record.Version < first.Record.Version {
				t.Error("half of a batch is seen", err1, err2, err3, len(found))
			}
			next, after := a, b
			next.Version, after.Version, next.Title, after.Title = 2, 2, "下一版", "下一版"
			if s.Register(ctx, Sign(next), Sign(after)) == nil {
				pairs.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, versions.Load())
	require.EqualValues(t, 1, paths.Load())
	require.EqualValues(t, 1, pairs.Load())
}

// A bundle of a store's proofs carries its records, and a resolver of several
// stores asks the next for what one does not have.
func testCarried(t *testing.T, s directory.Store, l *evidence.Log) {
	ctx := t.Context()
	now := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	witness := Must(evidence.OpenWitness(filepath.Join(t.TempDir(), "witness"), &evidence.WitnessConfig{
		Name: "witness.example.cn", Signer: ed25519.NewKeyFromSeed([]byte("a witness's key that serves it..")),
		Logs: []string{LogKey()}, Now: func() time.Time { return now },
	}))
	t.Cleanup(func() { witness.Close() })
	policy := Must(evidence.NewPolicy(LogKey(), 1, witness.Key()))
	a, b := Sign(Record(1)), Sign(Record(2))
	require.NoError(t, s.Register(ctx, a, b))
	Must(l.Publish(ctx, witness))
	file, err := directory.Export(ctx, s, a.Record.Code)
	require.NoError(t, err)
	bundle, err := directory.OpenBundle(file, policy, Owned, directory.Freshness{At: now, MaxAge: time.Hour})
	require.NoError(t, err)
	require.Equal(t, 1, bundle.Len())
	require.Equal(t, a, Must(bundle.Resolve(a.Record.Code)))
	_, err = directory.Export(ctx, s, a.Record.Code, Record(3).Code)
	require.ErrorIs(t, err, directory.ErrNotFound)

	asked := ""
	named := func(name string, r directory.Resolver) directory.Resolver {
		return func(ctx context.Context, c identity.Code) ([]byte, error) {
			asked += name
			return r(ctx, c)
		}
	}
	resolve := directory.InOrder(named("a", bundle.Proof), named("b", s.Prove), named("c", s.Prove))
	for code, want := range map[identity.Code]string{a.Record.Code: "a", b.Record.Code: "ab"} {
		asked = ""
		proof, err := resolve(ctx, code)
		require.NoError(t, err)
		require.Equal(t, Must(s.Prove(ctx, code)), proof)
		require.Equal(t, want, asked)
	}
	_, err = resolve(ctx, Record(3).Code)
	require.ErrorIs(t, err, directory.ErrNotFound)
}
