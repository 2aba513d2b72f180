package directory_test

import (
	"context"
	"flag"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

// TestScale registers a province's catalogue, with owner's signatures and
// the log, and measures what a directory is asked for.
func TestScale(t *testing.T) {
	n := 1000
	if *long {
		n = 340_000
	}
	dir := t.TempDir()
	log := storetest.OpenLog(t, filepath.Join(dir, "log"))
	d := open(t, filepath.Join(dir, "directory"), log)

	start := time.Now()
	codes := make([]identity.Code, n)
	const batch = 8192
	parallel((n+batch-1)/batch, func(b int) { // one computes while another waits for the disk
		from := b * batch
		signed := make([]directory.Signed, min(batch, n-from))
		for i := range signed {
			signed[i] = storetest.Sign(storetest.Record(from + i))
			codes[from+i] = signed[i].Record.Code
		}
		if err := d.Register(signed...); err != nil {
			panic(err)
		}
	})
	_, err := log.Publish(context.Background())
	require.NoError(t, err)
	t.Logf("%d records generated, signed, verified, registered and logged in %v", n, time.Since(start))

	start = time.Now()
	parallel(len(codes), func(i int) {
		if s, err := d.Resolve(codes[i]); err != nil || s.Record.Code != codes[i] {
			panic("not resolved")
		}
	})
	t.Logf("%.0f resolved a second", float64(n)/time.Since(start).Seconds())

	for _, text := range []string{"气象", "公交", "气象 公交", "公安局水质监测", "第12号", "天文"} {
		start = time.Now()
		found, err := d.Search(&directory.Query{Text: text, Limit: 50})
		require.NoError(t, err)
		t.Logf("%s: %d results in %v", text, len(found), time.Since(start))
	}

	policy := storetest.Trust()
	proof := storetest.Must(d.Prove(codes[n/2]))
	start = time.Now()
	_, _, err = directory.VerifyProof(policy, proof, storetest.Owned)
	require.NoError(t, err)
	t.Logf("a proof of %d bytes verified in %v", len(proof), time.Since(start))
	require.LessOrEqual(t, len(proof), 2600)

	require.NoError(t, d.Close())
	d = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start = time.Now()
	d = open(t, filepath.Join(dir, "directory"), log)
	t.Logf("opened in %v", time.Since(start))
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d bytes of memory a record", int64(after.HeapAlloc-before.HeapAlloc)/int64(n))
	require.Equal(t, n, d.Len())
}

// parallel calls f with 0 to n-1 on all processors.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
