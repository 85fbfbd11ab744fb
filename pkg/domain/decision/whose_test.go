package decision_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider/decidertest"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Whose ballots, whose acts, who carries it out: what people who sit at the table may do themselves.

func from(capacity eventv1.Capacity, who string, body proto.Message) *commandv1.Command {
	cmd := decidertest.Command(body)
	cmd.Actor = &eventv1.Actor{Capacity: capacity, Participant: who}
	return cmd
}

func seated(who string, body proto.Message) *commandv1.Command {
	return from(eventv1.Capacity_CAPACITY_PARTICIPANT, who, body)
}

func running(body proto.Message) *commandv1.Command {
	return from(eventv1.Capacity_CAPACITY_FACILITATOR, "p1", body)
}

func TestPeopleVoteForThemselvesAndForWhoGaveThemAProxy(t *testing.T) {
	room := given(t, charter(simple), open(who("u1"), who("u2", away, proxyTo("u1")), who("u3"), who("f1", with(consulted))))
	room.When(seated("u1", castFor(ballot("u1", yes), ballot("u2", no)))).Then(ballot("u1", yes), ballot("u2", no))
	room.When(seated("u1", castFor(ballot("u1", yes), ballot("u3", no)))).Refused("decision/not-your-ballot")
	room.When(seated("u3", castFor(ballot("u2", no)))).Refused("decision/not-your-ballot")
	room.When(seated("", castFor(ballot("u3", no)))).Refused("decision/not-your-ballot")
	typed := &eventv1.BallotCast{Participant: "u3", Choice: yes, EnteredBy: "p1"}
	room.When(running(castFor(typed))).Then(typed)
	advice := &commandv1.GiveAdvice{Advice: []*eventv1.AdviceGiven{{Participant: "f1", Advice: yes}}}
	room.When(seated("f1", advice)).Then(advice.Advice[0])
	room.When(seated("u1", advice)).Refused("decision/not-your-ballot")
	room.When(running(advice)).Then(advice.Advice[0])
}

func TestALateBallotIsRefusedAlsoByProxy(t *testing.T) {
	by := decidertest.Now.Add(time.Hour)
	room := given(t, charter(simple), &eventv1.VotingOpened{Electors: []*eventv1.Elector{who("u1"), who("u2", away, proxyTo("u1"))}, ClosesAt: timestamppb.New(by)})
	for _, b := range []*eventv1.BallotCast{ballot("u1", yes), ballot("u2", yes)} {
		cmd := seated("u1", castFor(b))
		cmd.OccurredAt = timestamppb.New(by)
		room.When(cmd).Then(b)
		cmd.OccurredAt = timestamppb.New(by.Add(time.Nanosecond))
		room.When(cmd).Refused("decision/too-late")
	}
	s := room.State()
	if !s.MayVote("u2", by) || s.MayVote("u2", by.Add(time.Nanosecond)) {
		t.Error("MayVote and the decider see another deadline")
	}
}

func TestWhoCarriesADecisionOutSaysHowItGoes(t *testing.T) {
	over := given(t, &eventv1.CharterWritten{Charter: &eventv1.Charter{Rule: simple, Implementer: "p2"}}, open(who("u1")), closed)
	for _, kind := range []eventv1.ActKind{done, explained} {
		over.When(seated("p2", record(act(kind)))).Then(act(kind))
		over.When(seated("u1", record(act(kind)))).Refused("decision/not-yours-to-record")
		over.When(running(record(act(kind)))).Then(act(kind))
		handed := over.Given(&eventv1.ActRecorded{Kind: due, Due: "2026-04-01", Owner: "u1"})
		handed.When(seated("u1", record(act(kind)))).Then(act(kind))
		handed.When(seated("p2", record(act(kind)))).Refused("decision/not-yours-to-record")
		over.Given(&eventv1.ActRecorded{Kind: due, Due: "2026-05-01"}).When(seated("p2", record(act(kind)))).Then(act(kind))
	}
	nobody := given(t, charter(simple), open(who("u1")), closed)
	nobody.When(seated("", record(act(done)))).Refused("decision/not-yours-to-record")
	for _, a := range []*eventv1.ActRecorded{{Kind: finalAct, By: "p2"}, {Kind: putOff}, {Kind: reversed, By: "p2"}, {Kind: due, Due: "2026-04-01", Owner: "p2"}, {Kind: notDone}, objection(integrated, "p2"), objection(dismissed, "p2")} {
		over.When(seated("p2", record(a))).Refused("decision/not-yours-to-record")
		over.When(running(record(a))).Then(a)
	}
}

