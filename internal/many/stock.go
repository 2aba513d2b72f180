package many

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/field"
	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/stockfile"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// A Stock is a party's shares of masks that are ready. The other parties have theirs, and runs
// of all of them use them up together. It is of one run at a time: [Open] takes it over, and
// [Party.Leftover] gives it back.
type Stock struct {
	index, n    int            // of the party, and of all
	id          [prg.Size]byte // of this state of the shares of all
	masks, bits pile
}

// String returns the type of s, and nothing of its values.
func (s *Stock) String() string { return "many.Stock" }

// Format implements [fmt.Formatter], so that no verb prints the values of s.
func (s *Stock) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }

// LogValue implements [slog.LogValuer], with the result of String.
func (s *Stock) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Left returns what s has.
func (s *Stock) Left() engine.Demand {
	return engine.Demand{Comparisons: 64 * s.masks.words, Bits: 64 * s.bits.words}
}

// common appends what the stocks of all parties of a run must have in common: the numbers of
// parties and of those who may be corrupted, the id, and how many words of masks there are.
func (s *Stock) common(b []byte) []byte {
	b = append(b, byte(s.n), byte((s.n-1)/2))
	b = append(b, s.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.masks.words))
	return binary.BigEndian.AppendUint64(b, uint64(s.bits.words))
}

// term is what parties compare when a run begins. Without a stock there is nothing.
func (s *Stock) term() []byte {
	if s.id == [prg.Size]byte{} {
		return nil
	}
	return s.common(nil)
}

var errClaimed = errors.New("many: the stock is in use or was used up in another run")

// fits returns an error unless s is there for a party of n.
func (s *Stock) fits(index, n int) error {
	switch {
	case s.id == [prg.Size]byte{}:
		return errClaimed
	case s.index != index || s.n != n:
		return fmt.Errorf("many: the stock of party %d of %d at party %d of %d", s.index, s.n, index, n)
	}
	return nil
}

// claim returns what s has, for the run of a party of n, and leaves s with nothing. Nil has
// nothing.
func (s *Stock) claim(index, n int) (*Stock, error) {
	if s == nil {
		return &Stock{index: index, n: n}, nil
	}
	return stockfile.Claim(s, func() error { return s.fits(index, n) })
}

// Leftover returns the masks that are ready, and lets the run go on without. All parties must
// call it at the same place. In a rehearsal it is a stock that no run takes: anybody knows
// the masks.
func (p *Party) Leftover() *Stock {
	s := &Stock{index: p.index, n: p.n, masks: p.readyMasks, bits: p.readyBits}
	p.readyMasks, p.readyBits = pile{}, pile{}
	if p.rehearsal != nil {
		return new(Stock)
	}
	// All parties' shares get the same name, which no other stock has: the joint stream is of
	// this run and has not been at this place before.
	var fresh [prg.Size]byte
	p.joint.Bytes(fresh[:])
	tag, err := label.New("many", version, "stock", fresh[:])
	if err != nil {
		panic(fmt.Sprintf("many: internal error: %v", err))
	}
	sum := sha256.Sum256(s.common(tag))
	s.id = [prg.Size]byte(sum[:prg.Size])
	return s
}

// A file holds a stock once, as package stockfile says:
//
//	magic (8 bytes) || n8 || t8 || id (16 bytes) || words of masks64 || words of bits64 || index8 ||
//	pieces of masks, of pieceWords words each, but for the last one || such of bits || SHA-256
//
// A piece is its masks as numbers, and the columns of each plane of their bits, little-endian.

// StockMagic is what files begin with.
const StockMagic = "djmasks1"

// stockHead is how many bytes come before the pieces.
const stockHead = len(StockMagic) + 2 + prg.Size + 2*8 + 1

// Save writes s to a new file, readable by its owner only, and leaves s with nothing, also
// when it fails. An existing file is not overwritten. It holds the stock twice meanwhile.
func (s *Stock) Save(path string) error {
	taken, err := s.claim(s.index, s.n)
	if err != nil {
		return err
	}
	return stockfile.Save(path, taken.append(nil))
}

