package pages

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/disclosure"
	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// voted is a closed vote by majority: of each constituency so many for, against, abstaining and staying away.
func voted(by map[string][4]int) *apiv1.DecisionView {
	d := &apiv1.DecisionView{Phase: apiv1.DecisionPhase_DECISION_PHASE_CLOSED, Tally: &eventv1.Tally{}, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}}}
	for _, code := range slices.Sorted(maps.Keys(by)) {
		for how, n := range by[code] {
			for range n {
				who := fmt.Sprint("p", len(d.Electors))
				d.Electors = append(d.Electors, &eventv1.Elector{Participant: who, Constituency: code, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1, Present: how < 3})
				if how < 3 {
					d.Ballots = append(d.Ballots, &eventv1.BallotCast{Participant: who, Choice: []eventv1.Choice{eventv1.Choice_CHOICE_FOR, eventv1.Choice_CHOICE_AGAINST, eventv1.Choice_CHOICE_ABSTAIN}[how]})
					*[]*uint64{&d.Tally.For, &d.Tally.Against, &d.Tally.Abstain}[how]++
				}
			}
		}
	}
	d.Count = &apiv1.CountView{QuorumNeeded: 1, QuorumPresent: uint32(len(d.Ballots)), Quorate: true,
		Conditions: []*apiv1.ConditionView{{For: d.Tally.For, Against: d.Tally.Against, Abstain: d.Tally.Abstain, Base: d.Tally.For + d.Tally.Against, Needed: 1, Passed: true}}}
	return d
}

