package rlwe

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
	"github.com/stretchr/testify/require"
)

// decoders are all that read what others send, with a message that is right.
// Each leaves what it adds to as it was if it refuses, and returns what it has
// understood in bytes.
func decoders(t testing.TB) map[string]struct {
	message []byte
	decode  func(t testing.TB, b []byte) ([]byte, error)
} {
	type decoder = struct {
		message []byte
		decode  func(t testing.TB, b []byte) ([]byte, error)
	}
	c := Config{Mode: Collective, Capacity: 1 << 10, Contributors: 4, Holders: 2, Coefficients: 10, Statistical: 5}
	g := newGroup(t, c)
	p := g.p
	const n = 9
	sum, _ := g.contribute(t, n, func(c, i int) uint64 { return uint64(i) })
	e, err := p.NewEncryptor(g.key)
	require.NoError(t, err)
	ciphertext, err := e.encrypt(nil, make([]uint64, n), stream(t, "e", 0))
	require.NoError(t, err)
	crs := [32]byte{3}
	k := p.newSecret(stream(t, "k", 0))
	public := k.publicShare(nil, crs, stream(t, "p", 0))
	sumBytes, err := sum.AppendBinary(nil)
	require.NoError(t, err)
	split, err := k.split(2, stream(t, "split", 0))
	require.NoError(t, err)

	masks, err := p.NewMaskSum()
	require.NoError(t, err)
	require.NoError(t, masks.Add(ciphertext[:p.MaskSize()]))
	require.NoError(t, masks.Add(sum.appendMask(nil)))
	maskSum, err := masks.AppendBinary(nil)
	require.NoError(t, err)
	hash, err := p.NewMaskHash()
	require.NoError(t, err)
	require.NoError(t, hash.AddSum(0, masks))
	maskHash, err := hash.AppendBinary(nil)
	require.NoError(t, err)

	q := newParams(t, masked)
	mk := q.newMaskKey(stream(t, "mk", 0))
	keyShares, err := mk.split(2, 3, stream(t, "ks", 0))
	require.NoError(t, err)

	return map[string]decoder{
		"ciphertext": {ciphertext, func(t testing.TB, b []byte) ([]byte, error) {
			s, err := p.NewSum(n)
			require.NoError(t, err)
			if err = s.Add(b); err != nil {
				require.Zero(t, s.Count())
				require.Equal(t, p.newPoly(), s.mask)
				require.Equal(t, make([]uint64, n), s.body)
				return nil, err
			}
			return bitpack.Append(s.appendMask(nil), s.body, p.bodyBits), nil
		}},
		"sum": {sumBytes, func(t testing.TB, b []byte) ([]byte, error) {
			s, err := p.ParseSum(n, b)
			if err != nil {
				return nil, err
			}
			return s.AppendBinary(nil)
		}},
		"sum of bodies": {sum.AppendBody(nil), func(t testing.TB, b []byte) ([]byte, error) {
			s, err := p.ParseBody(n, b)
			if err != nil {
				return nil, err
			}
			return s.AppendBody(nil), nil
		}},
		"mask": {sum.appendMask(nil), func(t testing.TB, b []byte) ([]byte, error) {
			s, err := p.NewMaskSum()
			require.NoError(t, err)
			h, err := p.NewMaskHash()
			require.NoError(t, err)
			if err := s.Add(b); err != nil {
				require.Zero(t, s.count)
				require.ErrorIs(t, h.Add(0, b), ErrMalformed)
				return nil, err
			}
			require.NoError(t, h.Add(0, b))
			return s.AppendMask(nil), nil
		}},
		"sum of masks": {maskSum, func(t testing.TB, b []byte) ([]byte, error) {
			s, err := p.NewMaskSum()
			require.NoError(t, err)
			if err := s.Parse(b, 2); err != nil {
				return nil, err
			}
			return s.AppendBinary(nil)
		}},
		"hash of masks": {maskHash, func(t testing.TB, b []byte) ([]byte, error) {
			h, err := p.NewMaskHash()
			require.NoError(t, err)
			if err := h.AddBinary(b); err != nil {
				nothing, err2 := p.NewMaskHash()
				require.NoError(t, err2)
				require.True(t, h.Equal(nothing))
				return nil, err
			}
			return h.AppendBinary(nil)
		}},
		"public share": {public, func(t testing.TB, b []byte) ([]byte, error) {
			k := p.NewPublicKey(crs)
			if err := k.Add(b); err != nil {
				require.Equal(t, p.newPoly(), k.b)
				return nil, err
			}
			return k.AppendBinary(nil)
		}},
		"threshold share": {split[0], func(t testing.TB, b []byte) ([]byte, error) {
			k, err := p.NewThresholdKey(1, 2)
			require.NoError(t, err)
			if err := k.Add(b); err != nil {
				require.Equal(t, p.newPoly(), k.x)
				return nil, err
			}
			return p.appendPoly(nil, k.x), nil
		}},
		"key share": {keyShares[1], func(t testing.TB, b []byte) ([]byte, error) {
			s, err := q.NewKeySum()
			require.NoError(t, err)
			if err := s.Add(b); err != nil {
				require.Equal(t, make([]uint64, q.n), s.x)
				return nil, err
			}
			return s.Append(nil), nil
		}},
	}
}

