package stat_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"sync"

	"github.com/dujiang-dev/dujiang/mpc"
	"github.com/dujiang-dev/dujiang/mpc/stat"
)

// Three companies learn the mean wage in each region, over all of them, and nobody's wage.
// Here they are goroutines; in earnest each is a process, and the streams are TLS
// connections.
func Example() {
	regions := [][]int64{{1, 2, 1}, {2, 2, 1}, {1, 3, 2}}
	wages := [][]int64{{3000, 4000, 3500}, {4200, 3900, 3100}, {2800, 9000, 4100}}

	company := func(self int, peers []io.ReadWriter) ([]stat.Group, error) {
		ctx := context.Background()
		e, err := mpc.New(ctx, self, peers, &mpc.Config{Adversary: mpc.SemiHonest})
		if err != nil {
			return nil, err
		}
		groups, err := byRegion(ctx, e, regions[self], wages[self])
		return groups, e.Close(err)
	}

	peers := make([][]io.ReadWriter, 3)
	for i := range peers {
		peers[i] = make([]io.ReadWriter, len(peers))
	}
	for i := range peers {
		j := (i + 1) % len(peers)
		peers[i][j], peers[j][i] = net.Pipe()
	}
	var running sync.WaitGroup
	for i := range peers {
		running.Go(func() {
			groups, err := company(i, peers[i])
			if err != nil {
				log.Fatal(err)
			}
			for _, g := range groups {
				if i == 0 {
					fmt.Println("region", g.Key, "has", g.Count, "people and a mean wage of", g.Means[0])
				}
			}
		})
	}
	running.Wait()
	// Output:
	// region 1 has 4 people and a mean wage of 3100
	// region 2 has 4 people and a mean wage of 4050
}

// byRegion opens the means of all wages in regions of at least three people, to all.
func byRegion(ctx context.Context, e *mpc.Engine, regions, wages []int64) ([]stat.Group, error) {
	var allRegions, allWages []*mpc.Vec
	for from := range e.Parties() {
		mine, ours := regions, wages
		if e.Self() != from {
			mine, ours = nil, nil
		}
		r, err := e.Input(ctx, from, 3, mpc.Range{Min: 1, Max: 9}, mine)
		if err != nil {
			return nil, err
		}
		w, err := e.Input(ctx, from, 3, mpc.Range{Min: 0, Max: 100_000}, ours)
		if err != nil {
			return nil, err
		}
		allRegions, allWages = append(allRegions, r), append(allWages, w)
	}
	region, err := mpc.Concat(allRegions...)
	if err != nil {
		return nil, err
	}
	wage, err := mpc.Concat(allWages...)
	if err != nil {
		return nil, err
	}
	s, err := stat.New(e, &stat.Config{To: []int{0, 1, 2}, Minimum: 3})
	if err != nil {
		return nil, err
	}
	return s.ByGroup(ctx, region, wage)
}
