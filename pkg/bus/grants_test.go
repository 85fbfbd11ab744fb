package bus_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
)

// INV-26: a service can do exactly what the table grants. Every subject family is tried by every user on a running server, embedded and from the
// written configuration, and what the server says is compared with the table.

// families are concrete subjects, at least one of every kind that exists on a server.
func families() []string {
	s := []string{
		"cmd.w", "cmd.w.more", "cmd", "query.roles", "query.roles.more",
		"people.seal", "people.open", "people.enrol", "people.erase", "people.first", "left.d1", "left.d1.more",
		"people.identify", "people.me", "people.paid", "people.look_at_invitation", "people.enter", "people.become", "people.rename", "people.switch",
		"people.sign_out", "people.devices", "people.invite", "people.invitations", "people.revoke", "people.grants", "people.set_grant", "people.belong",
		"query.feed_entries", "query.list_workspaces", "feeds.pull", "feeds.pull.more", "feeds", "fed", "fed.more",
		"ask.r1", "ask.r1.more", "feed.r1", "feed.r1.entries", "feed", "$SYS.REQ.USER.AUTH", "$SYS.REQ.SERVER.N1.KICK", "$SYS.REQ.SERVER.N1.LDM", "$SYS.REQ.SERVER.N1.RELOAD",
		"changed.w.agenda", "changed.w", "log.w.session.s1", "log.w", "box.p1.b.x", "timer.w.d1", "timer",
		"$SRV.PING", "$SRV.PING.ledger", "$SRV.PING.ledger.id1", "$SRV.INFO.views", "$SRV.STATS.people.id1", "$SRV.STATS.clerk",
		"_INBOX.x.1", "_INBOX_nobody.x.1", "_R_.abcdef", "$KV.logins.x", "$JS.ACK.TIMERS.c.1.1.1.1.1", "$JS.ACK.LOG_w.c.1.1.1.1.1", "$JS.FC.LOG_w.c.x",
		"$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.SERVER.PING.VARZ", "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.USER.INFO", "$SYS.ACCOUNT.LOG.CONNECT", "anything",
	}
	for _, service := range bus.Services() {
		s = append(s, "_INBOX_"+service+".x.1")
	}
	for _, prefix := range []string{"$JS.API", bus.LogAPI} {
		for _, op := range []string{
			"INFO", "ACCOUNT.PURGE.x", "META.LEADER.STEPDOWN", "SERVER.REMOVE",
			"STREAM.NAMES", "STREAM.LIST", "STREAM.TEMPLATE.CREATE.%s", "STREAM.CREATE.%s", "STREAM.UPDATE.%s", "STREAM.DELETE.%s", "STREAM.PURGE.%s",
			"STREAM.INFO.%s", "STREAM.MSG.GET.%s", "STREAM.MSG.DELETE.%s", "STREAM.SNAPSHOT.%s", "STREAM.RESTORE.%s", "STREAM.PEER.REMOVE.%s", "STREAM.LEADER.STEPDOWN.%s",
			"DIRECT.GET.%s", "DIRECT.GET.%s.log.w.session.s1",
			"CONSUMER.CREATE.%s", "CONSUMER.CREATE.%s.c", "CONSUMER.CREATE.%s.c.log.w.session.s1", "CONSUMER.DURABLE.CREATE.%s.c", "CONSUMER.DELETE.%s.c", "CONSUMER.INFO.%s.c",
			"CONSUMER.NAMES.%s", "CONSUMER.LIST.%s", "CONSUMER.PAUSE.%s.c", "CONSUMER.UNPIN.%s.c", "CONSUMER.LEADER.STEPDOWN.%s.c", "CONSUMER.MSG.NEXT.%s.c",
		} {
			if !strings.Contains(op, "%s") {
				s = append(s, prefix+"."+op)
				continue
			}
			for _, stream := range []string{"LOG_w", "TIMERS", "KV_logins"} {
				s = append(s, prefix+"."+fmt.Sprintf(op, stream))
			}
		}
	}
	return s
}

// matches is the meaning of a NATS subject pattern, written again here.
func matches(pattern, subject string) bool {
	p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, token := range p {
		switch {
		case token == ">":
			return len(s) > i
		case i >= len(s) || token != "*" && token != s[i]:
			return false
		}
	}
	return len(p) == len(s)
}

func granted(patterns []string, subject string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, subject) })
}

