package rlwe

import (
	"testing"

	"github.com/dujiang-dev/dujiang/internal/kernel/bitpack"
	"github.com/stretchr/testify/require"
	lattigo "github.com/tuneinsight/lattigo/v5/core/rlwe"
	"github.com/tuneinsight/lattigo/v5/ring"
)

// values returns the coefficients of x, which is transformed, transformed by the
// other implementation: roots differ.
func values(p *Params, r *ring.Ring, x poly) ring.Poly {
	x = append(poly(nil), x...)
	p.inverse(x)
	y := fromPoly(p, x)
	r.NTT(y, y)
	return y
}

// fromPoly returns x as a polynomial of the other implementation.
func fromPoly(p *Params, x poly) ring.Poly {
	r := ring.NewPoly(p.n, len(p.limbs)-1)
	for i := range p.limbs {
		copy(r.Coeffs[i], p.limb(x, i))
	}
	return r
}

func toPoly(p *Params, x ring.Poly) poly {
	r := p.newPoly()
	for i := range p.limbs {
		copy(p.limb(r, i), x.Coeffs[i])
	}
	return r
}

// TestOtherImplementation decrypts sums with lattigo's decryptor, and opens what
// its encryptor encrypts under a key of ours.
func TestOtherImplementation(t *testing.T) {
	for _, c := range []Config{
		{Mode: ReceiverKey, Capacity: 1 << 40, Contributors: 8, Coefficients: 1e6},
		{Mode: ReceiverKey, Capacity: 1 << 50, Contributors: 20, Coefficients: 1e6, LogN: 13},
	} {
		g := newGroup(t, c)
		p, k := g.p, g.secrets[0]
		params, err := lattigo.NewParametersFromLiteral(lattigo.ParametersLiteral{LogN: p.row.logN, Q: p.row.primes, NTTFlag: true})
		require.NoError(t, err)
		sk := lattigo.NewSecretKey(params)
		theirRing := params.RingQ()
		sk.Value.Q = values(p, theirRing, k.s)
		theirRing.MForm(sk.Value.Q, sk.Value.Q)

		sum, want := g.contribute(t, p.n, within(p, newRand(t)))
		ct := lattigo.NewCiphertext(params, 1, params.MaxLevel())
		ct.IsNTT = false
		body := p.newPoly()
		sum.bodyTo(body)
		mask := append(poly(nil), sum.mask...)
		p.inverse(mask)
		ct.Value[0], ct.Value[1] = fromPoly(p, body), fromPoly(p, mask)
		pt := lattigo.NewDecryptor(params, sk).DecryptNew(ct)
		got := make([]uint64, p.n)
		require.NoError(t, p.decode(got, toPoly(p, pt.Value)))
		require.Equal(t, want, got)

		pk := lattigo.NewPublicKey(params)
		pk.Value[0].Q, pk.Value[1].Q = values(p, theirRing, g.key.b), values(p, theirRing, g.key.a)
		for _, v := range pk.Value {
			theirRing.MForm(v.Q, v.Q)
		}
		message := lattigo.NewPlaintext(params, params.MaxLevel())
		message.IsNTT = true
		x := p.newPoly()
		for i, v := range want {
			m := uint128{0, v}.shl(p.delta)
			for j := range p.limbs {
				p.limb(x, j)[i] = p.limbs[j].mod128(m.hi, m.lo)
			}
		}
		message.Value = fromPoly(p, x)
		theirRing.NTT(message.Value, message.Value)
		theirs, err := lattigo.NewEncryptor(params, pk).EncryptNew(message)
		require.NoError(t, err)
		require.True(t, theirs.IsNTT)
		theirRing.INTT(theirs.Value[0], theirs.Value[0])
		theirRing.INTT(theirs.Value[1], theirs.Value[1])
		c0, c1 := toPoly(p, theirs.Value[0]), toPoly(p, theirs.Value[1])
		for i := range p.limbs {
			p.limbs[i].Forward(p.limb(c1, i), p.limb(c1, i))
		}
		b := p.appendPoly(nil, c1)
		numbers := make([]uint64, p.n)
		for i := range numbers {
			numbers[i] = p.roundOne(p.compose(c0, i))
		}
		sum.Reset()
		require.NoError(t, sum.Add(bitpack.Append(b, numbers, p.bodyBits)))
		d, err := p.NewDecrypter(k)
		require.NoError(t, err)
		clear(got)
		require.NoError(t, d.Open(got, sum))
		require.Equal(t, want, got)
	}
}
