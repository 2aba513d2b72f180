package two

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/prg"
)

func testStream(seed byte) *prg.PRG { return prg.New([prg.Size]byte{seed, 99}) }

func product(primes []uint64) *big.Int {
	p := big.NewInt(1)
	for _, q := range primes {
		p.Mul(p, word64(q))
	}
	return p
}

// TestParameters holds what the comment at the sizes says.
func TestParameters(t *testing.T) {
	seen := make(map[uint64]bool)
	for _, primes := range [][]uint64{cipherPrimes[:], plainPrimes[:]} {
		for _, p := range primes {
			require.True(t, word64(p).ProbablyPrime(30))
			require.Equal(t, uint64(1), p%(2*slots))
			require.Less(t, p, uint64(1)<<digit)
			require.Greater(t, p, uint64(1)<<floodDigit)
			require.False(t, seen[p])
			seen[p] = true
		}
	}
	bigQ, bigT := product(cipherPrimes[:]), product(plainPrimes[:])
	require.Equal(t, 192, bigQ.BitLen()) // of 218 allowed for ternary secrets and 8192
	bit := func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
	// V: three quarters of T at most.
	highest := new(big.Int).Add(bit((maskDigits-1)*digit+topMask), bit(129))
	require.Equal(t, 192, highest.BitLen())
	require.Negative(t, highest.Lsh(highest, 2).Cmp(new(big.Int).Mul(big.NewInt(3), bigT)))
	// The products of a ciphertext, in units of t.
	biggest := word64(plainPrimes[0])
	products := new(big.Int).Mul(big.NewInt(2*slots*22), biggest)
	require.Equal(t, 67, products.BitLen())
	require.Negative(t, new(big.Int).Mul(products, products).Cmp(bit(133)))
	// v, between its products and t·2^141 more: a quarter of Q at most.
	v := new(big.Int).Mul(biggest, new(big.Int).Add(products, bit(floodDigits*floodDigit)))
	require.Negative(t, v.Cmp(new(big.Int).Rsh(bigQ, 2)))
	require.Equal(t, 141, floodDigits*floodDigit)
}

// TestNumber compares V modulo 2^64 with math/big, at both ends and at random.
func TestNumber(t *testing.T) {
	l, bigT := theLattice(), product(plainPrimes[:])
	r := rand.New(rand.NewPCG(1, 2))
	highest := new(big.Int).Lsh(big.NewInt(1), 191)
	highest.Add(highest, new(big.Int).Lsh(big.NewInt(1), 129))
	var z [plains][]uint64
	for j := range z {
		z[j] = newPoly()
	}
	want, got := newPoly(), newPoly()
	for i := range want {
		v := new(big.Int)
		switch {
		case i < 100:
			v.SetInt64(int64(i))
		case i < 200:
			v.Sub(highest, big.NewInt(int64(i)))
		default:
			for range 3 {
				v.Or(v.Lsh(v, 64), word64(r.Uint64()))
			}
			v.Rsh(v, uint(1+r.IntN(180)))
		}
		require.Negative(t, v.Cmp(bigT))
		want[i] = low64(v)
		for j, p := range plainPrimes {
			z[j][i] = new(big.Int).Mod(v, word64(p)).Uint64()
		}
	}
	l.number(got, z)
	require.Equal(t, want, got)
}

// TestPlain compares v modulo t with math/big, at both ends and at random.
func TestPlain(t *testing.T) {
	l := theLattice()
	r := rand.New(rand.NewPCG(3, 4))
	lowest := new(big.Int).Lsh(big.NewInt(-1), 115)
	highest := new(big.Int).Lsh(big.NewInt(1), 189)
	highest.Sub(highest, lowest)
	for j, p := range plainPrimes {
		y, want, got := newPolys(), newPoly(), newPoly()
		for i := range want {
			v := new(big.Int)
			switch {
			case i < 100:
				v.Add(lowest, big.NewInt(int64(i)))
			case i < 200:
				v.Sub(highest, big.NewInt(int64(i)))
			case i < 300:
				v.SetInt64(int64(i - 250))
			default:
				for range 3 {
					v.Or(v.Lsh(v, 64), word64(r.Uint64()))
				}
				v.Rsh(v, uint(3+r.IntN(180)))
			}
			want[i] = new(big.Int).Mod(v, word64(p)).Uint64()
			for k, q := range cipherPrimes {
				y[k][i] = new(big.Int).Mod(v, word64(q)).Uint64()
			}
		}
		l.plain(got, newPoly(), y, j)
		require.Equal(t, want, got)
	}
}

