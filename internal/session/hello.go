package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/dujiang-dev/dujiang/internal/wire"
)

// Version is the version of the hello and of the frames.
const Version = 1

const magic = "dujiang\n"

// MaxTerms is the most terms a hello can have.
const MaxTerms = 8

const (
	prefixSize = len(magic) + 2
	termSize   = 4
	nonceSize  = 16
	helloSize  = prefixSize + 2 + 2 + 1 + nonceSize + 8 + sha256.Size + MaxTerms*termSize
)

// A Role is a side of a two-party protocol. The two sides must have different
// ones.
type Role byte

// The two roles. Protocols say which of their parties is which.
const (
	RoleA Role = 1
	RoleB Role = 2
)

// A Term is something that both sides must have the same value of.
type Term struct {
	Name  string // for messages: the plural or an uncountable noun, "reveal settings"
	Value []byte
}

// A Hello is what a side says of itself before anything else.
type Hello struct {
	Protocol        uint16
	ProtocolVersion uint16
	Role            Role
	Nonce           [nonceSize]byte // random: tells this session from every other
	Items           uint64          // the size of this side's input, as it may be known
	Terms           []Term          // at most MaxTerms; their names are the protocol's, equal on both sides
}

// Open exchanges hellos and returns the session and the other side's number of
// items. When it fails it has told the other side, and there is no session to
// close. The session ends with ctx.
func Open(ctx context.Context, rw io.ReadWriter, hello Hello) (*Session, uint64, error) {
	mine := hello.append(nil)
	if ctx.Err() != nil {
		return nil, 0, ContextError(ctx)
	}
	s := &Session{ctx: ctx}
	s.stream.attach(ctx, rw)
	s.Phase("hello")
	var items uint64
	theirs := make([]byte, helloSize)
	err := s.Duplex(func() error {
		s.sending.Lock()
		defer s.sending.Unlock()
		return s.write(mine)
	}, func() error {
		s.receiving.Lock()
		defer s.receiving.Unlock()
		if _, err := s.read(theirs[:prefixSize]); err != nil {
			return s.streamError("waiting for the other side's hello", err)
		}
		if err := checkPrefix(theirs); err != nil {
			return err
		}
		if _, err := s.read(theirs[prefixSize:]); err != nil {
			return s.streamError("reading the other side's hello", err)
		}
		var err error
		items, err = hello.compare(mine, theirs)
		return err
	})
	if err != nil {
		return nil, 0, s.Close(err)
	}
	// From here on both directions' checksums continue that of both hellos, so
	// that a stream recorded in another session does not fit.
	first, second := mine, theirs
	if hello.Role == RoleB {
		first, second = theirs, mine
	}
	s.sentSum = crc32.Update(crc32.Checksum(first, castagnoli), castagnoli, second)
	s.readSum = s.sentSum
	return s, items, nil
}

// append encodes h:
//
//	magic || version16 || protocol16 || protocol version16 || role8 || nonce (16 bytes) || items64 ||
//	SHA-256 of all terms || the first four bytes of SHA-256 of each term, zero where there is none
//
// The hash over all terms decides. The four bytes of each say which one differs.
func (h *Hello) append(b []byte) []byte {
	if len(h.Terms) > MaxTerms {
		panic(fmt.Sprintf("session: internal error: %d terms", len(h.Terms)))
	}
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint16(b, Version)
	b = binary.BigEndian.AppendUint16(b, h.Protocol)
	b = binary.BigEndian.AppendUint16(b, h.ProtocolVersion)
	b = append(b, byte(h.Role))
	b = append(b, h.Nonce[:]...)
	b = binary.BigEndian.AppendUint64(b, h.Items)
	var short [MaxTerms * termSize]byte
	all := []byte{byte(len(h.Terms))}
	for i, term := range h.Terms {
		sum := sha256.Sum256(term.Value)
		copy(short[i*termSize:(i+1)*termSize], sum[:])
		all = append(all, sum[:]...)
	}
	total := sha256.Sum256(all)
	b = append(b, total[:]...)
	return append(b, short[:]...)
}

// checkPrefix checks what every version of the hello begins with.
func checkPrefix(theirs []byte) error {
	d := wire.NewDecoder(theirs[:prefixSize])
	if string(d.Bytes(len(magic))) != magic {
		return fmt.Errorf("%w: it does not speak this library's protocol", ErrIncompatible)
	}
	if v := d.Uint16(); v != Version {
		return fmt.Errorf("%w: it speaks wire version %d, this side version %d", ErrIncompatible, v, Version)
	}
	return nil
}

// compare checks the other side's hello against h, whose encoding is mine, and
// returns the other side's number of items. Both sides come to the same
// verdict, so neither blames the other for being configured differently.
func (h *Hello) compare(mine, theirs []byte) (items uint64, err error) {
	d := wire.NewDecoder(theirs[prefixSize:])
	protocol, version, role := d.Uint16(), d.Uint16(), Role(d.Uint8())
	d.Bytes(nonceSize)
	items = d.Uint64()
	total := d.Bytes(sha256.Size)
	short := d.Bytes(MaxTerms * termSize)
	if err := d.Done(); err != nil {
		panic("session: internal error: " + err.Error())
	}
	switch {
	case protocol != h.Protocol:
		return 0, fmt.Errorf("%w: it runs protocol %d, this side protocol %d", ErrIncompatible, protocol, h.Protocol)
	case version != h.ProtocolVersion:
		return 0, fmt.Errorf("%w: it runs version %d of the protocol, this side version %d", ErrIncompatible, version, h.ProtocolVersion)
	case role == h.Role:
		return 0, fmt.Errorf("%w: both sides have the same role", ErrIncompatible)
	case role != RoleA && role != RoleB:
		return 0, fmt.Errorf("%w: a hello with role %d", ErrPeer, role)
	}
	shortAt := len(mine) - len(short)
	totalAt := shortAt - len(total)
	if bytes.Equal(total, mine[totalAt:shortAt]) && bytes.Equal(short, mine[shortAt:]) {
		return items, nil
	}
	var differing []string
	for i, term := range h.Terms {
		if !bytes.Equal(short[i*termSize:][:termSize], mine[shortAt+i*termSize:][:termSize]) {
			differing = append(differing, term.Name)
		}
	}
	if differing == nil {
		return 0, fmt.Errorf("%w: their terms differ", ErrIncompatible)
	}
	return 0, fmt.Errorf("%w: their %s differ", ErrIncompatible, strings.Join(differing, " and "))
}
