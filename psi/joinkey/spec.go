package joinkey

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Column names one part of a key and says how it is read.
type Column struct {
	Name   string // as in the header; empty if Number is set
	Number int    // counted from 1; 0 if Name is set
	Kind   Kind
}

// A Spec lists the columns of a key in order. Both parties need the same
// [Spec.Kinds]; the names and positions of the columns are each party's own.
type Spec []Column

// maxColumns bounds a spec; a row with more parts is a mistake in the program
// that made it.
const maxColumns = 64

// ParseSpec parses columns separated by commas, each a name or # and a number,
// a colon and a kind:
//
//	given_name:text,surname:text,#10:date
//
// White space around names and kinds does not count. A name with a comma, a
// colon, a quotation mark, a # in front or white space at an end stands in
// quotation marks, doubled where the name has them: "salary, gross":exact.
// The kinds are those of [ParseKind].
func ParseSpec(s string, extra ...Kind) (Spec, error) {
	var spec Spec
	if strings.TrimSpace(s) == "" {
		return nil, fmt.Errorf("joinkey: the key is empty; write column:kind, as in name:text or #1:text; kinds are %s", kindNames(extra))
	}
	for rest, more := s, true; more; {
		var c Column
		var err error
		if c.Name, c.Number, rest, err = cutColumn(rest); err != nil {
			return nil, err
		}
		var name string
		name, rest, more = strings.Cut(rest, ",")
		name = strings.TrimSpace(name)
		if !strings.HasPrefix(name, ":") {
			return nil, fmt.Errorf("joinkey: column %s has no kind; write %s:text, for instance; kinds are %s", c.label(), c.label(), kindNames(extra))
		}
		if c.Kind, err = ParseKind(strings.TrimSpace(name[1:]), extra...); err != nil {
			return nil, fmt.Errorf("joinkey: column %s: %s", c.label(), strings.TrimPrefix(err.Error(), "joinkey: "))
		}
		spec = append(spec, c)
	}
	if err := spec.check(); err != nil {
		return nil, err
	}
	return spec, nil
}

// cutColumn reads a name or number from the front of s, and leaves the colon.
func cutColumn(s string) (name string, number int, rest string, err error) {
	s = strings.TrimLeft(s, " \t")
	if strings.HasPrefix(s, `"`) {
		for i := 1; i < len(s); i++ {
			if s[i] != '"' {
				continue
			}
			if i+1 < len(s) && s[i+1] == '"' {
				i++
				continue
			}
			name = strings.ReplaceAll(s[1:i], `""`, `"`)
			rest = strings.TrimLeft(s[i+1:], " \t")
			if name == "" {
				err = errors.New(`joinkey: "" is not the name of a column; give its number, as in #1:text`)
			} else if rest != "" && rest[0] != ':' && rest[0] != ',' {
				err = fmt.Errorf("joinkey: after the column %s stands %q; want a colon and a kind", quoteName(name), rest)
			}
			return name, 0, rest, err
		}
		return "", 0, "", errors.New("joinkey: a quotation mark in the key is never closed")
	}
	i := strings.IndexAny(s, ":,")
	if i < 0 {
		i = len(s)
	}
	name, rest = strings.TrimSpace(s[:i]), s[i:]
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		number, err := strconv.Atoi(digits)
		if err != nil || number < 1 || digits[0] < '1' || digits[0] > '9' {
			return "", 0, "", fmt.Errorf(`joinkey: %q is not a column number; want #1 or higher (a name that starts with # stands in quotation marks)`, name)
		}
		return "", number, rest, nil
	}
	switch {
	case name == "":
		err = errors.New("joinkey: a column in the key has no name; write column:kind, as in name:text or #1:text")
	case strings.Contains(name, `"`):
		err = fmt.Errorf(`joinkey: a column name with a quotation mark inside stands in quotation marks: %s`, quoteName(name))
	}
	return name, 0, rest, err
}

