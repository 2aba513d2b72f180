// Package pseudonym makes the pseudonyms under which persons appear, so that
// neither the registrar nor the identity authority can link or search resident
// identity numbers by itself.
//
// Whoever has the number before them (the person's own device, or the desk that
// is shown the card) runs a [Client]; registrar and authority each run a [Server]
// with a key of its own.
//
//	client                             registrar (k1)       authority (k2)
//	    blinded number     ---->           |                    |
//	    y1, proof          <----           |                    |
//	    blinded afresh     ------------------------------>      |
//	    y2, proof          <------------------------------      |
//	    pseudonym = H(y1, y2)
//
// The same number, scope and keys give the same pseudonym. Scopes, such as a
// region or "" for one everywhere, have pseudonyms that cannot be linked.
//
// # Security
//
// A resident identity number has about 37 bits, so that whoever can compute the
// pseudonyms of numbers finds the number of each by trying them all. Here that
// takes both keys: y1 and y2 are outputs of a verifiable oblivious pseudorandom
// function, VOPRF of RFC 9497 with ristretto255 and SHA-512. Given k1 and all
// pseudonyms, H(y1, y2) is as good as random to whoever lacks k2, and the other
// way round. A server sees a blinded number, which is uniformly distributed
// whatever the number, and so cannot link it to a person, a pseudonym, or an
// earlier request for the same number. The proofs show that each server used the
// key that everybody uses, and not one that marks the person.
//
// Either server, and everybody who may ask both, can still ask about numbers one
// by one. That is the attack that remains: a server must know who asks, and bound
// how often. So must nobody reach both servers without being counted by each.
// Both keys together can search; they belong to two organisations. A key that is
// lost or changed changes all pseudonyms.
//
// The client is believed about the number: that it is the person's is for whoever
// runs it to see. The curve arithmetic on secrets takes constant time; the check of
// the number's form, at the client, does not.
//
// # Leakage
//
// Servers learn that, and when, somebody asked. Whoever sees both requests and
// the registration of the pseudonym can link them by time.
//
// # Cost
//
// Two requests of 33 bytes, two answers of 97, one round. BenchmarkPseudonym, the
// client and both servers together, takes 9 ms on a busy core: the group behind
// circl is portable code.
//
// # References
//
// RFC 9497, sections 3.3.2 (VOPRF) and 4.1 (suite); GB 11643-1999 (the number).
package pseudonym

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/internal/label"
)

const (
	version = 1

	elementSize = 32
	proofSize   = 64

	// SeedSize is the length of a server's secret seed.
	SeedSize = 32
	// RequestSize and AnswerSize are the lengths of all requests and answers.
	RequestSize = 1 + elementSize
	AnswerSize  = 1 + elementSize + proofSize
)

var suite = oprf.SuiteRistretto255

// A Role is one of the two servers.
type Role string

const (
	Registrar Role = "registrar"
	Authority Role = "authority"
)

// A PublicKey is what clients check a server's answers by.
type PublicKey [elementSize]byte

// A Server evaluates blinded numbers with its key. Its method Answer may be
// called from several goroutines.
type Server struct {
	key    *oprf.PrivateKey
	public PublicKey
}

// NewServer makes the server of a role from its secret seed, which must be 32
// random bytes and kept: without it no pseudonym can be made again.
func NewServer(role Role, seed []byte) (*Server, error) {
	if role != Registrar && role != Authority {
		return nil, errors.New("pseudonym: the role is Registrar or Authority")
	}
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("pseudonym: a seed has %d bytes", SeedSize)
	}
	// [RFC 9497, 3.2.1, DeriveKeyPair]. The role is in the info so that the same
	// seed does not give both servers one key.
	info, err := label.New("pseudonym", version, string(role), nil)
	if err != nil {
		return nil, err
	}
	key, err := oprf.DeriveKey(suite, oprf.VerifiableMode, seed, info)
	if err != nil {
		return nil, err
	}
	s := &Server{key: key}
	// Public fills a cache in the key, which must not happen in Answer.
	b, err := key.Public().MarshalBinary()
	if err != nil {
		return nil, err
	}
	copy(s.public[:], b)
	return s, nil
}

// Public returns the server's public key.
func (s *Server) Public() PublicKey { return s.public }

// String returns the type only.
func (*Server) String() string { return "pseudonym.Server" }

// GoString returns the type only.
func (*Server) GoString() string { return "pseudonym.Server" }

// LogValue returns the type only.
func (*Server) LogValue() slog.Value { return slog.StringValue("pseudonym.Server") }

var errMessage = errors.New("pseudonym: the message is malformed")

// element reads a group element that is not the identity, in its one encoding
// [RFC 9497, 2.1, DeserializeElement].
func element(b []byte) (group.Element, error) {
	e := group.Ristretto255.NewElement()
	if len(b) != elementSize || e.UnmarshalBinary(b) != nil || e.IsIdentity() {
		return nil, errMessage
	}
	again, err := e.MarshalBinaryCompress()
	if err != nil || string(again) != string(b) {
		return nil, errMessage
	}
	return e, nil
}

