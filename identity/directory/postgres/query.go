package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
)

// found turns what the driver says of no rows into ErrNotFound.
func found(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return directory.ErrNotFound
	}
	return fmt.Errorf("postgres: %w", err)
}

// decode reads a record that Register wrote.
func decode(record, signature []byte) (s directory.Signed, err error) {
	if err = json.Unmarshal(record, &s.Record); err != nil {
		return s, fmt.Errorf("postgres: an entry of the table is malformed: %w", err)
	}
	s.Signature = signature
	return s, nil
}

func (s *Store) one(ctx context.Context, query, name string) (directory.Signed, error) {
	var record, signature []byte
	if err := s.pool.QueryRow(ctx, query, name).Scan(&record, &signature); err != nil {
		return directory.Signed{}, found(err)
	}
	return decode(record, signature)
}

// Resolve returns the newest version of the record of a code.
func (s *Store) Resolve(ctx context.Context, code identity.Code) (directory.Signed, error) {
	return s.one(ctx, "select record, signature from dujiang_directory.entry where code = $1 and not stale", code.String())
}

// ResolvePath returns the record that the path leads to. If it was renamed, the
// record has another path than was asked for.
func (s *Store) ResolvePath(ctx context.Context, path identity.Path) (directory.Signed, error) {
	return s.one(ctx, `select record, signature from dujiang_directory.entry join dujiang_directory.path using (code)
		where path = $1 and not stale`, path.String())
}

// ResolveAlias returns the record that has, or had, the number of another
// registry.
func (s *Store) ResolveAlias(ctx context.Context, a identity.Alias) (directory.Signed, error) {
	return s.one(ctx, `select record, signature from dujiang_directory.entry join dujiang_directory.alias using (code)
		where alias = $1 and not stale`, a.String())
}

// Taken says of each alias whether a record has, or had, it.
func (s *Store) Taken(ctx context.Context, aliases ...identity.Alias) ([]bool, error) {
	texts := make([]string, len(aliases))
	for i, a := range aliases {
		texts[i] = a.String()
	}
	rows, err := s.pool.Query(ctx, "select alias from dujiang_directory.alias where alias = any($1)", texts)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	there := make(map[string]bool)
	var text string
	if _, err := pgx.ForEachRow(rows, []any{&text}, func() error { there[text] = true; return nil }); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	taken := make([]bool, len(aliases))
	for i := range texts {
		taken[i] = there[texts[i]]
	}
	return taken, nil
}

// searchPage and maxPage are how many candidates are read at a time, from few to
// many.
const (
	searchPage = 64
	maxPage    = 4096
)

// Search returns the records that q describes, those registered or changed first
// coming first.
func (s *Store) Search(ctx context.Context, q *directory.Query) ([]directory.Signed, error) {
	terms, err := q.Terms()
	if err != nil {
		return nil, err
	}
	if len(terms) == 0 {
		return s.collect(ctx, q, false, "select id, record, signature from dujiang_directory.entry where not stale and id > $1 order by id limit $2")
	}
	// A word in a fifth of all records is found at once among the first of them,
	// while the index would give all to be sorted. Any other is not, and the
	// attempt takes little.
	out, err := s.collect(ctx, q, true, `select id, record, signature from
		(select id from (select id, terms from dujiang_directory.search where id > $1 order by id limit 1000) as few where terms @> $3 order by id limit $2) as found
		join dujiang_directory.entry using (id) order by id`, terms)
	if err != nil || len(out) == q.Limit {
		return out, err
	}
	// Ordered by a sum, as the primary key's order would tempt the planner to
	// read everything until enough was found.
	return s.collect(ctx, q, false, `select id, record, signature from
		(select id from dujiang_directory.search where id > $1 and terms @> $3 order by id + 0 limit $2) as found
		join dujiang_directory.entry using (id) order by id`, terms)
}

// collect reads candidates in pages, each behind the last of the one before, or
// once only, and returns those that match. The query has the id to start behind
// and the size of a page as its first parameters.
func (s *Store) collect(ctx context.Context, q *directory.Query, once bool, query string, more ...any) (out []directory.Signed, err error) {
	skip, last, least := q.Offset, int64(0), searchPage
	for len(out) < q.Limit {
		page := max(least, min(skip, maxPage)+q.Limit-len(out))
		// Candidates that do not match are many or few, and each page is a
		// search of its own.
		least = min(8*least, maxPage)
		// Without a prepared plan: some terms are in every record and some in
		// few.
		args := append([]any{pgx.QueryExecModeExec, last, page}, more...)
		rows, err := s.pool.Query(ctx, query, args...)
		if err != nil {
			return nil, fmt.Errorf("postgres: %w", err)
		}
		read := 0
		var record, signature []byte
		_, err = pgx.ForEachRow(rows, []any{&last, &record, &signature}, func() error {
			read++
			if len(out) == q.Limit {
				return nil
			}
			signed, err := decode(record, signature)
			if err != nil || !q.Matches(&signed.Record) {
				return err
			}
			if skip > 0 {
				skip--
				return nil
			}
			out = append(out, signed)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("postgres: %w", err)
		}
		if once || read < page {
			break
		}
	}
	return out, nil
}
