// Package pinned makes TLS 1.3 connections between two parties that know each
// other by the fingerprints of their public keys, as ssh does. There are no
// authorities and no names: a key is a party.
package pinned

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/dujiang-dev/dujiang/identity/keys"
)

// handshakeTimeout bounds what a stranger can take of a listener's time.
const handshakeTimeout = 10 * time.Second

// Reasons why two parties do not meet.
var (
	// ErrStranger says that the other side is not who was expected.
	ErrStranger = errors.New("the other side has another key than expected")
	// ErrRefused says that the other side expected someone else.
	ErrRefused = errors.New("the other side expects another key than this side's")
)

// A Key is a party's private key.
type Key struct{ private ed25519.PrivateKey }

// NewKey makes a key.
func NewKey() (*Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return &Key{private}, err
}

// Write writes the key to a new file that only its owner can read.
func (k *Key) Write(file string) error {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(file) // half a key would be in the way of the next attempt
	}
	return err
}

// ReadKey reads what Write wrote.
func ReadKey(file string) (*Key, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s holds no private key in PEM form", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a key that is not Ed25519", file)
	}
	return &Key{private}, nil
}

// Signer returns what signs with the key.
func (k *Key) Signer() crypto.Signer { return k.private }

// PeerKey returns the public key of the party at the other end of a connection
// that Dial or AcceptPeer returned.
func PeerKey(conn net.Conn) (keys.PublicKey, error) {
	public, ok := conn.(*tls.Conn).ConnectionState().PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return keys.PublicKey{}, errors.New("the other side's key is not Ed25519")
	}
	return keys.ParsePublicKey("ed25519:" + base64.RawURLEncoding.EncodeToString(public))
}

// String prints no secret.
func (k Key) String() string { return "pinned.Key of " + string(k.Fingerprint()) }

// GoString prints no secret either.
func (k Key) GoString() string { return k.String() }

// A Fingerprint stands for a public key: "SHA256:" and the SHA-256 of its
// SubjectPublicKeyInfo in base64 without padding.
type Fingerprint string

const fingerprintPrefix = "SHA256:"

// Fingerprint returns the fingerprint of k's public key.
func (k Key) Fingerprint() Fingerprint {
	fp, err := fingerprint(k.private.Public())
	if err != nil {
		panic(err) // an Ed25519 key has an encoding
	}
	return fp
}

func fingerprint(public crypto.PublicKey) (Fingerprint, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return Fingerprint(fingerprintPrefix + base64.RawStdEncoding.EncodeToString(sum[:])), nil
}

// ParseFingerprint checks the form of a fingerprint that a person typed.
func ParseFingerprint(s string) (Fingerprint, error) {
	encoded, ok := strings.CutPrefix(s, fingerprintPrefix)
	sum, err := base64.RawStdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(sum) != sha256.Size {
		return "", fmt.Errorf("%q is not a fingerprint: want %s and 43 characters", s, fingerprintPrefix)
	}
	return Fingerprint(s), nil
}

// config returns what both ends use. The peer proves that it has the private
// key in the handshake; which key that is, is checked here.
func (k *Key) config(peer Fingerprint) (*tls.Config, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.private.Public(), k.private)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: k.private}},
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // there are no authorities; VerifyConnection pins the key
		SessionTicketsDisabled: true, // so that each connection proves it anew
		VerifyConnection: func(state tls.ConnectionState) error {
			got, err := fingerprint(state.PeerCertificates[0].PublicKey)
			if err != nil {
				return err
			}
			if subtle.ConstantTimeCompare([]byte(got), []byte(peer)) != 1 {
				return fmt.Errorf("%w: it has %s", ErrStranger, got)
			}
			return nil
		},
	}, nil
}

// Dial connects to a Listener at addr that has the key peer.
func Dial(ctx context.Context, addr string, k *Key, peer Fingerprint) (net.Conn, error) {
	config, err := k.config(peer)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return greet(ctx, tls.Client(conn, config), false)
}

// A Listener waits for one party.
type Listener struct {
	net.Listener
	config *tls.Config
}

// Listen waits at addr for the party with the key peer.
func Listen(addr string, k *Key, peer Fingerprint) (*Listener, error) {
	config, err := k.config(peer)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Listener{ln, config}, nil
}

// AcceptPeer returns the first connection of the party that is waited for, and
// closes the listener. Others are turned away, and refused is called with the
// reason, from several goroutines, but not after AcceptPeer has returned. Slow
// ones keep nobody waiting, unless there are 16 of them at a time.
func (l *Listener) AcceptPeer(ctx context.Context, refused func(net.Addr, error)) (net.Conn, error) {
	var greeters sync.WaitGroup
	defer greeters.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer l.Close()
	accepted := make(chan net.Conn)
	failed := make(chan error, 1)
	greeters.Go(func() {
		// Strangers share a few places, so that they cannot exhaust the
		// process either.
		places := make(chan struct{}, 16)
		for {
			conn, err := l.Accept()
			if err != nil {
				failed <- err
				return
			}
			places <- struct{}{}
			greeters.Go(func() {
				defer func() { <-places }()
				soon, cancel := context.WithTimeout(ctx, handshakeTimeout)
				defer cancel()
				peer, err := greet(soon, tls.Server(conn, l.config), true)
				if err != nil && ctx.Err() == nil {
					refused(conn.RemoteAddr(), err)
				}
				if err != nil {
					return
				}
				select {
				case accepted <- peer:
				case <-ctx.Done():
					peer.Close()
				}
			})
		}
	})
	select {
	case conn := <-accepted:
		return conn, nil
	case err := <-failed:
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// greet completes the handshake. In TLS 1.3 a client is done before the server
// has looked at its key, so the server says a byte when it has.
func greet(ctx context.Context, conn *tls.Conn, server bool) (_ net.Conn, err error) {
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	welcome := []byte{1}
	if server {
		_, err = conn.Write(welcome)
	} else if _, err = conn.Read(welcome); err != nil && strings.Contains(err.Error(), "bad certificate") {
		err = ErrRefused // the alert has no type of its own
	}
	return conn, err
}
