package psi_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"net"
	"time"

	"github.com/dujiang-dev/dujiang/psi"
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
