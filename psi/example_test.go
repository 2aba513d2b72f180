package psi_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"net"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/psi"
	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

// lines yields strings as items. Package joinkey yields those of a table.
func lines(values ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, v := range values {
			if !yield([]byte(v), nil) {
				return
			}
		}
	}
}

// Two parties over a connection, which between machines would be a TLS
// connection.
func Example() {
	clinicConn, insurerConn := net.Pipe()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	go func() {
		// The insurer, on its machine:
		insured, err := psi.NewSet(lines("ada", "emmy", "sofia"))
		if err != nil {
			log.Fatal(err)
		}
		cfg := &psi.Config{Adversary: psi.SemiHonest, Reveal: psi.RevealReceiver}
		if _, err := psi.Send(ctx, insurerConn, insured, cfg); err != nil {
			log.Fatal(err)
		}
	}()

	// The clinic, on its machine:
	patients, err := psi.NewSet(lines("alan", "ada", "kurt", "sofia", "ada"))
	if err != nil {
		log.Fatal(err)
	}
	cfg := &psi.Config{Adversary: psi.SemiHonest, Reveal: psi.RevealReceiver}
	result, err := psi.Receive(ctx, clinicConn, patients, cfg)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("rows of patients who are insured:", result.Rows)
	fmt.Println("insured in all:", result.PeerItems)
	// Output:
	// rows of patients who are insured: [1 3 4]
	// insured in all: 3
}

// The rows of a CSV file, joined on two columns.
func ExampleNewSet() {
	file := strings.NewReader("name,birthday,note\nAda Lovelace,1815-12-10,\nALAN TURING,1912/6/23,\n,,empty\n")
	spec, err := joinkey.ParseSpec("name:text,birthday:date")
	if err != nil {
		log.Fatal(err)
	}
	keys, err := joinkey.CSV(file, spec, &joinkey.Config{Bad: joinkey.Skip})
	if err != nil {
		log.Fatal(err)
	}
	set, err := psi.NewSet(keys.All())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set)
	fmt.Println(keys.Report().Skipped)
	// Output:
	// psi.Set of 2 items in 3 rows
	// map[empty name:1]
}
