package views

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// hold records a session of a workspace from minutes, its ids serving as pseudonyms; the first of an initiative.
func (h *house) hold(ws, text string) {
	h.t.Helper()
	if err := h.log.Create(context.Background(), ws); err != nil {
		h.t.Fatal(err)
	}
	f, err := minutes.Parse("test.yaml", []byte(text))
	if err != nil {
		h.t.Fatalf("%s\n%v", text, err)
	}
	ids, all := map[string]string{"": ""}, map[aggregate.Key]*aggregate.Aggregate{}
	for _, p := range f.Participants {
		ids[p.ID] = p.ID
	}
	load := func(k aggregate.Key) (*aggregate.Aggregate, error) {
		if all[k] == nil {
			all[k] = aggregate.New(k)
		}
		return all[k], nil
	}
	now := timestamppb.New(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	for _, s := range minutes.Steps(f, &minutes.Recorded{}, ids) {
		_, key, err := aggregate.Of(s.Command)
		if err != nil {
			h.t.Fatal(err)
		}
		a, _ := load(key)
		events, err := aggregate.Decide(a, s.Command, load, now.AsTime())
		if err != nil {
			h.t.Fatalf("%s: %v", s.Path, err)
		}
		if len(events) == 0 {
			continue
		}
		c := &eventv1.Commit{Id: uuid.Must(uuid.NewV7()).String(), Aggregate: string(key.Kind), AggregateId: key.ID, Version: a.Version + 1, RecordedAt: now, Schema: 1, Events: events}
		seq, err := h.log.Append(context.Background(), ws, c, a.Seq)
		if err != nil {
			h.t.Fatal(err)
		}
		if err := a.Apply(seq, c); err != nil {
			h.t.Fatal(err)
		}
	}
}

// year writes the minutes of a department with one session. Each letter is a decision: D users and professionals decide together, C users are asked
// for advice, N they are told, X put off, R decided together and reversed on 20 March.
func year(ws, region, kind, decisions string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "format: tavolo-minutes/1\ndepartment: {id: %s, region: %s}\ninitiative: {id: csm, scope: strategic_planning, stage: design}\n", ws, region)
	fmt.Fprintf(&b, "session: {id: s1, kind: %s, opened_at: 2026-03-05T16:00:00Z, closed_at: 2026-03-05T18:00:00Z}\n", kind)
	b.WriteString("participants:\n  - {id: u1, constituency: user}\n  - {id: u2, constituency: user}\n  - {id: p1, constituency: professional}\n  - {id: p2, constituency: professional}\n  - {id: dir, constituency: director}\nitems:\n")
	for n, letter := range decisions {
		rule, users, said, acts := "{method: majority}", "standing: informed", "", ""
		switch letter {
		case 'D', 'R':
			rule, users = "{method: constituencies, constituencies: [{of: [user]}, {of: [professional]}]}", "standing: binding_vote, ballot: for"
		case 'C':
			users, said = "standing: consulted, advice: against", ""
		case 'X':
			users, acts = "standing: binding_vote, ballot: for", "      acts: [{kind: deferred}]\n"
		}
		if letter == 'R' {
			acts = "      acts: [{kind: reversed, by: dir, at: 2026-03-20T10:00:00Z}]\n"
		}
		fmt.Fprintf(&b, "  - id: i%d\n%s    decision:\n      id: d%d\n      charter: {rule: %s}\n      electorate:\n", n, said, n, rule)
		for _, u := range []string{"u1", "u2"} {
			fmt.Fprintf(&b, "        - {participant: %s, %s}\n", u, users)
		}
		b.WriteString("        - {participant: p1, standing: binding_vote, ballot: for}\n        - {participant: p2, standing: binding_vote, ballot: for}\n" + acts)
	}
	return b.String()
}

