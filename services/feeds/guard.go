package feeds

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"tavolo/pkg/decider"
)

// This chapter keeps webhooks out of the house. An address is given by people outside, so it may point to a machine that only this one can reach. What
// counts is the address that is dialled, after the name was looked up: a name that points elsewhere the second time changes nothing. Redirects are not
// followed, no proxy is asked, and addresses that stand for others (IPv4 within IPv6) are looked at as what they stand for.

const (
	// postWithin is how long one delivery may take.
	postWithin = 15 * time.Second
	dialWithin = 5 * time.Second
	// answerMax is how much of an answer is read, in bytes; none of it is used.
	answerMax   = 16 << 10
	urlBytesMax = 2000
)

// notPublic are the ranges that are no address of the public internet although they are global unicast by their form (IANA special-purpose registries).
var notPublic = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	"::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")

// within are the ranges of IPv6 that carry an IPv4 address, and at which byte.
var within = []struct {
	prefix netip.Prefix
	at     int
}{{netip.MustParsePrefix("64:ff9b::/96"), 12}, {netip.MustParsePrefix("2002::/16"), 2}}

func prefixes(all ...string) (p []netip.Prefix) {
	for _, s := range all {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

// isPublic reports whether an address is one of the public internet.
func isPublic(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	for _, w := range within {
		if w.prefix.Contains(a) {
			b := a.As16()
			return isPublic(netip.AddrFrom4([4]byte(b[w.at : w.at+4])))
		}
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsGlobalUnicast()
}

// newClient makes the client of all deliveries. With loopback it reaches this machine too, and nothing else that is not public.
func newClient(loopback bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialWithin, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !isPublic(at.Addr()) && (!loopback || !at.Addr().Unmap().IsLoopback()) {
			return decider.Refuse("feeds/webhook-address")
		}
		return nil
	}}
	return &http.Client{
		Timeout:       postWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
			TLSHandshakeTimeout: dialWithin, ResponseHeaderTimeout: postWithin, MaxResponseHeaderBytes: answerMax,
			MaxConnsPerHost: 4, MaxIdleConnsPerHost: 1, MaxIdleConns: 64, IdleConnTimeout: time.Minute, DisableCompression: true,
		},
	}
}

// checkURL refuses what is no address for webhooks: it must be https and lead to a host, without a name and password in it.
//
// Refusals: feeds/webhook-url; feeds/webhook-address when the host is an address that is not public.
func checkURL(text string, loopback bool) error {
	u, err := url.Parse(text)
	if err != nil || len(text) > urlBytesMax || u.Scheme != "https" && (!loopback || u.Scheme != "http") || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return decider.Refuse("feeds/webhook-url")
	}
	a, err := netip.ParseAddr(u.Hostname())
	if err == nil && !isPublic(a) && (!loopback || !a.IsLoopback()) || u.Hostname() == "localhost" && !loopback {
		return decider.Refuse("feeds/webhook-address")
	}
	return nil
}
