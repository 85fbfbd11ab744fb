package views

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/role"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter answers what needs more than the stored roles: Table 3, findings and figures. The last two stand on readings
// (readings.go).

// getTable3 answers GetTable3.
func (v *Views) getTable3(ctx context.Context, q *apiv1.GetTable3Request) (*apiv1.GetTable3Response, error) {
	s, err := v.set(ctx, &apiv1.ListRoleLedgerRequest{Workspace: q.Workspace, Period: q.Period, Scope: eventv1.Scope_SCOPE_STRATEGIC_PLANNING})
	if err != nil {
		return nil, err
	}
	if !evidence.UserView(s.who) {
		return nil, decider.Refuse("evidence/users-only")
	}
	departments, err := each(s.departments, func(d department) (evidence.Department, error) { return v.surveyed(ctx, s, d) })
	if err != nil {
		return nil, err
	}
	population := int(cmp.Or(q.Population, evidence.Departments))
	t, err := evidence.Table3(departments, population, int(q.Least))
	if err != nil {
		return nil, err
	}
	out := &apiv1.GetTable3Response{Rules: role.Version, AsOf: timestamppb.New(s.asOf), Who: s.who, Departments: uint32(len(departments)), Population: uint32(population), TooFew: uint32(t.TooFew)}
	for _, r := range t.Rows {
		out.Rows = append(out.Rows, table3Row(&r))
	}
	return out, nil
}

// surveyed says what the survey asks of a department, from the tables.
func (v *Views) surveyed(ctx context.Context, s *scene, d department) (evidence.Department, error) {
	one := evidence.Department{Workspace: d.workspace, Region: d.region}
	var err error
	if one.Planning, err = v.talliesOf(ctx, s, d); err != nil {
		return one, err
	}
	where, args := []string{"f.opened_at > 0", "f.opened_at <= ?"}, []any{s.asOf.UnixMilli()}
	if !s.from.IsZero() {
		where, args = append(where, "f.opened_at >= ?"), append(args, s.from.UnixMilli())
	}
	if !s.to.IsZero() {
		where, args = append(where, "f.opened_at < ?"), append(args, s.to.UnixMilli())
	}
	rows, err := v.read(d.workspace).QueryContext(ctx, `SELECT DISTINCT f.kind, f.strict, f.broad, coalesce(g.area, 0) FROM facet f LEFT JOIN facet g ON g.key = f.initiative WHERE `+strings.Join(where, " AND "), args...)
	if err != nil {
		return one, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind eventv1.SessionKind
		var area eventv1.Area
		var strict, broad bool
		if err := rows.Scan(&kind, &strict, &broad, &area); err != nil {
			return one, err
		}
		one.Tools = one.Tools || kind == eventv1.SessionKind_SESSION_KIND_FOCUS_GROUP
		if s.who == evidence.Broad && broad || s.who == evidence.Strict && strict {
			one.Engages = true
			if area != 0 && !slices.Contains(one.Areas, area) {
				one.Areas = append(one.Areas, area)
			}
		}
	}
	slices.Sort(one.Areas)
	return one, rows.Err()
}

func table3Row(r *evidence.Row) *apiv1.Table3Row {
	m := &apiv1.Table3Row{Item: r.Item, Option: r.Option}
	if r.Evidenced != nil {
		m.Evidenced, m.Sampled = shareOf(*r.Evidenced), intervalOf(r.Sampled)
	}
	if r.Declared != nil {
		m.Declared = shareOf(*r.Declared)
	}
	if r.Published != nil {
		m.Published, m.Printed = shareOf(r.Published.Share), r.Published.Printed
	}
	if r.Finite != nil {
		m.Finite = intervalOf(*r.Finite)
	}
	if r.Worst != nil {
		m.WorstCase = &apiv1.TableInterval{Low: r.Worst.Low.Percent(), High: r.Worst.High.Percent()}
	}
	return m
}

func shareOf(s evidence.Share) *apiv1.TableShare {
	return &apiv1.TableShare{N: uint32(s.Part), Of: uint32(s.Whole), Percent: s.Percent()}
}

func intervalOf(i evidence.Interval) *apiv1.TableInterval {
	low, high := i.Percent()
	return &apiv1.TableInterval{Low: low, High: high}
}

