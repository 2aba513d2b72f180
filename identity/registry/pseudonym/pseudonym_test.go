package pseudonym

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
)

// The example of GB 11643-1999, whose check character is X, and another one.
const number, other = "11010519491231002X", "440524188001010014"

func servers(t testing.TB, b byte) (registrar, authority *Server) {
	registrar, err := NewServer(Registrar, bytes.Repeat([]byte{b}, SeedSize))
	require.NoError(t, err)
	authority, err = NewServer(Authority, bytes.Repeat([]byte{b}, SeedSize))
	require.NoError(t, err)
	return registrar, authority
}

func run(t testing.TB, registrar, authority *Server, number, scope string) identity.Subject {
	c, err := NewClient(registrar.Public(), authority.Public())
	require.NoError(t, err)
	r, err := c.Blind(number, scope)
	require.NoError(t, err)
	a1, err := registrar.Answer(r.ToRegistrar())
	require.NoError(t, err)
	a2, err := authority.Answer(r.ToAuthority())
	require.NoError(t, err)
	s, err := r.Finish(a1, a2)
	require.NoError(t, err)
	return s
}

func TestPseudonym(t *testing.T) {
	registrar, authority := servers(t, 1)
	s := run(t, registrar, authority, number, "3101")
	require.Equal(t, identity.Person, s.Kind())
	require.Equal(t, s, run(t, registrar, authority, strings.ToLower(number), "3101"))
	// Everything else makes another one: number, scope, either key.
	registrar2, authority2 := servers(t, 2)
	seen := map[identity.Subject]bool{s: true}
	for _, s := range []identity.Subject{
		run(t, registrar, authority, other, "3101"), run(t, registrar, authority, number, "3102"), run(t, registrar, authority, number, ""),
		run(t, registrar2, authority, number, "3101"), run(t, registrar, authority2, number, "3101"), run(t, authority, registrar, number, "3101"),
	} {
		require.False(t, seen[s])
		seen[s] = true
	}
}

// What a server sees of the same number is different each time, and differs
// between the servers.
func TestBlind(t *testing.T) {
	registrar, authority := servers(t, 1)
	c, err := NewClient(registrar.Public(), authority.Public())
	require.NoError(t, err)
	seen := make(map[string]bool)
	for range 50 {
		r, err := c.Blind(number, "")
		require.NoError(t, err)
		for _, m := range [][]byte{r.ToRegistrar(), r.ToAuthority()} {
			require.Len(t, m, RequestSize)
			require.False(t, seen[string(m)])
			seen[string(m)] = true
		}
	}
	for _, bad := range []string{"", number[:17], number + "0", "110105194912310021", "a10105194912310020", "1101051949123100２X"} {
		_, err := c.Blind(bad, "")
		require.Error(t, err)
		if bad != "" {
			require.NotContains(t, err.Error(), bad)
		}
	}
	for i := range 17 { // 11 behind a digit, which has the same remainder
		wrong := []byte(number)
		wrong[i] += 11
		_, err := c.Blind(string(wrong), "")
		require.Error(t, err)
	}
	_, err = c.Blind(number, strings.Repeat("s", MaxScope+1))
	require.Error(t, err)
	_, err = c.Blind(number, strings.Repeat("s", MaxScope))
	require.NoError(t, err)
}

