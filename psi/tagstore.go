package psi

import (
	"fmt"
	"io"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/kernel/aes128"
	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// tags are those of both sides in a part, in pieces of tagChunk each, the last
// excepted.
type tags struct{ own, peers [][]prg.Block }

// total returns how many blocks there are in pieces.
func total(pieces [][]prg.Block) (n int) {
	for _, piece := range pieces {
		n += len(piece)
	}
	return n
}

// A tagStore keeps the tags of all parts until they are compared: in memory or, if
// that is bounded, in a file.
type tagStore struct {
	kept []tags
	file *tempFile
	// What is read from the file.
	read tags
	buf  []byte
}

// keep takes the tags of the next part, which nobody changes.
func (s *tagStore) keep(t tags) { s.kept = append(s.kept, t) }

// copied is keep for tags in memory that is used again. step is called with zero now
// and then, and can end it.
func (s *tagStore) copied(t tags, step func(int) error) error {
	var room []prg.Block
	copied := slices.Concat(t.own, t.peers)
	for i, piece := range copied {
		if len(room) < len(piece) {
			room = hugepage.Blocks(16 * tagChunk)
			if err := step(0); err != nil {
				return err
			}
		}
		n := copy(room, piece)
		copied[i], room = room[:n:n], room[n:]
	}
	s.keep(tags{copied[:len(t.own)], copied[len(t.own):]})
	return nil
}

// write is keep in a file of dir.
func (s *tagStore) write(dir string, t tags) (err error) {
	if s.file == nil {
		if s.file, err = newTempFile(dir); err != nil {
			return err
		}
		s.buf = make([]byte, tagChunk*prg.Size)
	}
	for _, piece := range slices.Concat(t.own, t.peers) {
		if err := s.file.append(aes128.AppendBlocks(s.buf[:0], piece)); err != nil {
			return err
		}
	}
	return nil
}

// part returns the tags of part i, when all parts have as many. They are valid until
// the next call.
func (s *tagStore) part(i, own, peers int) (tags, error) {
	if s.file == nil {
		return s.kept[i], nil
	}
	if s.read.own == nil {
		s.read = tags{tagPieces(own), tagPieces(peers)}
	}
	at := int64(i) * int64(own+peers) * prg.Size
	for _, piece := range slices.Concat(s.read.own, s.read.peers) {
		buf := s.buf[:len(piece)*prg.Size]
		if _, err := s.file.ReadAt(buf, at); err != nil {
			return tags{}, fmt.Errorf("reading tags from a temporary file: %w", noEOF(err))
		}
		aes128.SetBytes(piece, buf)
		at += int64(len(buf))
	}
	return s.read, nil
}

// tagPieces returns room for n tags.
func tagPieces(n int) (all [][]prg.Block) {
	for ; n > 0; n -= tagChunk {
		all = append(all, make([]prg.Block, min(n, tagChunk)))
	}
	return all
}

// close removes the file.
func (s *tagStore) close() {
	if s.file != nil {
		s.file.remove()
	}
}

// noEOF says that a file must not end where it does.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
