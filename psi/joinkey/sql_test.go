package joinkey

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// table is a database of one table, which is what any query returns.
type table struct {
	columns []string
	rows    [][]driver.Value
	err     error // after the rows
}

func (tb *table) Connect(context.Context) (driver.Conn, error) { return conn{tb}, nil }
func (tb *table) Driver() driver.Driver                        { return nil }

type conn struct{ *table }

func (c conn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (c conn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }
func (c conn) Close() error                        { return nil }

func (c conn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &result{table: c.table}, nil
}

type result struct {
	*table
	next int
}

func (r *result) Columns() []string { return r.columns }
func (r *result) Close() error      { return nil }

func (r *result) Next(dst []driver.Value) error {
	if r.next == len(r.rows) {
		if r.err != nil {
			return r.err
		}
		return io.EOF
	}
	copy(dst, r.rows[r.next])
	r.next++
	return nil
}

func query(t testing.TB, tb *table) *sql.Rows {
	t.Helper()
	db := sql.OpenDB(tb)
	t.Cleanup(func() { db.Close() })
	rows, err := db.QueryContext(t.Context(), "select")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	return rows
}

func TestSQL(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	rows := query(t, &table{columns: []string{"id", "v"}, rows: [][]driver.Value{
		{int64(1), "Alice"}, {int64(2), []byte(" x\xff")}, {int64(3), nil}, {int64(4), ""},
		{int64(5), int64(-42)}, {int64(6), 1e21}, {int64(7), 0.1}, {int64(8), true},
		{int64(9), time.Date(2006, 1, 2, 0, 0, 0, 0, zone)}, {int64(10), time.Date(2006, 1, 2, 15, 4, 5, 600, zone)},
		{int64(11), time.Date(2006, 1, 2, 0, 0, 0, 1, time.UTC)},
	}})
	k, err := SQL(rows, mustSpec(t, "v:exact"), &Config{Bad: Stop})
	keys, err := collect(t, k, err)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, key := range keys {
		part := "-"
		if key != nil {
			_, parts, err := parse(key)
			if err != nil {
				t.Fatal(err)
			}
			part = parts[0]
		}
		got = append(got, part)
	}
	want := []string{"Alice", " x\xff", "-", "-", "-42", "1000000000000000000000", "0.1", "true", "2006-01-02", "2006-01-02T15:04:05.0000006+08:00", "2006-01-02T00:00:00.000000001Z"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if r := k.Report(); r.Skipped["empty v"] != 2 || r.Encoding != "" {
		t.Errorf("the report is %+v", r)
	}
}

func TestSQLErrors(t *testing.T) {
	cfg := &Config{Bad: Stop}
	tb := &table{columns: []string{"id", "v"}, rows: [][]driver.Value{{int64(1), "2006-01-02"}, {int64(2), "secret42"}}}
	if _, err := SQL(query(t, tb), mustSpec(t, "w:text"), cfg); err == nil || !strings.Contains(err.Error(), "there is no column w; the input has id, v") {
		t.Errorf("error %v", err)
	}
	if _, err := SQL(nil, mustSpec(t, "v:text"), cfg); err == nil {
		t.Error("no rows are accepted")
	}
	if _, err := SQL(query(t, tb), mustSpec(t, "v:text"), nil); err == nil {
		t.Error("no configuration is accepted")
	}
	k, err := SQL(query(t, tb), mustSpec(t, "v:date"), cfg)
	keys, err := collect(t, k, err)
	var re *RowError
	if !errors.As(err, &re) || re.Row != 1 || re.Line != 0 || len(keys) != 1 {
		t.Errorf("%d keys, error %v", len(keys), err)
	}
	boom := errors.New("boom")
	k, err = SQL(query(t, &table{columns: []string{"v"}, rows: [][]driver.Value{{"a"}}, err: boom}), mustSpec(t, "v:text"), cfg)
	if keys, err = collect(t, k, err); !errors.Is(err, boom) || len(keys) != 1 {
		t.Errorf("%d keys, error %v", len(keys), err)
	}
	closed := query(t, tb)
	closed.Close()
	if _, err := SQL(closed, mustSpec(t, "v:text"), cfg); err == nil {
		t.Error("closed rows are accepted")
	}
	k, err = SQL(query(t, &table{columns: []string{"v"}, rows: [][]driver.Value{{struct{}{}}}}), mustSpec(t, "v:text"), cfg)
	if _, err = collect(t, k, err); err == nil || !strings.Contains(err.Error(), "struct {}") {
		t.Errorf("error %v", err)
	}
}

// TestSQLBreak checks that the rows stay the caller's after an early end.
func TestSQLBreak(t *testing.T) {
	rows := query(t, &table{columns: []string{"v"}, rows: [][]driver.Value{{"a"}, {"b"}, {"c"}}})
	k, err := SQL(rows, mustSpec(t, "#1:text"), &Config{Bad: Stop})
	if err != nil {
		t.Fatal(err)
	}
	for range k.All() {
		break
	}
	if !rows.Next() {
		t.Error("the rows are closed")
	}
}
