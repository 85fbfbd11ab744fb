package decision_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider/decidertest"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func TestBallotsAreCastOnlyWhileVotingIsOpen(t *testing.T) {
	given(t, charter(simple)).When(castFor(ballot("u1", yes))).Refused("decision/not-open")
	given(t, charter(simple), open(who("u1"))).When(castFor(ballot("u1", yes))).Then(ballot("u1", yes))
}

func TestBallotIsRefusedAfterClosing(t *testing.T) {
	given(t, charter(simple), open(who("u1")), closed).When(castFor(ballot("u1", yes))).Refused("decision/not-open")
}

func TestBallotIsRefusedAfterTheDeadline(t *testing.T) {
	at := decidertest.Now.Add(time.Hour)
	opened := given(t, charter(simple), &eventv1.VotingOpened{Electors: all("u1"), ClosesAt: timestamppb.New(at)})
	cmd := decidertest.Command(castFor(ballot("u1", yes)))
	cmd.OccurredAt = timestamppb.New(at.Add(time.Nanosecond))
	opened.When(cmd).Refused("decision/too-late")
	cmd.OccurredAt = timestamppb.New(at)
	opened.When(cmd).Then(decidertest.At(at, ballot("u1", yes)))
}

func TestOnlyWhoHasAVoteAndIsThereCastsABallot(t *testing.T) {
	opened := given(t, charter(simple), open(who("u1"), who("u2", with(consulted)), who("u3", recused), who("u4", away), who("u5", away, proxyTo("u1"))))
	opened.When(castFor(ballot("p1", yes))).Refused("decision/not-in-electorate")
	opened.When(castFor(ballot("u2", yes))).Refused("decision/no-vote")
	opened.When(castFor(ballot("u3", yes))).Refused("decision/recused")
	opened.When(castFor(ballot("u4", yes))).Refused("decision/absent")
	opened.When(castFor(ballot("u5", no))).Then(ballot("u5", no))
}

func TestABallotSaysSomething(t *testing.T) {
	opened := given(t, charter(simple), open(who("u1"), who("p1", with(consulted))))
	opened.When(castFor()).Refused("decision/no-ballot")
	opened.When(castFor(ballot("u1", none))).Refused("decision/ballot-without-choice")
	opened.When(&commandv1.GiveAdvice{}).Refused("decision/no-ballot")
	opened.When(&commandv1.GiveAdvice{Advice: []*eventv1.AdviceGiven{{Participant: "p1"}}}).Refused("decision/ballot-without-choice")
}

func TestAShowOfHandsIsTakenWholeOrRefusedWhole(t *testing.T) {
	given(t, charter(simple), open(all("u1", "u2")...)).When(castFor(ballot("u1", yes), ballot("u3", yes))).Refused("decision/not-in-electorate")
	given(t, charter(simple), open(all("u1", "u2")...)).When(castFor(ballot("u1", yes), ballot("u2", no))).Then(ballot("u1", yes), ballot("u2", no))
}

func TestWhoTypesABallotForSomebodyIsAMember(t *testing.T) {
	typed := &eventv1.BallotCast{Participant: "u1", Choice: yes, EnteredBy: "p1"}
	given(t, charter(simple), open(who("u1"))).When(castFor(typed)).Then(typed)
	given(t, charter(simple), open(who("u1"))).When(castFor(&eventv1.BallotCast{Participant: "u1", Choice: yes, EnteredBy: "Maria Rossi"})).Refused("decision/not-enrolled")
}

func TestTheLastBallotOfAParticipantCounts(t *testing.T) {
	changed := given(t, charter(simple), open(all("u1", "u2")...), ballot("u1", no), ballot("u2", yes), ballot("u1", yes))
	changed.When(end).Then(closedWith(adopted, 0, 2))
	if s := changed.State(); len(s.Ballots) != 2 || s.Choice("u1") != yes || s.Ballots["u1"].Seq != 6 {
		t.Errorf("the ballots are %v", s.Ballots)
	}
	given(t, charter(simple), open(who("u1"))).When(castFor(ballot("u1", yes), ballot("u1", no))).Then(ballot("u1", yes), ballot("u1", no))
	given(t, charter(simple), open(who("u1")), ballot("u1", yes), ballot("u1", no)).When(end).Then(closedWith(rejected, 0, 0, 1))
}

func TestAdviceComesOnlyFromThoseWhoWereAsked(t *testing.T) {
	opened := given(t, charter(simple), open(who("u1", with(consulted)), who("p1")))
	advice := func(id string) *commandv1.GiveAdvice {
		return &commandv1.GiveAdvice{Advice: []*eventv1.AdviceGiven{{Participant: id, Advice: no}}}
	}
	opened.When(advice("u1")).Then(&eventv1.AdviceGiven{Participant: "u1", Advice: no})
	opened.When(advice("p1")).Refused("decision/not-asked")
	opened.When(advice("u2")).Refused("decision/not-in-electorate")
	given(t, charter(simple)).When(advice("u1")).Refused("decision/not-open")
	given(t, charter(simple), open(who("p1")), ballot("p1", yes), &eventv1.AdviceGiven{Participant: "u1", Advice: no}).When(end).Then(closedWith(adopted, 0, 1))
}

