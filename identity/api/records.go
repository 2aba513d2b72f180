package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// Records returns the Directory that serves a store, such as Store of a
// directory.Directory. Its answers are a Resolved and a Page.
func Records(s directory.Store) Directory { return records{s} }

// Resolved is the answer to a code.
type Resolved struct {
	Record    directory.Record `json:"record"`
	Signature []byte           `json:"signature"` // of its owner
	// Proof is the file that directory.VerifyProof checks, with the same
	// record in it. A record that is newer than the last checkpoint has none
	// yet.
	Proof string `json:"proof,omitempty"`
}

// Page is the answer to a search.
type Page struct {
	Records []directory.Signed `json:"records"`
	More    bool               `json:"more"` // behind these
}

type records struct{ d directory.Store }

// faultCode is the answer to what is no code. What is wrong with it, the sender
// may know: the text of identity names positions and shows nothing.
func faultCode(err error) *Fault {
	return &Fault{http.StatusBadRequest, "291001", err.Error()}
}

func (r records) Resolve(ctx context.Context, text string) (any, error) {
	code, err := identity.Parse(text)
	if err != nil {
		return nil, faultCode(err)
	}
	for {
		s, err := r.d.Resolve(ctx, code)
		if errors.Is(err, directory.ErrNotFound) {
			return nil, ErrNotFound
		}
		if err != nil {
			return nil, err
		}
		proof, err := r.d.Prove(ctx, code)
		if err != nil && !errors.Is(err, evidence.ErrUnpublished) {
			return nil, err
		}
		// A record that changed in between would not be the proof's.
		if again, err := r.d.Resolve(ctx, code); err == nil && again.Record.Version == s.Record.Version {
			return &Resolved{s.Record, s.Signature, string(proof)}, nil
		}
	}
}

func (r records) Search(ctx context.Context, s Search) (any, error) {
	if s.Order != "" {
		return nil, &Fault{http.StatusBadRequest, "291002", "records come in the order of their registration; leave order out"}
	}
	// One more, to see whether there is more.
	q := &directory.Query{Text: s.Keywords, Offset: s.Offset, Limit: s.Limit + 1}
	if _, err := q.Terms(); err != nil {
		return nil, &Fault{http.StatusBadRequest, "291003", err.Error()}
	}
	found, err := r.d.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	page := &Page{Records: found, More: len(found) > s.Limit}
	if page.More {
		page.Records = found[:s.Limit]
	}
	if page.Records == nil {
		page.Records = []directory.Signed{}
	}
	return page, nil
}
