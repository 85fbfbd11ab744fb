package role_test

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/domain/session"
	"tavolo/pkg/minutes"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// recordedAt is when everything is recorded and, where nothing else is said, read.
var recordedAt = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// table is a workspace in memory: minutes go in as commands, cases come out. It stands for ledger and views, which do the same with storage.
type table struct {
	t   rapid.TB
	all map[aggregate.Key]*aggregate.Aggregate
	log []logged
}

// logged is one commit as it would be stored.
type logged struct {
	key aggregate.Key
	raw []byte
}

// record records a minutes file, its ids serving as pseudonyms.
func record(t rapid.TB, f *minutes.File) *table {
	t.Helper()
	x := &table{t: t, all: map[aggregate.Key]*aggregate.Aggregate{}}
	ids := map[string]string{"": ""}
	for _, p := range f.Participants {
		ids[p.ID] = p.ID
	}
	for _, s := range minutes.Steps(f, &minutes.Recorded{}, ids) {
		if err := x.do(s.Command); err != nil {
			t.Fatalf("%s: %v", s.Path, err)
		}
	}
	return x
}

func (x *table) load(k aggregate.Key) (*aggregate.Aggregate, error) {
	if x.all[k] == nil {
		x.all[k] = aggregate.New(k)
	}
	return x.all[k], nil
}

func (x *table) do(cmd *commandv1.Command) error {
	_, key, err := aggregate.Of(cmd)
	if err != nil {
		return err
	}
	a, _ := x.load(key)
	events, err := aggregate.Decide(a, cmd, x.load, recordedAt)
	if err != nil || len(events) == 0 {
		return err
	}
	seq := uint64(len(x.log) + 1)
	raw, err := proto.Marshal(&eventv1.Commit{Id: fmt.Sprint("c", seq), Version: a.Version + 1, Events: events})
	if err != nil {
		return err
	}
	x.log = append(x.log, logged{key, raw})
	return a.Apply(seq, x.commit(len(x.log)-1))
}

// must does what has to be accepted.
func (x *table) must(body proto.Message) {
	x.t.Helper()
	if err := x.do(decidertest.Command(body)); err != nil {
		x.t.Fatalf("%v: %v", body, err)
	}
}

// commit decodes what the log holds at a place.
func (x *table) commit(at int) *eventv1.Commit {
	c := &eventv1.Commit{}
	if err := proto.Unmarshal(x.log[at].raw, c); err != nil {
		x.t.Fatalf("commit %d: %v", at+1, err)
	}
	return c
}

// asOf folds, from the bytes, what had happened by an instant, and gives the cases of the decisions that were closed by then, by their own id.
func (x *table) asOf(instant time.Time) map[string]*role.Case {
	folds := map[aggregate.Key]*aggregate.Aggregate{}
	for n, l := range x.log {
		if folds[l.key] == nil {
			folds[l.key] = aggregate.New(l.key)
		}
		c := x.commit(n)
		for _, e := range c.Events {
			if !e.OccurredAt.AsTime().After(instant) {
				folds[l.key].Evolve(decider.Fact{Seq: uint64(n + 1), Commit: c.Id, Event: e})
			}
		}
	}
	cases := map[string]*role.Case{}
	for k, a := range folds {
		if k.Kind != aggregate.Decision || a.Decision.Phase != decision.Closed {
			continue
		}
		_, in, own := decision.Split(k.ID)
		var i *item.State
		var s *session.State
		if x := folds[aggregate.Key{Kind: aggregate.Item, ID: a.Decision.Item}]; x != nil {
			i = x.Item
		}
		if x := folds[aggregate.Key{Kind: aggregate.Session, ID: in}]; x != nil {
			s = x.Session
		}
		cases[own] = role.NewCase(a.Decision, i, s, instant)
	}
	return cases
}

// judged gives the judgements of a case by who is judged.
func judged(c *role.Case) map[string]role.Judgement {
	by := map[string]role.Judgement{}
	for _, j := range role.Judge(c) {
		by[j.Who] = j
	}
	return by
}

const (
	opened = "2026-03-05T16:00:00+01:00"
	ended  = "2026-03-05T18:00:00+01:00"
	d1     = "csm:s1:d1"
)

// meeting writes minutes with one item and one decision. People are listed by id: u1 is a user, f1 a family member, s1 a PSW, p1 a
// professional, dir the director, a1 an association, x1 somebody who declared nothing; a star marks who is employed by the department.
func meeting(people, item string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "format: tavolo-minutes/1\ndepartment: {id: dsm}\ninitiative: {id: csm}\nsession: {id: s1, opened_at: %s, closed_at: %s}\nparticipants:\n", opened, ended)
	for _, id := range strings.Fields(people) {
		plain := strings.TrimSuffix(id, "*")
		fmt.Fprintf(&b, "  - {id: %s", plain)
		if code := constituency(plain); code != "" {
			fmt.Fprintf(&b, ", constituency: %s", code)
		}
		if plain != id {
			b.WriteString(", employed_by_department: true")
		}
		b.WriteString("}\n")
	}
	fmt.Fprintf(&b, "items:\n  - id: i1\n%s", indent(item, "    "))
	return b.String()
}

func constituency(id string) string {
	if id == "dir" {
		return "director"
	}
	return map[byte]string{'u': "user", 'f': "family", 's': "psw", 'p': "professional", 'a': "association", 'm': "institution"}[id[0]]
}

func indent(text, by string) string {
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		b.WriteString(by + line + "\n")
	}
	return b.String()
}

// parsed reads minutes.
func parsed(t rapid.TB, text string) *minutes.File {
	t.Helper()
	f, err := minutes.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return f
}
