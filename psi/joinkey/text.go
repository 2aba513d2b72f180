package joinkey

import (
	"bytes"
	"errors"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// The canonical form of text is toNFKC_Casefold [Unicode 15.0, section 3.13,
// and UAX #31, NFKC_Casefold] with white space made regular. x/text has no
// table for it, so it is computed from its definition: normalise, fold case,
// drop what is ignorable by default, normalise, and again until nothing
// changes. One round is not enough: folding U+0345 yields a letter that may
// compose, and dropping a joiner brings its neighbours together.

func canonExact(_ *scratch, dst, value []byte) ([]byte, error) {
	return append(dst, value...), nil
}

func canonText(s *scratch, dst, value []byte) ([]byte, error) {
	if out, ok := appendPlain(dst, value); ok {
		return out, nil
	}
	return appendFolded(s, dst, value)
}

// plain maps an ASCII byte to its canonical form: every white space to a
// space, everything else to lower case. Zero sends the value to appendFolded.
var plain = func() (t [256]byte) {
	for c := 1; c < utf8.RuneSelf; c++ {
		t[c] = byte(unicode.ToLower(rune(c)))
		if unicode.IsSpace(rune(c)) {
			t[c] = ' '
		}
	}
	return t
}()

// appendPlain is canonText for values of ASCII, its full-width forms, and the
// main block of Chinese characters, U+4E00 to U+9FFF. The latter have no case,
// no decomposition, combine with nothing and are not ignorable, so that they
// stand for themselves whatever surrounds them. It reports false if the value
// has anything else.
func appendPlain(dst, value []byte) ([]byte, bool) {
	n := len(dst)
	space := false
	for i := 0; i < len(value); i++ {
		c := plain[value[i]]
		han := false
		if c == 0 {
			if i+2 >= len(value) {
				return dst[:n], false
			}
			c = wide(value[i], value[i+1], value[i+2])
			han = c == 0
			if han && !isHan(value[i], value[i+1], value[i+2]) {
				return dst[:n], false
			}
			i += 2
		}
		if c == ' ' {
			space = true
			continue
		}
		if space && len(dst) > n {
			dst = append(dst, ' ')
		}
		space = false
		if han {
			dst = append(dst, value[i-2], value[i-1], value[i])
		} else {
			dst = append(dst, c)
		}
	}
	return dst, true
}

// wide returns the canonical form of a full-width character from its three
// bytes, and zero for any other: U+3000 is a space, U+FF01 to U+FF5E are the
// characters from ! to ~.
func wide(a, b, c byte) byte {
	switch {
	case a == 0xe3 && b == 0x80 && c == 0x80:
		return ' '
	case a == 0xef && b == 0xbc && 0x81 <= c && c <= 0xbf:
		return plain['!'+c-0x81]
	case a == 0xef && b == 0xbd && 0x80 <= c && c <= 0x9e:
		return plain['`'+c-0x80]
	}
	return 0
}

// isHan reports whether the bytes are U+4E00 (E4 B8 80) to U+9FFF (E9 BF BF).
func isHan(a, b, c byte) bool {
	return (0xe5 <= a && a <= 0xe9 && 0x80 <= b || a == 0xe4 && 0xb8 <= b) && b <= 0xbf && 0x80 <= c && c <= 0xbf
}

// maxRounds bounds the search for the fixed point. Two rounds, of which the
// second finds no change, suffice for nearly everything.
const maxRounds = 8

// streamMark is the combining grapheme joiner, which x/text inserts into runs
// of more than 30 combining marks. As it is ignorable by default, it stands in
// a result only if such a run was there.
const streamMark = "\u034f"

// appendFolded is canonText for every value.
func appendFolded(s *scratch, dst, value []byte) ([]byte, error) {
	if err := checkText(value); err != nil {
		return dst, err
	}
	n := len(dst)
	dst = append(dst, value...)
	for range maxRounds {
		s.a = norm.NFKC.Append(s.a[:0], dst[n:]...)
		if err := s.foldCase(); err != nil {
			return dst[:n], err
		}
		s.b = dropIgnorable(s.b)
		s.a = norm.NFKC.Append(s.a[:0], s.b...)
		s.a = foldSpace(s.a)
		if bytes.Equal(s.a, dst[n:]) {
			if bytes.Contains(s.a, []byte(streamMark)) {
				break
			}
			return dst, nil
		}
		dst = append(dst[:n], s.a...)
	}
	return dst[:n], reasonNoForm
}

// checkText refuses what no conversion should have let through.
func checkText(value []byte) error {
	switch {
	case !utf8.Valid(value):
		return reasonUTF8
	case bytes.IndexByte(value, 0) >= 0:
		return reasonNUL
	case bytes.Contains(value, []byte("\ufffd")):
		return reasonLost
	}
	return nil
}

// foldCase sets s.b to s.a with full case folding.
func (s *scratch) foldCase() error {
	// A character grows to at most three times its bytes (U+0390 to three
	// characters of two bytes).
	if need := 3*len(s.a) + utf8.UTFMax; cap(s.b) < need {
		s.b = make([]byte, need)
	}
	s.b = s.b[:cap(s.b)]
	n, _, err := s.fold.Transform(s.b, s.a, true)
	if errors.Is(err, transform.ErrShortDst) {
		panic("joinkey: internal error: case folding grew beyond its bound")
	}
	s.b = s.b[:n]
	foldCherokee(s.b)
	return err
}

// foldCherokee maps the small letters of Cherokee, U+AB70 to U+ABBF and U+13F8
// to U+13FD, to the capitals, in place. Cherokee is the script that folds to
// capitals [CaseFolding.txt]; x/text v0.43.0 does that, but also folds the
// capitals to small letters, so that folding twice would undo itself.
func foldCherokee(b []byte) {
	for i := 0; i+2 < len(b); i++ {
		if b[i] != 0xea && b[i] != 0xe1 {
			continue
		}
		switch r, n := utf8.DecodeRune(b[i:]); {
		case 0xab70 <= r && r <= 0xabbf:
			utf8.EncodeRune(b[i:i+n], r-0xab70+0x13a0)
		case 0x13f8 <= r && r <= 0x13fd:
			utf8.EncodeRune(b[i:i+n], r-8)
		}
	}
}

// dropIgnorable removes what is ignorable by default, in place.
func dropIgnorable(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if !isIgnorable(r) {
			out = append(out, b[i:i+n]...)
		}
		i += n
	}
	return out
}