// told writes rows as lines: key, role, included, distribution in the order of the roles.
func told(rows []*apiv1.LedgerRow) []string {
	var lines []string
	for _, r := range rows {
		line := fmt.Sprintf("%s %s %d:", r.Key, r.Role, r.Included)
		for _, word := range []role.Role{role.None, role.Consultative, role.Decisive, role.Other} {
			line += fmt.Sprint(" ", r.Distribution[string(word)])
		}
		for _, reason := range []string{"no_decision", "too_few"} {
			if n := r.Excluded[reason]; n > 0 {
				line += fmt.Sprintf(" %s %d", reason, n)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func departments(t *testing.T) *house {
	h := newHouse(t)
	h.hold("dsm-a", year("dsm-a", "Emilia-Romagna", "meeting", "DDC"))
	h.hold("dsm-b", year("dsm-b", "Toscana", "focus_group", "CCNX"))
	h.hold("dsm-c", year("dsm-c", "Emilia Romagna", "meeting", "RRRN"))
	h.hold("dsm-d", year("dsm-d", "Altrove", "meeting", "XD"))
	return h
}

func TestTheRoleLedgerIsReadAtEveryLevel(t *testing.T) {
	h := departments(t)
	ask := func(level apiv1.LedgerLevel, q *apiv1.ListRoleLedgerRequest) []string {
		t.Helper()
		if q.Level = level; q.Period == nil {
			q.Period = &apiv1.EvidencePeriod{}
		}
		q.Period.CaughtUp = true
		out, err := h.views.listRoleLedger(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		return told(out.Rows)
	}
	march := func(day int) *timestamppb.Timestamp {
		return timestamppb.New(time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC))
	}
	for _, c := range []struct {
		name   string
		level  apiv1.LedgerLevel
		filter *apiv1.ListRoleLedgerRequest
		want   []string
	}{
		{"departments", 0, &apiv1.ListRoleLedgerRequest{}, []string{"dsm-a decisive 3: 0 1 2 0", "dsm-b consultative 3: 1 2 0 0 no_decision 1", "dsm-c consultative 4: 1 3 0 0", "dsm-d other 1: 0 0 1 0 no_decision 1"}},
		{"before the reversals", 0, &apiv1.ListRoleLedgerRequest{Period: &apiv1.EvidencePeriod{AsOf: march(19), Regions: []string{"08"}}}, []string{"dsm-a decisive 3: 0 1 2 0", "dsm-c decisive 4: 1 0 3 0"}},
		{"before everything", 0, &apiv1.ListRoleLedgerRequest{Workspace: "dsm-a", Period: &apiv1.EvidencePeriod{AsOf: march(1)}}, []string{"dsm-a other 0: 0 0 0 0"}},
		{"initiatives", apiv1.LedgerLevel_LEDGER_LEVEL_INITIATIVE, &apiv1.ListRoleLedgerRequest{Workspace: "dsm-b"}, []string{"dsm-b/csm consultative 3: 1 2 0 0 no_decision 1"}},
		{"decisions", apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, &apiv1.ListRoleLedgerRequest{Workspace: "dsm-d"}, []string{"dsm-d/csm:s1:d0 other 0: 0 0 0 0 no_decision 1", "dsm-d/csm:s1:d1 decisive 1: 0 0 1 0"}},
		{"focus groups", apiv1.LedgerLevel_LEDGER_LEVEL_SESSION, &apiv1.ListRoleLedgerRequest{Kind: eventv1.SessionKind_SESSION_KIND_FOCUS_GROUP}, []string{"dsm-b/csm:s1 consultative 3: 1 2 0 0 no_decision 1"}},
		{"another area", apiv1.LedgerLevel_LEDGER_LEVEL_SESSION, &apiv1.ListRoleLedgerRequest{Area: eventv1.Area_AREA_NEW_SERVICES}, nil},
		{"the scope and the stage", apiv1.LedgerLevel_LEDGER_LEVEL_SESSION, &apiv1.ListRoleLedgerRequest{Scope: eventv1.Scope_SCOPE_STRATEGIC_PLANNING, Stage: eventv1.Stage_STAGE_DESIGN, Workspace: "dsm-a"}, []string{"dsm-a/csm:s1 decisive 3: 0 1 2 0"}},
		{"another period", apiv1.LedgerLevel_LEDGER_LEVEL_SESSION, &apiv1.ListRoleLedgerRequest{Period: &apiv1.EvidencePeriod{From: march(6)}}, nil},
		{"the professionals", 0, &apiv1.ListRoleLedgerRequest{Workspace: "dsm-b", Period: &apiv1.EvidencePeriod{Who: "constituency:professional"}}, []string{"dsm-b decisive 3: 0 0 3 0 no_decision 1"}},
		{"regions count departments", apiv1.LedgerLevel_LEDGER_LEVEL_REGION, &apiv1.ListRoleLedgerRequest{}, []string{"08 decisive 2: 0 1 1 0", "09 consultative 1: 0 1 0 0", "unknown other 0: 0 0 0 0 too_few 1"}},
		{"macro areas", apiv1.LedgerLevel_LEDGER_LEVEL_MACRO_AREA, &apiv1.ListRoleLedgerRequest{}, []string{"centre consultative 1: 0 1 0 0", "north_east decisive 2: 0 1 1 0", "unknown other 0: 0 0 0 0 too_few 1"}},
		{"decisions of one role", apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, &apiv1.ListRoleLedgerRequest{Workspace: "dsm-b", Role: "none"}, []string{"dsm-b/csm:s1:d2 none 1: 1 0 0 0"}},
		{"a decision that is left out is not among those that count as other", apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, &apiv1.ListRoleLedgerRequest{Workspace: "dsm-d", Role: "other"}, nil},
		{"decisions that are left out", apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, &apiv1.ListRoleLedgerRequest{Workspace: "dsm-d", Role: "left_out"}, []string{"dsm-d/csm:s1:d0 other 0: 0 0 0 0 no_decision 1"}},
		{"the same, as a page", apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, &apiv1.ListRoleLedgerRequest{Role: "left_out", Limit: 9}, []string{"dsm-b/csm:s1:d3 other 0: 0 0 0 0 no_decision 1", "dsm-d/csm:s1:d0 other 0: 0 0 0 0 no_decision 1"}},
		{"departments of one role", 0, &apiv1.ListRoleLedgerRequest{Role: "consultative"}, []string{"dsm-b consultative 3: 1 2 0 0 no_decision 1", "dsm-c consultative 4: 1 3 0 0"}},
		{"departments with too few decisions", 0, &apiv1.ListRoleLedgerRequest{Role: "left_out"}, []string{"dsm-d other 1: 0 0 1 0 no_decision 1"}},
		{"quarters", apiv1.LedgerLevel_LEDGER_LEVEL_QUARTER, &apiv1.ListRoleLedgerRequest{Workspace: "dsm-b"}, []string{"dsm-b/2026-Q1 consultative 3: 1 2 0 0 no_decision 1"}},
		{"the nation", apiv1.LedgerLevel_LEDGER_LEVEL_NATION, &apiv1.ListRoleLedgerRequest{}, []string{" consultative 3: 0 2 1 0 too_few 1"}},
	} {
		if got := ask(c.level, c.filter); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
	for code, q := range map[string]*apiv1.ListRoleLedgerRequest{
		"evidence/groups-only":       {Period: &apiv1.EvidencePeriod{Who: "u1"}},
		"evidence/no-such-partition": {Partition: "macro4"},
		"workspace/unknown":          {Workspace: "nowhere"},
		"evidence/roles-by-page":     {WithRoles: true, Limit: 10},
		"territory/unknown-region":   {Period: &apiv1.EvidencePeriod{Regions: []string{"Atlantide"}}},
	} {
		if _, err := h.views.listRoleLedger(context.Background(), q); err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%v, want %s", err, code)
		}
	}
}

func TestTheLedgerIsReadPageByPageWithEverybodysRole(t *testing.T) {
	h := departments(t)
	var keys []string
	for skip := uint32(0); ; skip += 2 {
		out, err := h.views.listRoleLedger(context.Background(), &apiv1.ListRoleLedgerRequest{Workspace: "dsm-b", Level: apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, Limit: 2, Skip: skip, WithRoles: true, Period: &apiv1.EvidencePeriod{CaughtUp: true}})
		if err != nil {
			t.Fatal(err)
		}
		if out.Total != 4 || out.Decisions != 4 {
			t.Errorf("%d rows of %d decisions", out.Total, out.Decisions)
		}
		for _, r := range out.Rows {
			keys = append(keys, r.Key)
			if r.Roles.GetClosedAt() == nil || len(r.Roles.Roles) < 6 || !slices.ContainsFunc(r.Roles.Roles, func(j *apiv1.Judgement) bool { return j.Who == evidence.Strict && j.Role == r.Role }) {
				t.Errorf("%s: %v", r.Key, r.Roles)
			}
		}
		if len(out.Rows) == 0 {
			break
		}
	}
	if want := []string{"dsm-b/csm:s1:d0", "dsm-b/csm:s1:d1", "dsm-b/csm:s1:d2", "dsm-b/csm:s1:d3"}; !slices.Equal(keys, want) {
		t.Errorf("%v", keys)
	}
}

// A page is a part of the whole answer, at every level and of every role, now and as it stood.
func TestAPageOfTheLedgerIsAPartOfTheWhole(t *testing.T) {
	h := departments(t)
	ctx, pages := context.Background(), 0
	for _, level := range []apiv1.LedgerLevel{apiv1.LedgerLevel_LEDGER_LEVEL_SESSION, apiv1.LedgerLevel_LEDGER_LEVEL_INITIATIVE, apiv1.LedgerLevel_LEDGER_LEVEL_QUARTER, apiv1.LedgerLevel_LEDGER_LEVEL_REGION} {
		for _, asOf := range []time.Time{time.Date(2026, 3, 19, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)} {
			for _, asked := range []string{"", "decisive", "consultative"} {
				ask := func(skip, limit uint32) *apiv1.ListRoleLedgerResponse {
					out, err := h.views.listRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Level: level, Role: asked, Skip: skip, Limit: limit, Least: 1, Period: &apiv1.EvidencePeriod{CaughtUp: true, AsOf: timestamppb.New(asOf)}})
					if err != nil {
						t.Fatal(err)
					}
					return out
				}
				whole := ask(0, 0)
				for skip := range whole.Total + 1 {
					for limit := uint32(1); limit <= 3; limit++ {
						got, want := ask(skip, limit), whole.Rows[skip:min(skip+limit, whole.Total)]
						if got.Total != whole.Total || got.Decisions != whole.Decisions || !slices.EqualFunc(got.Rows, want, func(a, b *apiv1.LedgerRow) bool { return proto.Equal(a, b) }) {
							t.Errorf("%s %q %s from %d: %v, want %v", level, asked, asOf, skip, told(got.Rows), told(want))
						}
						pages += len(want)
					}
				}
			}
		}
	}
	if pages < 50 {
		t.Errorf("%d rows: the test proves little", pages)
	}
}

func TestAnAggregateNamesItsBestAndWorstDecisionAndSaysHowSureItIs(t *testing.T) {
	h := departments(t)
	out, err := h.views.listRoleLedger(context.Background(), &apiv1.ListRoleLedgerRequest{Workspace: "dsm-a", Period: &apiv1.EvidencePeriod{CaughtUp: true}})
	if err != nil {
		t.Fatal(err)
	}
	r := out.Rows[0]
	if r.BestDecision != "dsm-a/csm:s1:d0" || r.WorstDecision != "dsm-a/csm:s1:d2" {
		t.Errorf("best %s, worst %s", r.BestDecision, r.WorstDecision)
	}
	if s := r.Shares[0]; s.Role != "decisive" || s.Share.N != 2 || s.Share.Of != 3 || s.Share.Percent != "66.7" || s.Interval.Low != "20.8" || s.Interval.High != "93.9" {
		t.Errorf("%v", s)
	}
}

// The tables and the folds are two ways to the same answer: lines, Table 3 and filters agree, at any instant.
func TestTheTablesSayWhatTheRecordSays(t *testing.T) {
	h := departments(t)
	ctx := context.Background()
	for _, asOf := range []time.Time{time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)} {
		for _, who := range []string{evidence.Strict, evidence.Broad} {
			s, err := h.views.set(ctx, &apiv1.ListRoleLedgerRequest{Scope: eventv1.Scope_SCOPE_STRATEGIC_PLANNING, Period: &apiv1.EvidencePeriod{Who: who, AsOf: timestamppb.New(asOf), CaughtUp: true}})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range s.departments {
				record, _, _, err := h.views.recordOf(ctx, d.workspace, "csm", asOf)
				if err != nil {
					t.Fatal(err)
				}
				want := record.Department(who, time.Time{}, time.Time{})
				got, err := h.views.surveyed(ctx, s, d)
				if err != nil {
					t.Fatal(err)
				}
				if asOf.Month() == time.December && len(got.Planning) < 1 || asOf.Day() == 4 && len(got.Planning) != 0 {
					t.Errorf("%s %s: %d lines", d.workspace, asOf, len(got.Planning))
				}
				if got.Region == "" { // before its foundation the record of a workspace says nothing of it
					t.Errorf("%s has no region", d.workspace)
				}
				want.Region = got.Region
				if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); len(got.Planning) == len(want.Planning) && a != b || len(got.Planning) != len(want.Planning) {
					t.Errorf("%s at %s\n got %s\nwant %s", d.workspace, asOf, a, b)
				}
			}
		}
	}
}

