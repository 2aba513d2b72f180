// Package report has what the sides of a contract tell each other and a regulator
// about it: whether a policy let a request through ([Feedback], the body of
// executionFeedback) and that an obligation was met ([Fulfillment], the body of
// fulfillmentProof).
//
// Most callers want Sign of either on one side and [ParseFeedback] or
// [ParseFulfillment] on the other.
//
// # Editions
//
// TC609-6-2025-15 gives the names of a fulfillmentProof, and of an
// executionFeedback the values of its result. The other names of a feedback are
// those of the proof. Where the form of a value is left open, times are those of the
// headers of NDI-TR-2025-03, 13 digits of milliseconds, and signatures are in
// hexadecimal digits as signValue is there.
//
// # Security
//
// A report is signed with the registered key of its sender, as package keys has
// it, over its canonical JSON. What is accepted has one reading, and was signed by
// the key that the caller looked up. That it is true, a signature does not say, nor
// that it is new: keep the reports, or their identifiers, that were acted upon.
//
// # Leakage
//
// Logs that hold identifiers must mask them [TC609-6-2025-15, 10.4 c]. The
// detached proof of a record in an evidence log, ProveDetached of evidence.Log, shows
// when and where a record was made, and nothing of it.
//
// # Cost
//
// One signature, or one verification. A body has at most 2 MiB.
//
// # References
//
// TC609-6-2025-15 (August 2025); NDI-TR-2025-03; RFC 8785 (canonical JSON).
package report

import (
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
)

// ErrReport says that a body is no report, or that its signature does not hold.
var ErrReport = errors.New("report: the report is malformed or not signed by the key")

const (
	maxBody = 2 << 20
	maxLog  = 1 << 20
	maxName = 1 << 10
)

// A Feedback says what came of a request under a contract's policy.
type Feedback struct {
	Contract identity.ContractCode
	Strategy string // the policy's ID
	// Outcome is Allowed, Conditional, Denied or DefaultDenied; the last two are
	// one word in a body, which is read as Denied.
	Outcome policy.Outcome
	At      time.Time // whole milliseconds
}

// A Fulfillment says that what a policy demanded was done.
type Fulfillment struct {
	ID       string // of this report
	Contract identity.ContractCode
	Strategy string    // the policy's ID
	Log      string    // what shows it, 1 byte to 1 MiB
	At       time.Time // whole milliseconds
}

// feedback and fulfillment are the bodies. What is signed is all but the
// signature.
type feedback struct {
	Contract  string `json:"contractId"`
	Strategy  string `json:"strategyId"`
	Result    string `json:"result"`
	Time      string `json:"timestamp"`
	Signature string `json:"signature,omitempty"`
}

type fulfillment struct {
	ID        string `json:"proofId"`
	Contract  string `json:"contractId"`
	Strategy  string `json:"strategyId"`
	Log       string `json:"log"`
	Time      string `json:"timestamp"`
	Signature string `json:"signature,omitempty"`
}

// The domains of signatures.
const (
	feedbackDomain    = "identity.report executionFeedback"
	fulfillmentDomain = "identity.report fulfillmentProof"
)

// Sign returns the body of an executionFeedback. Accepted are the algorithms of
// which the signer's may be, and without any Ed25519 alone.
func (f *Feedback) Sign(signer crypto.Signer, accepted ...keys.Algorithm) ([]byte, error) {
	if f.Outcome > policy.Allowed {
		return nil, errors.New("report: the Outcome is none")
	}
	if err := check(f.Contract, f.At, "Strategy", f.Strategy); err != nil {
		return nil, err
	}
	b := feedback{Contract: f.Contract.String(), Strategy: f.Strategy, Result: f.Outcome.Feedback(), Time: millis(f.At)}
	var err error
	if b.Signature, err = sign(feedbackDomain, b, signer, accepted); err != nil {
		return nil, err
	}
	return marshal(b)
}

// Sign returns the body of a fulfillmentProof; accepted is as for Feedback.Sign.
func (f *Fulfillment) Sign(signer crypto.Signer, accepted ...keys.Algorithm) ([]byte, error) {
	if err := check(f.Contract, f.At, "ID", f.ID, "Strategy", f.Strategy); err != nil {
		return nil, err
	}
	if f.Log == "" || len(f.Log) > maxLog {
		return nil, fmt.Errorf("report: Log has 1 to %d bytes", maxLog)
	}
	b := fulfillment{ID: f.ID, Contract: f.Contract.String(), Strategy: f.Strategy, Log: f.Log, Time: millis(f.At)}
	var err error
	if b.Signature, err = sign(fulfillmentDomain, b, signer, accepted); err != nil {
		return nil, err
	}
	return marshal(b)
}

