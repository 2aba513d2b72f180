package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// logOrigin names the log of evidence; whose it is says its key, which is that of
// the side that keeps it.
const logOrigin = "link.example/evidence"

// A keeper keeps evidence of runs in a folder: a log, and for each record in it a
// proof that can be checked without either side. The nil keeper keeps nothing.
type keeper struct {
	dir string
	log *evidence.Log
	key string
}

// keep opens the folder of -evidence.
func (j *job) keep() (*keeper, error) {
	if j.evidence == "" {
		return nil, nil
	}
	public, ok := j.key.Signer().Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("-evidence needs a key of Ed25519")
	}
	key, err := evidence.LogKey(logOrigin, public)
	if err != nil {
		return nil, err
	}
	l, err := evidence.Open(filepath.Join(j.evidence, "log"), &evidence.Config{Origin: logOrigin, Signer: j.key.Signer()})
	if err != nil {
		return nil, fmt.Errorf("-evidence: %w", err)
	}
	return &keeper{j.evidence, l, key}, nil
}

func (k *keeper) close() {
	if k != nil {
		k.log.Close()
	}
}

// record logs what the gate says of a channel, before it opens, and writes the
// proof. Only that file has the record and the salt of its commitment.
func (k *keeper) record(ctx context.Context, record []byte) error {
	if k == nil {
		return nil
	}
	salt := evidence.NewSalt()
	position, err := k.log.Append(salt.Commit(record))
	if err != nil {
		return err
	}
	if _, err := k.log.Publish(ctx); err != nil {
		return err
	}
	proof, err := k.log.Prove(position, salt, record)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(k.dir, fmt.Sprintf("%d.tlog-proof", position)), proof, 0o600)
}

// say tells how the proofs are checked.
func (k *keeper) say() string {
	if k == nil {
		return ""
	}
	return fmt.Sprintf("evidence is in %s; its proofs verify by the log key %s\n", k.dir, k.key)
}
