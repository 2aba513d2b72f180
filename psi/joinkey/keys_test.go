package joinkey

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
)

// collect reads keys to the end. Skipped rows are nil.
func collect(t testing.TB, k *Keys, err error) ([][]byte, error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var keys [][]byte
	for key, err := range k.All() {
		if err != nil {
			if key != nil {
				t.Errorf("a key comes with the error %v", err)
			}
			return keys, err
		}
		if key != nil && len(key) == 0 {
			t.Error("an empty key that is not nil")
		}
		keys = append(keys, bytes.Clone(key))
	}
	r := k.Report()
	total := r.Keys
	for _, n := range r.Skipped {
		total += n
	}
	if r.Rows != len(keys) || r.Rows != total {
		t.Errorf("%d items, but the report is %+v", len(keys), r)
	}
	return keys, nil
}

func mustSpec(t testing.TB, s string) Spec {
	t.Helper()
	spec, err := ParseSpec(s)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func seq(rows ...[]string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestSkip(t *testing.T) {
	rows := [][]string{
		{"Alice", "1990-01-01", "x"},
		{"", "1990-01-01", "x"},
		{"Bob", " \t", "x"},
		{"Carol", "1990-02-30", "x"},
		{"", "1990-02-30", "x"}, // empty comes before bad
		{"\xff", "1990-01-01", "x"},
		{"Dave", "1990-01-01"},
		{"\u200b", "1990-01-01", "x"}, // nothing but what is ignorable
		{"Eve", "1990-01-01", ""},     // not part of the key
		{"\xff", "also bad", "x"},     // the first column tells
	}
	columns := []string{"name", "born", "other"}
	k, err := FromRows(columns, seq(rows...), mustSpec(t, "name:text,born:date"), &Config{Bad: Skip, MaxRowErrors: 2})
	keys, err := collect(t, k, err)
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		if want := i == 0 || i == 8; (key != nil) != want {
			t.Errorf("row %d: %x", i, key)
		}
	}
	r := k.Report()
	want := map[string]int{
		"empty name":                         3,
		"empty born":                         1,
		"bad born: " + reasonDateDay.Error(): 1,
		"bad name: not valid UTF-8":          2,
		"bad row: wrong number of fields":    1,
	}
	if !maps.Equal(r.Skipped, want) || r.Rows != 10 || r.Keys != 2 {
		t.Errorf("the report is %+v", r)
	}
	if !slices.Equal(r.Errors, []RowError{
		{Row: 3, Column: "born", Reason: string(reasonDateDay)},
		{Row: 5, Column: "name", Reason: "not valid UTF-8"},
	}) {
		t.Errorf("the errors are %+v", r.Errors)
	}
	// The report is a copy.
	r.Skipped["empty name"] = 99
	r.Errors[0].Row = 99
	if again := k.Report(); again.Skipped["empty name"] != 3 || again.Errors[0].Row != 3 {
		t.Error("the caller can change the report")
	}
}

func TestEmptyIsValue(t *testing.T) {
	rows := [][]string{{"", ""}, {" ", "　"}, {"Alice", ""}, {"\u200b", "1990-01-01"}, {"", "bad"}}
	k, err := FromRows(nil, seq(rows...), mustSpec(t, "#1:text,#2:date"), &Config{Bad: Skip, Empty: EmptyIsValue})
	keys, err := collect(t, k, err)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(keys[0], keys[1]) || keys[0] == nil || keys[4] != nil {
		t.Errorf("keys %x", keys)
	}
	if _, parts, _ := parse(keys[3]); !slices.Equal(parts, []string{"", "1990-01-01"}) {
		t.Errorf("parts %q", parts)
	}
	// White space is a value of its own if the kind is exact.
	k, err = FromStrings([]string{" ", "", "  "}, Exact(), &Config{Bad: Stop})
	keys, err = collect(t, k, err)
	if err != nil || keys[0] == nil || keys[1] != nil || bytes.Equal(keys[0], keys[2]) {
		t.Errorf("keys %x, error %v", keys, err)
	}
}

func TestStop(t *testing.T) {
	for _, c := range []struct {
		rows [][]string
		want RowError
		keys int
	}{
		{[][]string{{"Alice", "1990-01-01"}, {"Bob", "secret42"}, {"Carol", "1990-01-01"}}, RowError{Row: 1, Column: "born", Reason: string(reasonDateForm)}, 1},
		{[][]string{{"", ""}, {"secret42"}}, RowError{Row: 1, Reason: string(reasonRagged)}, 1},
		{[][]string{{"secret42", "1990-01-01", "x"}}, RowError{Row: 0, Reason: string(reasonRagged)}, 0},
	} {
		k, err := FromRows([]string{"name", "born"}, seq(c.rows...), mustSpec(t, "name:text,born:date"), &Config{Bad: Stop})
		keys, err := collect(t, k, err)
		var re *RowError
		if !errors.As(err, &re) || *re != c.want || len(keys) != c.keys {
			t.Errorf("%q: %d keys, error %v", c.rows, len(keys), err)
			continue
		}
		if strings.Contains(err.Error(), "secret") || !strings.HasPrefix(err.Error(), fmt.Sprintf("joinkey: row %d", c.want.Row)) {
			t.Errorf("the error is %v", err)
		}
	}
	e := RowError{Row: 3, Line: 7, Column: `"a,b"`, Reason: "is odd"}
	if got := e.Error(); got != `joinkey: row 3 (line 7), column "a,b": is odd` {
		t.Errorf("the error is %s", got)
	}
}

// TestStopIsFinal ranges on after an error, as a careless caller does.
func TestStopIsFinal(t *testing.T) {
	k, err := FromStrings([]string{"1990-01-01", "x", "1990-01-01", "y"}, Date(), &Config{Bad: Stop})
	if err != nil {
		t.Fatal(err)
	}
	var got []bool
	for key, err := range k.All() {
		if (key == nil) == (err == nil) {
			t.Errorf("key %q, error %v", key, err)
		}
		got = append(got, err == nil)
	}
	if !slices.Equal(got, []bool{true, false}) {
		t.Errorf("items %v", got)
	}
}

// TestNoValueInReport uses values that no text of the package contains and
// looks for them everywhere.
func TestNoValueInReport(t *testing.T) {
	leak := KindFunc("leak", func(dst []byte, v string) ([]byte, error) { return dst, fmt.Errorf("cannot use %q", v) })
	for _, kind := range append(builtinKinds(), leak) {
		for _, v := range []string{"qzjxw\xff", "qzjxw@@", "77137713x"} {
			for _, policy := range []Policy{Skip, Stop} {
				k, err := FromStrings([]string{v}, kind, &Config{Bad: policy})
				if err != nil {
					t.Fatal(err)
				}
				var texts []string
				for _, err := range k.All() {
					texts = append(texts, fmt.Sprint(err))
				}
				texts = append(texts, fmt.Sprintf("%+v", k.Report()))
				for _, text := range texts {
					if strings.Contains(text, "qzjxw") || strings.Contains(text, "7713") {
						t.Errorf("%s: %s", kind, text)
					}
				}
			}
		}
	}
}

// TestReasonsBounded gives the report a kind whose reasons differ all the time.
func TestReasonsBounded(t *testing.T) {
	kind := KindFunc("wild", func(dst []byte, v string) ([]byte, error) { return dst, Reason("no " + v) })
	values := make([]string, 10*maxReasons)
	for i := range values {
		values[i] = fmt.Sprint(i)
	}
	k, err := FromStrings(values, kind, &Config{Bad: Skip, MaxRowErrors: -1})
	if _, err := collect(t, k, err); err != nil {
		t.Fatal(err)
	}
	if r := k.Report(); len(r.Skipped) != maxReasons+1 || r.Skipped["other reasons"] != 9*maxReasons || len(r.Errors) != 0 {
		t.Errorf("%d reasons, %d errors", len(r.Skipped), len(r.Errors))
	}
}

func TestConfig(t *testing.T) {
	for _, cfg := range []*Config{nil, {}, {Bad: 3}, {Bad: Skip, Empty: 2}} {
		if _, err := FromStrings(nil, Text(), cfg); err == nil || !strings.HasPrefix(err.Error(), "joinkey: ") {
			t.Errorf("%+v: error %v", cfg, err)
		}
	}
	if _, err := FromStrings(nil, Kind{}, &Config{Bad: Skip}); err == nil {
		t.Error("the zero Kind is accepted")
	}
	if _, err := FromRows([]string{"a"}, seq(), mustSpec(t, "b:text"), &Config{Bad: Skip}); err == nil || !strings.Contains(err.Error(), "the input has a") {
		t.Errorf("error %v", err)
	}
}

func TestAllOnce(t *testing.T) {
	k, err := FromStrings([]string{"a", "b", "c"}, Text(), &Config{Bad: Skip})
	if err != nil {
		t.Fatal(err)
	}
	for range k.All() {
		break
	}
	if r := k.Report(); r.Rows != 1 || r.Keys != 1 {
		t.Errorf("the report is %+v", r)
	}
	n := 0
	for key, err := range k.All() {
		n++
		if key != nil || err == nil {
			t.Errorf("the second time: %x, %v", key, err)
		}
	}
	if n != 1 {
		t.Errorf("%d items the second time", n)
	}
}

// TestSourceError checks that an error of the caller's rows arrives as it is
// and ends the keys.
func TestSourceError(t *testing.T) {
	boom := errors.New("boom")
	rows := func(yield func([][]byte, error) bool) {
		_ = yield([][]byte{[]byte("a")}, nil) && yield([][]byte{nil}, nil) && yield(nil, boom) && yield([][]byte{[]byte("b")}, nil)
	}
	k, err := FromRows(nil, rows, mustSpec(t, "#1:exact"), &Config{Bad: Stop})
	keys, err := collect(t, k, err)
	if err != boom || len(keys) != 2 || keys[0] == nil || keys[1] != nil {
		t.Errorf("keys %x, error %v", keys, err)
	}
}

// TestKeysAllocs guards the way of a row from the caller to its key.
func TestKeysAllocs(t *testing.T) {
	rows := func(n int) float64 {
		spec := mustSpec(t, "#1:text,#2:date,#3:email")
		row := [][]byte{[]byte("Michaela Neumann"), []byte("1990/1/1"), []byte("M.Neumann@example.org")}
		return testing.AllocsPerRun(5, func() {
			k, err := FromRows(nil, func(yield func([][]byte, error) bool) {
				for range n {
					if !yield(row, nil) {
						return
					}
				}
			}, spec, &Config{Bad: Stop})
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range k.All() {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if few, many := rows(10), rows(1000); many > few {
		t.Errorf("%v allocations for 10 rows, %v for 1000", few, many)
	}
}
