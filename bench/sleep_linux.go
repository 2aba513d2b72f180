package main

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A kernelSleeper has a timer of the kernel. Those of Go's runtime are late by up to
// a millisecond when nothing else runs, which is more than the delay of a local
// network.
type kernelSleeper struct {
	fd    int
	timer *os.File
}

func newSleeper() sleeper {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return newRuntimeSleeper()
	}
	return &kernelSleeper{fd, os.NewFile(uintptr(fd), "timer")} // polled, as it is not blocking
}

func (s *kernelSleeper) sleep(d time.Duration) {
	at := unix.ItimerSpec{Value: unix.NsecToTimespec(max(1, d.Nanoseconds()))}
	if unix.TimerfdSettime(s.fd, 0, &at, nil) != nil {
		time.Sleep(d)
		return
	}
	var expirations [8]byte
	s.timer.Read(expirations[:])
}

func (s *kernelSleeper) wake() { s.timer.SetReadDeadline(time.Unix(1, 0)) }

func (s *kernelSleeper) close() { s.timer.Close() }
