package views

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/domain/territory"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter is the role ledger: the stored roles of one group, filtered in the tables, aggregated by package evidence.

// scene is what one question of an evaluator is about: the ledger's question, of which Table 3, findings and figures use a part.
type scene struct {
	*apiv1.ListRoleLedgerRequest
	who            string
	asOf, from, to time.Time
	departments    []department
}

// department is a workspace and where it lies.
type department struct {
	workspace string
	region    string
}

// set waits for the views and finds the workspaces that a question means.
func (v *Views) set(ctx context.Context, q *apiv1.ListRoleLedgerRequest) (*scene, error) {
	f := q.Period
	if f == nil {
		f = &apiv1.EvidencePeriod{}
	}
	s := &scene{ListRoleLedgerRequest: q, who: cmp.Or(f.Who, evidence.Strict), asOf: v.clock().UTC()}
	if !role.IsGroup(s.who) {
		return nil, decider.Refuse("evidence/groups-only")
	}
	if f.AsOf != nil {
		s.asOf = f.AsOf.AsTime()
	}
	if f.From != nil {
		s.from = f.From.AsTime()
	}
	if f.To != nil {
		s.to = f.To.AsTime()
	}
	workspaces, err := v.ready(ctx, q.Workspace, 0, f.CaughtUp)
	if err != nil {
		return nil, err
	}
	for _, ws := range f.Departments {
		if !slices.Contains(workspaces, ws) {
			return nil, decider.Refuse("workspace/unknown", "workspace", ws)
		}
	}
	var regions []string
	for _, written := range f.Regions {
		r, known := territory.Find(written)
		if !known {
			return nil, decider.Refuse("territory/unknown-region", "region", written)
		}
		regions = append(regions, r.Code)
	}
	for _, ws := range workspaces {
		if len(f.Departments) > 0 && !slices.Contains(f.Departments, ws) {
			continue
		}
		a, err := v.foldOf(ctx, ws, aggregate.Key{Kind: aggregate.Workspace, ID: ws}, nil)
		if err != nil {
			return nil, err
		}
		if a == nil {
			continue // its log was made, its first commit was not
		}
		r, _ := territory.Find(a.Workspace.Region)
		if len(regions) > 0 && !slices.Contains(regions, r.Code) && (r.Within == "" || !slices.Contains(regions, r.Within)) {
			continue
		}
		s.departments = append(s.departments, department{ws, a.Workspace.Region})
	}
	slices.SortFunc(s.departments, func(a, b department) int { return cmp.Compare(a.workspace, b.workspace) })
	return s, nil
}

// where writes the filter as a condition on decision d, its session f and its initiative g.
func (s *scene) where() (string, []any) {
	where, args := []string{"d.phase = ?", "d.closed_at <= ?"}, []any{int(decision.Closed), s.asOf.UnixMilli()}
	add := func(on bool, condition string, value any) {
		if on {
			where, args = append(where, condition), append(args, value)
		}
	}
	add(s.Initiative != "", "d.initiative = ?", s.Initiative)
	add(s.Session != "", "d.session = ?", s.Session)
	add(!s.from.IsZero(), "d.closed_at >= ?", s.from.UnixMilli())
	add(!s.to.IsZero(), "d.closed_at < ?", s.to.UnixMilli())
	add(s.Scope != 0, "g.scope = ?", int32(s.Scope))
	add(s.Area != 0, "g.area = ?", int32(s.Area))
	add(s.Stage != 0, "g.stage = ?", int32(s.Stage))
	add(s.Kind != 0, "f.kind = ?", int32(s.Kind))
	return strings.Join(where, " AND "), args
}

