// Package killtest kills processes at random moments, for tests of what stays on
// the disk.
//
// The process is the test binary itself. TestMain calls [Child], which takes over
// in such a process; a test calls [Run]. The child prints a line with [Acknowledge]
// for whatever it was promised, and works until it is killed.
package killtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

const env = "DUJIANG_KILLTEST"

// Child returns at once in a process that Run has not started. In one it has, it
// calls work with the argument of Run and does not return.
func Child(work func(arg string) error) {
	arg, ok := os.LookupEnv(env)
	if !ok {
		return
	}
	fmt.Println("error:", work(arg))
	os.Exit(1)
}

// Acknowledge prints a line in one write, so that a kill does not cut it unnoticed.
func Acknowledge(a ...any) { os.Stdout.WriteString(fmt.Sprintln(a...)) }

// Run starts a child, reads its lines, and kills it up to within after its first
// one, however long that took. It does so rounds times, and calls after, if it is
// not nil, behind each kill. A child that ends by itself, or acknowledges nothing
// within a minute, is a failure.
func Run(t *testing.T, rounds int, arg string, within time.Duration, line func(string), after func()) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range rounds {
		cmd := exec.Command(executable)
		cmd.Env = append(os.Environ(), env+"="+arg)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Whoever leaves in between leaves no process behind.
		kill := sync.OnceFunc(func() { cmd.Process.Kill() })
		patience := time.AfterFunc(time.Minute, kill)
		begun := sync.OnceFunc(func() { time.AfterFunc(rand.N(within), kill) })
		acknowledged := false
		for lines := bufio.NewReader(out); ; {
			text, err := lines.ReadString('\n')
			if errors.Is(err, io.EOF) {
				break // a line without an end was not printed
			}
			if err != nil || strings.HasPrefix(text, "error:") {
				kill()
				cmd.Wait()
				t.Fatalf("the child stopped: %v %s", err, text)
			}
			acknowledged = true
			begun()
			line(strings.TrimSuffix(text, "\n"))
		}
		cmd.Wait()
		patience.Stop()
		if !acknowledged {
			t.Fatal("the child acknowledged nothing")
		}
		if after != nil {
			after()
		}
	}
}
