package share

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var quorums = []Quorum{{2, 2}, {2, 3}, {3, 5}, {5, 5}, {4, 7}}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestBytesRoundTrip(t *testing.T) {
	r := newRand()
	for _, q := range append(quorums, Quorum{128, 255}) {
		for _, n := range []int{0, 1, 16, 32, 100, 1 << 15} {
			if n > 100 && q.Parties == maxParties {
				continue
			}
			secret := randomBytes(r, n)
			given := bytes.Clone(secret)
			shares, err := SplitBytes(secret, q)
			require.NoError(t, err)
			require.Len(t, shares, q.Parties)
			require.Equal(t, given, secret)
			for range 5 {
				r.Shuffle(len(shares), func(i, j int) { shares[i], shares[j] = shares[j], shares[i] })
				for _, m := range []int{q.Needed, q.Parties} {
					got, wrong, err := CombineBytes(shares[:m], q)
					require.NoError(t, err)
					require.Empty(t, wrong)
					require.Equal(t, secret, got)
				}
				_, _, err := CombineBytes(shares[:q.Needed-1], q)
				require.ErrorContains(t, err, "not enough right shares")
			}
		}
	}
}

// TestBytesArePrivate goes through all coins of a byte and shows that any shares
// less than Needed take every value equally often, whatever the secret is.
func TestBytesArePrivate(t *testing.T) {
	for _, q := range []Quorum{{2, 2}, {2, 255}, {3, 3}, {3, 6}} {
		coins := 1 << (8 * (q.Needed - 1))
		random := make([][]byte, q.Needed-1)
		for j := range random {
			random[j] = make([]byte, coins)
			for i := range coins {
				random[j][i] = byte(i >> (8 * j))
			}
		}
		for _, secret := range []byte{0, 1, 0x80, 0xff} {
			shares := dealBytes(bytes.Repeat([]byte{secret}, coins), q, slices.Clone(random))
			require.Len(t, shares, q.Parties)
			for a := range q.Parties {
				if q.Needed == 2 {
					once := make([]bool, coins)
					for i := range coins {
						once[shares[a][i]] = true
					}
					require.NotContains(t, once, false, "share %d", a+1)
				}
				for b := range a {
					if q.Needed == 3 {
						once := make([]bool, coins)
						for i := range coins {
							once[int(shares[a][i])<<8|int(shares[b][i])] = true
						}
						require.False(t, slices.Contains(once, false), "shares %d and %d", a+1, b+1)
					}
				}
			}
		}
	}
}

// TestShamirDefinition computes a sharing from the definition: 0x42 at zero,
// random coefficients, values at the parties' indexes.
func TestShamirDefinition(t *testing.T) {
	f := func(x byte) byte { return 0x42 ^ mul(0x17, x) ^ mul(0xc5, mul(x, x)) }
	shares := dealBytes([]byte{0x42}, Quorum{3, 9}, [][]byte{{f(1)}, {f(2)}})
	for i, s := range shares {
		require.Equal(t, []byte{f(byte(i + 1))}, s)
	}
}

// mul is the definition of multiplication in the field of AES.
func mul(a, b byte) (p byte) {
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		carry := a >> 7
		if a <<= 1; carry == 1 {
			a ^= 0x1b
		}
	}
	return p
}

// spoilBytes returns a share that is wrong in one of the ways that its encoding
// has room for.
func spoilBytes(t *testing.T, r *rand.Rand, s *ByteShare) *ByteShare {
	for {
		b, err := s.AppendBinary(nil)
		require.NoError(t, err)
		at := headerSize + 2 + r.IntN(len(b)-headerSize-2)
		b[at] ^= 1 << r.IntN(8)
		if wrong, err := ParseByteShare(b); err == nil {
			return wrong
		}
	}
}

// TestWrongBytes spoils every set of shares that leaves Needed right ones and is
// smaller than Needed; those are named. It then leaves too few right ones.
func TestWrongBytes(t *testing.T) {
	r := newRand()
	for _, q := range quorums {
		secret := randomBytes(r, 40)
		right, err := SplitBytes(secret, q)
		require.NoError(t, err)
		for set := range 1 << q.Parties {
			shares := slices.Clone(right)
			var wrong []int
			for i := range shares {
				if set>>i&1 == 1 {
					wrong = append(wrong, i)
					if shares[i] = spoilBytes(t, r, right[i]); r.IntN(4) == 0 {
						shares[i] = nil
					}
				}
			}
			got, named, err := CombineBytes(shares, q)
			if q.Parties-len(wrong) >= q.Needed {
				require.NoError(t, err)
				require.Equal(t, secret, got)
				require.Equal(t, wrong, named)
			} else {
				require.Error(t, err)
				require.Nil(t, got)
			}
		}
	}
}

