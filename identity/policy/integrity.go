package policy

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/identity/keys"
)

// ErrCredential says that a credential is malformed or was not signed by its
// issuer as it is.
var ErrCredential = errors.New("policy: the credential does not verify")

const (
	maxCredential  = 1 << 21 // a status list of 2^23 bits in base64 fits
	didKey         = "did:key:"
	credentialsV2  = "https://www.w3.org/ns/credentials/v2"
	integrityProof = "DataIntegrityProof"
	cryptosuite    = "eddsa-jcs-2022"
)

// Secure adds a Data Integrity proof of the suite eddsa-jcs-2022 to a JSON
// document, with the signer's did:key as verification method
// [vc-di-eddsa, section 3.3.1].
func Secure(document []byte, signer crypto.Signer, created time.Time) ([]byte, error) {
	public, err := publicKey(signer)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := strictjson.Decode(document, &fields, maxCredential); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if fields == nil || fields["proof"] != nil {
		return nil, errors.New("policy: the document is no object, or has a proof already")
	}
	did := didOf(public)
	proof := map[string]json.RawMessage{
		"type":               encode(integrityProof),
		"cryptosuite":        encode(cryptosuite),
		"created":            encode(created.UTC().Format(time.RFC3339)),
		"verificationMethod": encode(did + "#" + strings.TrimPrefix(did, didKey)),
		"proofPurpose":       encode("assertionMethod"),
	}
	if context := fields["@context"]; context != nil {
		proof["@context"] = context
	}
	data, _, err := hashData(fields, proof)
	if err != nil {
		return nil, err
	}
	signature, err := signer.Sign(nil, data, crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	// A faulty signature of a hardware module can give the key away.
	if len(signature) != ed25519.SignatureSize || !ed25519.Verify(public, data, signature) {
		return nil, errors.New("policy: the signer made a signature that does not hold")
	}
	proof["proofValue"] = encode("z" + base58(signature))
	fields["proof"] = encode(proof)
	return encode(fields), nil
}

// Unsecure verifies the one proof of a document, of the suite eddsa-jcs-2022, and
// returns the document without it, as canonical JSON, which is what was signed, and
// the key that signed it [vc-di-eddsa, section 3.3.2]. The document may be anybody's
// and say anything: whether the key is that of its issuer, and what its terms mean,
// is for the caller to see. No context is fetched, and the verification method must
// be a did:key of Ed25519.
func Unsecure(secured []byte) (document []byte, key ed25519.PublicKey, err error) {
	var fields map[string]json.RawMessage
	if err := strictjson.DecodeForeign(secured, &fields, maxCredential); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrCredential, err)
	}
	fail := func(text string) ([]byte, ed25519.PublicKey, error) {
		return nil, nil, fmt.Errorf("%w: %s", ErrCredential, text)
	}
	var p struct {
		Context            json.RawMessage `json:"@context"`
		ID                 string          `json:"id"`
		Type               string          `json:"type"`
		Cryptosuite        string          `json:"cryptosuite"`
		Created            string          `json:"created"`
		VerificationMethod string          `json:"verificationMethod"`
		ProofPurpose       string          `json:"proofPurpose"`
		ProofValue         string          `json:"proofValue"`
		Nonce              string          `json:"nonce"`
	}
	// What else a proof can say, such as a time when it expires or a domain,
	// restricts it, so it is not passed over.
	if err := strictjson.Decode(fields["proof"], &p, maxCredential); err != nil {
		return fail("there is not one proof with nothing unknown in it")
	}
	if p.Type != integrityProof || p.Cryptosuite != cryptosuite || p.ProofPurpose != "assertionMethod" {
		return fail("the proof is not a DataIntegrityProof of eddsa-jcs-2022 for assertionMethod")
	}
	if _, err := time.Parse(time.RFC3339, p.Created); p.Created != "" && err != nil {
		return fail("the time of the proof is not in the form of RFC 3339")
	}
	did, fragment, _ := strings.Cut(p.VerificationMethod, "#")
	if key, err = keyOf(did); err != nil || didKey+fragment != did {
		return fail("the verification method is not a did:key of Ed25519")
	}
	signature, ok := unbase58(strings.TrimPrefix(p.ProofValue, "z"), ed25519.SignatureSize)
	if !ok || !strings.HasPrefix(p.ProofValue, "z") {
		return fail("the proof value is not a signature in base58")
	}
	var proof map[string]json.RawMessage
	if err := json.Unmarshal(fields["proof"], &proof); err != nil {
		return fail("the proof is malformed")
	}
	delete(proof, "proofValue")
	delete(fields, "proof")
	// [section 3.3.2, step 4]: here both must be equal, not only begin alike.
	if p.Context != nil {
		a, errA := jcs.Transform(array(p.Context))
		b, errB := jcs.Transform(array(fields["@context"]))
		if errA != nil || errB != nil || string(a) != string(b) {
			return fail("the proof has another @context than the document")
		}
	}
	data, document, err := hashData(fields, proof)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrCredential, err)
	}
	if !ed25519.Verify(key, data, signature) {
		return fail("the signature is wrong")
	}
	return document, key, nil
}

