// Package sm signs statements with SM2 and SM3, as regulations ask for in
// China.
//
//	algorithms := keys.Algorithms{keys.Ed25519(), sm.SM2()}
//
// accepts both. Private keys are *sm2.PrivateKey of github.com/emmansun/gmsm, or
// any crypto.Signer with such a public key that takes
// sm2.NewSM2SignerOption(true, nil), such as a hardware module.
//
// # Security
//
// SM2 with SM3 and the default user identity 1234567812345678 [GB/T 32918.2;
// GB/T 35276]. Public keys are uncompressed points of 65 bytes on the curve of
// GB/T 32918.5, signatures DER. SM2 signatures are not unique: whoever sees one
// cannot make another, but the signer can.
//
// # References
//
// GB/T 32918.2-2016, GB/T 32918.5-2017, GB/T 32905-2016, GB/T 35276-2017.
package sm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"

	"github.com/emmansun/gmsm/sm2"

	"github.com/dujiang-dev/dujiang/identity/keys"
)

// SM2 is SM2 with SM3.
func SM2() keys.Algorithm { return keys.Make(scheme{}) }

type scheme struct{}

func (scheme) Name() string { return "sm2" }

func (scheme) Encode(pub crypto.PublicKey) ([]byte, bool) {
	p, ok := pub.(*ecdsa.PublicKey)
	if !ok || !sm2.IsSM2PublicKey(p) {
		return nil, false
	}
	e, err := sm2.PublicKeyToECDH(p)
	if err != nil {
		return nil, false
	}
	return e.Bytes(), true
}

// parse accepts uncompressed points only, so that a key has one encoding.
func parse(pub []byte) (*ecdsa.PublicKey, error) {
	if len(pub) != 65 || pub[0] != 4 {
		return nil, errors.New("sm: an SM2 key has 65 bytes and starts with 4")
	}
	p, err := sm2.NewPublicKey(pub)
	if err != nil {
		return nil, errors.New("sm: the bytes are no SM2 key")
	}
	return p, nil
}

func (scheme) Check(pub []byte) error {
	_, err := parse(pub)
	return err
}

func (scheme) Sign(signer crypto.Signer, message []byte) ([]byte, error) {
	return signer.Sign(rand.Reader, message, sm2.NewSM2SignerOption(true, nil))
}

// maxSignature is the most bytes of two 256-bit integers in DER.
const maxSignature = 72

func (scheme) Verify(pub, message, signature []byte) bool {
	p, err := parse(pub)
	return err == nil && len(signature) <= maxSignature && sm2.VerifyASN1WithSM2(p, nil, message, signature)
}
