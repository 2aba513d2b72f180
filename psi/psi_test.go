package psi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
	"github.com/dujiang-dev/dujiang/internal/testparty"
)

func toReceiver() *Config {
	return &Config{Adversary: SemiHonest, Reveal: RevealReceiver, Protocol: DH}
}
func toBoth() *Config { return &Config{Adversary: SemiHonest, Reveal: RevealBoth, Protocol: DH} }

// ways returns a config for each way to run.
func ways() map[string]*Config {
	return map[string]*Config{
		"dh to receiver":   toReceiver(),
		"dh to both":       toBoth(),
		"vole to receiver": {Adversary: SemiHonest, Reveal: RevealReceiver, Protocol: VOLE},
		"vole to both":     {Adversary: SemiHonest, Reveal: RevealBoth, Protocol: VOLE},
		"vole malicious":   {Adversary: Malicious, Reveal: RevealReceiver, Protocol: VOLE},
	}
}

// items yields each string as an item.
func sequence(values ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, v := range values {
			if !yield([]byte(v), nil) {
				return
			}
		}
	}
}

func newSet(t testing.TB, values ...string) *Set {
	set, err := NewSet(sequence(values...))
	require.NoError(t, err)
	return set
}

// testCoins are fixed and different for each side.
func testCoins(side byte) *coins {
	expand := func(purpose string) [32]byte { return sha256.Sum256(append([]byte(purpose), side)) }
	c := &coins{shuffle: expand("shuffle"), pad: expand("pad"), vole: expand("vole")}
	oprf := expand("oprf")
	copy(c.oprf[:], oprf[:])
	nonce := expand("nonce")
	copy(c.nonce[:], nonce[:])
	lo, hi := expand("scalar lo"), expand("scalar hi")
	copy(c.scalar[:], lo[:])
	copy(c.scalar[32:], hi[:])
	return c
}

// A side is what one party brings to a run and gets out of it.
type side struct {
	set    *Set
	cfg    *Config
	result *Result
}

func (p *side) receive(ctx context.Context, conn net.Conn) (err error) {
	p.result, err = run(ctx, conn, session.RoleA, p.set, p.cfg, testCoins(1))
	return err
}

func (p *side) send(ctx context.Context, conn net.Conn) (err error) {
	p.result, err = run(ctx, conn, session.RoleB, p.set, p.cfg, testCoins(2))
	return err
}

// expected computes by a map what both should learn.
func expected(mine, theirs []string) []int {
	has := map[string]bool{}
	for _, v := range theirs {
		has[v] = true
	}
	rows := []int{}
	for i, v := range mine {
		if has[v] {
			rows = append(rows, i)
		}
	}
	return rows
}

func distinct(values []string) int {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return len(slices.Compact(sorted))
}

// check runs both sides and compares what they learn with a map.
func check(t *testing.T, cfg *Config, x, y []string, faults ...testparty.Fault) (receiver, sender *Result) {
	t.Helper()
	a, b := &side{set: newSet(t, x...), cfg: cfg}, &side{set: newSet(t, y...), cfg: cfg}
	errA, errB := testparty.Run(t, a.receive, b.send, faults...)
	require.NoError(t, errA)
	require.NoError(t, errB)
	require.Equal(t, expected(x, y), a.result.Rows)
	if cfg.Reveal == RevealBoth {
		require.Equal(t, expected(y, x), b.result.Rows)
	} else {
		require.Nil(t, b.result.Rows)
	}
	if cfg.PadTo == 0 {
		require.Equal(t, distinct(x), a.result.Items)
		require.Equal(t, distinct(y), b.result.Items)
	}
	require.Equal(t, a.result.Items, b.result.PeerItems)
	require.Equal(t, b.result.Items, a.result.PeerItems)
	return a.result, b.result
}

func numbers(lo, hi int) []string {
	values := []string{}
	for i := lo; i < hi; i++ {
		values = append(values, fmt.Sprint("item ", i))
	}
	return values
}

func repeated(v string, n int) []string { return slices.Repeat([]string{v}, n) }

