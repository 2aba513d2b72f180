package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

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
// are looked at only before a call starts.
func (d *Directory) Store() Store { return local{d} }

type local struct{ d *Directory }

func (l local) Register(ctx context.Context, records ...Signed) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.d.Register(records...)
}

func (l local) Resolve(ctx context.Context, c identity.Code) (Signed, error) {
	return unless(ctx, l.d.Resolve, c)
}

func (l local) ResolvePath(ctx context.Context, p identity.Path) (Signed, error) {
	return unless(ctx, l.d.ResolvePath, p)
}

func (l local) ResolveAlias(ctx context.Context, a identity.Alias) (Signed, error) {
	return unless(ctx, l.d.ResolveAlias, a)
}

func (l local) Search(ctx context.Context, q *Query) ([]Signed, error) {
	return unless(ctx, l.d.Search, q)
}

func (l local) Prove(ctx context.Context, c identity.Code) ([]byte, error) {
	return unless(ctx, l.d.Prove, c)
}

// unless calls f unless ctx has ended.
func unless[A, B any](ctx context.Context, f func(A) (B, error), a A) (b B, err error) {
	if err := ctx.Err(); err != nil {
		return b, err
	}
	return f(a)
}

func (l local) Taken(ctx context.Context, aliases ...identity.Alias) ([]bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
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
	JSON       []byte // the record in the form of RFC 8785
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
	// Cloned, as Verify may do with the statement what it likes.
	a.Signed, a.JSON, a.Salt = *s, bytes.Clone(statement[len(statementDomain):]), evidence.NewSalt()
	if cfg.Log != nil {
		a.Commitment = a.Salt.Commit(leaf(a.JSON, s.Signature))
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

// Terms returns what an index has to know of a record, as numbers of less than
// 2^43 in ascending order: every two neighbouring characters of its texts, its
// path and all paths above it, and the claims of its rights. Two paths or claims
// may have one number.
func (r *Record) Terms() []uint64 {
	var terms []uint64
	texts(r, func(s string) bool {
		grams(s, func(g gram) { terms = append(terms, g.term()) })
		return true
	})
	for p := r.Path.String(); p != ""; p = p[:max(0, strings.LastIndexByte(p, '/'))] {
		terms = append(terms, nameTerm("/"+p))
	}
	terms = append(terms, claim{"", r.Code.Subject()}.term())
	for _, right := range r.Rights {
		terms = append(terms, claim{right.Kind, right.Subject}.term())
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

// Text returns what a query's words are looked for in, in lower case, a line for
// each text.
func (r *Record) Text() string {
	var b strings.Builder
	texts(r, func(s string) bool {
		b.WriteString(strings.Map(unicode.ToLower, s))
		b.WriteByte('\n')
		return true
	})
	return b.String()
}

// Terms checks a query and returns the [Record.Terms] that a record has to have
// all of. Such records are candidates: [Query.Matches] decides.
func (q *Query) Terms() ([]uint64, error) {
	words, err := q.words()
	if err != nil {
		return nil, err
	}
	var terms []uint64
	for _, w := range words {
		grams(w, func(g gram) { terms = append(terms, g.term()) })
	}
	if !q.Under.IsZero() {
		terms = append(terms, nameTerm("/"+q.Under.String()))
	}
	if !q.Area.IsZero() {
		terms = append(terms, nameTerm("/"+q.Area.String()))
	}
	if !q.Subject.IsZero() {
		terms = append(terms, claim{q.Right, q.Subject}.term())
	}
	slices.Sort(terms)
	return slices.Compact(terms), nil
}

// Words returns the words of a query that terms do not decide, those of more than
// two characters: each has to stand in [Record.Text].
func (q *Query) Words() []string {
	var long []string
	for _, w := range strings.Fields(q.Text) {
		if utf8.RuneCountInString(w) > 2 {
			long = append(long, strings.Map(unicode.ToLower, w))
		}
	}
	return long
}

// Matches reports whether a record is one of the query's results.
func (q *Query) Matches(r *Record) bool {
	for _, w := range strings.Fields(q.Text) {
		if !contains(r, strings.Map(unicode.ToLower, w)) {
			return false
		}
	}
	if !q.Under.IsZero() && !q.Under.Contains(r.Path) || !q.Area.IsZero() && q.Area != r.Path.Area() {
		return false
	}
	switch {
	case q.Subject.IsZero():
		return true
	case q.Right == "":
		return r.Code.Subject() == q.Subject
	}
	return slices.Contains(r.Rights, Right{q.Right, q.Subject})
}

// term is the gram itself: a character has at most 21 bits.
func (g gram) term() uint64 { return uint64(g>>32)<<21 | uint64(g&0xffffffff) }

func (c claim) term() uint64 { return nameTerm(":" + string(c.right) + ":" + c.subject.String()) }

// nameTerm hashes a name to a term that no gram has.
func nameTerm(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return 1<<42 | h.Sum64()>>22
}
