package identity

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/dujiang-dev/dujiang/internal/creditcode"
)

const subjectSize = 18

// A SubjectKind says who a subject is.
type SubjectKind int

const (
	Organisation SubjectKind = iota + 1 // by its unified social credit code
	Person                              // by a pseudonym
	Other                               // by a number of a registration platform
)

// A Subject is who holds something or acts: 18 characters. Subjects are
// compared with ==. The zero Subject is nobody.
//
// The first character tells the kinds apart. 1 to 9, A, N and Y stand for the
// departments that register organisations [GB 32100-2015, table 2], and what
// starts with them is a unified social credit code whose check character holds.
// Z, which no such code contains, starts the pseudonyms of persons that this
// package makes. Whatever else starts with a digit or letter is a number of a
// registration platform, of which nothing is known but its form.
type Subject struct {
	text [subjectSize]byte
}

// ParseSubject reads a subject. A resident identity number is no subject: it
// would show who the person is to everybody who sees the code.
func ParseSubject(s string) (Subject, error) {
	if len(s) != subjectSize {
		return Subject{}, &ParseError{"subject", "length", min(len(s), subjectSize), "18 characters"}
	}
	if pos, want := checkSubject(s); want != "" {
		return Subject{}, &ParseError{"subject", "subject", pos, want}
	}
	var out Subject
	copy(out.text[:], s)
	return out, nil
}

// pseudonymMark is the first character of the pseudonyms of persons.
const pseudonymMark = 'Z'

// isDepartment reports whether organisations have codes that start with c.
func isDepartment(c byte) bool { return '1' <= c && c <= '9' || c == 'A' || c == 'N' || c == 'Y' }

// checkSubject returns what is wanted at which index of 18 characters, and no
// text if they are a subject.
func checkSubject(s string) (pos int, want string) {
	if isDepartment(s[0]) {
		if isResidentNumber(s) && s[17] != creditCheck(s) {
			return 0, "a pseudonym in place of a resident identity number, which must never stand in a code"
		}
		if pos := creditcode.Malformed(s); pos >= 0 {
			return pos, "a unified social credit code: 0-9 and A-Z without I, O, S, V and Z, digits at its places 3 to 8"
		}
		if s[17] != creditcode.Check(s) {
			return 17, "another check character: the unified social credit code has an error"
		}
		return 0, ""
	}
	for i := range subjectSize {
		if !isAlphanumeric(s[i]) {
			return i, "a digit or a capital letter"
		}
	}
	return 0, ""
}

func creditCheck(s string) byte {
	if creditcode.Malformed(s) >= 0 {
		return 0
	}
	return creditcode.Check(s)
}

// isResidentNumber reports whether s has the form of a citizen identification
// number with its check character [GB 11643-1999; ISO/IEC 7064, MOD 11-2].
func isResidentNumber(s string) bool {
	p := 0
	for i := range 17 {
		if !isDigit(s[i]) {
			return false
		}
		p = (p + int(s[i]-'0')) * 2 % 11
	}
	return s[17] == "0123456789X"[(12-p)%11]
}

// NewPseudonym makes a person's subject of a secret, uniformly distributed
// value of at least 32 bytes that only its makers can compute from the person's
// number, such as the output of an oblivious pseudorandom function. A plain
// hash of a resident identity number is not one: such numbers have about 37
// bits and are found by trying them all.
//
// 17 letters of 31 carry 84 bits: among a billion persons two have the same
// with probability 2^-25.
func NewPseudonym(secret []byte) (Subject, error) {
	if len(secret) < 32 {
		return Subject{}, &ParseError{"pseudonym", "length", len(secret), "at least 32 bytes of a keyed function's output"}
	}
	h := sha256.Sum256(append([]byte("dujiang identity pseudonym v1\x00"), secret...))
	s := Subject{}
	s.text[0] = pseudonymMark
	// The 256 bits as a number in base 31: what is left over is at least
	// 2^170, so that the letters are uniform but for 2^-170.
	var n [4]uint64
	for i := range n {
		n[i] = binary.BigEndian.Uint64(h[8*i:])
	}
	for i := 1; i < subjectSize; i++ {
		var rem uint64
		for j := range n {
			high, low := rem<<32|n[j]>>32, n[j]&(1<<32-1)
			q := high / 31
			low |= (high % 31) << 32
			n[j], rem = q<<32|low/31, low%31
		}
		s.text[i] = creditcode.Alphabet()[rem]
	}
	return s, nil
}

// Kind returns who the subject is, and 0 for the zero Subject.
func (s Subject) Kind() SubjectKind {
	switch {
	case s == Subject{}:
		return 0
	case isDepartment(s.text[0]):
		return Organisation
	case s.text[0] == pseudonymMark:
		return Person
	}
	return Other
}

// IsZero reports whether the subject is nobody.
func (s Subject) IsZero() bool { return s == Subject{} }

// String returns the 18 characters, and nothing for the zero Subject.
func (s Subject) String() string {
	if s.IsZero() {
		return ""
	}
	return string(s.text[:])
}

// MarshalText returns the 18 characters; the zero Subject has none.
func (s Subject) MarshalText() ([]byte, error) {
	if s.IsZero() {
		return nil, &ParseError{"subject", "length", 0, "18 characters"}
	}
	return s.text[:], nil
}

// UnmarshalText is [ParseSubject].
func (s *Subject) UnmarshalText(text []byte) error {
	parsed, err := ParseSubject(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}
