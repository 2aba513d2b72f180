package mal3

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/kernel/gf128"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// edge returns numbers of which many are at the edges of 64 bits.
func edge(r *rand.Rand) uint64 {
	switch r.IntN(4) {
	case 0:
		return r.Uint64N(3)
	case 1:
		return -r.Uint64N(3)
	case 2:
		return 1<<63 + r.Uint64N(3) - 1
	}
	return r.Uint64()
}

func bigOf(w wide) *big.Int {
	z := new(big.Int).SetUint64(w.Hi)
	return z.Lsh(z, 64).Add(z, new(big.Int).SetUint64(w.Lo))
}

// TestWide compares arithmetic modulo 2^128 with math/big.
func TestWide(t *testing.T) {
	modulus := new(big.Int).Lsh(big.NewInt(1), 128)
	small := func(x uint64) *big.Int { return new(big.Int).SetUint64(x) }
	add := func(x, y *big.Int) *big.Int { return new(big.Int).Add(x, y) }
	mul := func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) }
	equal := func(want *big.Int, got wide) {
		require.Zero(t, want.Mod(want, modulus).Cmp(bigOf(got)))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		a, b := wide{Lo: edge(r), Hi: edge(r)}, wide{Lo: edge(r), Hi: edge(r)}
		c, d := edge(r), edge(r)
		equal(add(bigOf(a), bigOf(b)), plus(a, b))
		equal(new(big.Int).Sub(bigOf(a), bigOf(b)), minus(a, b))
		equal(mul(small(c), small(d)), product(c, d))
		equal(mul(bigOf(a), small(c)), times(a, c))
		equal(mul(bigOf(a), bigOf(b)), timesWide(a, b))
		equal(add(mul(small(a.Lo), add(small(c), small(d))), mul(small(b.Lo), small(c))), cross(a.Lo, b.Lo, c, d))
		equal(add(mul(bigOf(a), add(small(c), small(d))), mul(bigOf(b), small(c))), crossWide(a, b, c, d))
	}
}

// FuzzDigest: of two vectors under one key, equal ones have equal digests, and
// different ones, of which an attacker who does not know the key has the choice, do not:
// all keys of a run would have to be among at most 2^13 of 2^128. Digests add up piece
// by piece, so that a digest of all in one piece of the same key is the polynomial.
func FuzzDigest(f *testing.F) {
	f.Add([]byte("a summand of sixteen and more bytes"), uint16(3), byte(1), uint64(7))
	f.Add(make([]byte, 64), uint16(63), byte(0x80), uint64(0))
	f.Add([]byte{1}, uint16(0), byte(0), uint64(1<<63))
	f.Fuzz(func(t *testing.T, data []byte, at uint16, mask byte, key uint64) {
		if len(data) == 0 || len(data) > 8*piece {
			return
		}
		var seed [prg.Size]byte
		binary.LittleEndian.PutUint64(seed[:], key)
		sum := func(data []byte) wide {
			padded := make([]byte, (len(data)+7)/8*8)
			copy(padded, data)
			w := make([]uint64, len(padded)/8)
			for i := range w {
				w[i] = binary.LittleEndian.Uint64(padded[8*i:])
			}
			d := newDigest(seed)
			d.words(w)
			// The same by Horner's rule, from the last word pair.
			r := prg.New(seed).Block()
			var want wide
			for i := (len(w) - 1) / 2 * 2; i >= 0; i -= 2 {
				c := wide{Lo: w[i]}
				if i+1 < len(w) {
					c.Hi = w[i+1]
				}
				want = gf128.Mul(want.Xor(c), r)
			}
			require.Equal(t, want, d.sum)
			return d.sum
		}
		before := sum(data)
		data = append([]byte(nil), data...)
		data[int(at)%len(data)] ^= mask
		require.Equal(t, mask == 0, sum(data) == before)
	})
}
