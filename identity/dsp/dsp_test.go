package dsp

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

const published = "../../../shared/vectors/dsp-2025-1"

const schemaBase = "https://w3id.org/dspace/2025/1/"

// examples are the published messages and the type that reads each.
var examples = map[string]struct {
	schema string
	make   func() Message
}{
	"common/example/protocol-version.json":                              {"common/protocol-version", func() Message { return new(Versions) }},
	"catalog/example/catalog-request-message.json":                      {"catalog/catalog-request-message", func() Message { return new(CatalogRequest) }},
	"catalog/example/dataset-request-message.json":                      {"catalog/dataset-request-message", func() Message { return new(DatasetRequest) }},
	"catalog/example/catalog.json":                                      {"catalog/catalog", func() Message { return new(Catalog) }},
	"catalog/example/nested-catalog.json":                               {"catalog/catalog", func() Message { return new(Catalog) }},
	"catalog/example/dataset.json":                                      {"catalog/dataset", func() Message { return new(Dataset) }},
	"catalog/example/catalog-error.json":                                {"catalog/catalog-error", func() Message { return new(CatalogError) }},
	"negotiation/example/contract-request-message.json":                 {"negotiation/contract-request-message", func() Message { return new(ContractRequest) }},
	"negotiation/example/contract-request-message_initial.json":         {"negotiation/contract-request-message", func() Message { return new(ContractRequest) }},
	"negotiation/example/contract-offer-message.json":                   {"negotiation/contract-offer-message", func() Message { return new(ContractOffer) }},
	"negotiation/example/contract-offer-message_initial.json":           {"negotiation/contract-offer-message", func() Message { return new(ContractOffer) }},
	"negotiation/example/contract-agreement-message.json":               {"negotiation/contract-agreement-message", func() Message { return new(ContractAgreement) }},
	"negotiation/example/contract-agreement-message-full.json":          {"negotiation/contract-agreement-message", func() Message { return new(ContractAgreement) }},
	"negotiation/example/contract-agreement-verification-message.json":  {"negotiation/contract-agreement-verification-message", func() Message { return new(ContractAgreementVerification) }},
	"negotiation/example/contract-negotiation-event-message.json":       {"negotiation/contract-negotiation-event-message", func() Message { return new(ContractEvent) }},
	"negotiation/example/contract-negotiation-termination-message.json": {"negotiation/contract-negotiation-termination-message", func() Message { return new(ContractTermination) }},
	"negotiation/example/contract-negotiation.json":                     {"negotiation/contract-negotiation", func() Message { return new(Negotiation) }},
	"negotiation/example/contract-negotiation-error.json":               {"negotiation/contract-negotiation-error", func() Message { return new(NegotiationError) }},
}

