package dsp

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
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
	"common/example/catalogservice-did-service.json":                    {"common/did-service", func() Message { return new(DIDService) }},
	"common/example/dataservice-did-service.json":                       {"", func() Message { return new(DIDService) }}, // see DIDService.check
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
	"transfer/example/transfer-request-message.json":                    {"transfer/transfer-request-message", func() Message { return new(TransferRequest) }},
	"transfer/example/transfer-start-message.json":                      {"transfer/transfer-start-message", func() Message { return new(TransferStart) }},
	"transfer/example/transfer-suspension-message.json":                 {"transfer/transfer-suspension-message", func() Message { return new(TransferSuspension) }},
	"transfer/example/transfer-completion-message.json":                 {"transfer/transfer-completion-message", func() Message { return new(TransferCompletion) }},
	"transfer/example/transfer-termination-message.json":                {"transfer/transfer-termination-message", func() Message { return new(TransferTermination) }},
	"transfer/example/transfer-process.json":                            {"transfer/transfer-process", func() Message { return new(TransferProcess) }},
	"transfer/example/transfer-error.json":                              {"transfer/transfer-error", func() Message { return new(TransferError) }},
}

// folders are those of the published schemas and examples.
var folders = []string{"common", "catalog", "negotiation", "transfer"}

// schemas compiles the published schemas from their files, and from nowhere
// else.
func schemas(t testing.TB) *jsonschema.Compiler {
	if _, err := os.Stat(published); err != nil {
		t.Skip("the schemas of the Dataspace Protocol are not here")
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{})
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(published, folder, "*-schema.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			// Some of the published references lack a slash.
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.ReplaceAll(string(b), "#definitions/", "#/definitions/")))
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
	for _, folder := range folders {
		files, _ := filepath.Glob(filepath.Join(published, folder, "example", "*.json"))
		for _, file := range files {
			name, _ := filepath.Rel(published, file)
			example, known := examples[name]
			require.True(t, known, "no type reads %s", name)
			found++
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			m := example.make()
			require.NoError(t, Decode(b, m), name)
			again, err := json.Marshal(m)
			require.NoError(t, err)
			if example.schema == "" {
				require.Error(t, valid(t, compile(t, c, "common/did-service"), b), "the schema was mended")
			} else {
				schema := compile(t, c, example.schema)
				require.NoError(t, valid(t, schema, b), name)
				require.NoError(t, valid(t, schema, again), name)
			}
			if !strings.Contains(string(b), `"filter": []`) {
				require.JSONEq(t, string(b), string(again), name)
			}
		}
	}
	require.Equal(t, len(examples), found)
}

// Each name that is written is a term of the published contexts, so that readers of
// JSON-LD see it too. Versions have no context.
func TestTerms(t *testing.T) {
	terms := map[string]bool{"servesDataset": true} // in the schema alone
	for _, file := range []string{"dspace.jsonld", "odrl.jsonld"} {
		b, err := os.ReadFile(filepath.Join(published, "context", file))
		if err != nil {
			t.Skip("the contexts of the Dataspace Protocol are not here")
		}
		var root any
		require.NoError(t, json.Unmarshal(b, &root))
		collect(root, terms)
	}
	seen := 0
	for name, example := range examples {
		if strings.HasPrefix(name, "common/") {
			continue
		}
		m := example.make()
		tagged(reflect.TypeOf(m), map[reflect.Type]bool{}, func(tag string) {
			require.True(t, tag[0] == '@' || terms[tag], "%T: %s", m, tag)
			seen++
		})
	}
	require.Greater(t, seen, 100)
	for _, word := range operators {
		require.True(t, terms[word] || word == "term-lteq", word)
	}
}

// collect takes all names of a document.
func collect(v any, names map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			names[name] = true
			collect(inner, names)
		}
	case []any:
		for _, inner := range v {
			collect(inner, names)
		}
	}
}

// tagged calls f with the names that a type has in JSON.
func tagged(typ reflect.Type, seen map[reflect.Type]bool, f func(string)) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		tagged(typ.Elem(), seen, f)
	case reflect.Struct:
		if seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			f(name)
			tagged(typ.Field(i).Type, seen, f)
		}
	}
}

