// Package decidertest writes tests of deciders the way rules are told: given what happened, when somebody asks for something, then this
// happens, or it is refused.
//
//	given(&eventv1.ItemProposed{}).When(&commandv1.WithdrawItem{}).Then(&eventv1.ItemWithdrawn{})
//	given().When(&commandv1.WithdrawItem{}).Refused("item/unknown")
//
// Beside what the scenario says, every When checks what must hold of any decider: commands and events survive the wire, Decide leaves the
// state alone, and the history folded once more gives the same state. When something fails, the whole scenario is printed.
//
// Not here: scenarios of several aggregates at once; those go through package aggregate.
package decidertest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Now is when every fact without a time of its own happened, and when every command without one is decided.
var Now = time.Date(2026, 3, 5, 16, 0, 0, 0, time.UTC)

// Rules are the two functions of a decider with state S. The zero S is the state before anything happened.
type Rules[S any] struct {
	Decide func(s *S, cmd *commandv1.Command) ([]*eventv1.Event, error)
	Evolve func(s *S, f decider.Fact)
}

// Scenario is a history of which something may be asked.
type Scenario[S any] struct {
	t       testing.TB
	rules   Rules[S]
	history []*eventv1.Event
}

// For begins a scenario before anything happened.
func For[S any](t testing.TB, rules Rules[S]) Scenario[S] { return Scenario[S]{t: t, rules: rules} }

// At dates a fact otherwise than Now.
func At(when time.Time, fact proto.Message) *eventv1.Event {
	return eventv1.NewEvent(timestamppb.New(when), fact)
}

// Given adds facts to the history; an *eventv1.Event keeps its own time.
func (s Scenario[S]) Given(facts ...proto.Message) Scenario[S] {
	s.history = append([]*eventv1.Event{}, s.history...)
	for _, f := range facts {
		s.history = append(s.history, event(f))
	}
	return s
}

func event(fact proto.Message) *eventv1.Event {
	if e, ok := fact.(*eventv1.Event); ok {
		return e
	}
	return At(Now, fact)
}

// Outcome is what came of a command.
type Outcome struct {
	t        testing.TB
	scenario string
	events   []*eventv1.Event
	err      error
}

// State folds the history from its bytes, as a reader of the log would, one commit an event.
func (s Scenario[S]) State() *S {
	s.t.Helper()
	state := new(S)
	for i, e := range s.history {
		s.rules.Evolve(state, decider.Fact{Seq: uint64(i + 1), Commit: fmt.Sprint("c", i+1), Event: wire(s.t, e)})
	}
	return state
}

// When asks for something: the body of a command, or a whole *commandv1.Command.
func (s Scenario[S]) When(asked proto.Message) Outcome {
	s.t.Helper()
	cmd, ok := asked.(*commandv1.Command)
	if !ok {
		cmd = Command(asked)
	}
	cmd = wire(s.t, cmd)
	kept, state := proto.CloneOf(cmd), s.State()
	o := Outcome{t: s.t, scenario: s.told(cmd)}
	o.events, o.err = s.rules.Decide(state, cmd)
	if diff := Differ(s.State(), state); diff != "" {
		s.t.Fatalf("%sDecide changed the state:\n%s", o.scenario, diff)
	}
	if diff := Differ(kept, cmd); diff != "" {
		s.t.Fatalf("%sDecide changed the command:\n%s", o.scenario, diff)
	}
	for i, e := range o.events {
		o.events[i] = wire(s.t, e)
	}
	return o
}

// Then wants exactly these facts, and none when none are given. The time of a fact is compared only when it is stated.
func (o Outcome) Then(facts ...proto.Message) {
	o.t.Helper()
	if o.err != nil {
		o.t.Fatalf("%srefused: %v", o.scenario, o.err)
	}
	var want []*eventv1.Event
	for i, f := range facts {
		e := event(f)
		if _, dated := f.(*eventv1.Event); !dated && i < len(o.events) {
			e.OccurredAt = o.events[i].OccurredAt
		}
		want = append(want, wire(o.t, e))
	}
	if diff := Differ(want, o.events); diff != "" {
		o.t.Fatalf("%swant (-) and got (+) differ:\n%s", o.scenario, diff)
	}
}

// Refused wants a refusal with this code and no event.
func (o Outcome) Refused(code string) {
	o.t.Helper()
	var r *decider.Refusal
	switch {
	case o.err == nil:
		o.t.Fatalf("%swant refused %s, got %s", o.scenario, code, names(o.events))
	case !errors.As(o.err, &r) || r.Code != code:
		o.t.Fatalf("%swant refused %s, got %v", o.scenario, code, o.err)
	case len(o.events) > 0:
		o.t.Fatalf("%srefused %s, and yet it gives %s", o.scenario, code, names(o.events))
	}
}

// Answer is what came of a function that can refuse and is no decider.
type Answer struct {
	T   testing.TB
	Err error
}

// Refused wants a refusal with this code.
func (a Answer) Refused(code string) {
	a.T.Helper()
	var r *decider.Refusal
	if !errors.As(a.Err, &r) || r.Code != code {
		a.T.Errorf("want refused %s, got %v", code, a.Err)
	}
}

// Command wraps the body of a command. It panics when the message is none: a test asks for something that does not exist.
func Command(body proto.Message) *commandv1.Command {
	cmd := &commandv1.Command{}
	m := cmd.ProtoReflect()
	fields := m.Descriptor().Oneofs().ByName("of").Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); f.Message() == body.ProtoReflect().Descriptor() {
			m.Set(f, protoreflect.ValueOfMessage(body.ProtoReflect()))
			return cmd
		}
	}
	panic("decidertest: not the body of a command: " + string(body.ProtoReflect().Descriptor().FullName()))
}

// Differ compares anything deeply, private fields too, messages as messages; it is empty when there is no difference.
func Differ(want, got any) string {
	return cmp.Diff(want, got, protocmp.Transform(), cmp.Exporter(func(reflect.Type) bool { return true }))
}

// wire gives a message as it comes out at the other end.
func wire[M proto.Message](t testing.TB, m M) M {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatalf("%v: %v", m, err)
	}
	back := m.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(raw, back); err != nil {
		t.Fatalf("%v: %v", m, err)
	}
	return back.(M)
}

// told is the scenario in words.
func (s Scenario[S]) told(cmd *commandv1.Command) string {
	var b strings.Builder
	b.WriteString("\n")
	for i, e := range s.history {
		fmt.Fprintf(&b, "%-6s%v\n", map[bool]string{true: "given"}[i == 0], e)
	}
	fmt.Fprintf(&b, "%-6s%v\n", "when", cmd)
	return b.String()
}

func names(events []*eventv1.Event) string {
	if len(events) == 0 {
		return "nothing"
	}
	var all []string
	for _, e := range events {
		all = append(all, e.Name())
	}
	return strings.Join(all, ", ")
}
