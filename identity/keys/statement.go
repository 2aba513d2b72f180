package keys

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gowebpki/jcs"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/internal/label"
)

// Decode reads a statement of at most maxBytes bytes into v, a pointer. It
// refuses duplicate and unknown names, null, depth beyond 32, numbers that are no
// integers within ±(2^53-1), bad Unicode, and anything behind the value.
func Decode(b []byte, v any, maxBytes int) error { return strictjson.Decode(b, v, maxBytes) }

// Canonical returns the canonical JSON [RFC 8785] of a value, or of any JSON as
// json.RawMessage. Text that is not
// UTF-8 would be replaced on the way, integers beyond 2^53 rounded [RFC 8785,
// section 3.2.2.3], and two statements would have one form; the replacement
// character and such integers are therefore refused.
func Canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	out, err := jcs.Transform(b)
	if err != nil {
		return nil, err
	}
	if bytes.ContainsRune(out, utf8.RuneError) {
		return nil, errors.New("keys: the statement has text that is not UTF-8, or U+FFFD")
	}
	if !exact(out) {
		return nil, errors.New("keys: the statement has an integer beyond 2^53; write it as a string")
	}
	return out, nil
}

// exact reports whether all integers of canonical JSON are within ±(2^53-1), so
// that none can have been rounded.
func exact(canonical []byte) bool {
	const most = "9007199254740991"
	inString := false
	for i := 0; i < len(canonical); i++ {
		switch c := canonical[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && '0' <= c && c <= '9':
			from := i
			for i < len(canonical) && strings.IndexByte("0123456789.e+-", canonical[i]) >= 0 {
				i++
			}
			number := string(canonical[from:i])
			if !strings.ContainsAny(number, ".e") && (len(number) > len(most) || len(number) == len(most) && number > most) {
				return false
			}
			i-- // what follows the number is next
		}
	}
	return true
}

// message returns what is signed.
func message(domain string, statement any) ([]byte, error) {
	if domain == "" || len(domain) > 255 {
		return nil, errors.New("keys: a statement needs a domain of 1 to 255 bytes")
	}
	tag, err := label.New("statement", 1, domain, nil)
	if err != nil {
		return nil, err
	}
	b, err := Canonical(statement)
	if err != nil {
		return nil, err
	}
	return append(tag, b...), nil
}

// Sign signs a statement. The domain says what kind of statement it is, in 1 to
// 255 bytes. The signature is checked before it is returned, since a faulty one
// of a hardware module can give the key away.
func (as Algorithms) Sign(signer crypto.Signer, domain string, statement any) ([]byte, error) {
	s, k, err := as.of(signer)
	if err != nil {
		return nil, err
	}
	m, err := message(domain, statement)
	if err != nil {
		return nil, err
	}
	sig, err := s.Sign(signer, m)
	if err != nil {
		return nil, err
	}
	if !s.Verify([]byte(k.raw), m, sig) {
		return nil, errors.New("keys: the signer made a signature that does not hold")
	}
	return sig, nil
}

// Verify returns nil if the signature of the statement holds, [ErrSignature] if
// not, and [ErrAlgorithm] if the key's algorithm is not accepted.
func (as Algorithms) Verify(k PublicKey, domain string, statement any, signature []byte) error {
	s, err := as.find(k.algorithm)
	if err != nil {
		return err
	}
	if err := s.Check([]byte(k.raw)); err != nil {
		return err
	}
	m, err := message(domain, statement)
	if err != nil {
		return err
	}
	if !s.Verify([]byte(k.raw), m, signature) {
		return ErrSignature
	}
	return nil
}