// TestAddErrors compares the sum of a centered number and an error with math/big, at both ends.
func TestAddErrors(t *testing.T) {
	for _, p := range plainPrimes {
		for _, q := range cipherPrimes {
			for _, e := range []int64{-21, -1, 0, 1, 21} {
				m := []uint64{0, 1, p / 2, p/2 + 1, p - 2, p - 1}
				centered := slices.Clone(m)
				center(centered, p)
				es, got := make([]uint64, len(m)), make([]uint64, len(m))
				for i := range es {
					es[i] = uint64(e)
				}
				addErrors(got, centered, es, p, q)
				for i, x := range centered {
					require.Equal(t, m[i], x+p&-(x>>63))
					want := new(big.Int).Mul(word64(p), big.NewInt(e))
					want.Mod(want.Add(want, big.NewInt(int64(x))), word64(q))
					require.Less(t, max(int64(got[i]), -int64(got[i])), int64(q))
					require.Equal(t, want.Uint64(), got[i]+q&-(got[i]>>63))
				}
			}
		}
	}
}

// TestResidues compares with the operator.
func TestResidues(t *testing.T) {
	w := unsigned(integers(1, slots-1))
	v := newPoly()
	for j, p := range plainPrimes {
		residues(v, w, j)
		for i, x := range w {
			require.Equal(t, x%p, v[i])
		}
		require.Zero(t, v[slots-1])
	}
}

// TestSamples holds moments and bounds: means and variances of 8192 samples are eight
// standard deviations off with a probability below 10^-14.
func TestSamples(t *testing.T) {
	v := newPoly()
	moments := func() (mean, square, most float64) {
		for _, x := range v {
			f := float64(int64(x))
			mean += f / slots
			square += f * f / slots
			most = max(most, math.Abs(f))
		}
		return mean, square, most
	}
	noise(v, testStream(1))
	mean, square, most := moments()
	require.InDelta(t, 0, mean, 8*3.24/90.5)
	require.InDelta(t, 10.5, square, 8*1.42*10.5/90.5)
	require.LessOrEqual(t, most, 21.0)
	ternary(v, testStream(2))
	mean, square, most = moments()
	require.InDelta(t, 0, mean, 8*0.82/90.5)
	require.InDelta(t, 2.0/3, square, 8*0.48/90.5)
	require.Equal(t, 1.0, most)
	digits(v, testStream(3), 45)
	mean, _, most = moments()
	require.InDelta(t, float64(1<<44), mean, 8*(1<<45)/math.Sqrt(12)/90.5)
	require.Less(t, most, float64(1<<45))
	// Residues of a small prime, of which nearly half of the draws are thrown away.
	const p = 1<<47 + 1
	uniform(v, testStream(4), p)
	mean, _, most = moments()
	require.InDelta(t, float64(p/2), mean, 8*p/math.Sqrt(12)/90.5)
	require.Less(t, most, float64(p))
}

// TestAnswerHides compares what party 0 decrypts when party 1 multiplies by the largest
// numbers and by zeros: the number is R and the product, and what is beside it in the
// ciphertext is dominated by the flood, whose mean over 8192 coefficients is within eight
// standard deviations of 2^141/sqrt(12·8192) of that of a uniform number.
func TestAnswerHides(t *testing.T) {
	none(t, run(t, setting{cipher: true}, func(p *Party) error {
		m := p.maker.(*encrypted)
		if err := m.keys(); err != nil {
			return err
		}
		largest := newPoly()
		for i := range largest {
			largest[i] = math.MaxUint64
		}
		if p.index == 0 {
			msg := make([]byte, askSize)
			m.encrypt(msg, largest, largest)
			if err := p.peer.Send(typeAsk, msg); err != nil {
				return err
			}
			for range 2 {
				reply := make([]byte, replySize)
				if err := p.peer.Recv(typeAnswered, reply); err != nil {
					return err
				}
				floods(t, m, reply)
			}
			return nil
		}
		msg := make([]byte, askSize)
		if err := p.peer.Recv(typeAsk, msg); err != nil {
			return err
		}
		for _, numbers := range [][]uint64{newPoly(), largest} {
			reply := make([]byte, replySize)
			require.NoError(t, m.multiplied(reply, msg, triples{numbers, numbers, newPoly()}))
			if err := p.peer.Send(typeAnswered, reply); err != nil {
				return err
			}
		}
		return nil
	}))
}

