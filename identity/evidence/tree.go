package evidence

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8 // [tlog-tiles, Merkle Tree]
	tileWidth  = 1 << tileHeight
	tileBytes  = tileWidth * sha256.Size

	maxLevels = 56/tileHeight + 1 // for maxSize records

	// cacheTiles is how many full tiles are held expanded, of 16 KiB each: all
	// of a log of a million records.
	cacheTiles = 4096
)

var emptyRoot = sha256.Sum256(nil) // [RFC 6962, 2.1]

// An expanded tile has the hashes of a tile and of all levels up to below its
// root: rows[k][i] covers 2^k hashes of the tile. Rows grow from the left; of a
// full tile nothing changes any more.
type expanded struct{ rows [tileHeight][]tlog.Hash }

func newExpanded() *expanded {
	e := new(expanded)
	all := make([]tlog.Hash, 2*tileWidth)
	for k := range e.rows {
		n := tileWidth >> k
		e.rows[k], all = all[:0:n], all[n:]
	}
	return e
}

// push appends a hash and returns the tile's root when that fills it.
func (e *expanded) push(h tlog.Hash) (root tlog.Hash, full bool) {
	for k := range e.rows {
		row := append(e.rows[k], h)
		e.rows[k] = row
		if len(row)%2 == 1 {
			return tlog.Hash{}, false
		}
		h = tlog.NodeHash(row[len(row)-2], row[len(row)-1])
	}
	return h, true
}

func (e *expanded) appendBytes(b []byte, width int) []byte {
	for _, h := range e.rows[0][:width] {
		b = append(b, h[:]...)
	}
	return b
}

// A tree has the hashes of a log. Full tiles lie in files, one for each level,
// in order: what follows from the entries and can be made again. So they are not synced. The
// tiles at the right edge are in memory.
//
// Nothing of a tree that covers only records before some size ever changes, so
// readers need no lock against the writer but that of the edge.
type tree struct {
	dir string

	mu      sync.RWMutex // guards the following
	size    int64
	edge    []*expanded // of each level
	entries []byte      // of the last, partial bundle
	files   []*os.File  // of each level
	leaves  *os.File    // the entries

	caching sync.Mutex
	cache   map[tileID]*expanded
}

type tileID struct {
	level int
	n     int64
}

func openTree(dir string) (*tree, error) {
	t := &tree{dir: dir, cache: map[tileID]*expanded{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	t.leaves, err = t.file("entries")
	return t, err
}

func (t *tree) file(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(t.dir, name), os.O_RDWR|os.O_CREATE, 0o600)
}

func (t *tree) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.leaves.Close()
	for _, f := range t.files {
		if e := f.Close(); err == nil {
			err = e
		}
	}
	return err
}

// push appends leaves.
func (t *tree) push(leaves []Commitment) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range leaves {
		t.entries = append(t.entries, c[:]...)
		if len(t.entries) == tileBytes {
			if err := settle(t.leaves, t.entries, (t.size/tileWidth)*tileBytes); err != nil {
				return err
			}
			t.entries = t.entries[:0]
		}
		if err := t.pushHash(tlog.RecordHash(c[:])); err != nil {
			return err
		}
		t.size++
	}
	return nil
}

func (t *tree) pushHash(h tlog.Hash) error {
	for level := 0; ; level++ {
		if level == len(t.edge) {
			f, err := t.file(strconv.Itoa(level))
			if err != nil {
				return err
			}
			t.files = append(t.files, f)
			t.edge = append(t.edge, newExpanded())
		}
		root, full := t.edge[level].push(h)
		if !full {
			return nil
		}
		// The leaf that fills this tile is number size, so below it are this
		// many full tiles of the level.
		n := t.size >> (tileHeight * (level + 1))
		if err := settle(t.files[level], t.edge[level].appendBytes(nil, tileWidth), n*tileBytes); err != nil {
			return err
		}
		t.keep(tileID{level, n}, t.edge[level])
		t.edge[level] = newExpanded()
		h = root
	}
}

// settle makes the file hold b at the offset, and writes only what is not there.
func settle(f *os.File, b []byte, offset int64) error {
	there := make([]byte, len(b))
	if n, err := f.ReadAt(there, offset); err == nil && n == len(b) && bytes.Equal(there, b) {
		return nil
	}
	_, err := f.WriteAt(b, offset)
	return err
}

func (t *tree) keep(id tileID, e *expanded) {
	t.caching.Lock()
	defer t.caching.Unlock()
	if len(t.cache) >= cacheTiles {
		for other := range t.cache { // any one; the order of a map is random
			delete(t.cache, other)
			break
		}
	}
	t.cache[id] = e
}

// tile returns a tile with at least the given width, or the edge's copy of it.
func (t *tree) tile(id tileID, width int) (*expanded, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if id.level >= len(t.edge) {
		return nil, io.ErrUnexpectedEOF
	}
	full := t.size >> (tileHeight * (id.level + 1))
	switch {
	case id.n > full:
		return nil, io.ErrUnexpectedEOF
	case id.n == full:
		if len(t.edge[id.level].rows[0]) < width {
			return nil, io.ErrUnexpectedEOF
		}
		// The writer appends to the rows and changes no hash in them, but
		// their lengths, so give out a copy of those.
		e := *t.edge[id.level]
		return &e, nil
	}
	t.caching.Lock()
	e := t.cache[id]
	t.caching.Unlock()
	if e != nil {
		return e, nil
	}
	b := make([]byte, tileBytes)
	if _, err := t.files[id.level].ReadAt(b, id.n*tileBytes); err != nil {
		return nil, err
	}
	e = newExpanded()
	for ; len(b) > 0; b = b[sha256.Size:] {
		e.push(tlog.Hash(b[:sha256.Size]))
	}
	t.keep(id, e)
	return e, nil
}

// ReadHashes implements tlog.HashReader.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		row := level % tileHeight
		first := n << row // of the hashes below it in the tile's own level
		e, err := t.tile(tileID{level / tileHeight, first >> tileHeight}, 1)
		if err != nil {
			return nil, err
		}
		at := int(n & (tileWidth>>row - 1))
		if at >= len(e.rows[row]) {
			return nil, io.ErrUnexpectedEOF
		}
		hashes[i] = e.rows[row][at]
	}
	return hashes, nil
}

// root returns the root of the first size records.
func (t *tree) root(size int64) (tlog.Hash, error) {
	if size == 0 {
		return emptyRoot, nil
	}
	return tlog.TreeHash(size, t)
}

// hashTile returns the bytes of a hash tile.
func (t *tree) hashTile(level int, n int64, width int) ([]byte, error) {
	e, err := t.tile(tileID{level, n}, width)
	if err != nil {
		return nil, err
	}
	return e.appendBytes(make([]byte, 0, width*sha256.Size), width), nil
}

// bundle returns the bytes of an entry bundle: each entry with its length
// [tlog-tiles, Log entries].
func (t *tree) bundle(n int64, width int) ([]byte, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	raw := make([]byte, width*sha256.Size)
	switch full := t.size / tileWidth; {
	case n > full || n == full && len(raw) > len(t.entries):
		return nil, io.ErrUnexpectedEOF
	case n == full:
		copy(raw, t.entries)
	default:
		if _, err := t.leaves.ReadAt(raw, n*tileBytes); err != nil {
			return nil, fmt.Errorf("evidence: reading entries: %w", err)
		}
	}
	b := make([]byte, 0, width*(2+sha256.Size))
	for ; len(raw) > 0; raw = raw[sha256.Size:] {
		b = append(b, 0, sha256.Size)
		b = append(b, raw[:sha256.Size]...)
	}
	return b, nil
}
