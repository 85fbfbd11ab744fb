package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/nats-io/nats.go"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"tavolo/pkg/bus"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter follows the feeds of a whole house as associations do: every way out, readers that die, a house that is stopped and rebuilt.

const (
	// far is a guard of time that no machine needs; nothing is asserted with it.
	far = 2 * time.Minute
	// askAgain is the pause of a reader that asks again and again: a token may ask five times a second.
	askAgain = 300 * time.Millisecond
)

// feedHouse is a house with the example minutes, a session that goes on, and somebody who runs it.
type feedHouse struct {
	t    *testing.T
	plan plan
	h    *house
	room *benchRoom
	url  string
}

func openFeedHouse(t *testing.T) *feedHouse {
	t.Helper()
	f := &feedHouse{t: t, plan: plan{Dir: t.TempDir(), Services: allServices, Listen: "127.0.0.1:0", FeedsNATS: "127.0.0.1:0", Loopback: true, Logger: slog.New(slog.DiscardHandler)}}
	f.open()
	room, err := openRoom(t.Context(), f.h)
	if err != nil {
		t.Fatal(err)
	}
	f.room = room
	t.Cleanup(func() { f.stop() })
	return f
}

func (f *feedHouse) open() {
	f.t.Helper()
	h, err := openHouse(context.Background(), f.plan)
	if err != nil {
		f.t.Fatal(err)
	}
	f.h, f.url = h, "http://"+h.gateway.Addr()
	if f.room != nil {
		if f.room.ledger, err = h.dial("operator"); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *feedHouse) stop() {
	if f.h == nil {
		return
	}
	if err := f.h.close(); err != nil {
		f.t.Errorf("the house did not close: %v", err)
	}
	f.h = nil
}

// call calls a method as the operator.
func (f *feedHouse) call(method, body string, into any) {
	f.t.Helper()
	token, err := operatorToken(f.plan.Dir)
	if err != nil {
		f.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.url+"/tavolo.api.v1."+method, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		f.t.Fatalf("%s: %s %s %v", method, answer.Status, data, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		f.t.Fatal(err)
	}
}

type subscribed struct {
	Subscription struct{ ID string }
	Token        string
}

func (f *feedHouse) subscribe(scope string) (s subscribed) {
	f.t.Helper()
	f.call("FeedService/CreateSubscription", `{"label":"Associazione","scope":`+scope+`}`, &s)
	return s
}

func (f *feedHouse) publish(public bool) {
	f.t.Helper()
	f.do(&commandv1.Command{Of: &commandv1.Command_SetPublication{SetPublication: &commandv1.SetPublication{Workspace: f.room.workspace, Initiative: "csm-orari", Public: public}}})
}

func (f *feedHouse) do(commands ...*commandv1.Command) {
	f.t.Helper()
	for _, c := range commands {
		if _, err := f.room.send(context.Background(), c); err != nil {
			f.t.Fatal(err)
		}
	}
}

// decide closes a vote; it makes one entry.
func (f *feedHouse) decide() {
	f.t.Helper()
	r := f.room
	r.votes++
	id := r.session + ":d" + strconv.Itoa(r.votes)
	var electors []*eventv1.Elector
	for _, p := range r.people {
		electors = append(electors, &eventv1.Elector{Participant: p, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1, Present: true})
	}
	f.do(&commandv1.Command{Of: &commandv1.Command_PoseDecision{PoseDecision: &commandv1.PoseDecision{Workspace: r.workspace, Decision: id, Item: r.item, Question: clear("Tenere aperta la porta?")}}},
		&commandv1.Command{Of: &commandv1.Command_OpenVoting{OpenVoting: &commandv1.OpenVoting{Workspace: r.workspace, Decision: id, Electors: electors}}},
		&commandv1.Command{Of: &commandv1.Command_CloseVoting{CloseVoting: &commandv1.CloseVoting{Workspace: r.workspace, Decision: id}}})
}

// get reads an address with a token.
func (f *feedHouse) get(token, path string, headers ...string) (*http.Response, []byte) {
	f.t.Helper()
	answer, data, err := fetch(f.t.Context(), f.url+path, token, headers...)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer, data
}

func fetch(ctx context.Context, url, token string, headers ...string) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for p := range slices.Chunk(headers, 2) {
		r.Header.Set(p[0], p[1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	return answer, data, err
}

// numbered is an entry as readers see it.
type numbered struct {
	N     string `json:"n"`
	Entry struct {
		ID, About, Kind, Decision string
	} `json:"entry"`
}

func (n numbered) number() uint64 { x, _ := strconv.ParseUint(n.N, 10, 64); return x }

type entriesPage struct {
	Entries    []json.RawMessage
	CompleteTo string
	More       bool
	Next       string
}

// all reads every entry, page by page, by the addresses that the pages give.
func (f *feedHouse) all(token string, limit int) (raw []string) {
	f.t.Helper()
	for path := fmt.Sprintf("/v1/feeds/entries?after=0&limit=%d", limit); ; {
		answer, data := f.get(token, path)
		var p entriesPage
		if err := json.Unmarshal(data, &p); err != nil || answer.StatusCode != http.StatusOK {
			f.t.Fatalf("%s: %s %s %v", path, answer.Status, data, err)
		}
		for _, e := range p.Entries {
			raw = append(raw, string(e))
		}
		if !p.More {
			return raw
		}
		path = strings.TrimPrefix(p.Next, f.url)
	}
}

// await waits until a subscription has so many entries.
func (f *feedHouse) await(token string, n int) []string {
	f.t.Helper()
	var got []string
	for end := time.Now().Add(far); time.Now().Before(end); time.Sleep(askAgain) {
		if got = f.all(token, 500); len(got) >= n {
			return got
		}
	}
	f.t.Fatalf("%d entries, want %d", len(got), n)
	return nil
}

// memory is the store of a reader: what it has, by id, and where it goes on from.
type memory struct {
	mu    sync.Mutex
	ids   []string
	known map[string]bool
	last  uint64
	saved uint64 // where it goes on from: now and then it dies before it has noted that
	twice int    // entries that came again
	lost  bool

	stored func() // told of each new entry, when not nil
}

// enough calls done as soon as so many entries are stored.
func (m *memory) enough(n int, done func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stored = func() {
		if len(m.ids) >= n {
			done()
		}
	}
	m.stored()
}

// take stores an entry, once.
func (m *memory) take(n numbered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[string]bool{}
	}
	if rand.IntN(4) > 0 {
		m.saved = max(m.saved, n.number())
	}
	if m.known[n.Entry.ID] {
		m.twice++
		return
	}
	if n.number() <= m.last {
		m.lost = true // something earlier came later: it had been missed
	}
	m.known[n.Entry.ID], m.last = true, n.number()
	m.ids = append(m.ids, n.Entry.ID)
	if m.stored != nil {
		m.stored()
	}
}

func (m *memory) has() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.ids)
}

func (m *memory) cursor() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saved
}

