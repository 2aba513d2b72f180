package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/dujiang-dev/dujiang/identity/dsp"
)

// A Catalog answers the catalogue messages of the Dataspace Protocol. sender is
// empty for a reader that did not sign.
type Catalog interface {
	// Catalog returns one page, and the name of the next one or nothing. The
	// first page is the empty name.
	Catalog(ctx context.Context, sender string, request *dsp.CatalogRequest, page string) (c *dsp.Catalog, next string, err error)
	// Dataset returns one dataset, or ErrNotFound.
	Dataset(ctx context.Context, sender, id string) (*dsp.Dataset, error)
}

// A Negotiator is the provider's side of contract negotiations. It must see to
// it that a negotiation is touched by its own consumer only, and use
// dsp.State.Next for what may follow on what.
type Negotiator interface {
	// Start opens a negotiation.
	Start(ctx context.Context, sender string, m *dsp.ContractRequest) (*dsp.Negotiation, error)
	// Get returns a negotiation of the sender's, or ErrNotFound.
	Get(ctx context.Context, sender, providerPID string) (*dsp.Negotiation, error)
	// Receive takes the consumer's next message: a *dsp.ContractRequest,
	// *dsp.ContractEvent, *dsp.ContractAgreementVerification or
	// *dsp.ContractTermination. What does not belong there is dsp.ErrState.
	Receive(ctx context.Context, sender, providerPID string, m dsp.Message) error
}

// A Consumer is the other side of negotiations, which a provider calls back. It
// must see to it that a negotiation is touched by its own provider only, and
// use dsp.State.Next for what may follow on what.
type Consumer interface {
	// Offered takes an offer that opens a negotiation.
	Offered(ctx context.Context, sender string, m *dsp.ContractOffer) (*dsp.Negotiation, error)
	// Receive takes the provider's next message: a *dsp.ContractOffer,
	// *dsp.ContractAgreement, *dsp.ContractEvent or *dsp.ContractTermination.
	// What does not belong there is dsp.ErrState.
	Receive(ctx context.Context, sender, consumerPID string, m dsp.Message) error
}

const dspPath = "/dsp/2025-1"

func (s *server) dspRoutes() (routes []route) {
	if s.cfg.Catalog != nil || s.cfg.Negotiator != nil || s.cfg.Consumer != nil {
		routes = append(routes, route{"GET", "/.well-known/dspace-version", s.dspVersion})
	}
	if s.cfg.Catalog != nil {
		routes = append(routes,
			route{"POST", dspPath + "/catalog/request", s.dspCatalog},
			route{"GET", dspPath + "/catalog/datasets/{id}", s.dspDataset})
	}
	if p := s.cfg.Negotiator; p != nil {
		const one = dspPath + "/negotiations/{pid}"
		receive := func(make func() dsp.Message) http.HandlerFunc { return s.dspReceive(false, p.Receive, make) }
		routes = append(routes,
			route{"POST", dspPath + "/negotiations/request", s.dspOpen(func(ctx context.Context, sender string, body []byte) (*dsp.Negotiation, error) {
				var m dsp.ContractRequest
				if err := dsp.Decode(body, &m); err != nil || m.ProviderPID != "" {
					return nil, faultForm
				}
				return p.Start(ctx, sender, &m)
			})},
			route{"GET", one, s.dspNegotiation},
			route{"POST", one + "/request", receive(func() dsp.Message { return new(dsp.ContractRequest) })},
			route{"POST", one + "/events", receive(func() dsp.Message { return new(dsp.ContractEvent) })},
			route{"POST", one + "/agreement/verification", receive(func() dsp.Message { return new(dsp.ContractAgreementVerification) })},
			route{"POST", one + "/termination", receive(func() dsp.Message { return new(dsp.ContractTermination) })})
	}
	if c := s.cfg.Consumer; c != nil {
		const one = dspPath + "/callback/negotiations/{pid}"
		receive := func(make func() dsp.Message) http.HandlerFunc { return s.dspReceive(true, c.Receive, make) }
		routes = append(routes,
			route{"POST", dspPath + "/negotiations/offers", s.dspOpen(func(ctx context.Context, sender string, body []byte) (*dsp.Negotiation, error) {
				var m dsp.ContractOffer
				if err := dsp.Decode(body, &m); err != nil || m.ConsumerPID != "" {
					return nil, faultForm
				}
				return c.Offered(ctx, sender, &m)
			})},
			route{"POST", one + "/offers", receive(func() dsp.Message { return new(dsp.ContractOffer) })},
			route{"POST", one + "/agreement", receive(func() dsp.Message { return new(dsp.ContractAgreement) })},
			route{"POST", one + "/events", receive(func() dsp.Message { return new(dsp.ContractEvent) })},
			route{"POST", one + "/termination", receive(func() dsp.Message { return new(dsp.ContractTermination) })})
	}
	return routes
}

func (s *server) dspVersion(w http.ResponseWriter, _ *http.Request) {
	writeAnswer(w, http.StatusOK, &dsp.Versions{ProtocolVersions: []dsp.Version{{Version: "2025-1", Path: dspPath, Binding: "HTTPS",
		Auth: &dsp.Auth{Protocol: "NDI-TR-2025-03", Version: "1"}}}})
}