// publicly is the public page of a decision, as text.
func publicly(t *testing.T, d *apiv1.DecisionView) string {
	t.Helper()
	var b strings.Builder
	if err := Markdown(&b, Decision("en", DecisionInput{Workspace: "w", Decision: d, Public: true})); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAPublicPageShowsTheFiguresThatTheFeedsTell(t *testing.T) {
	const withheld, tally = "the figures are not shown", "For "
	few := publicly(t, voted(map[string][4]int{"user": {2, 1}}))
	united := publicly(t, voted(map[string][4]int{"user": {6}, "professional": {6}}))
	away := publicly(t, voted(map[string][4]int{"user": {4, 2, 0, 1}, "professional": {3, 3}}))
	for name, got := range map[string]string{"three people voted": few, "all did the same": united} {
		if strings.Contains(got, tally) || strings.Count(got, withheld) < 2 || strings.Contains(got, "for 2 of 3") || strings.Contains(got, "for 12 of 12") {
			t.Errorf("%s:\n%s", name, got)
		}
	}
	if !strings.Contains(away, tally) || strings.Contains(away, "| 7 |") || strings.Contains(away, "13") || strings.Contains(away, "12 people") {
		t.Errorf("who stayed away can be counted:\n%s", away)
	}
	large := publicly(t, voted(map[string][4]int{"user": {4, 2}, "professional": {3, 3}}))
	if strings.Contains(large, withheld) || !strings.Contains(large, tally) || !strings.Contains(large, "12 people") || !strings.Contains(large, "for 7 of 12") {
		t.Errorf("nobody is to be protected here:\n%s", large)
	}
	for name, change := range map[string]func(*apiv1.DecisionView){
		"voting is open":   func(d *apiv1.DecisionView) { d.Phase = apiv1.DecisionPhase_DECISION_PHASE_OPEN },
		"it was corrected": func(d *apiv1.DecisionView) { d.Corrections = 1 },
	} {
		d := voted(map[string][4]int{"user": {4, 2}, "professional": {3, 3}})
		change(d)
		if got := publicly(t, d); strings.Contains(got, "12") || strings.Contains(got, "| 6 |") || strings.Contains(got, tally) {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

// What one place hides the other must not show: the two together would give the small count away.
func TestAPublicPageHidesTheSizesThatTheFeedsHide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		by := map[string][4]int{}
		sizes := map[string]int{}
		for _, code := range []string{"family", "professional", "user"} {
			by[code] = [4]int{rapid.IntRange(0, 9).Draw(t, code+" for"), rapid.IntRange(0, 9).Draw(t, code+" against"), 0, rapid.IntRange(0, 6).Draw(t, code+" away")}
			if n := by[code][0] + by[code][1] + by[code][3]; n > 0 {
				sizes[code] = n
			}
		}
		d := voted(by)
		told := disclosure.Vote{Voters: sizes, All: export.Count(d).All, Parts: export.Count(d).Parts}.Figures(disclosure.People)
		got := chapter{people: people{nobody: true}, d: d}.figures()
		if !maps.Equal(got.Sizes, told.Sizes) || (got.Tally == nil) != (told.Tally == nil) || (got.Voters == nil) != (told.Voters == nil) || !maps.Equal(got.Parts, told.Parts) {
			t.Fatalf("%v: the page tells %+v, the feeds %+v", by, got, told)
		}
		total := 0
		for _, n := range sizes {
			total += n
		}
		for code, n := range got.Sizes {
			if n < smallest {
				t.Fatalf("%d people of %s show", n, code)
			}
		}
		if got.Voters != nil && len(sizes)-len(got.Sizes) == 1 {
			t.Fatalf("%v: one size follows from the total %d", by, total)
		}
	})
}

func TestWhoseVoteARuleAsksForIsNotTold(t *testing.T) {
	d := voted(map[string][4]int{"user": {4, 2}, "professional": {3, 3}})
	d.Charter.Rule.RequiresFor, d.Charter.Rule.MinMembersFor = []string{"p0"}, 5
	d.Count.Conditions = append(d.Count.Conditions, &apiv1.ConditionView{For: 7, Base: 12, Needed: 5, Passed: true}, &apiv1.ConditionView{For: 1, Base: 1, Needed: 1, Passed: true})
	if got := publicly(t, d); strings.Contains(got, "for 1 of 1") || !strings.Contains(got, "for 7 of 12, needed 5") {
		t.Error(got)
	}
}

func TestObjectionsAreOfAPersonAndNotOnAPublicPage(t *testing.T) {
	d := voted(map[string][4]int{"user": {4, 2}, "professional": {3, 3}})
	d.Acts = []*apiv1.ActView{{Act: &eventv1.ActRecorded{Kind: eventv1.ActKind_ACT_KIND_OBJECTION_RAISED, Objector: "p0"}}, {Act: &eventv1.ActRecorded{Kind: eventv1.ActKind_ACT_KIND_IMPLEMENTED}}}
	if got := publicly(t, d); strings.Contains(got, "bjection") || !strings.Contains(got, "Carried out") {
		t.Error(got)
	}
}

func TestAGroupOfOneIsAPerson(t *testing.T) {
	d := &apiv1.DecisionView{}
	for _, of := range []string{"user", "family", "director", "professional", "professional", "professional", "professional", "professional"} {
		d.Electors = append(d.Electors, &eventv1.Elector{Constituency: of})
	}
	var all []*apiv1.Judgement
	for _, who := range []string{usersStrict, usersBroad, "constituency:director", "constituency:professional"} {
		all = append(all, &apiv1.Judgement{Who: who, Role: "none", Flags: []string{"outvoted"}})
	}
	all = append(all, &apiv1.Judgement{Who: "p1", Participant: "x"})
	var shown []string
	for _, j := range PublicRoles(d, all) {
		shown = append(shown, j.Who)
		if len(j.Flags) > 0 {
			t.Error("a flag can tell how a group voted")
		}
	}
	if !slices.Equal(shown, []string{usersBroad, "constituency:professional"}) {
		t.Error(shown)
	}
}

func TestMinutesAreApprovedOutOfThoseWhoCame(t *testing.T) {
	view := &apiv1.SessionView{Session: &apiv1.SessionSummary{Id: "i:s", Phase: apiv1.SessionPhase_SESSION_PHASE_CLOSED}, ApprovedBy: []string{"p1"},
		Seats: []*apiv1.ParticipantView{{Participant: "p1", Present: true}, {Participant: "p2"}, {Participant: "p3", Absent: true}}}
	var b strings.Builder
	if err := Markdown(&b, Minutes("en", MinutesInput{Workspace: "w", Session: view})); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "1 of 2") {
		t.Error(b.String())
	}
}
