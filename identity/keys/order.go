package keys

import (
	"errors"

	"filippo.io/edwards25519"
)

// Check refuses keys that do not decode, that have a second encoding, and those
// of small order [RFC 8032, 5.1.3; Chalkias, Garillot and Nikolaenko, Taming the
// many EdDSAs, 2020, section 3].
func (ed) Check(pub []byte) error {
	p, err := new(edwards25519.Point).SetBytes(pub)
	if err != nil || string(p.Bytes()) != string(pub) {
		return errors.New("keys: the bytes are no Ed25519 key")
	}
	if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return errors.New("keys: the Ed25519 key has small order")
	}
	return nil
}
