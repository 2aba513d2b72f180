// Package api serves identities, the directory, the evidence log and the
// Dataspace Protocol over HTTP.
//
// [New] makes one http.Handler of the parts that a [Config] has. What the parts
// do is behind small interfaces; this package reads requests, checks who sent
// them and how many, and writes answers.
//
//	POST /identity/nonce, /identity/register       Registrar
//	POST /identity/GetToken                        where requests can be signed
//	POST /identity/GetPersonInfo, ...              Identities
//	POST /directory/resolve, /directory/search     Directory
//	POST /report/executionFeedback, ...            Reports
//	GET  /evidence/                                Log, a page for people
//	GET  /evidence/checkpoint, /evidence/tile/...  Log (C2SP tlog-tiles)
//	POST /witness/add-checkpoint                   Witness (C2SP tlog-witness)
//	GET  /.well-known/dspace-version               Catalog, Negotiator, Consumer
//	POST /dsp/2025-1/catalog/request, ...          (Dataspace Protocol 2025-1)
//	GET  /openapi.json                             always
//
// The first two groups have the forms of NDI-TR-2025-03 as far as they are
// known: POST, JSON, the headers msgcode, msgversion, timestamp, sequenceNum and
// signValue, and answers of code, message and data. The paths are this
// package's own, as the document gives names of calls and no paths.
//
// # Security
//
// A request is signed by the registered key of its sender: signValue is the
// signature, in hexadecimal, over the receiver's name, method, path, all headers
// above, the sender's code in the header signer, the receiver's running instance,
// and the hash of the body ([Signer]). Which bytes signValue covers is not in
// NDI-TR-2025-03 as far as it is known; this is what a signature must cover to
// mean anything. A signature serves one request: a time outside five minutes, a
// sequence number seen before, or another instance is refused. Each start of the
// server makes a new instance, so that no signature outlives the numbers seen,
// which are in memory.
//
// Whoever sends many requests opens a session with one signed request ([Client]):
//
//	client                                  server
//	   signed: X25519 key            ---->     verifies the signature once
//	   <----                  token, X25519 key, end
//	   signValue: HMAC-SHA256        ---->     a counter as sequence number
//
// The key of the HMAC comes from both X25519 keys [RFC 7748] by HKDF [RFC 5869],
// with names, instance, token and keys in its info; so whoever listens learns it
// not, and whoever changes the server's answer gets a session that the server does
// not know. A key that is revoked ends no session: [Config.Session] does.
//
// With [Config.Certified] the certificate of a TLS connection stands for a
// signature. A session needs the signature all the same.
//
// A callback address in a message is passed on and never called from here.
//
// TLS and timeouts are the business of the http.Server, and needed: signatures
// do not hide, and slow senders hold connections. The handler serves from the
// root; paths that something in front rewrites do not match their signatures.
//
// Bodies are bounded (64 KiB), JSON is strict, answers to strangers name no
// internals, and each sender and each address has a rate. Tiles, checkpoints and the
// witness are open to all, as their specifications have it, since what they
// carry proves itself.
//
// # Leakage
//
// Whoever may read learns what the directory answers. Addresses and codes of
// senders are held in memory for the rates, and nothing is logged.
//
// # Cost
//
// One signature verification a signed request, of which the numbers seen allow
// half a million in ten minutes; one HMAC a request of a session. At most 65,536
// rates, a million sequence numbers and 65,536 sessions are held, about 130 MB.
//
// # References
//
// NDI-TR-2025-03, NDI-TR-2025-05 (trial issues, 2025); Dataspace Protocol 2025-1;
// C2SP tlog-tiles and tlog-witness; OpenAPI 3.1; RFC 5869 and RFC 7748 (sessions);
// RFC 6479 (the window of sequence numbers).
package api

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"github.com/dujiang-dev/dujiang/identity/evidence"
)

const maxBody = 64 << 10

// A Registrar registers identities. Bodies are JSON, of which this package has
// checked the size only.
type Registrar interface {
	Nonce(ctx context.Context, body []byte) (answer any, err error)
	Register(ctx context.Context, body []byte) (answer any, err error)
}

// A Directory answers about codes. An answer is what encoding/json can write; a
// json.RawMessage is the fastest.
type Directory interface {
	// Resolve returns the record of a code with its proof, or ErrNotFound.
	Resolve(ctx context.Context, code string) (answer any, err error)
	// Search returns one page of records.
	Search(ctx context.Context, s Search) (answer any, err error)
}

