package rep3

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
)

// Records are what a sort moves: the bits of keys that are still to be sorted by, and the
// numbers of the rows that these come from. Row numbers are above the bits of keys in the same
// words as soon as both fit in, and in halves of words when that is enough. What is above
// either is random in the shares, and zero together, or nothing looks at it.
type records struct {
	p          *Party
	short      *pool[uint32]
	bits       int             // of keys
	gone       int             // the lowest ones, which are not there any more
	rowBits    int             // of row numbers
	keys       *column[uint64] // nil in halves
	halves     *column[uint32] // row numbers of their own, or all
	rowsInKeys bool
}

// newRecords returns records with the keys, in planes, of as many rows as the pool has.
func (p *Party) newRecords(short *pool[uint32], planes Vec, size int) *records {
	n := short.n
	r := &records{p: p, short: short, bits: size, rowBits: bits.Len(uint(max(n-1, 0))), halves: short.new(true)}
	// The rows are public so far.
	for c, one := range []uint32{p.one(0), p.one(1)} {
		for i, v := 0, r.halves.summands(c); i < len(v); i++ {
			v[i] = uint32(i) * one
		}
	}
	w := engine.Words(n)
	gather := func(part []uint64) []uint64 {
		words := make([]uint64, 64*w)
		for i := range w {
			block := (*[64]uint64)(words[64*i:])
			for k := range size {
				block[k] = part[k*w+i]
			}
			bitmatrix.Transpose(block)
		}
		return words[:n:n]
	}
	r.keys = &column[uint64]{own: gather(planes.Parts[0]), next: gather(planes.Parts[1]), xor: true, pool: &pool[uint64]{n: n}}
	r.shrink(0)
	return r
}

// shrink goes to a smaller form, if there is one for what remains of keys from bit low up.
func (r *records) shrink(low int) {
	remain := r.bits - low
	switch {
	case r.keys != nil && remain+r.rowBits <= 32:
		for c := range columns {
			keys, halves := r.keys.summands(c), r.halves.summands(c)
			if r.rowsInKeys {
				shift := low - r.gone
				for i, k := range keys {
					halves[i] = uint32(k >> shift)
				}
				continue
			}
			of := uint64(1)<<remain - 1
			for i, k := range keys {
				halves[i] = uint32(k>>low&of) | halves[i]<<remain
			}
		}
		r.keys, r.gone = nil, low
	case !r.rowsInKeys && r.keys != nil && remain+r.rowBits <= 64:
		of := uint64(1)<<remain - 1
		for c := range columns {
			keys := r.keys.summands(c)
			for i, row := range r.halves.summands(c) {
				keys[i] = keys[i]>>low&of | uint64(row)<<remain
			}
		}
		r.rowsInKeys, r.gone = true, low
	}
}

// tracks returns what is to be moved.
func (r *records) tracks() []track {
	switch {
	case r.keys == nil:
		return []track{r.halves}
	case r.rowsInKeys:
		return []track{r.keys}
	}
	return []track{r.keys, r.halves}
}

// known sets z to what this party knows of bit k of the keys, as a sum of two; see
// [Party.pair].
func (r *records) known(z []uint32, k int) {
	switch {
	case r.p.rehearsal != nil:
	case r.keys == nil:
		known(z, r.p.index, r.halves, k-r.gone)
	default:
		known(z, r.p.index, r.keys, k-r.gone)
	}
}

func known[W ring64.Word](z []uint32, party int, t *column[W], k int) {
	own, next := t.own[:len(z)], t.next[:len(z)]
	switch party {
	case 0:
		for i := range z {
			z[i] = uint32((own[i]^next[i])>>k) & 1
		}
	case 1:
		for i := range z {
			z[i] = uint32(next[i]>>k) & 1
		}
	default:
		for i := range z {
			z[i] = uint32(own[i]>>k) & 1
		}
	}
}

// numbers returns the row numbers, and no records are left.
func (r *records) numbers() *column[uint32] {
	r.shrink(r.bits) // where the last two bits of keys and the row numbers took more than a half
	for c := range columns {
		rows := r.halves.summands(c)
		for i := range rows {
			rows[i] >>= r.bits - r.gone
		}
	}
	return r.halves
}
