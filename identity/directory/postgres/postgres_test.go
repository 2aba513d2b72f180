package postgres

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

func config() *directory.Config { return &directory.Config{Verify: storetest.Owned} }

func open(t testing.TB, cfg *directory.Config) *Store {
	s, err := Open(t.Context(), database(t), cfg)
	require.NoError(t, err)
	return s
}

func openLog(t testing.TB, dir string) *evidence.Log {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	l, err := evidence.Open(filepath.Join(dir, "log"), &evidence.Config{Origin: "log.example.cn", Signer: key})
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// A data base passes the tests that all stores do.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, cfg *directory.Config) (directory.Store, func(*directory.Config) directory.Store) {
		pool := database(t)
		again := func(cfg *directory.Config) directory.Store {
			s, err := Open(t.Context(), pool, cfg)
			require.NoError(t, err)
			return s
		}
		return again(cfg), again
	})
}

// Several processes open the tables; that of a newer program is left alone.
func TestOpen(t *testing.T) {
	pool := database(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := Open(t.Context(), pool, config()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	_, err := pool.Exec(t.Context(), "insert into dujiang_directory.migration values (1000)")
	require.NoError(t, err)
	_, err = Open(t.Context(), pool, config())
	require.ErrorContains(t, err, "newer version")
	_, err = Open(t.Context(), pool, &directory.Config{})
	require.Error(t, err)
	_, err = Open(t.Context(), nil, config())
	require.Error(t, err)

	_, err = pool.Exec(t.Context(), "create database latin template template0 encoding 'SQL_ASCII'")
	require.NoError(t, err)
	latin, err := connect(t.Context(), "latin")
	require.NoError(t, err)
	defer latin.Close()
	_, err = Open(t.Context(), latin, config())
	require.ErrorContains(t, err, "UTF8")
}

// Tables of the first version are brought up to date, with all that they have.
func TestMigration(t *testing.T) {
	pool := database(t)
	ctx := t.Context()
	exec := func(statement string, args ...any) {
		_, err := pool.Exec(ctx, statement, args...)
		require.NoError(t, err)
	}
	exec("create schema dujiang_directory; create table dujiang_directory.migration (number int primary key); insert into dujiang_directory.migration values (1)")
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "set local search_path to dujiang_directory; "+migrations[0])
		return err
	})
	require.NoError(t, err)
	old, next, other := storetest.Record(1), storetest.Record(1), storetest.Record(2)
	next.Code, next.Version, next.Title = old.Code, 2, "下一版"
	for i, r := range []directory.Record{old, other, next} {
		s := storetest.Sign(r)
		text, err := json.Marshal(r)
		require.NoError(t, err)
		exec(`insert into dujiang_directory.entry (code, version, status, stale, record, signature, salt) values ($1, $2, 'active', $3, $4, $5, $6)`,
			r.Code.String(), r.Version, i == 0, text, s.Signature, make([]byte, 16))
		exec("insert into dujiang_directory.path values ($1, $2) on conflict do nothing", r.Path.String(), r.Code.String())
		exec("insert into dujiang_directory.logged values ($1, $1)", i+1)
		if i > 0 {
			exec("insert into dujiang_directory.search values ($1, '{}')", i+1)
		}
	}
	s, err := Open(ctx, pool, config())
	require.NoError(t, err)
	found, err := s.Search(ctx, &directory.Query{Text: "气象", Limit: 10})
	require.NoError(t, err)
	require.Equal(t, []directory.Signed{storetest.Sign(other), storetest.Sign(next)}, found)
	next.Version, next.Title = 3, "再下一版"
	require.NoError(t, s.Register(ctx, storetest.Sign(next), storetest.Sign(storetest.Record(3))))
	found, err = s.Search(ctx, &directory.Query{Text: "再下一版", Limit: 10})
	require.NoError(t, err)
	require.Equal(t, []directory.Signed{storetest.Sign(next)}, found)
	got, err := s.ResolvePath(ctx, old.Path)
	require.NoError(t, err)
	require.Equal(t, storetest.Sign(next), got)
}

// Of many processes that register one version, or one path, one does.
func TestRaced(t *testing.T) {
	pool := database(t)
	var stores []*Store
	for range 4 {
		s, err := Open(t.Context(), pool, config())
		require.NoError(t, err)
		stores = append(stores, s)
	}
	same, path := storetest.Record(1), storetest.Record(2).Path
	var won, paths atomic.Int32
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			if stores[i%4].Register(context.Background(), storetest.Sign(same)) == nil {
				won.Add(1)
			}
			other := storetest.Record(2)
			other.Path = path
			if stores[i%4].Register(context.Background(), storetest.Sign(other)) == nil {
				paths.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, won.Load())
	require.EqualValues(t, 1, paths.Load())
}