// refused says whether the server refused the last thing that nc did, by the error it sent before it answered the flush.
func refused(t *testing.T, nc *nats.Conn, subject string) bool {
	t.Helper()
	if err := nc.FlushTimeout(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	err := nc.LastError()
	return err != nil && strings.Contains(err.Error(), "Permissions Violation") && strings.Contains(err.Error(), `"`+subject+`"`)
}

func probe(t *testing.T, connect func(service string) *nats.Conn) {
	capture(t) // the refusals are logged, two lines each
	for service, grant := range bus.Grants() {
		nc := connect(service)
		for _, subject := range families() {
			// In the log's account the prefix is another name of the API itself.
			seen := subject
			if rest, ok := strings.CutPrefix(subject, bus.LogAPI+"."); ok && grant.Account() == bus.LogAccount {
				seen = "$JS.API." + rest
			}
			if seen == subject || !slices.Contains(families(), seen) { // else it is tried under that name
				if err := nc.Publish(subject, []byte("{}")); err != nil {
					t.Fatal(err)
				}
				if got, want := !refused(t, nc, seen), granted(grant.Publish, seen); got != want {
					t.Errorf("%s may publish %s: %v, the table says %v", service, subject, got, want)
				}
			}
			for _, queue := range []string{"", "q"} {
				sub, err := nc.QueueSubscribeSync(subject, queue)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := !refusedSubscription(t, nc, sub, subject), granted(grant.Subscribe, subject); got != want {
					t.Errorf("%s may subscribe %s (queue %q): %v, the table says %v", service, subject, queue, got, want)
				}
				_ = sub.Unsubscribe()
			}
		}
		// A wildcard that is subscribed counts as a plain token against the table: a grant of cmd.* allows a subscription of cmd.> too.
		for _, wide := range []string{">", "*", "*.>", "*.*", "log.>", "log.*.>", "cmd.*", "cmd.>", "query.>", "changed.>", "_INBOX_*.>", "_R_.>", "$JS.>", "$SYS.>"} {
			sub, err := nc.SubscribeSync(wide)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := !refusedSubscription(t, nc, sub, wide), granted(grant.Subscribe, wide); got != want {
				t.Errorf("%s may subscribe %s: %v, the table says %v", service, wide, got, want)
			}
		}
		nc.Close()
	}
}

func refusedSubscription(t *testing.T, nc *nats.Conn, sub *nats.Subscription, subject string) bool {
	t.Helper()
	if err := nc.FlushTimeout(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	// A refused subscription is closed by the client library when the server's error arrives, which is before the flush returns.
	return !sub.IsValid() || refused(t, nc, subject) && strings.Contains(nc.LastError().Error(), "Subscription")
}

func TestEachServiceCanDoExactlyWhatTheTableGrants(t *testing.T) {
	s := start(t, bus.Options{})
	probe(t, func(service string) *nats.Conn { return connect(t, s, service) })
}

func TestWrittenConfigurationGrantsTheSame(t *testing.T) {
	url := run(t, config(t))
	probe(t, func(service string) *nats.Conn { return dial(t, url, service) })
}

// What no change of the table may take away.
func TestTableKeepsTheLogSafe(t *testing.T) {
	for service, g := range bus.Grants() {
		for _, subject := range families() {
			pub, sub := granted(g.Publish, subject), granted(g.Subscribe, subject)
			if strings.HasPrefix(subject, "log.") && (pub && service != bus.Ledger || sub) {
				t.Errorf("%s is near %s", service, subject)
			}
			if g.Account() == bus.ReadersAccount && (pub || sub) && (strings.HasPrefix(subject, "$JS") || strings.HasPrefix(subject, bus.LogAPI) || strings.HasPrefix(subject, "cmd") || strings.HasPrefix(subject, "query")) {
				t.Errorf("%s, who speaks with strangers, is near %s", service, subject)
			}
			for _, verb := range []string{"UPDATE", "STREAM.DELETE", "PURGE", "MSG.DELETE", "RESTORE", "SNAPSHOT", "STEPDOWN", "REMOVE"} {
				if pub && strings.Contains(subject, verb) {
					t.Errorf("%s may publish %s", service, subject)
				}
			}
			if service == bus.Gateway && pub && (strings.HasPrefix(subject, "$") || strings.HasPrefix(subject, bus.LogAPI)) {
				t.Errorf("the gateway may publish %s", subject)
			}
			if sub && strings.HasPrefix(subject, "_INBOX") && !strings.HasPrefix(subject, "_INBOX_"+service+".") {
				t.Errorf("%s may read %s", service, subject)
			}
			if pub && strings.HasPrefix(subject, "_") {
				t.Errorf("%s may publish %s without having been asked", service, subject)
			}
		}
	}
	if g := bus.Grants()[bus.Ledger]; g.Account() != bus.LogAccount {
		t.Error("the ledger has left the log's account")
	}
}

// A reader chooses where the server sends its answers. None of these may end in the log.
func TestReaderCannotHaveTheServerWriteTheLog(t *testing.T) {
	s := start(t, bus.Options{})
	js, err := jetstream.NewWithAPIPrefix(connect(t, s, bus.Ledger), bus.LogAPI)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{"w", "z"} {
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOG_" + w, Subjects: []string{"log." + w + ".>"}, AllowDirect: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(t.Context(), "log."+w+".session.s", []byte("true")); err != nil {
			t.Fatal(err)
		}
	}
	views := connect(t, s, bus.Views)
	answered, err := views.SubscribeSync(views.NewRespInbox())
	if err != nil {
		t.Fatal(err)
	}
	for i, ask := range []struct{ subject, body string }{
		{bus.LogAPI + ".DIRECT.GET.LOG_w", `{"seq":1}`},
		{bus.LogAPI + ".STREAM.INFO.LOG_w", ``},
		{bus.LogAPI + ".CONSUMER.INFO.LOG_w.none", ``},
		{bus.LogAPI + ".CONSUMER.CREATE.LOG_w.evil", `{"stream_name":"LOG_w","config":{"name":"evil","deliver_subject":"log.z.session.evil","ack_policy":"none"}}`},
	} {
		for _, reply := range []string{"log.w.session.forged", "log.z.session.forged", answered.Subject} {
			if err := views.PublishRequest(ask.subject, reply, []byte(ask.body)); err != nil {
				t.Fatal(err)
			}
		}
		// The third of the three has been answered, so the two before it have been, too.
		if _, err := answered.NextMsg(5 * time.Second); err != nil {
			t.Fatalf("question %d: %v", i, err)
		}
	}
	for _, w := range []string{"w", "z"} {
		stream, err := js.Stream(t.Context(), "LOG_"+w)
		if err != nil {
			t.Fatal(err)
		}
		if n := stream.CachedInfo().State.Msgs; n != 1 {
			t.Errorf("LOG_%s has %d messages, want the 1 of the ledger", w, n)
		}
	}
}

// The clerk's timers, with the rights it has: a schedule is stored and fires on a subject of the same stream.
func TestClerkKeepsTimers(t *testing.T) {
	s := start(t, bus.Options{})
	clerk := connect(t, s, bus.Clerk)
	js, err := jetstream.New(clerk)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "TIMERS", Subjects: []string{"timer.>"}, AllowMsgSchedules: true, AllowRollup: true}); err != nil {
		t.Fatal(err)
	}
	consumer, err := js.CreateOrUpdateConsumer(t.Context(), "TIMERS", jetstream.ConsumerConfig{Durable: "clerk", FilterSubject: "timer.due.>"})
	if err != nil {
		t.Fatal(err)
	}
	m := nats.NewMsg("timer.at.w.d1")
	m.Header.Set("Nats-Schedule", "@at "+time.Now().UTC().Format(time.RFC3339))
	m.Header.Set("Nats-Schedule-Target", "timer.due.w.d1")
	if _, err := js.PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	due, err := consumer.Next(jetstream.FetchMaxWait(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := due.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}
	if due.Subject() != "timer.due.w.d1" {
		t.Errorf("fired on %s", due.Subject())
	}
}

