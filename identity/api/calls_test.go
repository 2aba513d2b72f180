package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

type identities struct{}

func (identities) Call(_ context.Context, sender string, call Call, body json.RawMessage) (any, error) {
	if call == GetPersonInfo {
		return nil, ErrNotFound
	}
	return map[string]any{"sender": sender, "call": call, "body": body}, nil
}

// Every call reaches the implementation with its name and sender, signed ones
// only.
func TestIdentityCalls(t *testing.T) {
	cfg := config()
	cfg.Identities = identities{}
	cfg.Readers = AnyReader
	h := handler(t, cfg)
	for _, c := range calls {
		path := "/identity/" + string(c)
		want(t, do(h, post(path, `{}`)), 401, "390001", "")
		if c == GetPersonInfo {
			want(t, do(h, signedPost(t, h, path, `{}`)), 404, "390004", "")
			continue
		}
		want(t, do(h, signedPost(t, h, path, `{"a":[{"b":1}]}`)), 200, "000000", `{"sender":"`+caller+`","call":"`+string(c)+`","body":{"a":[{"b":1}]}}`)
		for _, bad := range []string{"", "null", "[]", "1", `{"a":1,"a":2}`, `{}x`, strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)} {
			want(t, do(h, signedPost(t, h, path, bad)), 400, "290001", "")
		}
	}
}
