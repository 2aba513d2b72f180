package mpc

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dujiang-dev/dujiang/internal/many"
	"github.com/dujiang-dev/dujiang/internal/two"
	"github.com/dujiang-dev/dujiang/mpc/share"
)

// mesh returns streams between all of n parties.
func mesh(n int) [][]io.ReadWriter {
	s := make([][]io.ReadWriter, n)
	for i := range s {
		s[i] = make([]io.ReadWriter, n)
	}
	for i := range s {
		for j := range i {
			s[i][j], s[j][i] = net.Pipe()
		}
	}
	return s
}

// runAll runs f at n parties over unbuffered pipes in a bubble. With two of them there may
// be a dealer, which config gets the stream to.
func runAll(t *testing.T, n int, config func(self int, dealer io.ReadWriter) *Config, f func(ctx context.Context, e *Engine) error) []error {
	errs := make([]error, n)
	synctest.Test(t, func(t *testing.T) {
		s := mesh(n)
		var here, there [2]io.ReadWriter
		for i := range here {
			here[i], there[i] = net.Pipe()
		}
		var running sync.WaitGroup
		running.Go(func() {
			Deal(t.Context(), there, "court", []byte("test"))
			there[0].(io.Closer).Close()
			there[1].(io.Closer).Close()
		})
		for i := range n {
			running.Go(func() {
				defer func() {
					for _, rw := range append(s[i], here[i%2]) {
						if rw != nil {
							rw.(io.Closer).Close()
						}
					}
				}()
				e, err := New(t.Context(), i, s[i], config(i, here[i%2]))
				if err != nil {
					errs[i] = err
					return
				}
				errs[i] = e.Close(f(t.Context(), e))
			})
		}
		running.Wait()
	})
	return errs
}

// protocols are all there are, by the number of parties.
var protocols = map[string]struct {
	parties int
	config  func(self int, dealer io.ReadWriter) *Config
}{
	"three":           {3, func(int, io.ReadWriter) *Config { return &Config{Adversary: SemiHonest, Context: []byte("test")} }},
	"three malicious": {3, func(int, io.ReadWriter) *Config { return &Config{Adversary: Malicious, Context: []byte("test")} }},
	"four":            {4, func(int, io.ReadWriter) *Config { return &Config{Adversary: SemiHonest, Context: []byte("test")} }},
	"five":            {5, func(int, io.ReadWriter) *Config { return &Config{Adversary: SemiHonest, Context: []byte("test")} }},
	"two": {2, func(int, io.ReadWriter) *Config {
		return &Config{Adversary: SemiHonest, Context: []byte("test"), Triples: Transfers{}}
	}},
	"two and encryption": {2, func(int, io.ReadWriter) *Config {
		return &Config{Adversary: SemiHonest, Context: []byte("test"), Triples: Encryption{}}
	}},
	"two and a dealer": {2, func(_ int, dealer io.ReadWriter) *Config {
		return &Config{Adversary: SemiHonest, Context: []byte("test"), Triples: Dealer{Stream: dealer, Name: "court"}}
	}},
}

// TestProtocols computes the same with every protocol, on shares of a client.
func TestProtocols(t *testing.T) {
	const n = 66
	r := Range{-1 << 20, 1 << 20}
	a, b := numbers(1, n, r), numbers(2, n, r)
	squares := make([]uint64, n)
	for i := range squares {
		squares[i] = uint64(i * i)
	}
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			shares, err := schemeOf(p.parties).Split(squares)
			require.NoError(t, err)
			back := make([]*share.Share, p.parties)
			errs := runAll(t, p.parties, p.config, func(ctx context.Context, e *Engine) error {
				all := make([]int, e.Parties())
				for i := range all {
					all[i] = i
				}
				if err := e.Prepare(ctx, Demand{Products: 10}); err != nil {
					return err
				}
				x, err := e.Input(ctx, 0, n, r, e.mine(0, a))
				require.NoError(t, err)
				y, err := e.Input(ctx, 1, n, r, e.mine(1, b))
				require.NoError(t, err)
				z, err := e.InputShares(ctx, shares[e.Self()], Range{0, n * n})
				require.NoError(t, err)
				larger, err := e.Max(ctx, x, y)
				require.NoError(t, err)
				product, err := e.Mul(ctx, larger, z)
				require.NoError(t, err)
				root, err := e.Sqrt(ctx, z, 20)
				if p.parties > 3 {
					require.ErrorContains(t, err, "64 bits")
				} else {
					require.NoError(t, err)
					roots, err := e.OpenFixed(ctx, root, all...)
					require.NoError(t, err)
					within(t, func(i int) float64 { return float64(i) }, func(i int) float64 { return float64(i+33) / (1 << 25) }, roots)
				}
				opened, err := e.Open(ctx, product, all...)
				require.NoError(t, err)
				for i, v := range opened {
					require.Equal(t, max(a[i], b[i])*int64(i*i), v)
				}
				less, err := e.Less(ctx, x, y)
				require.NoError(t, err)
				some, err := less.Slice(3, n-1)
				require.NoError(t, err)
				bits, err := e.OpenBits(ctx, some, all...)
				require.NoError(t, err)
				for i, less := range bits {
					require.Equal(t, a[3+i] < b[3+i], less)
				}
				dot, err := e.Dot(ctx, x, y)
				require.NoError(t, err)
				matrix, err := e.MatMul(ctx, 6, 11, 6, x, y)
				require.NoError(t, err)
				opened, err = e.Open(ctx, dot, all[1:]...)
				require.NoError(t, err)
				sum := int64(0)
				for i := range a {
					sum += a[i] * b[i]
				}
				require.Equal(t, e.Self() == 0, opened == nil)
				if opened != nil {
					require.Equal(t, sum, opened[0])
				}
				opened, err = e.Open(ctx, matrix, all...)
				require.NoError(t, err)
				for i, v := range opened {
					sum := int64(0)
					for k := range 11 {
						sum += a[i/6*11+k] * b[k*6+i%6]
					}
					require.Equal(t, sum, v)
				}
				back[e.Self()], err = e.Shares(product, [share.IDSize]byte{2})
				return err
			})
			for i, err := range errs {
				require.NoError(t, err, "party %d", i)
			}
			combined, err := share.Combine(back)
			require.NoError(t, err)
			for i, v := range combined {
				if p.parties > 3 && v > share.Modulus/2 {
					v -= share.Modulus // of the field
				}
				require.Equal(t, max(a[i], b[i])*int64(i*i), int64(v))
			}
		})
	}
}

