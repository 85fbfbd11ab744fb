package evidence

import (
	"fmt"
	"slices"

	"tavolo/pkg/domain/role"
)

// This chapter aggregates lines: the median role (package role) with what roles.md wants stored beside every aggregate.

// Aggregate is the role of one party over many decisions, and what it stands on.
type Aggregate struct {
	role.Summary
	// Key is what the lines have in common: a session's id, an initiative's, a workspace's …
	Key string
	// BestDecision and WorstDecision are the latest ones with the best and with the worst role, as workspace/id; empty where there is neither.
	BestDecision, WorstDecision string
	// Decisions are the full ids of all decisions, included or not, with their workspace in front, ascending.
	Decisions []string
	// Reasons counts the included decisions by reason.
	Reasons map[role.Reason]int
	// TooFew: the role is Other only because fewer decisions are included than a median needs.
	TooFew bool
}

// Over aggregates lines of one party. least is how many included decisions a median needs; 0 means role.LeastIncluded.
func Over(key string, lines []Line, least int) Aggregate {
	weighed, ids := make([]role.Weighted, len(lines)), make([]string, len(lines))
	reasons := map[role.Reason]int{}
	for i, l := range lines {
		if !l.Reason.Excludes() {
			reasons[l.Reason]++
		}
		weighed[i] = role.Weighted{Role: l.Role, Reason: l.Reason, Weight: l.Weight}
		ids[i] = l.Workspace + "/" + l.Decision
	}
	slices.Sort(ids)
	if least <= 0 {
		least = role.LeastIncluded
	}
	s := role.Median(weighed, least)
	return Aggregate{Summary: s, Key: key, BestDecision: latest(lines, s.Best), WorstDecision: latest(lines, s.Worst), Decisions: slices.Compact(ids), Reasons: reasons, TooFew: s.Included < least}
}

// latest gives the decision that was closed last among those with a role, as workspace/id; "" when there is none.
func latest(lines []Line, r role.Role) string {
	var last *Line
	for i := range lines {
		if l := &lines[i]; r != "" && l.Role == r && !l.Reason.Excludes() && (last == nil || l.ClosedAt.After(last.ClosedAt)) {
			last = l
		}
	}
	if last == nil {
		return ""
	}
	return last.Workspace + "/" + last.Decision
}

// Share gives the share of included decisions with a role.
func (a *Aggregate) Share(r role.Role) Share { return Share{a.Distribution[r], a.Included} }

// Total is how many decisions there were, included and excluded.
func (a *Aggregate) Total() int {
	n := a.Included
	for _, x := range a.Excluded {
		n += x
	}
	return n
}

// Level is what an aggregate runs over.
type Level string

// The levels at which decisions are put together. Above the workspace, departments are counted by their role (table3.go): a large department
// does not speak for a small one.
const (
	ByPerson     Level = "who"
	ByDecision   Level = "decision"
	BySession    Level = "session"
	ByInitiative Level = "initiative"
	ByWorkspace  Level = "workspace"
	ByQuarter    Level = "quarter" // of a year, in UTC, in each workspace
)

// By aggregates lines at a level, in the order of the keys. Sessions and initiatives of different workspaces may share an id, so their keys begin with
// the workspace.
func By(level Level, lines []Line, least int) []Aggregate {
	groups, keys := map[string][]Line{}, []string(nil)
	for _, l := range lines {
		key := l.key(level)
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], l)
	}
	slices.Sort(keys)
	out := make([]Aggregate, len(keys))
	for i, key := range keys {
		out[i] = Over(key, groups[key], least)
	}
	return out
}

func (l *Line) key(level Level) string {
	switch level {
	case ByDecision:
		return l.Workspace + "/" + l.Decision
	case BySession:
		return l.Workspace + "/" + l.Session
	case ByInitiative:
		return l.Workspace + "/" + l.Initiative
	case ByQuarter:
		at := l.ClosedAt.UTC()
		return fmt.Sprintf("%s/%d-Q%d", l.Workspace, at.Year(), (at.Month()+2)/3)
	case ByPerson:
		return l.Workspace + "/" + l.Who
	default:
		return l.Workspace
	}
}

// OverDepartments aggregates departments by their roles: each counts once, whatever it decided. Those of which too few decisions are on record are counted
// apart and have no part in the median.
func OverDepartments(key string, departments []Aggregate) (a Aggregate, tooFew int) {
	var weighed []role.Weighted
	for _, d := range departments {
		if d.TooFew {
			tooFew++
			continue
		}
		weighed = append(weighed, role.Weighted{Role: d.Role})
		a.Decisions = append(a.Decisions, d.Decisions...)
	}
	a.Key, a.Summary = key, role.Median(weighed, 1)
	a.TooFew = len(weighed) == 0
	return a, tooFew
}
