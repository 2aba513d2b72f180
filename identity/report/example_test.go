package report_test

import (
	"crypto/ed25519"
	"fmt"
	"log"
	"time"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/policy"
	"github.com/dujiang-dev/dujiang/identity/report"
)

func Example() {
	node, err := identity.Parse("591110000600037341L11011BH95JZY1")
	if err != nil {
		log.Fatal(err)
	}
	profile := identity.NDI2025Draft()
	contract, err := profile.MintContract(node, time.Now())
	if err != nil {
		log.Fatal(err)
	}
	_, signer, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	// One side says what its policy decided.
	feedback := report.Feedback{Contract: contract, Strategy: "urn:example:1", Outcome: policy.Allowed, At: time.Now().Truncate(time.Millisecond)}
	body, err := feedback.Sign(signer)
	if err != nil {
		log.Fatal(err)
	}
	// The other one checks it by the key that is registered for the sender.
	key, err := keys.Algorithms(nil).Public(signer)
	if err != nil {
		log.Fatal(err)
	}
	got, err := report.ParseFeedback(body, profile, key)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got.Strategy, got.Outcome)
	// Output: urn:example:1 allowed
}
