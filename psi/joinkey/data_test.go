package joinkey

import (
	"os"
	"testing"
)

// common counts the rows of one file whose key is in the other, by a map.
func common(t *testing.T, a, b, spec string, cfg *Config) int {
	t.Helper()
	set := make(map[string]bool)
	n := 0
	for i, name := range []string{a, b} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		k, err := CSV(f, mustSpec(t, spec), cfg)
		keys, err := collect(t, k, err)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			switch {
			case key == nil:
			case i == 0:
				set[string(key)] = true
			case set[string(key)]:
				n++
			}
		}
	}
	return n
}

// TestFebrl joins two registers of persons with errors, FEBRL dataset 4
// [Christen, Development and user experiences of an open source data cleaning,
// deduplication and record linkage system, SIGKDD Explorations 2009].
func TestFebrl(t *testing.T) {
	a, b := shared(t, "data/febrl/dataset4a.csv"), shared(t, "data/febrl/dataset4b.csv")
	for _, c := range []struct {
		spec  string
		empty EmptyPolicy
		want  int
	}{
		{"soc_sec_id:exact", SkipEmpty, 4561},
		{"soc_sec_id:text", SkipEmpty, 4561},
		{"given_name:exact,surname:exact,date_of_birth:exact", EmptyIsValue, 2202},
		{"given_name:exact,surname:exact,date_of_birth:exact", SkipEmpty, 2079},
		{"given_name:text,surname:text,date_of_birth:date", SkipEmpty, 2079},
	} {
		if got := common(t, a, b, c.spec, &Config{Bad: Skip, Empty: c.empty}); got != c.want {
			t.Errorf("%s, empty %d: %d in common, want %d", c.spec, c.empty, got, c.want)
		}
	}
}

// TestDomains intersects two lists of domain names, one a line.
func TestDomains(t *testing.T) {
	a, b := shared(t, "data/domains/adguard.txt"), shared(t, "data/domains/stevenblack.txt")
	for _, comma := range []rune{',', WholeLine} {
		cfg := &Config{Bad: Stop, Header: NoHeader, Comma: comma}
		if got := common(t, a, b, "#1:text", cfg); got != 47145 {
			t.Errorf("%q: %d in common", comma, got)
		}
	}
}
