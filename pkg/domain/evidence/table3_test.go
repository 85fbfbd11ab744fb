package evidence_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/role"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// year gives the minutes of one department whose median role comes out as wanted (roles.md, "Reproducing Table 3").
func year(want role.Role) []string {
	informed := func(i string) string { return vote(i, "d"+i, majority, "p1:for p2:for u1:informed", "") }
	advised := func(i string) string {
		return vote(i, "d"+i, majority, "p1:for p2:for u1:consulted", "contributions:\n  - {by: u1, kind: advice}")
	}
	double := func(i string) string {
		return vote(i, "d"+i, "rule: {method: constituencies, constituencies: [{of: [user]}, {of: [professional]}]}", "u1:for u2:for p1:for p2:for", "")
	}
	deferred := func(i string) string {
		return vote(i, "d"+i, majority, "u1:for p1:for", "acts:\n  - {kind: deferred}")
	}
	people := "u1 u2 p1 p2"
	switch want {
	case role.None:
		return []string{meeting("2026-03-05", "meeting", people, informed("i1"), informed("i2"), informed("i3"))}
	case role.Consultative:
		return []string{meeting("2026-03-05", "focus_group", people, advised("i1"), advised("i2"), advised("i3"))}
	case role.Decisive:
		return []string{meeting("2026-03-05", "meeting", people, double("i1"), double("i2"), advised("i3"))}
	default:
		return []string{meeting("2026-03-05", "meeting", people, deferred("i1"), deferred("i2"), deferred("i3"))}
	}
}

func department(t *testing.T, name string, want role.Role) evidence.Department {
	t.Helper()
	w := newWorld(t)
	for _, text := range year(want) {
		w.hold(text)
	}
	record, _ := w.asOf(late)
	record.Workspace = name
	return record.Department(evidence.Strict, day("2026-01-01"), day("2026-12-31"))
}

func TestTable3ComesOutOfTheRecordAsPublished(t *testing.T) {
	var departments []evidence.Department
	for _, want := range []struct {
		role role.Role
		n    int
	}{{role.None, 21}, {role.Consultative, 35}, {role.Decisive, 4}, {role.Other, 1}} {
		one := department(t, "", want.role)
		for range want.n { // the same year, held by as many departments
			one.Workspace = fmt.Sprintf("dsm-%02d", len(departments))
			departments = append(departments, one)
		}
	}
	table, err := evidence.Table3(departments, evidence.Departments, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range oracle(t, "table3_intervals.csv") {
		row := table.Role(role.Role(strings.ToLower(r["role"])))
		low, high := row.Sampled.Percent()
		lowOf, highOf := row.Finite.Percent()
		got := []string{fmt.Sprint(row.Evidenced.Part), row.Evidenced.Percent(), low, high, lowOf, highOf, row.Worst.Low.Percent(), row.Worst.High.Percent()}
		want := []string{r["n"], r["pct"], r["wilson_lo"], r["wilson_hi"], r["wilson_fpc135_lo"], r["wilson_fpc135_hi"], r["bounds_all135_lo"], r["bounds_all135_hi"]}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", r["role"], got, want)
		}
		if *row.Evidenced != row.Published.Share || row.Declared != nil {
			t.Errorf("%s: evidenced %v, published %v, declared %v", r["role"], row.Evidenced, row.Published, row.Declared)
		}
	}
	if table.TooFew != 1 || len(table.Roles) != 61 || len(table.Roles[60].Decisions) != 3 || table.Roles[60].Excluded[role.NoDecision] != 3 {
		t.Errorf("%d too few, %d departments, the last %+v", table.TooFew, len(table.Roles), table.Roles[60])
	}
	for _, row := range table.Rows {
		if row.Published == nil {
			t.Errorf("%s %s has no published row", row.Item, row.Option)
		}
		if (row.Evidenced == nil) != (row.Item == "extent") {
			t.Errorf("%s %s: evidenced %v", row.Item, row.Option, row.Evidenced)
		}
		if row.Item == "tools" && row.Option == "yes" && row.Evidenced.Part != 35 { // those that held focus groups
			t.Errorf("tools: %v", row.Evidenced)
		}
	}
}

func TestADepartmentIsReadInItsPeriodAndView(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "focus_group", "s1 u1* p1 p2", vote("i1", "d1", majority, "s1:for u1:for p1:for p2:for", "")))
	record, _ := w.asOf(late)
	strict, broad := record.Department(evidence.Strict, time.Time{}, time.Time{}), record.Department(evidence.Broad, time.Time{}, time.Time{})
	if strict.Engages || !broad.Engages || !strict.Tools {
		t.Errorf("strict %+v, broad %+v", strict, broad)
	}
	if strict.Planning[0].Role != role.None || broad.Planning[0].Role != role.Decisive || strict.Planning[0].Kind != eventv1.SessionKind_SESSION_KIND_FOCUS_GROUP || strict.Region != "Umbria" {
		t.Errorf("strict %+v, broad %+v", strict.Planning, broad.Planning)
	}
	if later := record.Department(evidence.Broad, day("2026-03-06"), time.Time{}); later.Engages || later.Tools || len(later.Planning) != 0 {
		t.Errorf("outside the period: %+v", later)
	}
}

