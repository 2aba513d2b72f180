package two

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/dujiang-dev/dujiang/internal/engine"
	"github.com/dujiang-dev/dujiang/internal/kernel/ntt"
	"github.com/dujiang-dev/dujiang/internal/prg"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// Encryption makes triples of numbers by encryption between the two parties, so that
// nobody else is trusted, and other triples as [Transfers]. Party 0 encrypts its a and b,
// and party 1 returns the encryption of R + a b' + b a' with its own a' and b' and a random
// R [KPR18, the pairwise products of LowGear, without its proofs].
type Encryption struct {
	// Transfers make what is not numbers.
	Transfers Transfers
}

func (s Encryption) term() []byte { return append([]byte("encryption and "), s.Transfers.term()...) }

// Sizes of messages in bytes.
const (
	polysSize  = limbs * slots * packed // of a polynomial modulo Q
	publicSize = prg.Size + polysSize
	askSize    = prg.Size + 2*plains*polysSize
	replySize  = 2 * plains * polysSize
)

var errResidue = errors.New("two: a residue of a ciphertext is not below its prime")

// encrypted is a party's side of it.
type encrypted struct {
	*transfers
	ready bool
	// The key, as values: at party 0, which has the secret, s and -s; at party 1, a and
	// -as + e.
	first, second [limbs][]uint64
	// At party 1, second times the primes of T.
	scaled [plains][limbs][]uint64
	// What is computed in, for each prime of T, there and back.
	asking, answering [plains]workspace
}

// A workspace is polynomials that one goroutine computes in.
type workspace struct {
	pairs   [2][2][limbs][]uint64
	singles [12][]uint64
}

// pair returns polynomials for each prime of Q.
func (w *workspace) pair(side, k int) [limbs][]uint64 {
	p := &w.pairs[side][k]
	if p[0] == nil {
		*p = newPolys()
	}
	return *p
}

// single returns a polynomial, whose coefficients are anything.
func (w *workspace) single(k int) []uint64 {
	if w.singles[k] == nil {
		w.singles[k] = newPoly()
	}
	return w.singles[k]
}

// each calls f for the primes of T at once.
func each(f func(j int)) {
	var running sync.WaitGroup
	for j := range plains {
		running.Go(func() { f(j) })
	}
	running.Wait()
}

// streams returns a stream of the seed for each prime of T.
func streams(seed [prg.Size]byte) (s [plains]*prg.PRG) {
	for j, key := range prg.Expand(seed, plains) {
		s[j] = prg.New(key.Bytes())
	}
	return s
}

func (s Encryption) open(ctx context.Context, p *Party, agreed []byte) (maker, error) {
	m, err := s.Transfers.open(ctx, p, agreed)
	if err != nil {
		return nil, err
	}
	return &encrypted{transfers: m.(*transfers)}, nil
}

// batch is whole ciphertexts.
func (m *encrypted) batch(k kind, n int) int {
	if k == products {
		return (n + slots - 1) / slots * slots
	}
	return m.transfers.batch(k, n)
}

func (m *encrypted) make(o order, t triples) error {
	if o.kind != products {
		return m.transfers.make(o, t)
	}
	if o.rows == 0 {
		return nil
	}
	if !m.ready {
		if err := m.keys(); err != nil {
			return engine.At(m.p.other(), err)
		}
		m.ready = true
	}
	m.p.private.Uint64s(t.a)
	m.p.private.Uint64s(t.b)
	var err error
	if m.p.index == 0 {
		err = m.ask(t)
	} else {
		err = m.answer(t)
	}
	for i, a := range t.a {
		t.c[i] += a * t.b[i]
	}
	return engine.At(m.p.other(), err)
}

// seed returns a seed of a public stream.
func (m *encrypted) seed() (seed [prg.Size]byte) {
	m.p.private.Bytes(seed[:])
	return seed
}

