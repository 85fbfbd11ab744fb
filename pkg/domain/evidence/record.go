package evidence

import (
	"cmp"
	"slices"
	"time"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/domain/session"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is the whole record of one workspace up to an instant, folded: what lines, figures and findings are read from.

// Record holds the folds of one workspace, each kind in the order of the ids.
type Record struct {
	Workspace, Region string
	AsOf              time.Time
	Initiatives       []*aggregate.Aggregate
	Sessions          []*aggregate.Aggregate
	Items             []*aggregate.Aggregate
	// Decisions that are closed.
	Decisions []*aggregate.Aggregate
	byKey     map[aggregate.Key]*aggregate.Aggregate
}

// NewRecord sorts the folds of a workspace, which hold only what had happened by asOf. They are not changed.
func NewRecord(workspace string, asOf time.Time, folds []*aggregate.Aggregate) *Record {
	r := &Record{Workspace: workspace, AsOf: asOf, byKey: map[aggregate.Key]*aggregate.Aggregate{}}
	for _, a := range folds {
		r.byKey[a.Key] = a
		switch a.Kind {
		case aggregate.Workspace:
			r.Region = a.Workspace.Region
		case aggregate.Initiative:
			r.Initiatives = append(r.Initiatives, a)
		case aggregate.Session:
			r.Sessions = append(r.Sessions, a)
		case aggregate.Item:
			r.Items = append(r.Items, a)
		case aggregate.Decision:
			if a.Decision.Phase == decision.Closed {
				r.Decisions = append(r.Decisions, a)
			}
		}
	}
	for _, list := range [][]*aggregate.Aggregate{r.Initiatives, r.Sessions, r.Items, r.Decisions} {
		slices.SortFunc(list, func(a, b *aggregate.Aggregate) int { return cmp.Compare(a.ID, b.ID) })
	}
	return r
}

// Item gives an item by its full id, nil when it was never proposed.
func (r *Record) Item(id string) *item.State {
	if a := r.byKey[aggregate.Key{Kind: aggregate.Item, ID: id}]; a != nil {
		return a.Item
	}
	return nil
}

// Session gives a session by its full id, nil when it was never prepared.
func (r *Record) Session(id string) *session.State {
	if a := r.byKey[aggregate.Key{Kind: aggregate.Session, ID: id}]; a != nil {
		return a.Session
	}
	return nil
}

// Case gives a closed decision as the role rules read it.
func (r *Record) Case(d *aggregate.Aggregate) *role.Case {
	_, in, _ := decision.Split(d.ID)
	return role.NewCase(d.Decision, r.Item(d.Decision.Item), r.Session(in), r.AsOf)
}

// Lines judges every closed decision.
func (r *Record) Lines() []Line {
	var lines []Line
	for _, d := range r.Decisions {
		at := r.place(d)
		for _, j := range role.Judge(r.Case(d)) {
			l := at
			l.Who, l.Role, l.RoleAtDecision, l.Rule, l.Reason = j.Who, j.Role, j.RoleAtDecision, j.Rule, j.Reason
			l.Power, l.Pivotal, l.Flags = j.Power, j.Pivotal, j.Flags
			lines = append(lines, l)
		}
	}
	return lines
}

// place is what a decision is grouped by.
func (r *Record) place(d *aggregate.Aggregate) Line {
	home, in, _ := decision.Split(d.ID)
	l := Line{Workspace: r.Workspace, Region: r.Region, Initiative: home, Session: in, Decision: d.ID, ClosedAt: d.Decision.ClosedAt}
	if a := r.byKey[aggregate.Key{Kind: aggregate.Initiative, ID: home}]; a != nil {
		l.Scope, l.Area, l.Stage = a.Initiative.Scope, a.Initiative.Area, a.Initiative.Stage
	}
	if s := r.Session(in); s != nil {
		l.Kind = s.Kind
	}
	return l
}

// Department says what the survey asks of a department, from the record of a period: from included, to not.
func (r *Record) Department(view string, from, to time.Time) Department {
	planning := Filter{Who: view, Scope: eventv1.Scope_SCOPE_STRATEGIC_PLANNING, From: from, To: to}
	d := Department{Workspace: r.Workspace, Region: r.Region, Planning: planning.Choose(r.Lines())}
	for _, s := range r.Sessions {
		if !within(s.Session.OpenedAt, from, to) {
			continue
		}
		d.Tools = d.Tools || s.Session.Kind == eventv1.SessionKind_SESSION_KIND_FOCUS_GROUP
		users := slices.ContainsFunc(s.Session.Seats, func(seat session.Seat) bool { return InView(view, seat.Capacity) })
		home, _ := s.InitiativeKey()
		if a := r.byKey[home]; a != nil && users {
			d.Engages = true
			if area := a.Initiative.Area; area != 0 && !slices.Contains(d.Areas, area) {
				d.Areas = append(d.Areas, area)
			}
		}
	}
	slices.Sort(d.Areas)
	return d
}

// within reports whether a moment lies in a period, whose open ends are zero. What never began lies in none.
func within(at, from, to time.Time) bool {
	return !at.IsZero() && (from.IsZero() || !at.Before(from)) && (to.IsZero() || at.Before(to))
}

// InView reports whether somebody with this capacity belongs to a view of users.
func InView(view string, c decision.Capacity) bool {
	if view == Broad {
		return c.Constituency == role.User || c.Constituency == role.Family || c.Constituency == role.PSW
	}
	return c.Constituency == role.User && !c.EmployedByDepartment
}
