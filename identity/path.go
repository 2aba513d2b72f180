package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Path is the name of a product or resource that people read and
// reorganisations change: an area, then up to seven names such as department,
// resource and version, between slashes, for example
//
//	3101/气象局/观测/小时级
//
// Paths are compared with ==. The zero Path is none.
type Path struct {
	s string
}

const (
	maxPath     = 512 // bytes
	maxName     = 64  // characters
	maxSegments = 8
)

// ParsePath reads a path. A name has 1 to 64 characters: letters, digits and
// marks of any script, and - _ . · ( ) （ ） between or behind them.
func ParsePath(s string) (Path, error) {
	if len(s) > maxPath {
		return Path{}, &ParseError{"path", "length", maxPath, "at most 512 bytes"}
	}
	area, rest, found := strings.Cut(s, "/")
	if _, err := ParseArea(area); err != nil || !found {
		return Path{}, &ParseError{"path", "region or sector", 0, "four digits and a slash"}
	}
	pos, n := len(area)+1, 1
	for name := range strings.SplitSeq(rest, "/") {
		if n++; n > maxSegments {
			return Path{}, &ParseError{"path", "names", pos, "at most seven names"}
		}
		if name == "" || utf8.RuneCountInString(name) > maxName {
			return Path{}, &ParseError{"path", "name", pos, "1 to 64 characters"}
		}
		for i, r := range name {
			if !isNameRune(r) || i == 0 && !isWordRune(r) {
				return Path{}, &ParseError{"path", "name", pos + i, "a letter or digit, or behind the first one of -_.·()（）"}
			}
		}
		pos += len(name) + 1
	}
	return Path{s}, nil
}

// isWordRune reports whether r is a letter or digit, among them 〇, which Unicode
// takes for neither but for a number like Ⅳ.
func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Nl, r)
}

// isNameRune reports whether names have the character. U+FFFD, which stands for
// bytes that are no UTF-8, is neither letter, digit nor mark.
func isNameRune(r rune) bool {
	return isWordRune(r) || unicode.IsMark(r) || strings.ContainsRune("-_.·()（）", r)
}

// Area returns the path's first part.
func (p Path) Area() Area {
	if p.s == "" {
		return Area{}
	}
	return Area{[4]byte([]byte(p.s[:4]))}
}

// Names returns the parts behind the area.
func (p Path) Names() []string {
	if p.s == "" {
		return nil
	}
	return strings.Split(p.s[len("3101/"):], "/")
}

// Contains reports whether q is p or lies below it.
func (p Path) Contains(q Path) bool {
	return p.s != "" && strings.HasPrefix(q.s, p.s) && (len(q.s) == len(p.s) || q.s[len(p.s)] == '/')
}

// IsZero reports whether the path is none.
func (p Path) IsZero() bool { return p.s == "" }

// String returns what [ParsePath] reads.
func (p Path) String() string { return p.s }

// MarshalText returns what [ParsePath] reads; the zero Path has none.
func (p Path) MarshalText() ([]byte, error) {
	if p.s == "" {
		return nil, &ParseError{"path", "region or sector", 0, "a path: this one is empty"}
	}
	return []byte(p.s), nil
}

// UnmarshalText is [ParsePath].
func (p *Path) UnmarshalText(text []byte) error {
	parsed, err := ParsePath(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}
