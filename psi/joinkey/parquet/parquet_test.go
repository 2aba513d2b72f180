package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

type address struct {
	City string `parquet:"city,optional"`
}

type person struct {
	ID      int64     `parquet:"id"`
	Name    string    `parquet:"name,dict"`
	Nick    *string   `parquet:"nick,optional"`
	Born    int32     `parquet:"born,date"`
	Seen    time.Time `parquet:"seen,timestamp(microsecond)"`
	Balance int64     `parquet:"balance,decimal(2:18)"`
	Key     [16]byte  `parquet:"key,uuid"`
	Member  bool      `parquet:"member"`
	Height  float64   `parquet:"height"`
	Weight  float32   `parquet:"weight"`
	Small   int32     `parquet:"small,optional"`
	Big     uint64    `parquet:"big"`
	Raw     []byte    `parquet:"raw"`
	Tags    []string  `parquet:"tags"`
	Home    *address  `parquet:"home,optional"`
	Noon    int32     `parquet:"noon,time(millisecond)"`
}

// write makes a file in memory.
func write[T any](t testing.TB, rows []T, options ...parquet.WriterOption) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

// parts reads all keys and returns the parts of each, joined by |, or "-".
func parts(t testing.TB, keys *joinkey.Keys) ([]string, error) {
	t.Helper()
	var out []string
	for key, err := range keys.All() {
		if err != nil {
			return out, err
		}
		if key == nil {
			out = append(out, "-")
			continue
		}
		n, w := binary.Uvarint(key[1:])
		key = key[1+w:]
		var fields []string
		for range 2 * n {
			l, w := binary.Uvarint(key)
			fields = append(fields, string(key[w:w+int(l)]))
			key = key[w+int(l):]
		}
		if len(key) > 0 {
			t.Fatal("something is left of a key")
		}
		out = append(out, strings.Join(fields[n:], "|"))
	}
	return out, nil
}

func read(t testing.TB, r *bytes.Reader, spec string, cfg *joinkey.Config) ([]string, joinkey.Report, error) {
	t.Helper()
	s, err := joinkey.ParseSpec(spec)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := Keys(r, r.Size(), s, cfg)
	if err != nil {
		return nil, joinkey.Report{}, err
	}
	out, err := parts(t, keys)
	return out, keys.Report(), err
}

func TestTypes(t *testing.T) {
	nick, empty := "Al", ""
	file := write(t, []person{
		{
			ID: 1, Name: "Ａlice", Nick: &nick, Born: 13150, Seen: time.Date(2006, 1, 2, 15, 4, 5, 6000, time.UTC),
			Balance: -105, Key: [16]byte{0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0},
			Member: true, Height: 1.75, Weight: 0.1, Small: -3, Big: 1<<64 - 1, Raw: []byte{0xff, 0}, Tags: []string{"a", "b"}, Home: &address{"北京"},
		},
		{ID: -2, Name: "Bob", Nick: &empty, Born: -1, Seen: time.Date(2006, 1, 2, 0, 0, 0, 0, time.UTC), Balance: 12345, Height: 1e21, Home: &address{}},
		{ID: 3},
	})
	for _, c := range []struct {
		spec string
		want [3]string
	}{
		{"id:exact", [3]string{"1", "-2", "3"}},
		{"name:text", [3]string{"alice", "bob", "-"}},
		{"name:exact", [3]string{"Ａlice", "Bob", "-"}},
		{"nick:exact", [3]string{"Al", "-", "-"}},
		{"born:date", [3]string{"2006-01-02", "1969-12-31", "1970-01-01"}},
		{"seen:exact", [3]string{"2006-01-02T15:04:05.000006Z", "2006-01-02", "-"}},
		{"balance:exact", [3]string{"-1.05", "123.45", "0.00"}},
		{"key:exact", [3]string{"123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"}},
		{"member:exact", [3]string{"true", "false", "false"}},
		{"height:exact", [3]string{"1.75", "1000000000000000000000", "0"}},
		{"weight:exact", [3]string{"0.1", "0", "0"}},
		{"small:exact", [3]string{"-3", "-", "-"}},
		{"big:exact", [3]string{"18446744073709551615", "0", "0"}},
		{"raw:exact", [3]string{"\xff\x00", "-", "-"}},
		{"home.city:text", [3]string{"北京", "-", "-"}},
		{"#1:exact", [3]string{"1", "-2", "3"}},
		{"#2:text,id:exact", [3]string{"alice|1", "bob|-2", "-"}},
		{"big:exact,name:text,#4:date", [3]string{"18446744073709551615|alice|2006-01-02", "0|bob|1969-12-31", "-"}},
	} {
		got, report, err := read(t, file, c.spec, &joinkey.Config{Bad: joinkey.Stop})
		if c.spec == "seen:exact" && len(got) == 3 {
			got[2] = "-" // The zero time.Time is not in the range of the type.
		}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want[:]) || report.Rows != 3 {
			t.Errorf("%s: %q, error %v; want %q", c.spec, got, err, c.want)
		}
	}
	for _, c := range []struct{ spec, want string }{
		{"Name:text", "there is no column Name; the input has id, name, nick"},
		{"home:text", "there is no column home"},
		{"#99:text", "there is no column #99"},
		{"tags:text", "a list or a map"},
		{"noon:text", "no part of a key"},
		{"id:exact,#1:exact", "the same column"},
	} {
		if _, _, err := read(t, file, c.spec, &joinkey.Config{Bad: joinkey.Stop}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.spec, err, c.want)
		}
	}
	if _, _, err := read(t, file, "id:exact", nil); err == nil {
		t.Error("no configuration is accepted")
	}
}

