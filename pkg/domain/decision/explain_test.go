package decision_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/decision"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The explanation of a count is held to the count itself: it may say nothing that the outcome does not follow from.

// decided is the outcome that follows from an explanation and the ballots alone: adopted, when it is.
func decided(c *decision.Count, chairFor, answered, vetoed bool, names int) bool {
	if !c.Quorate || !answered || vetoed {
		return false
	}
	thresholds, named := c.Conditions[:len(c.Conditions)-names], c.Conditions[len(c.Conditions)-names:]
	fails := func(x decision.ConditionCount) bool { return !x.Passed }
	if slices.ContainsFunc(named, fails) {
		return false
	}
	return !slices.ContainsFunc(thresholds, fails) || c.Tie && chairFor
}

// namesOf is how many of the last conditions are about people and not about weight.
func namesOf(r *eventv1.Rule) (n int) {
	if r.MinMembersFor > 0 {
		n++
	}
	if len(r.RequiresFor) > 0 {
		n++
	}
	return n
}

// A vote is adopted exactly when it was quorate, nobody vetoed, and everything that had to be reached was, or the chair broke the tie.
func TestAnExplanationSaysWhatTheOutcomeFollowsFrom(t *testing.T) {
	met := map[string]int{}
	many(t, 60, func(t *rapid.T) {
		electors := electorate(t, 8, 1, 1, 2, 3, 5, 1<<32)
		troubled(t, electors)
		r := ruleFor(t, electors)
		b := ballots(t, electors)
		p := decision.NewPoll(r, electors)
		got, c := p.Outcome(chosen(p, b)), p.Count(chosen(p, b))
		vetoed := false
		for i, v := range p.Voters {
			mine := slices.IndexFunc(electors, func(e *eventv1.Elector) bool { return e.Participant == v.Participant })
			vetoed = vetoed || b[p.Voters[i].Participant] == no && (electors[mine].Standing == vetoing || slices.Contains(r.Veto, v.Participant))
		}
		if want := decided(c, r.Tie == chair && b[r.Chair] == yes, len(b) > 0, vetoed, namesOf(r)); (got.Outcome == adopted) != want {
			t.Fatalf("%v\n%v\n%v\ngives %v, the explanation %+v", r, electors, b, got, c)
		}
		tied := got.Reason == eventv1.OutcomeReason_OUTCOME_REASON_TIE_CHAIR || got.Reason == eventv1.OutcomeReason_OUTCOME_REASON_TIE_STATUS_QUO || got.Reason == eventv1.OutcomeReason_OUTCOME_REASON_TIE_DEFERRED
		if tied && !c.Tie {
			t.Fatalf("%v without a tie: %+v", got.Reason, c)
		}
		if (got.Reason == eventv1.OutcomeReason_OUTCOME_REASON_NO_QUORUM) == c.Quorate {
			t.Fatalf("%v, quorate: %v", got.Reason, c.Quorate)
		}
		met[fmt.Sprint(r.Method, got.Outcome)]++
		met[fmt.Sprint("tie ", c.Tie)]++
		met[fmt.Sprint("quorate ", c.Quorate)]++
		lines(t, r, c)
	})
	for _, m := range []eventv1.Method{majority, unanimity, consent, consensus, constituencies, sole} {
		for _, o := range []eventv1.Outcome{adopted, rejected} {
			if met[fmt.Sprint(m, o)] == 0 {
				t.Errorf("no vote by %v was %v: the votes drawn prove too little", m, o)
			}
		}
	}
	if met["tie true"] == 0 || met["quorate false"] == 0 {
		t.Errorf("the votes drawn prove too little: %v", met)
	}
}

// lines holds each line to itself: what was needed is what was reached, where it was passed.
func lines(t *rapid.T, r *eventv1.Rule, c *decision.Count) {
	if c.Quorate != (c.Present >= c.Needed && !slices.ContainsFunc(c.Quorums, func(q decision.QuorumCount) bool { return q.Present < q.Needed })) {
		t.Fatalf("the quorum is said to be met and is not, or the other way: %+v", c)
	}
	if r.Method == consent || r.Method == consensus {
		x := c.Conditions[0]
		if x.Needed != 0 || x.Passed != (x.Against == 0 && x.For+x.Abstain == x.Base && x.Base > 0) {
			t.Fatalf("consent: %+v", x)
		}
		return
	}
	for _, x := range c.Conditions {
		// Who left after voting is no longer among those present: there the base can be less than what was cast.
		if x.Needed == 0 || x.Passed != (x.For >= x.Needed) && x.For <= x.Base {
			t.Fatalf("%v: %+v", r, x)
		}
	}
}

