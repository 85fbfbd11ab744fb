package decision_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

const (
	toPresent = eventv1.Round_ROUND_PRESENT
	toClarify = eventv1.Round_ROUND_CLARIFY
	toReact   = eventv1.Round_ROUND_REACT
	toAmend   = eventv1.Round_ROUND_AMEND
	toConsent = eventv1.Round_ROUND_CONSENT
)

var byConsent = &eventv1.Rule{Method: consent}

func begin(r eventv1.Round) *commandv1.BeginRound { return &commandv1.BeginRound{Round: r} }
func begun(r eventv1.Round) *eventv1.RoundBegun   { return &eventv1.RoundBegun{Round: r} }
func objection(kind eventv1.ActKind, of string) *eventv1.ActRecorded {
	return &eventv1.ActRecorded{Kind: kind, Objector: of}
}

var (
	amend    = &commandv1.AmendProposal{Text: words}
	reworded = &eventv1.ProposalAmended{Text: sealed}
)

// asked is a vote by consent of three, with these facts after its opening.
func asked(t *testing.T, facts ...proto.Message) decidertest.Scenario[decision.State] {
	t.Helper()
	return given(t, charter(byConsent), open(all("u1", "u2", "p1")...)).Given(facts...)
}

func TestRoundsBeforeTheVoteComeInAnyOrderAndAgain(t *testing.T) {
	for _, method := range []eventv1.Method{consent, consensus} {
		before := given(t, charter(&eventv1.Rule{Method: method}))
		for _, r := range []eventv1.Round{toPresent, toClarify, toReact, toAmend} {
			before.When(begin(r)).Then(begun(r))
			before.Given(begun(toAmend)).When(begin(r)).Then(begun(r))
		}
		if s := before.Given(begun(toAmend), begun(toReact)).State(); s.Round != toReact || s.ConsentRound != 0 {
			t.Errorf("round %v, consent round %d", s.Round, s.ConsentRound)
		}
	}
}

func TestRoundsAreForConsentOnly(t *testing.T) {
	given(t).When(begin(toPresent)).Refused("decision/rounds-only-by-consent")
	given(t, charter(simple)).When(begin(toPresent)).Refused("decision/rounds-only-by-consent")
	given(t, charter(byConsent)).When(begin(0)).Refused("decision/round-without-name")
	if s := given(t, charter(byConsent), begun(toReact), charter(simple)).State(); s.Round != 0 {
		t.Errorf("another rule leaves the round at %v", s.Round)
	}
}

func TestTheFirstConsentRoundBeginsWithTheVote(t *testing.T) {
	given(t, charter(byConsent)).When(begin(toConsent)).Refused("decision/open-voting-first")
	if s := asked(t).State(); s.Round != toConsent || s.ConsentRound != 1 {
		t.Errorf("round %v, consent round %d", s.Round, s.ConsentRound)
	}
	if s := given(t, charter(simple), open(who("u1"))).State(); s.Round != 0 || s.ConsentRound != 0 {
		t.Errorf("a majority has round %v, consent round %d", s.Round, s.ConsentRound)
	}
}

func TestWhileEveryoneIsAskedTheTextIsAmendedOnlyAfterAnObjection(t *testing.T) {
	for _, r := range []eventv1.Round{toPresent, toClarify, toReact} {
		asked(t).When(begin(r)).Refused("decision/everyone-is-asked")
	}
	agreed := asked(t, ballot("u1", yes))
	agreed.When(begin(toAmend)).Refused("decision/nobody-objects")
	agreed.When(amend).Refused("decision/nobody-objects")
	for _, o := range []proto.Message{ballot("u2", no), objection(raised, "u2")} {
		agreed.Given(o).When(begin(toAmend)).Then(begun(toAmend))
		agreed.Given(o).When(amend).Then(reworded)
	}
	agreed.Given(ballot("u2", no), objection(takenBack, "u2")).When(amend).Then(reworded)
	agreed.Given(closed).When(begin(toAmend)).Refused("decision/not-open")
}

