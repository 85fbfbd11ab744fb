package clerk_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/clerk"
	"tavolo/services/ledger"
)

// The world of the tests: a real server with the rights of its users, a real ledger that can be stopped, and a log to look into.

func TestMain(m *testing.M) {
	if os.Getenv(childURL) != "" {
		child()
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for what must happen.
const patience = time.Minute

// inTime tries what has to be done before a deadline, which lies within from when it is set. try reports whether it was; a machine that is too slow
// is given more time, in a world of its own.
func inTime(t *testing.T, try func(within time.Duration) bool) {
	t.Helper()
	for within := 2 * time.Second; !try(within); within *= 2 {
		if within > patience {
			t.Fatalf("not done within %v", within)
		}
	}
}

func passed(deadline time.Time) bool { return !time.Now().Before(deadline) }

type world struct {
	*testing.T
	server   *bus.Server
	operator *nats.Conn
	log      *eventlog.Log
	timers   jetstream.Stream // as the clerk sees it; see lookAtTimers
	said     *said
}

func open(t *testing.T, o bus.Options) *world {
	t.Helper()
	if o.StoreDir == "" {
		o.StoreDir, o.Temporary = t.TempDir(), true
	}
	server, err := bus.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Shutdown)
	w := &world{T: t, server: server, said: &said{}}
	w.operator = w.connect(bus.Operator)
	if w.log, err = eventlog.New(w.operator); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) connect(service string) *nats.Conn {
	w.Helper()
	nc, err := w.server.Connect(service)
	if err != nil {
		w.Fatal(err)
	}
	return nc
}

// ledger starts a ledger until stop or the end of the test.
func (w *world) ledger() (stop func()) {
	w.Helper()
	l, err := ledger.Start(ledger.Options{Conn: w.connect(bus.Ledger), Version: "0.0.1", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.Fatal(err)
	}
	stop = sync.OnceFunc(l.Stop)
	w.Cleanup(stop)
	return stop
}

// clerk starts a clerk until stop or the end of the test.
func (w *world) clerk(clock func() time.Time) (stop func()) {
	w.Helper()
	c, err := clerk.Start(w.Context(), clerk.Options{Conn: w.connect(bus.Clerk), Logger: w.said.logger(), Clock: clock})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(c.Stop)
	return c.Stop
}

// lookAtTimers gives the stream of timers, which a clerk must have made.
func (w *world) lookAtTimers() jetstream.Stream {
	w.Helper()
	if w.timers == nil {
		js, err := jetstream.New(w.connect(bus.Clerk))
		if err != nil {
			w.Fatal(err)
		}
		if w.timers, err = js.Stream(w.Context(), "TIMERS"); err != nil {
			w.Fatal(err)
		}
	}
	return w.timers
}

// message gives the sequence of the message on a subject of TIMERS, 0 for none.
func (w *world) message(subject string) uint64 {
	w.Helper()
	m, err := w.lookAtTimers().GetLastMsgForSubject(w.Context(), subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0
	}
	if err != nil {
		w.Fatal(err)
	}
	return m.Sequence
}

// put writes into TIMERS as the clerk could.
func (w *world) put(subject, body string) {
	w.Helper()
	js, err := jetstream.New(w.connect(bus.Clerk))
	if err != nil {
		w.Fatal(err)
	}
	if _, err := js.Publish(w.Context(), subject, []byte(body)); err != nil {
		w.Fatal(err)
	}
}

// due gives the consumer of due timers as it stands.
func (w *world) due() *jetstream.ConsumerInfo {
	w.Helper()
	c, err := w.lookAtTimers().Consumer(w.Context(), "clerk")
	if err != nil {
		w.Fatal(err)
	}
	return c.CachedInfo()
}

// until waits for a condition.
func (w *world) until(what string, holds func() bool) {
	w.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			w.Fatalf("waited %v in vain: %s\n%s", patience, what, w.said)
		}
	}
}

func (w *world) ask(ws string, bodies ...any) error {
	batch := &commandv1.CommandBatch{}
	for _, b := range bodies {
		batch.Commands = append(batch.Commands, command(b))
	}
	return bus.Request(context.Background(), w.operator, "cmd."+ws, batch, &commandv1.Receipt{})
}

func (w *world) must(ws string, bodies ...any) {
	w.Helper()
	if err := w.ask(ws, bodies...); err != nil {
		w.Fatal(err)
	}
}

// command makes a command of its body.
func command(body any) *commandv1.Command {
	c := &commandv1.Command{Id: uuid.Must(uuid.NewV7()).String(), Actor: &eventv1.Actor{Capacity: eventv1.Capacity_CAPACITY_FACILITATOR}, Correlation: "a-correlation"}
	m := c.ProtoReflect()
	b := body.(proto.Message).ProtoReflect()
	fields := m.Descriptor().Oneofs().ByName("of").Fields()
	for i := range fields.Len() {
		if fields.Get(i).Message() == b.Descriptor() {
			m.Set(fields.Get(i), m.NewField(fields.Get(i)))
			proto.Merge(m.Mutable(fields.Get(i)).Message().Interface(), b.Interface())
		}
	}
	return c
}