// append encodes s, and leaves it without masks.
func (s *Stock) append(b []byte) []byte {
	start := len(b)
	m := smallest(s.n).m
	b = slices.Grow(b, stockHead+8*(s.masks.words*wordSize(m, field.Bits)+s.bits.words*wordSize(m, 1))+sha256.Size)
	b = append(b, StockMagic...)
	b = append(s.common(b), byte(s.index))
	b = s.masks.append(b, m, field.Bits)
	b = s.bits.append(b, m, 1)
	return stockfile.Seal(b, start)
}

// wordSize is of how many words a word of 64 masks is, with so many planes of bits.
func wordSize(columns, planes int) int { return 64 + planes*columns }

// newPiece returns room for so many words of masks.
func newPiece(words, columns, planes int) piece {
	a := piece{r: engine.New(1, 64*words), bits: make([]Vec, planes)}
	for k := range a.bits {
		a.bits[k] = engine.New(columns, words)
	}
	return a
}

// parts returns the columns of a, in the order of files.
func (a *piece) parts() [][]uint64 {
	parts := slices.Clone(a.r.Parts)
	for _, plane := range a.bits {
		parts = append(parts, plane.Parts...)
	}
	return parts
}

// append moves all masks of q to b.
func (q *pile) append(b []byte, columns, planes int) []byte {
	for q.words > 0 {
		words := min(q.words, pieceWords)
		a := newPiece(words, columns, planes)
		q.take(words, a.r, a.bits)
		for _, part := range a.parts() {
			b = stockfile.AppendWords(b, part)
			clear(part)
		}
	}
	return b
}

// ParseStock is the inverse of append, and takes no memory of b. It allocates no more than what
// b has words for.
func ParseStock(b []byte) (*Stock, error) {
	b, err := stockfile.Unseal(b)
	if err != nil {
		return nil, err
	}
	d := wire.NewDecoder(b)
	if string(d.Bytes(len(StockMagic))) != StockMagic {
		return nil, stockfile.ErrDamaged
	}
	s := &Stock{n: int(d.Uint8())}
	t := int(d.Uint8())
	copy(s.id[:], d.Bytes(prg.Size))
	masks, bits := d.Uint64(), d.Uint64()
	s.index = int(d.Uint8())
	if s.n < Least || s.n > Most || t != (s.n-1)/2 || s.id == [prg.Size]byte{} || s.index >= s.n {
		return nil, stockfile.ErrDamaged
	}
	m, left := smallest(s.n).m, uint64(len(b)-stockHead)
	size := uint64(8 * wordSize(m, field.Bits))
	if masks > left/size || bits > left/8 || masks*size+bits*8*uint64(wordSize(m, 1)) != left {
		return nil, stockfile.ErrDamaged
	}
	if !s.masks.parse(d, int(masks), m, field.Bits) || !s.bits.parse(d, int(bits), m, 1) || d.Done() != nil {
		return nil, stockfile.ErrDamaged
	}
	return s, nil
}

// parse puts so many words of masks in q.
func (q *pile) parse(d *wire.Decoder, words, columns, planes int) bool {
	for words > 0 {
		w := min(words, pieceWords)
		a := newPiece(w, columns, planes)
		for _, part := range a.parts() {
			encoded := d.Bytes(8 * len(part))
			if encoded == nil {
				return false
			}
			for i := range part {
				part[i] = binary.LittleEndian.Uint64(encoded[8*i:])
			}
		}
		if field.Canonical(a.r.Parts[0]) >= 0 {
			return false
		}
		q.add(a.r, a.bits...)
		words -= w
	}
	return true
}

// rehearse puts so many words in q that mean nothing. All pieces are the same memory.
func (q *pile) rehearse(words, columns, planes int) {
	if words == 0 {
		return
	}
	zero := newPiece(min(words, pieceWords), columns, 1)
	for words > 0 {
		w := min(words, pieceWords)
		q.add(zero.r.Slice(0, 64*w), slices.Repeat([]Vec{zero.bits[0].Slice(0, w)}, planes)...)
		words -= w
	}
}