func quoteName(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// label is the column as ParseSpec takes it.
func (c Column) label() string {
	switch {
	case c.Name == "":
		return "#" + strconv.Itoa(c.Number)
	case c.Name[0] == '#' || strings.ContainsAny(c.Name, `,:"`) || strings.TrimSpace(c.Name) != c.Name:
		return quoteName(c.Name)
	}
	return c.Name
}

// String returns the column as [ParseSpec] takes it: "given_name:text".
func (c Column) String() string { return c.label() + ":" + c.Kind.String() }

// String returns the spec as [ParseSpec] takes it.
func (s Spec) String() string {
	parts := make([]string, len(s))
	for i, c := range s {
		parts[i] = c.String()
	}
	return strings.Join(parts, ",")
}

// Kinds returns the classes of the kinds, "text,text,date", which is what both
// parties must agree on. They are part of each key: parties that differ have
// nothing in common.
func (s Spec) Kinds() string {
	parts := make([]string, len(s))
	for i, c := range s {
		parts[i] = c.Kind.Class()
	}
	return strings.Join(parts, ",")
}

func (s Spec) check() error {
	if len(s) == 0 {
		return errors.New("joinkey: the key has no columns")
	}
	if len(s) > maxColumns {
		return fmt.Errorf("joinkey: the key has %d columns; at most %d are possible", len(s), maxColumns)
	}
	for i, c := range s {
		if (c.Name == "") == (c.Number == 0) || c.Number < 0 {
			return fmt.Errorf("joinkey: column %d of the key needs either a name or a number from 1", i+1)
		}
		if err := c.Kind.check(); err != nil {
			return fmt.Errorf("joinkey: column %s: %s", c.label(), strings.TrimPrefix(err.Error(), "joinkey: "))
		}
		for _, d := range s[:i] {
			if d.Name == c.Name && d.Number == c.Number {
				return fmt.Errorf("joinkey: column %s stands twice in the key", c.label())
			}
		}
	}
	return nil
}

// byNumber reports whether the spec gives every column by its number.
func (s Spec) byNumber() bool {
	for _, c := range s {
		if c.Name != "" {
			return false
		}
	}
	return true
}

// resolve finds the columns of the spec among those of a table, as indices
// from 0. A table without names has names of length zero.
func (s Spec) resolve(names []string, width int) ([]int, error) {
	at := make([]int, len(s))
	for i, c := range s {
		if c.Name == "" {
			if c.Number > width {
				return nil, fmt.Errorf("joinkey: there is no column #%d; the input has %s", c.Number, present(names, width))
			}
			at[i] = c.Number - 1
			continue
		}
		at[i] = -1
		for j, name := range names {
			if name != c.Name {
				continue
			}
			if at[i] >= 0 {
				return nil, fmt.Errorf("joinkey: the column %s is there twice, as #%d and #%d; use the number", c.label(), at[i]+1, j+1)
			}
			at[i] = j
		}
		if at[i] < 0 {
			return nil, fmt.Errorf("joinkey: there is no column %s; the input has %s", c.label(), present(names, width))
		}
	}
	for i := range at {
		for j := range at[:i] {
			if at[i] == at[j] {
				return nil, fmt.Errorf("joinkey: %s and %s are the same column", s[j].label(), s[i].label())
			}
		}
	}
	return at, nil
}

// present lists the columns of an input for an error, within reason: the
// "header" of a file that has none holds data.
func present(names []string, width int) string {
	const most, longest = 100, 64
	if width == 0 {
		return "no columns"
	}
	if len(names) == 0 {
		if width == 1 {
			return "one column without a name"
		}
		return fmt.Sprintf("%d columns without names", width)
	}
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == most {
			fmt.Fprintf(&b, "and %d more", len(names)-most)
			break
		}
		if len(name) > longest {
			name = strings.ToValidUTF8(name[:longest], "") + "…"
		}
		c := Column{Name: name, Number: i + 1}
		if name != "" {
			c.Number = 0
		}
		b.WriteString(c.label())
	}
	return b.String()
}
