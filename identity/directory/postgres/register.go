package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// Register takes new records and new versions of old ones, all or none, as
// Register of a directory does. When it returns nil they are on the data base's
// disk and, if this process has the log, in the log.
//
// After an error of the connection it is unknown whether the records were taken:
// resolve one to see.
func (s *Store) Register(ctx context.Context, records ...directory.Signed) error {
	all, err := directory.Accept(&s.cfg, records)
	if err != nil {
		return err
	}
	newest := make(map[identity.Code]int)
	for i := range all {
		newest[all[i].Record.Code] = i
	}
	entries := make([][]any, len(all))
	var terms [][]string // of those that become current
	for i := range all {
		r := &all[i].Record
		text, err := json.Marshal(r)
		if err != nil {
			panic("postgres: internal error: " + err.Error()) // Accept refused what cannot be encoded
		}
		stale := newest[r.Code] != i
		if !stale {
			terms = append(terms, r.Terms())
		}
		entries[i] = []any{r.Code.String(), int64(r.Version), string(r.Status), stale, text, all[i].Signature, all[i].Salt[:]}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// Acknowledged is on the disk, whatever the server's default is.
		if _, err := tx.Exec(ctx, "set local synchronous_commit to on"); err != nil {
			return err
		}
		// Held until the commit is visible, so that entries become visible in
		// the order of their ids.
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", int64(lockID)); err != nil {
			return err
		}
		known, err := s.known(ctx, tx, records)
		if err != nil {
			return err
		}
		if err := known.Check(records); err != nil {
			return err
		}
		return insert(ctx, tx, records, entries, terms)
	})
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	var commitments map[version]evidence.Commitment
	if s.cfg.Log != nil {
		commitments = make(map[version]evidence.Commitment, len(all))
		for i := range all {
			commitments[version{all[i].Record.Code.String(), int64(all[i].Record.Version)}] = all[i].Commitment
		}
	}
	return s.log(ctx, commitments)
}

// named returns the codes, paths and aliases of records as texts, and the code
// that has each of the paths and aliases.
func named(records []directory.Signed) (codes, paths, pathCodes, aliases, aliasCodes []string) {
	for i := range records {
		r := &records[i].Record
		code := r.Code.String()
		codes = append(codes, code)
		if !r.Path.IsZero() {
			paths, pathCodes = append(paths, r.Path.String()), append(pathCodes, code)
		}
		for _, a := range r.Aliases {
			aliases, aliasCodes = append(aliases, a.String()), append(aliasCodes, code)
		}
	}
	return codes, paths, pathCodes, aliases, aliasCodes
}

// known asks what is there of the records' codes, paths and aliases.
func (s *Store) known(ctx context.Context, tx pgx.Tx, records []directory.Signed) (*directory.Known, error) {
	codes, paths, _, aliases, _ := named(records)
	k := &directory.Known{
		Current: make(map[identity.Code]directory.Current),
		Paths:   make(map[identity.Path]identity.Code),
		Aliases: make(map[identity.Alias]identity.Code),
	}
	rows, err := tx.Query(ctx, "select code, version, status from dujiang_directory.entry where not stale and code = any($1)", codes)
	if err != nil {
		return nil, err
	}
	var code, text string
	var number int64
	_, err = pgx.ForEachRow(rows, []any{&code, &number, &text}, func() error {
		c, err := identity.Parse(code)
		k.Current[c] = directory.Current{Version: uint64(number), Status: directory.Status(text)}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := owners(ctx, tx, "select path, code from dujiang_directory.path where path = any($1)", paths, k.Paths, identity.ParsePath); err != nil {
		return nil, err
	}
	return k, owners(ctx, tx, "select alias, code from dujiang_directory.alias where alias = any($1)", aliases, k.Aliases, identity.ParseAlias)
}

// owners reads which code has which of the names.
func owners[K comparable](ctx context.Context, tx pgx.Tx, query string, names []string, into map[K]identity.Code, parse func(string) (K, error)) error {
	if len(names) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, query, names)
	if err != nil {
		return err
	}
	var name, code string
	_, err = pgx.ForEachRow(rows, []any{&name, &code}, func() error {
		n, err := parse(name)
		if err != nil {
			return err
		}
		into[n], err = identity.Parse(code)
		return err
	})
	return err
}

// insert writes what was checked.
func insert(ctx context.Context, tx pgx.Tx, records []directory.Signed, entries [][]any, terms [][]string) error {
	codes, paths, pathCodes, aliases, aliasCodes := named(records)
	_, err := tx.Exec(ctx, `with old as (update dujiang_directory.entry set stale = true where not stale and code = any($1) returning id)
		delete from dujiang_directory.search using old where search.id = old.id`, codes)
	if err != nil {
		return err
	}
	var last int64 // entries of before
	if err := tx.QueryRow(ctx, "select coalesce(max(id), 0) from dujiang_directory.entry").Scan(&last); err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"dujiang_directory", "entry"},
		[]string{"code", "version", "status", "stale", "record", "signature", "salt"}, pgx.CopyFromRows(entries))
	if err != nil {
		return err
	}
	// Ids grow in the order of the rows.
	rows, err := tx.Query(ctx, "select id from dujiang_directory.entry where id > $1 and not stale order by id", last)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	if len(ids) != len(terms) {
		return errors.New("another program writes into the tables without their lock")
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"dujiang_directory", "search"}, []string{"id", "terms"},
		pgx.CopyFromSlice(len(ids), func(i int) ([]any, error) { return []any{ids[i], terms[i]}, nil }))
	if err != nil {
		return err
	}
	// A name that is there already leads to the same code: Check has seen to it.
	for _, t := range []struct {
		statement    string
		names, codes []string
	}{
		{"insert into dujiang_directory.path select * from unnest($1::text[], $2::text[]) on conflict do nothing", paths, pathCodes},
		{"insert into dujiang_directory.alias select * from unnest($1::text[], $2::text[]) on conflict do nothing", aliases, aliasCodes},
	} {
		if len(t.names) > 0 {
			if _, err := tx.Exec(ctx, t.statement, t.names, t.codes); err != nil {
				return err
			}
		}
	}
	if len(entries) >= manyRows {
		// Searches read what waits for the index one by one.
		_, err := tx.Exec(ctx, "select gin_clean_pending_list('dujiang_directory.search_terms')")
		return err
	}
	return nil
}

// manyRows is how many rows make it worth while to bring the index up to date.
const manyRows = 256