// listFindings answers ListFindings.
func (v *Views) listFindings(ctx context.Context, q *apiv1.ListFindingsRequest) (*apiv1.ListFindingsResponse, error) {
	s, err := v.set(ctx, &apiv1.ListRoleLedgerRequest{Workspace: q.Workspace, Period: q.Period, Initiative: q.Initiative, Scope: q.Scope, Area: q.Area, Stage: q.Stage, Kind: q.Kind})
	if err != nil {
		return nil, err
	}
	out := &apiv1.ListFindingsResponse{Rules: role.Version, AsOf: timestamppb.New(s.asOf)}
	readings, err := v.readingsOf(ctx, s)
	if err != nil {
		return nil, err
	}
	for n, d := range s.departments {
		for _, f := range readings[n].Findings(s.from, s.to, s.asOf) {
			out.Findings = append(out.Findings, &apiv1.FindingView{Workspace: d.workspace, Code: string(f.Code), Decisions: f.Decisions, Item: f.Item, Initiative: f.Initiative, Groups: f.Groups, People: uint32(f.People), At: timestamp(f.At), Evidence: f.Evidence})
		}
	}
	return out, nil
}

// getFigures answers GetFigures.
func (v *Views) getFigures(ctx context.Context, q *apiv1.GetFiguresRequest) (*apiv1.GetFiguresResponse, error) {
	if q.Workspace == "" && len(q.Period.GetDepartments()) == 0 {
		return nil, decider.Refuse("evidence/workspace-missing")
	}
	s, err := v.set(ctx, &apiv1.ListRoleLedgerRequest{Workspace: q.Workspace, Period: q.Period, Initiative: q.Initiative, Scope: q.Scope, Area: q.Area, Stage: q.Stage, Kind: q.Kind})
	if err != nil {
		return nil, err
	}
	if !evidence.UserView(s.who) {
		return nil, decider.Refuse("evidence/users-only")
	}
	readings, err := v.readingsOf(ctx, s)
	if err != nil {
		return nil, err
	}
	f := evidence.Join(readings...).Figures(s.who, s.from, s.to, s.asOf)
	out := &apiv1.GetFiguresResponse{
		AsOf: timestamppb.New(s.asOf), Success: shareOf(f.Success.All), ConditionalSuccess: shareOf(f.Success.Divergent), ConditionalInterval: intervalOf(f.Success.Interval), Enough: f.Success.Enough, Divergent: f.Success.Decisions,
		Seconds: shareOf(f.Voice.Seconds), Turns: shareOf(f.Voice.Turns), Gini: f.Voice.Gini,
		Agenda: shareOf(f.Agenda.Decided), Refused: shareOf(f.Agenda.Refused), RefusedOthers: shareOf(f.Agenda.RefusedOthers), RefusedItems: f.Agenda.RefusedItems,
		Answered: shareOf(f.Responsiveness.Answered), Pending: uint32(f.Responsiveness.Pending), Adopted: uint32(f.Responsiveness.Adopted), Partly: uint32(f.Responsiveness.Partly), AdviceRefused: uint32(f.Responsiveness.Refused), MedianDays: f.Responsiveness.MedianDays,
		Implemented: shareOf(f.Implementation.Done), Overdue: f.Implementation.Overdue, ImplementationRefused: f.Implementation.Refused, MedianDelay: f.Implementation.MedianDelay, WithDate: uint32(f.Implementation.WithDate), DueLater: uint32(f.Implementation.Pending),
		Changed: shareOf(f.Changes.Traced), ChangedDecisions: f.Changes.Decisions,
	}
	out.Pivotal, out.MedianPower, out.WithPower, out.WithoutPower = shareOf(f.Reach.Pivotal), f.Reach.MedianPower, uint32(f.Reach.WithPower), uint32(f.Reach.WithoutPower)
	out.MedianMargin, out.WithMargin = f.Reach.MedianMargin, uint32(f.Reach.WithMargin)
	out.DaysToAdmission, out.Admitted, out.DaysToAdmissionOthers, out.AdmittedOthers = f.Agenda.DaysToAdmission, uint32(f.Agenda.Admitted), f.Agenda.DaysToAdmissionOthers, uint32(f.Agenda.AdmittedOthers)
	if ratio, measured := f.Voice.Ratio(); measured {
		out.Voice = &ratio
	}
	if q.Workspace == "" { // an id of one workspace may be another decision's in the next
		out.Divergent, out.RefusedItems, out.Overdue, out.ImplementationRefused, out.ChangedDecisions = nil, nil, nil, nil, nil
	}
	return out, nil
}
