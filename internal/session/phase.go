package session

import (
	"slices"
	"sync"
	"time"
)

// A Phase is a part of a protocol's running time.
type Phase struct {
	Name     string
	Duration time.Duration
}

// Progress is how far a phase has come: Done of Total steps.
type Progress struct {
	Phase       string
	Done, Total int
}

// phase is the phase under way.
type phase struct {
	mu      sync.Mutex // guards the following
	all     []Phase    // in the order in which they first began
	now     int        // which of all is under way
	started time.Time
	done    int
	total   int
	observe func(Progress)
}

// Observe has f called with what [Session.Step] reports, by one goroutine at a
// time.
func (s *Session) Observe(f func(Progress)) {
	s.phase.mu.Lock()
	defer s.phase.mu.Unlock()
	s.phase.observe = f
}

// Phase starts a phase of the given name, in which nobody counts steps, and ends
// the one before. The times of phases with the same name add up.
func (s *Session) Phase(name string) { s.Steps(name, 0) }

// Steps is Phase with a number of steps, which [Session.Step] counts.
func (s *Session) Steps(name string, total int) {
	p := &s.phase
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	p.done, p.total = 0, total
	p.now = slices.IndexFunc(p.all, func(q Phase) bool { return q.Name == name })
	if p.now < 0 {
		p.now = len(p.all)
		p.all = append(p.all, Phase{Name: name})
	}
}

// Step says that n more steps of the phase are done, and returns the error that
// ended the session, that of its context above all. Long work calls it often, and
// stops when it fails. Any number of goroutines may call it at once.
func (s *Session) Step(n int) error {
	if err := s.check(); err != nil {
		return err
	}
	p := &s.phase
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = min(p.done+n, p.total)
	if n > 0 && p.observe != nil && p.total > 0 {
		p.observe(Progress{p.all[p.now].Name, p.done, p.total})
	}
	return nil
}

// Await calls f in a goroutine of its own, and returns when f has, or before that with
// the error that ended the session; then f goes on, and nobody may use what it writes.
// It is for what has no steps, such as to get memory from the system.
func (s *Session) Await(f func()) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-s.ctx.Done():
	}
	return s.check()
}

// end adds the time of the phase under way, up to now.
func (p *phase) end() {
	now := time.Now()
	if len(p.all) > 0 {
		p.all[p.now].Duration += now.Sub(p.started)
	}
	p.started = now
}

func (p *phase) durations() []Phase {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	return slices.Clone(p.all)
}
