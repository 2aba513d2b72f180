package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/evidence"
)

// An identityJob is a catalogue that is registered and then asked.
type identityJob struct {
	Records int `json:"records"`
	// Fault makes a query expect another result, so that tests see that the check works.
	Fault bool `json:"fault,omitempty"`
}

// A catalogue over a country's regions has 340,000 records, which is what size 20
// means; other sizes are in proportion.
const (
	catalogueRecords = 340_000
	catalogueSize    = 1 << 20
	catalogueRegions = 226
)

// identityJobs returns all jobs of package identity, the small ones first, for the
// sizes that are equal on both sides, since there is one directory and one registrar.
func identityJobs(sizes []size, networks []string) (jobs []*job) {
	if !slices.Contains(networks, networkMem) {
		return nil
	}
	for _, s := range bySize(sizes) {
		if s.n != s.m {
			continue
		}
		// Registrations wait for the disk, one after the other.
		identities := max(1, s.n/registrationShare)
		jobs = append(jobs, newIdentityJob("registration/identities", identities))
		jobs[len(jobs)-1].Registration = &registrationJob{Identities: identities}
		records := max(1, int(int64(s.n)*catalogueRecords/catalogueSize))
		jobs = append(jobs, newIdentityJob("directory/records", records))
		jobs[len(jobs)-1].Identity = &identityJob{Records: records}
	}
	return jobs
}

// newIdentityJob returns a job of n items, whose kind is still missing.
func newIdentityJob(name string, n int) *job {
	series, _, _ := strings.Cut(name, "/")
	j := newJob("Identity/"+series+"/", n, networkMem)
	j.Name = fmt.Sprintf("Identity/%s=%d/%s", name, n, networkMem)
	return j
}

var (
	offices = []string{"气象局", "公安局", "民政局", "市场监督管理局", "卫生健康委员会"}
	topics  = []string{"观测数据", "企业登记", "学校名录", "公交线路", "水质监测"}
)

// An identityParty has the owner of all records, the directory and its log, and a
// reader.
type identityParty struct {
	*identityJob
	owner  ed25519.PrivateKey
	holder identity.Subject
	areas  []identity.Area
	asked  []query
	costs  costs
	failed error // what a check of a result said
}

func (j *identityJob) sides() []string { return []string{"all"} }

func (j *identityJob) spoil() { j.Fault = true }

func (j *identityJob) party(int) (party, error) {
	// The key is fixed: what is made up is the same in each run.
	return &identityParty{identityJob: j, owner: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}, nil
}

func (p *identityParty) prepare() (err error) {
	if p.holder, err = identity.ParseSubject("91110000600037341L"); err != nil {
		return err
	}
	for i := range catalogueRegions {
		a, err := identity.ParseArea(fmt.Sprintf("%04d", 1101+i))
		if err != nil {
			return err
		}
		p.areas = append(p.areas, a)
	}
	p.asked = p.queries()
	if p.Fault {
		p.asked[0].want = append(p.asked[0].want, 0)
	}
	return nil
}

// office and topic number the words in the title of record i.
func office(i int) int { return i / catalogueRegions % len(offices) }
func topic(i int) int  { return i / (catalogueRegions * len(offices)) % len(topics) }

// record returns record i, which its owner has signed. All but the serial number in
// its code is determined by i.
func (p *identityParty) record(i int) (s directory.Signed, err error) {
	area := p.areas[i%len(p.areas)]
	s.Record = directory.Record{
		Title:    fmt.Sprintf("%s%s第%d号", offices[office(i)], topics[topic(i)], i),
		Summary:  "每小时更新一次，包括编号、名称与地址 Updated hourly",
		Keywords: []string{topics[topic(i)], "开放"},
		Location: "https://node.example.cn/data",
		Rights:   []directory.Right{{Kind: directory.Hold, Subject: p.holder}, {Kind: directory.Process, Subject: p.holder}},
		Status:   directory.Active, Version: 1,
	}
	if s.Record.Code, err = identity.Mint(identity.Resource, p.holder, area); err != nil {
		return s, err
	}
	if s.Record.Path, err = identity.ParsePath(fmt.Sprintf("%v/%s/%s/%d", area, offices[office(i)], topics[topic(i)], i)); err != nil {
		return s, err
	}
	statement, err := s.Record.Statement()
	if err == nil {
		s.Signature = ed25519.Sign(p.owner, statement)
	}
	return s, err
}

// verify takes what the owner signed.
func (p *identityParty) verify(_ *directory.Record, statement, signature []byte) error {
	if !ed25519.Verify(p.owner.Public().(ed25519.PublicKey), statement, signature) {
		return errors.New("the signature is wrong")
	}
	return nil
}