// What a process without the log registered is logged by the one that has it.
func TestLogMissing(t *testing.T) {
	pool := database(t)
	ctx := t.Context()
	reader, err := Open(ctx, pool, config())
	require.NoError(t, err)
	a, b, c := storetest.Sign(storetest.Record(1)), storetest.Sign(storetest.Record(2)), storetest.Sign(storetest.Record(3))
	require.NoError(t, reader.Register(ctx, a))
	_, err = reader.Prove(ctx, a.Record.Code)
	require.ErrorContains(t, err, "no evidence log")
	cfg := config()
	cfg.Log = openLog(t, t.TempDir())
	s, err := Open(ctx, pool, cfg)
	require.NoError(t, err)
	require.NoError(t, reader.Register(ctx, b))
	_, err = s.Prove(ctx, b.Record.Code)
	require.ErrorIs(t, err, evidence.ErrUnpublished)
	require.NoError(t, s.Register(ctx, c))
	checkpoint, err := cfg.Log.Publish(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 3, checkpoint.Size)
	for _, x := range []directory.Signed{a, b, c} {
		_, err := s.Prove(ctx, x.Record.Code)
		require.NoError(t, err)
	}
	// Open knows what is logged.
	_, err = Open(ctx, pool, cfg)
	require.NoError(t, err)
	checkpoint, err = cfg.Log.Publish(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 3, checkpoint.Size)
}

// A call that waits for another one's turn or lock waits no longer than its context.
func TestWaiting(t *testing.T) {
	pool := database(t)
	ctx := t.Context()
	s, err := Open(ctx, pool, config())
	require.NoError(t, err)
	tx, err := pool.Begin(ctx)
	require.NoError(t, err)
	defer tx.Rollback(context.Background())
	_, err = tx.Exec(ctx, "select pg_advisory_xact_lock($1)", int64(lockID))
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 3 { // the first for the lock, the others for the first
		group.Go(func() {
			short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			if err := s.Register(short, storetest.Sign(storetest.Record(1))); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
	group.Go(func() {
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		if _, err := Open(short, pool, config()); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	group.Wait()
}

// The rights that the package names are enough, and readers do not register.
func TestGrants(t *testing.T) {
	pool := database(t)
	ctx := t.Context()
	_, err := Open(ctx, pool, config())
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `drop role if exists reader, node; create role reader login; create role node login;
		grant usage on schema dujiang_directory to reader, node;
		grant select on all tables in schema dujiang_directory to reader; grant all on all tables in schema dujiang_directory to node`)
	require.NoError(t, err)
	as := func(role string) *Store {
		cfg := pool.Config()
		cfg.ConnConfig.User = role
		p, err := pgxpool.NewWithConfig(ctx, cfg)
		require.NoError(t, err)
		t.Cleanup(p.Close)
		s, err := Open(ctx, p, config())
		require.NoError(t, err)
		return s
	}
	var many []directory.Signed
	for i := range 2 * manyRows {
		many = append(many, storetest.Sign(storetest.Record(i)))
	}
	reader := as("reader")
	require.NoError(t, as("node").Register(ctx, many...))
	require.ErrorContains(t, reader.Register(ctx, storetest.Sign(storetest.Record(1000))), "permission denied")
	found, err := reader.Search(ctx, &directory.Query{Text: "气象", Limit: 1000})
	require.NoError(t, err)
	require.Equal(t, many, found)
	got, err := reader.Resolve(ctx, many[7].Record.Code)
	require.NoError(t, err)
	require.Equal(t, many[7], got)
}

// What may or may not have been noted as logged is looked at again.
func TestLogAfterError(t *testing.T) {
	cfg := config()
	cfg.Log = openLog(t, t.TempDir())
	s := open(t, cfg)
	ctx := t.Context()
	a, b := storetest.Sign(storetest.Record(1)), storetest.Sign(storetest.Record(2))
	// As if the answer to an earlier note had been lost.
	_, err := s.pool.Exec(ctx, "insert into dujiang_directory.logged values (1, 0)")
	require.NoError(t, err)
	require.ErrorContains(t, s.Register(ctx, a), "LogMissing tries again")
	require.NoError(t, s.LogMissing(ctx))
	require.NoError(t, s.Register(ctx, b))
	_, err = cfg.Log.Publish(ctx)
	require.NoError(t, err)
	for _, r := range []directory.Signed{a, b} {
		_, err := s.Prove(ctx, r.Record.Code)
		require.NoError(t, err)
	}
}

// Damage of a table is an error.
func TestDamage(t *testing.T) {
	s := open(t, config())
	r := storetest.Sign(storetest.Record(1))
	require.NoError(t, s.Register(t.Context(), r))
	_, err := s.pool.Exec(t.Context(), `update dujiang_directory.entry set record = '{"code":"x"}'`)
	require.NoError(t, err)
	_, err = s.Resolve(t.Context(), r.Record.Code)
	require.ErrorContains(t, err, "malformed")
}
