package pages

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The two tables of the role rules, and what follows from them.
func TestSmallCountsAreWithheld(t *testing.T) {
	for _, c := range []struct {
		counts []int
		hidden []bool
		total  bool
	}{
		{[]int{21, 35, 4, 1}, []bool{false, false, true, true}, false},
		{[]int{58, 3}, []bool{true, true}, false},
		{[]int{3}, []bool{true}, true},
		{[]int{9, 7, 2}, []bool{false, true, true}, false},
		{[]int{9, 7, 1, 1}, []bool{false, true, true, true}, false}, // two that sum to two are one each
		{[]int{9, 7, 4, 4}, []bool{false, true, true, true}, false}, // and to eight four each
		{[]int{9, 7, 0}, []bool{false, false, false}, false},
		{[]int{1, 1}, []bool{true, true}, true},
		{nil, nil, false},
	} {
		hidden, total := withhold(c.counts)
		if !slices.Equal(hidden, c.hidden) || total != c.total {
			t.Errorf("%v: %v %v, want %v %v", c.counts, hidden, total, c.hidden, c.total)
		}
	}
}

// No reader can work out a count from 1 to 4: with what is shown there are always two ways to fill in what is not.
func TestNoSmallCountFollowsFromWhatIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(0, 12), 1, 6).Draw(t, "counts")
		hidden, noTotal := withhold(counts)
		sum, large := 0, 0
		var small []int
		for i, c := range counts {
			if c > 0 && c < smallest && !hidden[i] {
				t.Fatalf("%d shows", c)
			}
			if hidden[i] {
				sum += c
				if c >= smallest {
					large++
				} else {
					small = append(small, c)
				}
			}
		}
		if len(small) == 0 || noTotal || large > 0 {
			return
		}
		if len(small) == 1 || sum == len(small) || sum == len(small)*(smallest-1) {
			t.Fatalf("%v: what is hidden follows from the total", counts)
		}
	})
}

func TestBallotsShowByGroupOnlyWhenNobodyCanBeTold(t *testing.T) {
	elect := func(of string, n int) (all []*eventv1.Elector) {
		for range n {
			all = append(all, &eventv1.Elector{Constituency: of, Standing: eventv1.Standing_STANDING_BINDING_VOTE})
		}
		return all
	}
	view := func(users, staff int, u, s [2]uint64) *apiv1.DecisionView {
		return &apiv1.DecisionView{
			Electors: append(elect("user", users), elect("professional", staff)...), Tally: &eventv1.Tally{For: u[0] + s[0], Against: u[1] + s[1]},
			Count: &apiv1.CountView{Conditions: []*apiv1.ConditionView{{Of: []string{"user"}, For: u[0], Against: u[1]}, {Of: []string{"professional"}, For: s[0], Against: s[1]}}},
		}
	}
	rest := view(6, 6, [2]uint64{4, 2}, [2]uint64{3, 3})
	rest.Count.Conditions = rest.Count.Conditions[:1] // the staff's votes follow from the total
	fewLeft := view(6, 3, [2]uint64{4, 2}, [2]uint64{2, 1})
	fewLeft.Count.Conditions = fewLeft.Count.Conditions[:1]
	for name, c := range map[string]struct {
		d    *apiv1.DecisionView
		show bool
	}{
		"large and divided":            {view(6, 6, [2]uint64{4, 2}, [2]uint64{3, 3}), true},
		"one group is small":           {view(4, 6, [2]uint64{2, 2}, [2]uint64{3, 3}), false},
		"one group is of one mind":     {view(6, 6, [2]uint64{6, 0}, [2]uint64{3, 3}), false},
		"the rest is large":            {rest, true},
		"the rest follows and is few":  {fewLeft, false},
		"nothing is said of any group": {&apiv1.DecisionView{Electors: elect("user", 7), Tally: &eventv1.Tally{For: 4, Against: 3}}, true},
	} {
		if talliesShow(c.d) != c.show {
			t.Errorf("%s: want %v", name, c.show)
		}
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
