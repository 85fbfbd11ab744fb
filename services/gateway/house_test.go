package gateway_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/services/gateway"

	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a gateway on a real bus, with small stand-ins for the services behind it: a ledger that counts, a people that marks what it sealed,
// and views that show whatever the test put there.
type house struct {
	t       testing.TB
	server  *bus.Server
	gateway *gateway.Gateway
	views   *nats.Conn
	people  *nats.Conn
	stops   map[string]func()
	logged  *strings.Builder

	mu       sync.Mutex
	commands []*commandv1.CommandBatch
	sealed   []*peoplev1.SealRequest
	enrolled []*peoplev1.EnrolRequest
	asked    map[string][]proto.Message
	here     map[string]*peoplev1.IdentifyResponse // by token
	founded  []*peoplev1.BelongRequest
	ledger   func(*commandv1.CommandBatch) (*commandv1.Receipt, error)
	sequence uint64
	seats    int // empty seats in the session shown
	answer   map[string]func(proto.Message) (proto.Message, error)
}

// lock keeps the logger and the test apart.
type lock struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lock) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func open(t testing.TB, limits ...gateway.Limit) *house {
	t.Helper()
	return openWith(t, gateway.Options{}, limits...)
}

func openWith(t testing.TB, o gateway.Options, limits ...gateway.Limit) *house {
	t.Helper()
	h := &house{t: t, logged: &strings.Builder{}, asked: map[string][]proto.Message{}, here: map[string]*peoplev1.IdentifyResponse{}, stops: map[string]func(){}, answer: map[string]func(proto.Message) (proto.Message, error){}}
	var err error
	if h.server, err = bus.Start(bus.Options{StoreDir: t.TempDir(), Temporary: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.server.Shutdown)
	h.serve(bus.Ledger, map[string]bus.Handler{"cmd.*": h.command})
	h.people = h.serve(bus.People, map[string]bus.Handler{"people.seal": h.seal, "people.enrol": h.enrol, "people.identify": h.identify, "people.belong": h.belong, "people.me": h.me})
	h.views = h.serve(bus.Views, h.questions())
	o.Conn, o.Listen, o.Sentence, o.Version, o.OperatorToken = h.connect(bus.Gateway), "127.0.0.1:0", sentence, "1.2.3", operator
	o.Logger = slog.New(slog.NewTextHandler(&lock{w: h.logged}, nil))
	if h.gateway, err = gateway.StartWith(o, limits...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := h.gateway.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return h
}

func (h *house) connect(service string) *nats.Conn {
	nc, err := h.server.Connect(service)
	if err != nil {
		h.t.Fatal(err)
	}
	return nc
}

func (h *house) serve(service string, endpoints map[string]bus.Handler) *nats.Conn {
	nc := h.connect(service)
	stop, err := bus.Serve(nc, service, "0.0.0", endpoints)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(stop)
	h.stops[service] = stop
	return nc
}

// sentence is the catalogue of the tests: it shows what it was asked for.
func sentence(code, lang string, args map[string]string) string {
	if code == "panic/please" {
		panic("secret words of Ada")
	}
	s := lang + ": " + code
	for _, k := range slices.Sorted(maps.Keys(args)) {
		s += " " + k + "=" + args[k]
	}
	return s
}

func (h *house) command(_ context.Context, data []byte) ([]byte, error) {
	batch := &commandv1.CommandBatch{}
	if err := proto.Unmarshal(data, batch); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.commands = append(h.commands, batch)
	if h.ledger != nil {
		r, err := h.ledger(batch)
		if err != nil {
			return nil, err
		}
		return proto.Marshal(r)
	}
	h.sequence++
	return proto.Marshal(&commandv1.Receipt{Sequence: h.sequence, Commits: 1})
}

func (h *house) seal(_ context.Context, data []byte) ([]byte, error) {
	q, a := &peoplev1.SealRequest{}, &peoplev1.SealResponse{}
	if err := proto.Unmarshal(data, q); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sealed = append(h.sealed, q)
	for _, w := range q.Words {
		a.Sealed = append(a.Sealed, &eventv1.Sealed{Version: 1, Ciphertext: []byte("sealed:" + w.Text)})
	}
	return proto.Marshal(a)
}

func (h *house) enrol(_ context.Context, data []byte) ([]byte, error) {
	q, a := &peoplev1.EnrolRequest{}, &peoplev1.EnrolResponse{}
	if err := proto.Unmarshal(data, q); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.enrolled = append(h.enrolled, q)
	for _, r := range q.Refs {
		a.Participants = append(a.Participants, "p-of-"+r)
	}
	return proto.Marshal(a)
}

func (h *house) identify(_ context.Context, data []byte) ([]byte, error) {
	q := &peoplev1.IdentifyRequest{}
	if err := proto.Unmarshal(data, q); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for token, who := range h.here {
		if sum := sha256.Sum256([]byte(token)); string(sum[:]) == string(q.Token) {
			return proto.Marshal(who)
		}
	}
	return nil, nil
}

func (h *house) me(_ context.Context, data []byte) ([]byte, error) {
	q, a := &peoplev1.MeRequest{}, &peoplev1.MeResponse{Me: &apiv1.MeView{}}
	if err := proto.Unmarshal(data, q); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, who := range h.here {
		if who.Device == q.Device {
			a.Me = &apiv1.MeView{Account: who.Account, Memberships: who.Memberships}
		}
	}
	return proto.Marshal(a)
}

func (h *house) belong(_ context.Context, data []byte) ([]byte, error) {
	q := &peoplev1.BelongRequest{}
	if err := proto.Unmarshal(data, q); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.founded = append(h.founded, q)
	return nil, nil
}

// signIn has somebody be at a device of that name, and gives the headers of their browser.
func (h *house) signIn(name string, memberships ...*apiv1.Membership) (browser []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.here[name] = &peoplev1.IdentifyResponse{Device: "device-" + name, Account: "account-" + name, Memberships: memberships}
	return []string{"Cookie", "tavolo-device=" + name, "Origin", "http://" + h.gateway.Addr()}
}

func (h *house) stopPeople() { h.stops[bus.People]() }

// signOut ends it, and says so as people does.
func (h *house) signOut(name string) {
	h.mu.Lock()
	delete(h.here, name)
	h.mu.Unlock()
	if err := h.people.Publish("left.device-"+name, nil); err != nil {
		h.t.Fatal(err)
	}
}

// in is a membership in the initiative orari of dsm, or another one.
func in(grant apiv1.Grant, participant string, initiative ...string) *apiv1.Membership {
	return &apiv1.Membership{Workspace: "dsm", Initiative: append(initiative, "orari")[0], Participant: participant, Grant: grant}
}

// questions serves every question: what the test says, or an empty answer.
func (h *house) questions() map[string]bus.Handler {
	all := map[string]bus.Handler{}
	for subject, pair := range map[string][2]proto.Message{
		"list_workspaces": {&apiv1.ListWorkspacesRequest{}, &apiv1.ListWorkspacesResponse{}},

		"list_role_ledger": {&apiv1.ListRoleLedgerRequest{}, &apiv1.ListRoleLedgerResponse{}},
		"get_table3":       {&apiv1.GetTable3Request{}, &apiv1.GetTable3Response{}},
		"list_findings":    {&apiv1.ListFindingsRequest{}, &apiv1.ListFindingsResponse{}},
		"get_figures":      {&apiv1.GetFiguresRequest{}, &apiv1.GetFiguresResponse{}},
		"list_trends":      {&apiv1.ListTrendsRequest{}, &apiv1.ListTrendsResponse{}},
		"get_tutoring":     {&apiv1.GetTutoringRequest{}, &apiv1.GetTutoringResponse{}},
		"get_signals":      {&apiv1.GetSignalsRequest{}, &apiv1.GetSignalsResponse{}},

		"get_initiative":     {&apiv1.GetInitiativeRequest{}, &apiv1.InitiativeView{}},
		"get_session":        {&apiv1.GetSessionRequest{}, &apiv1.SessionView{}},
		"list_contributions": {&apiv1.ListContributionsRequest{}, &apiv1.ListContributionsResponse{}},
		"recorded":           {&apiv1.RecordedRequest{}, &apiv1.RecordedResponse{}},
		"get_decision":       {&apiv1.GetDecisionRequest{}, &apiv1.DecisionView{}},
		"list_roles":         {&apiv1.ListRolesRequest{}, &apiv1.ListRolesResponse{}},
		"why":                {&apiv1.WhyRequest{}, &apiv1.WhyResponse{}},
		"power":              {&apiv1.PowerRequest{}, &apiv1.PowerResponse{}},
		"summarise_roles":    {&apiv1.SummariseRolesRequest{}, &apiv1.SummariseRolesResponse{}},
		"export_minutes":     {&apiv1.ExportMinutesRequest{}, &apiv1.ExportMinutesResponse{}},
		"get_own_ballots":    {&apiv1.GetOwnBallotsRequest{}, &apiv1.GetOwnBallotsResponse{}},
	} {
		all["query."+subject] = func(_ context.Context, data []byte) ([]byte, error) {
			q := pair[0].ProtoReflect().New().Interface()
			if err := proto.Unmarshal(data, q); err != nil {
				return nil, err
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			h.asked[subject] = append(h.asked[subject], q)
			answer := pair[1]
			if say := h.answer[subject]; say != nil {
				var err error
				if answer, err = say(q); err != nil {
					return nil, err
				}
			}
			return proto.Marshal(answer)
		}
	}
	return all
}

// say has a question answered so from now on.
func (h *house) say(subject string, answer func(proto.Message) (proto.Message, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer[subject] = answer
}

// refuse has a question refused.
func (h *house) refuse(subject, code string, pairs ...string) {
	h.say(subject, func(proto.Message) (proto.Message, error) { return nil, decider.Refuse(code, pairs...) })
}

func (h *house) times(subject string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.asked[subject])
}

// last is the sequence that the last question of a kind asked for at least.
func (h *house) last(subject string) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.asked[subject][len(h.asked[subject])-1].ProtoReflect()
	return q.Get(q.Descriptor().Fields().ByName("at_least_sequence")).Uint()
}

// announce says what views says when it has read a commit.
func (h *house) announce(workspace, initiative string, sequence uint64) {
	if err := h.views.Publish("changed."+workspace+"."+initiative, strconv.AppendUint(nil, sequence, 10)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) url(path string) string { return "http://" + h.gateway.Addr() + path }

// reply is an answer read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	return v
}

// operator is the token that requests of the tests bring unless they say who they are.
const operator = "operator-of-the-tests-0123456789"

// nobody brings neither token nor cookie.
var nobody = []string{"Authorization", ""}

// as adds the operator's token to headers that do not say who asks.
func as(header http.Header) {
	_, said := header["Authorization"]
	switch {
	case header.Get("Authorization") == "" && said:
		header.Del("Authorization")
	case header.Get("Authorization") == "" && header.Get("Cookie") == "":
		header.Set("Authorization", "Bearer "+operator)
	}
}

// do sends a request; headers come as pairs. Host sets the host. Without an Authorization or a Cookie it comes from the operator.
func (h *house) do(method, path, body string, headers ...string) reply {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url(path), strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for p := range slices.Chunk(headers, 2) {
		if p[0] == "Host" {
			r.Host = p[1]
		}
		r.Header.Add(p[0], p[1])
	}
	as(r.Header)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(data)}
}

// post sends JSON to a method.
func (h *house) post(method, body string, headers ...string) reply {
	h.t.Helper()
	return h.do(http.MethodPost, "/tavolo.api.v1."+method, body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

func code(t *testing.T, r reply) string {
	t.Helper()
	c := r.header.Get("Tavolo-Code")
	detail := fmt.Sprint(r.json(t)["details"])
	if c == "" || !strings.Contains(detail, c) {
		t.Errorf("the code %q of the header is not in the detail %s", c, detail)
	}
	return c
}