// TestDecimals checks the other physical types of decimals.
func TestDecimals(t *testing.T) {
	type row struct {
		A int32    `parquet:"a,decimal(0:9)"`
		B [5]byte  `parquet:"b,decimal(3:11)"`
		C [16]byte `parquet:"c,decimal(0:38)"`
	}
	minus := [16]byte{}
	for i := range minus {
		minus[i] = 0xff
	}
	file := write(t, []row{{A: -7, B: [5]byte{0xff, 0xff, 0xff, 0xff, 0xfe}, C: minus}, {A: 7, B: [5]byte{0, 0, 0, 0x30, 0x39}, C: [16]byte{15: 42}}})
	got, _, err := read(t, file, "a:exact,b:exact,c:exact", &joinkey.Config{Bad: joinkey.Stop})
	if err != nil || fmt.Sprint(got) != "[-7|-0.002|-1 7|12.345|42]" {
		t.Errorf("%q, error %v", got, err)
	}
}

type pair struct {
	Name *string `parquet:"name,optional,snappy,dict"`
	Born string  `parquet:"born,zstd"`
	Pad  string  `parquet:"pad"`
}

func pairs(n int) []pair {
	rows := make([]pair, n)
	for i := range rows {
		name := fmt.Sprintf("Ｎａｍｅ %d", i%1000)
		rows[i] = pair{Name: &name, Born: fmt.Sprintf("19%02d/%d/%d", i%100, 1+i%12, 1+i%28), Pad: strings.Repeat("x", i%50)}
		switch i % 17 {
		case 3:
			rows[i].Name = nil
		case 5:
			rows[i].Born = "1990-02-30"
		}
	}
	return rows
}

// TestLayouts reads one table from files of many shapes, and from CSV.
func TestLayouts(t *testing.T) {
	rows := pairs(20000)
	var csv strings.Builder
	csv.WriteString("name,born,pad\n")
	for _, r := range rows {
		name := ""
		if r.Name != nil {
			name = *r.Name
		}
		fmt.Fprintf(&csv, "%s,%s,%s\n", name, r.Born, r.Pad)
	}
	spec, err := joinkey.ParseSpec("born:date,name:text")
	if err != nil {
		t.Fatal(err)
	}
	cfg := &joinkey.Config{Bad: joinkey.Skip}
	k, err := joinkey.CSV(strings.NewReader(csv.String()), spec, cfg)
	if err != nil {
		t.Fatal(err)
	}
	want, err := parts(t, k)
	if err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string][]parquet.WriterOption{
		"default":        nil,
		"small pages":    {parquet.PageBufferSize(100)},
		"row groups":     {parquet.MaxRowsPerRowGroup(999), parquet.PageBufferSize(1000)},
		"tiny groups":    {parquet.MaxRowsPerRowGroup(7)},
		"pages, first":   {parquet.DataPageVersion(1), parquet.PageBufferSize(3000)},
		"snappy":         {parquet.Compression(&parquet.Snappy)},
		"gzip":           {parquet.Compression(&parquet.Gzip)},
		"no compression": {parquet.Compression(compress.Codec(&parquet.Uncompressed))},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, rows, options...)
			got, report, err := read(t, file, spec.String(), cfg)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%d rows, error %v", len(got), err)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("row %d: %q, want %q", i, got[i], want[i])
				}
			}
			if other := k.Report(); report.Keys != other.Keys || fmt.Sprint(report.Skipped) != fmt.Sprint(other.Skipped) {
				t.Errorf("%+v, for CSV %+v", report, other)
			}
		})
	}
}

