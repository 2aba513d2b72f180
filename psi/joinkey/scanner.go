package joinkey

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"unicode"
	"unicode/utf8"
)

// MaxRecord is the most bytes that one record of a CSV input may have. It
// keeps a quotation mark that is never closed from taking in the rest of the
// input.
const MaxRecord = 16 << 20

// maxFields bounds the fields of a record, whose slices would otherwise take 24
// times the bytes of a record of commas.
const maxFields = 1 << 16

// scanner splits CSV into records. For a valid input the fields are those of
// encoding/csv with TrimLeadingSpace, which the tests hold it to; it differs
// in that it bounds a record, keeps its text, and goes on after an error that
// is confined to one line.
type scanner struct {
	r     io.Reader
	comma []byte
	whole bool // WholeLine
	max   int

	buf        []byte
	start, end int   // what is not consumed yet
	err        error // of r
	line       int   // lines consumed

	// The record that next has found.
	raw    []byte   // its text, with the line ending if there is one
	fields [][]byte // valid if bad is empty
	at     int      // line on which it starts
	bad    Reason
	text   []byte // fields with quotes, unescaped
	held   bool   // next is to return it once more
	fresh  bool   // nothing has been read yet
}

func newScanner(r io.Reader, comma rune) (*scanner, error) {
	if comma == 0 {
		comma = ','
	}
	if comma != WholeLine && (comma == '"' || comma == '\r' || comma == 0xfeff || !utf8.ValidRune(comma) || comma == utf8.RuneError) {
		return nil, fmt.Errorf("joinkey: %q cannot separate fields", comma)
	}
	return &scanner{r: r, comma: utf8.AppendRune(nil, comma), whole: comma == WholeLine, max: MaxRecord, fresh: true}, nil
}

// hold makes next return the same record again.
func (s *scanner) hold() { s.held = true }

// next finds the next record. Empty lines are none. After an error, which is
// io.EOF at the end, it must not be called again.
func (s *scanner) next() error {
	if s.held {
		s.held = false
		return nil
	}
	for {
		n, err := s.lineEnd(0)
		if err != nil {
			return err
		}
		if s.fresh {
			s.fresh = false
			if mark := []byte("\ufeff"); bytes.HasPrefix(s.buf[s.start:s.start+n], mark) {
				s.start += len(mark)
				continue
			}
		}
		s.line++
		s.at = s.line
		line := s.buf[s.start : s.start+n]
		content := line[:len(line)-s.ending(line)]
		if len(content) == 0 {
			s.start += n
			continue
		}
		s.bad = ""
		s.fields = s.fields[:0]
		switch {
		case s.whole:
			s.fields = append(s.fields, trimLeft(content, nil))
		case bytes.IndexByte(content, '"') < 0:
			s.split(content)
		default:
			if n, err = s.quoted(n); err != nil {
				return err
			}
		}
		s.raw = s.buf[s.start : s.start+n]
		s.start += n
		return nil
	}
}

// ending returns how many bytes of the line are its ending: LF, CR LF, or a CR
// at the very end of the input.
func (s *scanner) ending(line []byte) int {
	n := len(line)
	switch {
	case n >= 2 && line[n-2] == '\r' && line[n-1] == '\n':
		return 2
	case n >= 1 && (line[n-1] == '\n' || line[n-1] == '\r'):
		return 1
	}
	return 0
}

// split is the way of a line without quotation marks.
func (s *scanner) split(content []byte) {
	for len(s.fields) < maxFields {
		var i int
		if len(s.comma) == 1 {
			i = bytes.IndexByte(content, s.comma[0])
		} else {
			i = bytes.Index(content, s.comma)
		}
		if i < 0 {
			break
		}
		s.fields = append(s.fields, trimLeft(content[:i], s.comma))
		content = content[i+len(s.comma):]
	}
	if len(s.fields) == maxFields {
		s.bad = reasonRagged
		return
	}
	s.fields = append(s.fields, trimLeft(content, s.comma))
}

// trimLeft drops leading white space, but no separator.
func trimLeft(b, comma []byte) []byte {
	for len(b) > 0 {
		if ' ' < b[0] && b[0] < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRune(b)
		if !unicode.IsSpace(r) || len(comma) > 0 && bytes.HasPrefix(b, comma) {
			break
		}
		b = b[n:]
	}
	return b
}

