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

// Two hospitals multiply numbers of each with numbers of the other, and both learn the
// sums, without that there is a third one: what multiplications use up is made by encryption
// between them.
func ExampleEncryption() {
	hospital := func(self int, other io.ReadWriter, cases, costs []int64) (int64, error) {
		ctx := context.Background()
		peers := []io.ReadWriter{other, other}
		e, err := mpc.New(ctx, self, peers, &mpc.Config{Adversary: mpc.SemiHonest, Triples: mpc.Encryption{}})
		if err != nil {
			return 0, err
		}
		total, err := bill(ctx, e, cases, costs)
		if err := e.Close(err); err != nil {
			return 0, err
		}
		return total, nil
	}

	var streams [2]net.Conn
	streams[0], streams[1] = net.Pipe()
	cases, costs := [][]int64{{3, 1, 4}, nil}, [][]int64{nil, {100, 250, 80}}
	var running sync.WaitGroup
	for i := range streams {
		running.Go(func() {
			total, err := hospital(i, streams[i], cases[i], costs[i])
			if err != nil {
				log.Fatal(err)
			}
			if i == 0 {
				fmt.Println("all cases cost", total)
			}
		})
	}
	running.Wait()
	// Output: all cases cost 870
}

// bill opens the sum of party 0's cases times party 1's costs, to both.
func bill(ctx context.Context, e *mpc.Engine, cases, costs []int64) (int64, error) {
	x, err := e.Input(ctx, 0, 3, mpc.Range{Min: 0, Max: 1000}, cases)
	if err != nil {
		return 0, err
	}
	y, err := e.Input(ctx, 1, 3, mpc.Range{Min: 0, Max: 100_000}, costs)
	if err != nil {
		return 0, err
	}
	sum, err := e.Dot(ctx, x, y)
	if err != nil {
		return 0, err
	}
	opened, err := e.Open(ctx, sum, 0, 1)
	if err != nil {
		return 0, err
	}
	return opened[0], nil
}
