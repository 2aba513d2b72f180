package policy

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// What is written as DSP is valid under the published schema.
func TestValidUnderSchema(t *testing.T) {
	f, err := os.Open(vectors + "/negotiation/contract-schema.json")
	if err != nil {
		t.Skip("the vectors are not beside the project")
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is fetched
	require.NoError(t, c.AddResource("https://w3id.org/dspace/2025/1/negotiation/contract-schema.json", doc))
	// An offer with a target is one inside a message.
	offer, err := c.Compile("https://w3id.org/dspace/2025/1/negotiation/contract-schema.json#/definitions/MessageOffer")
	require.NoError(t, err)
	agreement, err := c.Compile("https://w3id.org/dspace/2025/1/negotiation/contract-schema.json#/definitions/Agreement")
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(9, 10))
	for range 100 {
		p := randomPolicy(r)
		b, err := p.DSP()
		require.NoError(t, err)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
		require.NoError(t, err)
		schema := offer
		if p.Assignee != "" {
			schema = agreement
		}
		require.NoError(t, schema.Validate(v), "%s", b)
	}
}
