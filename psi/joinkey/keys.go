package joinkey

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// A Policy says what to do with a row that has a value without a canonical
// form, or that is not a row: too many or too few fields, a stray quotation
// mark. The zero Policy is an error, as only the user knows whether a bad row
// may be lost.
type Policy uint8

const (
	// Skip passes the row over. It keeps its position, never matches, and is
	// counted in the [Report].
	Skip Policy = iota + 1
	// Stop ends the keys with a [*RowError].
	Stop
)

// An EmptyPolicy says what to do with a row in which a part of the key is
// missing: NULL, empty or, unless the kind is exact, only white space.
type EmptyPolicy uint8

const (
	// SkipEmpty passes the row over, as [Skip] does. It is the default: a
	// missing value equals no other.
	SkipEmpty EmptyPolicy = iota
	// EmptyIsValue makes the missing value a value that equals every other
	// missing one in its place. A row in which all parts are missing then
	// matches all such rows.
	EmptyIsValue
)

// A Header says whether the first record of a CSV input names the columns.
type Header uint8

const (
	HeaderRow Header = iota + 1 // it does
	NoHeader                    // it is the first row
)

// Config says how rows become keys. Bad has no default, hence there is no
// usable nil or zero Config.
type Config struct {
	Bad   Policy      // Skip or Stop, must be set
	Empty EmptyPolicy // default SkipEmpty

	// MaxRowErrors bounds Report.Errors. 0 means 10, negative means none.
	MaxRowErrors int

	// Header, as all fields below for CSV and CopyRows alone, is HeaderRow by
	// default, but a spec that gives every column by its number must say
	// which: neither a lost first row nor a header that matches the other
	// party's header would be noticed.
	Header Header

	// Comma separates fields: ',' by default, often ';' or '\t'. WholeLine
	// makes each line one field, in which commas and quotation marks are
	// ordinary.
	Comma rune

	// Encoding is "utf-8", "gb18030", "gbk" or "auto", the default: as long
	// as there is only ASCII nothing needs to be decided; the 64 KiB that
	// start with the first other byte then decide for the whole input. If
	// they hold no invalid UTF-8, or more characters of several bytes that
	// are valid than bytes that are not, it is UTF-8; otherwise GB 18030 if
	// they are valid in that, and otherwise an error. A byte order mark is
	// dropped. Report.Encoding has the outcome. What is invalid further on
	// makes a row bad, except that UTF-8 is not looked at by the kind exact.
	Encoding string
}

// WholeLine is the Config.Comma for files in which each line is one value.
const WholeLine = '\n'

func (c *Config) check() error {
	switch {
	case c == nil || c.Bad == 0:
		return errors.New("joinkey: Config.Bad is not set; choose joinkey.Skip or joinkey.Stop for rows with values that cannot be used")
	case c.Bad > Stop:
		return fmt.Errorf("joinkey: Config.Bad is %d; want joinkey.Skip or joinkey.Stop", c.Bad)
	case c.Empty > EmptyIsValue:
		return fmt.Errorf("joinkey: Config.Empty is %d; want joinkey.SkipEmpty or joinkey.EmptyIsValue", c.Empty)
	}
	return nil
}

// A RowError says which row could not be used and why. It never holds the
// value.
type RowError struct {
	Row    int    // position in the input, counted from 0 without the header
	Line   int    // line of a CSV input on which the row starts, from 1, otherwise 0
	Column string // as in the Spec; empty if the row as a whole is bad
	Reason string
}

// Error returns the place and the reason.
func (e *RowError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "joinkey: row %d", e.Row)
	if e.Line > 0 {
		fmt.Fprintf(&b, " (line %d)", e.Line)
	}
	if e.Column != "" {
		fmt.Fprintf(&b, ", column %s", e.Column)
	}
	return b.String() + ": " + e.Reason
}

// A Report counts what became of the rows so far: Rows is the sum of Keys and
// of all Skipped, except for a row at which the keys stopped.
type Report struct {
	Rows int
	Keys int

	// Skipped has the number of rows per reason: "empty surname", "bad
	// birthday: no such day in the calendar", "bad row: wrong number of
	// fields". It is nil if no row was skipped.
	Skipped map[string]int

	// Errors has the first bad rows; see Config.MaxRowErrors. Rows skipped as
	// empty are not among them.
	Errors []RowError

	// Encoding is what a CSV input was read as, "utf-8" while it is all ASCII.
	Encoding string
}

// maxReasons bounds Report.Skipped against a Reason that is not constant.
const maxReasons = 256

// Keys yields the key of each row of an input, once. It is not for concurrent
// use.
type Keys struct {
	spec   Spec
	bad    Policy
	empty  EmptyPolicy
	keep   int
	rows   source
	prefix []byte
	buf    []byte
	s      *scratch
	report Report
	begun  bool

	// encoding tells the encoding of a CSV input.
	encoding func() string
}

// A source calls yield for each row until that returns false. An error ends
// the input.
type source func(yield func(*row) bool) error

