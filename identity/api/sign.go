package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dujiang-dev/dujiang/internal/label"
)

// Headers of a signed request [NDI-TR-2025-03], and those that the document
// leaves to the token: the signer's code, and what the signature is for.
const (
	headerCode      = "msgcode"
	headerVersion   = "msgversion"
	headerTime      = "timestamp"   // 13 digits, milliseconds since 1970
	headerSequence  = "sequenceNum" // 32 characters, never twice
	headerSigner    = "signer"
	headerInstance  = "instance"  // of the server, 32 hexadecimal digits; in every answer
	headerToken     = "token"     // of a session, 32 hexadecimal digits
	headerSignature = "signValue" // hexadecimal digits
)

const window = 5 * time.Minute

// A Signer signs the requests of one sender to one server. All fields must be
// set. Most callers leave its use to a [Client].
type Signer struct {
	Name string // the sender's registered code
	To   string // Config.Name of the server
	// Sign signs a message with the registered key.
	Sign func(message []byte) (signature []byte, err error)
	Now  func() time.Time
}

// Apply signs a request whose body is body, for a running instance of the server,
// which names itself in the header instance of every answer. Nothing of the
// request may change afterwards.
func (s *Signer) Apply(r *http.Request, body []byte, instance string) error {
	if s.Name == "" || s.To == "" || s.Sign == nil || s.Now == nil {
		return errors.New("api: a Signer needs all fields")
	}
	var sequence [16]byte
	rand.Read(sequence[:])
	s.fill(r, hex.EncodeToString(sequence[:]))
	r.Header.Set(headerInstance, instance)
	signature, err := s.Sign(requestMessage("request", s.To, r, instance, body))
	if err != nil {
		return err
	}
	r.Header.Set(headerSignature, hex.EncodeToString(signature))
	return nil
}

// fill sets the headers that all signed requests have.
func (s *Signer) fill(r *http.Request, sequence string) {
	h := r.Header
	h.Set(headerCode, strings.Trim(strings.ReplaceAll(r.URL.Path, "/", "."), "."))
	h.Set(headerVersion, "1")
	h.Set(headerTime, strconv.FormatInt(s.Now().UnixMilli(), 10))
	h.Set(headerSequence, sequence)
	h.Set(headerSigner, s.Name)
}

// requestMessage is what a request's signature covers: each part with its
// length in front, so that no two requests share a message. What it is valid
// within is an instance of the server or a session's token, as the purpose says.
func requestMessage(purpose, to string, r *http.Request, within string, body []byte) []byte {
	m, err := label.New("api", 2, purpose, nil)
	if err != nil {
		panic("api: internal error: " + err.Error())
	}
	h, sum := r.Header, sha256.Sum256(body)
	for _, part := range []string{to, r.Method, r.URL.RequestURI(), h.Get(headerCode), h.Get(headerVersion),
		h.Get(headerTime), h.Get(headerSequence), h.Get(headerSigner), within, string(sum[:])} {
		m = binary.BigEndian.AppendUint64(m, uint64(len(part)))
		m = append(m, part...)
	}
	return m
}

// means is how a sender was known.
type means int

const (
	unknown means = iota
	bySignature
	bySession
	byCertificate
)

// authenticate returns the sender of a request and how it is known, and nothing
// for a stranger who does not claim to be anybody. A signature that is there must
// be right.
func (s *server) authenticate(r *http.Request, body []byte) (sender string, how means, err error) {
	certified, err := s.certified(r)
	if err != nil {
		return "", unknown, err
	}
	h := r.Header
	sender = h.Get(headerSigner)
	switch {
	case sender == "" && h.Get(headerSignature) == "" && certified == "":
		return "", unknown, nil
	case sender == "" && h.Get(headerSignature) == "":
		sender, how = certified, byCertificate
	case certified != "" && certified != sender:
		return "", unknown, faultSignature
	default:
		if how, err = s.checkSignature(r, body); err != nil {
			return "", unknown, err
		}
	}
	// Only now, so that nobody uses up another one's numbers or rate.
	now := s.cfg.Now()
	if !s.senders.allow(sender, now) {
		return "", unknown, faultBusy
	}
	if how == bySignature {
		err = s.replays.use(sender, h.Get(headerSequence), now)
	}
	return sender, how, err
}

// certified returns the code in the certificate of a connection that has one.
func (s *server) certified(r *http.Request) (string, error) {
	if s.cfg.Certified == nil || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return "", nil
	}
	code, err := s.cfg.Certified(r.TLS)
	if err != nil || code == "" {
		return "", faultSignature
	}
	return code, nil
}

// checkSignature checks the headers of a signed request and its signature, by the
// sender's key or by that of a session.
func (s *server) checkSignature(r *http.Request, body []byte) (means, error) {
	h := r.Header
	how, within := bySignature, headerInstance
	if h.Get(headerToken) != "" {
		how, within = bySession, headerToken
	}
	for _, name := range []string{headerCode, headerVersion, headerTime, headerSequence, headerSigner, within, headerSignature} {
		if v := h.Values(name); len(v) != 1 || v[0] == "" || len(v[0]) > maxHeader {
			return unknown, faultHeaders
		}
	}
	signature, err := hex.DecodeString(h.Get(headerSignature))
	at, err2 := strconv.ParseInt(h.Get(headerTime), 10, 64)
	if err != nil || err2 != nil || len(h.Get(headerTime)) != 13 || len(h.Get(headerSequence)) != 32 {
		return unknown, faultHeaders
	}
	if d := s.cfg.Now().Sub(time.UnixMilli(at)); d > window || d < -window {
		return unknown, faultTime
	}
	if s.cfg.Verify == nil || s.cfg.Name == "" {
		return unknown, faultSignature
	}
	if how == bySession {
		return how, s.sessions.check(s.cfg.Name, r, body, signature, s.cfg.Now())
	}
	// Sequence numbers are in memory: what was signed for an instance that has
	// ended would be new to this one.
	if h.Get(headerInstance) != s.instance {
		return unknown, faultSession
	}
	if err := s.cfg.Verify(r.Context(), h.Get(headerSigner), requestMessage("request", s.cfg.Name, r, s.instance, body), signature); err != nil {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return unknown, err
		}
		return unknown, faultSignature
	}
	return how, nil
}

// maxHeader is the most bytes of a header of a signed request: signatures of
// SM2 and Ed25519 fit, and codes of 65 characters.
const maxHeader = 256

// replays remembers the sequence numbers of at least the time in which a
// signature could come again: a request may be signed up to one window ahead
// and arrive up to one after.
type replays struct {
	mu        sync.Mutex
	now, old  map[[32]byte]struct{}
	turnsOver time.Time
}

const maxReplays = 1 << 19 // of each of two generations

func (p *replays) use(sender, sequence string, now time.Time) error {
	id := sha256.Sum256([]byte(sequence + sender)) // a sequence has 32 bytes
	p.mu.Lock()
	defer p.mu.Unlock()
	if !now.Before(p.turnsOver) {
		p.old, p.now = p.now, map[[32]byte]struct{}{}
		if !now.Before(p.turnsOver.Add(2 * window)) {
			p.old = nil
		}
		p.turnsOver = now.Add(2 * window)
	}
	if _, used := p.now[id]; used {
		return faultReplay
	}
	if _, used := p.old[id]; used {
		return faultReplay
	}
	if len(p.now) >= maxReplays {
		return faultBusy // rather than forget one
	}
	p.now[id] = struct{}{}
	return nil
}
