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

// Headers of a signed request [NDI-TR-2025-03], and the signer's code, which
// the document leaves to the token.
const (
	headerCode      = "msgcode"
	headerVersion   = "msgversion"
	headerTime      = "timestamp"   // 13 digits, milliseconds since 1970
	headerSequence  = "sequenceNum" // 32 characters, of the sender's choice, never twice
	headerSigner    = "signer"
	headerSignature = "signValue" // 128 hexadecimal digits
)

const window = 5 * time.Minute

// A Signer signs the requests of one sender to one server. All fields must be
// set.
type Signer struct {
	Name string // the sender's registered code
	To   string // Config.Name of the server
	// Sign signs a message with the registered key.
	Sign func(message []byte) (signature []byte, err error)
	Now  func() time.Time
}

// Apply signs a request whose body is body. Nothing of it may change afterwards.
func (s *Signer) Apply(r *http.Request, body []byte) error {
	if s.Name == "" || s.To == "" || s.Sign == nil || s.Now == nil {
		return errors.New("api: a Signer needs all fields")
	}
	var sequence [16]byte
	rand.Read(sequence[:])
	h := r.Header
	h.Set(headerCode, strings.Trim(strings.ReplaceAll(r.URL.Path, "/", "."), "."))
	h.Set(headerVersion, "1")
	h.Set(headerTime, strconv.FormatInt(s.Now().UnixMilli(), 10))
	h.Set(headerSequence, hex.EncodeToString(sequence[:]))
	h.Set(headerSigner, s.Name)
	signature, err := s.Sign(requestMessage(s.To, r, body))
	if err != nil {
		return err
	}
	h.Set(headerSignature, hex.EncodeToString(signature))
	return nil
}

// requestMessage is what a request's signature covers: each part with its
// length in front, so that no two requests share a message.
func requestMessage(to string, r *http.Request, body []byte) []byte {
	m, err := label.New("api", 1, "request", nil)
	if err != nil {
		panic("api: internal error: " + err.Error())
	}
	h, sum := r.Header, sha256.Sum256(body)
	for _, part := range []string{to, r.Method, r.URL.RequestURI(), h.Get(headerCode), h.Get(headerVersion),
		h.Get(headerTime), h.Get(headerSequence), h.Get(headerSigner), string(sum[:])} {
		m = binary.BigEndian.AppendUint64(m, uint64(len(part)))
		m = append(m, part...)
	}
	return m
}

// authenticate returns the sender of a signed request, and nothing for one that
// is not signed at all. A signature that is there must be right.
func (s *server) authenticate(r *http.Request, body []byte) (sender string, err error) {
	h := r.Header
	sender = h.Get(headerSigner)
	if sender == "" && h.Get(headerSignature) == "" {
		return "", nil
	}
	for _, name := range []string{headerCode, headerVersion, headerTime, headerSequence, headerSigner, headerSignature} {
		if v := h.Values(name); len(v) != 1 || v[0] == "" || len(v[0]) > 256 {
			return "", faultHeaders
		}
	}
	signature, err := hex.DecodeString(h.Get(headerSignature))
	at, err2 := strconv.ParseInt(h.Get(headerTime), 10, 64)
	if err != nil || err2 != nil || len(h.Get(headerTime)) != 13 || len(h.Get(headerSequence)) != 32 {
		return "", faultHeaders
	}
	now := s.cfg.Now()
	if d := now.Sub(time.UnixMilli(at)); d > window || d < -window {
		return "", faultTime
	}
	if s.cfg.Verify == nil || s.cfg.Name == "" {
		return "", faultSignature
	}
	if err := s.cfg.Verify(r.Context(), sender, requestMessage(s.cfg.Name, r, body), signature); err != nil {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return "", err
		}
		return "", faultSignature
	}
	// Only now, so that nobody uses up another one's numbers or rate.
	if !s.senders.allow(sender, now) {
		return "", faultBusy
	}
	return sender, s.replays.use(sender, h.Get(headerSequence), now)
}

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
