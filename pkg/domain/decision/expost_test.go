package decision_test

import (
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/decision"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// What could have been, against trying everything.

// every calls do with every way in which these voters could have cast their ballots, and how many of them that changes.
func every(p *decision.Poll, b map[string]eventv1.Choice, group []int, do func(otherwise map[string]eventv1.Choice, changed int)) {
	otherwise := map[string]eventv1.Choice{}
	for id, c := range b {
		otherwise[id] = c
	}
	var next func(k, changed int)
	next = func(k, changed int) {
		if k == len(group) {
			do(otherwise, changed)
			return
		}
		id := p.Voters[group[k]].Participant
		for _, c := range []eventv1.Choice{yes, no, abstain} {
			otherwise[id] = c
			if c == b[id] {
				next(k+1, changed)
			} else {
				next(k+1, changed+1)
			}
		}
	}
	next(0, 0)
}

// fewest is the margin by brute force.
func fewest(p *decision.Poll, b map[string]eventv1.Choice, group []int) int {
	was, least := p.Outcome(chosen(p, b)).Outcome, 0
	every(p, b, group, func(otherwise map[string]eventv1.Choice, changed int) {
		if (least == 0 || changed < least) && p.Outcome(chosen(p, otherwise)).Outcome != was {
			least = changed
		}
	})
	return least
}

// vote draws a poll and its ballots.
func vote(t *rapid.T, most int) (*decision.Poll, map[string]eventv1.Choice) {
	t.Helper()
	electors := electorate(t, most, 1, 2, 3)
	troubled(t, electors)
	r := ruleFor(t, electors)
	b := ballots(t, electors)
	t.Log(r)
	return decision.NewPoll(r, electors), b
}

// Pivotal tries only three ways, all alike; for yes/no rules that is as good as trying all.
func TestAGroupIsPivotalWhenSomeOtherBallotsOfItsWouldHaveChangedTheOutcome(t *testing.T) {
	met := map[bool]int{}
	many(t, 10, func(t *rapid.T) {
		p, b := vote(t, 7)
		group := party(t, p, b, 5)
		if len(group) == 0 {
			t.Skip("nobody")
		}
		got, want := p.Pivotal(chosen(p, b), group), fewest(p, b, group) > 0
		if got != want {
			t.Fatalf("%v of %+v with %v: pivotal %v, trying everything %v", group, p.Voters, b, got, want)
		}
		met[got]++
	})
	if met[true] < 50 || met[false] < 50 {
		t.Errorf("pivotal and not: %v: the votes drawn prove too little", met)
	}
}

func TestEveryoneIsAskedAloneWhetherTheyWerePivotal(t *testing.T) {
	many(t, 10, func(t *rapid.T) {
		p, b := vote(t, 8)
		each := p.PivotalEach(chosen(p, b))
		for i, v := range p.Voters {
			if b[v.Participant] != none && each[i] != p.Pivotal(chosen(p, b), []int{i}) {
				t.Fatalf("%s of %+v with %v: %v among all, %v alone", v.Participant, p.Voters, b, each[i], !each[i])
			}
		}
	})
}

func TestTheMarginIsTheFewestBallotsThatWouldHaveHadToBeDifferent(t *testing.T) {
	met := map[int]int{}
	many(t, 30, func(t *rapid.T) {
		p, b := vote(t, 7)
		group := party(t, p, b, 5)
		got, want := p.Margin(chosen(p, b), group), fewest(p, b, group)
		if got != want {
			t.Fatalf("%v of %+v with %v: margin %d, trying everything %d", group, p.Voters, b, got, want)
		}
		met[got]++
	})
	for n := range 3 {
		if met[n] == 0 {
			t.Errorf("no margin of %d: the votes drawn prove too little (%v)", n, met)
		}
	}
}

// u0 decides alone and is in favour, u2 vetoes, u1 who could have is in favour too, and u3, without whom nothing is adopted, abstains. Only undecided
// is left: u0 and u2 would have had to abstain, and u1 plays no part although the rule gives u1 and u2 the same place.
func TestAVetoIsLiftedWithoutTheBallotsInFavour(t *testing.T) {
	electors, b := board(4, 2, 1, 1)
	p := decision.NewPoll(&eventv1.Rule{Method: eventv1.Method_METHOD_SOLE, Holder: "u0", Veto: []string{"u1", "u2"}, RequiresFor: []string{"u3"}}, electors)
	if got := p.Margin(chosen(p, b), []int{0, 1, 2}); got != 2 {
		t.Errorf("margin %d, want 2", got)
	}
}

// Three of four who are present are in favour, the chair u0 among them. If u2 abstained, two would not be enough; if u2 were against, two and two would
// be a tie, and the chair's vote would carry it.
func TestAbstainingCanPreventWhatABallotAgainstLeavesToTheChair(t *testing.T) {
	electors, b := board(4, 3, 1, 0)
	p := decision.NewPoll(&eventv1.Rule{Method: majority, Threshold: simple.Threshold, Base: eventv1.Base_BASE_PRESENT, Tie: eventv1.Tie_TIE_CHAIR, Chair: "u0"}, electors)
	if got := p.Margin(chosen(p, b), []int{3, 2}); got != 1 {
		t.Errorf("margin %d, want 1", got)
	}
}

func TestTheMarginOfALargeBoardIsFoundOrLeftOpen(t *testing.T) {
	electors, b := board(120, 70, 50, 0)
	p := decision.NewPoll(simple, electors)
	var everyone []int
	for i := range p.Voters {
		everyone = append(everyone, i)
	}
	if got := p.Margin(chosen(p, b), everyone); got != 10 {
		t.Errorf("70 against 50: margin %d, want 10", got)
	}
	for i, e := range electors { // sixty different weights: no two voters in the same place
		e.Weight = uint64(i + 1)
	}
	p = decision.NewPoll(&eventv1.Rule{Method: majority, Threshold: share(1, 100)}, electors)
	if got := p.Margin(chosen(p, b), everyone); got != 0 {
		t.Errorf("a search that is too long says %d instead of nothing", got)
	}
}

func TestAConstituencyIsPivotalInSecretAsItWouldBeInTheOpen(t *testing.T) {
	met := map[bool]int{}
	many(t, 10, func(t *rapid.T) {
		electors := electorate(t, 7, 1, 2)
		r := ruleFor(t, electors)
		r.Veto, r.RequiresFor, r.MinMembersFor = nil, nil, 0
		if r.Method == sole || r.Tie == chair {
			t.Skip("hangs on a name")
		}
		b := ballots(t, electors)
		p := decision.NewPoll(r, electors)
		code := rapid.SampledFrom(codes).Draw(t, "code")
		var group []int
		for i, v := range p.Voters {
			if v.Constituency == code && b[v.Participant] != none {
				group = append(group, i)
			}
		}
		if len(group) == 0 {
			t.Skip("nobody")
		}
		got, want := p.PivotalOfTotals(totals(p, b), []string{code}), p.Pivotal(chosen(p, b), group)
		if got != want {
			t.Fatalf("%s of %+v with %v: in secret %v, in the open %v", code, p.Voters, b, got, want)
		}
		met[got]++
	})
	if met[true] == 0 || met[false] == 0 {
		t.Errorf("pivotal and not: %v", met)
	}
}
