package sample

import (
	"slices"
	"time"

	"tavolo/pkg/minutes"
)

// This chapter writes one decision of a kind.

// decision writes a decision, with what became of it as far as the year goes.
func (w *writer) decision(id string, k kind) minutes.Decision {
	d := minutes.Decision{ID: id, Charter: &minutes.Charter{Rule: &minutes.Rule{Method: minutes.MethodMajority, Threshold: minutes.Majority, Base: minutes.BaseCast, Tie: minutes.TieStatusQuo}}}
	adopted := !w.chance(18)
	switch k {
	case doubleMajority, throughProxy, overridden, refusedLater, noQuorum:
		adopted = adopted || k == overridden || k == refusedLater
		d.Charter.Rule = &minutes.Rule{Method: minutes.MethodConstituencies, Tie: minutes.TieStatusQuo, Constituencies: []minutes.ConstituencyRule{
			{Of: []minutes.Constituency{minutes.ConstituencyUser}, Threshold: minutes.Majority, Base: minutes.BaseCast}, {Of: []minutes.Constituency{minutes.ConstituencyProfessional}, Threshold: minutes.Majority, Base: minutes.BaseCast}}}
		d.Electorate = append(w.votes(w.users, true, minutes.StandingBindingVote), w.votes(w.professionals, adopted, minutes.StandingBindingVote)...)
	case majority, secretBallot, deferred:
		d.Electorate = w.common(adopted)
	case ratified:
		d.Charter.Ratification = minutes.RatificationMerit
		d.Electorate = w.common(adopted)
	case consent, dismissed:
		adopted = true
		d.Charter.Rule = &minutes.Rule{Method: minutes.MethodConsent}
		d.Electorate = append(w.agree(w.users, minutes.ChoiceFor), w.agree(w.professionals, minutes.ChoiceFor)...)
	case claimed:
		d.Charter.Rule = &minutes.Rule{Method: minutes.MethodConsensus}
		d.ClaimedConsensus, d.ClaimedOutcome = true, minutes.OutcomeAdopted
		d.Electorate = append(w.agree(w.users, ""), w.agree(w.professionals, "")...)
	case delegated:
		d.Electorate = append(w.votes(w.users, adopted, minutes.StandingDelegated), w.listeners(w.professionals)...)
	case tokenVote:
		d.Electorate = w.token(adopted)
	case proxyOutside:
		d.Electorate = append(w.votes(w.users, true, minutes.StandingBindingVote), w.votes(w.professionals, true, minutes.StandingBindingVote)...)
	case advice:
		d.Electorate = append(w.advisers(), w.votes(w.professionals, adopted, minutes.StandingBindingVote)...)
	case informed:
		d.Electorate = append(w.listeners(w.users), w.votes(w.professionals, adopted, minutes.StandingBindingVote)...)
	case absent:
		d.Electorate = append(w.away(), w.votes(w.professionals, adopted, minutes.StandingBindingVote)...)
	case silent: // on the list, with nothing to do
		d.Electorate = append(w.listeners(w.users), w.votes(w.professionals, adopted, minutes.StandingBindingVote)...)
		for i := range w.users {
			d.Electorate[i].Standing = minutes.StandingNone
		}
	default: // voiceOnly, notInvited, noRule
		d.Electorate = w.votes(w.professionals, adopted, minutes.StandingBindingVote)
	}
	if (k == advice || k == informed) && w.chance(20) { // relatives and peer workers vote where those who use the services do not: strict and broad differ
		d.Electorate = append(d.Electorate, w.votes(w.others, adopted, minutes.StandingBindingVote)...)
	}
	w.bend(&d, k)
	if adopted && k < deferred {
		w.follow(&d, k)
	}
	return d
}

// bend adds what makes a kind of decision what it is.
func (w *writer) bend(d *minutes.Decision, k kind) {
	switch k {
	case secretBallot:
		d.Charter.Secret, d.Tally = true, &minutes.Tally{}
		for i := range d.Electorate {
			e := &d.Electorate[i]
			switch e.Ballot {
			case minutes.ChoiceFor:
				d.Tally.For++
			case minutes.ChoiceAgainst:
				d.Tally.Against++
			case minutes.ChoiceAbstain:
				d.Tally.Abstain++
			}
			e.Cast, e.Ballot = e.Ballot != "", ""
		}
	case throughProxy: // the last user gave the vote to the first
		e := &d.Electorate[len(w.users)-1]
		e.Present, e.Ballot, e.Proxy = false, d.Electorate[0].Ballot, &minutes.Proxy{To: w.users[0], Instructed: true}
	case proxyOutside:
		for i := range w.users {
			e := &d.Electorate[i]
			e.Present, e.Ballot, e.Proxy = false, minutes.ChoiceFor, &minutes.Proxy{To: w.professionals[0]}
		}
	case noQuorum:
		d.Charter.Rule.Quorum = &minutes.Quorum{Fraction: minutes.Fraction{Num: 1, Den: 1}}
		e := &d.Electorate[len(d.Electorate)-1]
		e.Present, e.Ballot = false, ""
	case noRule:
		d.Charter = nil
	case deferred:
		d.Acts = append(d.Acts, minutes.Act{Kind: minutes.ActDeferred})
		for i := range d.Electorate {
			d.Electorate[i].Ballot = ""
		}
	case ratified, advice:
		same := w.chance(75)
		d.Acts = append(d.Acts, minutes.Act{Kind: minutes.ActFinalAct, By: director, SameAsOutcome: &same, At: w.after(2, 20)})
	case overridden:
		d.Acts = append(d.Acts, minutes.Act{Kind: minutes.ActReversed, By: director, At: w.after(3, 25)})
	case dismissed:
		d.Electorate[0].Ballot = minutes.ChoiceAgainst
		for i := range w.users[1:] { // the others did not take part: the objection was the users' only voice
			e := &d.Electorate[i+1]
			e.Present, e.Ballot = false, ""
		}
		facilitator := w.professionals[len(w.professionals)-1]
		d.Acts = append(d.Acts, minutes.Act{Kind: minutes.ActObjectionRaised, Objector: w.users[0], At: w.opened.Add(time.Hour)},
			minutes.Act{Kind: minutes.ActObjectionDismissed, Objector: w.users[0], By: facilitator, At: w.opened.Add(70 * time.Minute)})
	}
}

