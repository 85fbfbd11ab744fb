package decision

import (
	"slices"
	"strings"

	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter explains a count: everything that an outcome rests on, line by line, so that people can check it. It adds nothing to poll.go.

// Count is how a vote was counted.
type Count struct {
	// Needed is how many voters the quorum asks for, by head, 0 when it asks for none; Present is how many were there, the lower of opening and close.
	Needed, Present int
	// Quorums are those by constituency: of the quorum, by code, then of the thresholds that ask for people present.
	Quorums []QuorumCount
	// Quorate: all of them were met.
	Quorate bool
	// Conditions are what had to be reached, all of them: the thresholds in the order of the rule, the one over everyone last; then, where the rule
	// has them, the people in favour that it asks for at least, and those whose vote for it requires, both by head.
	Conditions []ConditionCount
	// Tie: no threshold fails, and on some there are as many for as against. Who decided then, the outcome's reason says.
	Tie bool
}

// QuorumCount is the quorum of some constituencies, their codes joined by "+", by head.
type QuorumCount struct {
	Constituency    string
	Needed, Present int
}

// ConditionCount is one threshold and what was reached, in weight.
//
// Consent and consensus need no votes in favour: Needed is 0, Base is everyone who had to be asked, and it passes when nobody is against and
// everyone there has answered. Where one person decides alone, it is their one vote.
type ConditionCount struct {
	Of                    []string
	For, Against, Abstain uint64
	// Base is what the threshold is taken of; Needed is how much of it has to be in favour.
	Base, Needed uint64
	Passed       bool
}

// Count explains the count of a closed vote; nil while there is none, or no rule.
func (s *State) Count() *Count {
	if s.Phase != Closed || s.Charter.GetRule() == nil {
		return nil
	}
	p := s.Poll()
	var c *Count
	if s.Secret != nil {
		c = p.CountOfTotals(s.Secret)
	} else {
		c = p.Count(func(i int) eventv1.Choice { return s.Choice(p.Voters[i].Participant) })
	}
	c.lower(NewPoll(s.Charter.Rule, s.AtOpening))
	return c
}

// lower takes the presence of the opening where fewer were there then.
func (c *Count) lower(opening *Poll) {
	c.Present = min(c.Present, opening.present(nil))
	c.Quorate = c.Present >= c.Needed
	for i, q := range opening.quorums() {
		c.Quorums[i].Present = min(c.Quorums[i].Present, q.Present)
		c.Quorate = c.Quorate && c.Quorums[i].Present >= q.Needed
	}
}

// Count explains the count of open ballots: choice(i) is the ballot of Voters[i], unspecified when none was cast.
func (p *Poll) Count(choice func(i int) eventv1.Choice) *Count {
	unheard := uint64(0)
	abstain := make([]uint64, len(p.conditions))
	for i, v := range p.Voters {
		switch choice(i) {
		case eventv1.Choice_CHOICE_UNSPECIFIED:
			if v.Here {
				unheard += v.Weight
			}
		case eventv1.Choice_CHOICE_ABSTAIN:
			p.addTo(abstain, i, v.Weight)
		}
	}
	return p.explain(p.sum(choice), abstain, unheard)
}

// CountOfTotals explains the count of a secret ballot.
func (p *Poll) CountOfTotals(t *eventv1.TallyReported) *Count {
	s := p.sumTotals(t)
	unheard := uint64(0)
	for _, v := range p.Voters {
		if v.Here && !slices.Contains(t.GetTookPart(), v.Participant) {
			unheard += v.Weight
		}
	}
	abstain := make([]uint64, len(p.conditions))
	for k, c := range p.conditions {
		if c.of == nil {
			abstain[k] = s.total.Abstain
		}
		for _, code := range c.of {
			abstain[k] += t.GetByConstituency()[code].GetAbstain()
		}
	}
	return p.explain(s, abstain, unheard)
}

// explain writes a count down. unheard is the weight of voters there who gave no ballot.
func (p *Poll) explain(s *sums, abstain []uint64, unheard uint64) *Count {
	out := &Count{Needed: p.quorumNeeded(), Present: p.present(nil), Quorums: p.quorums(), Quorate: p.quorate}
	tie, fails := false, false
	for k := range p.conditions {
		c := &p.conditions[k]
		line := ConditionCount{Of: c.of, For: s.yes[k], Against: s.no[k], Abstain: abstain[k]}
		switch p.rule.GetMethod() {
		case eventv1.Method_METHOD_SOLE:
			line = sole(s.holder)
		case eventv1.Method_METHOD_CONSENT, eventv1.Method_METHOD_CONSENSUS:
			line.Base = s.total.For + s.total.Against + s.total.Abstain + unheard
			line.Passed = s.answered > 0 && s.no[k] == 0 && s.silent == 0
		default:
			line.Base = c.baseOf(s.yes[k], s.no[k])
			line.Needed = c.needed(line.Base)
			how := c.passes(s.yes[k], s.no[k])
			line.Passed, tie, fails = how == passed, tie || how == tied, fails || how == failed
		}
		out.Conditions = append(out.Conditions, line)
	}
	out.Tie = tie && !fails
	if n := p.rule.GetMinMembersFor(); n > 0 {
		out.Conditions = append(out.Conditions, ConditionCount{For: uint64(s.headsFor), Base: uint64(len(p.Voters)), Needed: uint64(n), Passed: s.headsFor >= int(n)})
	}
	if n := p.mustFor; n > 0 {
		out.Conditions = append(out.Conditions, ConditionCount{For: uint64(s.requiredFor), Base: uint64(n), Needed: uint64(n), Passed: s.requiredFor >= n})
	}
	return out
}

func sole(holder eventv1.Choice) ConditionCount {
	return ConditionCount{
		For: uint64(one(holder == eventv1.Choice_CHOICE_FOR)), Against: uint64(one(holder == eventv1.Choice_CHOICE_AGAINST)), Abstain: uint64(one(holder == eventv1.Choice_CHOICE_ABSTAIN)),
		Base: 1, Needed: 1, Passed: holder == eventv1.Choice_CHOICE_FOR,
	}
}

// needed is how much of a base has to be in favour.
func (c *condition) needed(base uint64) uint64 {
	switch c.kind {
	case votes:
		return c.num
	case share:
		return uint64(shareOf(c.num, base, c.den))
	case all:
		return max(base, 1)
	default:
		return base/2 + 1
	}
}

// quorums are the quorums by constituency of a rule, with who is there.
func (p *Poll) quorums() []QuorumCount {
	var lines []QuorumCount
	by := p.rule.GetQuorum().GetConstituencies()
	var codes []string
	for code := range by {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range codes {
		lines = append(lines, QuorumCount{code, int(by[code]), p.present(func(i int) bool { return p.Voters[i].Constituency == code })})
	}
	for k := range p.conditions {
		if c := &p.conditions[k]; c.minPresent > 0 {
			lines = append(lines, QuorumCount{strings.Join(c.of, "+"), c.minPresent, p.present(func(i int) bool { return c.in[i] })})
		}
	}
	return lines
}

// present counts the voters who are there, by head; of(i) says who is counted, nil counts everyone.
func (p *Poll) present(of func(i int) bool) int {
	n := 0
	for i, v := range p.Voters {
		if v.Here && (of == nil || of(i)) {
			n++
		}
	}
	return n
}

// quorumNeeded is how many of all voters a quorum asks for.
func (p *Poll) quorumNeeded() int {
	q := p.rule.GetQuorum()
	needed := int(q.GetCount())
	if f := q.GetFraction(); f != nil {
		of := int(f.Numerator) * len(p.Voters)
		needed = max(needed, (of+int(f.Denominator)-1)/int(f.Denominator))
	}
	return needed
}
