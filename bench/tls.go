package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"runtime"
	"time"
)

// A meeting is where a party listens, and its certificate.
type meeting struct {
	Address     string `json:"address"`
	Certificate []byte `json:"certificate"`
}

// overTLS measures one party, which is connected to each other over TLS 1.3. Of two sides the later one listens, and the earlier one
// is told where. A party calls announce once it listens: its preparation is over
// then, so that preparations don't disturb each other.
func (o *order) overTLS(announce func(*meeting) error) (*process, error) {
	c, err := o.newContender(o.Side)
	if err != nil {
		return nil, err
	}
	conns, err := o.connect(announce)
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	}()
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	peers := make([]io.ReadWriter, len(conns))
	for i, conn := range conns {
		if conn != nil {
			peers[i] = conn
		}
	}
	// All start at the same time, and after the handshakes.
	var lead time.Duration
	if s := networkOf(o.Job.Network).shape; s != nil {
		lead = 2 * s.delay
	}
	return measured([]*contender{c}, func() error {
		if err := barrier(peers, o.Side, lead); err != nil {
			return fmt.Errorf("waiting for the other parties: %w", err)
		}
		return nil
	}, func() error { return c.timed(peers) })
}

// connect returns connections to all other sides.
func (o *order) connect(announce func(*meeting) error) ([]*tls.Conn, error) {
	conns := make([]*tls.Conn, len(o.Job.sides()))
	var ln net.Listener
	var server *tls.Config
	if o.Side > 0 {
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
		if ln, err = net.Listen("tcp", net.JoinHostPort(o.Host, "0")); err != nil {
			return nil, err
		}
		defer ln.Close()
		server = &tls.Config{
			MinVersion:             tls.VersionTLS13,
			Certificates:           []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}},
			SessionTicketsDisabled: true,
		}
		if err := announce(&meeting{ln.Addr().String(), der}); err != nil {
			return nil, err
		}
	}
	for side := o.Side + 1; side < len(conns); side++ {
		conn, err := dial(o.Meet[side])
		if err != nil {
			return conns, err
		}
		conns[side] = conn
		if _, err := conn.Write([]byte{byte(o.Side)}); err != nil { // which side this is
			return conns, err
		}
	}
	for range o.Side {
		conn, err := ln.Accept()
		if err != nil {
			return conns, err
		}
		secure := tls.Server(conn, server)
		var side [1]byte
		if _, err := io.ReadFull(secure, side[:]); err != nil {
			return conns, errors.Join(err, secure.Close())
		}
		if i := int(side[0]); i >= o.Side || conns[i] != nil {
			return conns, errors.Join(errors.New("a side that is none has connected"), secure.Close())
		}
		conns[side[0]] = secure
	}
	return conns, nil
}

// dial connects to another party, and to nobody else. Who dials is not checked by
// the other side: this is a benchmark on one machine.
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

// barrier returns when all parties are there, to all at the same time if lead is
// as long as a message takes to the farthest. The last side says when.
func barrier(peers []io.ReadWriter, side int, lead time.Duration) error {
	var at [8]byte
	last := len(peers) - 1
	if side < last {
		if _, err := peers[last].Write(at[:1]); err != nil {
			return err
		}
		if _, err := io.ReadFull(peers[last], at[:]); err != nil {
			return err
		}
	} else {
		for _, rw := range peers[:last] {
			if _, err := io.ReadFull(rw, at[:1]); err != nil {
				return err
			}
		}
		binary.LittleEndian.PutUint64(at[:], uint64(time.Now().Add(lead).UnixNano()))
		for _, rw := range peers[:last] {
			if _, err := rw.Write(at[:]); err != nil {
				return err
			}
		}
	}
	// The parties share a clock, and timers can be late by a millisecond.
	start := time.Unix(0, int64(binary.LittleEndian.Uint64(at[:])))
	time.Sleep(time.Until(start) - 2*time.Millisecond)
	for time.Now().Before(start) {
		runtime.Gosched()
	}
	return nil
}
