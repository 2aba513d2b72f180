package api

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	here   = "registry.example"
	caller = "591310105575958172F3101ABCDEFGH7"
)

var errSecret = errors.New("secret detail")

func key(name string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return ed25519.NewKeyFromSeed(seed)
}

func clock() time.Time { return time.UnixMilli(1_790_000_000_000) }

// verify knows one sender.
func verify(_ context.Context, signer string, message, signature []byte) error {
	if signer != caller || !ed25519.Verify(key(caller).Public().(ed25519.PublicKey), message, signature) {
		return errSecret
	}
	return nil
}

func signer() *Signer {
	return &Signer{Name: caller, To: here, Now: clock,
		Sign: func(message []byte) ([]byte, error) { return ed25519.Sign(key(caller), message), nil }}
}

type fakeDirectory struct{}

func (fakeDirectory) Resolve(_ context.Context, code string) (any, error) {
	switch code {
	case "broken":
		return nil, errSecret
	case "known":
		return json.RawMessage(`{"code":"known"}`), nil
	}
	return nil, fmt.Errorf("no %s: %w", code, ErrNotFound)
}

func (fakeDirectory) Search(_ context.Context, s Search) (any, error) { return s, nil }

type registrar struct{}

func (registrar) Nonce(context.Context, []byte) (any, error) {
	return map[string]string{"nonce": "n"}, nil
}
func (registrar) Register(_ context.Context, body []byte) (any, error) {
	if len(body) == 0 {
		return nil, &Fault{http.StatusConflict, "301007", "this code is registered already"}
	}
	return json.RawMessage(body), nil
}

func config() *Config {
	return &Config{Directory: fakeDirectory{}, Registrar: registrar{}, Name: here, Verify: verify,
		Readers: RegisteredReaders, Rate: 1e6, Burst: 1e6, Now: clock}
}

func handler(t testing.TB, cfg *Config) http.Handler {
	h, err := New(cfg)
	require.NoError(t, err)
	return h
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(path, body string) *http.Request {
	return httptest.NewRequest("POST", path, strings.NewReader(body))
}

// instance asks a handler which instance it is.
func instance(h http.Handler) string {
	return do(h, httptest.NewRequest("GET", "/openapi.json", nil)).Header().Get(headerInstance)
}

func signedPost(t testing.TB, h http.Handler, path, body string) *http.Request {
	r := post(path, body)
	require.NoError(t, signer().Apply(r, []byte(body), instance(h)))
	return r
}

// want checks an answer's status, and its code and data.
func want(t testing.TB, w *httptest.ResponseRecorder, status int, code, data string) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	var a struct {
		Code, Message string
		Data          json.RawMessage
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
	require.Equal(t, code, a.Code)
	require.NotEmpty(t, a.Message)
	require.NotContains(t, w.Body.String(), "secret")
	if data != "" {
		require.JSONEq(t, data, string(a.Data))
	}
}

// No two faults share a code, by which a client tells what to do.
func TestFaultCodes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	seen := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`Fault\{http\.Status\w+, "(\w+)", .*`).FindAllStringSubmatch(string(b), -1) {
			require.Regexp(t, "^[123][0-9]{5}$", m[1])
			require.Empty(t, seen[m[1]], "%s is %s too", m[1], m[0])
			seen[m[1]] = m[0]
		}
	}
	require.Greater(t, len(seen), 12)
}

func TestCalls(t *testing.T) {
	h := handler(t, config())
	want(t, do(h, signedPost(t, h, "/directory/resolve", `{"code":"known"}`)), 200, "000000", `{"code":"known"}`)
	want(t, do(h, signedPost(t, h, "/directory/resolve", `{"code":"other"}`)), 404, "390004", "")
	want(t, do(h, signedPost(t, h, "/directory/resolve", `{"code":"broken"}`)), 500, "190001", "")
	want(t, do(h, signedPost(t, h, "/directory/search", `{}`)), 200, "000000", `{"keywords":"","order":"","offset":0,"limit":50}`)
	want(t, do(h, signedPost(t, h, "/directory/search", `{"keywords":"气象","offset":100,"limit":200,"order":"time"}`)), 200, "000000",
		`{"keywords":"气象","order":"time","offset":100,"limit":200}`)
	want(t, do(h, post("/identity/nonce", `{}`)), 200, "000000", `{"nonce":"n"}`)
	want(t, do(h, post("/identity/register", `{"a":1}`)), 200, "000000", `{"a":1}`)
	want(t, do(h, post("/identity/register", ``)), 409, "301007", "")
	require.Equal(t, http.StatusMethodNotAllowed, do(h, httptest.NewRequest("GET", "/directory/resolve", nil)).Code)
	require.Equal(t, http.StatusNotFound, do(h, post("/directory", "")).Code)
	require.Equal(t, http.StatusNotFound, do(h, post("/witness/add-checkpoint", "")).Code, "a part that is not there")
}

