package rlwe

import (
	"fmt"
	"testing"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// perValue reports the time and, if it is not zero, the size of a chunk by value.
func perValue(b *testing.B, n, size int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/value")
	if size > 0 {
		b.ReportMetric(float64(size)/float64(n), "B/value")
	}
}

// BenchmarkCollective is every step for full chunks, by what is to be added up.
func BenchmarkCollective(b *testing.B) {
	for _, c := range []struct {
		name string
		Config
	}{
		{"36bit", collective},
		{"36bit/40-a-coefficient", Config{Mode: Collective, Capacity: 8*(1<<36-1) + 1, Contributors: 8, Holders: 8, Coefficients: 1, Statistical: 40}},
		{"2x16bit", Config{Mode: Collective, Capacity: (8*(1<<16-1)+1)*(1<<19) - 1, Contributors: 8, Holders: 8, Coefficients: 5e5, Statistical: 40}},
		{"receiver-key", Config{Mode: ReceiverKey, Capacity: 1<<40 - 7, Contributors: 8, Coefficients: 1e6}},
	} {
		b.Run(c.name, func(b *testing.B) {
			g := newGroup(b, c.Config)
			p := g.p
			n := p.N()
			b.Logf("N=%d logQ=%d flood=%d body=%d", p.n, p.LogQ(), p.FloodBits(), p.bodyBits)
			values := make([]uint64, n)
			for i := range values {
				values[i] = uint64(i) * 1234567 % (p.cfg.Capacity / 8)
			}
			e, _ := p.NewEncryptor(g.key)
			ct, _ := e.Encrypt(nil, values)
			sum, _ := p.NewSum(n)
			b.Run("encrypt", func(b *testing.B) {
				for b.Loop() {
					ct, _ = e.Encrypt(ct[:0], values)
				}
				perValue(b, n, len(ct))
			})
			b.Run("add", func(b *testing.B) {
				b.SetBytes(int64(len(ct)))
				for b.Loop() {
					sum.Reset()
					if err := sum.Add(ct); err != nil {
						b.Fatal(err)
					}
				}
				perValue(b, n, 0)
			})
			if c.Mode != Collective {
				d, _ := p.NewDecrypter(g.secrets[0])
				b.Run("open", func(b *testing.B) {
					for b.Loop() {
						if err := d.Open(values, sum); err != nil {
							b.Fatal(err)
						}
					}
					perValue(b, n, 0)
				})
				return
			}
			s, _ := p.NewSharer(g.secrets[0])
			mask := sum.appendMask(nil)
			var share []byte
			b.Run("share", func(b *testing.B) {
				for b.Loop() {
					share, _ = s.Share(share[:0], mask, n)
				}
				perValue(b, n, len(share))
			})
			shares := g.shares(b, sum, g.secrets)
			b.Run("open", func(b *testing.B) {
				for b.Loop() {
					if err := p.Open(values, sum, shares); err != nil {
						b.Fatal(err)
					}
				}
				perValue(b, n, 0)
			})
		})
	}
}

// BenchmarkMasked is every step of a vector that contributors mask and leave.
func BenchmarkMasked(b *testing.B) {
	p := newParams(b, masked)
	n := p.N()
	b.Logf("N=%d logQ=%d body=%d", n, p.LogQ(), p.bodyBits)
	values := make([]uint64, n)
	k, _ := p.NewMaskKey()
	m, _ := p.NewMasker(k, [32]byte{})
	body, _ := m.Mask(nil, 0, values)
	sum, _ := p.NewSum(n)
	b.Run("mask", func(b *testing.B) {
		chunk := m.next
		for b.Loop() {
			body, _ = m.Mask(body[:0], chunk, values)
			chunk++
		}
		perValue(b, n, len(body))
	})
	b.Run("add", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			sum.Reset()
			if err := sum.Add(body); err != nil {
				b.Fatal(err)
			}
		}
		perValue(b, n, 0)
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if err := m.Open(values, m.next-1, sum); err != nil {
				b.Fatal(err)
			}
		}
		perValue(b, n, 0)
	})
	f := p.NewFingerprinter([32]byte{})
	b.Run("fingerprint", func(b *testing.B) {
		for b.Loop() {
			if err := f.AddSum(sum); err != nil {
				b.Fatal(err)
			}
		}
		perValue(b, n, 0)
	})
}

// BenchmarkParts is what encryption is made of.
func BenchmarkParts(b *testing.B) {
	for _, c := range []Config{collective, {Mode: ReceiverKey, Capacity: 1<<40 - 7, Contributors: 8, Coefficients: 1e6}} {
		p, err := New(c)
		if err != nil {
			b.Fatal(err)
		}
		x, small, numbers, g := p.newPoly(), make([]uint64, p.n), make([]uint64, p.n), prg.New([16]byte{})
		packed := bitpack.Append(nil, small, p.limbs[0].bits)
		for _, f := range []struct {
			name string
			f    func()
		}{
			{"ternary", func() { ternary(g, small) }},
			{"binomial", func() { binomial(g, small) }},
			{"gauss", func() { gauss(g, small) }},
			{"uniform", func() { uniform(g, small, p.limbs[0].q) }},
			{"uniformSecret", func() { uniformSecret(g, small, &p.limbs[0]) }},
			{"ntt", func() { p.limbs[0].Forward(small, small) }},
			{"intt", func() { p.limbs[0].Inverse(small, small) }},
			{"mul", func() { p.mulPoly(x, x, x) }},
			{"round", func() {
				p.bodies(numbers, x, small, numbers)
			}},
			{"pack", func() { packed = bitpack.Append(packed[:0], small, p.limbs[0].bits) }},
			{"unpack", func() { bitpack.Unpack(small, packed, p.limbs[0].bits, p.limbs[0].q-1) }},
		} {
			b.Run(fmt.Sprintf("N=%d/%s", p.n, f.name), func(b *testing.B) {
				for b.Loop() {
					f.f()
				}
				perValue(b, p.n, 0)
			})
		}
	}
}
