package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

// maxAnswer is the most bytes of an answer: the longest record in its proof, and
// once more beside it.
const maxAnswer = 1 << 20

// RemoteDirectory returns the resolver that asks the directory of another node,
// whose handler is at url, such as https://node.example. The client should have
// a timeout. Without a signer requests are not signed; with
// one they are in a session, as those of a [Client].
//
// What comes back is as good as its proof: give it to directory.VerifyProof, and
// see that the record has the code that was asked for.
func RemoteDirectory(url string, client *http.Client, signer *Signer) directory.Resolver {
	c := &Client{URL: url, Signer: signer, HTTP: client}
	return func(ctx context.Context, code identity.Code) ([]byte, error) {
		body, err := json.Marshal(map[string]identity.Code{"code": code})
		if err != nil {
			return nil, err
		}
		const path = "/directory/resolve"
		var status int
		var b []byte
		if signer != nil {
			status, b, err = c.Call(ctx, http.MethodPost, path, body)
		} else {
			var r *http.Request
			if r, err = c.request(ctx, http.MethodPost, path, body); err == nil {
				status, b, _, err = send(client, r)
			}
		}
		if err != nil {
			return nil, err
		}
		var a struct {
			Code    string   `json:"code"`
			Message string   `json:"message"`
			Data    Resolved `json:"data"`
		}
		if err := strictjson.Decode(b, &a, maxAnswer); err != nil {
			return nil, fmt.Errorf("api: status %d and no answer of a directory: %w", status, err)
		}
		switch {
		case status == faultNotFound.Status && a.Code == faultNotFound.Code:
			return nil, directory.ErrNotFound
		case status != http.StatusOK:
			return nil, fmt.Errorf("api: the directory answered with status %d", status)
		case a.Data.Proof == "":
			return nil, errors.New("api: the directory has the code and no proof yet; try again after its next checkpoint")
		}
		return []byte(a.Data.Proof), nil
	}
}
