package sample_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
	"tavolo/pkg/sample"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// sealed stands for the words that people has sealed on the way.
var sealed = &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{}}}

// department is what is recorded of one, and when.
type department struct {
	*evidence.Record
	timeline *evidence.Timeline
}

// record folds the minutes of a year, and what they do not tell, as they would be recorded, ids serving as pseudonyms.
func record(t interface{ Fatalf(string, ...any) }, year []sample.Initiative) []department {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var order []string
	folds, timelines := map[string]map[aggregate.Key]*aggregate.Aggregate{}, map[string]*evidence.Timeline{}
	seq := uint64(0)
	for _, i := range year {
		if folds[i.Workspace] == nil {
			order, folds[i.Workspace], timelines[i.Workspace] = append(order, i.Workspace), map[aggregate.Key]*aggregate.Aggregate{}, &evidence.Timeline{}
		}
		all := folds[i.Workspace]
		load := func(k aggregate.Key) (*aggregate.Aggregate, error) {
			if all[k] == nil {
				all[k] = aggregate.New(k)
			}
			return all[k], nil
		}
		for _, m := range i.Meetings {
			data, err := json.Marshal(m.File)
			if err != nil {
				t.Fatalf("%v", err)
			}
			f, err := minutes.Parse("made.json", data)
			if err != nil {
				t.Fatalf("%v", err)
			}
			ids, known := map[string]string{"": ""}, &minutes.Recorded{Members: map[string]minutes.Member{}, Items: map[string]minutes.Item{}}
			for _, p := range f.Participants {
				ids[p.ID] = p.ID
			}
			for key, a := range all { // what the views would say is recorded
				switch key.Kind {
				case aggregate.Workspace:
					known.Department = &f.Department
				case aggregate.Initiative:
					if key.ID == f.Initiative.ID {
						known.Initiative = &f.Initiative
						for _, p := range f.Participants {
							if _, enrolled := a.Initiative.Roll(p.ID); enrolled {
								known.Members[p.ID] = minutes.Member{Participant: p.ID, Name: p.Name, Constituency: p.Constituency, EmployedByDepartment: p.EmployedByDepartment}
							}
						}
					}
				case aggregate.Item:
					for _, x := range f.Items {
						if key.ID == f.Initiative.ID+":"+x.ID && a.Version > 0 {
							known.Items[x.ID] = minutes.Item{Title: x.Title, ProposedBy: x.ProposedBy}
						}
					}
				}
			}
			for _, s := range m.Weave(minutes.Steps(f, known, ids), ids) {
				if a := s.Command.GetAmendProposal(); a != nil {
					a.Text = sealed
				}
				if r := s.Command.GetReportUnloggedDecision(); r != nil {
					r.Text = sealed
				}
				_, key, err := aggregate.Of(s.Command)
				if err != nil {
					t.Fatalf("%v", err)
				}
				a, _ := load(key)
				events, err := aggregate.Decide(a, s.Command, load, now)
				if err != nil {
					t.Fatalf("%s of %s: %v", s.Path, f.Session.ID, err)
				}
				if len(events) == 0 {
					continue
				}
				c := &eventv1.Commit{Id: "c", Aggregate: string(key.Kind), AggregateId: key.ID, Version: a.Version + 1, RecordedAt: timestamppb.New(now), Schema: 1, Events: events}
				seq++
				if err := a.Apply(seq, c); err != nil {
					t.Fatalf("%v", err)
				}
				for _, e := range events {
					timelines[i.Workspace].Note(key, decider.Fact{Commit: c.Id, Event: e, Seq: seq})
				}
			}
		}
	}
	var records []department
	for _, ws := range order {
		var list []*aggregate.Aggregate
		for _, a := range folds[ws] {
			list = append(list, a)
		}
		records = append(records, department{evidence.NewRecord(ws, now, list), timelines[ws]})
	}
	return records
}

