// Package cert makes and checks the certificates by which nodes and connectors
// know each other on TLS connections: X.509, with the code as organisational unit
// [NDI-TR-2025-03, annex A].
//
// Most callers want [Peers.Server] and [Peers.Client], which make a tls.Config,
// and api.Config.Certified, for which [Peers.Code] is. An identity provider
// issues certificates with [Issue].
//
// # Security
//
// Both sides show a certificate that a pinned root issued, over TLS 1.3, and both
// look at the code in it, not at names: a name of the network is no identity. A
// certificate has exactly one organisational unit, and that is a code; anything
// else could be read in two ways. What a certificate says was true when it was
// issued: whether the code is still registered with that key, [Peers.Check]
// decides at each connection. Session tickets are off, so that none outlives a
// deregistration.
//
// Whoever has the key of a root can be anybody. A root that may issue for one
// region only is for Check to restrict.
//
// # References
//
// NDI-TR-2025-03, annex A; RFC 5280 (X.509); RFC 8446 (TLS 1.3).
package cert

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
)

// CodeOf returns the code that a certificate is for. It says nothing about who
// issued it.
func CodeOf(c *x509.Certificate) (identity.Code, error) {
	units := c.Subject.OrganizationalUnit
	if len(units) != 1 {
		return identity.Code{}, errors.New("cert: a certificate needs one organisational unit, its code")
	}
	code, err := identity.Parse(units[0])
	if err != nil {
		return identity.Code{}, fmt.Errorf("cert: the organisational unit: %w", err)
	}
	if k := code.Kind(); k == identity.Product || k == identity.Resource {
		return identity.Code{}, errors.New("cert: products and resources have no certificates")
	}
	return code, nil
}

// Peers are those whose certificates are accepted. All fields must be set.
type Peers struct {
	Roots *x509.CertPool
	// Check returns an error for a code that is registered no more, or with
	// another key.
	Check func(code identity.Code, key crypto.PublicKey) error
	Now   func() time.Time
}

// Code returns the code of the other side of a connection, after checking its
// certificate once more, so that no connection outlives what it was opened with.
// It is for api.Config.Certified. It verifies one signature for each certificate
// of the chain.
func (p *Peers) Code(state *tls.ConnectionState) (string, error) {
	code, err := p.verify(state, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return "", err
	}
	return code.String(), nil
}

func (p *Peers) verify(state *tls.ConnectionState, usage x509.ExtKeyUsage) (identity.Code, error) {
	if p.Roots == nil || p.Check == nil || p.Now == nil {
		return identity.Code{}, errors.New("cert: Peers needs Roots, Check and Now")
	}
	if len(state.PeerCertificates) == 0 {
		return identity.Code{}, errors.New("cert: the other side has shown no certificate")
	}
	leaf, between := state.PeerCertificates[0], x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: p.Roots, Intermediates: between, CurrentTime: p.Now(), KeyUsages: []x509.ExtKeyUsage{usage}})
	if err != nil {
		return identity.Code{}, fmt.Errorf("cert: %w", err)
	}
	code, err := CodeOf(leaf)
	if err != nil {
		return identity.Code{}, err
	}
	if err := p.Check(code, leaf.PublicKey); err != nil {
		return identity.Code{}, fmt.Errorf("cert: %w", err)
	}
	return code, nil
}

// Server returns the configuration of a server that is own and takes connections
// of peers only.
func (p *Peers) Server(own tls.Certificate) (*tls.Config, error) {
	return p.config(own, func(state tls.ConnectionState) error {
		_, err := p.verify(&state, x509.ExtKeyUsageClientAuth)
		return err
	})
}

// Client returns the configuration of a client that is own and connects to the
// peer with a code, wherever that answers.
func (p *Peers) Client(own tls.Certificate, peer identity.Code) (*tls.Config, error) {
	if peer.IsZero() {
		return nil, errors.New("cert: a client connects to a code")
	}
	return p.config(own, func(state tls.ConnectionState) error {
		code, err := p.verify(&state, x509.ExtKeyUsageServerAuth)
		if err == nil && code != peer {
			err = errors.New("cert: the other side has another code")
		}
		return err
	})
}

func (p *Peers) config(own tls.Certificate, verify func(tls.ConnectionState) error) (*tls.Config, error) {
	if p.Roots == nil || p.Check == nil || p.Now == nil {
		return nil, errors.New("cert: Peers needs Roots, Check and Now")
	}
	if len(own.Certificate) == 0 || own.PrivateKey == nil {
		return nil, errors.New("cert: the own certificate needs a chain and a key")
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{own},
		ClientAuth:             tls.RequireAnyClientCert, // verify does all
		InsecureSkipVerify:     true,                     // verify does all: by code, not by name
		VerifyConnection:       verify,
		SessionTicketsDisabled: true,
		Time:                   p.Now,
	}, nil
}

// An Order says what a certificate is issued for.
type Order struct {
	Code identity.Code // of a node or connector
	Key  crypto.PublicKey
	// Hosts are the names and addresses at which it answers, the first as common
	// name; at least one.
	Hosts       []string
	From, Until time.Time
}

// Issue returns a certificate in DER that issuer signs with its key. Who issues
// must have seen that the key is the one that is registered for the code. It
// serves clients and servers.
func Issue(o *Order, issuer *x509.Certificate, key crypto.Signer) ([]byte, error) {
	if o.Code.IsZero() || o.Key == nil || len(o.Hosts) == 0 || !o.From.Before(o.Until) {
		return nil, errors.New("cert: an order needs Code, Key, Hosts, and From before Until")
	}
	if !issuer.IsCA || o.Until.After(issuer.NotAfter) {
		return nil, errors.New("cert: the issuer is no authority, or ends before the certificate would")
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: o.Hosts[0], OrganizationalUnit: []string{o.Code.String()}},
		NotBefore:    o.From,
		NotAfter:     o.Until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},

		BasicConstraintsValid: true,
	}
	for _, h := range o.Hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	if _, err := CodeOf(template); err != nil {
		return nil, err
	}
	return x509.CreateCertificate(rand.Reader, template, issuer, o.Key, key)
}

// NewRoot returns the certificate in DER of an authority that signs itself.
func NewRoot(name string, key crypto.Signer, from, until time.Time) ([]byte, error) {
	if name == "" || !from.Before(until) {
		return nil, errors.New("cert: a root needs a name, and from before until")
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             from,
		NotAfter:              until,
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true, // it issues for codes and for no other authority
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

// serial returns a serial number of 126 random bits.
func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:])
	b[0] = b[0]&0x3f | 0x40 // positive, and not zero [RFC 5280, section 4.1.2.2]
	return new(big.Int).SetBytes(b[:])
}
