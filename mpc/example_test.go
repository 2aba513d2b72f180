package mpc_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
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

// A register knows incomes, and a clinic knows who was ill for how many days. A court is the
// third party. They join their tables by a number that both have, and learn the mean income of
// those who were ill, and not who they are.
func ExampleEngine_Join() {
	const (
		register, clinic, court = 0, 1, 2
		people, cases           = 4, 3
	)
	// What each has; the others have nil.
	persons := [3][]int64{register: {101, 102, 103, 104}}
	incomes := [3][]int64{register: {28_000, 41_000, 35_000, 90_000}}
	patients := [3][]int64{clinic: {103, 999, 101}}

	party := func(self int, peers []io.ReadWriter) (sum, count int64, err error) {
		ctx := context.Background()
		e, err := mpc.New(ctx, self, peers, &mpc.Config{Adversary: mpc.SemiHonest})
		if err != nil {
			return 0, 0, err
		}
		defer func() { err = e.Close(err) }()
		number := mpc.Range{Min: 1, Max: 1000}
		who, err := e.Input(ctx, register, people, number, persons[self])
		if err != nil {
			return 0, 0, err
		}
		income, err := e.Input(ctx, register, people, mpc.Range{Min: 0, Max: 1_000_000}, incomes[self])
		if err != nil {
			return 0, 0, err
		}
		ill, err := e.Input(ctx, clinic, cases, number, patients[self])
		if err != nil {
			return 0, 0, err
		}
		// Of as many rows as the clinic has: pairs come first, and zeros behind them.
		pairs, err := e.Join(ctx, who, []*mpc.Vec{income}, ill, nil)
		if err != nil {
			return 0, 0, err
		}
		total, err := pairs.Left[0].Sum()
		if err != nil {
			return 0, 0, err
		}
		used, err := pairs.Used.Sum()
		if err != nil {
			return 0, 0, err
		}
		both, err := mpc.Concat(total, used)
		if err != nil {
			return 0, 0, err
		}
		opened, err := e.Open(ctx, both, register, clinic, court)
		if err != nil {
			return 0, 0, err
		}
		return opened[0], opened[1], nil
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
			sum, count, err := party(i, peers[i])
			if err != nil {
				log.Fatal(err)
			}
			if i == court {
				fmt.Printf("%d were ill, and earn %d on average\n", count, sum/count)
			}
		})
	}
	running.Wait()
	// Output: 2 were ill, and earn 31500 on average
}

// Four parties make masks at night, and each keeps its part in a file. In the morning a comparison
// takes them, once, and sends less by that.
func ExampleLoadStock() {
	night := func(self int, peers []io.ReadWriter, path string) error {
		ctx := context.Background()
		e, err := mpc.New(ctx, self, peers, &mpc.Config{Adversary: mpc.SemiHonest})
		if err != nil {
			return err
		}
		err = e.Prepare(ctx, mpc.Demand{Comparisons: 64})
		var stock *mpc.Stock
		if err == nil {
			stock, err = e.Leftover()
		}
		if err := e.Close(err); err != nil {
			return err
		}
		return stock.Save(path)
	}
	morning := func(self int, peers []io.ReadWriter, path string) error {
		ctx := context.Background()
		stock, err := mpc.LoadStock(path)
		if err != nil {
			return err
		}
		fmt.Println("masks are there for", stock.Left().Comparisons, "comparisons")
		e, err := mpc.New(ctx, self, peers, &mpc.Config{Adversary: mpc.SemiHonest, Stock: stock})
		if err != nil {
			return err
		}
		// Here it computes, and what Leftover returns can be saved again.
		return e.Close(nil)
	}

	dir, err := os.MkdirTemp("", "stock")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, run := range []func(self int, peers []io.ReadWriter, path string) error{night, morning} {
		peers := make([][]io.ReadWriter, 4)
		for i := range peers {
			peers[i] = make([]io.ReadWriter, len(peers))
			for j := range i {
				peers[i][j], peers[j][i] = net.Pipe()
			}
		}
		var running sync.WaitGroup
		for i := range peers {
			running.Go(func() {
				if err := run(i, peers[i], filepath.Join(dir, fmt.Sprint(i))); err != nil {
					log.Fatal(err)
				}
			})
		}
		running.Wait()
	}
	// Output:
	// masks are there for 64 comparisons
	// masks are there for 64 comparisons
	// masks are there for 64 comparisons
	// masks are there for 64 comparisons
}
