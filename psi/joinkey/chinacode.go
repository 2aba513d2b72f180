package joinkey

import "github.com/dujiang-dev/dujiang/internal/creditcode"

const (
	reasonIDForm    Reason = "not a resident identity number: want 17 digits and a digit or X, or 15 digits of the older form"
	reasonIDDate    Reason = "not a resident identity number: the date of birth does not exist"
	reasonIDCheck   Reason = "not a resident identity number: wrong check character"
	reasonIDCentury Reason = "a resident identity number of the older form for a person born before 1900; its century is not certain"
	reasonCCForm    Reason = "not a unified social credit code: want 18 characters of 0-9 and A-Z without I, O, S, V and Z, digits at 3 to 8"
	reasonCCCheck   Reason = "not a unified social credit code: wrong check character"
)

// canonResidentID canonicalises the citizen identification number of GB
// 11643-1999: six digits of division, eight of the date of birth, three of
// sequence and a check character.
//
// The older form (GB 11643-1989) has 15 digits: no century and no check
// character. It becomes the 18 characters that the same person was given
// afterwards, with the century 19, since sequence numbers from 996 were set
// aside for people who were a hundred years old, and these are refused.
func canonResidentID(s *scratch, dst, value []byte) ([]byte, error) {
	v := s.code(value)
	var id [18]byte
	switch len(v) {
	case 18:
		copy(id[:], v)
		if id[17] == 'x' {
			id[17] = 'X'
		}
	case 15:
		copy(id[:6], v)
		id[6], id[7] = '1', '9'
		copy(id[8:17], v[6:])
	default:
		return dst, reasonIDForm
	}
	for _, c := range id[:17] {
		if c < '0' || c > '9' {
			return dst, reasonIDForm
		}
	}
	if id[0] == '0' {
		return dst, reasonIDForm // Divisions start at 11.
	}
	if len(v) == 15 && string(id[14:17]) >= "996" {
		return dst, reasonIDCentury
	}
	if !validDate(number(id[6:10]), number(id[10:12]), number(id[12:14])) {
		return dst, reasonIDDate
	}
	check := checkMod11(id[:17])
	if len(v) == 18 && id[17] != check {
		if id[17] != 'X' && (id[17] < '0' || id[17] > '9') {
			return dst, reasonIDForm
		}
		return dst, reasonIDCheck
	}
	id[17] = check
	return append(dst, id[:]...), nil
}

// checkMod11 computes the check character over digits [ISO/IEC 7064, MOD 11-2,
// the pure recursive method]: X stands for ten.
func checkMod11(digits []byte) byte {
	p := 0
	for _, c := range digits {
		p = (p + int(c-'0')) * 2 % 11
	}
	return "0123456789X"[(12-p)%11]
}

func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = 10*n + int(c-'0')
	}
	return n
}

// canonCreditCode canonicalises the unified social credit code [GB 32100-2015,
// section 4]. The check character inside the nine characters of organisation is
// not looked at: codes exist in which it does not hold.
func canonCreditCode(s *scratch, dst, value []byte) ([]byte, error) {
	v := s.code(value)
	if len(v) != creditcode.Size {
		return dst, reasonCCForm
	}
	n := len(dst)
	for _, c := range v {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	code := dst[n:]
	if creditcode.Malformed(code) >= 0 {
		return dst[:n], reasonCCForm
	}
	if code[creditcode.Size-1] != creditcode.Check(code) {
		return dst[:n], reasonCCCheck
	}
	return dst, nil
}
