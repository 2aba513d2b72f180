package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/dujiang-dev/dujiang/examples/internal/pinned"
	"github.com/dujiang-dev/dujiang/mpc"
	"github.com/dujiang-dev/dujiang/mpc/stat"
)

// minimum is the least number of people that is told anything of.
const minimum = 20

// A report is what every organisation learns.
type report struct {
	groups []stat.Group // by education: who has a high income, and hours
	hours  *stat.Summary
	line   *stat.Line
	cost   mpc.Stats
}

// steps is how often organisation 0 says that it made progress.
const steps = 4

// together runs all organisations. Here they are goroutines, and in earnest each is a
// process that has a key of its own and knows the fingerprints of the others.
func together(ctx context.Context, tables [organisations]table, step func()) (reports [organisations]*report, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	streams, err := connect(ctx)
	if err != nil {
		return reports, err
	}
	rows := make([]int, len(tables))
	for i, t := range tables {
		rows[i] = len(t[0])
	}
	var running sync.WaitGroup
	for i := range tables {
		running.Go(func() {
			mine := func() {}
			if i == 0 {
				mine = step
			}
			r, err := organisation(ctx, i, streams[i], tables[i], rows, mine)
			if err != nil {
				cancel(fmt.Errorf("organisation %d: %w", i, err))
			}
			reports[i] = r
		})
	}
	running.Wait()
	for _, all := range streams {
		for _, s := range all {
			if s != nil {
				s.(io.Closer).Close()
			}
		}
	}
	return reports, context.Cause(ctx)
}

// organisation is one of them: it has a table and knows how many rows the others have.
func organisation(ctx context.Context, self int, peers []io.ReadWriter, t table, rows []int, step func()) (*report, error) {
	e, err := mpc.New(ctx, self, peers, &mpc.Config{Adversary: mpc.SemiHonest, Context: []byte("salary, an example")})
	if err != nil {
		return nil, err
	}
	r, err := study(ctx, e, t, rows, step)
	if err := e.Close(err); err != nil {
		return nil, err
	}
	return r, nil
}

func study(ctx context.Context, e *mpc.Engine, t table, rows []int, step func()) (*report, error) {
	var all []*mpc.Vec
	for c, column := range columns {
		var parts []*mpc.Vec
		for from, n := range rows {
			var mine []int64
			if from == e.Self() {
				mine = t[c]
			}
			v, err := e.Input(ctx, from, n, mpc.Range{Min: column.lo, Max: column.hi}, mine)
			if err != nil {
				return nil, err
			}
			parts = append(parts, v)
		}
		v, err := mpc.Concat(parts...)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	step()
	age, education, hours, high := all[0], all[1], all[2], all[3]
	s, err := stat.New(e, &stat.Config{To: []int{0, 1, 2}, Minimum: minimum})
	if err != nil {
		return nil, err
	}
	r := new(report)
	if r.groups, err = s.ByGroup(ctx, education, high, hours); err != nil {
		return nil, err
	}
	step()
	if r.hours, err = s.Describe(ctx, hours); err != nil {
		return nil, err
	}
	step()
	if r.line, err = s.Linear(ctx, high, age, education, hours); err != nil {
		return nil, err
	}
	step()
	r.cost = e.Stats()
	return r, nil
}

// connect makes TLS connections between any two organisations, on this machine.
func connect(ctx context.Context) (streams [organisations][]io.ReadWriter, err error) {
	var own [organisations]*pinned.Key
	for i := range own {
		streams[i] = make([]io.ReadWriter, organisations)
		if own[i], err = pinned.NewKey(); err != nil {
			return streams, err
		}
	}
	for i := range streams {
		j := (i + 1) % organisations
		l, err := pinned.Listen("127.0.0.1:0", own[i], own[j].Fingerprint())
		if err != nil {
			return streams, err
		}
		accepted := make(chan error, 1)
		go func() {
			conn, err := l.AcceptPeer(ctx, func(net.Addr, error) {})
			streams[i][j] = conn
			accepted <- err
		}()
		var conn net.Conn
		conn, err = pinned.Dial(ctx, l.Addr().String(), own[j], own[i].Fingerprint())
		if err != nil {
			l.Close()
			return streams, err
		}
		streams[j][i] = conn
		if err := <-accepted; err != nil {
			return streams, err
		}
		l.Close()
	}
	return streams, nil
}
