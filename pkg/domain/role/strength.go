package role

import (
	"math/big"
	"slices"
	"time"

	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter gives the figures beside a role. They never decide one (roles.md, "Strength measures").

// answeredWithin is how long an answer to a piece of advice may take; later it counts as unanswered (roles.md, responsiveness).
const answeredWithin = 30 * 24 * time.Hour

// Strength are the figures of one decision for one party.
type Strength struct {
	// Margin is the fewest of the party's ballots that would have had to be different for another outcome, all others staying. 0: not even
	// all of them could, the ballots are secret, or the outcome did not come from ballots.
	Margin int
	// Ballots is how many the party cast, in the open or in secret.
	Ballots int
	// Prevent is Coleman's power to prevent action, Initiate to initiate it (Coleman 1971), in [0,1]; nil where no power is defined.
	Prevent, Initiate *big.Rat
	// Seconds of speaking time on the item up to the close, of the party and of everyone; 0 when not measured.
	Seconds, SecondsAll int
	// Voice is the party's share of speaking time divided by its share of the people who were there; 1 is proportional, 0 is silence or
	// not measured.
	Voice float64
	// AdviceGiven counts the party's pieces of advice and proposals to the item up to the close, AdviceAnswered those that somebody else
	// answered within thirty days.
	AdviceGiven, AdviceAnswered int
	// Success: the party's ballot (a group's majority, by weight) equals the outcome: yes, no, or empty when either is missing or secret.
	// Agreeing with the outcome is not power (Barry 1980).
	Success string
}

// Strength gives the figures of a party.
func (c *Case) Strength(party Party) Strength {
	f, s := c.facts(party), Strength{}
	for _, i := range f.x {
		if id := f.poll.Voters[i].Participant; c.choice(f.poll)(i) != eventv1.Choice_CHOICE_UNSPECIFIED || slices.Contains(f.d.Secret.GetTookPart(), id) {
			s.Ballots++
		}
	}
	if who := f.acting(); len(who) > 0 && f.d.Charter.GetRule() != nil {
		if index, ok := c.index(f.poll, who); ok {
			s.Prevent, s.Initiate = index.Prevent(), index.Initiate()
		}
	}
	if f.d.Secret == nil && f.poll.Outcome(c.choice(f.poll)).Outcome == f.outcome {
		s.Margin = f.poll.Margin(c.choice(f.poll), f.x)
	}
	s.Success = f.success()
	s.Seconds, s.SecondsAll, s.Voice = f.voice()
	s.AdviceGiven, s.AdviceAnswered = f.responses()
	return s
}

// acting are the voters whose power is meant: those who took part or, when nobody did, those who could have.
func (f *facts) acting() []int {
	if len(f.x) > 0 {
		return f.x
	}
	return f.b
}

func (f *facts) success() string {
	yes, no := f.wanted()
	switch {
	case yes == no, f.outcome == eventv1.Outcome_OUTCOME_NO_DECISION:
		return ""
	case (yes > no) == (f.outcome == eventv1.Outcome_OUTCOME_ADOPTED):
		return "yes"
	default:
		return "no"
	}
}

// wanted is the party's weight for and against as it was cast. An objection that was set aside is not counted any more, but whoever raised it did not get
// their way: left out, figures would be best where objections are set aside. One that was withdrawn or taken up is no longer against.
func (f *facts) wanted() (yes, no uint64) {
	yes, no = f.sides()
	for _, i := range f.x {
		id := f.poll.Voters[i].Participant
		if f.d.Ballots[id].Choice == eventv1.Choice_CHOICE_AGAINST && f.d.Choice(id) == eventv1.Choice_CHOICE_ABSTAIN && f.setAside(id) {
			no += f.poll.Voters[i].Weight
		}
	}
	return yes, no
}

// setAside: the last that became of somebody's objection is that it was dismissed.
func (f *facts) setAside(objector string) bool {
	aside := false
	for _, a := range f.d.Acts {
		if a.Objector != objector || f.d.Superseded(a) {
			continue
		}
		switch a.Kind {
		case eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED:
			aside = true
		case eventv1.ActKind_ACT_KIND_OBJECTION_INTEGRATED, eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN:
			aside = false
		}
	}
	return aside
}

// voice is measured over those who were there: everyone at the session whom the electorate does not state to have been away.
func (f *facts) voice() (seconds, all int, voice float64) {
	for _, said := range f.c.Contributions {
		all += int(said.Seconds)
		if slices.Contains(f.party.Members, said.By) {
			seconds += int(said.Seconds)
		}
	}
	members, everyone := 0, 0
	for _, p := range f.c.Participants {
		if e := f.d.Standing(p.ID); e != nil && !e.Present {
			continue
		}
		everyone++
		if slices.Contains(f.party.Members, p.ID) {
			members++
		}
	}
	if all == 0 || members == 0 {
		return seconds, all, 0
	}
	return seconds, all, float64(seconds) * float64(everyone) / (float64(all) * float64(members))
}

func (f *facts) responses() (given, answered int) {
	for _, said := range f.c.Contributions {
		asks := said.Kind == eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE || said.Kind == eventv1.ContributionKind_CONTRIBUTION_KIND_PROPOSAL
		if !asks || !slices.Contains(f.party.Members, said.By) {
			continue
		}
		given++
		if slices.ContainsFunc(f.c.Replies, func(r Contribution) bool {
			return r.Session == said.Session && r.Answers == said.Number && r.By != said.By && r.At.Sub(said.At) <= answeredWithin
		}) {
			answered++
		}
	}
	return given, answered
}
