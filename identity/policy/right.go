package policy

import (
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

// A Right is one of three: "Hold" (持有权), "Process" (加工使用权) and "Operate"
// (产品经营权).
type Right string

// The three rights.
const (
	Hold    Right = "Hold"
	Process Right = "Process"
	Operate Right = "Operate"
)

// A Grant is a credential that says who has a right. Several can hold one
// resource at the same time.
type Grant struct {
	ID       string            // an IRI
	Issuer   ed25519.PublicKey // who grants
	Holder   ed25519.PublicKey // who is granted
	Subject  identity.Subject  // who the holder is
	Right    Right
	Resource identity.Code   // of a resource or product; with Operate, of the product
	Inputs   []identity.Code // only with Operate: what the product is made of
	From     time.Time       // whole seconds
	Until    time.Time       // the first instant at which it is over

	// StatusList is the IRI of the status list on which StatusIndex tells
	// whether the grant is revoked. Empty, it can only run out.
	StatusList  string
	StatusIndex uint32
}

const maxGrantInputs = 256

// The terms are this library's own, and defined inline, so that nobody needs to
// fetch a context.
const rightContext = `["` + credentialsV2 + `",{"@vocab":"urn:dujiang:right:"}]`

type grantDocument struct {
	Context json.RawMessage  `json:"@context"`
	ID      string           `json:"id"`
	Type    []string         `json:"type"`
	Issuer  string           `json:"issuer"`
	From    string           `json:"validFrom"`
	Until   string           `json:"validUntil"`
	Subject grantSubject     `json:"credentialSubject"`
	Status  *json.RawMessage `json:"credentialStatus,omitempty"`
}

type grantSubject struct {
	ID       string           `json:"id"`
	Subject  identity.Subject `json:"code"`
	Right    Right            `json:"right"`
	Resource identity.Code    `json:"resource"`
	Inputs   []identity.Code  `json:"inputs,omitempty"`
}

type statusEntry struct {
	Type    string `json:"type"`
	Purpose string `json:"statusPurpose"`
	Index   string `json:"statusListIndex"`
	List    string `json:"statusListCredential"`
}

var grantTypes = []string{"VerifiableCredential", "DataRight"}

func (g *Grant) validate() error {
	switch {
	case !clean(g.ID):
		return errors.New("policy: a grant needs an ID without spaces")
	case g.Subject.IsZero():
		return errors.New("policy: a grant needs a Subject")
	case checkKey(g.Issuer) != nil || checkKey(g.Holder) != nil:
		return errors.New("policy: a grant needs the Ed25519 keys of issuer and holder")
	case g.Right != Hold && g.Right != Process && g.Right != Operate:
		return errors.New("policy: Right must be Hold, Process or Operate")
	case !isData(g.Resource) || g.Right == Operate && g.Resource.Kind() != identity.Product:
		return errors.New("policy: Resource is the code of a resource or product, and what is operated is a product")
	case (g.Right == Operate) != (len(g.Inputs) > 0) || len(g.Inputs) > maxGrantInputs:
		return fmt.Errorf("policy: Operate has 1 to %d Inputs, other rights none", maxGrantInputs)
	case !g.From.Before(g.Until) || g.From.Nanosecond() != 0 || g.Until.Nanosecond() != 0:
		return errors.New("policy: From and Until must be whole seconds, and in order")
	case g.StatusList != "" && !clean(g.StatusList):
		return errors.New("policy: StatusList must be an IRI")
	}
	for i, input := range g.Inputs {
		if !isData(input) || slices.Contains(g.Inputs[:i], input) {
			return fmt.Errorf("policy: input %d is no code of a resource or product, or named twice", i+1)
		}
	}
	return nil
}

func isData(c identity.Code) bool {
	return c.Kind() == identity.Resource || c.Kind() == identity.Product
}

// Sign returns the grant as a W3C Verifiable Credential 2.0 with a proof of the
// signer, who must be the issuer.
func (g *Grant) Sign(signer crypto.Signer, created time.Time) ([]byte, error) {
	if err := g.validate(); err != nil {
		return nil, err
	}
	if !g.Issuer.Equal(signer.Public()) {
		return nil, errors.New("policy: the signer is not the issuer")
	}
	d := grantDocument{
		Context: json.RawMessage(rightContext),
		ID:      g.ID,
		Type:    grantTypes,
		Issuer:  didOf(g.Issuer),
		From:    g.From.UTC().Format(time.RFC3339),
		Until:   g.Until.UTC().Format(time.RFC3339),
		Subject: grantSubject{didOf(g.Holder), g.Subject, g.Right, g.Resource, g.Inputs},
	}
	if g.StatusList != "" {
		entry := encode(statusEntry{"BitstringStatusListEntry", revocation, strconv.FormatUint(uint64(g.StatusIndex), 10), g.StatusList})
		d.Status = &entry
	}
	return Secure(encode(d), signer, created)
}

// ParseGrant reads a credential and verifies that its issuer signed it. Whether
// the issuer could grant that right is another question: see Rights.
func ParseGrant(credential []byte) (*Grant, error) {
	document, key, err := Unsecure(credential)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Grant, error) { return nil, fmt.Errorf("%w: %w", ErrCredential, err) }
	var d grantDocument
	if err := strictjson.Decode(document, &d, maxCredential); err != nil {
		return fail(err)
	}
	g := &Grant{ID: d.ID, Issuer: key, Subject: d.Subject.Subject, Right: d.Subject.Right, Resource: d.Subject.Resource, Inputs: d.Subject.Inputs}
	if !slices.Equal(d.Type, grantTypes) || !firstContext(d.Context) {
		return fail(errors.New("it is not a DataRight of the credentials' version 2"))
	}
	if d.Issuer != didOf(key) {
		return fail(errors.New("another than the issuer signed it"))
	}
	if g.Holder, err = keyOf(d.Subject.ID); err != nil {
		return fail(err)
	}
	var errFrom, errUntil error
	g.From, errFrom = time.Parse(time.RFC3339, d.From)
	g.Until, errUntil = time.Parse(time.RFC3339, d.Until)
	if errFrom != nil || errUntil != nil {
		return fail(errors.New("its times are not in the form of RFC 3339"))
	}
	if d.Status != nil {
		var entry statusEntry
		if err := strictjson.Decode(*d.Status, &entry, maxCredential); err != nil {
			return fail(err)
		}
		index, err := strconv.ParseUint(entry.Index, 10, 32)
		if err != nil || entry.Type != "BitstringStatusListEntry" || entry.Purpose != revocation || entry.List == "" {
			return fail(errors.New("its status is not an entry for revocation on a bitstring status list"))
		}
		g.StatusList, g.StatusIndex = entry.List, uint32(index)
	}
	if err := g.validate(); err != nil {
		return fail(err)
	}
	return g, nil
}

// firstContext reports whether a context begins with that of version 2
// [vc-data-model-2.0, section 4.3].
func firstContext(raw json.RawMessage) bool {
	var list []json.RawMessage
	var first string
	return json.Unmarshal(raw, &list) == nil && len(list) > 0 && json.Unmarshal(list[0], &first) == nil && first == credentialsV2
}
