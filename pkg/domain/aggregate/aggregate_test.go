package aggregate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/aggregate"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// laid is a table with a workspace, an initiative with u1 in it, a session and an item.
func laid(t *testing.T) *table {
	t.Helper()
	x := newTable()
	for _, body := range []proto.Message{
		&commandv1.FoundWorkspace{Workspace: "dsm"},
		&commandv1.OpenInitiative{Workspace: "dsm", Initiative: "csm"},
		&commandv1.OpenInitiative{Workspace: "dsm", Initiative: "other"},
		&commandv1.EnrolParticipants{Workspace: "dsm", Initiative: "csm", Enrolments: []*commandv1.Enrolment{{Participant: "u1", Constituency: "user"}}},
		&commandv1.PrepareSession{Workspace: "dsm", Session: "csm:s1"},
		&commandv1.PrepareSession{Workspace: "dsm", Session: "other:s1"},
		&commandv1.ProposeItem{Workspace: "dsm", Item: "csm:i1", ProposedBy: "u1"},
		&commandv1.ProposeItem{Workspace: "dsm", Item: "other:i1"},
	} {
		x.when(t, body).Accepted()
	}
	return x
}

var pose = &commandv1.PoseDecision{Workspace: "dsm", Decision: "csm:s1:d1", Item: "csm:i1"}

// example is an id of each kind.
var example = map[aggregate.Kind]string{
	aggregate.Workspace: "dsm", aggregate.Initiative: "csm", aggregate.Session: "csm:s1", aggregate.Item: "csm:i1", aggregate.Decision: "csm:s1:d1",
}

// bodies gives an empty body of every command there is.
func bodies() []proto.Message {
	var all []proto.Message
	fields := (&commandv1.Command{}).ProtoReflect().Descriptor().Oneofs().ByName("of").Fields()
	for i := range fields.Len() {
		m := (&commandv1.Command{}).ProtoReflect().NewField(fields.Get(i)).Message()
		all = append(all, m.Interface())
	}
	return all
}

func TestEveryCommandSaysWhichAggregateItIsFor(t *testing.T) {
	kinds := map[aggregate.Kind]int{}
	for _, body := range bodies() {
		m := body.ProtoReflect()
		fields := m.Descriptor().Fields()
		m.Set(fields.ByNumber(1), protoreflect.ValueOfString("dsm"))
		kind := aggregate.Kind(fields.ByNumber(1).Name())
		if second := aggregate.Kind(fieldName(fields.ByNumber(2))); example[second] != "" {
			kind = second
			m.Set(fields.ByNumber(2), protoreflect.ValueOfString(example[second]))
		}
		ws, key, err := aggregate.Of(decidertest.Command(body))
		if err != nil || ws != "dsm" || key != (aggregate.Key{Kind: kind, ID: example[kind]}) {
			t.Errorf("%s is for %s in %q, %v", m.Descriptor().Name(), key, ws, err)
		}
		kinds[kind]++
	}
	if len(kinds) != len(example) {
		t.Errorf("commands by kind: %v", kinds)
	}
}

func fieldName(f protoreflect.FieldDescriptor) protoreflect.Name {
	if f == nil {
		return ""
	}
	return f.Name()
}

func TestAnEmptyCommandIsRefused(t *testing.T) {
	_, _, err := aggregate.Of(&commandv1.Command{})
	outcome{t, err}.Refused("command/empty")
}

func TestIDsAreWhatMayStandInASubjectAndAnAddress(t *testing.T) {
	for _, id := range []string{"", ":", "csm", "csm:", ":s1", "csm:s1:d1", "csm:s 1", "csm:s.1", "csm:*", "csm:>", "csm:-s", "csm:_s", "csm:è", "csm:" + strings.Repeat("s", 65)} {
		_, _, err := aggregate.Of(decidertest.Command(&commandv1.OpenSession{Workspace: "dsm", Session: id}))
		outcome{t, err}.Refused("id/malformed")
	}
	for _, id := range []string{"csm:s1", "csm:2026-03-05", "A:b_c", "csm:" + strings.Repeat("s", 64)} {
		_, _, err := aggregate.Of(decidertest.Command(&commandv1.OpenSession{Workspace: "dsm", Session: id}))
		outcome{t, err}.Accepted()
	}
	_, _, err := aggregate.Of(decidertest.Command(&commandv1.OpenSession{Workspace: "d.s.m", Session: "csm:s1"}))
	outcome{t, err}.Refused("id/malformed")
	_, _, err = aggregate.Of(decidertest.Command(&commandv1.FoundWorkspace{Workspace: ""}))
	outcome{t, err}.Refused("id/malformed")
	laid(t).when(t, &commandv1.SetAgenda{Workspace: "dsm", Session: "csm:s1", Items: []string{"csm:i1:d1"}}).Refused("id/malformed")
}