// Search is a search for products and resources [NDI-TR-2025-05].
type Search struct {
	Keywords string `json:"keywords"`
	Order    string `json:"order"`
	Offset   int    `json:"offset"` // from 0
	Limit    int    `json:"limit"`  // 1 to 200
}

// Readers says who may ask the directory and the catalogue.
type Readers int

const (
	_                 Readers = iota
	AnyReader                 // also those who do not sign
	RegisteredReaders         // whose requests Verify accepts
)

// Config says what to serve. Parts that are nil are not served.
type Config struct {
	Registrar  Registrar
	Identities Identities
	Directory  Directory
	Reports    *Reports
	Log        *evidence.Log
	Witness    *evidence.Witness
	Catalog    Catalog
	Negotiator Negotiator
	Consumer   Consumer

	// Name is the name of this server that signed requests are for.
	Name string
	// Verify checks a signature by the key that is registered for signer now.
	Verify func(ctx context.Context, signer string, message, signature []byte) error
	// Certified returns the code of a connection with a client's certificate, as
	// Code of cert.Peers does. Its requests need no signature. Without it certificates
	// count for nothing.
	Certified func(state *tls.ConnectionState) (code string, err error)
	// Session is how long a session serves, and so how long a key that was
	// revoked may; ten minutes if it is 0.
	Session time.Duration
	// Readers has no default.
	Readers Readers
	// Rate is how many requests a second each sender, and each address, may
	// make for long, and Burst how many at once. Both must be set.
	Rate  float64
	Burst int
	// Now is the clock, usually time.Now. It must be set.
	Now func() time.Time
}

// ErrNotFound is what parts return for what they do not have.
var ErrNotFound = errors.New("api: not found")

// A Fault is an error that the sender of a request gets to see.
type Fault struct {
	Status  int    // of HTTP
	Code    string // six characters [NDI-TR-2025-03], 000000 is success
	Message string
}

func (f *Fault) Error() string { return "api: " + f.Message }

// The codes of this package: kind (1 system, 2 parameter, 3 business), 90 for
// the interface itself, and a number.
var (
	faultSystem    = &Fault{http.StatusInternalServerError, "190001", "the server has a fault; try again later"}
	faultBusy      = &Fault{http.StatusTooManyRequests, "190002", "too many requests; slow down"}
	faultForm      = &Fault{http.StatusBadRequest, "290001", "the body is not what this call takes"}
	faultSize      = &Fault{http.StatusRequestEntityTooLarge, "290002", "the body is larger than 65536 bytes"}
	faultHeaders   = &Fault{http.StatusBadRequest, "290003", "the headers msgcode, msgversion, timestamp, sequenceNum, signer and signValue are missing or malformed"}
	faultSignature = &Fault{http.StatusUnauthorized, "390001", "the signature is missing or does not verify"}
	faultTime      = &Fault{http.StatusUnauthorized, "390002", "the timestamp is more than five minutes off; set the clock"}
	faultReplay    = &Fault{http.StatusUnauthorized, "390003", "the sequence number was used before"}
	faultSession   = &Fault{http.StatusUnauthorized, "390005", "the session has ended or the server has started anew; sign for the instance in the answer's header"}
	faultNotFound  = &Fault{http.StatusNotFound, "390004", "there is no such record"}
)

// server is the state behind the handler.
type server struct {
	cfg       Config
	addresses *limiter
	senders   *limiter
	replays   replays
	sessions  sessions
	instance  string // random, so that signatures do not outlive the numbers in replays
}

// New returns the handler.
func New(cfg *Config) (http.Handler, error) {
	if cfg == nil || cfg.Now == nil || cfg.Rate <= 0 || cfg.Burst <= 0 {
		return nil, errors.New("api: Config needs Now, Rate and Burst")
	}
	if cfg.Readers != AnyReader && cfg.Readers != RegisteredReaders {
		return nil, errors.New("api: Config.Readers has no default: choose AnyReader or RegisteredReaders")
	}
	signed := cfg.Readers == RegisteredReaders && (cfg.Directory != nil || cfg.Catalog != nil) || cfg.Negotiator != nil || cfg.Consumer != nil || cfg.Identities != nil || cfg.Reports != nil
	if signed && (cfg.Verify == nil || cfg.Name == "") {
		return nil, errors.New("api: Config needs Verify and Name, by which signed requests are checked")
	}
	if cfg.Reports != nil {
		if err := cfg.Reports.check(); err != nil {
			return nil, err
		}
	}
	if cfg.Session < 0 {
		return nil, errors.New("api: Config.Session is how long a session serves, or 0")
	}
	s := &server{cfg: *cfg,
		addresses: newLimiter(rate.Limit(cfg.Rate), cfg.Burst),
		senders:   newLimiter(rate.Limit(cfg.Rate), cfg.Burst)}
	var instance [16]byte
	rand.Read(instance[:])
	s.instance = hex.EncodeToString(instance[:])
	if s.cfg.Session == 0 {
		s.cfg.Session = 10 * time.Minute
	}
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.HandleFunc(r.method+" "+r.path, s.limited(r.handler))
	}
	return mux, nil
}

