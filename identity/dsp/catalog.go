package dsp

import "encoding/json"

// CatalogRequest asks for a catalogue.
type CatalogRequest struct {
	Context []string          `json:"@context"`
	Type    string            `json:"@type"`            // CatalogRequestMessage
	Filter  []json.RawMessage `json:"filter,omitempty"` // of the provider's own form
}

func (m *CatalogRequest) check() error { return head(m.Context, m.Type, "CatalogRequestMessage") }

// DatasetRequest asks for one dataset.
type DatasetRequest struct {
	Context []string `json:"@context"`
	Type    string   `json:"@type"` // DatasetRequestMessage
	Dataset string   `json:"dataset"`
}

func (m *DatasetRequest) check() error {
	if err := head(m.Context, m.Type, "DatasetRequestMessage"); err != nil {
		return err
	}
	return need("dataset", m.Dataset)
}

// A Catalog is what one participant offers. Context and ParticipantID belong to
// the outermost one only.
type Catalog struct {
	Context       []string       `json:"@context,omitempty"`
	ID            string         `json:"@id"`
	Type          string         `json:"@type"` // Catalog
	ParticipantID string         `json:"participantId,omitempty"`
	Dataset       []Dataset      `json:"dataset,omitempty"`
	Catalog       []Catalog      `json:"catalog,omitempty"`
	Service       []DataService  `json:"service,omitempty"`
	Distribution  []Distribution `json:"distribution,omitempty"`
}

// A Dataset is something on offer. Context belongs to one that is sent alone.
type Dataset struct {
	Context      []string       `json:"@context,omitempty"`
	ID           string         `json:"@id"`
	Type         string         `json:"@type,omitempty"` // Dataset
	HasPolicy    []Policy       `json:"hasPolicy"`
	Distribution []Distribution `json:"distribution"`
}

// A Distribution says in what form and where a dataset is to be had.
type Distribution struct {
	Type      string   `json:"@type,omitempty"` // Distribution
	Format    string   `json:"format"`
	HasPolicy []Policy `json:"hasPolicy,omitempty"`
	// AccessService is the id of a data service, or one itself.
	AccessService json.RawMessage `json:"accessService"`
}

// A DataService is an endpoint.
type DataService struct {
	ID            string    `json:"@id"`
	Type          string    `json:"@type"` // DataService
	EndpointURL   string    `json:"endpointURL"`
	ServesDataset []Dataset `json:"servesDataset,omitempty"`
}

func (c *Catalog) check() error {
	if err := head(c.Context, c.Type, "Catalog"); err != nil {
		return err
	}
	if err := need("participantId", c.ParticipantID); err != nil {
		return err
	}
	return c.checkInner()
}

func (c *Catalog) checkInner() error {
	if err := need("@id", c.ID); err != nil {
		return err
	}
	if c.Type != "Catalog" {
		return malformed("@type is not Catalog")
	}
	if hollow(c.Dataset) || hollow(c.Catalog) || hollow(c.Service) || hollow(c.Distribution) {
		return malformed("a list of a catalogue is empty; leave it out")
	}
	for i := range c.Dataset {
		if err := c.Dataset[i].checkInner(); err != nil {
			return err
		}
	}
	for i := range c.Catalog {
		if err := c.Catalog[i].checkInner(); err != nil {
			return err
		}
	}
	for i := range c.Service {
		if err := c.Service[i].check(); err != nil {
			return err
		}
	}
	return checkDistributions(c.Distribution)
}

func (d *Dataset) check() error {
	if err := head(d.Context, d.Type, "Dataset"); err != nil {
		return err
	}
	return d.checkInner()
}

func (d *Dataset) checkInner() error {
	if err := need("@id", d.ID); err != nil {
		return err
	}
	if len(d.HasPolicy) == 0 || len(d.Distribution) == 0 {
		return malformed("a dataset has a policy and a distribution")
	}
	if err := checkOffers(d.HasPolicy); err != nil {
		return err
	}
	return checkDistributions(d.Distribution)
}

func checkOffers(offers []Policy) error {
	for i := range offers {
		if err := offers[i].checkOffer(false); err != nil {
			return err
		}
	}
	return nil
}

func checkDistributions(distributions []Distribution) error {
	for _, d := range distributions {
		if err := need("format", d.Format, "accessService", string(d.AccessService)); err != nil {
			return err
		}
		if hollow(d.HasPolicy) {
			return malformed("hasPolicy is empty; leave it out")
		}
		if err := checkOffers(d.HasPolicy); err != nil {
			return err
		}
		if d.AccessService[0] == '"' {
			continue
		}
		var service DataService
		if err := Decode(d.AccessService, &service); err != nil {
			return err
		}
	}
	return nil
}

func (s *DataService) check() error {
	if s.Type != "DataService" {
		return malformed("@type is not DataService")
	}
	if hollow(s.ServesDataset) {
		return malformed("servesDataset is empty; leave it out")
	}
	for i := range s.ServesDataset {
		if err := s.ServesDataset[i].checkInner(); err != nil {
			return err
		}
	}
	return need("@id", s.ID, "endpointURL", s.EndpointURL)
}

// CatalogError refuses a request for a catalogue or dataset.
type CatalogError struct {
	Context []string `json:"@context"`
	Type    string   `json:"@type"` // CatalogError
	Code    string   `json:"code,omitempty"`
	Reason  []string `json:"reason,omitempty"`
}

func (m *CatalogError) check() error { return head(m.Context, m.Type, "CatalogError") }
