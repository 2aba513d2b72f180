package two

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/engine"
)

// loopback returns links over TCP.
func loopback(tb testing.TB) *conns {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer l.Close()
	pair := func() (a, b net.Conn) {
		a, err := net.Dial("tcp", l.Addr().String())
		require.NoError(tb, err)
		b, err = l.Accept()
		require.NoError(tb, err)
		return a, b
	}
	c := new(conns)
	c.peers[0], c.peers[1] = pair()
	for i := range c.dealing {
		c.dealing[i][0], c.dealing[i][1] = pair()
	}
	return c
}

// benchmark runs f, of n elements, with both parties and the dealer in this process over
// loopback TCP. It reports what both parties send, without what went before.
func benchmark(b *testing.B, n int, s setting, before, f func(p *Party) error) {
	var sent [Parties]uint64
	errs := join(b.Context(), loopback(b), s, func(p *Party) error {
		if err := before(p); err != nil {
			return err
		}
		start, dealt := p.Stats(), p.maker.stats().Received
		if p.index == 0 {
			b.ResetTimer()
		}
		for range b.N {
			if err := f(p); err != nil {
				return err
			}
		}
		end := p.Stats()
		sent[p.index] = end.Sent - start.Sent
		if s.dealer {
			sent[p.index] += p.maker.stats().Received - dealt
		}
		if p.index == 0 {
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds()/1e6, "M/s")
			b.ReportMetric(float64(end.Rounds-start.Rounds)/float64(b.N), "rounds")
		}
		return nil
	})
	for _, err := range errs {
		require.NoError(b, err)
	}
	b.ReportMetric(float64(sent[0]+sent[1])/float64(b.N)/float64(n), "B")
}

// kinds of settings, by name.
var settings = []struct {
	name string
	n    int
	setting
}{
	{"dealer", 1_000_000, setting{dealer: true}},
	{"encryption", 1 << 17, setting{cipher: true}},
	{"transfers", 1 << 15, setting{}},
	{"silent", 1 << 14, setting{silent: true}},
}

func nothing(*Party) error { return nil }

// BenchmarkMul is of all that a multiplication takes, triples included.
func BenchmarkMul(b *testing.B) {
	for _, s := range settings {
		b.Run(s.name, func(b *testing.B) {
			z, x := NewVec(s.n), NewVec(s.n)
			other := NewVec(s.n)
			benchmark(b, s.n, s.setting, func(p *Party) error { return p.Mul([]Vec{z, other}[p.index], x, x) }, func(p *Party) error {
				return p.Mul([]Vec{z, other}[p.index], x, x)
			})
		})
	}
}

// BenchmarkAnd is of words of 64 conjunctions.
func BenchmarkAnd(b *testing.B) {
	for _, s := range settings {
		n := s.n / 16
		b.Run(s.name, func(b *testing.B) {
			f := func(p *Party) error { return p.And([]Vec{NewVec(n)}, []Vec{NewVec(n)}, []Vec{NewVec(n)}) }
			benchmark(b, 64*n, s.setting, f, f)
		})
	}
}

// BenchmarkNegative is a comparison of 62 bits.
func BenchmarkNegative(b *testing.B) {
	for _, s := range settings {
		n := s.n / 8
		b.Run(s.name, func(b *testing.B) {
			f := func(p *Party) error {
				_, err := p.Negative(NewVec(n), 62)
				return err
			}
			benchmark(b, n, s.setting, f, f)
		})
	}
}

// BenchmarkMatMul is of square matrices, triples included.
func BenchmarkMatMul(b *testing.B) {
	for _, c := range []struct {
		n int
		setting
	}{{512, setting{dealer: true}}, {64, setting{}}} {
		b.Run(fmt.Sprintf("dealer=%v/n=%d", c.dealer, c.n), func(b *testing.B) {
			benchmark(b, 1, c.setting, nothing, func(p *Party) error {
				x := NewVec(c.n * c.n)
				return p.MatMul(NewVec(c.n*c.n), c.n, c.n, c.n, x, x)
			})
		})
	}
}

// BenchmarkOnline is a multiplication of what is prepared.
func BenchmarkOnline(b *testing.B) {
	const n = 1_000_000
	z := [Parties]Vec{NewVec(n), NewVec(n)}
	x := NewVec(n)
	benchmark(b, n, setting{dealer: true},
		func(p *Party) error { return p.Prepare(engine.Demand{Products: b.N * n}) },
		func(p *Party) error { return p.Mul(z[p.index], x, x) })
}

// BenchmarkEncryption is of what each party computes for the triples of one message.
func BenchmarkEncryption(b *testing.B) {
	var parties [Parties]*encrypted
	errs := join(b.Context(), loopback(b), setting{cipher: true}, func(p *Party) error {
		parties[p.index] = p.maker.(*encrypted)
		return parties[p.index].keys()
	})
	for _, err := range errs {
		require.NoError(b, err)
	}
	t := newTriples(order{kind: products, rows: slots})
	msg, reply := make([]byte, askSize), make([]byte, replySize)
	parties[0].encrypt(msg, t.a, t.b)
	require.NoError(b, parties[1].multiplied(reply, msg, t))
	for name, f := range map[string]func() error{
		"encrypt": func() error {
			parties[0].encrypt(msg, t.a, t.b)
			return nil
		},
		"multiply": func() error { return parties[1].multiplied(reply, msg, t) },
		"decrypt":  func() error { return parties[0].decrypt(t.c, reply) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, f())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/slots, "ns/triple")
		})
	}
}

// BenchmarkSort is of keys of 32 bits, as package mpc sorts, with a column.
func BenchmarkSort(b *testing.B) {
	const size = 32
	for _, s := range settings {
		n := 1 << 18
		if !s.dealer {
			n = 1 << 12
		}
		b.Run(s.name, func(b *testing.B) {
			benchmark(b, n, s.setting, nothing, func(p *Party) error {
				keys := p.NewVec(n)
				p.private.Uint64s(keys.Parts[0])
				planes, err := p.Decompose(keys, size)
				if err != nil {
					return err
				}
				_, err = engine.Radix{Shuffler: p}.Sort(n, planes, size, []Vec{keys})
				return err
			})
		})
	}
}
