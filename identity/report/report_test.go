package report

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
	"github.com/dujiang-dev/dujiang/identity/sm"
)

var (
	at      = time.Date(2025, 11, 25, 8, 0, 0, 123e6, time.UTC)
	profile = identity.NDI2025Draft()
	signer  = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	key      = must(keys.Algorithms(nil).Public(signer))
	contract = must(profile.MintContract(must(identity.Mint(identity.Connector, must(identity.ParseSubject("91110000600037341L")), must(identity.ParseArea("1101")))), at))
)

func newFeedback() *Feedback {
	return &Feedback{Contract: contract, Strategy: "urn:x:1", Outcome: policy.Conditional, At: at}
}

func newFulfillment() *Fulfillment {
	return &Fulfillment{ID: "p-1", Contract: contract, Strategy: "urn:x:1", Log: "c2sp.org/tlog-proof@v1\n…\n", At: at}
}

func TestRoundTrip(t *testing.T) {
	for outcome, word := range map[policy.Outcome]string{
		policy.DefaultDenied: "denied", policy.Denied: "denied", policy.Conditional: "conditional", policy.Allowed: "allowed",
	} {
		f := newFeedback()
		f.Outcome = outcome
		body, err := f.Sign(signer)
		require.NoError(t, err)
		require.Contains(t, string(body), `"result":"`+word+`"`)
		got, err := ParseFeedback(body, profile, key)
		require.NoError(t, err)
		if f.Outcome == policy.DefaultDenied {
			f.Outcome = policy.Denied
		}
		require.Equal(t, f, got)
	}
	f := newFulfillment()
	body, err := f.Sign(signer)
	require.NoError(t, err)
	got, err := ParseFulfillment(body, profile, key)
	require.NoError(t, err)
	require.Equal(t, f, got)

	// The names are those of TC609-6-2025-15.
	var names map[string]string
	require.NoError(t, json.Unmarshal(body, &names))
	require.Len(t, names, 6)
	require.Len(t, names["contractId"], 47)
	require.Equal(t, "1764057600123", names["timestamp"])
	require.Len(t, names["signature"], 128)
	require.Contains(t, names, "proofId")
	require.Contains(t, names, "strategyId")
	require.Contains(t, names, "log")
}

func TestSM2(t *testing.T) {
	private, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	both := keys.Algorithms{keys.Ed25519(), sm.SM2()}
	public, err := both.Public(private)
	require.NoError(t, err)
	body, err := newFeedback().Sign(private, both...)
	require.NoError(t, err)
	_, err = ParseFeedback(body, profile, public, both...)
	require.NoError(t, err)
	_, err = ParseFeedback(body, profile, public)
	require.ErrorIs(t, err, ErrReport)
	require.ErrorIs(t, err, keys.ErrAlgorithm)
	_, err = newFeedback().Sign(private)
	require.ErrorIs(t, err, keys.ErrAlgorithm)
}

