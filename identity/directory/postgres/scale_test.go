package postgres

import (
	"flag"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
)

var records = flag.Int("records", 340_000, "`number` of records that TestScale registers with -long")

// TestScale registers a province's catalogue and measures what a data base is
// asked for. Signing and verifying are part of it.
func TestScale(t *testing.T) {
	n := 1000
	if *long {
		n = *records
	}
	cfg := config()
	cfg.Log = openLog(t, t.TempDir())
	s := open(t, cfg)
	ctx := t.Context()
	const batch = 8192
	codes := make([]identity.Code, n)
	start := time.Now()
	var group sync.WaitGroup
	var next atomic.Int64
	for range 2 { // one computes while the other waits for the server
		group.Go(func() {
			for from := 0; ; {
				if from = int(next.Add(batch)) - batch; from >= n {
					return
				}
				signed := make([]directory.Signed, min(batch, n-from))
				for i := range signed {
					signed[i] = storetest.Sign(storetest.Record(from + i))
					codes[from+i] = signed[i].Record.Code
				}
				if err := s.Register(ctx, signed...); err != nil {
					panic(err)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d records generated, signed, verified, registered and logged in %v", n, time.Since(start))
	_, err := s.pool.Exec(ctx, "vacuum analyze")
	require.NoError(t, err)
	var bytes int64
	require.NoError(t, s.pool.QueryRow(ctx, "select pg_database_size(current_database())").Scan(&bytes))
	t.Logf("%d bytes of disk a record", bytes/int64(n))

	start = time.Now()
	const resolved = 1000
	for i := range resolved {
		_, err := s.Resolve(ctx, codes[i*7919%n])
		require.NoError(t, err)
	}
	t.Logf("one resolved in %v", time.Since(start)/resolved)
	for _, text := range []string{"气象", "公交", "气象 公交", "公安局水质监测", "第12号", "天文", "数据 登记"} {
		fastest := time.Hour
		var found []directory.Signed
		for range 5 {
			start = time.Now()
			found, err = s.Search(ctx, &directory.Query{Text: text, Limit: 50})
			require.NoError(t, err)
			fastest = min(fastest, time.Since(start))
		}
		t.Logf("%s: %d results in %v", text, len(found), fastest)
	}
	area, err := identity.ParseArea("1108")
	require.NoError(t, err)
	start = time.Now()
	found, err := s.Search(ctx, &directory.Query{Text: "气象", Area: area, Limit: 50})
	require.NoError(t, err)
	t.Logf("气象 in one area: %d results in %v", len(found), time.Since(start))
}
