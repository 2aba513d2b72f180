package cert

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/api"
)

var start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func key(name string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return ed25519.NewKeyFromSeed(seed)
}

func mint(t testing.TB, kind identity.Kind) identity.Code {
	subject, err := identity.ParseSubject("91110000600037341L")
	require.NoError(t, err)
	area, err := identity.ParseArea("1101")
	require.NoError(t, err)
	code, err := identity.Mint(kind, subject, area)
	require.NoError(t, err)
	return code
}

// An authority is a root with its key.
type authority struct {
	root *x509.Certificate
	key  ed25519.PrivateKey
}

func newAuthority(t testing.TB, name string) authority {
	der, err := NewRoot(name, key(name), start.Add(-time.Hour), start.AddDate(1, 0, 0))
	require.NoError(t, err)
	root, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return authority{root, key(name)}
}

func (a authority) issue(t testing.TB, code identity.Code, name string) tls.Certificate {
	der, err := Issue(&Order{Code: code, Key: key(name).Public(), Hosts: []string{name + ".example", "127.0.0.1"}, From: start, Until: start.AddDate(0, 1, 0)}, a.root, a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key(name)}
}

func (a authority) peers(check func(identity.Code, crypto.PublicKey) error) *Peers {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return &Peers{Roots: pool, Check: check, Now: func() time.Time { return start.Add(time.Minute) }}
}

func anybody(identity.Code, crypto.PublicKey) error { return nil }

// serve serves the handler with TLS.
func serve(t testing.TB, config *tls.Config, h http.Handler) string {
	server := httptest.NewUnstartedServer(h)
	server.TLS = config
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func get(t testing.TB, url string, config *tls.Config) (string, error) {
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(b), nil
}

func TestConnections(t *testing.T) {
	a, other := newAuthority(t, "root"), newAuthority(t, "another root")
	node, connector := mint(t, identity.ServiceNode), mint(t, identity.Connector)
	gone := mint(t, identity.Connector)
	peers := a.peers(func(c identity.Code, k crypto.PublicKey) error {
		if c == gone {
			return errors.New("deregistered")
		}
		return nil
	})
	config, err := peers.Server(a.issue(t, node, "node"))
	require.NoError(t, err)
	url := serve(t, config, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, err := peers.Code(r.TLS)
		if err != nil {
			code = err.Error()
		}
		io.WriteString(w, code)
	}))
	client := func(own tls.Certificate, peer identity.Code) *tls.Config {
		c, err := peers.Client(own, peer)
		require.NoError(t, err)
		return c
	}
	got, err := get(t, url, client(a.issue(t, connector, "connector"), node))
	require.NoError(t, err)
	require.Equal(t, connector.String(), got)

	_, err = get(t, url, client(a.issue(t, connector, "connector"), mint(t, identity.ServiceNode)))
	require.ErrorContains(t, err, "another code")
	for name, own := range map[string]tls.Certificate{
		"another root": other.issue(t, connector, "connector"),
		"deregistered": a.issue(t, gone, "connector"),
		"no code": func() tls.Certificate {
			template := &x509.Certificate{SerialNumber: serial(), NotBefore: start, NotAfter: start.Add(time.Hour), Subject: pkix.Name{OrganizationalUnit: []string{connector.String(), "sales"}},
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
			der, err := x509.CreateCertificate(nil, template, a.root, key("x").Public(), a.key)
			require.NoError(t, err)
			return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key("x")}
		}(),
		"another's key": {Certificate: a.issue(t, connector, "connector").Certificate, PrivateKey: key("thief")},
	} {
		_, err := get(t, url, client(own, node))
		require.Error(t, err, name)
	}
	_, err = get(t, url, &tls.Config{InsecureSkipVerify: true}) // no certificate
	require.Error(t, err)

	late := *peers
	late.Now = func() time.Time { return start.AddDate(0, 2, 0) }
	config, err = late.Client(a.issue(t, connector, "connector"), node)
	require.NoError(t, err)
	_, err = get(t, url, config)
	require.ErrorContains(t, err, "expired")
}

