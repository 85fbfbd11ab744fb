package evidence_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/evidence"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func (w *world) record() *evidence.Record { r, _ := w.asOf(late); return r }

var ever time.Time

func TestConditionalSuccessCountsOnlyWhereTheTwoMajoritiesDiffer(t *testing.T) {
	w := newWorld(t)
	var items []string
	for n, ballots := range []string{
		"u1:for u2:for u3:for p1:against p2:against",                    // the users alone wanted it, and got it
		"u1:against u2:against u3:against p1:for p2:for",                // did not want it, and it fell
		"u1:for u2:for p1:against p2:against p3:against u3",             // wanted it, and did not get it
		"u1:for u2:for u3:for p1:for",                                   // all agreed
		"u1:for u2:against p1:for p2:for",                               // the users were divided
		"u1:for u2:for u3:for p1:for p2:against",                        // the professionals were
		"u1:abstain u2:abstain u3:for p1:against p2:against p3:against", // one spoke for the users
	} {
		items = append(items, vote(fmt.Sprint("i", n), fmt.Sprint("d", n), majority, ballots, ""))
	}
	w.hold(meeting("2026-03-05", "meeting", "u1 u2 u3 p1 p2 p3", items...))
	s := w.record().Reading(nil).Success(evidence.Strict, ever, ever)
	if s.Divergent != (evidence.Share{Part: 2, Whole: 4}) || s.All != (evidence.Share{Part: 4, Whole: 6}) || s.Enough {
		t.Errorf("%+v", s)
	}
	if want := []string{full("2026-03-05", "d0"), full("2026-03-05", "d1"), full("2026-03-05", "d2"), full("2026-03-05", "d6")}; !slices.Equal(s.Decisions, want) {
		t.Errorf("%v", s.Decisions)
	}
	two := s.Join(s)
	if low, high := two.Interval.Percent(); two.Divergent != (evidence.Share{Part: 4, Whole: 8}) || !two.Enough || low != "21.5" || high != "78.5" || len(two.Decisions) != 8 {
		t.Errorf("%+v, %s to %s", two, low, high)
	}
	if s := w.record().Reading(nil).Success(evidence.Strict, day("2026-03-06"), ever); s.All.Whole != 0 {
		t.Errorf("outside the period: %+v", s)
	}
}

func TestVoiceIsMeasuredAgainstWhoWasThere(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 p1 p2 p3", "id: i1\ncontributions:\n  - {by: u1, kind: statement, seconds: 60}\n  - {by: p1, kind: statement, seconds: 60}\n  - {by: p2, kind: statement}"))
	v := w.record().Reading(nil).Voice(evidence.Strict, ever, ever)
	if ratio, ok := v.Ratio(); !ok || ratio != 2 { // half of the time, a quarter of the people
		t.Errorf("ratio %v %v", ratio, ok)
	}
	if v.Turns != (evidence.Share{Part: 1, Whole: 3}) || v.Sessions != 1 || math.Abs(v.Gini-0.5) > 1e-9 {
		t.Errorf("%+v", v)
	}
	w.hold(meeting("2026-04-05", "meeting", "u1 u2 p1 p2", "id: i2\ncontributions:\n  - {by: p1, kind: statement, seconds: 120}"))
	v = w.record().Reading(nil).Voice(evidence.Strict, ever, ever)
	if ratio, _ := v.Ratio(); math.Abs(ratio-60.0/90) > 1e-9 { // 60 of the 30 + 60 seconds that would have been proportional
		t.Errorf("two sessions: %v", ratio)
	}
	w.hold(meeting("2026-05-05", "meeting", "u1 p1", "id: i3\ncontributions:\n  - {by: u1, kind: statement}"))
	if v := w.record().Reading(nil).Voice(evidence.Strict, day("2026-05-01"), ever); v.Sessions != 0 || v.Turns.Part != 1 {
		t.Errorf("time that was not measured: %+v", v)
	} else if _, ok := v.Ratio(); ok {
		t.Error("a ratio of nothing")
	}
}

