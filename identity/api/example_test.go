package api_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/dujiang-dev/dujiang/identity/api"
)

// places is a directory of codes and what is known of them.
type places map[string]string

func (p places) Resolve(_ context.Context, code string) (any, error) {
	record, ok := p[code]
	if !ok {
		return nil, api.ErrNotFound
	}
	return map[string]string{"code": code, "location": record}, nil
}

func (p places) Search(context.Context, api.Search) (any, error) { return nil, api.ErrNotFound }

// A server answers registered readers, who sign their requests.
func Example() {
	public, private, _ := ed25519.GenerateKey(nil)
	handler, err := api.New(&api.Config{
		Directory: places{"7-example": "https://weather.example"},
		Name:      "registry.example",
		Verify: func(_ context.Context, signer string, message, signature []byte) error {
			if signer != "5-example" || !ed25519.Verify(public, message, signature) {
				return errors.New("unknown signer or wrong signature")
			}
			return nil
		},
		Readers: api.RegisteredReaders, Rate: 100, Burst: 100, Now: time.Now,
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	signer := &api.Signer{Name: "5-example", To: "registry.example", Now: time.Now,
		Sign: func(message []byte) ([]byte, error) { return ed25519.Sign(private, message), nil }}
	client := &api.Client{URL: server.URL, Signer: signer, HTTP: server.Client()}
	_, answer, err := client.Call(context.Background(), "POST", "/directory/resolve", []byte(`{"code":"7-example"}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(answer))
	// Output: {"code":"000000","message":"success","data":{"code":"7-example","location":"https://weather.example"}}
}
