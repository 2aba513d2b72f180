package agreement

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity/keys"
	"github.com/dujiang-dev/dujiang/identity/sm"
)

var withSM2 = keys.Algorithms{keys.Ed25519(), sm.SM2()}

// useSM2 gives a side a key of SM2.
func useSM2(t testing.TB, s *side) {
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s.cfg.Signer = key
	s.party.Key, err = withSM2.Public(key)
	require.NoError(t, err)
}

// newWorldSM2 is newWorld in which the named sides have keys of SM2.
func newWorldSM2(t testing.TB, a, b bool) *world {
	w := newWorld(t)
	for i, s := range []*side{w.a, w.b} {
		s.cfg.Algorithms = withSM2
		if []bool{a, b}[i] {
			useSM2(t, s)
		}
		w.contract.Terms.Parties[i] = s.party
	}
	w.agree(t)
	return w
}

// Keys of SM2 open channels, on either end and on both.
func TestSM2(t *testing.T) {
	for _, who := range [][2]bool{{true, false}, {false, true}, {true, true}} {
		w := newWorldSM2(t, who[0], who[1])
		a, b := w.permits(t)
		chA, chB, errA, errB := open(t, a, b)
		require.NoError(t, errA)
		require.NoError(t, errB)
		go chA.Write([]byte("hello"))
		got := make([]byte, 5)
		_, err := io.ReadFull(chB, got)
		require.NoError(t, err)
		require.Equal(t, "hello", string(got))

		// A refusal comes from who it says it does.
		w = newWorldSM2(t, who[0], who[1])
		a, _ = w.permits(t)
		connA, connB := net.Pipe()
		var group sync.WaitGroup
		group.Go(func() { _, errA = Open(t.Context(), connA, a, "insurer"); connA.Close() })
		group.Go(func() { errB = Refuse(t.Context(), connB, w.b.cfg, w.contract, "clinic", ErrRight) })
		group.Wait()
		require.NoError(t, errB)
		require.ErrorIs(t, errA, ErrRight)
		require.ErrorIs(t, errA, ErrPeer)
	}
}

// Who did not name SM2 neither signs nor starts.
func TestSM2Unnamed(t *testing.T) {
	w := newWorldSM2(t, true, false)
	w.b.cfg.Algorithms = nil
	_, err := Authorize(t.Context(), w.b.cfg, w.contract, w.start)
	require.ErrorIs(t, err, ErrSignature)
	require.ErrorIs(t, err, keys.ErrAlgorithm)
	require.ErrorIs(t, w.contract.Sign(w.a.cfg.Signer), keys.ErrAlgorithm)
	require.ErrorIs(t, w.start.Sign(w.contract, w.a.cfg.Signer), keys.ErrAlgorithm)
	w.a.cfg.Algorithms = nil
	_, err = Authorize(t.Context(), w.a.cfg, w.contract, w.start)
	require.ErrorIs(t, err, keys.ErrAlgorithm)
	_, err = NewTermination(w.contract, now, w.a.cfg.Signer)
	require.ErrorIs(t, err, keys.ErrAlgorithm)
	end, err := NewTermination(w.contract, now, w.a.cfg.Signer, withSM2...)
	require.NoError(t, err)
	w.b.cfg.Algorithms = withSM2
	w.b.cfg.Terminations = []*Termination{end}
	_, err = Authorize(t.Context(), w.b.cfg, w.contract, w.start)
	require.ErrorIs(t, err, ErrPeriod)
}

func loopback(t testing.TB) (a, b net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	a, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	b, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// Who knows all that was signed and has another key, of either algorithm, is
// turned away, on either end.
func TestSM2Stranger(t *testing.T) {
	for _, thiefSM2 := range []bool{false, true} {
		for _, who := range []int{0, 1} {
			w := newWorldSM2(t, true, true)
			a, b := w.permits(t)
			thief := newSide(t, "thief", 9)
			thief.cfg.Algorithms = withSM2
			if thiefSM2 {
				useSM2(t, thief)
			}
			cfg := *thief.cfg
			[]*Permit{a, b}[who].cfg = &cfg
			// Over TCP: in an unbuffered pipe the alert would wait for the rest of
			// the client's flight, which nobody reads.
			connA, connB := loopback(t)
			_, _, errA, errB := openOver(t, connA, connB, a, b)
			require.ErrorIs(t, []error{errB, errA}[who], ErrStranger)
			require.Error(t, []error{errA, errB}[who])
		}
	}
}

// A signed key serves one party towards one other, for its time, and in one
// form.
func TestStandIn(t *testing.T) {
	w := newWorldSM2(t, true, true)
	signer, uris, err := standIn(w.a.cfg, "clinic", "insurer")
	require.NoError(t, err)
	public := signer.Public().(ed25519.PublicKey)
	check := func(cfg *Config, self string, peer Party, public ed25519.PublicKey, uris ...*url.URL) error {
		return checkStandIn(cfg, self, peer, public, uris)
	}
	require.NoError(t, check(w.b.cfg, "insurer", w.a.party, public, uris[0]))
	other, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	require.ErrorIs(t, check(w.b.cfg, "insurer", w.a.party, other, uris[0]), keys.ErrSignature)
	require.ErrorIs(t, check(w.b.cfg, "register", w.a.party, public, uris[0]), keys.ErrSignature)
	require.ErrorIs(t, check(w.b.cfg, "insurer", w.b.party, public, uris[0]), keys.ErrSignature)
	require.ErrorIs(t, check(w.b.cfg, "insurer", Party{"other", w.a.party.Key}, public, uris[0]), keys.ErrSignature)
	require.Error(t, check(w.b.cfg, "insurer", w.a.party, public))
	require.Error(t, check(w.b.cfg, "insurer", w.a.party, public, uris[0], uris[0]))
	for off, ok := range map[time.Duration]bool{
		-substituteFor: true, -substituteFor - time.Second: false, substituteFor - time.Second: true, substituteFor: false,
	} {
		cfg := *w.b.cfg
		cfg.Now = func() time.Time { return now.Add(off) }
		require.Equal(t, ok, check(&cfg, "insurer", w.a.party, public, uris[0]) == nil, off)
	}
	text := uris[0].String()
	for _, bad := range []string{
		"urn:dujiang", substituteURI, substituteURI + "1", strings.Replace(text, ":gate:1:", ":gate:2:", 1), strings.Replace(text, ":1:", ":1:9", 1),
		text + "=", text + "A", text[:len(text)-1], "https://" + text,
	} {
		u, err := url.Parse(bad)
		if err == nil {
			require.Error(t, check(w.b.cfg, "insurer", w.a.party, public, u), bad)
		}
	}
	// Signatures of other kinds of statements are none of keys.
	signature, err := withSM2.Sign(w.a.cfg.Signer, domain("contract"), substitute{public, "clinic", "insurer", now.Add(substituteFor).Unix()})
	require.NoError(t, err)
	require.ErrorIs(t, withSM2.Verify(w.a.party.Key, domain("TLS key"), substitute{public, "clinic", "insurer", now.Add(substituteFor).Unix()}, signature), keys.ErrSignature)

	// A signer that fails opens nothing.
	cfg := *w.a.cfg
	cfg.Signer = broken{w.a.cfg.Signer.(*sm2.PrivateKey)}
	a, b := w.permits(t)
	a.cfg = &cfg
	_, _, errA, errB := open(t, a, b)
	require.ErrorIs(t, errA, errBroken)
	require.Error(t, errB)
}

var errBroken = errors.New("the module is broken")

// broken is a hardware module that shows its key and does not sign.
type broken struct{ *sm2.PrivateKey }

func (broken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errBroken }
