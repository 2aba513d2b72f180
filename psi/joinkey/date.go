package joinkey

import (
	"bytes"
)

// dateOrder says which part of a date stands first.
type dateOrder int

const (
	yearFirst dateOrder = iota
	dayFirst
	monthFirst
)

const (
	reasonDateForm Reason = "not a date with a year of four digits in front, such as 2006-01-02, 2006/1/2, 20060102 or 2006年1月2日"
	reasonDateDMY  Reason = "not a date with the day in front, such as 02/01/2006, 2.1.2006 or 02012006"
	reasonDateMDY  Reason = "not a date with the month in front, such as 01/02/2006, 1-2-2006 or 01022006"
	reasonDateDay  Reason = "no such day in the calendar"
	reasonDateTime Reason = "a date with a time of day; only midnight is dropped"
)

func canonDate(order dateOrder) func(s *scratch, dst, value []byte) ([]byte, error) {
	form := [...]Reason{yearFirst: reasonDateForm, dayFirst: reasonDateDMY, monthFirst: reasonDateMDY}[order]
	return func(s *scratch, dst, value []byte) ([]byte, error) {
		v := s.narrow(value)
		if i := bytes.IndexAny(v, " T"); i >= 0 {
			if !isMidnight(v[i+1:]) {
				return dst, reasonDateTime
			}
			v = v[:i]
		}
		y, m, d, ok := parseDate(v, order)
		if !ok {
			return dst, form
		}
		if !validDate(y, m, d) {
			return dst, reasonDateDay
		}
		return append(dst,
			byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
			byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10)), nil
	}
}

// isMidnight reports whether b is a time of day without anything but zeros,
// which is what databases and spreadsheets append to a date.
func isMidnight(b []byte) bool {
	b = bytes.TrimSuffix(b, []byte("Z"))
	zero := false
	for _, c := range b {
		if c != '0' && c != ':' && c != '.' {
			return false
		}
		zero = zero || c == '0'
	}
	return zero
}

// parseDate splits a date. It checks the form, not the calendar.
func parseDate(v []byte, order dateOrder) (y, m, d int, ok bool) {
	a, na, rest := leadingNumber(v)
	if na == 8 && len(rest) == 0 {
		// If the last four digits are not above 1231, they may be month and
		// day, and the year may stand in front after all.
		y, first, second := a%10000, a/1000000, a/10000%100
		switch order {
		case dayFirst:
			return y, second, first, y > 1231
		case monthFirst:
			return y, first, second, y > 1231
		default:
			return a / 10000, a / 100 % 100, a % 100, true
		}
	}
	sep, rest := separator(rest)
	b, nb, rest := leadingNumber(rest)
	sep2, rest := separator(rest)
	c, nc, rest := leadingNumber(rest)
	if nb < 1 || nb > 2 {
		return 0, 0, 0, false
	}
	if sep == "年" {
		end, tail := separator(rest)
		ok = sep2 == "月" && end == "日" && len(tail) == 0 && na == 4
		return a, b, c, ok && 1 <= nc && nc <= 2
	}
	if sep != "-" && sep != "/" && sep != "." || sep != sep2 || len(rest) != 0 {
		return 0, 0, 0, false
	}
	switch {
	case na == 4 && 1 <= nc && nc <= 2:
		// A year in front is never ambiguous.
		return a, b, c, true
	case order == yearFirst || na < 1 || na > 2 || nc != 4:
		return 0, 0, 0, false
	case order == dayFirst:
		return c, b, a, true
	default:
		return c, a, b, true
	}
}

// leadingNumber reads up to eight digits and says how many there were.
func leadingNumber(v []byte) (value, digits int, rest []byte) {
	for digits < len(v) && digits < 8 && '0' <= v[digits] && v[digits] <= '9' {
		value = 10*value + int(v[digits]-'0')
		digits++
	}
	return value, digits, v[digits:]
}

// separator reads one separator, or nothing.
func separator(v []byte) (sep string, rest []byte) {
	for _, s := range [...]string{"-", "/", ".", "年", "月", "日"} {
		if len(v) >= len(s) && string(v[:len(s)]) == s {
			return s, v[len(s):]
		}
	}
	return "", v
}

// validDate reports whether the proleptic Gregorian calendar has the day. There
// is no year zero.
func validDate(y, m, d int) bool {
	if y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 {
		return false
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[m-1]
	if m == 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		days = 29
	}
	return d <= days
}
