package directory_test

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
)

// A directory passes the tests that all stores do.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, cfg *directory.Config) (directory.Store, func(*directory.Config) directory.Store) {
		path := filepath.Join(t.TempDir(), "directory")
		var d *directory.Directory
		again := func(cfg *directory.Config) directory.Store {
			if d != nil {
				require.NoError(t, d.Close())
			}
			var err error
			d, err = directory.Open(path, cfg)
			require.NoError(t, err)
			return d.Store()
		}
		t.Cleanup(func() { d.Close() })
		return again(cfg), again
	})
}

// What other stores index is what a search means: Matches decides as the query says,
// and a record that has all of Terms and Words is a match, as no two names here
// have one number.
func TestTerms(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	paths := []identity.Path{{}}
	for _, p := range []string{"1101/a", "1101/a/b", "1101/ab", "1102/a", "1102/气象局/观测"} {
		paths = append(paths, storetest.Must(identity.ParsePath(p)))
	}
	subjects := []identity.Subject{{}, storetest.Holder, storetest.Must(identity.NewPseudonym(make([]byte, 32)))}
	kinds := []directory.RightKind{directory.Hold, directory.Process, directory.Operate}
	one := func(texts []string) string { return texts[rng.IntN(len(texts))] }

	var records []directory.Record
	var indexed [][]uint64
	for i := range 300 {
		r := storetest.Record(i % 10)
		r.Title, r.Summary, r.Keywords = one(storetest.Titles), one(storetest.Titles), []string{one(storetest.Titles), one(storetest.Titles)}
		r.Path, r.Rights = paths[rng.IntN(len(paths))], nil
		for range rng.IntN(3) {
			r.Rights = append(r.Rights, directory.Right{Kind: kinds[rng.IntN(3)], Subject: subjects[1+rng.IntN(2)]})
		}
		terms := r.Terms()
		require.True(t, slices.IsSorted(terms))
		require.Less(t, terms[len(terms)-1], uint64(1)<<43)
		records, indexed = append(records, r), append(indexed, terms)
	}
	found, refused := 0, 0
	for range 1500 {
		q := directory.Query{Limit: 1, Under: paths[max(0, rng.IntN(12)-6)]}
		for range rng.IntN(3) {
			q.Text += " " + one(storetest.Texts)
		}
		if rng.IntN(4) == 0 {
			q.Area = paths[1+rng.IntN(len(paths)-1)].Area()
		}
		if q.Subject = subjects[rng.IntN(3)]; !q.Subject.IsZero() && rng.IntN(3) > 0 {
			q.Right = kinds[rng.IntN(3)]
		}
		terms, err := q.Terms()
		if err != nil {
			refused++
			continue
		}
		for i := range records {
			r := &records[i]
			want := storetest.Matches(&q, r)
			require.Equal(t, want, q.Matches(r), "%+v, %+v", q, r)
			candidate := !slices.ContainsFunc(terms, func(term uint64) bool { return !slices.Contains(indexed[i], term) }) &&
				!slices.ContainsFunc(q.Words(), func(w string) bool { return !strings.Contains(r.Text(), w) })
			require.Equal(t, want, candidate, "%+v, %+v", q, r)
			if want {
				found++
			}
		}
	}
	require.Greater(t, found, 1000)
	require.Greater(t, refused, 100)
	require.NotContains(t, (&directory.Record{Title: "ab", Summary: "cd"}).Text(), "abcd")
}
