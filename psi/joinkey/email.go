package joinkey

import (
	"bytes"
)

const (
	reasonEmailAt     Reason = "not a bare e-mail address: want one @ between a name and a domain"
	reasonEmailLocal  Reason = "not a bare e-mail address: a character that needs quotes before the @"
	reasonEmailDomain Reason = "not an e-mail address: the domain is malformed"
	reasonEmailIDN    Reason = "the domain is not ASCII; write it in the form xn--…"
	reasonEmailLong   Reason = "too long for an e-mail address"
)

// canonEmail folds the address as text and checks its form.
//
// A domain that is not ASCII is refused rather than converted: the conversion
// (UTS #46) has options and changes between versions of its tables, two sides
// that differ there would silently not match, and such addresses are few.
func canonEmail(s *scratch, dst, value []byte) ([]byte, error) {
	n := len(dst)
	dst, err := canonText(s, dst, value)
	if err != nil {
		return dst[:n], err
	}
	at := bytes.LastIndexByte(dst[n:], '@')
	if at < 0 {
		return dst[:n], reasonEmailAt
	}
	at += n
	if err := checkLocal(dst[n:at]); err != nil {
		return dst[:n], err
	}
	// The ideographic full stop separates labels too [UTS #46, section 4, and
	// RFC 3490, section 3.1]. NFKC has dealt with the others.
	s.a = append(s.a[:0], dst[at+1:]...)
	dst = dst[:at+1]
	for len(s.a) > 0 {
		label, rest, found := bytes.Cut(s.a, []byte("。"))
		dst = append(dst, label...)
		if !found {
			break
		}
		dst = append(dst, '.')
		// s.a keeps its start, so that the buffer is not lost.
		s.a = s.a[:copy(s.a, rest)]
	}
	// A final dot marks the root of the tree and names the same domain.
	dst = bytes.TrimSuffix(dst, []byte("."))
	if err := checkDomain(dst[at+1:]); err != nil {
		return dst[:n], err
	}
	return dst, nil
}

// checkLocal refuses what only a quoted local part may hold [RFC 5322, section
// 3.2.3], except for dots: some providers gave out addresses with dots at the
// end or two in a row.
func checkLocal(local []byte) error {
	if len(local) == 0 {
		return reasonEmailAt
	}
	if len(local) > 64 { // [RFC 5321, section 4.5.3.1.1]
		return reasonEmailLong
	}
	for _, c := range local {
		if c == '@' {
			return reasonEmailAt
		}
		if c <= ' ' || c == 0x7f || bytes.IndexByte([]byte(`()<>[]:;,\"`), c) >= 0 {
			return reasonEmailLocal
		}
	}
	return nil
}

// checkDomain wants at least two labels of letters, digits and inner hyphens
// [RFC 1123, section 2.1].
func checkDomain(domain []byte) error {
	if len(domain) > 253 {
		return reasonEmailLong
	}
	labels, start := 0, 0
	for i := 0; i <= len(domain); i++ {
		if i < len(domain) && domain[i] != '.' {
			switch c := domain[i]; {
			case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			case c == '-' && i > start && i+1 < len(domain) && domain[i+1] != '.':
			case c >= 0x80:
				return reasonEmailIDN
			default:
				return reasonEmailDomain
			}
			continue
		}
		if n := i - start; n == 0 || n > 63 {
			return reasonEmailDomain
		}
		labels++
		start = i + 1
	}
	if labels < 2 {
		return reasonEmailDomain
	}
	return nil
}
