package decision_test

import (
	"testing"

	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func TestARuleThatContradictsItselfIsRefused(t *testing.T) {
	inFavour := []*eventv1.ConstituencyRule{{Of: []string{"user"}}}
	given(t).When(write(&eventv1.Rule{})).Refused("decision/rule-without-method")
	given(t).When(write(&eventv1.Rule{Method: sole})).Refused("decision/sole-without-holder")
	given(t).When(write(&eventv1.Rule{Method: majority, Holder: "dir"})).Refused("decision/holder-only-with-sole")
	given(t).When(write(&eventv1.Rule{Method: constituencies})).Refused("decision/no-constituency-named")
	for _, nobody := range []*eventv1.ConstituencyRule{{}, {Of: []string{""}}, {Of: []string{"user", ""}}} {
		given(t).When(write(&eventv1.Rule{Method: constituencies, Constituencies: []*eventv1.ConstituencyRule{nobody}})).Refused("decision/no-constituency-named")
	}
	given(t).When(write(&eventv1.Rule{Method: majority, Constituencies: inFavour})).Refused("decision/constituencies-only-with-their-method")
	given(t).When(write(&eventv1.Rule{Method: majority, Tie: chair})).Refused("decision/tie-without-chair")
	given(t).When(write(&eventv1.Rule{Method: majority, Threshold: votesFor(0)})).Refused("decision/threshold-zero")
	given(t).When(write(&eventv1.Rule{Method: constituencies, Constituencies: []*eventv1.ConstituencyRule{{Of: []string{"user"}, Threshold: votesFor(0)}}})).Refused("decision/threshold-zero")
	for _, f := range []*eventv1.Threshold{share(0, 3), share(2, 0), share(4, 3)} {
		given(t).When(write(&eventv1.Rule{Method: majority, Threshold: f})).Refused("decision/fraction-out-of-range")
		given(t).When(write(&eventv1.Rule{Method: majority, Quorum: &eventv1.Quorum{Fraction: f.GetFraction()}})).Refused("decision/fraction-out-of-range")
	}
}

func TestASecretBallotCannotHangOnNames(t *testing.T) {
	for _, r := range []*eventv1.Rule{
		{Method: majority, Veto: []string{"u1"}}, {Method: majority, RequiresFor: []string{"u1"}}, {Method: sole, Holder: "dir"},
	} {
		given(t).When(&commandv1.WriteCharter{Charter: secretly(r).Charter}).Refused("decision/secret-needs-no-names")
	}
	given(t, secretly(simple)).When(openWith(who("u1", with(vetoing)), who("p1"))).Refused("decision/secret-needs-no-names")
	given(t, secretly(simple)).When(openWith(who("u1", with(vetoing), recused), who("p1"))).Then(open(who("u1", with(vetoing), recused), who("p1")))
	heads := &eventv1.Rule{Method: majority, MinMembersFor: 2}
	given(t, secretly(heads)).When(openWith(who("u1", weighing(2)), who("p1"))).Refused("decision/secret-needs-no-names")
	given(t, secretly(heads)).When(openWith(all("u1", "p1")...)).Then(open(all("u1", "p1")...))
	given(t, charter(heads)).When(openWith(who("u1", weighing(2)), who("p1"))).Then(open(who("u1", weighing(2)), who("p1")))
}

func TestARuleThatNobodyCouldEverFulfilIsRefused(t *testing.T) {
	of := func(c *eventv1.ConstituencyRule) *eventv1.Rule {
		return &eventv1.Rule{Method: constituencies, Constituencies: []*eventv1.ConstituencyRule{c}}
	}
	given(t, charter(simple)).When(openWith()).Refused("decision/nobody-votes")
	given(t, charter(simple)).When(openWith(who("u1", with(consulted)))).Refused("decision/nobody-votes")
	for _, r := range []*eventv1.Rule{
		{Method: majority, Veto: []string{"p1"}}, {Method: majority, RequiresFor: []string{"p1"}},
		{Method: sole, Holder: "p1"}, {Method: majority, Tie: chair, Chair: "p1"},
	} {
		given(t, charter(r)).When(openWith(who("u1"), who("p1", with(informed)))).Refused("decision/named-without-vote")
	}
	for _, r := range []*eventv1.Rule{
		{Method: majority, Threshold: votesFor(4)}, {Method: majority, MinMembersFor: 3},
		of(&eventv1.ConstituencyRule{Of: []string{"user"}, Threshold: votesFor(3)}), of(&eventv1.ConstituencyRule{Of: []string{"user"}, MinPresent: 2}),
	} {
		given(t, charter(r)).When(openWith(who("u1", weighing(2)), who("p1"))).Refused("decision/out-of-reach")
	}
	given(t, charter(of(&eventv1.ConstituencyRule{Of: []string{"user", "family"}}))).When(openWith(who("p1"))).Refused("decision/constituency-without-voters")
	for _, q := range []*eventv1.Quorum{{Count: 3}, {Constituencies: map[string]uint32{"user": 2}}, {Constituencies: map[string]uint32{"family": 1}}} {
		given(t, charter(&eventv1.Rule{Method: majority, Quorum: q})).When(openWith(all("u1", "p1")...)).Refused("decision/quorum-out-of-reach")
	}
}

func TestWhoeverIsAwayCountsTowardsWhatARuleAsksForAndWhoeverStaysOutDoesNot(t *testing.T) {
	for _, r := range []*eventv1.Rule{{Method: majority, Threshold: votesFor(2)}, {Method: majority, MinMembersFor: 2}} {
		given(t, charter(r)).When(openWith(who("u1"), who("p1", away))).Then(open(who("u1"), who("p1", away)))
		given(t, charter(r)).When(openWith(who("u1"), who("p1", recused))).Refused("decision/out-of-reach")
	}
	for _, r := range []*eventv1.Rule{{Method: majority, Tie: chair, Chair: "p1"}, {Method: majority, RequiresFor: []string{"p1"}}} {
		given(t, charter(r)).When(openWith(who("u1"), who("p1", away))).Then(open(who("u1"), who("p1", away)))
		given(t, charter(r)).When(openWith(who("u1"), who("p1", recused))).Refused("decision/named-without-vote")
	}
}

func TestAnElectorateListsEveryMemberOnceWithTheCapacityOfTheRoll(t *testing.T) {
	claims := who("s1")
	claims.Constituency, claims.EmployedByDepartment, claims.Weight = "user", false, 0
	given(t).When(openWith(claims)).Then(open(who("s1")))
	given(t).When(openWith(all("u1", "u1")...)).Refused("decision/elector-twice")
	given(t).When(openWith(all("u1", "x9")...)).Refused("decision/not-enrolled")
	given(t).When(openWith(who(""))).Refused("decision/not-enrolled")
	given(t).When(openWith(who("u1", weighing(1<<32+1)))).Refused("decision/weight-too-large")
	given(t).When(openWith(who("u1", weighing(1<<32)))).Then(open(who("u1", weighing(1<<32))))
}

func TestAMandateBindsAVote(t *testing.T) {
	bound := func(e *eventv1.Elector) { e.Mandate = "m1" }
	given(t).When(openWith(who("u1", with(consulted), bound))).Refused("decision/mandate-without-vote")
	given(t).When(openWith(who("u1", with(delegated), bound))).Then(open(who("u1", with(delegated), bound)))
}

func TestAProxyIsHeldBySomebodyElseWhoIsThere(t *testing.T) {
	given(t).When(openWith(who("u1", with(informed), proxyTo("u2")), who("u2"))).Refused("decision/proxy-without-vote")
	given(t).When(openWith(who("u1", proxyTo("u1")))).Refused("decision/proxy-to-oneself")
	given(t).When(openWith(who("u1", proxyTo("x9")))).Refused("decision/not-enrolled")
	given(t).When(openWith(who("u1", proxyTo("u2")), who("u2", away))).Refused("decision/proxy-to-absent")
	given(t).When(openWith(who("u1", proxyTo("u2")), who("u2", proxyTo("u3")), who("u3"))).Refused("decision/proxy-chain")
	held := []*eventv1.Elector{who("u1", away, proxyTo("u2")), who("u2"), who("u3", proxyTo("p5"))}
	given(t).When(openWith(held...)).Then(open(held...))
}

func TestOnlyTheStandingsOfRuleFourGiveAVote(t *testing.T) {
	gives := map[eventv1.Standing]bool{binding: true, consenting: true, vetoing: true, delegated: true}
	for number := range eventv1.Standing_name {
		s := eventv1.Standing(number)
		if decision.Binding(s) != gives[s] {
			t.Errorf("%v gives a vote: %v", s, decision.Binding(s))
		}
	}
}
