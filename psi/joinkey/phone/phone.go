// Package phone is the kind of join key for telephone numbers.
//
// The canonical form is E.164, "+8613800138000". A column has a region, whose
// rules tell how its national numbers are written; numbers that start with a
// plus sign or with the region's prefix for calls abroad are taken whatever
// their country. The class of all regions is "phone", so parties with columns
// from different regions meet.
//
//	spec, err := joinkey.ParseSpec("mobile:phone/CN", phone.Kinds()...)
//
// A number is refused unless it is assigned in its country, by the tables of
// libphonenumber as in github.com/nyaruka/phonenumbers, and a national one
// unless it has the trunk prefix where the region writes one: "(415) 555-2671"
// is a number of San Francisco, but in a column of CN it could be one of
// Dandong without its 0, and libphonenumber takes it for that. Regions that
// share a country code, such as US and CA, take each other's national numbers.
// Letters and extensions are refused, as E.164 has no room for them; so are
// numbers without an area code and short ones such as 110.
//
// The package stands apart because the tables take some 7 MB of a program. What is assigned changes a few times a year: parties should have
// the same release, or else one of them may skip a new number that the other
// one accepts. The canonical form of a number that both accept is the same.
package phone

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"

	"github.com/dujiang-dev/dujiang/psi/joinkey"
)

const (
	reasonForm   joinkey.Reason = "not a telephone number: want digits with spaces, hyphens, dots, slashes or parentheses, and + only in front"
	reasonLength joinkey.Reason = "not a telephone number: too short or too long"
	reasonValid  joinkey.Reason = "not a telephone number that is assigned in its country"
	reasonTrunk  joinkey.Reason = "a telephone number without the prefix that is written in front of the area code"
)

// Kind returns the kind for a column of numbers written as in the region, an
// ISO 3166-1 code of two capitals such as "CN". Its name is "phone/CN".
func Kind(region string) (joinkey.Kind, error) {
	if !phonenumbers.GetSupportedRegions()[region] {
		return joinkey.Kind{}, fmt.Errorf("phone: there is no region %q; want two capitals, as in CN", region)
	}
	return kind(region), nil
}

// Kinds returns the kinds of all regions in alphabetical order, for
// [joinkey.ParseKind] and [joinkey.ParseSpec].
func Kinds() []joinkey.Kind {
	var regions []string
	for r, ok := range phonenumbers.GetSupportedRegions() {
		if ok {
			regions = append(regions, r)
		}
	}
	slices.Sort(regions)
	kinds := make([]joinkey.Kind, len(regions))
	for i, r := range regions {
		kinds[i] = kind(r)
	}
	return kinds
}

func kind(region string) joinkey.Kind {
	return joinkey.KindFunc("phone/"+region, func(dst []byte, value string) ([]byte, error) {
		return appendE164(dst, value, region)
	})
}

func appendE164(dst []byte, value, region string) ([]byte, error) {
	value, err := clean(value)
	if err != nil {
		return dst, err
	}
	number, err := phonenumbers.ParseAndKeepRawInput(value, region)
	if err != nil {
		return dst, reasonValid
	}
	// A number of nothing but zeros passes for a valid one of +800, and Format
	// would return it as it was written.
	if number.GetNationalNumber() == 0 || !phonenumbers.IsValidNumber(number) {
		return dst, reasonValid
	}
	if number.GetCountryCodeSource() == phonenumbers.PhoneNumber_FROM_DEFAULT_COUNTRY {
		// IsNationalPrefixPresentIfRequired is not enough here: it lets the
		// prefix be missing where a dialler would cope.
		bare := phonenumbers.GetNationalSignificantNumber(number)
		if onlyDigits(value) == bare && onlyDigits(phonenumbers.Format(number, phonenumbers.NATIONAL)) != bare {
			return dst, reasonTrunk
		}
	}
	return append(dst, phonenumbers.Format(number, phonenumbers.E164)...), nil
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// clean makes digits and punctuation ASCII, and refuses everything that the
// parser would read leniently: letters, extensions, a second number.
func clean(value string) (string, error) {
	if len(value) > 250 || !utf8.ValidString(value) {
		return "", reasonForm
	}
	digits := 0
	var b strings.Builder
	for _, r := range norm.NFKC.String(strings.TrimSpace(value)) {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case r == '+' && digits == 0 && !strings.Contains(b.String(), "+"):
		case r == '-' || 0x2010 <= r && r <= 0x2015 || r == 0x2212: // hyphens, dashes and the minus sign
			r = '-'
		case r == ' ' || r == '.' || r == '/' || r == '(' || r == ')':
		default:
			return "", reasonForm
		}
		b.WriteRune(r)
	}
	// [ITU-T E.164, section 6.2.1] has at most 15 digits; prefixes add some.
	if digits < 3 || digits > 20 {
		return "", reasonLength
	}
	return b.String(), nil
}
