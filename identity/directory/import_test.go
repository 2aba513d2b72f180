package directory

import (
	"crypto/ed25519"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
)

func how() *Import {
	return &Import{
		Area: must(identity.ParseArea("3101")), Kind: identity.Resource,
		Sign: func(_ *Record, statement []byte) ([]byte, error) { return ed25519.Sign(key, statement), nil },
	}
}

const catalogue = "\ufeff编号,名称,摘要,部门,信用代码,关键词\n" +
	"2018-0042,气象观测,\"逐时\n数据\",气象局,91110000600037341L,气象;观测\n" +
	"二〇一九,企业 登记（旧）,,市场监管局,913205056082348768,\n" +
	"3,学校名录,,教育局,91310105575958172F,\n" + // from a published sample with a wrong check character
	"4,无主,,,,\n" +
	"2018-0042,重复,,气象局,91110000600037341L,\n" +
	"../5,攀登,,气象局,91110000600037341L,\n" +
	"6,身份证,,气象局,11010519491231002X,\n"

func TestImportCSV(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
	columns := Columns{Number: "编号", Title: "名称", Summary: "摘要", Office: "部门", Holder: "信用代码", Keywords: "关键词"}
	n, problems, err := d.Import(CSV(strings.NewReader(catalogue), columns), how())
	require.NoError(t, err)
	require.Equal(t, 2, n)
	var rows []int
	for _, p := range problems {
		rows = append(rows, p.Row)
		require.Error(t, p.Err)
	}
	require.Equal(t, []int{3, 4, 5, 6, 7}, rows)
	require.ErrorContains(t, problems[0].Err, "credit code")
	require.ErrorIs(t, problems[2].Err, ErrTaken)
	require.ErrorContains(t, problems[4].Err, "resident identity number")

	s, err := d.ResolveAlias(must(identity.ParseAlias("local:2018-0042")))
	require.NoError(t, err)
	r := s.Record
	require.Equal(t, "2018-0042", r.Code.Extension())
	require.Equal(t, "91110000600037341L", r.Code.Subject().String())
	require.Equal(t, "逐时 数据", r.Summary)
	require.Equal(t, []string{"气象", "观测"}, r.Keywords)
	require.Equal(t, "3101/气象局/气象观测/2018-0042", r.Path.String())
	s, err = d.ResolveAlias(must(identity.ParseAlias("local:二〇一九")))
	require.NoError(t, err)
	require.Empty(t, s.Record.Code.Extension())
	require.Equal(t, "3101/市场监管局/企业-登记（旧）/二〇一九", s.Record.Path.String())

	// Again: nothing is registered twice.
	n, problems, err = d.Import(CSV(strings.NewReader(catalogue), columns), how())
	require.NoError(t, err)
	require.Zero(t, n)
	require.Len(t, problems, 7)

	// A holder that stands in.
	h := how()
	h.Holder = holder
	n, _, err = d.Import(CSV(strings.NewReader(catalogue), columns), h)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestImportRefuses(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
	columns := Columns{Number: "n", Title: "t"}
	for _, in := range []string{"", "a,b\n", "n,t\n1\n", "n,t\n\"1,2\n"} {
		_, _, err := d.Import(CSV(strings.NewReader(in), columns), how())
		require.Error(t, err, in)
	}
	_, _, err := d.Import(CSV(strings.NewReader("n,t\n"), Columns{Number: "n"}), how())
	require.Error(t, err)
	_, _, err = d.Import(nil, &Import{})
	require.Error(t, err)

	// What the directory refuses is a problem of its row alone.
	h := how()
	h.Holder = holder
	h.Sign = func(r *Record, statement []byte) ([]byte, error) {
		if r.Title == "bad" {
			return []byte("x"), nil
		}
		return ed25519.Sign(key, statement), nil
	}
	n, problems, err := d.Import(CSV(strings.NewReader("n,t\n1,a\n2,bad\n3,b\n"), columns), h)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Len(t, problems, 1)
	require.Equal(t, 2, problems[0].Row)
}

func TestImportCKAN(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
	const answer = `{"success":true,"result":{"count":1,"results":[{"name":"weather","title":"Weather","notes":"hourly",
		"organization":{"title":"Met Office"},"tags":[{"name":"rain"}],"extras":[{"key":"uscc","value":"91110000600037341L"}]}]}}`
	n, problems, err := d.Import(CKAN(strings.NewReader(answer), "uscc"), how())
	require.NoError(t, err)
	require.Empty(t, problems)
	require.Equal(t, 1, n)
	found, err := d.Search(&Query{Text: "RAIN", Limit: 10})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "weather", found[0].Record.Code.Extension())
	for _, bad := range []string{"", "{", `{"success":false}`, `[]`} {
		_, _, err := d.Import(CKAN(strings.NewReader(bad), "uscc"), how())
		require.Error(t, err, bad)
	}
}

func TestImportDCAT(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
	const one = `{"@type":"dcat:Dataset","dct:identifier":"rain","dct:title":[{"@language":"en","@value":"Rain"},{"@language":"zh-CN","@value":"降雨"}],
		"dct:description":"hourly","dcat:keyword":["weather",{"@value":"气象"}],
		"dct:publisher":{"foaf:name":"气象局","dct:identifier":"91110000600037341L"}}`
	const two = `{"@type":"Dataset","identifier":"wind","title":"Wind","publisher":[{"name":"Met","identifier":{"@value":"913205056082348768"}}]}`
	for i, in := range []string{
		`{"@context":"https://www.w3.org/ns/dcat.jsonld","dcat:dataset":[` + one + `]}`,
		`{"@graph":[{"@type":"dcat:Catalog","dcat:dataset":{"@id":"x"}},` + two + `]}`,
	} {
		n, problems, err := d.Import(DCAT(strings.NewReader(in)), how())
		require.NoError(t, err)
		require.Empty(t, problems)
		require.Equal(t, 1, n, i)
	}
	found, err := d.Search(&Query{Text: "降雨 气象", Limit: 10})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "3101/气象局/降雨/rain", found[0].Record.Path.String())
	_, err = d.ResolveAlias(must(identity.ParseAlias("local:wind")))
	require.NoError(t, err)
	for _, bad := range []string{"", "{}", "[]", `{"dataset":[]}`, `{"dataset":1}`, strings.Repeat("[", 100000)} {
		_, _, err := d.Import(DCAT(strings.NewReader(bad)), how())
		require.Error(t, err)
	}
}
