package keys

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"
	"github.com/stretchr/testify/require"
)

func signer(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, 32))
}

type claim struct {
	Who   string `json:"who"`
	Count int    `json:"count"`
}

func TestSign(t *testing.T) {
	var as Algorithms
	k, err := as.Public(signer(1))
	require.NoError(t, err)
	s := claim{"甲", 3}
	sig, err := as.Sign(signer(1), "claim", s)
	require.NoError(t, err)
	require.NoError(t, as.Verify(k, "claim", s, sig))
	// Maps have the same canonical form as structs.
	require.NoError(t, as.Verify(k, "claim", map[string]any{"count": 3, "who": "甲"}, sig))

	require.ErrorIs(t, as.Verify(k, "claims", s, sig), ErrSignature)
	require.ErrorIs(t, as.Verify(k, "claim", claim{"甲", 4}, sig), ErrSignature)
	for i := range sig {
		require.ErrorIs(t, as.Verify(k, "claim", s, sig[:i]), ErrSignature)
		bad := bytes.Clone(sig)
		bad[i] ^= 1
		require.ErrorIs(t, as.Verify(k, "claim", s, bad), ErrSignature)
	}
	require.ErrorIs(t, as.Verify(k, "claim", s, append(sig, 0)), ErrSignature)
	other, err := as.Public(signer(2))
	require.NoError(t, err)
	require.ErrorIs(t, as.Verify(other, "claim", s, sig), ErrSignature)
	require.ErrorIs(t, as.Verify(PublicKey{}, "claim", s, sig), ErrAlgorithm)
	require.ErrorIs(t, Algorithms{{}}.Verify(k, "claim", s, sig), ErrAlgorithm)

	for _, domain := range []string{"", strings.Repeat("d", 256)} {
		_, err = as.Sign(signer(1), domain, s)
		require.Error(t, err)
	}
	_, err = as.Sign(signer(1), "claim", claim{"\xff", 3})
	require.ErrorContains(t, err, "UTF-8")
	_, err = as.Sign(nil, "claim", s)
	require.Error(t, err)
}

// Integers that would be rounded would share a signature.
func TestIntegers(t *testing.T) {
	for _, good := range []any{
		0, int64(1<<53 - 1), int64(-(1<<53 - 1)), []int64{1<<53 - 1, 2}, 1.5, 1e30, 12345678.12345678, "9007199254740992", `\"9007199254740992`,
		map[string]int{"9007199254740992": 1}, json.RawMessage(`1E30`), []string{`\`, "9007199254740993"},
	} {
		_, err := Canonical(good)
		require.NoError(t, err, "%v", good)
	}
	for _, bad := range []any{
		int64(1 << 53), int64(1<<53 + 1), int64(-1 << 53), uint64(1<<64 - 1), []int64{1, 1<<53 + 1}, map[string]int64{`\"`: 1 << 60},
		json.RawMessage(`9007199254740991.9`), struct{ N, M int64 }{1, 1 << 53},
	} {
		_, err := Canonical(bad)
		require.ErrorContains(t, err, "2^53", "%v", bad)
		_, err = Algorithms(nil).Sign(signer(1), "claim", bad)
		require.Error(t, err)
	}
}

// broken signs, but wrongly, as a faulty module does.
type broken struct{ ed25519.PrivateKey }

func (b broken) Sign(r io.Reader, m []byte, o crypto.SignerOpts) ([]byte, error) {
	sig, err := b.PrivateKey.Sign(r, m, o)
	sig[0] ^= 1
	return sig, err
}

func TestFaultySigner(t *testing.T) {
	_, err := Algorithms(nil).Sign(broken{signer(1)}, "claim", claim{})
	require.ErrorContains(t, err, "does not hold")
}

func TestKeyText(t *testing.T) {
	k, err := Algorithms(nil).Public(signer(1))
	require.NoError(t, err)
	text := k.String()
	for _, bad := range []string{"", ":", "ed25519", "ed25519:", "ED25519:AA", "ed25519:A", "ed25519:AB", "ed25519:AA==", "ed25519:A\nA",
		"a/b:AA", "ed25519:" + strings.Repeat("A", 4*maxKey), strings.Repeat("a", 17) + ":AA", text + "\n", " " + text, text[:len(text)-1] + "="} {
		_, err := ParsePublicKey(bad)
		require.Error(t, err, "%q", bad)
	}
	b, err := json.Marshal(k)
	require.NoError(t, err)
	var got PublicKey
	require.NoError(t, json.Unmarshal(b, &got))
	require.Equal(t, k, got)
	require.Equal(t, "ed25519", got.Algorithm())
	require.Equal(t, []byte(signer(1).Public().(ed25519.PublicKey)), got.Bytes())
	_, err = PublicKey{}.MarshalText()
	require.Error(t, err)
	require.Error(t, got.UnmarshalText([]byte("x")))
	require.Equal(t, k, got)
}

// The eight points of small order and their other encodings verify signatures
// that nobody made. From "Taming the many EdDSAs", table 6.
func TestSmallOrder(t *testing.T) {
	for _, s := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"0200000000000000000000000000000000000000000000000000000000000000",
	} {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		require.Error(t, Algorithms(nil).Check(PublicKey{"ed25519", string(b)}), s)
	}
	require.Error(t, Algorithms(nil).Check(PublicKey{"ed25519", "short"}))
}

func TestDecode(t *testing.T) {
	for _, bad := range []string{
		``, `{`, `{"who":"a","who":"b","count":1}`, `{"who":"a","count":1,"more":2}`, `{"Who":"a","count":1}`,
		`{"who":"a","count":1}x`, `{"who":"a","count":1e400}`, `{"who":"a","count":9007199254740993}`, `{"who":null,"count":1}`,
		strings.Repeat("[", 10000), `{"who":"\ud800","count":1}`, `{"who":"` + strings.Repeat("a", 2000) + `"}`,
	} {
		var c claim
		require.Error(t, Decode([]byte(bad), &c, 1000), "%.40s", bad)
		require.Zero(t, c)
	}
}

// The canonicalisation is RFC 8785's, over the vectors of its author.
func TestCanonicalVectors(t *testing.T) {
	inputs, err := filepath.Glob("../../../shared/vectors/jcs-rfc8785/input/*.json")
	require.NoError(t, err)
	if len(inputs) == 0 {
		t.Skip("the vectors are not here")
	}
	for _, in := range inputs {
		b, err := os.ReadFile(in)
		require.NoError(t, err)
		want, err := os.ReadFile(filepath.Join(filepath.Dir(in), "../output", filepath.Base(in)))
		require.NoError(t, err)
		got, err := jcs.Transform(b)
		require.NoError(t, err, in)
		require.Equal(t, string(want), string(got), in)
		digits, err := os.ReadFile(filepath.Join(filepath.Dir(in), "../outhex", strings.TrimSuffix(filepath.Base(in), ".json")+".txt"))
		require.NoError(t, err)
		inHex, err := hex.DecodeString(strings.Join(strings.Fields(string(digits)), ""))
		require.NoError(t, err)
		require.Equal(t, string(want), string(inHex), in)
		got, err = Canonical(json.RawMessage(b))
		require.NoError(t, err, in)
		require.Equal(t, string(want), string(got), in)
	}
}

// What is accepted as a key is written as it was.
func FuzzKey(f *testing.F) {
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(f, err)
	f.Add(PublicKey{"ed25519", string(pub)}.String())
	f.Add("sm2:BA")
	f.Add("ed25519:AB")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParsePublicKey(s); err == nil {
			require.Equal(t, s, k.String())
		}
	})
}
