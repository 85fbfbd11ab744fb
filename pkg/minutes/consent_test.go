package minutes_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// A vote by consent has rounds, objections and their answers, in an order; a minutes file has one ballot of each person and acts with a time. What the
// file says, audited, must nevertheless be what the record says.

// inRounds is a vote by consent that has just opened: two users, two professionals, somebody who is asked for advice.
func inRounds(t reporter, method eventv1.Method) *held {
	h := &held{t: t, all: map[aggregate.Key]*aggregate.Aggregate{}}
	h.asked(&commandv1.FoundWorkspace{Workspace: "dsm"}, &commandv1.OpenInitiative{Workspace: "dsm", Initiative: "csm"})
	enrol, seat := &commandv1.EnrolParticipants{Workspace: "dsm", Initiative: "csm"}, &commandv1.SeatParticipants{Workspace: "dsm", Session: "csm:s1"}
	var electors []*eventv1.Elector
	for _, id := range []string{"u1", "u2", "p1", "p2", "f1"} {
		code := map[byte]string{'u': "user", 'p': "professional", 'f': "family"}[id[0]]
		enrol.Enrolments = append(enrol.Enrolments, &commandv1.Enrolment{Participant: id, Ref: text(id), Constituency: code})
		seat.Seats = append(seat.Seats, &eventv1.ParticipantSeated{Participant: id})
		electors = append(electors, &eventv1.Elector{Participant: id, Standing: eventv1.Standing_STANDING_CONSENT, Present: true, Weight: 1})
	}
	electors[4].Standing = eventv1.Standing_STANDING_CONSULTED
	h.asked(enrol, &commandv1.PrepareSession{Workspace: "dsm", Session: "csm:s1", StartsAt: timestamppb.New(opening)}, &commandv1.OpenSession{Workspace: "dsm", Session: "csm:s1"}, seat,
		&commandv1.ProposeItem{Workspace: "dsm", Item: "csm:i1", Title: text("bus")}, &commandv1.SetAgenda{Workspace: "dsm", Session: "csm:s1", Items: []string{"csm:i1"}},
		&commandv1.PoseDecision{Workspace: "dsm", Decision: "csm:s1:d1", Item: "csm:i1"},
		&commandv1.WriteCharter{Workspace: "dsm", Decision: "csm:s1:d1", Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: method}, Ratification: eventv1.Ratification_RATIFICATION_NONE, Implementer: "p1", Due: "2026-05-01"}},
		&commandv1.OpenVoting{Workspace: "dsm", Decision: "csm:s1:d1", Electors: electors})
	return h
}

// try asks for something and reports whether it was done.
func (h *held) try(body proto.Message) bool {
	c := decidertest.Command(body)
	_, key, _ := aggregate.Of(c)
	a, _ := h.load(key)
	events, err := aggregate.Decide(a, c, h.load, opening.Add(time.Duration(h.seq+1)*time.Minute))
	if err != nil || len(events) == 0 {
		return false
	}
	h.do(c)
	return true
}

// judged is all that is told of everyone but where the proof stands, and the outcome.
func (h *held) judged() map[string]string {
	r := h.record()
	d := r.Decisions[0].State
	by := map[string]string{"outcome": d.Final().String()}
	for _, j := range role.Judge(role.NewCase(d, r.Items[0].State, r.Session, opening.AddDate(1, 0, 0))) {
		by[j.Who] = fmt.Sprint(j.Role, " R", j.Rule, " ", j.Reason, " then ", j.RoleAtDecision, " power ", j.Power, " ", j.Shapley, " ", j.Pivotal, " ", j.Flags)
	}
	return by
}

