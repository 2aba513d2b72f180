// Package postgres keeps a directory in PostgreSQL, for provinces whose nodes
// share one and ask it from many machines.
//
// Most callers want [Open], and give the [Store] to api.Records,
// directory.ImportInto and directory.Export. What a record is, who may register
// it and what a query finds is said by package directory; a Store answers as a
// directory of that package does.
//
//	registering node               readers
//	      │ Register, COPY            │ Resolve, Search
//	      ▼                           ▼
//	   entry (all versions) ── path, alias (old ones too)
//	      │ after the commit
//	      ▼
//	   evidence log, logged (positions)
//
// # Security
//
// As in package directory: nothing is taken that Verify refuses. Whoever may
// write to the tables can withhold records and hand out old ones, and cannot make
// any up, as readers check the owner's signature in the proof. Grant select on
// the schema to readers, and everything to nodes that register.
//
// Statements have parameters only; no text of a record or query is ever part of
// one.
//
// # Leakage
//
// Whoever may read the tables sees the records.
//
// # Cost
//
// A Register is one transaction, which waits for the disk once, and one more for
// positions in the log. Registering nodes wait for each other. A record of a
// title, a summary, two keywords, a path and two rights takes about 2 kB in the
// tables and their indexes, and a tenth of a millisecond of the server's time if
// many are registered at once; so 340,000 take some 35 seconds of it, beside what
// the signatures take here.
//
// The index has the pairs of neighbouring characters of each text, as words of two
// Chinese characters need them; the extension pg_trgm, which takes three at a time,
// is not used. A search reads it for one block of 16,384 records after the other
// until it has enough. Among 340,000 records that takes some milliseconds; and
// tens for a word of more than two characters whose pairs are common and that is
// not, as all records with the pairs are compared.
package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// lockID is the advisory lock under which tables are changed and records
// registered: "dujiang" in ASCII.
const lockID = 0x64756a69616e67

// migrations make the tables; the number of those that ran is in the table
// migration. They are never changed, only added to.
//
// Texts are compared byte by byte, as the codes and paths of package directory
// are. An entry that has a newer version is stale, and not in search, which is made
// of the others. Positions in the log stand apart, so that noting them does not
// write entries again.
//
// A word may be in a fifth of all records, of which the first are asked for. So the
// terms of search have the number of their block before them: the index gives what
// a block of entries has, one block after the other.
var migrations = []string{
	`create table entry (
		id        bigint generated always as identity primary key,
		code      text collate "C" not null,
		version   bigint not null,
		status    text collate "C" not null,
		stale     boolean not null,
		record    json not null,
		signature bytea not null,
		salt      bytea not null,
		unique (code, version)
	);
	create unique index entry_current on entry (code) where not stale;
	create table search (
		id    bigint primary key references entry,
		terms text[] collate "C" not null
	) with (toast_tuple_target = 128);
	alter table search alter column terms set storage external;
	create index search_terms on search using gin (terms);
	create table path (
		path text collate "C" primary key,
		code text collate "C" not null
	);
	create table alias (
		alias text collate "C" primary key,
		code  text collate "C" not null
	);
	create table logged (
		id       bigint primary key references entry,
		position bigint not null
	);`,
	`drop table search;
	create table search (
		id    bigint primary key,
		texts text collate "C" not null,
		terms bigint[] not null
	) with (toast_tuple_target = 128);
	alter table search alter column texts set storage main, alter column terms set storage external;
	create index search_terms on search using gin (terms);
	alter table logged drop constraint logged_id_fkey;`,
}

// searchMigration is the number of the migration that made the table search as it
// is: Open fills it after it.
const searchMigration = 2

// blockBits say how many entries share a block of terms, and termBits how many
// bits a term has.
const (
	blockBits = 14
	termBits  = 43
)

// maxEntries is how many entries terms have blocks for.
const maxEntries = 1 << (blockBits + 63 - termBits)

// A Store is a directory in a data base. It is a [directory.Store]; its methods
// may be called from several goroutines, and several processes may have the same
// tables open. At most one of them has the log, which locks its folder.
type Store struct {
	pool *pgxpool.Pool
	cfg  directory.Config

	turn chan struct{} // holds one value while its sender may use what follows and the log
	last int64         // id of the last entry that is logged, or unknown
}

