package evidence

import (
	"math/big"
	"slices"
	"time"

	"tavolo/pkg/domain/role"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is the role ledger: one line a decision and a person or group, and the filters that evaluators put on it.

// Line is one answer of the record with everything that it can be grouped by.
type Line struct {
	Workspace, Region, Initiative string
	// Session and Decision are full ids.
	Session, Decision string
	Scope             eventv1.Scope
	Area              eventv1.Area
	Stage             eventv1.Stage
	Kind              eventv1.SessionKind
	ClosedAt          time.Time
	// Who is a participant's pseudonym, users:strict, users:broad or constituency:<code>.
	Who                  string
	Role, RoleAtDecision role.Role
	Rule                 int
	Reason               role.Reason
	// Power is the absolute Banzhaf index, nil where none is defined.
	Power   *big.Rat
	Pivotal role.Pivotal
	Flags   []string
	// Weight of the decision in an aggregate; 0 counts as 1.
	Weight uint64
}

// The two views of users. The strict one is the headline, the broad one shows how much depends on that choice.
const (
	Strict = "users:strict"
	Broad  = "users:broad"
)

// Filter chooses lines. What is empty chooses everything.
type Filter struct {
	Workspaces, Regions []string
	Initiative, Session string
	Who                 string
	Scope               eventv1.Scope
	Area                eventv1.Area
	Stage               eventv1.Stage
	Kind                eventv1.SessionKind
	// From is the first moment, To the first that no longer counts.
	From, To time.Time
}

// Matches reports whether the filter chooses a line.
func (f *Filter) Matches(l *Line) bool {
	switch {
	case len(f.Workspaces) > 0 && !slices.Contains(f.Workspaces, l.Workspace),
		len(f.Regions) > 0 && !slices.Contains(f.Regions, l.Region),
		f.Initiative != "" && f.Initiative != l.Initiative,
		f.Session != "" && f.Session != l.Session,
		f.Who != "" && f.Who != l.Who,
		f.Scope != 0 && f.Scope != l.Scope,
		f.Area != 0 && f.Area != l.Area,
		f.Stage != 0 && f.Stage != l.Stage,
		f.Kind != 0 && f.Kind != l.Kind,
		!f.From.IsZero() && l.ClosedAt.Before(f.From),
		!f.To.IsZero() && !l.ClosedAt.Before(f.To):
		return false
	}
	return true
}

// Choose gives the lines that a filter chooses, in their order.
func (f *Filter) Choose(lines []Line) []Line {
	var chosen []Line
	for i := range lines {
		if f.Matches(&lines[i]) {
			chosen = append(chosen, lines[i])
		}
	}
	return chosen
}