// step draws one thing that may happen in a vote by consent, or after it.
func step(t *rapid.T) proto.Message {
	const d1 = "csm:s1:d1"
	who := rapid.SampledFrom([]string{"u1", "u2", "p1", "p2"})
	switch rapid.SampledFrom([]string{"cast", "cast", "cast", "everyone", "everyone", "object", "act", "act", "act", "amend", "anew", "anew", "move", "claim", "put off", "close", "end"}).Draw(t, "what") {
	case "cast":
		choice := rapid.SampledFrom([]eventv1.Choice{eventv1.Choice_CHOICE_FOR, eventv1.Choice_CHOICE_AGAINST, eventv1.Choice_CHOICE_ABSTAIN}).Draw(t, "choice")
		return &commandv1.CastBallots{Workspace: "dsm", Decision: d1, Ballots: []*eventv1.BallotCast{{Participant: who.Draw(t, "whose"), Choice: choice}}}
	case "everyone":
		all := &commandv1.CastBallots{Workspace: "dsm", Decision: d1}
		for _, id := range []string{"u1", "u2", "p1", "p2"} {
			all.Ballots = append(all.Ballots, &eventv1.BallotCast{Participant: id, Choice: rapid.SampledFrom([]eventv1.Choice{eventv1.Choice_CHOICE_FOR, eventv1.Choice_CHOICE_FOR, eventv1.Choice_CHOICE_AGAINST}).Draw(t, "choice")})
		}
		return all
	case "object":
		return &commandv1.CastBallots{Workspace: "dsm", Decision: d1, Ballots: []*eventv1.BallotCast{{Participant: who.Draw(t, "whose"), Choice: eventv1.Choice_CHOICE_AGAINST}}}
	case "act":
		a := &eventv1.ActRecorded{By: "p1", Objector: who.Draw(t, "objector"), AllowedByRule: rapid.Bool().Draw(t, "allowed")}
		a.Kind = rapid.SampledFrom([]eventv1.ActKind{eventv1.ActKind_ACT_KIND_OBJECTION_RAISED, eventv1.ActKind_ACT_KIND_OBJECTION_INTEGRATED, eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN, eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED}).Draw(t, "kind")
		a.AllowedByRule = a.AllowedByRule && a.Kind == eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED
		return &commandv1.RecordAct{Workspace: "dsm", Decision: d1, Act: a}
	case "amend":
		return &commandv1.AmendProposal{Workspace: "dsm", Decision: d1, Text: text("another"), Objector: rapid.SampledFrom([]string{"", "u1", "p1"}).Draw(t, "for")}
	case "anew":
		return &commandv1.BeginRound{Workspace: "dsm", Decision: d1, Round: eventv1.Round_ROUND_CONSENT}
	case "move":
		return &commandv1.NotePresence{Workspace: "dsm", Decision: d1, Participant: who.Draw(t, "who"), Present: rapid.Bool().Draw(t, "present")}
	case "claim":
		return &commandv1.ClaimConsensus{Workspace: "dsm", Decision: d1, Outcome: eventv1.Outcome_OUTCOME_ADOPTED}
	case "put off":
		if rapid.IntRange(0, 3).Draw(t, "really") > 0 {
			return &commandv1.BeginRound{Workspace: "dsm", Decision: d1, Round: eventv1.Round_ROUND_CONSENT}
		}
		return &commandv1.RecordAct{Workspace: "dsm", Decision: d1, Act: &eventv1.ActRecorded{Kind: eventv1.ActKind_ACT_KIND_DEFERRED}}
	case "close":
		return &commandv1.CloseVoting{Workspace: "dsm", Decision: d1}
	default:
		return &commandv1.CloseSession{Workspace: "dsm", Session: "csm:s1"}
	}
}