// found makes a workspace in which two people can vote.
func (w *world) found(ws string) {
	w.Helper()
	w.must(ws,
		&commandv1.FoundWorkspace{Workspace: ws, Region: "Lazio"},
		&commandv1.OpenInitiative{Workspace: ws, Initiative: "a"},
		&commandv1.EnrolParticipants{Workspace: ws, Initiative: "a", Enrolments: []*commandv1.Enrolment{
			{Participant: "p1", Constituency: "user"}, {Participant: "p2", Constituency: "professional"}}},
		&commandv1.PrepareSession{Workspace: ws, Session: "a:1"},
		&commandv1.ProposeItem{Workspace: ws, Item: "a:i"},
	)
}

// steps open a vote. A zero time is no deadline.
func steps(ws, decision string, closesAt time.Time) []any {
	o := &commandv1.OpenVoting{Workspace: ws, Decision: decision}
	for _, p := range []string{"p1", "p2"} {
		o.Electors = append(o.Electors, &eventv1.Elector{Participant: p, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Present: true})
	}
	if !closesAt.IsZero() {
		o.ClosesAt = timestamppb.New(closesAt)
	}
	return []any{
		&commandv1.PoseDecision{Workspace: ws, Decision: decision, Item: "a:i"},
		&commandv1.WriteCharter{Workspace: ws, Decision: decision, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}}},
		o,
	}
}

// vote opens votes and casts in each the ballot of one of the two in favour, all at once.
func (w *world) vote(ws string, closesAt time.Time, decisions ...string) {
	w.Helper()
	var all []any
	for _, d := range decisions {
		all = append(append(all, steps(ws, d, closesAt)...), ballot(ws, d))
	}
	w.must(ws, all...)
}

func ballot(ws, decision string) *commandv1.CastBallots {
	return &commandv1.CastBallots{Workspace: ws, Decision: decision, Ballots: []*eventv1.BallotCast{{Participant: "p1", Choice: eventv1.Choice_CHOICE_FOR}}}
}

// reopen corrects a decision so that it is open again, with another deadline; more is what happened then.
func reopen(ws, decision string, closesAt time.Time, more ...any) *commandv1.CorrectDecision {
	c := &commandv1.CorrectDecision{Workspace: ws, Decision: decision, Reason: &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{KeyId: []byte("key-of-16-bytes!"), Version: 1, Ciphertext: []byte("words")}}}}
	for _, s := range append(steps(ws, decision, closesAt), more...) {
		c.Steps = append(c.Steps, command(s))
	}
	return c
}

// closing is a commit that closed a vote.
type closing struct {
	*eventv1.Commit
	event *eventv1.VotingClosed
}

// closings gives the commits that closed a vote, in order.
func (w *world) closings(ws, decision string) (all []closing) {
	w.Helper()
	commits, err := w.log.Load(context.Background(), ws, "decision", decision, 0)
	if err != nil {
		w.Fatal(err)
	}
	for _, r := range commits {
		for _, e := range r.Commit.Events {
			if c := e.GetVotingClosed(); c != nil {
				all = append(all, closing{r.Commit, c})
			}
		}
	}
	return all
}

func (w *world) closed(ws, decision string) func() bool {
	return func() bool { return len(w.closings(ws, decision)) > 0 }
}

// wantOnce checks that a vote was closed by the clerk, once, and not before its deadline.
func (w *world) wantOnce(ws, decision string, closesAt time.Time) {
	w.Helper()
	all := w.closings(ws, decision)
	if len(all) != 1 {
		w.Fatalf("closed %d times, want once", len(all))
	}
	c := all[0]
	if at := c.RecordedAt.AsTime(); at.Before(closesAt) {
		w.Errorf("closed %v before its deadline", closesAt.Sub(at))
	}
	if !c.event.ByDeadline || c.Actor.GetCapacity() != eventv1.Capacity_CAPACITY_CLERK {
		w.Errorf("not closed by the clerk: %v", c.Commit)
	}
}

func (w *world) wantNoTimer(decision string) {
	w.Helper()
	for _, kind := range []string{"timer.at.dsm.", "timer.due.dsm."} {
		if w.message(kind+decision) > 0 {
			w.Errorf("there is a %s%s", kind, decision)
		}
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !errors.Is(err, decider.Refuse(code)) {
		t.Errorf("got %v, want %s", err, code)
	}
}

// said is what was logged.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *said) has(text string) func() bool {
	return func() bool { return strings.Contains(s.String(), text) }
}

func (s *said) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