func TestPeopleRaiseAndTakeBackTheirOwnObjection(t *testing.T) {
	room := asked(t)
	because := func(kind eventv1.ActKind, of string) *commandv1.RecordAct {
		return &commandv1.RecordAct{Act: objection(kind, of), Reason: words}
	}
	room.When(seated("u2", because(raised, "u2"))).Then(&eventv1.ActRecorded{Kind: raised, Objector: "u2", Reason: sealed})
	room.When(seated("u2", record(objection(raised, "u2")))).Refused("decision/objection-without-reason")
	room.When(seated("u2", record(objection(takenBack, "u2")))).Then(objection(takenBack, "u2"))
	for _, kind := range []eventv1.ActKind{raised, takenBack} {
		room.When(seated("u1", because(kind, "u2"))).Refused("decision/not-yours-to-record")
	}
	room.When(running(record(objection(raised, "u2")))).Then(objection(raised, "u2"))
}

func TestTheForeseenElectorateIsHeldToTheRulesOfTheVote(t *testing.T) {
	plan := func(r *eventv1.Rule, lines ...*eventv1.Elector) *commandv1.WriteCharter {
		return &commandv1.WriteCharter{Charter: &eventv1.Charter{Rule: r}, Electors: lines}
	}
	bare := &eventv1.Elector{Participant: "u1", Standing: binding, Present: true}
	given(t).When(plan(simple, bare)).Then(&eventv1.CharterWritten{Charter: &eventv1.Charter{Rule: simple}, Electors: []*eventv1.Elector{who("u1")}})
	given(t).When(plan(simple, who("x9"))).Refused("decision/not-enrolled")
	given(t).When(plan(simple, who("u1"), who("u1"))).Refused("decision/elector-twice")
	given(t).When(plan(simple, who("u1", proxyTo("u1")))).Refused("decision/proxy-to-oneself")
	given(t).When(plan(simple, who("u1", with(informed)))).Refused("decision/nobody-votes")
	given(t).When(plan(&eventv1.Rule{Method: majority, Threshold: votesFor(3)}, all("u1", "u2")...)).Refused("decision/out-of-reach")
	given(t).When(&commandv1.WriteCharter{Charter: &eventv1.Charter{Rule: simple, Secret: true}, Electors: []*eventv1.Elector{who("u1", with(vetoing))}}).Refused("decision/secret-needs-no-names")

	planned := given(t, &eventv1.CharterWritten{Charter: &eventv1.Charter{Rule: simple}, Electors: all("u1", "u2")})
	planned.When(openWith()).Then(open(all("u1", "u2")...))
	planned.When(openWith(who("p1"))).Then(open(who("p1")))
	planned.Given(charter(simple)).When(openWith()).Refused("decision/nobody-votes") // a charter without one foresees nobody
}

func TestTheCharterSaysWhoCarriesItOutAndByWhen(t *testing.T) {
	by := func(who, day string) *eventv1.Charter {
		return &eventv1.Charter{Rule: simple, Implementer: who, Due: day}
	}
	for _, day := range []string{"", "2026-04-01", "2026-04-01T10:00:00+02:00"} {
		given(t).When(&commandv1.WriteCharter{Charter: by("p1", day)}).Then(&eventv1.CharterWritten{Charter: by("p1", day)})
	}
	given(t).When(&commandv1.WriteCharter{Charter: by("x9", "")}).Refused("decision/not-enrolled")
	given(t).When(&commandv1.WriteCharter{Charter: by("p1", "soon")}).Refused("decision/due-date-missing")
	given(t).When(&commandv1.WriteCharter{Charter: by("p1", "2025-04-01")}).Refused("decision/due-date-past")
	given(t, &eventv1.CharterWritten{Charter: by("p1", "2025-04-01")}).When(openWith(who("u1"))).Refused("decision/due-date-past") // it passed since it was written

	vote := func(c *eventv1.Charter) []proto.Message {
		return []proto.Message{&eventv1.CharterWritten{Charter: c}, open(who("u1"))}
	}
	isDue := &eventv1.ActRecorded{Kind: due, Owner: "p1", Due: "2026-04-01"}
	passed := given(t, vote(by("p1", "2026-04-01"))...).Given(ballot("u1", yes))
	passed.When(end).Then(closed, isDue)
	passed.When(from(eventv1.Capacity_CAPACITY_CLERK, "", end)).Then(&eventv1.VotingClosed{Outcome: adopted, Tally: &eventv1.Tally{For: 1}, ByDeadline: true}, isDue)
	passed.Given(closed, isDue).When(end).Then()
	given(t, vote(by("p1", "2026-04-01"))...).Given(ballot("u1", no)).When(end).Then(closedWith(rejected, 0, 0, 1))
	given(t, vote(by("p1", ""))...).Given(ballot("u1", yes)).When(end).Then(closed)
	given(t, vote(by("", "2026-04-01"))...).Given(ballot("u1", yes)).When(end).Then(closed, &eventv1.ActRecorded{Kind: due, Due: "2026-04-01"})
	if owner, day := passed.State().Implementation(); owner != "p1" || day != "2026-04-01" {
		t.Errorf("to be carried out by %q until %q", owner, day)
	}
}

