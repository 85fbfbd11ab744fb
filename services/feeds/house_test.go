package feeds_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/feed"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
	"tavolo/services/feeds"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is the service on a real bus, with stand-ins for the views: entries are what the test says.
type house struct {
	t       testing.TB
	server  *bus.Server
	service *feeds.Service
	dir     string
	views   *nats.Conn
	asker   *nats.Conn // the gateway's

	mu      sync.Mutex
	entries map[string][]*feedv1.ReleasedEntry // by workspace
	lost    bool                               // the views have lost their entries for now
	now     time.Time
}

// today is the day on which the tests were begun: NATS asks the machine's clock, so that the house cannot live at another time, and begins at noon.
var today = sync.OnceValue(func() time.Time { return time.Now().UTC().Truncate(24 * time.Hour) })

func open(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "feeds"), entries: map[string][]*feedv1.ReleasedEntry{}, now: today().Add(12 * time.Hour)}
	var err error
	if h.server, err = bus.Start(bus.Options{StoreDir: t.TempDir(), Temporary: true, Readers: "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.server.Shutdown)
	h.views, h.asker = h.connect(bus.Views), h.connect(bus.Gateway)
	stop, err := bus.Serve(h.views, bus.Views, "0.0.0", map[string]bus.Handler{"query.feed_entries": h.feedEntries, "query.list_workspaces": h.listWorkspaces})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

func (h *house) connect(service string) *nats.Conn {
	nc, err := h.server.Connect(service)
	if err != nil {
		h.t.Fatal(err)
	}
	return nc
}

func (h *house) start() {
	h.t.Helper()
	var err error
	h.service, err = feeds.Start(context.Background(), feeds.Options{Conn: h.connect(bus.Feeds), Herald: h.connect(bus.Herald), Issuer: h.server.Password(bus.Issuer), Dir: h.dir, PublicURL: "https://tavolo.example.it", Loopback: true, Clock: h.clock,
		Retry: func(int) time.Duration { return 0 }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) stop() {
	if h.service != nil {
		if err := h.service.Stop(); err != nil {
			h.t.Errorf("stop: %v", err)
		}
		h.service = nil
	}
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// release adds entries of a workspace and announces them.
func (h *house) release(ws string, sequences ...uint64) {
	h.mu.Lock()
	for _, s := range sequences {
		e := &feedv1.Entry{Id: feed.ID(ws, s), About: feed.ID(ws, s), Kind: feedv1.EntryKind_ENTRY_KIND_RECORDED, Workspace: ws, Initiative: "i", Decision: "i:s:d", Outcome: eventv1.Outcome_OUTCOME_ADOPTED, Sequence: s}
		h.entries[ws] = append(h.entries[ws], &feedv1.ReleasedEntry{Released: s, Entry: e})
	}
	h.mu.Unlock()
	if err := h.views.Publish("changed."+ws+".i", nil); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) lose(lost bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost = lost
}

func (h *house) feedEntries(_ context.Context, data []byte) ([]byte, error) {
	q, out := &feedv1.FeedEntriesRequest{}, &feedv1.FeedEntriesResponse{}
	if err := proto.Unmarshal(data, q); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.entries[q.Workspace] {
		after := e.Released > q.AfterReleased || e.Released == q.AfterReleased && e.Entry.Sequence > q.AfterSequence
		if len(q.Sequences) == 0 && after && len(out.Entries) < int(q.Limit) || slices.Contains(q.Sequences, e.Entry.Sequence) && !h.lost {
			out.Entries = append(out.Entries, e)
		}
	}
	return proto.Marshal(out)
}

func (h *house) listWorkspaces(context.Context, []byte) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := &apiv1.ListWorkspacesResponse{}
	for ws := range h.entries {
		out.Workspaces = append(out.Workspaces, &apiv1.WorkspaceView{Id: ws})
	}
	return proto.Marshal(out)
}

// ask asks the service as the gateway does.
func ask[A any, PA interface {
	*A
	proto.Message
}](h *house, verb string, q proto.Message) (PA, error) {
	answer := PA(new(A))
	err := bus.Request(context.Background(), h.asker, "feeds."+verb, q, answer)
	return answer, err
}

func must[A any](t testing.TB) func(a A, err error) A {
	return func(a A, err error) A {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}

func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func (h *house) subscribe(token string, scope *feedv1.FeedScope) *feedv1.Subscription {
	h.t.Helper()
	return must[*feedv1.Subscription](h.t)(ask[feedv1.Subscription](h, "subscribe", &feedv1.SubscribeRequest{Token: hash(token), Scope: scope, Label: "Associazione"}))
}

func (h *house) pull(token string, after uint64, limit uint32) *feedv1.PullResponse {
	h.t.Helper()
	return must[*feedv1.PullResponse](h.t)(ask[feedv1.PullResponse](h, "pull", &feedv1.PullRequest{Token: hash(token), After: after, Limit: limit}))
}

func (h *house) webhook(subscription string) *feedv1.Webhook {
	h.t.Helper()
	all := must[*feedv1.SubscriptionsResponse](h.t)(ask[feedv1.SubscriptionsResponse](h, "subscriptions", &feedv1.SubscriptionsRequest{Id: subscription}))
	return all.Subscriptions[0].Webhooks[0]
}

// receiver is a webhook's other end: it answers as the test says and remembers what arrived.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(id string) int
	got    []string // ids, with the status that was answered
}

func receive(t *testing.T, answer func(id string) int) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		id := req.Header.Get("webhook-id")
		status := r.answer(id)
		r.got = append(r.got, fmt.Sprintf("%s %d", id, status))
		if status >= 300 && status < 400 {
			w.Header().Set("Location", r.URL+"/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) set(answer func(id string) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// arrived are the ids that were taken, in order.
func (r *receiver) arrived() (ids []string) {
	for _, g := range r.all() {
		if id, ok := strings.CutSuffix(g, " 204"); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

func code(t testing.TB, err error, want string) {
	t.Helper()
	if decider.CodeOf(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}
