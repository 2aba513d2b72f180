package share

import (
	"crypto/sha512"
	"slices"
	"testing"

	"github.com/gtank/ristretto255"
	"github.com/stretchr/testify/require"
)

// order is the order of ristretto255 [RFC9496, section 4], little-endian.
var order = []byte{
	0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
}

func scalarSecret(text string) []byte {
	digest := sha512.Sum512([]byte(text))
	s, err := new(ristretto255.Scalar).SetUniformBytes(digest[:])
	if err != nil {
		panic(err)
	}
	return s.Bytes()
}

// verifiables are the two ways to share scalars.
var verifiables = map[string]func([]byte, Quorum) (*Commitment, []*ScalarShare, error){
	"Feldman": SplitFeldman, "Pedersen": SplitPedersen,
}

func TestVerifiable(t *testing.T) {
	for name, split := range verifiables {
		t.Run(name, func(t *testing.T) {
			for _, q := range quorums {
				if testing.Short() && q.Parties > 3 {
					continue
				}
				secret := scalarSecret(q.String())
				c, shares, err := split(secret, q)
				require.NoError(t, err)
				require.Equal(t, q, c.Quorum())
				_, others, err := split(secret, q)
				require.NoError(t, err)
				for i, s := range shares {
					require.Equal(t, i+1, s.Index())
					require.NoError(t, c.Verify(s))
					require.ErrorContains(t, c.Verify(others[i]), "not what the dealer committed to")
				}
				// Sets of shares, all of few parties, the rest of them wrong.
				for set := 0; set < 1<<q.Parties; set += 1 + q.Parties/5 {
					given := slices.Clone(shares)
					var wrong []int
					for i := range given {
						if set>>i&1 == 0 {
							given[i] = others[i]
							wrong = append(wrong, i)
						}
					}
					got, named, err := c.Combine(given)
					require.Equal(t, wrong, named)
					if q.Parties-len(wrong) >= q.Needed {
						require.NoError(t, err)
						require.Equal(t, secret, got)
					} else {
						require.ErrorContains(t, err, "it takes "+q.String())
					}
				}
				_, wrong, err := c.Combine([]*ScalarShare{shares[0], shares[0], nil})
				require.Error(t, err)
				require.Equal(t, []int{2}, wrong)
			}
		})
	}
}

// TestVerifiableErrors covers secrets that cannot be shared, and shares of
// another kind of sharing.
func TestVerifiableErrors(t *testing.T) {
	q := Quorum{2, 3}
	for name, split := range verifiables {
		for _, secret := range [][]byte{nil, make([]byte, 31), make([]byte, 33), order} {
			_, _, err := split(secret, q)
			require.ErrorContains(t, err, "below the order of the group", name)
		}
		_, _, err := split(scalarSecret(""), Quorum{2, 1})
		require.Error(t, err)
	}
	_, _, err := SplitFeldman(make([]byte, ScalarSize), q)
	require.ErrorContains(t, err, "zero")
	blinded, _, err := SplitPedersen(make([]byte, ScalarSize), q)
	require.NoError(t, err)
	_, open, err := SplitFeldman(scalarSecret(""), q)
	require.NoError(t, err)
	_, larger, err := SplitPedersen(scalarSecret(""), Quorum{2, 4})
	require.NoError(t, err)
	require.ErrorContains(t, blinded.Verify(open[0]), "different sharings")
	require.ErrorContains(t, blinded.Verify(larger[0]), "different sharings")
	require.ErrorContains(t, blinded.Verify(nil), "nil")
	require.ErrorContains(t, new(Commitment).Verify(new(ScalarShare)), "empty")
}

// TestFeldmanShowsThePublicKey and that Pedersen does not, with the same coins.
func TestFeldmanShowsThePublicKey(t *testing.T) {
	secret := scalarSecret("key")
	x, err := new(ristretto255.Scalar).SetCanonicalBytes(secret)
	require.NoError(t, err)
	public := new(ristretto255.Element).ScalarBaseMult(x)
	for _, kind := range []verifiable{0, blinded} {
		c, _, err := splitScalar(secret, Quorum{2, 3}, kind, [16]byte{1})
		require.NoError(t, err)
		require.Equal(t, kind != blinded, c.elements[0].Equal(public) == 1)
	}
}

