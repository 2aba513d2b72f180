package directory_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
)

func Example() {
	folder, err := os.MkdirTemp("", "directory")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	// In a city the public keys come from the registry.
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	dir, err := directory.Open(filepath.Join(folder, "file"), &directory.Config{
		Verify: func(_ *directory.Record, statement, signature []byte) error {
			if !ed25519.Verify(public, statement, signature) {
				return errors.New("the signature is not the owner's")
			}
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer dir.Close()

	shanghai, err := identity.ParseArea("3101")
	if err != nil {
		log.Fatal(err)
	}
	rows := directory.CSV(strings.NewReader("number,title,holder\n42,气象观测,91110000600037341L\n43,学校,91310105575958172F\n"),
		directory.Columns{Number: "number", Title: "title", Holder: "holder"})
	n, problems, err := dir.Import(rows, &directory.Import{
		Area: shanghai, Kind: identity.Resource,
		Sign: func(_ *directory.Record, statement []byte) ([]byte, error) {
			return ed25519.Sign(private, statement), nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "imported")
	for _, p := range problems {
		fmt.Printf("row %d: %v\n", p.Row, p.Err)
	}
	found, err := dir.Search(&directory.Query{Text: "气象", Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found[0].Record.Title, found[0].Record.Code.Extension())
	// Output:
	// 1 imported
	// row 2: identity: subject: subject, at position 18: want another check character: the unified social credit code has an error
	// 气象观测 42
}
