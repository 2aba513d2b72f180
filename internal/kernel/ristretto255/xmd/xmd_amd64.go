//go:build amd64 && !purego

package xmd

import (
	"encoding/binary"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/cpu"
)

// The generator's output is reproducible: go generate leaves the tree clean.
//
//go:generate go -C _asm run . -out ../xmd_amd64.s

// The assembly touches nothing but the fixed-size types below: input is read
// and output written in Go, where bounds are checked and the race detector sees
// it.

const (
	lanes     = 8
	blockSize = 128
	// mostBlocks bounds the blocks of a message that the kernel hashes. Larger
	// messages go to the generic code, which is not much slower for them.
	mostBlocks = 8
)

// A state is eight chaining values, and a block eight blocks: word i of lane j
// is at [i][j].
type (
	state [8][lanes]uint64
	block [16][lanes]uint64
)

//go:noescape
func compress(state *state, block *block)

// iv is the initial value [FIPS 180-4, section 5.3.5], and zpad the state after
// Z_pad, a block of zeros.
var (
	iv = broadcast([8]uint64{
		0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
		0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
	})
	zpad = broadcast([8]uint64{
		0xcf7881d5774acbe8, 0x533362e0fbc78070, 0x0267639d87460eda, 0x3086cb40e85931b0,
		0x717dc95288a023a3, 0x96bab2c14ce0b5e0, 0x6fc4fe04eae33e0b, 0x91f4d80cbd668bee,
	})
)

func broadcast(words [8]uint64) (s state) {
	for i := range s {
		for j := range s[i] {
			s[i][j] = words[i]
		}
	}
	return s
}

// kernel holds the blocks of b_1, in which the first eight words will be b_0.
type kernel struct{ second []block }

func (k *kernel) init(x *Expander) {
	if !cpu.AVX512.Supported() {
		return
	}
	padded := pad(make([]byte, 8*8), x.second, 0)
	k.second = make([]block, len(padded)/blockSize)
	for i := range k.second {
		for j := range lanes {
			k.second[i].setLane(j, padded[i*blockSize:], 16)
		}
	}
}

// pad appends tail and SHA-512's padding to head, after before bytes that were
// hashed already [FIPS 180-4, section 5.1.2].
func pad(head, tail []byte, before int) []byte {
	head = append(head, tail...)
	bits := 8 * uint64(before+len(head))
	head = append(head, 0x80)
	for len(head)%blockSize != blockSize-16 {
		head = append(head, 0)
	}
	head = binary.BigEndian.AppendUint64(head, 0)
	return binary.BigEndian.AppendUint64(head, bits)
}

// setLane sets the first words of one lane from bytes.
func (b *block) setLane(lane int, bytes []byte, words int) {
	for i := range words {
		b[i][lane] = binary.BigEndian.Uint64(bytes[8*i:])
	}
}

type workspace struct {
	first  [mostBlocks]block // of b_0, after Z_pad
	second block
	state  state
	padded []byte
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

func (x *Expander) expand(out, msgs []byte, size int) {
	blocks := (size + len(x.suffix) + 17 + blockSize - 1) / blockSize
	if !cpu.AVX512.Enabled() || blocks > mostBlocks {
		x.expandGeneric(out, msgs, size)
		return
	}
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	// b_0 = H(Z_pad || msg || l_i_b_str || I2OSP(0, 1) || DST_prime). What follows
	// the message is the same in all lanes and groups.
	w.padded = append(w.padded[:0], msgs[:min(size, len(msgs))]...)
	w.padded = pad(w.padded, x.suffix, blockSize)
	for i := range w.first[:len(w.padded)/blockSize] {
		for j := range lanes {
			w.first[i].setLane(j, w.padded[i*blockSize:], 16)
		}
	}
	for len(out) > 0 {
		n := min(lanes, len(out)/Size)
		for j := range n {
			copy(w.padded, msgs[j*size:(j+1)*size])
			for i := 0; i*blockSize < size; i++ {
				// Words up to the one in which the message ends.
				words := min(16, (size-i*blockSize+7)/8)
				w.first[i].setLane(j, w.padded[i*blockSize:], words)
			}
		}
		w.state = zpad
		for i := range blocks {
			compress(&w.state, &w.first[i])
		}
		// b_1 = H(b_0 || I2OSP(1, 1) || DST_prime)
		w.second = x.kernel.second[0]
		copy(w.second[:8], w.state[:])
		w.state = iv
		compress(&w.state, &w.second)
		for i := 1; i < len(x.kernel.second); i++ {
			compress(&w.state, &x.kernel.second[i])
		}
		for j := range n {
			for i := range w.state {
				binary.BigEndian.PutUint64(out[j*Size+8*i:], w.state[i][j])
			}
		}
		out, msgs = out[n*Size:], msgs[n*size:]
	}
}
