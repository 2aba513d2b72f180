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

	"github.com/dujiang-dev/dujiang/identity/api"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// An entry is what the registry says about one code.
type entry struct {
	Code   string `json:"code"`
	Kind   string `json:"kind"` // organisation or resource
	Name   string `json:"name"`
	Holder string `json:"holder,omitempty"`
}

// A book is all entries of a registry, each with its proof. On disk it is a
// folder of proof files, which hold the entries: what is there, anybody can
// check. It is an api.Directory.
type book struct {
	entries []entry
	proofs  map[string]string // by code
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
	if _, there := b.proofs[e.Code]; !there {
		b.entries = append(b.entries, e)
	}
	b.proofs[e.Code] = string(proof)
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
		if !slices.ContainsFunc(strings.Fields(s.Keywords), func(k string) bool { return !strings.Contains(e.Name+" "+e.Code, k) }) {
			if total++; total > s.Offset && len(page) < s.Limit {
				page = append(page, e)
			}
		}
	}
	return map[string]any{"total": total, "entries": page}, nil
}

// readEntries reads both tables. A resource's holder must be an organisation of
// the first.
func readEntries(organisations, catalogue io.Reader) (entries []entry, err error) {
	known := map[string]bool{}
	err = rows(organisations, []string{"code", "name"}, func(row []string) error {
		if known[row[0]] {
			return errors.New("this code stands there twice")
		}
		known[row[0]] = true
		entries = append(entries, entry{Code: row[0], Kind: "organisation", Name: row[1]})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("organisations: %w", err)
	}
	err = rows(catalogue, []string{"number", "title", "holder"}, func(row []string) error {
		if !known[row[2]] {
			return errors.New("the holder is not among the organisations")
		}
		if known[row[0]] {
			return errors.New("this number stands there twice")
		}
		known[row[0]] = true
		entries = append(entries, entry{Code: row[0], Kind: "resource", Name: row[1], Holder: row[2]})
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
