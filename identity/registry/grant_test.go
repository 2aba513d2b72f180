package registry

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
)

// chain registers five levels and grants authority down to an agent.
func chain(t *testing.T, w *world) (root identity.Code, links func() []Link, codes []identity.Code, grants []*Grant) {
	kinds := []identity.Kind{identity.GlobalNode, identity.RegionNode, identity.ServiceNode, identity.Connector}
	for i, k := range kinds {
		codes = append(codes, w.create(t, k, "level "+string(rune('0'+i)), "next"+string(rune('0'+i))))
	}
	agent, err := identity.NewPseudonym(make([]byte, 32))
	require.NoError(t, err)
	var parent Digest
	for i, c := range codes {
		g := &Grant{Issuer: c, Kinds: "567", Area: "3101"[:i], Actions: []string{"read", "register"}[i/3:],
			From: start.Unix() + int64(i), Until: start.Unix() + 1000 - int64(i), Depth: 3 - i, Parent: parent}
		if i < 3 {
			g.To = codes[i+1]
		} else {
			g.Agent, g.AgentKey = agent, public(t, "agent")
		}
		op := w.next(c, Delegate)
		op.Grant = g
		_, err := w.submit(t, "level "+string(rune('0'+i)), op)
		require.NoError(t, err)
		parent, err = g.Digest()
		require.NoError(t, err)
		grants = append(grants, g)
	}
	links = func() (out []Link) {
		for i, c := range codes {
			d, err := grants[i].Digest()
			require.NoError(t, err)
			out = append(out, Link{w.history(t, c), d})
		}
		return out
	}
	return codes[0], links, codes, grants
}

func TestAuthority(t *testing.T) {
	w := open(t)
	root, links, codes, grants := chain(t, w)
	at := start.Add(100 * time.Second)
	g, err := Authority(root, at, links()...)
	require.NoError(t, err)
	require.Equal(t, public(t, "agent"), g.AgentKey)
	require.True(t, g.Allows("register", code(t, identity.Product, "3101"), at))
	require.False(t, g.Allows("read", code(t, identity.Product, "3101"), at))
	require.False(t, g.Allows("register", code(t, identity.Product, "1301"), at))
	require.False(t, g.Allows("register", code(t, identity.ServiceNode, "3101"), at))
	require.False(t, g.Allows("register", code(t, identity.Product, "3101"), start.Add(time.Hour)))
	for n := range 4 {
		_, err = Authority(root, at, links()[:n]...)
		require.Equal(t, n == 0, err != nil)
	}

	// Expired, not yet begun, from elsewhere, with a link missing or twice.
	_, err = Authority(root, start.Add(997*time.Second), links()...)
	require.ErrorContains(t, err, "period")
	_, err = Authority(root, start.Add(2*time.Second), links()...)
	require.ErrorContains(t, err, "period")
	_, err = Authority(codes[1], at, links()...)
	require.ErrorContains(t, err, "root")
	_, err = Authority(codes[1], at, links()[1:]...)
	require.ErrorContains(t, err, "root")
	l := links()
	_, err = Authority(root, at, l[0], l[2])
	require.ErrorContains(t, err, "another one")
	_, err = Authority(root, at, append(l, l[3])...)
	require.Error(t, err)
	l[1].History = nil
	_, err = Authority(root, at, l...)
	require.Error(t, err)
	l = links()
	l[1].History = l[0].History
	_, err = Authority(root, at, l...)
	require.ErrorContains(t, err, "no such grant")

	// Revoked anywhere in the chain, and not by another.
	op := w.next(codes[1], Revoke)
	op.Revokes, _ = grants[1].Digest()
	wrong := w.next(codes[2], Revoke)
	wrong.Revokes = op.Revokes
	_, err = w.submit(t, "level 2", wrong)
	require.ErrorContains(t, err, "no such grant")
	_, err = w.submit(t, "level 1", op)
	require.NoError(t, err)
	_, err = Authority(root, at, links()...)
	require.ErrorContains(t, err, "revoked")
	again := w.next(codes[1], Revoke)
	again.Revokes = op.Revokes
	_, err = w.submit(t, "level 1", again)
	require.ErrorContains(t, err, "revoked already")
	same := w.next(codes[1], Delegate)
	same.Grant = grants[1]
	_, err = w.submit(t, "level 1", same)
	require.ErrorContains(t, err, "known")
}

