package views

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

const (
	d1 = "csm:s1:d1"

	yes     = eventv1.Choice_CHOICE_FOR
	no      = eventv1.Choice_CHOICE_AGAINST
	unseen  = eventv1.Choice_CHOICE_UNSPECIFIED
	binding = eventv1.Standing_STANDING_BINDING_VOTE
)

func (h *house) decision(id string) *apiv1.DecisionView {
	h.t.Helper()
	view, err := h.views.getDecision(context.Background(), &apiv1.GetDecisionRequest{Workspace: "dsm", Decision: id, AtLeastSequence: h.seq})
	if err != nil {
		h.t.Fatal(err)
	}
	return view
}

// own gives a person's own ballots of the session, "decision participant choice", with an asterisk where it can be cast now.
func (h *house) own(who string) []string {
	h.t.Helper()
	answer, err := h.views.getOwnBallots(context.Background(), &apiv1.GetOwnBallotsRequest{Workspace: "dsm", Session: "csm:s1", Participant: who, AtLeastSequence: h.seq})
	if err != nil {
		h.t.Fatal(err)
	}
	var lines []string
	for _, b := range answer.Ballots {
		line := b.Decision + " " + b.Participant + " " + map[eventv1.Choice]string{unseen: "-", yes: "yes", no: "no"}[b.Choice]
		if b.EnteredBy != "" {
			line += " by " + b.EnteredBy
		}
		if b.Open {
			line += " *"
		}
		lines = append(lines, line)
	}
	return lines
}

func (h *house) summaries() []*apiv1.DecisionSummary {
	h.t.Helper()
	view, err := h.views.getInitiative(context.Background(), &apiv1.GetInitiativeRequest{Workspace: "dsm", Initiative: "csm", AtLeastSequence: h.seq})
	if err != nil {
		h.t.Fatal(err)
	}
	return view.Decisions
}

func pose(id string) *commandv1.PoseDecision {
	return &commandv1.PoseDecision{Workspace: "dsm", Decision: id, Item: "csm:i1"}
}

func writeFor(id string, c *eventv1.Charter, planned ...*eventv1.Elector) *commandv1.WriteCharter {
	return &commandv1.WriteCharter{Workspace: "dsm", Decision: id, Charter: c, Electors: planned}
}

func castIn(id string, ballots ...*eventv1.BallotCast) *commandv1.CastBallots {
	return &commandv1.CastBallots{Workspace: "dsm", Decision: id, Ballots: ballots}
}

func ballot(who string, c eventv1.Choice) *eventv1.BallotCast {
	return &eventv1.BallotCast{Participant: who, Choice: c}
}

func actIn(id string, a *eventv1.ActRecorded) *commandv1.RecordAct {
	return &commandv1.RecordAct{Workspace: "dsm", Decision: id, Act: a}
}

// voters are two users (one away, her vote held by the other), a professional, and a family member who is asked for advice.
func voters() []*eventv1.Elector {
	return []*eventv1.Elector{
		{Participant: "u1", Standing: binding, Present: true, Weight: 1},
		{Participant: "u2", Standing: binding, Weight: 1, Proxy: &eventv1.Proxy{To: "u1"}},
		{Participant: "p1", Standing: binding, Present: true, Weight: 1},
		{Participant: "f1", Standing: eventv1.Standing_STANDING_CONSULTED, Present: true, Weight: 1},
	}
}

var halfOrMore = &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY, Quorum: &eventv1.Quorum{Count: 2}}