// quoted reads a record that has a quotation mark in its first line, which is
// n bytes long, and returns the length of the record.
//
// An error in a record of one line makes that a bad record. In one of several
// lines it is an error of the input: a quotation mark too many has probably
// swallowed rows, and no one can tell where the next one starts.
func (s *scanner) quoted(n int) (int, error) {
	s.text = s.text[:0]
	// ends are the ends of the fields in text, which moves as it grows.
	ends := make([]int, 0, 16)
	lines := 1
	stray := func() (int, error) {
		if lines > 1 {
			return 0, fmt.Errorf("joinkey: a stray quotation mark in the record of lines %d to %d; rows may be hidden in it", s.at, s.at+lines-1)
		}
		s.bad = reasonQuote
		return n, nil
	}
	// pos is where we are, from the start of the record. Everything up to n,
	// where the current line ends, is in the buffer.
	for pos := 0; ; {
		if len(ends) == maxFields && lines == 1 {
			s.bad = reasonRagged
			return n, nil
		} else if len(ends) == maxFields {
			return 0, fmt.Errorf("joinkey: line %d: a record of more than %d fields", s.at, maxFields)
		}
		line := s.buf[s.start : s.start+n]
		last := n - s.ending(line)
		rest := trimLeft(line[pos:last], s.comma)
		pos = last - len(rest)
		if len(rest) == 0 || rest[0] != '"' {
			i := bytes.Index(rest, s.comma)
			field := rest
			if i >= 0 {
				field = rest[:i]
			}
			if bytes.IndexByte(field, '"') >= 0 {
				return stray()
			}
			s.text = append(s.text, field...)
			ends = append(ends, len(s.text))
			if i < 0 {
				break
			}
			pos += i + len(s.comma)
			continue
		}
		pos++
		for {
			line = s.buf[s.start : s.start+n]
			last = n - s.ending(line)
			i := bytes.IndexByte(line[pos:last], '"')
			if i >= 0 {
				s.text = append(s.text, line[pos:pos+i]...)
				pos += i + 1
				if pos < last && line[pos] == '"' {
					s.text = append(s.text, '"')
					pos++
					continue
				}
				break
			}
			// The field goes on in the next line.
			s.text = append(s.text, line[pos:last]...)
			if line[n-1] == '\n' {
				s.text = append(s.text, '\n')
			}
			m, err := s.lineEnd(n)
			if err != nil {
				if err == io.EOF {
					err = fmt.Errorf("joinkey: line %d: a quotation mark in this record is never closed", s.at)
				}
				return 0, err
			}
			s.line++
			lines++
			pos, n = n, m
		}
		ends = append(ends, len(s.text))
		if pos == last {
			break
		}
		if !bytes.HasPrefix(line[pos:last], s.comma) {
			return stray()
		}
		pos += len(s.comma)
	}
	start := 0
	for _, end := range ends {
		s.fields = append(s.fields, s.text[start:end])
		start = end
	}
	return n, nil
}

// lineEnd returns the end, from s.start, of the line that starts at the
// offset from, reading more as needed; io.EOF if nothing is there.
func (s *scanner) lineEnd(from int) (int, error) {
	for seen := from; ; {
		if i := bytes.IndexByte(s.buf[s.start+seen:s.end], '\n'); i >= 0 {
			if n := seen + i + 1; n <= s.max {
				return n, nil
			}
			return 0, s.tooLong()
		}
		seen = s.end - s.start
		switch {
		case seen > s.max:
			return 0, s.tooLong()
		case s.err == io.EOF && seen > from:
			return seen, nil
		case s.err != nil:
			return 0, s.err
		}
		s.fill()
	}
}

func (s *scanner) tooLong() error {
	return fmt.Errorf("joinkey: line %d: a record of more than %d bytes; is a quotation mark not closed?", s.line+1, s.max)
}

// fill reads once more into the buffer.
func (s *scanner) fill() {
	const least = 64 << 10
	if s.start > 0 {
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	}
	if len(s.buf)-s.end < least/2 {
		s.buf = slices.Grow(s.buf[:s.end], max(least, s.end))
		s.buf = s.buf[:cap(s.buf)]
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			if err != io.EOF {
				err = fmt.Errorf("joinkey: line %d: %w", s.line+1, err)
			}
			s.err = err
			return
		}
		if n > 0 {
			return
		}
	}
	s.err = fmt.Errorf("joinkey: line %d: %w", s.line+1, io.ErrNoProgress)
}
