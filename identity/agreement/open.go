package agreement

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/internal/label"
)

// A Channel is an authenticated and encrypted stream to one peer. It has the
// methods of a net.Conn that protocols use to be cancelled.
type Channel struct {
	*tls.Conn
	context Digest
}

// Context returns what Permit.Context does.
func (c *Channel) Context() []byte { return c.context[:] }

// refusals are what a side tells the other, by number; 0 says go. Numbers never
// change.
var refusals = []error{nil, ErrSignature, ErrPeriod, ErrTerms, ErrRight, ErrPolicy, ErrReplay, ErrMismatch, ErrRecord}

func classOf(err error) byte {
	for i, refusal := range refusals {
		if i > 0 && errors.Is(err, refusal) {
			return byte(i)
		}
	}
	return 255 // for a reason of its own
}

func refused(class byte) error {
	if int(class) < len(refusals) {
		return fmt.Errorf("agreement: %w: %w", ErrPeer, refusals[class])
	}
	return fmt.Errorf("agreement: %w for a reason of its own", ErrPeer)
}

// Open opens the channel to one party of the run over rw, on which nothing else
// may happen. Both sides call it. It waits for the other side until ctx ends,
// which needs an rw that has SetDeadline or Close. After an error rw is of no
// use, and should be closed; if the run was counted by then, another attempt
// needs a new start statement.
func Open(ctx context.Context, rw io.ReadWriter, permit *Permit, peer string) (*Channel, error) {
	if permit == nil {
		return nil, errors.New("agreement: there is no permit")
	}
	party, ok := permit.peers[peer]
	if !ok {
		return nil, errors.New("agreement: the peer is no other party of the run")
	}
	permit.mu.Lock()
	again := permit.opened[peer]
	permit.opened[peer] = true
	permit.mu.Unlock()
	var channel *Channel
	var err error
	if again {
		err = fmt.Errorf("agreement: %w: a channel to this peer", ErrReplay)
	} else {
		channel, err = meet(ctx, rw, permit.cfg, permit.self, party, permit, nil)
	}
	if recordErr := permit.record(peer, err); recordErr != nil && err == nil {
		return nil, fmt.Errorf("agreement: %w: %w", ErrRecord, recordErr)
	}
	if err != nil {
		return nil, err
	}
	return channel, nil
}

// Refuse tells a waiting peer, which is in Open, that there will be no channel,
// because Authorize returned reason. The peer learns the class of the reason. Refuse
// records what it did.
func Refuse(ctx context.Context, rw io.ReadWriter, cfg *Config, c *Contract, peer string, reason error) error {
	if err := cfg.check(); err != nil {
		return err
	}
	if c == nil || reason == nil {
		return errors.New("agreement: Refuse needs a contract, and a reason")
	}
	key, err := cfg.Algorithms.Public(cfg.Signer)
	if err != nil {
		return fmt.Errorf("agreement: Config.Signer: %w", err)
	}
	other, ok := c.Terms.party(peer)
	i := slices.IndexFunc(c.Terms.Parties, func(p Party) bool { return p.Key == key })
	if !ok || i < 0 || c.Terms.Parties[i].Code == peer {
		return errors.New("agreement: Refuse needs two parties of the contract")
	}
	_, err = meet(ctx, rw, cfg, c.Terms.Parties[i], other, nil, reason)
	if err != nil && !errors.Is(err, reason) {
		return err
	}
	return record(cfg, Digest{}, Digest{}, c.Terms.Parties[i].Code, peer, reason)
}

