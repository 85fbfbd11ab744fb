package eventlog_test

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// withUnknown gives a message an unknown field.
func withUnknown[M proto.Message](m M) M {
	m.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 2047, protowire.VarintType), 1))
	return m
}

func TestDecodeKnowsTheWholeCommitOrRefusesIt(t *testing.T) {
	for name, change := range map[string]func(*eventv1.Commit){
		"no events":                 func(c *eventv1.Commit) { c.Events = nil },
		"an event without a fact":   func(c *eventv1.Commit) { c.Events = append(c.Events, &eventv1.Event{}) },
		"a field of the commit":     func(c *eventv1.Commit) { withUnknown(c) },
		"a field of the actor":      func(c *eventv1.Commit) { withUnknown(c.Actor) },
		"a field of a time":         func(c *eventv1.Commit) { withUnknown(c.RecordedAt) },
		"a field of an event":       func(c *eventv1.Commit) { withUnknown(c.Events[0]) },
		"a field of a fact":         func(c *eventv1.Commit) { withUnknown(c.Events[0].GetBallotCast()) },
		"a value in an enumeration": func(c *eventv1.Commit) { c.Events[0].GetBallotCast().Choice = 77 },
	} {
		c := commit("d0", 1)
		change(c)
		data, err := proto.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := eventlog.Decode("log.w.decision.d0", data); decider.CodeOf(err) != eventlog.CodeUnknownEvent {
			t.Errorf("unknown %s: %v, %v", name, got, err)
		}
	}
	c := commit("d0", 1)
	data, err := proto.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := eventlog.Decode("log.w.decision.d0", data)
	if err != nil || !proto.Equal(got, c) {
		t.Errorf("got %v, %v", got, err)
	}
}

// Every fact of the schema must pass, or a log could not be read back.
func TestDecodeKnowsEveryFactOfTheSchema(t *testing.T) {
	facts := (&eventv1.Event{}).ProtoReflect().Descriptor().Oneofs().ByName("fact").Fields()
	if facts.Len() < 30 {
		t.Fatalf("only %d facts", facts.Len())
	}
	for i := range facts.Len() {
		c := commit("d0", 1)
		e := c.Events[0].ProtoReflect()
		e.Set(facts.Get(i), e.NewField(facts.Get(i)))
		data, err := proto.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := eventlog.Decode("log.w.decision.d0", data); err != nil {
			t.Errorf("%s: %v", facts.Get(i).Name(), err)
		}
	}
}

func FuzzCommit(f *testing.F) {
	good := commit("d0", 1)
	for _, c := range []*eventv1.Commit{good, {}, {Events: []*eventv1.Event{{}}}, withUnknown(commit("d0", 2)), sized("d0", 3, 500)} {
		data, err := proto.Marshal(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("log.w.decision.d0", data)
	}
	f.Add("log.", []byte{0x52, 0x80, 0x80, 0x80, 0x80, 0x80})
	f.Add("", []byte(nil))
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		c, err := eventlog.Decode(subject, data)
		if err != nil {
			if decider.CodeOf(err) != eventlog.CodeUnknownEvent || c != nil {
				t.Fatalf("refused as %v with %v", err, c)
			}
			return
		}
		if len(c.Events) == 0 {
			t.Fatal("a commit without events passed")
		}
		for _, e := range c.Events {
			if e.Fact == nil || len(e.ProtoReflect().GetUnknown()) > 0 {
				t.Fatal("an event passed that is not known")
			}
		}
		// What was accepted says the same when it is written again.
		again, err := proto.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := eventlog.Decode(subject, again); err != nil || !proto.Equal(c, back) {
			t.Fatalf("written again it is %v, %v", back, err)
		}
	})
}