// floods checks the distribution of v / t of all ciphertexts of an answer.
func floods(t *testing.T, m *encrypted, reply []byte) {
	l, bigQ := theLattice(), product(cipherPrimes[:])
	for j, p := range plainPrimes {
		body, uni := newPolys(), newPolys()
		require.NoError(t, parsePolys(body, reply[2*j*polysSize:]))
		require.NoError(t, parsePolys(uni, reply[(2*j+1)*polysSize:]))
		for i, r := range l.q {
			r.MulAdd(body[i], uni[i], m.first[i], body[i])
			r.Inverse(body[i], body[i])
			r.Mul(body[i], body[i], l.inverseQ[i])
		}
		sum := new(big.Int)
		highest := new(big.Int)
		for i := range slots {
			v := new(big.Int)
			for k, q := range cipherPrimes {
				v.Add(v, new(big.Int).Mul(word64(body[k][i]), new(big.Int).Div(bigQ, word64(q))))
			}
			v.Mod(v, bigQ)
			v.Div(v, word64(p))
			sum.Add(sum, v)
			if v.Cmp(highest) > 0 {
				highest = v
			}
		}
		mean, _ := new(big.Float).SetInt(sum.Div(sum, big.NewInt(slots))).Float64()
		scale := math.Ldexp(1, floodDigits*floodDigit)
		require.InDelta(t, 0.5, mean/scale, 8/math.Sqrt(12*slots))
		require.LessOrEqual(t, highest.BitLen(), floodDigits*floodDigit)
		require.GreaterOrEqual(t, highest.BitLen(), floodDigits*floodDigit-1)
	}
}

// TestErrors finds the secret, and the errors of the key, of fresh ciphertexts, and of the second half of
// an answer, without which the secret and the plaintexts would be solutions of linear
// equations.
func TestErrors(t *testing.T) {
	var parties [Parties]*encrypted
	none(t, run(t, setting{cipher: true}, func(p *Party) error {
		parties[p.index] = p.maker.(*encrypted)
		return parties[p.index].keys()
	}))
	l, secret, public := theLattice(), parties[0].first, parties[1].first
	// coefficients returns those of a polynomial of values modulo q_i, between both halves
	// of it, divided by a number.
	coefficients := func(i int, values []uint64, by uint64) []float64 {
		r, q := l.q[i], cipherPrimes[i]
		v := newPoly()
		r.Inverse(v, values)
		r.Mul(v, v, constant(new(big.Int).ModInverse(word64(by), word64(q)), q))
		c := make([]float64, slots)
		for k, x := range v {
			if c[k] = float64(x); x > q/2 {
				c[k] = -float64(q - x)
			}
		}
		return c
	}
	noisy := func(c []float64, what string) {
		t.Helper()
		square, most := 0.0, 0.0
		for _, x := range c {
			square += x * x / slots
			most = max(most, math.Abs(x))
		}
		// As in TestSamples.
		require.InDelta(t, 10.5, square, 8*1.42*10.5/90.5, what)
		require.LessOrEqual(t, most, 21.0, what)
	}
	v := newPoly()
	for i, r := range l.q {
		r.MulAdd(v, public[i], secret[i], parties[1].second[i])
		noisy(coefficients(i, v, 1), "key")
		square := 0.0
		for _, x := range coefficients(i, secret[i], 1) {
			square += x * x / slots
			require.LessOrEqual(t, math.Abs(x), 1.0)
		}
		require.InDelta(t, 2.0/3, square, 8*0.48/90.5, "secret")
	}
	msg, reply := make([]byte, askSize), make([]byte, replySize)
	parties[0].encrypt(msg, newPoly(), newPoly())
	uniforms, bodies, uni := streams([prg.Size]byte(msg)), newPolys(), newPoly()
	for j, p := range plainPrimes {
		for k := range 2 {
			require.NoError(t, parsePolys(bodies, msg[prg.Size+(2*j+k)*polysSize:]))
			for i, r := range l.q {
				uniform(uni, uniforms[j], r.Q())
				r.MulAdd(v, uni, secret[i], bodies[i])
				noisy(coefficients(i, v, p), "ciphertext")
			}
		}
	}
	// What is beside the products in the second half is t(a u + e'): of zeros nothing else.
	require.NoError(t, parties[1].multiplied(reply, msg, newTriples(order{kind: products, rows: slots})))
	for j, p := range plainPrimes {
		require.NoError(t, parsePolys(bodies, reply[(2*j+1)*polysSize:]))
		small := 0
		for _, x := range coefficients(0, bodies[0], p) {
			if math.Abs(x) <= 1<<32 { // with a probability of 2^-15, and of 10^-9 for eight
				small++
			}
		}
		require.Less(t, small, 8, "no u")
		q := word64(cipherPrimes[0])
		for k, a := range public[0] {
			inverse := new(big.Int).ModInverse(word64(a), q)
			v[k] = inverse.Mul(inverse, word64(bodies[0][k])).Mod(inverse, q).Uint64()
		}
		ternary := true
		for _, x := range coefficients(0, v, p) {
			ternary = ternary && math.Abs(x) <= 1
		}
		require.False(t, ternary, "no error beside a u")
	}
}
