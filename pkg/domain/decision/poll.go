package decision

import (
	"math/bits"
	"slices"

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
	// mustFor is how many people the rule requires a ballot for of. One of them who is not among the voters makes it impossible.
	mustFor int
	chair   int
	holder  int
	index   map[string]int
	quorate bool
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
	of            []string // the constituencies it is about, each once; nil: everyone
	in            []bool
	kind          thresholdKind
	num, den      uint64
	base          eventv1.Base
	members       int
	memberWeight  uint64
	presentWeight uint64
	partial       bool // some of the members are left out: half of the base for, the others against, cannot be
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
		p.Voters = append(p.Voters, Voter{e.Participant, e.Constituency, max(e.Weight, 1), represented(electors, e)})
		p.veto = append(p.veto, e.Standing == eventv1.Standing_STANDING_VETO || slices.Contains(r.GetVeto(), e.Participant))
		p.required = append(p.required, slices.Contains(r.GetRequiresFor(), e.Participant))
	}
	p.chair, p.holder, p.mustFor = p.Index(r.GetChair()), p.Index(r.GetHolder()), len(distinct(r.GetRequiresFor()))
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

// represented reports whether somebody is there, or has given their vote to somebody who is.
func represented(electors []*eventv1.Elector, e *eventv1.Elector) bool {
	return e.Present || holderThere(electors, e)
}

// holderThere reports whether whoever holds an elector's proxy is there; one outside the electorate is taken to be.
func holderThere(electors []*eventv1.Elector, e *eventv1.Elector) bool {
	if e.Proxy == nil {
		return false
	}
	holder := slices.IndexFunc(electors, func(x *eventv1.Elector) bool { return x.Participant == e.Proxy.To })
	return holder < 0 || electors[holder].Present
}

// HolderThere reports whether whoever holds an elector's proxy is there.
func (s *State) HolderThere(e *eventv1.Elector) bool { return holderThere(s.Electors, e) }

// addCondition adds a threshold over the named constituencies, or over everyone when none is named.
func (p *Poll) addCondition(t *eventv1.Threshold, base eventv1.Base, minPresent int, of ...string) {
	c := condition{of: distinct(of), base: base, minPresent: minPresent, in: make([]bool, len(p.Voters))}
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
			c.presentWeight += v.Weight
		}
	}
	p.conditions = append(p.conditions, c)
}

// distinct gives every code once, in order.
func distinct(codes []string) []string { return slices.Compact(slices.Sorted(slices.Values(codes))) }

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

// DependsOnTurnout reports whether what is needed depends on who takes part: some threshold is over votes cast or over those present, or
// somebody has a veto, which staying out leaves unused.
func (p *Poll) DependsOnTurnout() bool {
	for _, c := range p.conditions {
		if c.kind == all && c.base == eventv1.Base_BASE_CAST && p.rule.GetMethod() == eventv1.Method_METHOD_UNANIMITY {
			return true
		}
		if (c.kind == moreThanHalf || c.kind == share) && c.base != eventv1.Base_BASE_MEMBERS {
			return true
		}
	}
	return slices.Contains(p.veto, true)
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
	yes, no       []uint64 // weight, by condition
	total         Tally
	headsFor      int
	vetoes        int
	requiredFor   int
	answered      int // voters who gave any ballot
	silent        int // voters here who gave none
	chair, holder eventv1.Choice
}

func (p *Poll) newSums() *sums {
	n := len(p.conditions)
	both := make([]uint64, 2*n)
	s := &sums{yes: both[:n], no: both[n:]}
	for _, v := range p.Voters {
		if v.Here {
			s.silent++
		}
	}
	return s
}

