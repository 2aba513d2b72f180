package joinkey

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// CSV makes keys from comma-separated values as in RFC 4180. What real files
// have beyond that is taken as follows.
//
//   - Lines end in LF or CR LF. Empty lines are no rows and have no position;
//     lines of white space are rows.
//   - White space in front of a field is dropped, also before a quotation mark,
//     and on both sides of a name in the header.
//   - A row with more or fewer fields than the header, or the first row if
//     there is none, is bad. So is one with a quotation mark inside a field
//     without quotation marks, or with text after the closing one.
//   - The same in a record of several lines is an error, since rows may hide in
//     it; so is a quotation mark that is never closed, and a record of more than
//     MaxRecord bytes.
//   - A byte order mark is dropped. See Config.Encoding.
//
// CSV reads the header, or the first row, before it returns; a column that is
// not there is an error that lists those that are.
func CSV(r io.Reader, spec Spec, cfg *Config) (*Keys, error) {
	if err := checkBoth(spec, cfg); err != nil {
		return nil, err
	}
	if cfg.Header == 0 && spec.byNumber() {
		return nil, errors.New("joinkey: the columns are given by number; set Config.Header to joinkey.HeaderRow or joinkey.NoHeader to say whether the first record is a header")
	}
	d, s, err := openCSV(r, cfg)
	if err != nil {
		return nil, err
	}
	var names []string
	width := 0 // of a row; 0 as long as none has told
	switch err := s.next(); {
	case err == io.EOF && cfg.Header == NoHeader:
		k := newKeys(spec, cfg, func(func(*row) bool) error { return nil })
		k.encoding = d.encoding
		return k, nil
	case err == io.EOF:
		return nil, errors.New("joinkey: the input is empty; want a header")
	case err != nil:
		return nil, err
	case cfg.Header == NoHeader:
		s.hold()
	case s.bad != "":
		return nil, fmt.Errorf("joinkey: line %d: the header has a %s", s.at, s.bad)
	default:
		for _, f := range s.fields {
			names = append(names, strings.TrimSpace(string(f)))
		}
	}
	var at []int
	if s.bad == "" {
		width = len(s.fields)
		if at, err = spec.resolve(names, width); err != nil {
			return nil, err
		}
	}
	k := newKeys(spec, cfg, func(yield func(*row) bool) error {
		r := row{cells: make([][]byte, len(spec))}
		for {
			if err := s.next(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			r.line, r.bad, r.decoded = s.at, s.bad, d.decoded()
			if width == 0 && s.bad == "" {
				width = len(s.fields)
				if at, err = spec.resolve(nil, width); err != nil {
					return err
				}
			}
			if r.bad == "" && len(s.fields) != width {
				r.bad = reasonRagged
			}
			if r.bad == "" {
				for i, j := range at {
					r.cells[i] = s.fields[j]
				}
			}
			if !yield(&r) {
				return nil
			}
		}
	})
	k.encoding = d.encoding
	return k, nil
}

// openCSV is what CSV and CopyRows have in common, so that they agree on what
// a row is.
func openCSV(r io.Reader, cfg *Config) (*decoder, *scanner, error) {
	if cfg.Header > NoHeader {
		return nil, nil, fmt.Errorf("joinkey: Config.Header is %d; want joinkey.HeaderRow or joinkey.NoHeader", cfg.Header)
	}
	d, err := newDecoder(r, cfg.Encoding)
	if err != nil {
		return nil, nil, err
	}
	s, err := newScanner(d, cfg.Comma)
	return d, s, err
}

// CopyRows copies the header, if there is one, and the rows at the given
// positions, which must ascend, from src to dst. It is for a second pass over
// the input of [CSV] with the same Config, of which it uses Header (where not
// set means HeaderRow), Comma and Encoding; nil is good for a plain file.
//
// A record is copied as it stands, with its quotation marks and line ending,
// bad or not; only the encoding becomes UTF-8 without byte order mark, where
// U+FFFD stands for what is not valid in the old one.
func CopyRows(dst io.Writer, src io.Reader, rows []int, cfg *Config) error {
	if cfg == nil {
		cfg = &Config{}
	}
	for i, n := range rows {
		if n < 0 || i > 0 && n <= rows[i-1] {
			return errors.New("joinkey: CopyRows needs positions from 0, ascending, each once")
		}
	}
	_, s, err := openCSV(src, cfg)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(dst, 64<<10)
	if cfg.Header != NoHeader {
		if err := s.next(); err == io.EOF {
			return errors.New("joinkey: the input is empty; want a header")
		} else if err != nil {
			return err
		}
		if _, err := w.Write(s.raw); err != nil {
			return fmt.Errorf("joinkey: writing rows: %w", err)
		}
	}
	for n := 0; len(rows) > 0; n++ {
		if err := s.next(); err == io.EOF {
			return fmt.Errorf("joinkey: row %d is asked for, but the input has %d", rows[0], n)
		} else if err != nil {
			return err
		}
		if n != rows[0] {
			continue
		}
		rows = rows[1:]
		if _, err := w.Write(s.raw); err != nil {
			return fmt.Errorf("joinkey: writing rows: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("joinkey: writing rows: %w", err)
	}
	return nil
}
