package evidence

import (
	"cmp"
	"slices"

	"tavolo/pkg/domain/role"
)

// This chapter aggregates without reading every line: how many decisions had which role for which reason is all that a median needs.

// Tally is a number of decisions with the same role for the same reason.
type Tally struct {
	Role   role.Role
	Reason role.Reason
	N      int
}

// Tallies counts lines of one party, in the order of role and reason.
func Tallies(lines []Line) []Tally {
	var each []Tally
	for _, l := range lines {
		each = append(each, Tally{l.Role, l.Reason, 1})
	}
	return Add(each)
}

// Add puts tallies of the same role and reason together, in that order; those of nothing go.
func Add(tallies []Tally) []Tally {
	by := map[Tally]int{}
	for _, t := range tallies {
		by[Tally{Role: t.Role, Reason: t.Reason}] += t.N
	}
	var all []Tally
	for t, n := range by {
		t.N = n
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b Tally) int { return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Reason, b.Reason)) })
	return all
}

// OverTallies is Over for decisions of equal weight of which only the numbers are known: it names no decisions.
func OverTallies(key string, tallies []Tally, least int) Aggregate {
	if least <= 0 {
		least = role.LeastIncluded
	}
	a := Aggregate{Key: key, Reasons: map[role.Reason]int{}, Summary: role.Summary{Distribution: map[role.Role]int{}, Excluded: map[role.Reason]int{}}}
	var weighed []role.Weighted
	for _, t := range tallies {
		switch {
		case t.N <= 0:
		case t.Reason.Excludes():
			a.Excluded[t.Reason] += t.N
		default:
			a.Reasons[t.Reason] += t.N
			a.Distribution[t.Role] += t.N
			a.Included += t.N
			weighed = append(weighed, role.Weighted{Role: t.Role, Reason: t.Reason, Weight: uint64(t.N)})
		}
	}
	m := role.Median(weighed, 1) // by weight: each of these stands for many decisions
	a.Best, a.Worst, a.TooFew = m.Best, m.Worst, a.Included < least
	if a.Role = m.Role; a.TooFew {
		a.Role = role.Other
	}
	return a
}