// ParseFeedback reads the body of an executionFeedback that a registered key
// signed. Errors wrap [ErrReport].
func ParseFeedback(body []byte, p identity.Profile, key keys.PublicKey, accepted ...keys.Algorithm) (*Feedback, error) {
	var b feedback
	if err := keys.Decode(body, &b, maxBody); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReport, err)
	}
	signature := b.Signature
	b.Signature = ""
	if err := verify(key, feedbackDomain, b, signature, accepted); err != nil {
		return nil, err
	}
	f := &Feedback{Strategy: b.Strategy}
	for _, o := range []policy.Outcome{policy.Denied, policy.Conditional, policy.Allowed} {
		if o.Feedback() == b.Result {
			f.Outcome = o
		}
	}
	if f.Outcome == policy.DefaultDenied {
		return nil, fmt.Errorf("%w: the result is none of allowed, conditional and denied", ErrReport)
	}
	var err error
	if f.Contract, f.At, err = parse(p, b.Contract, b.Time, "strategyId", b.Strategy); err != nil {
		return nil, err
	}
	return f, nil
}

// ParseFulfillment reads the body of a fulfillmentProof that a registered key
// signed. Errors wrap [ErrReport].
func ParseFulfillment(body []byte, p identity.Profile, key keys.PublicKey, accepted ...keys.Algorithm) (*Fulfillment, error) {
	var b fulfillment
	if err := keys.Decode(body, &b, maxBody); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReport, err)
	}
	signature := b.Signature
	b.Signature = ""
	if err := verify(key, fulfillmentDomain, b, signature, accepted); err != nil {
		return nil, err
	}
	if b.Log == "" || len(b.Log) > maxLog {
		return nil, fmt.Errorf("%w: log has 1 to %d bytes", ErrReport, maxLog)
	}
	f := &Fulfillment{ID: b.ID, Strategy: b.Strategy, Log: b.Log}
	var err error
	if f.Contract, f.At, err = parse(p, b.Contract, b.Time, "proofId", b.ID, "strategyId", b.Strategy); err != nil {
		return nil, err
	}
	return f, nil
}

// marshal returns a body unless it is too long to be read, as a log can be of which
// JSON escapes every character.
func marshal(body any) ([]byte, error) {
	b, err := json.Marshal(body)
	if err == nil && len(b) > maxBody {
		err = fmt.Errorf("report: the body has more than %d bytes", maxBody)
	}
	return b, err
}

func sign(domain string, body any, signer crypto.Signer, accepted keys.Algorithms) (string, error) {
	signature, err := accepted.Sign(signer, domain, body)
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return hex.EncodeToString(signature), nil
}

func verify(key keys.PublicKey, domain string, body any, text string, accepted keys.Algorithms) error {
	signature, err := hex.DecodeString(text)
	if err != nil || strings.ToLower(text) != text {
		return fmt.Errorf("%w: the signature is not in lower-case hexadecimal digits", ErrReport)
	}
	if err := accepted.Verify(key, domain, body, signature); err != nil {
		return fmt.Errorf("%w: %w", ErrReport, err)
	}
	return nil
}

// check checks what reports have in common. Names come in pairs with values.
func check(contract identity.ContractCode, at time.Time, names ...string) error {
	if contract == (identity.ContractCode{}) {
		return errors.New("report: there is no Contract")
	}
	if ms := at.UnixMilli(); !at.Equal(time.UnixMilli(ms)) || len(millis(at)) != 13 || ms < 0 {
		return errors.New("report: At is whole milliseconds, from the year 2001 to 2286")
	}
	for i := 0; i < len(names); i += 2 {
		if !isName(names[i+1]) {
			return fmt.Errorf("report: %s has 1 to %d bytes, without spaces", names[i], maxName)
		}
	}
	return nil
}

func parse(p identity.Profile, contract, at string, names ...string) (c identity.ContractCode, t time.Time, err error) {
	if c, err = p.ParseContract(contract); err != nil {
		return c, t, fmt.Errorf("%w: contractId: %w", ErrReport, err)
	}
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil || len(at) != 13 || strconv.FormatInt(ms, 10) != at || ms < 0 {
		return c, t, fmt.Errorf("%w: timestamp has 13 digits", ErrReport)
	}
	for i := 0; i < len(names); i += 2 {
		if !isName(names[i+1]) {
			return c, t, fmt.Errorf("%w: %s has 1 to %d bytes, without spaces", ErrReport, names[i], maxName)
		}
	}
	return c, time.UnixMilli(ms).UTC(), nil
}

func isName(s string) bool {
	return s != "" && len(s) <= maxName && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\ufffd' })
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
