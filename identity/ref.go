package identity

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// A Ref names one state of what a code names: a version, which counts from 1,
// or the SHA-256 digest of its bytes. Exactly one of them is set.
type Ref struct {
	Code    Code
	Version uint64
	Digest  [32]byte
}

const digestPrefix = "sha256:"

// ParseRef reads code@version or code@sha256:digest, the digest as 64
// lower-case hexadecimal digits.
func ParseRef(s string) (Ref, error) {
	code, state, found := strings.Cut(s, "@")
	c, err := Parse(code)
	if err != nil {
		return Ref{}, err
	}
	r := Ref{Code: c}
	if digest, ok := strings.CutPrefix(state, digestPrefix); ok {
		b, err := hex.DecodeString(digest)
		if err != nil || len(b) != len(r.Digest) || digest != strings.ToLower(digest) || [32]byte(b) == [32]byte{} {
			return Ref{}, &ParseError{"reference", "digest", len(code) + 1 + len(digestPrefix), "64 digits of 0-9 and a-f, not all zero"}
		}
		r.Digest = [32]byte(b)
		return r, nil
	}
	r.Version, err = strconv.ParseUint(state, 10, 64)
	if !found || err != nil || r.Version == 0 || state[0] < '1' || state[0] > '9' {
		return Ref{}, &ParseError{"reference", "version", len(code), "@ and a version from 1, or @sha256: and a digest"}
	}
	return r, nil
}

// String returns what [ParseRef] reads, and nothing for a Ref that names no
// state or two.
func (r Ref) String() string {
	switch {
	case r.Code.IsZero() || (r.Version == 0) == (r.Digest == [32]byte{}):
		return ""
	case r.Version != 0:
		return r.Code.String() + "@" + strconv.FormatUint(r.Version, 10)
	}
	return r.Code.String() + "@" + digestPrefix + hex.EncodeToString(r.Digest[:])
}

// MarshalText returns what [ParseRef] reads.
func (r Ref) MarshalText() ([]byte, error) {
	s := r.String()
	if s == "" {
		return nil, &ParseError{"reference", "version", 0, "a code and either a version or a digest"}
	}
	return []byte(s), nil
}

// UnmarshalText is [ParseRef].
func (r *Ref) UnmarshalText(text []byte) error {
	parsed, err := ParseRef(string(text))
	if err == nil {
		*r = parsed
	}
	return err
}
