package joinkey

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shared returns the path of a file of the test data that lies beside the
// project, in a folder "shared" next to the repository or where
// DUJIANG_SHARED says, and skips the test if it is not there.
func shared(t *testing.T, name string) string {
	t.Helper()
	roots := []string{os.Getenv("DUJIANG_SHARED")}
	if dir, err := os.Getwd(); err == nil && roots[0] == "" {
		roots = roots[:0]
		for ; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
			roots = append(roots, filepath.Join(dir, "shared"))
		}
	}
	for _, root := range roots {
		path := filepath.Join(root, filepath.FromSlash(name))
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("%s is not here; set DUJIANG_SHARED to the folder of the test data to run this", name)
	return ""
}

func TestEmail(t *testing.T) {
	long := strings.Repeat("a", 64)
	label := strings.Repeat("b", 63)
	testKind(t, Email(), []kindCase{
		{in: "alice@example.org", want: "alice@example.org"},
		{in: " Alice@EXAMPLE.Org\r\n", want: "alice@example.org"},
		{in: "Ａlice＠Example．org", want: "alice@example.org"},
		{in: "alice@example。org", want: "alice@example.org"},
		{in: "alice@example｡org", want: "alice@example.org"},
		{in: "alice@example.org.", want: "alice@example.org"},
		{in: "alice+news@example.org", want: "alice+news@example.org"},
		{in: "a.b.@docomo.ne.jp", want: "a.b.@docomo.ne.jp"},
		{in: "o'neil@example.org", want: "o'neil@example.org"},
		{in: "张三@example.cn", want: "张三@example.cn"},
		{in: "a@xn--fsqu00a.cn", want: "a@xn--fsqu00a.cn"},
		{in: "a@1.2.cn", want: "a@1.2.cn"},
		{in: long + "@example.org", want: long + "@example.org"},
		{in: "a@" + label + ".org", want: "a@" + label + ".org"},
		{in: "", reason: reasonEmailAt},
		{in: "alice", reason: reasonEmailAt},
		{in: "@example.org", reason: reasonEmailAt},
		{in: "a@b@example.org", reason: reasonEmailAt},
		{in: "alice@", reason: reasonEmailDomain},
		{in: "alice@localhost", reason: reasonEmailDomain},
		{in: "alice@.org", reason: reasonEmailDomain},
		{in: "alice@a..org", reason: reasonEmailDomain},
		{in: "alice@a.org..", reason: reasonEmailDomain},
		{in: "alice@-a.org", reason: reasonEmailDomain},
		{in: "alice@a-.org", reason: reasonEmailDomain},
		{in: "alice@a.org-", reason: reasonEmailDomain},
		{in: "alice@a_b.org", reason: reasonEmailDomain},
		{in: "alice@[127.0.0.1]", reason: reasonEmailDomain},
		{in: "alice@exam ple.org", reason: reasonEmailDomain},
		{in: "alice@a.org;bob@b.org", reason: reasonEmailAt},
		{in: "alice;bob@b.org", reason: reasonEmailLocal},
		{in: "Alice <alice@example.org>", reason: reasonEmailLocal},
		{in: "<alice@example.org>", reason: reasonEmailLocal},
		{in: "mailto:alice@example.org", reason: reasonEmailLocal},
		{in: `"a b"@example.org`, reason: reasonEmailLocal},
		{in: "a b@example.org", reason: reasonEmailLocal},
		{in: "a\x01@example.org", reason: reasonEmailLocal},
		{in: "alice@例子.中国", reason: reasonEmailIDN},
		{in: "a" + long + "@example.org", reason: reasonEmailLong},
		{in: "a@b" + label + ".org", reason: reasonEmailDomain},
		{in: "a@" + strings.Repeat("b.", 126) + "org", reason: reasonEmailLong},
		{in: "a\xff@example.org", reason: reasonUTF8},
		{in: "a\x00@example.org", reason: reasonNUL},
	})
}

