package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
	"tavolo/pkg/domain/territory"
	"tavolo/pkg/releases"
	commandv1 "tavolo/proto/tavolo/command/v1"
	"tavolo/services/clerk"
	"tavolo/services/feeds"
	"tavolo/services/gateway"
	"tavolo/services/gateway/web"
	"tavolo/services/ledger"
	"tavolo/services/people"
	"tavolo/services/views"
)

// house holds the services that run in this process. They speak over NATS whether they share a process or not: one path in both modes.
type house struct {
	dir     string
	server  *bus.Server // nil when NATS is outside
	connect func(service string) (*nats.Conn, error)
	issuer  string // lets readers of the feeds in; "": nothing does
	conns   []*nats.Conn
	stops   []func() error
	gateway *gateway.Gateway
	logger  *slog.Logger
}

// plan says which services a house holds and where.
type plan struct {
	// Dir is the data folder.
	Dir string
	// Services to start; NATS, Secrets name an outside server and the passwords of its users. Empty NATS: embedded.
	Services []string
	NATS     string
	Secrets  map[string]string
	// NATSReaders is the outside server where readers of the feeds come in, when it is another one. Empty: it is NATS.
	NATSReaders string
	// Partitions of macro areas. Nil: those of the survey.
	Partitions territory.Partitions
	// Temporary: the folder may lie in memory and goes afterwards.
	Temporary bool
	// Listen, PublicURL, Proxies, TLSCert and TLSKey are the gateway's.
	Listen, PublicURL, TLSCert, TLSKey string
	Proxies                            []string
	// FeedsNATS is the address where readers of the feeds find the embedded NATS, with the certificate above. Empty: nowhere.
	FeedsNATS string
	// FeedsNATSURL is where they find it when it is not there itself: behind something, or an outside server. Empty: it is, or nothing is known of it.
	FeedsNATSURL string
	// Loopback lets webhooks go to this machine: for tests.
	Loopback bool

	Logger *slog.Logger
}

// everything that a stopped house answers questions with.
var inside = []string{bus.People, bus.Ledger, bus.Views}

// openHouse starts the services in the order in which they need each other.
func openHouse(ctx context.Context, p plan) (h *house, err error) {
	h = &house{dir: p.Dir, logger: p.Logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
			h = nil
		}
	}()
	if p.Dir != "" {
		if err := os.MkdirAll(p.Dir, 0o700); err != nil {
			return h, err
		}
		if err := h.lock(); err != nil {
			return h, err
		}
	}
	if p.NATS != "" {
		h.connect = func(service string) (*nats.Conn, error) { return bus.Dial(p.NATS, service, p.Secrets[service]) }
		h.issuer = p.Secrets[bus.Issuer]
	} else {
		h.server, err = bus.Start(bus.Options{StoreDir: filepath.Join(p.Dir, "log"), Temporary: p.Temporary, Readers: p.FeedsNATS, ReadersCert: p.TLSCert, ReadersKey: p.TLSKey})
		if err != nil {
			return h, err
		}
		h.stop(func() error { h.server.Shutdown(); return nil })
		h.connect, h.issuer = h.server.Connect, h.server.Password(bus.Issuer)
	}
	for _, service := range []string{bus.People, bus.Ledger, bus.Views, bus.Clerk, bus.Feeds, bus.Gateway} {
		if !slices.Contains(p.Services, service) {
			continue
		}
		if err := h.start(ctx, service, p); err != nil {
			return h, fmt.Errorf("%s: %w", service, err)
		}
	}
	return h, nil
}

func (h *house) start(ctx context.Context, service string, p plan) error {
	nc, err := h.dial(service)
	if err != nil {
		return err
	}
	if p.NATS != "" && service == bus.Ledger {
		if err := bus.CheckServer(nc); err != nil {
			return err
		}
	}
	switch service {
	case bus.People:
		s, err := people.Start(people.Options{Conn: nc, Dir: filepath.Join(p.Dir, "keys"), Logger: p.Logger})
		if err != nil {
			return err
		}
		h.stop(s.Stop)
	case bus.Ledger:
		s, err := ledger.Start(ledger.Options{Conn: nc, Version: version, Logger: p.Logger})
		if err != nil {
			return err
		}
		h.stop(func() error { s.Stop(); return nil })
	case bus.Views:
		reader, err := h.dial(bus.Reader)
		if err != nil {
			return err
		}
		s, err := views.Start(ctx, views.Options{Conn: nc, Reader: reader, Dir: filepath.Join(p.Dir, "views"), Version: version, Logger: p.Logger, Partitions: p.Partitions})
		if err != nil {
			return err
		}
		h.stop(s.Stop)
	case bus.Clerk:
		s, err := clerk.Start(ctx, clerk.Options{Conn: nc, Logger: p.Logger})
		if err != nil {
			return err
		}
		h.stop(func() error { s.Stop(); return nil })
	case bus.Feeds:
		o := feeds.Options{Conn: nc, Issuer: h.issuer, Dir: filepath.Join(p.Dir, "feeds"), PublicURL: p.PublicURL, Version: version, Loopback: p.Loopback, Logger: p.Logger}
		if h.issuer != "" {
			if o.Herald, err = h.dialHerald(p); err != nil {
				return err
			}
		}
		s, err := feeds.Start(ctx, o)
		if err != nil {
			return err
		}
		h.stop(s.Stop)
	case bus.Gateway:
		token, err := operatorToken(p.Dir)
		if err != nil {
			return err
		}
		readers, err := readersURL(p, h.server)
		if err != nil {
			return err
		}
		remembered, err := h.releases(p)
		if err != nil {
			return err
		}
		g, err := gateway.Start(gateway.Options{
			Conn: nc, Listen: p.Listen, PublicURL: p.PublicURL, TrustedProxies: p.Proxies, TLSCert: p.TLSCert, TLSKey: p.TLSKey, OperatorToken: token,
			Version: version, Sentence: sentence, Logger: p.Logger, Import: importer{nc: nc}.record, Releases: remembered, Web: web.Handler(), Style: web.Style(), ReadersURL: readers,
		})
		if err != nil {
			return err
		}
		h.gateway = g
		h.stop(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			err := g.Stop(ctx)
			if errors.Is(err, context.DeadlineExceeded) { // somebody kept a line open, perhaps one on which nothing was ever asked
				p.Logger.Warn("gateway: open connections were cut off")
				return nil
			}
			return err
		})
	}
	return nil
}

