package minutes_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// reporter is a test, or one run of a property.
type reporter interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// held is a record in memory.
type held struct {
	t   reporter
	all map[aggregate.Key]*aggregate.Aggregate
	seq uint64
}

func (h *held) load(k aggregate.Key) (*aggregate.Aggregate, error) {
	if h.all[k] == nil {
		h.all[k] = aggregate.New(k)
	}
	return h.all[k], nil
}

// do decides commands and folds what they give, each a minute after the one before.
func (h *held) do(commands ...*commandv1.Command) {
	h.t.Helper()
	for _, c := range commands {
		_, key, err := aggregate.Of(c)
		if err != nil {
			h.t.Fatal(err)
		}
		a, _ := h.load(key)
		h.seq++
		events, err := aggregate.Decide(a, c, h.load, opening.Add(time.Duration(h.seq)*time.Minute))
		if err != nil || len(events) == 0 {
			h.t.Fatalf("%v gives %v, %v", c, events, err)
		}
		if err := a.Apply(h.seq, &eventv1.Commit{Id: fmt.Sprint("c", h.seq), Version: a.Version + 1, Events: events}); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *held) asked(bodies ...proto.Message) {
	h.t.Helper()
	for _, b := range bodies {
		h.do(decidertest.Command(b))
	}
}

func (h *held) record() *minutes.Record {
	get := func(kind aggregate.Kind, id string) *aggregate.Aggregate {
		a, _ := h.load(aggregate.Key{Kind: kind, ID: id})
		return a
	}
	r := &minutes.Record{WorkspaceID: "dsm", InitiativeID: "csm", SessionID: "s1", Workspace: get(aggregate.Workspace, "dsm").Workspace,
		Initiative: get(aggregate.Initiative, "csm").Initiative, Session: get(aggregate.Session, "csm:s1").Session}
	r.Items = []minutes.ItemRecord{{ID: "csm:i1", State: get(aggregate.Item, "csm:i1").Item}}
	r.Decisions = []minutes.DecisionRecord{{ID: "csm:s1:d1", State: get(aggregate.Decision, "csm:s1:d1").Decision}}
	return r
}

// roles are everybody's role, rule and reason.
func (h *held) roles() map[string]string {
	r := h.record()
	by := map[string]string{}
	for _, j := range role.Judge(role.NewCase(r.Decisions[0].State, r.Items[0].State, r.Session, r.Decisions[0].ClosedAt)) {
		by[j.Who] = fmt.Sprint(j.Role, " R", j.Rule, " ", j.Reason)
	}
	return by
}

// opened are the words of a text that this test "sealed".
func opened(w decider.Words) string { return string(w.Sealed.GetCiphertext()) }

func text(s string) *commandv1.Text {
	return &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{Ciphertext: []byte(s)}}}
}

// live is a session as a group holds it: turns with and without words, advice that is accepted and then taken up, an amendment, a vote.
func live(t *testing.T) *held {
	h := &held{t: t, all: map[aggregate.Key]*aggregate.Aggregate{}}
	h.asked(&commandv1.FoundWorkspace{Workspace: "dsm"}, &commandv1.OpenInitiative{Workspace: "dsm", Initiative: "csm"})
	enrol, seat := &commandv1.EnrolParticipants{Workspace: "dsm", Initiative: "csm"}, &commandv1.SeatParticipants{Workspace: "dsm", Session: "csm:s1"}
	for id, code := range map[string]string{"u1": "user", "u2": "user", "p1": "professional"} {
		enrol.Enrolments = append(enrol.Enrolments, &commandv1.Enrolment{Participant: id, Ref: text(id), Name: text("Name of " + id), Constituency: code})
		seat.Seats = append(seat.Seats, &eventv1.ParticipantSeated{Participant: id})
	}
	give := func(who string) *commandv1.GiveFloor {
		return &commandv1.GiveFloor{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: who}
	}
	record := func(c *commandv1.Contribution) *commandv1.RecordContributions {
		return &commandv1.RecordContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Contributions: []*commandv1.Contribution{c}}
	}
	const advice, proposal, statement = eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE, eventv1.ContributionKind_CONTRIBUTION_KIND_PROPOSAL, eventv1.ContributionKind_CONTRIBUTION_KIND_STATEMENT
	h.asked(enrol, &commandv1.PrepareSession{Workspace: "dsm", Session: "csm:s1", StartsAt: timestamppb.New(opening)}, &commandv1.OpenSession{Workspace: "dsm", Session: "csm:s1"}, seat,
		&commandv1.ProposeItem{Workspace: "dsm", Item: "csm:i1", Title: text("bus")}, &commandv1.SetAgenda{Workspace: "dsm", Session: "csm:s1", Items: []string{"csm:i1"}},
		give("u1"), &commandv1.ReturnFloor{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: "u1", Seconds: 40}, // 1, later said to be advice
		give("u2"), &commandv1.ReturnFloor{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Participant: "u2", Seconds: 20}, // 2, without words for ever
		&commandv1.WordContribution{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1", Number: 1, By: "u1", Kind: advice, Text: text("a bus at night")},
		record(&commandv1.Contribution{By: "p1", Kind: statement, Text: text("agreed"), Answers: 1, Reply: eventv1.Reply_REPLY_ACCEPTED}), // 3
		record(&commandv1.Contribution{By: "p1", Kind: proposal, Text: text("a bus until two"), TakesUp: 1}),                              // 4
		record(&commandv1.Contribution{By: "u2", Kind: proposal, Text: text("until three"), Amends: 4}),                                   // 5
		&commandv1.PoseDecision{Workspace: "dsm", Decision: "csm:s1:d1", Item: "csm:i1"},
		&commandv1.WriteCharter{Workspace: "dsm", Decision: "csm:s1:d1", Charter: &eventv1.Charter{Ratification: eventv1.Ratification_RATIFICATION_NONE, Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY, Base: eventv1.Base_BASE_CAST, Tie: eventv1.Tie_TIE_DEFER,
			Threshold: &eventv1.Threshold{Of: &eventv1.Threshold_Majority{Majority: true}}}}},
		&commandv1.OpenVoting{Workspace: "dsm", Decision: "csm:s1:d1", Electors: []*eventv1.Elector{
			{Participant: "p1", Standing: eventv1.Standing_STANDING_BINDING_VOTE, Present: true, Weight: 1}, {Participant: "u1", Standing: eventv1.Standing_STANDING_CONSULTED, Present: true, Weight: 1}}},
		&commandv1.CastBallots{Workspace: "dsm", Decision: "csm:s1:d1", Ballots: []*eventv1.BallotCast{{Participant: "p1", Choice: eventv1.Choice_CHOICE_FOR}}},
		&commandv1.CloseVoting{Workspace: "dsm", Decision: "csm:s1:d1"},
		&commandv1.CloseSession{Workspace: "dsm", Session: "csm:s1"})
	return h
}

