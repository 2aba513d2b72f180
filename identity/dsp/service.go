package dsp

import (
	"slices"
	"strings"
)

// A DIDService is the entry of a participant's DID document that says where it
// serves the protocol.
type DIDService struct {
	Context         []string `json:"@context,omitempty"`
	ID              string   `json:"id"`
	Type            string   `json:"type"` // CatalogService or DataService
	ServiceEndpoint string   `json:"serviceEndpoint"`
}

const didContext = "https://www.w3.org/ns/did/v1"

// check goes by the published examples. The schema wants all endpoints to end with
// /catalog, also that of a DataService, which is its version endpoint.
func (s *DIDService) check() error {
	if s.Context != nil && !(slices.Contains(s.Context, Context) && slices.Contains(s.Context, didContext)) {
		return malformed("@context does not name %s and %s", Context, didContext)
	}
	end, known := map[string]string{"CatalogService": "/catalog", "DataService": "/.well-known/dspace-version"}[s.Type]
	if !known {
		return malformed("type is not CatalogService or DataService")
	}
	http := strings.HasPrefix(s.ServiceEndpoint, "https://") || strings.HasPrefix(s.ServiceEndpoint, "http://")
	if !http || !strings.HasSuffix(s.ServiceEndpoint, end) {
		return malformed("serviceEndpoint of a %s is a URL that ends with %s", s.Type, end)
	}
	return need("id", s.ID)
}
