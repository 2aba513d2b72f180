package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A leftOut is a job that was not measured, or not as often as asked for.
type leftOut struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// A runner measures jobs within a budget of time.
type runner struct {
	count, procs int
	fault        bool
	deadline     time.Time
	progress     func(name string, runs int) // runs done
	pace         map[string][]pace           // by series
	seen         map[task]sample             // on the first network of each
	least        map[string]time.Duration    // of series that have only been left out
	warm         map[*job]bool               // put off after the first run
	measure      func(ctx context.Context, j *job, procs int) (*measurement, error)
	now          func() time.Time
}

// A pace is how long a run took, with all that belongs to it, and its work.
type pace struct {
	elapsed time.Duration
	work    int
}

// A task is a job on any network.
type task struct {
	series string // without the network
	work   int
}

func (j *job) task() task { return task{strings.TrimSuffix(j.Series, j.Network), j.Work} }

// A sample is what a run took on some network.
type sample struct {
	pace
	network       string
	bytes, delays float64
}

func newRunner(o *options, progress func(string, int)) *runner {
	return &runner{
		count:    o.count,
		procs:    o.procs,
		fault:    o.fault,
		deadline: time.Now().Add(o.budget),
		progress: progress,
		pace:     map[string][]pace{},
		seen:     map[task]sample{},
		least:    map[string]time.Duration{},
		warm:     map[*job]bool{},
		measure:  measure,
		now:      time.Now,
	}
}

// weights are the parts of the budget for the packages, which are how names of jobs begin. A
// package with many jobs must not crowd out others, and large sizes of those.
var weights = map[string]float64{"PSI": 5, "MPC": 8, "HE": 3, "Share": 1, "Identity": 2, "Jobs": 1}

// shares returns how much of some time there is for each package that has jobs.
func shares(jobs []*job, whole time.Duration) map[string]time.Duration {
	sum, all := 0.0, map[string]time.Duration{}
	for _, j := range jobs {
		if _, ok := all[j.family()]; !ok {
			all[j.family()] = 0
			sum += weights[j.family()]
		}
	}
	for name := range all {
		all[name] = time.Duration(float64(whole) * ratio(weights[name], sum))
	}
	return all
}

// family is the package of a job.
func (j *job) family() string {
	name, _, _ := strings.Cut(j.Name, "/")
	return name
}

// all measures jobs until one fails, and leaves out those for which there is no
// time. Those come first that are expected to take the least, so that a budget
// leaves out what is slow, whatever the order of jobs, in which results come; and before
// others come those whose package has not had its share. What turns out to be slow at its
// first size waits for the others, and its first run may take what its package has left, or a
// twentieth of all.
func (r *runner) all(ctx context.Context, jobs []*job) (results []*result, left []leftOut, err error) {
	place := map[string]int{}
	for i, j := range jobs {
		place[j.Name] = i
	}
	defer func() {
		slices.SortStableFunc(results, func(a, b *result) int { return place[a.Name] - place[b.Name] })
		slices.SortStableFunc(left, func(a, b leftOut) int { return place[a.Name] - place[b.Name] })
		grow(results)
	}()
	whole := r.deadline.Sub(r.now())
	share, least := shares(jobs, whole), whole/20
	for waiting := slices.Clone(jobs); len(waiting) > 0; {
		var best struct {
			i    int
			cost time.Duration
			over bool // the share of its package
		}
		first := map[string]bool{}
		for i, j := range waiting {
			if first[j.Series] {
				continue // a smaller one tells more of it
			}
			cost := r.expected(j) * time.Duration(r.count+1)
			over := cost > share[j.family()]
			if len(first) == 0 || best.over && !over || best.over == over && cost < best.cost {
				best.i, best.cost, best.over = i, cost, over
			}
			first[j.Series] = true
		}
		next, start := best.i, r.now()
		j := waiting[next]
		waiting = slices.Delete(waiting, next, next+1)
		if k, err := j.kind(); err == nil && r.fault {
			k.spoil()
		}
		trial := time.Duration(0)
		if _, failed := r.least[j.Series]; (r.expected(j) == 0 || failed && len(r.pace[j.Series]) == 0) && len(waiting) > 0 {
			trial = max(share[j.family()], least)
		}
		result, why, err := r.one(ctx, j, trial)
		share[j.family()] -= r.now().Sub(start)
		switch {
		case errors.Is(err, errLater):
			waiting = slices.Insert(waiting, next, j)
			continue
		case err != nil && j.Command != nil && ctx.Err() == nil:
			why = err.Error() // a program that is not here, or broken, is no reason to stop
		case err != nil:
			return results, left, fmt.Errorf("%s: %w", j.Name, err)
		}
		if result != nil {
			results = append(results, result)
		}
		if why != "" {
			left = append(left, leftOut{j.Name, why})
		}
	}
	return results, left, nil
}

