package joinkey

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// record is what a scanner finds.
type record struct {
	fields []string
	line   int
	bad    Reason
	raw    string
}

func scan(t testing.TB, r io.Reader, comma rune, most int) ([]record, error) {
	t.Helper()
	s, err := newScanner(r, comma)
	if err != nil {
		t.Fatal(err)
	}
	if most > 0 {
		s.max = most
	}
	var out []record
	for {
		if err := s.next(); err == io.EOF {
			return out, nil
		} else if err != nil {
			return out, err
		}
		rec := record{line: s.at, bad: s.bad, raw: string(s.raw)}
		if s.bad == "" {
			for _, f := range s.fields {
				rec.fields = append(rec.fields, string(f))
			}
		}
		out = append(out, rec)
	}
}

// checkAgainstStandard compares the scanner with encoding/csv, record by
// record, also after errors that are confined to a line.
func checkAgainstStandard(t testing.TB, in []byte, comma rune) {
	t.Helper()
	got, gotErr := scan(t, bytes.NewReader(in), comma, 0)
	ref := csv.NewReader(bytes.NewReader(in))
	ref.Comma = comma
	ref.TrimLeadingSpace = true
	ref.FieldsPerRecord = -1
	for i := 0; ; i++ {
		fields, err := ref.Read()
		if err == io.EOF {
			if gotErr != nil || i != len(got) {
				t.Fatalf("%q: %d records, error %v; encoding/csv has %d", in, len(got), gotErr, i)
			}
			break
		}
		if i >= len(got) {
			if gotErr == nil || err == nil {
				t.Fatalf("%q: ends after %d records with error %v; encoding/csv goes on with %q, error %v", in, i, gotErr, fields, err)
			}
			break
		}
		if (err != nil) != (got[i].bad != "") || err == nil && !slices.Equal(fields, got[i].fields) {
			t.Fatalf("%q, record %d: %q (%s); encoding/csv has %q, error %v", in, i, got[i].fields, got[i].bad, fields, err)
		}
		if err == nil {
			if line, _ := ref.FieldPos(0); line != got[i].line && !strings.HasPrefix(got[i].raw, " ") {
				t.Fatalf("%q, record %d: line %d; encoding/csv has %d", in, i, got[i].line, line)
			}
		}
	}
	// The text of the records is the input without its empty lines.
	rest := in
	for i, rec := range got {
		for !bytes.HasPrefix(rest, []byte(rec.raw)) || strings.Trim(rec.raw, "\r\n") == "" {
			trimmed, ok := bytes.CutPrefix(rest, []byte("\n"))
			if !ok {
				trimmed, ok = bytes.CutPrefix(rest, []byte("\r\n"))
			}
			if !ok {
				break
			}
			rest = trimmed
		}
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, []byte(rec.raw)); !ok {
			t.Fatalf("%q: the text of record %d, %q, is not what follows: %q", in, i, rec.raw, rest)
		}
	}
	if gotErr == nil && len(bytes.Trim(rest, "\r\n")) > 0 {
		t.Fatalf("%q: %q belongs to no record", in, rest)
	}
	// How the input arrives makes no difference.
	for name, r := range map[string]io.Reader{
		"one byte at a time": iotest.OneByteReader(bytes.NewReader(in)),
		"error with data":    iotest.DataErrReader(bytes.NewReader(in)),
	} {
		again, err := scan(t, r, comma, 0)
		if fmt.Sprint(err) != fmt.Sprint(gotErr) || !slices.EqualFunc(again, got, func(a, b record) bool {
			return slices.Equal(a.fields, b.fields) && a.line == b.line && a.bad == b.bad && a.raw == b.raw
		}) {
			t.Fatalf("%q, %s: %v, error %v; else %v, error %v", in, name, again, err, got, gotErr)
		}
	}
}

