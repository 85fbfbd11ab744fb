package item

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is the floor of one item in one session: who speaks, and who asks to.
//
//	RaiseHand ──► on the list ──GiveFloor──► speaking ──ReturnFloor──► a contribution with its seconds, or nothing when it was a mistake
//
// One person speaks at a time. Whoever gives the floor is free: a raised hand is not needed, and the order of the list binds nobody. With
// the end of the session the floor ends: whoever shows it looks at the session too.

// Floor is who speaks and who asks to, on this item in one session.
type Floor struct {
	Session string
	// Speaking is empty when nobody has the floor.
	Speaking string
	Since    time.Time
	// Hands in the order of asking.
	Hands []string
}

// Floor gives the floor of one session. The result is not changed.
func (s *State) Floor(session string) Floor {
	if i := s.floor(session); i >= 0 {
		return s.floors[i]
	}
	return Floor{Session: session}
}

func (s *State) floor(session string) int {
	return slices.IndexFunc(s.floors, func(f Floor) bool { return f.Session == session })
}

func raise(s *State, c *commandv1.RaiseHand, roll decision.Roll, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if err := s.mayHaveTheFloor(c.Participant, roll); err != nil {
		return nil, err
	}
	if f := s.Floor(c.Session); f.Speaking == c.Participant || slices.Contains(f.Hands, c.Participant) {
		return nil, nil // it is up already
	}
	return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.HandRaised{Session: c.Session, Participant: c.Participant})}, nil
}

func give(s *State, c *commandv1.GiveFloor, roll decision.Roll, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if err := s.mayHaveTheFloor(c.Participant, roll); err != nil {
		return nil, err
	}
	switch s.Floor(c.Session).Speaking {
	case "":
		return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.FloorGiven{Session: c.Session, Participant: c.Participant})}, nil
	case c.Participant:
		return nil, nil // they speak already
	}
	return nil, decider.Refuse("item/floor-taken")
}

func (s *State) mayHaveTheFloor(participant string, roll decision.Roll) error {
	if err := s.discussed(); err != nil {
		return err
	}
	if participant == "" {
		return decider.Refuse("item/nobody-named")
	}
	return enrolled(roll, participant)
}

// turnMax bounds the seconds of one turn: somebody forgot to end a longer one.
const turnMax = 4 * time.Hour

// giveBack ends a turn. It is one commit with the contribution that the turn became, so that no turn is lost and none counts twice.
func giveBack(s *State, c *commandv1.ReturnFloor, roll decision.Roll, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	floor := s.Floor(c.Session)
	if floor.Speaking == "" || floor.Speaking != c.Participant {
		return nil, decider.Refuse("item/not-speaking", "participant", c.Participant)
	}
	returned := &eventv1.FloorReturned{Session: c.Session, Participant: c.Participant}
	if c.Mistaken {
		return []*eventv1.Event{eventv1.NewEvent(at, returned)}, nil
	}
	kind, seconds := c.Kind, c.Seconds
	if kind == eventv1.ContributionKind_CONTRIBUTION_KIND_UNSPECIFIED {
		kind = eventv1.ContributionKind_CONTRIBUTION_KIND_STATEMENT
	}
	switch {
	case seconds > uint32(turnMax/time.Second):
		return nil, decider.Refuse("item/turn-too-long")
	case seconds == 0:
		seconds = spoken(at.AsTime().Sub(floor.Since))
	}
	said := &commandv1.Contribution{By: c.Participant, Kind: kind, Seconds: seconds, Text: c.Text, EnteredBy: c.EnteredBy}
	r, err := contribution(said, c.Session, s.saidIn(c.Session), roll)
	if err != nil {
		return nil, err
	}
	returned.Contribution = r.Number
	return []*eventv1.Event{eventv1.NewEvent(at, returned), eventv1.NewEvent(at, r)}, nil
}

// spoken measures a turn: in whole seconds, at least one, for a turn of 0 would count as not measured.
func spoken(turn time.Duration) uint32 {
	return uint32(min(max(turn, time.Second), turnMax).Round(time.Second) / time.Second)
}

// turn folds who speaks and who asks to.
func (s *State) turn(f decider.Fact) {
	switch e := f.Event.Fact.(type) {
	case *eventv1.Event_HandRaised:
		s.change(e.HandRaised.Session, func(x *Floor) { x.Hands = append(x.Hands, e.HandRaised.Participant) })
	case *eventv1.Event_HandLowered:
		s.change(e.HandLowered.Session, func(x *Floor) { x.lower(e.HandLowered.Participant) })
	case *eventv1.Event_FloorGiven:
		s.change(e.FloorGiven.Session, func(x *Floor) {
			x.lower(e.FloorGiven.Participant)
			x.Speaking, x.Since = e.FloorGiven.Participant, f.Event.OccurredAt.AsTime()
		})
	case *eventv1.Event_FloorReturned:
		s.change(e.FloorReturned.Session, func(x *Floor) { x.Speaking, x.Since = "", time.Time{} })
	}
}

func (x *Floor) lower(participant string) {
	x.Hands = slices.DeleteFunc(x.Hands, func(p string) bool { return p == participant })
}

// change changes the floor of a session and forgets it when nobody is on it any more: an item lives on for years.
func (s *State) change(session string, by func(*Floor)) {
	i := s.floor(session)
	if i < 0 {
		i = len(s.floors)
		s.floors = append(s.floors, Floor{Session: session})
	}
	by(&s.floors[i])
	if x := s.floors[i]; x.Speaking == "" && len(x.Hands) == 0 {
		s.floors = slices.Delete(s.floors, i, i+1)
	}
}