func TestDate(t *testing.T) {
	common := []kindCase{
		{in: "2006-01-02", want: "2006-01-02"},
		{in: "2006-1-2", want: "2006-01-02"},
		{in: "2006/1/2", want: "2006-01-02"},
		{in: "2006.01.2", want: "2006-01-02"},
		{in: "2006年1月2日", want: "2006-01-02"},
		{in: "２００６年０１月０２日", want: "2006-01-02"},
		{in: "　2006－01－02 ", want: "2006-01-02"},
		{in: "2006-01-02 00:00:00", want: "2006-01-02"},
		{in: "2006-01-02T00:00:00.000Z", want: "2006-01-02"},
		{in: "2006/1/2 0:00", want: "2006-01-02"},
		{in: "0001-01-01", want: "0001-01-01"},
		{in: "9999-12-31", want: "9999-12-31"},
		{in: "2024-02-29", want: "2024-02-29"},
		{in: "2000-02-29", want: "2000-02-29"},
		{in: "1900-02-29", reason: reasonDateDay},
		{in: "2023-02-29", reason: reasonDateDay},
		{in: "2023-02-30", reason: reasonDateDay},
		{in: "2023-04-31", reason: reasonDateDay},
		{in: "2023-13-01", reason: reasonDateDay},
		{in: "2023-00-01", reason: reasonDateDay},
		{in: "2023-01-00", reason: reasonDateDay},
		{in: "0000-01-01", reason: reasonDateDay},
		{in: "0000-00-00", reason: reasonDateDay},
		{in: "2006-01-02 12:30", reason: reasonDateTime},
		{in: "2006-01-02T00:00:00+08:00", reason: reasonDateTime},
		{in: "2006-01-02 :", reason: reasonDateTime},
		{in: "2006 01 02", reason: reasonDateTime},
	}
	for k, form := range map[Kind]Reason{Date(): reasonDateForm, DateDMY(): reasonDateDMY, DateMDY(): reasonDateMDY} {
		testKind(t, k, common)
		var bad []kindCase
		for _, in := range []string{"", "x", "2006", "2006-01", "2006-01-02-", "2006-01/02", "2006-1-002", "06-1-2", "1/2/06",
			"2006-01-02x", "200601", "2006010", "200601023", "2006年1月2", "2006年1-2日", "2006-1月2日", "年1月2日", "-1-2-2006", "+2006-1-2",
			"2006--1-2", "20060-1-2", "Jan.2.2006", "\xff", "2006-01-02\x00", "02年01月2006日", "٢٠٠٦-٠١-٠٢"} {
			bad = append(bad, kindCase{in: in, reason: form})
		}
		testKind(t, k, bad)
	}
	testKind(t, Date(), []kindCase{
		{in: "20060102", want: "2006-01-02"}, {in: "19851301", reason: reasonDateDay},
		{in: "02/01/2006", reason: reasonDateForm}, {in: "2.1.2006", reason: reasonDateForm}, {in: "31012006", reason: reasonDateDay},
	})
	testKind(t, DateDMY(), []kindCase{
		{in: "02/01/2006", want: "2006-01-02"}, {in: "2.1.2006", want: "2006-01-02"}, {in: "31-12-2006", want: "2006-12-31"},
		{in: "02012006", want: "2006-01-02"}, {in: "12/31/2006", reason: reasonDateDay}, {in: "20061231", reason: reasonDateDMY}, {in: "20061232", want: "1232-06-20"},
	})
	testKind(t, DateMDY(), []kindCase{
		{in: "01/02/2006", want: "2006-01-02"}, {in: "1-2-2006", want: "2006-01-02"}, {in: "12/31/2006", want: "2006-12-31"},
		{in: "01022006", want: "2006-01-02"}, {in: "31/12/2006", reason: reasonDateDay}, {in: "12011231", reason: reasonDateMDY},
	})
}

// TestDateCalendar compares every day of 800 years, and every impossible one,
// with package time.
func TestDateCalendar(t *testing.T) {
	s := newScratch()
	for y := 1600; y < 2400; y++ {
		for m := range 14 {
			for d := range 33 {
				_, err := time.Parse(time.DateOnly, fmt.Sprintf("%04d-%02d-%02d", y, m, d))
				got, gotErr := Date().append(s, nil, fmt.Appendf(nil, "%04d%02d%02d", y, m, d))
				if (err == nil) != (gotErr == nil) {
					t.Fatalf("%d-%d-%d: %v, package time says %v", y, m, d, gotErr, err)
				}
				if want := fmt.Sprintf("%04d-%02d-%02d", y, m, d); err == nil && string(got) != want {
					t.Fatalf("%s becomes %s", want, got)
				}
			}
		}
	}
}

func TestKindNames(t *testing.T) {
	for _, k := range builtinKinds() {
		if got, err := ParseKind(k.String()); err != nil || got != k {
			t.Errorf("ParseKind(%q) = %v, %v", k, got, err)
		}
		class, variant, found := strings.Cut(k.String(), "/")
		if !isClassName(class) || found && !isVariantName(variant) || class != k.Class() {
			t.Errorf("%q has the class %q", k, k.Class())
		}
	}
	if a, b := Date(), Date(); a != b || a == DateDMY() || a.Class() != DateMDY().Class() {
		t.Error("kinds do not compare as they should")
	}
	var zero Kind
	if _, err := zero.Append(nil, "x"); err == nil || zero.String() != "invalid" {
		t.Error("the zero Kind is of use")
	}
	_, err := ParseKind("mail")
	for _, want := range []string{`"mail"`, "text", "exact", "email", "date/DMY", "cn-id", "uscc"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
	if _, err := ParseKind(""); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("empty name: error %v", err)
	}
}

