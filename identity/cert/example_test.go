package cert_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/cert"
)

// A node takes a connection of a connector, and each knows the other's code.
func Example() {
	now := time.Now()
	_, rootKey, _ := ed25519.GenerateKey(nil)
	der, err := cert.NewRoot("identity provider", rootKey, now.Add(-time.Hour), now.AddDate(1, 0, 0))
	if err != nil {
		log.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		log.Fatal(err)
	}
	issue := func(code identity.Code) tls.Certificate {
		public, private, _ := ed25519.GenerateKey(nil)
		der, err := cert.Issue(&cert.Order{Code: code, Key: public, Hosts: []string{"127.0.0.1"}, From: now.Add(-time.Minute), Until: now.AddDate(0, 1, 0)}, root, rootKey)
		if err != nil {
			log.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
	}
	node, err := identity.Parse("491110000600037341L1101T1W05QEUB")
	if err != nil {
		log.Fatal(err)
	}
	connector, err := identity.Parse("591110000600037341L11016QC16YY2A")
	if err != nil {
		log.Fatal(err)
	}

	roots := x509.NewCertPool()
	roots.AddCert(root)
	peers := &cert.Peers{Roots: roots, Now: time.Now,
		Check: func(identity.Code, crypto.PublicKey) error { return nil }} // ask the registry
	serverConfig, err := peers.Server(issue(node))
	if err != nil {
		log.Fatal(err)
	}
	clientConfig, err := peers.Client(issue(connector), node)
	if err != nil {
		log.Fatal(err)
	}
	a, b := net.Pipe()
	go tls.Client(a, clientConfig).Handshake()
	server := tls.Server(b, serverConfig)
	if err := server.Handshake(); err != nil {
		log.Fatal(err)
	}
	state := server.ConnectionState()
	fmt.Println(peers.Code(&state))
	// Output: 591110000600037341L11016QC16YY2A <nil>
}
