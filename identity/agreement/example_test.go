package agreement_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/dujiang-dev/dujiang/identity/agreement"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// Two parties sign a contract and a start statement, and open the channel.
func Example() {
	dir, err := os.MkdirTemp("", "agreement")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	var configs []*agreement.Config
	var parties []agreement.Party
	for _, code := range []string{"clinic", "insurer"} {
		_, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			log.Fatal(err)
		}
		key, err := keys.Algorithms(nil).Public(private)
		if err != nil {
			log.Fatal(err)
		}
		counters, err := policy.OpenCounters(filepath.Join(dir, code))
		if err != nil {
			log.Fatal(err)
		}
		defer counters.Close()
		parties = append(parties, agreement.Party{Code: code, Key: key})
		configs = append(configs, &agreement.Config{
			Signer:   private,
			Now:      time.Now,
			Counters: counters,
			Rights:   func(context.Context, agreement.Party, agreement.Input, time.Time) error { return nil },
			Record:   func([]byte) error { return nil },
		})
	}

	offer := policy.Policy{ID: "urn:example:1", Target: "patients", Permissions: []policy.Rule{{
		Action: "compute",
		Constraints: []policy.Constraint{
			{Left: "executionEnv", Operator: "eq", Right: []string{"03"}},
			{Left: "count", Operator: "lteq", Right: []string{"1"}},
		},
	}}}
	rules, err := offer.DSP()
	if err != nil {
		log.Fatal(err)
	}
	today := time.Now().UTC().Truncate(time.Second)
	program := agreement.Digest(sha256.Sum256([]byte("who is in both tables")))
	contract := &agreement.Contract{Terms: agreement.Terms{
		ID:       "example",
		Parties:  parties,
		Programs: []agreement.Digest{program},
		From:     today,
		Until:    today.AddDate(1, 0, 0),
		Policies: []json.RawMessage{rules},
		Output:   agreement.Output{Receivers: []string{"clinic"}, MinCount: 10, RoundTo: 10},
	}}
	for _, cfg := range configs {
		if err := contract.Sign(cfg.Signer); err != nil {
			log.Fatal(err)
		}
	}

	about, err := contract.Terms.Digest()
	if err != nil {
		log.Fatal(err)
	}
	start := &agreement.Start{Statement: agreement.Statement{
		Contract:    about,
		Program:     program,
		Inputs:      []agreement.Input{{Party: "clinic", Ref: "patients@1", Target: "patients"}},
		Parties:     []string{"clinic", "insurer"},
		Environment: "03",
		Receivers:   []string{"clinic"},
		From:        today,
		Until:       today.Add(time.Hour),
		Nonce:       agreement.NewNonce(),
	}}
	for _, cfg := range configs {
		if err := start.Sign(contract, cfg.Signer); err != nil {
			log.Fatal(err)
		}
	}

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, other := net.Pipe()
	go func() {
		permit, err := agreement.Authorize(ctx, configs[1], contract, start)
		if err != nil {
			log.Fatal(err)
		}
		channel, err := agreement.Open(ctx, other, permit, "clinic")
		if err != nil {
			log.Fatal(err)
		}
		io.WriteString(channel, "the protocol runs here")
	}()
	permit, err := agreement.Authorize(ctx, configs[0], contract, start)
	if err != nil {
		log.Fatal(err)
	}
	channel, err := agreement.Open(ctx, conn, permit, "insurer")
	if err != nil {
		log.Fatal(err)
	}
	message := make([]byte, len("the protocol runs here"))
	if _, err := io.ReadFull(channel, message); err != nil {
		log.Fatal(err)
	}
	released, err := permit.Release(1234)
	fmt.Println(string(message), released, err)

	_, err = agreement.Authorize(ctx, configs[0], contract, start)
	fmt.Println(err)
	// Output:
	// the protocol runs here 1230 <nil>
	// agreement: a policy does not allow it: denied: [permission 1: constraint 2 (count) does not hold]
}
