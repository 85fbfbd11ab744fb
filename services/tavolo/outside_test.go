package main

import (
	"encoding/json"
	"flag"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.yaml.in/yaml/v3"

	"tavolo/pkg/bus"
)

// This chapter is a house whose NATS is somebody else's: the server is a process of its own, started from what `tavolo nats-config` wrote, each service is
// another that knows its own passwords only, and an association reads from here.

// natsServer is the program nats-server, as far as its main goes.
func natsServer() {
	o, err := server.ConfigureOptions(flag.NewFlagSet("nats-server", flag.ExitOnError), os.Args[1:], nil, nil, nil)
	if err != nil {
		server.PrintAndDie(err.Error())
	}
	s, err := server.NewServer(o)
	if err != nil {
		server.PrintAndDie(err.Error())
	}
	s.ConfigureLogger()
	if err := server.Run(s); err != nil {
		server.PrintAndDie(err.Error())
	}
	s.WaitForShutdown()
}

// outsideHouse is the whole of it. feedHouse asks its gateway.
type outsideHouse struct {
	feedHouse
	dir, nats, readers string // the folder, and the addresses of the servers: one for all, or a second one for readers
	running            map[string]*exec.Cmd
}

// knows says whose passwords each service is given: the docs say that it needs no other.
var knows = map[string][]string{
	bus.People: {bus.People}, bus.Ledger: {bus.Ledger}, bus.Views: {bus.Views, bus.Reader}, bus.Clerk: {bus.Clerk},
	bus.Feeds: {bus.Feeds, bus.Herald, bus.Issuer}, bus.Gateway: {bus.Gateway, bus.Operator},
}