// row is what a source yields; it is valid until yield returns.
type row struct {
	cells [][]byte // one for each column of the spec
	line  int      // as in RowError
	bad   Reason   // why the row as a whole is bad; cells are then meaningless

	// decoded says that the cells come out of a decoder, which writes U+FFFD
	// for what it does not know.
	decoded bool
}

func newKeys(spec Spec, cfg *Config, rows source) *Keys {
	k := &Keys{spec: slices.Clone(spec), bad: cfg.Bad, empty: cfg.Empty, keep: cfg.MaxRowErrors, rows: rows,
		prefix: appendPrefix(nil, spec), s: newScratch()}
	if k.keep == 0 {
		k.keep = 10
	}
	return k
}

// All yields the key of each row in order, or nil for a row without one, so
// that the position in the sequence is that of the row in the input. An item
// is valid until the next; after an error nothing follows. The input is read
// while All runs, so it can run only once.
func (k *Keys) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if k.begun {
			yield(nil, errors.New("joinkey: the keys have been read already, and the input with them; make new Keys"))
			return
		}
		k.begun = true
		over := false
		err := k.rows(func(r *row) bool {
			key, err := k.key(r)
			over = !yield(key, err) || err != nil
			return !over
		})
		if err != nil && !over {
			yield(nil, err)
		}
	}
}

// Report returns what became of the rows that All has read.
func (k *Keys) Report() Report {
	r := k.report
	r.Skipped = maps.Clone(r.Skipped)
	r.Errors = slices.Clone(r.Errors)
	if k.encoding != nil {
		r.Encoding = k.encoding()
	}
	return r
}

// key returns the key of a row, which is nil if it is skipped.
func (k *Keys) key(r *row) ([]byte, error) {
	k.report.Rows++
	if r.bad != "" {
		return nil, k.refuse(r, "", r.bad)
	}
	if k.empty == SkipEmpty {
		// Before anything else: whether a row stops the keys must not depend
		// on the order of the columns.
		for i, cell := range r.cells {
			if isEmpty(cell, k.spec[i].Kind) {
				k.skip("empty " + k.spec[i].label())
				return nil, nil
			}
		}
	}
	k.buf = append(k.buf[:0], k.prefix...)
	for i, cell := range r.cells {
		c := &k.spec[i]
		if r.decoded && bytes.Contains(cell, []byte("\ufffd")) {
			return nil, k.refuse(r, c.label(), reasonDecode)
		}
		start := len(k.buf)
		k.buf = append(k.buf, 0) // room for a short length
		if !isEmpty(cell, c.Kind) {
			var err error
			if k.buf, err = c.Kind.append(k.s, k.buf, cell); err != nil {
				return nil, k.refuse(r, c.label(), err.(Reason))
			}
			if len(k.buf) == start+1 && k.empty == SkipEmpty {
				k.skip("empty " + c.label()) // It had only what is ignorable.
				return nil, nil
			}
		}
		k.buf = closePart(k.buf, start)
	}
	k.report.Keys++
	return k.buf, nil
}

// isEmpty reports whether the cell is a missing value.
func isEmpty(cell []byte, kind Kind) bool {
	if len(cell) == 0 {
		return true
	}
	if kind.k.exact || ' ' < cell[0] && cell[0] < 0x80 {
		return false
	}
	return len(bytes.TrimSpace(cell)) == 0
}

func (k *Keys) refuse(r *row, column string, reason Reason) error {
	e := RowError{Row: k.report.Rows - 1, Line: r.line, Column: column, Reason: string(reason)}
	if k.bad == Stop {
		return &e
	}
	if len(k.report.Errors) < k.keep {
		k.report.Errors = append(k.report.Errors, e)
	}
	if column == "" {
		column = "row"
	}
	k.skip("bad " + column + ": " + string(reason))
	return nil
}

func (k *Keys) skip(reason string) {
	if k.report.Skipped == nil {
		k.report.Skipped = make(map[string]int)
	}
	if _, ok := k.report.Skipped[reason]; !ok && len(k.report.Skipped) >= maxReasons {
		reason = "other reasons"
	}
	k.report.Skipped[reason]++
}

// formatVersion is the first byte of a key. The format is in the package
// comment; whoever changes a byte of it changes the version.
const formatVersion = 1

// appendPrefix appends what the keys of a spec have in common.
func appendPrefix(dst []byte, spec Spec) []byte {
	dst = append(dst, formatVersion)
	dst = binary.AppendUvarint(dst, uint64(len(spec)))
	for _, c := range spec {
		class := c.Kind.Class()
		dst = binary.AppendUvarint(dst, uint64(len(class)))
		dst = append(dst, class...)
	}
	return dst
}

// closePart writes the length of the part that starts after the byte at
// start, which was kept free for it.
func closePart(buf []byte, start int) []byte {
	n := len(buf) - start - 1
	if n < 0x80 {
		buf[start] = byte(n)
		return buf
	}
	var length [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(length[:], uint64(n))
	buf = append(buf, length[1:w]...)
	copy(buf[start+w:], buf[start+1:start+1+n])
	copy(buf[start:], length[:w])
	return buf
}
