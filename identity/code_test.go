package identity

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// codes are made of a published credit code and the serial that a figure of
// NDI-TR-2025-04 shows, one of each kind.
var codes = []string{
	"191110000600037341L11011BH95JZYF",
	"291110000600037341L11011BH95JZYU",
	"391110000600037341L11011BH95JZY8",
	"491110000600037341L11011BH95JZYN",
	"591110000600037341L11011BH95JZY1",
	"691110000600037341L11011BH95JZYG",
	"791110000600037341L11011BH95JZYV",
	"691110000600037341L11011BH95JZYG•12345/A.b-c",
}

// lines reads a file of vectors that lies beside the project, where it does.
func lines(t *testing.T, name string) (out []string) {
	t.Helper()
	f, err := os.Open("../../shared/vectors/codes/" + name)
	if os.IsNotExist(err) {
		t.Skip("no vectors beside the project")
	}
	require.NoError(t, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := s.Text(); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	require.NotEmpty(t, out)
	return out
}

func TestVectorsMod37(t *testing.T) {
	for _, line := range lines(t, "mod37_2-vectors.txt") {
		body, check, _ := strings.Cut(line, "\t")
		require.Equal(t, check, string(checkMod37(body)), body)
		got, err := CheckCharacter(body)
		require.NoError(t, err)
		require.Equal(t, check, string(got), body)
		if len(body) == checkAt {
			_, err := Parse(body + check)
			require.NoError(t, err)
		}
	}
}

func TestCheckCharacter(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		body := make([]byte, 1+random.IntN(50))
		for i := range body {
			body[i] = checkCharacters[random.IntN(36)]
		}
		got, err := CheckCharacter(string(body))
		require.NoError(t, err)
		require.Equal(t, string(checkMod37(body)), string(got))
	}
	// However long: 36 doublings are the identity mod 37.
	want, err := CheckCharacter("1")
	require.NoError(t, err)
	got, err := CheckCharacter("1" + strings.Repeat("0", 36*1000))
	require.NoError(t, err)
	require.Equal(t, want, got)
	for _, bad := range []string{"", "a", "A*", "A B", "１"} {
		_, err := CheckCharacter(bad)
		require.ErrorAs(t, err, new(*ParseError), bad)
	}
}

func TestVectorsCreditCodes(t *testing.T) {
	for _, line := range lines(t, "uscc-valid.txt") {
		s, err := ParseSubject(line)
		require.NoError(t, err, line)
		require.Equal(t, Organisation, s.Kind())
		require.Equal(t, line, s.String())
	}
	for _, line := range lines(t, "uscc-invalid.txt") {
		code, _, _ := strings.Cut(line, "\t")
		_, err := ParseSubject(code)
		require.Error(t, err, line)
	}
}

func TestVectorsLEI(t *testing.T) {
	for _, line := range lines(t, "lei-valid.txt") {
		a, err := ParseAlias(line)
		require.NoError(t, err, line)
		require.Equal(t, Alias{SchemeLEI, line}, a)
	}
}

func TestParse(t *testing.T) {
	for _, s := range codes {
		c, err := Parse(s)
		require.NoError(t, err, s)
		require.Equal(t, s, c.String())
		require.Equal(t, Kind(s[0]), c.Kind())
		require.Equal(t, s[1:19], c.Subject().String())
		require.Equal(t, s[19:23], c.Area().String())
		require.Equal(t, s[23:31], c.Serial())
		require.Equal(t, []Code{c}, Repair(c.Display()))

		b, err := json.Marshal(map[Code]Code{c: c})
		require.NoError(t, err)
		var back map[Code]Code
		require.NoError(t, json.Unmarshal(b, &back))
		require.Equal(t, map[Code]Code{c: c}, back)
	}
	c, _ := Parse(codes[5])
	require.Equal(t, "6 91110000 600037341L 1101 1BH95JZY G", c.Display())
	require.Equal(t, "product", c.Kind().String())
	require.Equal(t, "北京市", c.Area().Name())
	require.Empty(t, Code{}.String())
	_, err := Code{}.MarshalText()
	require.Error(t, err)
}

