package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"
)

// A meeting is where a party listens, and its certificate.
type meeting struct {
	Address     string `json:"address"`
	Certificate []byte `json:"certificate"`
}

// overTLS measures one party, which is connected to the other over TLS 1.3 and
// the loopback interface. Side 1 listens, and calls announce once it does: its
// preparation is over then, so that the two preparations don't disturb each
// other.
func (o *order) overTLS(announce func(*meeting) error) (*process, error) {
	c, err := o.newContender(o.Side)
	if err != nil {
		return nil, err
	}
	var conn *tls.Conn
	if o.Side == 1 {
		conn, err = accept(announce)
	} else {
		conn, err = dial(o.Meet)
	}
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	return measured([]*contender{c}, func() error {
		// Both start at the same time, and after the handshake.
		if err := barrier(conn, o.Side); err != nil {
			return fmt.Errorf("waiting for the other party: %w", err)
		}
		return c.timed(conn)
	})
}

// accept waits for the other party. Only one can connect.
func accept(announce func(*meeting) error) (*tls.Conn, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	if err := announce(&meeting{ln.Addr().String(), der}); err != nil {
		return nil, err
	}
	conn, err := ln.Accept()
	if err != nil {
		return nil, err
	}
	secure := tls.Server(conn, &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}},
		SessionTicketsDisabled: true,
	})
	return secure, secure.Handshake()
}

// dial connects to the other party, and to nobody else. Who dials is not
// checked by the other side: this is a benchmark on one machine.
func dial(m *meeting) (*tls.Conn, error) {
	if m == nil {
		return nil, errors.New("the order says not where")
	}
	return tls.Dial("tcp", m.Address, &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // VerifyConnection pins the certificate
		VerifyConnection: func(state tls.ConnectionState) error {
			if !bytes.Equal(state.PeerCertificates[0].Raw, m.Certificate) {
				return errors.New("someone else listens there")
			}
			return nil
		},
	})
}

// barrier returns when both parties are there.
func barrier(rw io.ReadWriter, side int) error {
	var b [1]byte
	if side == 0 {
		if _, err := rw.Write(b[:]); err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(rw, b[:]); err != nil {
		return err
	}
	if side == 1 {
		_, err := rw.Write(b[:])
		return err
	}
	return nil
}
