package psi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/cpu"
	"github.com/dujiang-dev/dujiang/internal/kernel/aes128/race"
	"github.com/dujiang-dev/dujiang/internal/testparty"
)

// inParts returns cfg with the memory that splits n and m items into about so many
// parts, and into how many it does.
func inParts(cfg *Config, n, m, about int) (*Config, int) {
	own := *cfg
	own.Memory = memory(cfg.Protocol, int64(partSize(n, about)), int64(partSize(m, about)))
	p := params{memory: own.Memory}
	parts, _, _, err := p.split(cfg.Protocol, n, m)
	if err != nil {
		panic(err)
	}
	return &own, parts
}

// splitAt has runs without a bound on memory go in parts of about n items, until the
// test ends.
func splitAt(t *testing.T, n int) {
	before := mostInPart
	mostInPart = n
	t.Cleanup(func() { mostInPart = before })
}

// Without a bound on memory, long runs go in parts that bring the same as the whole, and
// have no files.
func TestPartsInMemory(t *testing.T) {
	splitAt(t, 300)
	for way, cfg := range ways() {
		for name, test := range map[string]struct {
			x, y       []string
			parts, pad int
		}{
			"short":    {numbers(0, 300), numbers(100, 3000), 1, 0},
			"equal":    {numbers(0, 901), numbers(500, 1401), 4, 0},
			"repeated": {append(numbers(0, 300), numbers(100, 900)...), append(numbers(700, 720), numbers(700, 720)...), 3, 0},
			"large":    {numbers(5, 405), numbers(0, 9000), 2, 0},
			"small":    {numbers(0, 1200), numbers(1195, 1205), 4, 0},
			"one":      {numbers(0, 1200), numbers(77, 78), 4, 0},
			"none":     {numbers(0, 1200), nil, 1, 0},
			"padded":   {numbers(5, 30), numbers(0, 1200), 2, 600},
		} {
			if testing.Short() && name != "equal" && name != "padded" {
				continue
			}
			t.Run(fmt.Sprint(way, "/", name), func(t *testing.T) {
				parts := test.parts
				if cfg.Protocol == DH {
					parts = 1
				}
				receivers, senders := *cfg, *cfg
				receivers.PadTo = test.pad
				seen := map[int]bool{}
				receivers.Progress = func(p Progress) {
					require.Equal(t, parts, p.Parts)
					seen[p.Part] = true
				}
				dir := t.TempDir() + "/missing"
				receivers.TempDir, senders.TempDir = dir, dir
				a, b := &side{set: newSet(t, test.x...), cfg: &receivers}, &side{set: newSet(t, test.y...), cfg: &senders}
				errA, errB := testparty.Run(t, a.receive, b.send)
				require.NoError(t, errors.Join(errA, errB))
				require.Equal(t, expected(test.x, test.y), a.result.Rows)
				if cfg.Reveal == RevealBoth {
					require.Equal(t, expected(test.y, test.x), b.result.Rows)
				}
				require.Equal(t, max(distinct(test.x), test.pad), b.result.PeerItems)
				require.Equal(t, distinct(test.y), a.result.PeerItems)
				if test.y != nil {
					require.Len(t, seen, parts)
				}
			})
		}
	}
}

// Parts use the memory of those before, so that a party allocates for one of them, and
// the receiver for all tags.
func TestPartsReuseMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates too")
	}
	if !cpu.AVX2.Enabled() {
		t.Skip("the code without kernels allocates ciphers")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which empties pools
	const n, parts = 1 << 19, 4
	splitAt(t, n/parts)
	adversaries := []Adversary{SemiHonest, Malicious}
	if testing.Short() {
		adversaries = adversaries[:1]
	}
	for _, adversary := range adversaries {
		cfg := &Config{Adversary: adversary, Reveal: RevealReceiver, Protocol: VOLE, Workers: 1}
		fewA, fewB := allocated(t, cfg, 10, 10)
		a, b := allocated(t, cfg, n, n)
		t.Logf("%v: receiver %d, sender %d, and %d and %d for a few", adversary, a, b, fewA, fewB)
		const some, more = 6 << 20, 4 << 20 // as in TestVOLEMemory, and larger messages of each part
		size := partSize(n, parts)
		require.Less(t, a-parts*(fewA+more), 104*size+32*parts*size+some, adversary)
		require.Less(t, b-parts*(fewB+more), 44*size+some, adversary)
	}
}

