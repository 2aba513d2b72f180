package mpc

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCosts holds what the package comment says that operations cost three semi-honest
// parties, by previews of 2^13 elements.
func TestCosts(t *testing.T) {
	const n = 1 << 13
	ctx := context.Background()
	wide, tall := Range{-1 << 61, 1 << 61}, Range{1, 1<<30 - 1}
	vec := func(e *Engine, r Range) *Vec { return e.vec(r, 0, n) }
	three := func(v *Vec) *Vec { v.fraction = 3; return v }
	for name, c := range map[string]struct {
		first, others float64 // bytes for each element, by party 0 and by the others
		rounds        int
		f             func(e *Engine) error
	}{
		"Input":     {8, 0, 1, func(e *Engine) error { return second(e.Input(ctx, 0, n, wide, e.mine(0, make([]int64, n)))) }},
		"Open":      {8, 8, 1, func(e *Engine) error { return second(e.Open(ctx, vec(e, wide), 0, 1, 2)) }},
		"Mul":       {8, 8, 1, func(e *Engine) error { return second(e.Mul(ctx, vec(e, tall), vec(e, tall))) }},
		"Dot":       {0, 0, 1, func(e *Engine) error { return second(e.Dot(ctx, vec(e, Range{0, 9}), vec(e, tall))) }},
		"MatMul":    {8, 8, 1, func(e *Engine) error { return second(e.MatMul(ctx, n, 1, 1, vec(e, tall), e.vec(tall, 0, 1))) }},
		"Less":      {31, 23, 8, func(e *Engine) error { return second(e.Less(ctx, vec(e, wide), vec(e, wide))) }},
		"less":      {15, 11, 7, func(e *Engine) error { return second(e.Less(ctx, vec(e, tall), vec(e, tall))) }},
		"Negative":  {31, 23, 8, func(e *Engine) error { return second(e.Negative(ctx, vec(e, wide))) }},
		"Equal":     {16, 8, 7, func(e *Engine) error { return second(e.Equal(ctx, vec(e, wide), vec(e, wide))) }},
		"Select":    {24, 16, 3, func(e *Engine) error { return second(e.Select(ctx, e.bits(n), vec(e, wide), vec(e, wide))) }},
		"Max":       {55, 39, 11, func(e *Engine) error { return second(e.Max(ctx, vec(e, wide), vec(e, wide))) }},
		"Min":       {55, 39, 11, func(e *Engine) error { return second(e.Min(ctx, vec(e, wide), vec(e, wide))) }},
		"Abs":       {55, 39, 11, func(e *Engine) error { return second(e.Abs(ctx, vec(e, wide))) }},
		"Numbers":   {16, 8, 2, func(e *Engine) error { return second(e.Numbers(ctx, e.bits(n))) }},
		"Compose":   {32, 16, 2, func(e *Engine) error { return second(e.Compose(ctx, []*Bits{e.bits(n), e.bits(n)})) }},
		"Decompose": {54, 46, 8, func(e *Engine) error { return second(e.Decompose(ctx, vec(e, wide))) }},
		"Truncate":  {24, 8, 2, func(e *Engine) error { return second(e.Truncate(ctx, three(vec(e, wide)), 0)) }},
		"MulFixed":  {32, 16, 3, func(e *Engine) error { return second(e.MulFixed(ctx, three(vec(e, tall)), three(vec(e, tall)))) }},
		"Floor": {71, 39, 12, func(e *Engine) error {
			v := vec(e, wide)
			v.fraction = 40 // so that more than 32 bits are compared
			return second(e.Floor(ctx, v, 0))
		}},
		"And":        {0.125, 0.125, 1, func(e *Engine) error { return second(e.And(ctx, e.bits(n), e.bits(n))) }},
		"RandomBits": {0, 0, 0, func(e *Engine) error { return second(e.RandomBits(ctx, n)) }},
		"Div":        {980, 505, 35, func(e *Engine) error { return second(e.Div(ctx, vec(e, tall), vec(e, tall), 10)) }},
		"Sqrt":       {850, 440, 32, func(e *Engine) error { return second(e.Sqrt(ctx, vec(e, tall), 10)) }},
		"Log":        {940, 480, 31, func(e *Engine) error { return second(e.Log(ctx, vec(e, tall), 10)) }},
		"Exp":        {445, 242, 30, func(e *Engine) error { return second(e.Exp(ctx, three(vec(e, Range{-80, 80})), 10)) }},
	} {
		for self := range parties {
			s, err := Preview(self, parties, &Config{Adversary: SemiHonest}, c.f)
			require.NoError(t, err, name)
			most := c.others
			if self == 0 {
				most = c.first
			}
			sent := float64(s.Sent) / n
			// Some bits are of no use, and messages have five bytes more.
			require.InDelta(t, most, sent, 0.02+most*0.03, "%s at party %d", name, self)
			require.Equal(t, c.rounds, s.Rounds, name)
		}
	}
}
