package decision

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is the vote, from opening to close: who may cast a ballot, ballots and advice as they come, a secret count reported as a whole, the
// outcome.

// openVoting freezes charter and electorate: the one that is stated, otherwise the one foreseen.
func openVoting(s *State, c *commandv1.OpenVoting, roll Roll, at time.Time, event func(proto.Message) []*eventv1.Event) ([]*eventv1.Event, error) {
	if s.Phase != Posed {
		return nil, decider.Refuse("decision/already-opened")
	}
	if due := s.Charter.GetDue(); due != "" {
		if err := checkDue(due, at); err != nil { // it may have passed since the charter was written
			return nil, err
		}
	}
	lines := c.Electors
	if len(lines) == 0 {
		lines = s.Planned
	}
	electors, err := electorate(s.Charter, lines, roll)
	if err != nil {
		return nil, err
	}
	if len(electors) == 0 {
		if err := checkFulfillable(s.Charter.GetRule(), nil); err != nil {
			return nil, err
		}
	}
	return event(&eventv1.VotingOpened{Electors: electors, ClosesAt: c.ClosesAt}), nil
}

func castBallots(s *State, c *commandv1.CastBallots, actor *eventv1.Actor, roll Roll, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if s.Phase != Open {
		return nil, decider.Refuse("decision/not-open")
	}
	if s.Reworded {
		return nil, decider.Refuse("decision/amended-since-asked")
	}
	if s.Charter.GetSecret() {
		return nil, decider.Refuse("decision/ballots-are-secret")
	}
	if !s.ClosesAt.IsZero() && at.AsTime().After(s.ClosesAt) {
		return nil, decider.Refuse("decision/too-late")
	}
	if len(c.Ballots) == 0 {
		return nil, decider.Refuse("decision/no-ballot")
	}
	var events []*eventv1.Event
	for _, b := range c.Ballots {
		if b.Choice == eventv1.Choice_CHOICE_UNSPECIFIED {
			return nil, decider.Refuse("decision/ballot-without-choice", "participant", b.Participant)
		}
		if err := s.voter(b.Participant); err != nil {
			return nil, err
		}
		if who, seated := participant(actor); seated && !s.castsFor(who, b.Participant) {
			return nil, decider.Refuse("decision/not-your-ballot")
		}
		if err := enrolled(roll, b.EnteredBy); err != nil {
			return nil, err
		}
		events = append(events, eventv1.NewEvent(at, proto.CloneOf(b)))
	}
	return events, nil
}

// voter refuses whoever may not cast a ballot in this vote now.
func (s *State) voter(participant string) error {
	e := s.Standing(participant)
	switch {
	case e == nil:
		return decider.Refuse("decision/not-in-electorate", "participant", participant)
	case !Binding(e.Standing):
		return decider.Refuse("decision/no-vote", "participant", participant)
	case e.Recused:
		return decider.Refuse("decision/recused", "participant", participant)
	case !e.Present && e.Proxy == nil:
		return decider.Refuse("decision/absent", "participant", participant)
	case !represented(s.Electors, e):
		return decider.Refuse("decision/proxy-holder-left", "participant", participant)
	}
	return nil
}

// castsFor reports whether somebody casts this ballot: their own, or by proxy.
func (s *State) castsFor(who, whose string) bool {
	return who != "" && (who == whose || s.Standing(whose).GetProxy().GetTo() == who)
}

// participant gives who asks when somebody does who sits at the table and runs nothing: they speak for themselves alone.
func participant(actor *eventv1.Actor) (who string, seated bool) {
	return actor.GetParticipant(), actor.GetCapacity() == eventv1.Capacity_CAPACITY_PARTICIPANT
}

// MayVote reports whether a ballot of this participant would be taken at this moment.
func (s *State) MayVote(participant string, now time.Time) bool {
	late := !s.ClosesAt.IsZero() && now.After(s.ClosesAt)
	return s.Phase == Open && !s.Charter.GetSecret() && !s.Reworded && !late && s.voter(participant) == nil
}

// Awaited are the voters who may cast an open ballot and have cast none, in the order of the electorate. Whether the deadline has passed is not
// looked at.
func (s *State) Awaited() []string {
	var who []string
	for _, e := range s.Electors {
		if _, cast := s.Ballots[e.Participant]; !cast && s.MayVote(e.Participant, time.Time{}) {
			who = append(who, e.Participant)
		}
	}
	return who
}

func giveAdvice(s *State, c *commandv1.GiveAdvice, actor *eventv1.Actor, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if s.Phase != Open {
		return nil, decider.Refuse("decision/not-open")
	}
	if len(c.Advice) == 0 {
		return nil, decider.Refuse("decision/no-ballot")
	}
	var events []*eventv1.Event
	for _, a := range c.Advice {
		e := s.Standing(a.Participant)
		if e == nil {
			return nil, decider.Refuse("decision/not-in-electorate", "participant", a.Participant)
		}
		if e.Standing != eventv1.Standing_STANDING_CONSULTED {
			return nil, decider.Refuse("decision/not-asked", "participant", a.Participant)
		}
		if who, seated := participant(actor); seated && a.Participant != who {
			return nil, decider.Refuse("decision/not-your-ballot")
		}
		if a.Advice == eventv1.Choice_CHOICE_UNSPECIFIED {
			return nil, decider.Refuse("decision/ballot-without-choice", "participant", a.Participant)
		}
		events = append(events, eventv1.NewEvent(at, proto.CloneOf(a)))
	}
	return events, nil
}