func TestTheRolesOfTheDepartmentsComeOutAsChosen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 2).Draw(t, "departments")
		roles := sample.Roles{None: rapid.IntRange(0, 2).Draw(t, "none"), Consultative: rapid.IntRange(0, 2).Draw(t, "consultative"), Decisive: rapid.IntRange(0, 2).Draw(t, "decisive"), Other: rapid.IntRange(0, 1).Draw(t, "other")}
		whole := roles.None + roles.Consultative + roles.Decisive + roles.Other
		if whole == 0 {
			t.Skip()
		}
		n *= whole // so that the proportion is exact
		year := sample.Year{Departments: n, Decisions: n * rapid.IntRange(sample.LeastPerDepartment, 24).Draw(t, "each"), Seed: rapid.Uint64().Draw(t, "seed"), Calendar: 2025, Roles: roles}
		decisions := 0
		var departments []evidence.Department
		for _, r := range record(t, year.Make()) {
			decisions += len(r.Decisions)
			departments = append(departments, r.Department(evidence.Strict, time.Time{}, time.Time{}))
		}
		table, err := evidence.Table3(departments, n, 0)
		if err != nil {
			t.Fatal(err)
		}
		for r, want := range map[role.Role]int{role.None: roles.None, role.Consultative: roles.Consultative, role.Decisive: roles.Decisive, role.Other: roles.Other} {
			if got := table.Role(r).Evidenced; got.Part*whole != want*n || got.Whole != n {
				t.Errorf("%s: %d of %d, want %d of %d", r, got.Part, got.Whole, want, whole)
			}
		}
		if decisions != year.Decisions {
			t.Errorf("%d decisions, want %d", decisions, year.Decisions)
		}
	})
}

func TestAnItemIsProposedOnce(t *testing.T) {
	ahead := 0
	for _, i := range (sample.Year{Departments: 61, Decisions: 20000, Seed: 1, Calendar: 2025, Roles: sample.Survey}).Make() {
		known, enrolled := map[string]bool{}, map[string]bool{}
		for _, m := range i.Meetings {
			for _, a := range m.Ahead {
				ahead++
				if known[a.Item] || a.Decided.Before(a.Proposed) || a.Decided.After(m.File.Session.OpenedAt) {
					t.Errorf("%s %s: %+v", i.Workspace, i.ID, a)
				}
				if !enrolled[a.By] {
					t.Errorf("%s %s: %s proposes before they belong to it", i.Workspace, i.ID, a.By)
				}
				known[a.Item] = true
			}
			for _, p := range m.File.Participants {
				enrolled[p.ID] = true
			}
			for _, x := range m.File.Items {
				known[x.ID] = true
			}
		}
	}
	if ahead == 0 {
		t.Error("nothing was proposed before a session")
	}
}

func TestTheSameSeedMakesTheSameYear(t *testing.T) {
	write := func(seed uint64) []byte {
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(sample.Year{Departments: 3, Decisions: 90, Seed: seed, Calendar: 2025, Roles: sample.Survey}.Make()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if !bytes.Equal(write(1), write(1)) {
		t.Error("the same seed made two years")
	}
	if reflect.DeepEqual(write(1), write(2)) {
		t.Error("another seed made the same year")
	}
}

// small is a year that has some of everything.
var small = sample.Year{Departments: 12, Decisions: 1200, Seed: 1, Calendar: 2025, Roles: sample.Survey}

// What a year is for is looking at: everything that an auditor would circle and every reason happens in it.
func TestAYearHasWhatAnAuditorWouldCircle(t *testing.T) {
	reasons, findings, amended, wider := map[role.Reason]int{}, map[evidence.Code]int{}, 0, 0
	for _, r := range record(t, small.Make()) {
		strict := map[string]role.Role{}
		for _, l := range r.Lines() {
			reasons[l.Reason]++
			switch l.Who {
			case "users:strict":
				strict[l.Workspace+l.Decision] = l.Role
			case "users:broad":
				if l.Role != strict[l.Workspace+l.Decision] {
					wider++
				}
			}
		}
		for _, d := range r.Decisions {
			if len(d.Decision.Amendments) == 1 && d.Decision.ConsentRound == 2 && d.Decision.Outcome == eventv1.Outcome_OUTCOME_ADOPTED {
				amended++
			}
		}
		for _, f := range r.Findings(r.timeline, time.Time{}, time.Time{}) {
			findings[f.Code]++
		}
	}
	if amended == 0 {
		t.Error("no decision by consent was amended and asked anew")
	}
	if wider == 0 {
		t.Error("relatives and peer workers never make a difference")
	}
	for _, want := range []role.Reason{role.BindingVote, role.ByConsent, role.DelegatedPower, role.ThroughDelegate, role.AdviceGiven, role.AdviceAdopted, role.NeedsRatification, role.TokenVote, role.UnverifiedConsensus, role.Overridden, role.ProxyOutOfConstituency,
		role.VoiceOnly, role.ObjectionDismissed, role.ImplementationRefused, role.InformedOnly, role.Silent, role.Absent, role.NotInvited, role.NoDecision, role.NoRule} {
		if reasons[want] == 0 {
			t.Errorf("no decision with reason %s: %v", want, reasons)
		}
	}
	for _, want := range evidence.Codes {
		if findings[want] == 0 {
			t.Errorf("no finding %s: %v", want, findings)
		}
	}
}
