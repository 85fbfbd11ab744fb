package export

import (
	"slices"

	"tavolo/pkg/domain/disclosure"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter counts a vote as the API answers it, and says which of the counts may leave: in a file and on a public page the same.

// Figures are the counts of a vote that may leave (disclosure.Vote). None before the close, and none of a decision that was corrected: who saw it before
// could compare.
func Figures(d *apiv1.DecisionView) disclosure.Figures {
	if d.Phase != apiv1.DecisionPhase_DECISION_PHASE_CLOSED || d.Corrections > 0 {
		return disclosure.Figures{}
	}
	return Count(d).Figures(disclosure.People)
}

// Count is what is counted of a vote, before the vote of the one that is foreseen. All of it is for those who may open the record.
func Count(d *apiv1.DecisionView) disclosure.Vote {
	voters := Voters(d)
	v := disclosure.Vote{Voters: map[string]int{}, All: disclosure.Tally{For: int(d.Tally.GetFor()), Against: int(d.Tally.GetAgainst()), Abstain: int(d.Tally.GetAbstain())}, Parts: partsOf(d, voters)}
	for _, e := range voters {
		v.Voters[e.Constituency]++
		v.Weighted = v.Weighted || e.Weight > 1
	}
	return v
}

var binding = []eventv1.Standing{eventv1.Standing_STANDING_BINDING_VOTE, eventv1.Standing_STANDING_CONSENT, eventv1.Standing_STANDING_VETO, eventv1.Standing_STANDING_DELEGATED}

// Electors gives the electorate, before the vote the one that is foreseen.
func Electors(d *apiv1.DecisionView) []*eventv1.Elector {
	if len(d.Electors) > 0 {
		return d.Electors
	}
	return d.PlannedElectors
}

// Voters gives who has a vote: a binding standing, and does not stay out.
func Voters(d *apiv1.DecisionView) (voters []*eventv1.Elector) {
	for _, e := range Electors(d) {
		if slices.Contains(binding, e.Standing) && !e.Recused {
			voters = append(voters, e)
		}
	}
	return voters
}

// partsOf counts ballots by constituency; nil when they are not known of all. Those of a secret vote are known where its thresholds state them.
func partsOf(d *apiv1.DecisionView, voters []*eventv1.Elector) map[string]disclosure.Tally {
	parts := map[string]disclosure.Tally{}
	if d.Charter.GetSecret() {
		for _, x := range d.Count.GetConditions() {
			if len(x.Of) == 1 {
				parts[x.Of[0]] = disclosure.Tally{For: int(x.For), Against: int(x.Against), Abstain: int(x.Abstain)}
			}
		}
		for _, e := range voters {
			if _, stated := parts[e.Constituency]; !stated {
				return nil
			}
		}
		return parts
	}
	chose := map[string]eventv1.Choice{}
	for _, b := range d.Ballots {
		chose[b.Participant] = b.Choice
	}
	for _, e := range voters {
		t := parts[e.Constituency]
		switch chose[e.Participant] {
		case eventv1.Choice_CHOICE_FOR:
			t.For++
		case eventv1.Choice_CHOICE_AGAINST:
			t.Against++
		case eventv1.Choice_CHOICE_ABSTAIN:
			t.Abstain++
		}
		parts[e.Constituency] = t
	}
	return parts
}
