package share

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/dujiang-dev/dujiang/internal/kernel/gf256"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// A stream is, for each party, the share of a random key, and then chunks. A
// chunk of Needed fragments of the secret is encrypted by the key, and turned into
// a fragment for each party, any Needed of which give it back [Kra93].
// In front of its fragment each party finds the digests of all [BR07]:
//
//	header(4) || byte share of the key || chunk...
//	chunk:  last8 || bytes32 || digests... || fragment
//
// All chunks are full but the last one, which is empty only if the secret is. A
// fragment has bytes/Needed bytes, rounded up.
const (
	keySize      = 32
	fragmentSize = 1 << 16
	chunkHeader  = 1 + 4 // without digests
)

// streamTag is the domain of the digests of fragments, streamIDTag that of what
// identifies a stream.
var streamTag, streamIDTag = newTag("stream chunk"), newTag("stream")

// A streamCode is what writer and reader have in common.
type streamCode struct {
	quorum Quorum
	id     [sha256.Size]byte
	cipher cipher.Stream
	chunk  uint64 // the next one
}

func newStreamCode(q Quorum, key []byte, digests [][sha256.Size]byte) *streamCode {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("share: internal error: " + err.Error())
	}
	h := sha256.New()
	h.Write(streamIDTag)
	for _, d := range digests {
		h.Write(d[:])
	}
	// The key is of this stream only, so that the counter may begin at zero.
	c := &streamCode{quorum: q, cipher: cipher.NewCTR(block, make([]byte, aes.BlockSize))}
	h.Sum(c.id[:0])
	return c
}

// fragment returns the size of the fragments of a chunk.
func (c *streamCode) fragment(size int) int { return (size + c.quorum.Needed - 1) / c.quorum.Needed }

// capacity is the size of a full chunk.
func (c *streamCode) capacity() int { return fragmentSize * c.quorum.Needed }

// digest binds a fragment to its party, to its place and to the stream.
func (c *streamCode) digest(index int, last byte, size int, fragment []byte) (digest [sha256.Size]byte) {
	h := sha256.New()
	h.Write(streamTag)
	h.Write(c.id[:])
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), c.chunk)
	b = append(b, last, byte(index))
	h.Write(binary.BigEndian.AppendUint32(b, uint32(size)))
	h.Write(fragment)
	h.Sum(digest[:0])
	return digest
}

// A Writer shares what is written to it: see [NewWriter]. It is not safe for
// concurrent use.
type Writer struct {
	code      *streamCode
	dst       []io.Writer
	buf       []byte   // the chunk that is not full, then encrypted
	fragments [][]byte // those of the parties beyond Needed
	points    []byte   // of the parties up to Needed
	err       error    // sticky
}

// streamCoins are all the randomness of a stream.
type streamCoins struct {
	key   [keySize]byte
	bytes byteCoins
}

// NewWriter returns a writer that shares a string of bytes of any length, such as
// a file: the share of party i goes to dst[i-1], of which there are as many as
// parties. Only Close completes the shares. A share is shorter than the secret,
// 1/Needed of its length and a little, and [NewReader] notices and names wrong
// ones. If one of dst fails, so does the whole.
func NewWriter(dst []io.Writer, q Quorum) (*Writer, error) {
	c := &streamCoins{bytes: *newByteCoins()}
	rand.Read(c.key[:])
	return newWriter(dst, q, c)
}

func newWriter(dst []io.Writer, q Quorum, c *streamCoins) (*Writer, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	if len(dst) != q.Parties {
		return nil, fmt.Errorf("share: %d writers for %d parties", len(dst), q.Parties)
	}
	keys := splitBytes(c.key[:], q, &c.bytes)
	w := &Writer{code: newStreamCode(q, c.key[:], keys[0].digests), dst: dst}
	w.buf = make([]byte, 0, w.code.capacity())
	for i := range q.Needed {
		w.points = append(w.points, byte(i+1))
	}
	for range q.Parties - q.Needed {
		w.fragments = append(w.fragments, make([]byte, fragmentSize))
	}
	for i, k := range keys {
		b, _ := k.AppendBinary(appendHeader(nil, typeStream)) // never fails
		if err := w.write(i, b); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *Writer) write(i int, b []byte) error {
	if _, err := w.dst[i].Write(b); err != nil {
		return fmt.Errorf("share: writing the share of party %d: %w", i+1, err)
	}
	return nil
}

// Write shares b, of which it keeps nothing.
func (w *Writer) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		// A full chunk waits until it is known whether it is the last.
		if w.err == nil && len(w.buf) == cap(w.buf) {
			if w.flush(0); w.err == nil {
				w.buf = w.buf[:0]
			}
		}
		if w.err != nil {
			return n, w.err
		}
		k := copy(w.buf[len(w.buf):cap(w.buf)], b)
		w.buf = w.buf[:len(w.buf)+k]
		b = b[k:]
		n += k
	}
	return n, w.err
}

// Close completes the shares. It does not close what they are written to.
func (w *Writer) Close() error {
	if w.err == errClosed {
		return nil
	}
	if w.err == nil {
		w.flush(1)
	}
	err := w.err
	if err == nil {
		w.err = errClosed
	}
	return err
}

var errClosed = errors.New("share: the writer is closed")

// flush writes a chunk.
func (w *Writer) flush(last byte) {
	c := w.code
	size := len(w.buf)
	c.cipher.XORKeyStream(w.buf, w.buf)
	n := c.fragment(size)
	data := w.buf[:n*c.quorum.Needed]
	clear(data[size:]) // less than Needed bytes
	// The parties up to Needed get the chunk itself, the others values of the
	// polynomials that go through it.
	fragments := make([][]byte, 0, c.quorum.Parties)
	for i := range c.quorum.Needed {
		fragments = append(fragments, data[i*n:(i+1)*n])
	}
	known := fragments
	for _, f := range w.fragments {
		fragments = append(fragments, f[:n])
	}
	record := make([]byte, chunkHeader+sha256.Size*c.quorum.Parties)
	record[0] = last
	binary.BigEndian.PutUint32(record[1:], uint32(size))
	parallel(c.quorum.Parties, func(i int) {
		if i >= len(known) {
			gf256.Combine(fragments[i], known, lagrangeBytes(w.points, byte(i+1)))
		}
		digest := c.digest(i+1, last, size, fragments[i])
		copy(record[chunkHeader+sha256.Size*i:], digest[:])
	})
	for i, f := range fragments {
		if w.err = w.write(i, record); w.err == nil {
			w.err = w.write(i, f)
		}
		if w.err != nil {
			return
		}
	}
	c.chunk++
}

// keyShareSize is the size of the encoding of a party's share of the key.
func keyShareSize(q Quorum, index int) int {
	size := byteShareSize + sha256.Size*q.Parties
	if index < q.Needed {
		return size + prg.Size
	}
	return size + keySize
}