// rewritten is the file as it comes back.
func rewritten(t reporter, f *minutes.File) (*minutes.File, string) {
	t.Helper()
	var b bytes.Buffer
	if err := minutes.Write(&b, f, "json"); err != nil {
		t.Fatal(err)
	}
	back, err := minutes.Parse("export.json", b.Bytes())
	if err != nil {
		t.Fatalf("%s\n%v", b.String(), err)
	}
	return back, b.String()
}

// audited are the roles when the file is recorded where nothing was.
func audited(t reporter, f *minutes.File) map[string]string {
	t.Helper()
	return imported(t, f).roles()
}

// imported is what the file makes of an empty record.
func imported(t reporter, f *minutes.File) *held {
	t.Helper()
	h := &held{t: t, all: map[aggregate.Key]*aggregate.Aggregate{}}
	pseudonyms := map[string]string{}
	for _, p := range f.Participants {
		pseudonyms[p.ID] = p.ID
	}
	for _, s := range minutes.Steps(f, &minutes.Recorded{}, pseudonyms) {
		h.do(s.Command)
	}
	return h
}

func TestATurnWithoutWordsIsExportedWithItsSeconds(t *testing.T) {
	h := live(t)
	f, _ := rewritten(t, h.record().File(opened))
	want := []minutes.Contribution{
		{By: "u1", Kind: "advice", Seconds: 40, Text: "a bus at night"},
		{By: "u2", Kind: "statement", Seconds: 20},
		{By: "p1", Kind: "statement", Text: "agreed", Answers: 1, Reply: "accepted"},
		{By: "p1", Kind: "proposal", Text: "a bus until two"}, // takes up 1, to which 3 is the reply
		{By: "u2", Kind: "proposal", Text: "until three", Answers: 4},
	}
	if diff := decidertest.Differ(want, f.Items[0].Contributions); diff != "" {
		t.Errorf("wanted (-) and got (+):\n%s", diff)
	}
	if got, want := audited(t, f), h.roles(); decidertest.Differ(want, got) != "" || !strings.Contains(want["u1"], string(role.AdviceAdopted)) {
		t.Errorf("audited %v, recorded %v", got, want)
	}
}

func TestWhoRefusesStandsInTheMinutesWithoutNameOrWords(t *testing.T) {
	h := live(t)
	before := h.roles()
	state := func(who, consent string, given bool) *commandv1.StateConsents {
		return &commandv1.StateConsents{Workspace: "dsm", Initiative: "csm", Participant: who, Consents: []*eventv1.ConsentStated{{Consent: consent, Given: given}}}
	}
	h.asked(state("u1", "words_in_minutes", true), state("u1", "words_in_minutes", false), state("u1", "name_in_minutes", false),
		state("u2", "name_in_minutes", false), state("u2", "name_in_minutes", true), state("p1", "research", false))
	f, raw := rewritten(t, h.record().File(opened))
	for words, there := range map[string]bool{"Name of u1": false, "a bus at night": false, "Name of u2": true, "until three": true, "Name of p1": true, "a bus until two": true} {
		if strings.Contains(raw, words) != there {
			t.Errorf("%q stands in the minutes: %v\n%s", words, !there, raw)
		}
	}
	if c := f.Items[0].Contributions[0]; c.By != "u1" || c.Seconds != 40 || c.Kind != "advice" {
		t.Errorf("the contribution itself is %+v", c)
	}
	got := audited(t, f)
	if diff := decidertest.Differ(before, got); diff != "" || len(got) == 0 {
		t.Errorf("roles recorded (-) and audited (+):\n%s", diff)
	}
	if whole := h.record().Recorded(opened).Session; whole.Items[0].Contributions[0].Text != "a bus at night" {
		t.Error("whoever compares a file with the record does not see everything")
	}
}

// A file that the record wrote says what the record says: reading it again asks for nothing.
func TestAnExportReadAgainAsksForNothing(t *testing.T) {
	h := live(t)
	f, _ := rewritten(t, h.record().File(opened))
	pseudonyms := map[string]string{"u1": "u1", "u2": "u2", "p1": "p1"}
	if steps := minutes.Steps(f, h.record().Recorded(opened), pseudonyms); len(steps) != 0 {
		t.Errorf("it asks for %v", steps)
	}
}