// A context that ends in a part behind the first ends both sides' runs.
func TestCancellationInPart(t *testing.T) {
	const n = 3*chunkItems + 1
	splitAt(t, (n+2)/3)
	for side := range 2 {
		for _, phase := range longPhases[VOLE][side] {
			t.Run(fmt.Sprint(side, "/", phase), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				contexts := [2]context.Context{t.Context(), t.Context()}
				contexts[side] = ctx
				var last Progress
				_, errs := watched(t, contexts, ways()["vole malicious"], n, n, func(at int, p Progress) {
					if at == side && ctx.Err() == nil {
						if last = p; p.Phase == phase && p.Part == 2 {
							cancel()
						}
					}
				})
				require.ErrorIs(t, errs[side], context.Canceled)
				require.Equal(t, [2]int{2, 3}, [2]int{last.Part, last.Parts})
				if phase != "match" { // when the sender is done
					require.True(t, classified(errs[1-side]), "%v", errs[1-side])
				}
			})
		}
	}
}

// Parts bring the same as the whole, with repeated rows, sets of different sizes
// and padding.
func TestParts(t *testing.T) {
	for way, cfg := range ways() {
		for _, test := range []struct {
			x, y  []string
			about int
			pad   int
		}{
			{numbers(0, 900), numbers(500, 1100), 3, 0},
			{append(numbers(0, 300), numbers(100, 900)...), append(numbers(700, 720), numbers(700, 720)...), 2, 0},
			{numbers(5, 30), numbers(0, 1200), 4, 1000},
		} {
			if testing.Short() && test.about != 3 {
				continue
			}
			t.Run(fmt.Sprint(way, "/", test.about), func(t *testing.T) {
				cfg, parts := inParts(cfg, max(distinct(test.x), test.pad), distinct(test.y), test.about)
				require.Greater(t, parts, 1)
				cfg.TempDir = t.TempDir()
				seen := map[int]bool{}
				receivers := *cfg
				receivers.PadTo = test.pad
				receivers.Progress = func(p Progress) {
					require.Equal(t, parts, p.Parts)
					requireNoNames(t, cfg.TempDir)
					seen[p.Part] = true
				}
				a, b := &side{set: newSet(t, test.x...), cfg: &receivers}, &side{set: newSet(t, test.y...), cfg: cfg}
				errA, errB := testparty.Run(t, a.receive, b.send)
				require.NoError(t, errors.Join(errA, errB))
				require.Equal(t, expected(test.x, test.y), a.result.Rows)
				if cfg.Reveal == RevealBoth {
					require.Equal(t, expected(test.y, test.x), b.result.Rows)
				}
				require.Equal(t, max(distinct(test.x), test.pad), b.result.PeerItems)
				require.Equal(t, distinct(test.y), a.result.PeerItems)
				for part := range parts {
					require.True(t, seen[part+1], "part %d of %d", part+1, parts)
				}
				left, err := os.ReadDir(cfg.TempDir)
				require.NoError(t, err)
				require.Empty(t, left)
				requireOpen(t, cfg.TempDir, 0)
			})
		}
	}
}

// What a part shows of a side is a function of the declared sizes: runs with sets
// that spread over the parts in different ways have streams of the same lengths.
func TestPartsShowNoSizes(t *testing.T) {
	cfg, parts := inParts(toReceiver(), 700, 700, 3)
	var want [2]int64
	for i := range 3 {
		x, y := numbers(1000*i, 1000*i+700), numbers(1000*i+350, 1000*i+1050)
		set := newSet(t, x...)
		bounds, err := set.bounds(parts)
		require.NoError(t, err)
		t.Log(bounds)
		a, _ := check(t, cfg, x, y)
		got := [2]int64{a.Stats.Sent, a.Stats.Received}
		if i == 0 {
			want = got
		}
		require.Equal(t, want, got)
	}
}

