package agreement

import "time"

// evidenceRecord is what Config.Record gets. Reasons are classes, so that no text
// of another side or about a person gets into a log.
type evidenceRecord struct {
	Event    string    `json:"event"` // opened, refused
	Contract Digest    `json:"contract"`
	Start    Digest    `json:"start"` // Permit.Context
	Self     string    `json:"self"`
	Peer     string    `json:"peer"`
	Class    byte      `json:"class"` // of the refusal
	At       time.Time `json:"at"`
}

func (p *Permit) record(peer string, reason error) error {
	return record(p.cfg, p.statement.Contract, p.context, p.self.Code, peer, reason)
}

func record(cfg *Config, contract, start Digest, self, peer string, reason error) error {
	r := evidenceRecord{Event: "opened", Contract: contract, Start: start, Self: self, Peer: peer, At: cfg.Now().UTC()}
	if reason != nil {
		r.Event, r.Class = "refused", classOf(reason)
	}
	b, err := marshal(r)
	if err != nil {
		return err
	}
	return cfg.Record(b)
}
