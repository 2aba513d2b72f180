package phone

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

func TestPhone(t *testing.T) {
	for _, c := range []struct {
		region, in, want string
		reason           joinkey.Reason
	}{
		{"CN", "13800138000", "+8613800138000", ""},
		{"CN", " 138 0013 8000 ", "+8613800138000", ""},
		{"CN", "138-0013-8000", "+8613800138000", ""},
		{"CN", "138‐0013—8000", "+8613800138000", ""},
		{"CN", "１３８００１３８０００", "+8613800138000", ""},
		{"CN", "+86 138 0013 8000", "+8613800138000", ""},
		{"CN", "＋86 138 0013 8000", "+8613800138000", ""},
		{"CN", "(+86)13800138000", "+8613800138000", ""},
		{"CN", "0086 138 0013 8000", "+8613800138000", ""},
		{"CN", "8613800138000", "+8613800138000", ""},
		{"CN", "(010) 6552 9988", "+861065529988", ""},
		{"CN", "+86 (010) 6552 9988", "+861065529988", ""},
		{"CN", "0415 555 2671", "+864155552671", ""},
		{"CN", "+1 415 555 2671", "+14155552671", ""},
		{"CN", "001 415 555 2671", "+14155552671", ""}, // 00 is the prefix for calls abroad
		{"CN", "(415) 555-2671", "", reasonTrunk},
		{"CN", "10 6552 9988", "", reasonTrunk},
		{"CN", "65529988", "", reasonValid},
		{"CN", "110", "", reasonValid},
		{"CN", "12800138000", "", reasonValid},
		{"CN", "1380013800", "", reasonValid},
		{"CN", "138001380000", "", reasonValid},
		{"CN", "+86 12345", "", reasonValid},
		{"US", "(415) 555-2671", "+14155552671", ""},
		{"US", "1-415-555-2671", "+14155552671", ""},
		{"US", "415.555.2671", "+14155552671", ""},
		{"US", "555-2671", "", reasonValid},
		{"US", "13800138000", "", reasonValid},
		{"US", "604 555 2671", "+16045552671", ""}, // Vancouver shares the country code
		{"US", "14155552671", "+14155552671", ""},
		{"FR", "1 42 68 53 00", "", reasonTrunk},
		{"FR", "01 42 68 53 00", "+33142685300", ""},
		{"RU", "912 345-67-89", "", reasonTrunk},
		{"RU", "8 (912) 345-67-89", "+79123456789", ""},
		{"RU", "7 912 345 67 89", "+79123456789", ""},
		{"GB", "7911 123456", "", reasonTrunk}, // a spreadsheet has eaten the zero
		{"US", "+1 604 555 2671", "+16045552671", ""},
		{"GB", "020 7946 0000", "+442079460000", ""},
		{"GB", "+44 (0)20 7946 0000", "+442079460000", ""},
		{"DE", "030 123456", "+4930123456", ""},
		{"DE", "030/123456", "+4930123456", ""},
		{"IT", "06 698 82000", "+390669882000", ""},
		{"CN", "00 800 0000 0000", "", reasonValid}, // zeros only
		{"CN", "+800 0000 0000", "", reasonValid},
		{"CN", "", "", reasonLength},
		{"CN", "+", "", reasonLength},
		{"CN", "12", "", reasonLength},
		{"CN", strings.Repeat("1", 21), "", reasonLength},
		{"CN", strings.Repeat("1", 300), "", reasonForm},
		{"CN", "13800138000 ext. 5", "", reasonForm},
		{"CN", "13800138000x5", "", reasonForm},
		{"CN", "13800138000;ext=5", "", reasonForm},
		{"CN", "13800138000#5", "", reasonForm},
		{"CN", "13800138000, 13800138001", "", reasonForm},
		{"CN", "13800138000/13800138001", "", reasonLength},
		{"CN", "138+00138000", "", reasonForm},
		{"CN", "++8613800138000", "", reasonForm},
		{"CN", "tel:13800138000", "", reasonForm},
		{"US", "1-800-FLOWERS", "", reasonForm},
		{"CN", "1380013800\xff", "", reasonForm},
		{"CN", "1380013800\x00", "", reasonForm},
		{"CN", "١٣٨٠٠١٣٨٠٠٠", "", reasonForm},
	} {
		k, err := Kind(c.region)
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Append(nil, c.in)
		var r joinkey.Reason
		errors.As(err, &r)
		if string(got) != c.want || r != c.reason || (err == nil) != (c.reason == "") {
			t.Errorf("%s %q: %q, error %v; want %q, %q", c.region, c.in, got, err, c.want, c.reason)
		}
		if c.want != "" {
			if again, err := k.Append(nil, c.want); err != nil || string(again) != c.want {
				t.Errorf("%s: %q becomes %q, error %v", c.region, c.want, again, err)
			}
		}
	}
}

