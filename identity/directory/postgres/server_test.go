package postgres

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
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
// there and nowhere else. Where the system can see to that, it ends with this
// process, however that ends.
func startServer(bin string) (stop func(), err error) {
	dir, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	uid, gid := -1, -1
	if os.Getuid() == 0 {
		// The server refuses to run as root.
		owner, err := user.Lookup("postgres")
		if err != nil {
			if owner, err = user.Lookup("nobody"); err != nil {
				return nil, err
			}
		}
		if uid, err = strconv.Atoi(owner.Uid); err != nil {
			return nil, err
		}
		if gid, err = strconv.Atoi(owner.Gid); err != nil {
			return nil, err
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	program := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = dir
		tie(cmd, uid, gid)
		return cmd
	}
	var server *exec.Cmd
	stop = func() {
		if server != nil {
			server.Process.Signal(syscall.SIGQUIT) // at once, and without a trace in shared memory
			server.Wait()
		}
		os.RemoveAll(dir)
	}
	began := make(chan error, 1)
	go func() {
		// What is tied to this process is tied to the thread that started it,
		// so that one stays.
		runtime.LockOSThread()
		began <- func() error {
			if out, err := program("initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync").CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			args := []string{"-D", data, "-c", "listen_addresses=", "-k", dir}
			if !*long {
				args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off") // nothing here needs to survive the machine
			}
			log, err := os.Create(filepath.Join(dir, "log"))
			if err != nil {
				return err
			}
			defer log.Close()
			cmd := program("postgres", args...)
			cmd.Stdout, cmd.Stderr = log, log
			if err := cmd.Start(); err != nil {
				return err
			}
			server = cmd
			return nil
		}()
		select {}
	}()
	if err := <-began; err != nil {
		stop()
		return nil, err
	}
	socket = dir
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		pool, err := connect(context.Background(), "postgres")
		if err == nil {
			err = pool.Ping(context.Background())
			pool.Close()
		}
		if err == nil {
			return stop, nil
		}
		if time.Now().After(until) {
			said, _ := os.ReadFile(filepath.Join(dir, "log"))
			stop()
			return nil, fmt.Errorf("%w: %s", err, said)
		}
	}
}

func connect(ctx context.Context, database string) (*pgxpool.Pool, error) {
	return pgxpool.New(ctx, fmt.Sprintf("host=%s user=test dbname=%s", socket, database))
}

// database connects to a data base that the store has not seen. It is always the
// same one, since making one takes longer than most tests, so that tests come one
// after another.
func database(t testing.TB) *pgxpool.Pool {
	if socket == "" {
		t.Skip("PostgreSQL is not installed")
	}
	pool, err := connect(context.Background(), "postgres")
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := pool.Exec(ctx, "drop schema if exists dujiang_directory cascade")
		pool.Close()
		require.NoError(t, err)
	})
	return pool
}
