// Command link finds the rows that two tables on two machines have in common,
// and shows neither side anything else of the other's table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/dujiang-dev/dujiang/examples/internal/pinned"
	"github.com/dujiang-dev/dujiang/identity/agreement"
	"github.com/dujiang-dev/dujiang/psi"
)

const usage = `link finds the rows that two tables on two machines have in common. Each side
keeps its table; the other side learns how many different keys there are in it
and, if -reveal says so, which of its own rows matched. Nothing else.

  link keygen FILE              make a key and print its fingerprint
  link serve -listen ADDR ...   wait for the other side, run once
  link join ADDR ...            connect to it, run once

Before anything is computed both sides sign what that is to be, and a channel
opens only between the two that signed the same.

Each side makes a key once, and the two tell each other the fingerprints by
phone or on paper. Then, on the first machine and on the second:

  link serve -listen :7700 -identity a.key -peer SHA256:... \
      -in patients.csv -key name:text,birthday:date -reveal joiner
  link join first.example:7700 -identity b.key -peer SHA256:... \
      -in members.csv -key full_name:text,born:date -reveal joiner -out common.csv

Both sides must give the same kinds of columns in the same order, and the same
-reveal; the names of the columns may differ. "link serve -h" lists all options.

Exit codes: 0 done, 1 failed here, 2 wrong usage or input, 3 peer not reachable or
lost, 4 peer broke the protocol, 5 the two sides are configured differently, 6 peer
has the wrong key, 7 peer stopped, 8 out of time, 130 interrupted.
`

// Exit codes, as the usage text lists them.
const (
	exitFailed       = 1
	exitInput        = 2
	exitUnreachable  = 3
	exitPeer         = 4
	exitIncompatible = 5
	exitStranger     = 6
	exitAborted      = 7
	exitTimeout      = 8
	exitInterrupted  = 130
)

// An inputError is the user's to mend.
type inputError struct{ err error }

func (e inputError) Error() string { return e.err.Error() }
func (e inputError) Unwrap() error { return e.err }

// errInterrupted is the cause of a context that the user ended.
var errInterrupted = errors.New("interrupted")

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupts
		signal.Stop(interrupts) // a second one ends the program at once
		cancel(errInterrupted)
	}()
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	code, advice := diagnose(err)
	fmt.Fprintln(os.Stderr, "link:", err)
	if advice != "" {
		fmt.Fprintln(os.Stderr, advice)
	}
	os.Exit(code)
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return inputError{errors.New("say what to do: keygen, serve or join; link -h tells more")}
	}
	switch args[0] {
	case "keygen":
		return keygen(args[1:], stdout)
	case "serve", "join":
		j, err := parseJob(args[0] == "serve", args[1:], stderr)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, j.timeout)
		defer cancel()
		return j.run(ctx, stdout, stderr)
	case "-h", "-help", "--help", "help":
		fmt.Fprint(stdout, usage)
		return nil
	}
	return inputError{fmt.Errorf("there is no command %q; there are keygen, serve and join", args[0])}
}

func keygen(args []string, stdout io.Writer) error {
	if len(args) != 1 || args[0] == "" || args[0][0] == '-' {
		return inputError{errors.New("usage: link keygen FILE")}
	}
	key, err := pinned.NewKey()
	if err != nil {
		return err
	}
	if err := key.Write(args[0]); err != nil {
		return inputError{err}
	}
	_, err = fmt.Fprintln(stdout, key.Fingerprint())
	return err
}

// diagnose returns the exit code for err and what to do about it.
func diagnose(err error) (code int, advice string) {
	var input inputError
	switch {
	case errors.Is(err, errInterrupted):
		return exitInterrupted, ""
	case errors.As(err, new(unreachable)): // also if that took the time of an attempt
		return exitUnreachable, adviceUnreachable
	case errors.Is(err, context.DeadlineExceeded):
		return exitTimeout, "Give more time with -timeout, or find out why the other side is slow."
	case errors.As(err, &input):
		return exitInput, ""
	case errors.Is(err, psi.ErrIncompatible):
		return exitIncompatible, "Both sides must give the same -reveal, -protocol and -adversary, and -key with the same kinds in the same order."
	case errors.Is(err, psi.ErrPeer), errors.Is(err, agreement.ErrSignature), errors.Is(err, agreement.ErrMismatch), errors.Is(err, agreement.ErrPeer):
		return exitPeer, "Nothing was written. If the other side runs the same version of this program, ask its operator."
	case errors.Is(err, psi.ErrAborted):
		return exitAborted, "The message on the other side says why. Nothing was written here."
	case errors.Is(err, pinned.ErrStranger):
		return exitStranger, "If the other side has made a new key, have its operator tell you the fingerprint and give that with -peer."
	case errors.Is(err, pinned.ErrRefused):
		return exitStranger, "Tell the other side the fingerprint of this side's key, which stands above, for its -peer."
	case errors.As(err, new(*net.OpError)), errors.Is(err, io.ErrUnexpectedEOF):
		return exitUnreachable, adviceUnreachable
	}
	return exitFailed, ""
}

const adviceUnreachable = "Check that the other side is running, its address, and the firewalls in between."

// defaultTimeout bounds a run, waiting for the other side included.
const defaultTimeout = time.Hour