// TestForgedBytes has less than Needed parties together make shares of another
// secret, with commitments of their own, and of another quorum.
func TestForgedBytes(t *testing.T) {
	q := Quorum{3, 5}
	right, err := SplitBytes([]byte("right"), q)
	require.NoError(t, err)
	forged, err := SplitBytes([]byte("wrong"), q)
	require.NoError(t, err)
	smaller, err := SplitBytes([]byte("wrong"), Quorum{2, 5})
	require.NoError(t, err)

	got, wrong, err := CombineBytes([]*ByteShare{forged[0], right[1], right[2], forged[3], right[4]}, q)
	require.NoError(t, err)
	require.Equal(t, "right", string(got))
	require.Equal(t, []int{0, 3}, wrong)

	got, wrong, err = CombineBytes([]*ByteShare{smaller[0], right[1], right[2], smaller[3], right[4]}, q)
	require.NoError(t, err)
	require.Equal(t, "right", string(got))
	require.Equal(t, []int{0, 3}, wrong)

	// Those who can lie about the quorum cannot win by it.
	_, _, err = CombineBytes([]*ByteShare{smaller[0], smaller[1], right[2]}, q)
	require.Error(t, err)
	// Two sharings, each with enough shares: nobody can tell which is right.
	_, wrong, err = CombineBytes(append(slices.Clone(right[:3]), forged[:3]...), q)
	require.ErrorContains(t, err, "of one sharing")
	require.Empty(t, wrong)
	// One share many times is one share.
	_, _, err = CombineBytes([]*ByteShare{right[0], right[0], right[0], right[1]}, q)
	require.Error(t, err)
	got, wrong, err = CombineBytes([]*ByteShare{right[0], right[0], right[2], right[1]}, q)
	require.NoError(t, err)
	require.Equal(t, "right", string(got))
	require.Empty(t, wrong)
	// A holder who takes another's index has no opening of its commitment.
	moved := *right[0]
	moved.index = 4
	_, wrong, err = CombineBytes([]*ByteShare{&moved, right[1], right[2], right[4]}, q)
	require.NoError(t, err)
	require.Equal(t, []int{0}, wrong)
	_, _, err = CombineBytes(right, Quorum{})
	require.ErrorContains(t, err, "Needed is 0")
	_, _, err = CombineBytes(nil, q)
	require.ErrorContains(t, err, "not enough")
	_, err = SplitBytes(nil, Quorum{1, 2})
	require.ErrorContains(t, err, "every party alone")
}

// TestSeeds holds that the shares below Needed are short whatever the secret is, and that those of
// them who together say that it is longer than memory are named, and take none.
func TestSeeds(t *testing.T) {
	q := Quorum{3, 5}
	secret := randomBytes(newRand(), 1<<16)
	right, err := SplitBytes(secret, q)
	require.NoError(t, err)
	for _, s := range right {
		b, err := s.AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, len(secret), s.Len())
		require.Equal(t, s.index < q.Needed, len(b) < 300)
		require.Len(t, s.value(), len(secret))
	}
	require.NotEqual(t, right[0].value(), right[1].value())
	shares := slices.Clone(right)
	digests := slices.Clone(right[0].digests)
	for i := range q.Needed - 1 {
		s := *right[i]
		s.length, s.digests = math.MaxInt, digests
		shares[i], digests[i] = &s, s.digest()
	}
	for _, s := range shares[:2] {
		require.Equal(t, s.digests[s.index-1], s.digest())
	}
	got, wrong, err := CombineBytes(shares, q)
	require.NoError(t, err)
	require.Equal(t, secret, got)
	require.Equal(t, []int{0, 1}, wrong)
	_, _, err = CombineBytes(shares[:2], q)
	require.ErrorContains(t, err, "not enough right shares")
	// A dealer that deals shares of different lengths gets an error.
	all := make([]*ByteShare, q.Parties)
	for i := range all {
		s := *right[i]
		s.length, s.digests = len(secret)+i, digests
		if !s.seeded() {
			s.data = make([]byte, s.length)
		}
		all[i], digests[i] = &s, s.digest()
	}
	_, _, err = CombineBytes(all, q)
	require.ErrorContains(t, err, "of one sharing")
}

// TestCommitmentsHide shows that a digest depends on a salt that nobody else has,
// so that those who guess a secret cannot check the guess by it.
func TestCommitmentsHide(t *testing.T) {
	c := &byteCoins{seed: [16]byte{1}, saltSeed: [16]byte{2}}
	one := splitBytes([]byte("guess"), Quorum{2, 3}, c)
	c.saltSeed[0]++
	two := splitBytes([]byte("guess"), Quorum{2, 3}, c)
	for i := range one {
		require.Equal(t, one[i].data, two[i].data)
		require.NotEqual(t, one[i].salt, two[i].salt)
		require.NotEqual(t, one[0].digests[i], two[0].digests[i])
		require.NotEqual(t, one[i].salt, one[(i+1)%3].salt)
	}
}

func BenchmarkBytes(b *testing.B) {
	q := Quorum{3, 5}
	secret := randomBytes(newRand(), 1<<20)
	shares, err := SplitBytes(secret, q)
	require.NoError(b, err)
	b.Run("Split", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			_, _ = SplitBytes(secret, q)
		}
	})
	b.Run("Combine", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			_, _, _ = CombineBytes(shares[1:4], q)
		}
	})
}
