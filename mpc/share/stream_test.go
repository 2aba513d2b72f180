package share

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// splitStream writes a secret in pieces and returns the shares.
func splitStream(t testing.TB, r *rand.Rand, secret []byte, q Quorum) (shares [][]byte) {
	buffers, dst := make([]bytes.Buffer, q.Parties), make([]io.Writer, q.Parties)
	for i := range dst {
		dst[i] = &buffers[i]
	}
	w, err := NewWriter(dst, q)
	require.NoError(t, err)
	for rest := bytes.Clone(secret); len(rest) > 0; {
		n := 1 + r.IntN(len(rest))
		k, err := w.Write(rest[:n])
		require.NoError(t, err)
		require.Equal(t, n, k)
		clear(rest[:n]) // w has kept nothing
		rest = rest[n:]
	}
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	_, err = w.Write([]byte{1})
	require.ErrorIs(t, err, errClosed)
	for i := range buffers {
		shares = append(shares, buffers[i].Bytes())
	}
	return shares
}

// joinStream reads the secret from shares; nil stands for one that is missing.
func joinStream(shares [][]byte, q Quorum) (secret []byte, wrong []int, err error) {
	var src []io.Reader
	for _, s := range shares {
		src = append(src, bytes.NewReader(s))
	}
	r, err := NewReader(src, q)
	if err != nil {
		return nil, nil, err
	}
	secret, err = io.ReadAll(r)
	return secret, r.Wrong(), err
}

func TestStreamRoundTrip(t *testing.T) {
	r := newRand()
	for _, q := range quorums {
		full := fragmentSize * q.Needed
		for _, n := range []int{0, 1, q.Needed - 1, q.Needed, q.Needed + 1, 1000, full - 1, full, full + 1, 2*full + 77} {
			secret := randomBytes(r, n)
			shares := splitStream(t, r, secret, q)
			require.Less(t, len(shares[0]), n/q.Needed+200+40*q.Parties*(2+n/full))
			for range 3 {
				r.Shuffle(len(shares), func(i, j int) { shares[i], shares[j] = shares[j], shares[i] })
				for _, m := range []int{q.Needed, q.Parties} {
					got, wrong, err := joinStream(shares[:m], q)
					require.NoError(t, err)
					require.Empty(t, wrong)
					require.True(t, bytes.Equal(secret, got))
				}
				_, _, err := joinStream(shares[:q.Needed-1], q)
				require.ErrorContains(t, err, "not enough right shares")
			}
		}
	}
}

func TestStreamReader(t *testing.T) {
	q := Quorum{2, 3}
	secret := randomBytes(newRand(), 5*fragmentSize)
	shares := splitStream(t, newRand(), secret, q)
	r, err := NewReader([]io.Reader{
		iotest.OneByteReader(bytes.NewReader(shares[0])), iotest.HalfReader(bytes.NewReader(shares[2]))}, q)
	require.NoError(t, err)
	require.NoError(t, iotest.TestReader(r, secret))
	require.NoError(t, r.Reason(0))
}

// streamPlaces are the places in the shares of a stream where something begins or
// ends, and some others, for flipping and cutting there.
func streamPlaces(r *rand.Rand, q Quorum, length int) (places []int) {
	key := headerSize + keyShareSize(q, 2)
	for i := range key + chunkHeader + 32*q.Parties + 3 {
		// The salt and digests are long and all alike.
		if i < headerSize+byteShareSize-30 || i%11 == 0 || i >= key-2 && i < key+chunkHeader+2 {
			places = append(places, i)
		}
	}
	for range 20 {
		places = append(places, r.IntN(length))
	}
	second := key + chunkHeader + 32*q.Parties + fragmentSize
	for i := -2; i < chunkHeader+2; i++ {
		places = append(places, second+i)
	}
	return append(places, length-2, length-1)
}

