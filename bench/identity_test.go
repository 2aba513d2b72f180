package main

import (
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/registry"
)

// Both jobs, in processes of their own, with all phases and rates.
func TestIdentityJobs(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	o := mustParse(t, "-sizes", "11,5x6", "-count", "1", "-run", "^Identity/")
	results := measureAll(t, o)
	require.Len(t, results, 2)
	for name, want := range map[string]struct{ phases, rates []string }{
		"Identity/registration/identities=8/mem": {
			[]string{"nonce", "sign", "submit", "log", "history", "verify"},
			[]string{"registered", "histories", "history", "verified offline"},
		},
		"Identity/directory/records=664/mem": {
			[]string{"sign", "register", "resolve", "search", "prove", "verify", "open"},
			[]string{"resolved", "searched", "proven", "proof", "verified offline", "cold start"},
		},
	} {
		i := slices.IndexFunc(results, func(r *result) bool { return r.Name == name })
		require.GreaterOrEqual(t, i, 0, name)
		for _, phase := range want.phases {
			require.Positive(t, results[i].figure(figurePhase+"/all/"+phase).Median, "%s: %s", name, phase)
		}
		for _, rate := range want.rates {
			require.Positive(t, results[i].figure(figureOwn+"/all/"+rate).Median, "%s: %s", name, rate)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	require.NoError(t, err)
	require.Empty(t, files, "nothing stays behind")
}

func TestIdentityList(t *testing.T) {
	jobs := identityJobs([]size{{1 << 20, 1 << 20}, {1, 1}, {4, 8}}, []string{networkMem, networkTLS})
	var items []int
	for _, j := range jobs {
		items = append(items, j.Items)
	}
	require.Equal(t, []int{1, 1, 4096, catalogueRecords}, items)
	require.Empty(t, identityJobs([]size{{16, 16}}, []string{networkTLS}))
}

func TestWrongAnswerFails(t *testing.T) {
	for name, want := range map[string]error{"directory": errCatalogue, "registration": errRegistered} {
		o := mustParse(t, "-sizes", "4", "-count", "1", "-run", "^Identity/"+name)
		o.fault = true
		require.ErrorContains(t, run(t.Context(), o, io.Discard), want.Error())
	}
}

// registered returns a registrar that has run.
func registered(t *testing.T, identities int) *registrationParty {
	t.Setenv("TMPDIR", t.TempDir())
	p := &registrationParty{registrationJob: &registrationJob{Identities: identities}}
	require.NoError(t, p.prepare())
	require.NoError(t, p.run(t.Context(), nil))
	return p
}

// What a registration may have wrong is seen: another code, a history less, and a
// history that is not verified.
func TestWrongRegistrations(t *testing.T) {
	p := registered(t, 3)
	_, err := p.finish()
	require.NoError(t, err)

	p = registered(t, 3)
	p.read[0], p.read[1] = p.read[1], p.read[0]
	_, err = p.finish()
	require.ErrorIs(t, err, errRegistered)

	p = registered(t, 3)
	p.read = p.read[:2]
	_, err = p.finish()
	require.ErrorIs(t, err, errRegistered)
}

// What the job measures as checks does check: possession, nonces used once, and
// the registrar's and the log's keys.
func TestRegistrationIsChecked(t *testing.T) {
	p := registered(t, 1)
	defer p.finish()
	a := p.applicants[0]
	submit := func(signer, nonceOf *applicant, nonce string) error {
		s, err := registry.Sign(p.algorithms, signer.key, registry.Operation{
			Act: registry.Create, Code: nonceOf.code, Registrar: p.registrar, Time: time.Now().Unix(),
			Nonce: nonce, Key: nonceOf.public, Next: nonceOf.next.Fingerprint(),
		})
		if err != nil {
			return err
		}
		_, err = p.registry.Submit(t.Context(), s)
		return err
	}
	require.Error(t, p.register(t.Context(), startStopwatch(), &a), "twice")
	other := registered(t, 2)
	defer other.finish()
	b, thief := other.applicants[0], other.applicants[1]
	nonce, err := p.registry.Nonce(b.code, b.public)
	require.NoError(t, err)
	require.Error(t, submit(&thief, &b, nonce), "without the key")
	require.ErrorIs(t, submit(&b, &b, "none"), registry.ErrNonce)

	history, err := p.registry.History(a.code, p.log.ProveDetached)
	require.NoError(t, err)
	v, err := p.verifier()
	require.NoError(t, err)
	_, err = v.Verify(history)
	require.NoError(t, err)
	v.Registrars[p.registrar] = []keys.PublicKey{b.public}
	_, err = v.Verify(history)
	require.Error(t, err)
	for i := range len(history) / 97 {
		if v, err = p.verifier(); err == nil {
			spoilt := slices.Clone(history)
			spoilt[97*i] ^= 1
			_, err = v.Verify(spoilt)
		}
		require.Error(t, err)
	}
}

// Queries know their answers: records of an office and a topic, the first fifty.
func TestQueries(t *testing.T) {
	j := &identityJob{Records: 20000}
	all := j.queries()
	require.Len(t, all, len(offices)*len(topics))
	seen := map[int]bool{}
	for _, q := range all {
		require.LessOrEqual(t, len(q.want), searchLimit)
		require.NotEmpty(t, q.want)
		for _, i := range q.want {
			require.Equal(t, q.text, offices[office(i)]+" "+topics[topic(i)])
			require.False(t, seen[i])
			seen[i] = true
		}
	}
	q := query{"x", []int{7}}
	require.ErrorIs(t, q.check(nil), errCatalogue)

	// The answer is compared record by record.
	made, err := j.party(0)
	require.NoError(t, err)
	p := made.(*identityParty)
	require.NoError(t, p.prepare())
	var found []directory.Signed
	for _, i := range []int{7, 8} {
		s, err := p.record(i)
		require.NoError(t, err)
		found = append(found, s)
	}
	require.NoError(t, q.check(found[:1]))
	require.ErrorIs(t, q.check(found[1:]), errCatalogue)
	require.ErrorIs(t, q.check(found), errCatalogue)
}

// Records are signed by their owner, and another key's signature is refused.
func TestRecordIsSigned(t *testing.T) {
	made, err := (&identityJob{Records: 1}).party(0)
	require.NoError(t, err)
	p := made.(*identityParty)
	require.NoError(t, p.prepare())
	s, err := p.record(0)
	require.NoError(t, err)
	statement, err := s.Record.Statement()
	require.NoError(t, err)
	require.NoError(t, p.verify(&s.Record, statement, s.Signature))
	s.Signature[3] ^= 1
	require.Error(t, p.verify(&s.Record, statement, s.Signature))
}