func TestWhileAVoteIsOpenOthersSeeWhoHasVotedAndNotHow(t *testing.T) {
	h := gathered(t)
	h.do(pose(d1), writeFor(d1, &eventv1.Charter{Rule: halfOrMore}, voters()...))
	if view := h.decision(d1); len(view.PlannedElectors) != 4 || view.PlannedElectors[0].Constituency != "user" || len(view.Electors) != 0 || h.own("u1") != nil {
		t.Errorf("before the vote: planned %v, electors %v, own %v", view.PlannedElectors, view.Electors, h.own("u1"))
	}
	by := &eventv1.BallotCast{Participant: "p1", Choice: no, EnteredBy: "x1"}
	h.do(&commandv1.OpenVoting{Workspace: "dsm", Decision: d1}, castIn(d1, ballot("u2", no), by), &commandv1.GiveAdvice{Workspace: "dsm", Decision: d1, Advice: []*eventv1.AdviceGiven{{Participant: "f1", Advice: yes}}})

	view := h.decision(d1)
	if diff := decidertest.Differ([]*eventv1.BallotCast{{Participant: "u2"}, {Participant: "p1", EnteredBy: "x1"}}, view.Ballots); diff != "" {
		t.Errorf("ballots, wanted (-) and got (+):\n%s", diff)
	}
	if len(view.Electors) != 4 || len(view.PlannedElectors) != 0 || len(view.Advice) != 1 || view.Advice[0].Advice != unseen || view.Count != nil || view.Tally != nil {
		t.Errorf("while it is open: %v", view)
	}
	if diff := decidertest.Differ(view.Ballots, h.session().Items[0].Decisions[0].Ballots); diff != "" {
		t.Errorf("the session tells something else:\n%s", diff)
	}
	for who, want := range map[string][]string{"u1": {d1 + " u1 - *", d1 + " u2 - *"}, "u2": {d1 + " u2 no *"}, "p1": {d1 + " p1 no by x1 *"}, "f1": {d1 + " f1 yes"}, "x1": nil, "": nil} {
		if got := h.own(who); !slices.Equal(got, want) {
			t.Errorf("own ballots of %q: %v, want %v", who, got, want)
		}
	}
	if s := h.summaries(); len(s) != 1 || !slices.Equal(s[0].Awaited, []string{"u1"}) || s[0].Phase != apiv1.DecisionPhase_DECISION_PHASE_OPEN {
		t.Errorf("summaries %v", s)
	}

	h.do(castIn(d1, &eventv1.BallotCast{Participant: "u2", Choice: yes, EnteredBy: "u1"})) // she votes for her, and sees what she chose herself
	if got := h.own("u1"); !slices.Equal(got, []string{d1 + " u1 - *", d1 + " u2 yes by u1 *"}) {
		t.Errorf("what the holder of a proxy voted: %v", got)
	}
	h.do(castIn(d1, ballot("u2", no)))
	h.do(castIn(d1, ballot("u1", yes)), &commandv1.CloseVoting{Workspace: "dsm", Decision: d1})
	view = h.decision(d1)
	if len(view.Ballots) != 3 || view.Ballots[1].Choice != no || view.Advice[0].Advice != yes {
		t.Errorf("after the close: %v, %v", view.Ballots, view.Advice)
	}
	want := &apiv1.CountView{QuorumNeeded: 2, QuorumPresent: 3, Quorate: true, Conditions: []*apiv1.ConditionView{{For: 1, Against: 2, Base: 3, Needed: 2}}}
	if diff := decidertest.Differ(want, view.Count); diff != "" {
		t.Errorf("the count, wanted (-) and got (+):\n%s", diff)
	}
	if got := h.own("u1"); !slices.Equal(got, []string{d1 + " u1 yes", d1 + " u2 no"}) {
		t.Errorf("own ballots after the close: %v", got)
	}
	if s := h.summaries(); len(s[0].Awaited) != 0 || s[0].Outcome != eventv1.Outcome_OUTCOME_REJECTED {
		t.Errorf("summaries after the close: %v", s)
	}
}

func TestABallotCannotBeCastAfterTheDeadline(t *testing.T) {
	h := gathered(t)
	h.views.clock = func() time.Time { return h.now }
	h.do(pose(d1), writeFor(d1, &eventv1.Charter{Rule: halfOrMore}, voters()...),
		&commandv1.OpenVoting{Workspace: "dsm", Decision: d1, ClosesAt: timestamppb.New(h.now.Add(time.Hour))})
	if got := h.own("p1"); !slices.Equal(got, []string{d1 + " p1 - *"}) {
		t.Errorf("before the deadline: %v", got)
	}
	h.now = h.now.Add(2 * time.Hour)
	if got := h.own("p1"); !slices.Equal(got, []string{d1 + " p1 -"}) {
		t.Errorf("after the deadline: %v", got)
	}
}

