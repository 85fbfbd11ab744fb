package role_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
	commandv1 "tavolo/proto/tavolo/command/v1"
)

// remedies writes what would have made somebody decisive, in order, and a stop where even that would not have.
func remedies(c *role.Case, who string) string {
	for _, p := range c.Parties() {
		if p.Who != who {
			continue
		}
		list, free := c.Obstacles(p)
		var words []string
		for _, o := range list {
			words = append(words, o.Remedy)
		}
		if !free {
			words = append(words, ".")
		}
		return strings.Join(words, " ")
	}
	return "not judged"
}

func TestWhatWouldHaveMadeTheWorkedExamplesDecisive(t *testing.T) {
	want := map[string]string{
		"R01 users:strict": "binding_vote another_rule", "R02 users:strict": "binding_vote another_rule",
		"R04 users:strict": "another_rule", "R04 a5": "another_rule", "R12 u3": "objection_judged_by_group", "R13 users:strict": "assent_recorded",
		"R18 users:strict": "decision_reached", "R20 u1": "taking_part", "R22 users:strict": "not_reversed", "R25 users:strict": "not_refused",
		"R31 users:strict": "decision_reached", "R33 constituency:professional": "binding_vote", "R39 m1": "binding_vote", "R40 u9": "binding_vote",
		"R42 users:strict": "rule_recorded", "R44 users:strict": "binding_vote",
		"R05 users:strict": ".", "R10 u1": ".", // decisive: nothing stood in the way
	}
	met := map[string]bool{}
	for _, c := range examples(t) {
		f, err := minutes.Parse(c.ID, c.Minutes)
		if err != nil {
			t.Fatal(err)
		}
		one := record(t, f).asOf(recordedAt)["d1"]
		for key, wanted := range want {
			id, who, _ := strings.Cut(key, " ")
			if id != c.ID {
				continue
			}
			met[key] = true
			if got := remedies(one, who); got != wanted {
				t.Errorf("%s: %s, want %s", key, got, wanted)
			}
		}
	}
	if len(met) != len(want) {
		t.Errorf("%d of %d examples were met", len(met), len(want))
	}
}

func TestEachObstacleIsNamedWithWhatWouldHaveRemovedIt(t *testing.T) {
	outside := "proxy: {to: p1}, ballot: for"
	for _, c := range []struct{ name, people, item, who, want string }{
		{"a free hand outside", "u1 p1 p2", ruled(majority, asked("u1", "binding_vote", outside)+vote("for", "p1", "p2"), ""), "u1", "proxy_instructed"},
		{"ratified on the merits", "u1 p1", ruled(majority+", ratification: merit", vote("for", "u1", "p1"), ""), "u1", "no_ratification_on_merits"},
		{"entitled and away, on the merits", "u1 p1 p2", ruled(majority+", ratification: merit", asked("u1", "binding_vote", "present: false")+vote("for", "p1", "p2"), ""), "u1", "taking_part no_ratification_on_merits"},
		{"told only, outweighed, reversed", "u1 p1 dir", ruled(majority, asked("u1", "informed", "")+asked("p1", "binding_vote", "weight: 9, ballot: for"), acts("kind: reversed, by: dir")), "u1", "binding_vote another_rule not_reversed"},
		{"no rule and nobody asked", "u1 p1", ruled("", asked("u1", "informed", "")+vote("for", "p1"), ""), "u1", "rule_recorded binding_vote"},
		{"put off and refused", "u1 p1", ruled(majority, vote("for", "u1", "p1"), acts("kind: deferred", "kind: implementation_refused")), "u1", "decision_reached not_refused"},
		{"nobody of the users at the table", "p1 p2", ruled(majority, vote("for", "p1", "p2"), ""), "users:strict", "binding_vote"},
		{"a mandate that outweighs, and one of its own away", "u1 p1 p2 p3", ruled(majority, vote("for", "u1")+asked("p1", "binding_vote", "mandate: m, weight: 2, ballot: against")+asked("p2", "binding_vote", "mandate: m, present: false"), ""), "p2", "taking_part"},
		{"among one's own too light as well", "u1 u2 u3 p1", ruled("rule: {method: majority, base: members}", vote("for", "u1")+asked("u2", "binding_vote", "weight: 4, ballot: for")+asked("u3", "binding_vote", "weight: 9, ballot: for")+vote("for", "p1"), ""), "u1", "another_rule ."},
		{"capacity undeclared", "x1 p1", ruled(majority, vote("for", "x1", "p1"), ""), "constituency:undeclared", "."},
		{"mixed organisations", "a1 a2", ruled(majority, vote("for", "a1", "a2"), ""), "users:strict", "."},
	} {
		t.Run(c.name, func(t *testing.T) {
			one := record(t, parsed(t, meeting(c.people, c.item))).asOf(recordedAt)["d1"]
			if got := remedies(one, c.who); got != c.want {
				t.Errorf("%s: %s, want %s (judged %+v)", c.who, got, c.want, judged(one)[c.who])
			}
		})
	}
}

func TestAContestStandsInTheWayUntilItIsSettled(t *testing.T) {
	x := record(t, parsed(t, meeting("u1 p1", ruled(majority, vote("for", "u1", "p1"), ""))))
	x.must(&commandv1.ContestMinutes{Workspace: "dsm", Decision: d1, By: "u1"})
	if got := remedies(x.asOf(recordedAt)["d1"], "u1"); got != "minutes_settled" {
		t.Error(got)
	}
}

func TestNothingMakesUpForALotOrForPeopleNoLongerKnown(t *testing.T) {
	for _, as := range []func(*role.Case){func(c *role.Case) { c.DrawnByLot = true }, func(c *role.Case) { c.Erased = map[string]bool{"u1": true} }} {
		one := record(t, parsed(t, meeting("u1 p1", ruled(majority, vote("for", "u1", "p1"), "")))).asOf(recordedAt)["d1"]
		as(one)
		if got := remedies(one, "u1"); got != "." {
			t.Error(got)
		}
	}
}

// The first obstacle is the rule that fired; the search ends; the case is left alone, and so is every answer it has given.
func TestAskingWhyNotChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := record(t, file(t))
		for id, c := range x.asOf(recordedAt) {
			before := fmt.Sprint(role.Judge(c))
			for _, p := range c.Parties() {
				j := judged(c)[p.Who]
				list, free := c.Obstacles(p)
				switch {
				case j.Role == role.Decisive && (len(list) > 0 || free):
					t.Fatalf("%s is decisive in spite of %v", p.Who, list)
				case j.Role != role.Decisive && len(list) > 0 && (list[0].Rule != j.Rule || list[0].Reason != j.Reason):
					t.Fatalf("%s was stopped by R%d %s and is told %v", p.Who, j.Rule, j.Reason, list)
				}
				for i := 1; i < len(list); i++ {
					if list[i].Rule < list[i-1].Rule {
						t.Fatalf("%s is told %v, out of order", p.Who, list)
					}
				}
				for _, o := range list {
					if o.Remedy == "" {
						t.Fatalf("%s is told %v", p.Who, list)
					}
				}
			}
			if after := fmt.Sprint(role.Judge(c)); after != before {
				t.Fatalf("%s is judged otherwise afterwards:\n%s\n%s", id, before, after)
			}
			if diff := decidertest.Differ(x.asOf(recordedAt)[id].Decision, c.Decision); diff != "" {
				t.Fatalf("%s was changed:\n%s", id, diff)
			}
		}
	})
}
