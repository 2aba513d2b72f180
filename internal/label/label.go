// Package label makes every domain separation tag of the library.
//
// Hashes, key derivations and ciphers that serve different purposes must never
// be confused with each other, across protocols, versions and the contexts in
// which callers run them. That holds if all their tags come from one injective
// encoding, which is this:
//
//	"dujiang" || len8(protocol) || protocol || version16 || len8(purpose) || purpose || len16(context) || context
//
// with big-endian integers. The length of every part is in front of it, so two
// tags are equal only if all four parts are.
package label

import (
	"encoding/binary"
	"fmt"
	"math"
)

const project = "dujiang"

// MaxContext is the most bytes a context may have.
const MaxContext = math.MaxUint16

// New returns the tag for one purpose in one version of a protocol, within the
// caller's context, which may be empty. Protocol and purpose are names that the
// library chooses; New panics if one of them is empty or over 255 bytes. A
// context over [MaxContext] bytes is an error.
func New(protocol string, version uint16, purpose string, context []byte) ([]byte, error) {
	if len(context) > MaxContext {
		return nil, fmt.Errorf("label: a context of %d bytes is longer than %d", len(context), MaxContext)
	}
	tag := make([]byte, 0, len(project)+1+len(protocol)+2+1+len(purpose)+2+len(context))
	tag = append(tag, project...)
	tag = appendName(tag, protocol)
	tag = binary.BigEndian.AppendUint16(tag, version)
	tag = appendName(tag, purpose)
	tag = binary.BigEndian.AppendUint16(tag, uint16(len(context)))
	return append(tag, context...), nil
}

func appendName(tag []byte, name string) []byte {
	if len(name) == 0 || len(name) > math.MaxUint8 {
		panic(fmt.Sprintf("label: internal error: a name of %d bytes", len(name)))
	}
	tag = append(tag, byte(len(name)))
	return append(tag, name...)
}