func TestOfASecretVoteNothingIsAnybodysOwn(t *testing.T) {
	h := gathered(t)
	rule := &eventv1.Rule{Method: eventv1.Method_METHOD_CONSTITUENCIES, Constituencies: []*eventv1.ConstituencyRule{{Of: []string{"user"}}, {Of: []string{"professional"}}}}
	h.do(pose(d1), writeFor(d1, &eventv1.Charter{Rule: rule, Secret: true}, voters()...), &commandv1.OpenVoting{Workspace: "dsm", Decision: d1})
	if got := h.own("u1"); got != nil {
		t.Errorf("own ballots of a secret vote: %v", got)
	}
	if s := h.summaries(); len(s[0].Awaited) != 0 {
		t.Errorf("awaited in a secret vote: %v", s[0].Awaited)
	}
	h.do(&commandv1.ReportTally{Workspace: "dsm", Decision: d1, Tally: &eventv1.TallyReported{Total: &eventv1.Tally{For: 2, Against: 1}, TookPart: []string{"u1", "u2", "p1"},
		ByConstituency: map[string]*eventv1.Tally{"user": {For: 2}, "professional": {Against: 1}}}}, &commandv1.CloseVoting{Workspace: "dsm", Decision: d1})
	view := h.decision(d1)
	want := []*apiv1.ConditionView{{Of: []string{"user"}, Passed: true}, {Of: []string{"professional"}}} // so few that numbers would name them
	if diff := decidertest.Differ(want, view.Count.Conditions); diff != "" || view.Tally.For != 2 {
		t.Errorf("tally %v; the conditions, wanted (-) and got (+):\n%s", view.Tally, diff)
	}
}

func TestADecisionByConsentShowsItsRounds(t *testing.T) {
	h := gathered(t)
	begin := func(r eventv1.Round) *commandv1.BeginRound {
		return &commandv1.BeginRound{Workspace: "dsm", Decision: d1, Round: r}
	}
	state := func(round eventv1.Round, consent uint32) *apiv1.DecisionView {
		t.Helper()
		view := h.decision(d1)
		if view.Round != round || view.ConsentRound != consent {
			t.Errorf("round %v, consent round %d; want %v, %d", view.Round, view.ConsentRound, round, consent)
		}
		return view
	}
	h.do(pose(d1), writeFor(d1, &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSENT}}, voters()...))
	state(0, 0)
	h.do(begin(eventv1.Round_ROUND_REACT))
	state(eventv1.Round_ROUND_REACT, 0)
	h.do(&commandv1.OpenVoting{Workspace: "dsm", Decision: d1})
	state(eventv1.Round_ROUND_CONSENT, 1)
	h.do(castIn(d1, ballot("u1", yes), ballot("p1", no)))
	if s := h.summaries(); !slices.Equal(s[0].Awaited, []string{"u2"}) {
		t.Errorf("awaited: %v", s[0].Awaited)
	}
	h.do(actIn(d1, &eventv1.ActRecorded{Kind: eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN, Objector: "p1"}), begin(eventv1.Round_ROUND_CONSENT))
	view := state(eventv1.Round_ROUND_CONSENT, 2)
	if len(view.Ballots) != 0 || len(view.Acts) != 1 {
		t.Errorf("asked anew: ballots %v, acts %v", view.Ballots, view.Acts)
	}
	if got := h.own("u1"); !slices.Equal(got, []string{d1 + " u1 - *", d1 + " u2 - *"}) {
		t.Errorf("own ballots when asked anew: %v", got)
	}
	h.do(castIn(d1, ballot("u1", yes), ballot("u2", yes), ballot("p1", yes)), &commandv1.CloseVoting{Workspace: "dsm", Decision: d1})
	if c := state(eventv1.Round_ROUND_CONSENT, 2).Count.Conditions[0]; !c.Passed || c.Needed != 0 || c.For != 3 || c.Base != 3 {
		t.Errorf("counted as %v", c)
	}
}

