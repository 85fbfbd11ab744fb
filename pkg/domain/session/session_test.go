package session_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/session"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// roll knows two people.
func roll(participant string) (decision.Capacity, bool) {
	c, ok := map[string]decision.Capacity{"u1": {Constituency: "user"}, "s1": {Constituency: "psw", EmployedByDepartment: true}}[participant]
	return c, ok
}

func scenario(t *testing.T) decidertest.Scenario[session.State] {
	return decidertest.For(t, decidertest.Rules[session.State]{
		Decide: func(s *session.State, cmd *commandv1.Command) ([]*eventv1.Event, error) {
			return session.Decide(s, cmd, roll, decidertest.Now)
		},
		Evolve: session.Evolve,
	})
}

var (
	sealed   = &eventv1.Sealed{KeyId: []byte("key"), Version: 1, Ciphertext: []byte("words")}
	words    = &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: sealed}}
	prepared = &eventv1.SessionPrepared{Title: sealed, Kind: eventv1.SessionKind_SESSION_KIND_MEETING}
	opened   = &eventv1.SessionOpened{}
	closed   = &eventv1.SessionClosed{}
	u1       = &eventv1.ParticipantSeated{Participant: "u1", Constituency: "user", Offices: []eventv1.Office{eventv1.Office_OFFICE_CHAIR}}
	open     = &commandv1.OpenSession{}
	end      = &commandv1.CloseSession{}
)

func seat(ids ...string) *commandv1.SeatParticipants {
	c := &commandv1.SeatParticipants{}
	for _, id := range ids {
		c.Seats = append(c.Seats, &eventv1.ParticipantSeated{Participant: id})
	}
	return c
}

func TestASessionIsPreparedOnce(t *testing.T) {
	prepare := &commandv1.PrepareSession{Title: words, Kind: prepared.Kind}
	scenario(t).When(prepare).Then(prepared)
	scenario(t).Given(prepared).When(prepare).Refused("session/already-prepared")
	scenario(t).Given(prepared, opened, closed).When(prepare).Refused("session/already-prepared")
}

func TestASessionThatWasNeverPreparedTakesNothing(t *testing.T) {
	scenario(t).When(open).Refused("session/unknown")
	scenario(t).When(seat("u1")).Refused("session/unknown")
	scenario(t).When(&commandv1.CorrectSession{}).Refused("session/unknown")
}

func TestASessionOpensAndCloses(t *testing.T) {
	scenario(t).Given(prepared).When(end).Refused("session/not-open")
	scenario(t).Given(prepared).When(open).Then(opened)
	scenario(t).Given(prepared, opened).When(end).Then(closed)
	scenario(t).Given(prepared, opened, closed).When(open).Refused("session/closed")
}

func TestOpeningOrClosingAgainIsFineAndChangesNothing(t *testing.T) {
	scenario(t).Given(prepared, opened).When(open).Then()
	scenario(t).Given(prepared, opened, closed).When(end).Then()
}

func TestASessionCannotCloseBeforeItOpened(t *testing.T) {
	later := decidertest.At(decidertest.Now.Add(time.Hour), opened)
	scenario(t).Given(prepared, later).When(end).Refused("session/closed-before-opened")
}

func TestWhoSitsDownIsEnrolledAndKeepsTheCapacityOfTheRoll(t *testing.T) {
	claim := &commandv1.SeatParticipants{Seats: []*eventv1.ParticipantSeated{{Participant: "s1", Constituency: "user", Offices: []eventv1.Office{eventv1.Office_OFFICE_SECRETARY}}}}
	scenario(t).Given(prepared).When(claim).
		Then(&eventv1.ParticipantSeated{Participant: "s1", Constituency: "psw", EmployedByDepartment: true, Offices: []eventv1.Office{eventv1.Office_OFFICE_SECRETARY}})
	scenario(t).Given(prepared).When(seat("u1", "x9")).Refused("session/not-enrolled")
	scenario(t).Given(prepared).When(seat("u1", "u1")).Refused("session/seated-twice")
	scenario(t).Given(prepared).When(seat()).Refused("session/nobody-named")
}

