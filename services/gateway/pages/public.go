package pages

import (
	"slices"
	"strings"

	"tavolo/pkg/domain/disclosure"
	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// What a page that anyone may read must not tell: anything of a person, also by way of figures of a small group ("Small cells" of the role rules).

// smallest is the least number of people that a published figure may be about.
const smallest = disclosure.People

// figures are the counts of a vote that this page may show: all of them where people are named, on a public page those that package disclosure tells. The
// feeds and the files of open data tell the same.
func (c chapter) figures() disclosure.Figures {
	if c.nobody {
		return export.Figures(c.d)
	}
	v, n := export.Count(c.d), 0
	for _, of := range v.Voters {
		n += of
	}
	return disclosure.Figures{Voters: &n, Sizes: v.Voters, Tally: &v.All, Parts: map[string]disclosure.Tally{}}
}

// few: so many people are a small group.
func few(n int) bool { return n > 0 && n < smallest }

// tells reports whether the numbers of a condition may be shown. k is its place among them: the thresholds come first, then the people in favour that
// the rule asks for, then those whose vote it asks for, who are named in the charter.
func (c chapter) tells(k int, x *apiv1.ConditionView) bool {
	if !c.nobody {
		return true
	}
	rule, told := c.d.Charter.GetRule(), c.figures()
	thresholds := 1
	if rule.GetMethod() == eventv1.Method_METHOD_CONSTITUENCIES {
		thresholds = len(rule.Constituencies)
		if rule.Threshold != nil {
			thresholds++
		}
	}
	size, of := told.Voters, told.Tally != nil
	if len(x.Of) > 0 {
		n := 0
		for _, code := range x.Of {
			n += told.Sizes[code]
		}
		size, of = &n, told.Parts != nil
	}
	asked := rule.GetMinMembersFor() > 0
	switch {
	case !of || k > thresholds || k == thresholds && !asked:
		return false
	case uint64(x.Base) == x.For+x.Against && k < thresholds: // the votes cast, which are told
		return true
	}
	return size != nil && !few(*size-int(x.Base))
}

// showsPresence reports whether it may be shown how many of some people were there; size is nil when it is not told how many they are.
func (c chapter) showsPresence(there uint32, size *int) bool {
	return !c.nobody || size != nil && !few(int(there)) && !few(*size-int(there))
}

// sizeOf adds up the sizes of constituencies whose codes are joined by "+"; nil when one of them is not told.
func (c chapter) sizeOf(joined string) *int {
	told, n := c.figures(), 0
	for _, code := range strings.Split(joined, "+") {
		size, known := told.Sizes[code]
		if !known {
			return nil
		}
		n += size
	}
	return &n
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
