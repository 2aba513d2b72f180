package vole

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/dujiang-dev/dujiang/internal/testparty"
)

// BenchmarkRounds runs both parties' rounds after one another, so that the sum
// of all phases is the time of both on one thread.
func BenchmarkRounds(b *testing.B) {
	for _, m := range []int{1 << 12, 1 << 16, 1 << 20, 1_362_000} {
		for _, kind := range []struct {
			name              string
			binary, malicious bool
		}{{"vole", false, false}, {"vole/malicious", false, true}, {"cot", true, false}} {
			b.Run(fmt.Sprintf("%s/m=%d", kind.name, m), func(b *testing.B) {
				p := newPlan(m, kind.binary, Config{Malicious: kind.malicious, Workers: 1})
				var total [8]time.Duration
				for b.Loop() {
					at, mark := 0, time.Now()
					lap := func() {
						total[at] += time.Since(mark)
						at, mark = at+1, time.Now()
					}
					s, msg, err := p.open(testDelta, testCoins("s"))
					if err != nil {
						b.Fatal(err)
					}
					r, msg, err := p.reply(msg, testCoins("r"))
					if err != nil {
						b.Fatal(err)
					}
					lap()
					if msg, err = s.trees(msg); err != nil {
						b.Fatal(err)
					}
					lap()
					if msg, err = r.grow(msg); err != nil {
						b.Fatal(err)
					}
					lap()
					if kind.malicious {
						if err := r.verify(s.answer(msg)); err != nil {
							b.Fatal(err)
						}
					}
					lap()
					s.finish()
					lap()
					r.finish()
					lap()
				}
				for i, name := range []string{"base", "s-trees", "r-trees", "check", "s-code", "r-code"} {
					b.ReportMetric(float64(total[i].Microseconds())/1000/float64(b.N), name+"-ms")
				}
				cost := p.Config.Cost(m, kind.binary)
				b.ReportMetric(float64(cost.Sent), "B-sent")
				b.ReportMetric(float64(cost.Received), "B-received")
				b.ReportMetric(float64(m)*float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
			})
		}
	}
}

// BenchmarkSession runs both parties at the same time.
func BenchmarkSession(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("m=%d/workers=%d", 1<<20, workers), func(b *testing.B) {
			for b.Loop() {
				r := newRun(1<<20, false, false)
				r.sendCfg.Workers, r.recvCfg.Workers = workers, workers
				errA, errB := testparty.Join(context.Background(), r.sender,
					func(ctx context.Context, conn net.Conn) error { return r.receiver(ctx, conn) })
				if err := errors.Join(errA, errB); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
