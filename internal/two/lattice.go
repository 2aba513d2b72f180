package two

import (
	"math"
	"math/big"
	"math/bits"
	"slices"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/kernel/ntt"
	"github.com/dujiang-dev/dujiang/internal/kernel/ring64"
	"github.com/dujiang-dev/dujiang/internal/prg"
)

// The parameters of the encryption of [KPR18]. Ciphertexts are over polynomials modulo
// X^8192 + 1 and Q, the product of four primes below 2^48, of which each is one modulo
// 16384. With secrets of -1, 0 and 1 and errors of a standard deviation of 3.24 that is
// more than 128 bits of security up to a Q of 218 bits [HES18, table 1].
//
// A ciphertext holds 8192 numbers modulo a prime t below 2^48, which is none of Q. Four such
// primes make up T, above 2^191.9, modulo which a product of numbers of 64 bits is itself.
const (
	logSlots = 13
	slots    = 1 << logSlots
	limbs    = 4  // primes of Q
	plains   = 4  // primes of T
	digit    = 48 // bits of what numbers are cut into, of which all primes have as many
	packed   = ntt.Packed
)

// The eight largest primes below 2^48 that are one modulo 2·slots.
var (
	cipherPrimes = [limbs]uint64{0xffffffffc001, 0xfffffffd8001, 0xfffffffa0001, 0xfffffff00001}
	plainPrimes  = [plains]uint64{0xffffffee8001, 0xffffffeb8001, 0xffffffea4001, 0xffffffe74001}
)

// Sizes, which make wrong results impossible and decide what is seen. In a ciphertext of
// the answer is, with m and p below t in size, e and e' at most 21 and u and s at most 1,
//
//	v = (m_a + t e_a) p_b + (m_b + t e_b) p_a + r + t (F + e u + e' s)
//
// where F is uniform below 2^141. The products are at most 2·8192·22·t^2 < 2^66.5·t, so that
// what v tells beside v mod t is hidden by F but for 2^66.5·8192/2^141 < 2^-61. And v is
// between -2^115 and 2^189 + 2^115, where Q is above 2^191.9: with v + Q/4 rounded down,
// multiples of Q are found by floats.
//
// The number in the answer is V = R + a b' + b a' < 2^191 + 2^129, where R is uniform below
// 2^191 and T above 2^191.9, so that it is found as v is. V tells nothing but for
// 2^129/2^191 = 2^-62.
const (
	floodDigits = 3             // of F
	floodDigit  = 47            // bits of each, which are residues modulo all primes
	maskDigits  = 4             // of R, of digit bits
	topMask     = 191 - 3*digit // but for the last one
	quarter     = 0.25
)

// A lattice has the rings and the constants that numbers are multiplied with, each as a
// vector for the kernels. It is immutable.
type lattice struct {
	q [limbs]*ntt.Ring
	t [plains]*ntt.Ring
	// Modulo q_i: t_j, powers of 2^floodDigit, and 1/(Q/q_i).
	plainInCipher [plains][limbs][]uint64
	digitInCipher [floodDigits][limbs][]uint64
	inverseQ      [limbs][]uint64
	// Modulo t_j: Q/q_i, -Q, powers of 2^digit, and 1/(T/t_j).
	partQ        [plains][limbs][]uint64
	negQ         [plains][]uint64
	digitInPlain [maskDigits][plains][]uint64
	inverseT     [plains][]uint64
	// Modulo 2^64: T/t_j and T.
	partT [plains]uint64
	wordT uint64
}

// theLattice returns the tables, which are made once, when first needed.
var theLattice = sync.OnceValue(newLattice)

func newLattice() *lattice {
	l := new(lattice)
	product := func(primes []uint64) *big.Int {
		p := big.NewInt(1)
		for _, q := range primes {
			p.Mul(p, word64(q))
		}
		return p
	}
	bigQ, bigT := product(cipherPrimes[:]), product(plainPrimes[:])
	bit := func(n int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(n)) }
	for i, q := range cipherPrimes {
		l.q[i] = ntt.New(logSlots, q)
		part := new(big.Int).Div(bigQ, word64(q))
		l.inverseQ[i] = constant(new(big.Int).ModInverse(part, word64(q)), q)
		for j, t := range plainPrimes {
			l.plainInCipher[j][i] = constant(word64(t), q)
			l.partQ[j][i] = constant(part, t)
		}
		for k := range floodDigits {
			l.digitInCipher[k][i] = constant(bit(k*floodDigit), q)
		}
	}
	for j, t := range plainPrimes {
		l.t[j] = ntt.New(logSlots, t)
		part := new(big.Int).Div(bigT, word64(t))
		l.inverseT[j] = constant(new(big.Int).ModInverse(part, word64(t)), t)
		l.negQ[j] = constant(new(big.Int).Neg(bigQ), t)
		for k := range maskDigits {
			l.digitInPlain[k][j] = constant(bit(k*digit), t)
		}
		l.partT[j] = low64(part)
	}
	l.wordT = low64(bigT)
	return l
}

func word64(x uint64) *big.Int { return new(big.Int).SetUint64(x) }

// low64 returns x modulo 2^64.
func low64(x *big.Int) uint64 {
	return new(big.Int).And(x, word64(math.MaxUint64)).Uint64()
}

