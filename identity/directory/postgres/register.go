package postgres

import (
	"context"
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
	current := func(i int) bool { return newest[all[i].Record.Code] == i }

	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.end()
	var first int64 // id of the first record
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
		known, err := s.known(ctx, tx, all)
		if err != nil {
			return err
		}
		var old []string // codes of entries that become stale
		for c := range known.Current {
			old = append(old, c.String())
		}
		if err := known.Check(records); err != nil {
			return err
		}
		if err := retire(ctx, tx, old); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "select coalesce(max(id), 0) + 1 from dujiang_directory.entry").Scan(&first); err != nil {
			return err
		}
		if first+int64(len(all)) > maxEntries {
			return errors.New("the tables are full")
		}
		return insert(ctx, tx, first, all, current)
	})
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	var commitments map[int64]evidence.Commitment
	if s.cfg.Log != nil {
		commitments = make(map[int64]evidence.Commitment, len(all))
		for i := range all {
			commitments[first+int64(i)] = all[i].Commitment
		}
	}
	return s.log(ctx, commitments)
}

// named returns the codes, paths and aliases of records as texts, and the code
// that has each of the paths and aliases.
func named(records []directory.Accepted) (codes, paths, pathCodes, aliases, aliasCodes []string) {
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
func (s *Store) known(ctx context.Context, tx pgx.Tx, records []directory.Accepted) (*directory.Known, error) {
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

// retire marks the newest entries of codes as stale.
func retire(ctx context.Context, tx pgx.Tx, codes []string) error {
	if len(codes) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `with old as (update dujiang_directory.entry set stale = true where not stale and code = any($1) returning id)
		delete from dujiang_directory.search using old where search.id = old.id`, codes)
	return err
}

// insert writes what was checked, as entries from first on.
func insert(ctx context.Context, tx pgx.Tx, first int64, all []directory.Accepted, current func(i int) bool) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"dujiang_directory", "entry"},
		[]string{"id", "code", "version", "status", "stale", "record", "signature", "salt"},
		pgx.CopyFromSlice(len(all), func(i int) ([]any, error) {
			a := &all[i]
			r := &a.Record
			return []any{first + int64(i), r.Code.String(), int64(r.Version), string(r.Status), !current(i), a.JSON, a.Signature, a.Salt[:]}, nil
		}))
	if err != nil {
		return err
	}
	var found [][]any
	for i := range all {
		if current(i) {
			found = append(found, searchRow(first+int64(i), &all[i].Record))
		}
	}
	if err := copySearch(ctx, tx, found); err != nil {
		return err
	}
	// A name that is there already leads to the same code: Check has seen to it.
	_, paths, pathCodes, aliases, aliasCodes := named(all)
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
	return nil
}
