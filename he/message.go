package he

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/dujiang-dev/dujiang/internal/label"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// Errors about what others sent. A message that is refused changes nothing.
var (
	// ErrMessage is about a message that is malformed, or not signed by whom it
	// says, or not what its sender promised before.
	ErrMessage = errors.New("he: bad message")
	// ErrIncompatible is about a message of another plan or session.
	ErrIncompatible = errors.New("he: message of another plan, roster or epoch")
	// ErrTooFew is about a list with fewer contributions than MinInputs, or
	// one that leaves out whom it must not.
	ErrTooFew = errors.New("he: too few contributions")
)

// Kinds of messages. Their numbers stand on the wire.
const (
	kindOffer byte = iota + 1
	kindDeal
	kindConfirmation
	kindPublicKey
	kindCommitment
	kindRoll
	kindApproval
	kindContribution
	kindMasks
	kindCall
	kindAggregate
	kindShare
	kindManifest
	kindEndorsement
	kindEndorsed
)

var kindNames = [...]string{
	kindOffer: "offer", kindDeal: "deal", kindConfirmation: "confirmation", kindPublicKey: "public key",
	kindCommitment: "commitment", kindRoll: "roll", kindApproval: "approval", kindContribution: "contribution",
	kindMasks: "masks", kindCall: "call", kindAggregate: "aggregate", kindShare: "share", kindManifest: "manifest",
	kindEndorsement: "endorsement", kindEndorsed: "endorsed roll",
}

const (
	magic      = "djhe"
	version    = 3
	headerSize = len(magic) + 2 + 2 + sha256.Size
	// noSender is the index in messages that need no author, since all they
	// contain is signed by others.
	noSender = 0xffff
)

// appendHeader begins a message: magic, version, kind, index of the sender among
// those of its role, and the digest of the session.
func (s *Session) appendHeader(dst []byte, kind byte, sender int) []byte {
	dst = append(dst, magic...)
	dst = append(dst, version, kind)
	dst = binary.BigEndian.AppendUint16(dst, uint16(sender))
	return append(dst, s.digest[:]...)
}

// header reads the header of a message, of which kind and session must be these.
func (s *Session) header(d *wire.Decoder, kind byte) (sender int, err error) {
	b := d.Bytes(headerSize)
	if b == nil || string(b[:len(magic)]) != magic {
		return 0, bad(kind, "it does not begin like one")
	}
	if b[len(magic)] != version {
		return 0, fmt.Errorf("%w: %s of version %d", ErrIncompatible, kindNames[kind], b[len(magic)])
	}
	if b[len(magic)+1] != kind {
		return 0, bad(kind, "it is of another kind")
	}
	if [sha256.Size]byte(b[headerSize-sha256.Size:]) != s.digest {
		return 0, fmt.Errorf("%w: %s", ErrIncompatible, kindNames[kind])
	}
	sender = int(binary.BigEndian.Uint16(b[len(magic)+2:]))
	switch kind {
	case kindPublicKey, kindRoll, kindEndorsed, kindCall, kindMasks, kindAggregate:
		if sender != noSender {
			return 0, bad(kind, "it names a sender")
		}
	}
	return sender, nil
}

func bad(kind byte, what string) error {
	return fmt.Errorf("%w: %s: %s", ErrMessage, kindNames[kind], what)
}

// sign appends the signature of a message to it.
func sign(message []byte, key ed25519.PrivateKey) []byte {
	return append(message, ed25519.Sign(key, toSign(sha256.Sum256(message)))...)
}

// toSign is what is signed of a message with this hash.
func toSign(digest [sha256.Size]byte) []byte { return append(tag("signature"), digest[:]...) }

// signed reads a message of one sender whose body has this size, checks its
// signature with the sender's key of the list, and returns sender and body.
func (s *Session) signed(message []byte, kind byte, keys []ed25519.PublicKey, size int) (sender int, body []byte, err error) {
	if len(message) != headerSize+size+ed25519.SignatureSize {
		return 0, nil, bad(kind, "it has another length than the plan says")
	}
	d := wire.NewDecoder(message)
	if sender, err = s.header(d, kind); err != nil {
		return 0, nil, err
	}
	if sender >= len(keys) {
		return 0, nil, bad(kind, "nobody in the roster has this number")
	}
	body, signature := d.Bytes(size), d.Bytes(ed25519.SignatureSize)
	if !s.verify(keys[sender], toSign(sha256.Sum256(message[:headerSize+size])), signature) {
		return 0, nil, bad(kind, fmt.Sprintf("the signature of number %d is wrong", sender))
	}
	return sender, body, nil
}

// all reads one message of each of the keys' owners, in any order, and returns
// their bodies by number.
func (s *Session) all(messages [][]byte, kind byte, keys []ed25519.PublicKey, size int) ([][]byte, error) {
	bodies := make([][]byte, len(keys))
	for _, m := range messages {
		i, body, err := s.signed(m, kind, keys, size)
		if err != nil {
			return nil, err
		}
		if bodies[i] != nil {
			return nil, bad(kind, fmt.Sprintf("number %d sent two", i))
		}
		bodies[i] = body
	}
	for i, b := range bodies {
		if b == nil {
			return nil, fmt.Errorf("he: the %s of number %d is missing, and all are needed", kindNames[kind], i)
		}
	}
	return bodies, nil
}

// tag is the domain separation tag for a purpose.
func tag(purpose string) []byte {
	t, err := label.New("he", version, purpose, nil)
	if err != nil {
		panic("he: internal error: " + err.Error())
	}
	return t
}

// digest hashes parts for a purpose. Parts have fixed sizes, or are the last.
func digest(purpose string, parts ...[]byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(tag(purpose))
	for _, p := range parts {
		h.Write(p)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// A stream reads a message that is too long to be held, and hashes it on the way,
// unless h is nil.
type stream struct {
	r io.Reader
	h hash.Hash
}

func newReader(r io.Reader) *stream { return &stream{r: r, h: sha256.New()} }

// read fills b. A message that ends before is an error of its sender.
func (s *stream) read(b []byte, kind byte) error {
	if _, err := io.ReadFull(s.r, b); err == io.EOF || err == io.ErrUnexpectedEOF {
		return bad(kind, "it ends too early")
	} else if err != nil {
		return fmt.Errorf("he: reading: %w", err)
	}
	if s.h != nil {
		s.h.Write(b)
	}
	return nil
}

// end checks that nothing follows.
func (s *stream) end(kind byte) error {
	var one [1]byte
	switch n, err := io.ReadFull(s.r, one[:]); {
	case n > 0:
		return bad(kind, "bytes follow it")
	case err != io.EOF:
		return fmt.Errorf("he: reading: %w", err)
	}
	return nil
}

// write writes b.
func write(w io.Writer, b []byte) error {
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("he: writing: %w", err)
	}
	return nil
}

// sum is the hash of all that was read.
func (s *stream) sum() [sha256.Size]byte { return [sha256.Size]byte(s.h.Sum(nil)) }
