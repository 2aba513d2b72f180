package identity

import (
	"strings"
)

// A Scheme is a kind of number that other registries give.
type Scheme string

const (
	SchemeDOI    Scheme = "doi"   // digital object identifier, in lower case
	SchemeDID    Scheme = "did"   // decentralized identifier
	SchemeHandle Scheme = "hdl"   // Handle, such as those of the industrial internet
	SchemeLEI    Scheme = "lei"   // legal entity identifier, with its check digits
	SchemeNDI06  Scheme = "ndi06" // front code/back code of the draft NDI-TR-2025-06
	SchemeOID    Scheme = "oid"   // object identifier
	SchemeLocal  Scheme = "local" // whatever a catalogue used so far
)

const maxAlias = 256 // bytes of a number

// An Alias is a number under which something was known before it had a code.
// Aliases are read and looked up, never made. They are compared with ==.
type Alias struct {
	Scheme Scheme
	Number string
}

// ParseAlias reads scheme:number. Without a scheme it recognises a DOI, a DID,
// an LEI, an OID and the form of NDI-TR-2025-06 by their looks.
func ParseAlias(s string) (Alias, error) {
	prefix, number, found := strings.Cut(s, ":")
	scheme := Scheme(prefix)
	switch {
	case scheme == SchemeDID:
		number = s
	case found && check(scheme) != nil:
	case strings.HasPrefix(s, "10.") && strings.Contains(s, "/"):
		scheme, number = SchemeDOI, s
	case len(s) == 20 && checkLEI(s) < 0:
		scheme, number = SchemeLEI, s
	case checkNDI06(s) < 0:
		scheme, number = SchemeNDI06, s
	case checkOID(s) < 0:
		scheme, number = SchemeOID, s
	default:
		return Alias{}, &ParseError{"alias", "scheme", 0, "doi:, did:, hdl:, lei:, ndi06:, oid: or local: before the number"}
	}
	if scheme == SchemeDOI {
		number = lowerASCII(number)
	}
	if len(number) > maxAlias {
		return Alias{}, &ParseError{"alias", string(scheme), maxAlias, "at most 256 bytes"}
	}
	if pos := check(scheme)(number); pos >= 0 {
		return Alias{}, &ParseError{"alias", string(scheme), len(s) - len(number) + pos, "a number of this scheme"}
	}
	return Alias{scheme, number}, nil
}

// String returns scheme:number, and nothing for the zero Alias.
func (a Alias) String() string {
	switch a.Scheme {
	case "":
		return ""
	case SchemeDID:
		return a.Number
	}
	return string(a.Scheme) + ":" + a.Number
}

// MarshalText returns what [ParseAlias] reads.
func (a Alias) MarshalText() ([]byte, error) {
	if a.Scheme == "" {
		return nil, &ParseError{"alias", "scheme", 0, "an alias: this one is empty"}
	}
	return []byte(a.String()), nil
}

// UnmarshalText is [ParseAlias].
func (a *Alias) UnmarshalText(text []byte) error {
	parsed, err := ParseAlias(string(text))
	if err == nil {
		*a = parsed
	}
	return err
}

