// Command vault is a peer of the benchmark: the Shamir sharing of HashiCorp Vault,
// in which a wrong share makes another secret without notice. It reads an order as
// a line of JSON from standard input and writes an answer, as bench/peer.go says.
// It is a module of its own, so that nothing else depends on Vault.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hashicorp/vault/shamir"
)

func main() {
	if err := answer(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "vault:", err)
		os.Exit(1)
	}
}

// A phase is a part of the time.
type phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// answer splits a secret into five shares, combines three of them, and says what
// that cost.
func answer(in io.Reader, out io.Writer) error {
	var order struct {
		Job struct {
			Secret struct{ N int }
		}
	}
	if err := json.NewDecoder(in).Decode(&order); err != nil {
		return err
	}
	secret := make([]byte, order.Job.Secret.N)
	for i := range secret {
		secret[i] = byte(i * 167)
	}
	before, start := cpuTime(), time.Now()
	shares, err := shamir.Split(secret, 5, 3)
	if err != nil {
		return err
	}
	split := time.Since(start).Seconds()
	combined, err := shamir.Combine(shares[1:4])
	if err != nil {
		return err
	}
	wall, cpu := time.Since(start).Seconds(), cpuTime()-before
	if !bytes.Equal(combined, secret) {
		return errors.New("another secret came out")
	}
	sent := 0
	for _, s := range shares {
		sent += len(s)
	}
	return json.NewEncoder(out).Encode(map[string]any{
		"common": len(combined),
		"process": map[string]any{
			"cpu_seconds": cpu.Seconds(),
			"parties": []any{map[string]any{
				"side": "all", "wall_seconds": wall, "sent": sent, "delays": 1,
				"phases": []phase{{"split", split}, {"combine", wall - split}},
			}},
		},
	})
}
