package agreement

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity/keys"
)

// tlsConfig pins the peer's key. Certificates carry keys, and the signatures of
// registered keys that TLS does not know, and nothing else.
func tlsConfig(cfg *Config, self string, peer Party) (*tls.Config, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	signer := cfg.Signer
	if _, known := signer.Public().(ed25519.PublicKey); !known {
		var err error
		if signer, template.URIs, err = standIn(cfg, self, peer.Code); err != nil {
			return nil, err
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: signer}},
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // there are no authorities; VerifyConnection pins the key
		SessionTicketsDisabled: true, // so that every session proves its keys
		Time:                   cfg.Now,
		VerifyConnection: func(state tls.ConnectionState) error {
			cert := state.PeerCertificates[0]
			public, ok := cert.PublicKey.(ed25519.PublicKey)
			if !ok {
				return ErrStranger
			}
			if peer.Key.Algorithm() == keys.Ed25519().String() {
				if !public.Equal(ed25519.PublicKey(peer.Key.Bytes())) {
					return ErrStranger
				}
				return nil
			}
			if err := checkStandIn(cfg, self, peer, public, cert.URIs); err != nil {
				return fmt.Errorf("%w: %w", ErrStranger, err)
			}
			return nil
		},
	}, nil
}

// A substitute is what a registered key signs when TLS does not know its
// algorithm: which key it uses in TLS, towards whom, and until when.
type substitute struct {
	Key   []byte `json:"key"` // Ed25519
	Self  string `json:"self"`
	Peer  string `json:"peer"`
	Until int64  `json:"until"` // seconds since 1970
}

// A substitute is made for ten minutes, and one for longer than that is not
// accepted, but for clocks that differ by as much.
const substituteFor = 10 * time.Minute

// substituteURI precedes the time and the signature in a certificate's URI.
const substituteURI = "urn:dujiang:gate:1:"

// standIn makes a key for one channel and has the registered one sign it.
func standIn(cfg *Config, self, peer string) (crypto.Signer, []*url.URL, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, nil, err
	}
	until := cfg.Now().Add(substituteFor).Unix()
	signature, err := cfg.Algorithms.Sign(cfg.Signer, domain("TLS key"), substitute{public, self, peer, until})
	if err != nil {
		return nil, nil, fmt.Errorf("agreement: %w", err)
	}
	u, err := url.Parse(substituteURI + strconv.FormatInt(until, 10) + ":" + base64.RawURLEncoding.EncodeToString(signature))
	return private, []*url.URL{u}, err
}

// checkStandIn checks that the peer's registered key signed a key for TLS.
func checkStandIn(cfg *Config, self string, peer Party, public ed25519.PublicKey, uris []*url.URL) error {
	if len(uris) != 1 {
		return errors.New("its certificate has no signature of its registered key")
	}
	text, ok := strings.CutPrefix(uris[0].String(), substituteURI)
	number, encoded, found := strings.Cut(text, ":")
	until, err := strconv.ParseInt(number, 10, 64)
	if !ok || !found || err != nil {
		return errors.New("its certificate has a signature of another form")
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return errors.New("its certificate has a signature of another form")
	}
	if now := cfg.Now(); until <= now.Unix() || until > now.Add(2*substituteFor).Unix() {
		return errors.New("the key that it signed for TLS is not of this time; compare the clocks")
	}
	return cfg.Algorithms.Verify(peer.Key, domain("TLS key"), substitute{public, peer.Code, self, until}, signature)
}