func TestAListOfDecisionsSaysWhatBecameOfThem(t *testing.T) {
	h := gathered(t)
	ids := []string{"csm:s1:d3", "csm:s1:d1", "csm:s1:d2", "csm:s1:d4", "csm:s1:d5"} // in the order in which they are posed
	for n, id := range ids {
		c := &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}, Implementer: "p1", Due: "2026-05-01"}
		if n == 4 {
			c.Due = ""
		}
		h.do(pose(id), writeFor(id, c, voters()...), &commandv1.OpenVoting{Workspace: "dsm", Decision: id}, castIn(id, ballot("u1", yes)), &commandv1.CloseVoting{Workspace: "dsm", Decision: id})
	}
	done, explained, refused := eventv1.ActKind_ACT_KIND_IMPLEMENTED, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_EXPLAINED, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED
	h.do(actIn(ids[1], &eventv1.ActRecorded{Kind: explained}), actIn(ids[2], &eventv1.ActRecorded{Kind: explained}), actIn(ids[2], &eventv1.ActRecorded{Kind: done}),
		actIn(ids[3], &eventv1.ActRecorded{Kind: refused}), &commandv1.ContestMinutes{Workspace: "dsm", Decision: ids[3], By: "u2"},
		pose("csm:s1:gone"), &commandv1.StrikeDecision{Workspace: "dsm", Decision: "csm:s1:gone", Reason: &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{}}}})
	var got []string
	for _, x := range h.summaries() {
		if x.Implementer != "p1" || x.Item != "csm:i1" || x.ClosedAt == nil {
			t.Errorf("a line without who, what or when: %v", x)
		}
		got = append(got, fmt.Sprint(x.Id, " ", x.FollowUp, " ", x.Due, " ", x.Contested))
	}
	want := []string{ids[0] + " FOLLOW_UP_DUE 2026-05-01 false", ids[1] + " FOLLOW_UP_EXPLAINED 2026-05-01 false", ids[2] + " FOLLOW_UP_DONE 2026-05-01 false",
		ids[3] + " FOLLOW_UP_REFUSED 2026-05-01 true", ids[4] + " FOLLOW_UP_UNSPECIFIED  false"}
	if diff := decidertest.Differ(want, got); diff != "" {
		t.Errorf("wanted (-) and got (+):\n%s", diff)
	}
	if view := h.decision(ids[3]); !view.Contested || view.ContestedBy != "u2" || len(view.Acts) != 2 || view.Acts[0].Act.Owner != "p1" {
		t.Errorf("the contested one: %v", view)
	}
}

func TestTheTextOfADecisionIsShownWithHowItChanged(t *testing.T) {
	a := aggregate.New(aggregate.Key{Kind: aggregate.Decision, ID: d1})
	for n, e := range []proto.Message{
		&eventv1.DecisionPosed{Item: "csm:i1", Question: &eventv1.Sealed{Ciphertext: []byte("a bus?")}},
		&eventv1.ProposalAmended{Text: &eventv1.Sealed{Ciphertext: []byte("until two")}, TakesUp: 3},
		&eventv1.ProposalAmended{Text: &eventv1.Sealed{Ciphertext: []byte("until one")}, Objector: "p1"},
		&eventv1.VotingOpened{}, &eventv1.VotingClosed{}, &eventv1.MinutesContested{By: "u2", Text: &eventv1.Sealed{Ciphertext: []byte("it was three")}},
	} {
		a.Evolve(decider.Fact{Seq: uint64(n + 1), Commit: "c", Event: decidertest.At(decidertest.Now, e)})
	}
	view := decisionOf(a, func(w decider.Words) string { return string(w.Sealed.GetCiphertext()) }, 6, countOf(a.Decision))
	at := timestamppb.New(decidertest.Now)
	want := []*apiv1.AmendmentView{{Text: "until two", TakesUp: 3, At: at, Sequence: 2}, {Text: "until one", Objector: "p1", At: at, Sequence: 3}}
	if diff := decidertest.Differ(want, view.Amendments); diff != "" || view.Question != "a bus?" || view.Proposal != "until one" || view.Contest != "it was three" || view.ContestedBy != "u2" {
		t.Errorf("%q, %q, %q says %q; amendments, wanted (-) and got (+):\n%s", view.Question, view.Proposal, view.ContestedBy, view.Contest, diff)
	}
	a.Evolve(decider.Fact{Seq: 7, Commit: "c", Event: decidertest.At(decidertest.Now, &eventv1.DisputeSettled{By: "p1", Text: &eventv1.Sealed{Ciphertext: []byte("it was one")}})})
	view = decisionOf(a, func(w decider.Words) string { return string(w.Sealed.GetCiphertext()) }, 7, countOf(a.Decision))
	settled := []*apiv1.DisputeView{{By: "u2", Text: "it was three", SettledBy: "p1", How: "it was one", At: at}}
	if diff := decidertest.Differ(settled, view.Disputes); diff != "" || view.Contested || view.Contest != "" {
		t.Errorf("what was settled, wanted (-) and got (+):\n%s", diff)
	}
}