// event is one server-sent event.
type event struct{ kind, id, data string }

// readEvents is the parser of the HTML standard (9.2.6): fields, comments, dispatch at an empty line.
func readEvents(r io.Reader, dispatch func(event) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	e := event{}
	var data []string
	for lines.Scan() {
		line := lines.Text()
		if line == "" {
			if len(data) > 0 {
				e.data = strings.Join(data, "\n")
				if !dispatch(e) {
					return nil
				}
			}
			e, data = event{id: e.id}, nil
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "", "retry": // a comment
		case "event":
			e.kind = value
		case "id":
			e.id = value
		case "data":
			data = append(data, value)
		default:
			return fmt.Errorf("a field %q", field)
		}
	}
	return lines.Err()
}

// follow reads events from a cursor until ctx ends or the stream does.
func follow(ctx context.Context, url, token string, m *memory) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/feeds/events", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if n := m.cursor(); n > 0 {
		r.Header.Set("Last-Event-ID", strconv.FormatUint(n, 10))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("X-Accel-Buffering") != "no" {
		return fmt.Errorf("events: %s %v", answer.Status, answer.Header)
	}
	var wrong error
	err = readEvents(answer.Body, func(e event) bool {
		var n numbered
		if err := json.Unmarshal([]byte(e.data), &n); err != nil || e.kind != "" || e.id != n.N {
			wrong = fmt.Errorf("event %q %q: %s %v", e.kind, e.id, e.data, err)
			return false
		}
		m.take(n)
		return true
	})
	return errors.Join(wrong, err)
}