// The handlers of package api take the certificate for a signature.
func TestHandler(t *testing.T) {
	a := newAuthority(t, "root")
	node, connector := mint(t, identity.ServiceNode), mint(t, identity.Connector)
	peers := a.peers(anybody)
	h, err := api.New(&api.Config{Identities: echo{}, Name: "node", Verify: nobody, Readers: api.RegisteredReaders,
		Certified: peers.Code, Rate: 100, Burst: 100, Now: peers.Now})
	require.NoError(t, err)
	config, err := peers.Server(a.issue(t, node, "node"))
	require.NoError(t, err)
	url := serve(t, config, h)
	config, err = peers.Client(a.issue(t, connector, "connector"), node)
	require.NoError(t, err)
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	ask := func(signer string) (int, string) {
		r, err := http.NewRequest("POST", url+"/identity/GetOperatorStatus", strings.NewReader("{}"))
		require.NoError(t, err)
		if signer != "" {
			r.Header.Set("signer", signer)
		}
		answer, err := transport.RoundTrip(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(b)
	}
	status, body := ask("")
	require.Equal(t, 200, status)
	require.Contains(t, body, connector.String())
	status, _ = ask(mint(t, identity.Connector).String()) // claims to be another
	require.Equal(t, 401, status)
}

func TestRefused(t *testing.T) {
	a := newAuthority(t, "root")
	good := Order{Code: mint(t, identity.Connector), Key: key("x").Public(), Hosts: []string{"a.example"}, From: start, Until: start.Add(time.Hour)}
	for name, change := range map[string]func(*Order){
		"code":     func(o *Order) { o.Code = identity.Code{} },
		"resource": func(o *Order) { o.Code = mint(t, identity.Resource) },
		"key":      func(o *Order) { o.Key = nil },
		"hosts":    func(o *Order) { o.Hosts = nil },
		"period":   func(o *Order) { o.Until = o.From },
		"long":     func(o *Order) { o.Until = start.AddDate(2, 0, 0) },
	} {
		o := good
		change(&o)
		_, err := Issue(&o, a.root, a.key)
		require.Error(t, err, name)
	}
	der, err := Issue(&good, a.root, a.key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	code, err := CodeOf(leaf)
	require.NoError(t, err)
	require.Equal(t, good.Code, code)
	require.Equal(t, "a.example", leaf.Subject.CommonName)
	_, err = Issue(&good, leaf, key("x")) // which is no authority
	require.Error(t, err)
	for _, units := range [][]string{nil, {""}, {"x"}, {good.Code.String(), good.Code.String()}, {good.Code.String() + "\x00"}} {
		_, err := CodeOf(&x509.Certificate{Subject: pkix.Name{OrganizationalUnit: units}})
		require.Error(t, err)
	}
	_, err = NewRoot("", key("x"), start, start.Add(time.Hour))
	require.Error(t, err)
	_, err = a.peers(anybody).Server(tls.Certificate{})
	require.Error(t, err)
	_, err = a.peers(anybody).Client(a.issue(t, good.Code, "x"), identity.Code{})
	require.Error(t, err)
	_, err = a.peers(anybody).Code(&tls.ConnectionState{})
	require.Error(t, err)
}

// What is left out is not replaced by something that accepts more, such as the
// roots of the system.
func TestPeersNeedsAll(t *testing.T) {
	a := newAuthority(t, "root")
	own := a.issue(t, mint(t, identity.Connector), "x")
	leaf, err := x509.ParseCertificate(own.Certificate[0])
	require.NoError(t, err)
	state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}
	_, err = a.peers(anybody).Code(state)
	require.NoError(t, err)
	for name, change := range map[string]func(*Peers){
		"roots": func(p *Peers) { p.Roots = nil },
		"check": func(p *Peers) { p.Check = nil },
		"now":   func(p *Peers) { p.Now = nil },
	} {
		p := a.peers(anybody)
		change(p)
		const want = "needs Roots, Check and Now"
		_, err := p.Code(state)
		require.ErrorContains(t, err, want, name)
		_, err = p.Server(own)
		require.ErrorContains(t, err, want, name)
		_, err = p.Client(own, mint(t, identity.ServiceNode))
		require.ErrorContains(t, err, want, name)
	}
}

// FuzzCodeOf checks that whatever certificate has a code has no other.
func FuzzCodeOf(f *testing.F) {
	a := newAuthority(f, "root")
	f.Add(a.issue(f, mint(f, identity.Connector), "x").Certificate[0])
	f.Add(a.root.Raw)
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		code, err := CodeOf(c)
		if err == nil {
			require.Equal(t, []string{code.String()}, c.Subject.OrganizationalUnit)
		}
	})
}

type echo struct{}

func (echo) Call(_ context.Context, sender string, _ api.Call, _ json.RawMessage) (any, error) {
	return sender, nil
}

func nobody(context.Context, string, []byte, []byte) error { return errors.New("no signatures here") }