func TestWhoContestsIsKnownUntilItIsSettled(t *testing.T) {
	contested := given(t, open(), closed, &eventv1.MinutesContested{By: "u1", Text: sealed})
	if s := contested.State(); s.DisputedBy != "u1" || s.Dispute.Field != "text" || s.Dispute.Commit != "c4" {
		t.Errorf("contested by %q: %+v", s.DisputedBy, s.Dispute)
	}
	if s := contested.Given(&eventv1.DisputeSettled{By: "p1"}).State(); s.DisputedBy != "" || s.Dispute.Sealed != nil {
		t.Errorf("still contested by %q", s.DisputedBy)
	}
}

func TestThoseWhoMayStillVoteAreAwaited(t *testing.T) {
	room := given(t, charter(simple), open(who("u1"), who("u2", away), who("u3", away, proxyTo("u1")), who("f1", recused), who("p1", with(consulted)), who("p2")))
	if got := room.Given(ballot("p2", yes)).State().Awaited(); !slices.Equal(got, []string{"u1", "u3"}) {
		t.Errorf("awaited: %v", got)
	}
	if got := room.Given(closed).State().Awaited(); got != nil {
		t.Errorf("awaited after the close: %v", got)
	}
}

func TestOnlyWhoHasAVoteObjects(t *testing.T) {
	room := given(t, charter(simple), open(who("u1"), who("u2", recused), who("f1", with(consulted))))
	for _, outside := range []string{"u2", "u3", "f1"} {
		command := &commandv1.RecordAct{Act: objection(raised, outside), Reason: words}
		room.When(seated(outside, command)).Refused("decision/objection-without-vote")
		room.When(running(command)).Refused("decision/objection-without-vote")
		// Minutes that were written elsewhere say what was; and what was recorded before can be taken back.
		said := &eventv1.ActRecorded{Kind: raised, Objector: outside, Reason: sealed}
		room.When(from(eventv1.Capacity_CAPACITY_IMPORT, "", command)).Then(said)
		room.Given(said).When(seated(outside, record(objection(takenBack, outside)))).Then(objection(takenBack, outside))
	}
	room.When(running(record(objection(raised, "u1")))).Then(objection(raised, "u1"))
}

func TestWhoHoldsAProxyObjectsForWhoGaveIt(t *testing.T) {
	room := given(t, charter(simple), open(who("u1"), who("u2", away, proxyTo("u1")), who("u3")))
	carried := &eventv1.ActRecorded{Kind: raised, By: "u1", Objector: "u2"}
	said := &eventv1.ActRecorded{Kind: raised, By: "u1", Objector: "u2", Reason: sealed}
	room.When(seated("u1", &commandv1.RecordAct{Act: carried, Reason: words})).Then(said)
	room.When(seated("u1", record(carried))).Refused("decision/objection-without-reason")
	room.When(seated("u3", &commandv1.RecordAct{Act: carried, Reason: words})).Refused("decision/not-yours-to-record")
	back := &eventv1.ActRecorded{Kind: takenBack, By: "u1", Objector: "u2"}
	room.Given(said).When(seated("u1", record(back))).Then(back)
}

func TestTheCharterNamesWhoRatifies(t *testing.T) {
	for _, r := range []eventv1.Ratification{eventv1.Ratification_RATIFICATION_LEGALITY, eventv1.Ratification_RATIFICATION_MERIT} {
		c := &eventv1.Charter{Rule: simple, Ratification: r}
		named := &eventv1.CharterWritten{Charter: c, Ratifier: sealed}
		posed := given(t)
		posed.When(&commandv1.WriteCharter{Charter: c, Ratifier: words}).Then(named)
		if got := posed.Given(named).State().Ratifier; got.Field != "ratifier" || got.Sealed == nil {
			t.Errorf("%v: the ratifier is %+v", r, got)
		}
		if got := posed.Given(named, &eventv1.CharterWritten{Charter: c}).State().Ratifier; got.Sealed != nil {
			t.Errorf("%v: a charter without a ratifier has %+v", r, got)
		}
	}
	for _, r := range []eventv1.Ratification{0, eventv1.Ratification_RATIFICATION_NONE} {
		given(t).When(&commandv1.WriteCharter{Charter: &eventv1.Charter{Rule: simple, Ratification: r}, Ratifier: words}).Refused("decision/ratifier-without-ratification")
	}
}
