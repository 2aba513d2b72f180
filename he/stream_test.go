package he

import (
	"bytes"
	"flag"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var streamed = flag.Int("stream", 30_000, "how many numbers each party has in TestStreaming")

// Two key holders open the sum of three contributors, all of whose messages lie in
// files. What is in memory does not grow with the numbers, but for the result,
// eight bytes each, and a hash for each chunk.
func TestStreaming(t *testing.T) {
	n := *streamed
	limit := int64(48<<20) + 9*int64(n) // garbage is collected before it makes more of it
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(limit))
	spec := &Spec{
		Mode: Collective, Contributors: 3, MinInputs: 3, Holders: 2, Threshold: 2, Rows: n,
		Fields: []Field{{"x", 0, 1<<36 - 1, 0}}, Functions: []Function{Vector("x")},
	}
	p := newParties(t, spec)
	var peak uint64
	calls := 0
	s := p.s.WithProgress(func(string, int64, int64) {
		if calls++; calls%64 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
		}
	})
	folder := t.TempDir()
	file := func(name string) *os.File {
		f, err := os.Create(filepath.Join(folder, name))
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
	p.s = s
	p.makeKey()

	a := p.s.NewAggregator()
	contributors, contributions := make([]*Contributor, 3), make([]*os.File, 3)
	for i, key := range p.contributorKeys {
		var err error
		contributors[i], err = p.s.NewContributor(key, p.public)
		require.NoError(t, err)
		contributions[i] = file("contribution" + string(rune('0'+i)))
		rows := func(yield func([]float64, error) bool) {
			row := []float64{0}
			for k := range n {
				row[0] = float64(spread(k, 36) >> i)
				if !yield(row, nil) {
					return
				}
			}
		}
		commitment, err := contributors[i].Encrypt(contributions[i], rows)
		require.NoError(t, err)
		require.NoError(t, a.Commit(commitment))
	}
	_, err := a.Roll()
	require.NoError(t, err)
	roll := p.endorsed(a)
	for i, c := range contributors {
		approval, err := c.Approve(roll, contributions[i])
		require.NoError(t, err)
		require.NoError(t, a.Add(approval, contributions[i]))
	}
	aggregate, err := a.Close([]int{0, 1})
	require.NoError(t, err)
	var shares []io.Reader
	for i, h := range p.keyHolders {
		audit, err := h.Audit(aggregate.Call())
		require.NoError(t, err)
		require.NoError(t, audit.KeepIn(file("audit")))
		r, w := io.Pipe()
		go func() { w.CloseWithError(aggregate.WriteAudit(w, i)) }()
		require.NoError(t, audit.Read(r))
		share := file("share" + string(rune('0'+i)))
		require.NoError(t, audit.Share(share, memoryLog{}))
		_, err = share.Seek(0, io.SeekStart)
		require.NoError(t, err)
		shares = append(shares, share)
	}
	sum := file("sum")
	_, err = aggregate.WriteTo(sum)
	require.NoError(t, err)
	_, err = sum.Seek(0, io.SeekStart)
	require.NoError(t, err)
	r, err := p.receiver.Open(p.s, sum, shares...)
	require.NoError(t, err)
	for k, x := range r.Vectors["x"] {
		y := spread(k, 36)
		if want := int64(y + y>>1 + y>>2); x != want {
			t.Fatalf("number %d is %d, not %d", k, x, want)
		}
	}
	t.Logf("%d numbers, %.2f B each up, at most %d MiB of memory in use", n, float64(p.plan.Sizes().Contribution)/float64(n), peak>>20)
	require.Less(t, peak, uint64(limit)+16<<20)
}

// An audit that keeps its sums in a file makes the same share, and none if the
// file has changed.
func TestAuditInFile(t *testing.T) {
	c := collect(t, counts())
	for i := range 4 {
		require.NoError(t, c.add(i))
	}
	a, err := c.aggregator.Close([]int{0, 1})
	require.NoError(t, err)
	audit := func(holder int, change func(f *os.File)) error {
		f, err := os.Create(filepath.Join(t.TempDir(), "audit"))
		require.NoError(t, err)
		defer f.Close()
		audit, err := c.keyHolders[holder].Audit(a.Call())
		require.NoError(t, err)
		require.NoError(t, audit.KeepIn(f))
		var b bytes.Buffer
		require.NoError(t, a.WriteAudit(&b, holder))
		require.NoError(t, audit.Read(&b))
		require.Error(t, audit.KeepIn(f), "it has begun")
		change(f)
		inMemory := c.audit(a, holder).masks
		for chunk := range c.plan.chunks() {
			if got, err := audit.masks.at(chunk, nil); err == nil {
				want, err := inMemory.at(chunk, nil)
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		}
		return audit.Share(failing{t}, memoryLog{})
	}
	flip := func(f *os.File) {
		var b [1]byte
		_, err := f.ReadAt(b[:], 99)
		require.NoError(t, err)
		b[0] ^= 1
		_, err = f.WriteAt(b[:], 99)
		require.NoError(t, err)
	}
	cut := func(f *os.File) { require.NoError(t, f.Truncate(50)) }
	require.ErrorIs(t, audit(0, flip), errSpool)
	require.ErrorIs(t, audit(0, cut), io.EOF)
}

// Every phase reports until all is done.
func TestProgress(t *testing.T) {
	for _, mode := range []Mode{ReceiverKey, Collective, OneShot} {
		spec := counts()
		spec.Rows = 12_000 // more than one chunk
		if spec.Mode = mode; mode == ReceiverKey {
			spec.Holders, spec.Threshold = 0, 0
		}
		p := newParties(t, spec)
		last, times := make(map[string]int64), make(map[string]int)
		p.s = p.s.WithProgress(func(phase string, done, total int64) {
			require.Greater(t, done, last[phase], "%s of %v", phase, mode)
			require.LessOrEqual(t, done, total)
			if last[phase] = done; done == total {
				times[phase]++
				last[phase] = 0
			}
		})
		p.makeKey()
		p.run(func(int) iter.Seq2[[]float64, error] {
			return rowsOf(slices.Repeat([][]float64{{1}}, spec.Rows)...)
		}, upTo(5), upTo(spec.Threshold))
		want := map[string]int{"encrypt": 5, "approve": 5, "add": 5, "aggregate": 1, "audit": 2, "share": 2, "open": 1}
		switch mode {
		case ReceiverKey:
			delete(want, "audit")
			delete(want, "share")
		case OneShot:
			delete(want, "approve")
		}
		require.Equal(t, want, times, mode)
	}
}