func TestParseRefuses(t *testing.T) {
	good := codes[7]
	for i := range codeSize + len(separator) + 1 {
		if i == codeSize {
			continue // without its extension it is another code
		}
		_, err := Parse(good[:i])
		require.Error(t, err, "%d bytes", i)
	}
	for _, c := range []struct {
		in, field string
		pos       int
	}{
		{"", "length", 0},
		{"891110000600037341L11011BH95JZYG", "type", 0},
		{"691110000600037341I11011BH95JZYG", "subject", 18},
		{"691110000600037341N11011BH95JZYG", "subject", 18},
		{"691110000600037341L11o11BH95JZYG", "region or sector", 21},
		{"691110000600037341L11011bH95JZYG", "serial", 24},
		{"691110000600037341L11011BH95JZYH", "check character", 31},
		{codes[5] + ".x", "extension", 32},
		{codes[5] + "•", "extension", 35},
		{codes[5] + "•../../etc/passwd", "extension", 35},
		{codes[5] + "•a/../b", "extension", 38},
		{codes[5] + "•a//b", "extension", 37},
		{codes[5] + "•a b", "extension", 36},
		{codes[5] + "•a\x00", "extension", 36},
		{codes[5] + "•气", "extension", 35},
		{codes[5] + "•" + strings.Repeat("a", 33), "extension", 35},
		{codes[4] + "•a", "extension", 32},
	} {
		_, err := Parse(c.in)
		var e *ParseError
		require.ErrorAs(t, err, &e, c.in)
		require.Equal(t, c.field, e.Field, c.in)
		require.Equal(t, c.pos, e.Pos, c.in)
		if len(c.in) > 8 {
			require.NotContains(t, err.Error(), c.in[:8])
		}
	}
}

// Every error in one character, and every swap of two, is found in random codes.
func TestErrorsAreFound(t *testing.T) {
	subject, err := ParseSubject("91110000600037341L")
	require.NoError(t, err)
	person, err := NewPseudonym(make([]byte, 32))
	require.NoError(t, err)
	rounds := 50
	if testing.Short() {
		rounds = 10
	}
	area, err := ParseArea("3101")
	require.NoError(t, err)
	for n := range rounds {
		s := subject
		if n%2 == 1 {
			s = person
		}
		c, err := Mint(Kind('1'+n%7), s, area)
		require.NoError(t, err)
		b := []byte(c.String())
		bad := func() {
			if got, err := Parse(string(b)); err == nil {
				t.Fatalf("%s for %s", got, c)
			}
		}
		for i, was := range b {
			for x := range 256 {
				if b[i] = byte(x); b[i] != was {
					bad()
				}
			}
			b[i] = was
			for j := range i {
				if b[i] != b[j] {
					b[i], b[j] = b[j], b[i]
					bad()
					b[i], b[j] = b[j], b[i]
				}
			}
		}
	}
}

