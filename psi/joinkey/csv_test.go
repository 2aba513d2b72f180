package joinkey

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// values reads a CSV input to the end and returns the parts of each key joined
// by |, with "-" for a row without one.
func values(t testing.TB, in io.Reader, spec string, cfg *Config) ([]string, Report, error) {
	t.Helper()
	k, err := CSV(in, mustSpec(t, spec), cfg)
	if err != nil {
		return nil, Report{}, err
	}
	keys, err := collect(t, k, nil)
	var out []string
	for _, key := range keys {
		if key == nil {
			out = append(out, "-")
			continue
		}
		_, parts, err := parse(key)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Join(parts, "|"))
	}
	return out, k.Report(), err
}

func TestCSV(t *testing.T) {
	skip := Config{Bad: Skip}
	list := Config{Bad: Skip, Header: NoHeader}
	for name, c := range map[string]struct {
		in, spec string
		cfg      Config
		want     []string
		skipped  map[string]int
	}{
		"plain":             {"id,name\n1,Alice\n2,Bob\n", "name:text", skip, []string{"alice", "bob"}, nil},
		"no final newline":  {"id,name\n1,Alice\n2,Bob", "name:text", skip, []string{"alice", "bob"}, nil},
		"CR LF":             {"id,name\r\n1,Alice\r\n2,Bob\r\n", "name:exact", skip, []string{"Alice", "Bob"}, nil},
		"order of the spec": {"id,name\n1,Alice\n", "name:exact,id:exact", skip, []string{"Alice|1"}, nil},
		"spaces":            {"id , name\n1, Alice\n2,   \"Bob, jr.\"\n", "name:exact,id:exact", skip, []string{"Alice|1", "Bob, jr.|2"}, nil},
		"byte order mark":   {"\ufeffid,name\n1,Alice\n", "id:exact", skip, []string{"1"}, nil},
		"mark and quote":    {"\ufeff\"id\",name\n1,Alice\n", "id:exact", skip, []string{"1"}, nil},
		"mark, no header":   {"\ufeffAlice\nBob\n", "#1:exact", list, []string{"Alice", "Bob"}, nil},
		"only a mark":       {"\ufeff", "#1:exact", list, nil, nil},
		"quoted newline":    {"name\n\"Ali\r\nce\"\n", "name:exact", skip, []string{"Ali\nce"}, nil},
		"quoted quote":      {"name\n\"Big \"\"Al\"\"\"\n", "name:exact", skip, []string{`Big "Al"`}, nil},
		"blank lines":       {"\n\nname\n\nAlice\r\n\r\n\nBob\n\n", "name:text", skip, []string{"alice", "bob"}, nil},
		"white lines":       {"name\nAlice\n \t\nBob\n", "name:text", skip, []string{"alice", "-", "bob"}, map[string]int{"empty name": 1}},
		"ragged":            {"id,name\n1\n2,Bob\n3,Carol,x\n", "name:text", skip, []string{"-", "bob", "-"}, map[string]int{"bad row: wrong number of fields": 2}},
		"stray quote":       {"name\nAl\"ice\nBob\n", "name:text", skip, []string{"-", "bob"}, map[string]int{"bad row: stray quotation mark": 1}},
		"NUL":               {"name\nA\x00B\nBob\n", "name:text", skip, []string{"-", "bob"}, map[string]int{"bad name: holds a NUL": 1}},
		"NUL exact":         {"name\nA\x00B\n", "name:exact", skip, []string{"A\x00B"}, nil},
		"list":              {"alice\nbob\n", "#1:text", list, []string{"alice", "bob"}, nil},
		"list by number":    {"x;Alice\ny;Bob\n", "#2:text", Config{Bad: Skip, Header: NoHeader, Comma: ';'}, []string{"alice", "bob"}, nil},
		"first row is bad":  {"a\"b\nx,y\nz,\n", "#2:text", list, []string{"-", "y", "-"}, map[string]int{"bad row: stray quotation mark": 1, "empty #2": 1}},
		"number, header":    {"id,name\n1,Alice\n", "#2:text", Config{Bad: Skip, Header: HeaderRow}, []string{"alice"}, nil},
		"empty list":        {"", "#1:text", list, nil, nil},
		"header alone":      {"name", "name:text", skip, nil, nil},
		"tabs":              {"id\tname\n1\t\n\tBob\n", "name:text", Config{Bad: Skip, Comma: '\t'}, []string{"-", "bob"}, map[string]int{"empty name": 1}},
		"whole lines":       {"Doe, \"Joe\"\r\n\nBob\n", "#1:exact", Config{Bad: Skip, Header: NoHeader, Comma: WholeLine}, []string{`Doe, "Joe"`, "Bob"}, nil},
		"wide comma":        {"id，name\n1，Alice\n", "name:text", Config{Bad: Skip, Comma: '，'}, []string{"alice"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				got, report, err := values(t, r, c.spec, &c.cfg)
				if err != nil || !slices.Equal(got, c.want) || !maps.Equal(report.Skipped, c.skipped) || report.Encoding != "utf-8" {
					t.Errorf("%q, %+v, error %v; want %q, %v", got, report, err, c.want, c.skipped)
				}
			}
		})
	}
}

