package views

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/eventlog"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// house is a log and the views that read it. It stands for the ledger, which appends in the same way; no text in it is sealed, so that
// nobody has to open any.
type house struct {
	t     testing.TB
	log   *eventlog.Log
	views *Views
	all   map[aggregate.Key]*aggregate.Aggregate
	seq   uint64
	now   time.Time
	// another starts views of the same log on another folder.
	another func(dir string) *Views
}

func newHouse(t testing.TB) *house {
	t.Helper()
	server, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Temporary: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Shutdown)
	writer, err := server.Connect(bus.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(writer.Close)
	reader, err := server.Connect(bus.Views)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	log, err := eventlog.New(writer)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, log: log, all: map[aggregate.Key]*aggregate.Aggregate{}, now: decidertest.Now}
	if err := log.Create(context.Background(), "dsm"); err != nil {
		t.Fatal(err)
	}
	h.another = func(dir string) *Views {
		t.Helper()
		v, err := Start(context.Background(), Options{Conn: reader, Reader: reader, Dir: dir, Version: "0.0.1", Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	h.views = h.another(t.TempDir())
	t.Cleanup(func() { _ = h.views.Stop() })
	return h
}

func (h *house) load(k aggregate.Key) (*aggregate.Aggregate, error) {
	if h.all[k] == nil {
		h.all[k] = aggregate.New(k)
	}
	return h.all[k], nil
}

// do decides and appends commands, given by their bodies, a minute after one another.
func (h *house) do(bodies ...proto.Message) {
	h.t.Helper()
	for _, body := range bodies {
		h.now = h.now.Add(time.Minute)
		cmd := decidertest.Command(body)
		_, key, err := aggregate.Of(cmd)
		if err != nil {
			h.t.Fatal(err)
		}
		a, _ := h.load(key)
		events, err := aggregate.Decide(a, cmd, h.load, h.now)
		if err != nil || len(events) == 0 {
			h.t.Fatalf("%v gives %v, %v", cmd, events, err)
		}
		c := &eventv1.Commit{Id: uuid.Must(uuid.NewV7()).String(), Aggregate: string(key.Kind), AggregateId: key.ID, Version: a.Version + 1, RecordedAt: timestamppb.New(h.now), Schema: 1, Events: events}
		if h.seq, err = h.log.Append(context.Background(), "dsm", c, a.Seq); err != nil {
			h.t.Fatal(err)
		}
		if err := a.Apply(h.seq, c); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) session() *apiv1.SessionView {
	h.t.Helper()
	view, err := h.views.getSession(context.Background(), &apiv1.GetSessionRequest{Workspace: "dsm", Session: "csm:s1", AtLeastSequence: h.seq})
	if err != nil {
		h.t.Fatal(err)
	}
	return view
}

// gathered is a house in which a session goes on: two users (one has left), a professional, and somebody who declared nothing.
func gathered(t testing.TB) *house {
	h := newHouse(t)
	h.do(&commandv1.FoundWorkspace{Workspace: "dsm"}, &commandv1.OpenInitiative{Workspace: "dsm", Initiative: "csm"},
		&commandv1.EnrolParticipants{Workspace: "dsm", Initiative: "csm", Enrolments: []*commandv1.Enrolment{
			{Participant: "u1", Constituency: "user"}, {Participant: "u2", Constituency: "user"}, {Participant: "p1", Constituency: "professional"}, {Participant: "x1"}, {Participant: "f1", Constituency: "family"}}},
		&commandv1.PrepareSession{Workspace: "dsm", Session: "csm:s1", Minutes: 90},
		&commandv1.ProposeItem{Workspace: "dsm", Item: "csm:i1", ProposedBy: "u1", Minutes: 20},
		&commandv1.SetAgenda{Workspace: "dsm", Session: "csm:s1", Items: []string{"csm:i1"}},
		&commandv1.SeatParticipants{Workspace: "dsm", Session: "csm:s1", Seats: []*eventv1.ParticipantSeated{{Participant: "u1"}, {Participant: "u2"}, {Participant: "p1"}, {Participant: "x1"}}},
		&commandv1.UnseatParticipant{Workspace: "dsm", Session: "csm:s1", Participant: "u2"},
		&commandv1.OpenSession{Workspace: "dsm", Session: "csm:s1"})
	return h
}

func turn(who string, seconds uint32) []proto.Message {
	return []proto.Message{&commandv1.GiveFloor{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: who},
		&commandv1.ReturnFloor{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: who, Seconds: seconds}}
}

func raise(who string) *commandv1.RaiseHand {
	return &commandv1.RaiseHand{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: who}
}

func TestASessionShowsWhereItIsAndWhoSpeaks(t *testing.T) {
	h := gathered(t)
	if view := h.session(); view.CurrentItem != "" || view.Floor != nil || view.Session.Minutes != 90 || view.Items[0].Minutes != 20 {
		t.Errorf("before anything: %v", view)
	}
	h.do(&commandv1.SetCurrentItem{Workspace: "dsm", Session: "csm:s1", Item: "csm:i1"}, &commandv1.PauseSession{Workspace: "dsm", Session: "csm:s1"})
	h.do(turn("p1", 60)...)
	h.do(raise("p1"), raise("x1"), raise("u1"), &commandv1.GiveFloor{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: "x1"})
	since := h.now
	view := h.session()
	want := &apiv1.FloorView{Speaking: "x1", Since: timestamppb.New(since), Hands: []string{"p1", "u1"}, Suggested: "u1", SuggestedBecause: string(item.PerspectiveHeardLess)}
	if diff := decidertest.Differ(want, view.Floor); diff != "" || view.CurrentItem != "csm:i1" || !view.Paused {
		t.Errorf("at %q, paused %v; the floor, wanted (-) and got (+):\n%s", view.CurrentItem, view.Paused, diff)
	}
	h.do(&commandv1.CloseSession{Workspace: "dsm", Session: "csm:s1"})
	if view := h.session(); view.CurrentItem != "" || view.Paused || view.Floor != nil {
		t.Errorf("after the close: %v", view)
	}
}

func TestSpeakingTimeIsShownForWhoSpokeAndEveryPerspectiveInTheRoom(t *testing.T) {
	h := gathered(t)
	h.do(turn("p1", 60)...)
	h.do(turn("u2", 30)...) // who has left has spoken
	h.do(turn("p1", 15)...)
	want := []*apiv1.TalkTime{
		{Who: "u2", Seconds: 30, Contributions: 1, People: 1},
		{Who: "p1", Seconds: 75, Contributions: 2, People: 1},
		{Who: "constituency:user", Seconds: 30, Contributions: 1, People: 1},
		{Who: "constituency:professional", Seconds: 75, Contributions: 2, People: 1},
		{Who: "constituency:undeclared", People: 1},
	}
	if diff := decidertest.Differ(want, h.session().Talk); diff != "" {
		t.Errorf("wanted (-) and got (+):\n%s", diff)
	}
	h.do(turn("f1", 10)...) // from outside the room
	if talk := h.session().Talk; !slices.ContainsFunc(talk, func(l *apiv1.TalkTime) bool {
		return l.Who == "constituency:family" && l.Seconds == 10 && l.People == 0
	}) {
		t.Errorf("who speaks from outside the room is not heard: %v", talk)
	}
}

func TestAnApprovalIsOfTheMinutesAsTheyStood(t *testing.T) {
	h := gathered(t)
	pose := &commandv1.PoseDecision{Workspace: "dsm", Decision: "csm:s1:d1", Item: "csm:i1"}
	approve := func(who string) *commandv1.ApproveMinutes {
		return &commandv1.ApproveMinutes{Workspace: "dsm", Session: "csm:s1", Participant: who}
	}
	h.do(append(turn("p1", 60), pose, &commandv1.CloseSession{Workspace: "dsm", Session: "csm:s1"})...)
	closed := h.seq
	stands := func(what string, since uint64, by ...string) {
		t.Helper()
		if view := h.session(); view.MinutesSequence != since || !slices.Equal(view.ApprovedBy, by) {
			t.Errorf("%s: minutes since %d approved by %v, want since %d by %v", what, view.MinutesSequence, view.ApprovedBy, since, by)
		}
	}
	h.do(approve("u2"), approve("p1"))
	stands("approved", closed, "u2", "p1")
	h.do(&commandv1.ProposeItem{Workspace: "dsm", Item: "csm:i2"})
	stands("after something else", closed, "u2", "p1")
	for _, change := range []proto.Message{
		&commandv1.WordContribution{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Number: 1, By: "p1", Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE},
		&commandv1.WriteCharter{Workspace: "dsm", Decision: "csm:s1:d1", Charter: &eventv1.Charter{}},
		&commandv1.CorrectContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1"},
	} {
		h.do(change)
		stands(string(change.ProtoReflect().Descriptor().Name()), h.seq)
		h.do(approve("p1"))
		stands("approved again", h.seq-1, "p1")
	}
	h.do(&commandv1.CorrectSession{Workspace: "dsm", Session: "csm:s1", OpenedAt: timestamppb.New(h.now), ClosedAt: timestamppb.New(h.now)})
	stands("the session corrected", h.seq)
}

func TestAnInitiativeShowsConsentsAndWhetherItIsPublic(t *testing.T) {
	h := gathered(t)
	h.do(&commandv1.StateConsents{Workspace: "dsm", Initiative: "csm", Participant: "u2", Consents: []*eventv1.ConsentStated{{Consent: "research", Version: 1, Given: true}, {Consent: "name_in_minutes", Version: 1}}},
		&commandv1.StateConsents{Workspace: "dsm", Initiative: "csm", Participant: "u2", Consents: []*eventv1.ConsentStated{{Consent: "research", Version: 2}}},
		&commandv1.SetPublication{Workspace: "dsm", Initiative: "csm", Public: true})
	view, err := h.views.getInitiative(context.Background(), &apiv1.GetInitiativeRequest{Workspace: "dsm", Initiative: "csm", AtLeastSequence: h.seq})
	if err != nil {
		t.Fatal(err)
	}
	want := []*eventv1.ConsentStated{{Participant: "u2", Consent: "research", Version: 2}, {Participant: "u2", Consent: "name_in_minutes", Version: 1}}
	if diff := decidertest.Differ(want, view.Participants[1].Consents); diff != "" || !view.Public || len(view.Participants[0].Consents) != 0 {
		t.Errorf("public %v; consents, wanted (-) and got (+):\n%s", view.Public, diff)
	}
}

func TestAWordingIsEarlierOnlyWhenTheWordsWereOthers(t *testing.T) {
	i := &item.State{}
	for n, title := range []string{"bus", "bus", "shuttle", "shuttle", "taxi", "taxi"} { // each description seals its words anew
		sealed := &eventv1.Sealed{Ciphertext: []byte(title), Version: uint32(n)}
		var fact proto.Message = &eventv1.ItemDescribed{Title: sealed}
		if n == 0 {
			fact = &eventv1.ItemProposed{Title: sealed}
		}
		item.Evolve(i, decider.Fact{Event: decidertest.At(decidertest.Now.Add(time.Duration(n)*time.Hour), fact)})
	}
	open := func(w decider.Words) string { return strings.ToUpper(string(w.Sealed.GetCiphertext())) }
	want := []*apiv1.WordingView{{Title: "BUS", Until: timestamppb.New(decidertest.Now.Add(2 * time.Hour))}, {Title: "SHUTTLE", Until: timestamppb.New(decidertest.Now.Add(4 * time.Hour))}}
	if diff := decidertest.Differ(want, wordingsOf(i, open)); diff != "" {
		t.Errorf("wanted (-) and got (+):\n%s", diff)
	}
}

// What kind of contribution something was may be said later. The record as it stood before shows the role as it stood then.
func TestARoleAsItStoodKnowsNothingOfWhatWasSaidOfAContributionLater(t *testing.T) {
	h := gathered(t)
	decision := "csm:s1:d1"
	h.do(append(turn("u1", 60), &commandv1.PoseDecision{Workspace: "dsm", Decision: decision, Item: "csm:i1"},
		&commandv1.WriteCharter{Workspace: "dsm", Decision: decision, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY, Base: eventv1.Base_BASE_CAST, Tie: eventv1.Tie_TIE_DEFER, Threshold: &eventv1.Threshold{Of: &eventv1.Threshold_Majority{Majority: true}}}}},
		&commandv1.OpenVoting{Workspace: "dsm", Decision: decision, Electors: []*eventv1.Elector{{Participant: "p1", Standing: eventv1.Standing_STANDING_BINDING_VOTE, Present: true, Weight: 1}, {Participant: "u1", Standing: eventv1.Standing_STANDING_CONSULTED, Present: true, Weight: 1}}},
		&commandv1.CastBallots{Workspace: "dsm", Decision: decision, Ballots: []*eventv1.BallotCast{{Participant: "p1", Choice: eventv1.Choice_CHOICE_FOR}}},
		&commandv1.CloseVoting{Workspace: "dsm", Decision: decision})...)
	before := h.now
	h.do(&commandv1.WordContribution{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Number: 1, By: "u1", Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE})
	for asOf, reason := range map[time.Time]string{before: string(role.VoiceOnly), h.now: string(role.AdviceGiven)} {
		list, err := h.views.listRoles(context.Background(), &apiv1.ListRolesRequest{Workspace: "dsm", Decision: decision, Who: "u1", AsOf: timestamppb.New(asOf), AtLeastSequence: h.seq})
		if err != nil || len(list.Decisions) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		j := list.Decisions[0].Roles[0]
		if j.Reason != reason || slices.Contains(j.Evidence, h.seq) != (reason == string(role.AdviceGiven)) {
			t.Errorf("as of %v: %v, want %s", asOf, j, reason)
		}
	}
}

// A question about one workspace that names none is refused and breaks nothing.
func TestAQuestionAboutNoWorkspaceIsRefused(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	for name, ask := range map[string]func() error{
		"initiative":    func() error { _, err := h.views.getInitiative(ctx, &apiv1.GetInitiativeRequest{}); return err },
		"session":       func() error { _, err := h.views.getSession(ctx, &apiv1.GetSessionRequest{}); return err },
		"decision":      func() error { _, err := h.views.getDecision(ctx, &apiv1.GetDecisionRequest{}); return err },
		"contributions": func() error { _, err := h.views.listContributions(ctx, &apiv1.ListContributionsRequest{}); return err },
		"minutes":       func() error { _, err := h.views.exportMinutes(ctx, &apiv1.ExportMinutesRequest{}); return err },
		"why":           func() error { _, err := h.views.why(ctx, &apiv1.WhyRequest{}); return err },
		"entries":       func() error { _, err := h.views.feedEntries(ctx, &feedv1.FeedEntriesRequest{}); return err },
	} {
		if err := ask(); decider.CodeOf(err) != "workspace/unknown" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if none, err := h.views.recorded(ctx, &apiv1.RecordedRequest{CaughtUp: true}); err != nil || none.Sequence != 0 {
		t.Errorf("what an import compares with: %v, %v", none, err)
	}
}
