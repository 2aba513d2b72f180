package evidence

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// Signature types of C2SP signed-note.
const (
	typeEd25519     = 0x01
	typeCosignature = 0x04 // tlog-cosignature, Ed25519
)

// LogKey returns the text form of a log's public key, NAME+HASH+KEY in C2SP
// signed-note, for [NewPolicy]. The origin names the log; a URL without scheme
// is usual.
func LogKey(origin string, key ed25519.PublicKey) (string, error) {
	return formatKey(origin, typeEd25519, key)
}

// WitnessKey returns the text form of a witness's public key, for [NewPolicy].
func WitnessKey(name string, key ed25519.PublicKey) (string, error) {
	return formatKey(name, typeCosignature, key)
}

func formatKey(name string, typ byte, key ed25519.PublicKey) (string, error) {
	v, err := newVerifier(name, typ, key)
	if err != nil {
		return "", err
	}
	return v.text(), nil
}

// checkName holds names to what signed-note allows in a signature line.
func checkName(name string) error {
	if name == "" || len(name) > 255 || !utf8.ValidString(name) || strings.ContainsRune(name, '+') ||
		strings.IndexFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) >= 0 {
		return errors.New("evidence: a name of a log or witness has 1 to 255 bytes and no space or plus sign")
	}
	return nil
}

// keyID is the hint that signature lines carry [signed-note, Signatures].
func keyID(name string, material []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write(material)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// A verifier checks one signature of a note. It is a note.Verifier.
type verifier struct {
	name string
	id   uint32
	typ  byte
	key  [ed25519.PublicKeySize]byte
}

func newVerifier(name string, typ byte, key []byte) (*verifier, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if len(key) != ed25519.PublicKeySize {
		return nil, errors.New("evidence: the key is no Ed25519 public key")
	}
	return &verifier{name: name, id: keyID(name, append([]byte{typ}, key...)), typ: typ, key: [ed25519.PublicKeySize]byte(key)}, nil
}

func parseKey(text string, typ byte) (*verifier, error) {
	name, rest, _ := strings.Cut(text, "+")
	hash, encoded, ok := strings.Cut(rest, "+")
	if err := checkName(name); err != nil || !ok {
		return nil, errors.New("evidence: a key is written NAME+HASH+KEY")
	}
	material, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(material) != 1+ed25519.PublicKeySize {
		return nil, fmt.Errorf("evidence: the key of %s is not of the form that LogKey and WitnessKey give", name)
	}
	if material[0] != typ {
		return nil, fmt.Errorf("evidence: the key of %s has type %d instead of %d; keys of logs (%d) and witnesses (%d) differ",
			name, material[0], typ, typeEd25519, typeCosignature)
	}
	v, err := newVerifier(name, typ, material[1:])
	if err != nil {
		return nil, err
	}
	if hash != fmt.Sprintf("%08x", v.id) {
		return nil, fmt.Errorf("evidence: name and key of %s do not belong together", name)
	}
	return v, nil
}

func (v *verifier) Name() string    { return v.name }
func (v *verifier) KeyHash() uint32 { return v.id }

// text is the form that parseKey reads.
func (v *verifier) text() string {
	material := append([]byte{v.typ}, v.key[:]...)
	return fmt.Sprintf("%s+%08x+%s", v.name, v.id, base64.StdEncoding.EncodeToString(material))
}

func (v *verifier) Verify(text, signature []byte) bool {
	if v.typ == typeEd25519 {
		return len(signature) == ed25519.SignatureSize && ed25519.Verify(v.key[:], text, signature)
	}
	at, signature, ok := cutTimestamp(signature)
	return ok && ed25519.Verify(v.key[:], cosigned(at, text), signature)
}

// cutTimestamp splits a timestamped_signature [tlog-cosignature, Format].
func cutTimestamp(signature []byte) (at uint64, rest []byte, ok bool) {
	if len(signature) != 8+ed25519.SignatureSize {
		return 0, nil, false
	}
	at = binary.BigEndian.Uint64(signature)
	return at, signature[8:], at <= math.MaxInt64
}

// cosigned is the message of a cosignature [tlog-cosignature, Ed25519 signed
// message].
func cosigned(at uint64, text []byte) []byte {
	message := append([]byte("cosignature/v1\ntime "), strconv.FormatUint(at, 10)...)
	message = append(message, '\n')
	return append(message, text...)
}

// A signer makes one signature of a note. It is a note.Signer.
type signer struct {
	verifier
	private crypto.Signer
	now     func() time.Time // of a witness
}

func newSigner(name string, typ byte, private crypto.Signer, now func() time.Time) (*signer, error) {
	if private == nil {
		return nil, errors.New("evidence: a signer is needed")
	}
	key, ok := private.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("evidence: checkpoints are signed with Ed25519, and this is another key")
	}
	v, err := newVerifier(name, typ, key)
	if err != nil {
		return nil, err
	}
	return &signer{verifier: *v, private: private, now: now}, nil
}

func (s *signer) Sign(text []byte) ([]byte, error) {
	if s.typ == typeEd25519 {
		return s.private.Sign(rand.Reader, text, crypto.Hash(0))
	}
	at := s.now().Unix()
	if at < 0 {
		return nil, errors.New("evidence: the clock stands before 1970")
	}
	signature, err := s.private.Sign(rand.Reader, cosigned(uint64(at), text), crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint64(nil, uint64(at)), signature...), nil
}

var (
	_ note.Verifier = (*verifier)(nil)
	_ note.Signer   = (*signer)(nil)
)
