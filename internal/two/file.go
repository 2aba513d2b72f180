package two

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// A file holds a stock once. [LoadStock] takes it away before it returns, so that neither
// a crash nor a second process can make a triple be used again:
//
//	magic (8 bytes) || index8 || id (16 bytes) || products64 || words64 || numbers64 ||
//	shapes32 || kind8, rows32, inner32, cols32, count32 of each shape ||
//	the words of a, b and c of each, little-endian || SHA-256 of all that
//
// The checksum finds accidents. Who can read or change the file can learn or change
// what is computed with it.
const stockMagic = "djstock2"

// ErrStock says that a file does not hold a stock, or not all of it.
var ErrStock = errors.New("two: the file does not hold a whole stock of triples")

// Save writes s to a new file, readable by its owner only, and leaves s with nothing, also
// when it fails. An existing file is not overwritten. It holds the stock twice meanwhile.
func (s *Stock) Save(path string) (err error) {
	taken, err := s.claim(s.index)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(taken.append(nil))
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = syncDir(path)
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}

// append encodes s.
func (s *Stock) append(b []byte) []byte {
	start := len(b)
	b = append(append(b, stockMagic...), byte(s.index))
	b = append(b, s.id[:]...)
	for i := range s.vectors {
		b = binary.BigEndian.AppendUint64(b, uint64(s.vectors[i].left()))
	}
	shapes := s.shapes()
	b = binary.BigEndian.AppendUint32(b, uint32(len(shapes)))
	for _, o := range shapes {
		b = append(b, byte(o.kind))
		for _, n := range []int{o.rows, o.inner, o.cols, len(s.shaped[o])} {
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
	}
	add := func(t triples) {
		for _, part := range t.parts() {
			for _, w := range *part {
				b = binary.LittleEndian.AppendUint64(b, w)
			}
		}
	}
	for i := range s.vectors {
		v := &s.vectors[i]
		add(v.all.slice(v.used, len(v.all.c)))
	}
	for _, o := range shapes {
		for _, t := range s.shaped[o] {
			add(t)
		}
	}
	sum := sha256.Sum256(b[start:])
	return append(b, sum[:]...)
}

// LoadStock takes the stock out of a file: the file is renamed, and the new name is on the
// disk, before anything of it is read, and it is removed at the end. A process that stops
// in between leaves a file of the new name, which holds secrets and is of no more use.
//
// It is for the caller to make no copies of the file, by backups say, which nothing here
// could tell from the file. On systems that cannot sync a folder, a loss of power within
// seconds may undo the renaming.
func LoadStock(path string) (*Stock, error) {
	taken := path + ".taken-" + rand.Text()[:8]
	if err := os.Rename(path, taken); err != nil {
		return nil, err
	}
	defer os.Remove(taken)
	if err := syncDir(path); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(taken)
	if err != nil {
		return nil, err
	}
	s, err := parseStock(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, path)
	}
	return s, nil
}

// parseStock is the inverse of append. No count makes it allocate more than what b has that many
// words for.
func parseStock(b []byte) (*Stock, error) {
	if len(b) < sha256.Size {
		return nil, ErrStock
	}
	b, end := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sum := sha256.Sum256(b); subtle.ConstantTimeCompare(sum[:], end) != 1 {
		return nil, ErrStock
	}
	d := wire.NewDecoder(b)
	if string(d.Bytes(len(stockMagic))) != stockMagic {
		return nil, ErrStock
	}
	s := &Stock{index: int(d.Uint8()), shaped: make(map[order][]triples)}
	copy(s.id[:], d.Bytes(prg.Size))
	if s.index >= Parties || s.id == [prg.Size]byte{} {
		return nil, ErrStock
	}
	var orders []order
	left := uint64(len(b) / 8) // words
	list := func(o order, count int) bool {
		x, y, z := o.sizes()
		size := uint64(x) + uint64(y) + uint64(z) // below 2^32 each
		if size > left || size*uint64(count) > left {
			return false
		}
		left -= size * uint64(count)
		for range count {
			orders = append(orders, o)
		}
		return true
	}
	for k := products; k <= numbers; k++ {
		n := d.Uint64()
		if n > left || !list(order{kind: k, rows: int(n)}, 1) {
			return nil, ErrStock
		}
	}
	for range d.Uint32() {
		k := kind(d.Uint8())
		var sizes [4]int
		for i := range sizes {
			n := d.Uint32()
			if n > maxShuffle { // also where int has 32 bits
				return nil, ErrStock
			}
			sizes[i] = int(n)
		}
		// After the end of b there are zeros only, which are no shape.
		o, err := k.order(sizes[0], sizes[1], sizes[2])
		if err != nil || !k.shaped() || o.empty() || sizes[3] == 0 {
			return nil, ErrStock
		}
		if last := orders[len(orders)-1]; last.kind.shaped() && compareShapes(last, o) >= 0 {
			return nil, ErrStock
		}
		if !list(o, sizes[3]) {
			return nil, ErrStock
		}
	}
	for _, o := range orders {
		var t triples
		parts := t.parts()
		x, y, z := o.sizes()
		for i, n := range []int{x, y, z} {
			encoded := d.Bytes(8 * n)
			if encoded == nil && n > 0 {
				return nil, ErrStock
			}
			*parts[i] = make([]uint64, n)
			decode(*parts[i], encoded)
		}
		if o.kind.shaped() {
			s.shaped[o] = append(s.shaped[o], t)
		} else {
			s.pile(o.kind).all = t
		}
	}
	if d.Done() != nil {
		return nil, ErrStock
	}
	for _, bit := range s.pile(numbers).all.a {
		if bit > 1 {
			return nil, ErrStock
		}
	}
	return s, nil
}

// syncDir makes the names in the folder of path durable, where that can be done.
func syncDir(path string) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		return nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