func TestTheTextChangesBeforeTheVoteWhateverTheRule(t *testing.T) {
	takingUp := &commandv1.AmendProposal{Text: words, TakesUp: 3, Objector: "u1"}
	given(t).When(takingUp).Then(&eventv1.ProposalAmended{Text: sealed, TakesUp: 3, Objector: "u1"})
	given(t, charter(simple)).When(amend).Then(reworded)
	given(t, charter(simple)).When(&commandv1.AmendProposal{}).Refused("decision/text-missing")
	given(t).When(&commandv1.AmendProposal{Text: words, Objector: "x9"}).Refused("decision/not-enrolled")
	given(t, charter(simple), open(who("u1"))).When(amend).Refused("decision/text-frozen")
	given(t, charter(simple), open(who("u1")), closed).When(amend).Refused("decision/text-frozen")
	asked(t, ballot("u1", no), closed).When(amend).Refused("decision/text-frozen")
	s := given(t, reworded, &eventv1.ProposalAmended{Text: sealed, TakesUp: 3}).State()
	if len(s.Amendments) != 2 || s.Amendments[1].TakesUp != 3 || s.Amendments[1].Seq != 3 || s.Proposal.Field != "text" || s.Proposal.Commit != "c3" || s.Reworded {
		t.Errorf("the text is %+v after %+v", s.Proposal, s.Amendments)
	}
}

func TestAnAmendmentThatIntegratesAnObjectionSettlesIt(t *testing.T) {
	forU2 := &commandv1.AmendProposal{Text: words, Objector: "u2"}
	changed := &eventv1.ProposalAmended{Text: sealed, Objector: "u2"}
	asked(t, ballot("u2", no)).When(forU2).Then(changed, objection(integrated, "u2"))
	asked(t, objection(raised, "u2")).When(forU2).Then(changed, objection(integrated, "u2"))
	asked(t, ballot("u2", no), objection(takenBack, "u2")).When(forU2).Then(changed)
	asked(t, ballot("u1", no)).When(forU2).Then(changed)
	given(t, charter(byConsent)).When(forU2).Then(changed)
}

func TestAfterAnAmendmentEveryoneIsAskedAnew(t *testing.T) {
	changed := asked(t, ballot("u1", yes), ballot("u2", no), ballot("p1", yes), reworded, objection(integrated, "u2"))
	changed.When(end).Refused("decision/amended-since-asked")
	changed.When(castFor(ballot("u2", yes))).Refused("decision/amended-since-asked")
	changed.When(begin(toConsent)).Then(begun(toConsent))
	anew := changed.Given(begun(toConsent))
	s := anew.State()
	if s.ConsentRound != 2 || len(s.Ballots) != 0 || s.Reworded || !slices.Equal(s.Awaited(), []string{"u1", "u2", "p1"}) {
		t.Errorf("round %d, ballots %v, awaited %v", s.ConsentRound, s.Ballots, s.Awaited())
	}
	anew.When(end).Then(closedWith(undecided, eventv1.OutcomeReason_OUTCOME_REASON_NOT_ANSWERED))
	anew.Given(ballot("u1", yes), ballot("u2", yes), ballot("p1", abstain)).When(end).Then(closedWith(adopted, 0, 2, 0, 1))
	// What settled the first objection does not settle the second.
	anew.Given(ballot("u1", yes), ballot("u2", no), ballot("p1", yes)).When(end).Then(closedWith(rejected, 0, 2, 1))
}

func TestAnotherRoundWaitsForTheAnswerToEveryObjection(t *testing.T) {
	asked(t, ballot("u1", yes)).When(begin(toConsent)).Then(begun(toConsent))
	for _, o := range []proto.Message{ballot("u2", no), objection(raised, "u2")} {
		objected := asked(t, ballot("u1", yes), o)
		objected.When(begin(toConsent)).Refused("decision/objections-unanswered")
		for _, kind := range []eventv1.ActKind{integrated, takenBack, dismissed} {
			objected.Given(objection(kind, "u2")).When(begin(toConsent)).Then(begun(toConsent))
			objected.Given(objection(kind, "u1")).When(begin(toConsent)).Refused("decision/objections-unanswered")
		}
		objected.Given(reworded).When(begin(toConsent)).Then(begun(toConsent))
		objected.Given(objection(takenBack, "u2"), objection(raised, "u2")).When(begin(toConsent)).Refused("decision/objections-unanswered")
	}
	asked(t, objection(raised, "u2"), ballot("u2", yes)).When(begin(toConsent)).Then(begun(toConsent))
}

func TestASecretVoteByConsentIsAskedAnewToo(t *testing.T) {
	counted := given(t, secretly(byConsent), open(all("u1", "u2")...), &eventv1.TallyReported{Total: &eventv1.Tally{For: 1, Against: 1}, TookPart: []string{"u1", "u2"}})
	counted.When(begin(toConsent)).Refused("decision/objections-unanswered")
	counted.When(amend).Then(reworded)
	report := &commandv1.ReportTally{Tally: &eventv1.TallyReported{Total: &eventv1.Tally{For: 2}, TookPart: []string{"u1", "u2"}}}
	counted.When(report).Refused("decision/already-counted")
	counted.Given(reworded, begun(toConsent)).When(report).Then(report.Tally)
}