// A reader that dies and comes back a thousand times, while decisions go on, misses nothing and stores nothing twice.
// Most lives end at a random moment, often before anything came; every twentieth ends when something new was stored,
// so that the test proves as much on a slow machine as on a quick one.
func TestAReaderThatDiesAThousandTimesMissesNothing(t *testing.T) {
	const lives, votes = 1000, 100
	f := openFeedHouse(t)
	f.publish(true)
	var tokens []string // a token may begin so many requests a second; the reader of this test is in a hurry
	for range 20 {
		tokens = append(tokens, f.subscribe(`{}`).Token)
	}
	next, deciding := make(chan struct{}, votes), make(chan struct{})
	go func() {
		defer close(deciding)
		for range next {
			f.decide()
		}
	}()
	m, deaths, fed := &memory{}, 0, 0
	for life := range lives {
		had := m.has()
		ctx, kill := context.WithCancel(t.Context())
		longest := time.Duration(rand.Int64N(int64(20 * time.Millisecond)))
		if life%10 == 0 {
			next <- struct{}{}
		}
		if life%20 == 0 { // at least the decision just asked for is still to come
			longest = time.Minute
			m.stored = func() { kill() }
		}
		timer := time.AfterFunc(longest, kill)
		err := follow(ctx, f.url, tokens[life%len(tokens)], m)
		timer.Stop()
		m.stored = nil
		if m.has() > had {
			fed++
		}
		if ctx.Err() != nil {
			deaths++
		} else if err != nil && !strings.Contains(err.Error(), "429") {
			t.Fatalf("life %d: %v", life, err)
		}
		kill()
	}
	close(next)
	<-deciding
	want := f.await(f.subscribe(`{}`).Token, votes+4) // four decisions are in the example minutes
	ctx, cancel := context.WithTimeout(t.Context(), far)
	defer cancel()
	m.enough(len(want), cancel)
	_ = follow(ctx, f.url, f.subscribe(`{}`).Token, m) // ended from here
	var ids []string
	for _, raw := range want {
		var n numbered
		if err := json.Unmarshal([]byte(raw), &n); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, n.Entry.ID)
	}
	if !slices.Equal(m.ids, ids) || m.lost {
		t.Errorf("the reader has %d entries, %d are there; missed something: %v", len(m.ids), len(ids), m.lost)
	}
	t.Logf("%d lives, %d killed, %d got something new; %d entries, %d came again and were known", lives, deaths, fed, len(m.ids), m.twice)
	if deaths < lives*8/10 || fed < 10 || m.twice == 0 {
		t.Errorf("%d of %d readers were killed, %d got something, %d entries came again: the test proves little", deaths, lives, fed, m.twice)
	}
}

