package directory

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"unicode"
	"unicode/utf8"

	"github.com/dujiang-dev/dujiang/identity"
)

// A RightKind is what someone may do with a resource or product.
type RightKind string

const (
	Hold    RightKind = "hold"    // 数据资源持有权
	Process RightKind = "process" // 数据加工使用权
	Operate RightKind = "operate" // 数据产品经营权
)

// A Right is what a record claims for somebody. Several subjects may hold the
// same right at once. What proves it is a credential of package policy.
type Right struct {
	Kind    RightKind        `json:"kind"`
	Subject identity.Subject `json:"subject"`
}

// A Status says whether what a code names can be used.
type Status string

const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Withdrawn Status = "withdrawn" // for good; the code stays taken
)

// A Record is what the directory says about a code.
type Record struct {
	// The fields stand in the order of RFC 8785, so that Statement is what
	// that form says without another pass.

	Aliases  []identity.Alias `json:"aliases,omitempty"` // numbers of older registries
	Code     identity.Code    `json:"code"`
	Keywords []string         `json:"keywords,omitempty"`
	Location string           `json:"location,omitempty"` // an https URL where the node answers
	Path     identity.Path    `json:"path,omitzero"`
	// Policy is the usage policy, or its digest, as the caller's policies are
	// referred to.
	Policy      string        `json:"policy,omitempty"`
	Predecessor identity.Code `json:"predecessor,omitzero"` // before a move between regions
	Rights      []Right       `json:"rights,omitempty"`
	Status      Status        `json:"status"`
	Summary     string        `json:"summary,omitempty"`
	Title       string        `json:"title"`
	// Version counts from 1 and grows by one with each change.
	Version uint64 `json:"version"`
}

// Limits of a record.
const (
	maxTitle   = 512  // bytes
	maxSummary = 4096 // bytes
	maxText    = 1024 // bytes of a location or policy
	maxWord    = 128  // bytes of a keyword
	maxList    = 32   // keywords, aliases, rights
	maxVersion = 1<<53 - 1
)

// Validate reports what a directory would not take.
func (r *Record) Validate() error {
	fail := func(field, want string) error {
		return fmt.Errorf("directory: record: %s: want %s", field, want)
	}
	switch {
	case r.Code.IsZero():
		return fail("code", "a code")
	case r.Version < 1 || r.Version > maxVersion:
		return fail("version", "1 to 2^53-1")
	case r.Status != Active && r.Status != Suspended && r.Status != Withdrawn:
		return fail("status", "active, suspended or withdrawn")
	case r.Title == "" || !plain(r.Title, maxTitle):
		return fail("title", "1 to 512 bytes of printable UTF-8")
	case !plain(r.Summary, maxSummary):
		return fail("summary", "at most 4096 bytes of printable UTF-8")
	case !plain(r.Policy, maxText):
		return fail("policy", "at most 1024 bytes of printable UTF-8")
	case !plain(r.Location, maxText):
		return fail("location", "at most 1024 bytes of printable UTF-8")
	case len(r.Keywords) > maxList || len(r.Aliases) > maxList || len(r.Rights) > maxList:
		return fail("keywords, aliases, rights", "at most 32 of each")
	case r.Predecessor == r.Code:
		return fail("predecessor", "another code than the record's own")
	}
	if r.Location != "" {
		if u, err := url.Parse(r.Location); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			return fail("location", "an https URL without a user")
		}
	}
	for i, k := range r.Keywords {
		if k == "" || !plain(k, maxWord) {
			return fail(fmt.Sprintf("keyword %d", i+1), "1 to 128 bytes of printable UTF-8")
		}
	}
	for i, a := range r.Aliases {
		if parsed, err := identity.ParseAlias(a.String()); err != nil || parsed != a {
			return fail(fmt.Sprintf("alias %d", i+1), "an alias that ParseAlias returned")
		}
	}
	for i, right := range r.Rights {
		if right.Kind != Hold && right.Kind != Process && right.Kind != Operate || right.Subject.IsZero() {
			return fail(fmt.Sprintf("right %d", i+1), "hold, process or operate, and a subject")
		}
	}
	return nil
}

// plain reports whether s is at most max bytes of UTF-8 without control
// characters, line separators and directions of text, which could make a
// record look like another.
func plain(s string, max int) bool {
	if len(s) > max || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' || r >= 0x7f && !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) {
			return false
		}
	}
	return true
}

// statementDomain keeps signatures of records apart from all others.
const statementDomain = "dujiang identity directory record v1\n"

// canonical returns the record as JSON in the form of RFC 8785. A valid record
// has no character and no number that encoding/json writes differently.
func (r *Record) canonical() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		panic("directory: internal error: " + err.Error()) // Validate refused what cannot be encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Statement returns what the owner of the record signs: a domain string and the
// record as JSON in the form of RFC 8785.
func (r *Record) Statement() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return append([]byte(statementDomain), r.canonical()...), nil
}

// maxSignature is the most bytes of a signature: post-quantum ones fit.
const maxSignature = 4096

// Signed is a record with its owner's signature.
type Signed struct {
	Record    Record `json:"record"`
	Signature []byte `json:"signature"`
}

// leaf is the canonical form of a Signed, made of that of its record.
func leaf(canonical, signature []byte) []byte {
	b := make([]byte, 0, len(`{"record":,"signature":""}`)+len(canonical)+base64.StdEncoding.EncodedLen(len(signature)))
	b = append(append(b, `{"record":`...), canonical...)
	b = append(b, `,"signature":"`...)
	return append(base64.StdEncoding.AppendEncode(b, signature), `"}`...)
}
