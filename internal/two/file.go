package two

import (
	"encoding/binary"

	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/stockfile"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// A file holds a stock once, as package stockfile says:
//
//	magic (8 bytes) || index8 || id (16 bytes) || products64 || words64 || numbers64 ||
//	shapes32 || kind8, rows32, inner32, cols32, count32 of each shape ||
//	the words of a, b and c of each, little-endian || SHA-256 of all that

// StockMagic is what files begin with.
const StockMagic = "djstock2"

// Save writes s to a new file, readable by its owner only, and leaves s with nothing, also
// when it fails. An existing file is not overwritten. It holds the stock twice meanwhile.
func (s *Stock) Save(path string) error {
	taken, err := s.claim(s.index)
	if err != nil {
		return err
	}
	return stockfile.Save(path, taken.append(nil))
}

// append encodes s.
func (s *Stock) append(b []byte) []byte {
	start := len(b)
	b = append(append(b, StockMagic...), byte(s.index))
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
			b = stockfile.AppendWords(b, *part)
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
	return stockfile.Seal(b, start)
}

// ParseStock is the inverse of append, and takes no memory of b. No count makes it allocate
// more than what b has that many words for.
func ParseStock(b []byte) (*Stock, error) {
	b, err := stockfile.Unseal(b)
	if err != nil {
		return nil, err
	}
	d := wire.NewDecoder(b)
	if string(d.Bytes(len(StockMagic))) != StockMagic {
		return nil, stockfile.ErrDamaged
	}
	s := &Stock{index: int(d.Uint8()), shaped: make(map[order][]triples)}
	copy(s.id[:], d.Bytes(prg.Size))
	if s.index >= Parties || s.id == [prg.Size]byte{} {
		return nil, stockfile.ErrDamaged
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
			return nil, stockfile.ErrDamaged
		}
	}
	for range d.Uint32() {
		k := kind(d.Uint8())
		var sizes [4]int
		for i := range sizes {
			n := d.Uint32()
			if n > maxShuffle { // also where int has 32 bits
				return nil, stockfile.ErrDamaged
			}
			sizes[i] = int(n)
		}
		// After the end of b there are zeros only, which are no shape.
		o, err := k.order(sizes[0], sizes[1], sizes[2])
		if err != nil || !k.shaped() || o.empty() || sizes[3] == 0 {
			return nil, stockfile.ErrDamaged
		}
		if last := orders[len(orders)-1]; last.kind.shaped() && compareShapes(last, o) >= 0 {
			return nil, stockfile.ErrDamaged
		}
		if !list(o, sizes[3]) {
			return nil, stockfile.ErrDamaged
		}
	}
	for _, o := range orders {
		var t triples
		parts := t.parts()
		x, y, z := o.sizes()
		for i, n := range []int{x, y, z} {
			encoded := d.Bytes(8 * n)
			if encoded == nil && n > 0 {
				return nil, stockfile.ErrDamaged
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
		return nil, stockfile.ErrDamaged
	}
	for _, bit := range s.pile(numbers).all.a {
		if bit > 1 {
			return nil, stockfile.ErrDamaged
		}
	}
	return s, nil
}