func TestCSVErrors(t *testing.T) {
	skip := Config{Bad: Skip}
	for name, c := range map[string]struct {
		in, spec string
		cfg      Config
		want     string
	}{
		"missing column":      {"id, given name,\"a,b\"\n", "name:text", skip, `there is no column name; the input has id, given name, "a,b"`},
		"missing number":      {"a,b\n", "#3:text", Config{Bad: Skip, Header: NoHeader}, "there is no column #3; the input has 2 columns without names"},
		"missing, late":       {"a\"\na,b\n", "#3:text", Config{Bad: Skip, Header: NoHeader}, "there is no column #3"},
		"name without header": {"a,b\n", "a:text", Config{Bad: Skip, Header: NoHeader}, "there is no column a; the input has 2 columns without names"},
		"undecided header":    {"a,b\n", "#1:text", skip, "joinkey.HeaderRow or joinkey.NoHeader"},
		"empty":               {"", "name:text", skip, "the input is empty; want a header"},
		"only blank":          {"\n\r\n", "name:text", skip, "the input is empty; want a header"},
		"bad header":          {"na\"me\n", "name:text", skip, "line 1: the header has a stray quotation mark"},
		"open quote":          {"name\nAlice\n\"Bob\nCarol\n", "name:text", skip, "line 3: a quotation mark in this record is never closed"},
		"hidden rows":         {"name\n\"Alice\nBob\"x\nCarol\n", "name:text", skip, "lines 2 to 3"},
		"comma":               {"name\n", "name:text", Config{Bad: Skip, Comma: '"'}, "cannot separate fields"},
		"encoding":            {"name\n", "name:text", Config{Bad: Skip, Encoding: "latin1"}, `there is no encoding "latin1"; there are auto`},
		"header":              {"name\n", "name:text", Config{Bad: Skip, Header: 7}, "Config.Header is 7"},
		"policy":              {"name\n", "name:text", Config{}, "Config.Bad is not set"},
		"UTF-16":              {"\xff\xfen\x00", "name:text", skip, "UTF-16"},
		"Latin-1":             {"name\ncaf\xe9, s\xe9\n", "name:text", skip, "neither UTF-8 nor GB 18030"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := values(t, strings.NewReader(c.in), c.spec, &c.cfg)
			if err == nil || !strings.HasPrefix(err.Error(), "joinkey: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestCSVStop checks the place that an error names.
func TestCSVStop(t *testing.T) {
	in := "name,born\nAlice,1990-01-01\n\n\"Bo\nb\",1990-01-01\nCarol,secret42\n"
	got, _, err := values(t, strings.NewReader(in), "name:text,born:date", &Config{Bad: Stop})
	var re *RowError
	if !errors.As(err, &re) || *re != (RowError{Row: 2, Line: 6, Column: "born", Reason: string(reasonDateForm)}) || len(got) != 2 {
		t.Errorf("%q, error %v", got, err)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "joinkey: row 2 (line 6), column born: not a date") {
		t.Errorf("error %v", err)
	}
}

// TestCSVLine checks that the line of a record of several is its first.
func TestCSVLine(t *testing.T) {
	in := "name,born\nAlice,1990-01-01\n\"Bo\nb\",x\nCarol,y\n"
	_, report, err := values(t, strings.NewReader(in), "name:text,born:date", &Config{Bad: Skip})
	if err != nil || len(report.Errors) != 2 || report.Errors[0].Line != 3 || report.Errors[1].Line != 5 {
		t.Errorf("%+v, error %v", report, err)
	}
}

func gb(t testing.TB, s string) string {
	t.Helper()
	out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEncoding(t *testing.T) {
	text := "编号,姓名\n1,张三\n2,联通\n3,𠀀\n4,\"王,五\"\n"
	want := []string{"张三", "联通", "𠀀", "王,五"}
	ascii := strings.Repeat("0,plain ascii\n", 20000)
	for name, c := range map[string]struct {
		in, encoding, is string
		want             []string
		bad              int
	}{
		"UTF-8, auto":        {text, "", "utf-8", want, 0},
		"UTF-8, said":        {text, "UTF-8", "utf-8", want, 0},
		"GB 18030, auto":     {gb(t, text), "auto", "gb18030", want, 0},
		"GB 18030, said":     {gb(t, text), "GB18030", "gb18030", want, 0},
		"GB 18030, mark":     {gb(t, "\ufeff"+text), "", "gb18030", want, 0},
		"GBK, said":          {strings.Replace(gb(t, text), gb(t, "𠀀"), gb(t, "龘"), 1), "gbk", "gbk", []string{"张三", "联通", "龘", "王,五"}, 0},
		"one bad byte":       {text + "5,\xff\n", "", "utf-8", append(slices.Clone(want), "-"), 1},
		"bad bytes, GB":      {gb(t, text) + "5,\xff\xff\n6,a\n", "gb18030", "gb18030", append(slices.Clone(want), "-", "a"), 1},
		"UTF-8 said of GB":   {gb(t, "a,姓名\n1,张三\n2,x\n"), "utf-8", "", nil, 0},
		"ASCII":              {"a,姓名\n", "", "utf-8", nil, 0},
		"only a short value": {gb(t, "编号,姓名\n1,张\n"), "", "gb18030", []string{"张"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				got, report, err := values(t, r, "姓名:text", &Config{Bad: Skip, Encoding: c.encoding})
				if c.is == "" {
					if err == nil || !strings.Contains(err.Error(), "there is no column 姓名") {
						t.Errorf("error %v", err)
					}
					continue
				}
				bad := 0
				for _, n := range report.Skipped {
					bad += n
				}
				if err != nil || !slices.Equal(got, c.want) || report.Encoding != c.is || bad != c.bad {
					t.Errorf("%q, %+v, error %v; want %q in %s", got, report, err, c.want, c.is)
				}
			}
		})
	}
	// The decision waits for the first byte that is not ASCII, wherever that is.
	for i := range 8 {
		head := "id,name\n" + strings.Repeat("x", i+1) + ",y\n" + ascii
		for is, tail := range map[string]string{"utf-8": "1,张三\n", "gb18030": gb(t, "1,张三\n")} {
			got, report, err := values(t, strings.NewReader(head+tail), "name:exact", &Config{Bad: Stop})
			if err != nil || report.Encoding != is || got[len(got)-1] != "张三" || len(got) != 20002 {
				t.Errorf("%d: %d rows in %s, error %v", i, len(got), report.Encoding, err)
			}
		}
	}
	// The window may cut a character at any byte.
	for i := range 8 {
		for is, body := range map[string]string{"utf-8": strings.Repeat("张𠀀\n", 20000), "gb18030": gb(t, strings.Repeat("张𠀀\n", 20000))} {
			got, report, err := values(t, strings.NewReader("n\n"+gbIf(t, is, "张")+strings.Repeat("x", i)+"\n"+body), "n:exact", &Config{Bad: Stop})
			if err != nil || report.Encoding != is || len(got) != 20001 || got[20000] != "张𠀀" {
				t.Errorf("%d: %d rows in %s, error %v", i, len(got), report.Encoding, err)
			}
		}
	}
	// That holds if there is next to nothing else to go by, too.
	for i := range 4 {
		in := "n\né" + strings.Repeat("x", window-2-i) + "\n张\n"
		in = strings.Replace(in, "x\n张", "张\n", 1)
		got, report, err := values(t, strings.NewReader(in), "n:exact", &Config{Bad: Stop})
		if err != nil || report.Encoding != "utf-8" || len(got) != 1 || !strings.HasSuffix(got[0], "x张") {
			t.Errorf("%d: %d rows in %s, error %v", i, len(got), report.Encoding, err)
		}
	}
	// What comes after the window is not looked at any more, but not trusted.
	long := "n\n" + strings.Repeat("张三\n", 20000) + gb(t, "李四\n")
	got, report, err := values(t, strings.NewReader(long), "n:text", &Config{Bad: Skip})
	if err != nil || got[20000] != "-" || report.Skipped["bad n: not valid UTF-8"] != 1 {
		t.Errorf("%+v, error %v", report, err)
	}
	long = "n\n" + gb(t, strings.Repeat("张三\n", 40000)) + "\xff\xff\n"
	got, report, err = values(t, strings.NewReader(long), "n:exact", &Config{Bad: Skip})
	if err != nil || got[40000] != "-" || report.Skipped["bad n: "+string(reasonDecode)] != 1 {
		t.Errorf("%+v, error %v", report, err)
	}
}

func gbIf(t testing.TB, is, s string) string {
	if is == "gb18030" {
		return gb(t, s)
	}
	return s
}

func TestASCIILen(t *testing.T) {
	for n := range 40 {
		b := bytes.Repeat([]byte("a"), n)
		if got := asciiLen(b); got != n {
			t.Errorf("%d of %d", got, n)
		}
		for i := range b {
			b[i] = 0x80
			if got := asciiLen(b); got != i {
				t.Errorf("%d of %d, want %d", got, n, i)
			}
			b[i] = 'a'
		}
	}
}

func TestCopyRows(t *testing.T) {
	in := "\ufeffid, name\r\n1, Alice\n\n\"2\",\"B\r\nob\"\r\n \nbad\"row,x\n5,Eve"
	for _, c := range []struct {
		rows []int
		cfg  *Config
		want string
	}{
		{nil, nil, "id, name\r\n"},
		{[]int{0}, nil, "id, name\r\n1, Alice\n"},
		{[]int{1}, &Config{Bad: Skip}, "id, name\r\n\"2\",\"B\r\nob\"\r\n"},
		{[]int{0, 1, 2, 3, 4}, &Config{Header: HeaderRow}, "id, name\r\n1, Alice\n\"2\",\"B\r\nob\"\r\n \nbad\"row,x\n5,Eve"},
		{[]int{0, 5}, &Config{Header: NoHeader}, "id, name\r\n5,Eve"},
		{[]int{2, 6}, &Config{Header: NoHeader, Comma: WholeLine}, "\"2\",\"B\r\n5,Eve"},
	} {
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in))} {
			var out bytes.Buffer
			if err := CopyRows(&out, r, c.rows, c.cfg); err != nil || out.String() != c.want {
				t.Errorf("%v: %q, error %v; want %q", c.rows, out.String(), err, c.want)
			}
		}
	}
	var out bytes.Buffer
	if err := CopyRows(&out, strings.NewReader(gb(t, "姓名\n张三\n李四\n")), []int{1}, nil); err != nil || out.String() != "姓名\n李四\n" {
		t.Errorf("%q, error %v", out.String(), err)
	}
}

func TestCopyRowsErrors(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		in   string
		rows []int
		want string
	}{
		{"a\n1\n", []int{-1}, "ascending"},
		{"a\n1\n2\n", []int{1, 0}, "ascending"},
		{"a\n1\n2\n", []int{1, 1}, "ascending"},
		{"a\n1\n2\n", []int{0, 2}, "row 2 is asked for, but the input has 2"},
		{"", nil, "the input is empty"},
		{"a\n\"1\n", []int{0}, "never closed"},
	} {
		err := CopyRows(io.Discard, strings.NewReader(c.in), c.rows, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "joinkey: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %v: error %v", c.in, c.rows, err)
		}
	}
	if err := CopyRows(failing{boom}, strings.NewReader("a\n1\n"), []int{0}, nil); !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
	if err := CopyRows(io.Discard, iotest.ErrReader(boom), []int{0}, nil); !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
	if err := CopyRows(io.Discard, strings.NewReader("a\n"), nil, &Config{Encoding: "x"}); err == nil {
		t.Error("an unknown encoding is accepted")
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzPositions checks that CSV and CopyRows agree on what a row is: a row
// copied alone has, read again, the key that it had in the whole.
func FuzzPositions(f *testing.F) {
	for _, s := range csvSeeds {
		f.Add([]byte("h\n" + s))
	}
	f.Add([]byte("h,i\na,b\n\n\"c\n\",d\r\n\xd5\xc5,x\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		cfg := &Config{Bad: Skip, Header: HeaderRow, Empty: EmptyIsValue}
		spec := Spec{{Number: 1, Kind: Exact()}}
		read := func(b []byte) ([][]byte, string, error) {
			k, err := CSV(bytes.NewReader(b), spec, cfg)
			if err != nil {
				return nil, "", err
			}
			keys, err := collect(t, k, nil)
			return keys, k.Report().Encoding, err
		}
		keys, encoding, err := read(in)
		if err != nil || encoding != "utf-8" {
			return
		}
		var all []int
		for i, key := range keys {
			all = append(all, i)
			if i >= 8 {
				continue
			}
			var out bytes.Buffer
			if err := CopyRows(&out, bytes.NewReader(in), []int{i}, cfg); err != nil {
				t.Fatalf("%q, row %d: %v", in, i, err)
			}
			one, encoding, err := read(out.Bytes())
			if encoding == "gb18030" {
				continue // The row alone looks different.
			}
			if err != nil && strings.Contains(err.Error(), "neither UTF-8") {
				continue
			}
			if err != nil || len(one) != 1 || !bytes.Equal(one[0], key) {
				t.Fatalf("%q, row %d: key %q, but copied as %q it has %q (error %v)", in, i, key, out.Bytes(), one, err)
			}
		}
		if err := CopyRows(io.Discard, bytes.NewReader(in), all, cfg); err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		if err := CopyRows(io.Discard, bytes.NewReader(in), append(all, len(keys)), cfg); err == nil {
			t.Fatalf("%q has more than %d rows", in, len(keys))
		}
	})
}