// keepPace notes how long the last run of a job took, and what it was.
func (r *runner) keepPace(j *job, elapsed time.Duration, m *measurement) {
	last := pace{elapsed, j.Work}
	paces := r.pace[j.Series]
	if n := len(paces); n > 0 && paces[n-1].work == j.Work {
		paces = paces[:n-1]
	}
	r.pace[j.Series] = append(paces, last)
	if before, ok := r.seen[j.task()]; ok && before.network != j.Network {
		return
	}
	s := sample{pace: last, network: j.Network}
	for _, q := range m.quantities() {
		switch q.name {
		case figureBytes:
			s.bytes = q.value
		case figureDelays:
			s.delays = q.value
		}
	}
	r.seen[j.task()] = s
}

// expected is how long a run of a job takes, or nothing if that is not known yet. Two
// sizes of its series tell what a run takes whatever its size, and the same job on
// another network what it takes but for bytes and delays. With one size alone, the first run
// of the next is a trial.
func (r *runner) expected(j *job) time.Duration {
	paces := r.pace[j.Series]
	if len(paces) < 2 {
		if s, ok := r.seen[j.task()]; ok && s.network != j.Network {
			more := networkOf(j.Network).waits(s.bytes, s.delays) - networkOf(s.network).waits(s.bytes, s.delays)
			return s.elapsed + max(0, more)
		}
	}
	if len(paces) == 0 {
		return r.least[j.Series]
	}
	last := paces[len(paces)-1]
	more := float64(j.Work)/float64(last.work) - 1
	if len(paces) == 1 {
		return time.Duration(float64(last.elapsed) * math.Sqrt(1+more))
	}
	before := paces[len(paces)-2]
	each := float64(last.elapsed-before.elapsed) / float64(last.work-before.work)
	return max(last.elapsed, last.elapsed+time.Duration(max(0, each)*more*float64(last.work)))
}

// waits is how long bytes and message delays take on a network, if they are not on
// the way at the same time.
func (n network) waits(bytes, delays float64) time.Duration {
	if n.shape == nil {
		return 0
	}
	return time.Duration(bytes/n.rate*1e9) + time.Duration(delays*float64(n.delay))
}

// errLater says that a job takes more than it may while others wait.
var errLater = errors.New("later")

// one measures a job. It returns no result, or one of fewer runs, and the reason
// if there is not enough time. If trial is not zero nothing is known of the job: its
// first run may take so long, and if the others would take longer it returns errLater.
func (r *runner) one(ctx context.Context, j *job, trial time.Duration) (*result, string, error) {
	r.progress(j.Name, 0)
	bounded, cancel := context.WithDeadline(ctx, r.deadline)
	defer cancel()
	// The pace of a smaller size of the series says whether to begin.
	runs := r.count + 1
	if r.warm[j] {
		runs--
	}
	if why := r.lacking(r.expected(j), runs); why != "" && r.expected(j) > 0 {
		r.progress(j.Name, runs)
		r.least[j.Series] = r.expected(j)
		return nil, why, nil
	}
	res := &result{job: *j}
	for i := range r.count + 1 {
		limited := bounded
		switch {
		case i == 0 && r.warm[j]:
			continue
		case i == 0 && trial > 0:
			var done context.CancelFunc
			limited, done = context.WithTimeout(bounded, trial)
			defer done()
		case i == 1: // the warm-up run is over
			if why := r.lacking(r.expected(j), r.count); why != "" {
				r.progress(j.Name, r.count)
				return nil, why, nil
			}
			if trial > 0 && r.expected(j)*time.Duration(r.count) > trial {
				r.warm[j] = true
				return nil, "", errLater
			}
		}
		start := r.now()
		m, err := r.measure(limited, j, r.procs)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil, "", errors.New("interrupted")
		case limited.Err() != nil && bounded.Err() == nil:
			r.progress(j.Name, r.count+1)
			r.least[j.Series] = trial
			return nil, fmt.Sprintf("its first run took longer than the %v that it may", trial.Round(time.Second/10)), nil
		case bounded.Err() != nil:
			r.progress(j.Name, r.count+1-i)
			if len(res.Runs) == 0 {
				return nil, "the budget ended during its first run", nil
			}
			res.summarize()
			return res, fmt.Sprintf("the budget ended after %d of %d runs", len(res.Runs), r.count), nil
		default:
			return nil, "", err
		}
		r.keepPace(j, r.now().Sub(start), m)
		if i > 0 {
			res.Runs = append(res.Runs, m)
		}
		r.progress(j.Name, 1)
	}
	res.summarize()
	return res, "", nil
}

// lacking says why there is no time for some runs, or nothing.
func (r *runner) lacking(each time.Duration, runs int) string {
	need, left := each*time.Duration(runs), r.deadline.Sub(r.now())
	if need <= left {
		return ""
	}
	word := "runs"
	if runs == 1 {
		word = "run"
	}
	return fmt.Sprintf("%d %s would take about %v, and %v of the budget are left",
		runs, word, need.Round(time.Second/10), max(left, 0).Round(time.Second/10))
}
