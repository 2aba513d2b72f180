package mpc

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An alterer flips bits of one byte that is written to a connection.
type alterer struct {
	net.Conn
	at    int
	flips byte
}

func (c *alterer) Write(b []byte) (int, error) {
	if c.at >= 0 && c.at < len(b) {
		b = append([]byte(nil), b...)
		b[c.at] ^= c.flips
	}
	c.at -= len(b)
	return c.Conn.Write(b)
}

// FuzzAltered alters a byte on the way from one party to another. If all end without
// an error, what was opened is right.
func FuzzAltered(f *testing.F) {
	for _, at := range []int{0, 3, 40, 90, 130, 180, 260, 1 << 20} {
		f.Add(byte(at), uint16(at), byte(1))
	}
	f.Fuzz(func(t *testing.T, way byte, at uint16, flips byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s := pipes()
		from := int(way) % parties
		to := (from + 1 + int(way)/parties%2) % parties
		s[from][to] = io.ReadWriter(&alterer{s[from][to].(net.Conn), int(at), flips})
		var opened [parties][]int64
		errs := together(ctx, s, func(ctx context.Context, e *Engine) error {
			x, err := e.Input(ctx, 0, 2, Range{-9, 9}, e.mine(0, []int64{3, -7}))
			if err != nil {
				return err
			}
			if x, err = e.Mul(ctx, x, x); err != nil {
				return err
			}
			opened[e.Self()], err = e.Open(ctx, x, 0, 1, 2)
			return err
		})
		require.NoError(t, context.Cause(ctx))
		for i := range errs {
			if errs[i] != nil {
				return
			}
		}
		for i := range opened {
			require.Equal(t, []int64{9, 49}, opened[i], "party %d", i)
		}
	})
}