func TestSecretBallotsAreReportedAsTotals(t *testing.T) {
	opened := given(t, secretly(simple), open(all("u1", "u2", "p1")...))
	opened.When(castFor(ballot("u1", yes))).Refused("decision/ballots-are-secret")
	report := &eventv1.TallyReported{Total: &eventv1.Tally{For: 2, Abstain: 1}, TookPart: []string{"u1", "u2", "p1"}}
	opened.When(&commandv1.ReportTally{Tally: report}).Then(report)
	opened.Given(report).When(&commandv1.ReportTally{Tally: report}).Refused("decision/already-counted")
	opened.Given(report).When(end).Then(closedWith(adopted, 0, 2, 0, 1))
	given(t, secretly(simple)).When(&commandv1.ReportTally{Tally: report}).Refused("decision/not-open")
	given(t, charter(simple), open(all("u1", "u2", "p1")...)).When(&commandv1.ReportTally{Tally: report}).Refused("decision/ballots-are-open")
	opened.When(end).Then(closedWith(undecided, eventv1.OutcomeReason_OUTCOME_REASON_NOT_ANSWERED))
}

func TestTotalsHoldNoMoreVotesThanThoseWhoTookPartHad(t *testing.T) {
	opened := given(t, secretly(simple), open(who("u1", weighing(3)), who("u2"), who("p1"), who("p2", away), who("p3", with(informed))))
	report := func(total *eventv1.Tally, by map[string]*eventv1.Tally, took ...string) *commandv1.ReportTally {
		return &commandv1.ReportTally{Tally: &eventv1.TallyReported{Total: total, ByConstituency: by, TookPart: took}}
	}
	five := &eventv1.Tally{For: 3, Against: 2}
	opened.When(report(five, nil, "u1", "u2")).Refused("decision/more-ballots-than-voters")
	opened.When(report(&eventv1.Tally{For: 1 << 63, Against: 1 << 63}, nil, "u1")).Refused("decision/more-ballots-than-voters")
	opened.When(report(five, map[string]*eventv1.Tally{"professional": {For: 2}}, "u1", "u2", "p1")).Refused("decision/more-ballots-than-voters")
	opened.When(report(five, map[string]*eventv1.Tally{"user": {For: 4}}, "u1", "u2", "p1")).Refused("decision/tally-parts-differ")
	opened.When(report(five, map[string]*eventv1.Tally{"user": {For: 3}, "professional": {For: 1}}, "u1", "u2", "p1")).Refused("decision/tally-parts-differ")
	opened.When(report(five, nil, "u1", "u1", "p1")).Refused("decision/elector-twice")
	opened.When(report(five, nil, "u1", "u2", "p2")).Refused("decision/absent")
	opened.When(report(five, nil, "u1", "u2", "p3")).Refused("decision/no-vote")
	parts := report(five, map[string]*eventv1.Tally{"user": {For: 3, Against: 1}, "professional": {Against: 1}}, "u1", "u2", "p1")
	opened.When(parts).Then(parts.Tally)
	opened.When(&commandv1.ReportTally{}).Then(&eventv1.TallyReported{Total: &eventv1.Tally{}})
}

func TestARuleByConstituencyNeedsTheTotalsOfEach(t *testing.T) {
	double := &eventv1.Rule{Method: constituencies, Constituencies: []*eventv1.ConstituencyRule{{Of: []string{"user"}}, {Of: []string{"professional"}}}}
	opened := given(t, secretly(double), open(all("u1", "u2", "p1")...))
	opened.When(&commandv1.ReportTally{Tally: &eventv1.TallyReported{Total: &eventv1.Tally{For: 3}, TookPart: []string{"u1", "u2", "p1"},
		ByConstituency: map[string]*eventv1.Tally{"user": {For: 2}}}}).Refused("decision/tally-of-constituency-missing")
}

func TestConsensusIsClaimedWithAnOutcomeWhileVotingIsOpen(t *testing.T) {
	claim := func(o eventv1.Outcome) *commandv1.ClaimConsensus { return &commandv1.ClaimConsensus{Outcome: o} }
	opened := given(t, charter(&eventv1.Rule{Method: consent}), open(all("u1", "u2")...))
	opened.When(claim(0)).Refused("decision/claim-without-outcome")
	opened.When(claim(undecided)).Refused("decision/claim-without-outcome")
	opened.When(claim(rejected)).Then(&eventv1.ConsensusClaimed{Outcome: rejected})
	given(t).When(claim(adopted)).Refused("decision/not-open")
	opened.Given(&eventv1.ConsensusClaimed{Outcome: adopted}).When(end).Then(closedWith(adopted, eventv1.OutcomeReason_OUTCOME_REASON_CLAIMED))
}