// TestRefreshScalars goes through epochs, over encodings, with a dealer who does
// not deal zero and one who deals something else than it publishes.
func TestRefreshScalars(t *testing.T) {
	q := Quorum{2, 3}
	for name, split := range verifiables {
		secret := scalarSecret(name)
		c, shares, err := split(secret, q)
		require.NoError(t, err)
		first, before := c, shares
		for range 2 {
			var dealings []*Commitment
			inbox := make([][]*ScalarShare, q.Parties)
			for range q.Parties {
				dealing, updates := c.Refresh()
				b, err := dealing.AppendBinary(nil)
				require.NoError(t, err)
				dealing, err = ParseCommitment(b)
				require.NoError(t, err)
				dealings = append(dealings, dealing)
				for i, u := range updates {
					b, err := u.AppendBinary(nil)
					require.NoError(t, err)
					u, err = ParseScalarShare(b)
					require.NoError(t, err)
					require.NoError(t, dealing.Verify(u))
					inbox[i] = append(inbox[i], u)
				}
			}
			require.Error(t, dealings[0].Verify(inbox[0][1]), "another dealer's")
			require.ErrorContains(t, dealings[0].Verify(shares[0]), "different sharings")
			require.ErrorContains(t, c.Verify(inbox[0][0]), "different sharings")
			_, _, err := dealings[0].Combine(inbox[0])
			require.ErrorContains(t, err, "to zero")

			next, err := c.Apply(dealings)
			require.NoError(t, err)
			after := make([]*ScalarShare, q.Parties)
			for i, s := range shares {
				after[i], err = s.Apply(inbox[i])
				require.NoError(t, err)
				require.NoError(t, next.Verify(after[i]))
				require.Error(t, c.Verify(after[i]))
				require.Error(t, next.Verify(s))
				_, err = s.Apply(inbox[(i+1)%3])
				require.ErrorContains(t, err, "not for this share")
				_, err = s.Apply([]*ScalarShare{nil})
				require.ErrorContains(t, err, "position 0")
				_, err = s.Apply(shares[i : i+1])
				require.ErrorContains(t, err, "not for this share")
			}
			_, err = c.Apply([]*Commitment{dealings[0], c})
			require.ErrorContains(t, err, "position 1 is not a refresh")
			got, wrong, err := next.Combine(append([]*ScalarShare{before[0]}, after...))
			require.NoError(t, err)
			require.Equal(t, []int{0}, wrong)
			require.Equal(t, secret, got)
			require.Equal(t, 1, next.elements[0].Equal(first.elements[0]))
			c, shares = next, after
		}
		// A dealing of another number than zero cannot be encoded as a refresh, and
		// its updates do not verify.
		one := smallScalar(1)
		dealing, updates := dealScalar(one, q, c.kind|refreshes, [16]byte{9})
		b, err := dealing.AppendBinary(nil)
		require.NoError(t, err)
		dealing, err = ParseCommitment(b)
		require.NoError(t, err)
		for _, u := range updates {
			require.ErrorContains(t, dealing.Verify(u), "not what the dealer committed to")
		}
	}
}

// TestCoinsEnterEveryShare: for a quorum of two, whatever one share is,
// there is a polynomial for every secret. Shares of different secrets under
// different coins must then not be told apart by their value; this checks that
// the coins enter with a factor that is not zero.
func TestCoinsEnterEveryShare(t *testing.T) {
	for _, blinded := range []verifiable{0, blinded} {
		_, one, err := splitScalar(scalarSecret("a"), Quorum{2, 5}, blinded, [16]byte{1})
		require.NoError(t, err)
		_, two, err := splitScalar(scalarSecret("a"), Quorum{2, 5}, blinded, [16]byte{2})
		require.NoError(t, err)
		for i := range one {
			require.Zero(t, one[i].value.Equal(two[i].value))
		}
	}
}