func (p *identityParty) run(ctx context.Context, _ []io.ReadWriter) error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	log, err := evidence.Open(filepath.Join(folder, "log"), &evidence.Config{Origin: "log.example.cn", Signer: p.owner})
	if err != nil {
		return err
	}
	defer log.Close()
	file, cfg := filepath.Join(folder, "directory"), &directory.Config{Verify: p.verify, Log: log}
	d, err := directory.Open(file, cfg)
	if err != nil {
		return err
	}
	defer func() { d.Close() }() // of the one that is open then

	watch := startStopwatch()
	codes, err := p.register(watch, d)
	if err != nil {
		return err
	}
	if _, err := log.Publish(ctx); err != nil {
		return err
	}
	watch.lap("register")
	start := time.Now()
	for i, code := range codes {
		s, err := d.Resolve(code)
		if err != nil {
			return err
		}
		if s.Record.Code != code {
			return fmt.Errorf("%w: record %d is another one", errCatalogue, i)
		}
	}
	p.own("resolved", "/s", float64(len(codes))/time.Since(start).Seconds())
	watch.lap("resolve")
	if err := p.search(d); err != nil {
		return err
	}
	watch.lap("search")
	var some []identity.Code
	for i := 0; i < len(codes); i += (len(codes) + proofs - 1) / proofs {
		some = append(some, codes[i])
	}
	made, err := p.prove(d, some)
	if err != nil {
		return err
	}
	watch.lap("prove")
	if err := p.verifyAll(some, made); err != nil {
		return err
	}
	watch.lap("verify")
	if err := d.Close(); err != nil {
		return err
	}
	start = time.Now()
	again, err := directory.Open(file, cfg)
	if err != nil {
		return err
	}
	d = again
	p.own("cold start", "s", time.Since(start).Seconds())
	watch.lap("open")
	if d.Len() != p.Records {
		return fmt.Errorf("%w: %d records after a restart, want %d", errCatalogue, d.Len(), p.Records)
	}
	p.costs.Phases = watch.phases
	return nil
}

// errCatalogue says that a directory gave another answer than the known one.
var errCatalogue = errors.New("the directory is wrong")

func (p *identityParty) own(name, unit string, value float64) {
	p.costs.Own = append(p.costs.Own, ownFigure{name, unit, value})
}

// register makes up all records and registers them, thousands at a time.
func (p *identityParty) register(watch *stopwatch, d *directory.Directory) (codes []identity.Code, err error) {
	const batch = 8192
	for from := 0; from < p.Records; from += batch {
		signed := make([]directory.Signed, min(batch, p.Records-from))
		for i := range signed {
			if signed[i], err = p.record(from + i); err != nil {
				return nil, err
			}
			codes = append(codes, signed[i].Record.Code)
		}
		watch.lap("sign")
		if err := d.Register(signed...); err != nil {
			return nil, err
		}
		watch.lap("register")
	}
	return codes, nil
}

// A query asks for an office and a topic together, whose first records are known.
type query struct {
	text string
	want []int
}

// searchLimit is the number of records that an answer has at most.
const searchLimit = 50

// queries returns one query for each office and topic.
func (j *identityJob) queries() (all []query) {
	for o := range offices {
		for t := range topics {
			q := query{text: offices[o] + " " + topics[t]}
			for i := 0; i < j.Records && len(q.want) < searchLimit; i++ {
				if office(i) == o && topic(i) == t {
					q.want = append(q.want, i)
				}
			}
			all = append(all, q)
		}
	}
	return all
}

// search asks all queries.
func (p *identityParty) search(d *directory.Directory) error {
	start := time.Now()
	for _, q := range p.asked {
		found, err := d.Search(&directory.Query{Text: q.text, Limit: searchLimit})
		if err != nil {
			return err
		}
		if err := q.check(found); err != nil {
			p.failed = err
		}
	}
	p.own("searched", "/s", float64(len(p.asked))/time.Since(start).Seconds())
	return nil
}

// check compares an answer with the known one.
func (q *query) check(found []directory.Signed) error {
	if len(found) != len(q.want) {
		return fmt.Errorf("%w: %d records are found for %s, want %d", errCatalogue, len(found), q.text, len(q.want))
	}
	for k, i := range q.want {
		if names := found[k].Record.Path.Names(); names[len(names)-1] != fmt.Sprint(i) {
			return fmt.Errorf("%w: result %d for %s is not record %d", errCatalogue, k, q.text, i)
		}
	}
	return nil
}

// proofs is the number of records that are proven at most, spread over all.
const proofs = 256

// prove makes proofs.
func (p *identityParty) prove(d *directory.Directory, codes []identity.Code) (made [][]byte, err error) {
	start := time.Now()
	for _, code := range codes {
		proof, err := d.Prove(code)
		if err != nil {
			return nil, err
		}
		made = append(made, proof)
	}
	p.own("proven", "/s", float64(len(codes))/time.Since(start).Seconds())
	p.own("proof", "B", float64(len(made[0])))
	return made, nil
}

// verifyAll verifies proofs without a network.
func (p *identityParty) verifyAll(codes []identity.Code, proofs [][]byte) error {
	key, err := evidence.LogKey("log.example.cn", p.owner.Public().(ed25519.PublicKey))
	if err != nil {
		return err
	}
	policy, err := evidence.NewPolicy(key, 0)
	if err != nil {
		return err
	}
	start := time.Now()
	for i, proof := range proofs {
		s, _, err := directory.VerifyProof(policy, proof, p.verify)
		if err != nil {
			return err
		}
		if s.Record.Code != codes[i] {
			p.failed = fmt.Errorf("%w: proof %d is of another record", errCatalogue, i)
		}
	}
	p.own("verified offline", "/s", float64(len(proofs))/time.Since(start).Seconds())
	return nil
}

func (p *identityParty) finish() (costs, error) { return p.costs, p.failed }
