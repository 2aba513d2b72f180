package agreement

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/dujiang-dev/dujiang/identity/internal/noise"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// A Config is one party's side of the gate. All fields but
// Algorithms and Terminations are needed.
type Config struct {
	Signer   crypto.Signer // the party's registered key
	Now      func() time.Time
	Counters *policy.Counters // its own record of what was used

	// Rights says whether a party has the right to an input at a time; nil says
	// that it has. It is asked for the inputs of all parties. Usually this is
	// ByCredentials.
	Rights func(ctx context.Context, party Party, input Input, at time.Time) error

	// Record keeps a record, in JSON, of a channel that opened or was refused;
	// evidence.Log is made for its commitments. A channel whose record cannot be
	// kept does not open.
	Record func(record []byte) error

	// Algorithms are those that are accepted for the keys of parties, and without
	// any Ed25519 alone. That of the Signer must be among them.
	Algorithms keys.Algorithms

	// Terminations are those of contracts that ended before their time.
	Terminations []*Termination
}

func (cfg *Config) check() error {
	if cfg == nil || cfg.Signer == nil || cfg.Now == nil || cfg.Counters == nil || cfg.Rights == nil || cfg.Record == nil {
		return errors.New("agreement: Config needs Signer, Now, Counters, Rights and Record")
	}
	return nil
}

// terminated returns an error if one of the terminations ends the contract.
func (cfg *Config) terminated(terms *Terms, contract Digest, at time.Time) error {
	for _, t := range cfg.Terminations {
		if t.ends(terms, contract, at, cfg.Algorithms) {
			return fmt.Errorf("agreement: the contract was terminated: %w", ErrPeriod)
		}
	}
	return nil
}

// A Permit lets its party open channels for one run. Only Authorize makes one.
type Permit struct {
	cfg       *Config
	self      Party
	peers     map[string]Party
	terms     Terms
	statement Statement
	context   Digest // of the statement and all signatures
	policies  []targeted

	mu       sync.Mutex
	spent    bool
	opened   map[string]bool
	released *released
}

type targeted struct {
	policy *policy.Policy
	hash   [sha256.Size]byte // of its text as policy writes it
}

// Authorize checks everything about a run that one party can check by itself:
// that all signed contract and statement, that both are in their period, that the
// statement is within the contract, that rights exist and policies allow it.
// Periods, terminations and rights are checked again, and budgets taken, when the
// first channel opens. A policy that would allow the run only after a duty does not allow it here.
func Authorize(ctx context.Context, cfg *Config, c *Contract, s *Start) (*Permit, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	key, err := cfg.Algorithms.Public(cfg.Signer)
	if err != nil {
		return nil, fmt.Errorf("agreement: Config.Signer: %w", err)
	}
	// Contract and start are taken as they are now, whoever else holds them.
	contract, start, err := copies(c, s)
	if err != nil {
		return nil, err
	}
	now := cfg.Now()
	if err := contract.Verify(now, cfg.Algorithms...); err != nil {
		return nil, err
	}
	if err := cfg.terminated(&contract.Terms, start.Statement.Contract, now); err != nil {
		return nil, err
	}
	p := &Permit{cfg: cfg, terms: contract.Terms, statement: start.Statement, peers: make(map[string]Party), opened: make(map[string]bool)}
	if p.context, err = start.verify(contract, now, cfg.Algorithms); err != nil {
		return nil, err
	}
	for _, party := range start.parties(&contract.Terms) {
		if party.Key == key {
			p.self = party
		} else {
			p.peers[party.Code] = party
		}
	}
	if p.self.Code == "" {
		return nil, errors.New("agreement: Config.Signer is of no party of the run")
	}
	if err := p.entitled(ctx, now); err != nil {
		return nil, err
	}
	for i, input := range p.statement.Inputs {
		if err := p.govern(i, input); err != nil {
			return nil, err
		}
	}
	if err := p.decide(now); err != nil {
		return nil, err
	}
	return p, nil
}

// entitled asks for the rights to all inputs.
func (p *Permit) entitled(ctx context.Context, at time.Time) error {
	for i, input := range p.statement.Inputs {
		party, _ := p.terms.party(input.Party)
		if err := p.cfg.Rights(ctx, party, input, at); err != nil {
			return fmt.Errorf("agreement: input %d: %w: %w", i+1, ErrRight, err)
		}
	}
	return nil
}

func copies(c *Contract, s *Start) (*Contract, *Start, error) {
	if c == nil || s == nil {
		return nil, nil, errors.New("agreement: there must be a contract and a start")
	}
	contract, start := new(Contract), new(Start)
	b, err := c.MarshalBinary()
	if err == nil {
		err = contract.UnmarshalBinary(b)
	}
	if err != nil {
		return nil, nil, err
	}
	if b, err = s.MarshalBinary(); err == nil {
		err = start.UnmarshalBinary(b)
	}
	return contract, start, err
}

// govern finds the policies of an input.
func (p *Permit) govern(i int, input Input) error {
	found := false
	for _, raw := range p.terms.Policies {
		parsed, err := policy.ParseDSP(raw)
		if err != nil {
			return err
		}
		if parsed.Target != input.Target {
			continue
		}
		found = true
		text, err := parsed.DSP()
		if err != nil {
			return err
		}
		t := targeted{parsed, sha256.Sum256(text)}
		if !slices.ContainsFunc(p.policies, func(u targeted) bool { return u.hash == t.hash }) {
			p.policies = append(p.policies, t)
		}
	}
	if !found {
		return fmt.Errorf("agreement: input %d: %w: no policy of the contract is about it", i+1, ErrPolicy)
	}
	return nil
}