func TestMint(t *testing.T) {
	person, err := NewPseudonym([]byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	area, err := ParseArea("0064")
	require.NoError(t, err)
	require.True(t, area.IsSector())
	seen := make(map[Code]bool)
	for range 2000 {
		c, err := Mint(Product, person, area)
		require.NoError(t, err)
		require.False(t, seen[c])
		seen[c] = true
		got, err := Parse(c.String())
		require.NoError(t, err)
		require.Equal(t, c, got)
		require.NotEqual(t, byte('*'), c.body[checkAt])
		require.False(t, strings.ContainsAny(c.Serial(), "IOSVZ"))
	}
	// Too few coins, and coins that lead to an asterisk.
	_, ok := mint(Product, person, area, make([]byte, 7))
	require.False(t, ok)
	asterisks := 0
	for i := range byte(31) {
		if _, ok := mint(Product, person, area, []byte{i, 0, 0, 0, 0, 0, 0, 0}); !ok {
			asterisks++
		}
	}
	require.LessOrEqual(t, asterisks, 1)

	for _, f := range []func() (Code, error){
		func() (Code, error) { return Mint('8', person, area) },
		func() (Code, error) { return Mint(Product, Subject{}, area) },
		func() (Code, error) { return Mint(Product, person, Area{}) },
	} {
		_, err := f()
		require.Error(t, err)
	}
}

func TestExtension(t *testing.T) {
	c, err := Parse(codes[5])
	require.NoError(t, err)
	e, err := c.WithExtension("2018-0042")
	require.NoError(t, err)
	require.Equal(t, codes[5]+"•2018-0042", e.String())
	require.Equal(t, "2018-0042", e.Extension())
	back, err := e.WithExtension("")
	require.NoError(t, err)
	require.Equal(t, c, back)
	_, err = c.WithExtension("../x")
	require.Error(t, err)
}

func TestRepair(t *testing.T) {
	want, err := Parse(codes[5])
	require.NoError(t, err)
	for _, s := range []string{
		"６９１１１００００６０００３７３４１Ｌ１１０１１ＢＨ９５ＪＺＹＧ",
		"691110000600037341l11011bh95jzyg",
		" 6-91110000-600037341L-1101-1BH95JZY-G\r\n",
		"69111OOOO6OOO3734IL11011BH95JZYG",
	} {
		require.Equal(t, []Code{want}, Repair(s), s)
	}
	extended, err := Parse(codes[7])
	require.NoError(t, err)
	for _, dot := range []string{".", "·", "・", "‧", " • ", "。"} {
		require.Equal(t, []Code{extended}, Repair(codes[5]+dot+extended.Extension()), dot)
	}
	// One wrong character, or two swapped: what was meant is among the answers,
	// and each of them is a code.
	for i := range codes[5] {
		wrong := []byte(codes[5])
		wrong[i] = "JT"[i%2]
		require.Contains(t, Repair(string(wrong)), want, string(wrong))
		for j := range i {
			wrong := []byte(codes[5])
			wrong[i], wrong[j] = wrong[j], wrong[i]
			got := Repair(string(wrong))
			require.Contains(t, got, want, string(wrong))
			require.LessOrEqual(t, len(got), 100)
		}
	}
	// A swap of neighbours comes early.
	require.Equal(t, want, Repair("691110000600037341L11011BH59JZYG")[0])
	for _, s := range []string{"", "6", codes[5] + "0", strings.Repeat("6", 10000), strings.Repeat("*", 32), "\xff"} {
		require.Empty(t, Repair(s))
	}
}

func TestParseAllocates(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for _, s := range codes {
			if _, err := Parse(s); err != nil {
				t.Fatal(err)
			}
		}
	}))
}

func FuzzParse(f *testing.F) {
	for _, s := range codes {
		f.Add(s)
	}
	for _, s := range []string{
		"C491110000600037341L1101202506011200001BH95JZYR", codes[5] + "@3", "3101/气象局/观测/小时级",
		"did:web:example.org", "10.1000/182", "0YPKKE5F0QW6RC51HE09", "1.2.156.3008", "hdl:88.1/a", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		// What is accepted is the one spelling of its value.
		if c, err := Parse(s); err == nil {
			require.Equal(t, s, c.String())
			require.Equal(t, []Code{c}, Repair(s))
		}
		if r, err := ParseRef(s); err == nil {
			require.Equal(t, s, r.String())
		}
		if p, err := ParsePath(s); err == nil {
			require.Equal(t, s, p.String())
		}
		if c, err := NDI2025Draft().ParseContract(s); err == nil {
			require.Equal(t, s, c.String())
		}
		if a, err := ParseAlias(s); err == nil {
			again, err := ParseAlias(a.String())
			require.NoError(t, err)
			require.Equal(t, a, again)
		}
		for _, c := range Repair(s) {
			_, err := Parse(c.String())
			require.NoError(t, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(codes[5]); err != nil {
			b.Fatal(err)
		}
	}
}
