package decidertest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// door is a decider with a flaw for each promise of the package.
type door struct {
	Opened, Asked int
}

func rules(flaw string) decidertest.Rules[door] {
	return decidertest.Rules[door]{
		Decide: func(s *door, cmd *commandv1.Command) ([]*eventv1.Event, error) {
			switch flaw {
			case "changes the state":
				s.Asked++
			case "changes the command":
				cmd.GetOpenSession().Session = "another"
			case "refuses and acts":
				return []*eventv1.Event{decidertest.At(time.Time{}, &eventv1.SessionOpened{})}, decider.Refuse("door/open")
			case "fails otherwise":
				return nil, fmt.Errorf("no door")
			}
			if s.Opened > 0 {
				return nil, decider.Refuse("door/open")
			}
			return []*eventv1.Event{decidertest.At(decidertest.Now.Add(time.Hour), &eventv1.SessionOpened{})}, nil
		},
		Evolve: func(s *door, _ decider.Fact) { s.Opened++ },
	}
}

// probe is a testing.TB that notes a failure instead of failing.
type probe struct {
	testing.TB
	said string
}

func (p *probe) Helper() {}

func (p *probe) Fatalf(format string, args ...any) {
	p.said = fmt.Sprintf(format, args...)
	panic(p)
}

// run gives what a scenario fails with, empty when it holds.
func run(flaw string, scenario func(decidertest.Scenario[door])) (said string) {
	p := &probe{}
	defer func() {
		if r := recover(); r != nil && r != any(p) {
			panic(r)
		}
		said = p.said
	}()
	scenario(decidertest.For(p, rules(flaw)))
	return ""
}

func TestAScenarioFailsForEachPromiseThatIsBroken(t *testing.T) {
	open, opened := &commandv1.OpenSession{Session: "a:b"}, &eventv1.SessionOpened{}
	cases := []struct {
		name, flaw string
		scenario   func(s decidertest.Scenario[door])
		want       string
	}{
		{"what holds", "", func(s decidertest.Scenario[door]) { s.When(open).Then(opened) }, ""},
		{"what is refused as told", "", func(s decidertest.Scenario[door]) { s.Given(opened).When(open).Refused("door/open") }, ""},
		{"a time as told", "", func(s decidertest.Scenario[door]) {
			s.When(open).Then(decidertest.At(decidertest.Now.Add(time.Hour), opened))
		}, ""},
		{"another time", "", func(s decidertest.Scenario[door]) { s.When(open).Then(decidertest.At(decidertest.Now, opened)) }, "differ"},
		{"another fact", "", func(s decidertest.Scenario[door]) { s.When(open).Then(&eventv1.SessionClosed{}) }, "differ"},
		{"one fact too few", "", func(s decidertest.Scenario[door]) { s.When(open).Then() }, "differ"},
		{"one fact too many", "", func(s decidertest.Scenario[door]) { s.When(open).Then(opened, opened) }, "differ"},
		{"refused and not told so", "", func(s decidertest.Scenario[door]) { s.Given(opened).When(open).Then(opened) }, "refused: door/open"},
		{"another code", "", func(s decidertest.Scenario[door]) { s.Given(opened).When(open).Refused("door/shut") }, "got door/open"},
		{"accepted and not told so", "", func(s decidertest.Scenario[door]) { s.When(open).Refused("door/open") }, "got session_opened"},
		{"no refusal but an error", "fails otherwise", func(s decidertest.Scenario[door]) { s.When(open).Refused("door/open") }, "got no door"},
		{"an event beside a refusal", "refuses and acts", func(s decidertest.Scenario[door]) { s.When(open).Refused("door/open") }, "and yet"},
		{"a changed state", "changes the state", func(s decidertest.Scenario[door]) { s.When(open).Then(opened) }, "changed the state"},
		{"a changed command", "changes the command", func(s decidertest.Scenario[door]) { s.When(open).Then(opened) }, "changed the command"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			said := run(c.flaw, c.scenario)
			if (said == "") != (c.want == "") || !strings.Contains(said, c.want) {
				t.Errorf("it says %q, want %q", said, c.want)
			}
			if said != "" && !strings.Contains(said, "when  open_session") {
				t.Errorf("the scenario is not told: %q", said)
			}
		})
	}
}