// The bound on the size of a part holds against the exact tail of the binomial
// distribution.
func TestPartSize(t *testing.T) {
	for _, n := range []int{1, 2, 10, 1000, 1 << 14, 1 << 20, 1 << 24, math.MaxInt32} {
		for _, parts := range []int{2, 3, 16, 100, maxParts} {
			size := partSize(n, parts)
			require.LessOrEqual(t, size, n)
			require.GreaterOrEqual(t, size, (n+parts-1)/parts)
			if size == n {
				continue
			}
			// log2 of the probability of size + 1, and of all more, which fall
			// faster than a geometric series.
			k, q := float64(size+1), 1/float64(parts)
			lg := func(x float64) float64 { v, _ := math.Lgamma(x + 1); return v / math.Ln2 }
			term := lg(float64(n)) - lg(k) - lg(float64(n)-k) + k*math.Log2(q) + (float64(n)-k)*math.Log2(1-q)
			ratio := (float64(n) - k) / (k + 1) * q / (1 - q)
			require.Less(t, ratio, 1.0)
			tail := term - math.Log2(1-ratio) + math.Log2(float64(parts))
			require.Less(t, tail, -42.0, "%d items in %d parts of %d", n, parts, size)
		}
	}
	require.InDelta(t, 1.008, float64(partSize(1<<24, 16))/(1<<20), 0.001)
	require.InDelta(t, 1.07, float64(partSize(1<<24, 1<<10))/(1<<14), 0.01)
}

// Parts are as few as memory allows, and no peer makes them too many.
func TestSplit(t *testing.T) {
	for _, protocol := range []Protocol{DH, VOLE} {
		last := 0
		for budget := int64(1 << 36); budget >= 1<<16; budget /= 2 {
			p := params{memory: budget}
			parts, n, m, err := p.split(protocol, 1<<24, 1<<22)
			if err != nil {
				require.ErrorIs(t, err, ErrIncompatible)
				require.ErrorContains(t, err, "Config.Memory must be")
				require.Greater(t, memory(protocol, int64(partSize(1<<24, maxParts)), int64(partSize(1<<22, maxParts))), budget)
				continue
			}
			require.LessOrEqual(t, memory(protocol, int64(n), int64(m)), budget)
			require.LessOrEqual(t, parts, maxParts)
			require.GreaterOrEqual(t, parts, last)
			if parts > 2 {
				require.Greater(t, memory(protocol, int64(partSize(1<<24, parts-1)), int64(partSize(1<<22, parts-1))), budget)
			}
			last = parts
		}
		require.Greater(t, last, 100)
	}
	for _, test := range []struct {
		memory      int64
		protocol    Protocol
		n, m        int
		parts, x, y int
	}{
		{1, VOLE, 0, 5, 1, 0, 5},
		{0, VOLE, 100, 1 << 30, 1, 100, 1 << 30},
		{0, VOLE, 101, 5, 2, partSize(101, 2), 5},
		{0, VOLE, 1000, 200, 10, partSize(1000, 10), partSize(200, 10)},
		{0, VOLE, 1 << 30, 0, 1, 1 << 30, 0},
		{0, DH, 1 << 30, 1 << 30, 1, 1 << 30, 1 << 30},
	} {
		p := params{memory: test.memory, partItems: 100}
		parts, n, m, err := p.split(test.protocol, test.n, test.m)
		require.NoError(t, err)
		require.Equal(t, [3]int{test.parts, test.x, test.y}, [3]int{parts, n, m}, "%+v", test)
	}
}

// The number of message delays is what Stats says in parts, too.
func TestRoundsOfParts(t *testing.T) {
	const delay = 20 * time.Millisecond
	for way, cfg := range ways() {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg, parts := inParts(cfg, 600, 600, 2)
				require.Greater(t, parts, 1)
				cfg.TempDir = t.TempDir()
				a, b := &side{set: newSet(t, numbers(0, 600)...), cfg: cfg}, &side{set: newSet(t, numbers(300, 900)...), cfg: cfg}
				start := time.Now()
				timed := func(p *side, run testparty.Party) testparty.Party {
					return func(ctx context.Context, conn net.Conn) error {
						err := run(ctx, conn)
						require.NoError(t, err)
						require.Equal(t, time.Duration(p.result.Stats.Rounds)*delay, time.Since(start))
						return err
					}
				}
				testparty.Join(t.Context(), timed(a, a.receive), timed(b, b.send), testparty.Delay(delay))
			})
		})
	}
}

// Both sides must set the same bound.
func TestMemoryIsAgreed(t *testing.T) {
	a, b := pair(t)
	b.cfg.Memory = 1 << 20
	errA, errB := testparty.Run(t, a.receive, b.send)
	for _, err := range []error{errA, errB} {
		require.ErrorIs(t, err, ErrIncompatible)
		require.ErrorContains(t, err, "memory")
	}
}