// keys makes the key: party 0 sends what party 1 needs to encrypt zeros.
func (m *encrypted) keys() error {
	l := theLattice()
	m.first, m.second = newPolys(), newPolys()
	if m.p.index == 1 {
		msg := make([]byte, publicSize)
		if err := m.p.peer.Recv(typePublic, msg); err != nil {
			return err
		}
		stream := prg.New([prg.Size]byte(msg))
		for i, q := range cipherPrimes {
			uniform(m.first[i], stream, q)
		}
		if err := parsePolys(m.second, msg[prg.Size:]); err != nil {
			return err
		}
		for j := range m.scaled {
			m.scaled[j] = newPolys()
			for i, r := range l.q {
				r.Mul(m.scaled[j][i], m.second[i], l.plainInCipher[j][i])
			}
		}
		return nil
	}
	secret, e := newPoly(), newPoly()
	ternary(secret, m.p.private)
	noise(e, m.p.private)
	seed := m.seed()
	stream := prg.New(seed)
	msg := append(make([]byte, 0, publicSize), seed[:]...)
	a, b := newPoly(), newPoly()
	for i, r := range l.q {
		r.Forward(m.first[i], secret)
		for k, x := range m.first[i] {
			m.second[i][k] = once(r.Q()-x, r.Q())
		}
		uniform(a, stream, r.Q())
		r.Forward(b, e)
		r.MulAdd(b, a, m.second[i], b)
		msg = appendResidues(msg, b)
	}
	return m.p.peer.Send(typePublic, msg)
}

// parsePolys decodes one polynomial for each prime of Q.
func parsePolys(dst [limbs][]uint64, b []byte) error {
	for i, q := range cipherPrimes {
		if !ntt.Unpack(dst[i], b[i*slots*packed:][:slots*packed], q) {
			return fmt.Errorf("%w: %w", session.ErrPeer, errResidue)
		}
	}
	return nil
}

// ask is party 0's part: it sets c to its shares of a b' + b a'.
func (m *encrypted) ask(t triples) error {
	n := len(t.c)
	return m.p.peer.Duplex(func() error {
		msg := make([]byte, askSize)
		for lo := 0; lo < n; lo += slots {
			hi := min(lo+slots, n)
			m.encrypt(msg, t.a[lo:hi], t.b[lo:hi])
			if err := m.p.peer.Send(typeAsk, msg); err != nil {
				return err
			}
		}
		return nil
	}, func() error {
		msg := make([]byte, replySize)
		for lo := 0; lo < n; lo += slots {
			if err := m.p.peer.Recv(typeAnswered, msg); err != nil {
				return err
			}
			if err := m.decrypt(t.c[lo:min(lo+slots, n)], msg); err != nil {
				return err
			}
		}
		return nil
	})
}

// encrypt sets msg to the ciphertexts of a and b for each prime of T: a seed, of which the
// first halves are uniform, and the second halves m + t e - first·s.
func (m *encrypted) encrypt(msg []byte, a, b []uint64) {
	l := theLattice()
	seed := m.seed()
	uniforms, coins := streams(seed), streams(m.seed())
	msg = msg[copy(msg, seed[:]):]
	each(func(j int) {
		w := &m.asking[j]
		plain, e, uni, body := w.single(0), w.single(1), w.single(2), w.single(3)
		out := msg[2*j*polysSize:][:0]
		for _, numbers := range [][]uint64{a, b} {
			residues(plain, numbers, j)
			l.t[j].Inverse(plain, plain)
			center(plain, plainPrimes[j])
			noise(e, coins[j])
			for i, r := range l.q {
				addErrors(body, plain, e, plainPrimes[j], r.Q())
				r.Forward(body, body)
				uniform(uni, uniforms[j], r.Q())
				r.MulAdd(body, uni, m.second[i], body)
				out = appendResidues(out, body)
			}
		}
	})
}

// decrypt sets c to the numbers of an answer modulo 2^64.
func (m *encrypted) decrypt(c []uint64, msg []byte) error {
	l := theLattice()
	var values [plains][]uint64
	var errs [plains]error
	each(func(j int) {
		w := &m.answering[j]
		body, uni := w.pair(0, 0), w.pair(0, 1)
		values[j] = w.single(0)
		errs[j] = errors.Join(parsePolys(body, msg[2*j*polysSize:]), parsePolys(uni, msg[(2*j+1)*polysSize:]))
		if errs[j] != nil {
			return
		}
		for i, r := range l.q {
			r.MulAdd(body[i], uni[i], m.first[i], body[i])
			r.Inverse(body[i], body[i])
		}
		l.plain(values[j], w.single(1), body, j)
		l.t[j].Forward(values[j], values[j])
	})
	if err := cmp.Or(errs[:]...); err != nil {
		return err
	}
	l.number(c, values)
	return nil
}