func TestALaterSeatChangesOfficesAndNotTheCapacityHeldThen(t *testing.T) {
	again := &eventv1.ParticipantSeated{Participant: "u1", Constituency: "psw", EmployedByDepartment: true}
	s := scenario(t).Given(prepared, u1, &eventv1.ParticipantLeft{Participant: "u1"}, again).State()
	if len(s.Seats) != 1 || s.Seats[0].Left || len(s.Seats[0].Offices) != 0 || s.Seats[0].Constituency != "user" || s.Seats[0].EmployedByDepartment {
		t.Errorf("the seat is %+v", s.Seats)
	}
}

func TestOnlyWhoIsInTheRoomCanLeave(t *testing.T) {
	leave := &commandv1.UnseatParticipant{Participant: "u1"}
	left := &eventv1.ParticipantLeft{Participant: "u1"}
	scenario(t).Given(prepared, opened, u1).When(leave).Then(left)
	scenario(t).Given(prepared, opened).When(leave).Refused("session/not-in-the-room")
	scenario(t).Given(prepared, opened, u1, left).When(leave).Refused("session/not-in-the-room")
	if s := scenario(t).Given(prepared, opened, u1, left).State(); len(s.Seats) != 1 || !s.Seats[0].Left {
		t.Errorf("who left is not marked: %+v", s.Seats)
	}
}

func TestAnAgendaNamesEveryItemOnce(t *testing.T) {
	scenario(t).Given(prepared).When(&commandv1.SetAgenda{Items: []string{"a:i1", "a:i2"}}).Then(&eventv1.AgendaSet{Items: []string{"a:i1", "a:i2"}})
	scenario(t).Given(prepared).When(&commandv1.SetAgenda{Items: []string{"a:i1", "a:i1"}}).Refused("session/item-twice")
	scenario(t).Given(prepared).When(&commandv1.CorrectSession{Items: []string{"a:i1", "a:i1"}}).Refused("session/item-twice")
}

func TestAClosedSessionIsOnlyCorrected(t *testing.T) {
	after := scenario(t).Given(prepared, opened, u1, closed)
	after.When(seat("u1")).Refused("session/closed")
	after.When(&commandv1.UnseatParticipant{Participant: "u1"}).Refused("session/closed")
	after.When(&commandv1.SetAgenda{}).Refused("session/closed")
	from, to := timestamppb.New(decidertest.Now), timestamppb.New(decidertest.Now.Add(time.Hour))
	after.When(&commandv1.CorrectSession{Title: words, OpenedAt: from, ClosedAt: to, Seats: seat("s1").Seats, Items: []string{"a:i2"}}).
		Then(&eventv1.SessionCorrected{Title: sealed, OpenedAt: from, ClosedAt: to, Items: []string{"a:i2"}, Seats: []*eventv1.ParticipantSeated{{Participant: "s1", Constituency: "psw", EmployedByDepartment: true}}})
}

func TestACorrectionIsHeldToTheSameRules(t *testing.T) {
	from, before := timestamppb.New(decidertest.Now), timestamppb.New(decidertest.Now.Add(-time.Hour))
	given := scenario(t).Given(prepared, opened)
	given.When(&commandv1.CorrectSession{OpenedAt: from, ClosedAt: before}).Refused("session/closed-before-opened")
	given.When(&commandv1.CorrectSession{ClosedAt: before}).Refused("session/not-open")
	given.When(&commandv1.CorrectSession{OpenedAt: from, Seats: seat("x9").Seats}).Refused("session/not-enrolled")
}

