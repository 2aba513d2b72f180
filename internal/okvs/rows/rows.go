// Package rows has the inner loops of a bin of the key-value store: from a
// hashed key to its sparse columns, and sums of columns. A row is three distinct
// column numbers, packed at 16 bits each into one word.
//
// All of it indexes memory by hashes of keys and is not constant time in them;
// see package okvs.
package rows

import (
	"math/bits"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
)

//go:generate go -C _asm run . -out ../rows_amd64.s -stubs ../stubs_amd64.go -pkg rows

// A Block is 128 bits.
type Block = aes128.Block

// MaxColumns is the largest number of columns.
const MaxColumns = 1<<16 - 1

// Bin returns the bin of a hashed key.
func Bin(h Block, bins int) int {
	bin, _ := bits.Mul64(h.Lo, uint64(bins))
	return int(bin)
}

// Place sets dst[i] to the row of the hashed key h[i], whose columns are below
// sparse.
//
// The two words of the hash are multiplied up like mixed-radix fractions: the
// high word of lo*bins is the bin, see [Bin], the low word what remains, still
// nearly uniform, and so on. Each of the pairs (bin, first column) and (second,
// third) thereby has a distribution that is uniform up to a factor of 1 + 2^-30,
// without division and without bits in common.
//
// The second column is drawn from one column less and skips the first, the
// third is drawn from two less and skips both.
func Place(dst []uint64, h []Block, bins, sparse int) {
	race.Read(h)
	race.Write(dst)
	if len(dst) != len(h) || bins < 1 || sparse < 3 || sparse > MaxColumns {
		panic("okvs: internal error: bad dimensions")
	}
	if len(h) > 0 {
		place(dst, h, uint64(bins), uint64(sparse))
	}
}

// Gather sets dst[i] to the sum of the three columns of rows[i]. The rows must
// come from [Place] with at most len(store) columns.
func Gather(dst, store []Block, rows []uint64) {
	race.Read(store)
	race.Read(rows)
	race.Write(dst)
	if len(dst) != len(rows) {
		panic("okvs: internal error: bad dimensions")
	}
	if len(dst) > 0 {
		gather(dst, store, rows)
	}
}

// MaxDense is the largest number of dense columns, and MinDense the smallest.
const (
	MinDense = 32
	MaxDense = 64
)

// Table returns the number of blocks of the table of so many dense columns.
func Table(dense int) int { return dense / 8 * 256 }

// Tabulate sets table to the sums of all subsets of each eight of the columns,
// which is the method of four Russians: bit i of an index is for column i.
func Tabulate(table, columns []Block) {
	race.Read(columns)
	race.Write(table)
	if len(columns)%8 != 0 || len(columns) < MinDense || len(columns) > MaxDense || len(table) != Table(len(columns)) {
		panic("okvs: internal error: bad dimensions")
	}
	tabulate(table, columns)
}

// AddDense adds to dst[i] the dense columns that the hashed key h[i] selects, by
// the table that [Tabulate] made of them. The bits of the key's dense row are
// the low 32 bits of the low word, for columns 0 to 31, and then those of the
// high word.
//
// They are hardly in use already. Bin and first column are made of the upper
// bits of the low word, of which they take log2(bins*sparse), the other columns
// of the upper bits of the high word, of which they take 2*log2(sparse) < 31.
// Given the dense row, at 2^20 items with 40 dense columns, the other columns
// are thus still uniform up to a factor of 1 + 2^-11; at 2^31 items of two.
func AddDense(dst, h, table []Block) {
	race.Read(h)
	race.Read(table)
	race.Write(dst)
	if len(dst) != len(h) || len(table)%256 != 0 || len(table) < Table(MinDense) || len(table) > Table(MaxDense) {
		panic("okvs: internal error: bad dimensions")
	}
	if len(h) > 0 {
		addDense(dst, h, table)
	}
}

// BackSubstitute solves a triangular system: for the entries of order from the
// last to the first, which have a row number r in the lower half and a column
// number c in the upper half, it makes the columns of rows[r] add up to
// values[r] by changing column c, which must be one of them.
func BackSubstitute(store, values []Block, rows []uint64, order []uint32) {
	race.Read(values)
	race.Read(rows)
	race.Read(order)
	race.Write(store)
	if len(rows) != len(values) {
		panic("okvs: internal error: bad dimensions")
	}
	if len(order) > 0 {
		backSubstitute(store, values, rows, order)
	}
}