func TestRegions(t *testing.T) {
	kinds := Kinds()
	if len(kinds) < 200 {
		t.Errorf("%d regions", len(kinds))
	}
	for i, k := range kinds {
		if k.Class() != "phone" || i > 0 && k.String() <= kinds[i-1].String() {
			t.Errorf("%s of class %s", k, k.Class())
		}
		// What a region gives as an example is a number in it, as written there
		// and as written for the world.
		region := strings.TrimPrefix(k.String(), "phone/")
		n := phonenumbers.GetExampleNumber(region)
		want := phonenumbers.Format(n, phonenumbers.E164)
		for _, f := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.NATIONAL, phonenumbers.INTERNATIONAL} {
			in := phonenumbers.Format(n, f)
			if got, err := k.Append(nil, in); err != nil || string(got) != want {
				t.Errorf("%s: %q becomes %q, error %v; want %s", k, in, got, err, want)
			}
		}
	}
	for _, r := range []string{"", "cn", "XX", "001", "China", "86"} {
		if _, err := Kind(r); err == nil {
			t.Errorf("the region %q is accepted", r)
		}
	}
}

func TestSpec(t *testing.T) {
	spec, err := joinkey.ParseSpec("mobile:phone/CN,name:text", Kinds()...)
	if err != nil || spec.String() != "mobile:phone/CN,name:text" || spec.Kinds() != "phone,text" {
		t.Errorf("%s of %s, error %v", spec, spec.Kinds(), err)
	}
	_, err = joinkey.ParseSpec("mobile:phone/XX", Kinds()...)
	if err == nil || len(err.Error()) > 300 || !strings.Contains(err.Error(), "phone/") {
		t.Errorf("error %v", err)
	}
}

// FuzzPhone checks that an accepted number is final, in the region and in any
// other one.
func FuzzPhone(f *testing.F) {
	for _, s := range []string{"13800138000", "+86 (010) 6552 9988", "(415) 555-2671", "0086 138 0013 8000", "+44 (0)20 7946 0000", "１３８", "+", "()"} {
		f.Add(s, "CN")
		f.Add(s, "US")
	}
	de, err := Kind("DE")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s, region string) {
		k, err := Kind(region)
		if err != nil {
			return
		}
		out, err := k.Append(nil, s)
		if err != nil {
			return
		}
		if out[0] != '+' || len(out) < 5 || len(out) > 20 {
			t.Fatalf("%q becomes %q", s, out)
		}
		for _, k := range []joinkey.Kind{k, de} {
			if again, err := k.Append(nil, string(out)); err != nil || string(again) != string(out) {
				t.Fatalf("%q becomes %q, then %q (error %v)", s, out, again, err)
			}
		}
	})
}

func ExampleKinds() {
	ours, _ := joinkey.ParseSpec("mobile:phone/CN", Kinds()...)
	theirs, _ := joinkey.ParseSpec("#1:phone/US", Kinds()...)
	fmt.Println(ours.Kinds() == theirs.Kinds())
	a, _ := ours[0].Kind.Append(nil, "138 0013 8000")
	b, _ := theirs[0].Kind.Append(nil, "+86 138-0013-8000")
	fmt.Printf("%s %s\n", a, b)
	// Output:
	// true
	// +8613800138000 +8613800138000
}

func BenchmarkPhone(b *testing.B) {
	k, err := Kind("CN")
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Append(dst, "138 0013 8000"); err != nil {
			b.Fatal(err)
		}
	}
}
