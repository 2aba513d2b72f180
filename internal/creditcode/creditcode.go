// Package creditcode checks unified social credit codes [GB 32100-2015]: the
// registering department, the kind of organisation, six digits of division,
// nine characters of organisation and a check character.
package creditcode

// Size is the number of characters of a code.
const Size = 18

const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// Alphabet has the 31 characters of codes, each at the index of its value.
func Alphabet() string { return alphabet }

// value maps a character to its value plus one.
var value = func() (t [256]uint8) {
	for i := range len(alphabet) {
		t[alphabet[i]] = uint8(i + 1)
	}
	return t
}()

// weight is W(i) = 3^(i-1) mod 31 [GB 32100-2015, section 5].
var weight = func() (t [Size - 1]int) {
	w := 1
	for i := range t {
		t[i], w = w, w*3%31
	}
	return t
}()

// Malformed returns the index of the first character of v that no code has at
// that place, and -1 if there is none and v has the right length. For a wrong
// length it returns that length or Size, whichever is less. The check character
// is not verified, and the one inside the nine characters of organisation
// neither: codes exist in which that one does not hold.
func Malformed[T string | []byte](v T) int {
	for i := range min(len(v), Size) {
		x := int(value[v[i]]) - 1
		if x < 0 || 2 <= i && i < 8 && x > 9 {
			return i
		}
	}
	if len(v) != Size {
		return min(len(v), Size)
	}
	return -1
}

// Check returns the check character that belongs to the first 17 characters of
// v, which must not be malformed.
func Check[T string | []byte](v T) byte {
	sum := 0
	for i := range Size - 1 {
		sum += (int(value[v[i]]) - 1) * weight[i]
	}
	return alphabet[(31-sum%31)%31]
}
