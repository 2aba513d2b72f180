package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/api"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

var (
	//go:embed organisations.csv
	exampleOrganisations []byte
	//go:embed catalogue.csv
	exampleCatalogue []byte
)

const origin = "registry.example/evidence"

// serve runs a registry until ctx ends.
func serve(ctx context.Context, w io.Writer, dir, listen, organisations, catalogue, region string, witnessURLs []string) error {
	key, err := loadKey(filepath.Join(dir, "log.key"))
	if err != nil {
		return err
	}
	logged := make(map[evidence.Commitment]int64)
	l, err := evidence.Open(filepath.Join(dir, "log"), &evidence.Config{Origin: origin, Signer: key,
		Replay: func(position int64, c evidence.Commitment) error { logged[c] = position; return nil }})
	if err != nil {
		return err
	}
	defer l.Close()
	logKey, err := evidence.LogKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return err
	}
	var witnesses []evidence.Cosigner
	for _, s := range witnessURLs {
		url, witnessKey, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("-witness %s is not of the form URL=KEY", s)
		}
		witnesses = append(witnesses, &api.RemoteWitness{URL: strings.TrimSuffix(url, "/") + "/witness", PublicKey: witnessKey, Client: &http.Client{Timeout: 10 * time.Second}})
	}
	tables := [][]byte{exampleOrganisations, exampleCatalogue}
	for i, file := range []string{organisations, catalogue} {
		if file != "" {
			if tables[i], err = os.ReadFile(file); err != nil {
				return err
			}
		}
	}
	b, err := openBook(dir, l, logged, tables[0], region)
	if err != nil {
		return err
	}
	defer b.close()
	if b.directory.Len() == 0 {
		if err := b.take(ctx, tables[1], region); err != nil {
			return err
		}
		fmt.Fprintf(w, "took in %d records of %d organisations\n", b.directory.Len(), len(b.organisations))
	}
	if err := b.publish(ctx, witnesses); err != nil {
		return err
	}
	grown, stopped := make(chan struct{}, 1), make(chan struct{})
	ctx, stop := context.WithCancel(ctx)
	defer func() { stop(); <-stopped }()
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ctx.Done():
				return
			case <-grown:
				if _, err := l.Publish(ctx, witnesses...); err != nil && ctx.Err() == nil {
					fmt.Fprintln(w, "checkpoint, which the next registration tries again:", err)
				}
			}
		}
	}()
	h, err := api.New(&api.Config{Directory: api.Records(b.directory.Store()), Registrar: published{api.Registrations(b.registry), grown}, Log: l,
		Readers: api.AnyReader, Rate: 100, Burst: 200, Now: time.Now})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "registrar %s\nlog key %s\n", b.registrar, logKey)
	return run(ctx, w, listen, h)
}

// published asks for a checkpoint after each registration. Nobody waits for it,
// since witnesses may be slow, and one serves all registrations until then.
type published struct {
	api.Registrar
	grown chan<- struct{}
}

func (p published) Register(ctx context.Context, body []byte) (any, error) {
	receipt, err := p.Registrar.Register(ctx, body)
	if err == nil {
		select {
		case p.grown <- struct{}{}:
		default: // one is asked for already
		}
	}
	return receipt, err
}

// witness runs a witness until ctx ends.
func witness(ctx context.Context, w io.Writer, dir, listen, name string, logs []string) error {
	if len(logs) == 0 {
		return errors.New("say which log to watch, with -log KEY")
	}
	key, err := loadKey(filepath.Join(dir, "witness.key"))
	if err != nil {
		return err
	}
	wit, err := evidence.OpenWitness(filepath.Join(dir, "seen"), &evidence.WitnessConfig{Name: name, Signer: key, Logs: logs, Now: time.Now})
	if err != nil {
		return err
	}
	defer wit.Close()
	h, err := api.New(&api.Config{Witness: wit, Readers: api.AnyReader, Rate: 100, Burst: 200, Now: time.Now})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "witness key %s\n", wit.Key())
	return run(ctx, w, listen, h)
}

// run serves on plain HTTP. A registry for others stands behind TLS.
func run(ctx context.Context, w io.Writer, listen string, h http.Handler) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "serving on http://%s\n", listener.Addr())
	server := &http.Server{Handler: h, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(ctx)
	}
}

// find prints the codes and titles of the records that a text finds.
func find(ctx context.Context, w io.Writer, url, text string) error {
	var page api.Page
	if err := ask(ctx, url+"/directory/search", map[string]string{"keywords": text}, &page); err != nil {
		return err
	}
	for _, s := range page.Records {
		fmt.Fprintf(w, "%s %s\n", s.Record.Code, s.Record.Title)
	}
	if page.More {
		fmt.Fprintln(w, "and more")
	}
	return nil
}

// prove fetches the proof of a record. What comes is checked by verify, not
// here.
func prove(ctx context.Context, w io.Writer, url, code string) error {
	var resolved api.Resolved
	if err := ask(ctx, url+"/directory/resolve", map[string]string{"code": code}, &resolved); err != nil {
		return err
	}
	if resolved.Proof == "" {
		return errors.New("the record is new, and its proof comes with the next checkpoint")
	}
	_, err := io.WriteString(w, resolved.Proof)
	return err
}

// ask makes one call of the registry.
func ask(ctx context.Context, url string, question, data any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	a := struct {
		Message string
		Data    any
	}{Data: data}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 4<<20)).Decode(&a); err != nil {
		return fmt.Errorf("%s gave no answer of a registry: %w", url, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, a.Message)
	}
	return nil
}

// loadCode reads a code, or mints one the first time.
func loadCode(file string, kind identity.Kind, subject identity.Subject, area identity.Area) (identity.Code, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		return identity.Parse(strings.TrimSpace(string(b)))
	}
	if !errors.Is(err, os.ErrNotExist) {
		return identity.Code{}, err
	}
	code, err := identity.Mint(kind, subject, area)
	if err != nil {
		return code, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return code, err
	}
	return code, os.WriteFile(file, []byte(code.String()+"\n"), 0o600)
}

// loadKey reads a private key, or makes one the first time.
func loadKey(file string) (crypto.Signer, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return makeKey(file)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s holds no key", file)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds another kind of key than Ed25519", file)
	}
	return private, nil
}

func makeKey(file string) (crypto.Signer, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return private, err
}
