package identity

import "fmt"

// A ParseError says what is wrong with an identifier, and where. Its text holds
// nothing of the identifier.
type ParseError struct {
	What  string // the form that was read, such as "code"
	Field string // the field of it
	Pos   int    // the index of the first wrong byte
	Want  string // what should be there
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("identity: %s: %s, at position %d: want %s", e.What, e.Field, e.Pos+1, e.Want)
}

func isDigit(c byte) bool        { return '0' <= c && c <= '9' }
func isAlphanumeric(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'Z' }

// mod37 has the values of 0-9 and A-Z [GB/T 17710-2008, table 3].
var mod37 = func() (t [256]uint8) {
	for i := range uint8(10) {
		t['0'+i] = i
	}
	for i := range uint8(26) {
		t['A'+i] = 10 + i
	}
	return t
}()

// checkMod37 returns the check character over at most 50 digits and capital
// letters [ISO/IEC 7064, MOD 37-2, the pure recursive method; GB/T 17710-2008].
//
// The check character's own weight is 1, and the weights of the others 2, 4, 8,
// and so on. 2 generates the nonzero residues mod 37, so that the first 36
// weights from the right differ: in that many characters every single error and
// every swap of two is found.
func checkMod37[T string | []byte](body T) byte {
	var p uint64 // below 37·2^51 behind the loop: nothing needs reducing in it
	for i := range len(body) {
		p = (p + uint64(mod37[body[i]])) * 2
	}
	return checkCharacters[(38-p%37)%37]
}

const checkCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"

// CheckCharacter returns the check character of MOD 37-2 over any number of digits
// and capital letters: 0-9, A-Z or an asterisk [ISO/IEC 7064; GB/T 17710-2008].
// [Parse] and [Mint] see to that of codes; this is for other numbers that have one,
// such as those of ISBT 128.
func CheckCharacter(s string) (byte, error) {
	if pos := first(s, isAlphanumeric); pos >= 0 {
		return 0, &ParseError{"number", "body", pos, "a digit or a capital letter"}
	}
	p := uint64(0)
	for i := range len(s) {
		p = (p + uint64(mod37[s[i]])) * 2 % 37
	}
	return checkCharacters[(38-p)%37], nil
}
