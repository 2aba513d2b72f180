package sm_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/sm"
)

func TestSM2(t *testing.T) {
	private, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	as := keys.Algorithms{keys.Ed25519(), sm.SM2()}
	k, err := as.Public(private)
	require.NoError(t, err)
	require.Equal(t, "sm2", k.Algorithm())
	statement := map[string]string{"a": "数据"}
	sig, err := as.Sign(private, "test", statement)
	require.NoError(t, err)
	require.NoError(t, as.Verify(k, "test", statement, sig))
	require.ErrorIs(t, as.Verify(k, "tests", statement, sig), keys.ErrSignature)
	for i := range sig {
		require.ErrorIs(t, as.Verify(k, "test", statement, sig[:i]), keys.ErrSignature)
		bad := append([]byte(nil), sig...)
		bad[i] ^= 1
		require.ErrorIs(t, as.Verify(k, "test", statement, bad), keys.ErrSignature)
	}
	require.ErrorIs(t, as.Verify(k, "test", statement, append(sig, 0)), keys.ErrSignature)

	// Who did not list SM2 does not accept it.
	_, err = keys.Algorithms(nil).Public(private)
	require.ErrorIs(t, err, keys.ErrAlgorithm)
	require.ErrorIs(t, keys.Algorithms(nil).Verify(k, "test", statement, sig), keys.ErrAlgorithm)

	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, err = as.Public(p256)
	require.ErrorIs(t, err, keys.ErrAlgorithm)
}

func TestKeys(t *testing.T) {
	as := keys.Algorithms{sm.SM2()}
	for _, s := range []string{"AA", "BA", "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		k, err := keys.ParsePublicKey("sm2:" + s)
		require.NoError(t, err)
		require.Error(t, as.Check(k))
	}
}

// SM3 of abc, GB/T 32905-2016, annex A.1, and the signature of GB/T 32918.5-2017,
// annex A.2: the hash of Z_A and "message digest", and r and s.
func TestStandard(t *testing.T) {
	h := sm3.Sum([]byte("abc"))
	require.Equal(t, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", hex.EncodeToString(h[:]))
	number := func(s string) *big.Int { n, _ := new(big.Int).SetString(s, 16); return n }
	raw, err := hex.DecodeString("04" + "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020" +
		"CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13")
	require.NoError(t, err)
	pub, err := sm2.NewPublicKey(raw)
	require.NoError(t, err)
	digest, err := sm2.CalculateSM2Hash(pub, []byte("message digest"), nil)
	require.NoError(t, err)
	require.Equal(t, "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640", hex.EncodeToString(digest))
	require.True(t, sm2.Verify(pub, digest,
		number("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"),
		number("B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")))
}