// unknown is what last is until the table was asked, and after an error that may
// have come before or behind the commit.
const unknown = -1

// begin waits until nobody else registers or logs; end lets the next one.
func (s *Store) begin(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) end() { <-s.turn }

var _ directory.Store = (*Store)(nil)

// Open makes the tables in the schema dujiang_directory, or brings those of an
// older version up to date, and logs what the log lacks. The pool stays the
// caller's to close. The data base must be in UTF-8.
func Open(ctx context.Context, pool *pgxpool.Pool, cfg *directory.Config) (*Store, error) {
	if pool == nil || cfg == nil || cfg.Verify == nil {
		return nil, errors.New("postgres: Open needs a pool, and Config needs Verify, by which records are accepted")
	}
	if err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return migrate(ctx, tx) }); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &Store{pool: pool, cfg: *cfg, turn: make(chan struct{}, 1), last: unknown}
	if err := s.LogMissing(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func migrate(ctx context.Context, tx pgx.Tx) error {
	var encoding string
	if err := tx.QueryRow(ctx, "show server_encoding").Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return errors.New("the data base has another encoding than UTF8; create one with it")
	}
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", int64(lockID)); err != nil {
		return err
	}
	var there bool
	err := tx.QueryRow(ctx, "select to_regclass('dujiang_directory.migration') is not null").Scan(&there)
	if err != nil {
		return err
	}
	if !there {
		// Asked first: readers may use the schema and not create it.
		if _, err := tx.Exec(ctx, "create schema if not exists dujiang_directory; create table dujiang_directory.migration (number int primary key)"); err != nil {
			return err
		}
	}
	var done int
	if err := tx.QueryRow(ctx, "select count(*) from dujiang_directory.migration").Scan(&done); err != nil {
		return err
	}
	if done > len(migrations) {
		return errors.New("the tables are of a newer version of this package; upgrade the program")
	}
	for had := done; ; done++ {
		if done == len(migrations) {
			if had < searchMigration {
				return fillSearch(ctx, tx)
			}
			return nil
		}
		if _, err := tx.Exec(ctx, "set local search_path to dujiang_directory; "+migrations[done]); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "insert into dujiang_directory.migration values ($1)", done+1); err != nil {
			return err
		}
	}
}

// fillSearch makes the rows of search of all entries that are not stale.
func fillSearch(ctx context.Context, tx pgx.Tx) error {
	for last, more := int64(0), true; more; {
		rows, err := tx.Query(ctx, "select id, record, ''::bytea from dujiang_directory.entry where not stale and id > $1 order by id limit $2", last, logBatch)
		if err != nil {
			return err
		}
		var found [][]any
		var record, signature []byte
		_, err = pgx.ForEachRow(rows, []any{&last, &record, &signature}, func() error {
			signed, err := decode(record, signature)
			found = append(found, searchRow(last, &signed.Record))
			return err
		})
		if err != nil {
			return err
		}
		if err := copySearch(ctx, tx, found); err != nil {
			return err
		}
		more = len(found) == logBatch
	}
	return nil
}

// searchRow returns the row of search of an entry.
func searchRow(id int64, r *directory.Record) []any {
	return []any{id, r.Text(), blockTerms(id>>blockBits, r.Terms())}
}

// blockTerms returns terms as those of a block.
func blockTerms(block int64, terms []uint64) []int64 {
	out := make([]int64, len(terms))
	for i, t := range terms {
		out[i] = block<<termBits | int64(t)
	}
	return out
}

// manyRows is how many rows make it worth while that the index waits.
const manyRows = 64

// copySearch writes rows of search. The index takes in what waits in its list when
// a row finds that longer than allowed: many rows at once cost a fraction of what
// they cost one by one, and what still waits is read by each search, so that it
// has to be little. So of many rows all but the last may wait.
func copySearch(ctx context.Context, tx pgx.Tx, rows [][]any) error {
	all := 0
	if len(rows) >= manyRows {
		all = len(rows) - 1
	}
	for _, part := range []struct {
		limit string
		rows  [][]any
	}{{"1GB", rows[:all]}, {"64kB", rows[all:]}} {
		if len(part.rows) == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, "set local gin_pending_list_limit to '"+part.limit+"'; set local work_mem to '64MB'"); err != nil {
			return err
		}
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"dujiang_directory", "search"}, []string{"id", "texts", "terms"}, pgx.CopyFromRows(part.rows))
		if err != nil {
			return err
		}
	}
	return nil
}

