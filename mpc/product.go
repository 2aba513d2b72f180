package mpc

import (
	"context"
	"fmt"
	"math"
)

// Mul returns the products of x and y, element by element. Those of fixed-point numbers
// are exact, with the bits behind the point of both factors; [Engine.MulFixed] cuts them
// off. So it is for Dot and MatMul.
func (e *Engine) Mul(ctx context.Context, x, y *Vec) (*Vec, error) {
	if err := e.own(x, y); err != nil {
		return nil, err
	}
	if err := pair(x, y); err != nil {
		return nil, err
	}
	if err := fractions(x, y); err != nil {
		return nil, err
	}
	r, err := e.products(1, x.r, y.r)
	if err != nil {
		return nil, err
	}
	z := e.unset(r, x.fraction+y.fraction, x.Len())
	if err := e.call(ctx, of("Mul", x, y), func() error { return e.party.Mul(z.share, x.share, y.share) }); err != nil {
		return nil, err
	}
	z.past = e.history.result(0)
	return z, nil
}

// Dot returns the inner product of x and y, as a vector of one.
func (e *Engine) Dot(ctx context.Context, x, y *Vec) (*Vec, error) {
	if err := e.own(x, y); err != nil {
		return nil, err
	}
	if err := pair(x, y); err != nil {
		return nil, err
	}
	if err := fractions(x, y); err != nil {
		return nil, err
	}
	r, err := e.products(x.Len(), x.r, y.r)
	if err != nil {
		return nil, err
	}
	z := e.unset(r, x.fraction+y.fraction, 1)
	if err := e.call(ctx, of("Dot", x, y), func() error { return e.party.Dot(z.share, x.share, y.share) }); err != nil {
		return nil, err
	}
	z.past = e.history.result(0)
	return z, nil
}

// MatMul returns the product of the rows×inner matrix x and the inner×columns matrix
// y, both in the order of rows. Each element of the result is sent once, whatever
// inner is.
func (e *Engine) MatMul(ctx context.Context, rows, inner, columns int, x, y *Vec) (*Vec, error) {
	if err := e.own(x, y); err != nil {
		return nil, err
	}
	if !area(rows, inner, x.Len()) || !area(inner, columns, y.Len()) || !area(rows, columns, -1) {
		return nil, fmt.Errorf("mpc: %d and %d elements for the product of a %d×%d and a %d×%d matrix", x.Len(), y.Len(), rows, inner, inner, columns)
	}
	if err := fractions(x, y); err != nil {
		return nil, err
	}
	r, err := e.products(inner, x.r, y.r)
	if err != nil {
		return nil, err
	}
	z := e.unset(r, x.fraction+y.fraction, rows*columns)
	err = e.call(ctx, of("MatMul", rows, inner, columns, x, y), func() error {
		return e.party.MatMul(z.share, rows, inner, columns, x.share, y.share)
	})
	if err != nil {
		return nil, err
	}
	z.past = e.history.result(0)
	return z, nil
}

// area reports whether a matrix of that many rows and columns has n elements, or
// for n = -1 whether it can be.
func area(rows, columns, n int) bool {
	if rows < 0 || columns < 0 || columns > 0 && rows > math.MaxInt/8/columns {
		return false
	}
	return n < 0 || rows*columns == n
}

// fractions returns an error if a product of x and y has too many bits behind the point.
func fractions(x, y *Vec) error {
	if f := x.fraction + y.fraction; f > maxFraction {
		return fmt.Errorf("mpc: a product with %d bits behind the point, of at most %d; truncate its factors", f, maxFraction)
	}
	return nil
}
