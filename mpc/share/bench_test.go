package share

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkNumbers shares a million numbers among three parties, and combines
// them. A summand takes 8 MB.
func BenchmarkNumbers(b *testing.B) {
	const n = 1_000_000
	for _, s := range []Scheme{
		{Kind: Additive, Ring: Z64, Quorum: Quorum{3, 3}},
		{Kind: Replicated, Ring: Z64, Quorum: Quorum{2, 3}},
		{Kind: Additive, Ring: F61, Quorum: Quorum{3, 3}},
		{Kind: Shamir, Ring: F61, Quorum: Quorum{2, 3}},
		{Kind: Packed, Ring: F61, Quorum: Quorum{9, 12}, Width: 8},
	} {
		secrets := s.Ring.numbers(newRand(), n)
		shares, err := s.Split(secrets)
		require.NoError(b, err)
		b.Run("Split/"+s.name(), func(b *testing.B) {
			for b.Loop() {
				_, _ = s.Split(secrets)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/number")
		})
		b.Run("Combine/"+s.name(), func(b *testing.B) {
			for b.Loop() {
				_, _ = Combine(shares[:s.Needed])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/number")
		})
	}
}
