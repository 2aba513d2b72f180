package main

import (
	"context"
	"fmt"
	"strings"
)

// A peer is something else to measure in the same run, at the same sizes. The
// built-in one is the textbook's protocol. Any other is a program: it reads an
// [order] as a line of JSON from standard input, runs both parties in its own
// process on random 16-byte items, of which half of the smaller side's are
// common, and writes an [answer] as a line of JSON, with the process's figures
// and the number of common items that it found.
type peer struct {
	name    string
	command []string // none if it is built in
}

// textbook is the name of the built-in peer.
const textbook = "textbook"

// parsePeer reads textbook or name=command with arguments.
func parsePeer(s string) (peer, error) {
	name, command, other := strings.Cut(s, "=")
	p := peer{name: name}
	if other {
		p.command = strings.Fields(command)
	}
	switch {
	case !other && name == textbook:
	case !other:
		return peer{}, fmt.Errorf("%q is neither %s nor name=command", s, textbook)
	case name == "" || strings.Contains(name, "/") || len(p.command) == 0:
		return peer{}, fmt.Errorf("%q has no name or no command", s)
	}
	return p, nil
}

// peerJobs returns the jobs of peers. Programs run on the network mem only.
func peerJobs(peers []peer, sizes []size, networks []string) (jobs []*job) {
	for _, s := range bySize(sizes) {
		for _, p := range peers {
			for _, network := range networks {
				if p.command != nil && network != networkMem {
					continue
				}
				j := newPSIJob(fmt.Sprintf("PSI/%s/semi-honest/", p.name), network, &psiJob{N: s.n, M: s.m})
				j.PSI.Textbook, j.Command, j.Peer = p.command == nil, p.command, true
				jobs = append(jobs, j)
			}
		}
	}
	return jobs
}

// measureProgram runs a peer's program once.
func measureProgram(ctx context.Context, j *job, procs int) (*measurement, error) {
	c, err := startChild(ctx, &order{Job: j}, procs)
	if err != nil {
		return nil, err
	}
	a, err := c.result()
	switch {
	case err != nil:
		return nil, err
	case a.Common != j.PSI.common():
		return nil, fmt.Errorf("%w: %d items are common, and it says %d", errWrong, j.PSI.common(), a.Common)
	case len(a.Process.Parties) != 2:
		return nil, fmt.Errorf("it gave figures of %d parties", len(a.Process.Parties))
	}
	return &measurement{[]*process{a.Process}}, nil
}