func TestNothingHappensOutsideAFoundedWorkspaceAndAnOpenInitiative(t *testing.T) {
	x := newTable()
	x.when(t, &commandv1.OpenInitiative{Workspace: "dsm", Initiative: "csm"}).Refused("workspace/unknown")
	x.when(t, &commandv1.FoundWorkspace{Workspace: "dsm"}).Accepted()
	for _, body := range []proto.Message{&commandv1.PrepareSession{Workspace: "dsm", Session: "csm:s1"}, &commandv1.ProposeItem{Workspace: "dsm", Item: "csm:i1"}, pose} {
		x.when(t, body).Refused("initiative/unknown")
	}
}

func TestADecisionIsPutInASessionAndOnAnItemThatExist(t *testing.T) {
	x := laid(t)
	x.when(t, &commandv1.PoseDecision{Workspace: "dsm", Decision: "csm:s9:d1", Item: "csm:i1"}).Refused("session/unknown")
	x.when(t, &commandv1.PoseDecision{Workspace: "dsm", Decision: "csm:s1:d1", Item: "csm:i9"}).Refused("item/unknown")
	x.when(t, pose).Accepted()
	correct := &commandv1.CorrectDecision{Workspace: "dsm", Decision: "csm:s1:d1", Steps: []*commandv1.Command{decidertest.Command(&commandv1.PoseDecision{Item: "csm:i9"})}}
	x.when(t, correct).Refused("item/unknown")
}