func TestConfigurationWantsAGoodPasswordForEachService(t *testing.T) {
	for name, spoil := range map[string]func(map[string]string){
		"missing":  func(p map[string]string) { delete(p, bus.Views) },
		"short":    func(p map[string]string) { p[bus.Views] = "short" },
		"quote":    func(p map[string]string) { p[bus.Views] = `quoted"and-long-enough` },
		"issuer":   func(p map[string]string) { p[bus.Issuer] = "SAnotaseed" },
		"newline":  func(p map[string]string) { p[bus.Views] = "two\nlines-long-enough" },
		"accented": func(p map[string]string) { p[bus.Views] = "perché-lunga-abbastanza" },
	} {
		p := passwords()
		spoil(p)
		var out bytes.Buffer
		wantCode(t, bus.WriteConfig(&out, p), "bus/password")
		if out.Len() > 0 {
			t.Errorf("%s: something was written all the same", name)
		}
	}
}

var issuer = sync.OnceValues(bus.NewIssuer)

func passwords() map[string]string {
	p := map[string]string{}
	p[bus.Issuer], _ = issuer() // WriteConfig refuses one that is missing a part
	for _, s := range bus.Services() {
		p[s] = "the-password-of-" + s
	}
	return p
}

func config(t *testing.T) string {
	t.Helper()
	var text bytes.Buffer
	if err := bus.WriteConfig(&text, passwords()); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// run starts an outside nats-server from a configuration file that includes text, as an operator would.
func run(t *testing.T, text string) (url string) {
	t.Helper()
	dir := t.TempDir()
	own := fmt.Sprintf("listen: \"127.0.0.1:-1\"\nstore_dir: %q\ninclude \"tavolo.conf\"\n", filepath.Join(dir, "store"))
	for name, content := range map[string]string{"tavolo.conf": text, "nats-server.conf": own} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opts, err := server.ProcessConfigFile(filepath.Join(dir, "nats-server.conf"))
	if err != nil {
		t.Fatal(err)
	}
	opts.NoSigs, opts.NoLog = true, true
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server did not start from the written configuration")
	}
	return srv.ClientURL()
}

func dial(t *testing.T, url, service string) *nats.Conn {
	t.Helper()
	nc, err := bus.Dial(url, service, passwords()[service])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func dialConfig(t *testing.T, text, service string) *nats.Conn {
	t.Helper()
	return dial(t, run(t, text), service)
}