func TestHostile(t *testing.T) {
	registrar, authority := servers(t, 1)
	c, err := NewClient(registrar.Public(), authority.Public())
	require.NoError(t, err)
	r, err := c.Blind(number, "")
	require.NoError(t, err)
	request := r.ToRegistrar()
	for i := range request {
		_, err := registrar.Answer(request[:i])
		require.Error(t, err)
	}
	_, err = registrar.Answer(append(request, 0))
	require.Error(t, err)
	_, err = registrar.Answer(append([]byte{2}, request[1:]...))
	require.Error(t, err)
	for _, b := range []byte{0, 0xff} { // the identity, and no element
		_, err = registrar.Answer(append([]byte{version}, bytes.Repeat([]byte{b}, elementSize)...))
		require.Error(t, err)
	}

	a1, err := registrar.Answer(request)
	require.NoError(t, err)
	a2, err := authority.Answer(r.ToAuthority())
	require.NoError(t, err)
	want, err := r.Finish(a1, a2)
	require.NoError(t, err)
	require.Equal(t, want, run(t, registrar, authority, number, ""))
	for i := range a1 {
		_, err := r.Finish(a1[:i], a2)
		require.Error(t, err)
		for bit := range 8 {
			if testing.Short() && bit != i%8 {
				continue
			}
			bad := bytes.Clone(a2)
			bad[i] ^= 1 << bit
			_, err = r.Finish(a1, bad)
			require.Error(t, err, "%d %d", i, bit)
		}
	}
	_, err = r.Finish(append(a1, 0), a2)
	require.Error(t, err)
	// The order of the group added to a scalar of the proof is another form of it.
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	for _, at := range []int{1 + elementSize, 1 + 2*elementSize} {
		longer := bytes.Clone(a1)
		scalar := longer[at : at+32]
		slices.Reverse(scalar)
		new(big.Int).Add(order, new(big.Int).SetBytes(scalar)).FillBytes(scalar)
		slices.Reverse(scalar)
		_, err = r.Finish(longer, a2)
		require.ErrorIs(t, err, errMessage)
	}
	_, err = r.Finish(a2, a1)
	require.Error(t, err)

	// A server that marks somebody with another key.
	marking, _ := servers(t, 2)
	a1, err = marking.Answer(request)
	require.NoError(t, err)
	_, err = r.Finish(a1, a2)
	require.ErrorContains(t, err, "registrar did not use its published key")

	_, err = NewClient(registrar.Public(), registrar.Public())
	require.Error(t, err)
	_, err = NewClient(PublicKey{}, registrar.Public())
	require.Error(t, err)
	for _, seed := range [][]byte{nil, make([]byte, 31), make([]byte, 33)} {
		_, err = NewServer(Registrar, seed)
		require.Error(t, err)
	}
	_, err = NewServer("both", make([]byte, 32))
	require.Error(t, err)
}

// RFC 9497, A.1.2 (ristretto255-SHA512, VOPRF mode), test vector 1: what our
// suite computes is the standard's function.
func TestVector(t *testing.T) {
	key, err := oprf.DeriveKey(suite, oprf.VerifiableMode, bytes.Repeat([]byte{0xa3}, 32), []byte("test key"))
	require.NoError(t, err)
	b, err := key.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, "e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909", fmt.Sprintf("%x", b))
	out, err := oprf.NewVerifiableServer(suite, key).FullEvaluate([]byte{0})
	require.NoError(t, err)
	require.Equal(t, "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"+
		"a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c", fmt.Sprintf("%x", out))
}

func TestConcurrent(t *testing.T) {
	registrar, authority := servers(t, 1)
	want := run(t, registrar, authority, number, "")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if run(t, registrar, authority, number, "") != want {
				t.Error("another pseudonym")
			}
		})
	}
	wg.Wait()
}

func TestSecretsDoNotPrint(t *testing.T) {
	registrar, authority := servers(t, 1)
	c, err := NewClient(registrar.Public(), authority.Public())
	require.NoError(t, err)
	r, err := c.Blind(number, "")
	require.NoError(t, err)
	for _, v := range []any{registrar, r} {
		want := strings.TrimPrefix(fmt.Sprintf("%T", v), "*")
		for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
			require.Equal(t, want, fmt.Sprintf(f, v))
		}
		require.Equal(t, want, v.(slog.LogValuer).LogValue().String())
	}
}

// An answer to any request is 97 bytes, or none.
func FuzzAnswer(f *testing.F) {
	registrar, _ := servers(f, 1)
	g, err := group.Ristretto255.Generator().MarshalBinaryCompress()
	require.NoError(f, err)
	f.Add(append([]byte{version}, g...))
	f.Add(make([]byte, RequestSize))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := registrar.Answer(b)
		require.Equal(t, err == nil, len(a) == AnswerSize)
		require.Equal(t, err != nil, a == nil)
	})
}

func BenchmarkPseudonym(b *testing.B) {
	registrar, authority := servers(b, 1)
	for b.Loop() {
		run(b, registrar, authority, number, "")
	}
}
