package decision

import (
	"slices"

	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter asks afterwards: could these voters have changed the outcome, and with how few ballots?

// Choices that a counterfactual tries.
var anyChoice = []eventv1.Choice{eventv1.Choice_CHOICE_FOR, eventv1.Choice_CHOICE_AGAINST, eventv1.Choice_CHOICE_ABSTAIN}

// Pivotal reports whether these voters, all choosing alike (all for, all against or all abstaining), would have changed the outcome
// while everyone else's ballot stays (ex-post power, Napel and Widgren 2002). Exact for yes/no rules, which are monotone in each ballot.
func (p *Poll) Pivotal(choice func(i int) eventv1.Choice, who []int) bool {
	s := p.sum(choice)
	return p.pivotalFrom(s, p.settle(s).Outcome, choice, who)
}

func (p *Poll) pivotalFrom(s *sums, was eventv1.Outcome, choice func(i int) eventv1.Choice, who []int) bool {
	for _, i := range who {
		p.add(s, i, choice(i), -1)
	}
	pivotal := false
	for _, c := range anyChoice {
		for _, i := range who {
			p.add(s, i, c, +1)
		}
		if p.settle(s).Outcome != was {
			pivotal = true
		}
		for _, i := range who {
			p.add(s, i, c, -1)
		}
	}
	for _, i := range who {
		p.add(s, i, choice(i), +1)
	}
	return pivotal
}

// PivotalEach answers Pivotal for every voter alone. Voters with the same place in the rule and the same ballot are asked once, so the
// cost does not grow with their number.
func (p *Poll) PivotalEach(choice func(i int) eventv1.Choice) []bool {
	s := p.sum(choice)
	was := p.settle(s).Outcome
	type alike struct {
		constituency string
		weight       uint64
		special      [5]bool
		ballot       eventv1.Choice
	}
	known := map[alike]bool{}
	each := make([]bool, len(p.Voters))
	one := make([]int, 1)
	for i, v := range p.Voters {
		key := alike{v.Constituency, v.Weight, [5]bool{p.veto[i], p.required[i], i == p.chair, i == p.holder, v.Here}, choice(i)}
		answer, asked := known[key]
		if !asked {
			one[0] = i
			answer = p.pivotalFrom(s, was, choice, one)
			known[key] = answer
		}
		each[i] = answer
	}
	return each
}

// PivotalOfTotals is Pivotal for whole constituencies of a secret ballot, from their totals.
func (p *Poll) PivotalOfTotals(t *eventv1.TallyReported, codes []string) bool {
	was := p.OutcomeOfTotals(t).Outcome
	for _, c := range anyChoice {
		moved := &eventv1.TallyReported{Total: &eventv1.Tally{For: t.Total.For, Against: t.Total.Against, Abstain: t.Total.Abstain}, ByConstituency: map[string]*eventv1.Tally{}, TookPart: t.TookPart}
		for code, part := range t.ByConstituency {
			if !slices.Contains(codes, code) {
				moved.ByConstituency[code] = part
				continue
			}
			weight := part.For + part.Against + part.Abstain
			now := &eventv1.Tally{}
			switch c {
			case eventv1.Choice_CHOICE_FOR:
				now.For = weight
			case eventv1.Choice_CHOICE_AGAINST:
				now.Against = weight
			default:
				now.Abstain = weight
			}
			moved.ByConstituency[code] = now
			moved.Total.For += now.For - part.For
			moved.Total.Against += now.Against - part.Against
			moved.Total.Abstain += now.Abstain - part.Abstain
		}
		if p.OutcomeOfTotals(moved).Outcome != was {
			return true
		}
	}
	return false
}