// answer is party 1's part: it sets c to its shares of a b' + b a'.
func (m *encrypted) answer(t triples) error {
	n := len(t.c)
	msg, reply := make([]byte, askSize), make([]byte, replySize)
	for lo := 0; lo < n; lo += slots {
		if err := m.p.peer.Recv(typeAsk, msg); err != nil {
			return err
		}
		if err := m.multiplied(reply, msg, t.slice(lo, min(lo+slots, n))); err != nil {
			return err
		}
		if err := m.p.peer.Send(typeAnswered, reply); err != nil {
			return err
		}
	}
	return nil
}

// multiplied sets reply to the answer: for each prime of T both halves of the ciphertexts
// times the plaintexts, of what masks them, and of a fresh encryption of zero under the
// public key, whose error is large enough to hide all others.
func (m *encrypted) multiplied(reply, msg []byte, t triples) error {
	uniforms, coins := streams([prg.Size]byte(msg)), streams(m.seed())
	msg = msg[prg.Size:]
	var mask [maskDigits][]uint64
	for k := range mask {
		mask[k] = m.asking[k].single(0)
		digits(mask[k], m.p.private, digit-(digit-topMask)*(k/(maskDigits-1)))
	}
	for i := range t.c {
		// The share is -R; digits from the third on are multiples of 2^64.
		t.c[i] = -(mask[0][i] + mask[1][i]<<digit)
	}
	var errs [plains]error
	each(func(j int) {
		size := 2 * polysSize
		errs[j] = m.multiply(j, reply[j*size:][:size], msg[j*size:][:size], t, mask, uniforms[j], coins[j])
	})
	return cmp.Or(errs[:]...)
}

// multiply is multiplied for the prime j of T.
func (m *encrypted) multiply(j int, reply, msg []byte, t triples, mask [maskDigits][]uint64, uniforms, coins *prg.PRG) error {
	l, w := theLattice(), &m.answering[j]
	var bodies, unis [2][limbs][]uint64
	for k := range bodies {
		bodies[k], unis[k] = w.pair(0, k), w.pair(1, k)
		if err := parsePolys(bodies[k], msg[k*polysSize:]); err != nil {
			return err
		}
		for i, q := range cipherPrimes {
			uniform(unis[k][i], uniforms, q)
		}
	}
	r := l.t[j]
	factors := [2][]uint64{w.single(0), w.single(1)}
	flood := [floodDigits][]uint64{w.single(2), w.single(3), w.single(4)}
	masked, u, e := w.single(5), w.single(6), w.single(7)
	x, y, uValues, f := w.single(8), w.single(9), w.single(10), w.single(11)
	// The ciphertext of a is multiplied with b', and that of b with a'.
	for k, numbers := range [][]uint64{t.b, t.a} {
		residues(factors[k], numbers, j)
		r.Inverse(factors[k], factors[k])
	}
	for i, w := range mask[0] {
		masked[i] = once(w, r.Q())
	}
	for k := 1; k < maskDigits; k++ {
		r.MulAdd(masked, mask[k], l.digitInPlain[k][j], masked)
	}
	r.Inverse(masked, masked)
	for k := range flood {
		digits(flood[k], coins, floodDigit)
	}
	ternary(u, coins)
	noise(e, coins)
	body, uni := reply[:0], reply[polysSize:][:0]
	for i, r := range l.q {
		t := l.plainInCipher[j][i]
		r.MulAdd(x, flood[2], l.digitInCipher[2][i], flood[0])
		r.MulAdd(x, flood[1], l.digitInCipher[1][i], x)
		r.MulAdd(x, x, t, masked)
		r.Forward(x, x)
		r.Forward(uValues, u)
		r.MulAdd(x, m.scaled[j][i], uValues, x)
		r.Forward(y, e)
		r.MulAdd(y, m.first[i], uValues, y)
		r.Mul(y, y, t)
		for k := range factors {
			r.Forward(f, factors[k])
			r.MulAdd(x, bodies[k][i], f, x)
			r.MulAdd(y, unis[k][i], f, y)
		}
		body, uni = appendResidues(body, x), appendResidues(uni, y)
	}
	return nil
}
