package share

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"io"
	"runtime"
	"testing"

	"github.com/gtank/ristretto255"
	"github.com/stretchr/testify/require"
)

var (
	_ encoding.BinaryAppender = (*Share)(nil)
	_ encoding.BinaryAppender = (*Update)(nil)
	_ encoding.BinaryAppender = (*ByteShare)(nil)
	_ encoding.BinaryAppender = (*ScalarShare)(nil)
	_ encoding.BinaryAppender = (*Commitment)(nil)
)

// parse reads an encoding of any type, by its header.
func parse(b []byte) (encoding.BinaryAppender, error) {
	var typ byte
	if len(b) >= headerSize {
		typ = b[headerSize-1]
	}
	switch typ {
	case typeUpdate:
		return ParseUpdate(b)
	case typeByteShare:
		return ParseByteShare(b)
	case typeScalar:
		return ParseScalarShare(b)
	case typeCommitment:
		return ParseCommitment(b)
	}
	return ParseShare(b)
}

// samples returns encodings of all types, of fixed coins.
func samples(t testing.TB) (encodings [][]byte) {
	add := func(a encoding.BinaryAppender) {
		b, err := a.AppendBinary([]byte("before"))
		require.NoError(t, err)
		require.Equal(t, "before", string(b[:6]))
		encodings = append(encodings, b[6:])
	}
	c := &coins{seed: [16]byte{1}, id: [16]byte{2}}
	for _, s := range schemes {
		for _, n := range []int{0, 3, 5} {
			share := s.split(s.Ring.numbers(newRand(), n), c)[1]
			add(share)
			members := []int{1, 2, 3, 4, 5, 6, 7, 8}
			add(share.updates(purposeReshare, members[:s.Needed], s, share.summand(members[:s.Needed]), c)[0])
			add(share.updates(purposeRefresh, members[:s.Parties], s, make([]uint64, n), c)[0])
		}
	}
	for _, q := range quorums {
		add(splitBytes([]byte("a secret"), q, &byteCoins{seed: [16]byte{3}, saltSeed: [16]byte{4}})[1])
		add(splitBytes(nil, q, &byteCoins{})[0])
		for kind := range flagsEnd {
			secret, err := new(ristretto255.Scalar).SetCanonicalBytes(scalarSecret("x"))
			require.NoError(t, err)
			if kind&refreshes != 0 {
				secret.Zero()
			}
			commitment, shares := dealScalar(secret, q, kind, [16]byte{5})
			add(commitment)
			add(shares[1])
		}
	}
	return encodings
}

// TestEncodings covers round trips, all prefixes, a byte behind, and every bit
// flipped: what is then accepted is another value, with the encoding that was
// read.
func TestEncodings(t *testing.T) {
	for _, b := range samples(t) {
		p, err := parse(b)
		require.NoError(t, err)
		again, err := p.AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, b, again)
		for n := range b {
			_, err := parse(b[:n])
			require.Error(t, err, "%d of %d bytes", n, len(b))
		}
		_, err = parse(append(bytes.Clone(b), 0))
		require.Error(t, err)
		step := 1
		if testing.Short() {
			step = 9
		}
		for i := 0; i < 8*len(b); i += step {
			flipped := bytes.Clone(b)
			flipped[i/8] ^= 1 << (i % 8)
			if p, err := parse(flipped); err == nil {
				again, err := p.AppendBinary(nil)
				require.NoError(t, err)
				require.Equal(t, flipped, again, "bit %d", i)
			}
		}
	}
}

// TestGolden pins version 1: stored shares must stay readable.
func TestGolden(t *testing.T) {
	h := sha256.New()
	for _, b := range samples(t) {
		h.Write(b)
	}
	dst := make([]bytes.Buffer, 3)
	w, err := newWriter([]io.Writer{&dst[0], &dst[1], &dst[2]}, Quorum{2, 3}, &streamCoins{key: [32]byte{6}})
	require.NoError(t, err)
	_, err = w.Write(make([]byte, 3*fragmentSize))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for i := range dst {
		h.Write(dst[i].Bytes())
	}
	require.Equal(t, "787026b06c2961255c77fc87d7b110f6", hex.EncodeToString(h.Sum(nil)[:16]))

	share := Scheme{Kind: Additive, Ring: Z64, Quorum: Quorum{2, 2}}.split([]uint64{1}, &coins{id: [16]byte([]byte("0123456789abcdef"))})[1]
	b, err := share.AppendBinary(nil)
	require.NoError(t, err)
	require.Equal(t, "646a736802010101000200020000000230313233343536373839616263646566"+"0000000000000001", hex.EncodeToString(b[:len(b)-8]))
}

