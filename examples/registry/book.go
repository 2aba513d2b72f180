package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/api"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// An entry is what the registry says about an organisation, which is its own
// holder and has no code, or about a resource.
type entry struct {
	Code   identity.Code    `json:"code,omitzero"`
	Holder identity.Subject `json:"holder"`
	Name   string           `json:"name"`
}

// keys are what an entry is looked up by: an organisation's number; a resource's
// code, and the number that it had before, which is the code's extension.
func (e *entry) keys() []string {
	if e.Code.IsZero() {
		return []string{e.Holder.String()}
	}
	return []string{e.Code.String(), e.Code.Extension()}
}

// A book is all entries of a registry, each with its proof. On disk it is a
// folder of proof files, which hold the entries: what is there, anybody can
// check. It is an api.Directory.
type book struct {
	entries []entry
	proofs  map[string]string // by key
}

// openBook reads the folder. Every file must verify, so that nobody adds an
// entry by writing a file.
func openBook(dir string, policy *evidence.Policy) (*book, error) {
	b := &book{proofs: map[string]string{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.tlog-proof"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	for _, file := range files {
		proof, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		v, err := policy.Verify(proof)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		var e entry
		if err := json.Unmarshal(v.Record, &e); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		b.put(e, proof)
	}
	return b, nil
}

func (b *book) put(e entry, proof []byte) {
	b.entries = append(b.entries, e)
	for _, key := range e.keys() {
		b.proofs[key] = string(proof)
	}
}

// add puts entries into the log, publishes it and writes their proofs. If it is
// interrupted, adding them again puts them into the log once more and does no
// other harm.
func (b *book) add(ctx context.Context, l *evidence.Log, dir string, entries []entry, witnesses []evidence.Cosigner) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var records [][]byte
	var salts []evidence.Salt
	var commitments []evidence.Commitment
	for _, e := range entries {
		record, err := json.Marshal(e)
		if err != nil {
			return err
		}
		salt := evidence.NewSalt()
		records, salts, commitments = append(records, record), append(salts, salt), append(commitments, salt.Commit(record))
	}
	first, err := l.Append(commitments...)
	if err != nil {
		return err
	}
	if _, err := l.Publish(ctx, witnesses...); err != nil {
		return err
	}
	for i, e := range entries {
		index := first + int64(i)
		proof, err := l.Prove(index, salts[i], records[i])
		if err != nil {
			return err
		}
		// Under another name first, so that no half of a file is ever read.
		file := filepath.Join(dir, fmt.Sprintf("%09d.tlog-proof", index))
		if err := os.WriteFile(file+".new", proof, 0o600); err != nil {
			return err
		}
		if err := os.Rename(file+".new", file); err != nil {
			return err
		}
		b.put(e, proof)
	}
	return nil
}

// Resolve answers with the proof, which holds the entry.
func (b *book) Resolve(_ context.Context, code string) (any, error) {
	proof, ok := b.proofs[code]
	if !ok {
		return nil, api.ErrNotFound
	}
	return map[string]string{"proof": proof}, nil
}

// Search answers with one page of the entries whose name or code has all the
// keywords.
func (b *book) Search(_ context.Context, s api.Search) (any, error) {
	page, total := []entry{}, 0
	for _, e := range b.entries {
		if !slices.ContainsFunc(strings.Fields(s.Keywords), func(k string) bool { return !strings.Contains(e.Name+" "+strings.Join(e.keys(), " "), k) }) {
			if total++; total > s.Offset && len(page) < s.Limit {
				page = append(page, e)
			}
		}
	}
	return map[string]any{"total": total, "entries": page}, nil
}

// readEntries reads both tables, checks the organisations' numbers and mints
// codes for the resources, in the given area. A resource's holder must be an
// organisation of the first table.
func readEntries(organisations, catalogue io.Reader, area identity.Area) (entries []entry, err error) {
	known := map[identity.Subject]bool{}
	err = rows(organisations, []string{"code", "name"}, func(row []string) error {
		subject, err := identity.ParseSubject(row[0])
		if err == nil && known[subject] {
			err = errors.New("this code stands there twice")
		}
		if err != nil {
			return err
		}
		known[subject] = true
		entries = append(entries, entry{Holder: subject, Name: row[1]})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("organisations: %w", err)
	}
	numbers := map[string]bool{}
	err = rows(catalogue, []string{"number", "title", "holder"}, func(row []string) error {
		holder, err := identity.ParseSubject(row[2])
		switch {
		case err != nil:
			return err
		case !known[holder]:
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
		entries = append(entries, entry{Code: code, Holder: holder, Name: row[1]})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return entries, nil
}

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
		if err == nil && slices.Contains(row, "") {
			err = errors.New("a field is empty")
		}
		if err == nil {
			err = each(row)
		}
		if err != nil {
			line, _ := table.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}
