package evidence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/minutes"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// world is a workspace in memory: minutes go in as commands through the deciders, records come out.
type world struct {
	t   *testing.T
	all map[aggregate.Key]*aggregate.Aggregate
	log []logged
}

type logged struct {
	key    aggregate.Key
	commit *eventv1.Commit
}

func newWorld(t *testing.T) *world {
	return &world{t: t, all: map[aggregate.Key]*aggregate.Aggregate{}}
}

func (w *world) load(k aggregate.Key) (*aggregate.Aggregate, error) {
	if w.all[k] == nil {
		w.all[k] = aggregate.New(k)
	}
	return w.all[k], nil
}

// do decides a command and keeps its events. It must be accepted.
func (w *world) do(cmd *commandv1.Command) {
	w.t.Helper()
	_, key, err := aggregate.Of(cmd)
	if err != nil {
		w.t.Fatal(err)
	}
	a, _ := w.load(key)
	events, err := aggregate.Decide(a, cmd, w.load, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	if err != nil {
		w.t.Fatalf("%T: %v", cmd.Of, err)
	}
	if len(events) == 0 {
		return
	}
	c := &eventv1.Commit{Id: fmt.Sprint("c", len(w.log)+1), Version: a.Version + 1, Events: events}
	w.log = append(w.log, logged{key, c})
	if err := a.Apply(uint64(len(w.log)), c); err != nil {
		w.t.Fatal(err)
	}
}

// hold records a session from minutes, its ids serving as pseudonyms. Sessions of one initiative come one after the other.
func (w *world) hold(text string) {
	w.t.Helper()
	f, err := minutes.Parse("test.yaml", []byte(text))
	if err != nil {
		w.t.Fatalf("%s\n%v", text, err)
	}
	ids := map[string]string{"": ""}
	for _, p := range f.Participants {
		ids[p.ID] = p.ID
	}
	before := &minutes.Record{WorkspaceID: f.Department.ID, InitiativeID: f.Initiative.ID, SessionID: f.Session.ID}
	for k, a := range w.all {
		switch {
		case k.Kind == aggregate.Workspace:
			before.Workspace = a.Workspace
		case k.Kind == aggregate.Initiative && k.ID == f.Initiative.ID:
			before.Initiative = a.Initiative
		case k.Kind == aggregate.Item && a.Version > 0:
			before.Items = append(before.Items, minutes.ItemRecord{ID: k.ID, State: a.Item})
		}
	}
	for _, s := range minutes.Steps(f, before.Recorded(func(decider.Words) string { return "" }), ids) {
		w.do(s.Command)
	}
}

// asOf folds what had happened by an instant.
func (w *world) asOf(instant time.Time) (*evidence.Record, *evidence.Timeline) {
	folds, timeline := map[aggregate.Key]*aggregate.Aggregate{}, &evidence.Timeline{}
	for n, l := range w.log {
		if folds[l.key] == nil {
			folds[l.key] = aggregate.New(l.key)
		}
		for _, e := range l.commit.Events {
			if !e.OccurredAt.AsTime().After(instant) {
				fact := decider.Fact{Seq: uint64(n + 1), Commit: l.commit.Id, Event: proto.CloneOf(e)}
				folds[l.key].Evolve(fact)
				timeline.Note(l.key, fact)
			}
		}
	}
	var list []*aggregate.Aggregate
	for _, a := range folds {
		list = append(list, a)
	}
	return evidence.NewRecord("dsm", instant, list), timeline
}

var late = time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)

// day is a moment of the year of the tests.
func day(text string) time.Time {
	t, err := time.Parse(time.DateTime, text+" 16:00:00")
	if err != nil {
		panic(err)
	}
	return t
}

// meeting writes the minutes of one session of an initiative on strategic planning: who was there, by id (u1 a user, f1 family, s1 a PSW, p1 a
// professional, dir the director; a star marks who is employed by the department), and the items in the form of a minutes file.
func meeting(on, kind, people string, items ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "format: tavolo-minutes/1\ndepartment: {id: dsm, region: Umbria}\ninitiative: {id: csm, scope: strategic_planning, stage: design}\n")
	fmt.Fprintf(&b, "session: {id: s%s, kind: %s, opened_at: %sT16:00:00Z, closed_at: %sT18:00:00Z}\nparticipants:\n", on, kind, on, on)
	for _, id := range strings.Fields(people) {
		plain := strings.TrimSuffix(id, "*")
		fmt.Fprintf(&b, "  - {id: %s, constituency: %s, employed_by_department: %v}\n", plain, constituency(plain), plain != id)
	}
	b.WriteString("items:\n")
	for _, i := range items {
		b.WriteString("  - " + strings.ReplaceAll(strings.TrimSpace(i), "\n", "\n    ") + "\n")
	}
	return b.String()
}

func constituency(id string) string {
	if id == "dir" {
		return "director"
	}
	return map[byte]string{'u': "user", 'f': "family", 's': "psw", 'p': "professional"}[id[0]]
}

// vote writes an item with a decision, the ballots given as "u1:for p1:against"; a bare id has a vote and cast none.
func vote(item, decision, charter, ballots, rest string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\n", item)
	if !strings.HasPrefix(rest, "acts") && rest != "" {
		b.WriteString(rest + "\n")
	}
	fmt.Fprintf(&b, "decision:\n  id: %s\n  charter: {%s}\n  electorate:\n", decision, charter)
	for _, x := range strings.Fields(ballots) {
		id, ballot, voted := strings.Cut(x, ":")
		switch {
		case !voted:
			fmt.Fprintf(&b, "    - {participant: %s, standing: binding_vote, present: false}\n", id)
		case ballot == "informed", ballot == "consulted":
			fmt.Fprintf(&b, "    - {participant: %s, standing: %s}\n", id, ballot)
		default:
			fmt.Fprintf(&b, "    - {participant: %s, standing: binding_vote, ballot: %s}\n", id, ballot)
		}
	}
	if strings.HasPrefix(rest, "acts") {
		b.WriteString("  " + strings.ReplaceAll(rest, "\n", "\n  ") + "\n")
	}
	return b.String()
}

const majority = "rule: {method: majority}"

func full(session, own string) string { return "csm:s" + session + ":" + own }
