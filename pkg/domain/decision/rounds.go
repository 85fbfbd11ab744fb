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

// This chapter is the rounds of a decision by consent, and the text that is decided on.
//
//	before the vote   present, clarify, react, amend, in any order and again
//	OpenVoting        the first consent round: everyone is asked
//	after objections  amend; then consent: everyone is asked anew, and what they said before no longer counts
//
// The text may change before the vote whatever the rule. Once everyone has been asked it may only where the rule is consent or consensus and somebody
// objects, and then the vote is closed only after everyone was asked about the new text.

// Amendment is one change of the text to be decided.
type Amendment struct {
	Text     decider.Words
	TakesUp  uint32
	Objector string
	At       time.Time
	Seq      uint64
}

func beginRound(s *State, c *commandv1.BeginRound, at *timestamppb.Timestamp, event func(proto.Message) []*eventv1.Event) ([]*eventv1.Event, error) {
	if !byObjection(s.Charter.GetRule()) {
		return nil, decider.Refuse("decision/rounds-only-by-consent")
	}
	if c.Round == eventv1.Round_ROUND_UNSPECIFIED {
		return nil, decider.Refuse("decision/round-without-name")
	}
	consent := c.Round == eventv1.Round_ROUND_CONSENT
	switch {
	case s.Phase == Closed:
		return nil, decider.Refuse("decision/not-open")
	case s.Phase == Posed && consent:
		return nil, decider.Refuse("decision/open-voting-first")
	case s.Phase == Open && consent:
		if err := s.mayAskAnew(at.AsTime()); err != nil {
			return nil, err
		}
	case s.Phase == Open && c.Round != eventv1.Round_ROUND_AMEND:
		return nil, decider.Refuse("decision/everyone-is-asked")
	case s.Phase == Open && !s.objected():
		return nil, decider.Refuse("decision/nobody-objects")
	}
	return event(&eventv1.RoundBegun{Round: c.Round}), nil
}

// mayAskAnew refuses another consent round while an objection waits for an answer, and after the deadline unless the text changed: then the
// vote could not be closed at all.
func (s *State) mayAskAnew(at time.Time) error {
	if s.Reworded {
		return nil
	}
	if len(s.Objectors()) > 0 || s.Secret.GetTotal().GetAgainst() > 0 {
		return decider.Refuse("decision/objections-unanswered")
	}
	if !s.ClosesAt.IsZero() && at.After(s.ClosesAt) {
		return decider.Refuse("decision/too-late")
	}
	return nil
}

func amendProposal(s *State, c *commandv1.AmendProposal, roll Roll, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	switch {
	case s.Phase == Closed, s.Phase == Open && !byObjection(s.Charter.GetRule()):
		return nil, decider.Refuse("decision/text-frozen")
	case s.Phase == Open && !s.objected():
		return nil, decider.Refuse("decision/nobody-objects")
	case c.Text.GetSealed() == nil:
		return nil, decider.Refuse("decision/text-missing")
	}
	if err := enrolled(roll, c.Objector); err != nil {
		return nil, err
	}
	events := []*eventv1.Event{eventv1.NewEvent(at, &eventv1.ProposalAmended{Text: c.Text.GetSealed(), TakesUp: c.TakesUp, Objector: c.Objector})}
	if slices.Contains(s.Objectors(), c.Objector) {
		events = append(events, eventv1.NewEvent(at, &eventv1.ActRecorded{Kind: integrated, Objector: c.Objector}))
	}
	return events, nil
}

// Objectors gives the voters whose objection stands, in the order of the electorate: an objecting ballot that nothing settled, or an objection
// raised without one and not answered.
func (s *State) Objectors() []string {
	if s.Phase != Open || !byObjection(s.Charter.GetRule()) {
		return nil
	}
	var who []string
	for _, v := range s.Poll().Voters {
		if s.Choice(v.Participant) == eventv1.Choice_CHOICE_AGAINST || s.raisedAlone(v.Participant) {
			who = append(who, v.Participant)
		}
	}
	return who
}

// raisedAlone: the last that is recorded of this round's objection is that it was raised, and no ballot has let the proposal pass since.
func (s *State) raisedAlone(objector string) bool {
	for _, a := range slices.Backward(s.Acts) {
		if isObjection(a.Kind) && a.Objector == objector && a.Round == s.ConsentRound {
			b, cast := s.Ballots[objector]
			return a.Kind == raised && (!cast || a.Number >= b.Acts)
		}
	}
	return false
}

// objected reports whether anyone objects or objected since everyone was last asked.
func (s *State) objected() bool {
	for _, v := range s.Poll().Voters {
		if s.Ballots[v.Participant].Choice == eventv1.Choice_CHOICE_AGAINST {
			return true
		}
	}
	return s.Secret.GetTotal().GetAgainst() > 0 ||
		slices.ContainsFunc(s.Acts, func(a Act) bool { return isObjection(a.Kind) && a.Round == s.ConsentRound })
}

// begin folds a round. Asking everyone anew voids what they said before, and a deadline that has passed.
func (s *State) begin(r eventv1.Round, at time.Time) {
	s.Round = r
	if s.Phase != Open || r != eventv1.Round_ROUND_CONSENT {
		return
	}
	s.ConsentRound++
	s.Reworded = false
	s.Ballots, s.Secret, s.SecretSeq = nil, nil, 0
	s.Claimed, s.ClaimedSeq = eventv1.Outcome_OUTCOME_UNSPECIFIED, 0
	if !s.ClosesAt.IsZero() && at.After(s.ClosesAt) {
		s.ClosesAt = time.Time{}
	}
}

// amend folds a change of the text.
func (s *State) amend(e *eventv1.ProposalAmended, f decider.Fact) {
	s.Proposal = f.Words("text", e.Text)
	s.Amendments = append(s.Amendments, Amendment{s.Proposal, e.TakesUp, e.Objector, f.Event.OccurredAt.AsTime(), f.Seq})
	s.Reworded = s.Phase == Open
}
