package decision_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func TestAQuestionIsPutOnce(t *testing.T) {
	decidertest.For(t, rules).When(pose).Then(posed)
	given(t).When(pose).Refused("decision/already-posed")
	given(t, open(), closed).When(pose).Refused("decision/already-posed")
}

func TestNothingHappensToADecisionBeforeTheQuestionIsPut(t *testing.T) {
	nothing := decidertest.For(t, rules)
	nothing.When(write(simple)).Refused("decision/unknown")
	nothing.When(end).Refused("decision/unknown")
	nothing.When(&commandv1.CorrectDecision{Steps: []*commandv1.Command{decidertest.Command(pose)}}).Refused("decision/unknown")
}

func TestTheCharterMayBeRewrittenUntilVotingOpens(t *testing.T) {
	given(t).When(write(simple)).Then(charter(simple))
	other := &eventv1.Rule{Method: consent}
	given(t, charter(simple)).When(write(other)).Then(charter(other))
	if s := given(t, charter(simple), charter(other)).State(); s.Charter.Rule.Method != consent || s.CharterSeq != 3 {
		t.Errorf("the last charter does not hold: %v", s.Charter)
	}
}

func TestCharterCannotChangeOnceVotingIsOpen(t *testing.T) {
	given(t, charter(simple), open(who("u1"))).When(write(simple)).Refused("decision/charter-frozen")
	given(t, charter(simple), open(who("u1")), closed).When(write(simple)).Refused("decision/charter-frozen")
}

func TestTheElectorateCannotChangeOnceVotingIsOpen(t *testing.T) {
	given(t, open(who("u1"))).When(openWith(who("u2"))).Refused("decision/already-opened")
	given(t, open(who("u1")), closed).When(openWith(who("u2"))).Refused("decision/already-opened")
}

func TestWhoPrecommitsIsAMember(t *testing.T) {
	given(t).When(&commandv1.WriteCharter{Charter: &eventv1.Charter{PrecommittedBy: "x9"}}).Refused("decision/not-enrolled")
	given(t).When(&commandv1.WriteCharter{Charter: &eventv1.Charter{PrecommittedBy: "dir"}}).
		Then(&eventv1.CharterWritten{Charter: &eventv1.Charter{PrecommittedBy: "dir"}})
}

func TestADecisionWithoutARuleIsRecordedAndDecidesNothing(t *testing.T) {
	given(t).When(openWith()).Then(open())
	given(t, open(all("u1", "u2")...), ballot("u1", yes)).When(end).Then(closedWith(undecided, eventv1.OutcomeReason_OUTCOME_REASON_NO_RULE, 1))
}

func TestThereIsExactlyOneClose(t *testing.T) {
	given(t).When(end).Refused("decision/not-open")
	given(t, charter(simple), open(who("u1")), ballot("u1", yes)).When(end).Then(closed)
	given(t, charter(simple), open(who("u1")), ballot("u1", yes), closed).When(end).Then()
}

func TestTheClerkClosesAtTheDeadline(t *testing.T) {
	cmd := decidertest.Command(end)
	cmd.Actor = &eventv1.Actor{Capacity: eventv1.Capacity_CAPACITY_CLERK}
	given(t, charter(simple), open(who("u1")), ballot("u1", yes)).When(cmd).
		Then(&eventv1.VotingClosed{Outcome: adopted, Tally: &eventv1.Tally{For: 1}, ByDeadline: true})
}

func TestADeadlineIsKeptWithTheVote(t *testing.T) {
	at := timestamppb.New(decidertest.Now.Add(time.Hour))
	given(t).When(&commandv1.OpenVoting{Electors: all("u1"), ClosesAt: at}).Then(&eventv1.VotingOpened{Electors: all("u1"), ClosesAt: at})
	if s := given(t, &eventv1.VotingOpened{Electors: all("u1"), ClosesAt: at}).State(); !s.ClosesAt.Equal(at.AsTime()) {
		t.Errorf("the deadline is %v", s.ClosesAt)
	}
}

func TestMinutesAreContestedByAMemberOnceVotingIsClosed(t *testing.T) {
	contest := &commandv1.ContestMinutes{By: "u1", Text: words}
	contested := &eventv1.MinutesContested{By: "u1", Text: sealed}
	settle := &commandv1.SettleDispute{By: "p1", Text: words}
	settled := &eventv1.DisputeSettled{By: "p1", Text: sealed}
	over := given(t, open(), closed)
	given(t, open()).When(contest).Refused("decision/not-closed")
	over.When(contest).Then(contested)
	over.When(&commandv1.ContestMinutes{By: "x9"}).Refused("decision/not-enrolled")
	over.When(&commandv1.ContestMinutes{}).Refused("decision/not-enrolled")
	over.Given(contested).When(contest).Refused("decision/already-contested")
	over.When(settle).Refused("decision/not-contested")
	over.Given(contested).When(settle).Then(settled)
	over.Given(contested).When(&commandv1.SettleDispute{By: "x9"}).Refused("decision/not-enrolled")
	over.Given(contested, settled).When(contest).Then(contested)
	if s := over.Given(contested).State(); !s.Disputed || s.DisputedSeq != 4 {
		t.Errorf("the contest is not noted: %v %d", s.Disputed, s.DisputedSeq)
	}
}

func TestADecisionIsStruckWithAReason(t *testing.T) {
	given(t).When(&commandv1.StrikeDecision{}).Refused("decision/reason-missing")
	given(t, open()).When(&commandv1.StrikeDecision{Reason: words}).Then(&eventv1.DecisionStruck{Reason: sealed})
}