func TestIntersection(t *testing.T) {
	var allBytes, long []byte
	for b := range 256 {
		allBytes = append(allBytes, byte(b))
	}
	long = bytes.Repeat(allBytes, 1<<12) // 1 MiB
	for name, test := range map[string]struct{ x, y []string }{
		"both empty":       {nil, nil},
		"receiver empty":   {nil, numbers(0, 5)},
		"sender empty":     {numbers(0, 5), nil},
		"one and one":      {[]string{"a"}, []string{"a"}},
		"one and another":  {[]string{"a"}, []string{"b"}},
		"one in many":      {[]string{"item 70"}, numbers(0, 100)},
		"many and one":     {numbers(0, 100), []string{"item 70"}},
		"some":             {numbers(0, 60), numbers(40, 100)},
		"none":             {numbers(0, 10), numbers(10, 20)},
		"all":              {numbers(0, 33), numbers(0, 33)},
		"all rows equal":   {repeated("same", 20), repeated("same", 30)},
		"repeats":          {append(numbers(0, 9), numbers(5, 9)...), append(numbers(7, 12), numbers(7, 8)...)},
		"empty item":       {[]string{"", "a", ""}, []string{"b", ""}},
		"every byte":       {[]string{string(allBytes), "a"}, []string{"b", string(allBytes)}},
		"prefixes":         {[]string{"a", "ab", "abc"}, []string{"ab", "abcd", "b"}},
		"items of 1 MiB":   {[]string{string(long), string(long[1:])}, []string{string(long[1:]), string(long[2:])}},
		"case matters":     {[]string{"A"}, []string{"a"}},
		"zero bytes count": {[]string{"a\x00", "a"}, []string{"a\x00\x00", "a"}},
	} {
		for way, cfg := range ways() {
			t.Run(name+"/"+way, func(t *testing.T) { check(t, cfg, test.x, test.y) })
		}
	}
}

// Around the sizes of chunks and the multiples of what kernels work on.
func TestSizes(t *testing.T) {
	sizes := []int{1, 7, 8, 9, 63, 64, 65}
	if !testing.Short() {
		sizes = append(sizes, chunkItems-1, chunkItems, chunkItems+1, 2*chunkItems+9)
	}
	for i, n := range sizes {
		m := sizes[(i*5+3)%len(sizes)]
		for _, cfg := range ways() {
			check(t, cfg, numbers(0, n), numbers(n/2, n/2+m))
		}
	}
}

func TestRandomSets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	runs := 100
	if testing.Short() {
		runs = 20
	}
	draw := func() []string {
		values := make([]string, random.IntN(60))
		for i := range values {
			values[i] = fmt.Sprint(random.IntN(80))
		}
		return values
	}
	for way, cfg := range ways() {
		t.Run(way, func(t *testing.T) {
			for range runs {
				check(t, cfg, draw(), draw())
			}
		})
	}
}

func TestWorkers(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 100} {
		cfg := toBoth()
		cfg.Workers = workers
		check(t, cfg, numbers(0, 100), numbers(90, 190))
	}
}

func TestContext(t *testing.T) {
	cfg := toReceiver()
	cfg.Context = bytes.Repeat([]byte("contract"), 1000)
	check(t, cfg, numbers(0, 10), numbers(5, 15))
}

// A row without an item keeps its number and never matches, not even another.
func TestRowsWithoutItems(t *testing.T) {
	withGaps := func(yield func([]byte, error) bool) {
		_ = yield(nil, nil) && yield([]byte("a"), nil) && yield(nil, nil) && yield([]byte("b"), nil)
	}
	set, err := NewSet(withGaps)
	require.NoError(t, err)
	require.Equal(t, 4, set.Len())
	require.Equal(t, 2, set.Items())
	a, b := &side{set: set, cfg: toBoth()}, &side{set: set, cfg: toBoth()}
	errA, errB := testparty.Run(t, a.receive, b.send)
	require.NoError(t, errors.Join(errA, errB))
	require.Equal(t, []int{1, 3}, a.result.Rows)
	require.Equal(t, []int{1, 3}, b.result.Rows)
}

