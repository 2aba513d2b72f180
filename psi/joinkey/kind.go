package joinkey

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/cases"
)

// A Kind says how the values of a column become canonical bytes. The zero Kind
// is invalid. Kinds are comparable: two are equal if they come from the same
// function of this package, or from the same call of [KindFunc].
type Kind struct {
	k *kind
}

type kind struct {
	name string

	// canon appends the canonical form of value to dst. On error the bytes
	// beyond dst are meaningless. It may use s, keeps nothing of value, and
	// its errors hold nothing of value.
	canon func(s *scratch, dst, value []byte) ([]byte, error)

	// exact says that white space is content, so that a value of nothing else
	// is not empty.
	exact bool

	// err is what was wrong in KindFunc.
	err error
}

// scratch holds buffers that a canonicaliser needs beside its output.
type scratch struct {
	a, b []byte
	fold cases.Caser
}

// A Reason says why a value has no canonical form. It is the only error of a
// canonicaliser whose text is shown and counted, because it is meant to be a
// constant: it must hold nothing of the value.
type Reason string

// Error returns the reason itself.
func (r Reason) Error() string { return string(r) }

const (
	reasonUTF8    Reason = "not valid UTF-8"
	reasonLost    Reason = "holds U+FFFD, the mark of a character lost in an earlier conversion"
	reasonNUL     Reason = "holds a NUL"
	reasonNoForm  Reason = "has no canonical form"
	reasonDecode  Reason = "not valid in the encoding of the file"
	reasonRagged  Reason = "wrong number of fields"
	reasonQuote   Reason = "stray quotation mark"
	reasonUnnamed Reason = "refused"
)

// The kinds of this package. Pointers make them comparable.
var (
	kindText  = &kind{name: "text", canon: canonText}
	kindExact = &kind{name: "exact", canon: canonExact, exact: true}
	kindEmail = &kind{name: "email", canon: canonEmail}
	kindDate  = &kind{name: "date", canon: canonDate(yearFirst)}
	kindDMY   = &kind{name: "date/DMY", canon: canonDate(dayFirst)}
	kindMDY   = &kind{name: "date/MDY", canon: canonDate(monthFirst)}
	kindCNID  = &kind{name: "cn-id", canon: canonResidentID}
	kindUSCC  = &kind{name: "uscc", canon: canonCreditCode}
)

// Text is for names, addresses and other words: case, width, composition and
// the amount of white space do not matter. Spec name "text".
func Text() Kind { return Kind{kindText} }

// Exact takes the bytes of the value as they are. Spec name "exact".
func Exact() Kind { return Kind{kindExact} }

// Email is for one bare e-mail address. Spec name "email".
func Email() Kind { return Kind{kindEmail} }

// Date is for calendar dates with the year first; the canonical form is
// 2006-01-02. Spec name "date".
func Date() Kind { return Kind{kindDate} }

// DateDMY is [Date] for columns in which the day stands first, DateMDY for
// those in which the month does. All three have the same canonical form, so
// that parties who write dates differently still meet. Spec name "date/DMY".
func DateDMY() Kind { return Kind{kindDMY} }

// DateMDY is described at [DateDMY]. Spec name "date/MDY".
func DateMDY() Kind { return Kind{kindMDY} }

// ResidentID is for resident identity numbers of the People's Republic of
// China (GB 11643): 18 characters with a check character, or 15 digits of the
// older form. Spec name "cn-id".
func ResidentID() Kind { return Kind{kindCNID} }

// CreditCode is for unified social credit codes (GB 32100). Spec name "uscc".
func CreditCode() Kind { return Kind{kindUSCC} }

func builtinKinds() []Kind {
	return []Kind{Text(), Exact(), Email(), Date(), DateDMY(), DateMDY(), ResidentID(), CreditCode()}
}

