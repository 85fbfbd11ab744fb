package main

import (
	"encoding/json"
	"flag"
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
	dir, nats string
	running   map[string]*exec.Cmd
}

// knows says whose passwords each service is given: the docs say that it needs no other.
var knows = map[string][]string{
	bus.People: {bus.People}, bus.Ledger: {bus.Ledger}, bus.Views: {bus.Views, bus.Reader}, bus.Clerk: {bus.Clerk},
	bus.Feeds: {bus.Feeds, bus.Herald, bus.Issuer}, bus.Gateway: {bus.Gateway, bus.Operator},
}

func openOutsideHouse(t *testing.T) *outsideHouse {
	t.Helper()
	h := &outsideHouse{feedHouse: feedHouse{t: t}, dir: t.TempDir(), running: map[string]*exec.Cmd{}}
	h.plan.Dir = filepath.Join(h.dir, bus.Gateway)
	if said := output(t, "nats-config", h.dir); !strings.Contains(said, "nats-server -c "+filepath.Join(h.dir, "nats-server.conf")) {
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
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.nats = free.Addr().String()
	_ = free.Close()
	h.startNATS()
	h.startServices()
	return h
}

func (h *outsideHouse) startNATS() {
	h.t.Helper()
	host, port, _ := net.SplitHostPort(h.nats)
	cmd := called(h.t, "nats-server", "-c", filepath.Join(h.dir, "nats-server.conf"), "-a", host, "-p", port, "-sd", filepath.Join(h.dir, "store"), "-l", filepath.Join(h.dir, "nats.log"))
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.running["nats"] = cmd
	h.t.Cleanup(func() { h.kill("nats") })
	h.until("NATS listens", func() bool {
		c, err := net.Dial("tcp", h.nats)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

func (h *outsideHouse) startServices() {
	h.t.Helper()
	for _, s := range []string{bus.People, bus.Ledger, bus.Views, bus.Clerk, bus.Feeds, bus.Gateway} {
		cmd, at := serve(h.t, "--services", s, "--nats", "nats://"+h.nats, "--nats-secrets", filepath.Join(h.dir, s+".yaml"), "--data", filepath.Join(h.dir, s),
			"--listen", "127.0.0.1:0", "--feeds-nats-url", "nats://"+h.nats)
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
	nc, err := nats.Connect("nats://"+h.nats, nats.Token(s.Token), nats.NoReconnect(), nats.Timeout(far), nats.ClosedHandler(func(*nats.Conn) { close(out) }))
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
	if err := followNATS(h.t.Context(), "nats://"+h.nats, s, m, len(want)); err != nil {
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
	h := openOutsideHouse(t)
	h.record("../../examples/1-apertura-del-sabato.yaml")
	var receipt map[string]any
	h.call("InitiativeService/SetPublication", `{"workspace":"`+dsm+`","initiative":"`+orari+`","public":true}`, &receipt)
	s, other := h.subscribe(`{}`), h.subscribe(`{}`)
	if _, page := h.get("", "/feeds"); strings.Count(string(page), "nats --server nats://"+h.nats+" --user association") != 1 {
		t.Errorf("the page of the feeds does not show %s: %s", h.nats, page)
	}
	if _, page := h.get(s.Token, "/v1/feeds/entries"); !strings.Contains(string(page), `"subscription":"`+s.Subscription.ID+`"`) {
		t.Errorf("who has the token is not told the id that is in its subjects: %s", page)
	}
	m := &memory{}
	h.compare(s, m, 2)
	before := m.has()

	h.kill("nats", bus.Feeds, bus.Views, bus.Gateway, bus.Clerk, bus.Ledger, bus.People)
	h.startNATS()
	h.startServices()
	h.record("../../examples/2-trasporto.yaml")
	h.compare(s, m, before+2)

	gone, stays := h.sit(s), h.sit(other)
	h.revoke(s)
	select {
	case <-gone:
	case <-time.After(far):
		t.Error("a reader whose token was revoked is still there")
	}
	if nc, err := nats.Connect("nats://"+h.nats, nats.Token(s.Token), nats.Timeout(far)); err == nil {
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
