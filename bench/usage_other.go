//go:build !unix

package main

import "time"

// cpuTime returns zero: it is not known here.
func cpuTime() time.Duration { return 0 }

// cpuWait returns zero: it is not known here.
func cpuWait() time.Duration { return 0 }

// peakRSS returns zero: it is not known here.
func peakRSS() int64 { return 0 }
