package directory_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
	"github.com/dujiang-dev/dujiang/identity/directory"
	"github.com/dujiang-dev/dujiang/identity/directory/internal/storetest"
)

func filled(b *testing.B, n int) (path string, codes []identity.Code) {
	path = filepath.Join(b.TempDir(), "directory")
	d := open(b, path, nil)
	signed := make([]directory.Signed, n)
	parallel(n, func(i int) { signed[i] = storetest.Sign(storetest.Record(i)) })
	for i := range signed {
		codes = append(codes, signed[i].Record.Code)
	}
	require.NoError(b, d.Register(signed...))
	require.NoError(b, d.Close())
	return path, codes
}

func BenchmarkResolve(b *testing.B) {
	path, codes := filled(b, 10000)
	d := open(b, path, nil)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := d.Resolve(codes[i%len(codes)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkOpen(b *testing.B) {
	path, codes := filled(b, 20000)
	for b.Loop() {
		d, err := directory.Open(path, &directory.Config{Verify: storetest.Owned})
		if err != nil {
			b.Fatal(err)
		}
		d.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(codes)), "ns/record")
}
