package evidence_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/catalogue"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/evidence"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// told writes findings as lines: code, decisions, groups, number of persons.
func told(found []evidence.Finding) []string {
	var lines []string
	for _, f := range found {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s [%s] %s %d", f.Code, strings.Join(f.Decisions, " "), strings.Join(f.Groups, " "), f.People)))
	}
	return lines
}

func (w *world) findings() []evidence.Finding {
	record, timeline := w.asOf(late)
	return record.Findings(timeline, time.Time{}, time.Time{})
}

// Each case is one session; with the finding goes what it must not be confused with.
var circledCases = []struct {
	name, people string
	items        []string
	want         []string
}{
	{"an ordinary vote is not circled", "u1 u2 p1", []string{vote("i1", "d1", majority, "u1:for u2:for p1:against", "")}, nil},
	{"a vote that can never matter", "u1 p1 p2 p3",
		[]string{vote("i1", "d1", "rule: {method: constituencies, constituencies: [{of: [professional]}]}", "u1:for p1:for p2:for p3:for", "")},
		[]string{"token_vote [csm:s2026-03-05:d1] users:strict users:broad 1"}},
	{"reversed from outside", "u1 u2 p1 dir",
		[]string{vote("i1", "d1", majority, "u1:for u2:for p1:against", "acts:\n  - {kind: reversed, by: dir, at: 2026-03-20T10:00:00Z}")},
		[]string{"overridden [csm:s2026-03-05:d1] users:strict users:broad 2"}},
	{"consensus in the minutes only", "u1 p1",
		[]string{"id: i1\ndecision:\n  id: d1\n  claimed_consensus: true\n  claimed_outcome: adopted\n  charter: {rule: {method: consensus}}\n  electorate:\n    - {participant: u1, standing: consent}\n    - {participant: p1, standing: consent}"},
		[]string{"unverified_consensus [csm:s2026-03-05:d1] users:strict users:broad 1"}},
	{"entitled and absent: one of the group, not the group", "u1 u2 p1", []string{vote("i1", "d1", majority, "u1:for u2 p1:for", "")},
		[]string{"entitled_absent [csm:s2026-03-05:d1]  1"}},
	{"entitled and absent: the whole group", "u1 p1 p2", []string{vote("i1", "d1", majority, "u1 p1:for p2:for", "")},
		[]string{"entitled_absent [csm:s2026-03-05:d1] users:strict users:broad 1"}},
	{"a professional who is absent is not circled", "u1 p1 p2", []string{vote("i1", "d1", majority, "u1:for p1:for p2", "")}, nil},
	{"a proxy held by a professional", "u1 p1 p2",
		[]string{"id: i1\ndecision:\n  id: d1\n  charter: {" + majority + "}\n  electorate:\n    - {participant: u1, standing: binding_vote, proxy: {to: p1, instructed: false}, ballot: for}\n    - {participant: p1, standing: binding_vote, ballot: for}\n    - {participant: p2, standing: binding_vote, ballot: against}"},
		[]string{"proxy_outside [csm:s2026-03-05:d1] users:strict users:broad 1"}},
	{"an objection dismissed by one person", "u1 p1 p2",
		[]string{"id: i1\ndecision:\n  id: d1\n  charter: {rule: {method: consent}}\n  electorate:\n    - {participant: u1, standing: consent, ballot: against}\n    - {participant: p1, standing: consent, ballot: for}\n    - {participant: p2, standing: consent, ballot: for}\n  acts:\n    - {kind: objection_raised, objector: u1, at: 2026-03-05T17:00:00Z}\n    - {kind: objection_dismissed, objector: u1, by: p1, at: 2026-03-05T17:10:00Z}"},
		[]string{"objection_dismissed [csm:s2026-03-05:d1] users:strict users:broad 1"}},
	{"late without a word", "u1 p1", []string{vote("i1", "d1", majority, "u1:for p1:for", "acts:\n  - {kind: implementation_due, due: 2026-04-01}")},
		[]string{"not_carried_out [csm:s2026-03-05:d1]  0"}},
	{"late with an explanation, or not yet due, is not circled", "u1 p1", []string{
		vote("i1", "d1", majority, "u1:for p1:for", "acts:\n  - {kind: implementation_due, due: 2026-04-01}\n  - {kind: implementation_explained, at: 2026-04-02T10:00:00Z}"),
		vote("i2", "d2", majority, "u1:for p1:for", "acts:\n  - {kind: implementation_due, due: 2027-04-01}"),
		vote("i3", "d3", majority, "u1:for p1:for", "acts:\n  - {kind: implementation_due, due: 2026-04-01}\n  - {kind: implemented, at: 2026-05-01T10:00:00Z}")}, nil},
	{"formally refused", "u1 p1 dir", []string{vote("i1", "d1", majority, "u1:for p1:for", "acts:\n  - {kind: implementation_refused, by: dir, at: 2026-04-02T10:00:00Z}")},
		[]string{"not_carried_out [csm:s2026-03-05:d1]  0"}},
	{"advice that nobody answered, once for a person, and advice that was", "u1 u2 p1",
		[]string{vote("i1", "d1", majority, "p1:for u1:consulted u2:consulted", "contributions:\n  - {by: u1, kind: advice}\n  - {by: u1, kind: proposal}\n  - {by: u2, kind: advice}\n  - {by: p1, kind: statement, answers: 3}\n  - {by: p1, kind: proposal}")},
		[]string{"advice_unanswered [csm:s2026-03-05:d1]  1"}},
	{"advice to an item on which nothing was decided", "f1 p1", []string{"id: i1\ncontributions:\n  - {by: f1, kind: advice}"},
		[]string{"advice_unanswered []  1"}},
}

