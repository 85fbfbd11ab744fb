package views

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"tavolo/pkg/domain/evidence"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// A reading that is kept says what a fresh one says, whatever is recorded meanwhile and whenever it is asked for.
func TestAKeptReadingSaysWhatAFreshOneSays(t *testing.T) {
	h := departments(t)
	ctx, round, kept := context.Background(), 0, 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		ws := fmt.Sprintf("kept-%d", round)
		record(t, h.log, ws)
		if _, err := h.views.ready(ctx, ws, 0, true); err != nil {
			t.Fatal(err)
		}
		for _, of := range [][2]string{{"dsm-a", "csm"}, {"dsm-c", "csm"}, {ws, "i"}} {
			w, initiative := of[0], of[1]
			asOf := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 700).Draw(t, "as of"))
			for range 2 {
				got, err := h.views.readingOf(ctx, &scene{ListRoleLedgerRequest: &apiv1.ListRoleLedgerRequest{}, asOf: asOf}, w)
				if err != nil {
					t.Fatal(err)
				}
				r, timeline, _, err := h.views.recordOf(ctx, w, initiative, asOf)
				if err != nil {
					t.Fatal(err)
				}
				want := r.Reading(timeline)
				for _, view := range []string{evidence.Strict, evidence.Broad} {
					if a, b := fmt.Sprintf("%+v", got.Figures(view, time.Time{}, time.Time{}, asOf)), fmt.Sprintf("%+v", want.Figures(view, time.Time{}, time.Time{}, asOf)); a != b {
						t.Fatalf("%s at %s\n got %s\nwant %s", w, asOf, a, b)
					}
				}
				if a, b := fmt.Sprint(got.Findings(time.Time{}, time.Time{}, asOf)), fmt.Sprint(want.Findings(time.Time{}, time.Time{}, asOf)); a != b {
					t.Fatalf("%s at %s\n got %s\nwant %s", w, asOf, a, b)
				}
			}
		}
		kept = h.views.readings.Len()
	})
	if kept == 0 {
		t.Error("no reading was kept: the test proves nothing")
	}
}