// A side whose items were picked such that they fall into one part says so, and
// sends nothing that depends on how many they are.
func TestPickedItems(t *testing.T) {
	cfg, parts := inParts(toReceiver(), 700, 700, 3)
	set := &Set{rows: 700, items: 700}
	for i := range 700 {
		set.records = append(set.records, record{digest{2: byte(i >> 8), 3: byte(i)}, uint32(i)})
	}
	a, b := &side{set: set, cfg: cfg}, &side{set: newSet(t, numbers(0, 700)...), cfg: cfg}
	errA, errB := testparty.Run(t, a.receive, b.send)
	require.Regexp(t, fmt.Sprintf("^psi: 700 items fall into part 1 of %d", parts), errA)
	require.ErrorIs(t, errB, ErrAborted)
}

// Each part has keys of its own, and its messages do not fit into another.
func TestPartsDiffer(t *testing.T) {
	c := testCoins(1)
	seen := map[coins]int{*c: -1}
	p := params{context: []byte("context")}
	contexts := map[string]int{"context": -1}
	for i := range 3 {
		d := c.part(i)
		require.Equal(t, c.nonce, d.nonce)
		for other := range seen {
			require.NotEqual(t, other.scalar, d.scalar)
			require.NotEqual(t, other.shuffle, d.shuffle)
			require.NotEqual(t, other.pad, d.pad)
			require.NotEqual(t, other.vole, d.vole)
			require.NotEqual(t, other.oprf, d.oprf)
		}
		seen[*d] = i
		require.Equal(t, *d, *c.part(i))
		contexts[string(p.part(i, 3).context)] = i
	}
	require.Len(t, contexts, 4)
	j := &job{params: &p, coins: c, protocol: DH, parts: 3}
	for i := range j.parts {
		x, _ := j.exchange(i)
		require.Equal(t, *c.part(i), *x.coins)
		require.Equal(t, p.part(i, 3).context, x.context)
	}
}

// A fault in any part is one of the run.
func TestFaultsInParts(t *testing.T) {
	for _, way := range []string{"dh to both", "vole malicious"} {
		cfg, _ := inParts(ways()[way], 600, 600, 2)
		cfg.TempDir = t.TempDir()
		sides := func() (a, b *side) {
			return &side{set: newSet(t, numbers(0, 600)...), cfg: cfg}, &side{set: newSet(t, numbers(300, 900)...), cfg: cfg}
		}
		a, b := sides()
		errA, errB := testparty.Run(t, a.receive, b.send)
		require.NoError(t, errors.Join(errA, errB))
		faults := int64(6)
		if testing.Short() {
			faults = 2
		}
		for k := range faults {
			offset := (2*k + 1) * a.result.Stats.Received / (2 * faults)
			synctest.Test(t, func(t *testing.T) {
				a, b := sides()
				errA, errB := testparty.Join(t.Context(), a.receive, b.send, testparty.Flip(offset, 4))
				require.ErrorIs(t, errA, ErrPeer)
				require.True(t, classified(errB), "%v", errB)
				require.Nil(t, a.result)
			})
		}
	}
}

