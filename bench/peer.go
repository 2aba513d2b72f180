package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// The peers that this program brings, to be measured in the same run at the same
// sizes.
const (
	peerTextbook = "textbook" // PSI
	peerPSIJS    = "psi.js"   // PSI
	peerLattigo  = "lattigo"  // HE
	peerPrio3    = "prio3"    // HE
	peerPaillier = "paillier" // HE
	peerVault    = "vault"    // Share
)

var builtinPeers = []string{peerTextbook, peerPSIJS, peerLattigo, peerPrio3, peerPaillier, peerVault}

// parsePeers reads names with commas between, or nothing.
func parsePeers(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	names := strings.Split(s, ",")
	for _, name := range names {
		if !slices.Contains(builtinPeers, name) {
			return nil, fmt.Errorf("%q is none of %s", name, strings.Join(builtinPeers, ", "))
		}
	}
	return names, nil
}

// A peer is another program to measure. It reads an [order] as a line of JSON from
// standard input, runs both parties in its own process on random 16-byte items, of
// which half of the smaller side's are common, and writes an [answer] as a line of
// JSON, with the process's figures and the number of common items that it found.
type peer struct {
	name    string
	command []string
}

// parsePeer reads name=command with arguments.
func parsePeer(s string) (peer, error) {
	name, command, ok := strings.Cut(s, "=")
	p := peer{name: name, command: strings.Fields(command)}
	switch {
	case !ok:
		return peer{}, fmt.Errorf("%q is not name=command", s)
	case name == "" || strings.Contains(name, "/") || len(p.command) == 0:
		return peer{}, fmt.Errorf("%q has no name or no command", s)
	}
	return p, nil
}

// peerJobs returns the jobs of those peers that compute intersections. Programs run
// on the network mem only.
func peerJobs(builtin []string, peers []peer, sizes []size, networks []string) (jobs []*job) {
	for _, s := range bySize(sizes) {
		add := func(name, network string) *job {
			j := newPSIJob(fmt.Sprintf("PSI/%s/semi-honest/", name), network, &psiJob{N: s.n, M: s.m})
			j.Peer = true
			jobs = append(jobs, j)
			return j
		}
		if slices.Contains(builtin, peerTextbook) {
			for _, network := range networks {
				add(peerTextbook, network).PSI.Textbook = true
			}
		}
		if !slices.Contains(networks, networkMem) {
			continue
		}
		if slices.Contains(builtin, peerPSIJS) {
			add(peerPSIJS, networkMem).Install = peerPSIJS
		}
		for _, p := range peers {
			add(p.name, networkMem).Command = p.command
		}
	}
	return jobs
}

// measureProgram runs a peer's program once.
func measureProgram(ctx context.Context, j *job, procs int) (*measurement, error) {
	c, err := startChild(ctx, &order{Job: j}, procs, nil)
	if err != nil {
		return nil, err
	}
	a, err := c.result()
	if err != nil {
		return nil, err
	}
	want := 0
	switch {
	case j.PSI != nil:
		want = j.PSI.common()
	case j.Secret != nil:
		want = j.Secret.N
	}
	switch {
	case a.Common != want:
		return nil, fmt.Errorf("%w: it has %d items, and the program says %d", errWrong, want, a.Common)
	case len(a.Process.Parties) != len(j.sides()):
		return nil, fmt.Errorf("it gave figures of %d parties", len(a.Process.Parties))
	}
	return &measurement{[]*process{a.Process}}, nil
}