var csvSeeds = []string{
	"", "\n", "\r\n", "\r", "a", "a,b\n", "a, b, \"c\"\n", "a,b\r\nc,d\r\n", "\"a\nb\",c\n", "\"a\r\nb\"\r\n", "\"a\"\"b\"\n", "\"\"\n",
	"\n\na\n\n\nb\n", " \n", " , \n", "a\"b\nc\n", "\"a\"b\nc\n", "\"a\nb\"c\nd\n", "\"abc", "\"abc\n", "\"a\"\r", "\"a\rb\"\n", "a\r\r\n", "\r\r\n",
	"a,\"b\",\"\"\"\",c\n", ",,,\n", "\"a\",\"b\"", "x\n\"a,\nb\", c\r\ny", "\xff,\xfe\n", "\x00,\x00\n", "　a,\u2028b\n", "\"a\" ,b\n", "a\n\"\n\"\n\"", "\"\n\n\n\",x",
}

func FuzzCSV(f *testing.F) {
	for i, s := range csvSeeds {
		f.Add([]byte(s), uint8(i))
	}
	f.Fuzz(func(t *testing.T, in []byte, c uint8) {
		if bytes.HasPrefix(in, []byte("\ufeff")) || len(in) > 1<<16 {
			t.Skip()
		}
		checkAgainstStandard(t, in, []rune{',', ';', '|', '，'}[c%4])
	})
}

func TestScannerRandom(t *testing.T) {
	pieces := []string{"a", "bc", ",", ",", ",", "\n", "\n", "\r\n", "\r", "\"", "\"", "\"\"", " ", "张", ";", "，", "\t", "\u3000"}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 10000 {
		var b []byte
		for range rng.IntN(20) {
			b = append(b, pieces[rng.IntN(len(pieces))]...)
		}
		checkAgainstStandard(t, b, []rune{',', ';', '，'}[i%3])
	}
	for _, s := range csvSeeds {
		checkAgainstStandard(t, []byte(s), ',')
	}
}

// TestScannerBuffer moves records across the borders of the buffer.
func TestScannerBuffer(t *testing.T) {
	var in bytes.Buffer
	w := csv.NewWriter(&in)
	var want [][]string
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 3000 {
		row := []string{fmt.Sprint(i), strings.Repeat("x", rng.IntN(100)), "say \"" + strings.Repeat("y\n", rng.IntN(5)) + "\"", ""}
		if i%1000 == 999 {
			row[1] = strings.Repeat("long\n", 50000)
		}
		want = append(want, row)
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	for _, r := range []io.Reader{bytes.NewReader(in.Bytes()), iotest.HalfReader(bytes.NewReader(in.Bytes()))} {
		got, err := scan(t, r, ',', 0)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d records, error %v", len(got), err)
		}
		for i := range want {
			if !slices.Equal(got[i].fields, want[i]) {
				t.Fatalf("record %d differs", i)
			}
		}
	}
}

func TestScannerTab(t *testing.T) {
	got, err := scan(t, strings.NewReader("a\t\t b\t\"c\td\"\n\t\t\n"), '\t', 0)
	if err != nil || len(got) != 2 || !slices.Equal(got[0].fields, []string{"a", "", "b", "c\td"}) || !slices.Equal(got[1].fields, []string{"", "", ""}) {
		t.Errorf("%v, error %v", got, err)
	}
}

func TestScannerWholeLine(t *testing.T) {
	got, err := scan(t, strings.NewReader("\ufeff Joe \"Big\" Doe, jr.\r\n\n\"a\nb\"\n  \nlast"), WholeLine, 0)
	var fields []string
	for _, r := range got {
		fields = append(fields, strings.Join(r.fields, "|"))
	}
	if err != nil || !slices.Equal(fields, []string{`Joe "Big" Doe, jr.`, `"a`, `b"`, "", "last"}) || got[4].line != 6 {
		t.Errorf("%q, error %v", fields, err)
	}
}

