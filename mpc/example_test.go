package mpc_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"sync"

	"github.com/dujiang-dev/dujiang/mpc"
)

// Three companies learn the sum of their salaries' products with working hours, and
// nobody's numbers. Here they are goroutines; in earnest each is a process, and the
// streams are TLS connections.
func Example() {
	company := func(self int, peers []io.ReadWriter, salaries, hours []int64) (int64, error) {
		ctx := context.Background()
		e, err := mpc.New(ctx, self, peers, &mpc.Config{Adversary: mpc.SemiHonest})
		if err != nil {
			return 0, err
		}
		total, err := payroll(ctx, e, salaries, hours)
		if err := e.Close(err); err != nil {
			return 0, err
		}
		return total, nil
	}

	peers := make([][]io.ReadWriter, 3)
	for i := range peers {
		peers[i] = make([]io.ReadWriter, len(peers))
	}
	for i := range peers {
		j := (i + 1) % len(peers)
		peers[i][j], peers[j][i] = net.Pipe()
	}
	salaries := [][]int64{{30, 40}, {50, 25}, {35, 45}}
	hours := [][]int64{{8, 4}, {8, 6}, {7, 8}}
	var running sync.WaitGroup
	for i := range peers {
		running.Go(func() {
			total, err := company(i, peers[i], salaries[i], hours[i])
			if err != nil {
				log.Fatal(err)
			}
			if i == 0 {
				fmt.Println("all companies pay", total, "a day")
			}
		})
	}
	running.Wait()
	// Output: all companies pay 1555 a day
}

// payroll opens the sum over all companies of salary times hours, to all.
func payroll(ctx context.Context, e *mpc.Engine, salaries, hours []int64) (int64, error) {
	var sum *mpc.Vec
	for from := range e.Parties() {
		mine, ours := salaries, hours
		if e.Self() != from {
			mine, ours = nil, nil
		}
		s, err := e.Input(ctx, from, 2, mpc.Range{Min: 0, Max: 10_000}, mine)
		if err != nil {
			return 0, err
		}
		h, err := e.Input(ctx, from, 2, mpc.Range{Min: 0, Max: 24}, ours)
		if err != nil {
			return 0, err
		}
		paid, err := e.Dot(ctx, s, h)
		if err != nil {
			return 0, err
		}
		if sum == nil {
			sum = paid
		} else if sum, err = sum.Add(paid); err != nil {
			return 0, err
		}
	}
	opened, err := e.Open(ctx, sum, 0, 1, 2)
	if err != nil {
		return 0, err
	}
	return opened[0], nil
}
