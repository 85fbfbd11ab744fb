package gateway

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// One request: who it comes from, and under which address it reached us. A browser shows the cookie of its device, a program the operator's token.
// Who is behind a cookie is asked of people each time, one hop on the bus: who was signed out is out with the next request.

// visit is what is known of a request beside what it asks.
type visit struct {
	caller
	// token is the device's, as the cookie brings it; "" when there is none.
	token string
	// base is the address that links are made of: https://tavolo.example.it. secure says that the connection to the browser is encrypted.
	base   string
	secure bool
	// remote is the address that limits count, kind what the device calls itself.
	remote, kind string
	// cookie is set with the answer. Nil: none.
	cookie *http.Cookie
}

const (
	cookieDevice = "tavolo-device"
	// hostPrefix has a browser keep the cookie to this host, over encrypted connections only.
	hostPrefix = "__Host-"
	// cookieFor is how long a browser keeps its device signed in at most. People ends it sooner when the device is not used.
	cookieFor = 365 * 24 * time.Hour
	// tokenBytes is the length of a device's token and of the operator's: 256 bits. secretBytes is that of an invitation's link: 128.
	tokenBytes, secretBytes = 32, 16
)

type visitKey struct{}

// visitOf gives the visit of a request. A context that did not pass the edge gives nobody's.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// callerOf gives who asks.
func callerOf(ctx context.Context) caller { return visitOf(ctx).caller }

// begin notes how a request reached us.
func (g *Gateway) begin(r *http.Request) *visit {
	v := &visit{remote: g.remoteOf(r), kind: kindOf(r.Header.Get("User-Agent"))}
	v.secure = r.TLS != nil || g.public != nil && g.public.Scheme == "https" && hostOf(r.Host) == g.public.Hostname()
	v.base = "http://" + r.Host
	if v.secure {
		v.base = "https://" + r.Host
	}
	if g.public != nil {
		v.base = strings.TrimRight(g.public.String(), "/")
	}
	return v
}

// identified finds out who asks before a handler runs.
func (g *Gateway) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		if err := g.identify(r, v); err != nil {
			g.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// identify says who a request comes from. Nobody is an answer too: some things are for anyone.
//
// Refusals: account/token-unknown; gateway/cross-origin, for a cookie that changes something and does not say which page it comes from.
func (g *Gateway) identify(r *http.Request, v *visit) error {
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		token, bearer := strings.CutPrefix(authorization, "Bearer ")
		given, own := hashOf(token), hashOf(g.o.OperatorToken)
		if !bearer || g.o.OperatorToken == "" || subtle.ConstantTimeCompare(given, own) != 1 {
			return decider.Refuse("account/token-unknown")
		}
		v.caller = caller{operator: true}
		return nil
	}
	cookie, err := r.Cookie(v.cookieName())
	if err != nil || cookie.Value == "" {
		return nil
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
		return decider.Refuse("gateway/cross-origin")
	}
	v.token = cookie.Value
	v.caller, err = g.whoHas(r.Context(), v.token, g.acts(r))
	return err
}

// acts reports whether a request is somebody doing something, and not a page that looks again by itself.
func (g *Gateway) acts(r *http.Request) bool {
	service, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	m := g.methods[service+"."+name]
	return r.Method == http.MethodPost && (m == nil || !m.asks() && name != "GetMe")
}

// whoHas asks people who is at the device that has a token. acts says that somebody does something there.
func (g *Gateway) whoHas(ctx context.Context, token string, acts bool) (caller, error) {
	var who peoplev1.IdentifyResponse
	if err := bus.Request(ctx, g.o.Conn, "people.identify", &peoplev1.IdentifyRequest{Token: hashOf(token), Acts: acts}, &who); err != nil {
		return caller{}, err
	}
	return caller{device: who.Device, account: who.Account, administers: who.Administers, memberships: who.Memberships}, nil
}

func (v *visit) cookieName() string {
	if v.secure {
		return hostPrefix + cookieDevice
	}
	return cookieDevice
}

// sign gives the browser its device's token; "" takes it away. Lax: following a link into Tavolo from a mail keeps one signed in, and no other site can
// send it along with a change.
func (v *visit) sign(token string) {
	v.cookie = &http.Cookie{Name: v.cookieName(), Value: token, Path: "/", HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode, MaxAge: int(cookieFor / time.Second)}
	if token == "" {
		v.cookie.MaxAge = -1
	}
}

// hashOf is what a secret is known by to everybody but who holds it.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// newSecret makes one of so many random bytes, as it stands in a cookie or a link.
func newSecret(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails: the program ends when the system has no randomness
	return base64.RawURLEncoding.EncodeToString(b)
}

// kindOf says in a word what a device calls itself. It is for its owner to tell their devices apart and decides nothing.
func kindOf(userAgent string) string {
	switch has := func(s string) bool { return strings.Contains(userAgent, s) }; {
	case has("iPad"), has("Tablet"), has("Android") && !has("Mobile"):
		return "tablet"
	case has("Mobi"), has("iPhone"):
		return "phone"
	case has("Mozilla/"):
		return "computer"
	}
	return "program"
}

// remoteOf gives the address that a request comes from. It is the other end of the connection; when that is a trusted proxy, the last one of those that
// the request passed which is none. What stands before it in X-Forwarded-For could have been written by anybody.
func (g *Gateway) remoteOf(r *http.Request) string {
	remote, ok := addressOf(r.RemoteAddr)
	if !ok || !g.trusts(remote) {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		before, ok := addressOf(strings.TrimSpace(hop))
		if !ok {
			break
		}
		if remote = before; !g.trusts(remote) {
			break
		}
	}
	return remote.String()
}

func (g *Gateway) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(g.proxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// addressOf reads an IP address, with or without a port.
func addressOf(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		p, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		a = p.Addr()
	}
	return a.Unmap().WithZone(""), true
}

// parseProxies reads addresses and networks (gateway/trusted-proxy).
func parseProxies(all []string) (proxies []netip.Prefix, err error) {
	for _, s := range all {
		p, err := netip.ParsePrefix(s)
		if a, ok := addressOf(s); err != nil && ok {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, decider.Refuse("gateway/trusted-proxy")
		}
		proxies = append(proxies, p.Masked())
	}
	return proxies, nil
}

// hostOf takes port and brackets off a host.
func hostOf(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// parsePublic reads the address under which others reach us (gateway/public-url).
func parsePublic(address string) (*url.URL, error) {
	if address == "" {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, decider.Refuse("gateway/public-url")
	}
	u.Host, u.Path = strings.ToLower(u.Host), ""
	return u, nil
}