func TestMalformedBodies(t *testing.T) {
	h := handler(t, config())
	for path, bodies := range map[string][]string{
		"/directory/resolve": {"", "null", "[]", `{"code":""}`, `{"code":7}`, `{"code":"a","code":"b"}`, `{"Code":"known"}`, `{"code":"known","x":1}`, `{"code":"known"}x`,
			`{"code":"` + strings.Repeat("a", 200) + `"}`, strings.Repeat("[", 30000), `{"code":"` + "\xff" + `"}`},
		"/directory/search": {"", `{"offset":-1}`, `{"limit":0}`, `{"limit":201}`, `{"limit":1.5}`, `{"limit":null}`, `{"offset":99999999999999999999}`, `{"keywords":"` + strings.Repeat("a", 2000) + `"}`},
	} {
		for _, body := range bodies {
			want(t, do(h, signedPost(t, h, path, body)), 400, "290001", "")
		}
	}
	for _, path := range []string{"/directory/resolve", "/identity/nonce", "/identity/register"} {
		want(t, do(h, post(path, strings.Repeat(" ", maxBody+1))), 413, "290002", "")
	}
}

// Each part of a signed request counts, and a signature serves once.
func TestSignatures(t *testing.T) {
	h := handler(t, config())
	const path, body = "/directory/resolve", `{"code":"known"}`
	want(t, do(h, post(path, body)), 401, "390001", "")

	r := signedPost(t, h, path, body)
	again := r.Clone(context.Background())
	want(t, do(h, r), 200, "000000", "")
	again.Body = io.NopCloser(strings.NewReader(body))
	want(t, do(h, again), 401, "390003", "")

	for name, change := range map[string]func(r *http.Request){
		"body": func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"code":"other"}`)) },
		"path": func(r *http.Request) {
			r.URL.Path = "/directory/search"
			r.Body = io.NopCloser(strings.NewReader(`{}`))
		},
		"query":     func(r *http.Request) { r.URL.RawQuery = "x=1" },
		"code":      func(r *http.Request) { r.Header.Set(headerCode, "other") },
		"version":   func(r *http.Request) { r.Header.Set(headerVersion, "2") },
		"time":      func(r *http.Request) { r.Header.Set(headerTime, "1790000000001") },
		"sequence":  func(r *http.Request) { r.Header.Set(headerSequence, strings.Repeat("0", 32)) },
		"signer":    func(r *http.Request) { r.Header.Set(headerSigner, "other") },
		"signature": func(r *http.Request) { r.Header.Set(headerSignature, strings.Repeat("00", 64)) },
	} {
		r := signedPost(t, h, path, body)
		change(r)
		w := do(h, r)
		require.Equal(t, 401, w.Code, name)
		want(t, w, 401, "390001", "")
	}
	other := signer()
	other.To = "another.example"
	r = post(path, body)
	require.NoError(t, other.Apply(r, []byte(body), instance(h)))
	want(t, do(h, r), 401, "390001", "")

	for name, change := range map[string]func(h http.Header){
		"no instance":    func(h http.Header) { h.Del(headerInstance) },
		"no signer":      func(h http.Header) { h.Del(headerSigner) },
		"no signature":   func(h http.Header) { h.Del(headerSignature) },
		"no time":        func(h http.Header) { h.Del(headerTime) },
		"two signers":    func(h http.Header) { h.Add(headerSigner, "other") },
		"no hexadecimal": func(h http.Header) { h.Set(headerSignature, "zz") },
		"short time":     func(h http.Header) { h.Set(headerTime, "1790000000") },
		"short sequence": func(h http.Header) { h.Set(headerSequence, "1") },
		"long code":      func(h http.Header) { h.Set(headerCode, strings.Repeat("a", 1000)) },
	} {
		r := signedPost(t, h, path, body)
		change(r.Header)
		w := do(h, r)
		require.Equal(t, 400, w.Code, name)
		want(t, w, 400, "290003", "")
	}
	for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		s := signer()
		s.Now = func() time.Time { return clock().Add(off) }
		r := post(path, body)
		require.NoError(t, s.Apply(r, []byte(body), instance(h)))
		want(t, do(h, r), 401, "390002", "")
	}
	require.Error(t, (&Signer{}).Apply(post(path, body), nil, ""))

	cfg := config()
	cfg.Readers = AnyReader
	h = handler(t, cfg)
	want(t, do(h, post(path, body)), 200, "000000", "")
	r = signedPost(t, h, path, body)
	r.Header.Set(headerSignature, strings.Repeat("00", 64))
	want(t, do(h, r), 401, "390001", "")
}

// A sequence number is remembered for as long as its signature could come
// again, whenever in a generation it came.
func TestReplayWindow(t *testing.T) {
	for _, start := range []time.Duration{0, time.Minute, 9 * time.Minute} {
		var p replays
		require.NoError(t, p.use("a", "first", clock()))
		now := clock().Add(start)
		require.NoError(t, p.use("a", "s", now))
		require.NoError(t, p.use("b", "s", now))
		for d := time.Duration(0); d <= 2*window; d += time.Minute {
			require.ErrorIs(t, p.use("a", "s", now.Add(d)), faultReplay, d)
		}
		require.NoError(t, p.use("a", "s", now.Add(9*window)))
		require.NoError(t, p.use("a", "u", now.Add(9*window)))
		require.LessOrEqual(t, len(p.now)+len(p.old), 3)
	}
}

func TestRates(t *testing.T) {
	now := clock()
	cfg := config()
	cfg.Rate, cfg.Burst, cfg.Readers = 1, 3, AnyReader
	cfg.Now = func() time.Time { return now }
	h := handler(t, cfg)
	ask := func(address string) int {
		r := post("/directory/resolve", `{"code":"known"}`)
		r.RemoteAddr = address
		return do(h, r).Code
	}
	for range 3 {
		require.Equal(t, 200, ask("192.0.2.1:1000"))
	}
	require.Equal(t, 429, ask("192.0.2.1:2000"))
	require.Equal(t, 200, ask("192.0.2.2:1000"))
	for i := range 3 {
		require.Equal(t, 200, ask(fmt.Sprintf("[2001:db8::%d]:1000", i)))
	}
	require.Equal(t, 429, ask("[2001:db8::ffff]:1000"), "a network of IPv6 is one sender")
	now = now.Add(time.Second)
	require.Equal(t, 200, ask("192.0.2.1:1000"))
	require.Equal(t, 429, ask("192.0.2.1:1000"))

	l := newLimiter(1, 1)
	for i := range maxRates + 1000 {
		l.allow(fmt.Sprint(i), now)
	}
	require.LessOrEqual(t, len(l.rates), maxRates)
}

func TestConfigRefused(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"no clock":   func(c *Config) { c.Now = nil },
		"no rate":    func(c *Config) { c.Rate = 0 },
		"no burst":   func(c *Config) { c.Burst = 0 },
		"no readers": func(c *Config) { c.Readers = 0 },
		"no verify":  func(c *Config) { c.Verify = nil },
		"no name":    func(c *Config) { c.Name = "" },
		"no keys of reports": func(c *Config) {
			c.Reports = (&reports{}).config()
			c.Reports.Key = nil
		},
		"nobody keeps feedback": func(c *Config) {
			c.Reports = (&reports{}).config()
			c.Reports.Feedback = nil
		},
		"nobody keeps fulfillment": func(c *Config) {
			c.Reports = (&reports{}).config()
			c.Reports.Fulfillment = nil
		},
		"reports that nobody can check": func(c *Config) {
			c.Readers, c.Verify = AnyReader, nil
			c.Reports = (&reports{}).config()
		},
	} {
		cfg := config()
		change(cfg)
		_, err := New(cfg)
		require.Error(t, err, name)
	}
	_, err := New(nil)
	require.Error(t, err)
}

// The document has the operations that are served, and no others.
func TestOpenAPI(t *testing.T) {
	cfg := config()
	full(t, cfg)
	h := handler(t, cfg)
	w := do(h, httptest.NewRequest("GET", "/openapi.json", nil))
	require.Equal(t, 200, w.Code)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Summary     string
			Responses   map[string]struct{ Description string }
			Parameters  []struct {
				Ref  string `json:"$ref"`
				Name string
				In   string
			}
		}
		Components struct{ Schemas, Parameters, SecuritySchemes map[string]json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	described, ids := map[string]bool{}, map[string]bool{}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			described[strings.ToUpper(method)+" "+path] = true
			require.False(t, ids[op.OperationID], op.OperationID)
			ids[op.OperationID] = true
			require.NotEmpty(t, op.Summary)
			require.NotEmpty(t, op.Responses)
			inPath := 0
			for _, p := range op.Parameters {
				if p.In == "path" {
					inPath++
					require.Contains(t, path, "{"+p.Name+"}")
				}
				if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
					require.Contains(t, doc.Components.Parameters, name)
				}
			}
			require.Equal(t, strings.Count(path, "{"), inPath)
		}
	}
	served := map[string]bool{}
	for _, r := range (&server{cfg: *cfg}).routes() {
		served[r.method+" "+strings.NewReplacer("...}", "}", "{$}", "").Replace(r.path)] = true
	}
	require.Equal(t, served, described)
	require.Contains(t, doc.Components.Schemas, "Fault")
	require.Contains(t, doc.Components.SecuritySchemes, "signature")
}

// Whatever comes, the answer is one of this package's, and never a success for
// what was not signed.
func FuzzHandler(f *testing.F) {
	h := handler(f, config())
	f.Add("/directory/resolve", `{"code":"known"}`, "1790000000000", strings.Repeat("a", 32), strings.Repeat("00", 64))
	f.Add("/directory/search", `{}`, "", "", "")
	f.Fuzz(func(t *testing.T, path, body, at, sequence, signature string) {
		r := httptest.NewRequest("POST", "/directory/resolve", bytes.NewReader([]byte(body)))
		r.URL.Path = path
		r.Header.Set(headerCode, "x")
		r.Header.Set(headerVersion, "1")
		r.Header.Set(headerSigner, caller)
		r.Header.Set(headerTime, at)
		r.Header.Set(headerSequence, sequence)
		r.Header.Set(headerSignature, signature)
		w := do(h, r)
		if w.Code == http.StatusOK && strings.HasPrefix(path, "/directory/") {
			t.Fatal("a success without a signature")
		}
	})
}

// BenchmarkResolve asks over HTTP on loopback, with eight connections for each
// processor: strangers, signed requests, and those of a session.
func BenchmarkResolve(b *testing.B) {
	for _, by := range []means{unknown, bySignature, bySession} {
		b.Run([]string{"stranger", "signed", "session"}[by], func(b *testing.B) {
			cfg := config()
			cfg.Readers = AnyReader
			benchmarkResolve(b, cfg, by, func(int) string { return `{"code":"known"}` })
		})
	}
}

func benchmarkResolve(b *testing.B, cfg *Config, by means, body func(i int) string) {
	h := handler(b, cfg)
	server := httptest.NewServer(h)
	defer server.Close()
	client := &Client{URL: server.URL, Signer: signer(), HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	running := instance(h)
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			text := []byte(body(i))
			var status int
			var err error
			if by == bySession {
				status, _, err = client.Call(context.Background(), "POST", "/directory/resolve", text)
			} else {
				var r *http.Request
				if r, err = client.request(context.Background(), "POST", "/directory/resolve", text); err == nil && by == bySignature {
					err = client.Signer.Apply(r, text, running)
				}
				if err == nil {
					status, _, _, err = send(client.HTTP, r)
				}
			}
			if err != nil || status != 200 {
				b.Error(status, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "resolutions/s")
}
