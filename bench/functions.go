package main

import (
	"context"
	"math"

	"github.com/dujiang-dev/dujiang/mpc"
	"github.com/dujiang-dev/dujiang/mpc/stat"
)

// functions are the operations that approximate, whose bounds are those that package mpc
// gives.
var functions = []operation{
	{name: "div", bits: 28, below: 2, above: 2, // by numbers from 2^28 to 3·2^28, with 20 bits behind the point
		run: func(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
			y, err := y.Shift(1 << 29)
			if err != nil {
				return outcome{}, err
			}
			return vector(e.Div(ctx, x, y, 20))
		},
		want: each(func(x, y int64) int64 { return (x << 20) / (y + 1<<29) })},
	{name: "sqrt", bits: 28, below: 4, above: 4, // of numbers from 0 to 2^29, with 12 bits behind the point
		run: func(ctx context.Context, e *mpc.Engine, x, _ *mpc.Vec) (outcome, error) {
			x, err := x.Shift(1 << 28)
			if err != nil {
				return outcome{}, err
			}
			return vector(e.Sqrt(ctx, x, 12))
		},
		want: each(func(x, _ int64) int64 { return int64(math.Sqrt(float64(x+1<<28)) * (1 << 12)) })},
	{name: "exp", bits: 30, fraction: 27, below: 14, above: 14, // of -8 to 8, with 16 bits behind the point
		run: func(ctx context.Context, e *mpc.Engine, x, _ *mpc.Vec) (outcome, error) {
			return vector(e.Exp(ctx, x, 16))
		},
		want: each(func(x, _ int64) int64 { return int64(math.Exp(float64(x)/(1<<27)) * (1 << 16)) })},
	{name: "log", bits: 28, below: 2, above: 2, // of numbers from 1 to 2^29, with 20 bits behind the point
		run: func(ctx context.Context, e *mpc.Engine, x, _ *mpc.Vec) (outcome, error) {
			x, err := x.Shift(1<<28 + 1)
			if err != nil {
				return outcome{}, err
			}
			return vector(e.Log(ctx, x, 20))
		},
		want: each(func(x, _ int64) int64 { return int64(math.Log(float64(x+1<<28+1)) * (1 << 20)) })},
	{name: "logistic", bits: logitBits, below: logitSlack, above: logitSlack, // of whether x < y, over x and y
		run: logistic, want: wantLogit},
}

// What a logistic regression is of. The classes are apart, so that coefficients are as large
// as the ridge lets them, for which the iterations are enough whatever the number of rows.
const (
	logitBits       = 15
	logitRidge      = 1. / 16 // of the number of rows
	logitIterations = 40
	// logitUnit is in how many parts coefficients are compared, and logitSlack how many of
	// them they may be off: a five-hundredth.
	logitUnit  = 1 << 20
	logitSlack = logitUnit / 500
)

// logistic returns the coefficients of columns of -1 to 1, and the intercept before them.
func logistic(ctx context.Context, e *mpc.Engine, x, y *mpc.Vec) (outcome, error) {
	less, err := e.Less(ctx, x, y)
	if err != nil {
		return outcome{}, err
	}
	class, err := e.Numbers(ctx, less)
	if err != nil {
		return outcome{}, err
	}
	s, err := stat.New(e, &stat.Config{To: []int{0}, Minimum: 1})
	if err != nil {
		return outcome{}, err
	}
	l, err := s.Logistic(ctx, logitRidge*float64(x.Len()), logitIterations, class, x, y)
	if err != nil || l == nil {
		return outcome{}, err
	}
	o := outcome{opened: []int64{int64(l.Intercept * logitUnit)}}
	for _, c := range l.Coefficients {
		o.opened = append(o.opened, int64(c*(1<<logitBits)*logitUnit))
	}
	return o, nil
}

// wantLogit finds the same in floating point, by Newton's method.
func wantLogit(x, y []int64) (coefficients []int64) {
	const k, steps = 3, 30
	ridge := logitRidge * float64(len(x))
	var b [k]float64
	for range steps {
		var a [k][k + 1]float64 // the equations of a step
		for i := range k {
			a[i][i], a[i][k] = ridge, -ridge*b[i]
		}
		for row := range x {
			v := [k]float64{1, float64(x[row]) / (1 << logitBits), float64(y[row]) / (1 << logitBits)}
			p := 1 / (1 + math.Exp(-b[0]*v[0]-b[1]*v[1]-b[2]*v[2]))
			for i := range k {
				a[i][k] += v[i] * (float64(number(x[row] < y[row])) - p)
				for j := range k {
					a[i][j] += p * (1 - p) * v[i] * v[j]
				}
			}
		}
		far := 0.0
		for i := range k { // a ridge keeps all pivots above zero
			for j := range k {
				if f := a[j][i] / a[i][i]; i != j {
					for l := i; l <= k; l++ {
						a[j][l] -= f * a[i][l]
					}
				}
			}
		}
		for i := range k {
			step := a[i][k] / a[i][i]
			b[i] += step
			far = max(far, math.Abs(step))
		}
		if far < 1e-9 {
			break
		}
	}
	for _, c := range b {
		coefficients = append(coefficients, int64(c*logitUnit))
	}
	return coefficients
}