func TestContributionsAreMadeInASessionThatExists(t *testing.T) {
	x := laid(t)
	said := []*commandv1.Contribution{{By: "u1", Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_STATEMENT}}
	x.when(t, &commandv1.RecordContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s9", Contributions: said}).Refused("session/unknown")
	x.when(t, &commandv1.CorrectContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s9"}).Refused("session/unknown")
	x.when(t, &commandv1.RecordContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Contributions: said}).Accepted()
}

func TestAnAmendmentTakesUpWhatWasSaidToTheItemInTheSession(t *testing.T) {
	said := func(session string) *commandv1.RecordContributions {
		return &commandv1.RecordContributions{Workspace: "dsm", Item: "csm:i1", Session: session, Contributions: []*commandv1.Contribution{{By: "u1", Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_STATEMENT}}}
	}
	takingUp := func(number uint32) *commandv1.AmendProposal {
		return &commandv1.AmendProposal{Workspace: "dsm", Decision: d1, Text: reason, TakesUp: number}
	}
	x := newTable()
	for _, body := range tour[:6] { // up to the question
		x.when(t, body).Accepted()
	}
	x.when(t, takingUp(0)).Accepted()
	x.when(t, takingUp(1)).Refused("decision/takes-up-nothing")
	x.when(t, &commandv1.PrepareSession{Workspace: "dsm", Session: "csm:s2"}).Accepted()
	x.when(t, said("csm:s2")).Accepted()
	x.when(t, takingUp(1)).Refused("decision/takes-up-nothing")
	x.when(t, said("csm:s1")).Accepted()
	x.when(t, takingUp(1)).Accepted()
	x.when(t, takingUp(2)).Refused("decision/takes-up-nothing")
}

func TestTheFloorIsOfASessionThatGoesOn(t *testing.T) {
	x := laid(t)
	at := func(session string) (raise, give, lower, back, word proto.Message) {
		return &commandv1.RaiseHand{Workspace: "dsm", Item: "csm:i1", Session: session, Participant: "u1"},
			&commandv1.GiveFloor{Workspace: "dsm", Item: "csm:i1", Session: session, Participant: "u1"},
			&commandv1.LowerHand{Workspace: "dsm", Item: "csm:i1", Session: session, Participant: "u1"},
			&commandv1.ReturnFloor{Workspace: "dsm", Item: "csm:i1", Session: session, Participant: "u1"},
			&commandv1.WordContribution{Workspace: "dsm", Item: "csm:i1", Session: session, Number: 1, By: "u1", Text: reason}
	}
	raise, give, lower, back, word := at("csm:s9")
	for _, body := range []proto.Message{raise, give, lower, back, word} {
		x.when(t, body).Refused("session/unknown")
	}
	raise, give, lower, back, word = at("other:s1")
	for _, body := range []proto.Message{raise, give, lower, back, word} {
		x.when(t, body).Refused("id/of-another-initiative")
	}
	raise, give, lower, back, word = at("csm:s1")
	x.when(t, raise).Refused("session/not-open")
	x.when(t, give).Refused("session/not-open")
	x.when(t, lower).Accepted()
	x.when(t, &commandv1.OpenSession{Workspace: "dsm", Session: "csm:s1"}).Accepted()
	x.when(t, raise).Accepted()
	x.when(t, give).Accepted()
	x.when(t, &commandv1.CloseSession{Workspace: "dsm", Session: "csm:s1"}).Accepted()
	x.when(t, raise).Refused("session/closed")
	x.when(t, give).Refused("session/closed")
	x.when(t, back).Accepted() // whoever spoke when it closed has spoken
	x.when(t, word).Accepted()
}

func TestAMeetingTurnsToItemsOfItsOwnInitiative(t *testing.T) {
	x := laid(t)
	x.when(t, &commandv1.OpenSession{Workspace: "dsm", Session: "csm:s1"}).Accepted()
	x.when(t, &commandv1.SetAgenda{Workspace: "dsm", Session: "csm:s1", Items: []string{"csm:i1"}}).Accepted()
	turn := func(id string) outcome {
		return x.when(t, &commandv1.SetCurrentItem{Workspace: "dsm", Session: "csm:s1", Item: id})
	}
	turn("other:i1").Refused("id/of-another-initiative")
	turn("csm").Refused("id/malformed")
	turn("csm:i1").Accepted()
	turn("").Accepted()
}

func TestNothingReachesIntoAnotherInitiative(t *testing.T) {
	x := laid(t)
	x.when(t, &commandv1.PoseDecision{Workspace: "dsm", Decision: "csm:s1:d1", Item: "other:i1"}).Refused("id/of-another-initiative")
	x.when(t, &commandv1.RecordContributions{Workspace: "dsm", Item: "csm:i1", Session: "other:s1"}).Refused("id/of-another-initiative")
	x.when(t, &commandv1.SetAgenda{Workspace: "dsm", Session: "csm:s1", Items: []string{"csm:i1", "other:i1"}}).Refused("id/of-another-initiative")
	x.when(t, &commandv1.CorrectSession{Workspace: "dsm", Session: "csm:s1", Items: []string{"other:i1"}}).Refused("id/of-another-initiative")
	x.when(t, &commandv1.SetAgenda{Workspace: "dsm", Session: "csm:s1", Items: []string{"csm:i1", "csm:not-proposed-yet"}}).Accepted()
	x.when(t, &commandv1.SeatParticipants{Workspace: "dsm", Session: "other:s1", Seats: []*eventv1.ParticipantSeated{{Participant: "u1"}}}).Refused("session/not-enrolled")
}

func TestACodeThatIsInNoListIsRefusedWhereverItStands(t *testing.T) {
	x := laid(t)
	x.when(t, pose).Accepted()
	stranger := decidertest.Command(&commandv1.CloseVoting{Workspace: "dsm", Decision: "csm:s1:d1"})
	stranger.Actor = &eventv1.Actor{Capacity: 99}
	outcome{t, x.do(stranger)}.Refused("command/malformed")
	for _, body := range []proto.Message{
		&commandv1.WriteCharter{Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: 99}}},
		&commandv1.WriteCharter{Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSTITUENCIES, Constituencies: []*eventv1.ConstituencyRule{{Of: []string{"user"}, Base: 99}}}}},
		&commandv1.CastBallots{Ballots: []*eventv1.BallotCast{{Participant: "u1", Choice: 99}}},
		&commandv1.RecordAct{Act: &eventv1.ActRecorded{Kind: 99}},
		&commandv1.CorrectDecision{Steps: []*commandv1.Command{decidertest.Command(pose), decidertest.Command(&commandv1.CastBallots{Ballots: []*eventv1.BallotCast{{Choice: -1}}})}},
		&commandv1.OpenVoting{ClosesAt: &timestamppb.Timestamp{Seconds: 1 << 60}},
	} {
		m := body.ProtoReflect()
		m.Set(m.Descriptor().Fields().ByNumber(1), protoreflect.ValueOfString("dsm"))
		m.Set(m.Descriptor().Fields().ByNumber(2), protoreflect.ValueOfString("csm:s1:d1"))
		x.when(t, body).Refused("command/malformed")
	}
	x.when(t, &commandv1.SeatParticipants{Workspace: "dsm", Session: "csm:s1", Seats: []*eventv1.ParticipantSeated{{Participant: "u1", Offices: []eventv1.Office{1, 99}}}}).Refused("command/malformed")
}