func TestTheAreasHaveTheBaseOfThoseThatEngage(t *testing.T) {
	areas := []eventv1.Area{eventv1.Area_AREA_REHABILITATION, eventv1.Area_AREA_STAFF_TRAINING}
	table, err := evidence.Table3([]evidence.Department{{Workspace: "a", Engages: true, Areas: areas}, {Workspace: "b", Engages: true, Areas: areas[:1]}, {Workspace: "c", Areas: areas}}, 135, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]evidence.Share{}
	for _, r := range table.Rows {
		if r.Item == "areas" {
			got[r.Option] = *r.Evidenced
			if r.Finite != nil || r.Worst != nil {
				t.Errorf("%s: nobody knows how many of the others engage", r.Option)
			}
		}
	}
	if got["rehabilitation"] != (evidence.Share{Part: 2, Whole: 2}) || got["staff_training"] != (evidence.Share{Part: 1, Whole: 2}) || got["care_pathways"] != (evidence.Share{Part: 0, Whole: 2}) {
		t.Errorf("%v", got)
	}
}

func TestAnAggregateSaysWhatItStandsOn(t *testing.T) {
	lines := []evidence.Line{
		{Workspace: "b", Session: "i:s", Initiative: "i", Decision: "i:s:1", Who: evidence.Strict, Role: role.Decisive, Reason: role.BindingVote},
		{Workspace: "a", Session: "i:s", Initiative: "i", Decision: "i:s:1", Who: evidence.Strict, Role: role.None, Reason: role.Absent},
		{Workspace: "a", Session: "i:s", Initiative: "i", Decision: "i:s:2", Who: evidence.Strict, Role: role.Other, Reason: role.NoRule},
		{Workspace: "a", Session: "i:t", Initiative: "i", Decision: "i:t:1", Who: evidence.Strict, Role: role.Decisive, Reason: role.ByVeto},
	}
	all := evidence.Over("all", lines, 0)
	if all.Total() != 4 || all.Included != 3 || all.Role != role.Decisive || all.Excluded[role.NoRule] != 1 || all.Share(role.Decisive).Percent() != "66.7" || all.TooFew {
		t.Errorf("%+v", all)
	}
	if want := []string{"a/i:s:1", "a/i:s:2", "a/i:t:1", "b/i:s:1"}; !slices.Equal(all.Decisions, want) {
		t.Errorf("%v", all.Decisions)
	}
	var keys []string
	for _, a := range evidence.By(evidence.BySession, lines, 1) {
		keys = append(keys, fmt.Sprint(a.Key, " ", a.Role, " ", a.Included))
	}
	if want := []string{"a/i:s none 1", "a/i:t decisive 1", "b/i:s decisive 1"}; !slices.Equal(keys, want) {
		t.Errorf("%v", keys)
	}
	if n := len(evidence.By(evidence.ByInitiative, lines, 1)); n != 2 {
		t.Errorf("%d initiatives: an id is one of its workspace", n)
	}
}

// However lines are grouped, nothing is lost and nothing counts twice.
func TestGroupsAddUpToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) evidence.Line {
			letter := func(of string) string { return string(rapid.SampledFrom([]rune(of)).Draw(t, "id")) }
			l := evidence.Line{Workspace: letter("ab"), Initiative: letter("ij"), Who: evidence.Strict, Scope: eventv1.Scope(rapid.IntRange(1, 2).Draw(t, "scope")), ClosedAt: time.Unix(rapid.Int64Range(0, 9).Draw(t, "at"), 0)}
			l.Session, l.Decision = l.Initiative+":"+letter("st"), letter("12345")
			l.Role = rapid.SampledFrom([]role.Role{role.None, role.Consultative, role.Decisive, role.Other}).Draw(t, "role")
			if l.Role == role.Other {
				l.Reason = rapid.SampledFrom([]role.Reason{role.NoRule, role.DrawnByLot}).Draw(t, "reason")
			}
			return l
		}), 0, 12).Draw(t, "lines")
		whole := evidence.Over("", lines, 1)
		for _, level := range []evidence.Level{evidence.ByWorkspace, evidence.ByInitiative, evidence.BySession, evidence.ByPerson} {
			total, decisive := 0, 0
			for _, a := range evidence.By(level, lines, 1) {
				total, decisive = total+a.Total(), decisive+a.Distribution[role.Decisive]
			}
			if total != len(lines) || decisive != whole.Distribution[role.Decisive] {
				t.Fatalf("by %s: %d lines, %d decisive", level, total, decisive)
			}
		}
		cut := time.Unix(rapid.Int64Range(0, 9).Draw(t, "cut"), 0)
		before, after := evidence.Filter{To: cut}, evidence.Filter{From: cut}
		if n := len(before.Choose(lines)) + len(after.Choose(lines)); n != len(lines) {
			t.Fatalf("two halves of a period hold %d of %d lines", n, len(lines))
		}
	})
}
