package session_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/session"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

var (
	agenda    = &eventv1.AgendaSet{Items: []string{"a:i1", "a:i2"}}
	paused    = &eventv1.SessionPaused{}
	resumed   = &eventv1.SessionResumed{}
	pause     = &commandv1.PauseSession{}
	resume    = &commandv1.ResumeSession{}
	approve   = &commandv1.ApproveMinutes{Participant: "u1"}
	approved  = &eventv1.MinutesApproved{Participant: "u1"}
	turned    = &eventv1.CurrentItemSet{Item: "a:i1"}
	described = &eventv1.SessionDescribed{Title: sealed, Kind: eventv1.SessionKind_SESSION_KIND_ASSEMBLY, StartsAt: timestamppb.New(decidertest.Now), Minutes: 90, Place: sealed}
)

func turn(item string) *commandv1.SetCurrentItem { return &commandv1.SetCurrentItem{Item: item} }

func TestWhatWasAnnouncedIsReplacedUntilTheClose(t *testing.T) {
	describe := &commandv1.DescribeSession{Title: words, Kind: described.Kind, StartsAt: described.StartsAt, Minutes: 90, Place: words}
	scenario(t).When(describe).Refused("session/unknown")
	scenario(t).Given(prepared).When(describe).Then(described)
	scenario(t).Given(prepared, opened).When(describe).Then(described)
	scenario(t).Given(prepared, opened, closed).When(describe).Refused("session/closed")
	s := scenario(t).Given(prepared, described).State()
	if s.Kind != described.Kind || s.Title.Commit != "c2" || s.Place.Commit != "c2" || s.Place.Field != "place" || s.Minutes != 90 || !s.StartsAt.Equal(decidertest.Now) {
		t.Errorf("the session is described as %+v", s)
	}
	if s := scenario(t).Given(prepared, described, &eventv1.SessionDescribed{}).State(); !s.StartsAt.IsZero() || s.Minutes != 0 || s.Place.Sealed != nil {
		t.Errorf("an announcement that fixes nothing left %+v", s)
	}
}

func TestAPlannedDurationIsADayAtMost(t *testing.T) {
	scenario(t).When(&commandv1.PrepareSession{Title: words, Minutes: 1440, Place: words}).Then(&eventv1.SessionPrepared{Title: sealed, Minutes: 1440, Place: sealed})
	scenario(t).When(&commandv1.PrepareSession{Minutes: 1441}).Refused("session/too-long")
	scenario(t).Given(prepared).When(&commandv1.DescribeSession{Minutes: 1441}).Refused("session/too-long")
}

func TestAMeetingTurnsToTheItemsOfItsAgenda(t *testing.T) {
	given := scenario(t).Given(prepared, agenda, opened)
	given.When(turn("a:i1")).Then(turned)
	given.When(turn("a:i9")).Refused("session/not-on-the-agenda")
	given.When(turn("")).Then()
	given.Given(turned).When(turn("a:i1")).Then()
	given.Given(turned).When(turn("a:i2")).Then(&eventv1.CurrentItemSet{Item: "a:i2"})
	given.Given(turned).When(turn("")).Then(&eventv1.CurrentItemSet{})
	scenario(t).Given(prepared, agenda).When(turn("a:i1")).Refused("session/not-open")
	given.Given(closed).When(turn("a:i1")).Refused("session/closed")
}

func TestAMeetingPausesAndGoesOn(t *testing.T) {
	given := scenario(t).Given(prepared, opened)
	given.When(pause).Then(paused)
	given.When(resume).Then()
	given.Given(paused).When(pause).Then()
	given.Given(paused).When(resume).Then(resumed)
	given.Given(paused, resumed).When(pause).Then(paused)
	scenario(t).Given(prepared).When(pause).Refused("session/not-open")
	given.Given(closed).When(resume).Refused("session/closed")
}

func TestTheCloseEndsPauseAndItem(t *testing.T) {
	s := scenario(t).Given(prepared, agenda, opened, turned, paused, closed).State()
	if s.CurrentItem != "" || s.Paused {
		t.Errorf("after the close the meeting is at %q, paused %v", s.CurrentItem, s.Paused)
	}
}

