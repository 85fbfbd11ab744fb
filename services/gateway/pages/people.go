package pages

import (
	"slices"
	"strings"

	"tavolo/pkg/domain/initiative"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// people says how those at the table are called on one page. A consent that was never asked (people enrolled from minutes on paper) withholds nothing.
type people struct {
	tongue
	of map[string]*apiv1.ParticipantView
	// nobody is named: anyone may read the page.
	nobody bool
	// minutes: whoever refused goes by the short id, and their words are not reported.
	minutes bool
}

func peopleOf(l tongue, all []*apiv1.ParticipantView) people {
	p := people{tongue: l, of: map[string]*apiv1.ParticipantView{}}
	for _, v := range all {
		p.of[v.Participant] = v
	}
	return p
}

// name says who a pseudonym is.
func (p people) name(id string) string {
	v := p.of[id]
	switch {
	case p.nobody || v == nil || v.Name == "" && v.Ref == "":
		return p.say("page/somebody")
	case v.Name == "" || p.minutes && refused(v.Consents, initiative.NameInMinutes):
		return v.Ref
	}
	return v.Name
}

func (p people) names(ids []string) string {
	var all []string
	for _, id := range ids {
		all = append(all, p.name(id))
	}
	return p.list(all)
}

// words gives what somebody said, or that it is not reported; empty for no words. On a public page nobody is quoted.
func (p people) words(by, text string) Line {
	switch {
	case text == "" || p.nobody:
		return nil
	case p.minutes && p.of[by] != nil && refused(p.of[by].Consents, initiative.WordsInMinutes):
		return plain(p.say("page/words-withheld"))
	}
	return said(text)
}

func refused(stated []*eventv1.ConsentStated, code string) bool {
	return slices.ContainsFunc(stated, func(c *eventv1.ConsentStated) bool { return c.Consent == code && !c.Given })
}

// party says who a judgement is about.
func (p people) party(j *apiv1.Judgement) string {
	of, group := strings.CutPrefix(j.Who, "constituency:")
	switch {
	case j.Participant != "":
		return p.name(j.Participant)
	case j.Who == usersStrict:
		return p.say("page/users-strict")
	case j.Who == usersBroad:
		return p.say("page/users-broad")
	case group:
		return p.constituency(of)
	}
	return j.Who
}

// The two views of the users.
const (
	usersStrict = "users:strict"
	usersBroad  = "users:broad"
)
