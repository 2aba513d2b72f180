package joinkey

import (
	"bytes"
	"database/sql/driver"
	"fmt"
	"testing"
)

const benchRows = 100_000

// benchFile has names of ten scripts' worth of trouble, or none, for a column
// of text amid others.
func benchFile(name func(i int) string) []byte {
	b := []byte("id,name,born,email\n")
	for i := range benchRows {
		b = fmt.Appendf(b, "%d,%s,19%02d-%02d-%02d,user%d@Example.org\n", i, name(i), i%100, 1+i%12, 1+i%28, i)
	}
	return b
}

func run(b *testing.B, size int, make func() (*Keys, error)) {
	b.Helper()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		k, err := make()
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range k.All() {
			if err != nil {
				b.Fatal(err)
			}
		}
		rows += k.Report().Keys
	}
	if rows != b.N*benchRows {
		b.Fatalf("%d keys", rows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkCSV(b *testing.B) {
	ascii := benchFile(func(i int) string { return fmt.Sprintf("Michaela Neumann %d", i) })
	quoted := benchFile(func(i int) string { return fmt.Sprintf(`"Neumann, Michaela %d"`, i) })
	han := benchFile(func(i int) string { return fmt.Sprintf("王小明%d", i) })
	accents := benchFile(func(i int) string { return fmt.Sprintf("Zoë Müller %d", i) })
	wide := benchFile(func(i int) string { return fmt.Sprintf("Ｚｏｅ %d", i) })
	list := func() []byte {
		var l []byte
		for i := range benchRows {
			l = fmt.Appendf(l, "host%d.Example.org\n", i)
		}
		return l
	}()
	for _, c := range []struct {
		name, spec string
		in         []byte
		cfg        Config
	}{
		{"list/text", "#1:text", list, Config{Bad: Stop, Header: NoHeader}},
		{"list/exact", "#1:exact", list, Config{Bad: Stop, Header: NoHeader}},
		{"list/whole/text", "#1:text", list, Config{Bad: Stop, Header: NoHeader, Comma: WholeLine}},
		{"table/text", "name:text", ascii, Config{Bad: Stop}},
		{"table/text/quoted", "name:text", quoted, Config{Bad: Stop}},
		{"table/text/han", "name:text", han, Config{Bad: Stop}},
		{"table/text/han/gb18030", "name:text", []byte(gb(b, string(han))), Config{Bad: Stop}},
		{"table/text/accents", "name:text", accents, Config{Bad: Stop}},
		{"table/text/wide", "name:text", wide, Config{Bad: Stop}},
		{"table/date", "born:date", ascii, Config{Bad: Stop}},
		{"table/email", "email:email", ascii, Config{Bad: Stop}},
		{"table/text+date+email", "name:text,born:date,email:email", ascii, Config{Bad: Stop}},
	} {
		b.Run(c.name, func(b *testing.B) {
			spec := mustSpec(b, c.spec)
			run(b, len(c.in), func() (*Keys, error) { return CSV(bytes.NewReader(c.in), spec, &c.cfg) })
		})
	}
}

func BenchmarkFromStrings(b *testing.B) {
	values := make([]string, benchRows)
	size := 0
	for i := range values {
		values[i] = fmt.Sprintf("Michaela Neumann %d", i)
		size += len(values[i])
	}
	run(b, size, func() (*Keys, error) { return FromStrings(values, Text(), &Config{Bad: Stop}) })
}

func BenchmarkSQL(b *testing.B) {
	tb := &table{columns: []string{"id", "name"}}
	size := 0
	for i := range benchRows {
		name := fmt.Sprintf("Michaela Neumann %d", i)
		tb.rows = append(tb.rows, []driver.Value{int64(i), name})
		size += len(name)
	}
	run(b, size, func() (*Keys, error) { return SQL(query(b, tb), mustSpec(b, "name:text"), &Config{Bad: Stop}) })
}

func BenchmarkKind(b *testing.B) {
	for _, c := range []struct {
		kind  Kind
		value string
	}{
		{Text(), "Michaela  Neumann"}, {Text(), "王小明"}, {Text(), "Zoë Müller"}, {Text(), "Ａｌｉｃｅ"},
		{Email(), "Michaela.Neumann@Example.org"}, {Date(), "2006/1/2"},
		{ResidentID(), "11010519491231002X"}, {CreditCode(), "91340600MA2PBM9HXD"},
	} {
		b.Run(c.kind.String()+"/"+c.value, func(b *testing.B) {
			s := newScratch()
			in, dst := []byte(c.value), make([]byte, 0, 128)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.kind.append(s, dst, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