// meet runs the messages of the package comment. With a reason it only tells that.
func meet(ctx context.Context, rw io.ReadWriter, cfg *Config, self, peer Party, permit *Permit, reason error) (channel *Channel, err error) {
	config, err := tlsConfig(cfg, self.Code, peer)
	if err != nil {
		return nil, err
	}
	server := self.Code > peer.Code
	conn := tls.Client(asConn(rw), config)
	if server {
		conn = tls.Server(asConn(rw), config)
	}
	stop := context.AfterFunc(ctx, func() { interrupt(rw) })
	defer func() {
		switch {
		case !stop():
			channel, err = nil, fmt.Errorf("agreement: %w", context.Cause(ctx))
		case errors.Is(err, io.EOF):
			err = fmt.Errorf("agreement: the other side left before the channel was open: %w", io.ErrUnexpectedEOF)
		case err != nil && !server && strings.Contains(err.Error(), "bad certificate"):
			// A client learns that it was turned away when it first reads; the
			// alert has no type of its own.
			err = fmt.Errorf("agreement: %w: %w", ErrPeer, ErrStranger)
		}
	}()
	if err := conn.Handshake(); err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	var bound Digest
	if permit != nil {
		bound = permit.context
	}
	confirm, err := newConfirmation(conn, bound)
	if err != nil {
		return nil, err
	}
	if server {
		if err := confirm.send("server", reason); err != nil {
			return nil, err
		}
		if reason = confirm.receive("client"); reason == nil {
			reason = permit.spend(ctx)
		} else if !errors.Is(reason, ErrMismatch) || errors.Is(reason, ErrPeer) {
			return nil, reason
		}
		if err := confirm.send("opened", reason); err != nil {
			return nil, err
		}
	} else {
		// The client tells its refusal only behind the server's message, as
		// both would otherwise write at the same time.
		err := confirm.receive("server")
		if err != nil && (!errors.Is(err, ErrMismatch) || errors.Is(err, ErrPeer)) {
			return nil, err
		}
		if reason == nil {
			reason = err
		}
		if reason == nil {
			reason = permit.spend(ctx)
		}
		if err := confirm.send("client", reason); err != nil {
			return nil, err
		}
		if err := confirm.receive("opened"); err != nil {
			return nil, err
		}
	}
	return &Channel{conn, bound}, nil
}

// A confirmation is what both sides derive from the session and what they signed.
type confirmation struct {
	conn *tls.Conn
	key  []byte
}

func newConfirmation(conn *tls.Conn, bound Digest) (*confirmation, error) {
	tag, err := label.New("identity.agreement", 1, "exporter", bound[:])
	if err != nil {
		return nil, err
	}
	state := conn.ConnectionState()
	key, err := state.ExportKeyingMaterial("EXPERIMENTAL dujiang agreement", tag, sha256.Size)
	return &confirmation{conn, key}, err
}

const confirmationSize = 1 + sha256.Size

func (c *confirmation) message(step string, class byte) []byte {
	h := hmac.New(sha256.New, c.key)
	h.Write([]byte{class})
	h.Write([]byte(step))
	return h.Sum([]byte{class})
}

// send tells the step, or the refusal, which it then returns.
func (c *confirmation) send(step string, reason error) error {
	class := byte(0)
	if reason != nil {
		class = classOf(reason)
	}
	if _, err := c.conn.Write(c.message(step, class)); err != nil && reason == nil {
		return fmt.Errorf("agreement: %w", err)
	}
	return reason
}

// receive takes the step or a refusal. A refusal needs no code: the TLS session
// tells whose it is, and who refuses may know of no statement.
func (c *confirmation) receive(step string) error {
	got := make([]byte, confirmationSize)
	if _, err := io.ReadFull(c.conn, got); err != nil {
		return fmt.Errorf("agreement: %w", err)
	}
	if got[0] != 0 {
		return refused(got[0])
	}
	if !hmac.Equal(got, c.message(step, 0)) {
		return fmt.Errorf("agreement: %w", ErrMismatch)
	}
	return nil
}

// interrupt ends what goes on on a stream.
func interrupt(rw io.ReadWriter) {
	switch s := rw.(type) {
	case interface{ SetDeadline(time.Time) error }:
		s.SetDeadline(time.Unix(1, 0))
	case io.Closer:
		s.Close()
	}
}

// asConn gives a stream the methods that crypto/tls asks for.
func asConn(rw io.ReadWriter) net.Conn {
	if conn, ok := rw.(net.Conn); ok {
		return conn
	}
	return &stream{rw}
}

type stream struct{ io.ReadWriter }

func (s *stream) Close() error {
	if c, ok := s.ReadWriter.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (s *stream) SetDeadline(t time.Time) error {
	if d, ok := s.ReadWriter.(interface{ SetDeadline(time.Time) error }); ok {
		return d.SetDeadline(t)
	}
	if !t.IsZero() && t.Before(time.Now()) {
		return s.Close()
	}
	return nil
}

func (s *stream) SetReadDeadline(t time.Time) error  { return s.SetDeadline(t) }
func (s *stream) SetWriteDeadline(t time.Time) error { return nil }
func (s *stream) LocalAddr() net.Addr                { return address{} }
func (s *stream) RemoteAddr() net.Addr               { return address{} }

type address struct{}

func (address) Network() string { return "stream" }
func (address) String() string  { return "stream" }