func TestEvaluatorsGetTable3FindingsAndFigures(t *testing.T) {
	h := departments(t)
	ctx, ever := context.Background(), &apiv1.EvidencePeriod{CaughtUp: true}
	table, err := h.views.getTable3(ctx, &apiv1.GetTable3Request{Period: ever})
	if err != nil {
		t.Fatal(err)
	}
	if table.Departments != 4 || table.TooFew != 1 || table.Population != 135 || len(table.Rows) != 19 {
		t.Errorf("%d departments, %d too few, of %d, %d rows", table.Departments, table.TooFew, table.Population, len(table.Rows))
	}
	var lines []string
	for _, r := range table.Rows {
		if r.Evidenced != nil && r.Evidenced.N > 0 {
			lines = append(lines, fmt.Sprintf("%s %s %d of %d %s, published %d", r.Item, r.Option, r.Evidenced.N, r.Evidenced.Of, r.Evidenced.Percent, r.Published.N))
		}
	}
	if want := []string{"role consultative 2 of 4 50.0, published 35", "role decisive 1 of 4 25.0, published 4", "role other 1 of 4 25.0, published 1", "tools no 3 of 4 75.0, published 42", "tools yes 1 of 4 25.0, published 17",
		"engages yes 4 of 4 100.0, published 35"}; !slices.Equal(lines, want) {
		t.Errorf("got %q\nwant %q", lines, want)
	}
	if _, err := h.views.getTable3(ctx, &apiv1.GetTable3Request{Period: &apiv1.EvidencePeriod{Who: "constituency:user"}}); err == nil || !strings.Contains(err.Error(), "evidence/users-only") {
		t.Errorf("a constituency: %v", err)
	}
	found, err := h.views.listFindings(ctx, &apiv1.ListFindingsRequest{Period: ever})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Findings) != 3 || found.Findings[0].Workspace != "dsm-c" || found.Findings[0].Code != "overridden" || len(found.Findings[0].Evidence) == 0 || found.Findings[0].People != 2 {
		t.Errorf("%v", found.Findings)
	}
	if _, err := h.views.getFigures(ctx, &apiv1.GetFiguresRequest{}); err == nil || !strings.Contains(err.Error(), "evidence/workspace-missing") {
		t.Errorf("figures of no workspace: %v", err)
	}
	few, err := h.views.getTable3(ctx, &apiv1.GetTable3Request{Period: &apiv1.EvidencePeriod{Departments: []string{"dsm-a", "dsm-b"}}})
	if err != nil || few.Departments != 2 {
		t.Errorf("two departments: %v, %v", few, err)
	}
	figures, err := h.views.getFigures(ctx, &apiv1.GetFiguresRequest{Workspace: "dsm-a"})
	if err != nil {
		t.Fatal(err)
	}
	var success, decided uint32
	for _, ws := range []string{"dsm-a", "dsm-c"} {
		one, err := h.views.getFigures(ctx, &apiv1.GetFiguresRequest{Workspace: ws})
		if err != nil {
			t.Fatal(err)
		}
		success, decided = success+one.Success.Of, decided+one.Agenda.Of
	}
	both, err := h.views.getFigures(ctx, &apiv1.GetFiguresRequest{Period: &apiv1.EvidencePeriod{Departments: []string{"dsm-a", "dsm-c"}}})
	if err != nil || both.Success.Of != success || both.Agenda.Of != decided || len(both.Divergent)+len(both.Overdue)+len(both.ImplementationRefused) != 0 {
		t.Errorf("two departments together: %v, %v; apart %d and %d", both, err, success, decided)
	}
	if figures.Success.N != 2 || figures.Success.Of != 2 || figures.ConditionalSuccess.Of != 0 || figures.Enough || figures.Voice != nil {
		t.Errorf("%v", figures)
	}
}

func TestFacetsAreTheSameAfterARebuild(t *testing.T) {
	h := departments(t)
	if _, err := h.views.ready(context.Background(), "", 0, true); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := Rebuild(context.Background(), h.views.reader, dir, "dsm-b"); err != nil {
		t.Fatal(err)
	}
	db, err := openDB(dir, "dsm-b")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var live, fresh bytes.Buffer
	if err := h.views.shelves["dsm-b"].db.Dump(&live); err != nil {
		t.Fatal(err)
	}
	if err := db.Dump(&fresh); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(live.String(), "facet") || live.String() != fresh.String() {
		t.Errorf("they differ: %s", firstDifference(live.Bytes(), fresh.Bytes()))
	}
}