func TestAStruckDecisionIsGoneUntilTheQuestionIsPutAgain(t *testing.T) {
	struck := given(t, charter(simple), open(who("u1")), ballot("u1", yes), closed, &eventv1.MinutesContested{By: "u1"}, &eventv1.DecisionStruck{Reason: sealed})
	struck.When(end).Refused("decision/unknown")
	struck.When(&commandv1.SettleDispute{}).Refused("decision/unknown")
	struck.When(pose).Then(posed)
	s := struck.Given(posed).State()
	if s.Phase != decision.Posed || s.Charter != nil || s.Ballots != nil || s.Outcome != 0 || s.Disputed || s.FirstSeq != 1 || s.PosedSeq != 8 {
		t.Errorf("something of the struck decision came back: %+v", s)
	}
}

func TestADecisionTakesNoOtherCommands(t *testing.T) {
	given(t).When(&commandv1.OpenSession{}).Refused("decision/not-its-command")
}

func TestACorrectionVoidsWhatWasAndDecidesTheStepsAnew(t *testing.T) {
	steps := []*commandv1.Command{decidertest.Command(pose), decidertest.Command(write(simple)), decidertest.Command(openWith(who("u1"))),
		decidertest.Command(castFor(ballot("u1", no))), decidertest.Command(end)}
	before := given(t, charter(&eventv1.Rule{Method: consent}), open(all("u1", "u2")...), ballot("u2", yes), closed, &eventv1.MinutesContested{By: "u1"})
	corrected := []proto.Message{&eventv1.DecisionCorrected{Reason: sealed}, posed, charter(simple), open(who("u1")), ballot("u1", no), closedWith(rejected, 0, 0, 1)}
	before.When(&commandv1.CorrectDecision{Reason: words, Steps: steps}).Then(corrected...)
	s := before.Given(corrected...).State()
	fresh := decidertest.For(t, rules).Given(corrected[1:]...).State()
	if s.Corrections != 1 || s.FirstSeq != 1 {
		t.Errorf("corrections %d, first posed %d", s.Corrections, s.FirstSeq)
	}
	s.Corrections, s.FirstSeq, fresh.FirstSeq = 0, 0, 0
	for _, x := range []*decision.State{s, fresh} { // only where it stands in the log may differ
		x.PosedSeq, x.CharterSeq, x.OpenedSeq, x.ClosedSeq, x.Question.Commit = 0, 0, 0, 0, ""
		for id, b := range x.Ballots {
			b.Seq = 0
			x.Ballots[id] = b
		}
	}
	if diff := decidertest.Differ(fresh, s); diff != "" {
		t.Errorf("something of the old record survived the correction:\n%s", diff)
	}
}

func TestACorrectionIsHeldToTheSameRulesAndTakenWhole(t *testing.T) {
	step := decidertest.Command
	correct := func(steps ...*commandv1.Command) *commandv1.CorrectDecision {
		return &commandv1.CorrectDecision{Steps: steps}
	}
	given(t).When(correct()).Refused("decision/correction-empty")
	given(t).When(correct(step(end))).Refused("decision/unknown")
	given(t).When(correct(step(pose), step(openWith(who("x9"))))).Refused("decision/not-enrolled")
	given(t).When(correct(step(pose), step(correct(step(pose))))).Refused("decision/not-its-command")
	given(t).When(correct(step(pose), step(&commandv1.StrikeDecision{Reason: words}))).Refused("decision/not-its-command")
	contest := step(&commandv1.ContestMinutes{By: "u1"})
	given(t).When(correct(step(pose), step(openWith()), step(end), contest, contest)).Refused("decision/already-contested")
}

func TestAStruckDecisionCanBeCorrectedBackIntoTheRecord(t *testing.T) {
	given(t, &eventv1.DecisionStruck{Reason: sealed}).When(&commandv1.CorrectDecision{Steps: []*commandv1.Command{decidertest.Command(pose)}}).
		Then(&eventv1.DecisionCorrected{}, posed)
}

func TestAnIDNamesInitiativeSessionAndDecision(t *testing.T) {
	initiative, session, own := decision.Split(decision.ID("csm", "2026-03-05", "d1"))
	if initiative != "csm" || session != "csm:2026-03-05" || own != "d1" {
		t.Errorf("taken apart: %s %s %s", initiative, session, own)
	}
	for _, id := range []string{"", "d1", "csm:d1"} {
		if i, s, own := decision.Split(id); i != "" || s != "" || own != id {
			t.Errorf("%q is no full id, taken apart: %q %q %q", id, i, s, own)
		}
	}
}

func TestACloneGoesItsOwnWay(t *testing.T) {
	before := given(t, charter(simple), open(all("u1", "u2")...), ballot("u1", yes), &eventv1.AdviceGiven{Participant: "u1", Advice: yes})
	s := before.State()
	for _, f := range []*eventv1.Event{later(0, ballot("u1", no)), later(0, &eventv1.PresenceNoted{Participant: "u2"}),
		later(0, &eventv1.AdviceGiven{Participant: "u2", Advice: no}), later(0, closed), later(0, act(eventv1.ActKind_ACT_KIND_IMPLEMENTED))} {
		decision.Evolve(s.Clone(), decider.Fact{Event: f})
		if diff := decidertest.Differ(before.State(), s); diff != "" {
			t.Errorf("folding %s into the clone changed the original:\n%s", f.Name(), diff)
		}
	}
}