func TestFindingsAreCircledWithTheirDecisions(t *testing.T) {
	for _, c := range circledCases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.hold(meeting("2026-03-05", "meeting", c.people, c.items...))
			found := w.findings()
			if got := told(found); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, f := range found {
				if len(f.Evidence) == 0 || !slices.IsSorted(f.Evidence) {
					t.Errorf("%s is proved by %v", f.Code, f.Evidence)
				}
			}
		})
	}
}

func TestAFindingIsOnlyWhatHadHappenedByThen(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 u2 p1 dir",
		vote("i1", "d1", majority, "u1:for u2:for p1:against", "acts:\n  - {kind: implementation_due, due: 2026-03-31}\n  - {kind: reversed, by: dir, at: 2026-03-20T10:00:00Z}")))
	for at, want := range map[string][]string{
		"2026-03-19": nil,
		"2026-03-21": {"overridden [csm:s2026-03-05:d1] users:strict users:broad 2"},
		"2026-04-01": {"overridden [csm:s2026-03-05:d1] users:strict users:broad 2", "not_carried_out [csm:s2026-03-05:d1]  0"},
	} {
		record, timeline := w.asOf(day(at))
		if got := told(record.Findings(timeline, time.Time{}, time.Time{})); !slices.Equal(got, want) {
			t.Errorf("on %s: %q, want %q", at, got, want)
		}
		if got := record.Findings(timeline, day("2026-03-06"), time.Time{}); len(got) != 0 {
			t.Errorf("outside the period: %q", told(got))
		}
	}
}

