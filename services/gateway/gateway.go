// Package gateway lets people in: it is the only thing that a browser, curl or a program outside reaches.
//
//	POST /tavolo.api.v1.<Service>/<Method>   every RPC of the contract, JSON or binary (Connect); GET too where nothing changes
//	GET  /v1/…                               the same questions under addresses that people can type (alias.go)
//	GET  /v1/live                            a WebSocket: documents as they change (room.go, topic.go, socket.go)
//	GET  /v1/feeds/…                         the decisions of public initiatives, for associations (feedroutes.go)
//	GET  /openapi.json /asyncapi.json /docs  the contract, written from the descriptors (pkg/apidoc)
//	GET  /livez /readyz /version             for whoever runs it
//	GET  /w/…/page /ballot /minutes /report  pages that need no JavaScript (pages.go)
//	GET  /w/{workspace}/s/{session}          the web client's page of a session, with what it would ask first (ahead.go)
//	GET  /v1/…/export/ /open-data/…/download files for other programs (exports.go, opendata.go)
//	/                                        the web client, given by the program
//
// A request passes the edge (limits, headers, where it comes from), the policy (who may), and becomes one NATS request: a command has its texts sealed
// and goes to cmd.<workspace>, a question goes to query.<question>. There is no state here but sockets and the documents they look at.
//
// Who asks is known by the cookie of a device or by the operator's token (visit.go); without either one is nobody, who may look at an invitation and
// enter. Without a public address the gateway listens on the loopback interface only.
//
// Not here: decisions of any kind (ledger), what the answers say (views), the sentences of refusals (catalogue).
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/releases"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
)

// Options of the gateway.
type Options struct {
	// Conn is the gateway's own connection. Its owner closes it, after Stop.
	Conn *nats.Conn
	// Listen is host:port; port 0 takes a free one. It lies on the loopback interface unless there is a public address.
	Listen string
	// PublicURL is the address under which others reach the gateway: https://tavolo.example.it. Requests addressed to its host are taken, links are made
	// of it, and with https cookies are marked for encrypted connections only. Empty: this machine alone reaches it.
	PublicURL string
	// TrustedProxies are the addresses, or networks (10.0.0.0/8), of proxies whose word on where a request comes from is taken (X-Forwarded-For). Empty: nobody's.
	TrustedProxies []string
	// TLSCert and TLSKey are files in PEM form; with them the gateway speaks TLS itself. Empty: it does not.
	TLSCert, TLSKey string
	// ReadersURL is where readers of the feeds find NATS: tls://tavolo.example.it:4222. Without a host (tls://:4222) it is that of the gateway. Empty: there is no
	// such way, and /feeds says so.
	ReadersURL string
	// OperatorToken is what programs of the operator show (Authorization: Bearer). Empty: nobody is the operator.
	OperatorToken string
	// Import records a minutes file and answers as a command does. Nil: ImportMinutes is refused (gateway/no-import).
	Import func(ctx context.Context, name string, file []byte, permit ImportPermit) (*commandv1.Receipt, error)
	// Sentence gives what people read for a refusal: the stable code, the language (it or en) and the refusal's arguments. "" when there is none;
	// the code is shown then.
	Sentence func(code, lang string, args map[string]string) string
	// Releases remember which counts of people left the house in files. Nil: no file counts people.
	Releases *releases.Store
	// Web serves / and everything that is not the API. Nil: not found.
	Web http.Handler
	// Style is the address of the web client's style, for the pages without JavaScript. "": they are plain.
	Style string
	// Version is the program's, for /version and the documents of the API.
	Version string
	// Logger takes what the operator should know. Nil: slog's default.
	Logger *slog.Logger
}

// ImportPermit says whether whoever sent a minutes file may record in an initiative, and have recorded what the file comes to: each of the commands as if they
// had given it themself.
type ImportPermit func(workspace, initiative string, commands ...*commandv1.Command) error

// Gateway is the running service.
type Gateway struct {
	o        Options
	limits   limits
	methods  map[string]*method // by full name
	hub      *hub
	edge     *edge
	public   *url.URL // nil: none
	proxies  []netip.Prefix
	tries    *tries
	feeding  *feeding
	server   *http.Server
	listener net.Listener
	serving  sync.WaitGroup
}

// readyWithin is how long /readyz waits for the views to answer: less than the patience of whoever asks.
const readyWithin = 2 * time.Second

// Start listens and serves until Stop.
//
// Refusals: gateway/loopback-only (an address that others could reach, without a public one), gateway/public-url, gateway/listen (not an address, or
// taken), gateway/certificate, gateway/trusted-proxy.
func Start(o Options) (*Gateway, error) { return start(o, defaults) }