func TestEveryAggregateTakesItsOwnCommandsOnly(t *testing.T) {
	x := laid(t)
	x.when(t, pose).Accepted()
	codes := map[string]bool{}
	for kind, id := range example {
		a, _ := x.load(aggregate.Key{Kind: kind, ID: id})
		for _, body := range bodies() {
			m := body.ProtoReflect()
			m.Set(m.Descriptor().Fields().ByNumber(1), protoreflect.ValueOfString("dsm"))
			own := string(fieldName(m.Descriptor().Fields().ByNumber(2))) == string(kind)
			if own || kind == aggregate.Workspace && example[aggregate.Kind(fieldName(m.Descriptor().Fields().ByNumber(2)))] == "" {
				continue
			}
			events, err := aggregate.Decide(a, decidertest.Command(body), x.load, decidertest.Now)
			if err == nil || len(events) > 0 {
				t.Errorf("%s accepts %s", kind, m.Descriptor().Name())
				continue
			}
			codes[err.Error()] = true
		}
	}
	if !codes["decision/not-its-command"] || !codes["session/not-its-command"] {
		t.Errorf("refused with %v", codes)
	}
}

func TestACommitThatDoesNotFollowIsRefusedAndFoldsNothing(t *testing.T) {
	a := aggregate.New(aggregate.Key{Kind: aggregate.Session, ID: "csm:s1"})
	prepared := []*eventv1.Event{decidertest.At(decidertest.Now, &eventv1.SessionPrepared{})}
	outcome{t, a.Apply(7, &eventv1.Commit{Id: "c1", Version: 1, Events: prepared})}.Accepted()
	before := a.Clone()
	opened := []*eventv1.Event{decidertest.At(decidertest.Now, &eventv1.SessionOpened{})}
	for _, version := range []uint64{0, 1, 3} {
		outcome{t, a.Apply(8, &eventv1.Commit{Id: "c2", Version: version, Events: opened})}.Refused("eventlog/version-gap")
	}
	newer := &eventv1.Event{}
	if err := proto.Unmarshal(protowire.AppendBytes(protowire.AppendTag(nil, 999, protowire.BytesType), nil), newer); err != nil {
		t.Fatal(err)
	}
	outcome{t, a.Apply(8, &eventv1.Commit{Id: "c2", Version: 2, Events: append(opened, newer)})}.Refused("eventlog/unknown-event")
	if diff := decidertest.Differ(before, a); diff != "" {
		t.Errorf("a refused commit left a trace:\n%s", diff)
	}
}

func TestAnAggregateRemembersItsCommits(t *testing.T) {
	x := laid(t)
	a, _ := x.load(aggregate.Key{Kind: aggregate.Session, ID: "csm:s1"})
	if seq, ok := a.Holds("c5"); !ok || seq != 5 || a.Seq != 5 || a.Version != 1 {
		t.Errorf("c5 at %d, %v; version %d at %d", seq, ok, a.Version, a.Seq)
	}
	if _, ok := a.Holds("c6"); ok {
		t.Error("it holds a commit of another session")
	}
	c := a.Clone()
	outcome{t, c.Apply(99, &eventv1.Commit{Id: "new", Version: 2, Events: []*eventv1.Event{decidertest.At(decidertest.Now, &eventv1.SessionOpened{})}})}.Accepted()
	if _, ok := a.Holds("new"); ok || a.Version != 1 {
		t.Error("a commit of the clone reached the original")
	}
}

func TestADecisionIsMadeForTheInstantItIsAskedAt(t *testing.T) {
	x := laid(t)
	a, _ := x.load(aggregate.Key{Kind: aggregate.Session, ID: "csm:s1"})
	at := decidertest.Now.Add(time.Minute)
	events, err := aggregate.Decide(a, decidertest.Command(&commandv1.OpenSession{Workspace: "dsm", Session: "csm:s1"}), x.load, at)
	if err != nil || len(events) != 1 || !events[0].OccurredAt.AsTime().Equal(at) {
		t.Errorf("%v, %v", events, err)
	}
}

func TestAnErrorOfTheLogIsPassedOn(t *testing.T) {
	broken := errors.New("the log cannot be read")
	for fails := range 4 {
		x, calls := laid(t), 0
		load := func(k aggregate.Key) (*aggregate.Aggregate, error) {
			if calls++; calls > fails {
				return nil, broken
			}
			return x.load(k)
		}
		a, _ := x.load(aggregate.Key{Kind: aggregate.Decision, ID: "csm:s1:d1"})
		if _, err := aggregate.Decide(a, decidertest.Command(pose), load, decidertest.Now); !errors.Is(err, broken) {
			t.Errorf("when reading %d fails: %v", fails+1, err)
		}
	}
}