func TestPeopleAddedAndRulesChangedShortlyBeforeAVote(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 p1", vote("i1", "d1", majority, "u1:for p1:for", ""))) // all of them are new: a first meeting
	if got := told(w.findings()); got != nil {
		t.Errorf("a first meeting: %q", got)
	}
	at := timestamppb.New
	id := full("2026-04-09", "d1")
	w.do(&commandv1.Command{OccurredAt: at(day("2026-03-20")), Of: &commandv1.Command_EnrolParticipants{EnrolParticipants: &commandv1.EnrolParticipants{Workspace: "dsm", Initiative: "csm",
		Enrolments: []*commandv1.Enrolment{{Participant: "u2", Constituency: "user"}}}}}) // three weeks before
	w.do(&commandv1.Command{OccurredAt: at(day("2026-04-08")), Of: &commandv1.Command_EnrolParticipants{EnrolParticipants: &commandv1.EnrolParticipants{Workspace: "dsm", Initiative: "csm",
		Enrolments: []*commandv1.Enrolment{{Participant: "p2", Constituency: "professional"}, {Participant: "p3", Constituency: "professional"}, {Participant: "p4", Constituency: "professional"}}}}})
	w.do(&commandv1.Command{OccurredAt: at(day("2026-04-08")), Of: &commandv1.Command_PrepareSession{PrepareSession: &commandv1.PrepareSession{Workspace: "dsm", Session: "csm:s2026-04-09"}}})
	w.do(&commandv1.Command{OccurredAt: at(day("2026-04-08")), Of: &commandv1.Command_PoseDecision{PoseDecision: &commandv1.PoseDecision{Workspace: "dsm", Decision: id, Item: "csm:i1"}}})
	charter := func(on string, rule *eventv1.Rule) {
		w.do(&commandv1.Command{OccurredAt: at(day(on)), Of: &commandv1.Command_WriteCharter{WriteCharter: &commandv1.WriteCharter{Workspace: "dsm", Decision: id, Charter: &eventv1.Charter{Rule: rule}}}})
	}
	charter("2026-03-06", &eventv1.Rule{Method: eventv1.Method_METHOD_UNANIMITY})
	charter("2026-04-08", &eventv1.Rule{Method: eventv1.Method_METHOD_UNANIMITY})
	open := &commandv1.OpenVoting{Workspace: "dsm", Decision: id}
	cast := &commandv1.CastBallots{Workspace: "dsm", Decision: id}
	for _, who := range []string{"u1", "u2", "p1", "p2", "p3"} {
		open.Electors = append(open.Electors, &eventv1.Elector{Participant: who, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Present: true})
		cast.Ballots = append(cast.Ballots, &eventv1.BallotCast{Participant: who, Choice: eventv1.Choice_CHOICE_AGAINST})
	}
	open.Electors = append(open.Electors, &eventv1.Elector{Participant: "p4", Standing: eventv1.Standing_STANDING_INFORMED, Present: true}) // added, without a vote
	finish := func(v *world) {
		v.do(&commandv1.Command{OccurredAt: at(day("2026-04-09")), Of: &commandv1.Command_OpenVoting{OpenVoting: open}})
		v.do(&commandv1.Command{OccurredAt: at(day("2026-04-09")), Of: &commandv1.Command_CastBallots{CastBallots: cast}})
		v.do(&commandv1.Command{OccurredAt: at(day("2026-04-09")), Of: &commandv1.Command_CloseVoting{CloseVoting: &commandv1.CloseVoting{Workspace: "dsm", Decision: id}}})
	}
	charter("2026-04-09", &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY})
	finish(w)
	want := []string{"rule_changed [" + id + "]  0", "people_added [" + id + "] constituency:professional 2", "rerun [" + full("2026-03-05", "d1") + " " + id + "]  0"}
	if got := told(w.findings()); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAVoteAgainThatComesOutTheSameIsNoRerun(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 p1", vote("i1", "d1", majority, "u1:for p1:for", "")))
	w.hold(meeting("2026-04-09", "meeting", "u1 p1", vote("i1", "d1", majority, "u1:for p1:for", ""), vote("i2", "d2", majority, "u1:against p1:against", "")))
	if got := told(w.findings()); got != nil {
		t.Errorf("%q", got)
	}
	w.hold(meeting("2026-05-09", "meeting", "u1 p1", vote("i1", "d1", majority, "u1:against p1:against", "")))
	if got := told(w.findings()); !slices.Equal(got, []string{"rerun [" + full("2026-04-09", "d1") + " " + full("2026-05-09", "d1") + "]  0"}) {
		t.Errorf("%q", got)
	}
}

func TestEveryFindingHasASentence(t *testing.T) {
	for _, lang := range []string{catalogue.Italian, catalogue.English} {
		said := catalogue.Codes(lang)
		for _, code := range evidence.Codes {
			if !slices.Contains(said, "finding/"+string(code)) {
				t.Errorf("finding/%s has no text in %s", code, lang)
			}
		}
	}
}

func TestWhatSomebodySaysWasDecidedOutsideIsListed(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 p1", vote("i1", "d1", majority, "u1:for p1:for", "")))
	w.do(decidertest.Command(&commandv1.ReportUnloggedDecision{Workspace: "dsm", Initiative: "csm", By: "u1", Text: &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{}}}}))
	r, timeline := w.asOf(late)
	found := r.Findings(timeline, ever, ever)
	n := slices.IndexFunc(found, func(f evidence.Finding) bool { return f.Code == evidence.UnloggedDecision })
	if n < 0 {
		t.Fatalf("not among %+v", found)
	}
	if f := found[n]; f.Initiative != "csm" || f.Item != "" || len(f.Decisions) != 0 || !slices.Equal(f.Evidence, []uint64{uint64(len(w.log))}) || f.At.IsZero() {
		t.Errorf("%+v", f)
	}
	for _, f := range r.Findings(timeline, late.AddDate(1, 0, 0), ever) {
		t.Errorf("in another period: %+v", f)
	}
}
