package policy_test

import (
	"crypto/ed25519"
	"fmt"
	"log"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
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

// A registry says who holds a resource, the holder lets somebody process it, and an
// auditor reads why that one may.
func ExampleRights_Explain() {
	var holder, processor identity.Subject
	var resource identity.Code
	for text, id := range map[string]interface{ UnmarshalText([]byte) error }{
		"91110000600037341L": &holder, "121200004013590816": &processor, "791110000600037341L11011BH95JZYV": &resource,
	} {
		if err := id.UnmarshalText([]byte(text)); err != nil {
			log.Fatal(err)
		}
	}
	// In earnest the registry has its key, and each organisation its own.
	root, registry, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	own, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	hold := policy.Grant{ID: "urn:example:hold", Issuer: root, Holder: own, Subject: holder, Right: policy.Hold,
		Resource: resource, From: now, Until: now.AddDate(1, 0, 0)}
	process := policy.Grant{ID: "urn:example:process", Issuer: own, Holder: other, Subject: processor, Right: policy.Process,
		Resource: resource, From: now, Until: now.AddDate(0, 1, 0)}
	first, err := hold.Sign(registry, now)
	if err != nil {
		log.Fatal(err)
	}
	second, err := process.Sign(key, now)
	if err != nil {
		log.Fatal(err)
	}

	rights, err := policy.NewRights([]ed25519.PublicKey{root}, [][]byte{first, second}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(rights.Explain(processor, policy.Process, resource, now))
	fmt.Print(rights.Explain(processor, policy.Process, resource, now.AddDate(0, 2, 0)))
	// Output:
	// yes: 121200004013590816 Process 791110000600037341L11011BH95JZYV by urn:example:process
	//   yes: 91110000600037341L Hold 791110000600037341L11011BH95JZYV by urn:example:hold
	// no: 121200004013590816 Process 791110000600037341L11011BH95JZYV by urn:example:process: the credential is not in force at this time
}
