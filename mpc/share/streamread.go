package share

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/kernel/gf256"
	"github.com/dujiang-dev/dujiang/internal/wire"
)

// A Reader reconstructs what a [Writer] shared: see [NewReader]. It is not safe
// for concurrent use.
type Reader struct {
	code    *streamCode
	holders []*holder
	chunk   []byte // what was verified, of which rest is not read
	rest    []byte
	last    bool
	err     error // sticky
}

// A holder is one of the shares that are read.
type holder struct {
	src    io.Reader
	index  int
	err    error // why it is wrong
	record []byte
	data   []byte // the fragment, a part of record
}

// NewReader returns a reader of the secret whose shares are given, at least Needed
// of them. No byte comes from it unless it is verified: as long as less than
// Needed of the shares are wrong, in whatever way, they are left out and named,
// and what is read is what was written, or an error. A share that ends early, goes
// on too long, cannot be read or is of another sharing is wrong too. The quorum is
// that of [NewWriter]. All shares are read at the same pace.
func NewReader(shares []io.Reader, q Quorum) (*Reader, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	r := &Reader{}
	keys := make([]*ByteShare, len(shares))
	for i, src := range shares {
		h := &holder{src: src}
		r.holders = append(r.holders, h)
		if keys[i], h.err = readKey(src); h.err == nil {
			h.index = keys[i].index
		}
	}
	key, wrong, err := CombineBytes(keys, q)
	for _, i := range wrong {
		r.drop(i, errors.New("it does not fit the others"))
	}
	if err != nil {
		return nil, r.failure(err)
	}
	right := keys[slices.IndexFunc(r.holders, func(h *holder) bool { return h.err == nil })]
	r.code = newStreamCode(right.quorum, key, right.digests)
	return r, nil
}

// readKey reads the beginning of a stream.
func readKey(src io.Reader) (*ByteShare, error) {
	if src == nil {
		return nil, errors.New("the reader is nil")
	}
	b := make([]byte, headerSize+byteShareSize)
	if _, err := io.ReadFull(src, b); err != nil {
		return nil, early(err)
	}
	if err := readHeader(wire.NewDecoder(b[:headerSize]), typeStream); err != nil {
		return nil, err
	}
	b = b[headerSize:]
	q, index := Quorum{Needed: int(b[headerSize]), Parties: int(b[headerSize+1])}, int(b[headerSize+2])
	b = append(b, make([]byte, keyShareSize(q, index)-len(b))...)
	if _, err := io.ReadFull(src, b[byteShareSize:]); err != nil {
		return nil, early(err)
	}
	return ParseByteShare(b)
}

// early is the error for a share that ends where it must not.
func early(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// drop notes that a share is wrong, and why, unless it is known.
func (r *Reader) drop(i int, err error) {
	if r.holders[i].err == nil {
		r.holders[i].err = err
	}
}

// failure adds to an error why shares are wrong.
func (r *Reader) failure(err error) error {
	errs := []error{err}
	for i, h := range r.holders {
		if h.err != nil {
			errs = append(errs, fmt.Errorf("the share at position %d is wrong: %w", i, h.err))
		}
	}
	return errors.Join(errs...)
}

// Wrong returns the positions, in what [NewReader] got, of the shares that were
// found to be wrong up to now, ascending.
func (r *Reader) Wrong() (wrong []int) {
	for i, h := range r.holders {
		if h.err != nil {
			wrong = append(wrong, i)
		}
	}
	return wrong
}

// Reason returns why the share at position i is wrong, or nil if it is not, as
// far as is known.
func (r *Reader) Reason(i int) error { return r.holders[i].err }

// Read implements [io.Reader]. At the end of the secret it returns [io.EOF];
// what came before another error was verified, but may not be all.
func (r *Reader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 && r.err == nil {
		if r.last {
			r.err = io.EOF
		} else {
			r.err = r.next()
		}
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	if len(r.rest) == 0 && n == 0 && len(b) > 0 {
		return 0, r.err
	}
	return n, nil
}

// next reads a chunk from all shares.
func (r *Reader) next() error {
	c := r.code
	for _, h := range r.holders {
		if h.err == nil {
			h.err = h.read(c)
		}
	}
	prefix := chunkHeader + sha256.Size*c.quorum.Parties
	index := make([]int, len(r.holders)) // zero for shares that are wrong
	parallel(len(r.holders), func(i int) {
		h := r.holders[i]
		if h.err != nil {
			return
		}
		size := int(binary.BigEndian.Uint32(h.record[1:]))
		d := c.digest(h.index, h.record[0], size, h.data)
		if own := h.record[chunkHeader+sha256.Size*(h.index-1):]; d != [sha256.Size]byte(own[:sha256.Size]) {
			h.err = errFragment
			return
		}
		index[i] = h.index
	})
	group, wrong := vote(c.quorum, index, func(i, j int) bool {
		return bytes.Equal(r.holders[i].record[:prefix], r.holders[j].record[:prefix])
	})
	for _, i := range wrong {
		r.drop(i, errFragment)
	}
	if group == nil {
		return r.failure(fmt.Errorf("share: there are not enough right shares of chunk %d; it takes %v", c.chunk, c.quorum))
	}
	first := r.holders[group[0]]
	size := int(binary.BigEndian.Uint32(first.record[1:]))
	r.join(group, len(first.data))
	r.rest = r.chunk[:size]
	c.cipher.XORKeyStream(r.rest, r.rest)
	c.chunk++
	if r.last = first.record[0] == 1; r.last {
		r.checkEnds()
	}
	return nil
}

var errFragment = errors.New("a chunk is not what was written")

// read reads the next chunk of a share.
func (h *holder) read(c *streamCode) error {
	prefix := chunkHeader + sha256.Size*c.quorum.Parties
	if h.record == nil {
		h.record = make([]byte, prefix+fragmentSize)
	}
	if _, err := io.ReadFull(h.src, h.record[:prefix]); err != nil {
		return early(err)
	}
	last, size := h.record[0], uint64(binary.BigEndian.Uint32(h.record[1:]))
	full := uint64(c.capacity())
	switch {
	case last == 0 && size == full, last == 1 && size <= full && (size > 0 || c.chunk == 0):
	default:
		return errors.New("the head of a chunk is malformed")
	}
	h.data = h.record[prefix : prefix+c.fragment(int(size))]
	if _, err := io.ReadFull(h.src, h.data); err != nil {
		return early(err)
	}
	return nil
}

// join makes the encrypted chunk from Needed fragments of n bytes.
func (r *Reader) join(group []int, n int) {
	if r.chunk == nil {
		r.chunk = make([]byte, r.code.capacity())
	}
	points, known := make([]byte, len(group)), make([][]byte, len(group))
	for i, j := range group {
		points[i], known[i] = byte(r.holders[j].index), r.holders[j].data
	}
	parallel(len(group), func(i int) {
		dst := r.chunk[i*n : (i+1)*n]
		if j := slices.Index(points, byte(i+1)); j >= 0 {
			copy(dst, known[j])
		} else {
			gf256.Combine(dst, known, lagrangeBytes(points, byte(i+1)))
		}
	})
}

// checkEnds marks shares that go on behind their end as wrong. What was read is
// not affected.
func (r *Reader) checkEnds() {
	for i, h := range r.holders {
		if h.err != nil {
			continue
		}
		var b [1]byte
		if _, err := io.ReadFull(h.src, b[:]); err == nil {
			r.drop(i, errors.New("there are bytes behind its end"))
		} else if err != io.EOF {
			r.drop(i, err)
		}
	}
}