func TestTheAgendaShowsWhoseItemsWereRefused(t *testing.T) {
	w := newWorld(t)
	decided := func(id, by string) string { return vote(id, "d"+id, majority, "u1:for p1:for", by) }
	w.hold(meeting("2026-03-05", "meeting", "u1 p1", decided("i1", "proposed_by: u1"), decided("i2", "proposed_by: p1"), decided("i3", "proposed_by: p1"), decided("i4", ""),
		"id: i5\nproposed_by: u1", "id: i6\nproposed_by: u1", "id: i7\nproposed_by: p1"))
	refuse := func(id string) {
		w.do(&commandv1.Command{OccurredAt: timestamppb.New(day("2026-03-06")), Of: &commandv1.Command_RefuseItem{RefuseItem: &commandv1.RefuseItem{Workspace: "dsm", Item: "csm:" + id,
			Reason: &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{}}}}}})
	}
	refuse("i5")
	a := w.record().Reading(nil).Agenda(evidence.Strict, ever, ever)
	if a.Decided != (evidence.Share{Part: 1, Whole: 3}) || a.Unattributed != 1 || a.Refused != (evidence.Share{Part: 1, Whole: 3}) || a.RefusedOthers != (evidence.Share{Part: 0, Whole: 3}) {
		t.Errorf("%+v", a)
	}
	if !slices.Equal(a.RefusedItems, []string{"csm:i5"}) {
		t.Errorf("%v", a.RefusedItems)
	}
}

func TestAdviceIsFollowedToItsAnswer(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 u2 p1", "id: i1\ncontributions:\n"+strings.Join([]string{
		"  - {by: u1, kind: advice}", "  - {by: u2, kind: proposal}", "  - {by: u1, kind: advice}", "  - {by: u2, kind: advice}", "  - {by: u1, kind: statement}", "  - {by: p1, kind: advice}",
		"  - {by: p1, kind: statement, answers: 1, reply: partly}", "  - {by: p1, kind: statement, answers: 1, reply: accepted}",
		"  - {by: p1, kind: statement, answers: 2, reply: refused}", "  - {by: u1, kind: statement, answers: 3, reply: accepted}"}, "\n")))
	answer := func(on string, number uint32) {
		w.do(&commandv1.Command{OccurredAt: timestamppb.New(day(on)), Of: &commandv1.Command_RecordContributions{RecordContributions: &commandv1.RecordContributions{Workspace: "dsm", Item: "csm:i1", Session: "csm:s2026-03-05",
			Contributions: []*commandv1.Contribution{{By: "p1", Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_STATEMENT, Answers: number}}}}})
	}
	answer("2026-03-15", 4)
	answer("2026-04-20", 3) // too late
	r := w.record().Reading(nil).Responsiveness(evidence.Strict, ever, ever, w.record().AsOf)
	if r.Answered != (evidence.Share{Part: 3, Whole: 4}) || r.Adopted != 1 || r.Partly != 0 || r.Refused != 1 || r.MedianDays != 0 || r.Pending != 0 {
		t.Errorf("%+v", r)
	}
	if len(r.Unanswered) != 1 || r.Unanswered[0].Number != 3 || r.Unanswered[0].Item != "csm:i1" {
		t.Errorf("%+v", r.Unanswered)
	}
	soon, _ := w.asOf(day("2026-03-10"))
	if r := soon.Reading(nil).Responsiveness(evidence.Strict, ever, ever, soon.AsOf); r.Pending != 2 || r.Answered.Whole != 2 {
		t.Errorf("five days later: %+v", r)
	}
}

