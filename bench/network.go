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

// A network is a name, and what it stands for.
type network struct {
	name, what string
	*shape          // of slower links than the machine's own
	wire       bool // between network namespaces, of packets; else of bytes, between sockets
}

var (
	centre   = &shape{10e9 / 8, 200 * time.Microsecond}
	hubs     = &shape{1e9 / 8, 20 * time.Millisecond}
	internet = &shape{100e6 / 8, 40 * time.Millisecond}
)

var networks = []network{
	{networkMem, "all parties in one process, over buffered pipes in memory", nil, false},
	{networkTLS, "a process for each party, over TLS 1.3 on the loopback interface", nil, false},
	{"10g", "the same over 10 Gbit/s and 0.2 ms: one data centre", centre, false},
	{"1g", "the same over 1 Gbit/s and 20 ms: computing hubs of one country", hubs, false},
	{"100m", "the same over 100 Mbit/s and 40 ms: the internet", internet, false},
	{"netns-10g", "a network namespace for each party, with the kernel's TCP over 10 Gbit/s and 0.2 ms", centre, true},
	{"netns-1g", "the same over 1 Gbit/s and 20 ms", hubs, true},
	{"netns-100m", "the same over 100 Mbit/s and 40 ms", internet, true},
}

// networkOf returns the network of that name.
func networkOf(name string) network {
	for _, n := range networks {
		if n.name == name {
			return n
		}
	}
	return network{name: name}
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