// TestWrongStream flips a bit of one share, cuts it, or adds to it, everywhere
// that matters: it is named, and the secret is read without it. When it is one of
// just enough shares, no byte that is read is wrong.
func TestWrongStream(t *testing.T) {
	r := newRand()
	q := Quorum{2, 3}
	secret := randomBytes(r, 3*fragmentSize)
	right := splitStream(t, r, secret, q)
	test := func(what string, at int, spoiled []byte, harmless bool) {
		shares := slices.Clone(right)
		shares[1] = spoiled
		got, wrong, err := joinStream(shares, q)
		require.NoError(t, err, "%s at %d", what, at)
		require.True(t, bytes.Equal(secret, got), "%s at %d", what, at)
		require.Equal(t, []int{1}, wrong, "%s at %d", what, at)

		got, _, err = joinStream(shares[:2], q)
		require.True(t, bytes.HasPrefix(secret, got), "%s at %d", what, at)
		require.Equal(t, harmless, err == nil, "%s at %d", what, at)
	}
	for i, at := range streamPlaces(r, q, len(right[1])) {
		if testing.Short() && i%4 != 0 {
			continue
		}
		flipped := bytes.Clone(right[1])
		flipped[at] ^= 1 << r.IntN(8)
		test("flip", at, flipped, false)
		test("cut", at, right[1][:at], false)
	}
	test("more", len(right[1]), append(bytes.Clone(right[1]), 0), true)
	test("another stream", 0, splitStream(t, r, secret, q)[1], false)
	test("another party", 0, right[0][:len(right[0])-1], false)

	// The fragments of one stream behind the key of another.
	other := splitStream(t, r, secret, q)[1]
	head := headerSize + keyShareSize(q, 2)
	test("mixed", head, append(bytes.Clone(right[1][:head]), other[head:]...), false)

	// The same share twice is one share, and does no harm.
	got, wrong, err := joinStream([][]byte{right[0], right[0], right[2]}, q)
	require.NoError(t, err)
	require.Empty(t, wrong)
	require.True(t, bytes.Equal(secret, got))
	_, _, err = joinStream([][]byte{right[0], right[0]}, q)
	require.Error(t, err)
}

// TestCopiedBeginning has an attacker send what it has seen of another's share,
// and then something else: that does not shut the other out.
func TestCopiedBeginning(t *testing.T) {
	r := newRand()
	q := Quorum{2, 3}
	secret := randomBytes(r, 3*fragmentSize)
	right := splitStream(t, r, secret, q)
	copied := bytes.Clone(right[1])
	clear(copied[headerSize+keyShareSize(q, 2):])
	got, wrong, err := joinStream([][]byte{copied, right[1], right[2]}, q)
	require.NoError(t, err)
	require.True(t, bytes.Equal(secret, got))
	require.Equal(t, []int{0}, wrong)
}

func TestStreamErrors(t *testing.T) {
	q := Quorum{2, 3}
	_, err := NewWriter(make([]io.Writer, 2), q)
	require.ErrorContains(t, err, "2 writers for 3 parties")
	_, err = NewWriter(nil, Quorum{})
	require.ErrorContains(t, err, "Needed is 0")
	_, err = NewReader(nil, Quorum{})
	require.ErrorContains(t, err, "Needed is 0")
	_, err = NewReader(nil, q)
	require.ErrorContains(t, err, "not enough")
	_, err = NewReader([]io.Reader{nil, nil}, q)
	require.ErrorContains(t, err, "nil")

	// An error of a stream is passed on, at the beginning and later, and sticks.
	broken := errors.New("broken")
	for _, limit := range []int{0, 1000, 2 * fragmentSize} {
		dst := []io.Writer{io.Discard, &limited{limit, broken}, io.Discard}
		w, err := NewWriter(dst, q)
		if err == nil {
			_, err = w.Write(make([]byte, 8*fragmentSize))
			require.Equal(t, err, w.Close())
		}
		require.ErrorIs(t, err, broken)
		require.ErrorContains(t, err, "share of party 2")
	}

	shares := splitStream(t, newRand(), []byte("secret"), q)
	r, err := NewReader([]io.Reader{bytes.NewReader(shares[0]),
		io.MultiReader(bytes.NewReader(shares[1][:250]), iotest.ErrReader(broken))}, q)
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.ErrorIs(t, err, broken)
	require.ErrorIs(t, r.Reason(1), broken)
	require.Equal(t, []int{1}, r.Wrong())
	_, again := r.Read(make([]byte, 1))
	require.Equal(t, err, again)
}

// A limited writer fails after so many bytes.
type limited struct {
	left int
	err  error
}

func (w *limited) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, w.err
	}
	return len(b), nil
}

func BenchmarkStream(b *testing.B) {
	q := Quorum{3, 5}
	secret := randomBytes(newRand(), 1<<20)
	shares := splitStream(b, newRand(), secret, q)
	b.Run("Split", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			w, _ := NewWriter([]io.Writer{io.Discard, io.Discard, io.Discard, io.Discard, io.Discard}, q)
			w.Write(secret)
			w.Close()
		}
	})
	b.Run("Combine", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			r, _ := NewReader([]io.Reader{bytes.NewReader(shares[1]), bytes.NewReader(shares[3]), bytes.NewReader(shares[4])}, q)
			io.Copy(io.Discard, r)
		}
	})
}
