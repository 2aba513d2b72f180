package rlwe

import (
	"bytes"
	"errors"
	"flag"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDecoders gives each decoder its right message with some changes, all of
// them in every run: edits are four bytes each, a place and what is flipped there,
// and grow is by how many bytes the message gets longer or shorter. What is
// accepted is the encoding of what was understood, and what is refused is
// malformed and changes nothing.
func FuzzDecoders(f *testing.F) {
	all := fuzzed(f)
	f.Add([]byte{}, int16(0))
	f.Add([]byte{}, int16(-1))
	f.Add([]byte{0, 0, 0, 1}, int16(0))
	f.Add([]byte{0, 0, 3, 0xff, 0, 0x10, 0, 0x80}, int16(0))
	f.Add([]byte{0xff, 0xff, 0xff, 0x80, 0, 1, 0, 0xff}, int16(1))
	f.Fuzz(func(t *testing.T, edits []byte, grow int16) { tryAll(t, all, edits, grow) })
}

// TestDecoders does what FuzzDecoders does with changes at random, many times
// faster: -args -mutations 10000000 takes minutes.
func TestDecoders(t *testing.T) {
	all, r := fuzzed(t), newRand(t)
	var edits [16]byte
	for range *mutations {
		for i := range edits {
			edits[i] = byte(r.Uint32())
		}
		grow := 0
		if r.IntN(4) == 0 {
			grow = r.IntN(1<<r.IntN(10)) - r.IntN(1<<r.IntN(10))
		}
		tryAll(t, all, edits[:4*r.IntN(5)], int16(grow))
	}
}

var mutations = flag.Int("mutations", 5000, "how many changes of messages TestDecoders makes")

// tryAll gives all decoders their messages with these changes.
func tryAll(t *testing.T, all []fuzzedDecoder, edits []byte, grow int16) {
	for i := range all {
		d := &all[i]
		size := max(0, len(d.message)+int(grow))
		b := append(d.buffer[:0], d.message[:min(size, len(d.message))]...)
		if more := size - len(b); more > 0 {
			b = append(b, make([]byte, more)...)
		}
		for e := range slices.Chunk(edits, 4) {
			if len(e) == 4 && len(b) > 0 {
				at := (int(e[0])<<16 | int(e[1])<<8 | int(e[2])) % len(b)
				b[at] ^= e[3]
			}
		}
		d.buffer = b
		same, err := d.decode(b)
		switch {
		case err == nil && !same:
			t.Fatalf("%s: other bytes are accepted than are made", d.name)
		case err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrNoise):
			t.Fatalf("%s: %v", d.name, err)
		case err != nil && bytes.Equal(b, d.message):
			t.Fatalf("%s: the right message is refused: %v", d.name, err)
		case err != nil && !same:
			t.Fatalf("%s: a message that was refused changed something", d.name)
		}
	}
}

// A fuzzedDecoder reads a message. decode reports whether what it understood
// encodes to the message, or, if it refuses, whether nothing has changed.
type fuzzedDecoder struct {
	name            string
	message, buffer []byte
	decode          func(b []byte) (same bool, err error)
}

func tiny(t testing.TB, c Config, logQ int) *Params {
	p, err := Tiny(t, c, logQ)
	require.NoError(t, err)
	return p
}

