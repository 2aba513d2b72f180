// Package scheme is what a signature algorithm is to packages keys and sm.
package scheme

import "crypto"

// A Scheme is a signature algorithm with one encoding of each public key.
type Scheme interface {
	// Name is in front of the text of keys: lower-case letters and digits.
	Name() string
	// Encode returns the bytes of a public key, and false if it is of another
	// algorithm.
	Encode(pub crypto.PublicKey) ([]byte, bool)
	// Check returns an error if the bytes are no key that may be registered.
	Check(pub []byte) error
	Sign(signer crypto.Signer, message []byte) ([]byte, error)
	Verify(pub, message, signature []byte) bool
}
