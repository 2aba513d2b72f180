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
		c, err := startChild(ctx, &order{Job: j}, procs)
		if err != nil {
			return nil, err
		}
		a, err := c.result()
		if err != nil {
			return nil, err
		}
		return &measurement{[]*process{a.Process}}, nil
	}
	sender, err := startChild(ctx, &order{Job: j, Side: 1}, procs)
	if err != nil {
		return nil, err
	}
	first, err := sender.next()
	if err != nil {
		return nil, err
	}
	receiver, err := startChild(ctx, &order{Job: j, Side: 0, Meet: first.Meet}, procs)
	if err != nil {
		return nil, errors.Join(err, sender.end(cancel))
	}
	type outcome struct {
		answer *answer
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		a, err := sender.result()
		if err != nil {
			// The receiver may know better what went wrong, if it is about
			// to say so.
			time.AfterFunc(time.Second, cancel)
		}
		done <- outcome{a, err}
	}()
	a, err := receiver.result()
	if err != nil {
		time.AfterFunc(time.Second, cancel)
	}
	other := <-done
	if err = errors.Join(err, other.err); err != nil {
		return nil, err
	}
	return &measurement{[]*process{a.Process, other.answer.Process}}, nil
}

// A child is a measured process.
type child struct {
	cmd     *exec.Cmd
	answers *json.Decoder
	stdin   io.Closer
	errout  bytes.Buffer
}

func startChild(ctx context.Context, o *order, procs int) (*child, error) {
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
	if err := c.cmd.Start(); err != nil {
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

// end stops a child that is not needed any more.
func (c *child) end(cancel func()) error {
	cancel()
	c.cmd.Wait()
	return nil
}
