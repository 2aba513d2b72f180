package main

import (
	"context"
	"crypto/rand"
	"io"
	"math/big"
)

// A paillierParty is all parties of the aggregation that is in most textbooks [Pai99],
// with what math/big has: contributors encrypt for a receiver, whoever multiplies the
// ciphertexts adds the numbers, and the receiver decrypts. It packs as many numbers
// into a plaintext as fit, which is what anybody would do. It is what package he is
// compared with, and nothing to use: its time depends on secrets, there is no
// threshold, and the receiver can decrypt everybody's numbers.
//
// [Pai99] Pascal Paillier: Public-Key Cryptosystems Based on Composite Degree Residuosity
// Classes. Eurocrypt 1999, scheme 1 with g = N + 1.
type paillierParty struct {
	*heJob
	bits            int      // of the modulus
	n, square       *big.Int // the modulus and its square, which are public
	lambda, lambda1 *big.Int // (p-1)(q-1) and its inverse modulo n, which are not
	sums            []int64
	costs           costs
}

// paillierBits is the modulus that NIST SP 800-57 equates with 128 bits of security.
const paillierBits = 3072

func (p *paillierParty) prepare() error {
	if p.bits == 0 {
		p.bits = paillierBits
	}
	return nil
}

func (p *paillierParty) makeKey() error {
	one := big.NewInt(1)
	for {
		a, err := rand.Prime(rand.Reader, p.bits/2)
		if err != nil {
			return err
		}
		b, err := rand.Prime(rand.Reader, p.bits/2)
		if err != nil {
			return err
		}
		p.n = new(big.Int).Mul(a, b)
		p.lambda = new(big.Int).Mul(a.Sub(a, one), b.Sub(b, one))
		if p.lambda1 = new(big.Int).ModInverse(p.lambda, p.n); p.lambda1 != nil {
			break
		}
	}
	p.square = new(big.Int).Mul(p.n, p.n)
	return nil
}

// encrypt returns (1 + m·N)·r^N modulo N².
func (p *paillierParty) encrypt(m *big.Int) (*big.Int, error) {
	r, err := rand.Int(rand.Reader, p.n)
	if err != nil {
		return nil, err
	}
	c := new(big.Int).Mul(m, p.n)
	c.Add(c, big.NewInt(1))
	return c.Mod(c.Mul(c, r.Exp(r, p.n, p.square)), p.square), nil
}

// decrypt returns L(c^λ)·λ⁻¹ modulo N, where L(x) = (x-1)/N.
func (p *paillierParty) decrypt(c *big.Int) *big.Int {
	m := new(big.Int).Exp(c, p.lambda, p.square)
	m.Div(m.Sub(m, big.NewInt(1)), p.n)
	return m.Mod(m.Mul(m, p.lambda1), p.n)
}

func (p *paillierParty) run(context.Context, []io.ReadWriter) error {
	watch := startStopwatch()
	if err := p.makeKey(); err != nil {
		return err
	}
	watch.lap("key")

	const slot = 41 // bits: sums of 32 numbers of 36
	slots := (p.bits - 2) / slot
	total := make([]*big.Int, (p.N+slots-1)/slots)
	m, v := new(big.Int), new(big.Int)
	size := int64((2*p.bits + 7) / 8)
	for c := range p.Parties {
		for k := range total {
			m.SetUint64(0)
			for i := min((k+1)*slots, p.N) - 1; i >= k*slots; i-- {
				m.Add(m.Lsh(m, slot), v.SetUint64(p.number(c, i)))
			}
			e, err := p.encrypt(m)
			if err != nil {
				return err
			}
			p.costs.Sent += size
			watch.lap("encrypt")
			if total[k] == nil {
				total[k] = e
			} else {
				total[k].Mod(total[k].Mul(total[k], e), p.square)
			}
			watch.lap("aggregate")
		}
	}
	mask := new(big.Int).SetUint64(1<<slot - 1)
	for k, e := range total {
		p.costs.Sent += size
		m := p.decrypt(e)
		for i := k * slots; i < min((k+1)*slots, p.N); i++ {
			p.sums = append(p.sums, v.And(m, mask).Int64())
			m.Rsh(m, slot)
		}
	}
	watch.lap("open")
	p.costs.Phases, p.costs.Delays = watch.phases, 3
	p.costs.Own = []ownFigure{{"up", "B/value", float64(size) * float64(len(total)) / float64(p.N)}}
	return nil
}

func (p *paillierParty) finish() (costs, error) { return p.costs, p.check(p.sums) }
