package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
)

// childVariable tells this program that it is a measured process. It reads an
// order from standard input, which stays open as long as the parent lives, and
// writes answers to standard output.
const childVariable = "DUJIANG_BENCH_CHILD"

// An order is what a measured process does: both sides of a job for the network
// mem, one for tls.
type order struct {
	Job  *job     `json:"job"`
	Side int      `json:"side"`
	Meet *meeting `json:"meet,omitempty"` // where the other side listens
}

// An answer is a line that a measured process writes.
type answer struct {
	Meet    *meeting `json:"meet,omitempty"`
	Process *process `json:"process,omitempty"`
	Common  int      `json:"common,omitempty"` // of a peer's program: items in the result
}

// A process is what was measured in one process.
type process struct {
	// CPU is user and system time during the run, without preparation and
	// connecting, but with both parties if both are here. Zero is unknown.
	CPU float64 `json:"cpu_seconds"`
	// CPUWait is for how long threads were ready during the run and had no
	// processor. Zero is unknown, or nothing.
	CPUWait float64 `json:"cpu_wait_seconds"`
	// PeakRSS is the most memory the process ever had, and PrepareRSS that
	// until the run began. Zero is unknown.
	PeakRSS    int64       `json:"peak_rss_bytes"`
	PrepareRSS int64       `json:"prepare_rss_bytes"`
	Parties    []partyTime `json:"parties"`
}

// A partyTime is what was measured of a party.
type partyTime struct {
	Side    string  `json:"side"`
	Prepare float64 `json:"prepare_seconds"`
	Wall    float64 `json:"wall_seconds"`
	costs
}

// childMain is what a measured process does instead of main.
func childMain(in io.Reader, out, errout io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintln(errout, err)
		return 1
	}
	var o order
	if err := json.NewDecoder(in).Decode(&o); err != nil {
		return fail(fmt.Errorf("reading the order: %w", err))
	}
	go func() {
		io.Copy(io.Discard, in)
		os.Exit(1) // the parent is gone
	}()
	answers := json.NewEncoder(out)
	var p *process
	var err error
	if o.Job.Network == networkMem {
		p, err = o.inMemory()
	} else {
		p, err = o.overTLS(func(m *meeting) error { return answers.Encode(answer{Meet: m}) })
	}
	if err != nil {
		return fail(err)
	}
	if err := answers.Encode(answer{Process: p}); err != nil {
		return fail(err)
	}
	return 0
}

// A contender is a party with its measurements.
type contender struct {
	party
	partyTime
}

// newContender makes a party ready to run.
func (o *order) newContender(side int) (*contender, error) {
	p, err := o.Job.party(side)
	if err != nil {
		return nil, err
	}
	c := &contender{party: p, partyTime: partyTime{Side: o.Job.sides()[side]}}
	start := time.Now()
	err = p.prepare()
	c.Prepare = time.Since(start).Seconds()
	return c, err
}

// timed runs c and takes the time.
func (c *contender) timed(rw io.ReadWriter) error {
	start := time.Now()
	err := c.run(context.Background(), rw)
	c.Wall = time.Since(start).Seconds()
	if err != nil {
		return fmt.Errorf("%s: %w", c.Side, err)
	}
	return nil
}

// inMemory measures all parties in this process.
func (o *order) inMemory() (*process, error) {
	if len(o.Job.sides()) == 1 {
		all, err := o.newContender(0)
		if err != nil {
			return nil, err
		}
		return measured([]*contender{all}, func() error { return all.timed(nil) })
	}
	var both [2]*contender
	for side := range both {
		var err error
		if both[side], err = o.newContender(side); err != nil {
			return nil, err
		}
	}
	a, b := newPipe(pipeBuffer)
	ends := [2]*pipeEnd{a, b}
	p, err := measured(both[:], func() error {
		var errs [2]error
		var running sync.WaitGroup
		for side, c := range both {
			running.Go(func() {
				if errs[side] = c.timed(ends[side]); errs[side] != nil {
					ends[side].Close() // the other side stops too
				}
			})
		}
		running.Wait()
		return errors.Join(errs[:]...)
	})
	if err != nil {
		return nil, err
	}
	for side, c := range p.Parties {
		if sent := ends[side].sent(); c.Sent != sent || p.Parties[1-side].Received != sent {
			return nil, fmt.Errorf("the %s says that it sent %d bytes, and the pipe carried %d", c.Side, c.Sent, sent)
		}
	}
	return p, nil
}

// measured takes the figures of a process around run, and checks the results.
func measured(contenders []*contender, run func() error) (*process, error) {
	runtime.GC() // as package testing does, so that the run doesn't pay for what came before
	p := &process{PrepareRSS: peakRSS()}
	waited, before := cpuWait(), cpuTime()
	err := run()
	p.CPU = (cpuTime() - before).Seconds()
	p.CPUWait = max(0, (cpuWait() - waited).Seconds())
	p.PeakRSS = peakRSS()
	if err != nil {
		return nil, err
	}
	for _, c := range contenders {
		if c.costs, err = c.finish(); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Side, err)
		}
		p.Parties = append(p.Parties, c.partyTime)
	}
	return p, nil
}
