package directory

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unicode"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// A Store is a directory wherever its records lie: [Directory.Store] of this
// process, or that of package postgres in a data base. Its methods may be called
// from several goroutines, and return the same errors wherever they run.
type Store interface {
	// Register takes records as [Directory.Register] does.
	Register(ctx context.Context, records ...Signed) error
	// Resolve, ResolvePath and ResolveAlias return the newest version of a
	// record, or ErrNotFound.
	Resolve(ctx context.Context, code identity.Code) (Signed, error)
	ResolvePath(ctx context.Context, path identity.Path) (Signed, error)
	ResolveAlias(ctx context.Context, alias identity.Alias) (Signed, error)
	// Taken says of each alias whether a record has, or had, it.
	Taken(ctx context.Context, aliases ...identity.Alias) ([]bool, error)
	Search(ctx context.Context, q *Query) ([]Signed, error)
	Prove(ctx context.Context, code identity.Code) ([]byte, error)
}

// Store returns the directory as a Store. It waits for nobody, so that contexts
// are looked at only before it starts.
func (d *Directory) Store() Store { return local{d} }

type local struct{ d *Directory }

func (l local) Register(ctx context.Context, records ...Signed) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.d.Register(records...)
}

func (l local) Resolve(_ context.Context, c identity.Code) (Signed, error) { return l.d.Resolve(c) }
func (l local) ResolvePath(_ context.Context, p identity.Path) (Signed, error) {
	return l.d.ResolvePath(p)
}
func (l local) ResolveAlias(_ context.Context, a identity.Alias) (Signed, error) {
	return l.d.ResolveAlias(a)
}
func (l local) Search(_ context.Context, q *Query) ([]Signed, error)     { return l.d.Search(q) }
func (l local) Prove(_ context.Context, c identity.Code) ([]byte, error) { return l.d.Prove(c) }

func (l local) Taken(_ context.Context, aliases ...identity.Alias) ([]bool, error) {
	l.d.mu.RLock()
	defer l.d.mu.RUnlock()
	taken := make([]bool, len(aliases))
	for i, a := range aliases {
		_, taken[i] = l.d.byAlias[a]
	}
	return taken, nil
}

// What follows is for those who write a Store.

// An Accepted record has passed all checks that need no other record.
type Accepted struct {
	Signed
	Salt       evidence.Salt
	Commitment evidence.Commitment // to Leaf, under Salt; without a log there is none
}

// Leaf returns what the evidence log commits to: the record with its signature,
// as JSON in the form of RFC 8785.
func (s *Signed) Leaf() []byte { return leaf(s.Record.canonical(), s.Signature) }

// Accept checks each record by itself, on all processors. The error is a
// [*RecordError] for the first that is refused.
func Accept(cfg *Config, records []Signed) ([]Accepted, error) {
	all := make([]Accepted, len(records))
	err := each(len(records), func(i int) (err error) {
		all[i], err = cfg.accept(&records[i])
		return err
	})
	return all, err
}

func (cfg *Config) accept(s *Signed) (a Accepted, err error) {
	statement, err := s.Record.Statement()
	if err != nil {
		return a, err
	}
	if len(s.Signature) == 0 || len(s.Signature) > maxSignature {
		return a, errors.New("directory: a signature of 1 to 4096 bytes is needed")
	}
	a.Signed, a.Salt = *s, evidence.NewSalt()
	if cfg.Log != nil {
		// Before Verify, which may do with the statement what it likes.
		a.Commitment = a.Salt.Commit(leaf(statement[len(statementDomain):], s.Signature))
	}
	return a, cfg.Verify(&s.Record, statement, s.Signature)
}

// each calls f with 0 to n-1 on all processors, and returns the error of the
// lowest number that has one.
func each(n int, f func(i int) error) error {
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), n)
	refused := make([]*RecordError, workers) // the first that each saw
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n && refused[w] == nil; i += workers {
				if err := f(i); err != nil {
					refused[w] = &RecordError{i, err}
				}
			}
		})
	}
	wg.Wait()
	var first *RecordError
	for _, e := range refused {
		if e != nil && (first == nil || e.Row < first.Row) {
			first = e
		}
	}
	if first != nil {
		return first
	}
	return nil
}

// Known is what a Store has about the codes, paths and aliases of records that
// come, old paths and aliases too.
type Known struct {
	Current map[identity.Code]Current
	Paths   map[identity.Path]identity.Code
	Aliases map[identity.Alias]identity.Code
}

// Current is what is known of the newest version of a record.
type Current struct {
	Version uint64
	Status  Status
}

// Check reports what in records contradicts the Store or each other, as a
// [*RecordError]. It adds the records to Known, which is of no use after an
// error.
func (k *Known) Check(records []Signed) error {
	for i := range records {
		r := &records[i].Record
		have := k.Current[r.Code]
		if have.Status == Withdrawn {
			return &RecordError{i, errors.New("directory: the code was withdrawn for good")}
		}
		if r.Version != have.Version+1 {
			return &RecordError{i, ErrVersion}
		}
		k.Current[r.Code] = Current{r.Version, r.Status}
		if !r.Path.IsZero() {
			if other, ok := k.Paths[r.Path]; ok && other != r.Code {
				return &RecordError{i, fmt.Errorf("path: %w", ErrTaken)}
			}
			k.Paths[r.Path] = r.Code
		}
		for _, a := range r.Aliases {
			if other, ok := k.Aliases[a]; ok && other != r.Code {
				return &RecordError{i, fmt.Errorf("alias: %w", ErrTaken)}
			}
			k.Aliases[a] = r.Code
		}
	}
	return nil
}

// Terms returns what an index has to know of a record, each once: every two
// neighbouring characters of its texts, its path and all paths above it behind a
// slash, and the claims of its rights.
func (r *Record) Terms() []string {
	seen := make(map[string]bool)
	var terms []string
	add := func(t string) {
		if !seen[t] {
			seen[t] = true
			terms = append(terms, t)
		}
	}
	texts(r, func(s string) bool {
		grams(s, func(g gram) { add(g.String()) })
		return true
	})
	for p := r.Path.String(); p != ""; p = p[:max(0, strings.LastIndexByte(p, '/'))] {
		add("/" + p)
	}
	add(claim{"", r.Code.Subject()}.String())
	for _, right := range r.Rights {
		add(claim{right.Kind, right.Subject}.String())
	}
	return terms
}

// Terms checks a query and returns the [Record.Terms] that a record has to have
// all of. Such records are candidates: [Query.Matches] decides.
func (q *Query) Terms() ([]string, error) {
	words, err := q.words()
	if err != nil {
		return nil, err
	}
	var terms []string
	for _, w := range words {
		grams(w, func(g gram) { terms = append(terms, g.String()) })
	}
	if !q.Under.IsZero() {
		terms = append(terms, "/"+q.Under.String())
	}
	if !q.Area.IsZero() {
		terms = append(terms, "/"+q.Area.String())
	}
	if !q.Subject.IsZero() {
		terms = append(terms, claim{q.Right, q.Subject}.String())
	}
	return terms, nil
}

// Matches reports whether a record that has the query's terms is one of its
// results.
func (q *Query) Matches(r *Record) bool {
	for _, w := range strings.Fields(q.Text) {
		if w = strings.Map(unicode.ToLower, w); !contains(r, w) {
			return false
		}
	}
	return true
}

func (g gram) String() string  { return string([]rune{rune(g >> 32), rune(g & 0xffffffff)}) }
func (c claim) String() string { return ":" + string(c.right) + ":" + c.subject.String() }
