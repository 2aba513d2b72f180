package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// How the parties are connected.
const (
	networkMem = "mem"
	networkTLS = "tls"
)

// networks are all names, each with what it stands for.
var networks = []struct {
	name, what string
	*shape     // of a slower link than the machine's own
}{
	{networkMem, "all parties in one process, over buffered pipes in memory", nil},
	{networkTLS, "a process for each party, over TLS 1.3 on the loopback interface", nil},
	{"10g", "the same over 10 Gbit/s and 0.2 ms: one data centre", &shape{10e9 / 8, 200 * time.Microsecond}},
	{"1g", "the same over 1 Gbit/s and 20 ms: computing hubs of one country", &shape{1e9 / 8, 20 * time.Millisecond}},
	{"100m", "the same over 100 Mbit/s and 40 ms: the internet", &shape{100e6 / 8, 40 * time.Millisecond}},
}

// shapeOf returns what the links of a network are slowed down to, or nil.
func shapeOf(network string) *shape {
	for _, n := range networks {
		if n.name == network {
			return n.shape
		}
	}
	return nil
}

// parseNetworks reads names with commas between.
func parseNetworks(s string) ([]string, error) {
	var known []string
	for _, n := range networks {
		known = append(known, n.name)
	}
	names := strings.Split(s, ",")
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("-networks: %q is none of %s", name, strings.Join(known, ", "))
		}
	}
	return names, nil
}
