package main

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/dujiang-dev/dujiang/he"
)

// A heJob is a sum of vectors, one of each contributor. In the modes with key
// holders there are as many as contributors, and all of them open the result.
type heJob struct {
	Mode    he.Mode `json:"mode"`
	Bits    int     `json:"bits"` // of a contributor's number
	Parties int     `json:"parties"`
	N       int     `json:"n"` // numbers of each contributor
	// Peer is the name of what does it instead of package he, if anything.
	Peer string `json:"peer,omitempty"`
	// Fault spoils a sum, so that tests see that the check of the result works.
	Fault bool `json:"fault,omitempty"`
}

// heJobs returns all jobs of package he, the small ones first, for the sizes that
// are equal on both sides, since all contributors have equally many numbers.
func heJobs(sizes []size, networks []string, parties []int, peers []string) (jobs []*job) {
	if !slices.Contains(networks, networkMem) {
		return nil
	}
	type heKind struct {
		name string
		job  heJob
	}
	kinds := []heKind{
		{"collective/36bits", heJob{Mode: he.Collective, Bits: 36}},
		{"collective/16bits", heJob{Mode: he.Collective, Bits: 16}},
		{"receiver-key/37bits", heJob{Mode: he.ReceiverKey, Bits: 37}}, // sums of 40 bits for eight
		{"one-shot/36bits", heJob{Mode: he.OneShot, Bits: 36}},
	}
	for _, peer := range []string{peerLattigo, peerPrio3, peerPaillier} {
		if slices.Contains(peers, peer) {
			kinds = append(kinds, heKind{peer + "/36bits", heJob{Mode: he.Collective, Bits: 36, Peer: peer}})
		}
	}
	for _, s := range bySize(sizes) {
		if s.n != s.m {
			continue
		}
		for _, n := range parties {
			for _, kind := range kinds {
				h := kind.job
				h.N, h.Parties = s.n, n
				if !h.fits() {
					continue
				}
				j := newJob(fmt.Sprintf("HE/%s/%dparties/", kind.name, n), s.n, networkMem)
				j.Class, j.Peer = fmt.Sprintf("sums of %d bits of %d", h.Bits, n), h.Peer != ""
				j.HE = &h
				jobs = append(jobs, j)
			}
		}
	}
	return jobs
}

// fits says whether the sums can be done: in package he key holders are three at
// least, and plain calls of lattigo have a bound.
func (j *heJob) fits() bool {
	switch {
	case j.Peer == peerLattigo:
		return uint64(j.Parties)<<j.Bits <= lattigoModulus
	case j.Peer == "" && j.Mode != he.ReceiverKey:
		return j.Parties >= 3
	}
	return true
}

// number returns number i of a contributor.
func (j *heJob) number(contributor, i int) uint64 {
	return mix(uint64(contributor)<<32|uint64(i)) >> (64 - j.Bits)
}

// rows yields the numbers of a contributor, as they are computed.
func (j *heJob) rows(contributor int) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		var row [1]float64
		for i := range j.N {
			row[0] = float64(j.number(contributor, i))
			if !yield(row[:], nil) {
				return
			}
		}
	}
}

// errSums says that an aggregation gave another result than the known one.
var errSums = errors.New("the sums are wrong")

// check compares all sums with the known answer.
func (j *heJob) check(sums []int64) error {
	if j.Fault && len(sums) > 0 {
		sums[len(sums)-1]++
	}
	if len(sums) != j.N {
		return fmt.Errorf("%w: there are %d, want %d", errSums, len(sums), j.N)
	}
	for i, got := range sums {
		var want uint64
		for c := range j.Parties {
			want += j.number(c, i)
		}
		if got < 0 || uint64(got) != want {
			return fmt.Errorf("%w: sum %d is %d, want %d", errSums, i, got, want)
		}
	}
	return nil
}

func (j *heJob) sides() []string { return []string{"all"} }

func (j *heJob) spoil() { j.Fault = true }

func (j *heJob) party(int) (party, error) {
	switch j.Peer {
	case peerLattigo:
		return &lattigoParty{heJob: j}, nil
	case peerPrio3:
		return &prio3Party{heJob: j}, nil
	case peerPaillier:
		return &paillierParty{heJob: j}, nil
	}
	return &heParty{heJob: j}, nil
}