// check returns the function that finds the first wrong byte of a number of the
// scheme, or -1.
func check(s Scheme) func(string) int {
	switch s {
	case SchemeDOI:
		return checkDOI
	case SchemeDID:
		return checkDID
	case SchemeHandle:
		return checkHandle
	case SchemeLEI:
		return checkLEI
	case SchemeNDI06:
		return checkNDI06
	case SchemeOID:
		return checkOID
	case SchemeLocal:
		return checkLocal
	}
	return nil
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

// first returns the index of the first byte of s that ok refuses, and its
// length if it is empty, or else -1.
func first(s string, ok func(c byte) bool) int {
	for i := range len(s) {
		if !ok(s[i]) {
			return i
		}
	}
	if s == "" {
		return 0
	}
	return -1
}

// checkLEI: 18 digits and capital letters and two check digits, ISO/IEC 7064
// MOD 97-10 with A = 10 to Z = 35 [ISO 17442].
func checkLEI(s string) int {
	r := 0
	for i := range len(s) {
		switch c := s[i]; {
		case i == 20:
			return i
		case isDigit(c):
			r = (r*10 + int(c-'0')) % 97
		case isAlphanumeric(c) && i < 18:
			r = (r*100 + int(c-'A') + 10) % 97
		default:
			return i
		}
	}
	// Check digits run from 02 to 98: 00, 01 and 99 would name others again.
	if len(s) != 20 || s[18:] == "00" || s[18:] == "01" || s[18:] == "99" || r != 1 {
		return min(len(s), 18)
	}
	return -1
}

// checkNDI06: region (6 digits), organisation (9 or 18), a slash, D, F, A or S,
// serial (6 digits), check (2), whose algorithm the draft does not give
// [NDI-TR-2025-06, draft, 8.1].
func checkNDI06(s string) int {
	front, back, found := strings.Cut(s, "/")
	if pos := first(front, isAlphanumeric); pos >= 0 {
		return pos
	}
	if pos := first(front[:min(len(front), 6)], isDigit); pos >= 0 {
		return pos
	}
	if !found || len(front) != 6+9 && len(front) != 6+18 {
		return len(front)
	}
	at := len(front) + 1
	if len(back) != 9 || !strings.Contains("DFAS", back[:1]) {
		return at
	}
	if pos := first(back[1:7], isDigit); pos >= 0 {
		return at + 1 + pos
	}
	if pos := first(back[7:], isAlphanumeric); pos >= 0 {
		return at + 7 + pos
	}
	return -1
}

// checkOID: arcs of digits without leading zeros between dots, of which the
// later ones may have capital letters, as the numbers of GB/T 36625.2 do that
// hold a credit code. At most 100 bytes, an arc at most 63 [GB/T 26231].
func checkOID(s string) int {
	if len(s) > 100 {
		return 100
	}
	pos, n := 0, 0
	var root string
	for arc := range strings.SplitSeq(s, ".") {
		if p := first(arc, isAlphanumeric); p >= 0 {
			return pos + p
		}
		digits := first(arc, isDigit) < 0
		switch {
		case len(arc) > 63 || digits && len(arc) > 1 && arc[0] == '0':
			return pos
		case n == 0:
			if root = arc; arc != "0" && arc != "1" && arc != "2" {
				return pos
			}
		case n == 1 && (!digits || root != "2" && (len(arc) > 2 || len(arc) == 2 && arc >= "40")):
			return pos
		}
		pos += len(arc) + 1
		n++
	}
	if n < 2 {
		return len(s)
	}
	return -1
}

func isDigitOrDot(c byte) bool { return isDigit(c) || c == '.' }

// isGraphic is the printable characters of ASCII but those that a shell or a
// page takes for something else.
func isGraphic(c byte) bool { return c > ' ' && c < 0x7f && !strings.ContainsRune("\"\\`", rune(c)) }

// checkHandle: numbers between dots, a slash, a local name [RFC 3650].
func checkHandle(s string) int {
	prefix, name, found := strings.Cut(s, "/")
	if pos := first(prefix, isDigitOrDot); pos >= 0 {
		return pos
	}
	if i := strings.Index("."+prefix+".", ".."); i >= 0 || !found {
		return max(i, 0)
	}
	if pos := first(name, isGraphic); pos >= 0 {
		return len(prefix) + 1 + pos
	}
	return checkClimb(s)
}

// checkDOI: a Handle whose prefix starts with 10 [ISO 26324].
func checkDOI(s string) int {
	if !strings.HasPrefix(s, "10.") {
		return 0
	}
	return checkHandle(s)
}

// checkClimb refuses the segments . and .. in what may become part of a path.
func checkClimb(s string) int {
	pos := 0
	for segment := range strings.SplitSeq(s, "/") {
		if segment == "." || segment == ".." {
			return pos
		}
		pos += len(segment) + 1
	}
	return -1
}

// checkDID: did, a method of lower-case letters and digits, an identifier whose
// last part is not empty [W3C Decentralized Identifiers 1.0, section 3.1].
func checkDID(s string) int {
	rest, found := strings.CutPrefix(s, "did:")
	method, id, second := strings.Cut(rest, ":")
	if !found || !second {
		return len(s) - len(rest)
	}
	if pos := first(method, func(c byte) bool { return 'a' <= c && c <= 'z' || isDigit(c) }); pos >= 0 {
		return len("did:") + pos
	}
	at := len(s) - len(id)
	for i := 0; i < len(id); i++ {
		c := id[i]
		switch {
		case isAlphanumeric(c) || 'a' <= c && c <= 'z' || strings.ContainsRune(".-_:", rune(c)):
		case c == '%' && i+2 < len(id) && isHex(id[i+1]) && isHex(id[i+2]):
			i += 2
		default:
			return at + i
		}
	}
	if id == "" || id[len(id)-1] == ':' {
		return len(s)
	}
	return -1
}

func isHex(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f' }

// checkLocal takes what a name of a path takes, and a slash.
func checkLocal(s string) int {
	for i, r := range s {
		if r == '/' || r == ':' || r == '#' || r == '+' || r == '@' {
			continue
		}
		if !isNameRune(r) {
			return i
		}
	}
	if s == "" {
		return 0
	}
	return checkClimb(s)
}
