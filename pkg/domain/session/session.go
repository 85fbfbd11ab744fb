// Package session decides the life of a meeting.
//
//	prepared ──OpenSession──► open ──CloseSession──► closed
//
// Who is in the room may change until the close; what was announced and the agenda may be set in any phase but the last. While it is open
// the meeting turns to one item of its agenda after another, and may pause. Once it is closed, who was there may approve the minutes; a
// later change of what they say asks for approval anew. What was recorded wrongly is replaced by SessionCorrected.
//
// Not here: what was said (package item) and decided (package decision).
package session

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Phase is where a session stands in its life.
type Phase int

// The phases, in order.
const (
	Unknown Phase = iota
	Prepared
	Open
	Closed
)

// State is a session as its events tell it. Its owner may change it only through Evolve.
type State struct {
	Phase    Phase
	Title    decider.Words
	Kind     eventv1.SessionKind
	StartsAt time.Time
	OpenedAt time.Time
	ClosedAt time.Time
	// Minutes are the planned duration, 0 when none is planned; Place is where: a room, an address, a link.
	Minutes uint32
	Place   decider.Words
	// Seats in the order in which people came; who left stays, marked.
	Seats       []Seat
	Items       []string
	OpenedSeq   uint64
	Corrections int
	// CurrentItem is the item that the meeting is at, empty when there is none; Paused, whether it pauses. Both only while it is open.
	CurrentItem string
	Paused      bool
	// MinutesSeq is the last commit of this session that changed what its minutes say; items and decisions change them too.
	MinutesSeq uint64
	// Approvals of the minutes, the latest of each participant, in the order in which they first approved.
	Approvals []Approval
}

// Approval is one participant's approval of the minutes as they stood at a commit.
type Approval struct {
	Participant string
	Seq         uint64
}

// Seat is somebody who was in the room.
type Seat struct {
	Participant string
	Offices     []eventv1.Office
	// Capacity when they sat down: later changes leave this session alone.
	decision.Capacity
	// Left: not in the room now. Absent: expected, and never was.
	Left, Absent bool
	Seq          uint64
}

// Clone copies the state so that a trial fold leaves the original alone.
func (s *State) Clone() *State {
	c := *s
	c.Seats, c.Items, c.Approvals = slices.Clone(s.Seats), slices.Clone(s.Items), slices.Clone(s.Approvals)
	return &c
}

