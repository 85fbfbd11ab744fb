package decision_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tavolo/pkg/domain/decision"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// board is n equal voters of whom so many choose for, against, abstain; the rest are there and say nothing.
func board(n, inFavour, against, abstaining int) ([]*eventv1.Elector, map[string]eventv1.Choice) {
	var electors []*eventv1.Elector
	b := map[string]eventv1.Choice{}
	for i := range n {
		id := fmt.Sprint("u", i)
		electors = append(electors, who(id))
		switch {
		case i < inFavour:
			b[id] = yes
		case i < inFavour+against:
			b[id] = no
		case i < inFavour+against+abstaining:
			b[id] = abstain
		}
	}
	return electors, b
}

func TestThresholdsAreComparedOnWholeNumbers(t *testing.T) {
	for _, c := range []struct {
		name                string
		rule                *eventv1.Rule
		n, yes, no, abstain int
		want                eventv1.Outcome
	}{
		{name: "two thirds of 120 are 80", rule: &eventv1.Rule{Method: majority, Threshold: share(2, 3), Base: members}, n: 120, yes: 80, want: adopted},
		{name: "79 of 120 are not two thirds", rule: &eventv1.Rule{Method: majority, Threshold: share(2, 3), Base: members}, n: 120, yes: 79, no: 41, want: rejected},
		{name: "two thirds of 31 are 21", rule: &eventv1.Rule{Method: majority, Threshold: share(2, 3), Base: members}, n: 31, yes: 21, no: 10, want: adopted},
		{name: "20 of 31 are not two thirds", rule: &eventv1.Rule{Method: majority, Threshold: share(2, 3), Base: members}, n: 31, yes: 20, no: 11, want: rejected},
		{name: "more than half of 120 are 61", rule: &eventv1.Rule{Method: majority, Base: members}, n: 120, yes: 61, no: 59, want: adopted},
		{name: "half is not more than half", rule: &eventv1.Rule{Method: majority, Base: members}, n: 120, yes: 60, no: 60, want: rejected},
		{name: "at least half is enough for one half", rule: &eventv1.Rule{Method: majority, Threshold: share(1, 2), Base: members}, n: 120, yes: 60, no: 60, want: adopted},
		{name: "of votes cast, abstentions do not count", rule: simple, n: 9, yes: 2, no: 1, abstain: 6, want: adopted},
		{name: "of those present, an abstention works as a no", rule: &eventv1.Rule{Method: majority, Base: present}, n: 9, yes: 4, no: 1, abstain: 4, want: rejected},
		{name: "of those present, silence works as a no", rule: &eventv1.Rule{Method: majority, Base: present}, n: 9, yes: 4, want: rejected},
		{name: "unanimity of votes cast is not blocked by abstention", rule: &eventv1.Rule{Method: unanimity}, n: 3, yes: 2, abstain: 1, want: adopted},
		{name: "unanimity of members is", rule: &eventv1.Rule{Method: unanimity, Base: members}, n: 3, yes: 2, abstain: 1, want: rejected},
		{name: "nobody in favour is not unanimity", rule: &eventv1.Rule{Method: unanimity}, n: 3, abstain: 3, want: rejected},
		{name: "a tie leaves things as they are", rule: simple, n: 4, yes: 2, no: 2, want: rejected},
		{name: "a tie may be deferred", rule: &eventv1.Rule{Method: majority, Tie: deferred}, n: 4, yes: 2, no: 2, want: undecided},
		{name: "the chair breaks a tie in favour", rule: &eventv1.Rule{Method: majority, Tie: chair, Chair: "u0"}, n: 4, yes: 2, no: 2, want: adopted},
		{name: "the chair breaks a tie against", rule: &eventv1.Rule{Method: majority, Tie: chair, Chair: "u3"}, n: 4, yes: 2, no: 2, want: rejected},
		{name: "an abstaining chair breaks nothing", rule: &eventv1.Rule{Method: majority, Tie: chair, Chair: "u4"}, n: 5, yes: 2, no: 2, abstain: 1, want: rejected},
		{name: "silence is not consent", rule: &eventv1.Rule{Method: consent}, n: 3, yes: 2, want: undecided},
		{name: "standing aside is", rule: &eventv1.Rule{Method: consensus}, n: 3, yes: 2, abstain: 1, want: adopted},
		{name: "one objection stands", rule: &eventv1.Rule{Method: consent}, n: 3, yes: 1, no: 1, want: rejected},
		{name: "nobody answered", rule: simple, n: 3, want: undecided},
	} {
		t.Run(c.name, func(t *testing.T) {
			electors, b := board(c.n, c.yes, c.no, c.abstain)
			p := decision.NewPoll(c.rule, electors)
			if got := p.Outcome(chosen(p, b)); got.Outcome != c.want || got.Tally != (decision.Tally{For: uint64(c.yes), Against: uint64(c.no), Abstain: uint64(c.abstain)}) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestLargeWeightsAndFractionsDoNotOverflow(t *testing.T) {
	heavy := []*eventv1.Elector{who("u1", weighing(1<<32)), who("u2", weighing(1<<32)), who("u3", weighing(1<<32))}
	const den = 1<<32 - 1
	b := map[string]eventv1.Choice{"u1": yes, "u2": yes, "u3": no}
	for _, c := range []struct {
		num  uint32
		want eventv1.Outcome
	}{{den / 3 * 2, adopted}, {den/3*2 + 1, rejected}} {
		r := &eventv1.Rule{Method: majority, Threshold: share(c.num, den)}
		p := decision.NewPoll(r, heavy)
		if got := p.Outcome(chosen(p, b)).Outcome; got != c.want {
			t.Errorf("%d/%d of the votes: %v, want %v", c.num, uint32(den), got, c.want)
		}
		g, _ := p.Game()
		if wins := g.Players[0].Weights[0]+g.Players[1].Weights[0] >= g.Quotas[0]; wins != (c.want == adopted) {
			t.Errorf("%d/%d of the votes: the quota is %d of %d", c.num, uint32(den), g.Quotas[0], 3<<32)
		}
	}
}

// INV-10, INV-13.
func TestThePollCountsAsTheTableSays(t *testing.T) {
	met := map[string]bool{}
	many(t, 100, func(t *rapid.T) {
		electors := electorate(t, 8, 1, 1, 2, 3, 5, 1<<32)
		troubled(t, electors)
		r := ruleFor(t, electors)
		b := ballots(t, electors)
		p := decision.NewPoll(r, electors)
		got, want := p.Outcome(chosen(p, b)), count{r, electors, b}
		if o := want.outcome(); got.Outcome != o {
			t.Fatalf("%v\n%v\n%v\ngives %v, the table says %v", r, electors, b, got, o)
		}
		for _, x := range []struct {
			got  uint64
			what eventv1.Choice
		}{{got.Tally.For, yes}, {got.Tally.Against, no}, {got.Tally.Abstain, abstain}} {
			if want.weigh(want.chose(x.what)).Num().Uint64() != x.got {
				t.Fatalf("%v in %v: %d", x.what, b, x.got)
			}
		}
		met[fmt.Sprint(r.Method, got.Outcome)], met[got.Reason.String()] = true, true
	})
	for _, m := range []eventv1.Method{majority, unanimity, consent, consensus, constituencies, sole} {
		for _, o := range []eventv1.Outcome{adopted, rejected} {
			if !met[fmt.Sprint(m, o)] {
				t.Errorf("no vote by %v was %v: the votes drawn prove too little", m, o)
			}
		}
	}
	for number, name := range eventv1.OutcomeReason_name {
		if why := eventv1.OutcomeReason(number); why != eventv1.OutcomeReason_OUTCOME_REASON_NO_RULE && why != eventv1.OutcomeReason_OUTCOME_REASON_CLAIMED && !met[name] {
			t.Errorf("no vote ended with %s", name)
		}
	}
}

// INV-13: neither the order of the electorate nor that of the rule's lists matters.
func TestTheOutcomeDoesNotDependOnAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		electors := electorate(t, 7, 1, 2, 3)
		troubled(t, electors)
		r := ruleFor(t, electors)
		b := ballots(t, electors)
		p := decision.NewPoll(r, electors)
		turned := proto.CloneOf(r)
		turned.Veto = rapid.Permutation(r.Veto).Draw(t, "veto")
		turned.RequiresFor = rapid.Permutation(r.RequiresFor).Draw(t, "requires_for")
		turned.Constituencies = rapid.Permutation(r.Constituencies).Draw(t, "constituencies")
		q := decision.NewPoll(turned, rapid.Permutation(electors).Draw(t, "electors"))
		if one, other := p.Outcome(chosen(p, b)), q.Outcome(chosen(q, b)); one != other {
			t.Fatalf("%v and, in another order, %v", one, other)
		}
	})
}

func TestTheTotalsOfASecretBallotGiveWhatTheBallotsWouldGive(t *testing.T) {
	counted := 0
	many(t, 10, func(t *rapid.T) {
		electors := electorate(t, 8, 1, 2, 3)
		troubled(t, electors)
		for _, e := range electors {
			if e.Standing == vetoing {
				e.Standing = binding
			}
		}
		r := ruleFor(t, electors)
		r.Veto, r.RequiresFor, r.MinMembersFor = nil, nil, 0
		if r.Method == sole || r.Tie == chair {
			t.Skip("hangs on a name")
		}
		b := ballots(t, electors)
		p := decision.NewPoll(r, electors)
		secret, open := p.OutcomeOfTotals(totals(p, b)), p.Outcome(chosen(p, b))
		if secret != open {
			t.Fatalf("%v\n%v\n%v\nin secret %v, in the open %v", r, electors, b, secret, open)
		}
		counted++
	})
	if counted == 0 {
		t.Error("nothing was counted")
	}
}

func TestHeadsInFavourFollowFromTotalsOfEqualWeights(t *testing.T) {
	electors, b := board(5, 3, 2, 0)
	for most, want := range map[uint32]eventv1.Outcome{3: adopted, 4: rejected} {
		p := decision.NewPoll(&eventv1.Rule{Method: majority, MinMembersFor: most}, electors)
		if got := p.OutcomeOfTotals(totals(p, b)); got.Outcome != want {
			t.Errorf("3 in favour of at least %d: %v", most, got)
		}
	}
}

// many runs a property so many times as often as rapid would: each run is short.
func many(t *testing.T, times int, property func(t *rapid.T)) {
	for range times {
		rapid.Check(t, property)
	}
}
