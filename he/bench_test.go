package he

import (
	"io"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkAggregate adds up 10^6 numbers of eight parties, all of whom are key
// holders too if the key is collective, with all checks. Processor time is that
// of all parties together.
func BenchmarkAggregate(b *testing.B) {
	const values = 1_000_000
	for _, c := range []struct {
		name string
		mode Mode
		bits int
	}{
		{"collective/36", Collective, 36},
		{"collective/16", Collective, 16},
		{"receiver-key/37", ReceiverKey, 37},
		{"one-shot/36", OneShot, 36},
	} {
		b.Run(c.name, func(b *testing.B) {
			max := float64(uint64(1)<<c.bits - 1)
			spec := &Spec{
				Mode: c.mode, Contributors: 8, MinInputs: 8, Rows: values,
				Fields: []Field{{"x", 0, max, 0}}, Functions: []Function{Vector("x")},
			}
			if c.mode != ReceiverKey {
				spec.Holders, spec.Threshold = 8, 8
			}
			rows := func(int) iter.Seq2[[]float64, error] {
				return func(yield func([]float64, error) bool) {
					row := []float64{0}
					for i := range values {
						row[0] = float64(spread(i, c.bits))
						if !yield(row, nil) {
							return
						}
					}
				}
			}
			for b.Loop() {
				p := newParties(b, spec)
				r := p.run(rows, upTo(8), upTo(spec.Threshold))
				require.EqualValues(b, 8*spread(12345, c.bits), r.Vectors["x"][12345])
				z := p.plan.Sizes()
				b.ReportMetric(float64(z.Contribution)/values, "B/value-up")
				b.ReportMetric(float64(z.Share)/values, "B/value-share")
				b.ReportMetric(float64(z.Audit)/values, "B/value-audit")
			}
		})
	}
}

// spread returns numbers of so many bits.
func spread(i, bits int) uint64 { return uint64(i) * 0x9e3779b9 % (1 << bits) }

// BenchmarkEncrypt encrypts 10^6 numbers of 36 bits.
func BenchmarkEncrypt(b *testing.B) {
	const values = 1_000_000
	spec := &Spec{
		Mode: Collective, Contributors: 8, MinInputs: 3, Rows: values, Holders: 2, Threshold: 2,
		Fields: []Field{{"x", 0, 1<<36 - 1, 0}}, Functions: []Function{Vector("x")},
	}
	p := newParties(b, spec)
	row := []float64{1 << 35}
	rows := func(yield func([]float64, error) bool) {
		for range values {
			if !yield(row, nil) {
				return
			}
		}
	}
	for b.Loop() {
		c, err := p.s.NewContributor(p.contributorKeys[0], p.public)
		require.NoError(b, err)
		_, err = c.Encrypt(io.Discard, rows)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/values, "ns/value")
}