// A message with any one field taken away, or of another type, is refused if the
// schema refuses it: nothing passes here that fails there.
func TestStricterThanSchemas(t *testing.T) {
	c := schemas(t)
	for name, example := range examples {
		if example.schema == "" {
			continue
		}
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

func TestTransferStates(t *testing.T) {
	messages := map[string]Message{
		"request": new(TransferRequest), "start": new(TransferStart), "suspension": new(TransferSuspension),
		"completion": new(TransferCompletion), "termination": new(TransferTermination), "other": new(ContractRequest),
	}
	want := map[string]TransferState{" consumer request": TransferRequested, "REQUESTED provider start": TransferStarted}
	for _, side := range []string{"consumer", "provider"} {
		want["SUSPENDED "+side+" start"] = TransferStarted
		want["STARTED "+side+" suspension"] = TransferSuspended
		want["STARTED "+side+" completion"] = TransferCompleted
		for _, s := range []TransferState{TransferRequested, TransferStarted, TransferSuspended} {
			want[string(s)+" "+side+" termination"] = TransferTerminated
		}
	}
	taken := 0
	for _, from := range []TransferState{"", TransferRequested, TransferStarted, TransferSuspended, TransferCompleted, TransferTerminated} {
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

// Lists that are there and empty, and what stands where it must not, are refused.
func TestHollow(t *testing.T) {
	const ids = `"@context":["` + Context + `"],"providerPid":"p","consumerPid":"c"`
	const policy = `"@id":"o","@type":"Offer","permission":[{"action":"use"}]`
	dataset := func(more, offer string) string {
		return `{"@context":["` + Context + `"],"@id":"d","@type":"Dataset","hasPolicy":[{` + offer + `}],"distribution":[{"format":"f","accessService":"s"` + more + `}]}`
	}
	require.NoError(t, Decode([]byte(dataset("", policy)), new(Dataset)))
	service := func(service string) string {
		return strings.Replace(dataset("", policy), `"accessService":"s"`, `"accessService":`+service, 1)
	}
	good := `{"@id":"s","@type":"DataService","endpointURL":"https://s.example"}`
	require.NoError(t, Decode([]byte(service(good)), new(Dataset)))
	address := func(address string) string {
		return `{` + ids + `,"@type":"TransferStartMessage","dataAddress":` + address + `}`
	}
	require.NoError(t, Decode([]byte(address(`{"@type":"DataAddress","endpointType":"e"}`)), new(TransferStart)))
	require.NoError(t, Decode([]byte(`{`+ids+`,"@type":"TransferStartMessage"}`), new(TransferStart)), "a push has no address")
	did := func(typ, endpoint string) string {
		return `{"id":"did:web:x#1","type":"` + typ + `","serviceEndpoint":"` + endpoint + `"}`
	}
	require.NoError(t, Decode([]byte(did("CatalogService", "https://x.example/catalog")), new(DIDService)))
	request := func(offer string) string {
		return `{"@context":["` + Context + `"],"@type":"ContractRequestMessage","consumerPid":"c","callbackAddress":"https://c.example","offer":{` + offer + `}}`
	}
	require.NoError(t, Decode([]byte(request(policy+`,"target":"t"`)), new(ContractRequest)))
	for _, c := range []struct {
		text string
		m    Message
	}{
		{dataset("", policy+`,"target":"t"`), new(Dataset)}, // the dataset is that
		{dataset(`,"hasPolicy":[]`, policy), new(Dataset)},
		{dataset(`,"hasPolicy":[{"@id":"o","@type":"Agreement","permission":[{"action":"use"}]}]`, policy), new(Dataset)},
		{service(`{}`), new(Dataset)},
		{service(`7`), new(Dataset)},
		{service(`null`), new(Dataset)},
		{service(strings.Replace(good, "}", `,"servesDataset":[]}`, 1)), new(Dataset)},
		{service(strings.Replace(good, "}", `,"servesDataset":[{"@id":"d"}]}`, 1)), new(Dataset)},
		{request(policy + `,"prohibition":[]`), new(ContractRequest)},
		{request(policy + `,"obligation":[]`), new(ContractRequest)},
		{request(`"@id":"o","@type":"Offer","permission":[],"prohibition":[{"action":"use"}]`), new(ContractRequest)},
		{request(policy + `,"profile":[7]`), new(ContractRequest)},
		{`{` + ids + `,"@type":"TransferError","reason":[]}`, new(TransferError)},
		{`{` + ids + `,"@type":"TransferSuspensionMessage","reason":[]}`, new(TransferSuspension)},
		{`{` + ids + `,"@type":"TransferTerminationMessage","reason":[]}`, new(TransferTermination)},
		{`{` + ids + `,"@type":"TransferProcess","state":"ENDED"}`, new(TransferProcess)},
		{address(`{"@type":"DataAddress"}`), new(TransferStart)},
		{address(`{"@type":"Address","endpointType":"e"}`), new(TransferStart)},
		{address(`{"@type":"DataAddress","endpointType":"e","endpointProperties":[]}`), new(TransferStart)},
		{address(`{"@type":"DataAddress","endpointType":"e","endpointProperties":[{"@type":"EndpointProperty","name":"n"}]}`), new(TransferStart)},
		{address(`{"@type":"DataAddress","endpointType":"e","endpointProperties":[{"@type":"Property","name":"n","value":"v"}]}`), new(TransferStart)},
		{did("OtherService", "https://x.example/catalog"), new(DIDService)},
		{did("DataService", "https://x.example/catalog"), new(DIDService)},
		{did("CatalogService", "ftp://x.example/catalog"), new(DIDService)},
		{did("CatalogService", "https://x.example/catalogue"), new(DIDService)},
		{strings.Replace(did("CatalogService", "https://x.example/catalog"), "{", `{"@context":["`+Context+`"],`, 1), new(DIDService)},
		{strings.Replace(did("CatalogService", "https://x.example/catalog"), "did:web:x#1", "", 1), new(DIDService)},
	} {
		require.ErrorIs(t, Decode([]byte(c.text), c.m), ErrMessage, c.text)
	}
}
