// Package item decides the life of an agenda item and keeps what was contributed to it, session by session.
//
//	proposed ──AdmitItem──► admitted          proposed ──RefuseItem──► refused (the refusal is evidence: who sets the agenda has power)
//	refused ──AdmitItem──► admitted (thought better of)
//	proposed, admitted ──WithdrawItem──► withdrawn
//
// An item that returns in a later session is the same item. Not here: its place on an agenda (package session).
package item

import (
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Phase is where an item stands in its life.
type Phase int

// The phases.
const (
	Unknown Phase = iota
	Proposed
	Admitted
	Refused
	Withdrawn
)

// State is an item as its events tell it. Its owner may change it only through Evolve.
type State struct {
	Phase      Phase
	Title      decider.Words
	ProposedBy string
	ProposedAt time.Time
	// ProposedSeq proves who proposed it.
	ProposedSeq   uint64
	Contributions []Contribution
}

// Contribution is one thing that was said, when, and which commit proves it.
type Contribution struct {
	*eventv1.ContributionRecorded
	At time.Time
	// Words are what was said, as they stand in the log.
	Words decider.Words
	Seq   uint64
}

// Clone copies the state so that a trial fold leaves the original alone.
func (s *State) Clone() *State {
	c := *s
	c.Contributions = slices.Clone(s.Contributions)
	return &c
}

// In gives the contributions of one session, in order.
func (s *State) In(session string) []Contribution {
	var in []Contribution
	for _, c := range s.Contributions {
		if c.Session == session {
			in = append(in, c)
		}
	}
	return in
}

// Decide says which events a command makes, or refuses it.
func Decide(s *State, cmd *commandv1.Command, roll decision.Roll, now time.Time) ([]*eventv1.Event, error) {
	at := cmd.OccurredAt
	if at == nil {
		at = timestamppb.New(now)
	}
	event := func(fact proto.Message) []*eventv1.Event { return []*eventv1.Event{eventv1.NewEvent(at, fact)} }
	if c, ok := cmd.Of.(*commandv1.Command_ProposeItem); ok {
		if s.Phase != Unknown {
			return nil, decider.Refuse("item/already-proposed", "item", c.ProposeItem.Item)
		}
		if err := enrolled(roll, c.ProposeItem.ProposedBy); err != nil {
			return nil, err
		}
		return event(&eventv1.ItemProposed{Title: c.ProposeItem.Title.GetSealed(), ProposedBy: c.ProposeItem.ProposedBy}), nil
	}
	if s.Phase == Unknown {
		return nil, decider.Refuse("item/unknown")
	}
	switch c := cmd.Of.(type) {
	case *commandv1.Command_AdmitItem:
		if s.Phase != Proposed && s.Phase != Refused {
			return nil, decider.Refuse("item/not-proposed")
		}
		if c.AdmitItem.Reason.GetSealed() == nil {
			return nil, decider.Refuse("item/reason-missing")
		}
		return event(&eventv1.ItemAdmitted{Reason: c.AdmitItem.Reason.GetSealed()}), nil
	case *commandv1.Command_RefuseItem:
		if s.Phase != Proposed {
			return nil, decider.Refuse("item/not-proposed")
		}
		if c.RefuseItem.Reason.GetSealed() == nil {
			return nil, decider.Refuse("item/reason-missing")
		}
		return event(&eventv1.ItemRefused{Reason: c.RefuseItem.Reason.GetSealed()}), nil
	case *commandv1.Command_WithdrawItem:
		if s.Phase != Proposed && s.Phase != Admitted {
			return nil, decider.Refuse("item/not-proposed")
		}
		return event(&eventv1.ItemWithdrawn{}), nil
	case *commandv1.Command_DescribeItem:
		if err := enrolled(roll, c.DescribeItem.ProposedBy); err != nil {
			return nil, err
		}
		return event(&eventv1.ItemDescribed{Title: c.DescribeItem.Title.GetSealed(), ProposedBy: c.DescribeItem.ProposedBy}), nil
	case *commandv1.Command_RecordContributions:
		return record(s, c.RecordContributions, roll, at)
	case *commandv1.Command_CorrectContributions:
		x := c.CorrectContributions
		fact := &eventv1.ContributionsCorrected{Session: x.Session}
		for i, said := range x.Contributions {
			r, err := contribution(said, x.Session, i+1, roll)
			if err != nil {
				return nil, err
			}
			fact.Contributions = append(fact.Contributions, r)
		}
		return event(fact), nil
	}
	return nil, decider.Refuse("item/not-its-command")
}

func record(s *State, c *commandv1.RecordContributions, roll decision.Roll, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if s.Phase == Withdrawn || s.Phase == Refused {
		return nil, decider.Refuse("item/not-on-any-agenda")
	}
	if len(c.Contributions) == 0 {
		return nil, decider.Refuse("item/nothing-said")
	}
	first := len(s.In(c.Session)) + 1
	var events []*eventv1.Event
	for i, said := range c.Contributions {
		r, err := contribution(said, c.Session, first+i, roll)
		if err != nil {
			return nil, err
		}
		events = append(events, eventv1.NewEvent(at, r))
	}
	return events, nil
}

func contribution(c *commandv1.Contribution, session string, number int, roll decision.Roll) (*eventv1.ContributionRecorded, error) {
	for _, id := range []string{c.By, c.EnteredBy} {
		if err := enrolled(roll, id); err != nil {
			return nil, err
		}
	}
	switch {
	case c.By == "":
		return nil, decider.Refuse("item/nobody-said-it")
	case c.Kind == eventv1.ContributionKind_CONTRIBUTION_KIND_UNSPECIFIED:
		return nil, decider.Refuse("item/contribution-without-kind")
	case int(c.Answers) >= number:
		return nil, decider.Refuse("item/answers-nothing", "answers", strconv.Itoa(int(c.Answers)))
	case c.Reply != eventv1.Reply_REPLY_UNSPECIFIED && c.Answers == 0:
		return nil, decider.Refuse("item/reply-without-answer")
	}
	return &eventv1.ContributionRecorded{
		Session: session, Number: uint32(number), By: c.By, Kind: c.Kind, Seconds: c.Seconds,
		Text: c.Text.GetSealed(), Answers: c.Answers, Reply: c.Reply, EnteredBy: c.EnteredBy,
	}, nil
}

func enrolled(roll decision.Roll, participant string) error {
	if participant == "" {
		return nil
	}
	if _, known := roll(participant); !known {
		return decider.Refuse("item/not-enrolled", "participant", participant)
	}
	return nil
}

// Evolve folds one event into the state.
func Evolve(s *State, f decider.Fact) {
	at := f.Event.OccurredAt.AsTime()
	switch e := f.Event.Fact.(type) {
	case *eventv1.Event_ItemProposed:
		s.Phase, s.Title, s.ProposedBy, s.ProposedAt, s.ProposedSeq = Proposed, f.Words("title", e.ItemProposed.Title), e.ItemProposed.ProposedBy, at, f.Seq
	case *eventv1.Event_ItemAdmitted:
		s.Phase = Admitted
	case *eventv1.Event_ItemRefused:
		s.Phase = Refused
	case *eventv1.Event_ItemWithdrawn:
		s.Phase = Withdrawn
	case *eventv1.Event_ItemDescribed:
		s.Title, s.ProposedBy, s.ProposedSeq = f.Words("title", e.ItemDescribed.Title), e.ItemDescribed.ProposedBy, f.Seq
	case *eventv1.Event_ContributionRecorded:
		s.Contributions = append(s.Contributions, Contribution{e.ContributionRecorded, at, f.Words("text", e.ContributionRecorded.Text), f.Seq})
	case *eventv1.Event_ContributionsCorrected:
		kept := slices.DeleteFunc(slices.Clone(s.Contributions), func(c Contribution) bool { return c.Session == e.ContributionsCorrected.Session })
		for _, c := range e.ContributionsCorrected.Contributions {
			kept = append(kept, Contribution{c, at, f.Words("text", c.Text), f.Seq})
		}
		s.Contributions = kept
	}
}
