package api

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A swap is a handler that can be exchanged, as when a server starts anew. It
// keeps the last request.
type swap struct {
	h        atomic.Pointer[http.Handler]
	mu       sync.Mutex
	last     *http.Request
	lastBody []byte
}

func (s *swap) set(h http.Handler) { s.h.Store(&h) }

func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.last, s.lastBody = r.Clone(context.Background()), body
	s.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	(*s.h.Load()).ServeHTTP(w, r)
}

// again returns the last request once more.
func (s *swap) again() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.last.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(s.lastBody))
	return r
}

func TestSession(t *testing.T) {
	verified := atomic.Int32{}
	cfg := config()
	cfg.Verify = func(ctx context.Context, signer string, message, signature []byte) error {
		verified.Add(1)
		return verify(ctx, signer, message, signature)
	}
	front := new(swap)
	front.set(handler(t, cfg))
	server := httptest.NewServer(front)
	defer server.Close()
	client := &Client{URL: server.URL, Signer: signer(), HTTP: server.Client()}
	call := func() int {
		status, answer, err := client.Call(t.Context(), "POST", "/directory/resolve", []byte(`{"code":"known"}`))
		require.NoError(t, err)
		if status == 200 {
			require.Contains(t, string(answer), `{"code":"known"}`)
		}
		return status
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if s := call(); s != 200 {
					t.Error(s)
				}
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, verified.Load(), "one signature for all")

	// What is known of a session can neither be replayed nor changed.
	h := *front.h.Load()
	want(t, do(h, front.again()), 401, "390003", "")
	for name, change := range map[string]func(r *http.Request){
		"body":      func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"code":"other"}`)) },
		"path":      func(r *http.Request) { r.URL.Path = "/directory/search" },
		"sequence":  func(r *http.Request) { r.Header.Set(headerSequence, fmt.Sprintf("%032x", 5000)) },
		"signer":    func(r *http.Request) { r.Header.Set(headerSigner, "other") },
		"time":      func(r *http.Request) { r.Header.Set(headerTime, "1790000000001") },
		"signature": func(r *http.Request) { r.Header.Set(headerSignature, strings.Repeat("00", 32)) },
	} {
		r := front.again()
		change(r)
		w := do(h, r)
		require.Equal(t, 401, w.Code, name)
		want(t, w, 401, "390001", "")
	}
	for name, change := range map[string]func(r *http.Request){
		"large sequence": func(r *http.Request) { r.Header.Set(headerSequence, "1"+strings.Repeat("0", 31)) },
		"bad sequence":   func(r *http.Request) { r.Header.Set(headerSequence, strings.Repeat("z", 32)) },
		"two tokens":     func(r *http.Request) { r.Header.Add(headerToken, "x") },
	} {
		r := front.again()
		change(r)
		w := do(h, r)
		require.Equal(t, 400, w.Code, name)
		want(t, w, 400, "290003", "")
	}
	r := front.again()
	r.Header.Set(headerToken, strings.Repeat("0", 32))
	want(t, do(h, r), 401, "390005", "")

	// A server that starts anew knows no session and takes no old signature.
	signed := signedPost(t, h, "/directory/resolve", `{"code":"known"}`)
	front.set(handler(t, cfg))
	want(t, do(*front.h.Load(), signed), 401, "390005", "")
	want(t, do(*front.h.Load(), front.again()), 401, "390005", "")
	require.Equal(t, 200, call())
	require.EqualValues(t, 2, verified.Load())

	// A session ends by the clock, and the client opens another.
	late := *cfg
	later := clock()
	late.Now = func() time.Time { return later }
	front.set(handler(t, &late))
	client.Signer.Now = late.Now
	require.Equal(t, 200, call())
	require.EqualValues(t, 3, verified.Load())
	later = later.Add(10*time.Minute - 1)
	require.Equal(t, 200, call())
	require.EqualValues(t, 3, verified.Load())
	later = later.Add(1)
	require.Equal(t, 200, call())
	require.EqualValues(t, 4, verified.Load())
}

// A session is opened by a signature over a good key, and by nothing else.
func TestTokenRefuses(t *testing.T) {
	h := handler(t, config())
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	body, err := json.Marshal(map[string][]byte{"key": key.PublicKey().Bytes()})
	require.NoError(t, err)
	want(t, do(h, post("/identity/GetToken", string(body))), 401, "390001", "")
	require.Equal(t, 200, do(h, signedPost(t, h, "/identity/GetToken", string(body))).Code)
	zero, err := json.Marshal(map[string][]byte{"key": make([]byte, 32)})
	require.NoError(t, err)
	for _, bad := range []string{"", "{}", string(zero), `{"key":"AAAA"}`, string(body[:len(body)-1]), string(body) + "x"} {
		want(t, do(h, signedPost(t, h, "/identity/GetToken", bad)), 400, "290001", "")
	}

	cfg := config()
	cfg.Session = -1
	_, err = New(cfg)
	require.Error(t, err)
}

// A server that answers anything makes the client fail.
func TestClientRefuses(t *testing.T) {
	_, _, err := (&Client{}).Call(t.Context(), "GET", "/", nil)
	require.Error(t, err)
	for _, answer := range []string{"", "{}", `{"code":"390005","message":""}`, `{"code":"000000","message":"","data":{"token":"x","key":"","until":0}}`,
		`{"code":"000000","message":"","data":{"token":"` + strings.Repeat("0", 32) + `","key":"` + strings.Repeat("A", 43) + `=","until":0}}`,
		strings.Repeat(" ", maxAnswer+1)} {
		for _, status := range []int{200, 401} {
			liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				io.WriteString(w, answer)
			}))
			client := &Client{URL: liar.URL, Signer: signer(), HTTP: liar.Client()}
			_, _, err := client.Call(t.Context(), "GET", "/", nil)
			require.Error(t, err)
			liar.Close()
		}
	}
}

func TestNumbers(t *testing.T) {
	var w numbers
	require.False(t, w.use(0))
	used := map[uint64]bool{0: true}
	x := uint64(1)
	for range 100_000 {
		x = x*6364136223846793005 + 1442695040888963407
		n := w.top + x>>40%200 - min(w.top, x>>20%5000) // around the highest
		if x>>60 == 0 {
			n += x >> 30 % 10_000
		}
		old := n <= w.top && w.top-n >= windowSize
		require.Equal(t, !used[n] && !old, w.use(n))
		used[n] = true
	}
	require.True(t, w.use(^uint64(0)))
	require.False(t, w.use(^uint64(0)))
	require.True(t, w.use(^uint64(0)-windowSize+1))
	require.False(t, w.use(^uint64(0)-windowSize))
}

func TestSessionsBounded(t *testing.T) {
	var x sessions
	now := clock()
	for i := range 200 {
		require.NoError(t, x.add(fmt.Sprint("a", i), &session{sender: "a", until: now.Add(time.Minute)}, now))
	}
	require.Len(t, x.byToken, maxSenderSessions)
	require.Nil(t, x.byToken["a0"])
	require.NotNil(t, x.byToken["a199"])
	for i := range maxSessions {
		err := x.add(fmt.Sprint("b", i), &session{sender: fmt.Sprint(i), until: now.Add(time.Minute)}, now)
		if len(x.byToken) == maxSessions && i >= maxSessions-maxSenderSessions {
			require.ErrorIs(t, err, faultBusy)
		}
	}
	require.NoError(t, x.add("c", &session{sender: "c", until: now.Add(time.Hour)}, now.Add(time.Minute)))
	require.Len(t, x.byToken, 1)
	require.Len(t, x.bySender, 1)
}

func TestSessionKeyIsNotPrinted(t *testing.T) {
	for _, format := range []string{"%v", "%s", "%#v", "%+v"} {
		require.Equal(t, "api.sessionKey", fmt.Sprintf(format, sessionKey{1}))
	}
	require.Equal(t, "api.sessionKey", sessionKey{1}.LogValue().String())
}