func TestTheMeetingStaysAtItsItemAsLongAsTheAgendaHasIt(t *testing.T) {
	given := scenario(t).Given(prepared, agenda, opened, turned, paused)
	opening := timestamppb.New(decidertest.Now)
	for change, c := range map[string]struct {
		fact *eventv1.Event
		item string
	}{
		"another order":           {decidertest.At(decidertest.Now, &eventv1.AgendaSet{Items: []string{"a:i2", "a:i1"}}), "a:i1"},
		"taken off the agenda":    {decidertest.At(decidertest.Now, &eventv1.AgendaSet{Items: []string{"a:i2"}}), ""},
		"a correction":            {decidertest.At(decidertest.Now, &eventv1.SessionCorrected{OpenedAt: opening, Items: []string{"a:i1"}}), "a:i1"},
		"a correction without it": {decidertest.At(decidertest.Now, &eventv1.SessionCorrected{OpenedAt: opening}), ""},
		"a correction closes it":  {decidertest.At(decidertest.Now, &eventv1.SessionCorrected{OpenedAt: opening, ClosedAt: opening, Items: []string{"a:i1"}}), ""},
	} {
		if s := given.Given(c.fact).State(); s.CurrentItem != c.item || s.Paused != (s.Phase == session.Open) {
			t.Errorf("%s: the meeting is at %q, paused %v", change, s.CurrentItem, s.Paused)
		}
	}
}

func TestMinutesAreApprovedAfterTheCloseByWhoWasThere(t *testing.T) {
	given := scenario(t).Given(prepared, opened, u1, closed)
	given.When(approve).Then(approved)
	given.When(&commandv1.ApproveMinutes{Participant: "s1"}).Refused("session/had-no-seat")
	given.When(&commandv1.ApproveMinutes{}).Refused("session/had-no-seat")
	expected := &eventv1.ParticipantSeated{Participant: "u1", Constituency: "user", Absent: true}
	scenario(t).Given(prepared, opened, expected, closed).When(approve).Refused("session/had-no-seat")
	scenario(t).Given(prepared, opened, expected, u1, closed).When(approve).Then(approved)
	scenario(t).Given(prepared, opened, u1).When(approve).Refused("session/not-closed")
	scenario(t).Given(prepared, opened, u1, &eventv1.ParticipantLeft{Participant: "u1"}, closed).When(approve).Then(approved)
}

func TestApprovingAgainIsFineAndTheLatestApprovalCounts(t *testing.T) {
	given := scenario(t).Given(prepared, opened, u1, closed, approved)
	given.When(approve).Then(approved)
	if s := given.Given(approved).State(); len(s.Approvals) != 1 || s.Approvals[0] != (session.Approval{Participant: "u1", Seq: 6}) {
		t.Errorf("the approvals are %+v", s.Approvals)
	}
}

func TestACorrectionVoidsApprovals(t *testing.T) {
	at := timestamppb.New(decidertest.Now.Add(-time.Hour))
	s := scenario(t).Given(prepared, opened, u1, closed, approved, &eventv1.SessionCorrected{OpenedAt: at, ClosedAt: at, Seats: []*eventv1.ParticipantSeated{u1}}).State()
	if len(s.Approvals) != 0 || s.MinutesSeq != 6 {
		t.Errorf("after the correction: %+v", s)
	}
}

func TestMinutesChangeWithWhatTheySayAndNotWithPausesOrApprovals(t *testing.T) {
	given := scenario(t).Given(prepared, agenda, opened)
	for seq, s := range map[uint64]*session.State{
		3: given.Given(turned, paused, resumed).State(),
		7: given.Given(turned, paused, resumed, u1).State(),
		8: given.Given(turned, paused, resumed, u1, closed, approved).State(),
		4: given.Given(described).State(),
	} {
		if s.MinutesSeq != seq {
			t.Errorf("the minutes stand since %d, want %d", s.MinutesSeq, seq)
		}
	}
}