// isIgnorable is the property Default_Ignorable_Code_Point [UCD 15.0,
// DerivedCoreProperties.txt], which Unicode extends only inside these ranges.
func isIgnorable(r rune) bool {
	if r < 0x200b {
		return r == 0xad || r == 0x34f || r == 0x61c || r == 0x115f || r == 0x1160 ||
			r == 0x17b4 || r == 0x17b5 || 0x180b <= r && r <= 0x180f
	}
	return r <= 0x200f || 0x202a <= r && r <= 0x202e || 0x2060 <= r && r <= 0x206f ||
		r == 0x3164 || 0xfe00 <= r && r <= 0xfe0f || r == 0xfeff || r == 0xffa0 || 0xfff0 <= r && r <= 0xfff8 ||
		0x1bca0 <= r && r <= 0x1bca3 || 0x1d173 <= r && r <= 0x1d17a || 0xe0000 <= r && r <= 0xe0fff
}

// foldSpace makes each run of white space one space and trims, in place.
func foldSpace(b []byte) []byte {
	out := b[:0]
	space := false
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if unicode.IsSpace(r) {
			space = true
			i += n
			continue
		}
		if space && len(out) > 0 {
			out = append(out, ' ')
		}
		space = false
		out = append(out, b[i:i+n]...)
		i += n
	}
	return out
}

// narrow sets s.a to the value with full-width forms of ASCII made narrow and
// white space trimmed: what numbers and codes need, at less cost than NFKC.
func (s *scratch) narrow(value []byte) []byte {
	s.a = s.a[:0]
	for i := 0; i < len(value); {
		c := value[i]
		if c < utf8.RuneSelf {
			s.a = append(s.a, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(value[i:])
		switch {
		case 0xff01 <= r && r <= 0xff5e:
			s.a = append(s.a, byte(r-0xff01+'!'))
		case r == 0x3000:
			s.a = append(s.a, ' ')
		default:
			s.a = append(s.a, value[i:i+n]...)
		}
		i += n
	}
	return bytes.TrimSpace(s.a)
}

// code is narrow for numbers with a check character, which people like to write
// in groups: spaces and hyphens inside are dropped too.
func (s *scratch) code(value []byte) []byte {
	v := s.narrow(value)
	kept := v[:0]
	for _, c := range v {
		if c != ' ' && c != '-' {
			kept = append(kept, c)
		}
	}
	return kept
}