func TestMalformed(t *testing.T) {
	for name, d := range decoders(t) {
		t.Run(name, func(t *testing.T) {
			r := newRand(t)
			got, err := d.decode(t, d.message)
			require.NoError(t, err)
			require.Equal(t, d.message, got)

			refused := func(b []byte, what string, args ...any) {
				t.Helper()
				_, err := d.decode(t, b)
				require.ErrorIs(t, err, ErrMalformed, what, args)
			}
			refused(nil, "nothing")
			refused(append(bytes.Clone(d.message), 0), "a byte more")
			lengths := []int{1, 2, 3, 4, 5, len(d.message) - 1, len(d.message) - 2, len(d.message) / 2}
			for range 30 {
				lengths = append(lengths, r.IntN(len(d.message)))
			}
			for _, n := range lengths {
				refused(d.message[:n], "%d bytes", n)
			}
			refused(bytes.Repeat([]byte{0xff}, len(d.message)), "all ones")
			// Whatever is flipped, it is refused or is another message.
			for range 50 {
				b := bytes.Clone(d.message)
				b[r.IntN(len(b))] ^= 1 << r.IntN(8)
				if got, err := d.decode(t, b); err == nil {
					require.Equal(t, b, got)
				} else {
					require.ErrorIs(t, err, ErrMalformed)
				}
			}
		})
	}
}

// TestResiduesAreChecked sets single residues to the prime.
func TestResiduesAreChecked(t *testing.T) {
	p := newParams(t, collective)
	x := p.newPoly()
	require.NoError(t, p.parsePoly(p.newPoly(), p.appendPoly(nil, x)))
	for i, l := range p.limbs {
		for _, j := range []int{0, 1, 17, p.n - 1} {
			for _, v := range []uint64{l.q, l.q + 1, 1<<l.bits - 1} {
				p.limb(x, i)[j] = v
				mask := p.appendPoly(nil, x)
				require.ErrorIs(t, p.parsePoly(p.newPoly(), mask), ErrMalformed)
				sum, err := p.NewMaskSum()
				require.NoError(t, err)
				require.ErrorIs(t, sum.Add(mask), ErrMalformed)
				require.ErrorIs(t, newMaskHash(t, p).Add(0, mask), ErrMalformed)
			}
			p.limb(x, i)[j] = l.q - 1
		}
	}
	require.NoError(t, p.parsePoly(p.newPoly(), p.appendPoly(nil, x)))
	// Hashes of masks have residues of another prime.
	h := newMaskHash(t, p)
	for _, at := range []int{0, p.hashN - 1} {
		h.sum[0][at] = p.hash[0].q
		b, err := h.AppendBinary(nil)
		require.NoError(t, err)
		require.ErrorIs(t, newMaskHash(t, p).AddBinary(b), ErrMalformed)
		h.sum[0][at]--
	}
	b, err := h.AppendBinary(nil)
	require.NoError(t, err)
	require.NoError(t, newMaskHash(t, p).AddBinary(b))
}

