package session

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is the meeting while it goes on, the item that it is at and its pauses, and the approval of its minutes once it is over.

// conduct says what a command makes of a meeting that is going on: nil when everything is as asked already.
func (s *State) conduct(cmd *commandv1.Command) (proto.Message, error) {
	switch s.Phase {
	case Prepared:
		return nil, decider.Refuse("session/not-open")
	case Closed:
		return nil, decider.Refuse("session/closed")
	}
	switch c := cmd.Of.(type) {
	case *commandv1.Command_SetCurrentItem:
		item := c.SetCurrentItem.Item
		if item != "" && !slices.Contains(s.Items, item) {
			return nil, decider.Refuse("session/not-on-the-agenda", "item", item)
		}
		if item != s.CurrentItem {
			return &eventv1.CurrentItemSet{Item: item}, nil
		}
	case *commandv1.Command_PauseSession:
		if !s.Paused {
			return &eventv1.SessionPaused{}, nil
		}
	case *commandv1.Command_ResumeSession:
		if s.Paused {
			return &eventv1.SessionResumed{}, nil
		}
	}
	return nil, nil
}

// stay keeps the meeting at an item, or in its pause, as far as session and agenda still allow it.
func (s *State) stay(item string, paused bool) {
	s.CurrentItem, s.Paused = "", paused && s.Phase == Open
	if s.Phase == Open && slices.Contains(s.Items, item) {
		s.CurrentItem = item
	}
}

// approval decides ApproveMinutes. Approving again is ok and is recorded: items and decisions change the minutes too, and only whoever sees
// those can say whether the first approval still counts.
func (s *State) approval(c *commandv1.ApproveMinutes) (proto.Message, error) {
	if s.Phase != Closed {
		return nil, decider.Refuse("session/not-closed")
	}
	if i := s.seat(c.Participant); i < 0 || s.Seats[i].Absent { // a place in which nobody ever sat
		return nil, decider.Refuse("session/had-no-seat", "participant", c.Participant)
	}
	return &eventv1.MinutesApproved{Participant: c.Participant}, nil
}

// approve keeps the latest approval of each participant.
func (s *State) approve(participant string, seq uint64) {
	if i := slices.IndexFunc(s.Approvals, func(a Approval) bool { return a.Participant == participant }); i >= 0 {
		s.Approvals[i].Seq = seq
		return
	}
	s.Approvals = append(s.Approvals, Approval{participant, seq})
}