// Fifty readers of each kind get the same entries in the same order; one that reads nothing keeps nobody waiting.
func TestFiftyReadersOfEachKindAtOnce(t *testing.T) {
	const readers, votes = 50, 12
	const total = votes + 4
	f := openFeedHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*far)
	defer cancel()
	var mu sync.Mutex
	hooks := map[string]*memory{} // by path
	secrets, publics := map[string]string{}, map[string]string{}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mu.Lock()
		m, secret, public := hooks[r.URL.Path], secrets[r.URL.Path], publics[r.URL.Path]
		mu.Unlock()
		if m == nil { // the secret is not known yet: come again
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if err := verify(body, r.Header, secret, public); err != nil {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		var c struct {
			ID   string
			Data numbered
		}
		if err := json.Unmarshal(body, &c); err != nil || c.ID != c.Data.Entry.ID || !strings.HasSuffix(c.ID, ",2026:"+r.Header.Get("webhook-id")) || r.Header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" {
			t.Errorf("%s: %v", body, err)
		}
		m.take(c.Data)
	}))
	defer receiver.Close()
	kinds := map[string][]*memory{}
	var reading, hooked sync.WaitGroup
	for i := range readers {
		s := f.subscribe(`{"places":[{"workspace":"dsm-esempio"}]}`)
		begin := func(kind string, read func(m *memory) error) {
			m := &memory{}
			kinds[kind] = append(kinds[kind], m)
			reading.Go(func() {
				for m.has() < total && ctx.Err() == nil {
					if err := read(m); err != nil && ctx.Err() == nil && m.has() < total {
						t.Errorf("%s: %v", kind, err)
						return
					}
				}
			})
		}
		begin("events", func(m *memory) error {
			ctx, done := context.WithCancel(ctx)
			defer done()
			m.enough(total, done)
			return follow(ctx, f.url, s.Token, m)
		})
		begin("live", func(m *memory) error { return followSocket(ctx, f.url, s.Token, m, total) })
		begin("nats", func(m *memory) error { return followNATS(ctx, f.h.server.URL(), s, m, total) })
		poll := func(path string, read func(m *memory, data []byte) error) func(m *memory) error {
			return func(m *memory) error {
				time.Sleep(3 * askAgain) // three kinds ask with one token
				answer, data, err := fetch(ctx, f.url+path, s.Token)
				if err != nil || answer.StatusCode != http.StatusOK {
					return fmt.Errorf("%s: %w %s", path, err, data)
				}
				return read(m, data)
			}
		}
		begin("entries", poll("/v1/feeds/entries?limit=500", readEntries))
		begin("atom", poll("/v1/feeds/atom?limit=500", readAtom))
		begin("json", poll("/v1/feeds/json?limit=500", readJSONFeed))
		path := "/hook/" + strconv.Itoa(i)
		var added struct{ Secret, PublicKey string }
		f.call("FeedService/AddWebhook", fmt.Sprintf(`{"subscription":%q,"url":%q}`, s.Subscription.ID, receiver.URL+path), &added)
		m := &memory{}
		kinds["webhook"] = append(kinds["webhook"], m)
		hooked.Add(1)
		m.enough(total, sync.OnceFunc(hooked.Done))
		mu.Lock()
		hooks[path], secrets[path], publics[path] = m, added.Secret, added.PublicKey
		mu.Unlock()
	}
	deaf := f.subscribe(`{}`) // connects and reads nothing
	for range 5 {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+"/v1/feeds/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+deaf.Token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
	}
	began := time.Now()
	f.publish(true)
	for range votes {
		f.decide()
	}
	reading.Wait()
	delivered := make(chan struct{})
	go func() { hooked.Wait(); close(delivered) }()
	select {
	case <-delivered:
	case <-ctx.Done():
	}
	want := kinds["events"][0].ids
	if len(want) != total || len(kinds) != 7 {
		t.Fatalf("%d entries, want %d; %d kinds", len(want), total, len(kinds))
	}
	for kind, all := range kinds {
		for i, m := range all {
			if !slices.Equal(m.ids, want) || m.lost {
				t.Errorf("%s %d has %v, want %v", kind, i, m.ids, want)
			}
		}
	}
	t.Logf("%d entries at %d readers of each of %d kinds after %s", total, readers, len(kinds), time.Since(began).Round(time.Millisecond))
}

// verify checks both signatures: v1 by the library of Standard Webhooks, v1a by the standard's own words.
func verify(body []byte, h http.Header, secret, public string) error {
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	if err := w.Verify(body, h); err != nil {
		return err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(public, "whpk_"))
	if err != nil || len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("public key %q: %w", public, err)
	}
	for _, s := range strings.Fields(h.Get("webhook-signature")) {
		if version, signature, _ := strings.Cut(s, ","); version == "v1a" {
			raw, err := base64.StdEncoding.DecodeString(signature)
			if err != nil || !ed25519.Verify(key, []byte(h.Get("webhook-id")+"."+h.Get("webhook-timestamp")+"."+string(body)), raw) {
				return errors.New("v1a does not verify")
			}
			return nil
		}
	}
	return errors.New("no v1a signature")
}

