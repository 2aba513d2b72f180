package policy_test

import (
	"fmt"
	"log"

	"github.com/dujiang-dev/dujiang/identity/policy"
)

func Example() {
	p, err := policy.ParseDSP([]byte(`{
		"@id": "urn:example:1", "@type": "Offer", "target": "patients",
		"permission": [{
			"action": "urn:ndi:tc609-6-2025-14:compute",
			"constraint": [{"leftOperand": "count", "operator": "lteq", "rightOperand": "3"}]
		}]
	}`))
	if err != nil {
		log.Fatal(err)
	}
	request := &policy.Request{Action: "compute", Target: "patients"}
	fmt.Println(policy.Decide(p, request, policy.State{Uses: 2}).Outcome)
	fmt.Println(policy.Decide(p, request, policy.State{Uses: 3}).Outcome)
	ndi, err := p.NDI()
	fmt.Println(string(ndi), err)
	// Output:
	// allowed
	// denied
	// {"@id":"urn:example:1","@type":"Offer","target":"patients","permission":[{"action":"compute","constraint":[{"leftOperand":"count","operator":"11","rightOperand":"3"}]}]} <nil>
}