// TestWrongShares is what the opener notices of keys and shares that do not
// belong to the sum.
func TestWrongShares(t *testing.T) {
	c := Config{Mode: Collective, Capacity: 1 << 10, Contributors: 3, Holders: 3, Coefficients: 1000, Statistical: 20}
	g := newGroup(t, c)
	p, n := g.p, 200
	r := newRand(t)
	sum, want := g.contribute(t, n, within(p, r))
	other, _ := g.contribute(t, n, func(int, int) uint64 { return 1 })
	e, err := p.NewEncryptor(g.key)
	require.NoError(t, err)
	b, err := e.Encrypt(nil, make([]uint64, n))
	require.NoError(t, err)
	other.Reset()
	require.NoError(t, other.Add(b))
	shares, others := g.shares(t, sum, g.secrets), g.shares(t, other, g.secrets)
	got := make([]uint64, n)
	require.NoError(t, p.Open(got, sum, shares))
	require.Equal(t, want, got)
	stranger := newGroup(t, c)
	stranger.secrets[0] = p.newSecret(stream(t, "stranger", 0))
	strange := stranger.shares(t, sum, stranger.secrets[:1])
	for name, s := range map[string][][]byte{
		"one missing":     shares[1:],
		"one twice":       {shares[0], shares[1], shares[1]},
		"of another sum":  {others[0], shares[1], shares[2]},
		"all of another":  others,
		"of another key":  {strange[0], shares[1], shares[2]},
		"one of greatest": {bitpack.Append(nil, slices.Repeat([]uint64{p.span - 1}, n), p.bodyBits), shares[1], shares[2]},
		"one of nothings": {make([]byte, len(shares[0])), shares[1], shares[2]},
	} {
		require.ErrorIs(t, p.Open(got, sum, s), ErrNoise, name)
		require.Equal(t, make([]uint64, n), got, name)
	}
	for name, s := range map[string][][]byte{
		"cut":    {shares[0][1:], shares[1], shares[2]},
		"longer": {append(bytes.Clone(shares[0]), 0), shares[1], shares[2]},
	} {
		require.ErrorIs(t, p.Open(got, sum, s), ErrMalformed, name)
	}
	require.ErrorContains(t, p.Open(got, sum, nil), "0 shares")
	require.ErrorContains(t, p.Open(got, sum, append(slices.Clone(shares), shares[0])), "4 shares")
	require.ErrorContains(t, p.Open(got[1:], sum, shares), "opened into")
}

func TestValuesBeyondCapacity(t *testing.T) {
	g := newGroup(t, Config{Mode: ReceiverKey, Capacity: 1000, Contributors: 3, Coefficients: 10})
	e, err := g.p.NewEncryptor(g.key)
	require.NoError(t, err)
	for _, v := range []uint64{1001, 1 << 63, ^uint64(0)} {
		_, err = e.Encrypt(nil, []uint64{1, v, 2})
		require.ErrorContains(t, err, "capacity of 1000")
		require.NotContains(t, err.Error(), fmt.Sprint(v), "the value is not told")
	}
	_, err = e.Encrypt(nil, nil)
	require.Error(t, err)
	_, err = e.Encrypt(nil, make([]uint64, g.p.N()+1))
	require.Error(t, err)
	for _, n := range []int{0, -1, g.p.N() + 1} {
		_, err = g.p.NewSum(n)
		require.Error(t, err)
		_, err = g.p.ParseSum(n, nil)
		require.Error(t, err)
	}
	s, err := g.p.NewSum(1)
	require.NoError(t, err)
	b, err := e.Encrypt(nil, []uint64{333})
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, s.Add(b))
	}
	require.ErrorContains(t, s.Add(b), "full")
	require.Equal(t, 3, s.Count())
}

