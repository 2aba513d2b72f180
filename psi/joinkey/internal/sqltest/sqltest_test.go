package sqltest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

func open(t testing.TB, statements ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // Each connection would have a database of its own.
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func collect(t testing.TB, k *joinkey.Keys, err error) ([][]byte, error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var keys [][]byte
	for key, err := range k.All() {
		if err != nil {
			return keys, err
		}
		keys = append(keys, bytes.Clone(key))
	}
	return keys, nil
}

// TestSQLite reads one table from the database and from CSV.
func TestSQLite(t *testing.T) {
	db := open(t,
		"create table person (id integer primary key, name text, born date, seen timestamp, height real, photo blob)",
		"insert into person values"+
			"(1, 'Ａlice  Liddell', '1852-05-04', '2006-01-02 00:00:00', 1.5, x'ff00'),"+
			"(2, null, '1990-01-01', null, null, null),"+
			"(3, 'Bob', '1990-02-30', '2006-01-02 15:04:05', 2, ''),"+
			"(4, '王小明', '2000/2/29', null, 1e21, 'text in a blob'),"+
			"(5, '  ', '1990-01-01', null, 0.1, null)")
	csv := "name,born\nalice liddell,18520504\n,1990-01-01\nBob,1990-02-30\n王小明,2000年2月29日\n,1990-01-01\n"
	cfg := &joinkey.Config{Bad: joinkey.Skip}
	spec, err := joinkey.ParseSpec("name:text,born:date")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.QueryContext(t.Context(), "select * from person order by id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	k, err := joinkey.SQL(rows, spec, cfg)
	got, err := collect(t, k, err)
	if err != nil {
		t.Fatal(err)
	}
	other, err := joinkey.CSV(strings.NewReader(csv), spec, cfg)
	want, err := collect(t, other, err)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if r := k.Report(); r.Rows != 5 || r.Keys != 2 || r.Skipped["empty name"] != 2 || len(r.Errors) != 1 || r.Errors[0].Row != 2 || r.Errors[0].Line != 0 {
		t.Errorf("the report is %+v", r)
	}
}

func TestSQLiteValues(t *testing.T) {
	db := open(t)
	for _, c := range []struct{ expression, want string }{
		{"42", "42"}, {"-9223372036854775808", "-9223372036854775808"}, {"1.5", "1.5"}, {"1e21", "1000000000000000000000"},
		{"'a'", "a"}, {"x'ff00'", "\xff\x00"}, {"null", ""}, {"''", ""}, {"' '", " "},
	} {
		rows, err := db.QueryContext(t.Context(), "select 1 as one, "+c.expression+" as v")
		if err != nil {
			t.Fatal(err)
		}
		k, err := joinkey.SQL(rows, joinkey.Spec{{Name: "v", Kind: joinkey.Exact()}}, &joinkey.Config{Bad: joinkey.Stop})
		keys, err := collect(t, k, err)
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "" && keys[0] != nil || c.want != "" && !bytes.HasSuffix(keys[0], append([]byte{byte(len(c.want))}, c.want...)) {
			t.Errorf("%s: %q, want %q", c.expression, keys[0], c.want)
		}
		rows.Close()
	}
}

// TestSQLiteCancel checks that the error of a context ends the keys.
func TestSQLiteCancel(t *testing.T) {
	db := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows, err := db.QueryContext(ctx, "with recursive n(i) as (select 1 union all select i+1 from n) select i from n")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	k, err := joinkey.SQL(rows, joinkey.Spec{{Number: 1, Kind: joinkey.Exact()}}, &joinkey.Config{Bad: joinkey.Stop})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err = range k.All() {
		if n++; n == 100 {
			cancel()
		}
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after %d rows", err, n)
	}
}

func BenchmarkSQLite(b *testing.B) {
	db := open(b, "create table person (id integer primary key, name text)",
		"insert into person with recursive n(i) as (select 1 union all select i+1 from n where i < 100000) select i, 'Michaela Neumann ' || i from n")
	b.ReportAllocs()
	keys := 0
	for b.Loop() {
		rows, err := db.QueryContext(b.Context(), "select name from person order by id")
		if err != nil {
			b.Fatal(err)
		}
		k, err := joinkey.SQL(rows, joinkey.Spec{{Name: "name", Kind: joinkey.Text()}}, &joinkey.Config{Bad: joinkey.Stop})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range k.All() {
			if err != nil {
				b.Fatal(err)
			}
			keys++
		}
		rows.Close()
	}
	b.ReportMetric(float64(keys)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
