package keys_test

import (
	"crypto/ed25519"
	"fmt"

	"github.com/dujiang-dev/dujiang/identity/keys"
)

func Example() {
	_, private, _ := ed25519.GenerateKey(nil)
	var algorithms keys.Algorithms // Ed25519
	public, _ := algorithms.Public(private)

	type rename struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	signature, err := algorithms.Sign(private, "rename", rename{"a", "b"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(algorithms.Verify(public, "rename", rename{"a", "b"}, signature))
	fmt.Println(algorithms.Verify(public, "rename", rename{"a", "c"}, signature))
	// Output:
	// <nil>
	// keys: the signature does not hold
}
