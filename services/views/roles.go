package views

import (
	"context"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/role"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter answers who had which role: from the stored rows when the record is read as it stands, by folding what had happened by
// then when it is read as it stood.

func fraction(r *big.Rat) string {
	if r == nil {
		return ""
	}
	return r.RatString()
}

func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// lastAt is the latest moment that the roles of a decision take into account.
func lastAt(d *decision.State, in string, i, s *aggregate.Aggregate) int64 {
	last := max(unixMilli(d.ClosedAt), unixMilli(d.OpenedAt), unixMilli(d.PosedAt))
	for _, a := range d.Acts {
		last = max(last, unixMilli(a.At))
	}
	if i.Item != nil {
		last = max(last, unixMilli(i.Item.ProposedAt))
		for _, c := range i.Item.Contributions {
			if c.Session == in || !c.At.After(d.ClosedAt) { // what later sessions say of the item changes nothing here
				last = max(last, unixMilli(c.At), unixMilli(c.SortedAt))
			}
		}
	}
	if s.Session != nil {
		last = max(last, unixMilli(s.Session.OpenedAt))
	}
	return last
}

// dueEnd is when an adopted decision becomes late, 0 when nothing is due or it was carried out, explained or refused.
func dueEnd(d *decision.State) int64 {
	if d.Final() != eventv1.Outcome_OUTCOME_ADOPTED {
		return 0
	}
	due := int64(0)
	for _, a := range d.Acts {
		switch a.Kind {
		case eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE:
			if end, err := decision.DueEnd(a.Due); err == nil {
				due = end.UnixMilli()
			}
		case eventv1.ActKind_ACT_KIND_IMPLEMENTED, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_EXPLAINED:
			return 0
		}
	}
	return due
}

const notImplemented = "not_implemented"

// line is a decision as it stands in the table.
type line struct {
	id                             int64
	workspace, initiative, in, own string
	outcome                        eventv1.Outcome
	closedAt, lastAt, dueEnd       int64
	question                       []byte
	questionCommit                 string
	judgements                     []*apiv1.Judgement
}

// listRoles answers ListRoles.
func (v *Views) listRoles(ctx context.Context, q *apiv1.ListRolesRequest) (*apiv1.ListRolesResponse, error) {
	workspaces, err := v.ready(ctx, q.Workspace, q.AtLeastSequence, q.CaughtUp)
	if err != nil {
		return nil, err
	}
	asOf := v.clock().UTC()
	if q.AsOf != nil {
		asOf = q.AsOf.AsTime()
	}
	out := &apiv1.ListRolesResponse{Rules: role.Version, AsOf: timestamppb.New(asOf)}
	for _, ws := range workspaces {
		lines, err := v.lines(ctx, ws, q, asOf)
		if err != nil {
			return nil, err
		}
		decisions, err := v.withWords(ctx, ws, lines, q.Who)
		if err != nil {
			return nil, err
		}
		out.Decisions = append(out.Decisions, decisions...)
	}
	return out, nil
}

// lines reads the decisions of one workspace with their roles, in the order in which they were closed.
func (v *Views) lines(ctx context.Context, ws string, q *apiv1.ListRolesRequest, asOf time.Time) ([]*line, error) {
	where, args := []string{"d.phase = ?", "d.closed_at <= ?"}, []any{int(decision.Closed), asOf.UnixMilli()}
	add := func(condition string, value any) { where, args = append(where, condition), append(args, value) }
	if q.Initiative != "" {
		add("d.initiative = ?", q.Initiative)
	}
	if q.Session != "" {
		if strings.Contains(q.Session, ":") {
			add("d.session = ?", q.Session)
		} else {
			add("d.session = d.initiative || ':' || ?", q.Session)
		}
	}
	if q.Decision != "" {
		add("d.session || ':' || d.own = ?", q.Decision)
	}
	if q.From != nil {
		add("d.closed_at >= ?", q.From.AsTime().UnixMilli())
	}
	if q.To != nil {
		add("d.closed_at < ?", q.To.AsTime().UnixMilli())
	}
	for column, wanted := range map[string]int32{"g.scope": int32(q.Scope), "g.area": int32(q.Area), "g.stage": int32(q.Stage), "d.kind": int32(q.Kind)} {
		if wanted != 0 {
			add(column+" = ?", wanted)
		}
	}
	rows, err := v.read(ws).QueryContext(ctx, `SELECT d.aggregate, d.initiative, d.session, d.own, d.outcome, d.closed_at, d.last_at, d.due_end, d.question, d.question_commit
		FROM decision d LEFT JOIN facet g ON g.key = d.initiative WHERE `+strings.Join(where, " AND ")+` ORDER BY d.closed_at, d.first_seq`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var lines []*line
	for rows.Next() {
		l := &line{workspace: ws}
		if err := rows.Scan(&l.id, &l.initiative, &l.in, &l.own, &l.outcome, &l.closedAt, &l.lastAt, &l.dueEnd, &l.question, &l.questionCommit); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	then := v.past(ws, asOf)
	for _, l := range lines {
		if err := v.roles(ctx, l, q.Who, then); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(lines, func(l *line) bool { return l.judgements == nil }), nil
}

// roles fills in the roles of a decision as of an instant, of one group only when that is all that is asked for.
func (v *Views) roles(ctx context.Context, l *line, only string, then *past) error {
	if l.lastAt > then.asOf.UnixMilli() {
		c, err := then.caseOf(ctx, l.in+":"+l.own)
		if err != nil || c == nil {
			return err
		}
		l.outcome = c.Decision.Final()
		for _, j := range role.Judge(c) {
			l.judgements = append(l.judgements, message(j))
		}
		return nil
	}
	rows, err := v.read(l.workspace).QueryContext(ctx, `SELECT who, role, rule, reason, role_at_decision, power, shapley, pivotal, flags, evidence FROM role WHERE decision = ? AND (? OR who = ?) ORDER BY place`, l.id, !role.IsGroup(only), only)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	late := l.dueEnd != 0 && l.dueEnd <= then.asOf.UnixMilli()
	for rows.Next() {
		j := &apiv1.Judgement{}
		var flags, evidence string
		if err := rows.Scan(&j.Who, &j.Role, &j.Rule, &j.Reason, &j.RoleAtDecision, &j.Power, &j.Shapley, &j.Pivotal, &flags, &evidence); err != nil {
			return err
		}
		j.Flags = split(flags)
		if late {
			j.Flags = append(j.Flags, notImplemented)
		}
		for _, s := range split(evidence) {
			seq, err := strconv.ParseUint(s, 10, 64)
			if err != nil {
				return err
			}
			j.Evidence = append(j.Evidence, seq)
		}
		l.judgements = append(l.judgements, j)
	}
	return rows.Err()
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func message(j role.Judgement) *apiv1.Judgement {
	return &apiv1.Judgement{
		Who: j.Who, Role: string(j.Role), Rule: uint32(j.Rule), Reason: string(j.Reason), RoleAtDecision: string(j.RoleAtDecision),
		Power: fraction(j.Power), Shapley: fraction(j.Shapley), Pivotal: string(j.Pivotal), Flags: j.Flags, Evidence: j.Evidence,
	}
}

// withWords replaces pseudonyms by the short ids of the group and opens the questions, with one request for all of them.
func (v *Views) withWords(ctx context.Context, ws string, lines []*line, only string) ([]*apiv1.DecisionRoles, error) {
	w := v.words(ws)
	homes := map[string]*aggregate.Aggregate{}
	questions := make([]decider.Words, len(lines))
	for n, l := range lines {
		if homes[l.initiative] == nil {
			home, err := v.foldOf(ctx, ws, aggregate.Key{Kind: aggregate.Initiative, ID: l.initiative}, nil)
			if err != nil {
				return nil, err
			}
			homes[l.initiative] = home
			for _, m := range home.Initiative.Members {
				w.want(m.Ref)
			}
		}
		questions[n] = decider.Words{Commit: l.questionCommit, Field: "question"}
		if l.question != nil {
			questions[n].Sealed = &eventv1.Sealed{}
			if err := proto.Unmarshal(l.question, questions[n].Sealed); err != nil {
				return nil, err
			}
		}
		w.want(questions[n])
	}
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	refs := map[string]map[string]string{}
	for id, home := range homes {
		refs[id] = map[string]string{}
		for _, m := range home.Initiative.Members {
			refs[id][m.Participant] = w.get(m.Ref)
		}
	}
	var out []*apiv1.DecisionRoles
	for n, l := range lines {
		_, session, _ := strings.Cut(l.in, ":")
		d := &apiv1.DecisionRoles{Workspace: ws, Initiative: l.initiative, Session: session, Id: l.own, Question: w.get(questions[n]), Outcome: l.outcome, ClosedAt: timestamppb.New(time.UnixMilli(l.closedAt))}
		for _, j := range l.judgements {
			if !role.IsGroup(j.Who) {
				j.Participant = j.Who
				if ref := refs[l.initiative][j.Who]; ref != "" {
					j.Who = ref
				}
			}
			if only == "" || only == j.Who || only == j.Participant {
				d.Roles = append(d.Roles, j)
			}
		}
		if len(d.Roles) > 0 {
			out = append(out, d)
		}
	}
	return out, nil
}

// summariseRoles answers SummariseRoles: the median role of the users, strict and broad.
func (v *Views) summariseRoles(ctx context.Context, q *apiv1.SummariseRolesRequest) (*apiv1.SummariseRolesResponse, error) {
	ask := q.Decisions
	if ask == nil {
		ask = &apiv1.ListRolesRequest{}
	}
	list, err := v.listRoles(ctx, ask)
	if err != nil {
		return nil, err
	}
	return Summarise(list, int(q.Least)), nil
}