// KindFunc returns a kind of the caller's own. canon appends the canonical
// form of value, which is never empty, to dst; it must be deterministic, and
// both parties must have the same one. It is called from one goroutine per
// [Keys]. An error that is a [Reason] is reported with its text, any other one
// only as "refused", because it could hold the value.
//
// The name is lower-case letters, digits and hyphens, starts with a letter, and
// may be followed by a slash and a variant of letters, digits and hyphens.
// What stands before the slash is the [Kind.Class] and enters the keys; a
// class of this package is refused. A bad name is reported where the kind is
// used.
func KindFunc(name string, canon func(dst []byte, value string) ([]byte, error)) Kind {
	k := &kind{name: name}
	class, variant, found := strings.Cut(name, "/")
	switch {
	case !isClassName(class) || found && !isVariantName(variant):
		k.err = fmt.Errorf("joinkey: %q is not a name for a kind: want lower-case letters, digits and hyphens, as in loyalty-card or phone/CN", name)
	case isBuiltinClass(class):
		k.err = fmt.Errorf("joinkey: the kind %q belongs to the package; choose another name", class)
	case canon == nil:
		k.err = fmt.Errorf("joinkey: the kind %q has no function", name)
	}
	k.canon = func(_ *scratch, dst, value []byte) ([]byte, error) {
		n := len(dst)
		out, err := canon(dst, string(value))
		if err != nil {
			return dst, err
		}
		if len(out) < n {
			return dst, reasonNoForm // It did not append.
		}
		return out, nil
	}
	return Kind{k}
}

func isBuiltinClass(class string) bool {
	for _, k := range builtinKinds() {
		if k.Class() == class {
			return true
		}
	}
	return false
}

func isClassName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '-'):
		default:
			return false
		}
	}
	return len(s) > 0 && len(s) <= 64
}

func isVariantName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		default:
			return false
		}
	}
	return len(s) > 0 && len(s) <= 64
}

// String returns the name under which [ParseKind] finds the kind: "text",
// "date/DMY".
func (k Kind) String() string {
	if k.k == nil {
		return "invalid"
	}
	return k.k.name
}

// Class returns what the canonical form means, which is the name up to the
// slash: "date" for "date", "date/DMY" and "date/MDY". Parties must agree on
// classes; what follows the slash only tells how a party's own column is
// written.
func (k Kind) Class() string {
	class, _, _ := strings.Cut(k.String(), "/")
	return class
}

func (k Kind) check() error {
	if k.k == nil {
		return errors.New("joinkey: a column has no kind; choose one, such as joinkey.Text()")
	}
	return k.k.err
}

// Append appends the canonical form of one value to dst, for trying out a
// kind and for callers with a format of their own. The error holds nothing of
// the value.
func (k Kind) Append(dst []byte, value string) ([]byte, error) {
	if err := k.check(); err != nil {
		return dst, err
	}
	out, err := k.append(newScratch(), dst, []byte(value))
	if err != nil {
		return dst, fmt.Errorf("joinkey: not a value of kind %s: %w", k, err)
	}
	return out, nil
}

// append is Append without the wrapping; its error is always a Reason.
func (k Kind) append(s *scratch, dst, value []byte) ([]byte, error) {
	out, err := k.k.canon(s, dst, value)
	if err == nil {
		return out, nil
	}
	var r Reason
	if errors.As(err, &r) {
		return dst, r
	}
	return dst, reasonUnnamed
}

func newScratch() *scratch { return &scratch{fold: cases.Fold()} }

// ParseKind returns the kind with the name, from those of this package and
// the extra ones.
func ParseKind(name string, extra ...Kind) (Kind, error) {
	for _, k := range append(builtinKinds(), extra...) {
		if k.k != nil && k.k.name == name {
			return k, k.check()
		}
	}
	if name == "" {
		return Kind{}, fmt.Errorf("joinkey: the kind is missing; there are %s", kindNames(extra))
	}
	return Kind{}, fmt.Errorf("joinkey: there is no kind %q; there are %s", name, kindNames(extra))
}

// kindNames lists the kinds. Large families are cut short: a list of 245
// regions teaches nobody.
func kindNames(extra []Kind) string {
	const few = 3
	var names []string
	for _, k := range builtinKinds() {
		names = append(names, k.String())
	}
	count := make(map[string]int)
	for _, k := range extra {
		count[k.Class()]++
	}
	var more []string
	for _, k := range extra {
		switch n := count[k.Class()]; {
		case n == 0: // The family has been mentioned.
		case n <= few:
			more = append(more, k.String())
		default:
			more = append(more, fmt.Sprintf("%s (and %d more of %s/…)", k, n-1, k.Class()))
			count[k.Class()] = 0
		}
	}
	return strings.Join(append(names, more...), ", ")
}
