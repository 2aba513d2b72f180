package directory

import (
	"errors"
	"runtime"
	"strings"
	"sync"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/internal/appendfile"
)

// Open opens the directory in the file at path, or starts one there. It works
// on all processors.
//
// Records that a crash kept from the log are appended to it now. One that the
// log had already may then be in it twice, which does no harm.
func Open(path string, cfg *Config) (*Directory, error) {
	if cfg == nil || cfg.Verify == nil {
		return nil, errors.New("directory: Config needs Verify, by which records are accepted")
	}
	d := &Directory{cfg: *cfg}
	var texts arena
	var err error
	if d.file, err = appendfile.Open(path, maxStored, func(b []byte) error { return d.replay(b, &texts) }); err != nil {
		return nil, err
	}
	if err = d.load(); err == nil {
		err = d.logMissing()
	}
	if err != nil {
		d.file.Close()
		return nil, err
	}
	return d, nil
}

// An arena makes strings that share large pieces of memory, for entries that
// stay as long as the directory.
type arena struct{ piece strings.Builder }

func (a *arena) copy(b []byte) string {
	if a.piece.Cap()-a.piece.Len() < len(b) {
		a.piece.Reset()
		a.piece.Grow(max(1<<20, len(b)))
	}
	a.piece.Write(b)
	return a.piece.String()[a.piece.Len()-len(b):]
}

// replay takes a record of the file. An entry is only kept, for load.
func (d *Directory) replay(b []byte, texts *arena) error {
	if len(b) > 0 && b[0] == tagLogged {
		r := reader{rest: string(b[1:])}
		first, n, index := r.uvarint(), r.uvarint(), r.uvarint()
		if r.err != nil || r.rest != "" || n > uint64(len(d.entries)) || first > uint64(len(d.entries))-n {
			return errStored
		}
		for i := range n {
			d.entries[first+i].index = int64(index + i)
		}
		return nil
	}
	d.entries = append(d.entries, entry{stored: texts.copy(b), index: -1})
	return nil
}

// A part is what load learns from some entries that follow each other.
type part struct {
	grams    map[gram]*[]uint32
	subjects map[claim][]uint32
	aliases  []aliasOf
	err      error
}

type aliasOf struct {
	alias identity.Alias
	id    uint32
}

// load makes the entries visible that replay kept: what add does for each of
// them, in the same order. The frames' checksums guard what this package has
// checked and written, so neither texts nor signatures are checked again.
func (d *Directory) load() error {
	n := len(d.entries)
	size := max(1, (n+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	parts := make([]part, (n+size-1)/size)
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() { parts[i] = d.loadPart(i*size, min(n, (i+1)*size)) })
	}
	wg.Wait()
	for i := range parts {
		if parts[i].err != nil {
			return parts[i].err
		}
	}

	// Each of these has maps of its own and only reads the others' entries; it
	// takes them in their order, so that the newest prevails.
	wg.Go(func() {
		d.byCode = make(map[identity.Code]uint32, n)
		for id := range d.entries {
			e := &d.entries[id]
			if old, ok := d.byCode[e.code]; ok {
				d.entries[old].stale = true
			}
			d.byCode[e.code] = uint32(id)
		}
	})
	wg.Go(func() {
		d.byPath = make(map[identity.Path]uint32, n)
		for id := range d.entries {
			if p := d.entries[id].path; !p.IsZero() {
				d.byPath[p] = uint32(id)
			}
		}
	})
	wg.Go(func() {
		d.index.paths = make(map[string][]uint32, n)
		for id := range d.entries {
			d.index.addPath(uint32(id), d.entries[id].path)
		}
	})
	wg.Go(func() {
		d.byAlias = make(map[identity.Alias]uint32)
		d.index.subjects = make(map[claim][]uint32)
		for i := range parts {
			for _, a := range parts[i].aliases {
				d.byAlias[a.alias] = a.id
			}
			for c, ids := range parts[i].subjects {
				d.index.subjects[c] = append(d.index.subjects[c], ids...)
			}
		}
	})
	wg.Go(func() {
		d.index.grams = make(map[gram]*[]uint32)
		for i := range parts {
			for g, ids := range parts[i].grams {
				if l := d.index.grams[g]; l != nil {
					*l = append(*l, *ids...)
				} else {
					d.index.grams[g] = ids
				}
			}
		}
	})
	wg.Wait()
	return nil
}

// loadPart decodes the entries from first up to end, and sets their codes and
// paths.
func (d *Directory) loadPart(first, end int) part {
	x := newIndex()
	var aliases []aliasOf
	for i := first; i < end; i++ {
		e := &d.entries[i]
		s, _, err := decodeEntry(e.stored)
		if err != nil {
			return part{err: err}
		}
		id := uint32(i)
		e.code, e.path = s.Record.Code, s.Record.Path
		x.addTexts(id, &s.Record)
		x.addSubjects(id, &s.Record)
		for _, a := range s.Record.Aliases {
			aliases = append(aliases, aliasOf{a, id})
		}
	}
	return part{grams: x.grams, subjects: x.subjects, aliases: aliases}
}

// logMissing logs the entries that the file does not say are logged.
func (d *Directory) logMissing() error {
	if d.cfg.Log == nil {
		return nil
	}
	for first := 0; first < len(d.entries); {
		if d.entries[first].index >= 0 {
			first++
			continue
		}
		var commitments []evidence.Commitment
		for i := first; i < len(d.entries) && d.entries[i].index < 0; i++ {
			s, salt, err := d.entries[i].decode()
			if err != nil {
				return err
			}
			commitments = append(commitments, evidence.Salt(salt).Commit(s.Leaf()))
		}
		if err := d.log(first, commitments); err != nil {
			return err
		}
		first += len(commitments)
	}
	return nil
}
