package api

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxRates is how many senders a limiter holds. When more come, it forgets
// those first that have not been there for so long that they start anew anyway.
const maxRates = 1 << 16

type limiter struct {
	limit rate.Limit
	burst int

	mu    sync.Mutex
	rates map[string]*rate.Limiter
}

func newLimiter(limit rate.Limit, burst int) *limiter {
	return &limiter{limit: limit, burst: burst, rates: map[string]*rate.Limiter{}}
}

func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rates[key]
	if r == nil {
		if len(l.rates) >= maxRates {
			l.forget(now)
		}
		r = rate.NewLimiter(l.limit, l.burst)
		l.rates[key] = r
	}
	return r.AllowN(now, 1)
}

// forget makes room: it looks at some rates, which the map gives in random
// order, and drops those that are full, or else one that is not.
func (l *limiter) forget(now time.Time) {
	looked, last := 0, ""
	for key, r := range l.rates {
		if r.TokensAt(now) >= float64(l.burst) {
			delete(l.rates, key)
		}
		last = key
		if looked++; looked == 64 {
			break
		}
	}
	if len(l.rates) >= maxRates {
		delete(l.rates, last)
	}
}

// addressOf is what a connection's address counts as: of IPv6 the network of 64
// bits, as everybody has all addresses of one. Headers of proxies are not
// looked at, as anybody can write them.
func addressOf(r *http.Request) string {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := a.Addr().Unmap()
	if ip.Is6() {
		if p, err := ip.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}
