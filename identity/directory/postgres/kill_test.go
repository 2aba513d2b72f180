package postgres

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/internal/killtest"
)

// openBoth opens the tables of a data base with a log in a folder.
func openBoth(ctx context.Context, database, dir string) (*Store, *evidence.Log, error) {
	l, err := evidence.Open(filepath.Join(dir, "log"), &evidence.Config{Origin: "log.example.cn", Signer: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))})
	if err != nil {
		return nil, nil, err
	}
	pool, err := connect(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	cfg := config()
	cfg.Log = l
	s, err := Open(ctx, pool, cfg)
	return s, l, err
}

// registerUntilKilled registers pairs of records. Its argument is the server's
// socket, the data base and a folder, between spaces.
func registerUntilKilled(arg string) error {
	words := strings.Fields(arg)
	socket = words[0]
	ctx := context.Background()
	s, _, err := openBoth(ctx, words[1], words[2])
	if err != nil {
		return err
	}
	// Records have paths with their number, so each process has numbers of its own.
	for i := int(time.Now().UnixMicro()); ; i += 2 {
		a, b := storetest.Record(i), storetest.Record(i+1)
		if err := s.Register(ctx, storetest.Sign(a), storetest.Sign(b)); err != nil {
			return err
		}
		killtest.Acknowledge(a.Code)
		killtest.Acknowledge(b.Code)
	}
}

// kill -9 of a registering process at any moment loses no record that was
// acknowledged, and the next one logs what the log lacks.
func TestKill(t *testing.T) {
	rounds := 3
	if *long {
		rounds = 100
	}
	pool := database(t)
	name := pool.Config().ConnConfig.Database
	dir := t.TempDir()
	var acknowledged []identity.Code
	killtest.Run(t, rounds, socket+" "+name+" "+dir, 60*time.Millisecond, func(line string) {
		c, err := identity.Parse(line)
		require.NoError(t, err, line)
		acknowledged = append(acknowledged, c)
	}, nil)
	s, l, err := openBoth(t.Context(), name, dir)
	require.NoError(t, err)
	defer l.Close()
	defer s.pool.Close()
	_, err = l.Publish(t.Context())
	require.NoError(t, err)
	for _, c := range acknowledged {
		_, err := s.Prove(t.Context(), c)
		require.NoError(t, err)
	}
	var entries, logged int
	require.NoError(t, pool.QueryRow(t.Context(), "select count(*), (select count(*) from dujiang_directory.logged) from dujiang_directory.entry").Scan(&entries, &logged))
	require.Equal(t, entries, logged)
	require.Zero(t, entries%2)
	require.LessOrEqual(t, entries, len(acknowledged)+2*rounds)
}