// ledgerOf reads the lines of one department, as far as aggregates need them: which decision, when, and the role with its reason. What the stored role knows and
// had not happened yet by the instant is judged again.
func (v *Views) ledgerOf(ctx context.Context, s *scene, d department) ([]evidence.Line, error) {
	where, args := s.where()
	facets := ""
	if s.Scope != 0 || s.Area != 0 || s.Stage != 0 {
		facets += " LEFT JOIN facet g ON g.key = d.initiative"
	}
	if s.Kind != 0 {
		facets += " LEFT JOIN facet f ON f.key = d.session"
	}
	rows, err := v.read(d.workspace).QueryContext(ctx, `SELECT d.initiative, d.session, d.own, d.closed_at, d.last_at, d.aggregate, r.role, r.reason
		FROM decision d JOIN role r ON r.decision = d.aggregate AND r.who = ?`+facets+` WHERE `+where+` ORDER BY d.closed_at, d.first_seq`, append([]any{s.who}, args...)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var lines []evidence.Line
	var again []doubt
	for rows.Next() {
		l := evidence.Line{Workspace: d.workspace, Region: d.region, Who: s.who}
		var own string
		var closedAt, lastAt, id int64
		if err := rows.Scan(&l.Initiative, &l.Session, &own, &closedAt, &lastAt, &id, &l.Role, &l.Reason); err != nil {
			return nil, err
		}
		l.Decision, l.ClosedAt = l.Session+":"+own, time.UnixMilli(closedAt).UTC()
		if lastAt > s.asOf.UnixMilli() {
			again = append(again, doubt{len(lines), id})
		}
		lines = append(lines, l)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	return v.judgeAgain(ctx, s, d, lines, again)
}

// levels of one decision or several; the others put departments together.
var levels = map[apiv1.LedgerLevel]evidence.Level{
	apiv1.LedgerLevel_LEDGER_LEVEL_UNSPECIFIED: evidence.ByWorkspace, apiv1.LedgerLevel_LEDGER_LEVEL_WORKSPACE: evidence.ByWorkspace,
	apiv1.LedgerLevel_LEDGER_LEVEL_DECISION: evidence.ByDecision, apiv1.LedgerLevel_LEDGER_LEVEL_SESSION: evidence.BySession, apiv1.LedgerLevel_LEDGER_LEVEL_INITIATIVE: evidence.ByInitiative,
	apiv1.LedgerLevel_LEDGER_LEVEL_QUARTER: evidence.ByQuarter,
}

// mostRoles is how many decisions of one answer carry everybody's role: each is folded or read by itself.
const mostRoles = 100

// listRoleLedger answers ListRoleLedger.
func (v *Views) listRoleLedger(ctx context.Context, q *apiv1.ListRoleLedgerRequest) (*apiv1.ListRoleLedgerResponse, error) {
	partition, known := v.partitions.Named(cmp.Or(q.Partition, territory.Macro5))
	if !known {
		return nil, decider.Refuse("evidence/no-such-partition")
	}
	if q.WithRoles && (q.Level != apiv1.LedgerLevel_LEDGER_LEVEL_DECISION || q.Limit == 0 || q.Limit > mostRoles) {
		return nil, decider.Refuse("evidence/roles-by-page", "most", strconv.Itoa(mostRoles))
	}
	s, err := v.set(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &apiv1.ListRoleLedgerResponse{Rules: role.Version, AsOf: timestamppb.New(s.asOf), Who: s.who}
	level, below := levels[q.Level]
	least := int(q.Least)
	if level == evidence.ByDecision && least == 0 {
		least = 1
	}
	if level == evidence.ByDecision && q.Limit > 0 && least == 1 {
		rows, decisions, total, ok, err := v.pageOf(ctx, s)
		if err != nil {
			return nil, err
		}
		if ok {
			out.Rows, out.Decisions, out.Total = rows, uint32(decisions), uint32(total)
			return out, v.withRoles(ctx, s, out)
		}
	}
	found, err := each(s.departments, func(d department) (aggregated, error) {
		return v.aggregates(ctx, s, d, cmp.Or(level, evidence.ByWorkspace), least)
	})
	if err != nil {
		return nil, err
	}
	var all []ranked
	territories, place := map[string][]evidence.Aggregate{}, map[string]placed{}
	for n, d := range s.departments {
		aggregates := found[n].aggregates
		for i, l := range found[n].lines {
			place[l.Workspace+"/"+l.Decision] = placed{l.ClosedAt, len(place) + i}
		}
		for _, a := range aggregates {
			out.Decisions += uint32(a.Total())
		}
		if level == evidence.ByWorkspace && len(aggregates) == 0 || !below && len(aggregates) == 0 { // nothing on record is an answer too
			aggregates = append(aggregates, evidence.Over(d.workspace, nil, least))
		}
		if !below {
			at := territoryOf(q.Level, partition, d.region)
			territories[at] = append(territories[at], aggregates...)
			continue
		}
		for _, a := range aggregates {
			all = append(all, ranked{Aggregate: a})
		}
	}
	for key, departments := range territories {
		a, tooFew := evidence.OverDepartments(key, departments)
		all = append(all, ranked{a, tooFew})
	}
	if q.Level == apiv1.LedgerLevel_LEDGER_LEVEL_MACRO_AREA {
		out.Partition = partition.Label()
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		if q.Limit > 0 && level == evidence.ByDecision {
			return cmp.Or(place[b.Key].at.Compare(place[a.Key].at), cmp.Compare(place[a.Key].n, place[b.Key].n))
		}
		return cmp.Compare(a.Key, b.Key)
	})
	s.page(out, all)
	return out, v.withRoles(ctx, s, out)
}

// aggregated is what a department adds to an answer: its aggregates, and the lines that they were made of where the counts could not answer.
type aggregated struct {
	aggregates []evidence.Aggregate
	lines      []evidence.Line
}

// ranked is a row before it is written.
type ranked struct {
	evidence.Aggregate
	tooFew int // departments left out
}

// placed is when a decision was closed and its place in the ledger.
type placed struct {
	at time.Time
	n  int
}

// aggregates puts the decisions of one department together: from the counts where they can answer, else line by line.
func (v *Views) aggregates(ctx context.Context, s *scene, d department, level evidence.Level, least int) (aggregated, error) {
	all, ok, err := v.fromCounts(ctx, s, d, level, least)
	if err != nil || ok {
		return aggregated{aggregates: all}, err
	}
	lines, err := v.ledgerOf(ctx, s, d)
	return aggregated{evidence.By(level, lines, least), lines}, err
}

// What may be asked for besides a role: all rows that are counted with one, and the others.
const anyCounted, leftOut = "counted", "left_out"

// countedAs reports whether a row is one of those that are asked for: what a figure counts with a role is what is found by that role. A decision that is left
// out of every figure, and a department with too few decisions, are Other and counted nowhere.
func (s *scene) countedAs(r role.Role, counts bool) bool {
	switch wanted := s.ListRoleLedgerRequest.Role; wanted {
	case "":
		return true
	case anyCounted:
		return counts
	case leftOut:
		return !counts
	default:
		return counts && string(r) == wanted
	}
}

// page writes the rows that are asked for: a year has thousands of sessions, and their shares and intervals cost more than their order.
func (s *scene) page(out *apiv1.ListRoleLedgerResponse, all []ranked) {
	all = slices.DeleteFunc(all, func(r ranked) bool { return !s.countedAs(r.Role, !r.TooFew) })
	out.Total = uint32(len(all))
	all = all[min(int(s.Skip), len(all)):]
	if s.Limit > 0 {
		all = all[:min(int(s.Limit), len(all))]
	}
	for _, r := range all {
		written := row(r.Aggregate, s.WithDecisions)
		if r.tooFew > 0 {
			written.Excluded["too_few"] = uint32(r.tooFew)
		}
		out.Rows = append(out.Rows, written)
	}
}

// withRoles adds everybody's role to rows of decisions, if asked for.
func (v *Views) withRoles(ctx context.Context, s *scene, out *apiv1.ListRoleLedgerResponse) error {
	if !s.WithRoles {
		return nil
	}
	for _, r := range out.Rows {
		workspace, decision, _ := strings.Cut(r.Key, "/")
		list, err := v.listRoles(ctx, &apiv1.ListRolesRequest{Workspace: workspace, Decision: decision, AsOf: out.AsOf})
		if err != nil {
			return err
		}
		if len(list.Decisions) > 0 {
			r.Roles = list.Decisions[0]
		}
	}
	return nil
}

// unknownPlace is the key of departments whose region nobody recognises.
const unknownPlace = "unknown"

func territoryOf(level apiv1.LedgerLevel, p *territory.Partition, region string) string {
	switch level {
	case apiv1.LedgerLevel_LEDGER_LEVEL_REGION:
		r, _ := territory.Find(region)
		return cmp.Or(r.Code, unknownPlace)
	case apiv1.LedgerLevel_LEDGER_LEVEL_MACRO_AREA:
		a, _ := p.Of(region)
		return cmp.Or(a.Code, unknownPlace)
	}
	return ""
}

func row(a evidence.Aggregate, withDecisions bool) *apiv1.LedgerRow {
	r := &apiv1.LedgerRow{Key: a.Key, Role: string(a.Role), Best: string(a.Best), Worst: string(a.Worst), Included: uint32(a.Included), TooFew: a.TooFew,
		Distribution: counts(a.Distribution), Excluded: counts(a.Excluded), Reasons: counts(a.Reasons)}
	r.BestDecision, r.WorstDecision = a.BestDecision, a.WorstDecision
	for _, x := range []role.Role{role.Decisive, role.Consultative, role.None, role.Other} {
		share := a.Share(x)
		r.Shares = append(r.Shares, &apiv1.LedgerShare{Role: string(x), Share: shareOf(share), Interval: intervalOf(share.Wilson())})
	}
	if withDecisions {
		r.Decisions = a.Decisions
	}
	return r
}

func counts[K ~string](by map[K]int) map[string]uint32 {
	out := map[string]uint32{}
	for k, n := range by {
		out[string(k)] = uint32(n)
	}
	return out
}
