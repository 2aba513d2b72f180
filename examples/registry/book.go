package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// An organisation holds resources and signs what the directory says of them.
type organisation struct {
	subject identity.Subject
	name    string
	key     crypto.Signer
}

// A book is the directory, the log that commits to it, and the organisations.
//
// Their private keys lie here only because the example plays all parts. In
// truth each organisation keeps its own, and the registry knows the public key.
type book struct {
	dir           string
	table         []byte // of the organisations
	log           *evidence.Log
	directory     *directory.Directory
	organisations map[identity.Subject]organisation
}

// openBook opens what is in dir, or starts anew with the organisations of a
// table.
func openBook(dir string, l *evidence.Log, organisations []byte) (*book, error) {
	b := &book{dir: dir, log: l, organisations: map[identity.Subject]organisation{}}
	// The table of the first time stays, as the records belong to it.
	if kept, err := os.ReadFile(b.tableFile()); err == nil {
		organisations = kept
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	err := rows(bytes.NewReader(organisations), []string{"code", "name"}, func(row []string) error {
		subject, err := identity.ParseSubject(row[0])
		if err != nil {
			return err
		}
		if _, twice := b.organisations[subject]; twice {
			return errors.New("this code stands there twice")
		}
		key, err := loadKey(filepath.Join(dir, "organisations", subject.String()+".key"))
		b.organisations[subject] = organisation{subject, row[1], key}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("organisations: %w", err)
	}
	b.table = organisations
	b.directory, err = directory.Open(filepath.Join(dir, "directory"), &directory.Config{Verify: b.verify, Log: l})
	return b, err
}

// verify accepts a record that is signed by the organisation in its code.
func (b *book) verify(r *directory.Record, statement, signature []byte) error {
	o, ok := b.organisations[r.Code.Subject()]
	if !ok {
		return errors.New("the organisation is not registered here")
	}
	if !ed25519.Verify(o.key.Public().(ed25519.PublicKey), statement, signature) {
		return errors.New("the record is not signed by its organisation")
	}
	return nil
}

// take puts organisations and catalogue into the directory: each organisation
// as the connector by which it is reached, each row as a resource whose old
// number becomes part of its code.
func (b *book) take(catalogue []byte, region string) error {
	area, err := identity.ParseArea(region)
	if err != nil {
		return err
	}
	var signed []directory.Signed
	add := func(kind identity.Kind, o organisation, number, title string) error {
		code, err := identity.Mint(kind, o.subject, area)
		if err != nil {
			return err
		}
		if code, err = code.WithExtension(number); err != nil {
			return err
		}
		r := directory.Record{Code: code, Title: title, Status: directory.Active, Version: 1}
		if kind == identity.Resource {
			r.Rights = []directory.Right{{Kind: directory.Hold, Subject: o.subject}}
		}
		statement, err := r.Statement()
		if err != nil {
			return err
		}
		signature, err := o.key.Sign(nil, statement, crypto.Hash(0))
		signed = append(signed, directory.Signed{Record: r, Signature: signature})
		return err
	}
	for _, o := range b.sorted() {
		if err := add(identity.Connector, o, "", o.name); err != nil {
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
		return add(identity.Resource, o, row[0], row[1])
	})
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	if err := os.WriteFile(b.tableFile(), b.table, 0o600); err != nil {
		return err
	}
	return b.directory.Register(signed...)
}

func (b *book) tableFile() string { return filepath.Join(b.dir, "organisations.csv") }

// publish publishes the log if it has grown or has no checkpoint yet.
func (b *book) publish(ctx context.Context, witnesses []evidence.Cosigner) error {
	if c, _ := b.log.Latest(); c.Size >= int64(b.directory.Len()) && len(witnesses) == 0 {
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
