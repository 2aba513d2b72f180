package identity_test

import (
	"fmt"

	"github.com/dujiang-dev/dujiang/identity"
)

func Example() {
	code, err := identity.Parse("691110000600037341L11011BH95JZYG")
	if err != nil {
		panic(err)
	}
	fmt.Println(code.Display())
	fmt.Println(code.Kind(), "of", code.Subject(), "in", code.Area().Name())

	_, err = identity.Parse("691110000600037341L11011BH59JZYG")
	fmt.Println(err)
	fmt.Println("perhaps", identity.Repair("691110000600037341L11011BH59JZYG")[0])
	// Output:
	// 6 91110000 600037341L 1101 1BH95JZY G
	// product of 91110000600037341L in 北京市
	// identity: code: check character, at position 32: want another character: one of the first 32 is wrong, or two are swapped
	// perhaps 691110000600037341L11011BH95JZYG
}
