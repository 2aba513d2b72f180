package evidence_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// A registry puts a record into its log, an independent witness cosigns, and
// somebody with the two public keys and the proof file checks it offline.
func Example() {
	dir, err := os.MkdirTemp("", "evidence")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	logPublic, logPrivate, _ := ed25519.GenerateKey(nil)
	_, witnessPrivate, _ := ed25519.GenerateKey(nil)
	logKey, err := evidence.LogKey("registry.example/evidence", logPublic)
	if err != nil {
		log.Fatal(err)
	}

	// At the registry.
	registry, err := evidence.Open(filepath.Join(dir, "log"), &evidence.Config{Origin: "registry.example/evidence", Signer: logPrivate})
	if err != nil {
		log.Fatal(err)
	}
	defer registry.Close()
	// At another organisation.
	witness, err := evidence.OpenWitness(filepath.Join(dir, "witness"), &evidence.WitnessConfig{
		Name: "witness.example", Signer: witnessPrivate, Logs: []string{logKey}, Now: time.Now})
	if err != nil {
		log.Fatal(err)
	}
	defer witness.Close()

	// The salt is kept with the record; the log sees neither.
	record, salt := []byte("resource 7 was registered"), evidence.NewSalt()
	index, err := registry.Append(salt.Commit(record))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := registry.Publish(context.Background(), witness); err != nil {
		log.Fatal(err)
	}
	proof, err := registry.Prove(index, salt, record)
	if err != nil {
		log.Fatal(err)
	}

	// At the reader, with no network.
	policy, err := evidence.NewPolicy(logKey, 1, witness.Key())
	if err != nil {
		log.Fatal(err)
	}
	verified, err := policy.Verify(proof)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q is record %d of %d\n", verified.Record, verified.Index, verified.Checkpoint.Size)
	// Output: "resource 7 was registered" is record 0 of 1
}
