package evidence

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const province = 340_000 // records of a catalogue of record

// A proof from a log of a province's size, with three witnesses, stays under
// 2 kB with a record of 200 bytes.
func TestProofSize(t *testing.T) {
	l := newLog(t)
	leaves := make([]Commitment, province)
	data := make([]byte, 200)
	leaves[123_456] = salt(1).Commit(data)
	_, err := l.Append(leaves...)
	require.NoError(t, err)
	a, b, c := newWitness(t, "a.example"), newWitness(t, "b.example"), newWitness(t, "c.example")
	publish(t, l, a, b, c)
	proof, err := l.Prove(123_456, salt(1), data)
	require.NoError(t, err)
	require.LessOrEqual(t, len(proof), 2000)
	_, err = policy(t, 2, a, b, c).Verify(proof)
	require.NoError(t, err)
}

func BenchmarkAppend(b *testing.B) {
	records := make([][]byte, province)
	for i := range records {
		records[i] = record(i)
	}
	for b.Loop() {
		l := openLog(b, b.TempDir())
		leaves := make([]Commitment, province)
		for i, r := range records {
			leaves[i] = NewSalt().Commit(r)
		}
		_, err := l.Append(leaves...)
		require.NoError(b, err)
		publish(b, l)
		require.NoError(b, l.Close())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*province), "ns/record")
}

func filled(b *testing.B) (l *Log, w [3]*Witness) {
	l = newLog(b)
	extend(b, l, 0, province)
	for i, name := range []string{"a.example", "b.example", "c.example"} {
		w[i] = newWitness(b, name)
	}
	publish(b, l, w[0], w[1], w[2])
	return l, w
}

func BenchmarkProve(b *testing.B) {
	l, _ := filled(b)
	i := 0
	for b.Loop() {
		i = (i + 7919) % province
		_, err := l.Prove(int64(i), salt(i), record(i))
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	l, w := filled(b)
	p := policy(b, 2, w[0], w[1], w[2])
	proof, err := l.Prove(7, salt(7), record(7))
	require.NoError(b, err)
	for name, fresh := range map[string]bool{"alone": true, "many": false} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if fresh {
					p.last.Store(nil)
				}
				if _, err := p.Verify(proof); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(proof)), "bytes")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	l := openLog(b, dir)
	extend(b, l, 0, province)
	publish(b, l)
	require.NoError(b, l.Close())
	for b.Loop() {
		l := openLog(b, dir)
		require.NoError(b, l.Close())
	}
}