// A sum that was read without its mask opens with shares and does nothing else.
func TestSumsWithoutMasks(t *testing.T) {
	g := newGroup(t, Config{Mode: ReceiverKey, Capacity: 1000, Contributors: 3, Coefficients: 10})
	sum, _ := g.contribute(t, 5, func(int, int) uint64 { return 1 })
	s, err := g.p.ParseBody(5, sum.AppendBody(nil))
	require.NoError(t, err)
	require.Equal(t, 3, s.Count())
	require.Equal(t, 5, s.Len())
	s.count = 0
	require.ErrorIs(t, s.Add(make([]byte, g.p.CiphertextSize(5))), errMaskless)
	_, err = s.AppendBinary(nil)
	require.ErrorIs(t, err, errMaskless)
	d, err := g.p.NewDecrypter(g.secrets[0])
	require.NoError(t, err)
	require.ErrorIs(t, d.Open(make([]uint64, 5), s), errMaskless)

	c := collective
	c.Holders = 2
	h := newGroup(t, c)
	sum, want := h.contribute(t, 5, func(int, int) uint64 { return 12345 })
	s, err = h.p.ParseBody(5, sum.AppendBody(nil))
	require.NoError(t, err)
	got := make([]uint64, 5)
	require.NoError(t, h.p.Open(got, s, h.shares(t, sum, h.secrets)))
	require.Equal(t, want, got)
}

// Sums of masks and of bodies are the two parts of a sum.
func TestMaskSum(t *testing.T) {
	g := newGroup(t, collective)
	e, err := g.p.NewEncryptor(g.key)
	require.NoError(t, err)
	sum, err := g.p.NewSum(3)
	require.NoError(t, err)
	masks, err := g.p.NewMaskSum()
	require.NoError(t, err)
	bodies, err := g.p.NewBodySum(3)
	require.NoError(t, err)
	for range collective.Contributors {
		b, err := e.Encrypt(nil, []uint64{1, 2, 3})
		require.NoError(t, err)
		require.NoError(t, sum.Add(b))
		require.NoError(t, masks.Add(b[:g.p.MaskSize()]))
		require.NoError(t, bodies.AddBody(b[g.p.MaskSize():]))
		require.Error(t, sum.AddBody(b[g.p.MaskSize():]))
	}
	require.Equal(t, sum.AppendBody(nil), bodies.AppendBody(nil))
	require.ErrorContains(t, masks.Add(sum.appendMask(nil)), "full")
	b, err := masks.AppendBinary(nil)
	require.NoError(t, err)
	for _, count := range []int{-1, 0, collective.Contributors + 1} {
		require.ErrorIs(t, masks.Parse(b, count), ErrMalformed)
	}
	require.NoError(t, masks.Parse(b, collective.Contributors))
	require.Equal(t, sum.appendMask(nil), masks.AppendMask(nil))
	masks.Reset()
	require.Equal(t, make([]byte, g.p.MaskSize()), masks.AppendMask(nil))
	for _, c := range []Config{masked, {Mode: ReceiverKey, Capacity: 100, Contributors: 3, Coefficients: 10}} {
		_, err = newParams(t, c).NewMaskSum()
		require.Error(t, err)
		_, err = newParams(t, c).NewMaskHash()
		require.Error(t, err)
	}
}

func TestSecretsServeOnce(t *testing.T) {
	p := newParams(t, collective)
	k := p.NewSecret()
	_, err := k.PublicShare(nil, [32]byte{1})
	require.NoError(t, err)
	for _, crs := range [][32]byte{{1}, {2}} {
		_, err = k.PublicShare(nil, crs)
		require.ErrorContains(t, err, "new secret")
	}
	k = p.NewSecret()
	k.Erase()
	require.Equal(t, p.newPoly(), k.s)
	_, err = k.PublicShare(nil, [32]byte{1})
	require.Error(t, err)

	g := newGroup(t, collective)
	require.ErrorContains(t, g.key.Add(make([]byte, p.PublicSize())), "every holder already")
}

