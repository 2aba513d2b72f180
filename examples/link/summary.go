package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/psi"
	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

// A tableReport says what was read from a table.
type tableReport struct {
	joinkey.Report
	file  string
	items int
}

func (r *tableReport) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %d rows, %d different keys\n", r.file, r.Rows, r.items)
	for _, reason := range slices.Sorted(maps.Keys(r.Skipped)) {
		fmt.Fprintf(w, "  skipped %d: %s\n", r.Skipped[reason], reason)
	}
	for _, bad := range r.Errors {
		fmt.Fprintf(w, "  %s\n", strings.TrimPrefix(bad.Error(), "joinkey: "))
	}
}

// A summary is what -json prints.
type summary struct {
	Side      string         `json:"side"`      // server or joiner
	Protocol  string         `json:"protocol"`  // of package psi
	Rows      int            `json:"rows"`      // in this side's table
	Keys      int            `json:"keys"`      // different ones
	Skipped   map[string]int `json:"skipped"`   // rows without a key, by reason
	Declared  int            `json:"declared"`  // what the other side saw as this side's size
	PeerKeys  int            `json:"peerKeys"`  // what it declared in turn
	Reveal    string         `json:"reveal"`    // who learned which of its rows matched: joiner, server or both
	Matches   *int           `json:"matches"`   // rows of this side's table that the other side has too; null if this side doesn't learn it
	BytesSent int64          `json:"bytesSent"` // inside TLS
	BytesRecv int64          `json:"bytesReceived"`
	Rounds    int            `json:"rounds"`
	Seconds   float64        `json:"seconds"` // from the connection to the result
	Phases    []phase        `json:"phases"`
	PeakBytes int64          `json:"peakMemory,omitempty"` // of this process
	Out       string         `json:"out,omitempty"`
}

type phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

func newSummary(j *job, report *tableReport, result *psi.Result, took time.Duration) *summary {
	s := &summary{
		Side:      "joiner",
		Protocol:  result.Stats.Protocol.String(),
		Rows:      report.Rows,
		Keys:      report.items,
		Skipped:   map[string]int{},
		Declared:  result.Items,
		PeerKeys:  result.PeerItems,
		Reveal:    j.reveal,
		BytesSent: result.Stats.Sent,
		BytesRecv: result.Stats.Received,
		Rounds:    result.Stats.Rounds,
		Seconds:   took.Seconds(),
		PeakBytes: peakMemory(),
		Out:       j.out,
	}
	maps.Copy(s.Skipped, report.Skipped)
	if j.serve {
		s.Side = "server"
	}
	if j.learns() {
		matches := len(result.Rows)
		s.Matches = &matches
	}
	for _, p := range result.Stats.Phases {
		s.Phases = append(s.Phases, phase{p.Name, p.Duration.Seconds()})
	}
	return s
}

func (s *summary) print(w io.Writer) error {
	if s.Matches != nil {
		fmt.Fprintf(w, "%d of %d rows are on the other side too\n", *s.Matches, s.Rows)
	} else {
		fmt.Fprintf(w, "done; this side does not learn which rows matched\n")
	}
	if s.Out != "" {
		fmt.Fprintf(w, "they are in %s\n", s.Out)
	}
	fmt.Fprintf(w, "learned by: %s; the other side knows that there are %d keys here, this side that there are %d there\n",
		s.Reveal, s.Declared, s.PeerKeys)
	_, err := fmt.Fprintf(w, "%d bytes sent, %d received, %d message delays, %.2f s\n", s.BytesSent, s.BytesRecv, s.Rounds, s.Seconds)
	return err
}