// fuzzed returns all decoders. They keep their memory, since that is what makes
// millions of runs quick.
func fuzzed(t testing.TB) []fuzzedDecoder {
	const n = 3
	p := tiny(t, Config{Mode: Collective, Capacity: 1 << 4, Contributors: 3, Holders: 2, Coefficients: 10, Statistical: 2}, 62)
	random := p.newPoly()
	for i := range p.limbs {
		uniform(stream(t, "residues", i), p.limb(random, i), p.limbs[i].q)
	}
	residues := p.appendPoly(nil, random)
	// A sum that opens to want with shares of nothing.
	want := []uint64{1, 0, 2}
	sum, err := p.NewSum(n)
	require.NoError(t, err)
	copy(sum.mask, random)
	for i, v := range want {
		sum.body[i] = v << (p.delta - p.drop)
	}
	sum.count = 1
	ciphertext := appendBits(sum.appendMask(nil), sum.body, p.bodyBits)
	sumBytes, err := sum.AppendBinary(nil)
	require.NoError(t, err)
	shares := [][]byte{make([]byte, p.ShareSize(n)), make([]byte, p.ShareSize(n))}

	// Sums of more than 64 bits.
	wide := tiny(t, Config{Mode: ReceiverKey, Capacity: 1 << 45, Contributors: 1 << 10, Coefficients: 10}, 120)
	require.Greater(t, wide.sumBits(), 64)
	wideSum, err := wide.NewBodySum(n)
	require.NoError(t, err)
	copy(wideSum.body, []uint64{1, 1 << 63, 5})
	copy(wideSum.over, []uint32{0, 1, 2})
	wideSum.count = wide.cfg.Contributors

	q := tiny(t, Config{Mode: Masked, Capacity: 1 << 20, Contributors: 5, Coefficients: 10}, 0)
	key := q.newMaskKey(stream(t, "key", 0))
	keyShares, err := key.split(2, 3, stream(t, "key shares", 0))
	require.NoError(t, err)

	receiver := tiny(t, Config{Mode: ReceiverKey, Capacity: 100, Contributors: 3, Coefficients: 10}, 62)
	finger := receiver.NewFingerprinter([32]byte{1})
	fingerprint, err := finger.Sum().AppendBinary(nil)
	require.NoError(t, err)

	single, err := p.NewSum(n)
	require.NoError(t, err)
	nothing := p.newPoly()
	maskSum, err := p.NewMaskSum()
	require.NoError(t, err)
	require.NoError(t, maskSum.Add(residues))
	require.NoError(t, maskSum.Add(residues))
	maskSumBytes, err := maskSum.AppendBinary(nil)
	require.NoError(t, err)
	maskHash, err := p.NewMaskHash()
	require.NoError(t, err)
	require.NoError(t, maskHash.AddSum(0, maskSum))
	hashBytes, err := maskHash.AppendBinary(nil)
	require.NoError(t, err)
	empty, err := p.NewMaskHash()
	require.NoError(t, err)
	public := p.NewPublicKey([32]byte{1})
	threshold, err := p.NewThresholdKey(1, 2)
	require.NoError(t, err)
	keySum, err := q.NewKeySum()
	require.NoError(t, err)
	opened, out := make([]uint64, n), []byte(nil)

	return []fuzzedDecoder{
		{name: "ciphertext", message: ciphertext, decode: func(b []byte) (bool, error) {
			single.Reset()
			if err := single.Add(b); err != nil {
				return single.count == 0 && slices.Equal(single.mask, nothing) && slices.Equal(single.body, make([]uint64, n)), err
			}
			out = appendBits(single.appendMask(out[:0]), single.body, p.bodyBits)
			return bytes.Equal(out, b), nil
		}},
		{name: "sum", message: sumBytes, decode: func(b []byte) (bool, error) {
			s, err := p.ParseSum(n, b)
			if err != nil {
				return s == nil, err
			}
			out, err = s.AppendBinary(out[:0])
			return bytes.Equal(out, b), err
		}},
		{name: "sum of bodies", message: sum.AppendBody(nil), decode: func(b []byte) (bool, error) {
			s, err := p.ParseBody(n, b)
			if err != nil {
				return s == nil, err
			}
			out = s.AppendBody(out[:0])
			return bytes.Equal(out, b), nil
		}},
		{name: "wide sum", message: wideSum.AppendBody(nil), decode: func(b []byte) (bool, error) {
			s, err := wide.ParseBody(n, b)
			if err != nil {
				return s == nil, err
			}
			out = s.AppendBody(out[:0])
			return bytes.Equal(out, b), nil
		}},
		{name: "mask", message: sum.appendMask(nil), decode: func(b []byte) (bool, error) {
			maskSum.Reset()
			if err := maskSum.Add(b); err != nil {
				return maskSum.count == 0, err
			}
			out = maskSum.AppendMask(out[:0])
			return bytes.Equal(out, b), nil
		}},
		{name: "sum of masks", message: maskSumBytes, decode: func(b []byte) (bool, error) {
			if err := maskSum.Parse(b, 2); err != nil {
				return true, err
			}
			out, err = maskSum.AppendBinary(out[:0])
			return bytes.Equal(out, b), err
		}},
		{name: "hash of masks", message: hashBytes, decode: func(b []byte) (bool, error) {
			maskHash.Reset()
			if err := maskHash.AddBinary(b); err != nil {
				return maskHash.Equal(empty), err
			}
			out, err = maskHash.AppendBinary(out[:0])
			return bytes.Equal(out, b), err
		}},
		{name: "public share", message: residues, decode: func(b []byte) (bool, error) {
			clear(public.b)
			public.n = 0
			if err := public.Add(b); err != nil {
				return public.n == 0 && slices.Equal(public.b, nothing), err
			}
			out, err = public.AppendBinary(out[:0])
			return bytes.Equal(out, b), err
		}},
		{name: "threshold share", message: residues, decode: func(b []byte) (bool, error) {
			clear(threshold.x)
			threshold.count = 0
			if err := threshold.Add(b); err != nil {
				return threshold.count == 0 && slices.Equal(threshold.x, nothing), err
			}
			out = p.appendPoly(out[:0], threshold.x)
			return bytes.Equal(out, b), nil
		}},
		{name: "key share", message: keyShares[1], decode: func(b []byte) (bool, error) {
			clear(keySum.x)
			keySum.count = 0
			if err := keySum.Add(b); err != nil {
				return keySum.count == 0 && !slices.ContainsFunc(keySum.x, func(v uint64) bool { return v != 0 }), err
			}
			out = keySum.Append(out[:0])
			return bytes.Equal(out, b), nil
		}},
		{name: "key shares", message: keyShares[0], decode: func(b []byte) (bool, error) {
			// Whatever opens is a key with small coefficients; other shares than
			// those of the key can give it only if they differ in nothing.
			k, err := q.CombineKeys(1, []int{1, 2}, [][]byte{b, keyShares[1]})
			if err != nil {
				return k == nil, err
			}
			return slices.Equal(k.x, key.x) == bytes.Equal(b, keyShares[0]), nil
		}},
		{name: "fingerprint", message: fingerprint, decode: func(b []byte) (bool, error) {
			f, err := receiver.ParseFingerprint(b)
			if err != nil {
				return f == Fingerprint{}, err
			}
			out, err = f.AppendBinary(out[:0])
			return bytes.Equal(out, b), err
		}},
		{name: "decryption share", message: shares[0], decode: func(b []byte) (bool, error) {
			// A share whose noise differs opens to the same sum, and to another
			// one only if it is that of another sum.
			if err := p.Open(opened, sum, [][]byte{b, shares[1]}); err != nil {
				return true, err
			}
			return !bytes.Equal(b, shares[0]) || slices.Equal(opened, want), nil
		}},
	}
}

// appendBits packs numbers bit by bit.
func appendBits(dst []byte, numbers []uint64, width int) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, (len(numbers)*width+7)/8)...)
	for i := range len(numbers) * width {
		dst[start+i/8] |= byte(numbers[i/width]>>(i%width)&1) << (i % 8)
	}
	return dst
}