// Keys, sums and parameters of different questions do not mix.
func TestParametersDoNotMix(t *testing.T) {
	c := collective
	g := newGroup(t, c)
	c.Capacity--
	p := newParams(t, c)
	_, err := p.NewEncryptor(g.key)
	require.ErrorContains(t, err, "other parameters")
	_, err = p.NewEncryptor(p.NewPublicKey([32]byte{}))
	require.ErrorContains(t, err, "no shares")
	_, err = p.NewSharer(g.secrets[0])
	require.ErrorContains(t, err, "other parameters")
	_, err = p.NewDecrypter(g.secrets[0])
	require.ErrorContains(t, err, "other parameters")
	_, err = g.p.NewDecrypter(g.secrets[0])
	require.Error(t, err, "no holder decrypts alone")
	sum, err := g.p.NewSum(1)
	require.NoError(t, err)
	require.Error(t, p.Open(make([]uint64, 1), sum, make([][]byte, 8)))

	s, err := g.p.NewSharer(g.secrets[0])
	require.NoError(t, err)
	mask := make([]byte, g.p.MaskSize())
	_, err = s.Share(nil, mask[1:], 1)
	require.ErrorIs(t, err, ErrMalformed)
	_, err = s.Share(nil, mask, 0)
	require.Error(t, err, "no coefficients")
	masks, err := p.NewMaskSum()
	require.NoError(t, err)
	h, err := g.p.NewMaskHash()
	require.NoError(t, err)
	require.ErrorIs(t, h.AddSum(0, masks), errOtherParams)
	other, err := p.NewMaskHash()
	require.NoError(t, err)
	require.ErrorIs(t, h.Merge(other), errOtherParams)
	require.False(t, h.Equal(other))

	q := newParams(t, masked)
	_, err = q.NewSharer(g.secrets[0])
	require.Error(t, err)
	_, err = p.NewMaskKey()
	require.Error(t, err)
	_, err = p.NewKeySum()
	require.Error(t, err)
}

func TestSecretsAreNotPrinted(t *testing.T) {
	p := newParams(t, Config{Mode: Collective, Capacity: 1 << 10, Contributors: 4, Holders: 2, Coefficients: 10, Statistical: 5})
	k := p.NewSecret()
	share, err := k.PublicShare(nil, [32]byte{})
	require.NoError(t, err)
	key := p.NewPublicKey([32]byte{})
	require.NoError(t, key.Add(share))
	e, err := p.NewEncryptor(key)
	require.NoError(t, err)
	s, err := p.NewSharer(k)
	require.NoError(t, err)
	d := &Decrypter{k: k}
	tk, err := p.NewThresholdKey(1, 2)
	require.NoError(t, err)
	q := newParams(t, masked)
	mk, err := q.NewMaskKey()
	require.NoError(t, err)
	m, err := q.NewMasker(mk, [32]byte{})
	require.NoError(t, err)
	ks, err := q.NewKeySum()
	require.NoError(t, err)
	for want, x := range map[string]slog.LogValuer{
		"rlwe.Secret": k, "rlwe.Encryptor": e, "rlwe.Sharer": s, "rlwe.Decrypter": d, "rlwe.ThresholdKey": tk,
		"rlwe.MaskKey": mk, "rlwe.Masker": m, "rlwe.KeySum": ks,
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			require.Equal(t, want, fmt.Sprintf(verb, x))
		}
		require.Equal(t, want, x.LogValue().String())
	}
}

// TestConcurrent shares parameters, keys and secrets among goroutines, which
// have an encryptor, a sum and a sharer each.
func TestConcurrent(t *testing.T) {
	g := newGroup(t, Config{Mode: Collective, Capacity: 1 << 20, Contributors: 2, Holders: 1, Coefficients: 1e5, Statistical: 20})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			n := 100 + i
			values := make([]uint64, n)
			for j := range values {
				values[j] = uint64(1000*i + j)
			}
			e, err := g.p.NewEncryptor(g.key)
			s, err2 := g.p.NewSharer(g.secrets[0])
			sum, err3 := g.p.NewSum(n)
			if err != nil || err2 != nil || err3 != nil {
				t.Error(err, err2, err3)
				return
			}
			for range 2 {
				b, err := e.Encrypt(nil, values)
				if err == nil {
					err = sum.Add(b)
				}
				if err != nil {
					t.Error(err)
				}
			}
			share, err := s.Share(nil, sum.appendMask(nil), n)
			if err != nil {
				t.Error(err)
			}
			got := make([]uint64, n)
			if err := g.p.Open(got, sum, [][]byte{share}); err != nil {
				t.Error(err)
			}
			for j := range got {
				if got[j] != 2*values[j] {
					t.Errorf("%d, want %d", got[j], 2*values[j])
				}
			}
		})
	}
	wg.Wait()
}