// LogMissing appends to the log what it lacks: records of processes that have not
// the log, and of those that stopped before they had logged theirs. Open and
// Register do it too. A record may then be in the log twice, which does no harm.
func (s *Store) LogMissing(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.end()
	return s.log(ctx, nil)
}

// logBatch is how many entries are logged at a time.
const logBatch = 8192

// log appends the commitments of all entries behind the last logged one, in
// their order. Those that are known, by id, need not be made again. The caller
// has its turn.
func (s *Store) log(ctx context.Context, known map[int64]evidence.Commitment) error {
	if s.cfg.Log == nil {
		return nil
	}
	for {
		n, err := s.logSome(ctx, known)
		if err != nil {
			return fmt.Errorf("postgres: records are kept but not in the log; LogMissing tries again: %w", err)
		}
		if n < logBatch {
			return nil
		}
	}
}

func (s *Store) logSome(ctx context.Context, known map[int64]evidence.Commitment) (int, error) {
	if s.last == unknown {
		if err := s.pool.QueryRow(ctx, "select coalesce(max(id), 0) from dujiang_directory.logged").Scan(&s.last); err != nil {
			return 0, err
		}
	}
	rows, err := s.pool.Query(ctx, "select id from dujiang_directory.entry where id > $1 order by id limit $2", s.last, logBatch)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	var missing []int64
	for _, id := range ids {
		if _, ok := known[id]; !ok {
			missing = append(missing, id)
		}
	}
	made, err := s.commit(ctx, missing)
	if err != nil {
		return 0, err
	}
	ordered := make([]evidence.Commitment, len(ids))
	for i, id := range ids {
		c, ok := known[id]
		if !ok {
			c = made[id]
		}
		ordered[i] = c
	}
	first, err := s.cfg.Log.Append(ordered...)
	if err != nil {
		return 0, err
	}
	_, err = s.pool.CopyFrom(ctx, pgx.Identifier{"dujiang_directory", "logged"}, []string{"id", "position"},
		pgx.CopyFromSlice(len(ids), func(i int) ([]any, error) { return []any{ids[i], first + int64(i)}, nil }))
	if err != nil {
		s.last = unknown
		return 0, err
	}
	s.last = ids[len(ids)-1]
	return len(ids), nil
}

// commit makes the commitments of entries.
func (s *Store) commit(ctx context.Context, ids []int64) (map[int64]evidence.Commitment, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, "select id, record, signature, salt from dujiang_directory.entry where id = any($1)", ids)
	if err != nil {
		return nil, err
	}
	made := make(map[int64]evidence.Commitment, len(ids))
	var id int64
	var record, signature, salt []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &record, &signature, &salt}, func() error {
		signed, err := decode(record, signature)
		if err != nil {
			return err
		}
		key, err := saltOf(salt)
		made[id] = key.Commit(signed.Leaf())
		return err
	})
	return made, err
}

func saltOf(b []byte) (salt evidence.Salt, err error) {
	if len(b) != len(salt) {
		return salt, errors.New("an entry has no salt")
	}
	copy(salt[:], b)
	return salt, nil
}

// Prove returns the offline proof of a code's record, as Prove of a directory
// does. It needs Config.Log.
func (s *Store) Prove(ctx context.Context, code identity.Code) ([]byte, error) {
	if s.cfg.Log == nil {
		return nil, errors.New("postgres: this process has no evidence log and hence no proofs")
	}
	var record, signature, salt []byte
	var position *int64
	err := s.pool.QueryRow(ctx, `select record, signature, salt, position from dujiang_directory.entry
		left join dujiang_directory.logged using (id) where code = $1 and not stale`, code.String()).Scan(&record, &signature, &salt, &position)
	if err != nil {
		return nil, found(err)
	}
	if position == nil {
		return nil, evidence.ErrUnpublished
	}
	signed, err := decode(record, signature)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	key, err := saltOf(salt)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return s.cfg.Log.Prove(*position, key, signed.Leaf())
}
