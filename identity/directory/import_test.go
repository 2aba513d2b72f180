package directory_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
)

// how imports what the owner of the tests signs, for rows that name a holder.
func how() *directory.Import {
	return &directory.Import{
		Area: storetest.Must(identity.ParseArea("3101")), Kind: identity.Resource,
		Sign: func(_ *directory.Record, statement []byte) ([]byte, error) {
			return ed25519.Sign(storetest.Key, statement), nil
		},
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
	columns := directory.Columns{Number: "编号", Title: "名称", Summary: "摘要", Office: "部门", Holder: "信用代码", Keywords: "关键词"}
	n, problems, err := d.Import(directory.CSV(strings.NewReader(catalogue), columns), how())
	require.NoError(t, err)
	require.Equal(t, 2, n)
	var rows []int
	for _, p := range problems {
		rows = append(rows, p.Row)
		require.Error(t, p.Err)
	}
	require.Equal(t, []int{3, 4, 5, 6, 7}, rows)
	require.ErrorContains(t, problems[0].Err, "credit code")
	require.ErrorContains(t, problems[1].Err, "names no holder")
	require.ErrorIs(t, problems[2].Err, directory.ErrTaken)
	require.ErrorContains(t, problems[4].Err, "resident identity number")

	s, err := d.ResolveAlias(storetest.Must(identity.ParseAlias("local:2018-0042")))
	require.NoError(t, err)
	r := s.Record
	require.Equal(t, "2018-0042", r.Code.Extension())
	require.Equal(t, "91110000600037341L", r.Code.Subject().String())
	require.Equal(t, "逐时 数据", r.Summary)
	require.Equal(t, []string{"气象", "观测"}, r.Keywords)
	require.Equal(t, "3101/气象局/气象观测/2018-0042", r.Path.String())
	s, err = d.ResolveAlias(storetest.Must(identity.ParseAlias("local:二〇一九")))
	require.NoError(t, err)
	require.Empty(t, s.Record.Code.Extension())
	require.Equal(t, "3101/市场监管局/企业-登记（旧）/二〇一九", s.Record.Path.String())

	// Again: nothing is registered twice.
	n, problems, err = d.Import(directory.CSV(strings.NewReader(catalogue), columns), how())
	require.NoError(t, err)
	require.Zero(t, n)
	require.Len(t, problems, 7)

	// A holder that stands in.
	h := how()
	h.Holder = storetest.Holder
	n, _, err = d.Import(directory.CSV(strings.NewReader(catalogue), columns), h)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestImportRefuses(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
	columns := directory.Columns{Number: "n", Title: "t"}
	for _, in := range []string{"", "a,b\n", "n,t\n1\n", "n,t\n\"1,2\n", "n,t,n\n1,a,2\n"} {
		_, _, err := d.Import(directory.CSV(strings.NewReader(in), columns), how())
		require.Error(t, err, in)
	}
	_, _, err := d.Import(directory.CSV(strings.NewReader("n,t\n"), directory.Columns{Number: "n"}), how())
	require.Error(t, err)
	for name, change := range map[string]func(*directory.Import){
		"sign": func(h *directory.Import) { h.Sign = nil },
		"area": func(h *directory.Import) { h.Area = identity.Area{} },
		"kind": func(h *directory.Import) { h.Kind = identity.Connector },
		"signer": func(h *directory.Import) {
			h.Sign = func(*directory.Record, []byte) ([]byte, error) { return nil, errNo }
		},
	} {
		h := how()
		h.Holder = storetest.Holder
		change(h)
		n, problems, err := d.Import(directory.CSV(strings.NewReader("n,t\n1,a\n"), columns), h)
		require.Zero(t, n)
		if name == "signer" {
			require.NoError(t, err)
			require.ErrorIs(t, problems[0].Err, errNo)
		} else {
			require.ErrorContains(t, err, "Area, Sign", name)
		}
	}
	_, _, err = d.Import(nil, nil)
	require.Error(t, err)

	// What the directory refuses is a problem of its row alone.
	h := how()
	h.Holder = storetest.Holder
	h.Sign = func(r *directory.Record, statement []byte) ([]byte, error) {
		if r.Title == "bad" {
			return []byte("x"), nil
		}
		return ed25519.Sign(storetest.Key, statement), nil
	}
	n, problems, err := d.Import(directory.CSV(strings.NewReader("n,t\n1,a\n2,bad\n3,b\n"), columns), h)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Len(t, problems, 1)
	require.Equal(t, 2, problems[0].Row)
}

var errNo = errors.New("no")

// A catalogue of which much is refused, here for paths that are cut to the same,
// costs a few checks a row and not the square of them.
func TestImportOfMuchRefused(t *testing.T) {
	var checks atomic.Int32
	d, err := directory.Open(filepath.Join(t.TempDir(), "directory"), &directory.Config{Verify: func(*directory.Record, []byte, []byte) error {
		checks.Add(1)
		return nil
	}})
	require.NoError(t, err)
	defer d.Close()
	const n = 300
	var rows strings.Builder
	rows.WriteString("n,t,o\n")
	good := 0
	for i := range n {
		prefix := strings.Repeat("0", 64)
		if i%37 == 5 {
			prefix = fmt.Sprint(i)
			good++
		}
		fmt.Fprintf(&rows, "%s%d,a,b\n", prefix, i)
	}
	h := how()
	h.Holder, h.Sign = storetest.Holder, func(*directory.Record, []byte) ([]byte, error) { return []byte("x"), nil }
	imported, problems, err := d.Import(directory.CSV(strings.NewReader(rows.String()), directory.Columns{Number: "n", Title: "t", Office: "o"}), h)
	require.NoError(t, err)
	require.Equal(t, good+1, imported)
	require.Len(t, problems, n-good-1)
	for i := range problems {
		require.ErrorIs(t, problems[i].Err, directory.ErrTaken)
	}
	require.Equal(t, good+1, d.Len())
	require.Less(t, int(checks.Load()), 6*n)
}

// Rows that no record can be made of are problems of theirs alone.
func TestImportOfHostileRows(t *testing.T) {
	many := strings.Repeat("词;", 33)
	for title, row := range map[string]string{
		"":                       "",
		strings.Repeat("长", 171): "",
		"a\u202eb":               "",
		"\xff":                   "",
		"keywords":               many,
		"long keyword":           strings.Repeat("词", 43),
		"……":                     "a title without a letter makes no path",
	} {
		d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
		rows := func(yield func(directory.Row, error) bool) {
			_ = yield(directory.Row{Number: "1", Title: title, Office: "o", Keywords: strings.Split(row, ";"), Holder: "91110000600037341L"}, nil) &&
				yield(directory.Row{Number: "2", Title: "good", Office: "o", Holder: "91110000600037341L"}, nil)
		}
		n, problems, err := d.Import(rows, how())
		require.NoError(t, err)
		require.Equal(t, 1, n, title)
		require.Len(t, problems, 1)
		require.Equal(t, 1, problems[0].Row)
		require.Equal(t, "1", problems[0].Number)
	}
	// What does not show is taken out of a text.
	d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
	n, _, err := d.Import(func(yield func(directory.Row, error) bool) {
		yield(directory.Row{Number: "1", Title: " a\x00\tb\u2028 c\u0085", Keywords: []string{" ", "\x00", " k\n"}, Holder: "91110000600037341L"}, nil)
	}, how())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	s := storetest.Must(d.ResolveAlias(storetest.Must(identity.ParseAlias("local:1"))))
	require.Equal(t, "a b c", s.Record.Title)
	require.Equal(t, []string{"k"}, s.Record.Keywords)
}

// What was collected before a reader fails is registered.
func TestImportOfFailingReader(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
	n, problems, err := d.Import(func(yield func(directory.Row, error) bool) {
		_ = yield(directory.Row{Number: "1", Title: "a", Holder: "91110000600037341L"}, nil) && yield(directory.Row{Number: "2", Title: "b"}, nil) && yield(directory.Row{}, errNo)
	}, how())
	require.ErrorIs(t, err, errNo)
	require.Equal(t, 1, n)
	require.Len(t, problems, 1)
	require.Equal(t, 1, d.Len())
}

func TestImportCKAN(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
	const answer = `{"success":true,"result":{"count":1,"results":[{"name":"weather","title":"Weather","notes":"hourly",
		"organization":{"title":"Met Office"},"tags":[{"name":"rain"}],"extras":[{"key":"uscc","value":"91110000600037341L"}]}]}}`
	n, problems, err := d.Import(directory.CKAN(strings.NewReader(answer), "uscc"), how())
	require.NoError(t, err)
	require.Empty(t, problems)
	require.Equal(t, 1, n)
	found, err := d.Search(&directory.Query{Text: "RAIN", Limit: 10})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "weather", found[0].Record.Code.Extension())
	for _, bad := range []string{"", "{", `{"success":false}`, `[]`, answer + "x"} {
		_, _, err := d.Import(directory.CKAN(strings.NewReader(bad), "uscc"), how())
		require.Error(t, err, bad)
	}
}

func TestImportDCAT(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "directory"), nil)
	const one = `{"@type":"dcat:Dataset","dct:identifier":"rain","dct:title":[{"@language":"en","@value":"Rain"},{"@language":"zh-CN","@value":"降雨"}],
		"dct:description":"hourly","dcat:keyword":["weather",{"@value":"气象"}],
		"dct:publisher":{"foaf:name":"气象局","dct:identifier":"91110000600037341L"}}`
	const two = `{"@type":"Dataset","identifier":"wind","title":"Wind","publisher":[{"name":"Met","identifier":{"@value":"913205056082348768"}}]}`
	const several = `{"@type":["prov:Entity","http://www.w3.org/ns/dcat#Dataset"],"identifier":"sun","title":"Sun","publisher":{"identifier":"913205056082348768"}}`
	const moon = `{"@type":"dcat:Dataset","dct:identifier":"moon","dct:title":"月","dct:publisher":{"@id":"urn:met"}}`
	const met = `{"@id":"urn:met","@type":"foaf:Agent","foaf:name":"天文台","dct:identifier":"91110000600037341L"}`
	const series = `{"@type":"dcat:DatasetSeries","identifier":"series"}`
	for i, in := range []string{
		`{"@context":"https://www.w3.org/ns/dcat.jsonld","dcat:dataset":[` + one + `]}`,
		`{"@graph":[{"@type":"dcat:Catalog","dcat:dataset":{"@id":"x"}},` + two + `,` + series + `]}`,
		`{"@graph":[` + several + `]}`,
		`{"@graph":[` + moon + `,` + met + `]}`,
	} {
		n, problems, err := d.Import(directory.DCAT(strings.NewReader(in)), how())
		require.NoError(t, err)
		require.Empty(t, problems)
		require.Equal(t, 1, n, i)
	}
	found, err := d.Search(&directory.Query{Text: "降雨 气象", Limit: 10})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "3101/气象局/降雨/rain", found[0].Record.Path.String())
	found, err = d.Search(&directory.Query{Text: "天文台", Limit: 10})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "3101/天文台/月/moon", found[0].Record.Path.String())
	_, err = d.ResolveAlias(storetest.Must(identity.ParseAlias("local:wind")))
	require.NoError(t, err)
	for _, bad := range []string{"", "{}", "[]", `{"dataset":[]}`, `{"@graph":[` + series + `]}`, `{"dataset":1}`, strings.Repeat("[", 100000)} {
		_, _, err := d.Import(directory.DCAT(strings.NewReader(bad)), how())
		require.Error(t, err)
	}
}