// Decide says which events a command makes, or refuses it.
func Decide(s *State, cmd *commandv1.Command, roll decision.Roll, now time.Time) ([]*eventv1.Event, error) {
	at := cmd.OccurredAt
	if at == nil {
		at = timestamppb.New(now)
	}
	event := func(fact proto.Message) []*eventv1.Event { return []*eventv1.Event{eventv1.NewEvent(at, fact)} }
	if c, ok := cmd.Of.(*commandv1.Command_PrepareSession); ok {
		if s.Phase != Unknown {
			return nil, decider.Refuse("session/already-prepared", "session", c.PrepareSession.Session)
		}
		p := c.PrepareSession
		if err := checkMinutes(p.Minutes); err != nil {
			return nil, err
		}
		return event(&eventv1.SessionPrepared{Title: p.Title.GetSealed(), Kind: p.Kind, StartsAt: p.StartsAt, Minutes: p.Minutes, Place: p.Place.GetSealed()}), nil
	}
	if s.Phase == Unknown {
		return nil, decider.Refuse("session/unknown")
	}
	switch c := cmd.Of.(type) {
	case *commandv1.Command_DescribeSession:
		if s.Phase == Closed {
			return nil, decider.Refuse("session/closed")
		}
		d := c.DescribeSession
		if err := checkMinutes(d.Minutes); err != nil {
			return nil, err
		}
		return event(&eventv1.SessionDescribed{Title: d.Title.GetSealed(), Kind: d.Kind, StartsAt: d.StartsAt, Minutes: d.Minutes, Place: d.Place.GetSealed()}), nil
	case *commandv1.Command_OpenSession:
		switch s.Phase {
		case Open:
			return nil, nil // opening an open session is ok
		case Closed:
			return nil, decider.Refuse("session/closed")
		}
		return event(&eventv1.SessionOpened{}), nil
	case *commandv1.Command_SeatParticipants:
		if s.Phase == Closed {
			return nil, decider.Refuse("session/closed")
		}
		seats, err := checkSeats(c.SeatParticipants.Seats, roll)
		if err != nil {
			return nil, err
		}
		if len(seats) == 0 {
			return nil, decider.Refuse("session/nobody-named")
		}
		var events []*eventv1.Event
		for _, seat := range seats {
			place := s.seat(seat.Participant)
			if seat.Absent && place >= 0 {
				continue // they have a place already, and whether they are in it is known
			}
			if place >= 0 && cmd.Actor.GetCapacity() == eventv1.Capacity_CAPACITY_PARTICIPANT {
				seat.Offices = s.Seats[place].Offices // who comes back by themself is what they were
			}
			events = append(events, eventv1.NewEvent(at, seat))
		}
		return events, nil
	case *commandv1.Command_UnseatParticipant:
		if s.Phase == Closed {
			return nil, decider.Refuse("session/closed")
		}
		if i := s.seat(c.UnseatParticipant.Participant); i < 0 || s.Seats[i].Left {
			return nil, decider.Refuse("session/not-in-the-room", "participant", c.UnseatParticipant.Participant)
		}
		return event(&eventv1.ParticipantLeft{Participant: c.UnseatParticipant.Participant}), nil
	case *commandv1.Command_SetAgenda:
		if s.Phase == Closed {
			return nil, decider.Refuse("session/closed")
		}
		if err := checkAgenda(c.SetAgenda.Items); err != nil {
			return nil, err
		}
		return event(&eventv1.AgendaSet{Items: c.SetAgenda.Items}), nil
	case *commandv1.Command_SetCurrentItem, *commandv1.Command_PauseSession, *commandv1.Command_ResumeSession:
		fact, err := s.conduct(cmd)
		if fact == nil || err != nil {
			return nil, err
		}
		return event(fact), nil
	case *commandv1.Command_ApproveMinutes:
		fact, err := s.approval(c.ApproveMinutes)
		if err != nil {
			return nil, err
		}
		return event(fact), nil
	case *commandv1.Command_CloseSession:
		switch s.Phase {
		case Closed:
			return nil, nil // closing a closed session is ok
		case Prepared:
			return nil, decider.Refuse("session/not-open")
		}
		if at.AsTime().Before(s.OpenedAt) {
			return nil, decider.Refuse("session/closed-before-opened")
		}
		return event(&eventv1.SessionClosed{}), nil
	case *commandv1.Command_CorrectSession:
		x := c.CorrectSession
		seats, err := checkSeats(x.Seats, roll)
		if err != nil {
			return nil, err
		}
		if err := checkAgenda(x.Items); err != nil {
			return nil, err
		}
		switch {
		case x.OpenedAt == nil && x.ClosedAt != nil:
			return nil, decider.Refuse("session/not-open")
		case x.ClosedAt != nil && x.ClosedAt.AsTime().Before(x.OpenedAt.AsTime()):
			return nil, decider.Refuse("session/closed-before-opened")
		}
		return event(&eventv1.SessionCorrected{Title: x.Title.GetSealed(), Kind: x.Kind, OpenedAt: x.OpenedAt, ClosedAt: x.ClosedAt, Seats: seats, Items: x.Items}), nil
	}
	return nil, decider.Refuse("session/not-its-command")
}

// minutesMax bounds a planned duration: a day.
const minutesMax = 24 * 60

func checkMinutes(minutes uint32) error {
	if minutes > minutesMax {
		return decider.Refuse("session/too-long")
	}
	return nil
}

// checkSeats refuses seats of people who are not enrolled or are named twice, and fills capacities from the roll.
func checkSeats(asked []*eventv1.ParticipantSeated, roll decision.Roll) ([]*eventv1.ParticipantSeated, error) {
	seats, seen := make([]*eventv1.ParticipantSeated, len(asked)), map[string]bool{}
	for i, a := range asked {
		capacity, known := roll(a.Participant)
		if !known {
			return nil, decider.Refuse("session/not-enrolled", "participant", a.Participant)
		}
		if seen[a.Participant] {
			return nil, decider.Refuse("session/seated-twice", "participant", a.Participant)
		}
		seen[a.Participant] = true
		seats[i] = proto.CloneOf(a)
		seats[i].Constituency, seats[i].EmployedByDepartment = capacity.Constituency, capacity.EmployedByDepartment
	}
	return seats, nil
}