// generate yields n items, of which some repeat and some are missing.
func generate(n int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range n {
			item := fmt.Appendf(nil, "item %d", i-i%3*(i%5)*7)
			if i%11 == 3 {
				item = nil
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// requireNoNames fails if a file in dir has a name while it is in use, save where
// the system wants one.
func requireNoNames(t *testing.T, dir string) {
	if runtime.GOOS == "windows" {
		return
	}
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, names)
}

// requireOpen fails unless so many files of dir are open, with a name or without,
// where the system tells.
func requireOpen(t *testing.T, dir string, want int) {
	const descriptors = "/proc/self/fd"
	all, err := os.ReadDir(descriptors)
	if err != nil {
		return
	}
	open := 0
	for _, fd := range all {
		if file, err := os.Readlink(filepath.Join(descriptors, fd.Name())); err == nil && strings.HasPrefix(file, dir+"/") {
			open++
		}
	}
	require.Equal(t, want, open)
}

// Files have no names while they are in use, and only those of the set stay open.
func TestFilesHaveNoNames(t *testing.T) {
	dir := t.TempDir()
	set, err := NewFileSet(dir, func(yield func([]byte, error) bool) {
		for item, err := range generate(1000) {
			if !yield(item, err) {
				return
			}
		}
		requireNoNames(t, dir)
		requireOpen(t, dir, 1)
	})
	require.NoError(t, err)
	requireNoNames(t, dir)
	requireOpen(t, dir, 2)
	require.NoError(t, set.Close())
	requireOpen(t, dir, 0)
}

// A set in files is that in memory.
func TestFileSet(t *testing.T) {
	sizes := []int{0, 1, 2, 1000, 30_000}
	if !testing.Short() {
		sizes = append(sizes, 3*setBlock*setParts/2)
	}
	for _, n := range sizes {
		want, err := NewSet(generate(n))
		require.NoError(t, err)
		dir := t.TempDir()
		got, err := NewFileSet(dir, generate(n))
		require.NoError(t, err)
		require.Equal(t, want.Len(), got.Len())
		require.Equal(t, want.Items(), got.Items())
		require.Equal(t, want.String(), got.String())
		records, err := got.load(0, got.items)
		require.NoError(t, err)
		require.True(t, want.items == 0 || fmt.Sprint(want.records) == fmt.Sprint(records))
		for _, parts := range []int{1, 2, 7} {
			a, err := want.bounds(parts)
			require.NoError(t, err)
			b, err := got.bounds(parts)
			require.NoError(t, err)
			require.Equal(t, a, b)
		}
		matched := newBitmap(want.items)
		for i := 0; i < want.items; i += 1 + i%3 {
			matched.set(i)
		}
		a, err := want.rowsOf(matched)
		require.NoError(t, err)
		b, err := got.rowsOf(matched)
		require.NoError(t, err)
		require.Equal(t, a, b)
		require.NoError(t, got.Close())
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
		_, err = Receive(t.Context(), nil, got, toReceiver())
		require.ErrorContains(t, err, "closed")
	}
	require.NoError(t, newSet(t).Close())
}

// Two sets in files, in parts.
func TestFileSets(t *testing.T) {
	x, y := append(numbers(0, 1000), numbers(20, 30)...), numbers(400, 1300)
	cfg, _ := inParts(ways()["vole to both"], 1000, 900, 3)
	cfg.TempDir = t.TempDir()
	sides := [2]*side{{cfg: cfg}, {cfg: cfg}}
	for i, values := range [][]string{x, y} {
		var err error
		sides[i].set, err = NewFileSet(t.TempDir(), sequence(values...))
		require.NoError(t, err)
	}
	errA, errB := testparty.Run(t, sides[0].receive, sides[1].send)
	require.NoError(t, errors.Join(errA, errB))
	require.Equal(t, expected(x, y), sides[0].result.Rows)
	require.Equal(t, expected(y, x), sides[1].result.Rows)
	for _, side := range sides {
		require.NoError(t, side.set.Close())
	}
}

// What goes wrong with files is an error, here and, as the end of the run, there.
func TestFilesFail(t *testing.T) {
	missing := t.TempDir() + "/missing"
	_, err := NewFileSet(missing, sequence("a"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Regexp(t, "^psi: a temporary file: ", err)
	mine := errors.New("line 3 is torn")
	dir := t.TempDir()
	_, err = NewFileSet(dir, func(yield func([]byte, error) bool) { _ = yield([]byte("a"), nil) && yield(nil, mine) })
	require.EqualError(t, err, "psi: reading item 1: line 3 is torn")
	require.ErrorIs(t, err, mine)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)

	set, err := NewFileSet(dir, generate(1000))
	require.NoError(t, err)
	require.NoError(t, set.file.records.Truncate(100))
	a, b := &side{set: set, cfg: toReceiver()}, &side{set: newSet(t, numbers(0, 10)...), cfg: toReceiver()}
	errA, errB := testparty.Run(t, a.receive, b.send)
	require.EqualError(t, errA, "psi: reading the set's file: unexpected EOF")
	require.ErrorIs(t, errB, ErrAborted)

	cfg, _ := inParts(toReceiver(), 600, 600, 2)
	cfg.TempDir = missing
	a, b = &side{set: newSet(t, numbers(0, 600)...), cfg: cfg}, &side{set: newSet(t, numbers(0, 600)...), cfg: cfg}
	errA, errB = testparty.Run(t, a.receive, b.send)
	require.ErrorIs(t, errA, os.ErrNotExist)
	require.Regexp(t, "^psi: a temporary file: ", errA)
	require.ErrorIs(t, errB, ErrAborted)
}
