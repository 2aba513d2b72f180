package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/api"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

// register binds a new connector's code to a key in file, which it makes, with
// the registry at url. The key that is committed to for a rotation is in
// file.next; keep it elsewhere.
func register(ctx context.Context, w io.Writer, url, registrar, region, subject, file string) error {
	office, err := identity.Parse(registrar)
	if err != nil {
		return fmt.Errorf("-registrar, as serve printed it: %w", err)
	}
	owner, err := identity.ParseSubject(subject)
	if err != nil {
		return err
	}
	area, err := identity.ParseArea(region)
	if err != nil {
		return err
	}
	code, err := loadCode(file+".code", identity.Connector, owner, area)
	if err != nil {
		return err
	}
	key, err := loadKey(file)
	if err != nil {
		return err
	}
	next, err := loadKey(file + ".next")
	if err != nil {
		return err
	}
	signed, err := application(office, code, key, next, func(code identity.Code, key keys.PublicKey) (string, error) {
		var n api.Nonce
		err := ask(ctx, url+"/identity/nonce", map[string]any{"code": code, "key": key}, &n)
		return n.Nonce, err
	})
	if err != nil {
		return err
	}
	body, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	var receipt api.Registered
	if err := ask(ctx, url+"/identity/register", json.RawMessage(body), &receipt); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s is registered, at position %d of the log\n", code, receipt.Position)
	return err
}
