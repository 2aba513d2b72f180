package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/dsp"
)

type catalog struct{}

var dataset = dsp.Dataset{ID: "urn:d", Type: "Dataset",
	HasPolicy:    []dsp.Policy{{ID: "urn:o", Type: "Offer", Permission: []dsp.Rule{{Action: "use"}}}},
	Distribution: []dsp.Distribution{{Format: "HttpData-PULL", AccessService: json.RawMessage(`"urn:s"`)}}}

func (catalog) Catalog(_ context.Context, _ string, _ *dsp.CatalogRequest, page string) (*dsp.Catalog, string, error) {
	c := &dsp.Catalog{ID: "urn:c", ParticipantID: "urn:p", Dataset: []dsp.Dataset{dataset}}
	if page == "" {
		return c, "second page", nil
	}
	return c, "", nil
}

func (catalog) Dataset(_ context.Context, _, id string) (*dsp.Dataset, error) {
	if id != "urn:d" {
		return nil, ErrNotFound
	}
	d := dataset
	return &d, nil
}

// negotiator keeps one negotiation.
type negotiator struct {
	mu sync.Mutex
	n  *dsp.Negotiation
}

func (p *negotiator) Start(_ context.Context, _ string, m *dsp.ContractRequest) (*dsp.Negotiation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n = &dsp.Negotiation{ProviderPID: "p1", ConsumerPID: m.ConsumerPID, State: dsp.Requested}
	return p.n, nil
}

func (p *negotiator) Get(_ context.Context, _, pid string) (*dsp.Negotiation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n == nil || pid != p.n.ProviderPID {
		return nil, ErrNotFound
	}
	n := *p.n
	return &n, nil
}

func (p *negotiator) Receive(_ context.Context, _, pid string, m dsp.Message) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n == nil || pid != p.n.ProviderPID {
		return ErrNotFound
	}
	p.n.State, err = p.n.State.Next(m, false)
	return err
}

// consumer keeps one negotiation.
type consumer struct{ state dsp.State }

func (c *consumer) Offered(_ context.Context, _ string, m *dsp.ContractOffer) (*dsp.Negotiation, error) {
	c.state = dsp.Offered
	return &dsp.Negotiation{ProviderPID: m.ProviderPID, ConsumerPID: "c1", State: c.state}, nil
}

func (c *consumer) Receive(_ context.Context, _, pid string, m dsp.Message) (err error) {
	if pid != "c1" {
		return ErrNotFound
	}
	c.state, err = c.state.Next(m, true)
	return err
}

// schema returns one of the published schemas, or nil where they are not.
func schema(t testing.TB, name string) *jsonschema.Schema {
	const base = "https://w3id.org/dspace/2025/1/"
	files, err := filepath.Glob("../../../shared/vectors/dsp-2025-1/*/*-schema.json")
	require.NoError(t, err)
	if len(files) == 0 {
		return nil
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{})
	for _, file := range files {
		f, err := os.Open(file)
		require.NoError(t, err)
		doc, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		require.NoError(t, err)
		require.NoError(t, c.AddResource(base+filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), doc))
	}
	s, err := c.Compile(base + name + "-schema.json")
	require.NoError(t, err)
	return s
}

func conforms(t testing.TB, w *httptest.ResponseRecorder, status int, name string) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	if s := schema(t, name); s != nil {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(w.Body.String()))
		require.NoError(t, err)
		require.NoError(t, s.Validate(v), w.Body.String())
	}
}

const head = `{"@context":["` + dsp.Context + `"],"@type":"`

func TestCatalog(t *testing.T) {
	cfg := config()
	full(t, cfg)
	h := handler(t, cfg)
	conforms(t, do(h, httptest.NewRequest("GET", "/.well-known/dspace-version", nil)), 200, "common/protocol-version")
	request := head + `CatalogRequestMessage"}`
	w := do(h, signedPost(t, h, "/dsp/2025-1/catalog/request", request))
	conforms(t, w, 200, "catalog/catalog")
	next := w.Header().Get("Link")
	require.Equal(t, `</dsp/2025-1/catalog/request?page=second+page>; rel="next"`, next)
	w = do(h, signedPost(t, h, "/dsp/2025-1/catalog/request?page=second+page", request))
	conforms(t, w, 200, "catalog/catalog")
	require.Empty(t, w.Header().Get("Link"))
	conforms(t, do(h, post("/dsp/2025-1/catalog/request", request)), 401, "catalog/catalog-error")
	conforms(t, do(h, signedPost(t, h, "/dsp/2025-1/catalog/request", `{}`)), 400, "catalog/catalog-error")
	get := func(id string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/dsp/2025-1/catalog/datasets/"+id, nil)
		require.NoError(t, signer().Apply(r, nil, instance(h)))
		return do(h, r)
	}
	conforms(t, get("urn:d"), 200, "catalog/dataset")
	conforms(t, get("urn:x"), 404, "catalog/catalog-error")
}

