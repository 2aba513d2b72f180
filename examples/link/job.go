package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/dujiang-dev/dujiang/examples/internal/bar"
	"github.com/dujiang-dev/dujiang/examples/internal/pinned"
	"github.com/dujiang-dev/dujiang/identity/agreement"
	"github.com/dujiang-dev/dujiang/psi"
	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

// learns reports whether this side learns which of its rows matched.
func (j *job) learns() bool {
	return j.reveal == "both" || j.serve == (j.reveal == "server")
}

// run does the job.
func (j *job) run(ctx context.Context, stdout, stderr io.Writer) error {
	before, err := os.Stat(j.in)
	if err != nil {
		return inputError{err}
	}
	// Whatever stands in the way of the result must come up before the other side
	// has got its own.
	var out *os.File
	if j.out != "" {
		if out, err = j.create(before); err != nil {
			return inputError{err}
		}
		defer os.Remove(out.Name()) // unless it has another name then
		defer out.Close()
	}
	set, report, err := j.read(ctx)
	if err != nil {
		return inputError{err}
	}
	defer set.Close()
	if !j.json {
		report.print(stderr)
	}
	k, err := j.keep()
	if err != nil {
		return inputError{err}
	}
	defer k.close()
	conn, err := j.connect(ctx, stderr)
	if err != nil {
		return err
	}
	defer conn.Close()
	start := time.Now()
	channel, permit, err := j.agree(ctx, conn, k, stderr)
	if err != nil {
		return err
	}
	result, err := j.intersect(ctx, channel, permit.Context(), set)
	if err != nil {
		return err
	}
	if j.learns() {
		if result.Rows, err = agreement.ReleaseRows(permit, result.Rows); err != nil {
			return err
		}
	}
	if j.out != "" {
		if after, err := os.Stat(j.in); err != nil || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
			return inputError{fmt.Errorf("%s was changed during the run, so the positions of the matches mean nothing any more; run again", j.in)}
		}
		if err := j.write(out, result.Rows); err != nil {
			return err
		}
	}
	s := newSummary(j, report, result, time.Since(start))
	if j.json {
		return json.NewEncoder(stdout).Encode(s)
	}
	return s.print(stdout)
}

func (j *job) read(ctx context.Context) (*psi.Set, *tableReport, error) {
	f, err := os.Open(j.in)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	keys, err := joinkey.CSV(interruptible{ctx, f}, j.spec, &j.table)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", j.in, err)
	}
	newSet := psi.NewSet
	if j.memory > 0 {
		newSet = func(keys iter.Seq2[[]byte, error]) (*psi.Set, error) { return psi.NewFileSet("", keys) }
	}
	set, err := newSet(keys.All())
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", j.in, err)
	}
	if j.pad > 0 && j.pad < set.Items() {
		set.Close()
		return nil, nil, fmt.Errorf("-pad is %d, less than the %d different keys of %s", j.pad, set.Items(), j.in)
	}
	return set, &tableReport{Report: keys.Report(), file: j.in, items: set.Items()}, nil
}

// An interruptible reader fails when its context has ended.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r interruptible) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}

// unreachable says that there is no connection to the other side.
type unreachable struct{ err error }

func (e unreachable) Error() string { return e.err.Error() }
func (e unreachable) Unwrap() error { return e.err }

func (j *job) connect(ctx context.Context, stderr io.Writer) (net.Conn, error) {
	if j.serve {
		ln, err := pinned.Listen(j.addr, j.key, j.peer)
		if err != nil {
			return nil, inputError{err}
		}
		fmt.Fprintf(stderr, "waiting at %s with key %s\n", ln.Addr(), j.key.Fingerprint())
		return ln.AcceptPeer(ctx, func(from net.Addr, err error) {
			fmt.Fprintf(stderr, "turned %s away: %v\n", from, err)
		})
	}
	fmt.Fprintf(stderr, "connecting to %s with key %s\n", j.addr, j.key.Fingerprint())
	// The other side may be about to start.
	const patience, pause = 10 * time.Second, 200 * time.Millisecond
	for deadline := time.Now().Add(patience); ; {
		conn, err := pinned.Dial(ctx, j.addr, j.key, j.peer)
		switch {
		case err == nil:
			return conn, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, pinned.ErrStranger), errors.Is(err, pinned.ErrRefused):
			return nil, err
		case time.Now().After(deadline):
			return nil, unreachable{err}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

func (j *job) intersect(ctx context.Context, conn net.Conn, agreed []byte, set *psi.Set) (*psi.Result, error) {
	cfg := &psi.Config{
		Adversary: j.adversary,
		Reveal:    psi.RevealReceiver,
		Protocol:  j.protocol,
		Context:   agreed,
		PadTo:     j.pad,
		Memory:    j.memory,
	}
	if j.reveal == "both" {
		cfg.Reveal = psi.RevealBoth
	}
	if j.bar {
		progress, clear := bar.New(os.Stderr, "linking")
		cfg.Progress = progress
		defer clear()
	}
	run := psi.Receive
	if j.serve != (j.reveal == "server") {
		run = psi.Send
	}
	return run(ctx, conn, set, cfg)
}

// create makes a file beside -out that takes its place when it is complete, so
// that there is never half of one. The table is in.
func (j *job) create(in os.FileInfo) (*os.File, error) {
	if !in.Mode().IsRegular() {
		return nil, fmt.Errorf("-in %s can be read only once, and -out needs a second time; copy it to a file", j.in)
	}
	if old, err := os.Stat(j.out); err == nil {
		switch {
		case os.SameFile(in, old):
			return nil, fmt.Errorf("-out %s would replace this side's table", j.out)
		case !old.Mode().IsRegular():
			return nil, fmt.Errorf("-out %s is not a regular file", j.out)
		}
	}
	out, err := os.CreateTemp(filepath.Dir(j.out), "."+filepath.Base(j.out)+".*")
	if err != nil {
		return nil, fmt.Errorf("-out: %w", err)
	}
	return out, nil
}

// write writes the matched rows to out, which becomes -out.
func (j *job) write(out *os.File, rows []int) error {
	in, err := os.Open(j.in)
	if err != nil {
		return err
	}
	defer in.Close()
	err = joinkey.CopyRows(out, in, rows, &j.table)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), j.out)
}
