package identity

import (
	"crypto/rand"
	"strings"

	"github.com/dujiang-dev/dujiang/internal/creditcode"
)

// A Kind says what a code names. It is the code's first character.
type Kind byte

const (
	GlobalNode  Kind = '1' // the national function node
	RegionNode  Kind = '2' // a function node of a region
	SectorNode  Kind = '3' // a function node of a sector
	ServiceNode Kind = '4' // a service node
	Connector   Kind = '5' // an access connector
	Product     Kind = '6' // a data product
	Resource    Kind = '7' // a data resource
)

func (k Kind) valid() bool { return GlobalNode <= k && k <= Resource }

// String returns words for messages.
func (k Kind) String() string {
	if !k.valid() {
		return "unknown kind"
	}
	return [...]string{"global node", "region node", "sector node", "service node", "connector", "product", "resource"}[k-'1']
}

// codeSize is the number of characters of a code without extension:
//
//	type (1) || subject (18) || region or sector (4) || serial (8) || check (1)
const codeSize = 32

const (
	subjectAt = 1
	areaAt    = 19
	serialAt  = 23
	checkAt   = 31
)

// MaxExtension is the most characters of an extension.
const MaxExtension = 32

// separator stands before an extension: U+2022 [NDI-TR-2025-04].
const separator = "•"

// A Code is the identifier of a node, connector, data product or data resource.
// It never changes and says nothing that could: names, departments and versions
// are a [Path]. Codes are compared with == and serve as keys of maps. The zero
// Code names nothing.
type Code struct {
	body [codeSize]byte // checked
	ext  string         // checked; empty if there is none
}

// Parse reads a code in its one canonical form, as [Code.String] writes it.
// [Repair] reads what people type. Errors are of type [*ParseError].
func Parse(s string) (Code, error) {
	if len(s) < codeSize {
		return Code{}, &ParseError{"code", "length", len(s), "32 characters, or those, a bullet (U+2022) and an extension"}
	}
	var c Code
	copy(c.body[:], s)
	if !Kind(c.body[0]).valid() {
		return Code{}, &ParseError{"code", "type", 0, "a digit from 1 to 7"}
	}
	if pos, want := checkSubject(s[subjectAt:areaAt]); want != "" {
		return Code{}, &ParseError{"code", "subject", subjectAt + pos, want}
	}
	for i := areaAt; i < serialAt; i++ {
		if !isDigit(s[i]) {
			return Code{}, &ParseError{"code", "region or sector", i, "a digit"}
		}
	}
	for i := serialAt; i < checkAt; i++ {
		if !isAlphanumeric(s[i]) {
			return Code{}, &ParseError{"code", "serial", i, "a digit or a capital letter"}
		}
	}
	if s[checkAt] != checkMod37(s[:checkAt]) {
		return Code{}, &ParseError{"code", "check character", checkAt, "another character: one of the first 32 is wrong, or two are swapped"}
	}
	if len(s) == codeSize {
		return c, nil
	}
	ext, found := strings.CutPrefix(s[codeSize:], separator)
	if !found {
		return Code{}, &ParseError{"code", "extension", codeSize, "a bullet (U+2022) before an extension, or nothing"}
	}
	if err := checkExtension(Kind(s[0]), ext); err != nil {
		return Code{}, err
	}
	c.ext = ext
	return c, nil
}

// checkExtension takes letters, digits and punctuation of ASCII, but nothing
// that a file system, a shell, a URL or a page of HTML could take for
// something else.
func checkExtension(k Kind, ext string) error {
	const at = codeSize + len(separator)
	if k != Product && k != Resource {
		return &ParseError{"code", "extension", codeSize, "none: only products and resources have extensions"}
	}
	if ext == "" || len(ext) > MaxExtension {
		return &ParseError{"code", "extension", at, "1 to 32 characters behind the bullet"}
	}
	for i := range len(ext) {
		c := ext[i]
		letter := isAlphanumeric(c) || 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("-_./:+()", rune(c))) {
			return &ParseError{"code", "extension", at + i, "a letter, a digit, or behind the first of them one of -_./:+()"}
		}
		if i > 0 && ext[i-1:i+1] == ".." || i > 0 && ext[i-1:i+1] == "//" {
			return &ParseError{"code", "extension", at + i, "neither two dots nor two slashes in a row"}
		}
	}
	return nil
}

