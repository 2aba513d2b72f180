package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// A measurement is one run of a job.
type measurement struct {
	Processes []*process `json:"processes"`
}

// measure runs a job once, in fresh processes.
func measure(ctx context.Context, j *job, procs int) (*measurement, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // if one process fails, the other one goes too
	if j.Command != nil {
		return measureProgram(ctx, j, procs)
	}
	if j.Network == networkMem {
		c, err := startChild(ctx, &order{Job: j}, procs, nil)
		if err != nil {
			return nil, err
		}
		a, err := c.result()
		if err != nil {
			return nil, err
		}
		return &measurement{[]*process{a.Process}}, nil
	}
	return measureApart(ctx, cancel, j, procs)
}

// measureApart runs a job with a process for each party. They begin with the last
// side, so that each is told where those after it listen.
func measureApart(ctx context.Context, cancel func(), j *job, procs int) (_ *measurement, err error) {
	k, err := j.kind()
	if err != nil {
		return nil, err
	}
	children := make([]*child, len(k.sides()))
	network := networkOf(j.Network)
	var w *wire
	if network.wire {
		if w, err = newWire(len(children), *network.shape); err != nil {
			return nil, err
		}
		defer w.close()
	}
	meet := map[int]*meeting{} // by side
	for side := len(children) - 1; side >= 0; side-- {
		o := &order{Job: j, Side: side, Host: "127.0.0.1", Meet: map[int]*meeting{}}
		var at *site
		if w != nil {
			at = w.sites[side]
			o.Host = at.address.String()
		}
		for later, m := range meet {
			there := *m
			if network.shape != nil && w == nil {
				r, err := startRelay(m.Address, *network.shape)
				if err != nil {
					return nil, errors.Join(err, endAll(children, cancel))
				}
				defer r.close()
				there.Address = r.address()
			}
			o.Meet[later] = &there
		}
		if children[side], err = startChild(ctx, o, procs, at); err != nil {
			return nil, errors.Join(err, endAll(children, cancel))
		}
		if side > 0 {
			first, err := children[side].next()
			if err != nil {
				children[side] = nil // it has ended
				return nil, errors.Join(err, endAll(children, cancel))
			}
			meet[side] = first.Meet
		}
	}
	answers, errs := make([]*answer, len(children)), make([]error, len(children))
	var running sync.WaitGroup
	for side, c := range children {
		running.Go(func() {
			if answers[side], errs[side] = c.result(); errs[side] != nil {
				// The others may know better what went wrong, if they are
				// about to say so.
				time.AfterFunc(time.Second, cancel)
			}
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	m := &measurement{}
	for _, a := range answers {
		m.Processes = append(m.Processes, a.Process)
	}
	return m, nil
}

// endAll stops children that are not needed any more.
func endAll(children []*child, cancel func()) error {
	cancel()
	for _, c := range children {
		if c != nil {
			c.cmd.Wait()
		}
	}
	return nil
}

// A child is a measured process.
type child struct {
	cmd     *exec.Cmd
	answers *json.Decoder
	stdin   io.Closer
	errout  bytes.Buffer
}

// startChild starts a process, at a site of a wire if it is not nil.
func startChild(ctx context.Context, o *order, procs int, at *site) (*child, error) {
	command := o.Job.Command
	if command == nil {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		command = []string{self}
	}
	c := &child{cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	c.cmd.Env = append(os.Environ(), childVariable+"=1")
	if procs > 0 {
		c.cmd.Env = append(c.cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", procs))
	}
	c.cmd.Stderr = &c.errout
	stdin, err := c.cmd.StdinPipe() // stays open until the child has ended
	if err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.stdin, c.answers = stdin, json.NewDecoder(stdout)
	start := c.cmd.Start
	if at != nil {
		start = func() error { return at.start(c.cmd) }
	}
	if err := start(); err != nil {
		return nil, fmt.Errorf("starting a process to measure: %w", err)
	}
	if err := json.NewEncoder(stdin).Encode(o); err != nil {
		return nil, c.failed(err)
	}
	return c, nil
}

// next returns the next line that the child writes.
func (c *child) next() (*answer, error) {
	a := new(answer)
	if err := c.answers.Decode(a); err != nil {
		return nil, c.failed(err)
	}
	return a, nil
}

// result returns what was measured, when the child has ended.
func (c *child) result() (*answer, error) {
	a, err := c.next()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Wait(); err != nil {
		return nil, err
	}
	if a.Process == nil {
		return nil, errors.New("a measured process gave no figures")
	}
	return a, nil
}

// failed says why a child failed, rather than what its parent saw of that.
func (c *child) failed(err error) error {
	c.stdin.Close()
	if status := c.cmd.Wait(); status != nil {
		err = status
	}
	if text := strings.TrimSpace(c.errout.String()); text != "" {
		return errors.New(text)
	}
	return fmt.Errorf("a measured process failed: %w", err)
}
