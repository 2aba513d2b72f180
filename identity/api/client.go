package api

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

// A Client makes requests of one sender to one server, in a session that it opens
// when it has none and again when the server has forgotten it. Its methods may be
// called from several goroutines.
type Client struct {
	URL    string // of the server, such as https://node.example
	Signer *Signer
	// HTTP makes the requests; give it a timeout.
	HTTP *http.Client

	mu  sync.Mutex
	now *clientSession
}

type clientSession struct {
	token string
	key   sessionKey

	mu   sync.Mutex
	last uint64
}

func (s *clientSession) next() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return fmt.Sprintf("%032x", s.last)
}

// Call makes one request, whose path starts with a slash and may have a query,
// and returns the answer, of at most 1 MiB, whatever its status. A GET has no
// body.
func (c *Client) Call(ctx context.Context, method, path string, body []byte) (status int, answer []byte, err error) {
	if c.Signer == nil || c.HTTP == nil {
		return 0, nil, errors.New("api: a Client needs all fields")
	}
	var stale *clientSession
	for range 2 {
		s, err := c.session(ctx, stale)
		if err != nil {
			return 0, nil, err
		}
		r, err := c.request(ctx, method, path, body)
		if err != nil {
			return 0, nil, err
		}
		c.Signer.fill(r, s.next())
		r.Header.Set(headerToken, s.token)
		r.Header.Set(headerSignature, hex.EncodeToString(s.key.sign(requestMessage("session request", c.Signer.To, r, s.token, body))))
		if status, answer, _, err = send(c.HTTP, r); err != nil {
			return 0, nil, err
		}
		if !forgotten(status, answer) {
			break
		}
		stale = s // the server has not looked at the request, so it can come again
	}
	return status, answer, nil
}

// session returns the session in use, or a new one in place of a stale one.
func (c *Client) session(ctx context.Context, stale *clientSession) (*clientSession, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now != nil && c.now != stale {
		return c.now, nil
	}
	s, err := c.open(ctx)
	if err == nil {
		c.now = s
	}
	return s, err
}

// open opens a session. The first request learns the server's instance.
func (c *Client) open(ctx context.Context) (*clientSession, error) {
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	public := own.PublicKey().Bytes()
	body, err := json.Marshal(map[string][]byte{"key": public})
	if err != nil {
		return nil, err
	}
	instance := "unknown"
	for range 2 {
		r, err := c.request(ctx, http.MethodPost, "/identity/GetToken", body)
		if err != nil {
			return nil, err
		}
		if err := c.Signer.Apply(r, body, instance); err != nil {
			return nil, err
		}
		status, answer, header, err := send(c.HTTP, r)
		if err != nil {
			return nil, err
		}
		if forgotten(status, answer) {
			instance = header.Get(headerInstance)
			continue
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("api: the server opens no session: status %d", status)
		}
		var a struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Data    Token  `json:"data"`
		}
		if err := strictjson.Decode(answer, &a, maxBody); err != nil {
			return nil, fmt.Errorf("api: no answer to a request for a session: %w", err)
		}
		server, err := ecdh.X25519().NewPublicKey(a.Data.Key)
		if err != nil || len(a.Data.Token) != 32 {
			return nil, errors.New("api: the answer has no token or no key")
		}
		key, err := newSessionKey(own, server, c.Signer.To, c.Signer.Name, instance, a.Data.Token, public, a.Data.Key)
		if err != nil {
			return nil, errors.New("api: the answer has no key")
		}
		return &clientSession{token: a.Data.Token, key: key}, nil
	}
	return nil, errors.New("api: the server names another instance each time")
}

func (c *Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err == nil && len(body) > 0 {
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return r, err
}

// send makes a request and reads all of its answer.
func send(client *http.Client, r *http.Request) (status int, answer []byte, header http.Header, err error) {
	w, err := client.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer w.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(w.Body, maxAnswer+1))
	if err == nil && len(answer) > maxAnswer {
		err = fmt.Errorf("api: an answer of more than %d bytes", maxAnswer)
	}
	return w.StatusCode, answer, w.Header, err
}

// forgotten reports whether the server knows the session or instance no more.
func forgotten(status int, answer []byte) bool {
	if status != faultSession.Status {
		return false
	}
	var a struct {
		Code string `json:"code"`
	}
	return json.Unmarshal(answer, &a) == nil && a.Code == faultSession.Code
}