func TestNegotiation(t *testing.T) {
	cfg := config()
	full(t, cfg)
	h := handler(t, cfg)
	const path = "/dsp/2025-1/negotiations/"
	const ids = `"providerPid":"p1","consumerPid":"c1"`
	offer := `"offer":{"@type":"Offer","@id":"urn:o","target":"urn:d","permission":[{"action":"use"}]}`
	first := head + `ContractRequestMessage","consumerPid":"c1",` + offer + `,"callbackAddress":"https://c.example"}`

	conforms(t, do(h, post(path+"request", first)), 401, "negotiation/contract-negotiation-error")
	conforms(t, do(h, signedPost(t, h, path+"request", `{}`)), 400, "negotiation/contract-negotiation-error")
	conforms(t, do(h, signedPost(t, h, path+"request", head+`ContractRequestMessage",`+ids+`,`+offer+`}`)), 400, "negotiation/contract-negotiation-error")
	conforms(t, do(h, signedPost(t, h, path+"request", first)), 201, "negotiation/contract-negotiation")

	get := func(pid string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path+pid, nil)
		require.NoError(t, signer().Apply(r, nil, instance(h)))
		return do(h, r)
	}
	conforms(t, get("p1"), 200, "negotiation/contract-negotiation")
	conforms(t, get("p2"), 404, "negotiation/contract-negotiation-error")

	send := func(what, pid, typ, more string) *httptest.ResponseRecorder {
		return do(h, signedPost(t, h, path+pid+what, head+typ+`",`+ids+more+`}`))
	}
	conforms(t, send("/events", "p1", "ContractNegotiationEventMessage", `,"eventType":"ACCEPTED"`), 400, "negotiation/contract-negotiation-error")
	conforms(t, send("/agreement/verification", "p1", "ContractAgreementVerificationMessage", ""), 400, "negotiation/contract-negotiation-error")
	conforms(t, send("/termination", "p2", "ContractNegotiationTerminationMessage", ""), 400, "negotiation/contract-negotiation-error")
	cfg.Negotiator.(*negotiator).n.State = dsp.Offered
	require.Equal(t, 200, send("/request", "p1", "ContractRequestMessage", ","+offer).Code)
	cfg.Negotiator.(*negotiator).n.State = dsp.Offered
	require.Equal(t, 200, send("/events", "p1", "ContractNegotiationEventMessage", `,"eventType":"ACCEPTED"`).Code)
	cfg.Negotiator.(*negotiator).n.State = dsp.Agreed
	require.Equal(t, 200, send("/agreement/verification", "p1", "ContractAgreementVerificationMessage", "").Code)
	require.Equal(t, http.StatusOK, send("/termination", "p1", "ContractNegotiationTerminationMessage", "").Code)
	require.Contains(t, get("p1").Body.String(), "TERMINATED")
}

func TestConsumer(t *testing.T) {
	cfg := config()
	full(t, cfg)
	h := handler(t, cfg)
	c := cfg.Consumer.(*consumer)
	const offer = `,"offer":{"@type":"Offer","@id":"urn:o","target":"urn:d","permission":[{"action":"use"}]}`
	const agreement = `,"agreement":{"@type":"Agreement","@id":"urn:a","target":"urn:d","assigner":"p","assignee":"c","permission":[{"action":"use"}]}`
	const first = head + `ContractOfferMessage","providerPid":"p1","callbackAddress":"https://p.example"` + offer + `}`
	conforms(t, do(h, post("/dsp/2025-1/negotiations/offers", first)), 401, "negotiation/contract-negotiation-error")
	conforms(t, do(h, signedPost(t, h, "/dsp/2025-1/negotiations/offers", first)), 201, "negotiation/contract-negotiation")
	begun := strings.Replace(first, `"providerPid"`, `"consumerPid":"c1","providerPid"`, 1)
	require.NotEqual(t, first, begun)
	conforms(t, do(h, signedPost(t, h, "/dsp/2025-1/negotiations/offers", begun)), 400, "negotiation/contract-negotiation-error")
	send := func(what, typ, more, pid string) *httptest.ResponseRecorder {
		return do(h, signedPost(t, h, "/dsp/2025-1/callback/negotiations/"+pid+"/"+what, head+typ+`","providerPid":"p1","consumerPid":"c1"`+more+`}`))
	}
	conforms(t, send("offers", "ContractOfferMessage", offer, "c1"), 400, "negotiation/contract-negotiation-error")
	c.state = dsp.Requested
	require.Equal(t, 200, send("offers", "ContractOfferMessage", offer, "c1").Code)
	conforms(t, send("agreement", "ContractAgreementMessage", agreement, "c2"), 400, "negotiation/contract-negotiation-error")
	c.state = dsp.Accepted
	require.Equal(t, 200, send("agreement", "ContractAgreementMessage", agreement, "c1").Code)
	c.state = dsp.Verified
	require.Equal(t, 200, send("events", "ContractNegotiationEventMessage", `,"eventType":"FINALIZED"`, "c1").Code)
	require.Equal(t, dsp.Finalized, c.state)
	conforms(t, send("termination", "ContractNegotiationTerminationMessage", "", "c1"), 400, "negotiation/contract-negotiation-error")
}
