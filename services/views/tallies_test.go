package views

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"tavolo/pkg/domain/evidence"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The counts and the lines are two ways to the same answer, whatever is asked of whichever part of the record.
func TestTheCountsSayWhatTheLinesSay(t *testing.T) {
	h := departments(t)
	ctx, round, answered := context.Background(), 0, 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		ws := rapid.SampledFrom([]string{"dsm-a", "dsm-b", "dsm-c", "dsm-d", "random"}).Draw(t, "workspace")
		if ws == "random" {
			ws = fmt.Sprintf("random-%d", round)
			record(t, h.log, ws)
		}
		moment := func(name string) *timestamppb.Timestamp {
			if day := rapid.IntRange(-1, 364).Draw(t, name); day >= 0 {
				return timestamppb.New(time.Date(2026, 1, 1, 16, 0, 0, 0, time.UTC).AddDate(0, 0, day))
			}
			return nil
		}
		q := &apiv1.ListRoleLedgerRequest{Workspace: ws, Initiative: rapid.SampledFrom([]string{"", "", "", "i", "csm", "nowhere"}).Draw(t, "initiative"),
			Scope: eventv1.Scope(rapid.SampledFrom([]int32{0, 0, 0, 1}).Draw(t, "scope")), Kind: eventv1.SessionKind(rapid.SampledFrom([]int32{0, 0, 0, 1, 4}).Draw(t, "kind")),
			Level: apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, Limit: rapid.Uint32Range(1, 4).Draw(t, "limit"), Skip: rapid.Uint32Range(0, 3).Draw(t, "skip"), Role: rapid.SampledFrom([]string{"", "", "decisive", "other", "counted", "left_out"}).Draw(t, "role"),
			Period: &apiv1.EvidencePeriod{CaughtUp: true, From: moment("from"), To: moment("to"), AsOf: moment("as of"), Who: rapid.SampledFrom([]string{evidence.Strict, evidence.Broad, "constituency:professional"}).Draw(t, "who")}}
		s, err := h.views.set(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		d := s.departments[0]
		lines, err := h.views.ledgerOf(ctx, s, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, level := range []evidence.Level{evidence.ByWorkspace, evidence.ByInitiative, evidence.ByQuarter} {
			got, ok, err := h.views.fromCounts(ctx, s, d, level, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !ok { // the record is read as it stood before something that is known by now
				return
			}
			want := evidence.By(level, lines, 0)
			for i := range want {
				want[i].Decisions = nil
			}
			if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); a != b {
				t.Fatalf("%v by %s\n got %s\nwant %s", q, level, a, b)
			}
		}
		answered += len(lines)
		tallies, err := h.views.talliesOf(ctx, s, d)
		if err != nil || fmt.Sprint(tallies) != fmt.Sprint(evidence.Tallies(lines)) {
			t.Fatalf("%v of %v, %v", tallies, lines, err)
		}
		rows, decisions, total, ok, err := h.views.pageOf(ctx, s)
		if err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		if decisions != len(lines) {
			t.Fatalf("%d decisions of %d", decisions, len(lines))
		}
		lines = slices.DeleteFunc(lines, func(l evidence.Line) bool {
			left := l.Reason.Excludes()
			return !map[string]bool{"": true, "counted": !left, "left_out": left, string(l.Role): !left}[q.Role]
		})
		if total != len(lines) {
			t.Fatalf("%d rows of %d", total, len(lines))
		}
		slices.SortStableFunc(lines, func(a, b evidence.Line) int { return b.ClosedAt.Compare(a.ClosedAt) })
		lines = lines[min(int(q.Skip), len(lines)):]
		var got, want []string
		for _, r := range rows {
			got = append(got, r.Key+" "+r.Role)
		}
		for _, l := range lines[:min(int(q.Limit), len(lines))] {
			want = append(want, l.Workspace+"/"+l.Decision+" "+string(l.Role))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v\n got %q\nwant %q", q, got, want)
		}
	})
	if answered == 0 {
		t.Error("no question was about any decision: the test proves nothing")
	}
}
