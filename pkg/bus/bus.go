// Package bus is the one way in which the services of Tavolo talk: NATS, embedded in the program or outside it, with the same subjects, the same
// users and the same permissions in both modes.
//
//	service ──Request──► cmd.<workspace>, query.<question>, people.<verb> ──Serve──► service
//	views   ──publish──► changed.<workspace>.<topic> ──► gateway
//	people  ──publish──► left.<device> ──► gateway
//	herald  ──publish──► feed.<subscription>.> ──► readers from outside, in an account of their own (readers.go)
//	ledger  ──publish──► log.<workspace>.<aggregate>.<id> ──► stream LOG_<workspace> (package eventlog)
//
// Each service has a user of its own, and a table says what each may publish and subscribe (grants.go). The embedded server gives every user a
// random password at each start; connections inside the process authenticate like any other.
//
// What it promises: every write of JetStream is synced before it is acknowledged (a power cut loses nothing); one process at a time has a store
// directory; a service can do what its grant says and nothing else (INV-26).
//
// Not here: what is in the messages, and the streams (eventlog, clerk).
package bus

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"tavolo/pkg/decider"
)

const (
	// readyWithin is how long the embedded server may take to open its port once its streams are recovered.
	readyWithin = 10 * time.Second
	// reconnectWait is the pause between two attempts of a lost connection.
	reconnectWait = 200 * time.Millisecond
)

// Options of the embedded server. Every write is synced, always; there is no option for it.
type Options struct {
	// StoreDir keeps the streams. It is made when missing, for its owner only. A directory that everybody may write is refused.
	StoreDir string
	// Listen is host:port for other programs, or "" for none: connections inside the process only. Port 0 takes a free one.
	Listen string
	// Readers is host:port for readers of the feeds, and for nobody else, or "" for none; ReadersCert and ReadersKey are PEM files. Without them it
	// lies on the loopback interface. See OpenDoor.
	Readers, ReadersCert, ReadersKey string
	// Temporary lets the store lie in memory (tmpfs), for what is thrown away at the end, as `tavolo audit` does. It is refused otherwise.
	Temporary bool
}

// Server is an embedded NATS server.
type Server struct {
	nats      *server.Server
	lock      *os.File
	passwords map[string]string
	broken    chan error
	encrypted bool // who connects from outside must speak TLS

	mu    sync.Mutex // guards conns
	conns []*nats.Conn
}

// Start starts the embedded server and returns when its streams are recovered and it takes requests.
//
// Refusals: bus/store-writable, bus/store-volatile, bus/store-in-use (see Options), bus/listen (an address that is not host:port),
// bus/readers-in-clear and bus/certificate (see readersListen), bus/not-started (the server gave up; its reason follows).
func Start(o Options) (*Server, error) {
	lock, err := takeStore(o.StoreDir, o.Temporary)
	if err != nil {
		return nil, err
	}
	s := &Server{lock: lock, passwords: map[string]string{}, broken: make(chan error, 1)}
	if err = mendStreams(o.StoreDir); err == nil {
		err = s.start(o)
	}
	if err != nil {
		s.Shutdown()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(o Options) error {
	for _, service := range Services() {
		s.passwords[service] = rand.Text()
	}
	if o.Readers != "" {
		seed, err := NewIssuer()
		if err != nil {
			return err
		}
		s.passwords[Issuer] = seed
	}
	var text bytes.Buffer
	if err := writeConfig(&text, s.passwords, Services(), o.Readers != ""); err != nil {
		return err
	}
	opts := &server.Options{}
	if err := opts.ProcessConfigString(text.String()); err != nil {
		return fmt.Errorf("bus: own configuration: %w", err)
	}
	opts.ServerName, opts.StoreDir = "tavolo", o.StoreDir
	opts.NoSigs = true // the program handles its signals itself
	opts.DontListen = o.Listen == "" && o.Readers == ""
	switch {
	case o.Readers != "":
		var err error
		if opts.Host, opts.Port, opts.TLSConfig, err = readersListen(o); err != nil {
			return err
		}
		s.encrypted = opts.TLSConfig != nil
		opts.TLS, opts.TLSTimeout = s.encrypted, admitWithin
	case o.Listen != "":
		host, port, err := splitListen(o.Listen)
		if err != nil {
			return err
		}
		opts.Host, opts.Port = host, port
	}
	var err error
	if s.nats, err = server.NewServer(opts); err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	fatal := make(chan error, 1)
	s.nats.SetLoggerV2(&serverLog{broken: s.broken, fatal: fatal}, false, false, false)
	s.nats.Start() // recovers the streams; returns when done
	select {
	case err := <-fatal:
		return fmt.Errorf("%w: the embedded server did not start: %w", decider.Refuse("bus/not-started"), err)
	default:
	}
	if !s.nats.ReadyForConnections(readyWithin) {
		return fmt.Errorf("%w: the embedded server does not take connections", decider.Refuse("bus/not-started"))
	}
	return nil
}

func splitListen(listen string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(listen)
	if err == nil {
		port, err = strconv.Atoi(p)
	}
	if err != nil || port < 0 || port > 1<<16-1 {
		return "", 0, fmt.Errorf("%w: listen wants host:port, for example 127.0.0.1:4222", decider.Refuse("bus/listen"))
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// Connect connects a service inside the process, as the user of that name. The connection is closed by its owner or by Shutdown.
// A name that is not one of Services is refused (bus/no-such-service).
func (s *Server) Connect(service string) (*nats.Conn, error) {
	password, ok := s.passwords[service]
	if !ok {
		return nil, decider.Refuse("bus/no-such-service", "service", service)
	}
	nc, err := nats.Connect("", append(connectOptions(service, password), nats.InProcessServer(s.nats))...)
	if err != nil {
		return nil, fmt.Errorf("bus: connect %s: %w", service, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, nc)
	return nc, nil
}

// URL is where other programs find the server, or "" when it does not listen.
func (s *Server) URL() string {
	if s.nats.Addr() == nil {
		return ""
	}
	if s.encrypted {
		return "tls://" + s.nats.Addr().String()
	}
	return "nats://" + s.nats.Addr().String()
}

// Password is the password of a service during this run, for a program that this one starts, or the seed of the Issuer. It is "" for an unknown one.
func (s *Server) Password(service string) string { return s.passwords[service] }

// Broken gives the first error with which the disk refused a write, once. From then on the server acknowledges nothing to the stream concerned,
// and what the disk holds is unknown until the next start: the program should end and say so.
func (s *Server) Broken() <-chan error { return s.broken }

// Shutdown closes the connections that Connect gave, stops the server and waits until its files are closed. Calling it again is ok.
func (s *Server) Shutdown() {
	s.mu.Lock()
	for _, nc := range s.conns {
		nc.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	if s.nats != nil {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
	}
	s.lock.Close()
}