// releases opens what the data folder remembers of files that left. Services that run apart have no folder in common: then no file counts people.
func (h *house) releases(p plan) (*releases.Store, error) {
	if p.NATS != "" {
		p.Logger.Info("gateway: numbers of people are left out of files: there is no common data folder where earlier ones are remembered")
		return nil, nil
	}
	store, err := releases.Open(p.Dir)
	if err != nil {
		return nil, err
	}
	h.stop(store.Close)
	return store, nil
}

func (h *house) dial(service string) (*nats.Conn, error) {
	nc, err := h.connect(service)
	if err != nil {
		return nil, err
	}
	h.conns = append(h.conns, nc)
	return nc, nil
}

// dialHerald connects the herald where readers come in.
func (h *house) dialHerald(p plan) (*nats.Conn, error) {
	if p.NATSReaders == "" {
		return h.dial(bus.Herald)
	}
	nc, err := bus.Dial(p.NATSReaders, bus.Herald, p.Secrets[bus.Herald])
	if err == nil {
		h.conns = append(h.conns, nc)
	}
	return nc, err
}

func (h *house) stop(f func() error) { h.stops = append(h.stops, f) }

// close stops the services in the reverse order: who asks goes before who answers.
func (h *house) close() error {
	var all error
	for i := len(h.stops) - 1; i >= 0; i-- {
		if i == 0 && h.server != nil { // the server goes last, after every connection
			for _, nc := range h.conns {
				nc.Close()
			}
		}
		all = errors.Join(all, h.stops[i]())
	}
	h.stops = nil
	return all
}

// lock keeps a second program out of the data folder: two of them on one log would each believe to be alone.
func (h *house) lock() error {
	f, err := os.OpenFile(filepath.Join(h.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return refused{fmt.Sprintf("tavolo: another tavolo is running on %s. Ask it with --server http://ADDRESS instead of --data, or stop it first.", h.dir)}
	}
	h.stops = append([]func() error{f.Close}, h.stops...)
	return nil
}

// source says where a command finds what is recorded: a stopped data folder or a running server.
type source struct {
	Data   string `help:"Data folder of a stopped Tavolo." default:"./tavolo-data" type:"path"`
	Server string `help:"Address of a running Tavolo, such as http://127.0.0.1:8420. It is asked instead of the data folder."`
	Token  string `help:"The operator's token of that server. Default: the file operator-token of the data folder, for a server on this machine."`
}

// desk is whoever answers questions and takes minutes: a house of our own or a server.
type desk struct {
	ask    asker
	record func(ctx context.Context, in input) (*commandv1.Receipt, error)
	close  func() error
}

// open opens the source. A data folder that does not exist is refused unless it may be made.
func (s source) open(ctx context.Context, t *terminal, create bool) (*desk, error) {
	if s.Server != "" {
		token, err := s.token()
		return serverDesk(strings.TrimRight(s.Server, "/"), token), err
	}
	if _, err := os.Stat(s.Data); err != nil && !create {
		return nil, refused{fmt.Sprintf("tavolo: there is nothing in %s. Name the data folder with --data DIR, or a running server with --server URL.", s.Data)}
	}
	spare()
	return houseDesk(ctx, plan{Dir: s.Data, Services: inside, Logger: quiet(t.err)})
}

// sparing is how much a command that opens a data folder for itself lets memory grow before it is tidied, in percent of what is in use. What is in use right
// after a start is mostly the ends of the logs, up to 4 MiB each, which NATS reads and keeps for 10 s; a server lets go of them, a command has ended by then.
// A package of 61 departments peaks at 330 MB instead of 540, for a tenth more work.
const sparing = 50

// spare tidies memory more often, unless the operator has said how often.
func spare() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(sparing)
	}
}

func houseDesk(ctx context.Context, p plan) (*desk, error) {
	h, err := openHouse(ctx, p)
	if err != nil {
		return nil, err
	}
	nc, err := h.dial(bus.Operator)
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	record := func(ctx context.Context, in input) (*commandv1.Receipt, error) {
		return importer{nc: nc}.file(ctx, in, anyone)
	}
	return &desk{ask: natsAsker{nc}, record: record, close: h.close}, nil
}

// quiet logs only what went wrong: the answers of a command are for people and pipes.
func quiet(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelError}))
}