func reportTally(s *State, c *commandv1.ReportTally, event func(proto.Message) []*eventv1.Event) ([]*eventv1.Event, error) {
	switch {
	case s.Phase != Open:
		return nil, decider.Refuse("decision/not-open")
	case !s.Charter.GetSecret():
		return nil, decider.Refuse("decision/ballots-are-open")
	case s.Secret != nil:
		return nil, decider.Refuse("decision/already-counted")
	}
	t := &eventv1.TallyReported{Total: &eventv1.Tally{}}
	proto.Merge(t, c.Tally)
	weight, byConstituency := uint64(0), map[string]uint64{}
	seen := map[string]bool{}
	for _, id := range t.GetTookPart() {
		if err := s.voter(id); err != nil {
			return nil, err
		}
		if seen[id] {
			return nil, decider.Refuse("decision/elector-twice", "participant", id)
		}
		seen[id] = true
		e := s.Standing(id)
		weight += e.Weight
		byConstituency[e.Constituency] += e.Weight
	}
	if !within(t.Total, weight) {
		return nil, decider.Refuse("decision/more-ballots-than-voters")
	}
	for code, part := range t.GetByConstituency() {
		if !within(part, byConstituency[code]) {
			return nil, decider.Refuse("decision/more-ballots-than-voters", "constituency", code)
		}
	}
	if s.Charter.Rule.GetMethod() == eventv1.Method_METHOD_CONSTITUENCIES {
		for _, rule := range s.Charter.Rule.Constituencies {
			for _, code := range rule.Of {
				if t.ByConstituency[code] == nil && byConstituency[code] > 0 {
					return nil, decider.Refuse("decision/tally-of-constituency-missing", "constituency", code)
				}
			}
		}
	}
	if !partsFit(t, byConstituency) {
		return nil, decider.Refuse("decision/tally-parts-differ")
	}
	return event(t), nil
}

// partsFit: the totals of the constituencies stay within the whole, and make it up when those of all that took part are stated.
func partsFit(t *eventv1.TallyReported, tookPart map[string]uint64) bool {
	if len(t.ByConstituency) == 0 {
		return true
	}
	complete := true
	for code := range tookPart {
		complete = complete && t.ByConstituency[code] != nil
	}
	parts := Tally{}
	for _, part := range t.ByConstituency {
		parts = Tally{parts.For + part.For, parts.Against + part.Against, parts.Abstain + part.Abstain}
	}
	whole := Tally{t.Total.For, t.Total.Against, t.Total.Abstain}
	if complete {
		return parts == whole
	}
	return parts.For <= whole.For && parts.Against <= whole.Against && parts.Abstain <= whole.Abstain
}

// within reports whether a tally holds no more votes than there were, without overflow.
func within(t *eventv1.Tally, weight uint64) bool {
	return t.For <= weight && t.Against <= weight-t.For && t.Abstain <= weight-t.For-t.Against
}

// closeVoting counts. What was adopted and is to be carried out by a day is due from then on.
func closeVoting(s *State, actor *eventv1.Actor, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	switch {
	case s.Phase == Closed:
		return nil, nil // closing a closed vote is ok and changes nothing: clerk and facilitator may both do it
	case s.Phase != Open:
		return nil, decider.Refuse("decision/not-open")
	case s.Reworded:
		return nil, decider.Refuse("decision/amended-since-asked")
	}
	r := s.count()
	byDeadline := actor.GetCapacity() == eventv1.Capacity_CAPACITY_CLERK
	events := []*eventv1.Event{eventv1.NewEvent(at, &eventv1.VotingClosed{Outcome: r.Outcome, Reason: r.Reason, Tally: r.Tally.message(), ByDeadline: byDeadline})}
	if c := s.Charter; r.Outcome == eventv1.Outcome_OUTCOME_ADOPTED && c.GetDue() != "" {
		events = append(events, eventv1.NewEvent(at, &eventv1.ActRecorded{Kind: eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE, Owner: c.Implementer, Due: c.Due}))
	}
	return events, nil
}

// count computes the outcome of what was recorded so far.
func (s *State) count() Result {
	p := s.Poll()
	deferred := slices.ContainsFunc(s.Acts, func(a Act) bool { return a.Kind == eventv1.ActKind_ACT_KIND_DEFERRED })
	var r Result
	switch {
	case s.Secret != nil:
		r = p.OutcomeOfTotals(s.Secret)
	default:
		r = p.Outcome(func(i int) eventv1.Choice { return s.Choice(p.Voters[i].Participant) })
		if s.Claimed != eventv1.Outcome_OUTCOME_UNSPECIFIED && s.Charter.GetRule() != nil && p.quorate && r.Outcome == eventv1.Outcome_OUTCOME_NO_DECISION {
			r.Outcome, r.Reason = s.Claimed, eventv1.OutcomeReason_OUTCOME_REASON_CLAIMED
		}
	}
	if deferred {
		r.Outcome, r.Reason = eventv1.Outcome_OUTCOME_NO_DECISION, eventv1.OutcomeReason_OUTCOME_REASON_UNSPECIFIED
	}
	return r
}