func TestKindFunc(t *testing.T) {
	digits := KindFunc("card", func(dst []byte, value string) ([]byte, error) {
		for _, c := range value {
			switch {
			case '0' <= c && c <= '9':
				dst = append(dst, byte(c))
			case c == 'r':
				return dst, fmt.Errorf("wrapped: %w", Reason("has an r"))
			case c == 'n':
				return nil, nil
			default:
				return dst, fmt.Errorf("bad value %q", value)
			}
		}
		return dst, nil
	})
	testKind(t, digits, []kindCase{
		{in: "1234", want: "1234"}, {in: "r", reason: "has an r"}, {in: "secret", reason: reasonUnnamed}, {in: "n", reason: reasonNoForm},
	})
	if _, err := digits.Append(nil, "secret"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	if got, err := ParseKind("card", digits); err != nil || got != digits {
		t.Errorf("ParseKind = %v, %v", got, err)
	}
	canon := func(dst []byte, _ string) ([]byte, error) { return dst, nil }
	for _, name := range []string{"", "Card", "card/", "/x", "a b", "a:b", "a,b", "card/a/b", "1card", "-card", strings.Repeat("a", 65), "text", "text/x", "date/YMD", "é"} {
		if _, err := KindFunc(name, canon).Append(nil, "x"); err == nil {
			t.Errorf("name %q is accepted", name)
		}
		if _, err := FromStrings(nil, KindFunc(name, canon), &Config{Bad: Skip}); err == nil {
			t.Errorf("name %q is accepted in a spec", name)
		}
	}
	if _, err := KindFunc("card", nil).Append(nil, "x"); err == nil {
		t.Error("a kind without a function is accepted")
	}
	var many []Kind
	for i := range 200 {
		many = append(many, KindFunc(fmt.Sprintf("phone/R%d", i), canon))
	}
	_, err := ParseKind("phon", append(many, digits)...)
	if err == nil || len(err.Error()) > 300 || !strings.Contains(err.Error(), "phone/R0 (and 199 more of phone/…), card") {
		t.Errorf("error %v", err)
	}
}

// TestReasonsHoldNoValue runs values through all kinds and looks for them in
// the errors.
func TestReasonsHoldNoValue(t *testing.T) {
	for _, k := range builtinKinds() {
		for _, v := range []string{"Zaphod!", "zaphod@", "42424242-", "\xffzaphod", "99999942", "424242424242424242"} {
			_, err := k.Append(nil, v)
			if err == nil {
				continue
			}
			var r Reason
			if !errors.As(err, &r) {
				t.Errorf("%s: the error is no Reason: %v", k, err)
			}
			if strings.Contains(err.Error(), v) || strings.Contains(strings.ToLower(err.Error()), "zaphod") || strings.Contains(err.Error(), "42") {
				t.Errorf("%s: the error holds the value: %v", k, err)
			}
		}
	}
}

// FuzzKinds checks for every kind that an accepted value is final, does not
// depend on what stands in dst, and that a refused one leaves dst alone.
func FuzzKinds(f *testing.F) {
	for i, v := range []string{"Alice", "\xff", "a@b.cn", "2006年1月2日", "2.1.2006", "1/2/2006", "11010519491231002x", "91340600ma2pbm9hxd"} {
		f.Add(uint8(i), []byte(v))
	}
	f.Fuzz(func(t *testing.T, i uint8, in []byte) {
		kinds := builtinKinds()
		k := kinds[int(i)%len(kinds)]
		s := newScratch()
		out, err := k.append(s, []byte("12"), in)
		if err != nil {
			if _, ok := err.(Reason); !ok || string(out) != "12" {
				t.Fatalf("%s(%q) = %q, error %v", k, in, out, err)
			}
			return
		}
		if string(out[:2]) != "12" {
			t.Fatalf("%s(%q) changes dst to %q", k, in, out)
		}
		again, err := k.append(s, nil, out[2:])
		if err != nil || string(again) != string(out[2:]) {
			t.Fatalf("%s(%q) = %q, then %q (error %v)", k, in, out[2:], again, err)
		}
	})
}