func TestTrendsAreReadByMonthAndQuarterAtEveryLevel(t *testing.T) {
	h := departments(t)
	ask := func(q *apiv1.ListTrendsRequest) *apiv1.ListTrendsResponse {
		t.Helper()
		if q.Period == nil {
			q.Period = &apiv1.EvidencePeriod{}
		}
		q.Period.CaughtUp = true
		out, err := h.views.listTrends(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	tell := func(out *apiv1.ListTrendsResponse) (lines []string) {
		for _, s := range out.Series {
			for _, p := range s.Points {
				line := fmt.Sprintf("%s (%d) %s n=%d", s.Key, s.Departments, p.Key, p.Included)
				for _, x := range p.Shares {
					line += " " + x.Share.Percent
				}
				lines = append(lines, line+" "+p.Shares[0].Interval.Low)
			}
		}
		return lines
	}
	if got, want := tell(ask(&apiv1.ListTrendsRequest{Workspace: "dsm-a"})), []string{"dsm-a (1) 2026-03 n=3 66.7 33.3 0.0 0.0 20.8"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := tell(ask(&apiv1.ListTrendsRequest{Step: apiv1.TrendStep_TREND_STEP_QUARTER, Level: apiv1.LedgerLevel_LEDGER_LEVEL_REGION})), []string{
		"08 (2) 2026-Q1 n=7 28.6 57.1 14.3 0.0 8.2", "09 (1) 2026-Q1 n=3 0.0 66.7 33.3 0.0 0.0", "unknown (1) 2026-Q1 n=1 100.0 0.0 0.0 0.0 20.7"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	nation := ask(&apiv1.ListTrendsRequest{Level: apiv1.LedgerLevel_LEDGER_LEVEL_NATION})
	if got, want := tell(nation), []string{" (4) 2026-03 n=11 27.3 54.5 18.2 0.0 9.7"}; !slices.Equal(got, want) || nation.Series[0].Points[0].Excluded["no_decision"] != 2 {
		t.Errorf("got %q, want %q", got, want)
	}
	for partition, want := range map[string]string{"": "macro5/1", "macro3": "macro3/1"} {
		if out := ask(&apiv1.ListTrendsRequest{Level: apiv1.LedgerLevel_LEDGER_LEVEL_MACRO_AREA, Partition: partition}); out.Partition != want || len(out.Series) < 2 {
			t.Errorf("%s: %d series", out.Partition, len(out.Series))
		}
	}
	// Before the reversals the counts cannot answer, and the lines do.
	before := ask(&apiv1.ListTrendsRequest{Workspace: "dsm-c", Period: &apiv1.EvidencePeriod{AsOf: timestamppb.New(time.Date(2026, 3, 19, 0, 0, 0, 0, time.UTC))}})
	if got, want := tell(before), []string{"dsm-c (1) 2026-03 n=4 75.0 0.0 25.0 0.0 30.1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := h.views.listTrends(context.Background(), &apiv1.ListTrendsRequest{Level: apiv1.LedgerLevel_LEDGER_LEVEL_SESSION}); err == nil || !strings.Contains(err.Error(), "evidence/no-trend-at-level") {
		t.Errorf("trends of sessions: %v", err)
	}
}

func TestSignalsAreOfOneParticipant(t *testing.T) {
	h := departments(t)
	ctx := context.Background()
	if _, err := h.views.ready(ctx, "dsm-b", 0, true); err != nil {
		t.Fatal(err)
	}
	out, err := h.views.getSignals(ctx, &apiv1.GetSignalsRequest{Workspace: "dsm-b", Initiative: "csm", Participant: "u1"})
	if err != nil || len(out.Signals) != 0 {
		t.Errorf("%v, %v", out, err)
	}
	for want, q := range map[string]*apiv1.GetSignalsRequest{
		"evidence/signals-whose": {Workspace: "dsm-b", Initiative: "csm", Participant: "nobody"},
		"initiative/unknown":     {Workspace: "dsm-b", Initiative: "nowhere", Participant: "u1"},
		"workspace/unknown":      {Workspace: "nowhere", Initiative: "csm", Participant: "u1"},
	} {
		if _, err := h.views.getSignals(ctx, q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := h.views.getSignals(ctx, &apiv1.GetSignalsRequest{Workspace: "dsm-b", Initiative: "csm"}); err == nil || !strings.Contains(err.Error(), "evidence/signals-whose") {
		t.Errorf("of nobody: %v", err)
	}
}

// Findings, figures, trends and roles keep to what a filter chooses, as the ledger does; filters that share nothing out add up to everything.
func TestFiltersChooseTheSameDecisionsEverywhere(t *testing.T) {
	h := departments(t)
	ctx := context.Background()
	if _, err := h.views.ready(ctx, "", 0, true); err != nil {
		t.Fatal(err)
	}
	type asked struct{ decisions, items, roles int }
	ask := func(q *apiv1.ListRoleLedgerRequest) (got asked) {
		t.Helper()
		for _, ws := range []string{"dsm-a", "dsm-b", "dsm-c"} {
			roles, err := h.views.listRoles(ctx, &apiv1.ListRolesRequest{Workspace: ws, Who: evidence.Strict, Scope: q.Scope, Area: q.Area, Stage: q.Stage, Kind: q.Kind})
			if err != nil {
				t.Fatal(err)
			}
			got.roles += len(roles.Decisions)
			f, err := h.views.getFigures(ctx, &apiv1.GetFiguresRequest{Workspace: ws, Initiative: q.Initiative, Scope: q.Scope, Area: q.Area, Stage: q.Stage, Kind: q.Kind})
			if err != nil {
				t.Fatal(err)
			}
			got.decisions += int(f.Success.Of)
			got.items += int(f.Turns.Of)
			found, err := h.views.listFindings(ctx, &apiv1.ListFindingsRequest{Workspace: ws, Initiative: "nowhere", Scope: q.Scope, Kind: q.Kind})
			if err != nil || len(found.Findings) != 0 {
				t.Errorf("findings of no initiative: %v %v", found, err)
			}
		}
		return got
	}
	all := ask(&apiv1.ListRoleLedgerRequest{})
	if all.roles == 0 || all.decisions == 0 {
		t.Fatalf("nothing to choose from: %v", all)
	}
	var kinds, scopes asked
	for kind := range eventv1.SessionKind_name {
		if kind != 0 {
			x := ask(&apiv1.ListRoleLedgerRequest{Kind: eventv1.SessionKind(kind)})
			kinds = asked{kinds.decisions + x.decisions, kinds.items + x.items, kinds.roles + x.roles}
		}
	}
	for scope := range eventv1.Scope_name {
		if scope != 0 {
			x := ask(&apiv1.ListRoleLedgerRequest{Scope: eventv1.Scope(scope)})
			scopes = asked{scopes.decisions + x.decisions, scopes.items + x.items, scopes.roles + x.roles}
		}
	}
	if kinds != all || scopes != all {
		t.Errorf("all %v, by kind %v, by scope %v", all, kinds, scopes)
	}
	if none := ask(&apiv1.ListRoleLedgerRequest{Area: eventv1.Area_AREA_STAFF_TRAINING, Stage: eventv1.Stage_STAGE_ASSESS}); none != (asked{}) {
		t.Errorf("of an area that nobody works in: %v", none)
	}
}