// An issuer that is deregistered grants nothing any more.
func TestAuthorityEnds(t *testing.T) {
	w := open(t)
	root, links, codes, _ := chain(t, w)
	_, err := w.submit(t, "next2", w.end(t, codes[2], "next2"))
	require.NoError(t, err)
	_, err = Authority(root, start.Add(100*time.Second), links()...)
	require.ErrorContains(t, err, "not registered")
}

func TestGrantShape(t *testing.T) {
	service, connector := code(t, identity.ServiceNode, "3101"), code(t, identity.Connector, "3101")
	good := Grant{Issuer: service, To: connector, Kinds: "67", Actions: []string{"a"}, From: 1, Until: 2}
	require.NoError(t, good.check())
	for i, change := range []func(g *Grant){
		func(g *Grant) { g.Issuer, g.To = connector, service },
		func(g *Grant) { g.To = code(t, identity.ServiceNode, "3101") },
		func(g *Grant) { g.Issuer = identity.Code{} },
		func(g *Grant) { g.To = identity.Code{} },
		func(g *Grant) { g.To = code(t, identity.Product, "3101") },
		func(g *Grant) { g.AgentKey = public(t, "a") },
		func(g *Grant) { g.Kinds = "" },
		func(g *Grant) { g.Kinds = "76" },
		func(g *Grant) { g.Kinds = "66" },
		func(g *Grant) { g.Kinds = "8" },
		func(g *Grant) { g.Area = "31011" },
		func(g *Grant) { g.Area = "../" },
		func(g *Grant) { g.Actions = nil },
		func(g *Grant) { g.Actions = []string{"b", "a"} },
		func(g *Grant) { g.Actions = []string{""} },
		func(g *Grant) { g.Actions = []string{strings.Repeat("a", 65)} },
		func(g *Grant) { g.Until = 1 },
		func(g *Grant) { g.From = -1 },
		func(g *Grant) { g.Depth = -1 },
		func(g *Grant) { g.Depth = 5 },
	} {
		g := good
		change(&g)
		require.Error(t, g.check(), "%d", i)
	}
}

// Whatever a grant within another allows, the other allows: over random pairs,
// and there are pairs of both kinds among them.
func TestNarrowing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	service, connector := code(t, identity.ServiceNode, "3101"), code(t, identity.Connector, "3101")
	region := code(t, identity.RegionNode, "3101")
	subset := func(s []string) (out []string) {
		for _, x := range s {
			if rng.IntN(4) > 0 {
				out = append(out, x)
			}
		}
		return out
	}
	random := func() *Grant {
		return &Grant{Kinds: strings.Join(subset([]string{"5", "6", "7"}), ""), Area: "3101"[:rng.IntN(5)],
			Actions: subset([]string{"a", "b", "c"}), From: rng.Int64N(4), Until: 4 + rng.Int64N(4), Depth: rng.IntN(4)}
	}
	var objects []identity.Code
	for _, k := range []identity.Kind{identity.Connector, identity.Product, identity.Resource} {
		for _, a := range []string{"3101", "3102", "3201", "1101"} {
			objects = append(objects, code(t, k, a))
		}
	}
	within, without := 0, 0
	pairs := 20000
	if testing.Short() {
		pairs = 5000
	}
	for range pairs {
		parent, child := random(), random()
		parent.Issuer, parent.To, child.Issuer, child.To = region, service, service, connector
		if parent.check() != nil || child.check() != nil {
			continue
		}
		child.Parent, _ = parent.Digest()
		wider := child.Depth >= parent.Depth
		for _, o := range objects {
			for _, a := range []string{"a", "b", "c"} {
				for s := range int64(9) {
					at := time.Unix(s, 0)
					wider = wider || child.Allows(a, o, at) && !parent.Allows(a, o, at)
				}
			}
		}
		err := child.within(parent)
		if err == nil {
			within++
			require.False(t, wider, "%+v in %+v", child, parent)
		} else {
			without++
		}
		// The other direction: what is refused is wider, except for an area that
		// only these objects do not tell apart.
		if !wider && child.Area == "3101" && parent.Area != "310" {
			require.NoError(t, err, "%+v in %+v", child, parent)
		}
	}
	require.Greater(t, within, 50)
	require.Greater(t, without, 50)
}