// schemas compiles the published schemas from their files, and from nowhere
// else.
func schemas(t testing.TB) *jsonschema.Compiler {
	if _, err := os.Stat(published); err != nil {
		t.Skip("the schemas of the Dataspace Protocol are not here")
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{})
	for _, folder := range []string{"common", "catalog", "negotiation"} {
		files, err := filepath.Glob(filepath.Join(published, folder, "*-schema.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			f, err := os.Open(file)
			require.NoError(t, err)
			doc, err := jsonschema.UnmarshalJSON(f)
			f.Close()
			require.NoError(t, err)
			require.NoError(t, c.AddResource(schemaBase+folder+"/"+filepath.Base(file), doc))
		}
	}
	return c
}

func compile(t testing.TB, c *jsonschema.Compiler, name string) *jsonschema.Schema {
	s, err := c.Compile(schemaBase + name + "-schema.json")
	require.NoError(t, err)
	return s
}

func valid(t testing.TB, s *jsonschema.Schema, b []byte) error {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	require.NoError(t, err)
	return s.Validate(v)
}

// Each published example is read without loss, and what is written is valid.
func TestExamples(t *testing.T) {
	c := schemas(t)
	found := 0
	for _, folder := range []string{"common", "catalog", "negotiation"} {
		files, _ := filepath.Glob(filepath.Join(published, folder, "example", "*.json"))
		for _, file := range files {
			name, _ := filepath.Rel(published, file)
			example, known := examples[name]
			if !known {
				require.Contains(t, name, "did-service", "no type reads this example")
				continue
			}
			found++
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			m := example.make()
			require.NoError(t, Decode(b, m), name)
			again, err := json.Marshal(m)
			require.NoError(t, err)
			schema := compile(t, c, example.schema)
			require.NoError(t, valid(t, schema, b), name)
			require.NoError(t, valid(t, schema, again), name)
			if !strings.Contains(string(b), `"filter": []`) {
				require.JSONEq(t, string(b), string(again), name)
			}
		}
	}
	require.Equal(t, len(examples), found)
}

// A message with any one field taken away, or of another type, is refused if the
// schema refuses it: nothing passes here that fails there.
func TestStricterThanSchemas(t *testing.T) {
	c := schemas(t)
	for name, example := range examples {
		b, err := os.ReadFile(filepath.Join(published, name))
		require.NoError(t, err)
		schema := compile(t, c, example.schema)
		var root any
		require.NoError(t, json.Unmarshal(b, &root))
		changes, refused := 0, 0
		mutate(root, func() {
			changed, err := json.Marshal(root)
			require.NoError(t, err)
			changes++
			if valid(t, schema, changed) != nil {
				refused++
				require.ErrorIs(t, Decode(changed, example.make()), ErrMessage, "%s: %s", name, changed)
			}
		})
		require.NotZero(t, refused, name)
		require.Less(t, refused, changes+1)
	}
}

// mutate changes one place of v after another and calls try with each.
func mutate(v any, try func()) {
	switch v := v.(type) {
	case map[string]any:
		for k, old := range v {
			delete(v, k)
			try()
			for _, other := range []any{"x", 7.0, map[string]any{}, []any{}, nil} {
				v[k] = other
				try()
			}
			v[k] = old
			mutate(old, try)
		}
	case []any:
		for i, old := range v {
			for _, other := range []any{"x", 7.0, map[string]any{}, nil} {
				v[i] = other
				try()
			}
			v[i] = old
			mutate(old, try)
		}
	}
}

func TestRefused(t *testing.T) {
	context := `"@context":["` + Context + `"]`
	request := func(offer string) string {
		return `{` + context + `,"@type":"ContractRequestMessage","consumerPid":"c","callbackAddress":"https://c.example","offer":` + offer + `}`
	}
	offer := func(constraint string) string {
		return request(`{"@type":"Offer","@id":"o","permission":[{"action":"use","constraint":[` + constraint + `]}]}`)
	}
	require.NoError(t, Decode([]byte(offer(`{"leftOperand":"a","operator":"eq","rightOperand":"b"}`)), new(ContractRequest)))
	for _, text := range []string{
		"", "{}", "null",
		request(`{"@type":"Agreement","@id":"o","permission":[{"action":"use"}]}`),
		request(`{"@type":"Offer","@id":"o","permission":[{"action":"use"}],"unknown":1}`),
		request(`{"@type":"Offer","@id":"o","permission":[{"action":"use"}],"assigner":"somebody"}`),
		request(`{"@type":"Offer","@id":"o","permission":[{"action":"use"}],"profile":7}`),
		request(`{"@type":"Offer","@id":"o","obligation":[{"action":"use"}]}`),
		offer(`{}`), offer(`{"leftOperand":"a","operator":"eq"}`), offer(`{"leftOperand":"a","operator":"like","rightOperand":"b"}`),
		offer(`{"leftOperand":"a","operator":"eq","rightOperand":7}`), offer(`{"leftOperand":"a","operator":"eq","rightOperand":"b","and":[]}`),
		offer(`{"and":[],"or":[]}`), offer(`{"and":[{}]}`), offer(`{"duty":[]}`),
		offer(strings.Repeat(`{"and":[`, 40) + strings.Repeat(`]}`, 40)),
		`{"@context":["https://w3id.org/dspace/2024/1/context.json"],"@type":"CatalogRequestMessage"}`,
		strings.Repeat(" ", MaxMessage) + offer(``),
	} {
		require.ErrorIs(t, Decode([]byte(text), new(ContractRequest)), ErrMessage, text)
	}
}

// Only the steps of the protocol's diagram exist, from each state and side.
func TestStates(t *testing.T) {
	messages := map[string]Message{
		"request": new(ContractRequest), "offer": new(ContractOffer), "agreement": new(ContractAgreement), "verification": new(ContractAgreementVerification),
		"accepted": &ContractEvent{EventType: Accepted}, "finalized": &ContractEvent{EventType: Finalized}, "termination": new(ContractTermination),
		"odd event": &ContractEvent{EventType: Agreed}, "other": new(Catalog),
	}
	want := map[string]State{
		" consumer request": Requested, "OFFERED consumer request": Requested,
		" provider offer": Offered, "REQUESTED provider offer": Offered,
		"OFFERED consumer accepted":    Accepted,
		"REQUESTED provider agreement": Agreed, "ACCEPTED provider agreement": Agreed,
		"AGREED consumer verification": Verified, "VERIFIED provider finalized": Finalized,
	}
	for _, s := range []State{Requested, Offered, Accepted, Agreed, Verified} {
		want[string(s)+" consumer termination"], want[string(s)+" provider termination"] = Terminated, Terminated
	}
	taken := 0
	for _, from := range []State{"", Requested, Offered, Accepted, Agreed, Verified, Finalized, Terminated} {
		for side, provider := range map[string]bool{"consumer": false, "provider": true} {
			for name, m := range messages {
				step := string(from) + " " + side + " " + name
				to, err := from.Next(m, provider)
				if next, ok := want[step]; ok {
					require.NoError(t, err, step)
					require.Equal(t, next, to, step)
					taken++
				} else {
					require.ErrorIs(t, err, ErrState, step)
					require.Equal(t, from, to)
				}
			}
		}
	}
	require.Equal(t, len(want), taken)
}
