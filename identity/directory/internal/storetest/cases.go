package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
)

func testRefuses(t *testing.T, d directory.Store) {
	ctx := t.Context()
	first := Record(1)
	first.Aliases = []identity.Alias{Must(identity.ParseAlias("local:1"))}
	require.NoError(t, d.Register(ctx, Sign(first)))

	change := func(f func(*directory.Record)) directory.Record {
		r := Record(2)
		f(&r)
		return r
	}
	for name, c := range map[string]struct {
		r    directory.Record
		want error
	}{
		"again":        {first, directory.ErrVersion},
		"gap":          {change(func(r *directory.Record) { r.Version = 2 }), directory.ErrVersion},
		"path taken":   {change(func(r *directory.Record) { r.Path = first.Path }), directory.ErrTaken},
		"number taken": {change(func(r *directory.Record) { r.Aliases = first.Aliases }), directory.ErrTaken},
	} {
		good := Sign(Record(3))
		err := d.Register(ctx, good, Sign(c.r))
		require.ErrorIs(t, err, c.want, name)
		var row *directory.RecordError
		require.ErrorAs(t, err, &row)
		require.Equal(t, 1, row.Row)
		_, err = d.Resolve(ctx, good.Record.Code)
		require.ErrorIs(t, err, directory.ErrNotFound, "all or none")
	}
	// Two in one call contradict each other.
	a, b := Record(4), Record(5)
	b.Path = a.Path
	require.ErrorIs(t, d.Register(ctx, Sign(a), Sign(b)), directory.ErrTaken)

	forged := Sign(Record(6))
	forged.Record.Title += "!"
	require.ErrorContains(t, d.Register(ctx, forged), "wrong signature")
	require.Error(t, d.Register(ctx, directory.Signed{Record: Record(7)}))

	gone := first
	gone.Version, gone.Status = 2, directory.Withdrawn
	require.NoError(t, d.Register(ctx, Sign(gone)))
	gone.Version, gone.Status = 3, directory.Active
	require.ErrorContains(t, d.Register(ctx, Sign(gone)), "withdrawn")

	// Two versions in one call, of which the second counts.
	c := Record(8)
	second := c
	second.Version, second.Title = 2, "第二"
	require.NoError(t, d.Register(ctx, Sign(c), Sign(second)))
	got, err := d.Resolve(ctx, c.Code)
	require.NoError(t, err)
	require.Equal(t, Sign(second), got)
	require.NoError(t, d.Register(ctx))
}

func testSearch(t *testing.T, d directory.Store) {
	ctx := t.Context()
	other := person
	var all []directory.Signed
	for i := range 1500 {
		r := Record(i)
		if i%7 == 0 {
			r.Rights = append(r.Rights, directory.Right{Kind: directory.Operate, Subject: other})
		}
		all = append(all, Sign(r))
	}
	require.NoError(t, d.Register(ctx, all...))
	area := Must(identity.ParseArea("1108"))
	under := Must(identity.ParsePath("1108/公安局"))
	for name, c := range map[string]struct {
		q    directory.Query
		want func(*directory.Record) bool
	}{
		"all":       {directory.Query{}, func(*directory.Record) bool { return true }},
		"two":       {directory.Query{Text: "气象"}, func(r *directory.Record) bool { return strings.Contains(r.Title, "气象") }},
		"long":      {directory.Query{Text: "市场监督管理局"}, func(r *directory.Record) bool { return strings.Contains(r.Title, "市场监督管理局") }},
		"across":    {directory.Query{Text: "局企业登"}, func(r *directory.Record) bool { return strings.Contains(r.Title, "局企业登") }},
		"several":   {directory.Query{Text: " 学校  民政 HOURLY "}, func(r *directory.Record) bool { return strings.Contains(r.Title, "民政局学校") }},
		"not whole": {directory.Query{Text: "局观数据"}, func(r *directory.Record) bool { return false }},
		"none":      {directory.Query{Text: "天文"}, func(r *directory.Record) bool { return false }},
		"area":      {directory.Query{Area: area}, func(r *directory.Record) bool { return r.Path.Area() == area }},
		"under":     {directory.Query{Under: under}, func(r *directory.Record) bool { return under.Contains(r.Path) }},
		"owner":     {directory.Query{Subject: Holder}, func(r *directory.Record) bool { return true }},
		"right":     {directory.Query{Subject: other, Right: directory.Operate}, func(r *directory.Record) bool { return len(r.Rights) == 3 }},
		"no right":  {directory.Query{Subject: other, Right: directory.Hold}, func(r *directory.Record) bool { return false }},
		"both": {directory.Query{Subject: other, Right: directory.Operate, Area: area, Text: "登记"}, func(r *directory.Record) bool {
			return len(r.Rights) == 3 && r.Path.Area() == area && strings.Contains(r.Title, "登记")
		}},
	} {
		var want []string
		for i := range all {
			if c.want(&all[i].Record) {
				want = append(want, all[i].Record.Title)
			}
		}
		var got []string
		c.q.Limit = 97
		for {
			page, err := d.Search(ctx, &c.q)
			require.NoError(t, err, name)
			for _, s := range page {
				got = append(got, s.Record.Title)
			}
			if c.q.Offset += len(page); len(page) < c.q.Limit {
				break
			}
		}
		require.Equal(t, want, got, name)
	}
	for _, q := range []directory.Query{
		{}, {Limit: 1001}, {Limit: 1, Offset: -1}, {Limit: 1, Text: "局"}, {Limit: 1, Text: "a-b"}, {Limit: 1, Right: directory.Hold},
		{Limit: 1, Text: strings.Repeat("a", 1025)},
	} {
		_, err := d.Search(ctx, &q)
		require.Error(t, err, "%+v", q)
	}
}
