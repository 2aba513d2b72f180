package appendfile

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

const killEnv = "DUJIANG_APPENDFILE_KILL"

func TestMain(m *testing.M) {
	if path := os.Getenv(killEnv); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

// writeUntilKilled appends numbers from four goroutines and prints each when it
// is acknowledged.
func writeUntilKilled(path string) {
	next := 0
	f, err := Open(path, testMax, func([]byte) error { next++; return nil })
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var mu sync.Mutex
	for range 4 {
		go func() {
			for {
				mu.Lock()
				n := next
				next++
				err := f.Queue([]byte(fmt.Sprint(n)))
				mu.Unlock()
				if err != nil || f.Sync() != nil {
					os.Exit(1)
				}
				os.Stdout.WriteString(fmt.Sprintln(n))
			}
		}()
	}
	select {}
}

// kill -9 at any moment loses nothing that was acknowledged, and leaves a file
// that goes on.
func TestKill(t *testing.T) {
	rounds := 5
	if *long {
		rounds = 100
	}
	executable, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "file")
	acknowledged := 0
	for range rounds {
		cmd := exec.Command(executable)
		cmd.Env = append(os.Environ(), killEnv+"="+path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		go func() {
			time.Sleep(time.Duration(20+rand.IntN(60)) * time.Millisecond)
			cmd.Process.Kill()
		}()
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			if err == io.EOF {
				break // a line without an end was not printed
			}
			n, err := strconv.Atoi(line[:len(line)-1])
			require.NoError(t, err, line)
			acknowledged = max(acknowledged, n+1)
		}
		cmd.Wait()
		f, records := mustOpen(t, path)
		require.GreaterOrEqual(t, len(records), acknowledged)
		for i, r := range records {
			require.Equal(t, strconv.Itoa(i), r)
		}
		require.NoError(t, f.Close())
	}
	require.NotZero(t, acknowledged)
}

func BenchmarkAppend(b *testing.B) {
	f, _ := mustOpen(b, filepath.Join(b.TempDir(), "file"))
	record := make([]byte, 200)
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		if err := f.Queue(record); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, f.Close())
}
