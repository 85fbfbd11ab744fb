package clerk_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
	"tavolo/services/clerk"
	"tavolo/services/ledger"
)

// outside starts a server as an operator would, which can be stopped and started again under the same address and with the same passwords.
func outside(t *testing.T, dir string, port int) (stop func()) {
	t.Helper()
	passwords := map[string]string{}
	for _, s := range bus.Services() {
		passwords[s] = password(s)
	}
	var text bytes.Buffer
	if err := bus.WriteConfig(&text, passwords); err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("listen: \"127.0.0.1:%d\"\nstore_dir: %q\ninclude \"tavolo.conf\"\n", port, filepath.Join(dir, "store"))
	for name, content := range map[string]string{"tavolo.conf": text.String(), "nats-server.conf": own} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opts, err := server.ProcessConfigFile(filepath.Join(dir, "nats-server.conf"))
	if err != nil {
		t.Fatal(err)
	}
	opts.NoSigs, opts.NoLog = true, true
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	stop = func() { s.Shutdown(); s.WaitForShutdown() }
	if !s.ReadyForConnections(patience) {
		stop()
		t.Fatal("the server does not take connections")
	}
	return stop
}

func password(service string) string { return "the-password-of-" + service }

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// A server of its own goes away and comes back, and the clerk goes on: with the timers of before, with votes that open afterwards.
func TestClerkOutlivesARestartOfTheServer(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
	stop := outside(t, dir, port)
	defer func() { stop() }()
	w := &world{T: t, said: &said{}}
	for _, service := range []string{bus.Operator, bus.Ledger, bus.Clerk} {
		nc, err := bus.Dial(url, service, password(service))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		switch service {
		case bus.Operator:
			w.operator = nc
			w.log, err = eventlog.New(nc)
		case bus.Ledger:
			var l *ledger.Ledger
			if l, err = ledger.Start(ledger.Options{Conn: nc, Version: "0.0.1", Logger: w.said.logger()}); err == nil {
				defer l.Stop()
			}
		case bus.Clerk:
			var c *clerk.Clerk
			if c, err = clerk.Start(t.Context(), clerk.Options{Conn: nc, Logger: w.said.logger()}); err == nil {
				defer c.Stop()
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.found("dsm")
	try := 0
	inTime(t, func(within time.Duration) bool {
		try++
		before, after := fmt.Sprint("a:1:before", try), fmt.Sprint("a:1:after", try)
		closesAt := time.Now().Add(within)
		w.vote("dsm", closesAt, before)
		w.until("its opening is read", w.said.has("decision="+before))
		stop()
		early := !passed(closesAt)
		w.until("the deadline passes", func() bool { return passed(closesAt) })
		stop = outside(t, dir, port)
		back := time.Now()
		w.until("the ledger answers again", func() bool { return w.ask("dsm", steps("dsm", after, time.Now())...) == nil })
		for _, d := range []string{before, after} {
			w.until(d+" closes", w.closed("dsm", d))
			t.Logf("%s closed %v after the server was back", d, time.Since(back))
		}
		w.wantOnce("dsm", before, closesAt)
		return early
	})
}
