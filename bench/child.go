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

// An order is what a measured process does: all sides of a job for the network
// mem, one for others.
type order struct {
	Job  *job `json:"job"`
	Side int  `json:"side"`
	// Host is the address on which the side listens.
	Host string `json:"host,omitempty"`
	// Meet is where the sides listen that come after this one.
	Meet map[int]*meeting `json:"meet,omitempty"`
}

// An answer is a line that a measured process writes.
type answer struct {
	Meet    *meeting `json:"meet,omitempty"`
	Process *process `json:"process,omitempty"`
	Common  int      `json:"common,omitempty"` // of a peer's program: items, or bytes, in the result
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
	PeakRSS    int64 `json:"peak_rss_bytes"`
	PrepareRSS int64 `json:"prepare_rss_bytes"`
	// Allocs and AllocBytes are what was allocated on the heap during the run.
	Allocs     uint64 `json:"allocs"`
	AllocBytes uint64 `json:"alloc_bytes"`
	// Energy is that of all processors of the machine during the run, in joules,
	// whatever else ran. Zero is unknown.
	Energy  float64     `json:"energy_joules,omitempty"`
	Parties []partyTime `json:"parties"`
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
	k, err := o.Job.kind()
	if err != nil {
		return nil, err
	}
	p, err := k.party(side)
	if err != nil {
		return nil, err
	}
	c := &contender{party: p, partyTime: partyTime{Side: k.sides()[side]}}
	start := time.Now()
	err = p.prepare()
	c.Prepare = time.Since(start).Seconds()
	return c, err
}

// timed runs c and takes the time.
func (c *contender) timed(peers []io.ReadWriter) error {
	start := time.Now()
	err := c.run(context.Background(), peers)
	c.Wall = time.Since(start).Seconds()
	if err != nil {
		return fmt.Errorf("%s: %w", c.Side, err)
	}
	return nil
}

// inMemory measures all parties in this process.
func (o *order) inMemory() (*process, error) {
	sides := o.Job.sides()
	all := make([]*contender, max(1, len(sides)))
	for side := range all {
		var err error
		if all[side], err = o.newContender(side); err != nil {
			return nil, err
		}
	}
	ends := mesh(len(all))
	p, err := measured(all, func() error { return nil }, func() error {
		errs := make([]error, len(all))
		var running sync.WaitGroup
		for side, c := range all {
			running.Go(func() {
				peers := make([]io.ReadWriter, len(all))
				for i, end := range ends[side] {
					if end != nil {
						peers[i] = end
					}
				}
				if errs[side] = c.timed(peers); errs[side] == nil {
					return
				}
				for _, end := range ends[side] { // the other sides stop too
					if end != nil {
						end.Close()
					}
				}
			})
		}
		running.Wait()
		return errors.Join(errs...)
	})
	if err != nil || len(all) == 1 {
		return p, err
	}
	for side, c := range p.Parties {
		var sent, received int64
		for i, end := range ends[side] {
			if end != nil {
				sent, received = sent+end.sent(), received+ends[i][side].sent()
			}
		}
		if c.Sent != sent || c.Received != received {
			return nil, fmt.Errorf("the %s says that it sent %d bytes and received %d, and the pipes carried %d and %d",
				c.Side, c.Sent, c.Received, sent, received)
		}
	}
	return p, nil
}

// mesh returns the ends of pipes between n sides: that of side i to side j at
// [i][j].
func mesh(n int) [][]*pipeEnd {
	ends := make([][]*pipeEnd, n)
	for i := range ends {
		ends[i] = make([]*pipeEnd, n)
		for j := range i {
			ends[i][j], ends[j][i] = newPipe(pipeBuffer)
		}
	}
	return ends
}

// measured takes the figures of a process around run, which begins when ready
// returns, and checks the results.
func measured(contenders []*contender, ready, run func() error) (*process, error) {
	runtime.GC() // as package testing does, so that the run doesn't pay for what came before
	if err := ready(); err != nil {
		return nil, err
	}
	p := &process{PrepareRSS: peakRSS()}
	var allocated, after runtime.MemStats
	runtime.ReadMemStats(&allocated)
	energy := startEnergy(powercap)
	waited, before := cpuWait(), cpuTime()
	err := run()
	p.CPU = (cpuTime() - before).Seconds()
	p.CPUWait = max(0, (cpuWait() - waited).Seconds())
	p.Energy = energy.joules()
	runtime.ReadMemStats(&after)
	p.Allocs, p.AllocBytes = after.Mallocs-allocated.Mallocs, after.TotalAlloc-allocated.TotalAlloc
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
