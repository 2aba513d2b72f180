package registry

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

// A Grant gives a part of what its issuer may do to someone on a lower level:
// global node, region or sector node, service node, connector, agent.
type Grant struct {
	Issuer identity.Code `json:"issuer"`
	// To is who gets it. For an agent To is zero and Agent and AgentKey say who
	// that is: agents have no history and grant nothing further.
	To       identity.Code    `json:"to,omitzero"`
	Agent    identity.Subject `json:"agent,omitzero"`
	AgentKey keys.PublicKey   `json:"agentKey,omitzero"`

	Kinds   string   `json:"kinds"`   // of codes it is about, each once, ascending: "567"
	Area    string   `json:"area"`    // first 0 to 4 digits of areas it is about
	Actions []string `json:"actions"` // each once, ascending
	From    int64    `json:"from"`    // seconds since 1970
	Until   int64    `json:"until"`   // the first second in which it is over
	Depth   int      `json:"depth"`   // how often it may be granted further
	Parent  Digest   `json:"parent"`  // of the grant it is a part of, zero for the root's
}

const (
	maxDepth   = 4 // five levels
	maxActions = 32
)

// level is that of a kind of node; agents are on level 5.
func level(k identity.Kind) int {
	switch k {
	case identity.GlobalNode:
		return 1
	case identity.RegionNode, identity.SectorNode:
		return 2
	case identity.ServiceNode:
		return 3
	case identity.Connector:
		return 4
	}
	return 0
}

func (g *Grant) check() error {
	from, to := level(g.Issuer.Kind()), level(g.To.Kind())
	if g.To.IsZero() {
		to = 5
		if g.Agent.IsZero() || g.AgentKey.IsZero() || g.Depth != 0 {
			return errors.New("registry: a grant to an agent has Agent, AgentKey and depth 0")
		}
	} else if !g.Agent.IsZero() || !g.AgentKey.IsZero() {
		return errors.New("registry: a grant is to a code or to an agent")
	}
	if from == 0 || to == 0 || from >= to {
		return errors.New("registry: a grant goes to a lower level: global, region or sector, service node, connector, agent")
	}
	if !ascending(strings.Split(g.Kinds, "")) || strings.Trim(g.Kinds, "1234567") != "" {
		return errors.New("registry: the kinds of a grant are digits from 1 to 7, ascending")
	}
	if len(g.Area) > 4 || strings.Trim(g.Area, "0123456789") != "" {
		return errors.New("registry: the area of a grant is at most four digits")
	}
	if len(g.Actions) > maxActions || !ascending(g.Actions) {
		return errors.New("registry: a grant has 1 to 32 actions, ascending")
	}
	for _, a := range g.Actions {
		if len(a) > 64 {
			return errors.New("registry: an action has 1 to 64 bytes")
		}
	}
	if g.From < 0 || g.From >= g.Until {
		return errors.New("registry: a grant ends after it starts")
	}
	if g.Depth < 0 || g.Depth > maxDepth {
		return errors.New("registry: the depth of a grant is from 0 to 4")
	}
	return nil
}

// ascending reports whether there are strings, none empty, each greater than
// the one before.
func ascending(s []string) bool {
	for i := range s {
		if s[i] == "" || i > 0 && s[i-1] >= s[i] {
			return false
		}
	}
	return len(s) > 0
}

// Digest identifies the grant.
func (g *Grant) Digest() (Digest, error) {
	b, err := keys.Canonical(g)
	return sha256.Sum256(append([]byte("dujiang registry grant v1\x00"), b...)), err
}

// Allows reports whether the grant is about an action on a code at a time. It
// does not look at where the grant comes from; that is [Authority].
func (g *Grant) Allows(action string, code identity.Code, at time.Time) bool {
	t := at.Unix()
	return slices.Contains(g.Actions, action) && strings.ContainsRune(g.Kinds, rune(code.Kind())) &&
		strings.HasPrefix(code.Area().String(), g.Area) && g.From <= t && t < g.Until
}

// within returns an error unless g is a part of its parent.
func (g *Grant) within(parent *Grant) error {
	d, err := parent.Digest()
	switch {
	case err != nil:
		return err
	case g.Parent != d:
		return errors.New("registry: the grant is a part of another one")
	case g.Issuer != parent.To:
		return errors.New("registry: the grant's issuer is not whom the one above was given to")
	case g.Depth >= parent.Depth:
		return errors.New("registry: the grant is granted further than the one above allows")
	case strings.Trim(g.Kinds, parent.Kinds) != "":
		return errors.New("registry: the grant has more kinds than the one above")
	case !strings.HasPrefix(g.Area, parent.Area):
		return errors.New("registry: the grant has a larger area than the one above")
	case g.From < parent.From || g.Until > parent.Until:
		return errors.New("registry: the grant is longer than the one above")
	}
	for _, a := range g.Actions {
		if !slices.Contains(parent.Actions, a) {
			return errors.New("registry: the grant has more actions than the one above")
		}
	}
	return nil
}

// A Link is a grant and the verified history of its issuer.
type Link struct {
	History *History
	Grant   Digest
}

// Authority checks a chain of grants from a pinned root down and returns the
// last, which says who may do what. It is valid if each history has its grant,
// not revoked, of an issuer that is still registered; if each grant is a part of
// the one above; and if all are in their period at the given time. Revocations
// and ends are seen as of the heads of the histories: MaxAge of [Verifier] says
// how old these may be.
func Authority(root identity.Code, at time.Time, chain ...Link) (*Grant, error) {
	if len(chain) == 0 || len(chain) > maxDepth {
		return nil, errors.New("registry: a chain has 1 to 4 grants")
	}
	var parent *Grant
	for i, l := range chain {
		g, err := l.History.grant(l.Grant)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			if g.Issuer != root || !g.Parent.IsZero() {
				return nil, errors.New("registry: the chain does not start at the root")
			}
		} else if err := g.within(parent); err != nil {
			return nil, err
		}
		if t := at.Unix(); t < g.From || t >= g.Until {
			return nil, errors.New("registry: a grant is not in its period")
		}
		parent = g
	}
	out := *parent
	out.Actions = slices.Clone(out.Actions)
	return &out, nil
}
