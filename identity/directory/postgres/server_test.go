package postgres

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/killtest"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

// socket is the folder of the private server's socket. It is empty where
// PostgreSQL is not installed.
var socket string

func TestMain(m *testing.M) {
	killtest.Child(registerUntilKilled)
	flag.Parse()
	os.Exit(func() int {
		if bin := binaries(); bin != "" {
			stop, err := startServer(bin)
			if err != nil {
				fmt.Println("PostgreSQL does not start:", err)
				return 1
			}
			defer stop()
		}
		return m.Run()
	}())
}

// binaries returns the folder of PostgreSQL's programs, or nothing.
func binaries() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// startServer starts a server in a folder of its own, which listens on a socket
// there and nowhere else.
func startServer(bin string) (stop func(), err error) {
	dir, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	data := filepath.Join(dir, "data")
	program := func(name string, args ...string) *exec.Cmd { return exec.Command(filepath.Join(bin, name), args...) }
	if os.Getuid() == 0 {
		// The server refuses to run as root.
		owner, err := user.Lookup("postgres")
		if err != nil {
			if owner, err = user.Lookup("nobody"); err != nil {
				return nil, err
			}
		}
		uid, err := strconv.Atoi(owner.Uid)
		if err != nil {
			return nil, err
		}
		if err := os.Chown(dir, uid, -1); err != nil {
			return nil, err
		}
		program = func(name string, args ...string) *exec.Cmd {
			return exec.Command("setpriv", append([]string{"--reuid", owner.Uid, "--clear-groups", filepath.Join(bin, name)}, args...)...)
		}
	}
	run := func(cmd *exec.Cmd) error {
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	if err := run(program("initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync")); err != nil {
		return nil, err
	}
	options := "-c listen_addresses='' -c unix_socket_directories=" + dir
	if !*long {
		options += " -c fsync=off" // nothing here needs to survive the machine
	}
	// Not by CombinedOutput: the server would keep the pipe open.
	start := program("pg_ctl", "-D", data, "-l", filepath.Join(dir, "log"), "-w", "-o", options, "start")
	start.Dir = dir
	if err := start.Run(); err != nil {
		return nil, err
	}
	socket = dir
	return func() {
		run(program("pg_ctl", "-D", data, "-m", "immediate", "stop"))
		os.RemoveAll(dir)
	}, nil
}

func connect(ctx context.Context, database string) (*pgxpool.Pool, error) {
	return pgxpool.New(ctx, fmt.Sprintf("host=%s user=test dbname=%s", socket, database))
}

// database makes an empty data base and connects to it.
func database(t testing.TB) *pgxpool.Pool {
	if socket == "" {
		t.Skip("PostgreSQL is not installed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all, err := connect(ctx, "postgres")
	require.NoError(t, err)
	defer all.Close()
	name := "d" + strconv.FormatInt(time.Now().UnixNano(), 36)
	_, err = all.Exec(ctx, "create database "+strings.ToLower(name))
	require.NoError(t, err)
	pool, err := connect(ctx, name)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}
