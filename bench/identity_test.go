package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIdentityJobs(t *testing.T) {
	o := mustParse(t, "-sizes", "4,12,5x6", "-count", "1", "-run", "^Identity/")
	jobs := selectJobs(allJobs(o), o.pattern)
	require.Len(t, jobs, 2)
	results, left, err := newRunner(o, func(string, int) {}).all(t.Context(), jobs)
	require.NoError(t, err)
	require.Empty(t, left)
	require.Equal(t, "Identity/directory/records=1328/mem", results[1].Name)
	for _, name := range []string{"resolved", "text query", "offline verification", "proof", "cold start"} {
		require.Positive(t, results[1].figure(figureOwn+"/all/"+name).Median, name)
	}
	for _, name := range []string{"sign", "register", "resolve", "search", "prove", "open"} {
		require.Positive(t, results[1].figure(figurePhase+"/all/"+name).Median, name)
	}
	require.Equal(t, catalogueRecords, identityJobs([]size{{1 << 20, 1 << 20}}, []string{networkMem})[0].Items)
}

func TestWrongAnswerFails(t *testing.T) {
	o := mustParse(t, "-sizes", "4", "-count", "1", "-run", "^Identity/")
	o.fault = true
	require.ErrorContains(t, run(t.Context(), o, io.Discard), errCatalogue.Error())
}
