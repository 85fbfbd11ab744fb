package decision

import (
	"slices"

	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter asks afterwards: could these voters have changed the outcome, and with how few ballots?

// Choices that a counterfactual tries.
var anyChoice = []eventv1.Choice{eventv1.Choice_CHOICE_FOR, eventv1.Choice_CHOICE_AGAINST, eventv1.Choice_CHOICE_ABSTAIN}

// Pivotal reports whether these voters, all choosing alike (all for, all against or all abstaining), would have changed the outcome
// while everyone else's ballot stays (ex-post power, Napel and Widgren 2002). For yes/no rules no mixture of ballots does what none of these does.
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

// alike is what the rule sees of a voter: two voters of whom it is the same can change places.
type alike struct {
	constituency string
	weight       uint64
	special      [5]bool
	ballot       eventv1.Choice
}

func (p *Poll) place(i int, ballot eventv1.Choice) alike {
	v := p.Voters[i]
	return alike{v.Constituency, v.Weight, [5]bool{p.veto[i], p.required[i], i == p.chair, i == p.holder, v.Here}, ballot}
}

// PivotalEach answers Pivotal for every voter alone. Voters with the same place in the rule and the same ballot are asked once, so the
// cost does not grow with their number.
func (p *Poll) PivotalEach(choice func(i int) eventv1.Choice) []bool {
	s := p.sum(choice)
	was := p.settle(s).Outcome
	known := map[alike]bool{}
	each := make([]bool, len(p.Voters))
	one := make([]int, 1)
	for i := range p.Voters {
		key := p.place(i, choice(i))
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

// marginTries bounds the search for one margin: enough for two constituencies of 250 people, or three of 40.
const marginTries = 1 << 16

// Margin is the fewest ballots of these voters that would have had to be different for another outcome, everyone else's staying: "2 of
// your 3 votes". It is 0 when not even all of them together could, and when finding out would take more than marginTries steps.
//
// Only changes that are all for, all against or all to abstention need to be tried, and where the rule is monotone those whose ballot is farthest
// from it go first among voters in the same place. Where it is not (stepwise), their ballots are told apart.
func (p *Poll) Margin(choice func(i int) eventv1.Choice, who []int) int {
	m := margin{p: p, s: p.sum(choice), choice: choice}
	m.was = p.settle(m.s).Outcome
	fewest := 0
	for _, to := range anyChoice {
		m.to, m.tries = to, 0
		m.group(who)
		for n := 1; n <= m.others && (fewest == 0 || n < fewest); n++ {
			if m.changes(0, n) {
				fewest = n
			}
			if m.tries > marginTries {
				return 0
			}
		}
	}
	return fewest
}

// margin is one search under way.
type margin struct {
	p      *Poll
	s      *sums
	was    eventv1.Outcome
	choice func(i int) eventv1.Choice
	to     eventv1.Choice
	groups [][]int // voters in the same place who chose otherwise, the farthest first
	others int
	tries  int
}

func (m *margin) group(who []int) {
	m.groups, m.others = nil, 0
	at := map[alike]int{}
	for _, i := range who {
		if c := m.choice(i); c == m.to || c == eventv1.Choice_CHOICE_UNSPECIFIED {
			continue
		}
		ballot := eventv1.Choice_CHOICE_UNSPECIFIED
		if m.p.stepwise() {
			ballot = m.choice(i)
		}
		key := m.p.place(i, ballot)
		if _, ok := at[key]; !ok {
			at[key] = len(m.groups)
			m.groups = append(m.groups, nil)
		}
		m.groups[at[key]] = append(m.groups[at[key]], i)
		m.others++
	}
	for _, g := range m.groups {
		slices.SortStableFunc(g, func(i, j int) int { return abstains(m.choice(i)) - abstains(m.choice(j)) })
	}
}

// stepwise reports whether a smaller step of a ballot can do what a larger one does not. A tie that is put off is an outcome of its own, which a
// larger step passes over. Of a majority of those present or of all members, an abstention can prevent what a ballot against leaves to the chair's
// casting vote. Where one decides alone and undecided, lifting a veto changes the outcome, and taking back a ballot for does not.
func (p *Poll) stepwise() bool {
	whole := func(c condition) bool {
		return c.base == eventv1.Base_BASE_PRESENT || c.base == eventv1.Base_BASE_MEMBERS
	}
	return p.rule.GetMethod() == eventv1.Method_METHOD_SOLE || p.rule.GetTie() == eventv1.Tie_TIE_DEFER ||
		p.rule.GetTie() == eventv1.Tie_TIE_CHAIR && slices.ContainsFunc(p.conditions, whole)
}

func abstains(c eventv1.Choice) int { return int(one(c == eventv1.Choice_CHOICE_ABSTAIN)) }

// changes reports whether changing n ballots of the groups from g on, in some way, gives another outcome.
func (m *margin) changes(g, n int) bool {
	m.tries++
	if n == 0 {
		return m.p.settle(m.s).Outcome != m.was
	}
	if g == len(m.groups) || m.tries > marginTries {
		return false
	}
	changed, found := 0, false
	for {
		if found = m.changes(g+1, n-changed); found || changed == min(n, len(m.groups[g])) {
			break
		}
		i := m.groups[g][changed]
		m.p.add(m.s, i, m.choice(i), -1)
		m.p.add(m.s, i, m.to, +1)
		changed++
	}
	for _, i := range m.groups[g][:changed] {
		m.p.add(m.s, i, m.to, -1)
		m.p.add(m.s, i, m.choice(i), +1)
	}
	return found
}