func TestAnExportedVoteByConsentGivesTheRolesOfTheRecord(t *testing.T) {
	met := map[string]int{}
	run := func(t *rapid.T) {
		h := inRounds(t, rapid.SampledFrom([]eventv1.Method{eventv1.Method_METHOD_CONSENT, eventv1.Method_METHOD_CONSENSUS}).Draw(t, "method"))
		for range rapid.IntRange(3, 25).Draw(t, "steps") {
			h.try(step(t))
		}
		if d := h.record().Decisions[0].State; d.Phase == decision.Open {
			h.try(&commandv1.BeginRound{Workspace: "dsm", Decision: "csm:s1:d1", Round: eventv1.Round_ROUND_CONSENT})
			h.try(step(t))
			if d.Reworded { // the text just changed: everyone is asked anew
				h.try(&commandv1.BeginRound{Workspace: "dsm", Decision: "csm:s1:d1", Round: eventv1.Round_ROUND_CONSENT})
			}
			if d.Phase == decision.Open && !h.try(&commandv1.CloseVoting{Workspace: "dsm", Decision: "csm:s1:d1"}) {
				t.Fatal("it does not close")
			}
			h.try(step(t))
		}
		f, raw := rewritten(t, h.record().File(opened))
		want, got := h.judged(), imported(t, f).judged()
		if diff := decidertest.Differ(want, got); diff != "" {
			t.Fatalf("recorded (-) and audited (+):\n%s\n%s", diff, raw)
		}
		d := h.record().Decisions[0].State
		met[d.Outcome.String()]++
		met["rounds"] += max(0, d.ConsentRound-1)
		for _, a := range d.Acts {
			if d.Superseded(a) {
				met["superseded"]++
			}
			if a.Late && a.Kind == eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN {
				met["late"]++
			}
		}
		for _, line := range want {
			if len(line) > 20 && line[:12] == "consultative" {
				met["consultative"]++
			}
		}
	}
	for range 4 {
		rapid.Check(t, run)
	}
	for _, m := range []string{eventv1.Outcome_OUTCOME_ADOPTED.String(), eventv1.Outcome_OUTCOME_REJECTED.String(), eventv1.Outcome_OUTCOME_NO_DECISION.String(), "rounds", "superseded", "late", "consultative"} {
		if met[m] < 5 {
			t.Errorf("%s: only %d of the histories drawn; they prove too little: %v", m, met[m], met)
		}
	}
	t.Log(met)
}

func TestAVoteThatIsOpenIsNotExported(t *testing.T) {
	h := inRounds(t, eventv1.Method_METHOD_CONSENT)
	h.asked(&commandv1.CastBallots{Workspace: "dsm", Decision: "csm:s1:d1", Ballots: []*eventv1.BallotCast{{Participant: "u1", Choice: eventv1.Choice_CHOICE_AGAINST}}},
		&commandv1.GiveAdvice{Workspace: "dsm", Decision: "csm:s1:d1", Advice: []*eventv1.AdviceGiven{{Participant: "f1", Advice: eventv1.Choice_CHOICE_FOR}}})
	told := func(f *minutes.File) (n int) {
		if len(f.Items[0].Decisions) == 0 {
			return 0
		}
		for _, e := range f.Items[0].Decisions[0].Electorate {
			if e.Ballot != "" || e.Advice != "" {
				n++
			}
		}
		return n
	}
	f, _ := rewritten(t, h.record().File(opened))
	if len(f.Items[0].Decisions) != 0 {
		t.Errorf("%v is told while the vote is open", f.Items[0].Decisions)
	}
	for _, s := range minutes.Steps(f, h.record().Recorded(opened), map[string]string{"u1": "u1", "u2": "u2", "p1": "p1", "p2": "p2", "f1": "f1"}) {
		if s.Command.GetStrikeDecision() != nil {
			t.Error("reading the export again strikes the open vote")
		}
	}
	if n := told(h.record().Recorded(opened).Session); n != 2 {
		t.Errorf("whoever compares a file with the record sees %d ballots of 2", n)
	}
	h.asked(&commandv1.CloseVoting{Workspace: "dsm", Decision: "csm:s1:d1"})
	if n := told(h.record().File(opened)); n != 2 {
		t.Errorf("%d ballots of 2 are told after the close", n)
	}
}
