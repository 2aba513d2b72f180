package psi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/testparty"
)

// voleBytes computes what a receiver of n items sends and receives in a run with
// a sender of m, from the messages that the package comment names.
func voleBytes(t *testing.T, adversary Adversary, n, m int) (sent, received int64) {
	const frame = 5
	const ends = 8 + 2 + 2 + 2 + 1 + 16 + 8 + 32 + 32 + frame + 8 // hello and end
	x := &exchange{
		params: &params{adversary: adversary, workers: 1}, coins: newCoins(),
		own: n, peers: m, parts: 1, most: max(n, m),
	}
	v := newVOLE(x)
	dims, err := v.dims(n)
	require.NoError(t, err)
	messages := func(n, chunk, width int) (size int64) {
		for ; n > 0; n -= chunk {
			size += int64(packedSize(min(n, chunk), width) + frame)
		}
		return size
	}
	cfg := v.config()
	cost := cfg.Cost(dims.Size(), false)
	sent = ends + int64(cost.Received+frame) + 2*prg.Size + frame + messages(dims.Size(), voleChunk, v.mask)
	received = ends + int64(cost.Sent+2*frame) + messages(m, tagChunk, x.width)
	if adversary == Malicious {
		sent += frame                                                    // of the challenge
		received += frame + /* the commitment */ 32 + frame + 16 + frame // and the opening
	}
	return sent, received
}

// What the messages add up to is what crosses the wire, and at sizes that count,
// what the package comment promises.
func TestVOLEBytes(t *testing.T) {
	all := [][2]int{{1, 1}, {1, 5000}, {300, 500}, {9000, 10}, {20_000, 20_000}}
	if testing.Short() {
		all = all[:3]
	}
	for _, adversary := range []Adversary{SemiHonest, Malicious} {
		cfg := &Config{Adversary: adversary, Reveal: RevealReceiver, Protocol: VOLE}
		for _, sizes := range all {
			n, m := sizes[0], sizes[1]
			a, b := check(t, cfg, numbers(0, n), numbers(n/2, n/2+m))
			sent, received := voleBytes(t, adversary, n, m)
			require.Equal(t, sent, a.Stats.Sent, "%v, %d and %d items", adversary, n, m)
			require.Equal(t, received, a.Stats.Received, "%v, %d and %d items", adversary, n, m)
			require.Equal(t, sent, b.Stats.Received)
			require.Equal(t, received, b.Stats.Sent)
		}
		for _, log := range []int{18, 20, 22} {
			n := 1 << log
			sent, received := voleBytes(t, adversary, n, n)
			promised := 11*n + tagBits(n, n)*n/8
			if adversary == Malicious {
				promised = 22*n + 16*n
			}
			require.InDelta(t, promised+800_000, sent+received, 0.02*float64(promised)+200_000, "%v, 2^%d items", adversary, log)
		}
	}
}

// allocated returns what each side allocates when it runs again, alone, with what it
// was sent.
func allocated(t *testing.T, cfg *Config, n, m int) (receiver, sender int) {
	a := &side{set: newSet(t, numbers(0, n)...), cfg: cfg}
	b := &side{set: newSet(t, numbers(n/2, n/2+m)...), cfg: cfg}
	var toA, toB bytes.Buffer
	errA, errB := testparty.Join(t.Context(), a.receive, b.send, testparty.Tap(&toA, &toB))
	require.NoError(t, errors.Join(errA, errB))
	again := func(set *Set, role session.Role, stream []byte, coins *coins) int {
		before := totalAlloc()
		rw := struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(stream), io.Discard}
		_, err := run(t.Context(), rw, role, set, cfg, coins)
		require.NoError(t, err)
		return int(totalAlloc() - before)
	}
	return again(a.set, session.RoleA, toA.Bytes(), testCoins(1)), again(b.set, session.RoleB, toB.Bytes(), testCoins(2))
}

// A party allocates, over a whole run, hardly more than what the package comment
// says that it holds for each item, beside what it does for a few. What the sender
// allocates for each item that the receiver declares is what a hostile receiver
// can make it allocate.
func TestVOLEMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates too")
	}
	if !cpu.AVX2.Enabled() {
		t.Skip("the code without kernels allocates ciphers")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which empties pools
	sizes := [][2]int{{1 << 17, 1 << 17}, {1 << 17, 10}, {10, 1 << 17}}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, adversary := range []Adversary{SemiHonest, Malicious} {
		cfg := &Config{Adversary: adversary, Reveal: RevealReceiver, Protocol: VOLE, Workers: 1}
		fewA, fewB := allocated(t, cfg, 10, 10)
		for _, size := range sizes {
			n, m := size[0], size[1]
			receiver, sender := allocated(t, cfg, n, m)
			name := fmt.Sprintf("%v, %d and %d items", adversary, n, m)
			t.Logf("%s: receiver %d, sender %d more than %d and %d", name, receiver-fewA, sender-fewB, fewA, fewB)
			const some = 6 << 20 // buffers of the okvs package, larger messages, more trees
			require.Less(t, receiver-fewA, 104*n+16*max(m-n, 0)+some, name)
			require.Less(t, sender-fewB, 44*n+16*max(m-n, 0)+some, name)
		}
	}
}