// What becomes of a decision is told by what weighs most.
func TestThatADecisionNoLongerHoldsWeighsMost(t *testing.T) {
	kind := func(k eventv1.ActKind) *eventv1.ActRecorded { return &eventv1.ActRecorded{Kind: k} }
	due, explained, done, refused := kind(eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE), kind(eventv1.ActKind_ACT_KIND_IMPLEMENTATION_EXPLAINED), kind(eventv1.ActKind_ACT_KIND_IMPLEMENTED), kind(eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED)
	reversed, same := kind(eventv1.ActKind_ACT_KIND_REVERSED), &eventv1.ActRecorded{Kind: eventv1.ActKind_ACT_KIND_FINAL_ACT, SameAsOutcome: true}
	for want, acts := range map[apiv1.FollowUp][]*eventv1.ActRecorded{
		apiv1.FollowUp_FOLLOW_UP_UNSPECIFIED: {same},
		apiv1.FollowUp_FOLLOW_UP_DUE:         {due, same},
		apiv1.FollowUp_FOLLOW_UP_EXPLAINED:   {explained, due},
		apiv1.FollowUp_FOLLOW_UP_DONE:        {due, done, explained},
		apiv1.FollowUp_FOLLOW_UP_REFUSED:     {done, refused, due},
		apiv1.FollowUp_FOLLOW_UP_REVERSED:    {reversed, refused, done},
	} {
		d := &decision.State{}
		for _, a := range acts {
			d.Acts = append(d.Acts, decision.Act{ActRecorded: proto.CloneOf(a)})
		}
		if got := followUp(d); got != want {
			t.Errorf("%v gives %v, want %v", acts, got, want)
		}
	}
	replaced := &decision.State{Acts: []decision.Act{{ActRecorded: kind(eventv1.ActKind_ACT_KIND_FINAL_ACT)}}}
	if got := followUp(replaced); got != apiv1.FollowUp_FOLLOW_UP_REVERSED {
		t.Errorf("a final act that says something else gives %v", got)
	}
}

// An initiative that has decided a thousand times is shown as fast as one that has decided once: its list is read, not folded.
func TestAListOfDecisionsIsReadAndNotFolded(t *testing.T) {
	h := gathered(t)
	h.do(pose("csm:s1:a"), writeFor("csm:s1:a", &eventv1.Charter{Rule: halfOrMore, Implementer: "p1"}, voters()...), &commandv1.OpenVoting{Workspace: "dsm", Decision: "csm:s1:a"}, pose("csm:s1:b"))
	want := h.summaries()
	err := h.views.shelves["dsm"].db.Write(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM record WHERE aggregate IN (SELECT id FROM aggregate WHERE kind = 'decision')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := h.summaries()
	if len(want) != 2 || len(want[0].Awaited) == 0 || want[0].Implementer != "p1" || !slices.EqualFunc(got, want, func(a, b *apiv1.DecisionSummary) bool { return proto.Equal(a, b) }) {
		t.Errorf("%v, want %v", got, want)
	}
}