// TestForeignRange has a malicious party input what is not in the range that was declared.
// Nobody sees that in a sum that fits; of the lowest bits, a number is in its range.
func TestForeignRange(t *testing.T) {
	p := protocols["three malicious"]
	errs := runAll(t, p.parties, p.config, func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 1, 2, Range{0, 100}, e.mine(1, []int64{50, 50}))
		require.NoError(t, err)
		foreign := []int64{-40, 130} // where 0 to 100 was declared
		y := &Vec{engine: e, r: Range{0, 100}}
		y.share, err = e.party.Input(0, 2, e.mine(0, foreign))
		require.NoError(t, err)
		sum, err := x.Add(y)
		require.NoError(t, err)
		opened, err := e.Open(ctx, sum, everyone...)
		require.NoError(t, err)
		require.Equal(t, []int64{10, 180}, opened)

		z, err := e.Input(ctx, 0, 2, Range{math.MinInt64, math.MaxInt64}, e.mine(0, foreign))
		require.NoError(t, err)
		digits, err := e.Decompose(ctx, z)
		require.NoError(t, err)
		z, err = e.Compose(ctx, digits[:7])
		require.NoError(t, err)
		require.Equal(t, Range{0, 127}, z.Range())
		opened, err = e.Open(ctx, z, everyone...)
		require.NoError(t, err)
		require.Equal(t, []int64{-40 & 127, 130 & 127}, opened)
		return nil
	})
	for i, err := range errs {
		require.NoError(t, err, "party %d", i)
	}
}

// TestAltered has party 0 add one to what it holds before a vector is opened: malicious
// parties find out.
func TestAltered(t *testing.T) {
	p := protocols["three malicious"]
	var opened []int64
	errs := runAll(t, p.parties, p.config, func(ctx context.Context, e *Engine) error {
		x, err := e.Input(ctx, 1, 3, Range{-9, 9}, e.mine(1, []int64{1, 2, 3}))
		if err != nil {
			return err
		}
		if e.Self() == 0 {
			x.share.Parts[0][1]++
			x.share.Parts[1][1]++
		}
		values, err := e.Open(ctx, x, 1)
		if e.Self() == 1 {
			opened = values
		}
		return err
	})
	require.ErrorIs(t, errors.Join(errs...), ErrPeer)
	require.Nil(t, opened)
}

// TestNoProtocol refuses what there is nothing for, and choices that are missing.
func TestNoProtocol(t *testing.T) {
	peers := func(n int) []io.ReadWriter { return mesh(n)[0] }
	for name, err := range map[string]error{
		"no triples":     second(New(t.Context(), 0, peers(2), &Config{Adversary: SemiHonest})),
		"malicious two":  second(New(t.Context(), 0, peers(2), &Config{Adversary: Malicious, Triples: Transfers{}})),
		"three":          second(New(t.Context(), 0, peers(3), &Config{Adversary: SemiHonest, Triples: Transfers{}})),
		"one":            second(New(t.Context(), 0, peers(1), &Config{Adversary: SemiHonest})),
		"malicious four": second(New(t.Context(), 0, peers(4), &Config{Adversary: Malicious})),
		"many":           second(New(t.Context(), 0, peers(40), &Config{Adversary: SemiHonest})),
		"adversary":      second(New(t.Context(), 0, peers(3), &Config{Adversary: math.MaxUint8})),
		"no file":        second(LoadStock(filepath.Join(t.TempDir(), "none"))),
		"no name":        Deal(t.Context(), [2]io.ReadWriter{}, "", nil),
		"stock":          second(New(t.Context(), 0, peers(4), &Config{Adversary: SemiHonest, Stock: new(Stock)})),
		"triples":        second(New(t.Context(), 0, peers(4), &Config{Adversary: SemiHonest, Stock: &Stock{new(two.Stock)}})),
		"used up":        second(New(t.Context(), 0, peers(4), &Config{Adversary: SemiHonest, Stock: &Stock{new(many.Stock)}})),
		"no stock":       new(Stock).Save(filepath.Join(t.TempDir(), "none")),
	} {
		require.Error(t, err, name)
	}
}
