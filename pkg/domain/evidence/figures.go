package evidence

import (
	"slices"
	"time"

	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter gives the figures of many decisions for one view of users. They stand beside the roles and never decide one.

// LeastDivergent is how many decisions in which users and professionals wanted different things conditional success needs: with fewer, luck says more
// than the figure does.
const LeastDivergent = 5

// Success is how often the outcome was what most users wanted.
type Success struct {
	// All: decisions where most users wanted one thing, and the outcome was it. Agreeing with everybody else counts too, so this is not influence.
	All Share
	// Divergent: the same among decisions where most professionals wanted the opposite. This is the figure that says something; with fewer than
	// LeastDivergent decisions it must not be shown (Enough).
	Divergent Share
	Interval  Interval
	Enough    bool
	Decisions []string // the divergent ones, full ids
}

// professionals is the group that conditional success compares with.
const professionals = "constituency:professional"

// Success compares the users' majority with the outcome, in decisions whose ballots are open.
func (r *Record) Success(view string, from, to time.Time) Success {
	var s Success
	for _, d := range r.Decisions {
		if !within(d.Decision.ClosedAt, from, to) {
			continue
		}
		c := r.Case(d)
		success := map[string]string{}
		for _, p := range c.Parties() {
			if p.Who == view || p.Who == professionals {
				success[p.Who] = c.Strength(p).Success
			}
		}
		users, others := success[view], success[professionals]
		if users == "" {
			continue
		}
		s.All.count(users == "yes")
		if others != "" && others != users { // two majorities, one outcome: they differ when only one of them got its way
			s.Divergent.count(users == "yes")
			s.Decisions = append(s.Decisions, d.ID)
		}
	}
	s.Interval, s.Enough = s.Divergent.Wilson(), s.Divergent.Whole >= LeastDivergent
	return s
}

// Join adds up successes of several workspaces.
func (s Success) Join(o Success) Success {
	s.All, s.Divergent = s.All.plus(o.All), s.Divergent.plus(o.Divergent)
	s.Decisions = append(slices.Clone(s.Decisions), o.Decisions...)
	s.Interval, s.Enough = s.Divergent.Wilson(), s.Divergent.Whole >= LeastDivergent
	return s
}

func (s *Share) count(is bool) {
	s.Whole++
	if is {
		s.Part++
	}
}

func (s Share) plus(o Share) Share { return Share{s.Part + o.Part, s.Whole + o.Whole} }

// Voice is how much of the speaking was the users'.
type Voice struct {
	// Seconds of speaking time in sessions where it was measured, and the users' turns among all turns of all sessions.
	Seconds, Turns Share
	// Expected are the seconds that the users would have spoken had everybody in each room spoken equally long.
	Expected float64
	// Sessions where time was measured.
	Sessions int
	// Gini of speaking time among everybody who was in a room, users or not: 0 all spoke equally long, near 1 one person spoke.
	Gini float64
}

// Ratio is the users' speaking time in proportion to their number: 1 is proportional. ok is false when nothing was measured.
func (v *Voice) Ratio() (ratio float64, ok bool) {
	if v.Expected == 0 {
		return 0, false
	}
	return float64(v.Seconds.Part) / v.Expected, true
}

// Voice adds up who spoke in the sessions that began in a period.
func (r *Record) Voice(view string, from, to time.Time) Voice {
	var v Voice
	var spoken []int
	for _, s := range r.Sessions {
		if !within(s.Session.OpenedAt, from, to) || len(s.Session.Seats) == 0 {
			continue
		}
		seconds, users, mine, all := map[string]int{}, map[string]bool{}, 0, 0
		for _, seat := range s.Session.Seats {
			seconds[seat.Participant] = 0
			users[seat.Participant] = InView(view, seat.Capacity)
		}
		for _, i := range r.Items {
			for _, said := range i.Item.In(s.ID) {
				v.Turns.count(users[said.By])
				seconds[said.By] += int(said.Seconds)
				all += int(said.Seconds)
				if users[said.By] {
					mine += int(said.Seconds)
				}
			}
		}
		if all == 0 {
			continue
		}
		n := 0
		for _, is := range users {
			if is {
				n++
			}
		}
		v.Sessions++
		v.Seconds = v.Seconds.plus(Share{mine, all})
		v.Expected += float64(all) * float64(n) / float64(len(s.Session.Seats))
		for _, x := range seconds {
			spoken = append(spoken, x)
		}
	}
	v.Gini = gini(spoken)
	return v
}

// gini is the Gini coefficient of amounts, 0 when there is nothing to share.
func gini(amounts []int) float64 {
	slices.Sort(amounts)
	weighted, sum := 0, 0
	for i, x := range amounts {
		weighted += (2*(i+1) - len(amounts) - 1) * x
		sum += x
	}
	if sum == 0 {
		return 0
	}
	return float64(weighted) / (float64(len(amounts)) * float64(sum))
}

// Agenda is who set what was talked about: the second face of power.
type Agenda struct {
	// Decided: items proposed by users among the items on which something was decided, those without a recorded proposer left out.
	Decided Share
	// Unattributed items were decided and nobody recorded who proposed them.
	Unattributed int
	// Refused: items of users kept off the agenda, among all items of users; RefusedOthers the same for everybody else's.
	Refused, RefusedOthers Share
	RefusedItems           []string // full ids
}

// Agenda reads the items that were proposed in a period. A proposer counts by what the roll says of them.
func (r *Record) Agenda(view string, from, to time.Time) Agenda {
	var a Agenda
	decided := map[string]bool{}
	for _, d := range r.Decisions {
		if d.Decision.Final() != eventv1.Outcome_OUTCOME_NO_DECISION {
			decided[d.Decision.Item] = true
		}
	}
	for _, i := range r.Items {
		if !within(i.Item.ProposedAt, from, to) {
			continue
		}
		if i.Item.ProposedBy == "" {
			if decided[i.ID] {
				a.Unattributed++
			}
			continue
		}
		home, _ := i.InitiativeKey()
		users := false
		if roll := r.byKey[home]; roll != nil {
			capacity, _ := roll.Initiative.Roll(i.Item.ProposedBy)
			users = InView(view, capacity)
		}
		if decided[i.ID] {
			a.Decided.count(users)
		}
		refused := i.Item.Phase == item.Refused
		if users {
			a.Refused.count(refused)
		} else {
			a.RefusedOthers.count(refused)
		}
		if users && refused {
			a.RefusedItems = append(a.RefusedItems, i.ID)
		}
	}
	return a
}

// Reach is what the users' votes could do, decision by decision: before the vote by the rule, after it as things stood.
type Reach struct {
	// Pivotal: the outcome would have been another without the users' ballots, among the decisions where that is known.
	Pivotal Share
	// MedianPower of the users voting together, in [0,1], over WithPower decisions where it is defined; in WithoutPower of them it is nothing.
	MedianPower             float64
	WithPower, WithoutPower int
	// MedianMargin is the fewest users' ballots that would have had to be different for another outcome, over the WithMargin decisions where some would
	// have been enough.
	MedianMargin float64
	WithMargin   int
}

// Reach reads the decisions closed in a period.
func (r *Record) Reach(view string, from, to time.Time) Reach {
	var out Reach
	var powers, margins []float64
	for _, d := range r.Decisions {
		if !within(d.Decision.ClosedAt, from, to) {
			continue
		}
		c := r.Case(d)
		for _, j := range role.Judge(c) {
			if j.Who != view {
				continue
			}
			if j.Pivotal == role.IsPivotal || j.Pivotal == role.NotPivotal {
				out.Pivotal.count(j.Pivotal == role.IsPivotal)
			}
			if j.Power != nil {
				p, _ := j.Power.Float64()
				powers = append(powers, p)
				if p == 0 {
					out.WithoutPower++
				}
			}
		}
		for _, p := range c.Parties() {
			if p.Who == view {
				if margin := c.Strength(p).Margin; margin > 0 {
					margins = append(margins, float64(margin))
				}
			}
		}
	}
	out.MedianPower, out.WithPower, out.MedianMargin, out.WithMargin = median(powers), len(powers), median(margins), len(margins)
	return out
}

// Figures are all of them for one workspace.
type Figures struct {
	View           string
	Reach          Reach
	Success        Success
	Voice          Voice
	Agenda         Agenda
	Responsiveness Responsiveness
	Changes        Changes
	Implementation Implementation
}

// Figures reads all figures of a period.
func (r *Record) Figures(view string, from, to time.Time) Figures {
	return Figures{view, r.Reach(view, from, to), r.Success(view, from, to), r.Voice(view, from, to), r.Agenda(view, from, to), r.Responsiveness(view, from, to), r.Changes(view, from, to), r.Implementation(from, to)}
}

// UserView reports whether who is one of the two views of users.
func UserView(who string) bool { return who == Strict || who == Broad }
