package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/registry"
)

// Registrations returns the Registrar that serves r. A nonce is asked for with
// {"code":…,"key":…}, and an operation is sent as registry.Sign makes it.
//
// Registering needs no signed request: an operation is signed itself. What else
// it needs, Config.Approve of the registry decides.
func Registrations(r *registry.Registry) Registrar { return registrations{r} }

// Nonce is the answer to a request for one.
type Nonce struct {
	Nonce string `json:"nonce"`
}

// Registered is the answer to a registration.
type Registered struct {
	Entry    []byte `json:"entry"`    // countersigned, in canonical JSON
	Salt     []byte `json:"salt"`     // opens the entry's commitment in the log
	Position int64  `json:"position"` // there
}

type registrations struct{ r *registry.Registry }

// Nonce returns a nonce for a code and a key.
func (s registrations) Nonce(_ context.Context, body []byte) (any, error) {
	var q struct {
		Code identity.Code  `json:"code"`
		Key  keys.PublicKey `json:"key"`
	}
	if err := strictjson.Decode(body, &q, maxBody); err != nil {
		return nil, faultForm
	}
	nonce, err := s.r.Nonce(q.Code, q.Key)
	if err != nil {
		return nil, faultRegistration(err)
	}
	return &Nonce{nonce}, nil
}

// Register takes a signed operation.
func (s registrations) Register(ctx context.Context, body []byte) (any, error) {
	signed, err := registry.ParseSigned(body)
	if err != nil {
		return nil, faultForm
	}
	receipt, err := s.r.Submit(ctx, signed)
	switch {
	case errors.Is(err, registry.ErrNonce):
		return nil, &Fault{http.StatusConflict, "392001", registry.ErrNonce.Error()}
	case err != nil:
		return nil, faultRegistration(err)
	}
	return &Registered{receipt.Entry, receipt.Salt[:], receipt.Position}, nil
}

// faultRegistration refuses and does not say why: the reasons of a registry are
// not apart from its own faults.
func faultRegistration(error) *Fault {
	return &Fault{http.StatusForbidden, "392002", "the registry refused; check the operation against the history of its code"}
}
