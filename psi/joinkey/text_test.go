package joinkey

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// kindCase is one value and its canonical form, or the reason why it has none.
type kindCase struct {
	in, want string
	reason   Reason
}

func testKind(t *testing.T, k Kind, table []kindCase) {
	t.Helper()
	s := newScratch()
	for _, c := range table {
		got, err := k.append(s, []byte("kept"), []byte(c.in))
		if c.reason != "" {
			if err != c.reason {
				t.Errorf("%s(%q) = %q, error %v, want error %q", k, c.in, got, err, c.reason)
			}
			if string(got) != "kept" {
				t.Errorf("%s(%q): dst is %q after an error", k, c.in, got)
			}
			continue
		}
		if err != nil || string(got) != "kept"+c.want {
			t.Errorf("%s(%q) = %q, error %v, want %q", k, c.in, got, err, c.want)
			continue
		}
		if again, err := k.append(s, nil, got[4:]); err != nil || string(again) != c.want {
			t.Errorf("%s: %q becomes %q (error %v) the second time", k, c.want, again, err)
		}
	}
}

func TestText(t *testing.T) {
	testKind(t, Text(), []kindCase{
		{in: "", want: ""},
		{in: "Alice", want: "alice"},
		{in: "  Alice \t\r\n B.  ", want: "alice b."},
		{in: "Ａｌｉｃｅ　Ｂ", want: "alice b"},
		{in: "张三", want: "张三"},
		{in: " 张  三 ", want: "张 三"},
		{in: "ＡＢＣ株式会社", want: "abc株式会社"},
		{in: "㈱", want: "(株)"},
		{in: "Straße", want: "strasse"},
		{in: "STRASSE", want: "strasse"},
		{in: "Σίσυφος", want: "σίσυφοσ"},
		{in: "ΣΊΣΥΦΟΣ", want: "σίσυφοσ"},
		{in: "İstanbul", want: "i̇stanbul"},
		{in: "e\u0301", want: "\u00e9"},
		{in: "É", want: "\u00e9"},
		{in: "ﬁne", want: "fine"},
		{in: "x²", want: "x2"},
		{in: "Ⅷ", want: "viii"},
		{in: "\u212bngstr\u00f6m", want: "\u00e5ngstr\u00f6m"}, // Angstrom sign
		{in: "！～＠｀＿　Ｚ", want: "!~@`_ z"},
		{in: "\uff00\uff5f", want: "\uff00⦅"},
		{in: "a\u00a0b\u2003c\u3000d\u2028e\u0085f", want: "a b c d e f"},
		{in: "soft\u00adhyphen zero\u200bwidth \ufeffbom", want: "softhyphen zerowidth bom"},
		{in: "\u200b", want: ""},
		{in: "\u3164", want: ""}, // HANGUL FILLER, which looks like nothing
		{in: "가", want: "가"},
		{in: "\u1100\u1161", want: "가"},
		{in: "\u1100\u200b\u1161", want: "가"}, // composes once the joiner is gone
		{in: "ｶﾞ", want: "ガ"},
		{in: "\uf900", want: "豈"},                              // compatibility ideograph
		{in: "\ue000", want: "\ue000"},                         // private use, as GBK exports have for rare characters
		{in: "\u4dff\u4e00\u9fff", want: "\u4dff\u4e00\u9fff"}, // the borders of the fast path
		{in: "\U00020000", want: "\U00020000"},
		{in: "\U00010400", want: "\U00010428"}, // Deseret has case
		{in: "\x01", want: "\x01"},
		{in: "\xff", reason: reasonUTF8},
		{in: "ab\xe4\xb8", reason: reasonUTF8},
		{in: "\xe4\xb7\xbf\xc0", reason: reasonUTF8},
		{in: "\xed\xa0\x80", reason: reasonUTF8}, // a surrogate
		{in: "a\x00b", reason: reasonNUL},
		{in: "a\ufffdb", reason: reasonLost},
		{in: "a" + strings.Repeat("\u0301", 40), reason: reasonNoForm},
	})
}

func TestExact(t *testing.T) {
	testKind(t, Exact(), []kindCase{
		{in: "", want: ""}, {in: " A ", want: " A "}, {in: "\xff\x00", want: "\xff\x00"}, {in: "Ａ", want: "Ａ"},
	})
}

// TestIsIgnorable compares the list with the derivation of the property in
// UCD 15.0, DerivedCoreProperties.txt, for every code point.
func TestIsIgnorable(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		want := unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Cf, unicode.Variation_Selector) &&
			!unicode.In(r, unicode.White_Space, unicode.Prepended_Concatenation_Mark) &&
			!(0xfff9 <= r && r <= 0xfffb) && !(0x13430 <= r && r <= 0x13440)
		if got := isIgnorable(r); got != want {
			t.Errorf("%U: %v, want %v", r, got, want)
		}
	}
}