func TestOnlyWhatComesAfterABallotSettlesTheObjectionThatItIs(t *testing.T) {
	others := asked(t, ballot("u1", yes), ballot("p1", yes))
	for _, kind := range []eventv1.ActKind{integrated, takenBack, dismissed} {
		others.Given(ballot("u2", no), objection(kind, "u2")).When(end).Then(closedWith(adopted, 0, 2, 0, 1))
		others.Given(objection(kind, "u2"), ballot("u2", no)).When(end).Then(closedWith(rejected, 0, 2, 1))
		others.Given(ballot("u2", no), objection(kind, "u2"), ballot("u2", no)).When(end).Then(closedWith(rejected, 0, 2, 1))
	}
}

func TestAnActIsSupersededByALaterBallotOfItsObjector(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts []proto.Message
		want  bool
	}{
		{"no ballot afterwards", []proto.Message{ballot("u2", no), objection(takenBack, "u2")}, false},
		{"somebody else's ballot", []proto.Message{objection(takenBack, "u2"), ballot("u1", no)}, false},
		{"raised, then objecting by ballot", []proto.Message{objection(raised, "u2"), ballot("u2", no)}, false},
		{"taken back, then objecting again", []proto.Message{objection(takenBack, "u2"), ballot("u2", no)}, true},
		{"set aside, then letting it pass", []proto.Message{objection(dismissed, "u2"), ballot("u2", yes)}, false},
		{"set aside, then objecting again", []proto.Message{objection(dismissed, "u2"), ballot("u2", no)}, true},
		{"set aside, then consenting in another round", []proto.Message{objection(dismissed, "u2"), begun(toConsent), ballot("u2", yes)}, true},
		{"set aside, then objecting in another round", []proto.Message{objection(dismissed, "u2"), begun(toConsent), ballot("u2", no)}, true},
		{"set aside, then silent in another round", []proto.Message{objection(dismissed, "u2"), begun(toConsent)}, false},
		{"raised, then answering in another round", []proto.Message{objection(raised, "u2"), begun(toConsent), ballot("u2", abstain)}, true},
		{"not about an objection", []proto.Message{act(putOff), begun(toConsent), ballot("u2", yes)}, false},
	} {
		s := asked(t, c.facts...).State()
		if got := s.Superseded(s.Acts[0]); got != c.want {
			t.Errorf("%s: superseded %v", c.name, got)
		}
	}
}

func TestAClaimOfAnEarlierRoundIsVoid(t *testing.T) {
	claimed := asked(t, &eventv1.ConsensusClaimed{Outcome: adopted}, begun(toConsent))
	claimed.When(end).Then(closedWith(undecided, eventv1.OutcomeReason_OUTCOME_REASON_NOT_ANSWERED))
}

func TestANewRoundOutlivesADeadlineThatPassedWhileTheTextChanged(t *testing.T) {
	deadline := decidertest.Now.Add(time.Hour)
	by := given(t, charter(byConsent), &eventv1.VotingOpened{Electors: all("u1", "u2"), ClosesAt: timestamppb.New(deadline)})
	late := func(body proto.Message) *commandv1.Command {
		cmd := decidertest.Command(body)
		cmd.OccurredAt = timestamppb.New(deadline.Add(time.Minute))
		return cmd
	}
	by.Given(ballot("u1", yes)).When(late(begin(toConsent))).Refused("decision/too-late")
	changed := by.Given(ballot("u1", no), reworded)
	changed.When(late(end)).Refused("decision/amended-since-asked")
	changed.When(late(begin(toConsent))).Then(begun(toConsent))
	if s := changed.Given(later(time.Minute, begun(toConsent))).State(); !s.ClosesAt.Equal(deadline) {
		t.Errorf("a round before the deadline moves it to %v", s.ClosesAt)
	}
	again := changed.Given(later(time.Hour+time.Minute, begun(toConsent)))
	if s := again.State(); !s.ClosesAt.IsZero() {
		t.Errorf("the deadline that has passed is still %v", s.ClosesAt)
	}
	again.When(late(castFor(ballot("u1", yes)))).Then(ballot("u1", yes))
}
