package pseudonym_test

import (
	"bytes"
	"fmt"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/registry/pseudonym"
)

func Example() {
	// Each organisation has a seed of its own, which it keeps.
	registrar, _ := pseudonym.NewServer(pseudonym.Registrar, bytes.Repeat([]byte{1}, pseudonym.SeedSize))
	authority, _ := pseudonym.NewServer(pseudonym.Authority, bytes.Repeat([]byte{2}, pseudonym.SeedSize))

	client, err := pseudonym.NewClient(registrar.Public(), authority.Public())
	if err != nil {
		fmt.Println(err)
		return
	}
	request, err := client.Blind("11010519491231002X", "3101")
	if err != nil {
		fmt.Println(err)
		return
	}
	fromRegistrar, _ := registrar.Answer(request.ToRegistrar())
	fromAuthority, _ := authority.Answer(request.ToAuthority())
	subject, err := request.Finish(fromRegistrar, fromAuthority)
	fmt.Println(len(subject.String()), subject.Kind() == identity.Person, err)
	// Output: 18 true <nil>
}
