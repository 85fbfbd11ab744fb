package decision

import (
	"slices"
	"strings"

	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Poll is a rule laid over an electorate: everything that is fixed before the first ballot. From it follow the outcome of any set of
// ballots (Outcome), whether one ballot could have changed it (Pivotal) and the simple game that power is computed in (Game).
// All comparisons are on whole numbers: see decision-rules.
type Poll struct {
	// Voters are the electors with a binding standing who did not recuse themselves, in the order of the electorate.
	Voters []Voter
	rule   *eventv1.Rule
	// conditions must all pass; methods without a threshold (unanimity, consent …) have exactly one.
	conditions []condition
	veto       []bool
	required   []bool
	chair      int
	holder     int
	index      map[string]int
	quorate    bool
}

// Voter is one elector with a vote.
type Voter struct {
	Participant  string
	Constituency string
	Weight       uint64
	// Here: in the room, or represented by a proxy.
	Here bool
}

type thresholdKind int

const (
	moreThanHalf thresholdKind = iota
	votes                      // at least num
	share                      // at least num/den of the base
	all                        // nobody missing: unanimity, consent
)

// condition is one threshold over some of the voters.
type condition struct {
	name          string
	in            []bool
	kind          thresholdKind
	num, den      uint64
	base          eventv1.Base
	members       int
	memberWeight  uint64
	presentWeight uint64
	presentHeads  int
	minPresent    int
}

// NewPoll lays a rule over an electorate. Electors without a binding standing and recused ones are left out.
func NewPoll(r *eventv1.Rule, electors []*eventv1.Elector) *Poll {
	p := &Poll{rule: r, chair: -1, holder: -1, index: map[string]int{}}
	for _, e := range electors {
		if !Binding(e.Standing) || e.Recused {
			continue
		}
		p.index[e.Participant] = len(p.Voters)
		p.Voters = append(p.Voters, Voter{e.Participant, e.Constituency, max(e.Weight, 1), e.Present || e.Proxy != nil})
		p.veto = append(p.veto, e.Standing == eventv1.Standing_STANDING_VETO || slices.Contains(r.GetVeto(), e.Participant))
		p.required = append(p.required, slices.Contains(r.GetRequiresFor(), e.Participant))
	}
	p.chair, p.holder = p.Index(r.GetChair()), p.Index(r.GetHolder())
	switch r.GetMethod() {
	case eventv1.Method_METHOD_CONSTITUENCIES:
		for _, c := range r.Constituencies {
			p.addCondition(c.Threshold, c.Base, int(c.MinPresent), c.Of...)
		}
		if r.Threshold != nil { // a quota over everyone beside those of the constituencies
			p.addCondition(r.Threshold, r.Base, 0)
		}
	case eventv1.Method_METHOD_MAJORITY:
		p.addCondition(r.Threshold, r.Base, 0)
	default:
		p.addCondition(nil, r.GetBase(), 0)
		p.conditions[0].kind = all
	}
	p.quorate = p.Quorate(nil)
	return p
}

// addCondition adds a threshold over the named constituencies, or over everyone when none is named.
func (p *Poll) addCondition(t *eventv1.Threshold, base eventv1.Base, minPresent int, of ...string) {
	c := condition{name: strings.Join(of, "+"), base: base, minPresent: minPresent, in: make([]bool, len(p.Voters))}
	if c.base == eventv1.Base_BASE_UNSPECIFIED {
		c.base = eventv1.Base_BASE_CAST
	}
	switch x := t.GetOf().(type) {
	case *eventv1.Threshold_Votes:
		c.kind, c.num = votes, x.Votes
	case *eventv1.Threshold_Fraction:
		c.kind, c.num, c.den = share, uint64(x.Fraction.Numerator), uint64(x.Fraction.Denominator)
	}
	for i, v := range p.Voters {
		if len(of) > 0 && !slices.Contains(of, v.Constituency) {
			continue
		}
		c.in[i] = true
		c.members++
		c.memberWeight += v.Weight
		if v.Here {
			c.presentHeads++
			c.presentWeight += v.Weight
		}
	}
	p.conditions = append(p.conditions, c)
}

// Index gives the position of a participant among the voters, or -1.
func (p *Poll) Index(participant string) int {
	if i, ok := p.index[participant]; ok {
		return i
	}
	return -1
}

// heads counts the voters of a constituency.
func (p *Poll) heads(constituency string) int {
	n := 0
	for _, v := range p.Voters {
		if v.Constituency == constituency {
			n++
		}
	}
	return n
}

// CountsVotesCast reports whether what is needed depends on who takes part: some threshold is over votes cast or over those present.
func (p *Poll) CountsVotesCast() bool {
	for _, c := range p.conditions {
		if c.kind == all && c.base == eventv1.Base_BASE_CAST && p.rule.GetMethod() == eventv1.Method_METHOD_UNANIMITY {
			return true
		}
		if (c.kind == moreThanHalf || c.kind == share) && c.base != eventv1.Base_BASE_MEMBERS {
			return true
		}
	}
	return false
}

// CountsThosePresent reports whether some threshold is over those present: there, being in the room counts as much as a ballot.
func (p *Poll) CountsThosePresent() bool {
	return slices.ContainsFunc(p.conditions, func(c condition) bool { return c.base == eventv1.Base_BASE_PRESENT })
}

// Result is what a set of ballots gives under the rule.
type Result struct {
	Outcome eventv1.Outcome
	Reason  eventv1.OutcomeReason
	Tally   Tally
}

// Tally is weight for, against and abstaining.
type Tally struct{ For, Against, Abstain uint64 }

func (t Tally) message() *eventv1.Tally {
	return &eventv1.Tally{For: t.For, Against: t.Against, Abstain: t.Abstain}
}

// sums is the running count of a set of ballots: enough to know the outcome, cheap to change by one ballot.
type sums struct {
	yes, no, abstain []uint64 // weight, by condition
	headsFor         int
	vetoes           int
	requiredFor      int
	answered         int // voters present who gave any ballot
	chair, holder    eventv1.Choice
}

func (p *Poll) newSums() *sums {
	n := len(p.conditions)
	all := make([]uint64, 3*n)
	return &sums{yes: all[:n], no: all[n : 2*n], abstain: all[2*n:]}
}

// add counts (sign +1) or takes back (sign -1) the ballot of voter i.
func (p *Poll) add(s *sums, i int, c eventv1.Choice, sign int) {
	if c == eventv1.Choice_CHOICE_UNSPECIFIED {
		return
	}
	w := p.Voters[i].Weight
	for k := range p.conditions {
		if !p.conditions[k].in[i] {
			continue
		}
		into := &s.abstain[k]
		switch c {
		case eventv1.Choice_CHOICE_FOR:
			into = &s.yes[k]
		case eventv1.Choice_CHOICE_AGAINST:
			into = &s.no[k]
		}
		*into += uint64(sign) * w // two's complement: adding the negative weight subtracts
	}
	s.answered += sign
	if c == eventv1.Choice_CHOICE_FOR {
		s.headsFor += sign
		if p.required[i] {
			s.requiredFor += sign
		}
	}
	if c == eventv1.Choice_CHOICE_AGAINST && p.veto[i] {
		s.vetoes += sign
	}
	mine := c
	if sign < 0 {
		mine = eventv1.Choice_CHOICE_UNSPECIFIED
	}
	if i == p.chair {
		s.chair = mine
	}
	if i == p.holder {
		s.holder = mine
	}
}

// Outcome counts open ballots: choice(i) is the ballot of Voters[i], unspecified when none was cast.
func (p *Poll) Outcome(choice func(i int) eventv1.Choice) Result {
	s := p.newSums()
	for i := range p.Voters {
		p.add(s, i, choice(i), +1)
	}
	return p.settle(s)
}

// OutcomeOfTotals counts a secret ballot from its totals. A rule by constituency needs the totals of each constituency it names.
func (p *Poll) OutcomeOfTotals(t *eventv1.TallyReported) Result {
	s := p.newSums()
	for k, c := range p.conditions {
		if c.name == "" {
			s.yes[k], s.no[k], s.abstain[k] = t.GetTotal().GetFor(), t.GetTotal().GetAgainst(), t.GetTotal().GetAbstain()
			continue
		}
		for _, code := range strings.Split(c.name, "+") {
			part := t.ByConstituency[code]
			s.yes[k] += part.GetFor()
			s.no[k] += part.GetAgainst()
			s.abstain[k] += part.GetAbstain()
		}
	}
	// Heads are known from totals only where every ballot weighs one; min_members_for with weights is refused for secret ballots.
	s.headsFor, s.answered = int(t.GetTotal().GetFor()), len(t.TookPart)
	r := p.settle(s)
	r.Tally = Tally{For: t.GetTotal().GetFor(), Against: t.GetTotal().GetAgainst(), Abstain: t.GetTotal().GetAbstain()}
	return r
}

// settle applies the rule to a count: quorum first, then vetoes, then the thresholds, then the tie rule.
func (p *Poll) settle(s *sums) Result {
	r := Result{Outcome: eventv1.Outcome_OUTCOME_NO_DECISION}
	if p.rule.GetMethod() == eventv1.Method_METHOD_CONSTITUENCIES {
		r.Tally = p.tallyOverConstituencies(s)
	} else {
		r.Tally = Tally{For: s.yes[0], Against: s.no[0], Abstain: s.abstain[0]}
	}
	if p.rule == nil {
		r.Reason = eventv1.OutcomeReason_OUTCOME_REASON_NO_RULE
		return r
	}
	if !p.quorate {
		r.Reason = eventv1.OutcomeReason_OUTCOME_REASON_NO_QUORUM
		return r
	}
	if s.answered == 0 {
		r.Reason = eventv1.OutcomeReason_OUTCOME_REASON_NOT_ANSWERED
		return r
	}
	if s.vetoes > 0 {
		r.Outcome, r.Reason = eventv1.Outcome_OUTCOME_REJECTED, eventv1.OutcomeReason_OUTCOME_REASON_VETO
		return r
	}
	switch p.rule.Method {
	case eventv1.Method_METHOD_SOLE:
		switch s.holder {
		case eventv1.Choice_CHOICE_FOR:
			r.Outcome = eventv1.Outcome_OUTCOME_ADOPTED
		case eventv1.Choice_CHOICE_AGAINST:
			r.Outcome = eventv1.Outcome_OUTCOME_REJECTED
		default:
			r.Reason = eventv1.OutcomeReason_OUTCOME_REASON_NOT_ANSWERED
		}
	case eventv1.Method_METHOD_CONSENT, eventv1.Method_METHOD_CONSENSUS:
		switch {
		case s.no[0] > 0:
			r.Outcome = eventv1.Outcome_OUTCOME_REJECTED
		case s.answered < p.conditions[0].presentHeads:
			// Silence is not consent: everyone in the room must be asked.
			r.Reason = eventv1.OutcomeReason_OUTCOME_REASON_NOT_ANSWERED
		default:
			r.Outcome = eventv1.Outcome_OUTCOME_ADOPTED
		}
	default:
		r.Outcome, r.Reason = p.thresholds(s)
	}
	if r.Outcome == eventv1.Outcome_OUTCOME_ADOPTED && (s.headsFor < int(p.rule.MinMembersFor) || s.requiredFor < len(p.rule.RequiresFor)) {
		r.Outcome, r.Reason = eventv1.Outcome_OUTCOME_REJECTED, eventv1.OutcomeReason_OUTCOME_REASON_UNSPECIFIED
	}
	return r
}

// thresholds applies every condition and, when none fails but some tie, the tie rule.
func (p *Poll) thresholds(s *sums) (eventv1.Outcome, eventv1.OutcomeReason) {
	tie := false
	for k := range p.conditions {
		switch p.conditions[k].passes(s.yes[k], s.no[k], s.abstain[k]) {
		case failed:
			return eventv1.Outcome_OUTCOME_REJECTED, eventv1.OutcomeReason_OUTCOME_REASON_UNSPECIFIED
		case tied:
			tie = true
		}
	}
	switch {
	case !tie:
		return eventv1.Outcome_OUTCOME_ADOPTED, eventv1.OutcomeReason_OUTCOME_REASON_UNSPECIFIED
	case p.rule.Tie == eventv1.Tie_TIE_DEFER:
		return eventv1.Outcome_OUTCOME_NO_DECISION, eventv1.OutcomeReason_OUTCOME_REASON_TIE_DEFERRED
	case p.rule.Tie == eventv1.Tie_TIE_CHAIR && s.chair == eventv1.Choice_CHOICE_FOR:
		return eventv1.Outcome_OUTCOME_ADOPTED, eventv1.OutcomeReason_OUTCOME_REASON_TIE_CHAIR
	case p.rule.Tie == eventv1.Tie_TIE_CHAIR && s.chair == eventv1.Choice_CHOICE_AGAINST:
		return eventv1.Outcome_OUTCOME_REJECTED, eventv1.OutcomeReason_OUTCOME_REASON_TIE_CHAIR
	default:
		return eventv1.Outcome_OUTCOME_REJECTED, eventv1.OutcomeReason_OUTCOME_REASON_TIE_STATUS_QUO
	}
}

type pass int

const (
	failed pass = iota
	tied
	passed
)

// passes compares one count with its threshold. A tie is as many for as against with nobody of the base left over.
func (c *condition) passes(yes, no, abstain uint64) pass {
	base := yes + no
	switch c.base {
	case eventv1.Base_BASE_PRESENT:
		base = c.presentWeight
	case eventv1.Base_BASE_MEMBERS:
		base = c.memberWeight
	}
	ok := false
	switch c.kind {
	case votes:
		ok = yes >= c.num
	case share:
		ok = yes > 0 && c.den*yes >= c.num*base
	case all:
		ok = yes > 0 && yes == base
	default:
		if yes == no && 2*yes == base {
			return tied
		}
		ok = 2*yes > base
	}
	if ok {
		return passed
	}
	return failed
}

// tallyOverConstituencies adds the conditions up where they do not overlap; with overlapping ones the largest is the whole.
func (p *Poll) tallyOverConstituencies(s *sums) (t Tally) {
	covered := make([]int, len(p.Voters))
	for _, c := range p.conditions {
		for i, in := range c.in {
			if in {
				covered[i]++
			}
		}
	}
	if slices.Max(append(covered, 0)) <= 1 {
		for k := range p.conditions {
			t.For += s.yes[k]
			t.Against += s.no[k]
			t.Abstain += s.abstain[k]
		}
		return t
	}
	for k := range p.conditions {
		t.For, t.Against, t.Abstain = max(t.For, s.yes[k]), max(t.Against, s.no[k]), max(t.Abstain, s.abstain[k])
	}
	return t
}

// Quorate reports whether enough voters were in the room, by head; without(i) takes a voter out of the count, nil takes nobody out.
func (p *Poll) Quorate(without func(i int) bool) bool {
	present, byConstituency := 0, map[string]int{}
	for i, v := range p.Voters {
		if v.Here && (without == nil || !without(i)) {
			present++
			byConstituency[v.Constituency]++
		}
	}
	for k := range p.conditions {
		c := &p.conditions[k]
		if c.minPresent == 0 {
			continue
		}
		here := 0
		for i, v := range p.Voters {
			if c.in[i] && v.Here && (without == nil || !without(i)) {
				here++
			}
		}
		if here < c.minPresent {
			return false
		}
	}
	q := p.rule.GetQuorum()
	if q == nil {
		return true
	}
	if present < int(q.Count) {
		return false
	}
	if f := q.Fraction; f != nil && present*int(f.Denominator) < int(f.Numerator)*len(p.Voters) {
		return false
	}
	for code, n := range q.Constituencies {
		if byConstituency[code] < int(n) {
			return false
		}
	}
	return true
}

// Choices that a counterfactual tries.
var anyChoice = []eventv1.Choice{eventv1.Choice_CHOICE_FOR, eventv1.Choice_CHOICE_AGAINST, eventv1.Choice_CHOICE_ABSTAIN}

// Pivotal reports whether these voters, all choosing alike (all for, all against or all abstaining), would have changed the outcome
// while everyone else's ballot stays (ex-post power, Napel and Widgren 2002). Exact for yes/no rules, which are monotone in each ballot.
func (p *Poll) Pivotal(choice func(i int) eventv1.Choice, who []int) bool {
	s := p.newSums()
	for i := range p.Voters {
		p.add(s, i, choice(i), +1)
	}
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
	s := p.newSums()
	for i := range p.Voters {
		p.add(s, i, choice(i), +1)
	}
	was := p.settle(s).Outcome
	type alike struct {
		constituency string
		weight       uint64
		special      [4]bool
		ballot       eventv1.Choice
	}
	known := map[alike]bool{}
	each := make([]bool, len(p.Voters))
	one := make([]int, 1)
	for i, v := range p.Voters {
		key := alike{v.Constituency, v.Weight, [4]bool{p.veto[i], p.required[i], i == p.chair, i == p.holder}, choice(i)}
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