// Answer evaluates a request [RFC 9497, 3.3.2, BlindEvaluate]. Who asks, and how
// often, the caller must have checked.
func (s *Server) Answer(request []byte) ([]byte, error) {
	if len(request) != RequestSize || request[0] != version {
		return nil, errMessage
	}
	e, err := element(request[1:])
	if err != nil {
		return nil, err
	}
	ev, err := oprf.NewVerifiableServer(suite, s.key).Evaluate(&oprf.EvaluationRequest{Elements: []oprf.Blinded{e}})
	if err != nil {
		return nil, err
	}
	y, err := ev.Elements[0].MarshalBinaryCompress()
	if err != nil {
		return nil, err
	}
	proof, err := ev.Proof.MarshalBinary()
	if err != nil {
		return nil, err
	}
	if len(y) != elementSize || len(proof) != proofSize {
		panic("pseudonym: internal error: an answer of another length")
	}
	return append(append([]byte{version}, y...), proof...), nil
}

// A Client makes pseudonyms with two servers.
type Client struct {
	keys [2]*oprf.PublicKey
}

// NewClient makes a client of the servers' public keys, which it must have from
// where everybody has them: a key of one's own would mark one's pseudonym.
func NewClient(registrar, authority PublicKey) (*Client, error) {
	if registrar == authority {
		return nil, errors.New("pseudonym: registrar and authority have one key")
	}
	c := new(Client)
	for i, k := range []PublicKey{registrar, authority} {
		if _, err := element(k[:]); err != nil {
			return nil, errors.New("pseudonym: a server's key is no key")
		}
		c.keys[i] = new(oprf.PublicKey)
		if err := c.keys[i].UnmarshalBinary(suite, k[:]); err != nil {
			return nil, errors.New("pseudonym: a server's key is no key")
		}
	}
	return c, nil
}

// A Request is one number on its way. It holds secrets.
type Request struct {
	client   *Client
	messages [2][]byte
	final    [2]*oprf.FinalizeData
}

// ToRegistrar returns the message for the registrar.
func (r *Request) ToRegistrar() []byte { return append([]byte(nil), r.messages[0]...) }

// ToAuthority returns the message for the authority.
func (r *Request) ToAuthority() []byte { return append([]byte(nil), r.messages[1]...) }

// String returns the type only.
func (*Request) String() string { return "pseudonym.Request" }

// GoString returns the type only.
func (*Request) GoString() string { return "pseudonym.Request" }

// LogValue returns the type only.
func (*Request) LogValue() slog.Value { return slog.StringValue("pseudonym.Request") }

// MaxScope is the most bytes of a scope. With it the input of the OPRF stays far
// below 65,536 bytes, where its length prefix would wrap.
const MaxScope = 255

// Blind begins a pseudonym for a resident identity number of 18 characters, whose
// last may be a small x, in a scope.
func (c *Client) Blind(number, scope string) (*Request, error) {
	if len(scope) > MaxScope {
		return nil, fmt.Errorf("pseudonym: a scope has at most %d bytes", MaxScope)
	}
	if len(number) == 18 && number[17] == 'x' {
		number = number[:17] + "X"
	}
	if !isResident(number) {
		return nil, errors.New("pseudonym: this is no resident identity number: 17 digits and a check character that fits them")
	}
	input, err := label.New("pseudonym", version, "input", []byte(scope))
	if err != nil {
		return nil, err
	}
	input = append(input, number...)
	r := &Request{client: c}
	for i, k := range c.keys {
		final, request, err := oprf.NewVerifiableClient(suite, k).Blind([][]byte{input})
		if err != nil {
			return nil, errors.New("pseudonym: the number could not be blinded")
		}
		b, err := request.Elements[0].MarshalBinaryCompress()
		if err != nil {
			return nil, err
		}
		r.final[i], r.messages[i] = final, append([]byte{version}, b...)
	}
	return r, nil
}

// isResident checks the form and the check character [GB 11643-1999; ISO/IEC
// 7064, MOD 11-2].
func isResident(s string) bool {
	if len(s) != 18 {
		return false
	}
	sum := 0
	for i := range 17 {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		sum = (sum + int(s[i]-'0')) * 2 % 11
	}
	return s[17] == "0123456789X"[(12-sum)%11]
}

// Finish checks the answers and returns the pseudonym [RFC 9497, 3.3.2,
// Finalize].
func (r *Request) Finish(registrar, authority []byte) (identity.Subject, error) {
	tag, err := label.New("pseudonym", version, "combine", nil)
	if err != nil {
		return identity.Subject{}, err
	}
	h := sha512.New()
	h.Write(tag)
	for i, answer := range [][]byte{registrar, authority} {
		who := []Role{Registrar, Authority}[i]
		if len(answer) != AnswerSize || answer[0] != version {
			return identity.Subject{}, fmt.Errorf("%w: the answer of the %s", errMessage, who)
		}
		e, err := element(answer[1 : 1+elementSize])
		if err != nil {
			return identity.Subject{}, fmt.Errorf("%w: the answer of the %s", errMessage, who)
		}
		proof := new(dleq.Proof)
		if err := proof.UnmarshalBinary(group.Ristretto255, answer[1+elementSize:]); err != nil {
			return identity.Subject{}, fmt.Errorf("%w: the proof of the %s", errMessage, who)
		}
		if again, err := proof.MarshalBinary(); err != nil || string(again) != string(answer[1+elementSize:]) {
			return identity.Subject{}, fmt.Errorf("%w: the proof of the %s", errMessage, who)
		}
		out, err := oprf.NewVerifiableClient(suite, r.client.keys[i]).Finalize(r.final[i],
			&oprf.Evaluation{Elements: []oprf.Evaluated{e}, Proof: proof})
		if err != nil {
			return identity.Subject{}, fmt.Errorf("pseudonym: the %s did not use its published key", who)
		}
		h.Write(out[0]) // 64 bytes each
	}
	return identity.NewPseudonym(h.Sum(nil))
}