// Mint makes a new code for something of the given subject, accepted in the
// given area. The serial is drawn at random among 31^8, about 8.5·10^11, of
// the letters that cannot be mistaken for digits; whoever registers the code
// makes sure that it is new. Codes whose check character is an asterisk are
// valid and never minted.
func Mint(k Kind, s Subject, a Area) (Code, error) {
	switch {
	case !k.valid():
		return Code{}, &ParseError{"code", "type", 0, "a kind from GlobalNode to Resource"}
	case s == Subject{}:
		return Code{}, &ParseError{"code", "subject", subjectAt, "a subject that ParseSubject returned"}
	case a == Area{}:
		return Code{}, &ParseError{"code", "region or sector", areaAt, "an area that ParseArea returned"}
	}
	for {
		var coins [64]byte
		rand.Read(coins[:])
		if c, ok := mint(k, s, a, coins[:]); ok {
			return c, nil
		}
	}
}

// mint reads a serial from coins, five bits a letter. It reports false if they
// do not suffice or the check character would be an asterisk.
func mint(k Kind, s Subject, a Area, coins []byte) (Code, bool) {
	c := Code{}
	c.body[0] = byte(k)
	copy(c.body[subjectAt:], s.text[:])
	copy(c.body[areaAt:], a.text[:])
	n := serialAt
	for _, b := range coins {
		if b &= 31; n < checkAt && b != 31 { // 31 of 32 values, each equally likely
			c.body[n] = creditcode.Alphabet()[b]
			n++
		}
	}
	c.body[checkAt] = checkMod37(c.body[:checkAt])
	return c, n == checkAt && c.body[checkAt] != '*'
}

// WithExtension returns the code with an extension in place of the one it had,
// or with none if ext is empty. An extension carries the number under which an
// older registry knows a product or resource. The check character does not
// cover it.
func (c Code) WithExtension(ext string) (Code, error) {
	if ext != "" {
		if err := checkExtension(c.Kind(), ext); err != nil {
			return Code{}, err
		}
	}
	c.ext = ext
	return c, nil
}

// Kind returns what the code names.
func (c Code) Kind() Kind { return Kind(c.body[0]) }

// Subject returns to whom belongs what the code names.
func (c Code) Subject() (s Subject) {
	copy(s.text[:], c.body[subjectAt:areaAt])
	return s
}

// Area returns the region or sector of the node that accepted the registration.
func (c Code) Area() (a Area) {
	copy(a.text[:], c.body[areaAt:serialAt])
	return a
}

// Serial returns the eight characters that tell the codes of a subject apart.
func (c Code) Serial() string { return string(c.body[serialAt:checkAt]) }

// Extension returns the extension, which is empty if there is none.
func (c Code) Extension() string { return c.ext }

// IsZero reports whether the code names nothing.
func (c Code) IsZero() bool { return c == Code{} }

// String returns the canonical form, of 32 to 65 characters and at most 67
// bytes, and nothing for the zero Code.
func (c Code) String() string {
	if c.IsZero() {
		return ""
	}
	if c.ext == "" {
		return string(c.body[:])
	}
	return string(c.body[:]) + separator + c.ext
}

// Display returns the code in groups for people to read and compare. [Repair]
// reads it.
func (c Code) Display() string {
	if c.IsZero() {
		return ""
	}
	s := string(c.body[:])
	s = s[:1] + " " + s[1:9] + " " + s[9:19] + " " + s[19:23] + " " + s[23:31] + " " + s[31:]
	if c.ext != "" {
		s += " " + separator + " " + c.ext
	}
	return s
}

// AppendText appends the canonical form.
func (c Code) AppendText(b []byte) ([]byte, error) {
	if c.IsZero() {
		return b, &ParseError{"code", "type", 0, "a code: this one is empty"}
	}
	b = append(b, c.body[:]...)
	if c.ext != "" {
		b = append(append(b, separator...), c.ext...)
	}
	return b, nil
}

// MarshalText returns the canonical form; the zero Code has none.
func (c Code) MarshalText() ([]byte, error) { return c.AppendText(nil) }

// UnmarshalText is [Parse].
func (c *Code) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*c = parsed
	}
	return err
}
