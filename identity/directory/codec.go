package directory

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/identity"
)

// The file of a directory has two kinds of records: an entry, and the news that
// entries are in the evidence log.
const (
	tagEntry  = 1 // salt (16) || signature || the record's fields
	tagLogged = 2 // first entry || number of entries || index of the first in the log, as varints
)

const saltSize = 16

// maxStored is the most bytes of an entry, from the limits of a record.
const maxStored = 64 << 10

var errStored = errors.New("directory: an entry of the file is malformed")

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendEntry appends the stored form. Subjects and kinds have fixed sizes or
// one letter; everything else has its length before it.
func appendEntry(b []byte, s *Signed, salt [saltSize]byte) []byte {
	r := &s.Record
	b = append(append(b, tagEntry), salt[:]...)
	b = appendString(b, string(s.Signature))
	b = appendString(b, r.Code.String())
	b = binary.AppendUvarint(b, r.Version)
	b = append(b, r.Status[0])
	b = appendString(b, r.Title)
	b = appendString(b, r.Path.String())
	b = appendString(b, r.Summary)
	b = appendString(b, r.Location)
	b = appendString(b, r.Policy)
	b = appendString(b, r.Predecessor.String())
	b = append(b, byte(len(r.Keywords)), byte(len(r.Aliases)), byte(len(r.Rights)))
	for _, k := range r.Keywords {
		b = appendString(b, k)
	}
	for _, a := range r.Aliases {
		b = appendString(b, a.String())
	}
	for _, right := range r.Rights {
		b = append(append(b, right.Kind[0]), right.Subject.String()...)
	}
	return b
}

// A reader takes an entry apart. Its first error sticks.
type reader struct {
	rest string
	err  error
}

func (d *reader) take(n uint64) string {
	if d.err != nil || n > uint64(len(d.rest)) {
		d.err = errStored
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *reader) byte() byte {
	if s := d.take(1); s != "" {
		return s[0]
	}
	return 0
}

func (d *reader) uvarint() uint64 {
	x, shift := uint64(0), 0
	for shift < 63 {
		b := d.byte()
		x |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return x
		}
		shift += 7
	}
	d.err = errStored
	return 0
}

func (d *reader) string() string { return d.take(d.uvarint()) }

// parse reads a value with one of identity's functions.
func parse[T any](d *reader, s string, f func(string) (T, error)) (v T) {
	if d.err != nil {
		return v
	}
	v, err := f(s)
	if err != nil {
		d.err = fmt.Errorf("%w: %w", errStored, err)
	}
	return v
}

// decodeEntry is the inverse of appendEntry. All texts share the memory of
// stored.
func decodeEntry(stored string) (Signed, [saltSize]byte, error) {
	return decode(stored, nil)
}

// decode returns the record of an entry in memory, whose code and path need not
// be read again.
func (e *entry) decode() (Signed, [saltSize]byte, error) { return decode(e.stored, e) }

func decode(stored string, known *entry) (s Signed, salt [saltSize]byte, err error) {
	d := reader{rest: stored}
	if d.byte() != tagEntry {
		return s, salt, errStored
	}
	copy(salt[:], d.take(saltSize))
	s.Signature = []byte(d.string())
	r := &s.Record
	code := d.string()
	if known != nil {
		r.Code, r.Path = known.code, known.path
	} else {
		r.Code = parse(&d, code, identity.Parse)
	}
	r.Version = d.uvarint()
	switch d.byte() {
	case Active[0]:
		r.Status = Active
	case Suspended[0]:
		r.Status = Suspended
	case Withdrawn[0]:
		r.Status = Withdrawn
	default:
		d.err = errStored
	}
	r.Title = d.string()
	if path := d.string(); path != "" && known == nil {
		r.Path = parse(&d, path, identity.ParsePath)
	}
	r.Summary, r.Location, r.Policy = d.string(), d.string(), d.string()
	if code := d.string(); code != "" {
		r.Predecessor = parse(&d, code, identity.Parse)
	}
	keywords, aliases, rights := d.byte(), d.byte(), d.byte()
	if d.err != nil || max(keywords, aliases, rights) > maxList {
		return Signed{}, salt, errStored
	}
	r.Keywords = list[string](keywords)
	for range keywords {
		r.Keywords = append(r.Keywords, d.string())
	}
	r.Aliases = list[identity.Alias](aliases)
	for range aliases {
		r.Aliases = append(r.Aliases, parse(&d, d.string(), identity.ParseAlias))
	}
	r.Rights = list[Right](rights)
	for range rights {
		kind := Hold
		switch d.byte() {
		case Hold[0]:
		case Process[0]:
			kind = Process
		case Operate[0]:
			kind = Operate
		default:
			d.err = errStored
		}
		r.Rights = append(r.Rights, Right{kind, parse(&d, d.take(18), identity.ParseSubject)})
	}
	if d.err != nil || d.rest != "" {
		return Signed{}, salt, errStored
	}
	return s, salt, nil
}

func list[T any](n byte) []T {
	if n == 0 {
		return nil
	}
	return make([]T, 0, n)
}
