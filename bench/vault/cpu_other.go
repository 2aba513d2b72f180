//go:build !unix

package main

import "time"

// cpuTime returns nothing, as this system is not asked.
func cpuTime() time.Duration { return 0 }
