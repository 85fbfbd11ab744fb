package sealing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/sealing"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// people answers people.seal on a real bus: the "sealed" bytes are the text itself behind a mark, so that a test sees what went where.
type people struct {
	nc       *nats.Conn
	requests []*peoplev1.SealRequest
	answer   func(*peoplev1.SealRequest) (*peoplev1.SealResponse, error)
}

func start(t *testing.T) *people {
	t.Helper()
	s, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Temporary: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	p := &people{answer: mark}
	at, err := s.Connect(bus.People)
	if err != nil {
		t.Fatal(err)
	}
	stop, err := bus.Serve(at, bus.People, "0.0.0", map[string]bus.Handler{"people.seal": func(_ context.Context, data []byte) ([]byte, error) {
		q := &peoplev1.SealRequest{}
		if err := proto.Unmarshal(data, q); err != nil {
			return nil, err
		}
		p.requests = append(p.requests, q)
		a, err := p.answer(q)
		if err != nil {
			return nil, err
		}
		return proto.Marshal(a)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if p.nc, err = s.Connect(bus.Gateway); err != nil {
		t.Fatal(err)
	}
	return p
}

func mark(q *peoplev1.SealRequest) (*peoplev1.SealResponse, error) {
	a := &peoplev1.SealResponse{}
	for _, w := range q.Words {
		a.Sealed = append(a.Sealed, &eventv1.Sealed{Version: 1, Ciphertext: []byte("sealed:" + w.Text)})
	}
	return a, nil
}

func clear(s string) *commandv1.Text {
	return &commandv1.Text{Form: &commandv1.Text_Clear{Clear: s}}
}

func sealed(s string) *commandv1.Text {
	return &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{Version: 1, Ciphertext: []byte("sealed:" + s)}}}
}

func enrol(text func(string) *commandv1.Text) *commandv1.Command {
	return &commandv1.Command{Id: "c1", Of: &commandv1.Command_EnrolParticipants{EnrolParticipants: &commandv1.EnrolParticipants{
		Workspace: "dsm", Initiative: "orari", Enrolments: []*commandv1.Enrolment{
			{Participant: "p-1", Ref: text("u1"), Name: text("Ada")},
			{Participant: "p-2", Ref: text("u2")},
		},
	}}}
}

func correct(text func(string) *commandv1.Text) *commandv1.Command {
	return &commandv1.Command{Id: "c2", Of: &commandv1.Command_CorrectDecision{CorrectDecision: &commandv1.CorrectDecision{
		Workspace: "dsm", Decision: "orari:s:d", Reason: text("letta male"), Steps: []*commandv1.Command{
			{Id: "not-used", Of: &commandv1.Command_PoseDecision{PoseDecision: &commandv1.PoseDecision{Question: text("Aprire?")}}},
			{Of: &commandv1.Command_ContestMinutes{ContestMinutes: &commandv1.ContestMinutes{By: "p-1", Text: text("non c'ero")}}},
		},
	}}}
}

func TestEveryTextOfABatchIsSealedWithOneRequestThatSaysWhoseItIs(t *testing.T) {
	p := start(t)
	commands := []*commandv1.Command{enrol(clear), correct(clear)}
	if err := sealing.Seal(t.Context(), p.nc, "dsm", commands...); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]*commandv1.Command{enrol(sealed), correct(sealed)}, commands, protocmp.Transform()); d != "" {
		t.Errorf("sealed commands (-want +got):\n%s", d)
	}
	if len(p.requests) != 1 || p.requests[0].Workspace != "dsm" {
		t.Fatalf("requests: %v, want one of workspace dsm", p.requests)
	}
	var got []string
	for _, w := range p.requests[0].Words {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", w.Subject, w.Commit, w.Field, w.Text))
	}
	slices.Sort(got)
	want := []string{"p-1|c1|name|Ada", "p-1|c1|ref|u1", "p-1|c2|text|non c'ero", "p-2|c1|ref|u2", "|c2|question|Aprire?", "|c2|reason|letta male"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("words asked to be sealed (-want +got):\n%s", d)
	}
}

