package role

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/domain/decision"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter answers "why not decisive?": it takes what stood in the way out of a copy of the case and judges again, until the role is
// decisive or nothing more can be taken away.

// Obstacle is one thing that stood in the way of a decisive role, and what would have removed it, as a stable code.
type Obstacle struct {
	Rule   int
	Reason Reason
	Remedy string
}

// obstaclesMax bounds the search: each rule can stand in the way once.
const obstaclesMax = 14

// Obstacles lists what stood in the way of a decisive role, in the order of the rules, and whether the role would have been decisive
// without it. A role that is decisive has none. The case is not changed.
func (c *Case) Obstacles(party Party) (list []Obstacle, decisiveWithout bool) {
	now := c.copy()
	for range obstaclesMax {
		j := now.judge(party)
		if j.Role == Decisive {
			return list, len(list) > 0
		}
		remedy := now.remove(&j, &party)
		if remedy == "" || slices.ContainsFunc(list, func(o Obstacle) bool { return o.Remedy == remedy }) {
			return list, false
		}
		list = append(list, Obstacle{j.Rule, j.Reason, remedy})
		now = now.copy()
	}
	return list, false
}

// copy gives a case that can be changed, without what the other one has computed.
func (c *Case) copy() *Case {
	d := c.Decision.Clone()
	d.Charter = proto.CloneOf(d.Charter)
	d.Acts = slices.Clone(d.Acts)
	for i, e := range d.Electors {
		d.Electors[i] = proto.CloneOf(e)
	}
	return &Case{Decision: d, Contributions: c.Contributions, Replies: c.Replies, ProposedBy: c.ProposedBy, ProposedSeq: c.ProposedSeq,
		Participants: slices.Clone(c.Participants), AsOf: c.AsOf, Erased: maps.Clone(c.Erased), DrawnByLot: c.DrawnByLot}
}

// remove takes the obstacle of a judgement away and names what did it; empty when nothing in the meeting could have.
func (c *Case) remove(j *Judgement, party *Party) string {
	d := c.Decision
	switch j.Reason {
	case MinutesDisputed:
		d.Disputed = false
		return "minutes_settled"
	case NoRule:
		if d.Charter == nil {
			d.Charter = &eventv1.Charter{}
		}
		d.Charter.Rule = &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}
		if d.Outcome == eventv1.Outcome_OUTCOME_NO_DECISION {
			d.Outcome = eventv1.Outcome_OUTCOME_ADOPTED
		}
		return "rule_recorded"
	case NoDecision:
		d.Outcome = eventv1.Outcome_OUTCOME_ADOPTED
		d.Acts = slices.DeleteFunc(d.Acts, func(a decision.Act) bool { return a.Kind == eventv1.ActKind_ACT_KIND_DEFERRED })
		return "decision_reached"
	}
	switch j.Rule {
	case 4:
		return c.entitle(party)
	case 5:
		c.takePart(party)
		return "taking_part"
	case 6:
		d.Claimed = eventv1.Outcome_OUTCOME_UNSPECIFIED
		c.takePart(party)
		return "assent_recorded"
	case 7:
		for _, id := range party.Members {
			if e := d.Standing(id); e.GetProxy() != nil {
				e.Proxy.Instructed = true
			}
		}
		return "proxy_instructed"
	case 8:
		return c.otherRule()
	case 9:
		d.Charter.Ratification = eventv1.Ratification_RATIFICATION_NONE
		return "no_ratification_on_merits"
	case 10:
		for i, a := range d.Acts {
			if a.Kind == eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED { // the objection stays, and with it that S took part
				d.Acts[i].ActRecorded = proto.CloneOf(a.ActRecorded)
				d.Acts[i].ByElectorate = true
			}
		}
		return "objection_judged_by_group"
	case 11:
		d.Acts = slices.DeleteFunc(d.Acts, replacing)
		return "not_reversed"
	case 12:
		d.Acts = slices.DeleteFunc(d.Acts, func(a decision.Act) bool { return a.Kind == eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED })
		return "not_refused"
	}
	return ""
}

// entitle gives every member a vote, used. A group of which nobody is at the table is given a seat first: that is what it lacks.
func (c *Case) entitle(party *Party) string {
	if len(party.Members) == 0 && len(party.Sits) > 0 {
		c.Participants = append(c.Participants, Participant{ID: party.Who, Constituency: party.Sits[0]})
		party.Members = []string{party.Who}
	}
	d := c.Decision
	for _, id := range party.Members {
		e := d.Standing(id)
		if e == nil {
			e = &eventv1.Elector{Participant: id, Constituency: c.constituency(id)}
			d.Electors = append(d.Electors, e)
		}
		e.Standing, e.Recused, e.Present, e.Weight = eventv1.Standing_STANDING_BINDING_VOTE, false, true, max(e.Weight, 1)
	}
	c.takePart(party)
	return "binding_vote"
}

// takePart has every voting member of the party take part: as their mandate did, otherwise without a say which way.
func (c *Case) takePart(party *Party) {
	d := c.Decision
	if d.Ballots == nil {
		d.Ballots = map[string]decision.Ballot{}
	}
	for _, id := range party.Members {
		if e := d.Standing(id); decision.Binding(e.GetStanding()) && !e.Recused {
			if _, voted := d.Ballots[id]; !voted {
				d.Ballots[id] = decision.Ballot{Choice: c.mandated(e)}
			}
		}
	}
}

func (c *Case) mandated(e *eventv1.Elector) eventv1.Choice {
	for _, mate := range c.Decision.Electors {
		if b, voted := c.Decision.Ballots[mate.Participant]; voted && e.Mandate != "" && mate.Mandate == e.Mandate {
			return b.Choice
		}
	}
	return eventv1.Choice_CHOICE_ABSTAIN
}

// otherRule asks every constituency for a majority of its own, the rule under which a small one counts for itself.
func (c *Case) otherRule() string {
	rule := &eventv1.Rule{Method: eventv1.Method_METHOD_CONSTITUENCIES}
	var codes []string
	for _, v := range c.poll().Voters {
		if !slices.Contains(codes, v.Constituency) {
			codes = append(codes, v.Constituency)
			rule.Constituencies = append(rule.Constituencies, &eventv1.ConstituencyRule{Of: []string{v.Constituency}})
		}
	}
	c.Decision.Charter.Rule = rule
	return "another_rule"
}
