package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/report"
)

// Reports takes what the sides of a contract report, as Sign of package report
// makes it. A report is kept only if the sender of the request signed it too. Over
// HTTP it has at most 64 KiB. All fields but Accepted must be set.
type Reports struct {
	Profile identity.Profile
	// Key returns the key that is registered for the sender now, or ErrNotFound.
	Key func(ctx context.Context, sender string) (keys.PublicKey, error)
	// Accepted are the algorithms of keys; Ed25519 alone if there are none.
	Accepted keys.Algorithms
	// Feedback and Fulfillment keep a report whose signature holds, with the body
	// that carries it. Whether the sender is a side of the contract is for them to
	// check. The same report may come twice: a signature does not say that it
	// is new. The sender gets to see a Fault, and of other errors nothing.
	Feedback    func(ctx context.Context, sender string, f *report.Feedback, body []byte) error
	Fulfillment func(ctx context.Context, sender string, f *report.Fulfillment, body []byte) error
}

var faultReport = &Fault{http.StatusBadRequest, "293001", "the report is malformed or not signed by its sender's registered key"}

func (r *Reports) check() error {
	if r.Key == nil || r.Feedback == nil || r.Fulfillment == nil {
		return errors.New("api: Reports needs Key, Feedback and Fulfillment")
	}
	return nil
}

func (s *server) reportRoutes() []route {
	r := s.cfg.Reports
	if r == nil {
		return nil
	}
	return []route{
		{"POST", "/report/executionFeedback", s.call(signers, func(ctx context.Context, sender string, body []byte) (any, error) {
			return nil, takeReport(ctx, r, sender, body, report.ParseFeedback, r.Feedback)
		})},
		{"POST", "/report/fulfillmentProof", s.call(signers, func(ctx context.Context, sender string, body []byte) (any, error) {
			return nil, takeReport(ctx, r, sender, body, report.ParseFulfillment, r.Fulfillment)
		})},
	}
}

func takeReport[T any](ctx context.Context, r *Reports, sender string, body []byte,
	parse func([]byte, identity.Profile, keys.PublicKey, ...keys.Algorithm) (*T, error),
	keep func(context.Context, string, *T, []byte) error) error {
	key, err := r.Key(ctx, sender)
	if err != nil {
		return err
	}
	parsed, err := parse(body, r.Profile, key, r.Accepted...)
	if err != nil {
		return faultReport
	}
	return keep(ctx, sender, parsed, body)
}