// TestScannerStray checks how far an error reaches.
func TestScannerStray(t *testing.T) {
	for _, c := range []struct {
		in  string
		bad []int // records that are bad
		n   int
		err string
	}{
		{"a\nb\"c\nd\n", []int{1}, 3, ""},
		{"a\n\"b\"c\nd\n", []int{1}, 3, ""},
		{"a\n\"b\" ,c\nd\n", []int{1}, 3, ""},
		{"a\n\"b\nc\"d\ne\n", nil, 1, "lines 2 to 3"},
		{"a\n\"b\nc\",d\"\ne\n", nil, 1, "lines 2 to 3"},
		{"a\n\n\n\"b\nc\nd\n", nil, 1, "line 4: a quotation mark in this record is never closed"},
		{"a\n\"", nil, 1, "line 2: a quotation mark"},
	} {
		got, err := scan(t, strings.NewReader(c.in), ',', 0)
		var bad []int
		for i, r := range got {
			if r.bad != "" {
				bad = append(bad, i)
			}
		}
		if !slices.Equal(bad, c.bad) || len(got) != c.n || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %d records, %v bad, error %v", c.in, len(got), bad, err)
		}
	}
}

// endless yields one text again and again, and counts.
type endless struct {
	text string
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[(e.n+i)%len(e.text)]
	}
	e.n += len(p)
	return len(p), nil
}

// TestScannerBound checks that neither a line nor an open quotation mark takes
// memory without bound.
func TestScannerBound(t *testing.T) {
	for _, text := range []string{"a", "\"a\nb", "\"aaa\n\"\"\n", "é"} {
		e := &endless{text: text}
		r := io.Reader(e)
		if text[0] == '"' {
			r = io.MultiReader(strings.NewReader("head\n\""), &endless{text: "a\nb"})
		}
		_, err := scan(t, r, ',', 1<<20)
		if err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
			t.Errorf("%q: error %v", text, err)
		}
		if e.n > 4<<20 {
			t.Errorf("%q: %d bytes were read", text, e.n)
		}
	}
	// A record may be as long as the bound, with its ending.
	for n := 9; n <= 11; n++ {
		in := strings.Repeat("x", n-1) + "\n"
		_, err := scan(t, strings.NewReader("a\n"+in), ',', 10)
		if (err == nil) != (n <= 10) || err != nil && !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%d bytes: error %v", n, err)
		}
	}
	// A record of commas is bad, rather than 24 times as large.
	for _, in := range []string{strings.Repeat(",", 2*maxFields), `"",` + strings.Repeat(",", 2*maxFields), strings.Repeat("，", 2*maxFields)} {
		comma := ','
		if in[0] > 0x80 {
			comma = '，'
		}
		got, err := scan(t, strings.NewReader("a\n"+in+"\nb\n"), comma, 0)
		if err != nil || len(got) != 3 || got[1].bad != reasonRagged || got[2].bad != "" {
			t.Errorf("%d records, error %v", len(got), err)
		}
	}
	if _, err := scan(t, strings.NewReader("\"\n\""+strings.Repeat(",", 2*maxFields)), ',', 0); err == nil {
		t.Error("a record of commas on two lines is accepted")
	}
}

func TestScannerErrors(t *testing.T) {
	boom := errors.New("boom")
	got, err := scan(t, io.MultiReader(strings.NewReader("a\nb\nhalf"), iotest.ErrReader(boom)), ',', 0)
	if !errors.Is(err, boom) || len(got) != 2 || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("%d records, error %v", len(got), err)
	}
	if _, err := scan(t, stuck{}, ',', 0); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("error %v", err)
	}
	for _, c := range []rune{'"', '\r', -1, 0xd800, 0xfffd, 0xfeff} {
		if _, err := newScanner(nil, c); err == nil {
			t.Errorf("%q separates fields", c)
		}
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestScannerAllocs(t *testing.T) {
	in := []byte(strings.Repeat("michaela, neumann, \"8, stanley \"\"street\"\"\", 1915\nplain,line,of,four\n", 1000))
	s, err := newScanner(&endless{text: string(in)}, ',')
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if err := s.next(); err != nil || len(s.fields) != 4 {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per record", n)
	}
}
