package identity

import (
	_ "embed"
	"strings"
	"sync"
)

// An Area is four digits: a region, by the first four of its code in GB/T 2260,
// or a sector, by 00 and the two digits of its division in GB/T 4754. Areas are
// compared with ==. The zero Area is none.
type Area struct {
	text [4]byte
}

// ParseArea reads four digits. Whether GB/T 2260 lists the region is not
// looked at, since divisions come and go while codes stay; see [Area.Name].
func ParseArea(s string) (Area, error) {
	for i := range min(len(s), 4) {
		if !isDigit(s[i]) {
			return Area{}, &ParseError{"area", "region or sector", i, "a digit"}
		}
	}
	if len(s) != 4 {
		return Area{}, &ParseError{"area", "length", min(len(s), 4), "four digits"}
	}
	var a Area
	copy(a.text[:], s)
	return a, nil
}

// regions has a line per province: two digits, its name, and for each of its
// prefectures two digits and a name. Divisions of GB/T 2260 as of 2023-06-30,
// as the Ministry of Civil Affairs publishes them; a division that is only the
// urban districts of a municipality bears the municipality's name in [Area.Name].
//
//go:embed regions.txt
var regions string

var regionNames = sync.OnceValue(func() map[Area]string {
	m := make(map[Area]string, 400)
	for line := range strings.Lines(regions) {
		fields := strings.Fields(line)
		code, province := fields[0], fields[1]
		m[Area{[4]byte{code[0], code[1], '0', '0'}}] = province
		for _, f := range fields[2:] {
			name := province + f[2:]
			if f[2:] == "市辖区" {
				name = province
			}
			m[Area{[4]byte{code[0], code[1], f[0], f[1]}}] = name
		}
	}
	return m
})

// Name returns the name of a region, such as 河北省石家庄市, for messages. It
// returns nothing for sectors and for regions that the edition of 2023 does not
// list.
func (a Area) Name() string { return regionNames()[a] }

// IsSector reports whether the area is a sector.
func (a Area) IsSector() bool { return a.text[0] == '0' && a.text[1] == '0' }

// IsZero reports whether the area is none.
func (a Area) IsZero() bool { return a == Area{} }

// String returns the four digits, and nothing for the zero Area.
func (a Area) String() string {
	if a.IsZero() {
		return ""
	}
	return string(a.text[:])
}

// MarshalText returns the four digits; the zero Area has none.
func (a Area) MarshalText() ([]byte, error) {
	if a.IsZero() {
		return nil, &ParseError{"area", "length", 0, "four digits"}
	}
	return a.text[:], nil
}

// UnmarshalText is [ParseArea].
func (a *Area) UnmarshalText(text []byte) error {
	parsed, err := ParseArea(string(text))
	if err == nil {
		*a = parsed
	}
	return err
}
