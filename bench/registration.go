package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/registry"
)

// A registrationJob registers identities one after the other, as applicants come:
// each asks for a nonce and signs it, which proves that it has its key, and the
// registrar countersigns, keeps and logs that. Then all histories are read, and
// verified from their bytes.
type registrationJob struct {
	Identities int `json:"identities"`
	// Fault takes an applicant's key for another's, so that tests see that the
	// check works.
	Fault bool `json:"fault,omitempty"`
}

// registrationShare is how many items of a size there are for each identity.
const registrationShare = 256

func (j *registrationJob) sides() []string { return []string{"all"} }

func (j *registrationJob) spoil() { j.Fault = true }

func (j *registrationJob) party(int) (party, error) {
	return &registrationParty{registrationJob: j}, nil
}

// A registrationParty is the registrar, all applicants, and who reads histories.
type registrationParty struct {
	*registrationJob
	algorithms keys.Algorithms
	registrar  identity.Code
	applicants []applicant
	folder     string
	log        *evidence.Log
	registry   *registry.Registry
	costs      costs
	read       []*registry.History
}

// An applicant has a code, a key, and the key after that.
type applicant struct {
	code         identity.Code
	key          ed25519.PrivateKey
	public, next keys.PublicKey
}

// registrationKey returns a key that is the same in each run.
func registrationKey(name string, i int) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Append(nil, name, i))
	return ed25519.NewKeyFromSeed(seed[:])
}

func (p *registrationParty) prepare() (err error) {
	subject, err := identity.ParseSubject("91110000600037341L")
	if err != nil {
		return err
	}
	area, err := identity.ParseArea("1101")
	if err != nil {
		return err
	}
	if p.registrar, err = identity.Mint(identity.RegionNode, subject, area); err != nil {
		return err
	}
	for i := range p.Identities {
		a := applicant{key: registrationKey("key", i)}
		if a.code, err = identity.Mint(identity.Connector, subject, area); err != nil {
			return err
		}
		if a.public, err = p.algorithms.Public(a.key); err != nil {
			return err
		}
		if a.next, err = p.algorithms.Public(registrationKey("next", i)); err != nil {
			return err
		}
		p.applicants = append(p.applicants, a)
	}
	if p.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	p.log, err = evidence.Open(filepath.Join(p.folder, "log"), &evidence.Config{Origin: "registry.example.cn", Signer: registrationKey("log", 0)})
	if err != nil {
		return err
	}
	p.registry, err = registry.Open(filepath.Join(p.folder, "registry"), &registry.Config{
		Code: p.registrar, Signer: registrationKey("registrar", 0), Log: p.log, Now: time.Now,
		Approve: func(context.Context, registry.Operation) error { return nil },
	})
	return err
}

func (p *registrationParty) run(ctx context.Context, _ []io.ReadWriter) (err error) {
	defer func() {
		if err != nil { // there is nothing to finish
			os.RemoveAll(p.folder)
		}
	}()
	watch := startStopwatch()
	start := time.Now()
	for i := range p.applicants {
		if err := p.register(ctx, watch, &p.applicants[i]); err != nil {
			return fmt.Errorf("identity %d: %w", i, err)
		}
	}
	p.rate("registered", start)
	if _, err := p.log.Publish(ctx); err != nil {
		return err
	}
	watch.lap("log")
	start = time.Now()
	var histories [][]byte
	for _, a := range p.applicants {
		h, err := p.registry.History(a.code, p.log.ProveDetached)
		if err != nil {
			return err
		}
		histories = append(histories, h)
	}
	p.rate("histories", start)
	p.costs.Own = append(p.costs.Own, ownFigure{"history", "B", float64(len(histories[0]))})
	watch.lap("history")
	v, err := p.verifier()
	if err != nil {
		return err
	}
	start = time.Now()
	for _, h := range histories {
		history, err := v.Verify(h)
		if err != nil {
			return err
		}
		p.read = append(p.read, history)
	}
	p.rate("verified offline", start)
	watch.lap("verify")
	p.costs.Phases = watch.phases
	return nil
}

// rate notes for how many identities a second something was done since start.
func (p *registrationParty) rate(name string, start time.Time) {
	p.costs.Own = append(p.costs.Own, ownFigure{name, "/s", float64(p.Identities) / time.Since(start).Seconds()})
}

// register registers an applicant.
func (p *registrationParty) register(ctx context.Context, watch *stopwatch, a *applicant) error {
	nonce, err := p.registry.Nonce(a.code, a.public)
	if err != nil {
		return err
	}
	watch.lap("nonce")
	signed, err := registry.Sign(p.algorithms, a.key, registry.Operation{
		Act: registry.Create, Code: a.code, Registrar: p.registrar, Time: time.Now().Unix(),
		Nonce: nonce, Key: a.public, Next: a.next.Fingerprint(),
	})
	if err != nil {
		return err
	}
	watch.lap("sign")
	_, err = p.registry.Submit(ctx, signed)
	watch.lap("submit")
	return err
}

// verifier returns what a reader knows: the keys of the registrar and of its log.
func (p *registrationParty) verifier() (*registry.Verifier, error) {
	key, err := evidence.LogKey("registry.example.cn", registrationKey("log", 0).Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	log, err := evidence.NewPolicy(key, 0)
	if err != nil {
		return nil, err
	}
	return &registry.Verifier{
		Registrars: map[identity.Code][]keys.PublicKey{p.registrar: {p.registry.Key()}},
		Log:        log, Now: time.Now, MaxAge: time.Hour,
	}, nil
}

// errRegistered says that a history says something else than what was registered.
var errRegistered = errors.New("the registration is wrong")

func (p *registrationParty) finish() (costs, error) {
	defer os.RemoveAll(p.folder)
	if err := errors.Join(p.registry.Close(), p.log.Close()); err != nil {
		return costs{}, err
	}
	if len(p.read) != p.Identities {
		return costs{}, fmt.Errorf("%w: there are %d histories, want %d", errRegistered, len(p.read), p.Identities)
	}
	if p.Fault {
		p.applicants[0].public = p.applicants[0].next
	}
	for i, h := range p.read {
		key, valid := h.Key()
		if a := p.applicants[i]; h.Code() != a.code || !valid || key != a.public {
			return costs{}, fmt.Errorf("%w: history %d is of %v with another key or code than %v", errRegistered, i, h.Code(), a.code)
		}
	}
	return p.costs, nil
}
