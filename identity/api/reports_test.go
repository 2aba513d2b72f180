package api

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/evidence"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
	"github.com/dujiang-dev/dujiang/identity/report"
)

// reports keeps what it is told.
type reports struct {
	feedback    []*report.Feedback
	fulfillment []*report.Fulfillment
	bodies      [][]byte
}

// config knows the caller's key, and takes no feedback on another's strategy.
func (r *reports) config() *Reports {
	return &Reports{
		Profile: identity.NDI2025Draft(),
		Key: func(_ context.Context, sender string) (keys.PublicKey, error) {
			if sender != caller {
				return keys.PublicKey{}, ErrNotFound
			}
			return keys.Algorithms(nil).Public(key(caller))
		},
		Feedback: func(_ context.Context, sender string, f *report.Feedback, body []byte) error {
			if f.Strategy == "another's" {
				return &Fault{http.StatusForbidden, "293002", "the sender is no side of this contract"}
			}
			r.feedback, r.bodies = append(r.feedback, f), append(r.bodies, body)
			return nil
		},
		Fulfillment: func(_ context.Context, sender string, f *report.Fulfillment, body []byte) error {
			r.fulfillment, r.bodies = append(r.fulfillment, f), append(r.bodies, body)
			return nil
		},
	}
}

// A report reaches who keeps it if the sender of the request signed it too.
func TestReports(t *testing.T) {
	kept := &reports{}
	cfg := config()
	cfg.Reports = kept.config()
	h := handler(t, cfg)
	sender := signer()
	send := func(path string, body []byte) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, bytes.NewReader(body))
		require.NoError(t, sender.Apply(r, body, instance(h)))
		return do(h, r)
	}

	profile := identity.NDI2025Draft()
	subject, err := identity.ParseSubject("91110000600037341L")
	require.NoError(t, err)
	area, err := identity.ParseArea("1101")
	require.NoError(t, err)
	connector, err := identity.Mint(identity.Connector, subject, area)
	require.NoError(t, err)
	contract, err := profile.MintContract(connector, clock())
	require.NoError(t, err)
	f := &report.Feedback{Contract: contract, Strategy: "urn:x:1", Outcome: policy.Conditional, At: clock()}
	feedback, err := f.Sign(key(caller))
	require.NoError(t, err)
	proof := &report.Fulfillment{ID: "p-1", Contract: contract, Strategy: "urn:x:1", Log: "deleted", At: clock()}
	fulfillment, err := proof.Sign(key(caller))
	require.NoError(t, err)

	require.Equal(t, 200, send("/report/executionFeedback", feedback).Code)
	require.Equal(t, 200, send("/report/fulfillmentProof", fulfillment).Code)
	got := kept.feedback[0]
	require.True(t, f.At.Equal(got.At))
	got.At = f.At
	require.Equal(t, f, got)
	require.Equal(t, "deleted", kept.fulfillment[0].Log)
	require.Equal(t, [][]byte{feedback, fulfillment}, kept.bodies)

	// What is not the sender's own report, and signed for what it is, is not kept.
	foreign, err := f.Sign(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	require.NoError(t, err)
	theirs := *f
	theirs.Strategy = "another's"
	refused, err := theirs.Sign(key(caller))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		path string
		body []byte
		code int
		word string
	}{
		"signed by another":      {"/report/executionFeedback", foreign, 400, "293001"},
		"edited":                 {"/report/executionFeedback", bytes.Replace(feedback, []byte("conditional"), []byte("allowed"), 1), 400, "293001"},
		"another kind of report": {"/report/fulfillmentProof", feedback, 400, "293001"},
		"nothing":                {"/report/executionFeedback", nil, 400, "293001"},
		"refused by who keeps":   {"/report/executionFeedback", refused, 403, "293002"},
		"beyond what is read":    {"/report/executionFeedback", []byte(strings.Repeat(" ", 1<<17)), 413, ""},
	} {
		w := send(c.path, c.body)
		require.Equal(t, c.code, w.Code, "%s: %s", name, w.Body)
		require.Contains(t, w.Body.String(), c.word, name)
	}
	require.Equal(t, 401, do(h, post("/report/executionFeedback", string(feedback))).Code, "a request that nobody signed")
	require.Len(t, kept.bodies, 2)

	cfg.Reports.Key = func(context.Context, string) (keys.PublicKey, error) { return keys.PublicKey{}, ErrNotFound }
	require.Equal(t, 404, send("/report/executionFeedback", feedback).Code)
}

// A person at the log's address sees its head, and a browser runs nothing there.
func TestPage(t *testing.T) {
	cfg := config()
	full(t, cfg)
	h := handler(t, cfg)
	ask := func() string {
		w := do(h, httptest.NewRequest("GET", "/evidence/", nil))
		require.Equal(t, 200, w.Code)
		require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, w.Body.String(), "<script")
		return w.Body.String()
	}
	require.Contains(t, ask(), "No checkpoint was published yet")
	_, err := cfg.Log.Append(evidence.Commitment{1})
	require.NoError(t, err)
	_, err = cfg.Log.Publish(t.Context(), cfg.Witness)
	require.NoError(t, err)
	c, _ := cfg.Log.Latest()
	require.EqualValues(t, 1, c.Size)
	require.Contains(t, ask(), origin)
	require.Contains(t, ask(), "— "+origin, "the signed note")
	require.Equal(t, 404, do(h, httptest.NewRequest("GET", "/evidence/other", nil)).Code)
}