// TestMalformed covers values that are well-formed numbers and mean nothing.
func TestMalformed(t *testing.T) {
	scheme := Scheme{Kind: Shamir, Ring: F61, Quorum: Quorum{2, 3}}
	shares := scheme.split([]uint64{1, 2}, newCoins())
	share, _ := shares[0].AppendBinary(nil)
	us, err := shares[0].Reshare([]int{1, 3}, scheme)
	require.NoError(t, err)
	update, _ := us[0].AppendBinary(nil)
	us, err = shares[0].Refresh()
	require.NoError(t, err)
	refreshing, _ := us[0].AppendBinary(nil)
	byteShare, _ := splitBytes([]byte("x"), Quorum{2, 3}, newByteCoins())[1].AppendBinary(nil)
	commitment, scalars, err := SplitPedersen(scalarSecret(""), Quorum{2, 3})
	require.NoError(t, err)
	scalar, _ := scalars[0].AppendBinary(nil)
	committed, _ := commitment.AppendBinary(nil)

	const number = headerSize + 8 // of the index in a share
	for _, c := range []struct {
		want string
		b    []byte
		at   int
		with []byte
	}{
		{"not an encoding", share, 0, []byte("x")},
		{"version 3", share, 4, []byte{3}},
		{"unknown type 77", share, 5, []byte{77}},
		{"are a stream, and not a share", share, 5, []byte{typeStream}},
		{"Scheme.Kind is Kind(5)", share, 6, []byte{5}},
		{"Scheme.Ring is Ring(0)", share, 7, []byte{0}},
		{"Needed is 1", share, 8, []byte{0, 1}},
		{"256 parties", share, 10, []byte{1, 0}},
		{"Scheme.Width is 1", share, 12, []byte{0, 1}},
		{"index 0", share, number, []byte{0, 0}},
		{"index 4", share, number, []byte{0, 4}},
		{"not make a share of 3", share, number + 2 + IDSize, []byte{0, 0, 0, 0, 0, 0, 0, 3}},
		{"do not fit in memory", share, number + 2 + IDSize, bytes.Repeat([]byte{255}, 8)},
		{"below the modulus", share, shareSize, []byte{0x1f, 255, 255, 255, 255, 255, 255, 255}},
		{"unknown purpose 3", update, 6, []byte{3}},
		{"not from all parties", update, 6, []byte{purposeRefresh}},
		{"does not take part", update, 7, []byte{0, 2}},
		{"not ascending", update, 11, []byte{0, 3}},
		{"not ascending", update, 13, []byte{1, 0}},
		{"not ascending", update, 11, []byte{0, 0}},
		{"ends too early", update, 9, []byte{255, 255}},
		{"has an id", update, updateSize + 2*2 + number + 2, []byte{1}},
		{"not from all parties", refreshing, 15, []byte{0, 4}},
		{"Needed is 0", byteShare, 6, []byte{0}},
		{"more than the 1 parties", byteShare, 7, []byte{1}},
		{"index 4", byteShare, 8, []byte{4}},
		{"index 0", byteShare, 8, []byte{0}},
		{"ends too early", byteShare, 9, bytes.Repeat([]byte{255}, 8)},
		{"ends too early", byteShare, 9, []byte{0x7f, 255, 255, 255, 255, 255, 255, 255}},
		{"left over", byteShare, 16, []byte{0}},
		{"ends too early", byteShare, 8, []byte{1}}, // which has a seed
		{"must be below 4", scalar, 8, []byte{4}},
		{"left over", scalar, 8, []byte{0}},
		{"index 0", scalar, 9, []byte{0}},
		{"index 4", scalar, 9, []byte{4}},
		{"below the order", scalar, 10, order},
		{"below the order", scalar, 42, order},
		{"must be below 4", committed, 8, []byte{4}},
		{"Needed is 1", committed, 6, []byte{1}},
		{"element 1 of the commitment", committed, 9 + 32, make([]byte, 32)}, // the identity
		{"left over", committed, 8, []byte{3}},
		{"element 0 of the commitment", committed, 9, bytes.Repeat([]byte{255}, 32)},
	} {
		b := bytes.Clone(c.b)
		copy(b[c.at:], c.with)
		_, err := parse(b)
		require.ErrorContains(t, err, c.want)
	}
	_, err = ParseUpdate(share)
	require.ErrorContains(t, err, "are a share, and not an update")
	_, err = ParseByteShare(nil)
	require.Error(t, err)
}

// TestParseAllocates no more than in proportion to what it is given, whatever
// that says of itself.
func TestParseAllocates(t *testing.T) {
	for _, b := range samples(t) {
		for at := headerSize; at+8 <= min(len(b), 80); at++ {
			hostile := bytes.Clone(b)
			binary.BigEndian.PutUint64(hostile[at:], 1<<40)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parse(hostile)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<16))
		}
	}
}

// FuzzParse: what is accepted re-encodes to itself.
func FuzzParse(f *testing.F) {
	for _, b := range samples(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parse(b)
		if err != nil {
			return
		}
		again, err := p.AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, b, again)
	})
}

// FuzzReader: with one share of three that is anything, the others give the
// secret; with one right share, what is read is the beginning of the secret.
func FuzzReader(f *testing.F) {
	q := Quorum{2, 3}
	secret := []byte("the secret that was shared")
	right := splitStream(f, newRand(), secret, q)
	f.Add(right[2])
	f.Add(right[2][:100])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, wrong, err := joinStream([][]byte{b, right[0], right[1]}, q)
		require.NoError(t, err)
		require.Equal(t, secret, got)
		for _, i := range wrong {
			require.Zero(t, i)
		}
		got, _, err = joinStream([][]byte{b, right[0]}, q)
		require.True(t, bytes.HasPrefix(secret, got))
		if err == nil {
			require.Equal(t, secret, got)
		}
	})
}
