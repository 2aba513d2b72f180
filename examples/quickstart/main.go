// Command quickstart lets two fictional organisations find out whom they both
// know, without showing each other their tables. They sign what is to be
// computed, pass the gate, and keep evidence of it.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/dujiang-dev/dujiang/identity/agreement"
	"github.com/dujiang-dev/dujiang/psi"
	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

// The tables are made by generate.go, which tells what is wrong with them.
//
//go:generate go run generate.go
var (
	//go:embed clinic.csv
	clinicCSV []byte
	//go:embed insurer.csv
	insurerCSV []byte
)

// A party is an organisation with its table and what it signs with.
type party struct {
	name   string
	table  []byte
	column string // of the ID number
	member *member
	set    *psi.Set
	report joinkey.Report
	result *psi.Result
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) error {
	dir, err := os.MkdirTemp("", "quickstart")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	clinic := &party{name: "clinic", table: clinicCSV, column: "身份证号"}
	insurer := &party{name: "insurer", table: insurerCSV, column: "证件号码"}

	// 1. Each turns its own table into a set of keys. Everything that makes two
	// writings of one ID number differ goes away here, and what is no ID number
	// is counted and left out.
	fmt.Fprintln(w, "What each side has")
	for _, p := range []*party{clinic, insurer} {
		if err := p.read(); err != nil {
			return err
		}
		fmt.Fprintf(w, "  %-8s %d rows, %d different ID numbers\n", p.name, p.report.Rows, p.set.Items())
		for _, reason := range slices.Sorted(maps.Keys(p.report.Skipped)) {
			fmt.Fprintf(w, "  %8s skipped %d: %s\n", "", p.report.Skipped[reason], reason)
		}
	}

	// 2. They sign a contract, and a statement that starts one run under it.
	for _, p := range []*party{clinic, insurer} {
		if p.member, err = newMember(p.name, dir); err != nil {
			return err
		}
		defer p.member.close()
	}
	contract, start, err := agree(clinic.member, insurer.member, clinic.name, 10)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nWhat both signed\n")
	fmt.Fprintf(w, "  contract %s: one run, secure computation only, the clinic learns 10 rows or more, or none\n", short(start.Statement.Contract))
	fmt.Fprintf(w, "  start    of program %s with both tables, within the hour\n", short(start.Statement.Program))

	// 3. Each checks all of that for itself. A channel opens between the keys that
	// signed, and in it they run the protocol. The clinic learns whom both know,
	// the insurer doesn't.
	crossed, err := link(ctx, clinic, insurer, contract, start)
	if err != nil {
		return err
	}

	// 4. The result is positions in one's own table.
	fmt.Fprintf(w, "\nWhat each side learned\n")
	fmt.Fprintf(w, "  clinic   that the insurer has %d different ID numbers, and that %d of its own %d rows are of these:\n",
		clinic.result.PeerItems, len(clinic.result.Rows), clinic.report.Rows)
	var matched strings.Builder
	if err := joinkey.CopyRows(&matched, bytes.NewReader(clinic.table), clinic.result.Rows, nil); err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(matched.String()), "\r\n")
	for _, line := range lines[:4] {
		fmt.Fprintf(w, "             %s\n", line)
	}
	fmt.Fprintf(w, "             ... and %d more\n", len(lines)-4)
	fmt.Fprintf(w, "  insurer  that the clinic has %d different ID numbers, and nothing else\n", insurer.result.PeerItems)

	stats := clinic.result.Stats
	fmt.Fprintf(w, "\nWhat crossed the wire\n")
	fmt.Fprintf(w, "  %d bytes to the insurer, %d to the clinic, in %d message delays, inside TLS 1.3\n", stats.Sent, stats.Received, stats.Rounds)
	values, found := occurrences(crossed, clinic, insurer)
	fmt.Fprintf(w, "  of the %d values in both tables, %d occur in these bytes\n", values, found)

	// 5. The contract allowed one run, and there is evidence of it.
	fmt.Fprintf(w, "\nWhat remains\n")
	for _, p := range []*party{clinic, insurer} {
		file, event, err := p.member.prove(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "  %-8s a proof of %d bytes that verifies offline: %s\n", p.name, len(file), event)
	}
	_, err = agreement.Authorize(ctx, clinic.member.gate, contract, start)
	if err == nil {
		return errors.New("a second run was authorized")
	}
	fmt.Fprintf(w, "  a second run: %v\n", err)
	return nil
}

func short(d agreement.Digest) string { return d.String()[:8] }

func (p *party) read() error {
	spec := joinkey.Spec{{Name: p.column, Kind: joinkey.ResidentID()}}
	keys, err := joinkey.CSV(bytes.NewReader(p.table), spec, &joinkey.Config{Bad: joinkey.Skip})
	if err != nil {
		return err
	}
	if p.set, err = psi.NewSet(keys.All()); err != nil {
		return err
	}
	p.report = keys.Report()
	return nil
}

// link runs both sides over loopback and returns what the clinic sent and
// received inside the channel, as it was before encryption.
func link(ctx context.Context, clinic, insurer *party, contract *agreement.Contract, start *agreement.Start) (crossed []byte, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	sent := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			defer conn.Close()
			err = insurer.run(ctx, conn, clinic.name, contract, start, func(channel *agreement.Channel, cfg *psi.Config) error {
				insurer.result, err = psi.Send(ctx, channel, insurer.set, cfg)
				return err
			})
		}
		sent <- err
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	err = clinic.run(ctx, conn, insurer.name, contract, start, func(channel *agreement.Channel, cfg *psi.Config) error {
		tapped := &tap{Conn: channel}
		clinic.result, err = psi.Receive(ctx, tapped, clinic.set, cfg)
		crossed = append(tapped.in.Bytes(), tapped.out.Bytes()...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return crossed, <-sent
}

// run passes the gate and runs the protocol behind it. What it learned is kept
// only if the contract lets it out.
func (p *party) run(ctx context.Context, conn net.Conn, peer string, contract *agreement.Contract, start *agreement.Start, protocol func(*agreement.Channel, *psi.Config) error) error {
	permit, err := agreement.Authorize(ctx, p.member.gate, contract, start)
	if err != nil {
		return err
	}
	channel, err := agreement.Open(ctx, conn, permit, peer)
	if err != nil {
		return err
	}
	if err := protocol(channel, &psi.Config{Adversary: psi.SemiHonest, Reveal: psi.RevealReceiver, Context: permit.Context()}); err != nil {
		return err
	}
	if p.result.Rows != nil {
		p.result.Rows, err = agreement.ReleaseRows(permit, p.result.Rows)
	}
	return err
}

// A tap keeps what is read and written.
type tap struct {
	net.Conn
	in, out bytes.Buffer
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.in.Write(b[:n])
	return n, err
}

func (t *tap) Write(b []byte) (int, error) {
	n, err := t.Conn.Write(b)
	t.out.Write(b[:n])
	return n, err
}

// occurrences counts the values of both tables, and those that can be found in
// data. Values of less than four bytes would be found by chance.
func occurrences(data []byte, parties ...*party) (values, found int) {
	for _, p := range parties {
		for _, field := range bytes.FieldsFunc(p.table, func(r rune) bool { return strings.ContainsRune(",\r\n \"", r) }) {
			if len(field) < 4 {
				continue
			}
			values++
			utf8, err := simplifiedchinese.GB18030.NewDecoder().Bytes(field)
			if bytes.Contains(data, field) || err == nil && bytes.Contains(data, utf8) {
				found++
			}
		}
	}
	return values, found
}
