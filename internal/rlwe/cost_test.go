package rlwe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Cost says what the parameters then have.
func TestCost(t *testing.T) {
	for _, c := range []Config{
		{Mode: ReceiverKey, Capacity: 1 << 40, Contributors: 8, Coefficients: 1000},
		{Mode: Collective, Capacity: 1 << 20, Contributors: 8, Coefficients: 1e6, Holders: 3, Statistical: 40},
		{Mode: Masked, Capacity: 1 << 39, Contributors: 8, Coefficients: 1e6},
	} {
		p, err := New(c)
		require.NoError(t, err)
		n, mask, body, ok := Cost(c)
		require.True(t, ok)
		require.Equal(t, p.N(), n)
		require.Equal(t, p.MaskSize(), n*mask/8)
		require.Equal(t, p.bodySize(n), n*body/8)
	}
	_, _, _, ok := Cost(Config{Mode: Collective, Capacity: 1 << 62, Contributors: 8, Coefficients: 1e6, Holders: 3, Statistical: 80})
	require.False(t, ok)
}