func TestACorrectionReplacesEverythingThatWasRecorded(t *testing.T) {
	from := timestamppb.New(decidertest.Now.Add(-time.Hour))
	correction := &eventv1.SessionCorrected{Kind: eventv1.SessionKind_SESSION_KIND_ASSEMBLY, OpenedAt: from, Items: []string{"a:i2"}, Seats: []*eventv1.ParticipantSeated{{Participant: "s1", Constituency: "psw"}}}
	s := scenario(t).Given(prepared, opened, u1, &eventv1.AgendaSet{Items: []string{"a:i1"}}, closed, correction).State()
	if s.Phase != session.Open || !s.ClosedAt.IsZero() || !s.OpenedAt.Equal(from.AsTime()) || s.OpenedSeq != 6 || s.Corrections != 1 ||
		len(s.Seats) != 1 || s.Seats[0].Participant != "s1" || len(s.Items) != 1 || s.Items[0] != "a:i2" {
		t.Errorf("the corrected session is %+v", s)
	}
}

func TestTheTitleOfASessionToComeIsCorrectedWithoutOpeningIt(t *testing.T) {
	s := scenario(t).Given(prepared, &eventv1.SessionCorrected{Title: sealed}).State()
	if s.Phase != session.Prepared || !s.OpenedAt.IsZero() || s.OpenedSeq != 0 {
		t.Errorf("a correction without an opening opened the session: %+v", s)
	}
	scenario(t).Given(prepared, &eventv1.SessionCorrected{Title: sealed}).When(open).Then(opened)
}

func TestASessionTakesNoOtherCommands(t *testing.T) {
	scenario(t).Given(prepared).When(&commandv1.AdmitItem{}).Refused("session/not-its-command")
}

func TestACloneGoesItsOwnWay(t *testing.T) {
	given := scenario(t).Given(prepared, opened, u1, &eventv1.AgendaSet{Items: []string{"a:i1"}})
	s := given.State()
	c := s.Clone()
	session.Evolve(c, decider.Fact{Event: decidertest.At(decidertest.Now, &eventv1.ParticipantLeft{Participant: "u1"})})
	c.Items[0] = "a:i9"
	if diff := decidertest.Differ(given.State(), s); diff != "" {
		t.Errorf("folding the clone changed the original:\n%s", diff)
	}
}

// Whoever takes part cannot give themself an office, nor lose one by going out for a moment; whoever facilitates takes offices away by naming none.
func TestWhoComesBackByThemselfKeepsTheirOffices(t *testing.T) {
	back := decidertest.Command(seat("u1"))
	back.Actor = &eventv1.Actor{Participant: "u1", Capacity: eventv1.Capacity_CAPACITY_PARTICIPANT}
	given := scenario(t).Given(prepared, opened, u1, &eventv1.ParticipantLeft{Participant: "u1"})
	given.When(back).Then(u1)
	given.When(seat("u1")).Then(&eventv1.ParticipantSeated{Participant: "u1", Constituency: "user"})
	scenario(t).Given(prepared, opened).When(back).Then(&eventv1.ParticipantSeated{Participant: "u1", Constituency: "user"})
}

func TestSomebodyExpectedHasAPlaceWithoutBeingThere(t *testing.T) {
	away := &eventv1.ParticipantSeated{Participant: "s1", Absent: true}
	filled := &eventv1.ParticipantSeated{Participant: "s1", Constituency: "psw", EmployedByDepartment: true, Absent: true}
	expect := &commandv1.SeatParticipants{Seats: []*eventv1.ParticipantSeated{away}}
	scenario(t).Given(prepared, opened).When(expect).Then(filled)
	s := scenario(t).Given(prepared, opened, filled).State()
	if !s.Seats[0].Absent || !s.Seats[0].Left {
		t.Errorf("%+v is in the room", s.Seats[0])
	}
	// Who is in the room stays there, and who was expected may come.
	scenario(t).Given(prepared, opened, &eventv1.ParticipantSeated{Participant: "s1"}).When(expect).Then()
	s = scenario(t).Given(prepared, opened, filled, &eventv1.ParticipantSeated{Participant: "s1"}).State()
	if s.Seats[0].Absent || s.Seats[0].Left {
		t.Errorf("%+v did not come", s.Seats[0])
	}
}
