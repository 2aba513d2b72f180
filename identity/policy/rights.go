package policy

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
)

// Rights are verified grants from which conclusions are drawn:
//
//   - Hold is believed from a root.
//   - Process on a resource is granted by one who holds that resource.
//   - Operate on a product is granted by one who can process every input.
//
// All grants along the way must be in force at the time, and on the issuer's
// current status list if they name one. They are tied together by the keys that they
// name, so whoever changes its key needs its own grants anew before it grants others.
type Rights struct {
	roots  map[string]bool // keys
	grants map[grantKey][]*Grant
	status map[string]*StatusList // by issuer and IRI
}

type grantKey struct {
	right    Right
	resource identity.Code
}

// NewRights verifies credentials. Roots are the keys of registries that are
// trusted to say who holds what.
func NewRights(roots []ed25519.PublicKey, grants, statusLists [][]byte) (*Rights, error) {
	r := &Rights{make(map[string]bool), make(map[grantKey][]*Grant), make(map[string]*StatusList)}
	for _, root := range roots {
		if checkKey(root) != nil {
			return nil, errors.New("policy: a root is no Ed25519 key")
		}
		r.roots[string(root)] = true
	}
	for i, credential := range grants {
		g, err := ParseGrant(credential)
		if err != nil {
			return nil, fmt.Errorf("policy: grant %d: %w", i+1, err)
		}
		key := grantKey{g.Right, g.Resource}
		r.grants[key] = append(r.grants[key], g)
	}
	for i, credential := range statusLists {
		s, err := ParseStatusList(credential)
		if err != nil {
			return nil, fmt.Errorf("policy: status list %d: %w", i+1, err)
		}
		name := string(s.issuer) + s.ID
		// Of several the newest counts, or an old one would undo revocations; of two
		// that are as new, what either revokes is revoked.
		switch old := r.status[name]; {
		case old == nil || s.From.After(old.From):
			r.status[name] = s
		case s.From.Equal(old.From):
			old.merge(s)
		}
	}
	return r, nil
}

// An Explanation is why somebody has a right, or why not.
type Explanation struct {
	Holds    bool
	Who      string // a subject, or the did:key of an issuer of whom no grant was found
	Right    Right
	Resource identity.Code
	Grant    string         // the ID of the credential
	Reason   string         // if it does not hold
	Because  []*Explanation // what the issuer's own right rests on
}

// String returns the tree, a line each, as an auditor reads it.
func (e *Explanation) String() string {
	var b strings.Builder
	e.write(&b, 0)
	return b.String()
}

func (e *Explanation) write(b *strings.Builder, depth int) {
	verdict := "yes"
	if !e.Holds {
		verdict = "no"
	}
	fmt.Fprintf(b, "%s%s: %s %s %s", strings.Repeat("  ", depth), verdict, e.Who, e.Right, e.Resource)
	if e.Grant != "" {
		fmt.Fprintf(b, " by %s", e.Grant)
	}
	if e.Reason != "" {
		fmt.Fprintf(b, ": %s", e.Reason)
	}
	b.WriteByte('\n')
	for _, cause := range e.Because {
		cause.write(b, depth+1)
	}
}

// Explain says whether a subject has a right to a resource at a time, and why.
func (r *Rights) Explain(subject identity.Subject, right Right, resource identity.Code, at time.Time) *Explanation {
	return r.explain(subject, nil, right, resource, at)
}

// explain looks for a grant to a subject, or to a key if that is given.
func (r *Rights) explain(subject identity.Subject, holder ed25519.PublicKey, right Right, resource identity.Code, at time.Time) *Explanation {
	best := &Explanation{Who: subject.String(), Right: right, Resource: resource, Reason: "there is no credential"}
	if holder != nil {
		best.Who = didOf(holder)
	}
	for _, g := range r.grants[grantKey{right, resource}] {
		if holder == nil && g.Subject != subject || holder != nil && !holder.Equal(g.Holder) {
			continue
		}
		if e := r.judge(g, at); e.Holds || best.Grant == "" {
			if best = e; e.Holds {
				break
			}
		}
	}
	return best
}

// judge follows one grant. Rights rest on others for at most two steps, so this
// ends.
func (r *Rights) judge(g *Grant, at time.Time) *Explanation {
	e := &Explanation{Who: g.Subject.String(), Right: g.Right, Resource: g.Resource, Grant: g.ID}
	if at.Before(g.From) || !at.Before(g.Until) {
		e.Reason = "the credential is not in force at this time"
		return e
	}
	if g.StatusList != "" {
		s := r.status[string(g.Issuer)+g.StatusList]
		switch {
		case s == nil || at.Before(s.From) || !at.Before(s.Until):
			e.Reason = "its issuer's status list for this time is missing"
			return e
		case s.revoked(g.StatusIndex):
			e.Reason = "the credential was revoked"
			return e
		}
	}
	switch g.Right {
	case Hold:
		if e.Holds = r.roots[string(g.Issuer)]; !e.Holds {
			e.Reason = "its issuer is no root"
		}
		return e
	case Process:
		e.Because = []*Explanation{r.explain(identity.Subject{}, g.Issuer, Hold, g.Resource, at)}
	case Operate:
		for _, input := range g.Inputs {
			e.Because = append(e.Because, r.explain(identity.Subject{}, g.Issuer, Process, input, at))
		}
	}
	e.Holds = true
	for _, cause := range e.Because {
		if !cause.Holds {
			e.Holds = false
			e.Reason = "its issuer lacks the right that it takes"
		}
	}
	return e
}

// Check returns an error if a subject does not have a right to a resource at a
// time. Explain tells more.
func (r *Rights) Check(subject identity.Subject, right Right, resource identity.Code, at time.Time) error {
	if e := r.Explain(subject, right, resource, at); !e.Holds {
		return fmt.Errorf("policy: no right: %s", e.Reason)
	}
	return nil
}
