package many

import (
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/field"
)

// TestModular holds products that leave the integers to math/big, modulo the prime.
func TestModular(t *testing.T) {
	const n = 60
	r := rand.New(rand.NewPCG(1, 2))
	a, b := make([]int64, n), make([]int64, n)
	for i := range a {
		a[i] = number(r.Uint64() % field.P)
		b[i] = number(r.Uint64() % field.P)
	}
	copy(a, []int64{lowestNumber, lowestNumber, highestNumber, highestNumber, -1})
	copy(b, []int64{lowestNumber, highestNumber, lowestNumber, highestNumber, lowestNumber})
	// want is the sum of products of elements lo, lo+1, ... of a and at, at+step, ... of b.
	want := func(lo, terms, at, step int) int64 {
		sum := new(big.Int)
		for k := range terms {
			sum.Add(sum, new(big.Int).Mul(big.NewInt(a[lo+k]), big.NewInt(b[at+k*step])))
		}
		return number(sum.Mod(sum, new(big.Int).SetUint64(field.P)).Uint64())
	}
	none(t, run(t, 7, func(p *Party) error {
		x, err := p.Input(2, n, mine(p, 2, a))
		if err != nil {
			return err
		}
		y, err := p.Input(6, n, mine(p, 6, b))
		if err != nil {
			return err
		}
		products, dots, matrix := p.NewVec(n), p.NewVec(4), p.NewVec(36)
		if err := p.Mul(products, x, y); err != nil {
			return err
		}
		if err := p.Dot(dots, x, y); err != nil {
			return err
		}
		if err := p.MatMul(matrix, 6, 10, 6, x, y); err != nil {
			return err
		}
		for _, c := range []struct {
			v    Vec
			want func(i int) int64
		}{
			{products, func(i int) int64 { return want(i, 1, i, 1) }},
			{dots, func(i int) int64 { return want(15*i, 15, 15*i, 1) }},
			{matrix, func(i int) int64 { return want(i/6*10, 10, i%6, 6) }},
		} {
			values, err := p.Reveal(c.v, p.everybody())
			if err != nil {
				return err
			}
			for i, v := range values {
				require.Equal(t, c.want(i), v)
			}
		}
		return nil
	}))
}

// A flipper changes one byte of what is written to a connection, and counts.
type flipper struct {
	net.Conn
	at, written int
}

func (c *flipper) Write(b []byte) (int, error) {
	if at := c.at - c.written; at >= 0 && at < len(b) {
		b = append([]byte(nil), b...)
		b[at] ^= 0x10
	}
	c.written += len(b)
	return c.Conn.Write(b)
}

// TestFlipped alters one byte that party 3 sends to party 2, wherever it is: party 2 ends
// with an error, and nobody hangs.
func TestFlipped(t *testing.T) {
	step := 3
	if testing.Short() {
		step = 17
	}
	total := 0
	for at := -1; at < total; at += step {
		synctest.Test(t, func(t *testing.T) {
			streams := pipes(4)
			wire := &flipper{Conn: streams[3][2].(net.Conn), at: at}
			streams[3][2] = io.ReadWriter(wire)
			errs := join(t.Context(), streams, nil, func(p *Party) error {
				x, err := p.Input(3, 3, mine(p, 3, []int64{1, 2, 3}))
				if err != nil {
					return err
				}
				b, err := p.InputBits(3, 1, mine(p, 3, []uint64{5}))
				if err != nil {
					return err
				}
				z, err := p.Numbers(3, b)
				if err != nil {
					return err
				}
				if err := p.Mul(z[0], x, x); err != nil {
					return err
				}
				if z, _, err = p.Shuffle(z[:1], nil); err != nil {
					return err
				}
				_, err = p.Reveal(z[0], p.everybody())
				return err
			})
			if at < 0 {
				none(t, errs)
				total = wire.written
				return
			}
			if errs[2] == nil {
				t.Errorf("byte %d of %d: %v", at, total, errs)
			}
		})
	}
	require.NotZero(t, total)
}
