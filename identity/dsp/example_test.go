package dsp_test

import (
	"encoding/json"
	"fmt"
	"log"

	"github.com/dujiang-dev/dujiang/identity/dsp"
)

// A provider reads a consumer's request, and looks where the negotiation goes.
func Example() {
	request, err := json.Marshal(&dsp.ContractRequest{
		Context: []string{dsp.Context}, Type: "ContractRequestMessage",
		ConsumerPID: "urn:uuid:32541fe6-c580-409e-85a8-8a9a32fbe833", CallbackAddress: "https://consumer.example/dsp",
		Offer: dsp.Policy{ID: "urn:example:offer", Type: "Offer", Target: "urn:example:dataset",
			Permission: []dsp.Rule{{Action: "use", Constraint: []dsp.Constraint{
				{LeftOperand: "count", Operator: "lteq", RightOperand: json.RawMessage(`"100"`)}}}}},
	})
	if err != nil {
		log.Fatal(err)
	}

	var m dsp.ContractRequest
	if err := dsp.Decode(request, &m); err != nil {
		log.Fatal(err)
	}
	var state dsp.State
	state, err = state.Next(&m, false)
	fmt.Println(m.Offer.Permission[0].Action, state, err)
	_, err = state.Next(&dsp.ContractAgreementVerification{}, false)
	fmt.Println(err)
	// Output:
	// use REQUESTED <nil>
	// dsp: this message may not be sent by this side in this state
}