func (p *Permit) request(target string, at time.Time) *policy.Request {
	return &policy.Request{
		Action: "compute",
		Target: target,
		Time:   at,
		Cost:   p.statement.Cost,
		Facts: map[policy.Operand][]string{
			"executionEnv": {p.statement.Environment},
			"algorithm":    {p.statement.Program.String()},
		},
	}
}

// key names the counter of a policy. Contracts that contain the same policy, with
// its ID, share its budget.
func (t *targeted) key() string { return "policy " + Digest(t.hash).String() }

// decide asks all policies without counting.
func (p *Permit) decide(at time.Time) error {
	for i := range p.policies {
		t := &p.policies[i]
		d := policy.Decide(t.policy, p.request(t.policy.Target, at), p.cfg.Counters.State(t.key()))
		if d.Outcome != policy.Allowed {
			return fmt.Errorf("agreement: %w: %s: %v", ErrPolicy, d.Outcome, d.Reasons)
		}
	}
	return nil
}

// spend counts the run under its contract and all policies, once for all
// channels of the permit, unless a right was revoked since it was made.
func (p *Permit) spend(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spent {
		return nil
	}
	now := p.cfg.Now()
	if !now.Before(p.statement.Until) || !now.Before(p.terms.Until) {
		return fmt.Errorf("agreement: the start statement: %w", ErrPeriod)
	}
	if err := p.cfg.terminated(&p.terms, p.statement.Contract, now); err != nil {
		return err
	}
	if err := p.entitled(ctx, now); err != nil {
		return err
	}
	// The statement is counted by its hash, whatever signatures it came with:
	// a party could make any number of signatures for one statement.
	id, err := digest("start", &p.statement)
	if err != nil {
		return err
	}
	contract := "contract " + p.statement.Contract.String()
	for {
		err := p.cfg.Counters.Use(contract, p.cfg.Counters.State(contract).Version, id, now, 0)
		if err == nil {
			break
		}
		if errors.Is(err, policy.ErrUsed) {
			return fmt.Errorf("agreement: %w", ErrReplay)
		}
		if !errors.Is(err, policy.ErrStale) {
			return fmt.Errorf("agreement: %w: %w", ErrRecord, err)
		}
	}
	for i := range p.policies {
		t := &p.policies[i]
		d, err := p.cfg.Counters.Request(t.policy, t.key(), p.request(t.policy.Target, now), id)
		if err != nil {
			return fmt.Errorf("agreement: %w: %w", ErrRecord, err)
		}
		if d.Outcome != policy.Allowed {
			return fmt.Errorf("agreement: %w: %s: %v", ErrPolicy, d.Outcome, d.Reasons)
		}
	}
	p.spent = true
	return nil
}

// Context returns the hash of the start statement and all its signatures, for
// the Config of the protocol that runs inside.
func (p *Permit) Context() []byte { return p.context[:] }

// Release returns a count as the contract's output rules let it out: it is an
// error wrapping ErrOutput if this party is no receiver of the run, or the count
// is below the minimum.
//
// Where the contract asks for noise, the minimum and rounding apply to the noisy
// count, and the permit, once it has opened a channel, releases one count. A
// second call with the same one returns the same.
func (p *Permit) Release(count uint64) (uint64, error) {
	if !slices.Contains(p.statement.Receivers, p.self.Code) {
		return 0, fmt.Errorf("agreement: %w: this party is no receiver", ErrOutput)
	}
	if p.terms.Output.Sensitivity > 0 {
		var err error
		if count, err = p.noisy(count); err != nil {
			return 0, err
		}
	}
	if count < p.terms.Output.MinCount {
		return 0, fmt.Errorf("agreement: %w: it is below the minimum", ErrOutput)
	}
	return count - count%p.terms.Output.RoundTo, nil
}

// millionths of epsilon are the unit of costs.
const millionths = 1_000_000

// noisy adds noise of scale sensitivity/epsilon. Each receiver draws its own, so
// each has its share of epsilon [Dwork and Roth 2014, theorem 3.16].
func (p *Permit) noisy(count uint64) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.spent {
		return 0, fmt.Errorf("agreement: %w: nothing was spent from the privacy budget yet; open a channel first", ErrOutput)
	}
	if p.released != nil && p.released.exact != count {
		return 0, fmt.Errorf("agreement: %w: the run's share of the privacy budget was for another count", ErrOutput)
	}
	if p.released == nil {
		scale := p.terms.Output.Sensitivity * uint64(len(p.statement.Receivers)) * millionths
		// Counts are of things that exist, and below 2^63.
		sum := int64(min(count, math.MaxInt64/2)) + noise.Laplace(scale, p.statement.Cost)
		p.released = &released{count, uint64(max(sum, 0))}
	}
	return p.released.noisy, nil
}

// released is the one count that a permit released with noise.
type released struct{ exact, noisy uint64 }

// ReleaseRows returns rows if the permit releases their count as it is.
func ReleaseRows[T any](p *Permit, rows []T) ([]T, error) {
	if p.terms.Output.Sensitivity > 0 {
		return nil, fmt.Errorf("agreement: %w: counts get noise, and rows would tell them", ErrOutput)
	}
	if p.terms.Output.RoundTo != 1 {
		return nil, fmt.Errorf("agreement: %w: counts are rounded, and rows would tell them", ErrOutput)
	}
	if _, err := p.Release(uint64(len(rows))); err != nil {
		return nil, err
	}
	return rows, nil
}
