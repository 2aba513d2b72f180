package registry

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/internal/killtest"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

func TestMain(m *testing.M) {
	killtest.Child(registerUntilKilled)
	os.Exit(m.Run())
}

// openAt opens a registry with a real log, both on the disk.
func openAt(dir, registrar string) (*world, *evidence.Log, map[evidence.Commitment]int64, error) {
	self, err := identity.Parse(registrar)
	if err != nil {
		return nil, nil, nil, err
	}
	logged := make(map[evidence.Commitment]int64)
	log, err := evidence.Open(filepath.Join(dir, "log"), &evidence.Config{Origin: "log.example/kill", Signer: signer("log"),
		Replay: func(i int64, c evidence.Commitment) error {
			if _, ok := logged[c]; ok {
				return fmt.Errorf("entry %d is logged twice", i)
			}
			logged[c] = i
			return nil
		}})
	if err != nil {
		return nil, nil, nil, err
	}
	w := &world{now: start, self: self}
	cfg := config(w)
	cfg.Log, cfg.Logged = log, logged
	w.Registry, err = Open(filepath.Join(dir, "registry"), cfg)
	return w, log, logged, err
}

// registerUntilKilled registers one identity after another. Its argument is the
// registrar's code, a space and a folder.
func registerUntilKilled(arg string) error {
	registrar, dir, _ := strings.Cut(arg, " ")
	w, _, _, err := openAt(dir, registrar)
	if err != nil {
		return err
	}
	subject, err := identity.NewPseudonym(make([]byte, 32))
	if err != nil {
		return err
	}
	area, err := identity.ParseArea("3101")
	if err != nil {
		return err
	}
	key, err := algorithms.Public(signer("a"))
	if err != nil {
		return err
	}
	for {
		c, err := identity.Mint(identity.Connector, subject, area)
		if err != nil {
			return err
		}
		n, err := w.Nonce(c, key)
		if err != nil {
			return err
		}
		op := w.next(c, Create)
		op.Nonce, op.Key, op.Next = n, key, sha256.Sum256([]byte("next"))
		s, err := Sign(algorithms, signer("a"), op)
		if err != nil {
			return err
		}
		r, err := w.Submit(context.Background(), s)
		if err != nil {
			return err
		}
		killtest.Acknowledge(c, r.Position)
	}
}

// kill -9 at any moment loses nothing that was acknowledged, and nothing is
// logged twice.
func TestKill(t *testing.T) {
	rounds := 10
	if *long {
		rounds = 100
	}
	dir, self := t.TempDir(), code(t, identity.RegionNode, "3101")
	acknowledged := make(map[identity.Code]int64)
	killtest.Run(t, rounds, self.String()+" "+dir, 100*time.Millisecond, func(line string) {
		var text string
		var position int64
		_, err := fmt.Sscan(line, &text, &position)
		require.NoError(t, err, line)
		c, err := identity.Parse(text)
		require.NoError(t, err, line)
		acknowledged[c] = position
	}, nil)
	w, log, logged, err := openAt(dir, self.String())
	require.NoError(t, err)
	defer log.Close()
	defer w.Close()
	for c, position := range acknowledged {
		k := w.byCode[c]
		require.NotNil(t, k)
		require.Equal(t, position, k.position)
		e := k.entries[0]
		require.Equal(t, position, logged[e.salt.Commit(e.entry)])
	}
	// At most one a round was kept and not acknowledged.
	require.LessOrEqual(t, len(w.byCode), len(acknowledged)+rounds)
}
