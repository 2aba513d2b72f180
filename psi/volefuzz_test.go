package psi

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/testparty"
)

// FuzzVOLE feeds a party of the protocol VOLE what the other side sent once,
// with some bytes replaced, or cut. Anything but the original gives a classified
// error.
func FuzzVOLE(f *testing.F) {
	set := newSet(f, x...)
	type recorded struct {
		cfg    *Config
		role   session.Role
		stream []byte
		coins  *coins
	}
	var runs []recorded
	for _, way := range []string{"vole to both", "vole malicious"} {
		cfg := ways()[way]
		cfg.Workers = 1 // keeps the goroutines few
		a, b := &side{set: set, cfg: cfg}, &side{set: set, cfg: cfg}
		var toA, toB bytes.Buffer
		errA, errB := testparty.Join(f.Context(), a.receive, b.send, testparty.Tap(&toA, &toB))
		require.NoError(f, errors.Join(errA, errB))
		runs = append(runs, recorded{cfg, session.RoleA, toA.Bytes(), testCoins(1)},
			recorded{cfg, session.RoleB, toB.Bytes(), testCoins(2)})
	}
	for i, r := range runs {
		n := uint32(len(r.stream))
		f.Add(uint8(i), uint32(0), r.stream[:1])         // the original
		f.Add(uint8(i), n/2, []byte{})                   // cut
		f.Add(uint8(i), uint32(200), []byte{0xff, 0xff}) // in the first messages
		f.Add(uint8(i), n-100, bytes.Repeat([]byte{1}, 20))
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint32, patch []byte) {
		r := runs[int(which)%len(runs)]
		at %= uint32(len(r.stream))
		stream := bytes.Clone(r.stream)
		if n := copy(stream[at:], patch); n == 0 {
			stream = stream[:at]
		}
		rw := struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(stream), io.Discard}
		result, err := run(t.Context(), rw, r.role, set, r.cfg, r.coins)
		if (err == nil) != bytes.Equal(stream, r.stream) {
			t.Errorf("result %v, error %v", result, err)
		}
		if err != nil && !classified(err) {
			t.Errorf("unclassified: %v", err)
		}
	})
}