// No changed bit, no cut, no other key, and no report of the other kind.
func TestHostile(t *testing.T) {
	feedbackBody, err := newFeedback().Sign(signer)
	require.NoError(t, err)
	fulfillmentBody, err := newFulfillment().Sign(signer)
	require.NoError(t, err)
	other, err := keys.Algorithms(nil).Public(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	require.NoError(t, err)
	for i, body := range [][]byte{feedbackBody, fulfillmentBody} {
		parse := func(b []byte, k keys.PublicKey) error {
			var err error
			if i == 0 {
				_, err = ParseFeedback(b, profile, k)
			} else {
				_, err = ParseFulfillment(b, profile, k)
			}
			return err
		}
		require.NoError(t, parse(body, key))
		require.ErrorIs(t, parse(body, other), ErrReport)
		require.ErrorIs(t, parse(body, keys.PublicKey{}), ErrReport)
		require.ErrorIs(t, parse([][]byte{fulfillmentBody, feedbackBody}[i], key), ErrReport)
		for j := range body {
			require.ErrorIs(t, parse(body[:j], key), ErrReport)
			bad := bytes.Clone(body)
			bad[j] ^= 1
			require.ErrorIs(t, parse(bad, key), ErrReport, "byte %d", j)
		}
		for _, change := range [][2]string{
			{"{", `{"x":1,`}, {"{", `{"strategyId":"urn:x:2",`}, {`"signature":"`, `"signature":"0`}, {"}", "} 1"},
			{`"timestamp":"`, `"timestamp":"0`}, {`"strategyId":"urn:x:1"`, `"strategyId":null`},
		} {
			bad := strings.Replace(string(body), change[0], change[1], 1)
			require.NotEqual(t, string(body), bad)
			require.ErrorIs(t, parse([]byte(bad), key), ErrReport, change)
		}
		require.ErrorIs(t, parse(bytes.Repeat([]byte(" "), maxBody+1), key), ErrReport)
	}
}

// What a key signed and is no report is none all the same.
func TestSignedNonsense(t *testing.T) {
	good := feedback{Contract: contract.String(), Strategy: "s", Result: "allowed", Time: "1764057600123"}
	try := func(change func(b *feedback)) error {
		b := good
		change(&b)
		var err error
		b.Signature, err = sign(feedbackDomain, b, signer, nil)
		require.NoError(t, err)
		body, err := json.Marshal(b)
		require.NoError(t, err)
		_, err = ParseFeedback(body, profile, key)
		return err
	}
	require.NoError(t, try(func(*feedback) {}))
	for i, change := range []func(b *feedback){
		func(b *feedback) { b.Result = "denied by default" },
		func(b *feedback) { b.Result = "" },
		func(b *feedback) { b.Time = "-764057600123" },
		func(b *feedback) { b.Time = "+764057600123" },
		func(b *feedback) { b.Time = "0764057600123" },
		func(b *feedback) { b.Time = "17640576001234" },
		func(b *feedback) { b.Time = "" },
		func(b *feedback) { b.Strategy = "" },
		func(b *feedback) { b.Strategy = "a b" },
		func(b *feedback) { b.Strategy = strings.Repeat("a", maxName+1) },
		func(b *feedback) { b.Contract = b.Contract[1:] },
		func(b *feedback) { b.Contract = "" },
	} {
		require.ErrorIs(t, try(change), ErrReport, i)
	}
}

// What cannot be read is not signed.
func TestSignRefuses(t *testing.T) {
	for i, change := range []func(f *Feedback){
		func(f *Feedback) { f.Contract = identity.ContractCode{} },
		func(f *Feedback) { f.Strategy = "" },
		func(f *Feedback) { f.Strategy = "a\n" },
		func(f *Feedback) { f.Strategy = "\xff" },
		func(f *Feedback) { f.Outcome = policy.Allowed + 1 },
		func(f *Feedback) { f.At = time.Time{} },
		func(f *Feedback) { f.At = at.Add(1) },
		func(f *Feedback) { f.At = time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		f := newFeedback()
		change(f)
		_, err := f.Sign(signer)
		require.Error(t, err, i)
	}
	for i, change := range []func(f *Fulfillment){
		func(f *Fulfillment) { f.ID = "" },
		func(f *Fulfillment) { f.Log = "" },
		func(f *Fulfillment) { f.Log = strings.Repeat("a", maxLog+1) },
		func(f *Fulfillment) { f.Log = "\xff" },
		func(f *Fulfillment) { f.Contract = identity.ContractCode{} },
	} {
		f := newFulfillment()
		change(f)
		_, err := f.Sign(signer)
		require.Error(t, err, i)
	}
	_, err := newFeedback().Sign(nil)
	require.Error(t, err)
	// The largest log is read, unless JSON makes more of it than that.
	f := newFulfillment()
	f.Log = strings.Repeat("<", maxLog)
	_, err = f.Sign(signer)
	require.ErrorContains(t, err, "more than")
	f.Log = strings.Repeat("气", maxLog/3)
	body, err := f.Sign(signer)
	require.NoError(t, err)
	_, err = ParseFulfillment(body, profile, key)
	require.NoError(t, err)
}