func openOutsideHouse(t *testing.T, apart bool) *outsideHouse {
	t.Helper()
	h := &outsideHouse{feedHouse: feedHouse{t: t}, dir: t.TempDir(), running: map[string]*exec.Cmd{}}
	h.plan.Dir = filepath.Join(h.dir, bus.Gateway)
	h.nats = free(t)
	h.readers = h.nats
	args := []string{"nats-config", h.dir}
	if apart {
		args, h.readers = append(args, "--readers-apart"), free(t)
	}
	if said := output(t, args...); !strings.Contains(said, "nats-server -c "+filepath.Join(h.dir, "nats-server.conf")) || strings.Contains(said, "readers-server.conf") != apart {
		t.Errorf("nats-config says %q", said)
	}
	all, err := readSecrets(filepath.Join(h.dir, "secrets.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for service, users := range knows {
		own := map[string]string{}
		for _, u := range users {
			own[u] = all[u]
		}
		data, err := yaml.Marshal(own)
		if err == nil {
			err = os.WriteFile(filepath.Join(h.dir, service+".yaml"), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	h.startNATS()
	h.startServices()
	return h
}

// free gives an address of this machine where nobody listens.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (h *outsideHouse) startNATS() {
	h.t.Helper()
	h.startServer("nats-server", h.nats, "-sd", filepath.Join(h.dir, "store"))
	if h.readers != h.nats {
		h.startServer("readers-server", h.readers)
	}
}

func (h *outsideHouse) startServer(name, address string, args ...string) {
	h.t.Helper()
	host, port, _ := net.SplitHostPort(address)
	cmd := called(h.t, "nats-server", append(args, "-c", filepath.Join(h.dir, name+".conf"), "-a", host, "-p", port, "-l", filepath.Join(h.dir, name+".log"))...)
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.running[name] = cmd
	h.t.Cleanup(func() { h.kill(name) })
	h.until(name+" listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

func (h *outsideHouse) startServices() {
	h.t.Helper()
	for _, s := range []string{bus.People, bus.Ledger, bus.Views, bus.Clerk, bus.Feeds, bus.Gateway} {
		args := []string{"--services", s, "--nats", "nats://" + h.nats, "--nats-secrets", filepath.Join(h.dir, s+".yaml"), "--data", filepath.Join(h.dir, s),
			"--listen", "127.0.0.1:0", "--feeds-nats-url", "nats://" + h.readers}
		if h.readers != h.nats {
			args = append(args, "--nats-readers", "nats://"+h.readers)
		}
		cmd, at := serve(h.t, args...)
		h.running[s] = cmd
		if at != "" {
			h.url = at
		}
	}
}

// kill ends processes as a power cut does.
func (h *outsideHouse) kill(names ...string) {
	for _, n := range names {
		_ = h.running[n].Process.Kill()
		_ = h.running[n].Wait()
	}
}

func (h *outsideHouse) until(what string, holds func() bool) {
	h.t.Helper()
	for end := time.Now().Add(far); !holds(); time.Sleep(askAgain) {
		if time.Now().After(end) {
			h.t.Fatalf("%s: not within %v", what, far)
		}
	}
}

func (h *outsideHouse) record(file string) {
	h.t.Helper()
	if out := output(h.t, "import", "--server", h.url, "--data", h.plan.Dir, file); !strings.Contains(out, "1 session recorded") {
		h.t.Errorf("import says %q", out)
	}
}

// sit connects a reader that stays, and gives what is closed when it is cut off.
func (h *outsideHouse) sit(s subscribed) <-chan struct{} {
	h.t.Helper()
	out := make(chan struct{})
	nc, err := nats.Connect("nats://"+h.readers, nats.Token(s.Token), nats.NoReconnect(), nats.Timeout(far), nats.ClosedHandler(func(*nats.Conn) { close(out) }))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(nc.Close)
	return out
}

func (h *outsideHouse) revoke(s subscribed) {
	h.t.Helper()
	var answer map[string]any
	h.call("FeedService/RevokeSubscription", `{"subscription":"`+s.Subscription.ID+`"}`, &answer)
}

// compare reads everything over NATS on from what m has, and by every other way out; ids and their order are the same.
func (h *outsideHouse) compare(s subscribed, m *memory, many int) {
	h.t.Helper()
	var want []string
	for _, raw := range h.await(s.Token, many) {
		var n numbered
		if err := json.Unmarshal([]byte(raw), &n); err != nil {
			h.t.Fatal(err)
		}
		want = append(want, n.Entry.ID)
	}
	if err := followNATS(h.t.Context(), "nats://"+h.readers, s, m, len(want)); err != nil {
		h.t.Fatal(err)
	}
	if m.lost || !slices.Equal(m.ids, want) {
		h.t.Errorf("NATS has %v, want %v", m.ids, want)
	}
	for path, read := range map[string]func(*memory, []byte) error{"/v1/feeds/atom": readAtom, "/v1/feeds/json": readJSONFeed} {
		other := &memory{}
		if _, data := h.get(s.Token, path); read(other, data) != nil || !slices.Equal(other.ids, want) {
			h.t.Errorf("%s has %v, want %v", path, other.ids, want)
		}
	}
}

// An association reads over the NATS of somebody else what it would read anywhere; everything is killed and started again, and it goes on from its number.
func TestAnAssociationReadsOverAnOutsideServer(t *testing.T) {
	t.Run("one for all", func(t *testing.T) { readOutside(t, openOutsideHouse(t, false)) })
	t.Run("one for readers", func(t *testing.T) { readOutside(t, openOutsideHouse(t, true)) })
}

func readOutside(t *testing.T, h *outsideHouse) {
	h.record("../../examples/1-apertura-del-sabato.yaml")
	var receipt map[string]any
	h.call("InitiativeService/SetPublication", `{"workspace":"`+dsm+`","initiative":"`+orari+`","public":true}`, &receipt)
	s, other := h.subscribe(`{}`), h.subscribe(`{}`)
	if _, page := h.get("", "/feeds"); strings.Count(string(page), "nats --server nats://"+h.readers+" --user association") != 1 {
		t.Errorf("the page of the feeds does not show %s: %s", h.readers, page)
	}
	if _, page := h.get(s.Token, "/v1/feeds/entries"); !strings.Contains(string(page), `"subscription":"`+s.Subscription.ID+`"`) {
		t.Errorf("who has the token is not told the id that is in its subjects: %s", page)
	}
	m := &memory{}
	h.compare(s, m, 2)
	before := m.has()

	h.kill(slices.Collect(maps.Keys(h.running))...)
	h.startNATS()
	h.startServices()
	h.record("../../examples/2-trasporto.yaml")
	h.compare(s, m, before+2)

	if nc, err := nats.Connect("nats://"+h.nats, nats.Token(s.Token), nats.Timeout(far)); (err == nil) != (h.readers == h.nats) {
		t.Errorf("the server that has the log lets a reader in: %v", err == nil)
	} else if err == nil {
		nc.Close()
	}
	gone, stays := h.sit(s), h.sit(other)
	h.revoke(s)
	select {
	case <-gone:
	case <-time.After(far):
		t.Error("a reader whose token was revoked is still there")
	}
	if nc, err := nats.Connect("nats://"+h.readers, nats.Token(s.Token), nats.Timeout(far)); err == nil {
		nc.Close()
		t.Error("a revoked token lets in")
	}
	select {
	case <-stays:
		t.Error("another reader was cut off too")
	default:
	}
	h.compare(other, &memory{}, before+2)
}
