package okvs

import (
	"fmt"
	"math"
	"testing"
)

func TestP(t *testing.T) {
	for _, n := range []int{1, 64, 100, 1000, 5000, 1 << 14, 1<<14 + 1, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1<<31 - 1} {
		p, err := NewParams(n, 40)
		fmt.Println(n, p, err, float64(p.Size())/float64(n), float64(p.capacity)*float64(p.bins)/float64(n))
	}
	for x := uint64(1); x < 1e18; x = x*3 + 1 {
		if d := float64(log2(x))/(1<<fraction) - math.Log2(float64(x)); math.Abs(d) > 1e-11 {
			t.Error(x, d)
		}
	}
}