// add counts (sign +1) or takes back (sign -1) the ballot of voter i.
func (p *Poll) add(s *sums, i int, c eventv1.Choice, sign int) {
	if c == eventv1.Choice_CHOICE_UNSPECIFIED {
		return
	}
	w := uint64(sign) * p.Voters[i].Weight // two's complement: adding the negative weight subtracts
	switch c {
	case eventv1.Choice_CHOICE_FOR:
		s.total.For += w
		p.addTo(s.yes, i, w)
	case eventv1.Choice_CHOICE_AGAINST:
		s.total.Against += w
		p.addTo(s.no, i, w)
	default:
		s.total.Abstain += w
	}
	s.answered += sign
	if p.Voters[i].Here {
		s.silent -= sign
	}
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

func (p *Poll) addTo(sums []uint64, i int, weight uint64) {
	for k := range p.conditions {
		if p.conditions[k].in[i] {
			sums[k] += weight
		}
	}
}

// Outcome counts open ballots: choice(i) is the ballot of Voters[i], unspecified when none was cast.
func (p *Poll) Outcome(choice func(i int) eventv1.Choice) Result { return p.settle(p.sum(choice)) }

func (p *Poll) sum(choice func(i int) eventv1.Choice) *sums {
	s := p.newSums()
	for i := range p.Voters {
		p.add(s, i, choice(i), +1)
	}
	return s
}

// OutcomeOfTotals counts a secret ballot from its totals. A rule by constituency needs the totals of each constituency it names.
func (p *Poll) OutcomeOfTotals(t *eventv1.TallyReported) Result { return p.settle(p.sumTotals(t)) }

func (p *Poll) sumTotals(t *eventv1.TallyReported) *sums {
	s := p.newSums()
	s.total = Tally{For: t.GetTotal().GetFor(), Against: t.GetTotal().GetAgainst(), Abstain: t.GetTotal().GetAbstain()}
	for k, c := range p.conditions {
		if c.of == nil {
			s.yes[k], s.no[k] = s.total.For, s.total.Against
			continue
		}
		for _, code := range c.of {
			s.yes[k] += t.GetByConstituency()[code].GetFor()
			s.no[k] += t.GetByConstituency()[code].GetAgainst()
		}
	}
	for _, id := range t.GetTookPart() {
		if i := p.Index(id); i >= 0 && p.Voters[i].Here {
			s.silent--
		}
	}
	// Heads are known from totals only where every ballot weighs one; min_members_for with weights is refused for secret ballots.
	s.headsFor, s.answered = int(s.total.For), len(t.GetTookPart())
	return s
}

// settle applies the rule to a count: quorum first, then vetoes, then the thresholds, then the tie rule.
func (p *Poll) settle(s *sums) Result {
	r := Result{Outcome: eventv1.Outcome_OUTCOME_NO_DECISION, Tally: s.total}
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
		case s.silent > 0:
			// Silence is not consent: everyone in the room must be asked.
			r.Reason = eventv1.OutcomeReason_OUTCOME_REASON_NOT_ANSWERED
		default:
			r.Outcome = eventv1.Outcome_OUTCOME_ADOPTED
		}
	default:
		r.Outcome, r.Reason = p.thresholds(s)
	}
	if r.Outcome == eventv1.Outcome_OUTCOME_ADOPTED && p.lacksNames(s) {
		r.Outcome, r.Reason = eventv1.Outcome_OUTCOME_REJECTED, eventv1.OutcomeReason_OUTCOME_REASON_UNSPECIFIED
	}
	return r
}

// lacksNames: too few heads in favour, or not everybody whose ballot for is required.
func (p *Poll) lacksNames(s *sums) bool {
	return s.headsFor < int(p.rule.MinMembersFor) || s.requiredFor < p.mustFor
}

// thresholds applies every condition and, when none fails but some tie, the tie rule.
func (p *Poll) thresholds(s *sums) (eventv1.Outcome, eventv1.OutcomeReason) {
	if p.lacksNames(s) { // it fails anyway, and a tie must not put it off
		return eventv1.Outcome_OUTCOME_REJECTED, eventv1.OutcomeReason_OUTCOME_REASON_UNSPECIFIED
	}
	tie := false
	for k := range p.conditions {
		switch p.conditions[k].passes(s.yes[k], s.no[k]) {
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
func (c *condition) passes(yes, no uint64) pass {
	base := c.baseOf(yes, no)
	ok := false
	switch c.kind {
	case votes:
		ok = yes >= c.num
	case share:
		ok = yes > 0 && atLeast(c.den, yes, c.num, base)
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

// baseOf is the weight that the threshold is taken of.
func (c *condition) baseOf(yes, no uint64) uint64 {
	switch c.base {
	case eventv1.Base_BASE_PRESENT:
		return c.presentWeight
	case eventv1.Base_BASE_MEMBERS:
		return c.memberWeight
	default:
		return yes + no
	}
}

// atLeast reports a*b >= c*d without overflow.
func atLeast(a, b, c, d uint64) bool {
	left, low := bits.Mul64(a, b)
	right, lower := bits.Mul64(c, d)
	return left > right || left == right && low >= lower
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
