package gateway

import (
	"net"
	"sync"

	"golang.org/x/time/rate"
)

// buckets give every remote address its own allowance of requests.
type buckets struct {
	perSecond rate.Limit
	burst     int
	most      int

	mu sync.Mutex
	of map[string]*rate.Limiter
}

func newBuckets(perSecond float64, burst, most int) *buckets {
	return &buckets{perSecond: rate.Limit(perSecond), burst: burst, most: most, of: map[string]*rate.Limiter{}}
}

// allow takes one token of the address (host:port).
func (b *buckets) allow(remote string) bool { return b.limiter(remote).Allow() }

// has reports whether the address has a token left, and takes none.
func (b *buckets) has(remote string) bool { return b.limiter(remote).Tokens() >= 1 }

func (b *buckets) limiter(remote string) *rate.Limiter {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.of[host]
	if l == nil {
		if len(b.of) >= b.most {
			b.forget()
		}
		l = rate.NewLimiter(b.perSecond, b.burst)
		b.of[host] = l
	}
	return l
}

// forget drops the addresses whose bucket is full again: a new one would be the same. When none is, all are dropped, for memory has to be bounded.
func (b *buckets) forget() {
	for host, l := range b.of {
		if l.Tokens() >= float64(b.burst) {
			delete(b.of, host)
		}
	}
	if len(b.of) >= b.most {
		clear(b.of)
	}
}