func (s *server) dspCatalog(w http.ResponseWriter, r *http.Request) {
	body, sender, err := s.receive(w, r, readers)
	if err != nil {
		writeCatalogError(w, err)
		return
	}
	var m dsp.CatalogRequest
	if err := dsp.Decode(body, &m); err != nil {
		writeCatalogError(w, faultForm)
		return
	}
	c, next, err := s.cfg.Catalog.Catalog(r.Context(), sender, &m, r.URL.Query().Get("page"))
	if err != nil {
		writeCatalogError(w, err)
		return
	}
	if next != "" { // pages by Link, RFC 8288, as the protocol has it
		w.Header().Set("Link", "<"+dspPath+"/catalog/request?page="+url.QueryEscape(next)+`>; rel="next"`)
	}
	c.Context, c.Type = []string{dsp.Context}, "Catalog"
	writeAnswer(w, http.StatusOK, c)
}

func (s *server) dspDataset(w http.ResponseWriter, r *http.Request) {
	_, sender, err := s.receive(w, r, readers)
	if err != nil {
		writeCatalogError(w, err)
		return
	}
	d, err := s.cfg.Catalog.Dataset(r.Context(), sender, r.PathValue("id"))
	if err != nil {
		writeCatalogError(w, err)
		return
	}
	d.Context, d.Type = []string{dsp.Context}, "Dataset"
	writeAnswer(w, http.StatusOK, d)
}

func writeCatalogError(w http.ResponseWriter, err error) {
	f := asFault(err)
	writeAnswer(w, f.Status, &dsp.CatalogError{Context: []string{dsp.Context}, Type: "CatalogError", Code: f.Code, Reason: []string{f.Message}})
}

// dspOpen handles the message that opens a negotiation.
func (s *server) dspOpen(open func(ctx context.Context, sender string, body []byte) (*dsp.Negotiation, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, sender, err := s.receive(w, r, signers)
		var n *dsp.Negotiation
		if err == nil {
			n, err = open(r.Context(), sender, body)
		}
		if err != nil {
			writeNegotiationError(w, err, pids(body))
			return
		}
		writeNegotiation(w, http.StatusCreated, n)
	}
}

func (s *server) dspNegotiation(w http.ResponseWriter, r *http.Request) {
	pid := r.PathValue("pid")
	_, sender, err := s.receive(w, r, signers)
	if err != nil {
		writeNegotiationError(w, err, messagePIDs{ProviderPID: pid})
		return
	}
	n, err := s.cfg.Negotiator.Get(r.Context(), sender, pid)
	if err != nil {
		writeNegotiationError(w, err, messagePIDs{ProviderPID: pid})
		return
	}
	writeNegotiation(w, http.StatusOK, n)
}

// dspReceive handles a further message. The pid in the path is the receiver's,
// which the message names too.
func (s *server) dspReceive(atConsumer bool, receive func(ctx context.Context, sender, pid string, m dsp.Message) error, make func() dsp.Message) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		pid := r.PathValue("pid")
		body, sender, err := s.receive(w, r, signers)
		ids := pids(body)
		own := &ids.ProviderPID
		if atConsumer {
			own = &ids.ConsumerPID
		}
		if err == nil {
			m := make()
			if err = dsp.Decode(body, m); err != nil || *own != pid {
				err = faultForm
			} else {
				err = receive(r.Context(), sender, pid, m)
			}
		}
		if err != nil {
			*own = pid
			writeNegotiationError(w, err, ids)
			return
		}
		w.WriteHeader(http.StatusOK)
	}
}

func writeNegotiation(w http.ResponseWriter, status int, n *dsp.Negotiation) {
	n.Context, n.Type = []string{dsp.Context}, "ContractNegotiation"
	writeAnswer(w, status, n)
}

type messagePIDs struct {
	ProviderPID string `json:"providerPid"`
	ConsumerPID string `json:"consumerPid"`
}

// pids returns the ids in a message, as far as it has them.
func pids(body []byte) (ids messagePIDs) {
	if len(body) <= dsp.MaxMessage && json.Unmarshal(body, &ids) != nil {
		return messagePIDs{}
	}
	return ids
}

// faultState is the answer to dsp.ErrState.
var faultState = &Fault{http.StatusBadRequest, "390006", "this message may not be sent in this state of the negotiation"}

// writeNegotiationError answers with the ids of the request; the schema wants
// both, so what the request lacks is told as unknown.
func writeNegotiationError(w http.ResponseWriter, err error, ids messagePIDs) {
	if errors.Is(err, dsp.ErrState) {
		err = faultState
	}
	f := asFault(err)
	for _, id := range []*string{&ids.ProviderPID, &ids.ConsumerPID} {
		if *id == "" {
			*id = "unknown"
		}
	}
	writeAnswer(w, f.Status, &dsp.NegotiationError{Context: []string{dsp.Context}, Type: "ContractNegotiationError",
		ProviderPID: ids.ProviderPID, ConsumerPID: ids.ConsumerPID, Code: f.Code, Reason: []string{f.Message}})
}
