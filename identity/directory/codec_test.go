package directory

import (
	"math/rand/v2"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
)

// sample returns a record with all fields and some signature.
func sample(t testing.TB) Signed {
	subject, err := identity.ParseSubject("91110000600037341L")
	require.NoError(t, err)
	area, err := identity.ParseArea("1101")
	require.NoError(t, err)
	code, err := identity.Mint(identity.Resource, subject, area)
	require.NoError(t, err)
	before, err := identity.Mint(identity.Resource, subject, area)
	require.NoError(t, err)
	path, err := identity.ParsePath("1101/气象局/观测")
	require.NoError(t, err)
	alias, err := identity.ParseAlias("10.1000/182")
	require.NoError(t, err)
	return Signed{Record{
		Aliases: []identity.Alias{alias}, Code: code, Keywords: []string{"气象", "开放"}, Location: "https://a.example.cn", Path: path,
		Policy: "p", Predecessor: before, Rights: []Right{{Hold, subject}, {Process, subject}, {Operate, subject}},
		Status: Suspended, Summary: "逐时", Title: "观测", Version: 300,
	}, []byte("signature")}
}

func TestStoredForm(t *testing.T) {
	s := sample(t)
	stored := string(appendEntry(nil, &s, [saltSize]byte{1}))
	got, salt, err := decodeEntry(stored)
	require.NoError(t, err)
	require.Equal(t, s, got)
	require.Equal(t, [saltSize]byte{1}, salt)
	for i := range stored {
		_, _, err := decodeEntry(stored[:i])
		require.Error(t, err)
		for bit := range 8 { // an error or another record, never a panic
			flipped := []byte(stored)
			flipped[i] ^= 1 << bit
			_, _, _ = decodeEntry(string(flipped))
		}
	}
	_, _, err = decodeEntry(stored + "\x00")
	require.Error(t, err)
	s.Record.Keywords = make([]string, maxList+1)
	_, _, err = decodeEntry(string(appendEntry(nil, &s, [saltSize]byte{})))
	require.Error(t, err)
}

func TestGallop(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		var l []uint32
		for x := uint32(0); len(l) < n; x += 1 + rng.Uint32N(4) {
			l = append(l, x)
		}
		for id := range uint32(170) {
			want := 0
			for want < n && l[want] < id {
				want++
			}
			require.Equal(t, want, gallop(l, id), "%v %d", l, id)
		}
	}
}

// What is a character's lower case has a case, so that a word without any is found
// as it is; and a gram is of what stands behind lowering too.
func TestCases(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		l := unicode.ToLower(r)
		if l != r && !hasCase(string(l)) || fold(r) != fold(l) {
			t.Errorf("%U", r)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	s := sample(f)
	f.Add(string(appendEntry(nil, &s, [saltSize]byte{})))
	s.Record.Aliases = nil
	f.Add(string(appendEntry(nil, &s, [saltSize]byte{})))
	f.Add("")
	f.Fuzz(func(t *testing.T, stored string) {
		s, salt, err := decodeEntry(stored)
		if err != nil {
			return
		}
		again, salt2, err := decodeEntry(string(appendEntry(nil, &s, salt)))
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.Equal(t, salt, salt2)
	})
}