func start(o Options, l limits) (*Gateway, error) {
	if o.Conn == nil || o.Sentence == nil {
		return nil, errors.New("gateway: Conn and Sentence are needed")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	g := &Gateway{o: o, limits: l}
	var err error
	if g.methods, err = contract(); err != nil {
		return nil, err
	}
	if g.public, err = parsePublic(o.PublicURL); err != nil {
		return nil, err
	}
	if g.proxies, err = parseProxies(o.TrustedProxies); err != nil {
		return nil, err
	}
	certificate, err := readCertificate(o)
	if err != nil {
		return nil, err
	}
	if g.listener, err = listen(o.Listen, g.public != nil); err != nil {
		return nil, err
	}
	if certificate != nil {
		g.listener = tls.NewListener(g.listener, certificate)
	}
	if g.public != nil && g.public.Scheme == "http" && !isLoopback(g.public.Hostname()) {
		o.Logger.Warn("gateway: the public address is not encrypted: whoever is on the way can read names, words and votes, and take over a device; use https")
	}
	g.tries = newTries(l.addresses)
	g.edge = newEdge(g)
	if g.hub, err = newHub(g); err != nil {
		return nil, errors.Join(err, g.listener.Close())
	}
	if g.feeding, err = newFeeding(o.Conn, l.addresses); err != nil {
		g.hub.close(context.Background())
		return nil, errors.Join(err, g.listener.Close())
	}
	handler, err := g.handler()
	if err != nil {
		g.hub.close(context.Background())
		return nil, errors.Join(err, g.listener.Close())
	}
	g.server = g.edge.server(handler)
	g.serving.Go(func() {
		if err := g.server.Serve(g.listener); !errors.Is(err, http.ErrServerClosed) {
			g.o.Logger.Error("gateway: stopped listening", "error", err)
		}
	})
	return g, nil
}

// listen opens the address, if only this machine can reach it or there is a public address.
func listen(address string, public bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: listen wants host:port, for example 127.0.0.1:8080", decider.Refuse("gateway/listen", "address", address))
	}
	if !public && !isLoopback(host) {
		return nil, fmt.Errorf("%w: without a public address the gateway listens on 127.0.0.1, [::1] or localhost only",
			decider.Refuse("gateway/loopback-only", "address", address))
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", decider.Refuse("gateway/listen", "address", address), err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); !public && (!ok || !at.IP.IsLoopback()) { // a machine where localhost means something else
		return nil, errors.Join(decider.Refuse("gateway/loopback-only", "address", address), l.Close())
	}
	return l, nil
}

// readCertificate gives the TLS configuration; nil without a certificate.
func readCertificate(o Options) (*tls.Config, error) {
	if o.TLSCert == "" && o.TLSKey == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", decider.Refuse("gateway/certificate"), err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}

// isLoopback reports whether a host, without port or brackets, names this machine to itself.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Addr is where it listens, host:port.
func (g *Gateway) Addr() string { return g.listener.Addr().String() }

// Stop takes nobody in any more, says goodbye to every socket (1001) and waits for requests under way until ctx ends; then it cuts them off.
// Calling it again is ok.
func (g *Gateway) Stop(ctx context.Context) error {
	_ = g.feeding.sub.Unsubscribe() // fails only when the connection has gone
	g.hub.close(ctx)
	err := g.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, g.server.Close())
	}
	g.feeding.sitting.Wait() // sockets, which Shutdown does not know; each ends within streamWrite
	g.serving.Wait()
	return err
}

// handler puts every address behind the edge.
func (g *Gateway) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	for _, m := range g.methods {
		mux.Handle(m.procedure, g.edge.busy(g.identified(g.rpc(m))))
	}
	for _, a := range aliases {
		h, err := g.alias(a)
		if err != nil {
			return nil, err
		}
		if a.Method == aliasOf+"SessionService.GetSession" {
			h = g.orCalendar(h)
		}
		mux.Handle("GET "+a.Path, g.edge.busy(g.identified(h)))
	}
	g.pageRoutes(mux)
	g.feedRoutes(mux)
	for path, h := range g.documents() {
		mux.Handle("GET "+path, g.edge.busy(h))
	}
	mux.Handle("GET /v1/live", g.identified(http.HandlerFunc(g.live)))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("GET /readyz", g.edge.busy(http.HandlerFunc(g.ready)))
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"version": g.o.Version, "go": runtime.Version()})
	})
	mux.Handle("/v1/", http.HandlerFunc(g.notFound))
	mux.Handle("GET /w/{workspace}/s/{session}", g.edge.busy(http.HandlerFunc(g.room)))
	mux.Handle("GET /w/{workspace}/s/{session}/projector", g.edge.busy(http.HandlerFunc(g.room)))
	mux.Handle("/", g.edge.busy(http.HandlerFunc(g.web)))
	return g.edge.wrap(mux), nil
}

// web serves the client, and keeps the paths of the contract out of it: a misspelt method must not be answered with a page.
func (g *Gateway) web(w http.ResponseWriter, r *http.Request) {
	if g.o.Web == nil || isProcedure(r.URL.Path) {
		g.notFound(w, r)
		return
	}
	g.o.Web.ServeHTTP(w, r)
}

func (g *Gateway) notFound(w http.ResponseWriter, r *http.Request) {
	g.refuse(w, r, decider.Refuse("gateway/not-found"))
}

// ready says whether a question can be answered now: the bus is there and the views are.
func (g *Gateway) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	if err := bus.Request(ctx, g.o.Conn, "query.list_workspaces", &apiv1.ListWorkspacesRequest{}, &apiv1.ListWorkspacesResponse{}); err != nil {
		g.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}
