package evidence

import (
	"slices"
	"time"

	"tavolo/pkg/domain/role"
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
func (r *Reading) Success(view string, from, to time.Time) Success {
	var s Success
	for _, d := range r.decisions {
		e := d.users.of(view)
		if e.success == "" || !within(d.at, from, to) {
			continue
		}
		s.All.count(e.success == "yes")
		if e.divergent {
			s.Divergent.count(e.success == "yes")
			s.Decisions = append(s.Decisions, d.id)
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
func (r *Reading) Voice(view string, from, to time.Time) Voice {
	var v Voice
	var spoken []int
	for _, s := range r.sessions {
		if !within(s.at, from, to) {
			continue
		}
		v.Turns = v.Turns.plus(Share{s.usersTurns.of(view), s.turns})
		if s.seconds == 0 {
			continue
		}
		v.Sessions++
		v.Seconds = v.Seconds.plus(Share{s.usersSeconds.of(view), s.seconds})
		v.Expected += float64(s.seconds) * float64(s.users.of(view)) / float64(s.seats)
		spoken = append(spoken, s.spoken...)
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
	// DaysToAdmission is the median from proposal to admission of users' items, over the Admitted ones; the same for everybody else's.
	DaysToAdmission, DaysToAdmissionOthers float64
	Admitted, AdmittedOthers               int
}

// Agenda reads the items that were proposed in a period. A proposer counts by what the roll says of them.
func (r *Reading) Agenda(view string, from, to time.Time) Agenda {
	var a Agenda
	var days, daysOthers []float64
	for _, i := range r.items {
		if !within(i.at, from, to) {
			continue
		}
		if i.by == "" {
			if i.decided {
				a.Unattributed++
			}
			continue
		}
		users := i.users.of(view)
		if i.decided {
			a.Decided.count(users)
		}
		waited := i.admitted.Sub(i.at).Hours() / 24
		if users {
			a.Refused.count(i.refused)
			if !i.admitted.IsZero() {
				days = append(days, waited)
			}
		} else {
			a.RefusedOthers.count(i.refused)
			if !i.admitted.IsZero() {
				daysOthers = append(daysOthers, waited)
			}
		}
		if users && i.refused {
			a.RefusedItems = append(a.RefusedItems, i.id)
		}
	}
	a.DaysToAdmission, a.Admitted, a.DaysToAdmissionOthers, a.AdmittedOthers = median(days), len(days), median(daysOthers), len(daysOthers)
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
func (r *Reading) Reach(view string, from, to time.Time) Reach {
	var out Reach
	var powers, margins []float64
	for _, d := range r.decisions {
		if !within(d.at, from, to) {
			continue
		}
		e := d.users.of(view)
		if e.pivotal == role.IsPivotal || e.pivotal == role.NotPivotal {
			out.Pivotal.count(e.pivotal == role.IsPivotal)
		}
		if e.power >= 0 {
			powers = append(powers, e.power)
		}
		if e.power == 0 {
			out.WithoutPower++
		}
		if e.margin > 0 {
			margins = append(margins, float64(e.margin))
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

// Figures reads all figures of a period, from facts that are known at an instant.
func (r *Reading) Figures(view string, from, to, asOf time.Time) Figures {
	return Figures{view, r.Reach(view, from, to), r.Success(view, from, to), r.Voice(view, from, to), r.Agenda(view, from, to), r.Responsiveness(view, from, to, asOf), r.Changes(view, from, to), r.Implementation(from, to, asOf)}
}

// UserView reports whether who is one of the two views of users.
func UserView(who string) bool { return who == Strict || who == Broad }