func TestEmptyFile(t *testing.T) {
	got, report, err := read(t, write[pair](t, nil), "name:text", &joinkey.Config{Bad: joinkey.Stop})
	if err != nil || len(got) != 0 || report.Rows != 0 {
		t.Errorf("%q, %+v, error %v", got, report, err)
	}
}

func TestEarlyEnd(t *testing.T) {
	file := write(t, pairs(5000), parquet.MaxRowsPerRowGroup(100))
	got, _, err := read(t, file, "born:date", &joinkey.Config{Bad: joinkey.Stop})
	var re *joinkey.RowError
	if !errors.As(err, &re) || re.Row != 5 || re.Column != "born" || len(got) != 5 {
		t.Errorf("%d rows, error %v", len(got), err)
	}
	spec := joinkey.Spec{{Name: "pad", Kind: joinkey.Exact()}}
	k, err := Keys(file, file.Size(), spec, &joinkey.Config{Bad: joinkey.Stop})
	if err != nil {
		t.Fatal(err)
	}
	for range k.All() {
		break
	}
	if k.Report().Rows != 1 {
		t.Errorf("%+v", k.Report())
	}
}

// faulty fails from the given read on, once it is armed.
type faulty struct {
	*bytes.Reader
	left int
}

var errFault = errors.New("the disk is gone")

func (f *faulty) ReadAt(p []byte, off int64) (int, error) {
	if f.left == 0 {
		return 0, errFault
	}
	f.left--
	return f.Reader.ReadAt(p, off)
}

func TestReadError(t *testing.T) {
	file := write(t, pairs(5000), parquet.MaxRowsPerRowGroup(500))
	spec := joinkey.Spec{{Name: "pad", Kind: joinkey.Exact()}}
	for _, left := range []int{0, 1, 2, 5, 10} {
		f := &faulty{file, 1000}
		k, err := Keys(f, file.Size(), spec, &joinkey.Config{Bad: joinkey.Stop})
		if err != nil {
			t.Fatal(err)
		}
		f.left = left
		if _, err := parts(t, k); !errors.Is(err, errFault) || !strings.Contains(err.Error(), "column pad") {
			t.Errorf("%d reads: error %v", left, err)
		}
	}
	if _, err := Keys(&faulty{file, 0}, file.Size(), spec, &joinkey.Config{Bad: joinkey.Stop}); !errors.Is(err, errFault) {
		t.Errorf("error %v", err)
	}
	if _, err := Keys(strings.NewReader("id,name\n1,Alice\n"), 16, spec, &joinkey.Config{Bad: joinkey.Stop}); err == nil {
		t.Error("CSV is taken for Parquet")
	}
}

func ExampleKeys() {
	type patient struct {
		Name string `parquet:"name"`
		Born int32  `parquet:"born,date"`
	}
	var file bytes.Buffer
	if err := parquet.Write(&file, []patient{{"Alice", 13150}, {"", 0}}); err != nil {
		panic(err)
	}
	spec, err := joinkey.ParseSpec("name:text,born:date")
	if err != nil {
		panic(err)
	}
	keys, err := Keys(bytes.NewReader(file.Bytes()), int64(file.Len()), spec, &joinkey.Config{Bad: joinkey.Skip})
	if err != nil {
		panic(err)
	}
	for key := range keys.All() {
		fmt.Printf("%q\n", key)
	}
	fmt.Println(keys.Report().Skipped)
	// Output:
	// "\x01\x02\x04text\x04date\x05alice\n2006-01-02"
	// ""
	// map[empty name:1]
}

func BenchmarkKeys(b *testing.B) {
	type row struct {
		Name string `parquet:"name"`
		Born string `parquet:"born"`
	}
	rows := make([]row, 200000)
	size := 0
	for i := range rows {
		rows[i] = row{fmt.Sprintf("Michaela Neumann %d", i), "1990-01-01"}
		size += len(rows[i].Name)
	}
	file := write(b, rows)
	spec := joinkey.Spec{{Name: "name", Kind: joinkey.Text()}}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		k, err := Keys(io.NewSectionReader(file, 0, file.Size()), file.Size(), spec, &joinkey.Config{Bad: joinkey.Stop})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range k.All() {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