func TestASecretCountIsExplainedAsTheBallotsWouldBe(t *testing.T) {
	explained := 0
	many(t, 10, func(t *rapid.T) {
		electors := electorate(t, 8, 1)
		r := ruleFor(t, electors)
		r.Veto, r.RequiresFor = nil, nil
		if r.Method == sole || r.Tie == chair {
			t.Skip("hangs on a name")
		}
		b := ballots(t, electors)
		p := decision.NewPoll(r, electors)
		if secret, open := fmt.Sprintf("%+v", p.CountOfTotals(totals(p, b))), fmt.Sprintf("%+v", p.Count(chosen(p, b))); secret != open {
			t.Fatalf("in secret %s, in the open %s", secret, open)
		}
		explained++
	})
	if explained == 0 {
		t.Error("nothing was counted")
	}
}

func TestACountIsExplained(t *testing.T) {
	quarter := &eventv1.Rule{Method: constituencies, Threshold: share(2, 3), Base: members, Quorum: &eventv1.Quorum{Fraction: &eventv1.Fraction{Numerator: 1, Denominator: 2}, Constituencies: map[string]uint32{"user": 2}},
		Constituencies: []*eventv1.ConstituencyRule{{Of: []string{"user"}, Base: cast, MinPresent: 1}, {Of: []string{"family", "professional"}, Base: present}}}
	electors := []*eventv1.Elector{who("u1"), who("u2"), who("u3", away), who("p1", weighing(2)), who("p2")}
	room := given(t, charter(quarter), open(electors...), ballot("u1", yes), ballot("u2", abstain), ballot("p1", yes), ballot("p2", no))
	if c := room.State().Count(); c != nil {
		t.Errorf("a count is told before the close: %+v", c)
	}
	c := room.Given(&eventv1.PresenceNoted{Participant: "u3", Present: true}, closedWith(rejected, 0, 3, 1, 1)).State().Count()
	want := &decision.Count{Needed: 3, Present: 4, Quorate: true,
		Quorums: []decision.QuorumCount{{"user", 2, 2}, {"user", 1, 2}},
		Conditions: []decision.ConditionCount{
			{Of: []string{"user"}, For: 1, Abstain: 1, Base: 1, Needed: 1, Passed: true},
			{Of: []string{"family", "professional"}, For: 2, Against: 1, Base: 3, Needed: 2, Passed: true},
			{For: 3, Against: 1, Abstain: 1, Base: 6, Needed: 4},
		}}
	if got := fmt.Sprintf("%+v", c); got != fmt.Sprintf("%+v", want) {
		t.Errorf("explained as %s, want %+v", got, want)
	}
}

func TestTheQuorumIsTheLowerOfOpeningAndClose(t *testing.T) {
	rule := &eventv1.Rule{Method: majority, Quorum: &eventv1.Quorum{Count: 2, Constituencies: map[string]uint32{"user": 2}}}
	moved := func(id string, here bool) *eventv1.PresenceNoted {
		return &eventv1.PresenceNoted{Participant: id, Present: here}
	}
	full := given(t, charter(rule), open(all("u1", "u2", "u3")...), ballot("u1", yes), ballot("u2", yes))
	short := given(t, charter(rule), open(who("u1"), who("u2", away)), moved("u2", true), ballot("u1", yes), ballot("u2", yes))
	for name, c := range map[string]struct {
		s       *decision.State
		present int
		quorate bool
	}{
		"all stay":         {full.Given(closed).State(), 3, true},
		"one leaves":       {full.Given(moved("u1", false), closed).State(), 2, true},
		"two leave":        {full.Given(moved("u1", false), moved("u2", false), closed).State(), 1, false},
		"too few at first": {short.Given(closed).State(), 1, false},
	} {
		if got := c.s.Count(); got.Needed != 2 || got.Present != c.present || len(got.Quorums) != 1 || got.Quorums[0].Present != c.present || got.Quorate != c.quorate {
			t.Errorf("%s: %+v", name, got)
		}
	}
	noQuorum := eventv1.OutcomeReason_OUTCOME_REASON_NO_QUORUM
	full.When(end).Then(closedWith(adopted, 0, 2))
	full.Given(moved("u1", false), moved("u2", false)).When(end).Then(closedWith(undecided, noQuorum, 2))
	short.When(end).Then(closedWith(undecided, noQuorum, 2))
}

func TestATieThatTheChairBreaksIsExplained(t *testing.T) {
	electors, b := board(2, 1, 1, 0)
	p := decision.NewPoll(&eventv1.Rule{Method: majority, Tie: chair, Chair: "u0"}, electors)
	c, got := p.Count(chosen(p, b)), p.Outcome(chosen(p, b))
	if !c.Tie || c.Conditions[0].Passed || got.Outcome != adopted || got.Reason != eventv1.OutcomeReason_OUTCOME_REASON_TIE_CHAIR {
		t.Errorf("%+v, %+v", c, got)
	}
}
