// Package strictjson reads JSON that comes from others, so that what one program
// checks is what every other program sees.
//
// encoding/json is lenient where that matters for signed statements: it takes
// the last of two equal names, matches names whatever their case, repairs bad
// Unicode, rounds large numbers and nests without a limit that callers choose. [Decode]
// refuses all of these, unknown names, null in place of a value, and anything
// behind the value.
package strictjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dujiang-dev/dujiang/identity"
)

// MaxDepth is how deep objects and arrays may be nested.
const MaxDepth = 32

const maxInteger = 1<<53 - 1 // [RFC 7493, section 2.2]

// Decode reads the one JSON value that b is into v, a pointer. On an error v is
// left as it was. Fields of type [json.RawMessage], map and any take any names.
//
// Embedded structs are not supported, and a type that has an UnmarshalJSON of its
// own, other than json.RawMessage, sees to its names itself.
func Decode(b []byte, v any, maxBytes int) error { return decode(b, v, maxBytes, false) }

// DecodeForeign is Decode for documents that others designed: it takes every
// number. What of a number is signed is a double [RFC 8785, section 3.2.2.3], so
// whoever checks a signature must go on with the canonical text.
func DecodeForeign(b []byte, v any, maxBytes int) error { return decode(b, v, maxBytes, true) }

func decode(b []byte, v any, maxBytes int, foreign bool) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		panic("strictjson: internal error: Decode needs a pointer")
	}
	if len(b) > maxBytes {
		return fmt.Errorf("strictjson: more than %d bytes", maxBytes)
	}
	if !utf8.Valid(b) {
		return errors.New("strictjson: the text is not UTF-8")
	}
	if err := surrogates(b); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := (&walker{d, foreign}).value(target.Type().Elem(), 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("strictjson: something follows the value")
	}
	fresh := reflect.New(target.Type().Elem())
	if err := json.Unmarshal(b, fresh.Interface()); err != nil {
		// The texts of encoding/json quote the input.
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("strictjson: field %s is of the wrong type", wrong.Field)
		}
		if wrong, ok := errors.AsType[*identity.ParseError](err); ok {
			return fmt.Errorf("strictjson: a value does not have the form of its field: %w", wrong)
		}
		return errors.New("strictjson: a value does not have the form of its field")
	}
	target.Elem().Set(fresh.Elem())
	return nil
}

var errSyntax = errors.New("strictjson: the text is not complete JSON")

type walker struct {
	*json.Decoder
	foreign bool
}

// value walks over one value, of which nothing is known if t is nil.
func (w *walker) value(t reflect.Type, depth int) error {
	token, err := w.Token()
	if err != nil {
		return errSyntax
	}
	if token == nil && t != nil && t.Kind() != reflect.Interface && !reflect.PointerTo(t).Implements(unmarshaler) {
		return errors.New("strictjson: null is no value here; leave the name out")
	}
	t = element(t)
	switch token := token.(type) {
	case json.Delim:
		if depth == MaxDepth {
			return fmt.Errorf("strictjson: nested deeper than %d", MaxDepth)
		}
		if token == '{' {
			return w.object(t, depth+1)
		}
		if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
			t = t.Elem()
		} else {
			t = nil
		}
		for w.More() {
			if err := w.value(t, depth+1); err != nil {
				return err
			}
		}
		if _, err := w.Token(); err != nil {
			return errSyntax
		}
	case json.Number:
		if w.foreign {
			break
		}
		n, err := strconv.ParseInt(token.String(), 10, 64)
		if err != nil || n > maxInteger || n < -maxInteger || strconv.FormatInt(n, 10) != token.String() {
			return errors.New("strictjson: a number is no integer within 2^53; write others as strings")
		}
	}
	return nil
}

func (w *walker) object(t reflect.Type, depth int) error {
	seen := map[string]bool{}
	for w.More() {
		token, err := w.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return errSyntax
		}
		if seen[name] {
			return errors.New("strictjson: a name occurs twice in one object")
		}
		seen[name] = true
		var next reflect.Type
		switch {
		case t == nil:
		case t.Kind() == reflect.Struct:
			if next, ok = field(t, name); !ok {
				return fmt.Errorf("strictjson: an object has a name that does not belong there; known are %s", strings.Join(names(t), ", "))
			}
		case t.Kind() == reflect.Map:
			next = t.Elem()
		}
		if err := w.value(next, depth); err != nil {
			return err
		}
	}
	if _, err := w.Token(); err != nil {
		return errSyntax
	}
	return nil
}

// element returns the type whose names count, or nil if any do.
func element(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer && !own(t) {
		t = t.Elem()
	}
	if t == nil || t.Kind() == reflect.Interface || own(t) || own(reflect.PointerTo(t)) {
		return nil
	}
	return t
}

var (
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func own(t reflect.Type) bool { return t.Implements(unmarshaler) || t.Implements(textUnmarshaler) }

func field(t reflect.Type, name string) (reflect.Type, bool) {
	for i := range t.NumField() {
		if f := t.Field(i); nameOf(f) == name && name != "" {
			return f.Type, true
		}
	}
	return nil, false
}

func names(t reflect.Type) (all []string) {
	for i := range t.NumField() {
		if name := nameOf(t.Field(i)); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// nameOf is the name of a field in JSON, or empty if it has none.
func nameOf(f reflect.StructField) string {
	tag := f.Tag.Get("json")
	name, _, _ := strings.Cut(tag, ",")
	switch {
	case f.Anonymous:
		panic("strictjson: internal error: embedded struct " + f.Name)
	case tag == "-" || !f.IsExported():
		return ""
	case name == "":
		return f.Name
	}
	return name
}

// surrogates refuses \u escapes of half a character, which decoders replace by
// U+FFFD or keep, each as it likes.
func surrogates(b []byte) error {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 >= len(b) {
			return nil
		}
		if b[i+1] != 'u' {
			b = b[i+2:]
			continue
		}
		high := escape(b[i:])
		b = b[i+2:]
		if high < 0xd800 || high > 0xdfff {
			continue
		}
		if low := escape(b[min(4, len(b)):]); high > 0xdbff || low < 0xdc00 || low > 0xdfff {
			return errors.New("strictjson: half of a surrogate pair")
		}
		b = b[10:] // the rest of the first escape and the second
	}
}

// escape returns the value of the \u escape that b starts with, or -1.
func escape(b []byte) int {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}
