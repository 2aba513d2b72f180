package joinkey

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// parse takes a key apart, independently of the code that makes it.
func parse(key []byte) (classes, parts []string, err error) {
	if len(key) == 0 || key[0] != 1 {
		return nil, nil, errors.New("no version")
	}
	key = key[1:]
	n, w := binary.Uvarint(key)
	if w <= 0 {
		return nil, nil, errors.New("no number")
	}
	key = key[w:]
	var all []string
	for range 2 * n {
		l, w := binary.Uvarint(key)
		if w <= 0 || uint64(len(key)-w) < l {
			return nil, nil, errors.New("cut")
		}
		all = append(all, string(key[w:w+int(l)]))
		key = key[w+int(l):]
	}
	if len(key) > 0 {
		return nil, nil, errors.New("something left")
	}
	return all[:n], all[n:], nil
}

// TestFormatGolden fixes version 1 of the format. A change here is a change of
// the version.
func TestFormatGolden(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, c := range []struct {
		spec string
		row  []string
		want string
	}{
		{"#1:text", []string{"Alice"}, "01 01 0474657874 05616c696365"},
		{"#1:exact", []string{"Alice"}, "01 01 056578616374 05416c696365"},
		{"#1:text,#2:date/DMY", []string{"王", "2.1.2006"}, "01 02 0474657874 0464617465 03e78e8b 0a323030362d30312d3032"},
		{"#2:exact,#1:exact", []string{"a", ""}, "01 02 056578616374 056578616374 00 0161"},
		{"#1:exact", []string{long}, "01 01 056578616374 ac02" + strings.Repeat("78", 300)},
		{"#1:exact,#2:exact", []string{long[:127], long[:128]}, "01 02 056578616374 056578616374 7f" + strings.Repeat("78", 127) + "8001" + strings.Repeat("78", 128)},
	} {
		k, err := FromRows(nil, seq(c.row), mustSpec(t, c.spec), &Config{Bad: Stop, Empty: EmptyIsValue})
		keys, err := collect(t, k, err)
		if err != nil || len(keys) != 1 {
			t.Fatalf("%s: %d keys, error %v", c.spec, len(keys), err)
		}
		if got, want := hex.EncodeToString(keys[0]), strings.ReplaceAll(c.want, " ", ""); got != want {
			t.Errorf("%s of %.20q:\n got %s\nwant %s", c.spec, c.row, got, want)
		}
	}
}

// TestLargePart crosses the borders between lengths of one, two, three and
// four bytes.
func TestLargePart(t *testing.T) {
	for _, n := range []int{1, 126, 127, 128, 129, 16383, 16384, 2097151, 2097152} {
		v := strings.Repeat("a", n)
		k, err := FromRows(nil, seq([]string{v, "tail"}), mustSpec(t, "#1:text,#2:exact"), &Config{Bad: Stop})
		keys, err := collect(t, k, err)
		if err != nil {
			t.Fatal(err)
		}
		classes, parts, err := parse(keys[0])
		if err != nil || !slices.Equal(classes, []string{"text", "exact"}) || !slices.Equal(parts, []string{v, "tail"}) {
			t.Errorf("%d bytes: %v, %d parts, error %v", n, classes, len(parts), err)
		}
	}
}

// FuzzFormat checks that keys are injective: what parse, which knows nothing
// of the rows, reads from a key are the parts that went in.
func FuzzFormat(f *testing.F) {
	f.Add("a", "b", "c", uint8(0))
	f.Add("", "", "", uint8(1))
	f.Add("a\x01b", strings.Repeat("x", 130), "\x00", uint8(2))
	f.Add("ab", "", strings.Repeat("\x80", 20000), uint8(3))
	f.Fuzz(func(t *testing.T, a, b, c string, n uint8) {
		row := []string{a, b, c}[:1+n%3]
		var spec Spec
		for i := range row {
			spec = append(spec, Column{Number: i + 1, Kind: Exact()})
		}
		k, err := FromRows(nil, seq(row), spec, &Config{Bad: Stop, Empty: EmptyIsValue})
		keys, err := collect(t, k, err)
		if err != nil || len(keys) != 1 {
			t.Fatalf("%d keys, error %v", len(keys), err)
		}
		_, parts, err := parse(keys[0])
		if err != nil || !slices.Equal(parts, row) {
			t.Fatalf("%q becomes %x, which is %q (error %v)", row, keys[0], parts, err)
		}
	})
}

// TestKindsSeparate checks that equal bytes of different meaning never match.
func TestKindsSeparate(t *testing.T) {
	seen := make(map[string]string)
	for _, c := range []struct {
		spec string
		row  []string
	}{
		{"#1:text", []string{"a@b.cn"}},
		{"#1:exact", []string{"a@b.cn"}},
		{"#1:email", []string{"a@b.cn"}},
		{"#1:exact,#2:exact", []string{"a@b.cn", ""}},
		{"#1:exact,#2:exact", []string{"", "a@b.cn"}},
		{"#1:exact,#2:exact", []string{"a@b", ".cn"}},
	} {
		k, err := FromRows(nil, seq(c.row), mustSpec(t, c.spec), &Config{Bad: Stop, Empty: EmptyIsValue})
		keys, err := collect(t, k, err)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[string(keys[0])]; ok {
			t.Errorf("%s %q matches %s", c.spec, c.row, other)
		}
		seen[string(keys[0])] = fmt.Sprintf("%s %q", c.spec, c.row)
	}
	// Whereas the way a date is written does not matter.
	a, _ := FromStrings([]string{"31/12/2006"}, DateDMY(), &Config{Bad: Stop})
	b, _ := FromStrings([]string{"12/31/2006"}, DateMDY(), &Config{Bad: Stop})
	ka, _ := collect(t, a, nil)
	kb, _ := collect(t, b, nil)
	if !bytes.Equal(ka[0], kb[0]) {
		t.Error("one day, two keys")
	}
}
