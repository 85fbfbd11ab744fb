package feeds_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"tavolo/pkg/feed"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// far is a guard of time, not what a test asserts.
const far = 2 * time.Minute

// onNATS connects a reader as an association does.
func (h *house) onNATS(token, id string, o ...nats.Option) *nats.Conn {
	h.t.Helper()
	nc, err := nats.Connect(h.server.URL(), append(o, nats.Token(token), nats.CustomInboxPrefix("feed."+id), nats.Timeout(far))...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(nc.Close)
	return nc
}

// told is what one message says.
type told struct {
	id, completeTo, code string
	n                    uint64
}

func hear(t testing.TB, sub *nats.Subscription) (x told) {
	t.Helper()
	m, err := sub.NextMsg(far)
	if err != nil {
		t.Fatal(err)
	}
	x.completeTo, x.code = m.Header.Get("Tavolo-Complete-To"), m.Header.Get("Nats-Service-Error-Code")
	if len(m.Data) == 0 {
		return x
	}
	var e struct {
		SpecVersion, ID, Sequence string
		Data                      struct {
			N     string
			Entry struct{ ID string }
		}
	}
	if err := json.Unmarshal(m.Data, &e); err != nil || e.SpecVersion != "1.0" || e.ID != e.Data.Entry.ID || m.Header.Get("content-type") != feed.CloudEventType || x.completeTo != "" {
		t.Fatalf("%s %v %v", m.Data, m.Header, err)
	}
	x.id = e.ID
	if x.n, err = strconv.ParseUint(e.Data.N, 10, 64); err != nil || fmt.Sprintf("%020d", x.n) != e.Sequence {
		t.Fatalf("%s %v", m.Data, err)
	}
	return x
}

// askFor asks once, to be told on a subject, the usual one when it is empty.
func askFor(t testing.TB, nc *nats.Conn, id, to string, after uint64) {
	t.Helper()
	m := &nats.Msg{Subject: "ask." + id, Reply: to, Data: []byte(`{"after":"` + strconv.FormatUint(after, 10) + `"}`)}
	if err := nc.PublishMsg(m); err != nil {
		t.Fatal(err)
	}
}

// read reads until there are so many entries, asking again when an asking is over.
func read(t testing.TB, nc *nats.Conn, id string, after uint64, many int) (ids []string, last uint64) {
	t.Helper()
	to := nc.NewInbox()
	sub, err := nc.SubscribeSync(to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	askFor(t, nc, id, to, after)
	for len(ids) < many {
		switch x := hear(t, sub); {
		case x.code != "":
			t.Fatalf("after %d entries: %s", len(ids), x.code)
		case x.id != "":
			if x.n <= after {
				t.Fatalf("entry %d after %d", x.n, after)
			}
			ids, after = append(ids, x.id), x.n
		default:
			askFor(t, nc, id, to, after)
		}
	}
	return ids, after
}

// A reader on NATS gets what every other reader gets; it dies and goes on from the number that it has, over restarts of the house.
func TestAReaderOnNATSMissesNothing(t *testing.T) {
	h := open(t)
	s := h.subscribe("secret", nil)
	var want []string
	release := func(from, to uint64) {
		var all []uint64
		for n := from; n <= to; n++ {
			all = append(all, n)
			want = append(want, feed.Tag("tavolo.example.it", feed.ID("w", n)))
		}
		h.release("w", all...)
	}
	release(1, 450)
	nc := h.onNATS("secret", s.Id)
	ids, last := read(t, nc, s.Id, 0, 230)
	nc.Close()
	release(451, 470)
	h.stop()
	h.start()
	nc = h.onNATS("secret", s.Id)
	rest, last := read(t, nc, s.Id, last, 240)
	ids = append(ids, rest...)
	released := make(chan struct{})
	go func() { // while the reader waits
		defer close(released)
		for n := range uint64(30) {
			h.release("w", 471+n)
		}
	}()
	rest, _ = read(t, nc, s.Id, last, 30)
	<-released
	for n := range uint64(30) {
		want = append(want, feed.Tag("tavolo.example.it", feed.ID("w", 471+n)))
	}
	if ids = append(ids, rest...); !slices.Equal(ids, want) {
		t.Errorf("%d entries %v, want %d", len(ids), ids, len(want))
	}
	all := must[*feedv1.SubscriptionsResponse](t)(ask[feedv1.SubscriptionsResponse](h, "subscriptions", &feedv1.SubscriptionsRequest{Id: s.Id}))
	if all.Subscriptions[0].Uses < 3 {
		t.Errorf("%d uses are counted", all.Subscriptions[0].Uses)
	}
}

// An asking brings entries of its subscription's scope, and says up to where it is complete.
func TestAnAskingEndsAndSaysWhereToGoOn(t *testing.T) {
	h := open(t)
	s := h.subscribe("secret", &feedv1.FeedScope{Places: []*feedv1.FeedPlace{{Workspace: "w"}}})
	for n := range uint64(300) {
		h.release("w", n+1)
	}
	h.release("other", 1, 2, 3)
	h.subscribe("everything", nil)
	eventually(t, "all are there", func() bool { return h.pull("everything", 302, 1).CompleteTo == 303 })
	nc := h.onNATS("secret", s.Id)
	sub, err := nc.SubscribeSync("feed." + s.Id + ".>")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Publish("ask."+s.Id, nil); err != nil { // from the beginning, where it is always told
		t.Fatal(err)
	}
	var last uint64
	for range 200 {
		x := hear(t, sub)
		if x.id == "" || x.n <= last {
			t.Fatalf("%+v after %d", x, last)
		}
		last = x.n
	}
	if x := hear(t, sub); x.id != "" || x.code != "" || x.completeTo != strconv.FormatUint(last, 10) {
		t.Errorf("the asking ends with %+v, want %d", x, last)
	}
	for _, bad := range []string{"17", "{", `{"after":"-1"}`, `{"after":"x"}`} {
		if err := nc.Publish("ask."+s.Id, []byte(bad)); err != nil {
			t.Fatal(err)
		}
		if x := hear(t, sub); x.code != "query/unreadable" {
			t.Errorf("%s: %+v", bad, x)
		}
	}
}

// A reader cannot have the house speak to another one.
func TestAReaderIsNotToldWhatAnotherAsks(t *testing.T) {
	h := open(t)
	a, b := h.subscribe("a", nil), h.subscribe("b", &feedv1.FeedScope{Places: []*feedv1.FeedPlace{{Workspace: "v"}}})
	h.release("w", 1)
	h.release("v", 1)
	other := h.onNATS("b", b.Id)
	sub, err := other.SubscribeSync("feed." + b.Id + ".>")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.FlushTimeout(far); err != nil {
		t.Fatal(err)
	}
	nc := h.onNATS("a", a.Id)
	for _, to := range []string{"feed." + b.Id + ".entries", "feed." + b.Id + ".x", "feed." + a.Id + "." + b.Id, "ask." + b.Id} {
		askFor(t, nc, a.Id, to, 0)
	}
	read(t, nc, a.Id, 0, 2) // the askings before it have been heard, too
	askFor(t, other, b.Id, "", 0)
	if x := hear(t, sub); x.id != feed.Tag("tavolo.example.it", feed.ID("v", 1)) {
		t.Errorf("the other reader was told %+v", x)
	}
	if n, _, err := sub.Pending(); err != nil || n != 0 {
		t.Errorf("%d more, %v", n, err)
	}
}

// A subscription that ends closes the connections of its reader, and lets none in again.
func TestAReaderOnNATSIsCutOff(t *testing.T) {
	h := open(t)
	h.release("w", 1)
	for what, finish := range map[string]func(*feedv1.Subscription){
		"feeds/token-revoked": func(s *feedv1.Subscription) {
			must[*feedv1.Subscription](t)(ask[feedv1.Subscription](h, "revoke", &feedv1.SubscriptionRequest{Id: s.Id}))
		},
		"feeds/token-expired": func(*feedv1.Subscription) { h.later(91 * 24 * time.Hour) },
	} {
		s := h.subscribe(what, nil)
		closed := make(chan struct{})
		nc := h.onNATS(what, s.Id, nats.NoReconnect(), nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
		read(t, nc, s.Id, 0, 1)
		if what == "feeds/token-revoked" {
			finish(s)
			select {
			case <-closed:
			case <-time.After(far):
				t.Error("a revoked reader stays connected")
			}
		} else { // the server's clock is not the test's: it has not closed the connection, and the house tells nothing all the same
			sub, err := nc.SubscribeSync("feed." + s.Id + ".>")
			if err != nil {
				t.Fatal(err)
			}
			finish(s)
			askFor(t, nc, s.Id, "", 0)
			if x := hear(t, sub); x.code != what {
				t.Errorf("%+v", x)
			}
		}
		if again, err := nats.Connect(h.server.URL(), nats.Token(what), nats.Timeout(far)); err == nil {
			again.Close()
			t.Errorf("%s: it came back", what)
		}
	}
	// A connection that outlived the herald's memory of it is told nothing either.
	s := h.subscribe("kept", nil)
	nc := h.onNATS("kept", s.Id)
	sub, err := nc.SubscribeSync("feed." + s.Id + ".>")
	if err != nil {
		t.Fatal(err)
	}
	h.stop()
	h.start()
	must[*feedv1.Subscription](t)(ask[feedv1.Subscription](h, "revoke", &feedv1.SubscriptionRequest{Id: s.Id}))
	askFor(t, nc, s.Id, "", 0)
	if x := hear(t, sub); x.code != "feeds/token-revoked" {
		t.Errorf("%+v", x)
	}
}

// One that asks without end is told to wait, and one that never reads keeps nobody waiting.
func TestAReaderOnNATSHarmsNobody(t *testing.T) {
	h := open(t)
	for n := range uint64(200) {
		h.release("w", n+1)
	}
	bad, good := h.subscribe("bad", nil), h.subscribe("good", nil)
	nc := h.onNATS("bad", bad.Id)
	sub, err := nc.SubscribeSync("feed." + bad.Id + ".code")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 { // each is told on a subject that nobody reads
		askFor(t, nc, bad.Id, "feed."+bad.Id+"."+strconv.Itoa(i), 1<<40)
	}
	askFor(t, nc, bad.Id, "feed."+bad.Id+".code", 1<<40)
	if x := hear(t, sub); x.code != "feeds/too-many-streams" {
		t.Errorf("%+v", x)
	}
	for range 200 {
		askFor(t, nc, bad.Id, "feed."+bad.Id+".code", 1<<40)
	}
	for {
		if x := hear(t, sub); x.code == "feeds/too-fast" {
			break
		}
	}
	if ids, _ := read(t, h.onNATS("good", good.Id), good.Id, 0, 200); len(ids) != 200 {
		t.Errorf("%d entries", len(ids))
	}
}
