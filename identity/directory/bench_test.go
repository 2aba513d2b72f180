package directory

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/identity"
)

func filled(b *testing.B, n int) (path string, codes []identity.Code) {
	path = filepath.Join(b.TempDir(), "directory")
	d := open(b, path, nil)
	signed := make([]Signed, n)
	parallel(n, func(i int) { signed[i] = sign(record(i)) })
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
		d, err := Open(path, &Config{Verify: owned})
		if err != nil {
			b.Fatal(err)
		}
		d.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(codes)), "ns/record")
}