func checkAgenda(items []string) error {
	seen := map[string]bool{}
	for _, item := range items {
		if seen[item] {
			return decider.Refuse("session/item-twice", "item", item)
		}
		seen[item] = true
	}
	return nil
}

func (s *State) seat(participant string) int {
	return slices.IndexFunc(s.Seats, func(x Seat) bool { return x.Participant == participant })
}

// Evolve folds one event into the state.
func Evolve(s *State, f decider.Fact) {
	at := f.Event.OccurredAt.AsTime()
	switch e := f.Event.Fact.(type) {
	case *eventv1.Event_SessionPrepared:
		p := e.SessionPrepared
		s.Phase, s.Title, s.Kind, s.StartsAt, s.Minutes, s.Place = Prepared, f.Words("title", p.Title), p.Kind, moment(p.StartsAt), p.Minutes, f.Words("place", p.Place)
	case *eventv1.Event_SessionDescribed:
		d := e.SessionDescribed
		s.Title, s.Kind, s.StartsAt, s.Minutes, s.Place = f.Words("title", d.Title), d.Kind, moment(d.StartsAt), d.Minutes, f.Words("place", d.Place)
	case *eventv1.Event_SessionOpened:
		s.Phase, s.OpenedAt, s.OpenedSeq = Open, at, f.Seq
	case *eventv1.Event_ParticipantSeated:
		s.sit(e.ParticipantSeated, f.Seq)
	case *eventv1.Event_ParticipantLeft:
		if i := s.seat(e.ParticipantLeft.Participant); i >= 0 {
			s.Seats[i].Left = true
		}
	case *eventv1.Event_AgendaSet:
		s.Items = e.AgendaSet.Items
		s.stay(s.CurrentItem, s.Paused)
	case *eventv1.Event_CurrentItemSet:
		s.CurrentItem = e.CurrentItemSet.Item
		return
	case *eventv1.Event_SessionPaused:
		s.Paused = true
		return
	case *eventv1.Event_SessionResumed:
		s.Paused = false
		return
	case *eventv1.Event_MinutesApproved:
		s.approve(e.MinutesApproved.Participant, f.Seq)
		return
	case *eventv1.Event_SessionClosed:
		s.Phase, s.ClosedAt = Closed, at
		s.stay("", false)
	case *eventv1.Event_SessionCorrected:
		x, was := e.SessionCorrected, *s
		*s = State{Phase: Prepared, Title: f.Words("title", x.Title), Kind: x.Kind, StartsAt: s.StartsAt, Minutes: s.Minutes, Place: s.Place, Items: x.Items, Corrections: s.Corrections + 1}
		if x.OpenedAt != nil {
			s.Phase, s.OpenedAt, s.OpenedSeq = Open, x.OpenedAt.AsTime(), f.Seq
		}
		if x.ClosedAt != nil {
			s.Phase, s.ClosedAt = Closed, x.ClosedAt.AsTime()
		}
		for _, seat := range x.Seats {
			s.sit(seat, f.Seq)
		}
		s.stay(was.CurrentItem, was.Paused)
	default:
		return
	}
	s.MinutesSeq = f.Seq
}

// moment gives a time, the zero time when it is not fixed.
func moment(at *timestamppb.Timestamp) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.AsTime()
}

// sit seats somebody; a second time only changes the offices and brings back who had left.
func (s *State) sit(p *eventv1.ParticipantSeated, seq uint64) {
	if i := s.seat(p.Participant); i >= 0 {
		s.Seats[i].Offices, s.Seats[i].Left, s.Seats[i].Absent = p.Offices, p.Absent, p.Absent
		return
	}
	capacity := decision.Capacity{Constituency: p.Constituency, EmployedByDepartment: p.EmployedByDepartment}
	s.Seats = append(s.Seats, Seat{Participant: p.Participant, Offices: p.Offices, Capacity: capacity, Left: p.Absent, Absent: p.Absent, Seq: seq})
}