func TestAClaimCannotMakeUpForARuleOrAQuorum(t *testing.T) {
	claimed := &eventv1.ConsensusClaimed{Outcome: adopted}
	given(t, open(who("u1")), claimed).When(end).Then(closedWith(undecided, eventv1.OutcomeReason_OUTCOME_REASON_NO_RULE))
	given(t, charter(&eventv1.Rule{Method: consent, Quorum: &eventv1.Quorum{Count: 2}}), open(who("u1"), who("u2", away)), claimed).
		When(end).Then(closedWith(undecided, eventv1.OutcomeReason_OUTCOME_REASON_NO_QUORUM))
}

func TestPresenceIsNotedWhileVotingIsOpen(t *testing.T) {
	leaves := &commandv1.NotePresence{Participant: "u1"}
	given(t, charter(simple)).When(leaves).Refused("decision/not-open")
	opened := given(t, charter(simple), open(who("u1")))
	opened.When(&commandv1.NotePresence{Participant: "u2"}).Refused("decision/not-in-electorate")
	opened.When(leaves).Then(&eventv1.PresenceNoted{Participant: "u1"})
	opened.Given(&eventv1.PresenceNoted{Participant: "u1"}).When(castFor(ballot("u1", yes))).Refused("decision/absent")
}

func TestQuorumIsReadAtOpeningAndAtTheCloseAndTheLowerCounts(t *testing.T) {
	rule := charter(&eventv1.Rule{Method: majority, Quorum: &eventv1.Quorum{Count: 2}})
	short := closedWith(undecided, eventv1.OutcomeReason_OUTCOME_REASON_NO_QUORUM, 1)
	in, out := &eventv1.PresenceNoted{Participant: "u2", Present: true}, &eventv1.PresenceNoted{Participant: "u2"}
	given(t, rule, open(all("u1", "u2")...), ballot("u1", yes)).When(end).Then(closedWith(adopted, 0, 1))
	given(t, rule, open(all("u1", "u2")...), ballot("u1", yes), out).When(end).Then(short)
	given(t, rule, open(who("u1"), who("u2", away)), ballot("u1", yes), in).When(end).Then(short)
	given(t, rule, open(all("u1", "u2")...), ballot("u1", yes), out, in).When(end).Then(closedWith(adopted, 0, 1))
}

func TestTheBallotOfWhoLeftIsKept(t *testing.T) {
	given(t, charter(simple), open(all("u1", "u2", "u3")...), ballot("u1", yes), ballot("u2", yes), ballot("u3", no), &eventv1.PresenceNoted{Participant: "u2"}).
		When(end).Then(closedWith(adopted, 0, 2, 1))
}

func TestTheAnswerOfWhoLeftDoesNotStandForTheSilenceOfWhoStayed(t *testing.T) {
	asked := given(t, charter(&eventv1.Rule{Method: consent}), open(all("u1", "u2")...), ballot("u1", yes), &eventv1.PresenceNoted{Participant: "u1"})
	asked.When(end).Then(closedWith(undecided, eventv1.OutcomeReason_OUTCOME_REASON_NOT_ANSWERED, 1))
	asked.Given(ballot("u2", yes)).When(end).Then(closedWith(adopted, 0, 2))
}

func TestPresenceChangesTheFoldAndNotTheRecord(t *testing.T) {
	opened := later(0, open(all("u1", "u2")...))
	s := given(t).State()
	rules.Evolve(s, fact(opened))
	rules.Evolve(s, fact(later(0, &eventv1.PresenceNoted{Participant: "u2"})))
	if s.Standing("u2").Present {
		t.Error("the fold does not know that u2 left")
	}
	if diff := decidertest.Differ(later(0, open(all("u1", "u2")...)), opened); diff != "" {
		t.Errorf("folding a later event changed an earlier one, so that its bytes and its hash no longer agree:\n%s", diff)
	}
}

// A proxy is worth as much as its holder's presence: who has left votes for nobody, and whoever they would have voted for is not there either.
func TestAProxyCountsWhileItsHolderIsThere(t *testing.T) {
	away := who("u2")
	away.Present, away.Proxy = false, &eventv1.Proxy{To: "u1"}
	left := &eventv1.PresenceNoted{Participant: "u1"}
	opened := given(t, charter(simple), open(who("u1"), away, who("p1")))
	opened.When(castFor(ballot("u2", yes))).Then(&eventv1.BallotCast{Participant: "u2", Choice: yes})
	opened.Given(left).When(castFor(ballot("u2", yes))).Refused("decision/proxy-holder-left")
	opened.Given(left, &eventv1.PresenceNoted{Participant: "u1", Present: true}).When(castFor(ballot("u2", yes))).Then(&eventv1.BallotCast{Participant: "u2", Choice: yes})
}
