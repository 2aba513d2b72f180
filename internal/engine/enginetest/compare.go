package enginetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Compare fails the test if two lists of columns of the same names, of as many elements each,
// have different distributions: one has what a party sees in a run, with the inputs and outputs
// of everybody, and the other one what a simulator makes of what the party may know. Of any two
// columns it counts how often each pair of four bits comes up, of the lowest and of others,
// and takes the two-sample chi-square statistic. That one pair of columns fails wrongly has a
// probability of about 2^-40.
func Compare(t *testing.T, names []string, run, simulated [][]uint64) {
	t.Helper()
	require.Len(t, run, len(names))
	require.Len(t, simulated, len(names))
	for i := range names {
		require.Len(t, simulated[i], len(run[i]), names[i])
		for j := range i {
			for _, shift := range []int{0, 13, 52} {
				var counts [2][256]int
				for k, columns := range [][][]uint64{run, simulated} {
					for e, a := range columns[i] {
						counts[k][a>>shift&15<<4|columns[j][e]>>shift&15]++
					}
				}
				cells, statistic := 0, 0.0
				for c, a := range counts[0] {
					b := counts[1][c]
					if a+b > 0 {
						cells++
						statistic += float64(a-b) * float64(a-b) / float64(a+b)
					}
				}
				require.LessOrEqual(t, statistic, below(cells), fmt.Sprintf("%s and %s, from bit %d", names[i], names[j], shift))
			}
		}
	}
}