// array puts a value into an array, as jcs takes no bare strings.
func array(raw json.RawMessage) []byte {
	return slices.Concat([]byte("["), raw, []byte("]"))
}

// hashData is [vc-di-eddsa, section 3.3.4]: the hashes of proof configuration and
// document, in canonical JSON. It returns that of the document too.
func hashData(fields, proof map[string]json.RawMessage) (data, document []byte, err error) {
	for _, part := range []map[string]json.RawMessage{proof, fields} {
		if document, err = jcs.Transform(encode(part)); err != nil {
			return nil, nil, fmt.Errorf("policy: %w", err)
		}
		sum := sha256.Sum256(document)
		data = append(data, sum[:]...)
	}
	return data, document, nil
}

// publicKey returns the key of a signer of credentials.
func publicKey(signer crypto.Signer) (ed25519.PublicKey, error) {
	public, ok := signer.Public().(ed25519.PublicKey)
	if !ok || checkKey(public) != nil {
		return nil, errors.New("policy: credentials are signed with Ed25519")
	}
	return public, nil
}

// checkKey refuses what is no Ed25519 key, and keys of small order, under which one
// signature fits many documents.
func checkKey(key ed25519.PublicKey) error {
	k, err := keys.ParsePublicKey(keys.Ed25519().String() + ":" + base64.RawURLEncoding.EncodeToString(key))
	if err != nil {
		return err
	}
	return keys.Algorithms(nil).Check(k)
}

// multicodec precedes an Ed25519 public key in a Multikey.
const multicodec = "\xed\x01"

func didOf(key ed25519.PublicKey) string {
	return didKey + "z" + base58([]byte(multicodec+string(key)))
}

func keyOf(did string) (ed25519.PublicKey, error) {
	encoded, ok := strings.CutPrefix(did, didKey+"z")
	b, valid := unbase58(encoded, len(multicodec)+ed25519.PublicKeySize)
	if !ok || !valid || string(b[:2]) != multicodec || checkKey(b[2:]) != nil {
		return nil, errors.New("policy: not a did:key of Ed25519")
	}
	return b[2:], nil
}

const alphabet58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

var radix58 = big.NewInt(58)

// base58 is base58-btc, of public values of up to 64 bytes.
func base58(b []byte) string {
	var out []byte
	n, digit := new(big.Int).SetBytes(b), new(big.Int)
	for n.Sign() > 0 {
		n.DivMod(n, radix58, digit)
		out = append(out, alphabet58[digit.Int64()])
	}
	for i := 0; i < len(b) && b[i] == 0; i++ {
		out = append(out, alphabet58[0])
	}
	slices.Reverse(out)
	return string(out)
}

// unbase58 decodes exactly size bytes. There is one text for each value.
func unbase58(s string, size int) ([]byte, bool) {
	if len(s) > 2*size {
		return nil, false
	}
	n := new(big.Int)
	for i := range len(s) {
		digit := strings.IndexByte(alphabet58, s[i])
		if digit < 0 {
			return nil, false
		}
		n.Mul(n, radix58).Add(n, big.NewInt(int64(digit)))
	}
	if n.BitLen() > 8*size {
		return nil, false
	}
	b := n.FillBytes(make([]byte, size))
	return b, base58(b) == s
}
