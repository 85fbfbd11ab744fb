package export

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/domain/evidence"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter asks for what an export is made of, everything as it stood at one instant. Who asks, and what they may read, is the asker's business.

// Asker answers on behalf of whoever exports.
type Asker interface {
	ListRoleLedger(context.Context, *apiv1.ListRoleLedgerRequest) (*apiv1.ListRoleLedgerResponse, error)
	GetTable3(context.Context, *apiv1.GetTable3Request) (*apiv1.GetTable3Response, error)
	ListFindings(context.Context, *apiv1.ListFindingsRequest) (*apiv1.ListFindingsResponse, error)
	ListWorkspaces(context.Context, *apiv1.ListWorkspacesRequest) (*apiv1.ListWorkspacesResponse, error)
	ListRoles(context.Context, *apiv1.ListRolesRequest) (*apiv1.ListRolesResponse, error)
	GetDecision(context.Context, *apiv1.GetDecisionRequest) (*apiv1.DecisionView, error)
}

// Gather asks for the evaluation that a question of the role ledger chooses: workspace (all when it is ""), period, initiative, scope, area, stage, kind of session.
// Table 3 asks of whole departments, and is empty where not all of their decisions are chosen.
func Gather(ctx context.Context, ask Asker, q *apiv1.ListRoleLedgerRequest) (*Evaluation, error) {
	p := q.Period
	e := &Evaluation{From: instant(p.From), To: instant(p.To), Regional: len(p.Regions) > 0, Chosen: chosen(q)}
	var err error
	if e.Departments, err = ask.ListRoleLedger(ctx, q); err != nil {
		return nil, err
	}
	p.AsOf = e.Departments.AsOf // everything else is read as it stood at the same instant
	if e.Chosen != "" {
		e.Table3 = &apiv1.GetTable3Response{Rules: e.Departments.Rules, AsOf: p.AsOf, Who: e.Departments.Who}
	} else if e.Table3, err = ask.GetTable3(ctx, &apiv1.GetTable3Request{Workspace: q.Workspace, Period: p}); err != nil {
		return nil, err
	}
	e.Findings = &apiv1.ListFindingsResponse{}
	for _, d := range e.Departments.Rows { // one by one: an answer has a largest size
		found, err := ask.ListFindings(ctx, &apiv1.ListFindingsRequest{Workspace: d.Key, Period: p, Initiative: q.Initiative, Scope: q.Scope, Area: q.Area, Stage: q.Stage, Kind: q.Kind})
		if err != nil {
			return nil, err
		}
		found.Findings = append(e.Findings.Findings, found.Findings...)
		e.Findings = found
	}
	if e.Workspaces, err = ask.ListWorkspaces(ctx, &apiv1.ListWorkspacesRequest{}); err != nil {
		return nil, err
	}
	if e.Roles, err = rolesOfUsers(ctx, ask, &apiv1.ListRolesRequest{Workspace: q.Workspace, From: p.From, To: p.To, AsOf: p.AsOf, Initiative: q.Initiative, Scope: q.Scope, Area: q.Area, Stage: q.Stage, Kind: q.Kind}); err != nil {
		return nil, err
	}
	e.Roles.Decisions = slices.DeleteFunc(e.Roles.Decisions, func(x *apiv1.DecisionRoles) bool {
		return !slices.ContainsFunc(e.Departments.Rows, func(r *apiv1.LedgerRow) bool { return r.Key == x.Workspace })
	})
	e.HideSmall()
	return e, nil
}

// chosen names the decisions that a question chooses, by stable codes; "" when it chooses all of a period.
func chosen(q *apiv1.ListRoleLedgerRequest) string {
	var all []string
	for _, x := range [][2]string{{"initiative", q.Initiative}, {"scope", lastWord(q.Scope.String())}, {"area", lastWord(q.Area.String())}, {"stage", lastWord(q.Stage.String())}, {"session_kind", strings.TrimPrefix(lastWord(q.Kind.String()), "kind_")}} {
		if x[1] != "" && x[1] != "unspecified" {
			all = append(all, x[0]+" = "+x[1])
		}
	}
	return strings.Join(all, ", ")
}

