package api

import (
	"context"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/internal/label"
)

const (
	maxSessions = 1 << 16
	// maxSenderSessions is how many one sender has; a further one ends its
	// oldest.
	maxSenderSessions = 64
)

// sessionKey authenticates the requests of a session.
type sessionKey [sha256.Size]byte

// String prints no secret.
func (sessionKey) String() string { return "api.sessionKey" }

// GoString prints no secret.
func (sessionKey) GoString() string { return "api.sessionKey" }

// newSessionKey derives the key from what both sides exchanged. Everything that
// both have seen is in the info, each part with its length in front.
func newSessionKey(own *ecdh.PrivateKey, other *ecdh.PublicKey, to, sender, instance, token string, clientKey, serverKey []byte) (key sessionKey, err error) {
	secret, err := own.ECDH(other) // an error if it is zero [RFC 7748, section 6.1]
	if err != nil {
		return key, err
	}
	info, err := label.New("api", 1, "session", nil)
	if err != nil {
		return key, err
	}
	for _, part := range []string{to, sender, instance, token, string(clientKey), string(serverKey)} {
		info = binary.BigEndian.AppendUint64(info, uint64(len(part)))
		info = append(info, part...)
	}
	b, err := hkdf.Key(sha256.New, secret, nil, string(info), len(key))
	copy(key[:], b)
	return key, err
}

// LogValue logs no secret.
func (k sessionKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

func (k *sessionKey) sign(message []byte) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write(message)
	return h.Sum(nil)
}

// A numbers window takes each number once, and none that is windowSize or more
// below the highest [RFC 6479]. Requests of one session overtake each other.
type numbers struct {
	top  uint64
	bits [windowWords]uint64
}

const (
	windowWords = 64
	windowSize  = (windowWords - 1) * 64 // the highest word is not full
)

func (w *numbers) use(n uint64) bool {
	if n > w.top {
		for i := range min(n/64-w.top/64, windowWords) {
			w.bits[(w.top/64+1+i)%windowWords] = 0
		}
		w.top = n
	} else if w.top-n >= windowSize {
		return false
	}
	word, bit := &w.bits[n/64%windowWords], uint64(1)<<(n%64)
	used := *word&bit != 0
	*word |= bit
	return !used && n > 0
}

type session struct {
	sender string
	key    sessionKey
	until  time.Time

	mu   sync.Mutex
	seen numbers
}

// sessions are those that are open, by token.
type sessions struct {
	mu       sync.RWMutex
	byToken  map[string]*session
	bySender map[string][]string // tokens, the oldest first
}

// add takes a session, or refuses it if there are too many.
func (x *sessions) add(token string, s *session, now time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.byToken == nil {
		x.byToken, x.bySender = make(map[string]*session), make(map[string][]string)
	}
	if len(x.byToken) >= maxSessions {
		for t, old := range x.byToken {
			if !now.Before(old.until) {
				x.remove(t)
			}
		}
		if len(x.byToken) >= maxSessions {
			return faultBusy
		}
	}
	if own := x.bySender[s.sender]; len(own) >= maxSenderSessions {
		x.remove(own[0])
	}
	x.byToken[token] = s
	x.bySender[s.sender] = append(x.bySender[s.sender], token)
	return nil
}

func (x *sessions) remove(token string) {
	sender := x.byToken[token].sender
	delete(x.byToken, token)
	var rest []string
	for _, t := range x.bySender[sender] {
		if t != token {
			rest = append(rest, t)
		}
	}
	if x.bySender[sender] = rest; rest == nil {
		delete(x.bySender, sender)
	}
}

// check checks a request of a session. Whoever gives a token that is none learns
// that, and nothing about those that are.
func (x *sessions) check(to string, r *http.Request, body, signature []byte, now time.Time) error {
	token := r.Header.Get(headerToken)
	x.mu.RLock()
	s := x.byToken[token]
	x.mu.RUnlock()
	if s == nil || !now.Before(s.until) {
		return faultSession
	}
	sequence, err := hex.DecodeString(r.Header.Get(headerSequence))
	if err != nil || len(sequence) != 16 || binary.BigEndian.Uint64(sequence) != 0 {
		return faultHeaders
	}
	if s.sender != r.Header.Get(headerSigner) || !hmac.Equal(signature, s.key.sign(requestMessage("session request", to, r, token, body))) {
		return faultSignature
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.seen.use(binary.BigEndian.Uint64(sequence[8:])) {
		return faultReplay
	}
	return nil
}

// Token is the answer to a request for a session.
type Token struct {
	Token string `json:"token"`
	Key   []byte `json:"key"`   // the server's X25519 key
	Until int64  `json:"until"` // milliseconds since 1970
}

// token opens a session.
func (s *server) token(_ context.Context, sender string, body []byte) (any, error) {
	var q struct {
		Key []byte `json:"key"`
	}
	if err := strictjson.Decode(body, &q, maxBody); err != nil {
		return nil, faultForm
	}
	client, err := ecdh.X25519().NewPublicKey(q.Key)
	if err != nil {
		return nil, faultForm
	}
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var id [16]byte
	rand.Read(id[:])
	token := hex.EncodeToString(id[:])
	key, err := newSessionKey(own, client, s.cfg.Name, sender, s.instance, token, q.Key, own.PublicKey().Bytes())
	if err != nil {
		return nil, faultForm // a key of small order
	}
	now := s.cfg.Now()
	opened := &session{sender: sender, key: key, until: now.Add(s.cfg.Session)}
	if err := s.sessions.add(token, opened, now); err != nil {
		return nil, err
	}
	return &Token{token, own.PublicKey().Bytes(), opened.until.UnixMilli()}, nil
}
