package joinkey

import (
	"slices"
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	card := KindFunc("card/x", func(dst []byte, v string) ([]byte, error) { return append(dst, v...), nil })
	for _, c := range []struct {
		in, out, kinds string
	}{
		{"name:text", "name:text", "text"},
		{" given name : text ,\tsurname:exact ", "given name:text,surname:exact", "text,exact"},
		{"#1:text", "#1:text", "text"},
		{"#12:date/DMY,#3:email", "#12:date/DMY,#3:email", "date,email"},
		{"姓名:text,出生日期:date,身份证号:cn-id", "姓名:text,出生日期:date,身份证号:cn-id", "text,date,cn-id"},
		{`"salary, gross":exact`, `"salary, gross":exact`, "exact"},
		{`"a""b:c":exact , "x" : uscc`, `"a""b:c":exact,x:uscc`, "exact,uscc"},
		{`"#1":exact,#1:exact`, `"#1":exact,#1:exact`, "exact,exact"},
		{`" a":exact`, `" a":exact`, "exact"},
		{"a:card/x", "a:card/x", "card"},
	} {
		spec, err := ParseSpec(c.in, card)
		if err != nil {
			t.Errorf("ParseSpec(%q): %v", c.in, err)
			continue
		}
		if spec.String() != c.out || spec.Kinds() != c.kinds {
			t.Errorf("ParseSpec(%q) = %s of %s, want %s of %s", c.in, spec, spec.Kinds(), c.out, c.kinds)
		}
	}
}

func TestParseSpecErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "name:text"},
		{"  ", "name:text"},
		{"name", "column name has no kind; write name:text"},
		{"name,other:text", "column name has no kind"},
		{"name:", "column name: the kind is missing"},
		{"name:texts", `column name: there is no kind "texts"; there are text, exact`},
		{"name:text:x", `there is no kind "text:x"`},
		{"name:text,", "a column in the key has no name"},
		{",name:text", "a column in the key has no name"},
		{":text", "a column in the key has no name"},
		{"name:text,,b:text", "a column in the key has no name"},
		{"#:text", `"#" is not a column number`},
		{"#0:text", `"#0" is not a column number`},
		{"#-1:text", `"#-1" is not a column number`},
		{"#+1:text", `"#+1" is not a column number`},
		{"#01:text", `"#01" is not a column number`},
		{"#1x:text", `"#1x" is not a column number`},
		{"#99999999999999999999:text", "is not a column number"},
		{`"":text`, `"" is not the name of a column`},
		{`"a:text`, "never closed"},
		{`"a"b:text`, "want a colon and a kind"},
		{`a"b:text`, `stands in quotation marks: "a""b"`},
		{`"a"`, "column a has no kind"},
		{"a:text,a:exact", "column a stands twice"},
		{"#1:text,#1:exact", "column #1 stands twice"},
	} {
		spec, err := ParseSpec(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "joinkey: ") || strings.Count(err.Error(), "joinkey: ") > 1 {
			t.Errorf("ParseSpec(%q): error %v, want %q", c.in, err, c.want)
		}
		if spec != nil {
			t.Errorf("ParseSpec(%q) gives a spec with the error", c.in)
		}
	}
}

func TestSpecCheck(t *testing.T) {
	for _, spec := range []Spec{
		nil,
		{{Name: "a"}},
		{{Kind: Text()}},
		{{Name: "a", Number: 1, Kind: Text()}},
		{{Number: -1, Kind: Text()}},
		make(Spec, maxColumns+1),
	} {
		if _, err := FromRows([]string{"a"}, func(func([]string, error) bool) {}, spec, &Config{Bad: Skip}); err == nil {
			t.Errorf("%v is accepted", spec)
		}
	}
}

func TestResolve(t *testing.T) {
	names := []string{"id", "name", "", "id", "a,b"}
	for _, c := range []struct {
		spec string
		want []int
		err  string
	}{
		{"name:text", []int{1}, ""},
		{"#4:text,name:text,#1:text", []int{3, 1, 0}, ""},
		{`"a,b":text`, []int{4}, ""},
		{"Name:text", nil, `there is no column Name; the input has id, name, #3, id, "a,b"`},
		{"#6:text", nil, `there is no column #6; the input has id, name`},
		{"id:text", nil, "the column id is there twice, as #1 and #4"},
		{"name:text,#2:text", nil, "name and #2 are the same column"},
	} {
		spec, err := ParseSpec(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		at, err := spec.resolve(names, len(names))
		if c.err == "" && (err != nil || !slices.Equal(at, c.want)) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, error %v; want %v, %q", c.spec, at, err, c.want, c.err)
		}
	}
	for width, want := range map[int]string{0: "no columns", 1: "one column without a name", 7: "7 columns without names"} {
		if got := present(nil, width); got != want {
			t.Errorf("%d columns are %q", width, got)
		}
	}
	// An error must stay readable whatever the input calls a header.
	wide := make([]string, 5000)
	for i := range wide {
		wide[i] = strings.Repeat("张", 1000)
	}
	if got := present(wide, len(wide)); len(got) > 10000 || !strings.HasSuffix(got, "and 4900 more") {
		t.Errorf("the list has %d bytes and ends in %q", len(got), got[len(got)-20:])
	}
}

// FuzzParseSpec checks that what is accepted is written in a form that is
// accepted again, means the same, and is final.
func FuzzParseSpec(f *testing.F) {
	for _, s := range []string{"", "name:text", "#3:date", `"a""b":exact,x:uscc`, " a b :text,\tc:email", "a:date/DMY", `"#1":text`, "张:text", "a:text,", "\"\xff\":text"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		spec, err := ParseSpec(s)
		if err != nil {
			return
		}
		again, err := ParseSpec(spec.String())
		if err != nil {
			t.Fatalf("%q is accepted, but what it is written as, %q, is not: %v", s, spec, err)
		}
		if !slices.Equal(spec, again) || again.String() != spec.String() {
			t.Fatalf("%q is %q, then %q", s, spec, again)
		}
	})
}
