package registry_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/registry"
)

func Example() {
	if err := register(); err != nil {
		fmt.Println(err)
	}
	// Output: registered at position 0
}

func register() error {
	dir, err := os.MkdirTemp("", "registry")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	_, logKey, _ := ed25519.GenerateKey(nil)
	_, registrarKey, _ := ed25519.GenerateKey(nil)
	_, key, _ := ed25519.GenerateKey(nil)
	_, nextKey, _ := ed25519.GenerateKey(nil) // kept elsewhere until it is needed
	var algorithms keys.Algorithms
	public, _ := algorithms.Public(key)
	next, _ := algorithms.Public(nextKey)

	subject, err := identity.ParseSubject("91110000600037341L")
	if err != nil {
		return err
	}
	area, err := identity.ParseArea("1101")
	if err != nil {
		return err
	}
	registrar, err := identity.Mint(identity.RegionNode, subject, area)
	if err != nil {
		return err
	}
	code, err := identity.Mint(identity.Connector, subject, area)
	if err != nil {
		return err
	}

	// The registrar.
	logged := make(map[evidence.Commitment]int64)
	log, err := evidence.Open(filepath.Join(dir, "log"), &evidence.Config{
		Origin: "registry.example/log", Signer: logKey,
		Replay: func(position int64, c evidence.Commitment) error { logged[c] = position; return nil },
	})
	if err != nil {
		return err
	}
	defer log.Close()
	r, err := registry.Open(filepath.Join(dir, "registry"), &registry.Config{
		Code: registrar, Signer: registrarKey, Log: log, Logged: logged, Now: time.Now,
		Approve: func(context.Context, registry.Operation) error { return nil },
	})
	if err != nil {
		return err
	}
	defer r.Close()

	// The applicant asks for a nonce and signs.
	nonce, err := r.Nonce(code, public)
	if err != nil {
		return err
	}
	signed, err := registry.Sign(algorithms, key, registry.Operation{
		Act: registry.Create, Code: code, Registrar: registrar, Time: time.Now().Unix(),
		Nonce: nonce, Key: public, Next: next.Fingerprint(),
	})
	if err != nil {
		return err
	}
	receipt, err := r.Submit(context.Background(), signed)
	if err != nil {
		return err
	}

	// Anybody checks.
	history, err := r.History(code, nil)
	if err != nil {
		return err
	}
	v := registry.Verifier{Registrars: map[identity.Code][]keys.PublicKey{registrar: {r.Key()}}, Now: time.Now, MaxAge: time.Hour}
	if _, err := v.Verify(history); err != nil {
		return err
	}
	fmt.Println("registered at position", receipt.Position)
	return nil
}
