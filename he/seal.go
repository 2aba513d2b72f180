package he

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// What travels between two parties through the hands of others is sealed with
// HPKE [RFC 9180] under X-Wing, the hybrid of ML-KEM-768 and X25519, so that it
// stays secret as long as the ciphertexts of rings do.
func kem() hpke.KEM   { return hpke.MLKEM768X25519() }
func kdf() hpke.KDF   { return hpke.HKDFSHA256() }
func aead() hpke.AEAD { return hpke.AES128GCM() }

// Sizes of X-Wing's public keys and encapsulations, and of AES-GCM's tags.
const (
	publicSize = 1216
	encSize    = 1120
	tagSize    = 16
)

// info binds what is sealed to a session, a purpose, a sender and a recipient.
func (s *Session) info(purpose string, from, to int) []byte {
	sum := digest(purpose, s.digest[:])
	info := slices.Clone(sum[:])
	info = binary.BigEndian.AppendUint16(info, uint16(from))
	return binary.BigEndian.AppendUint16(info, uint16(to))
}

// A recipient opens what one sender sealed, in order.
type recipient interface {
	Open(aad, ciphertext []byte) ([]byte, error)
}

func newRecipient(key hpke.PrivateKey, enc, info []byte) (recipient, error) {
	r, err := hpke.NewRecipient(enc, key, kdf(), aead(), info)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// unseal opens an encapsulation and the one ciphertext behind it, as hpke.Open
// does.
func (s *Session) unseal(key hpke.PrivateKey, info, sealed []byte) ([]byte, error) {
	enc := min(encSize, len(sealed))
	r, err := s.recipient(key, sealed[:enc], info)
	if err != nil {
		return nil, err
	}
	return r.Open(nil, sealed[enc:])
}

// shareSize is the size of a share: header, digest of the aggregate, encapsulated
// key, signature, sealed chunks.
func (p *Plan) shareSize() int64 {
	sealed := int64(p.params.KeyShareSize() + tagSize)
	if p.spec.Mode == Collective {
		sealed = p.total(func(n int) int { return p.params.ShareSize(n) + tagSize })
	}
	return int64(headerSize+sha256.Size+encSize+ed25519.SignatureSize) + sealed
}