// followSocket reads a WebSocket until there are so many entries.
func followSocket(ctx context.Context, url, token string, m *memory, total int) error {
	conn, answer, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(url, "http")+"/v1/feeds/live", http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := conn.WriteJSON(map[string]string{"after": strconv.FormatUint(m.cursor(), 10)}); err != nil {
		return err
	}
	for m.has() < total {
		var n numbered
		if err := conn.ReadJSON(&n); err != nil {
			return err
		}
		m.take(n)
	}
	return nil
}

// followNATS reads over NATS as an association does: it asks for what comes after its last entry, again whenever an asking is over, until there are so many.
func followNATS(ctx context.Context, url string, s subscribed, m *memory, total int) error {
	own := "feed." + s.Subscription.ID
	nc, err := nats.Connect(url, nats.Token(s.Token), nats.CustomInboxPrefix(own), nats.Timeout(far))
	if err != nil {
		return err
	}
	defer nc.Close()
	sub, err := nc.SubscribeSync(own + ".entries")
	if err != nil {
		return err
	}
	ask := func() error {
		return nc.PublishRequest("ask."+s.Subscription.ID, sub.Subject, fmt.Appendf(nil, `{"after":"%d"}`, m.cursor()))
	}
	if err := ask(); err != nil {
		return err
	}
	for m.has() < total {
		message, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return err
		}
		if why := message.Header.Get("Nats-Service-Error-Code"); why != "" {
			return errors.New(why)
		}
		if len(message.Data) == 0 { // an asking is over
			if err := ask(); err != nil {
				return err
			}
			continue
		}
		var c struct {
			ID   string
			Data numbered
		}
		if err := json.Unmarshal(message.Data, &c); err != nil || c.ID != c.Data.Entry.ID {
			return fmt.Errorf("%s: %w", message.Data, err)
		}
		m.take(c.Data)
	}
	return nil
}

// onNATS gives the first messages of a subscription as they are.
func (f *feedHouse) onNATS(s subscribed, many int) (all string) {
	f.t.Helper()
	nc, err := nats.Connect(f.h.server.URL(), nats.UserInfo("association", s.Token), nats.Timeout(far))
	if err != nil {
		f.t.Fatal(err)
	}
	defer nc.Close()
	sub, err := nc.SubscribeSync("feed." + s.Subscription.ID + ".>")
	if err != nil {
		f.t.Fatal(err)
	}
	if err := nc.Publish("ask."+s.Subscription.ID, nil); err != nil {
		f.t.Fatal(err)
	}
	for range many {
		m, err := sub.NextMsg(far)
		if err != nil {
			f.t.Fatal(err)
		}
		all += fmt.Sprintln(m.Subject, m.Header, string(m.Data))
	}
	if !strings.Contains(all, "zzquestion") {
		f.t.Error("NATS does not have the question: the search below proves nothing")
	}
	return all
}

func readEntries(m *memory, data []byte) error {
	var p struct{ Entries []numbered }
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	for _, e := range p.Entries {
		m.take(e)
	}
	return nil
}