func TestWhatWasAdoptedIsFollowedToItsEnd(t *testing.T) {
	w := newWorld(t)
	d := func(n int, acts ...string) string {
		rest := ""
		if len(acts) > 0 {
			rest = "acts:\n  - {" + strings.Join(acts, "}\n  - {") + "}"
		}
		return vote(fmt.Sprint("i", n), fmt.Sprint("d", n), majority, "u1:for p1:for", rest)
	}
	due := "kind: implementation_due, due: 2026-04-01"
	w.hold(meeting("2026-03-05", "meeting", "u1 p1",
		d(1, due, "kind: implemented, at: 2026-03-20T10:00:00Z"), d(2, due, "kind: implemented, at: 2026-04-12T00:00:00Z"), d(3, due), d(4, due, "kind: implementation_explained, at: 2026-04-02T10:00:00Z"),
		d(5, due, "kind: implementation_refused, by: p1, at: 2026-04-02T10:00:00Z"), d(6), d(7, "kind: implementation_due, due: 2027-04-01"),
		vote("i8", "d8", majority, "u1:against p1:against", "")))
	got := w.record().Reading(nil).Implementation(ever, ever, w.record().AsOf)
	own := func(n int) []string { return []string{full("2026-03-05", fmt.Sprint("d", n))} }
	if got.Done != (evidence.Share{Part: 2, Whole: 5}) || got.Pending != 1 || got.MedianDelay != 5 || got.WithDate != 2 || !slices.Equal(got.Overdue, own(3)) || !slices.Equal(got.Explained, own(4)) || !slices.Equal(got.Refused, own(5)) {
		t.Errorf("%+v", got)
	}
}

func TestWhatTheUsersVotesCouldDo(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 u2 p1 p2 p3",
		vote("i1", "d1", majority, "u1:for u2:for p1:for p2:against p3:against", ""), // three against two: each of the users was enough
		vote("i2", "d2", majority, "u1:for p1:for p2:for p3:for", ""),                // four for it: one alone changes nothing
		vote("i3", "d3", "rule: {method: majority, base: members}", "u1:informed p1:for p2:for", "")))
	r := w.record().Reading(nil).Reach(evidence.Strict, ever, ever)
	if r.Pivotal != (evidence.Share{Part: 1, Whole: 2}) || r.WithPower != 2 || r.WithoutPower != 0 || r.WithMargin != 1 || r.MedianMargin != 1 || r.MedianPower <= 0.5 || r.MedianPower >= 1 {
		t.Errorf("%+v", r)
	}
	if r := w.record().Reading(nil).Reach(evidence.Strict, day("2026-03-06"), ever); r != (evidence.Reach{}) {
		t.Errorf("outside the period: %+v", r)
	}
}

func TestAChangeOfTheTextIsTracedToWhoBroughtIt(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 p1", vote("i1", "d1", majority, "u1:for p1:for", "contributions:\n  - {by: u1, kind: proposal}\n  - {by: p1, kind: proposal}"), vote("i2", "d2", majority, "u1:for p1:for", "")))
	amended := func(number uint32, objector string) {
		id := aggregate.Key{Kind: aggregate.Decision, ID: full("2026-03-05", "d1")}
		a, _ := w.load(id)
		c := &eventv1.Commit{Id: fmt.Sprint("c", len(w.log)+1), Version: a.Version + 1, Events: []*eventv1.Event{eventv1.NewEvent(timestamppb.New(day("2026-03-05")), &eventv1.ProposalAmended{TakesUp: number, Objector: objector})}}
		w.log = append(w.log, logged{id, c})
		if err := a.Apply(uint64(len(w.log)), c); err != nil {
			t.Fatal(err)
		}
	}
	want := func(amendedTexts int, traced ...string) {
		t.Helper()
		got := w.record().Reading(nil).Changes(evidence.Strict, ever, ever)
		if got.Traced != (evidence.Share{Part: len(traced), Whole: 2}) || got.Amended != amendedTexts || !slices.Equal(got.Decisions, traced) {
			t.Errorf("%+v", got)
		}
	}
	want(0)
	amended(2, "") // what a professional had proposed
	amended(0, "p1")
	want(1)
	amended(1, "")
	want(1, full("2026-03-05", "d1"))
}
