package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A job is what is measured, in a form that goes to the measured processes.
//
// The jobs of another package are a file like psi.go: a function that lists
// them, called in allJobs, and a kind, for which there is a field here.
type job struct {
	Name string `json:"name"`
	// Series is the name without the sizes: jobs in it can be extrapolated.
	Series  string `json:"series"`
	Network string `json:"network"`
	// Work is what the time is about proportional to, within a series.
	Work int `json:"work"`
	// Items is what "per item" means: the larger of both parties' numbers.
	Items int `json:"items"`
	// Equal says that both parties have as many items, so that the growth
	// from one size to the next means something.
	Equal bool `json:"equal"`
	// Class says what is computed: a peer is compared with jobs of its class.
	Class string `json:"class,omitempty"`
	Peer  bool   `json:"peer,omitempty"` // it is not this library

	PSI   *psiJob   `json:"psi,omitempty"`
	Share *shareJob `json:"share,omitempty"`
	HE    *heJob    `json:"he,omitempty"`

	MPC *mpcJob `json:"mpc,omitempty"`

	Identity     *identityJob     `json:"identity,omitempty"`
	Registration *registrationJob `json:"registration,omitempty"`
	Gate         *gateJob         `json:"gate,omitempty"`

	Secret *secretJob `json:"secret,omitempty"`

	// Command says that another program does it. See peer. Install is the name
	// of a peer whose program has to be made first.
	Command []string `json:"command,omitempty"`
	Install string   `json:"-"`
}

// newJob returns the job of n items on each side whose name begins with prefix. Its
// kind is still missing.
func newJob(prefix string, n int, network string) *job {
	return &job{
		Name:    prefix + size{n, n}.String() + "/" + network,
		Series:  prefix + network,
		Network: network,
		Work:    n,
		Items:   n,
		Equal:   true,
	}
}

// A kind is what a job's parties compute.
type kind interface {
	// sides are the names of the parties. A job with one side is played in one
	// process without a network: its party is all parties in turn, as many as
	// the protocol has.
	sides() []string
	party(side int) (party, error)
	// spoil makes a result wrong, so that tests see that its check works.
	spoil()
}

// kind returns the one kind that j has.
func (j *job) kind() (kind, error) {
	switch {
	case j.PSI != nil:
		return j.PSI, nil
	case j.Share != nil:
		return j.Share, nil
	case j.HE != nil:
		return j.HE, nil
	case j.MPC != nil:
		return j.MPC, nil
	case j.Identity != nil:
		return j.Identity, nil
	case j.Registration != nil:
		return j.Registration, nil
	case j.Gate != nil:
		return j.Gate, nil
	case j.Secret != nil:
		return j.Secret, nil
	}
	return nil, fmt.Errorf("%s: unknown kind of job", j.Name)
}

// sides are the names of the parties, or nothing if the kind is unknown.
func (j *job) sides() []string {
	k, err := j.kind()
	if err != nil {
		return nil
	}
	return k.sides()
}

// A party is one side of a job. It is used once.
type party interface {
	// prepare does what comes before the run, and is measured on its own.
	prepare() error
	// run runs the protocol. peers[i] is the stream to side i, and nil for this
	// side.
	run(ctx context.Context, peers []io.ReadWriter) error
	// finish checks the result of the run and says what it cost.
	finish() (costs, error)
}

// costs is what the library itself says about a party's run.
type costs struct {
	Sent     int64   `json:"sent"` // bytes
	Received int64   `json:"received"`
	Delays   int     `json:"delays"` // message delays until this party is done
	Phases   []phase `json:"phases"`
	// Own are figures that only this kind of job has.
	Own []ownFigure `json:"own,omitempty"`
}

type ownFigure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
}

type phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	// CPU is that of the whole process, for jobs with one side. Zero is unknown.
	CPU float64 `json:"cpu_seconds,omitempty"`
}

// A stopwatch splits the time of a process that does one thing after the other
// into phases.
type stopwatch struct {
	wall   time.Time
	cpu    time.Duration
	phases []phase
}

func startStopwatch() *stopwatch { return &stopwatch{wall: time.Now(), cpu: cpuTime()} }

// lap adds the time since the last lap to the phase with this name.
func (w *stopwatch) lap(name string) {
	wall, cpu := time.Now(), cpuTime()
	i := slices.IndexFunc(w.phases, func(p phase) bool { return p.Name == name })
	if i < 0 {
		i = len(w.phases)
		w.phases = append(w.phases, phase{Name: name})
	}
	w.phases[i].Seconds += wall.Sub(w.wall).Seconds()
	w.phases[i].CPU += (cpu - w.cpu).Seconds()
	w.wall, w.cpu = wall, cpu
}

// wallOnly returns the phases without processor time, for parties of one process,
// which don't take turns.
func (w *stopwatch) wallOnly() []phase {
	phases := slices.Clone(w.phases)
	for i := range phases {
		phases[i].CPU = 0
	}
	return phases
}

// A size is the numbers of items of the two parties.
type size struct{ n, m int }

// parseSize reads 20, or 10x20 for unequal sizes.
func parseSize(s string) (size, error) {
	first, second, unequal := strings.Cut(s, "x")
	if !unequal {
		second = first
	}
	n, err1 := strconv.ParseUint(first, 10, 8)
	m, err2 := strconv.ParseUint(second, 10, 8)
	if err1 != nil || err2 != nil || n > maxLog || m > maxLog {
		return size{}, fmt.Errorf("%q is neither a binary logarithm from 0 to %d nor two with an x between", s, maxLog)
	}
	return size{1 << n, 1 << m}, nil
}

// bySize returns sizes in ascending order.
func bySize(sizes []size) []size {
	sizes = slices.Clone(sizes)
	slices.SortStableFunc(sizes, func(a, b size) int { return a.n + a.m - b.n - b.m })
	return sizes
}

// maxLog keeps sizes below what package psi allows by default.
const maxLog = 28

// String returns n=2^10, or n=2^10/m=2^20 for unequal sizes.
func (s size) String() string {
	log := func(n int) string {
		for k := range maxLog + 1 {
			if n == 1<<k {
				return fmt.Sprintf("2^%d", k)
			}
		}
		return strconv.Itoa(n)
	}
	if s.n == s.m {
		return "n=" + log(s.n)
	}
	return "n=" + log(s.n) + "/m=" + log(s.m)
}

// selectJobs returns the jobs whose names match.
func selectJobs(jobs []*job, pattern *regexp.Regexp) (selected []*job) {
	for _, j := range jobs {
		if pattern.MatchString(j.Name) {
			selected = append(selected, j)
		}
	}
	return selected
}