// A route is one operation; openapi_test.go holds the list to the document.
type route struct {
	method, path string
	handler      http.HandlerFunc
}

func (s *server) routes() []route {
	routes := []route{{"GET", "/openapi.json", serveOpenAPI}}
	if r := s.cfg.Registrar; r != nil {
		routes = append(routes,
			route{"POST", "/identity/nonce", s.call(anybody, func(ctx context.Context, _ string, body []byte) (any, error) { return r.Nonce(ctx, body) })},
			route{"POST", "/identity/register", s.call(anybody, func(ctx context.Context, _ string, body []byte) (any, error) { return r.Register(ctx, body) })})
	}
	if s.cfg.Verify != nil && s.cfg.Name != "" {
		routes = append(routes, route{"POST", "/identity/GetToken", s.call(keyHolders, s.token)})
	}
	if s.cfg.Directory != nil {
		routes = append(routes,
			route{"POST", "/directory/resolve", s.call(readers, s.resolve)},
			route{"POST", "/directory/search", s.call(readers, s.search)})
	}
	if s.cfg.Log != nil {
		routes = append(routes,
			route{"GET", "/evidence/{$}", s.page},
			route{"GET", "/evidence/checkpoint", s.checkpoint},
			route{"GET", "/evidence/tile/{path...}", s.tile})
	}
	if s.cfg.Witness != nil {
		routes = append(routes, route{"POST", "/witness/add-checkpoint", s.addCheckpoint})
	}
	routes = append(routes, s.callRoutes()...)
	routes = append(routes, s.reportRoutes()...)
	return append(routes, s.dspRoutes()...)
}

// access says who may make a call.
type access int

const (
	anybody    access = iota // signed or not
	readers                  // as the configuration says
	signers                  // registered senders only
	keyHolders               // those, by a signature with their key
)

// limited applies the rate of the sender's address.
func (s *server) limited(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(headerInstance, s.instance)
		if !s.addresses.allow(addressOf(r), s.cfg.Now()) {
			writeFault(w, faultBusy)
			return
		}
		next(w, r)
	}
}

// call handles one call in the forms of NDI-TR-2025-03.
func (s *server) call(who access, do func(ctx context.Context, sender string, body []byte) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, sender, err := s.receive(w, r, who)
		if err == nil {
			var data any
			if data, err = do(r.Context(), sender, body); err == nil {
				writeAnswer(w, http.StatusOK, &answer{"000000", "success", data})
				return
			}
		}
		writeFault(w, asFault(err))
	}
}

// receive reads a request's body and checks its sender, whose code it returns,
// or nothing for an unsigned request where those are allowed.
func (s *server) receive(w http.ResponseWriter, r *http.Request, who access) (body []byte, sender string, err error) {
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, "", faultSize
		}
		return nil, "", faultForm
	}
	sender, how, err := s.authenticate(r, body)
	if err != nil {
		return nil, "", err
	}
	if who == keyHolders && how != bySignature || sender == "" && (who == signers || who == readers && s.cfg.Readers == RegisteredReaders) {
		return nil, "", faultSignature
	}
	return body, sender, nil
}

func asFault(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	if errors.Is(err, ErrNotFound) {
		return faultNotFound
	}
	return faultSystem // what went wrong inside is nobody's business
}

type answer struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func writeFault(w http.ResponseWriter, f *Fault) {
	writeAnswer(w, f.Status, &answer{Code: f.Code, Message: f.Message})
}

func writeAnswer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = faultSystem.Status, []byte(`{"code":"`+faultSystem.Code+`","message":"`+faultSystem.Message+`"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(b) // an error means that the reader has gone
}
