package main

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter asks for evaluators: of which period and departments, and everything that a report (report.go) and an export (export.go) are made of.

// evaluator answers what evaluators ask; over HTTP it is the generated client.
type evaluator interface {
	ListRoleLedger(context.Context, *apiv1.ListRoleLedgerRequest) (*apiv1.ListRoleLedgerResponse, error)
	GetTable3(context.Context, *apiv1.GetTable3Request) (*apiv1.GetTable3Response, error)
	ListFindings(context.Context, *apiv1.ListFindingsRequest) (*apiv1.ListFindingsResponse, error)
	GetFigures(context.Context, *apiv1.GetFiguresRequest) (*apiv1.GetFiguresResponse, error)
	ListWorkspaces(context.Context, *apiv1.ListWorkspacesRequest) (*apiv1.ListWorkspacesResponse, error)
	GetDecision(context.Context, *apiv1.GetDecisionRequest) (*apiv1.DecisionView, error)
}

func (a natsAsker) ListRoleLedger(ctx context.Context, q *apiv1.ListRoleLedgerRequest) (*apiv1.ListRoleLedgerResponse, error) {
	out := &apiv1.ListRoleLedgerResponse{}
	return out, bus.Request(ctx, a.nc, "query.list_role_ledger", q, out)
}

func (a natsAsker) GetTable3(ctx context.Context, q *apiv1.GetTable3Request) (*apiv1.GetTable3Response, error) {
	out := &apiv1.GetTable3Response{}
	return out, bus.Request(ctx, a.nc, "query.get_table3", q, out)
}

func (a natsAsker) ListFindings(ctx context.Context, q *apiv1.ListFindingsRequest) (*apiv1.ListFindingsResponse, error) {
	out := &apiv1.ListFindingsResponse{}
	return out, bus.Request(ctx, a.nc, "query.list_findings", q, out)
}

func (a natsAsker) GetFigures(ctx context.Context, q *apiv1.GetFiguresRequest) (*apiv1.GetFiguresResponse, error) {
	out := &apiv1.GetFiguresResponse{}
	return out, bus.Request(ctx, a.nc, "query.get_figures", q, out)
}

func (a natsAsker) ListWorkspaces(ctx context.Context, q *apiv1.ListWorkspacesRequest) (*apiv1.ListWorkspacesResponse, error) {
	out := &apiv1.ListWorkspacesResponse{}
	return out, bus.Request(ctx, a.nc, "query.list_workspaces", q, out)
}

func (a natsAsker) GetDecision(ctx context.Context, q *apiv1.GetDecisionRequest) (*apiv1.DecisionView, error) {
	out := &apiv1.DecisionView{}
	return out, bus.Request(ctx, a.nc, "query.get_decision", q, out)
}

// span is the period and the departments of a report or an export.
type span struct {
	source
	Workspace string   `help:"Only this department's id. Default: all that may be read."`
	Region    []string `help:"Only departments of these regions."`
	Who       string   `help:"Which view of users." enum:"users:strict,users:broad" default:"users:strict"`
	From      *moment  `help:"What was decided on or after this day."`
	To        *moment  `help:"What was decided up to the end of this day."`
	AsOf      *moment  `help:"Read the record as it stood at the end of this day, or at this moment. Default: now."`
}

// period writes the span as the API asks for it. The days are those of rolesCmd.
func (s *span) period() *apiv1.EvidencePeriod {
	q := (&rolesCmd{From: s.From, To: s.To, AsOf: s.AsOf}).question()
	return &apiv1.EvidencePeriod{Regions: s.Region, Who: s.Who, From: q.From, To: q.To, AsOf: q.AsOf, CaughtUp: true}
}

// evaluation asks everything that a report and an export are made of.
func (s *span) evaluation(ctx context.Context, d *desk) (*export.Evaluation, error) {
	p := s.period()
	e := &export.Evaluation{From: at(p.From), To: at(p.To), Regional: len(s.Region) > 0}
	var err error
	if e.Departments, err = d.ask.ListRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Workspace: s.Workspace, Period: p}); err != nil {
		return nil, err
	}
	p.AsOf = e.Departments.AsOf // everything else is read as it stood at the same instant
	if e.Table3, err = d.ask.GetTable3(ctx, &apiv1.GetTable3Request{Workspace: s.Workspace, Period: p}); err != nil {
		return nil, err
	}
	if e.Findings, err = d.ask.ListFindings(ctx, &apiv1.ListFindingsRequest{Workspace: s.Workspace, Period: p}); err != nil {
		return nil, err
	}
	if e.Workspaces, err = d.ask.ListWorkspaces(ctx, &apiv1.ListWorkspacesRequest{}); err != nil {
		return nil, err
	}
	known := map[string]*apiv1.DecisionRoles{}
	for _, who := range []string{evidence.Strict, evidence.Broad} {
		list, err := d.ask.roles(ctx, &apiv1.ListRolesRequest{Workspace: s.Workspace, Who: who, From: p.From, To: p.To, AsOf: p.AsOf})
		if err != nil {
			return nil, err
		}
		for _, x := range list.Decisions {
			id := x.Workspace + "/" + x.Initiative + ":" + x.Session + ":" + x.Id
			switch first := known[id]; {
			case first != nil:
				first.Roles = append(first.Roles, x.Roles...)
			case e.Roles == nil:
				known[id] = x
			}
		}
		if e.Roles == nil {
			e.Roles = list
		}
	}
	e.Roles.Decisions = slices.DeleteFunc(e.Roles.Decisions, func(x *apiv1.DecisionRoles) bool {
		return !slices.ContainsFunc(e.Departments.Rows, func(r *apiv1.LedgerRow) bool { return r.Key == x.Workspace })
	})
	e.HideSmall()
	return e, nil
}

func at(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
