// Package item decides the life of an agenda item and keeps what was contributed to it, session by session.
//
//	proposed ──AdmitItem──► admitted          proposed ──RefuseItem──► refused (the refusal is evidence: who sets the agenda has power)
//	refused ──AdmitItem──► admitted (thought better of)
//	proposed, admitted ──WithdrawItem──► withdrawn
//
// An item that returns in a later session is the same item. Earlier wordings stay visible, and so does the reason why it was kept off the
// agenda. contribution.go has what was said, floor.go who speaks and who asks to, suggest.go who could be next.
//
// Not here: its place on an agenda (package session).
package item

import (
	"maps"
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
	// AdmittedAt is when the item was first admitted to an agenda; zero when nobody said so.
	AdmittedAt time.Time
	// ProposedSeq proves who proposed it.
	ProposedSeq uint64
	// Minutes are the estimated time, 0 when it is not estimated.
	Minutes uint32
	// Wordings are the earlier ones, oldest first.
	Wordings []Wording
	// Reason was given when the item was last admitted or refused.
	Reason      decider.Words
	Attachments []Attachment
	// linked counts attachments, also those that were removed: a number is not used twice.
	linked        uint32
	Contributions []Contribution
	// SaidSeq is, by session, the last commit that changed what was said there.
	SaidSeq map[string]uint64
	// floors are those on which somebody speaks or asks to, one a session.
	floors []Floor
}

// Wording is one that holds no longer.
type Wording struct {
	Title decider.Words
	Until time.Time
}

// Attachment is a document that belongs to the item, by its link.
type Attachment struct {
	Number     uint32
	Title, URL decider.Words
	By         string
}

// Clone copies the state so that a trial fold leaves the original alone.
func (s *State) Clone() *State {
	c := *s
	c.Wordings, c.Attachments, c.Contributions = slices.Clone(s.Wordings), slices.Clone(s.Attachments), slices.Clone(s.Contributions)
	c.SaidSeq = maps.Clone(s.SaidSeq)
	c.floors = slices.Clone(s.floors)
	for i := range c.floors {
		c.floors[i].Hands = slices.Clone(c.floors[i].Hands)
	}
	return &c
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
		if err := checkMinutes(c.ProposeItem.Minutes); err != nil {
			return nil, err
		}
		return event(&eventv1.ItemProposed{Title: c.ProposeItem.Title.GetSealed(), ProposedBy: c.ProposeItem.ProposedBy, Minutes: c.ProposeItem.Minutes}), nil
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
		if err := checkMinutes(c.DescribeItem.Minutes); err != nil {
			return nil, err
		}
		return event(&eventv1.ItemDescribed{Title: c.DescribeItem.Title.GetSealed(), ProposedBy: c.DescribeItem.ProposedBy, Minutes: c.DescribeItem.Minutes}), nil
	case *commandv1.Command_LinkAttachment:
		l := c.LinkAttachment
		if err := enrolled(roll, l.By); err != nil {
			return nil, err
		}
		if l.Title.GetSealed() == nil || l.Url.GetSealed() == nil { // what the address is was checked before it was sealed
			return nil, decider.Refuse("item/attachment-incomplete")
		}
		return event(&eventv1.AttachmentLinked{Number: s.linked + 1, Title: l.Title.GetSealed(), Url: l.Url.GetSealed(), By: l.By}), nil
	case *commandv1.Command_RemoveAttachment:
		number := c.RemoveAttachment.Number
		if s.attachment(number) < 0 {
			return nil, decider.Refuse("item/no-such-attachment", "number", strconv.Itoa(int(number)))
		}
		return event(&eventv1.AttachmentRemoved{Number: number}), nil
	case *commandv1.Command_RecordContributions:
		return record(s, c.RecordContributions, roll, at)
	case *commandv1.Command_CorrectContributions:
		fact, err := correct(c.CorrectContributions, roll)
		if err != nil {
			return nil, err
		}
		return event(fact), nil
	case *commandv1.Command_WordContribution:
		return word(s, c.WordContribution, roll, at)
	case *commandv1.Command_RaiseHand:
		return raise(s, c.RaiseHand, roll, at)
	case *commandv1.Command_LowerHand:
		if !slices.Contains(s.Floor(c.LowerHand.Session).Hands, c.LowerHand.Participant) {
			return nil, nil // it is down already
		}
		return event(&eventv1.HandLowered{Session: c.LowerHand.Session, Participant: c.LowerHand.Participant}), nil
	case *commandv1.Command_GiveFloor:
		return give(s, c.GiveFloor, roll, at)
	case *commandv1.Command_ReturnFloor:
		return giveBack(s, c.ReturnFloor, roll, at)
	}
	return nil, decider.Refuse("item/not-its-command")
}

// minutesMax bounds an estimated time: a day.
const minutesMax = 24 * 60

func checkMinutes(minutes uint32) error {
	if minutes > minutesMax {
		return decider.Refuse("item/too-long")
	}
	return nil
}

func (s *State) attachment(number uint32) int {
	return slices.IndexFunc(s.Attachments, func(a Attachment) bool { return a.Number == number })
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
		p := e.ItemProposed
		s.Phase, s.Title, s.ProposedBy, s.ProposedAt, s.ProposedSeq, s.Minutes = Proposed, f.Words("title", p.Title), p.ProposedBy, at, f.Seq, p.Minutes
	case *eventv1.Event_ItemAdmitted:
		s.Phase, s.Reason = Admitted, f.Words("reason", e.ItemAdmitted.Reason)
		if s.AdmittedAt.IsZero() {
			s.AdmittedAt = at
		}
	case *eventv1.Event_ItemRefused:
		s.Phase, s.Reason = Refused, f.Words("reason", e.ItemRefused.Reason)
		s.floors = nil
	case *eventv1.Event_ItemWithdrawn:
		s.Phase = Withdrawn
		s.floors = nil
	case *eventv1.Event_ItemDescribed:
		d := e.ItemDescribed
		s.Wordings = append(s.Wordings, Wording{s.Title, at})
		s.Title, s.ProposedBy, s.ProposedSeq, s.Minutes = f.Words("title", d.Title), d.ProposedBy, f.Seq, d.Minutes
	case *eventv1.Event_AttachmentLinked:
		l := e.AttachmentLinked
		s.linked = l.Number
		s.Attachments = append(s.Attachments, Attachment{l.Number, f.Words("title", l.Title), f.Words("url", l.Url), l.By})
	case *eventv1.Event_AttachmentRemoved:
		if i := s.attachment(e.AttachmentRemoved.Number); i >= 0 {
			s.Attachments = slices.Delete(s.Attachments, i, i+1)
		}
	default:
		s.hear(f)
		s.turn(f)
	}
}