// TestTextEveryRune checks for every character alone that its form is final,
// that it is the same from each normalisation form, and that the fast path
// agrees.
func TestTextEveryRune(t *testing.T) {
	s := newScratch()
	var buf, again, other []byte
	for r := rune(1); r <= unicode.MaxRune; r++ {
		switch {
		case !utf8.ValidRune(r) || r == utf8.RuneError:
			continue
		case r == 0x34000:
			r = 0xe0000 // Nothing is assigned between.
		case r == 0xe1000:
			r = 0xffff0 // Private use, all alike.
		}
		in := []byte(string(r))
		var err error
		if buf, err = appendFolded(s, buf[:0], in); err != nil {
			t.Fatalf("%U: %v", r, err)
		}
		if again, err = canonText(s, again[:0], buf); err != nil || !bytes.Equal(again, buf) {
			t.Fatalf("%U becomes %q, then %q (error %v)", r, buf, again, err)
		}
		if fast, ok := appendPlain(again[:0], in); ok && !bytes.Equal(fast, buf) {
			t.Fatalf("%U: fast %q, folded %q", r, fast, buf)
		}
		for _, f := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
			if other, err = canonText(s, other[:0], f.Bytes(in)); err != nil || !bytes.Equal(other, buf) {
				t.Fatalf("%U: %q from form %d, else %q (error %v)", r, other, f, buf, err)
			}
		}
	}
}

// TestTextCaseless checks that upper, lower and title case of words in all
// cased scripts meet.
func TestTextCaseless(t *testing.T) {
	for _, w := range []string{"Österreich", "straße", "Ǆungla", "ΜΆΪΟΣ", "ЁЛКА", "ᾳ", "ŉ", "Ա", "ა", "Ꭰ"} {
		want, err := Text().Append(nil, w)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []string{strings.ToUpper(w), strings.ToLower(w), strings.ToTitle(w), cases.Fold().String(w)} {
			if got, err := Text().Append(nil, v); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%q becomes %q (error %v), %q becomes %q", v, got, err, w, want)
			}
		}
	}
}

// TestTextSimpleFolding checks that characters which differ in simple case
// folding only, by the tables of the standard library, have one form.
func TestTextSimpleFolding(t *testing.T) {
	s := newScratch()
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if f := unicode.SimpleFold(r); f != r && utf8.ValidRune(r) {
			a, err1 := appendFolded(s, nil, []byte(string(r)))
			b, err2 := appendFolded(s, nil, []byte(string(f)))
			if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
				t.Errorf("%U becomes %+q (error %v), %U becomes %+q (error %v)", r, a, err1, f, b, err2)
			}
		}
	}
}

// TestTextRandom runs the fuzz property on strings made of trouble.
func TestTextRandom(t *testing.T) {
	alphabet := []rune("aA ßİıſΣςσ\u0345\u0301\u0308\u0323\u1161\u11a8가\u1100ｶﾞ゙\u200b\u034f\u00ad\ufe0f\u3000\u00a0 張张ﬁ²ǅᾳᾼΐ\u0390\U0001d173豈\ufa10\u0f71\u0f72\u0f80\u1e9e㍿㈱¨\u00b4")
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var b []rune
		for range rng.IntN(12) {
			b = append(b, alphabet[rng.IntN(len(alphabet))])
		}
		checkTextProperty(t, []byte(string(b)))
	}
}

// checkTextProperty: what is accepted is final, valid UTF-8, and equal for
// canonically equivalent input and for either path.
func checkTextProperty(t *testing.T, in []byte) {
	t.Helper()
	s := newScratch()
	out, err := canonText(s, nil, in)
	slow, slowErr := appendFolded(s, nil, in)
	if (err == nil) != (slowErr == nil) || err == nil && !bytes.Equal(out, slow) {
		t.Fatalf("%q: fast %q (error %v), folded %q (error %v)", in, out, err, slow, slowErr)
	}
	if err != nil {
		return
	}
	if !utf8.Valid(out) || len(bytes.TrimSpace(out)) != len(out) {
		t.Fatalf("%q becomes %q", in, out)
	}
	for _, f := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC} {
		if !f.IsNormal(in) && bytes.Contains(f.Bytes(in), []byte(streamMark)) {
			continue // A run of marks so long that x/text breaks it.
		}
		again, err := canonText(s, nil, f.Bytes(in))
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%q becomes %q, and %q (error %v) from form %d", in, out, again, err, f)
		}
	}
	again, err := canonText(s, nil, out)
	if err != nil || !bytes.Equal(again, out) {
		t.Fatalf("%q becomes %q, then %q (error %v)", in, out, again, err)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Alice  B", "张 三", "ΐ\u0345", "\u1100\u200b\u1161", "ﬁ\u00ad", "a\u0323\u0307", "\xff", "¨", "A\u3000"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) { checkTextProperty(t, in) })
}

func TestTextAllocs(t *testing.T) {
	s := newScratch()
	dst := make([]byte, 0, 256)
	for _, v := range []string{"Michaela  Neumann", "王小明", "Ａｌｉｃｅ", "Straße Nr. 5", "ｶﾞ"} {
		in := []byte(v)
		most := 0.0
		if _, ok := appendPlain(dst, in); !ok && !norm.NFKC.IsNormal(in) {
			most = 1 // x/text makes a buffer for reordering.
		}
		if n := testing.AllocsPerRun(100, func() {
			if _, err := canonText(s, dst, in); err != nil {
				t.Fatal(err)
			}
		}); n > most {
			t.Errorf("%q: %v allocations, want at most %v", v, n, most)
		}
	}
}
