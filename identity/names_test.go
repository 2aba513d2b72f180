package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSubject(t *testing.T) {
	for _, s := range []string{
		"110105194912310021",    // ends otherwise than any number of the kind
		"11010519491231002X",    // an example of GB 11643-1999
		"9111000060003734",      // cut
		"91110000600037341L ",   // trailing space
		"91110000600037341l",    // lower case
		"z00000000000000000",    // lower case
		"-00000000000000000",    // punctuation
		"91110000600037341\xcc", // no ASCII
	} {
		_, err := ParseSubject(s)
		require.Error(t, err, s)
		if len(s) > 9 {
			require.NotContains(t, err.Error(), s[2:9])
		}
	}
	_, err := ParseSubject("11010519491231002X")
	require.ErrorContains(t, err, "resident identity number")

	s, err := ParseSubject("X12345678901234567")
	require.NoError(t, err)
	require.Equal(t, Other, s.Kind())
	require.Equal(t, SubjectKind(0), Subject{}.Kind())
}

func TestPseudonym(t *testing.T) {
	a, err := NewPseudonym([]byte(strings.Repeat("a", 32)))
	require.NoError(t, err)
	b, err := NewPseudonym([]byte(strings.Repeat("b", 32)))
	require.NoError(t, err)
	require.NotEqual(t, a, b)
	require.Equal(t, Person, a.Kind())
	got, err := ParseSubject(a.String())
	require.NoError(t, err)
	require.Equal(t, a, got)
	_, err = NewPseudonym(make([]byte, 31))
	require.Error(t, err)
}

func TestArea(t *testing.T) {
	regionsByProvince := make(map[string]int)
	for a, name := range regionNames() {
		parsed, err := ParseArea(a.String())
		require.NoError(t, err)
		require.Equal(t, name, parsed.Name())
		regionsByProvince[a.String()[:2]]++
	}
	require.Len(t, regionsByProvince, 34)
	require.Len(t, regionNames(), 34+342)
	for code, name := range map[string]string{
		"3101": "上海市", "1301": "河北省石家庄市", "5101": "四川省成都市", "1300": "河北省", "8100": "香港特别行政区", "0064": "", "9999": "",
	} {
		a, err := ParseArea(code)
		require.NoError(t, err)
		require.Equal(t, name, a.Name())
	}
	for _, s := range []string{"", "310", "31010", "31O1", "３101"} {
		_, err := ParseArea(s)
		require.Error(t, err, s)
	}
}

func TestPath(t *testing.T) {
	p, err := ParsePath("3101/气象局/观测/小时级")
	require.NoError(t, err)
	require.Equal(t, "3101", p.Area().String())
	require.Equal(t, []string{"气象局", "观测", "小时级"}, p.Names())
	parent, err := ParsePath("3101/气象局")
	require.NoError(t, err)
	require.True(t, parent.Contains(p))
	require.True(t, p.Contains(p))
	require.False(t, p.Contains(parent))
	beside, err := ParsePath("3101/气象局2/观测")
	require.NoError(t, err)
	require.False(t, parent.Contains(beside))
	_, err = ParsePath("3101/〇二年")
	require.NoError(t, err)
	for _, s := range []string{
		"", "3101", "3101/", "/3101/a", "310/a", "3101//a", "3101/a/", "3101/../a", "3101/.", "3101/a\\b", "3101/a b", "3101/\u202ea",
		"3101/\xff", "3101/a\x00", "3101/a/b/c/d/e/f/g/h", "3101/" + strings.Repeat("a", 65), "3101/" + strings.Repeat("气", 171),
	} {
		_, err := ParsePath(s)
		require.Error(t, err, s)
	}
}

func TestRef(t *testing.T) {
	for _, s := range []string{codes[5] + "@1", codes[7] + "@18446744073709551615", codes[6] + "@sha256:" + strings.Repeat("0a", 32)} {
		r, err := ParseRef(s)
		require.NoError(t, err, s)
		require.Equal(t, s, r.String())
		text, err := r.MarshalText()
		require.NoError(t, err)
		var back Ref
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, r, back)
	}
	for _, tail := range []string{
		"", "@", "@0", "@01", "@+1", "@1 ", "@18446744073709551616", "@sha256:", "@sha256:" + strings.Repeat("0A", 32),
		"@sha256:" + strings.Repeat("0", 64), "@sha256:" + strings.Repeat("a", 66), "@1@2",
	} {
		_, err := ParseRef(codes[5] + tail)
		require.Error(t, err, tail)
	}
	require.Empty(t, Ref{}.String())
}

