package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

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
		return s, fmt.Errorf("an entry of the table is malformed: %w", err)
	}
	s.Signature = signature
	return s, nil
}

func (s *Store) one(ctx context.Context, query, name string) (directory.Signed, error) {
	var record, signature []byte
	if err := s.pool.QueryRow(ctx, query, name).Scan(&record, &signature); err != nil {
		return directory.Signed{}, found(err)
	}
	signed, err := decode(record, signature)
	if err != nil {
		return directory.Signed{}, fmt.Errorf("postgres: %w", err)
	}
	return signed, nil
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

// maxPage is how many candidates are read at a time, apart from those that a
// query asks for.
const maxPage = 4096

// candidates asks the index for one block of entries after the other until a page
// is full. Its parameters are the id behind which to start, the size of a page, the
// terms, and then the words that texts have to contain, each with a condition of
// its own. The order within a block is that of a sum, as the order of the primary
// key would tempt the planner to read the block and not the index; and the offset
// keeps it from asking twice, for the ids and for their number.
const candidates = `with recursive page(block, missing, ids) as (
		select $1::bigint >> %[1]d, $2::bigint, '{}'::bigint[]
	union all
		select block + 1, missing - cardinality(next), next
		from page, lateral (select array(
			select id from dujiang_directory.search
			where terms @> array(select block << %[2]d | t from unnest($3::bigint[]) as t) and id > $1%[3]s
			order by id + 0 limit missing) offset 0) as found(next)
		where missing > 0 and block <= (select max(id) from dujiang_directory.search) >> %[1]d
	)
	select id, record, signature from page, unnest(ids) as id join dujiang_directory.entry using (id) order by id`

// Search returns the records that q describes, those registered or changed first
// coming first.
func (s *Store) Search(ctx context.Context, q *directory.Query) ([]directory.Signed, error) {
	terms, err := q.Terms()
	if err != nil {
		return nil, err
	}
	if len(terms) == 0 {
		// All records match, so that none has to be read to be passed over.
		out, _, err := s.read(ctx, "select id, record, signature from dujiang_directory.entry where not stale order by id offset $1 limit $2", q.Offset, q.Limit)
		return out, err
	}
	var contain strings.Builder
	args := []any{nil, nil, blockTerms(0, terms)}
	for _, w := range q.Words() {
		args = append(args, w)
		fmt.Fprintf(&contain, " and strpos(texts, $%d) > 0", len(args))
	}
	query := fmt.Sprintf(candidates, blockBits, termBits, contain.String())
	var out []directory.Signed
	skip, last, least := q.Offset, int64(0), 0
	for len(out) < q.Limit {
		size := max(min(skip, maxPage)+q.Limit-len(out), least)
		args[0], args[1] = last, size
		page, end, err := s.read(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		for i := range page {
			switch {
			case len(out) == q.Limit || !q.Matches(&page[i].Record):
			case skip > 0:
				skip--
			default:
				out = append(out, page[i])
			}
		}
		if len(page) < size {
			break
		}
		// Candidates that do not match are rare, unless somebody made names
		// that have the terms of others.
		last, least = end, min(2*size, maxPage)
	}
	return out, nil
}

// read returns the records that a query has, and the id of the last.
func (s *Store) read(ctx context.Context, query string, args ...any) (out []directory.Signed, last int64, err error) {
	// Without a plan that is kept: one of when the tables were small would read
	// all of them.
	rows, err := s.pool.Query(ctx, query, append([]any{pgx.QueryExecModeExec}, args...)...)
	if err != nil {
		return nil, 0, fmt.Errorf("postgres: %w", err)
	}
	var record, signature []byte
	_, err = pgx.ForEachRow(rows, []any{&last, &record, &signature}, func() error {
		signed, err := decode(record, signature)
		out = append(out, signed)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("postgres: %w", err)
	}
	return out, last, nil
}
