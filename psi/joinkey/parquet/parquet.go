// Package parquet makes join keys from Parquet files.
//
// [Keys] reads the columns of a key, and no others, page by page; the rest is
// as in package joinkey. It is a module of its own because of what reading
// Parquet brings along.
//
// A column is a leaf of the schema; one inside a group is named by its path
// with dots, "address.city", and # counts leaves. A column inside a list or a
// map has several values a row and is refused. NULL is a missing value. Other
// values become text before their kind is applied:
//
//	string, bytes, JSON, enum   the bytes
//	integers                    decimal
//	DECIMAL                     decimal, with as many places as the scale says
//	float, double               shortest decimal form without an exponent
//	BOOLEAN                     true, false
//	DATE                        2006-01-02
//	TIMESTAMP                   2006-01-02 at midnight, else as in RFC 3339, in UTC;
//	                            without the Z if it is a local time
//	UUID                        123e4567-e89b-12d3-a456-426614174000
//	others                      refused
//
// Memory: one page of each column of the key. A malformed file can make the
// library below panic; files of unknown origin belong into a process of their
// own.
package parquet

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

// Keys makes keys from the rows of a Parquet file of the given size. The file
// must stay open until the keys have been read.
func Keys(r io.ReaderAt, size int64, spec joinkey.Spec, cfg *joinkey.Config) (*joinkey.Keys, error) {
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	all := leaves(f.Root())
	names := make([]string, len(all))
	for i, leaf := range all {
		names[i] = strings.Join(leaf.Path(), ".")
	}
	t := &table{file: f, width: len(all)}
	keys, err := joinkey.FromRows(names, t.rows(), spec, cfg)
	if err != nil {
		return nil, err
	}
	for _, c := range spec {
		i := c.Number - 1
		if c.Name != "" {
			i = slices.Index(names, c.Name)
		}
		text, err := formatOf(all[i])
		if err != nil {
			return nil, fmt.Errorf("parquet: column %s: %w", names[i], err)
		}
		t.columns = append(t.columns, column{index: i, name: names[i], text: text})
	}
	return keys, nil
}

// leaves lists the columns that hold values, in the order of the file.
func leaves(c *parquet.Column) []*parquet.Column {
	if c.Leaf() {
		return []*parquet.Column{c}
	}
	var all []*parquet.Column
	for _, child := range c.Columns() {
		all = append(all, leaves(child)...)
	}
	return all
}

type table struct {
	file    *parquet.File
	width   int
	columns []column // those of the key
}

// column is a leaf of the file, and where its reading has come to.
type column struct {
	index int
	name  string
	text  format

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	batch  []parquet.Value // what is read and not yet returned
	space  [512]parquet.Value
	buf    []byte // of the current cell
}

// rows yields all rows with the cells that the key needs.
func (t *table) rows() iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		row := make([][]byte, t.width)
		for g, group := range t.file.RowGroups() {
			if ok, err := t.group(group, row, yield); err != nil {
				yield(nil, fmt.Errorf("parquet: row group %d, %w", g, err))
				return
			} else if !ok {
				return
			}
		}
	}
}

func (t *table) group(group parquet.RowGroup, row [][]byte, yield func([][]byte, error) bool) (ok bool, err error) {
	chunks := group.ColumnChunks()
	defer func() {
		for i := range t.columns {
			err = errors.Join(err, t.columns[i].close())
		}
	}()
	for i := range t.columns {
		c := &t.columns[i]
		c.pages = chunks[c.index].Pages()
	}
	for range group.NumRows() {
		for i := range t.columns {
			c := &t.columns[i]
			v, err := c.next()
			if err != nil {
				if err == io.EOF {
					err = io.ErrUnexpectedEOF
				}
				return false, fmt.Errorf("column %s: %w", c.name, err)
			}
			row[c.index] = nil
			if !v.IsNull() {
				c.buf = c.text(c.buf[:0], v)
				row[c.index] = c.buf
			}
		}
		if !yield(row, nil) {
			return false, nil
		}
	}
	return true, nil
}

// next returns the value of the next row, valid until the call after.
func (c *column) next() (parquet.Value, error) {
	for len(c.batch) == 0 {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return parquet.Value{}, err
			}
			c.page, c.values = page, page.Values()
		}
		n, err := c.values.ReadValues(c.space[:])
		c.batch = c.space[:n]
		if n > 0 {
			break
		}
		if err == nil {
			err = io.ErrNoProgress
		}
		if err != io.EOF {
			return parquet.Value{}, err
		}
		parquet.Release(c.page)
		c.page, c.values = nil, nil
	}
	v := c.batch[0]
	c.batch = c.batch[1:]
	return v, nil
}

func (c *column) close() error {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.values, c.batch = nil, nil, nil
	if c.pages == nil {
		return nil
	}
	err := c.pages.Close()
	c.pages = nil
	return err
}
