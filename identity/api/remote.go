package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
// a timeout. Without a signer requests are not signed.
//
// What comes back is as good as its proof: give it to directory.VerifyProof, and
// see that the record has the code that was asked for.
func RemoteDirectory(url string, client *http.Client, signer *Signer) directory.Resolver {
	return func(ctx context.Context, code identity.Code) ([]byte, error) {
		body, err := json.Marshal(map[string]identity.Code{"code": code})
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/directory/resolve", bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		if signer != nil {
			if err := signer.Apply(r, body); err != nil {
				return nil, err
			}
		}
		w, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer w.Body.Close()
		b, err := io.ReadAll(io.LimitReader(w.Body, maxAnswer+1))
		if err != nil {
			return nil, err
		}
		var a struct {
			Code    string   `json:"code"`
			Message string   `json:"message"`
			Data    Resolved `json:"data"`
		}
		if err := strictjson.Decode(b, &a, maxAnswer); err != nil {
			return nil, fmt.Errorf("api: status %d and no answer of a directory: %w", w.StatusCode, err)
		}
		switch {
		case w.StatusCode == faultNotFound.Status && a.Code == faultNotFound.Code:
			return nil, directory.ErrNotFound
		case w.StatusCode != http.StatusOK:
			return nil, fmt.Errorf("api: the directory answered with status %d", w.StatusCode)
		case a.Data.Proof == "":
			return nil, errors.New("api: the directory has the code and no proof yet; try again after its next checkpoint")
		}
		return []byte(a.Data.Proof), nil
	}
}