// constant returns slots times x modulo p.
func constant(x *big.Int, p uint64) []uint64 {
	w := new(big.Int).Mod(x, word64(p)).Uint64()
	v := make([]uint64, slots)
	for i := range v {
		v[i] = w
	}
	return v
}

func newPoly() []uint64 { return make([]uint64, slots) }

// newPolys returns one polynomial for each prime of Q.
func newPolys() (p [limbs][]uint64) {
	for i := range p {
		p[i] = newPoly()
	}
	return p
}

// fill sets v to the next words of a stream, as [prg.PRG.Uint64s] does, in its own memory.
func fill(v []uint64, stream *prg.PRG) {
	const most = 512 // words at once, for machines that need buf
	buf := make([]byte, 8*min(most, len(v)))
	for len(v) > 0 {
		n := min(len(v), most)
		_ = ring64.Fill(v[:n], buf, func(b []byte) error { stream.Bytes(b); return nil })
		v = v[n:]
	}
}

// uniform sets v to uniform residues modulo p, a prime just below 2^size, from a stream
// that is public.
func uniform(v []uint64, stream *prg.PRG, p uint64) {
	size := bits.Len64(p)
	fill(v, stream)
	var beyond uint64
	for i, w := range v {
		w >>= 64 - size
		v[i] = w
		beyond |= p - 1 - w
	}
	if beyond>>63 == 0 {
		return // nearly always, if p is near 2^size
	}
	for i, w := range v {
		for ; w >= p; v[i] = w {
			w = stream.Uint64() >> (64 - size)
		}
	}
}

// noise sets e to errors: the difference of the numbers of ones among twice 21 coins, of
// a standard deviation of 3.24, in two's complement.
func noise(e []uint64, stream *prg.PRG) {
	const coins = 1<<21 - 1
	fill(e, stream)
	for i, w := range e {
		e[i] = uint64(bits.OnesCount64(w&coins) - bits.OnesCount64(w>>21&coins))
	}
}

// ternary sets s to -1, 0 and 1, each of them with a probability of 1/3 but for 2^-62, in
// two's complement.
func ternary(s []uint64, stream *prg.PRG) {
	fill(s, stream)
	for i, w := range s {
		hi, _ := bits.Mul64(w, 3)
		s[i] = hi - 1
	}
}

// digits sets v to uniform numbers of so many bits.
func digits(v []uint64, stream *prg.PRG, size int) {
	fill(v, stream)
	for i, w := range v {
		v[i] = w >> (64 - size)
	}
}

// once returns x mod p for x < 2p < 2^63.
func once(x, p uint64) uint64 {
	x -= p
	return x + p&-(x>>63)
}

// center sets v to residues modulo p of the least size, in two's complement.
func center(v []uint64, p uint64) {
	for i, x := range v {
		v[i] = x - p&-((p/2-x)>>63)
	}
}

// addErrors sets v to what is congruent to m + t e modulo q, of primes t < q that are both
// near 2^48: m - (q - t) e, in two's complement. It is below q in size, for which
// [ntt.Ring.Forward] has room, if m is at most t/2 in size, and e at most 21.
func addErrors(v, m, e []uint64, t, q uint64) {
	m, e = m[:len(v)], e[:len(v)]
	gap := q - t
	for i := range v {
		v[i] = m[i] - gap*e[i]
	}
}

// residues sets v to numbers modulo the prime j of T: 2^digit is congruent to what the prime
// is less, which times 16 bits and with digit bits added is below twice the prime.
func residues(v, w []uint64, j int) {
	p := plainPrimes[j]
	gap := 1<<digit - p
	clear(v[len(w):])
	for i, x := range w {
		v[i] = once(x&(1<<digit-1)+x>>digit*gap, p)
	}
}

// number sets w to V modulo 2^64, given z, which is V modulo the primes of T and is
// overwritten.
func (l *lattice) number(w []uint64, z [plains][]uint64) {
	for j := range z {
		l.t[j].Mul(z[j], z[j], l.inverseT[j])
	}
	var inverse [plains]float64
	for j, t := range plainPrimes {
		inverse[j] = 1 / float64(t)
	}
	for i := range w {
		sum, quotient := uint64(0), quarter
		for j := range z {
			x := z[j][i]
			sum += x * l.partT[j]
			quotient += float64(int64(x)) * inverse[j]
		}
		w[i] = sum - uint64(int64(quotient))*l.wordT
	}
}

// plain sets v to the polynomial y modulo the prime j of T, given modulo those of Q and
// overwritten, by way of quotients.
func (l *lattice) plain(v, quotients []uint64, y [limbs][]uint64, j int) {
	var inverse [limbs]float64
	for i, q := range cipherPrimes {
		l.q[i].Mul(y[i], y[i], l.inverseQ[i])
		inverse[i] = 1 / float64(q)
	}
	for i := range quotients {
		quotient := quarter
		for k := range y {
			quotient += float64(int64(y[k][i])) * inverse[k]
		}
		quotients[i] = uint64(int64(quotient))
	}
	l.t[j].Mul(v, quotients, l.negQ[j])
	for k, y := range y {
		l.t[j].MulAdd(v, y, l.partQ[j][k], v)
	}
}

// appendResidues encodes numbers below 2^48, a multiple of four of them.
func appendResidues(b []byte, v []uint64) []byte {
	at, size := len(b), packed*len(v)
	b = slices.Grow(b, size)[:at+size]
	ntt.Pack(b[at:], v)
	return b
}
