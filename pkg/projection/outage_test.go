package projection_test

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/projection"
)

// A server of its own, which goes away and comes back under the same address while a view follows.

// outside starts a nats-server from the configuration that the bus writes. port -1 takes a free one.
func outside(t *testing.T, store string, port int) *server.Server {
	t.Helper()
	passwords := map[string]string{}
	for _, service := range bus.Services() {
		passwords[service] = password(service)
	}
	var text bytes.Buffer
	if err := bus.WriteConfig(&text, passwords); err != nil {
		t.Fatal(err)
	}
	opts := &server.Options{}
	if err := opts.ProcessConfigString(text.String()); err != nil {
		t.Fatal(err)
	}
	opts.Host, opts.Port, opts.StoreDir, opts.NoSigs, opts.NoLog = "127.0.0.1", port, store, true, true
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { shutDown(s) })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server did not start")
	}
	return s
}

func password(service string) string { return service + strings.Repeat("x", 16) }

func shutDown(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// outsideWorld is a world at an outside server.
func outsideWorld(t *testing.T, s *server.Server) *world {
	t.Helper()
	w := &world{TB: t, shelf: map[string]*shelf{}}
	var err error
	w.ledger, err = bus.Dial(s.ClientURL(), bus.Ledger, password(bus.Ledger))
	w.must(err)
	t.Cleanup(w.ledger.Close)
	w.views, err = bus.Dial(s.ClientURL(), bus.Views, password(bus.Views))
	w.must(err)
	t.Cleanup(w.views.Close)
	w.writer, err = eventlog.New(w.ledger)
	w.must(err)
	w.reader, err = eventlog.New(w.views)
	w.must(err)
	return w
}

func port(s *server.Server) int { return s.Addr().(*net.TCPAddr).Port }

// isBack waits until both services have found the server again.
func (w *world) isBack() {
	w.Helper()
	for _, nc := range []*nats.Conn{w.ledger, w.views} {
		waitFor(w, "the server is back", func() bool { return nc.Stats().Reconnects > 0 && nc.IsConnected() })
	}
}

func TestServerThatComesBackIsFollowedAgain(t *testing.T) {
	store := t.TempDir()
	s := outside(t, store, -1)
	w := outsideWorld(t, s)
	w.found("w", 1)
	w.grow("w", 50)
	db := newDB(t)
	r := w.start(db, plain, "w")
	w.reach(r, "w", 50)
	at := port(s)
	shutDown(s)
	waitFor(t, "the connections notice", func() bool { return !w.views.IsConnected() && !w.ledger.IsConnected() })
	if seq, unverified := r.Position("w"); seq != 50 || unverified != "" {
		t.Errorf("without a server it stands at %d %q", seq, unverified)
	}
	outside(t, store, at)
	w.isBack()
	w.grow("w", 50)
	w.reach(r, "w", 100)
	r.Stop()
	if got, want := dump(t, db), w.replayed("w"); got != want {
		t.Errorf("after an outage:\n%s\nwant\n%s", got, want)
	}
}

// The log is restored from too old a copy while a view follows it. Its sequences are used again, for other commits.
func TestLogThatWentBackWhileFollowedStopsTheView(t *testing.T) {
	old := filepath.Join(t.TempDir(), "old")
	s := outside(t, old, -1)
	w := outsideWorld(t, s)
	w.found("w", 1)
	w.grow("w", 10)
	shutDown(s)

	s = outside(t, t.TempDir(), -1)
	w = outsideWorld(t, s)
	w.found("w", 1)
	w.grow("w", 20)
	db := newDB(t)
	r := w.start(db, plain, "w")
	w.reach(r, "w", 20)
	before := dump(t, db)
	at := port(s)
	shutDown(s)
	outside(t, old, at)
	w.isBack()
	w.found("w", 1)
	for range 10 {
		w.commit("w") // is there already
	}
	w.shelf["w"].chance = rand.New(rand.NewPCG(2, 2)) // and from here on another history
	w.grow("w", 15)
	w.standstill(r, "w", 21, 20, projection.CodeRewritten)
	if got := dump(t, db); got != before {
		t.Errorf("the tables changed:\n%s", got)
	}
}

// A server that is gone, and one that came back without the log, for which the client library asks again and again.
func TestStopDoesNotWaitForTheLog(t *testing.T) {
	for _, comesBack := range []bool{false, true} {
		s := outside(t, t.TempDir(), -1)
		w := outsideWorld(t, s)
		w.found("w", 1)
		w.found("v", 1)
		said := &logged{}
		r := w.startLogging(slog.New(slog.NewTextHandler(said, nil)), newDB(t), plain, "w", "v")
		w.reach(r, "w", w.grow("w", 5))
		at := port(s)
		shutDown(s)
		waitFor(t, "the connection notices", func() bool { return !w.views.IsConnected() })
		if comesBack {
			outside(t, t.TempDir(), at)
			w.isBack()
			asked := w.views.Stats().InMsgs
			waitFor(t, "the consumer was asked for", func() bool { return w.views.Stats().InMsgs > asked+1 })
		}
		r.Stop()
		if s := said.String(); strings.Contains(s, "still runs after Stop") { // so long it is waited for, and not longer
			t.Errorf("back %v: Stop waited for the log:\n%s", comesBack, s)
		}
	}
}