// after is some days after the session, within the year.
func (w *writer) after(least, most int) time.Time {
	at := w.closed.Add(time.Duration(least+w.r.IntN(most-least)) * 24 * time.Hour)
	if !at.Before(w.end) {
		at = w.closed.Add(w.end.Sub(w.closed) / 2)
	}
	return at
}

// follow says who has to carry an adopted decision out, and what came of that.
func (w *writer) follow(d *minutes.Decision, k kind) {
	if k == refusedLater {
		d.Acts = append(d.Acts, minutes.Act{Kind: minutes.ActImplementationRefused, By: director, At: w.after(5, 60)})
		return
	}
	if k == overridden || !w.chance(60) {
		return
	}
	days := 20 + w.r.IntN(80)
	due := w.closed.AddDate(0, 0, days).Truncate(24 * time.Hour)
	d.Acts = append(d.Acts, minutes.Act{Kind: minutes.ActImplementationDue, Owner: director, Due: minutes.Deadline{At: due, WholeDay: true}})
	late := due.AddDate(0, 0, w.r.IntN(40)-20)
	if !late.After(w.closed) || !late.Before(w.end) {
		return
	}
	switch n := w.r.IntN(100); {
	case n < 70:
		d.Acts = append(d.Acts, minutes.Act{Kind: minutes.ActImplemented, At: late})
	case n < 84:
		d.Acts = append(d.Acts, minutes.Act{Kind: minutes.ActImplementationExplained, At: late})
	}
}

// votes has a group vote. More than half of it goes one way; the others as they like.
func (w *writer) votes(group []string, yes bool, standing minutes.Standing) []minutes.Elector {
	most, least := minutes.ChoiceFor, minutes.ChoiceAgainst
	if !yes {
		most, least = least, most
	}
	var all []minutes.Elector
	for n, id := range group {
		e := minutes.Elector{Participant: id, Standing: standing, Weight: 1, Present: true, Ballot: most}
		if n > len(group)/2 {
			e.Ballot = []minutes.Choice{most, most, least, minutes.ChoiceAbstain}[w.r.IntN(4)]
		}
		all = append(all, e)
	}
	return all
}

// common has users and professionals vote together: the professionals are split, or the users lose.
func (w *writer) common(adopted bool) []minutes.Elector {
	return append(w.votes(w.users, adopted != w.chance(25), minutes.StandingBindingVote), w.votes(w.professionals, adopted, minutes.StandingBindingVote)...)
}

func (w *writer) agree(group []string, ballot minutes.Choice) []minutes.Elector {
	var all []minutes.Elector
	for _, id := range group {
		all = append(all, minutes.Elector{Participant: id, Standing: minutes.StandingConsent, Weight: 1, Present: true, Ballot: ballot})
	}
	return all
}

func (w *writer) listeners(group []string) []minutes.Elector {
	var all []minutes.Elector
	for _, id := range group {
		all = append(all, minutes.Elector{Participant: id, Standing: minutes.StandingInformed, Weight: 1, Present: true})
	}
	return all
}

func (w *writer) advisers() []minutes.Elector {
	var all []minutes.Elector
	for n, id := range w.users {
		e := minutes.Elector{Participant: id, Standing: minutes.StandingConsulted, Weight: 1, Present: true}
		if n == 0 || w.chance(70) {
			e.Advice = []minutes.Choice{minutes.ChoiceFor, minutes.ChoiceFor, minutes.ChoiceAgainst}[w.r.IntN(3)]
		}
		all = append(all, e)
	}
	return all
}

// away: users have a vote, and did not come.
func (w *writer) away() []minutes.Elector {
	all := w.votes(w.users, true, minutes.StandingBindingVote)
	for i := range all {
		all[i].Present, all[i].Ballot = false, ""
	}
	return all
}

// token has three professionals vote whose weights decide whatever the users do.
func (w *writer) token(adopted bool) []minutes.Elector {
	heavy := slices.Clone(w.professionals[:3])
	all := w.votes(heavy, adopted, minutes.StandingBindingVote)
	for i := range all {
		all[i].Weight = int64(len(w.users)) + 1
		if all[i].Ballot == minutes.ChoiceAbstain {
			all[i].Ballot = minutes.ChoiceAgainst
		}
	}
	return append(w.votes(w.users, adopted, minutes.StandingBindingVote), all...)
}