// Items are read into the caller's buffer, which changes from one to the next.
func TestItemsAreNotKept(t *testing.T) {
	buf := make([]byte, 1)
	set, err := NewSet(func(yield func([]byte, error) bool) {
		for b := range byte(10) {
			buf[0] = b
			if !yield(buf, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	require.Equal(t, 10, set.Items())
}

func TestReadingFails(t *testing.T) {
	mine := errors.New("line 3 is torn")
	_, err := NewSet(func(yield func([]byte, error) bool) {
		_ = yield([]byte("a"), nil) && yield([]byte("b"), nil) && yield(nil, mine)
	})
	require.ErrorIs(t, err, mine)
	require.EqualError(t, err, "psi: reading item 2: line 3 is torn")
}

// Digests that share their first eight bytes are told apart.
func TestCollectLookalikes(t *testing.T) {
	for _, n := range []int{4, 1000} {
		var records []record
		for i := range n {
			records = append(records, record{digest{digestSize - 1: byte(i % 2)}, uint32(i)})
		}
		set := &Set{rows: n}
		set.collect([][]record{records})
		require.Equal(t, 2, set.items)
		require.Len(t, set.repeats, n-2)
		matched := newBitmap(2)
		matched.set(1)
		rows, err := set.rowsOf(matched)
		require.NoError(t, err)
		require.Len(t, rows, n/2)
		for i, row := range rows {
			require.Equal(t, 2*i+1, row)
		}
	}
}

// A row more than there are numbers for.
func TestTooManyRows(t *testing.T) {
	if uint64(maxItems) > math.MaxInt {
		t.Skip("int has 32 bits")
	}
	last := uint64(maxItems)
	read := func(rows uint64) error {
		set := &Set{rows: int(rows)}
		return set.read(sequence("a"), func(record) error { return nil })
	}
	require.NoError(t, read(last-1))
	require.ErrorContains(t, read(last), "at most 4294967295 rows")
}

func TestSetShowsNoItems(t *testing.T) {
	set := newSet(t, "secret", "secret", "other")
	for _, verb := range []string{"%v", "%s", "%+v", "%#v", "%x", "%d"} {
		require.Equal(t, "psi.Set of 2 items in 3 rows", fmt.Sprintf(verb, set))
		require.Equal(t, "psi.Set of 2 items in 3 rows", fmt.Sprintf(verb, *set))
	}
}

func TestPadding(t *testing.T) {
	for _, pad := range [][2]int{{10, 0}, {0, 50}, {100, 64}, {10, 10}} {
		x, y := numbers(0, 10), numbers(5, 15)
		a, b := &side{set: newSet(t, x...), cfg: toBoth()}, &side{set: newSet(t, y...), cfg: toBoth()}
		a.cfg.PadTo, b.cfg.PadTo = pad[0], pad[1]
		errA, errB := testparty.Run(t, a.receive, b.send)
		require.NoError(t, errors.Join(errA, errB))
		require.Equal(t, expected(x, y), a.result.Rows)
		require.Equal(t, expected(y, x), b.result.Rows)
		require.Equal(t, max(10, pad[0]), b.result.PeerItems)
		require.Equal(t, max(10, pad[1]), a.result.PeerItems)
	}
}

func TestConfigErrors(t *testing.T) {
	set := newSet(t, "a", "b")
	configs := map[string]*Config{
		"Adversary and Reveal": nil,
		"Config.Adversary":     {Reveal: RevealBoth},
		"Config.Reveal":        {Adversary: SemiHonest},
		"Config.Protocol":      {Adversary: SemiHonest, Reveal: RevealBoth, Protocol: 99},
		"Config.Context":       {Adversary: SemiHonest, Reveal: RevealBoth, Context: make([]byte, maxContext+1)},
		"Config.PadTo":         {Adversary: SemiHonest, Reveal: RevealBoth, PadTo: 1},
		"Config.MaxPeerItems":  {Adversary: SemiHonest, Reveal: RevealBoth, MaxPeerItems: -1},
		"Config.Workers":       {Adversary: SemiHonest, Reveal: RevealBoth, Workers: -1},
		"Config.Memory":        {Adversary: SemiHonest, Reveal: RevealBoth, Memory: -1},
		"for semi-honest":      {Adversary: Malicious, Reveal: RevealReceiver, Protocol: DH},
		"malicious receiver":   {Adversary: Malicious, Reveal: RevealBoth},
	}
	if above := uint64(maxItems) + 1; above <= math.MaxInt { // where int has 64 bits
		configs["at most 4294967295"] = &Config{Adversary: SemiHonest, Reveal: RevealBoth, PadTo: int(above)}
	}
	for says, cfg := range configs {
		var stream bytes.Buffer
		_, err := Receive(t.Context(), &stream, set, cfg)
		require.ErrorContains(t, err, says)
		_, err = Send(t.Context(), &stream, set, cfg)
		require.ErrorContains(t, err, says)
		require.Zero(t, stream.Len(), "something was sent")
	}
	_, err := Receive(t.Context(), &bytes.Buffer{}, nil, toBoth())
	require.ErrorContains(t, err, "set is nil")
}

// What the sizes promise in the package comment is what crosses the wire.
func TestBytesAndRounds(t *testing.T) {
	const frame = 5
	const hello = 8 + 2 + 2 + 2 + 1 + 16 + 8 + 32 + 32
	for _, both := range []bool{false, true} {
		n, m := 300, 500
		cfg := toReceiver()
		blinded, answers, matched := int64(32*n+frame), int64(32*n+frame+packedSize(m, tagBits(n, m))+frame), int64(0)
		if both {
			cfg = toBoth()
			matched = int64((m+7)/8 + frame)
		}
		a, b := check(t, cfg, numbers(0, n), numbers(100, 100+m))
		require.Equal(t, hello+blinded+matched+frame+8, a.Stats.Sent)
		require.Equal(t, hello+answers+frame+8, a.Stats.Received)
		require.Equal(t, a.Stats.Sent, b.Stats.Received)
		require.Equal(t, a.Stats.Received, b.Stats.Sent)
		require.Equal(t, DH, a.Stats.Protocol)
		require.Equal(t, []string{"hello", "exchange", "match"}, phaseNames(a.Stats))
		require.Equal(t, phaseNames(a.Stats), phaseNames(b.Stats))
	}
}

func phaseNames(s Stats) (names []string) {
	for _, p := range s.Phases {
		names = append(names, p.Name)
	}
	return names
}

// On a link with nothing but delay, the number of rounds is the time that a run
// takes.
func TestRoundsAreDelays(t *testing.T) {
	const delay = 20 * time.Millisecond
	for way, cfg := range ways() {
		for _, sizes := range [][2]int{{3 * chunkItems, 2 * chunkItems}, {0, 5}, {5, 0}, {0, 0}} {
			t.Run(fmt.Sprint(way, sizes), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x, y := numbers(0, sizes[0]), numbers(10, 10+sizes[1])
					if testing.Short() && len(x) > 100 {
						x, y = x[:100], y[:100]
					}
					a, b := &side{set: newSet(t, x...), cfg: cfg}, &side{set: newSet(t, y...), cfg: cfg}
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
}

// Auto takes the protocol that suits the sizes and the adversary.
func TestAuto(t *testing.T) {
	cfg := &Config{Adversary: SemiHonest, Reveal: RevealReceiver}
	small, _ := check(t, cfg, numbers(0, 100), numbers(50, 150))
	require.Equal(t, DH, small.Stats.Protocol)
	large, _ := check(t, cfg, numbers(0, 10), numbers(5, autoItems))
	require.Equal(t, VOLE, large.Stats.Protocol)
	cfg.Adversary = Malicious
	malicious, _ := check(t, cfg, numbers(0, 100), numbers(50, 150))
	require.Equal(t, VOLE, malicious.Stats.Protocol)
	// The sum of two numbers of items may not fit into an int.
	require.Equal(t, VOLE, Auto.choose(SemiHonest, math.MaxInt, math.MaxInt))
}

// The transcript of a version never changes. Run with DUJIANG_UPDATE=1 to write
// the files for a new one. Long transcripts are kept as hashes of their pieces.
func TestGoldenTranscript(t *testing.T) {
	for way, cfg := range ways() {
		t.Run(way, func(t *testing.T) {
			var toA, toB bytes.Buffer
			cfg.Context = []byte("golden")
			cfg.Workers = 1
			a, b := &side{set: newSet(t, numbers(0, 5)...), cfg: cfg}, &side{set: newSet(t, numbers(3, 10)...), cfg: cfg}
			errA, errB := testparty.Run(t, a.receive, b.send, testparty.Tap(&toA, &toB))
			require.NoError(t, errors.Join(errA, errB))
			got := "sender to receiver\n" + pieces(toA.Bytes()) + "receiver to sender\n" + pieces(toB.Bytes())
			file := filepath.Join("testdata", fmt.Sprintf("v%d-%s.txt", version, strings.ReplaceAll(way, " ", "-")))
			if os.Getenv("DUJIANG_UPDATE") != "" {
				require.NoError(t, os.MkdirAll("testdata", 0o777))
				require.NoError(t, os.WriteFile(file, []byte(got), 0o666))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

// pieces writes a transcript as hexadecimal lines of 64 bytes, or hashes of
// every 4096 bytes if it is longer than that.
func pieces(b []byte) string {
	var lines strings.Builder
	size, line := 64, func(b []byte) []byte { return b }
	if len(b) > 4096 {
		size, line = 4096, func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] }
	}
	for piece := range slices.Chunk(b, size) {
		lines.WriteString(hex.EncodeToString(line(piece)) + "\n")
	}
	return lines.String()
}

// The sender's tags must not come in an order that the receiver can predict.
func TestTagsAreShuffled(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 2*bucketItems + 3, 9 * bucketItems} {
		order := func(side byte, workers int) []uint32 {
			order := make([]uint32, n)
			shuffled(&params{workers: workers}, order, testCoins(side).shuffle, noStep, numbered)
			return order
		}
		first := order(1, 1)
		require.Equal(t, first, order(1, 3))
		fixed, seen := 0, make([]bool, n)
		for i, item := range first {
			require.False(t, seen[item])
			seen[item] = true
			if int(item) == i {
				fixed++
			}
		}
		if n < 2 {
			continue
		}
		// The number of fixed points is about Poisson with mean 1: more than 20
		// come with probability below 10^-19.
		require.Less(t, fixed, 20)
		require.NotEqual(t, first, order(2, 1))
		// Blocks go where their numbers go.
		blocks := make([]prg.Block, n)
		shuffled(&params{workers: 1}, blocks, testCoins(1).shuffle, noStep, func(dst []prg.Block, first int) {
			for i := range dst {
				dst[i] = prg.Block{Hi: uint64(first + i)}
			}
		})
		for i, item := range first {
			require.Equal(t, prg.Block{Hi: uint64(item)}, blocks[i])
		}
	}
}

// Each item is as likely as any other in each sixteenth of the order.
func TestShuffleIsUniform(t *testing.T) {
	const n, parts, runs = 4 * bucketItems, 16, 8
	var count [parts][parts]int
	for run := range byte(runs) {
		order := make([]uint32, n)
		shuffled(&params{workers: 2}, order, testCoins(run).shuffle, noStep, numbered)
		for i, item := range order {
			count[i*parts/n][int(item)*parts/n]++
		}
	}
	// A cell is hypergeometric in each run, narrower than binomial with mean 2048
	// and deviation 44: eight deviations have probability below 10^-14.
	const mean = runs * n / parts / parts
	for _, row := range count {
		for _, c := range row {
			require.InDelta(t, mean, c, 8*45)
		}
	}
}

// Two buckets with the same number of items have orders of their own.
func TestBucketsAreShuffledApart(t *testing.T) {
	const labelBits, n = 5, 32 * bucketItems
	for side := byte(1); ; side++ { // until there are two such buckets
		seed := testCoins(side).shuffle
		var sizes [1 << labelBits]int
		_, err := labels(seed, labelBits, n, noStep, func(_ int, labels []uint16) {
			for _, label := range labels {
				sizes[label]++
			}
		})
		require.NoError(t, err)
		first, second, equal := 0, 0, false
		for b, size := range sizes {
			if first = slices.Index(sizes[:], size); first < b {
				second, equal = b, true
				break
			}
		}
		if !equal {
			continue
		}
		order := make([]uint32, n)
		require.NoError(t, shuffled(&params{workers: 2}, order, seed, noStep, numbered))
		// ranks returns where in a bucket each of its items is, in their order.
		ranks := func(b int) []int {
			start := 0
			for _, size := range sizes[:b] {
				start += size
			}
			items := order[start : start+sizes[b]]
			ranks := make([]int, len(items))
			for i := range ranks {
				ranks[i] = i
			}
			slices.SortFunc(ranks, func(i, j int) int { return cmp.Compare(items[i], items[j]) })
			return ranks
		}
		require.NotEqual(t, ranks(first), ranks(second))
		return
	}
}

// A label is sixteen bits of the stream, or the lowest of them, and what follows in the
// stream is what no label took.
func TestLabels(t *testing.T) {
	seed := testCoins(1).shuffle
	for _, labelBits := range []int{1, 11, 16} {
		for _, n := range []int{0, 1, 4, labelChunk - 1, labelChunk, labelChunk + 1, 5*labelChunk + 7} {
			random := rand.NewChaCha8(seed)
			var want, got []uint16
			for i := 0; i < n; i += 4 {
				word := random.Uint64()
				for k := range min(4, n-i) {
					want = append(want, uint16(word>>(16*k))&(1<<labelBits-1))
				}
			}
			rest, err := labels(seed, labelBits, n, noStep, func(first int, labels []uint16) {
				require.Equal(t, len(got), first)
				got = append(got, labels...)
			})
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, random.Uint64(), rest.Uint64())
		}
	}
}

// The method of rand.Rand gives the same.
func TestShuffleIsFisherAndYates(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 100} {
		var got, want []int
		for i := range n {
			got, want = append(got, i), append(want, i)
		}
		seed := testCoins(byte(n)).shuffle
		shuffle(got, seed)
		rand.New(rand.NewChaCha8(seed)).Shuffle(n, func(i, j int) { want[i], want[j] = want[j], want[i] })
		require.Equal(t, want, got)
	}
}

// A shuffle looks whether the run goes on while it draws labels, after each bucket, and in
// the end.
func TestShuffleIsInterrupted(t *testing.T) {
	const n = 2 * slabItems
	order, ended := make([]uint32, n), errors.New("ended")
	for last := 1; ; last++ {
		calls, at := 0, 0
		err := shuffled(&params{workers: 1}, order, testCoins(1).shuffle, func(int) error {
			if calls++; calls == last {
				return ended
			}
			return nil
		}, func(dst []uint32, first int) { at = first })
		if calls < last {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, ended)
		require.Equal(t, last, calls)
		// While it counts no item is asked for, and then one slab after the other.
		if slabs := last - n/slabItems; slabs < n/slabItems {
			require.Equal(t, max(0, slabs*slabItems-labelChunk), at)
		}
	}
}

func TestTagBits(t *testing.T) {
	for _, test := range []struct{ n, m, want int }{
		{0, 0, 41}, {1, 1, 41}, {1 << 16, 1 << 16, 73}, {1 << 20, 1 << 20, 81}, {1 << 20, 1<<20 + 1, 82}, {1<<31 - 1, 1<<31 - 1, 103},
	} {
		require.Equal(t, test.want, tagBits(test.n, test.m), "%d and %d", test.n, test.m)
		// The parts of a run have so many pairs each.
		for parts, more := range map[int]int{1: 0, 2: 1, 8: 3, 9: 4} {
			x := &exchange{own: test.n, peers: test.m, parts: parts}
			require.Equal(t, test.want+more, x.tagBits(), "%d parts", parts)
		}
	}
}

func TestPack(t *testing.T) {
	random := prg.New([16]byte{1})
	for width := 1; width <= 128; width++ {
		for _, n := range []int{0, 1, 2, 7, 8, 9, 33} {
			blocks, back := make([]prg.Block, n), make([]prg.Block, n)
			random.Blocks(blocks)
			packed := bytes.Repeat([]byte{0xa5}, packedSize(n, width)+1)
			pack(packed[:len(packed)-1], blocks, width)
			require.Equal(t, byte(0xa5), packed[len(packed)-1])
			unpack(back, packed[:len(packed)-1], width)
			for i, b := range blocks {
				// Bit by bit, as the format is defined.
				for k := range width {
					word := b.Lo
					if k >= 64 {
						word = b.Hi
					}
					at := i*width + k
					require.Equal(t, byte(word>>(k&63)&1), packed[at>>3]>>(at&7)&1)
				}
				require.Equal(t, and(b, lowBits(width)), back[i])
			}
		}
	}
}

func TestMatchLookalikes(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 100, 1000} {
		for _, width := range []int{41, 63, 64, 65, 81, 128} {
			// Tags that agree in what stands in a slot, in what chooses it, or
			// in all that the table looks at first must be told apart.
			for name, tag := range map[string]func(i uint64) prg.Block{
				"slots":   func(i uint64) prg.Block { return prg.Block{Lo: i << (min(width, 64) - 12)} },
				"entries": func(i uint64) prg.Block { return prg.Block{Lo: i} },
				"ends":    func(i uint64) prg.Block { return and(prg.Block{Lo: i & 1, Hi: i}, lowBits(width)) },
			} {
				tags := make([]prg.Block, 2*n)
				distinct := map[prg.Block]bool{}
				for i := range tags {
					tags[i] = tag(uint64(i) + 1)
					distinct[tags[i]] = true
				}
				if len(distinct) < len(tags) {
					continue
				}
				matches := map[int]int{}
				m := newMatcher(pieced(tags[:n], tags), width, 2, new(hugepage.Room))
				require.NoError(t, m.match(noStep, func(j, i int) { matches[j] = i }))
				require.Len(t, matches, n, "%s, %d bits", name, width)
				for j, i := range matches {
					require.Equal(t, j, i)
				}
			}
		}
	}
}

// What the receiver holds of many tags, and what it has held of them, is not
// much more than their bytes. It has no items here, so that nothing else counts.
func TestMemoryOfTags(t *testing.T) {
	const m = 1 << 20
	a := &side{set: newSet(t), cfg: toReceiver()}
	before := totalAlloc()
	alike := func(h *session.Hello) { h.Terms[1].Value = []byte{byte(RevealReceiver)} }
	errA, errB := testparty.Join(t.Context(), a.receive, actor(session.RoleB, m, alike, func(s *session.Session) error {
		tags := make([]byte, packedSize(tagChunk, tagBits(0, m)))
		for range m / chunkItems {
			if err := s.Send(dhTags, tags); err != nil {
				return err
			}
		}
		if err := s.SendEnd(); err != nil {
			return err
		}
		return s.RecvEnd()
	}))
	require.NoError(t, errors.Join(errA, errB))
	require.Less(t, totalAlloc()-before, uint64(m*(16+packedSize(tagChunk, tagBits(0, m))/tagChunk+1)+4<<20))
}

func benchmarkRun(b *testing.B, cfg *Config, n int) {
	values := numbers(0, n+n/2)
	x, y := newSet(b, values[:n]...), newSet(b, values[n/2:]...)
	b.ResetTimer()
	var stats Stats
	for range b.N {
		p, q := &side{set: x, cfg: cfg}, &side{set: y, cfg: cfg}
		errA, errB := testparty.Join(b.Context(), p.receive, q.send)
		require.NoError(b, errors.Join(errA, errB))
		require.Len(b, p.result.Rows, n-n/2)
		stats = p.result.Stats
	}
	b.ReportMetric(float64(stats.Sent+stats.Received)/float64(n), "B/item")
	b.ReportMetric(float64(stats.Rounds), "rounds")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/item")
}

func BenchmarkDH(b *testing.B) {
	for _, log := range []int{10, 16} {
		b.Run(fmt.Sprintf("n=2^%d", log), func(b *testing.B) { benchmarkRun(b, toReceiver(), 1<<log) })
	}
}

func BenchmarkVOLE(b *testing.B) {
	for _, adversary := range []Adversary{SemiHonest, Malicious} {
		for _, log := range []int{10, 16, 18, 20, 22, 24} {
			b.Run(fmt.Sprintf("%v/n=2^%d", adversary, log), func(b *testing.B) {
				benchmarkRun(b, &Config{Adversary: adversary, Reveal: RevealReceiver, Protocol: VOLE}, 1<<log)
			})
		}
	}
}

func BenchmarkNewSet(b *testing.B) {
	values := numbers(0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		newSet(b, values...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(1<<20), "ns/item")
}
