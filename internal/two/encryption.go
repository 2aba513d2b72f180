package two

import (
	"context"
	"errors"
	"fmt"

	"github.com/dujiang-dev/dujiang/internal/engine"
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
		return parsePolys(m.second, msg[prg.Size:])
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
		if !parseResidues(dst[i], b[i*slots*packed:], q) {
			return fmt.Errorf("%w: %w", session.ErrPeer, errResidue)
		}
	}
	return nil
}

// ask is party 0's part: it sets c to its shares of a b' + b a'.
func (m *encrypted) ask(t triples) error {
	n := len(t.c)
	return m.p.peer.Duplex(func() error {
		msg := make([]byte, 0, askSize)
		for lo := 0; lo < n; lo += slots {
			hi := min(lo+slots, n)
			msg = m.encrypt(msg[:0], t.a[lo:hi], t.b[lo:hi])
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

// encrypt appends the ciphertexts of a and b for each prime of T: a seed, of which the
// first halves are uniform, and the second halves m + t e - first·s.
func (m *encrypted) encrypt(msg []byte, a, b []uint64) []byte {
	l := theLattice()
	seed := m.seed()
	stream := prg.New(seed)
	msg = append(msg, seed[:]...)
	plain, e, errs, uni := newPoly(), newPoly(), newPoly(), newPoly()
	body := newPoly()
	for j := range plains {
		for _, numbers := range [][]uint64{a, b} {
			l.residues(plain, numbers, j)
			l.t[j].Inverse(plain, plain)
			noise(e, m.p.private)
			for i, r := range l.q {
				lift(errs, e, r.Q())
				r.MulAdd(body, errs, l.plainInCipher[j][i], plain)
				r.Forward(body, body)
				uniform(uni, stream, r.Q())
				r.MulAdd(body, uni, m.second[i], body)
				msg = appendResidues(msg, body)
			}
		}
	}
	return msg
}

// decrypt sets c to the numbers of an answer modulo 2^64.
func (m *encrypted) decrypt(c []uint64, msg []byte) error {
	l := theLattice()
	var values [plains][]uint64
	body, uni := newPolys(), newPolys()
	for j := range plains {
		if err := errors.Join(parsePolys(body, msg[2*j*polysSize:]), parsePolys(uni, msg[(2*j+1)*polysSize:])); err != nil {
			return err
		}
		for i, r := range l.q {
			r.MulAdd(body[i], uni[i], m.first[i], body[i])
			r.Inverse(body[i], body[i])
		}
		values[j] = newPoly()
		l.plain(values[j], body, j)
		l.t[j].Forward(values[j], values[j])
	}
	l.number(c, values)
	return nil
}

// answer is party 1's part: it sets c to its shares of a b' + b a'.
func (m *encrypted) answer(t triples) error {
	n := len(t.c)
	msg, reply := make([]byte, askSize), make([]byte, 0, replySize)
	for lo := 0; lo < n; lo += slots {
		if err := m.p.peer.Recv(typeAsk, msg); err != nil {
			return err
		}
		var err error
		hi := min(lo+slots, n)
		if reply, err = m.multiplied(reply[:0], msg, t.slice(lo, hi)); err != nil {
			return err
		}
		if err := m.p.peer.Send(typeAnswered, reply); err != nil {
			return err
		}
	}
	return nil
}

// multiplied appends the answer: for each prime of T both halves of the ciphertexts times
// the plaintexts, of what masks them, and of a fresh encryption of zero under the public
// key, whose error is large enough to hide all others.
func (m *encrypted) multiplied(reply, msg []byte, t triples) ([]byte, error) {
	l := theLattice()
	stream := prg.New([prg.Size]byte(msg))
	msg = msg[prg.Size:]
	var mask [maskDigits][]uint64
	for k := range mask {
		mask[k] = newPoly()
		digits(mask[k], m.p.private, digit-(digit-topMask)*(k/(maskDigits-1)))
	}
	for i := range t.c {
		// The share is -R; digits from the third on are multiples of 2^64.
		t.c[i] = -(mask[0][i] + mask[1][i]<<digit)
	}
	var bodies, unis [2][limbs][]uint64
	for k := range bodies {
		bodies[k], unis[k] = newPolys(), newPolys()
	}
	var factors [2][]uint64
	var flood [floodDigits][]uint64
	for k := range flood {
		flood[k] = newPoly()
	}
	factors[0], factors[1] = newPoly(), newPoly()
	masked, u, e := newPoly(), newPoly(), newPoly()
	x, y, uValues, f := newPoly(), newPoly(), newPoly(), newPoly()
	var uniReply []byte
	for j, r := range l.t {
		for k := range bodies {
			if err := parsePolys(bodies[k], msg[(2*j+k)*polysSize:]); err != nil {
				return nil, err
			}
			for i, q := range cipherPrimes {
				uniform(unis[k][i], stream, q)
			}
		}
		// The ciphertext of a is multiplied with b', and that of b with a'.
		for k, numbers := range [][]uint64{t.b, t.a} {
			l.residues(factors[k], numbers, j)
			r.Inverse(factors[k], factors[k])
		}
		for i, w := range mask[0] {
			masked[i] = once(w, r.Q())
		}
		for k := 1; k < maskDigits; k++ {
			for i, w := range mask[k] {
				x[i] = once(w, r.Q())
			}
			r.MulAdd(masked, x, l.digitInPlain[k][j], masked)
		}
		r.Inverse(masked, masked)
		for k := range flood {
			digits(flood[k], m.p.private, digit)
		}
		ternary(u, m.p.private)
		noise(e, m.p.private)
		uniReply = uniReply[:0]
		for i, r := range l.q {
			t := l.plainInCipher[j][i]
			r.MulAdd(x, flood[2], l.digitInCipher[2][i], flood[0])
			r.MulAdd(x, flood[1], l.digitInCipher[1][i], x)
			r.MulAdd(x, x, t, masked)
			r.Forward(x, x)
			r.Forward(uValues, u)
			r.Mul(y, m.second[i], uValues)
			r.MulAdd(x, y, t, x)
			r.Forward(y, e)
			r.MulAdd(y, m.first[i], uValues, y)
			r.Mul(y, y, t)
			for k := range factors {
				r.Forward(f, factors[k])
				r.MulAdd(x, bodies[k][i], f, x)
				r.MulAdd(y, unis[k][i], f, y)
			}
			reply = appendResidues(reply, x)
			uniReply = appendResidues(uniReply, y)
		}
		reply = append(reply, uniReply...)
	}
	return reply, nil
}
