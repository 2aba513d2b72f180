package main

import (
	"sync"
	"time"
)

// A sleeper sleeps, again and again. After wake it doesn't any more. It must be
// closed by who sleeps.
type sleeper interface {
	sleep(time.Duration)
	wake()
	close()
}

// A runtimeSleeper has the timers of Go's runtime.
type runtimeSleeper struct {
	once  sync.Once
	woken chan struct{}
}

func newRuntimeSleeper() *runtimeSleeper { return &runtimeSleeper{woken: make(chan struct{})} }

func (s *runtimeSleeper) sleep(d time.Duration) {
	select {
	case <-s.woken:
	case <-time.After(d):
	}
}

func (s *runtimeSleeper) wake() { s.once.Do(func() { close(s.woken) }) }

func (s *runtimeSleeper) close() {}
