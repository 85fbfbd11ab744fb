package pages

import (
	"slices"
	"strings"

	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// What a page that anyone may read must not tell: anything of a person, also by way of figures of a small group ("Small cells" of the role rules).

// smallest is the least number of people that a published figure may be about.
const smallest = 5

// withhold says which counts of people must not be shown beside their total: those from 1 to 4, and as many others as it takes so that none of them
// follows from the total. A zero is shown, for here it means that a group has no vote. The last of a table that has nothing else to hide behind hides
// the total too.
func withhold(counts []int) (hidden []bool, total bool) {
	hidden = make([]bool, len(counts))
	how, sum := 0, 0
	hide := func(i int) { hidden[i] = true; how++; sum += counts[i] }
	for i, c := range counts {
		if c > 0 && c < smallest {
			hide(i)
		}
	}
	// One that is hidden is what is missing from the total; several whose sum is the least or the most they can have are known too.
	if how == 0 || how > 1 && sum > how && sum < how*(smallest-1) {
		return hidden, false
	}
	next := -1 // all that are left are of five or more: how many it stands for cannot be known from outside
	for i, c := range counts {
		if c > 0 && !hidden[i] && (next < 0 || c < counts[next]) {
			next = i
		}
	}
	if next < 0 {
		return hidden, true
	}
	hide(next)
	return hidden, false
}

// talliesShow reports whether ballots may be shown by constituency: each group has at least five voters and is not of one mind, and so has whoever is
// left when the groups are taken from the total.
func talliesShow(d *apiv1.DecisionView) bool {
	left := len(votersOf(d))
	rest := &eventv1.Tally{For: d.Tally.GetFor(), Against: d.Tally.GetAgainst(), Abstain: d.Tally.GetAbstain()}
	for _, c := range d.Count.GetConditions() {
		if len(c.Of) == 0 {
			continue
		}
		size := 0
		for _, e := range votersOf(d) {
			if slices.Contains(c.Of, e.Constituency) {
				size++
			}
		}
		if size < smallest || ofOneMind(c.For, c.Against, c.Abstain) {
			return false
		}
		left -= size
		rest.For, rest.Against, rest.Abstain = rest.For-min(rest.For, c.For), rest.Against-min(rest.Against, c.Against), rest.Abstain-min(rest.Abstain, c.Abstain)
	}
	return left <= 0 || left >= smallest && !ofOneMind(rest.For, rest.Against, rest.Abstain)
}

func ofOneMind(votes ...uint64) bool {
	cast := 0
	for _, v := range votes {
		if v > 0 {
			cast++
		}
	}
	return cast < 2
}

// PublicRoles keeps the roles of groups that are no person: the users' from two people on, for their role is what is published, a constituency's from
// five. Flags are left out, because some tell how a group voted.
func PublicRoles(d *apiv1.DecisionView, roles []*apiv1.Judgement) (shown []*apiv1.Judgement) {
	for _, j := range roles {
		if j.Participant != "" {
			continue
		}
		least := smallest
		of, one := strings.CutPrefix(j.Who, "constituency:")
		size := 0
		for _, e := range d.Electors {
			user := e.Constituency == "user" && !e.EmployedByDepartment
			broad := slices.Contains([]string{"user", "family", "psw"}, e.Constituency)
			if one && e.Constituency == of || j.Who == usersStrict && user || j.Who == usersBroad && broad {
				size++
			}
		}
		if !one {
			least = 2
		}
		if size >= least {
			shown = append(shown, &apiv1.Judgement{Who: j.Who, Role: j.Role, Rule: j.Rule, Reason: j.Reason})
		}
	}
	return shown
}
