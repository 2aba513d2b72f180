package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/registry"
)

// An organisation holds resources and signs what the directory says of them.
type organisation struct {
	subject identity.Subject
	name    string
	code    identity.Code // of the connector by which it is reached
	key     crypto.Signer
	next    crypto.Signer // committed to, for the first rotation
}

// A book is the registry of keys, the directory, the log that commits to both,
// and the organisations.
//
// Their private keys lie here only because the example plays all parts. In
// truth each organisation keeps its own, and registers as "registry register"
// does; what the book asks of them it asks of the registry.
type book struct {
	dir           string
	table         []byte // of the organisations
	log           *evidence.Log
	logged        int // entries that the log had when it was opened
	registrar     identity.Code
	registry      *registry.Registry
	directory     *directory.Directory
	organisations map[identity.Subject]organisation
}

// openBook opens what is in dir, or starts anew with the organisations of a
// table. What the log has already it is told by logged.
func openBook(dir string, l *evidence.Log, logged map[evidence.Commitment]int64, organisations []byte, region string) (*book, error) {
	b := &book{dir: dir, log: l, logged: len(logged), organisations: map[identity.Subject]organisation{}}
	// The table of the first time stays, as the records belong to it.
	if kept, err := os.ReadFile(b.tableFile()); err == nil {
		organisations = kept
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	area, err := identity.ParseArea(region)
	if err != nil {
		return nil, err
	}
	err = rows(bytes.NewReader(organisations), []string{"code", "name"}, func(row []string) error {
		subject, err := identity.ParseSubject(row[0])
		if err != nil {
			return err
		}
		if _, twice := b.organisations[subject]; twice {
			return errors.New("this code stands there twice")
		}
		o := organisation{subject: subject, name: row[1]}
		file := filepath.Join(dir, "organisations", subject.String())
		if o.key, err = loadKey(file + ".key"); err != nil {
			return err
		}
		if o.next, err = loadKey(file + ".next.key"); err != nil {
			return err
		}
		o.code, err = loadCode(file+".code", identity.Connector, subject, area)
		b.organisations[subject] = o
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("organisations: %w", err)
	}
	b.table = organisations
	if err := b.openRegistry(logged, area); err != nil {
		return nil, err
	}
	b.directory, err = directory.Open(filepath.Join(dir, "directory"), &directory.Config{Verify: b.verify, Log: l})
	if err != nil {
		b.registry.Close()
	}
	return b, err
}

func (b *book) close() {
	b.directory.Close()
	b.registry.Close()
}

// openRegistry opens the registry of keys. The city that runs it has a code of
// its own, under which it countersigns.
func (b *book) openRegistry(logged map[evidence.Commitment]int64, area identity.Area) error {
	city, err := identity.ParseSubject("113100000000000017")
	if err != nil {
		return err
	}
	if b.registrar, err = loadCode(filepath.Join(b.dir, "registrar.code"), identity.RegionNode, city, area); err != nil {
		return err
	}
	key, err := loadKey(filepath.Join(b.dir, "registrar.key"))
	if err != nil {
		return err
	}
	b.registry, err = registry.Open(filepath.Join(b.dir, "registry"), &registry.Config{
		Code: b.registrar, Signer: key, Log: b.log, Logged: logged, Now: time.Now,
		// Whoever looked at papers put an organisation on the table.
		Approve: func(_ context.Context, op registry.Operation) error {
			if _, known := b.organisations[op.Code.Subject()]; !known {
				return errors.New("the organisation is not on the table")
			}
			return nil
		},
	})
	return err
}

// register registers the connectors of organisations that are not yet: each
// shows, for a nonce of the registrar, that it has its key.
func (b *book) register(ctx context.Context) error {
	for _, o := range b.sorted() {
		if _, _, err := b.registry.Last(o.code); !errors.Is(err, registry.ErrNotFound) {
			continue
		}
		signed, err := application(b.registrar, o.code, o.key, o.next, b.registry.Nonce)
		if err == nil {
			_, err = b.registry.Submit(ctx, signed)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
	}
	return nil
}

// application makes the signed operation by which a code is bound to a key.
func application(registrar, code identity.Code, key, next crypto.Signer, nonce func(identity.Code, keys.PublicKey) (string, error)) (s registry.Signed, err error) {
	public, err := algorithms.Public(key)
	if err != nil {
		return s, err
	}
	committed, err := algorithms.Public(next)
	if err != nil {
		return s, err
	}
	n, err := nonce(code, public)
	if err != nil {
		return s, err
	}
	return registry.Sign(algorithms, key, registry.Operation{
		Act: registry.Create, Code: code, Registrar: registrar, Time: time.Now().Unix(),
		Nonce: n, Key: public, Next: committed.Fingerprint(),
	})
}

// algorithms are those of all keys: Ed25519.
var algorithms keys.Algorithms

// recordDomain keeps signatures of records apart from all others.
const recordDomain = "registry example record"

// verify accepts a record that is signed by the key that is registered now for
// the connector of the organisation in its code.
func (b *book) verify(r *directory.Record, _, signature []byte) error {
	o, ok := b.organisations[r.Code.Subject()]
	if !ok {
		return errors.New("the organisation is not registered here")
	}
	key, err := algorithms.Public(o.key)
	if err != nil {
		return err
	}
	return b.registry.VerifyNow(o.code, key, recordDomain, r, signature)
}

// take puts organisations and catalogue into the directory: each organisation
// as the connector by which it is reached, each row as a resource whose old
// number becomes part of its code.
func (b *book) take(ctx context.Context, catalogue []byte, region string) error {
	area, err := identity.ParseArea(region)
	if err != nil {
		return err
	}
	var signed []directory.Signed
	add := func(code identity.Code, o organisation, title string) error {
		r := directory.Record{Code: code, Title: title, Status: directory.Active, Version: 1}
		if code.Kind() == identity.Resource {
			r.Rights = []directory.Right{{Kind: directory.Hold, Subject: o.subject}}
		}
		signature, err := algorithms.Sign(o.key, recordDomain, &r)
		signed = append(signed, directory.Signed{Record: r, Signature: signature})
		return err
	}
	for _, o := range b.sorted() {
		if err := add(o.code, o, o.name); err != nil {
			return err
		}
	}
	numbers := map[string]bool{}
	err = rows(bytes.NewReader(catalogue), []string{"number", "title", "holder"}, func(row []string) error {
		holder, err := identity.ParseSubject(row[2])
		o, known := b.organisations[holder]
		switch {
		case err != nil:
			return err
		case !known:
			return errors.New("the holder is not among the organisations")
		case numbers[row[0]]:
			return errors.New("this number stands there twice")
		}
		numbers[row[0]] = true
		code, err := identity.Mint(identity.Resource, holder, area)
		if err != nil {
			return err
		}
		if code, err = code.WithExtension(row[0]); err != nil {
			return err
		}
		return add(code, o, row[1])
	})
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	if err := os.WriteFile(b.tableFile(), b.table, 0o600); err != nil {
		return err
	}
	if err := b.register(ctx); err != nil {
		return err
	}
	return b.directory.Register(signed...)
}

func (b *book) tableFile() string { return filepath.Join(b.dir, "organisations.csv") }

// publish publishes the log if it has grown or has no checkpoint yet.
func (b *book) publish(ctx context.Context, witnesses []evidence.Cosigner) error {
	entries := max(b.logged, b.directory.Len()+len(b.organisations))
	if c, _ := b.log.Latest(); c.Size >= int64(entries) && len(witnesses) == 0 {
		return nil
	}
	_, err := b.log.Publish(ctx, witnesses...)
	return err
}

func (b *book) sorted() (all []organisation) {
	for _, o := range b.organisations {
		all = append(all, o)
	}
	slices.SortFunc(all, func(x, y organisation) int { return strings.Compare(x.subject.String(), y.subject.String()) })
	return all
}

// rows calls each with the rows of a table behind its header.
func rows(r io.Reader, header []string, each func(row []string) error) error {
	table := csv.NewReader(r)
	first, err := table.Read()
	if err != nil {
		return err
	}
	if !slices.Equal(first, header) {
		return fmt.Errorf("the first row must be %s", strings.Join(header, ","))
	}
	for {
		row, err := table.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err // which names the line
		}
		if slices.Contains(row, "") {
			err = errors.New("a field is empty")
		} else {
			err = each(row)
		}
		if err != nil {
			line, _ := table.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}
