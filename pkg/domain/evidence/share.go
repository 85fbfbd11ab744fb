// Package evidence aggregates the roles that the record shows: from decisions to a department, from departments to the survey's Table 3, always
// with the numbers that a figure stands on.
//
//	role ledger (line.go)      one line a decision and a group, filtered by period, scope, area, stage, kind of session, view
//	median role (aggregate.go) over any lines: role, brackets, distribution, what was left out and why, and the ids of the decisions
//	Table 3 (table3.go)        departments by role beside the published table (published.go), with intervals (interval.go)
//	figures (figures.go)       conditional success, voice, agenda, responsiveness, implementation: shown beside roles, never deciding one
//
// A percentage is a Share: it cannot be printed without its denominator being known. Percentages are rounded half up to one decimal on whole
// numbers, the rule that reproduces every correct percentage of the published tables.
//
// Not here: which role a decision gives (package role), what may be published of a small group (package disclosure).
package evidence

import "fmt"

// Share is a part of a whole, both counted. Part and Whole are not negative and Part is at most Whole.
type Share struct{ Part, Whole int }

// thousand: percentages have one decimal, so shares are counted in thousandths.
const thousand = 1000

// Thousandths rounds the share half up to thousandths; ok is false when the whole is nothing, of which there is no share.
func (s Share) Thousandths() (n int, ok bool) {
	if s.Whole <= 0 {
		return 0, false
	}
	return (2*thousand*s.Part + s.Whole) / (2 * s.Whole), true
}

// Percent writes the share as a percentage with one decimal and a point, such as 34.4; empty when the whole is nothing.
func (s Share) Percent() string {
	n, ok := s.Thousandths()
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d.%d", n/10, n%10)
}
