package identity

import (
	"slices"
	"strings"
)

// maxRepair is the most bytes that Repair looks at: 65 full-width characters
// and room for spaces.
const maxRepair = 512

// Repair reads a code as people type it. It undoes full-width forms, lower
// case, spaces, hyphens and other dots before an extension. If what results is
// a code, that is the only answer. Otherwise the answer has every code that
// differs from it in letters that look alike (O and 0, I and 1), or else in one
// character or by a swap of two: the likely ones first, about forty, fewer
// where the check character of the credit code decides. Which of them was meant
// only a directory can tell, or the person who typed it: never take the first
// without asking. There is none if nothing so close is a code.
func Repair(s string) []Code {
	if len(s) > maxRepair {
		return nil
	}
	body, ext := normalise(s)
	if len(body) != codeSize {
		return nil
	}
	if c, err := parseParts(body, ext); err == nil {
		return []Code{c}
	}
	alike := strings.NewReplacer("O", "0", "I", "1").Replace(body)
	if c, err := parseParts(alike, ext); err == nil {
		return []Code{c}
	}
	var likely, others []Code
	for _, from := range []string{body, alike} {
		try := []byte(from)
		for i := range try {
			for _, x := range []byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*") {
				try[i] = x
				if c, err := parseParts(string(try), ext); err != nil {
				} else if lookAlike(from[i], x) {
					likely = append(likely, c)
				} else {
					others = append(others, c)
				}
			}
			try[i] = from[i]
			for j := i + 1; j < len(try); j++ {
				try[i], try[j] = from[j], from[i]
				if c, err := parseParts(string(try), ext); err != nil {
				} else if j == i+1 {
					likely = append(likely, c)
				} else {
					others = append(others, c)
				}
				try[i], try[j] = from[i], from[j]
			}
		}
	}
	var all []Code
	seen := make(map[Code]bool)
	for _, c := range slices.Concat(likely, others) {
		if !seen[c] {
			seen[c] = true
			all = append(all, c)
		}
	}
	return all
}

func parseParts(body, ext string) (Code, error) {
	if ext == "" {
		return Parse(body)
	}
	return Parse(body + separator + ext)
}

// lookAlike reports whether people take one of two characters for the other.
func lookAlike(a, b byte) bool {
	for _, pair := range []string{"O0", "I1", "S5", "Z2", "B8", "G6", "VU", "0D", "0Q", "L1"} {
		if a == pair[0] && b == pair[1] || a == pair[1] && b == pair[0] {
			return true
		}
	}
	return false
}

// normalise returns the capital letters and digits of a code and, as it
// stands, the extension behind the first dot.
func normalise(s string) (body, ext string) {
	var out strings.Builder
	for i, r := range s {
		if '！' <= r && r <= '～' {
			r -= '！' - '!' // the full-width forms of ASCII
		}
		switch {
		case 'a' <= r && r <= 'z':
			out.WriteRune(r - 'a' + 'A')
		case r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\u3000' || r == '\u00a0' || r == '-' || r == '–' || r == '\ufeff' || r == '_':
		case out.Len() == codeSize && strings.ContainsRune("•·・‧.｡。", r):
			_, ext, _ = strings.Cut(s[i:], string([]rune(s[i:])[0]))
			return out.String(), strings.TrimSpace(ext)
		default:
			out.WriteRune(r)
		}
	}
	return out.String(), ""
}