func TestContract(t *testing.T) {
	node, err := Parse(codes[3])
	require.NoError(t, err)
	profile := NDI2025Draft()
	at := time.Date(2025, 6, 1, 12, 0, 0, 0, beijing)
	c, err := profile.MintContract(node, at.UTC())
	require.NoError(t, err)
	s := c.String()
	require.Equal(t, "C491110000600037341L110120250601120000", s[:38])
	require.True(t, at.Equal(c.Time()))
	require.Equal(t, node.Subject(), c.Subject())
	require.Equal(t, node.Area(), c.Area())
	back, err := profile.ParseContract(s)
	require.NoError(t, err)
	require.Equal(t, c, back)

	for i := range s {
		_, err := profile.ParseContract(s[:i])
		require.Error(t, err)
		for x := range 256 {
			if byte(x) == s[i] {
				continue
			}
			_, err := profile.ParseContract(s[:i] + string([]byte{byte(x)}) + s[i+1:])
			require.Error(t, err)
		}
		// Swaps are found but for those at a distance of 36.
		for j := i + 1; j < len(s); j++ {
			if s[i] == s[j] || j == i+36 {
				continue
			}
			b := []byte(s)
			b[i], b[j] = b[j], b[i]
			_, err := profile.ParseContract(string(b))
			require.Error(t, err)
		}
	}
	_, err = profile.ParseContract(s + "0")
	require.Error(t, err)

	// A profile without check and type takes what others made.
	_, err = Profile{}.ParseContract("9" + s[1:46] + "7")
	require.NoError(t, err)
	_, err = Profile{}.MintContract(node, at)
	require.Error(t, err)
	product, err := Parse(codes[5])
	require.NoError(t, err)
	_, err = profile.MintContract(product, at)
	require.Error(t, err)
	require.True(t, ContractCode{}.Time().IsZero())
	require.Empty(t, ContractCode{}.String())
}

func TestAlias(t *testing.T) {
	for in, want := range map[string]Alias{
		"10.1000/182":         {SchemeDOI, "10.1000/182"},
		"doi:10.1000/ABC":     {SchemeDOI, "10.1000/abc"},
		"did:web:example.org": {SchemeDID, "did:web:example.org"},
		"did:key:z6Mk%3A1":    {SchemeDID, "did:key:z6Mk%3A1"},
		"hdl:88.101.1/abc":    {SchemeHandle, "88.101.1/abc"},
		"2.999.3":             {SchemeOID, "2.999.3"},
		"oid:1.2.156.3008.1.0.91110000600037341L": {SchemeOID, "1.2.156.3008.1.0.91110000600037341L"},
		"110000600037341/D0000017K":               {SchemeNDI06, "110000600037341/D0000017K"},
		"11000091110000600037341L/S123456AB":      {SchemeNDI06, "11000091110000600037341L/S123456AB"},
		"local:GZ-2018/0042（旧）":                   {SchemeLocal, "GZ-2018/0042（旧）"},
	} {
		a, err := ParseAlias(in)
		require.NoError(t, err, in)
		require.Equal(t, want, a)
		text, err := a.MarshalText()
		require.NoError(t, err)
		var back Alias
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, a, back)
	}
	for _, s := range []string{
		"", "abc", "doi:", "doi:11.1/a", "10./a", "10.1000/", "10..1/a", "10.1000/a b", "10.1000/../a", "hdl:88/", "hdl:/a", "hdl:88", "hdl:88/\"",
		"did:", "did:web", "did:web:", "did:WEB:a", "did:web:a:", "did:web:%2", "did:web:%zz", "did:web:a/b",
		"oid:1", "oid:3.1", "oid:1.40", "oid:1.2.", "oid:1..2", "oid:01.2", "oid:1.02", "oid:1.2." + strings.Repeat("1", 64),
		"oid:1.2" + strings.Repeat(".1", 60), "lei:0YPKKE5F0QW6RC51HE00", "lei:0ypkke5f0qw6rc51he09", "lei:0YPKKE5F0QW6RC51HE0", "lei:0YPKKE5F0QW6RC51HE099",
		"ndi06:110000600037341/X0000017K", "ndi06:110000600037341/D000001", "ndi06:11000060003734/D0000017K", "ndi06:11000O600037341/D0000017K",
		"ndi06:110000600037341/D00000A7K", "ndi06:110000600037341/D0000017k", "ndi06:110000600037341",
		"local:", "local:a/../b", "local:a\x00", "local:\xff", "local:" + strings.Repeat("a", 257), "xyz:1",
	} {
		_, err := ParseAlias(s)
		require.Error(t, err, s)
	}
}

// The check digits of an LEI find every error in one character that does not
// exchange a digit for a letter.
func TestLEIErrors(t *testing.T) {
	const lei = "549300GF102RMNYVKB19"
	require.Equal(t, -1, checkLEI(lei))
	for i := range lei {
		for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
			if byte(c) != lei[i] && isDigit(byte(c)) == isDigit(lei[i]) {
				require.GreaterOrEqual(t, checkLEI(lei[:i]+string(c)+lei[i+1:]), 0)
			}
		}
	}
}