func readJSONFeed(m *memory, data []byte) error {
	var p struct {
		Items []struct {
			Tavolo numbered `json:"_tavolo"`
		}
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	for _, e := range slices.Backward(p.Items) {
		m.take(e.Tavolo)
	}
	return nil
}

// readAtom takes the ids; Atom has no numbers, and the order of the document stands for them.
func readAtom(m *memory, data []byte) error {
	var p struct {
		Entries []struct {
			ID string `xml:"id"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(data, &p); err != nil {
		return err
	}
	for i, e := range slices.Backward(p.Entries) {
		var n numbered
		n.N = strconv.Itoa(len(p.Entries) - i)
		n.Entry.ID = e.ID
		m.take(n)
	}
	return nil
}

// Numbers, ids and contents stay as they are when the house is started again, and when the views are built anew.
func TestTheOrderOutlivesRestartAndRebuild(t *testing.T) {
	f := openFeedHouse(t)
	s := f.subscribe(`{}`)
	f.publish(true)
	for range 5 {
		f.decide()
	}
	want := f.await(s.Token, 9)
	if paged := f.all(s.Token, 2); !slices.Equal(paged, want) {
		t.Error("pages of two have other entries than one page")
	}
	for _, what := range []string{"restarted", "rebuilt"} {
		f.stop()
		if what == "rebuilt" {
			if err := os.RemoveAll(filepath.Join(f.plan.Dir, "views")); err != nil {
				t.Fatal(err)
			}
		}
		f.open()
		if got := f.await(s.Token, len(want)); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwere\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		f.decide()
		longer := f.await(s.Token, len(want)+1)
		if !slices.Equal(longer[:len(want)], want) {
			t.Errorf("%s: a new entry changed those before it", what)
		}
		want = longer
	}
}

func TestATokenOpensTheFeedsOfItsScopeAndNothingElse(t *testing.T) {
	f := openFeedHouse(t)
	f.publish(true)
	all := f.subscribe(`{}`)
	want := f.await(all.Token, 4)
	for scope, n := range map[string]int{
		`{"places":[{"workspace":"dsm-esempio","initiative":"csm-orari"}]}`: 4, `{"places":[{"workspace":"dsm-altro"}]}`: 0, `{"areas":["AREA_REHABILITATION"]}`: 4,
		`{"areas":["AREA_STAFF_TRAINING"]}`: 0, `{"outcomes":["OUTCOME_REJECTED"]}`: 0, `{"outcomes":["OUTCOME_ADOPTED"]}`: 4,
	} {
		if got := f.all(f.subscribe(scope).Token, 50); len(got) != n {
			t.Errorf("%s: %d entries, want %d", scope, len(got), n)
		}
	}
	for path, headers := range map[string][]string{"/v1/feeds/entries": nil, "/v1/feeds/atom": nil, "/v1/feeds/json": nil, "/v1/feeds/events": nil, "/v1/feeds/calendar.ics": nil, "/v1/feeds/live": nil} {
		for token, status := range map[string]int{"": http.StatusUnauthorized, "nobody's": http.StatusUnauthorized} {
			answer, data := f.get(token, path, headers...)
			if answer.StatusCode != status || !strings.Contains(string(data), `"message"`) || answer.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s with %q: %s %s", path, token, answer.Status, data)
			}
		}
		if answer, _ := f.get("", path+"?token="+all.Token); answer.StatusCode == http.StatusOK {
			t.Errorf("%s takes a token from the address", path)
		}
	}
	for _, path := range []string{"/v1/workspaces", "/v1/workspaces/dsm-esempio/roles", "/w/dsm-esempio/s/csm-orari:2026-03-05/minutes"} {
		if answer, _ := f.get(all.Token, path); answer.StatusCode == http.StatusOK {
			t.Errorf("the token of a feed opens %s", path)
		}
	}
	answer, data := f.get("", "/v1/feeds/entries?limit=1", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("whoever:"+all.Token)))
	if answer.StatusCode != http.StatusOK {
		t.Errorf("as the password of Basic: %s %s", answer.Status, data)
	}
	first, data := f.get(all.Token, "/v1/feeds/atom")
	if again, rest := f.get(all.Token, "/v1/feeds/atom", "If-None-Match", first.Header.Get("ETag")); again.StatusCode != http.StatusNotModified || len(rest) != 0 || len(data) == 0 {
		t.Errorf("what is known is sent again: %s", again.Status)
	}
	if answer, data := f.get(all.Token, "/v1/feeds/entries?aftr=1"); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("a misspelt parameter: %s %s", answer.Status, data)
	}
	// A stream ends when its token does, and says why.
	ctx, cancel := context.WithTimeout(t.Context(), far)
	defer cancel()
	ended := make(chan event, 1)
	seen := make(chan struct{}, 100)
	go func() {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+"/v1/feeds/events", nil)
		if err != nil {
			return
		}
		r.Header.Set("Authorization", "Bearer "+all.Token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return
		}
		defer func() { _ = answer.Body.Close() }()
		_ = readEvents(answer.Body, func(e event) bool { // ended by the server, which is what is looked at
			if e.kind == "end" {
				ended <- e
			}
			seen <- struct{}{}
			return true
		})
	}()
	for range want {
		select {
		case <-seen:
		case <-ctx.Done():
			t.Fatal("the stream does not bring what is there")
		}
	}
	f.call("FeedService/RevokeSubscription", fmt.Sprintf(`{"subscription":%q}`, all.Subscription.ID), &struct{}{})
	select {
	case e := <-ended:
		if !strings.Contains(e.data, "feeds/token-revoked") {
			t.Errorf("it ended with %s", e.data)
		}
	case <-ctx.Done():
		t.Error("the stream goes on after its token was taken back")
	}
	if answer, data := f.get(all.Token, "/v1/feeds/entries"); answer.StatusCode != http.StatusForbidden {
		t.Errorf("a revoked token: %s %s", answer.Status, data)
	}
	var list struct {
		Subscriptions []struct{ ID, Label, Uses, RevokedAt string }
	}
	f.call("FeedService/ListSubscriptions", `{}`, &list)
	for _, s := range list.Subscriptions {
		if s.ID == all.Subscription.ID && (s.Uses == "0" || s.RevokedAt == "" || s.Label != "Associazione") {
			t.Errorf("the use of the token is not visible: %+v", s)
		}
	}
	if len(list.Subscriptions) != 7 {
		t.Errorf("%d subscriptions", len(list.Subscriptions))
	}
	fast := f.subscribe(`{}`)
	var added struct{ Webhook struct{ ID string } }
	f.call("FeedService/AddWebhook", fmt.Sprintf(`{"subscription":%q,"url":%q}`, fast.Subscription.ID, f.url+"/nothing-is-here"), &added)
	f.call("FeedService/EndWebhook", fmt.Sprintf(`{"webhook":%q}`, added.Webhook.ID), &struct{}{})
	var left struct {
		Subscriptions []struct{ Webhooks []struct{ ID string } }
	}
	f.call("FeedService/ListSubscriptions", `{}`, &left)
	for _, s := range left.Subscriptions {
		if len(s.Webhooks) != 0 {
			t.Errorf("a webhook that was ended is listed: %+v", s)
		}
	}
	hurry, done := context.WithTimeout(t.Context(), far)
	defer done()
	var refused atomic.Bool
	var hurrying sync.WaitGroup
	for range 16 { // until one is refused
		hurrying.Go(func() {
			for hurry.Err() == nil && !refused.Load() {
				if answer, _, err := fetch(hurry, f.url+"/v1/feeds/entries?limit=1", fast.Token); err == nil && answer.StatusCode == http.StatusTooManyRequests {
					refused.Store(true)
				}
			}
		})
	}
	hurrying.Wait()
	if !refused.Load() {
		t.Error("however fast one token is used, it is answered")
	}
	var noticed struct {
		Subscriptions []struct {
			ID      string
			Notices []struct{ Kind, At, Times string }
		}
	}
	f.call("FeedService/ListSubscriptions", `{}`, &noticed)
	for _, s := range noticed.Subscriptions {
		want := map[string]string{all.Subscription.ID: "NOTICE_KIND_AFTER_END", fast.Subscription.ID: "NOTICE_KIND_TOO_FAST"}[s.ID]
		if got := s.Notices; len(got) != min(1, len(want)) || want != "" && (got[0].Kind != want || got[0].At == "" || got[0].Times == "" || got[0].Times == "0") {
			t.Errorf("noticed of %s: %+v, want %q", s.ID, got, want)
		}
	}
}

// No name, short id, pseudonym, contribution or reason of the minutes comes out of any feed; no question is in a file.
func TestNoPersonComesOutOfTheFeeds(t *testing.T) {
	text, err := os.ReadFile("../../examples/1-apertura-del-sabato.yaml")
	if err != nil {
		t.Fatal(err)
	}
	replaced := [][2]string{{"name: Ada", "name: zzname"}, {"Il sabato siamo soli", "zzsaid"}, {"title: Apertura del sabato", "title: zzitem"}, {"title: Terzo incontro", "title: zzsession"},
		{"Aprire il Centro diurno", "zzquestion"}, {"name: DSM Esempio", "name: zzdept"}, {"u3", "zzref"}, {"csm-orari", "csm-zz"}}
	marked := string(text)
	for _, r := range replaced {
		if !strings.Contains(marked, r[0]) {
			t.Fatalf("%s is not in the example", r[0])
		}
		marked = strings.ReplaceAll(marked, r[0], r[1])
	}
	f := openFeedHouse(t)
	if _, err := (importer{nc: f.room.ledger}).record(t.Context(), "m.yaml", []byte(marked), anyone); err != nil {
		t.Fatal(err)
	}
	f.do(&commandv1.Command{Of: &commandv1.Command_SetPublication{SetPublication: &commandv1.SetPublication{Workspace: "dsm-esempio", Initiative: "csm-zz", Public: true}}},
		&commandv1.Command{Of: &commandv1.Command_RecordAct{RecordAct: &commandv1.RecordAct{Workspace: "dsm-esempio", Decision: "csm-zz:2026-03-05:apertura", Reason: clear("zzreason"),
			Act: &eventv1.ActRecorded{Kind: eventv1.ActKind_ACT_KIND_REVERSED, ByElectorate: true}}}})
	s := f.subscribe(`{}`)
	f.await(s.Token, 3)
	var hooked bytes.Buffer
	arrived := make(chan struct{}, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = hooked.ReadFrom(r.Body) // one delivery at a time
		arrived <- struct{}{}
	}))
	defer receiver.Close()
	f.call("FeedService/AddWebhook", fmt.Sprintf(`{"subscription":%q,"url":%q}`, s.Subscription.ID, receiver.URL+"/?zzurl"), &struct{}{})
	for range 3 {
		select {
		case <-arrived:
		case <-time.After(far):
			t.Fatal("the webhook is sent nothing")
		}
	}
	out := hooked.String() + f.onNATS(s, 3)
	for _, path := range []string{"/v1/feeds/entries", "/v1/feeds/atom", "/v1/feeds/json", "/v1/feeds/calendar.ics"} {
		_, data := f.get(s.Token, path)
		if path != "/v1/feeds/calendar.ics" && !bytes.Contains(data, []byte("zzquestion")) {
			t.Errorf("%s does not have the question: the search below proves nothing", path)
		}
		out += string(data)
	}
	view := &apiv1.InitiativeView{}
	if err := bus.Request(t.Context(), f.room.ledger, "query.get_initiative", &apiv1.GetInitiativeRequest{Workspace: "dsm-esempio", Initiative: "csm-zz"}, view); err != nil || len(view.Participants) != 9 {
		t.Fatalf("%d participants, %v", len(view.Participants), err)
	}
	canaries := []string{"zzname", "zzsaid", "zzitem", "zzsession", "zzdept", "zzref", "zzreason"}
	for _, p := range view.Participants {
		canaries = append(canaries, p.Participant)
	}
	for _, canary := range canaries {
		if strings.Contains(out, canary) {
			t.Errorf("%s came out", canary)
		}
	}
	f.stop()
	err = filepath.WalkDir(filepath.Join(f.plan.Dir, "feeds"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, canary := range []string{"zzquestion", "zzname", "zzurl", "whsec_", "Associazione", s.Token} {
			if bytes.Contains(content, []byte(canary)) {
				t.Errorf("%s is in %s", canary, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
