package main

import (
	"context"

	"tavolo/pkg/bus"
	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter asks for evaluators: of which period and departments, and everything that a report (report.go) and an export (export.go) are made of.

// evaluator answers what evaluators ask; over HTTP it is the generated client.
type evaluator interface {
	export.Asker
	GetFigures(context.Context, *apiv1.GetFiguresRequest) (*apiv1.GetFiguresResponse, error)
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

func (a natsAsker) ListRoles(ctx context.Context, q *apiv1.ListRolesRequest) (*apiv1.ListRolesResponse, error) {
	out := &apiv1.ListRolesResponse{}
	return out, bus.Request(ctx, a.nc, "query.list_roles", q, out)
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
	return export.Gather(ctx, d.ask, &apiv1.ListRoleLedgerRequest{Workspace: s.Workspace, Period: s.period()})
}
