package main

import (
	"fmt"
	"math"
	"regexp"
)

// prettySize writes 2²⁰, or another number as it is.
func prettySize(n int) string {
	if k := int(math.Round(math.Log2(float64(n)))); n == 1<<k {
		return "2" + superscript(k)
	}
	return fmt.Sprint(n)
}

// pretty writes the powers in a name as people do.
func pretty(name string) string {
	return power.ReplaceAllStringFunc(name, func(s string) string {
		var k int
		fmt.Sscanf(s, "2^%d", &k)
		return "2" + superscript(k)
	})
}

var power = regexp.MustCompile(`2\^[0-9]+`)

// axisSeconds writes a power of ten of seconds, or any other time.
func axisSeconds(s float64) string {
	switch {
	case s < 0.9e-3:
		return fmt.Sprintf("%.3g µs", s*1e6)
	case s < 0.9:
		return fmt.Sprintf("%.3g ms", s*1e3)
	}
	return fmt.Sprintf("%.4g s", s)
}

// axisRate writes a power of ten a second, or any other number.
func axisRate(r float64) string {
	switch {
	case r < 0.9e3:
		return fmt.Sprintf("%.3g /s", r)
	case r < 0.9e6:
		return fmt.Sprintf("%.3g k/s", r/1e3)
	}
	return fmt.Sprintf("%.4g M/s", r/1e6)
}

// axisBytes writes a power of ten of bytes, or any other number of them.
func axisBytes(b float64) string {
	switch {
	case b < 0.9e6:
		return fmt.Sprintf("%.3g kB", b/1e3)
	case b < 0.9e9:
		return fmt.Sprintf("%.3g MB", b/1e6)
	}
	return fmt.Sprintf("%.3g GB", b/1e9)
}

// longTime writes times that people wait for.
func longTime(s float64) string {
	switch {
	case s >= 48*3600:
		return digits(s/86400) + " days"
	case s >= 2*3600:
		return digits(s/3600) + " h"
	case s >= 120:
		return digits(s/60) + " min"
	}
	return seconds(s)
}
