package joinkey

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// SQL makes keys from the rows of a query, of which the caller remains the
// owner: close them after use. The position of a row is that in the result, so
// the query needs an ORDER BY if the positions are to mean something later.
//
// NULL is a missing value. Text and bytes are taken as they are, integers in
// decimal, floating-point numbers in the shortest decimal form without an
// exponent, truth values as true and false, and times as 2006-01-02 if they
// are midnight in their zone, otherwise as in RFC 3339.
func SQL(rows *sql.Rows, spec Spec, cfg *Config) (*Keys, error) {
	if err := checkBoth(spec, cfg); err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, errors.New("joinkey: there are no sql.Rows")
	}
	names, err := rows.Columns()
	if err != nil {
		return nil, fmt.Errorf("joinkey: columns of the query: %w", err)
	}
	at, err := spec.resolve(names, len(names))
	if err != nil {
		return nil, err
	}
	cells := make([]cell, len(at))
	dst := make([]any, len(names))
	for i := range dst {
		dst[i] = ignored{}
	}
	for i, j := range at {
		dst[j] = &cells[i]
	}
	return newKeys(spec, cfg, func(yield func(*row) bool) error {
		r := row{cells: make([][]byte, len(at))}
		for n := 0; rows.Next(); n++ {
			if err := rows.Scan(dst...); err != nil {
				return fmt.Errorf("joinkey: row %d of the query: %w", n, err)
			}
			for i := range cells {
				r.cells[i] = cells[i].b
			}
			if !yield(&r) {
				return nil
			}
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("joinkey: rows of the query: %w", err)
		}
		return nil
	}), nil
}

// ignored is the sql.Scanner for columns that are no part of the key.
type ignored struct{}

func (ignored) Scan(any) error { return nil }

// cell is the sql.Scanner for those that are.
type cell struct{ b []byte }

func (c *cell) Scan(src any) error {
	c.b = c.b[:0]
	switch v := src.(type) {
	case nil:
	case []byte:
		c.b = append(c.b, v...)
	case string:
		c.b = append(c.b, v...)
	case int64:
		c.b = strconv.AppendInt(c.b, v, 10)
	case float64:
		c.b = strconv.AppendFloat(c.b, v, 'f', -1, 64)
	case bool:
		c.b = strconv.AppendBool(c.b, v)
	case time.Time:
		layout := time.RFC3339Nano
		if h, m, s := v.Clock(); h == 0 && m == 0 && s == 0 && v.Nanosecond() == 0 {
			layout = time.DateOnly
		}
		c.b = v.AppendFormat(c.b, layout)
	default:
		return fmt.Errorf("a value of type %T is no part of a key", src)
	}
	return nil
}