// rolesOfUsers asks for the roles of both views and puts them together, decision by decision.
func rolesOfUsers(ctx context.Context, ask Asker, q *apiv1.ListRolesRequest) (all *apiv1.ListRolesResponse, err error) {
	known := map[string]*apiv1.DecisionRoles{}
	for _, who := range []string{evidence.Strict, evidence.Broad} {
		q.Who = who
		list, err := ask.ListRoles(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, x := range list.Decisions {
			if first := known[x.Workspace+"/"+fullID(x)]; first != nil {
				first.Roles = append(first.Roles, x.Roles...)
			} else if all == nil {
				known[x.Workspace+"/"+fullID(x)] = x
			}
		}
		if all == nil {
			all = list
		}
	}
	return all, nil
}

func fullID(x *apiv1.DecisionRoles) string { return x.Initiative + ":" + x.Session + ":" + x.Id }

// Votes asks for the votes behind an evaluation, one by one: ballots are counted and forgotten. done is told after each; nil: nobody is.
func Votes(ctx context.Context, ask Asker, e *Evaluation, done func()) (*Published, error) {
	p := &Published{Departments: map[string]string{}}
	for _, w := range e.Workspaces.GetWorkspaces() {
		p.Departments[w.Id] = w.Name
	}
	for _, x := range e.Roles.Decisions {
		view, err := ask.GetDecision(ctx, &apiv1.GetDecisionRequest{Workspace: x.Workspace, Decision: fullID(x)})
		if err != nil {
			return nil, err
		}
		p.Votes = append(p.Votes, VoteOf(x, view))
		if done != nil {
			done()
		}
	}
	return p, nil
}

// VoteOf writes one decision as a vote, without its question.
func VoteOf(x *apiv1.DecisionRoles, view *apiv1.DecisionView) Vote {
	v := Vote{Workspace: x.Workspace, Initiative: x.Initiative, Session: x.Initiative + ":" + x.Session, Decision: fullID(x), Rule: lastWord(view.Charter.GetRule().GetMethod().String()),
		Outcome: lastWord(x.Outcome.String()), Opened: instant(view.OpenedAt), Closed: instant(x.ClosedAt), Told: Figures(view)}
	for _, j := range x.Roles {
		if j.Who == evidence.Strict {
			v.Role, v.Reason = j.Role, j.Reason
		}
	}
	return v
}

// lastWord gives the code of an enum's value: METHOD_MAJORITY is majority. Empty when it is not stated.
func lastWord(name string) string {
	_, word, _ := strings.Cut(name, "_")
	if word == "UNSPECIFIED" {
		return ""
	}
	return strings.ToLower(word)
}

func instant(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// Open keeps of an evaluation what anyone may read: the roles of the users and why, no flags and no power, because some of them tell how a group voted.
// The document has no other table: figures of a department would count decisions that are not public too.
func (e *Evaluation) Open() *Document {
	t := e.roles()
	keep := []string{"workspace", "region", "initiative", "session", "decision", "scope", "area", "stage", "closed_on", "outcome", "who", "role", "rule", "reason"}
	open := Table{Name: t.Name, Labels: t.Labels}
	var places []int
	for i := range t.Columns {
		if slices.Contains(keep, t.Columns[i].Name) {
			open.Columns, places = append(open.Columns, t.Columns[i]), append(places, i)
		}
	}
	for _, row := range t.Rows {
		var cells []any
		for _, i := range places {
			cells = append(cells, row[i])
		}
		open.Rows = append(open.Rows, cells)
	}
	return &Document{
		Name: "tavolo_open_data", Title: Labels{"Decisioni pubbliche e ruolo degli utenti, dal registro", "Public decisions and the role of users, from the record"}, At: e.Roles.AsOf.AsTime(), Method: e.method(), Tables: []Table{open},
	}
}
