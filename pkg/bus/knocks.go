package bus

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often somebody may knock at the readers' door with a token that does not hold. An address has an allowance of answers; beyond it the door stays
// silent, and the server closes the connection after admitWithin. So whoever tries tokens waits for each, the mistyped one is told at once, and a token that
// holds is let in at any time from anywhere: others may come from the same address, and behind a proxy everybody does.

const (
	// wrongAtOnce is how many wrong tokens of an address are answered at once, wrongEvery how often one more is.
	wrongAtOnce, wrongEvery = 20, 10 * time.Second
	// knocksMost is how many addresses are remembered.
	knocksMost = 4096
)

// knocks remembers who was wrong lately. Its zero value remembers nobody.
type knocks struct {
	mu sync.Mutex
	of map[netip.Prefix]*rate.Limiter
}

// wrong counts a wrong token of an address at a moment, and reports whether it is to be answered.
func (k *knocks) wrong(host string, now time.Time) (answer bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	from := neighbourhood(host)
	l := k.of[from]
	if l == nil {
		if k.of == nil || len(k.of) >= knocksMost {
			k.forget(now)
		}
		l = rate.NewLimiter(rate.Every(wrongEvery), wrongAtOnce)
		k.of[from] = l
	}
	return l.AllowN(now, 1)
}

// forget drops whose allowance is whole again: it would be the same anew. When that is nobody, all are dropped, for memory has to be bounded.
func (k *knocks) forget(now time.Time) {
	for from, l := range k.of {
		if l.TokensAt(now) >= wrongAtOnce {
			delete(k.of, from)
		}
	}
	if k.of == nil || len(k.of) >= knocksMost {
		k.of = map[netip.Prefix]*rate.Limiter{}
	}
}

// neighbourhood is what counts as one address: in IPv6 a /64, of which everybody has all. What is no address is one of them.
func neighbourhood(host string) netip.Prefix {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 64
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		bits = 32
	}
	from, _ := ip.Prefix(bits) // fails for no address of that length
	return from
}