func TestAnEmptyTextIsTakenAwayAndNobodyIsAsked(t *testing.T) {
	p := start(t)
	c := &commandv1.Command{Id: "c1", Of: &commandv1.Command_NameParticipant{NameParticipant: &commandv1.NameParticipant{Participant: "p-1", Name: clear("")}}}
	if err := sealing.Seal(t.Context(), p.nc, "dsm", c); err != nil {
		t.Fatal(err)
	}
	if c.GetNameParticipant().Name != nil || len(p.requests) != 0 {
		t.Errorf("name %v, %d requests; want none of either", c.GetNameParticipant().Name, len(p.requests))
	}
}

func TestWhatCannotBeSealedIsRefusedAndNothingChanges(t *testing.T) {
	p := start(t)
	act := func(a *eventv1.ActRecorded) *commandv1.Command {
		return &commandv1.Command{Id: "c1", Of: &commandv1.Command_RecordAct{RecordAct: &commandv1.RecordAct{Act: a, Reason: clear("perché")}}}
	}
	nested := correct(clear)
	nested.GetCorrectDecision().Steps[0].GetPoseDecision().Question = sealed("x")
	anonymous := enrol(clear)
	anonymous.Id = ""
	for _, c := range []struct {
		name, code string
		command    *commandv1.Command
		answer     func(*peoplev1.SealRequest) (*peoplev1.SealResponse, error)
	}{
		{"a text sealed by the client", "command/sealed-by-client", enrol(sealed), mark},
		{"a sealed text deep in a step", "command/sealed-by-client", nested, mark},
		{"sealed words in an event within the command", "command/sealed-by-client", act(&eventv1.ActRecorded{Reason: &eventv1.Sealed{Version: 1}}), mark},
		{"a command without an id", "command/without-id", anonymous, mark},
		{"people refuses", "vault/not-text", act(&eventv1.ActRecorded{}), func(*peoplev1.SealRequest) (*peoplev1.SealResponse, error) {
			return nil, decider.Refuse("vault/not-text")
		}},
		{"people answers too little", "bus/internal", act(&eventv1.ActRecorded{}), func(*peoplev1.SealRequest) (*peoplev1.SealResponse, error) {
			return &peoplev1.SealResponse{}, nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.answer = c.answer
			before := proto.Clone(c.command)
			err := sealing.Seal(t.Context(), p.nc, "dsm", c.command)
			if decider.CodeOf(err) != c.code {
				t.Errorf("error %v, want %s", err, c.code)
			}
			if d := cmp.Diff(before, c.command, protocmp.Transform()); d != "" {
				t.Errorf("the command changed:\n%s", d)
			}
		})
	}
}

func TestWithoutPeopleNothingIsSealed(t *testing.T) {
	s, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Temporary: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	nc, err := s.Connect(bus.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	c := enrol(clear)
	if err := sealing.Seal(t.Context(), nc, "dsm", c); !errors.Is(err, decider.Refuse(bus.CodeUnavailable)) {
		t.Errorf("error %v, want %s", err, bus.CodeUnavailable)
	}
	if c.GetEnrolParticipants().Enrolments[0].Ref.GetClear() != "u1" {
		t.Error("the command changed")
	}
}

// TestEveryTextOfTheContractHasAnOwnerThatExists reads the contract itself, so that a new command cannot bring a text that Seal would not find.
func TestEveryTextOfTheContractHasAnOwnerThatExists(t *testing.T) {
	text := (*commandv1.Text)(nil).ProtoReflect().Descriptor().FullName()
	texts := 0
	seen := map[protoreflect.FullName]bool{}
	var look func(protoreflect.MessageDescriptor)
	look = func(m protoreflect.MessageDescriptor) {
		if seen[m.FullName()] {
			return
		}
		seen[m.FullName()] = true
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			if f.Message() == nil {
				continue
			}
			if f.Message().FullName() != text {
				look(f.Message())
				continue
			}
			texts++
			if f.Cardinality() == protoreflect.Repeated {
				t.Errorf("%s: a text may not be repeated", f.FullName())
			}
			owner := proto.GetExtension(f.Options(), commandv1.E_WordsOf).(string)
			if of := m.Fields().ByName(protoreflect.Name(owner)); owner != "" && (of == nil || of.Kind() != protoreflect.StringKind) {
				t.Errorf("%s: words_of names %q, which is not a string field beside it", f.FullName(), owner)
			}
		}
	}
	look((*commandv1.Command)(nil).ProtoReflect().Descriptor())
	if texts < 15 {
		t.Errorf("found %d texts in the contract, fewer than there are", texts)
	}
}
